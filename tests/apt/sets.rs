//! Sets of packages: by chance, and as Dockerfiles have them.

use imgspec::base::DebVersion;
use imgspec::resolve::apt::Asked;

/// Names that Dockerfiles have, and what is like them.
const POPULAR: &[&str] = &[
    "build-essential",
    "curl",
    "wget",
    "git",
    "ca-certificates",
    "gnupg",
    "unzip",
    "zip",
    "vim",
    "nano",
    "less",
    "jq",
    "default-jdk",
    "default-jre",
    "default-jre-headless",
    "openjdk-17-jdk",
    "openjdk-17-jre-headless",
    "openjdk-21-jdk",
    "maven",
    "gradle",
    "ant",
    "scala",
    "postgresql-client",
    "postgresql",
    "default-mysql-client",
    "default-libmysqlclient-dev",
    "mariadb-server",
    "redis-server",
    "sqlite3",
    "libsqlite3-dev",
    "libpq-dev",
    "ffmpeg",
    "imagemagick",
    "graphicsmagick",
    "ghostscript",
    "texlive",
    "texlive-latex-extra",
    "texlive-xetex",
    "texlive-full",
    "latexmk",
    "pandoc",
    "python3",
    "python3-pip",
    "python3-venv",
    "python3-dev",
    "python3-numpy",
    "python3-scipy",
    "python3-pandas",
    "python3-matplotlib",
    "python3-opencv",
    "python3-django",
    "python3-flask",
    "python3-sphinx",
    "ipython3",
    "jupyter",
    "php",
    "php-cli",
    "php-fpm",
    "php-mysql",
    "php-gd",
    "php-curl",
    "php-xml",
    "php-mbstring",
    "composer",
    "libapache2-mod-php",
    "apache2",
    "nginx",
    "nginx-full",
    "lighttpd",
    "haproxy",
    "varnish",
    "nodejs",
    "npm",
    "yarnpkg",
    "ruby",
    "ruby-dev",
    "bundler",
    "rails",
    "golang",
    "golang-go",
    "rustc",
    "cargo",
    "ghc",
    "cabal-install",
    "erlang",
    "elixir",
    "r-base",
    "r-base-dev",
    "julia",
    "octave",
    "gfortran",
    "cmake",
    "ninja-build",
    "meson",
    "autoconf",
    "automake",
    "libtool",
    "pkg-config",
    "gcc",
    "g++",
    "gcc-multilib",
    "clang",
    "llvm",
    "lld",
    "lldb",
    "gdb",
    "valgrind",
    "strace",
    "ltrace",
    "libreoffice",
    "libreoffice-writer",
    "gnome",
    "gnome-core",
    "task-gnome-desktop",
    "kde-plasma-desktop",
    "xfce4",
    "lxde",
    "mate-desktop-environment",
    "xvfb",
    "x11vnc",
    "tigervnc-standalone-server",
    "firefox-esr",
    "chromium",
    "chromium-driver",
    "libgtk-3-0",
    "libgtk-3-dev",
    "qtbase5-dev",
    "qt6-base-dev",
    "libqt5webkit5-dev",
    "libssl-dev",
    "libffi-dev",
    "zlib1g-dev",
    "libxml2-dev",
    "libxslt1-dev",
    "libjpeg-dev",
    "libpng-dev",
    "libfreetype6-dev",
    "libcurl4-openssl-dev",
    "libcurl4-gnutls-dev",
    "libboost-all-dev",
    "libopencv-dev",
    "libgdal-dev",
    "gdal-bin",
    "postgis",
    "libicu-dev",
    "libzip-dev",
    "libonig-dev",
    "mail-transport-agent",
    "default-mta",
    "postfix",
    "exim4",
    "sendmail",
    "msmtp-mta",
    "nullmailer",
    "mailutils",
    "bsd-mailx",
    "java-runtime",
    "java-sdk",
    "awk",
    "gawk",
    "mawk",
    "editor",
    "www-browser",
    "httpd",
    "cron",
    "anacron",
    "systemd",
    "systemd-sysv",
    "sysvinit-core",
    "runit",
    "supervisor",
    "dumb-init",
    "tini",
    "gosu",
    "sudo",
    "locales",
    "tzdata",
    "openssh-server",
    "openssh-client",
    "rsync",
    "rsyslog",
    "syslog-ng",
    "logrotate",
    "iproute2",
    "iputils-ping",
    "dnsutils",
    "netcat-openbsd",
    "netcat-traditional",
    "netcat",
    "telnet",
    "traceroute",
    "nmap",
    "tcpdump",
    "iptables",
    "procps",
    "htop",
    "lsof",
    "file",
    "tree",
    "tmux",
    "screen",
    "zsh",
    "fish",
    "bash-completion",
    "man-db",
    "apt-utils",
    "apt-transport-https",
    "software-properties-common",
    "lsb-release",
    "dirmngr",
    "debhelper",
    "devscripts",
    "fakeroot",
    "docker.io",
    "podman",
    "buildah",
    "qemu-system-x86",
    "qemu-user-static",
    "libvirt-daemon-system",
    "ansible",
    "puppet",
    "salt-minion",
    "nagios4",
    "zabbix-agent",
    "munin",
    "collectd",
    "prometheus",
    "grafana",
    "mongodb",
    "rabbitmq-server",
    "memcached",
    "openldap",
    "slapd",
    "samba",
    "bind9",
    "dnsmasq",
    "isc-dhcp-server",
    "squid",
    "tor",
    "openvpn",
    "wireguard",
    "xz-utils",
    "bzip2",
    "p7zip-full",
    "lz4",
    "zstd",
    "tesseract-ocr",
    "poppler-utils",
    "wkhtmltopdf",
    "fonts-liberation",
    "fonts-noto",
    "fontconfig",
    "libgl1",
    "libglib2.0-0",
    "libsm6",
    "libxext6",
    "libxrender1",
    "mesa-utils",
    "vlc",
    "gimp",
    "inkscape",
    "blender",
    "audacity",
    "wine",
    "steam",
    "dosbox",
    "emacs",
    "emacs-nox",
    "vim-nox",
    "vim-gtk3",
    "subversion",
    "mercurial",
    "bzr",
    "cvs",
    "default-dbus-session-bus",
    "dbus-x11",
    "dbus-user-session",
    "policykit-1",
    "network-manager",
    "libpam-systemd",
    "udev",
    "elogind",
    "libelogind0",
    "linux-image-amd64",
    "grub-pc",
    "initramfs-tools",
    "dracut",
];

/// A sequence of numbers that looks like chance (xorshift64*).
pub struct Chance(u64);

impl Chance {
    /// The sequence of the seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    /// A number below `end`.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// One of the items.
    pub fn of<'a, T: ?Sized>(&mut self, items: &'a [&'a T]) -> &'a T {
        items[self.below(items.len())]
    }
}

/// So many sets of names of `pool`.
pub fn sets(pool: &[String], seed: u64, count: usize) -> Vec<Asked> {
    let mut chance = Chance::new(seed);
    (0..count).map(|_| set(pool, &mut chance)).collect()
}

fn set(pool: &[String], chance: &mut Chance) -> Asked {
    // Few packages are the rule, many the exception.
    let count = match chance.below(10) {
        0..=2 => 1,
        3..=6 => 2 + chance.below(4),
        _ => 1 + chance.below(20),
    };
    let popular = chance.below(3);
    let mut packages = Vec::new();
    while packages.len() < count {
        let name = match (popular, chance.below(10)) {
            (0, _) | (1, 0..=4) => pool[chance.below(pool.len())].clone(),
            (1, 5..=6) => {
                let prefix = chance.of(&[
                    "python3-",
                    "php-",
                    "php8",
                    "lib",
                    "ruby-",
                    "golang-",
                    "gnome-",
                    "texlive-",
                    "r-cran-",
                    "node-",
                    "kde",
                    "libreoffice",
                ]);
                let start = pool.partition_point(|name| name.as_str() < prefix);
                let end = pool[start..].partition_point(|name| name.starts_with(prefix)) + start;
                if start == end {
                    continue;
                }
                pool[start + chance.below(end - start)].clone()
            }
            _ => {
                let name = chance.of(POPULAR);
                // What the release does not have would make all sets refusals.
                if pool.binary_search_by(|other| other.as_str().cmp(name)).is_err() {
                    continue;
                }
                name.to_owned()
            }
        };
        let version = match chance.below(60) {
            0 => Some("1*"),
            1 => Some(">= 1"),
            2 => Some("0.*"),
            _ => None,
        };
        packages.push((name, version.map(|version| DebVersion::parse(version).expect("a version"))));
    }
    Asked { packages, recommends: chance.below(4) == 0 }
}

/// The set of a command line's words.
pub fn parse(words: &str) -> Asked {
    let mut asked = Asked::default();
    for word in words.split_whitespace() {
        if word == "--install-recommends" {
            asked.recommends = true;
            continue;
        }
        let (name, version) = word.split_once('=').map_or((word, None), |(name, version)| (name, Some(version)));
        let version = version.map(|version| DebVersion::parse(version).expect("a version"));
        asked.packages.push((name.to_owned(), version));
    }
    asked
}

/// A command line's words for a set.
pub fn words(asked: &Asked) -> Vec<String> {
    let word = |(name, version): &(String, Option<DebVersion>)| match version {
        Some(version) => format!("{name}={version}"),
        None => name.clone(),
    };
    asked.packages.iter().map(word).collect()
}
