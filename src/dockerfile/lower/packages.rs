//! Packages: one RUN, and no lists or caches left behind.

use super::super::instruction::{Copied, Copy, Instruction, Joining, RunMount, Statement};
use super::StageLowering;
use super::runs::{command, statement};
use crate::base::{ImagePath, Mode};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Manager, Package, Packages, Repository, Sharing, shell};

impl StageLowering<'_, '_> {
    pub(super) fn packages(&mut self, packages: &Packages) {
        if !self.needs_shell(&format!("`{}`", packages.manager.as_str())) {
            return;
        }
        for repository in &packages.repositories {
            self.key(packages.manager, repository);
        }
        match packages.manager {
            Manager::Apt => self.apt(packages),
            Manager::Apk => self.apk(packages),
            Manager::Dnf => self.dnf(packages),
        }
    }

    fn apt(&mut self, packages: &Packages) {
        let mut statements = Vec::new();
        if !self.is_classic() {
            // It empties the cache after each installation, and the cache is a mount.
            statements.push(statement(&["rm", "-f", "/etc/apt/apt.conf.d/docker-clean"]));
        }
        // By itself apt takes a source that it cannot reach for a warning, and old lists for good ones.
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
            statements.extend(packages.repositories.iter().map(|repository| self.deb822(repository)));
        }
        if !packages.packages.is_empty() {
            statements.push(update());
            statements.push(listed(install, packages.packages.iter().map(name)));
        }
        let mut mounts = Vec::new();
        if self.is_classic() {
            statements.push(Statement(vec!["rm -rf /var/lib/apt/lists/*".to_owned()]));
        } else {
            mounts.extend(["/var/cache/apt", "/var/lib/apt/lists"].map(locked_cache));
        }
        self.push_statements(statements, mounts, Joining::Never);
    }

    /// A source in deb822 form (apt's `sources.list(5)`).
    fn deb822(&self, repository: &Repository) -> Statement {
        let Repository { name, uri, suite, components, .. } = repository;
        let mut lines = vec!["Types: deb".to_owned(), format!("URIs: {}", uri.value)];
        lines.extend(suite.as_ref().map(|suite| format!("Suites: {}", suite.value)));
        if !components.is_empty() {
            lines.push(format!("Components: {}", components.join(" ")));
        }
        lines.extend(key_path(Manager::Apt, repository).map(|path| format!("Signed-By: {path}")));
        written(&lines, &format!("/etc/apt/sources.list.d/{}.sources", name.value), ">")
    }

    fn apk(&mut self, packages: &Packages) {
        let mut statements = Vec::new();
        for repository in &packages.repositories {
            statements.push(written(std::slice::from_ref(&repository.uri.value), "/etc/apk/repositories", ">>"));
        }
        let mut names = Vec::new();
        for package in &packages.packages {
            names.extend(self.apk_name(package));
        }
        if !names.is_empty() {
            statements.push(listed("apk add --no-cache".to_owned(), names.into_iter()));
        }
        self.push_statements(statements, Vec::new(), Joining::Never);
    }

    /// apk has one pattern: `~` takes every version that begins so (apk-world(5)).
    fn apk_name(&mut self, package: &Package) -> Option<String> {
        let name = &package.name.value;
        let Some(version) = &package.version else { return Some(shell::quote(name)) };
        let text = version.value.as_str();
        let fuzzy = text.strip_suffix(".*").or_else(|| text.strip_suffix('*')).filter(|start| !start.contains('*'));
        match fuzzy {
            Some(start) => Some(shell::quote(&format!("{name}=~{start}"))),
            None if text.contains('*') => {
                let message = format!("apk has no pattern such as `{text}`");
                let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, version.span, message);
                self.refuse(diagnostic.hint("write a version, or the beginning of one and `.*`"));
                None
            }
            None => Some(shell::quote(&format!("{name}={text}"))),
        }
    }

    fn dnf(&mut self, packages: &Packages) {
        let mut statements: Vec<Statement> = packages
            .repositories
            .iter()
            .map(|repository| {
                let Repository { name, uri, .. } = repository;
                let mut lines = vec![
                    format!("[{}]", name.value),
                    format!("name={}", name.value),
                    format!("baseurl={}", uri.value),
                    "gpgcheck=1".to_owned(),
                ];
                lines.extend(key_path(Manager::Dnf, repository).map(|path| format!("gpgkey=file://{path}")));
                written(&lines, &format!("/etc/yum.repos.d/{}.repo", name.value), ">")
            })
            .collect();
        let weak = if packages.recommends { "True" } else { "False" };
        let install = format!("dnf install -y --setopt=install_weak_deps={weak}");
        let name = |package: &Package| match &package.version {
            Some(version) => shell::quote(&format!("{}-{}", package.name.value, version.value)),
            None => shell::quote(&package.name.value),
        };
        if !packages.packages.is_empty() {
            statements.push(listed(install, packages.packages.iter().map(name)));
            statements.push(statement(&["dnf", "clean", "all"]));
        }
        self.push_statements(statements, Vec::new(), Joining::Never);
    }

    /// Brings a repository's key to where its manager looks for it.
    fn key(&mut self, manager: Manager, repository: &Repository) {
        let (Some(key), Some(to)) = (&repository.key, key_path(manager, repository)) else { return };
        // Managers read keys as users of their own.
        let mode = if self.is_classic() { None } else { Mode::parse("0644").ok() };
        self.push(Instruction::Copy(Copy {
            from: None,
            what: Copied::Paths(vec![key.value.clone()]),
            to,
            into_directory: false,
            owner: None,
            mode,
            exclude: Vec::new(),
        }));
    }
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
