//! Packages: one RUN, and no lists or caches left behind.

mod apk;
mod dnf;
mod parted;
mod pinned;

use super::super::instruction::{Joining, RunMount, Statement};
use super::StageLowering;
use super::runs::{command, is_mountable, statement};
use crate::base::ImagePath;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Manager, Package, Packages, PinnedPackage, Repository, Sharing, shell};
use parted::Parted;

impl StageLowering<'_, '_> {
    pub(super) fn packages(&mut self, packages: &Packages) {
        if !self.needs_shell(&format!("`{}`", packages.manager.as_str())) {
            return;
        }
        match packages.manager {
            Manager::Apt => self.apt(packages),
            Manager::Apk => self.apk(packages),
            Manager::Dnf => self.dnf(packages),
        }
    }

    fn apt(&mut self, packages: &Packages) {
        if let Some(pinned) = &packages.pinned {
            self.pinned_apt(packages, pinned);
            return;
        }
        self.refuse_relations(packages);
        let mut mounts = Vec::new();
        let mut statements = self.keys(packages, &mut mounts);
        if !self.is_classic() {
            // It empties the cache after each installation, and the cache is a mount.
            statements.push(statement(&["rm", "-f", "/etc/apt/apt.conf.d/docker-clean"]));
        }
        // By itself apt takes a source that it cannot reach for a warning, and old lists for good ones (the option is
        // apt 2.2's, Debian 11).
        let update = || statement(&["apt-get", "update", "--error-on=any"]);
        let mut install = String::from("DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends");
        if packages.recommends {
            // Of the two the later one counts; linters look for the first.
            install.push_str(" -o APT::Install-Recommends=true");
        }
        let name = |package: &Package| match &package.version {
            Some(version) => shell::quote(&format!("{}={}", package.name.value, version.value)),
            None => shell::quote(&package.name.value),
        };
        if !packages.repositories.is_empty() {
            if packages.repositories.iter().any(|repository| repository.uri.value.starts_with("https:")) {
                let certificates = packages.packages.iter().find(|package| package.name.value == "ca-certificates");
                let certificates = certificates.map_or_else(|| "ca-certificates".to_owned(), name);
                statements.push(update());
                statements.push(Statement(vec![install.clone(), certificates]));
            }
            statements.extend(packages.repositories.iter().map(|repository| self.deb822(repository, false)));
        }
        if !packages.packages.is_empty() {
            statements.push(update());
            statements.push(listed(install, packages.packages.iter().map(name)));
        }
        if self.is_classic() {
            statements.push(Statement(vec!["rm -rf /var/lib/apt/lists/*".to_owned()]));
        } else {
            mounts.splice(0..0, ["/var/cache/apt", "/var/lib/apt/lists"].map(locked_cache));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    /// A source in deb822 form (apt's `sources.list(5)`), with a blank line at its end if it is `open`.
    fn deb822(&self, repository: &Repository, open: bool) -> Statement {
        let Repository { uri, suite, components, .. } = repository;
        let mut lines = vec!["Types: deb".to_owned(), format!("URIs: {}", uri.value)];
        lines.extend(suite.as_ref().map(|suite| format!("Suites: {}", suite.value)));
        if !components.is_empty() {
            lines.push(format!("Components: {}", components.join(" ")));
        }
        lines.extend(key_path(Manager::Apt, repository).map(|path| format!("Signed-By: {path}")));
        lines.extend(open.then(String::new));
        written(&lines, &pinned::source_path(repository), ">")
    }

    fn apk(&mut self, packages: &Packages) {
        if let Some(pinned) = &packages.pinned {
            self.pinned_apk(packages, pinned);
            return;
        }
        let mut mounts = Vec::new();
        let mut statements = self.keys(packages, &mut mounts);
        for repository in &packages.repositories {
            statements.push(written(std::slice::from_ref(&repository.uri.value), "/etc/apk/repositories", ">>"));
        }
        let mut names = Vec::new();
        for package in &packages.packages {
            names.extend(self.apk_words(package).as_deref().map(shell::quote));
        }
        let install = if self.is_classic() {
            "apk add --no-cache"
        } else {
            // Where no cache is set up, this is the directory of the indexes.
            mounts.insert(0, locked_cache("/var/cache/apk"));
            "apk add --update-cache"
        };
        if !names.is_empty() {
            statements.push(listed(install.to_owned(), names.into_iter()));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    /// apt's command line takes versions and patterns, but no relations such as `>= 7.88`.
    fn refuse_relations(&mut self, packages: &Packages) {
        for version in packages.packages.iter().filter_map(|package| package.version.as_ref()) {
            if version.value.starts_with(['<', '>']) {
                let message = format!("without a lock, apt cannot be asked for `{}`", version.value);
                let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, version.span, message);
                self.refuse(diagnostic.hint("pin it with `imgspec lock`, or write a version or a pattern"));
            }
        }
    }

    /// A package as the world has it. apk has one pattern: `~` takes every version that begins so (apk-world(5)).
    fn apk_words(&mut self, package: &Package) -> Option<String> {
        let name = &package.name.value;
        let Some(version) = &package.version else { return Some(name.clone()) };
        let text = version.value.as_str();
        let fuzzy = text.strip_suffix(".*").or_else(|| text.strip_suffix('*')).filter(|start| !start.contains('*'));
        match fuzzy {
            Some(start) => Some(format!("{name}=~{start}")),
            None if text.contains('*') => {
                let message = format!("apk has no pattern such as `{text}`");
                let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, version.span, message);
                self.refuse(diagnostic.hint("write a version, or the beginning of one and `.*`"));
                None
            }
            None => Some(format!("{name}={text}")),
        }
    }

    fn dnf(&mut self, packages: &Packages) {
        if let Some(pinned) = &packages.pinned {
            self.pinned_dnf(packages, pinned);
            return;
        }
        let mut mounts = Vec::new();
        let mut statements = self.dnf_repositories(packages, &mut mounts);
        let weak = if packages.recommends { "True" } else { "False" };
        let install = format!("dnf install -y --setopt=install_weak_deps={weak}");
        let name = |package: &Package| match &package.version {
            Some(version) => shell::quote(&format!("{}-{}", package.name.value, version.value)),
            None => shell::quote(&package.name.value),
        };
        if !packages.packages.is_empty() {
            statements.push(listed(install, packages.packages.iter().map(name)));
        }
        if self.is_classic() {
            statements.push(statement(&["dnf", "clean", "all"]));
        } else {
            // Of dnf 4 and of dnf 5.
            mounts.splice(0..0, ["/var/cache/dnf", "/var/cache/libdnf5"].map(locked_cache));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    /// Sets up the spec's repositories.
    fn dnf_repositories(&mut self, packages: &Packages, mounts: &mut Vec<RunMount>) -> Vec<Statement> {
        let mut statements = self.keys(packages, mounts);
        statements.extend(packages.repositories.iter().map(|repository| {
            let Repository { name, uri, .. } = repository;
            let mut lines = vec![
                format!("[{}]", name.value),
                format!("name={}", name.value),
                format!("baseurl={}", uri.value),
                "gpgcheck=1".to_owned(),
            ];
            lines.extend(key_path(Manager::Dnf, repository).map(|path| format!("gpgkey=file://{path}")));
            written(&lines, &format!("/etc/yum.repos.d/{}.repo", name.value), ">")
        }));
        statements
    }

    /// Brings the repositories' keys to where their manager looks for them, readable for users of its own.
    fn keys(&mut self, packages: &Packages, mounts: &mut Vec<RunMount>) -> Vec<Statement> {
        let mut statements = Vec::new();
        for repository in &packages.repositories {
            let (Some(key), Some(to)) = (&repository.key, key_path(packages.manager, repository)) else { continue };
            if self.is_classic() || !is_mountable(&key.value) {
                statements.push(statement(&["chmod", "0644", to.as_str()]));
                self.copy_from_context(&key.value, &to);
            } else {
                let target = ImagePath::root().join("tmp").join(&format!("{}.key", repository.name.value));
                statements.push(statement(&["install", "-D", "-m", "0644", target.as_str(), to.as_str()]));
                mounts.push(RunMount::Bind { from: None, source: key.value.clone(), target });
            }
        }
        statements
    }
}

/// `install` with what is pinned, where `told` is what tells a platform; for apk and dnf, of which nothing is marked.
fn installation(
    parted: &Parted<'_>,
    install: &str,
    told: &str,
    version: impl Fn(&PinnedPackage) -> String,
    dated: u64,
) -> Vec<Statement> {
    let environment = format!("SOURCE_DATE_EPOCH={dated}");
    let with_common = |first: String| {
        let common = parted.common.iter().map(|package| version(package));
        Statement(std::iter::once(first).chain(common).collect())
    };
    if parted.own.is_empty() {
        return vec![with_common(format!("{environment} {install}"))];
    }
    let install = with_common(format!("set -- {install}"));
    vec![install, parted.by_platform(told, version), Statement(vec![format!("{environment} \"$@\"")])]
}

/// Where the key of a repository goes.
fn key_path(manager: Manager, repository: &Repository) -> Option<ImagePath> {
    let key = &repository.key.as_ref()?.value;
    let file = key.rsplit('/').next().unwrap_or(key);
    let name = &repository.name.value;
    let path = match manager {
        // apt tells by its ending whether a key is armoured.
        Manager::Apt if file.ends_with(".asc") => format!("/etc/apt/keyrings/{name}.asc"),
        Manager::Apt => format!("/etc/apt/keyrings/{name}.gpg"),
        // apk finds a key by its file's name, which a signature names.
        Manager::Apk => format!("/etc/apk/keys/{file}"),
        Manager::Dnf => format!("/etc/pki/rpm-gpg/RPM-GPG-KEY-{name}"),
    };
    ImagePath::resolve(&path, &ImagePath::root()).ok()
}

/// `lines` written to `path`.
fn written(lines: &[String], path: &str, redirection: &str) -> Statement {
    let mut words = vec!["printf '%s\\n'".to_owned()];
    words.extend(lines.iter().map(|line| shell::quote(line)));
    words.push(format!("{redirection} {}", command(&[path])));
    Statement(words)
}

/// `install` and its packages, sorted, one a line.
fn listed(install: String, names: impl Iterator<Item = String>) -> Statement {
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    Statement(std::iter::once(install).chain(names).collect())
}

fn locked_cache(path: &str) -> RunMount {
    let target = ImagePath::resolve(path, &ImagePath::root()).unwrap_or_else(|_| ImagePath::root());
    RunMount::Cache { target, id: None, sharing: Sharing::Locked, owner: None }
}
