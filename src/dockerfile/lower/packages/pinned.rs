//! Packages that the lock pins, of apt: those, each in its version, and nothing in the layer that another build has
//! otherwise.

use super::super::super::instruction::{Joining, Statement};
use super::super::StageLowering;
use super::super::runs::statement;
use super::parted::Parted;
use super::{locked_cache, written};
use crate::base::Platform;
use crate::graph::{Packages, PinnedArchive, PinnedPackage, PinnedPackages, Repository, shell};

const INSTALL: &str = "apt-get install -y --no-install-recommends --no-remove";

/// What tells a step's platform. The builders' own variables would have to be declared, which runs all that follows
/// again for each platform, and the classic builder has none.
const ARCHITECTURE: &str = "$(dpkg --print-architecture)";

/// How many columns the names take that stand behind each other.
const WIDTH: usize = 100;

impl StageLowering<'_, '_> {
    pub(super) fn pinned_apt(&mut self, packages: &Packages, pinned: &PinnedPackages) {
        let Some(parted) = self.parted(pinned, "Debian", architecture) else { return };
        let mut mounts = Vec::new();
        let mut statements = self.keys(packages, &mut mounts);
        let sources = Sources::new(&pinned.archives, packages, self.is_classic());
        statements.extend(sources.statements());
        statements.extend(self.repositories(packages, pinned, &parted, &sources));
        if parted.is_empty() && statements.is_empty() {
            return;
        }
        if !parted.is_empty() {
            statements.push(sources.update());
            statements.extend(installation(&parted, &sources, pinned.dated));
            statements.extend(marks(&parted));
        }
        statements.extend(scrubbing(&parted));
        if self.is_classic() {
            statements.push(statement(&["apt-get", "clean"]));
            let mut left = vec!["rm -rf /var/lib/apt/lists/*".to_owned()];
            left.extend(sources.files());
            statements.push(Statement(vec![left.join(" ")]));
        } else {
            // It empties the cache after each installation, and the cache is a mount.
            statements.insert(0, statement(&["rm", "-f", "/etc/apt/apt.conf.d/docker-clean"]));
            mounts.splice(0..0, ["/var/cache/apt", "/var/lib/apt/lists"].map(locked_cache));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    /// Sets up the spec's repositories, which the image keeps. What checks a server's certificate comes first, as pinned,
    /// if the lock says that the base lacks it.
    fn repositories(
        &self,
        packages: &Packages,
        pinned: &PinnedPackages,
        parted: &Parted<'_>,
        sources: &Sources<'_>,
    ) -> Vec<Statement> {
        let mut statements = Vec::new();
        let repositories = &packages.repositories;
        let is_secure = repositories.iter().any(|repository| repository.uri.value.starts_with("https:"));
        if is_secure && parted.all().any(|package| package.name == CERTIFICATES) {
            let certificates: Vec<String> =
                parted.common.iter().filter(|package| is_for_certificates(&package.name)).map(|p| version(p)).collect();
            let certificates = if certificates.is_empty() { vec![CERTIFICATES.to_owned()] } else { certificates };
            statements.push(sources.update());
            let lines = [environment(pinned.dated), INSTALL.to_owned()].into_iter().chain(sources.options());
            statements.push(Statement(lines.chain(certificates).collect()));
        }
        for repository in repositories {
            // A blank line, for another may follow it in the step's own list.
            statements.push(self.deb822(repository, sources.list.is_some()));
        }
        if let (Some(list), false) = (&sources.list, sources.added.is_empty()) {
            let mut words = vec!["cat".to_owned()];
            words.extend(sources.added.iter().map(|repository| shell::quote(&source_path(repository))));
            statements.push(Statement(vec![format!("{} >> {list}", words.join(" "))]));
        }
        statements
    }
}

const CERTIFICATES: &str = "ca-certificates";

/// Whether it is Debian's `ca-certificates` or what that runs.
fn is_for_certificates(name: &str) -> bool {
    name == CERTIFICATES || name == "openssl" || name.starts_with("libssl")
}

/// The file that apt finds a repository of the spec in.
pub(super) fn source_path(repository: &Repository) -> String {
    format!("/etc/apt/sources.list.d/{}.sources", repository.name.value)
}

/// Where a step installs from.
struct Sources<'p> {
    /// The step's own list, if the base's are not to be used.
    list: Option<String>,
    archives: Vec<&'p PinnedArchive>,
    /// The spec's repositories that the list has to name too.
    added: Vec<&'p Repository>,
    /// The directory of the list and of keys.
    directory: &'static str,
}

impl<'p> Sources<'p> {
    fn new(archives: &'p [PinnedArchive], packages: &'p Packages, is_classic: bool) -> Self {
        // A cache mount is in no layer; where there is none, the files are removed.
        let directory = if is_classic { "/tmp" } else { "/var/cache/apt" };
        let is_of = |archive: &PinnedArchive, repository: &Repository| {
            let suite = repository.suite.as_ref().map_or("", |suite| &*suite.value);
            archive.uri.trim_end_matches('/') == repository.uri.value.trim_end_matches('/') && archive.suite == suite
        };
        let is_own = |archive: &&PinnedArchive| !packages.repositories.iter().any(|known| is_of(archive, known));
        let archives: Vec<&PinnedArchive> = archives.iter().filter(is_own).collect();
        let list = (!archives.is_empty()).then(|| format!("{directory}/pinned.sources"));
        let added = if list.is_some() { packages.repositories.iter().collect() } else { Vec::new() };
        Self { list, archives, added, directory }
    }

    /// Writes the list, and the keys in it to files: apt takes a key in a list since 2.3.10 only, a path always.
    fn statements(&self) -> Vec<Statement> {
        let Some(list) = &self.list else { return Vec::new() };
        let mut statements = Vec::new();
        let mut lines: Vec<String> = Vec::new();
        let mut last: Option<&PinnedArchive> = None;
        let is_alike = |one: &PinnedArchive, other: &PinnedArchive| {
            (&one.uri, &one.components, &one.signed_by) == (&other.uri, &other.components, &other.signed_by)
        };
        let mut suites = 0;
        for (number, archive) in self.archives.iter().enumerate() {
            if last.is_some_and(|last| is_alike(last, archive)) {
                lines[suites].push_str(&format!(" {}", archive.suite));
                continue;
            }
            if last.is_some() {
                lines.push(String::new());
            }
            last = Some(archive);
            lines.extend(["Types: deb".to_owned(), format!("URIs: {}", archive.uri)]);
            suites = lines.len();
            lines.push(format!("Suites: {}", archive.suite));
            if !archive.components.is_empty() {
                lines.push(format!("Components: {}", archive.components.join(" ")));
            }
            if let Some(key) = &archive.signed_by {
                let path = if is_armoured(key) { self.key(number) } else { key.clone() };
                if is_armoured(key) {
                    let text: Vec<String> = key.trim().lines().map(|line| line.trim_end().to_owned()).collect();
                    statements.push(written(&text, &path, ">"));
                }
                lines.push(format!("Signed-By: {path}"));
            }
        }
        if !self.added.is_empty() {
            lines.push(String::new());
        }
        statements.push(written(&lines, list, ">"));
        statements
    }

    /// The file of the key that the archive of this number is signed with.
    fn key(&self, number: usize) -> String {
        format!("{}/pinned-{number}.asc", self.directory)
    }

    /// The files that [`Self::statements`] writes.
    fn files(&self) -> Vec<String> {
        let is_written = |archive: &PinnedArchive| archive.signed_by.as_deref().is_some_and(is_armoured);
        let keys = self.archives.iter().enumerate().filter(|(_, archive)| is_written(archive));
        keys.map(|(number, _)| self.key(number)).chain(self.list.clone()).collect()
    }

    /// The options that make apt take them and no others (apt.conf(5), *Directories*).
    fn options(&self) -> Option<String> {
        self.list.as_ref().map(|list| format!("-o Dir::Etc::sourcelist={list} -o Dir::Etc::sourceparts=-"))
    }

    /// By itself apt takes a source that it cannot reach for a warning, and old lists for good ones (the option is apt
    /// 2.2's, Debian 11). A state of an archive that was left for newer ones has expired. That it is an old one is what
    /// the lock says: what is installed has the versions in it, or the step fails, so that nothing is lost by not asking.
    fn update(&self) -> Statement {
        let expired = if self.list.is_some() { " -o Acquire::Check-Valid-Until=false" } else { "" };
        let update = format!("apt-get update --error-on=any{expired}");
        Statement(std::iter::once(update).chain(self.options()).collect())
    }
}

fn is_armoured(key: &str) -> bool {
    key.contains("-----BEGIN")
}

/// Installs them: what all platforms have alike is said once, the rest by platform.
fn installation(parted: &Parted<'_>, sources: &Sources<'_>, dated: u64) -> Vec<Statement> {
    let environment = environment(dated);
    let with_common = |before: Vec<String>| {
        let common = parted.common.iter().map(|package| version(package));
        Statement(before.into_iter().chain(sources.options()).chain(common).collect())
    };
    if parted.own.is_empty() {
        return vec![with_common(vec![environment, INSTALL.to_owned()])];
    }
    let command = with_common(vec![format!("set -- {INSTALL}")]);
    let install = Statement(vec![format!("{environment} \"$@\"")]);
    vec![command, parted.by_platform(ARCHITECTURE, version), install]
}

/// What dpkg in an image of the platform says it is for.
fn architecture(platform: &Platform) -> Option<&str> {
    let lower = || platform.lower().iter().find_map(Platform::debian_architecture);
    platform.debian_architecture().or_else(lower)
}

/// What maintainer scripts are to know: that nobody answers them, and what date they may write (shadow's tools and
/// fontconfig's do).
fn environment(dated: u64) -> String {
    format!("DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH={dated}")
}

/// A package as apt's command line takes it.
fn version(package: &PinnedPackage) -> String {
    shell::quote(&format!("{}={}", package.name, package.version))
}

/// Marks what nobody asked for: what is named on its command line apt takes for asked for.
fn marks(parted: &Parted<'_>) -> Vec<Statement> {
    let mut statements = Vec::new();
    let common = parted.common_marks();
    if !common.is_empty() {
        statements.push(Statement(std::iter::once("apt-mark auto".to_owned()).chain(filled(&common)).collect()));
    }
    let own: Vec<(&str, Vec<&str>)> = parted.own_marks(&common);
    if !own.is_empty() {
        let mut lines = vec![format!("case \"{ARCHITECTURE}\" in")];
        for (architecture, names) in own {
            lines.push(format!("{architecture}) apt-mark auto"));
            lines.extend(filled(&names).into_iter().map(|line| format!("    {line}")));
            lines.push("    ;;".to_owned());
        }
        lines.push("esac".to_owned());
        statements.push(Statement(lines));
    }
    statements
}

/// `names` in lines.
fn filled(names: &[&str]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        let name = shell::quote(name);
        match lines.last_mut() {
            Some(line) if line.len() + 1 + name.len() <= WIDTH => {
                line.push(' ');
                line.push_str(&name);
            }
            _ => lines.push(name),
        }
    }
    lines
}

/// Removes what holds the time of the build, or a number that was drawn. No more: copies that tools keep of what they
/// changed are the same each time, and times of files are the builder's to set.
fn scrubbing(parted: &Parted<'_>) -> Vec<Statement> {
    if parted.is_empty() {
        return Vec::new();
    }
    let has = |name: &str| parted.all().any(|package| package.name == name);
    let mut remove = String::from("rm -f /var/cache/ldconfig/aux-cache");
    if has("dbus") {
        remove.push_str(" /var/lib/dbus/machine-id");
    }
    remove.push_str(" /var/log/alternatives.log /var/log/apt/*.* /var/log/dpkg.log");
    let mut statements = vec![Statement(vec![remove])];
    if has("systemd") {
        // Empty, which machine-id(5) takes for a machine that has not run yet.
        statements.push(Statement(vec!["truncate -s 0 /etc/machine-id".to_owned()]));
    }
    statements
}
