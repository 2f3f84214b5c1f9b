//! A root of apt's own: sources, lists and cache in a directory, nothing of the machine but its way to the archive.

use crate::bases::Base;
use imgspec::resolve::apt::{Asked, Index, Indexes, Release};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

/// What apt would do.
pub enum Answer {
    /// It installs those versions, sorted by name.
    Installs(Vec<(String, String)>),
    /// It does not, and says why.
    Refuses(String),
}

/// A root with the lists of one release.
pub struct Root {
    /// The release.
    pub release: String,
    /// The architecture.
    pub architecture: String,
    /// Its lists.
    pub lists: Vec<Index>,
    /// What they hold.
    pub indexes: Arc<Indexes>,
    /// All names of packages in them, and names that are only provided.
    pub pool: Vec<String>,
    stanzas: BTreeMap<(String, String), String>,
    directory: PathBuf,
}

impl Root {
    /// The root of a release, made if it is not there; the lists are the archive's of today.
    pub fn new(release: &str, architecture: &str) -> Self {
        let temporary = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let directory = temporary.join(format!("apt-{release}-{architecture}"));
        for part in ["etc/apt/preferences.d", "etc/apt/apt.conf.d", "lists/partial", "cache/archives/partial", "bases"]
        {
            std::fs::create_dir_all(directory.join(part)).expect("a directory");
        }
        let sources = sources(release);
        let list = directory.join("etc/apt/sources.list");
        let known = std::fs::read_to_string(&list).unwrap_or_default() == sources;
        std::fs::write(&list, &sources).expect("sources");
        std::fs::write(directory.join("etc/apt/empty"), "").expect("a status");
        let mut root = Self {
            release: release.to_owned(),
            architecture: architecture.to_owned(),
            lists: Vec::new(),
            indexes: Arc::new(Indexes::read(&[], architecture).expect("no index")),
            pool: Vec::new(),
            stanzas: BTreeMap::new(),
            directory,
        };
        if !known || std::env::var_os("IMGSPEC_APT_KEEP").is_none() {
            root.update();
        }
        root.read_lists();
        root
    }

    fn apt(&self, status: &Path) -> Command {
        let mut command = Command::new("apt-get");
        let directory = self.directory.display();
        for option in [
            format!("Dir::Etc={directory}/etc/apt"),
            format!("Dir::State={directory}"),
            format!("Dir::State::Lists={directory}/lists"),
            format!("Dir::State::status={}", status.display()),
            format!("Dir::State::extended_states={}.states", status.display()),
            format!("Dir::Cache={}.cache", status.display()),
            format!("APT::Architecture={}", self.architecture),
            format!("APT::Architectures={}", self.architecture),
            // Images have it off.
            "Dir::Cache::pkgcache=pkgcache.bin".to_owned(),
            "Dir::Cache::srcpkgcache=srcpkgcache.bin".to_owned(),
            "APT::Sandbox::User=root".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command.env("LC_ALL", "C").env_remove("APT_CONFIG").stdin(Stdio::null());
        command
    }

    fn update(&self) {
        let output = self.apt(&self.directory.join("etc/apt/empty")).args(["update", "--error-on=any"]).output();
        let output = output.expect("apt-get");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The lists in the order of the sources.
    fn read_lists(&mut self) {
        let output = self
            .apt(&self.directory.join("etc/apt/empty"))
            .args([
                "indextargets",
                "--format",
                "$(FILENAME)\t$(RELEASE)\t$(COMPONENT)\t$(SITE)",
                "Identifier: Packages",
            ])
            .output()
            .expect("apt-get");
        let mut indexes = Vec::new();
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            let [file, suite, component, site] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let site = site.split("://").last().unwrap_or_default();
            let release = self.release_of(file, suite, site);
            let bytes =
                Command::new("/usr/lib/apt/apt-helper").args(["cat-file", file]).output().expect("apt-helper").stdout;
            indexes.push(Index { release: Arc::new(release), component: component.to_owned(), bytes: bytes.into() });
        }
        assert!(!indexes.is_empty(), "there are lists");
        self.indexes = Arc::new(Indexes::read(&indexes, &self.architecture).expect("indexes"));
        let mut names = BTreeSet::new();
        for index in &indexes {
            for stanza in String::from_utf8_lossy(&index.bytes).split("\n\n") {
                let field = |name: &str| stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                let (Some(name), Some(version)) = (field("Package"), field("Version")) else { continue };
                names.insert(name.to_owned());
                let provided = field("Provides").unwrap_or_default().split([',', ' ']).next().unwrap_or_default();
                names.extend(Some(provided.to_owned()).filter(|provided| !provided.is_empty()));
                self.stanzas.entry((name.to_owned(), version.to_owned())).or_insert_with(|| stanza.to_owned());
            }
        }
        self.pool = names.into_iter().collect();
        self.lists = indexes;
    }

    /// A package's stanza as dpkg's status has it.
    pub fn stanza(&self, name: &str, version: &str) -> String {
        let gone = ["Filename", "Size", "MD5sum", "SHA256", "Description-md5", "Tag"];
        let stanza = &self.stanzas[&(name.to_owned(), version.to_owned())];
        let mut lines = String::new();
        let mut keeps = true;
        for line in stanza.lines() {
            if !line.starts_with(' ') {
                keeps = !gone.iter().any(|name| line.split(':').next() == Some(name));
            }
            if keeps {
                lines.push_str(line);
                lines.push('\n');
            }
        }
        lines
    }

    fn release_of(&self, list: &str, suite: &str, site: &str) -> Release {
        let stem = list.split("_dists_").next().unwrap_or_default();
        let path = format!("{stem}_dists_{suite}_InRelease");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|why| panic!("{path}: {why}"));
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            line.unwrap_or_default().to_owned()
        };
        Release {
            name: format!("debian/{suite}"),
            suite: field("Suite"),
            codename: field("Codename"),
            origin: field("Origin"),
            label: field("Label"),
            version: field("Version"),
            site: site.to_owned(),
            not_automatic: field("NotAutomatic") == "yes",
            but_automatic_upgrades: field("ButAutomaticUpgrades") == "yes",
        }
    }

    /// The base's status as a file.
    pub fn status_file(&self, base: &Base) -> PathBuf {
        let path = self.directory.join("bases").join(&base.name);
        std::fs::write(&path, &base.installed.status).expect("a status");
        std::fs::write(format!("{}.states", path.display()), &base.installed.extended_states).expect("states");
        std::fs::create_dir_all(format!("{}.cache/archives/partial", path.display())).expect("a cache");
        path
    }

    /// What apt would install.
    pub fn ask(&self, status: &Path, asked: &Asked) -> Answer {
        let recommends = if asked.recommends { "--install-recommends" } else { "--no-install-recommends" };
        let output = self
            .apt(status)
            // It decides as `--simulate` does, and does not play all steps of dpkg.
            .args(["--print-uris", "--yes", "--no-remove", recommends, "install"])
            .args(crate::sets::words(asked))
            .output()
            .expect("apt-get");
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Answer::Refuses(format!("{text}{}", String::from_utf8_lossy(&output.stderr)));
        }
        let mut installs: Vec<(String, String)> = text.lines().filter_map(installs).collect();
        installs.sort_unstable();
        Answer::Installs(installs)
    }
}

/// The package of a line `'uri' name_version_architecture.deb size hash`.
fn installs(line: &str) -> Option<(String, String)> {
    let file = line.strip_prefix('\'')?.split(' ').nth(1)?;
    let mut parts = file.split('_');
    Some((parts.next()?.to_owned(), parts.next()?.replace("%3a", ":")))
}

/// The machine's own address of the archive, with suites of the release: they have the machine's names but for the release.
fn sources(release: &str) -> String {
    let targets = Command::new("apt-get")
        .args(["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)", "Identifier: Packages"])
        .output()
        .expect("apt-get");
    let own = ["bookworm", "trixie"];
    let mut lines = Vec::new();
    for line in String::from_utf8_lossy(&targets.stdout).lines() {
        let [uri, suite, component] = line.split(' ').collect::<Vec<_>>()[..] else { continue };
        let Some(found) = own.iter().find(|own| suite.starts_with(**own)).filter(|_| component == "main") else {
            continue;
        };
        let key = "/usr/share/keyrings/debian-archive-keyring.gpg";
        lines.push(format!("deb [signed-by={key}] {uri} {} main\n", suite.replace(found, release)));
    }
    lines.dedup();
    lines.concat()
}
