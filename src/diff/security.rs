//! What of a change a reviewer must not miss.

use super::facts::Aspect;
use super::meaning::Change;
use crate::base::{ImageRef, Owner};
use crate::dockerfile::{Keyword, parse_raw};
use crate::graph::{CopyFrom, Graph, StepKind, is_commit};
use crate::rule::is_secret;
use serde::Serialize;
use std::collections::BTreeSet;

/// What sort of thing it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Risk {
    /// The container runs as root, and did not.
    ToRoot,
    /// A port that was not there.
    NewPort,
    /// A variable with a name like a secret's.
    SecretName,
    /// A checksum, digest or version that is gone.
    PinGone,
    /// Something comes from a host from which nothing came.
    NewHost,
    /// An instruction of the user's own.
    NewRaw,
    /// Commands have more of a network.
    NetworkOpened,
}

/// Something that a reviewer must not miss.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// What sort of thing it is.
    pub risk: Risk,
    /// In words.
    pub text: String,
}

/// What is risky in the changes of an image, one to each: nothing for a change that is not. `before` is nothing for a new
/// image, whose ports are no news.
pub fn findings(before: Option<&Graph>, after: &Graph, changes: &[&Change]) -> Vec<(usize, Finding)> {
    let known = before.map(hosts).unwrap_or_default();
    let now = hosts(after);
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (at, change) in changes.iter().enumerate() {
        let mut tell = |risk, text: String| found.push((at, Finding { risk, text }));
        let (old, new) = change.part("");
        match change.aspect {
            Aspect::User if change.stage.is_empty() => {
                let is_root = |user: Option<&str>| {
                    user.and_then(|user| Owner::parse(user).ok()).is_none_or(|user| user.is_root())
                };
                if is_root(new) && !is_root(old) {
                    tell(Risk::ToRoot, format!("user {} → {}", old.unwrap_or_default(), new.unwrap_or("the base's")));
                }
            }
            Aspect::Expose if before.is_some() && change.after.is_some() => {
                tell(Risk::NewPort, format!("port {} is new", change.subject));
            }
            Aspect::Env | Aspect::Arg if change.is_new() && is_secret(&change.subject) => {
                tell(Risk::SecretName, format!("{} `{}` looks like a secret", change.aspect.as_str(), change.subject));
            }
            Aspect::Raw if change.after.is_some() => {
                tell(Risk::NewRaw, format!("raw {}", new.unwrap_or_default().lines().next().unwrap_or_default()));
                secrets_of_raw(new.unwrap_or_default()).into_iter().for_each(|name| {
                    tell(Risk::SecretName, format!("raw `{name}` looks like a secret"));
                });
            }
            Aspect::Base => {
                let digest = |base: Option<&str>| {
                    base.and_then(|base| ImageRef::parse(base).ok()).map(|base| base.digest().is_some())
                };
                if digest(old) == Some(true) && digest(new) == Some(false) {
                    tell(Risk::PinGone, format!("the digest of `{}` is gone", new.unwrap_or_default()));
                }
            }
            Aspect::Fetch => {
                let (old, new) = change.part("checksum");
                let is_there = change.after.is_some();
                if new.is_none() && is_there && (old.is_some() || change.is_new()) {
                    let what = if change.is_new() { "has no checksum" } else { "lost its checksum" };
                    tell(Risk::PinGone, format!("fetch {} {what}", change.subject));
                }
            }
            Aspect::Git => {
                let (old, new) = change.part("ref");
                if old.is_some_and(is_commit) && new.is_some_and(|new| !is_commit(new)) {
                    tell(Risk::PinGone, format!("git {} is pinned to no commit any more", change.subject));
                }
            }
            Aspect::Package if old.is_some() && new.is_none() && change.after.is_some() => {
                tell(Risk::PinGone, format!("the version of package {} is gone", change.subject));
            }
            Aspect::Step => {
                let (old, new) = change.part("network");
                let width = |network: Option<&str>| match network {
                    Some("none") => 0,
                    Some("host") => 2,
                    _ => 1,
                };
                let was = if change.before.is_some() { width(old) } else { 1 };
                if change.after.is_some() && width(new) > was {
                    let shown = |network: Option<&str>| network.unwrap_or("default").to_owned();
                    tell(Risk::NetworkOpened, format!("network {} → {}: {}", shown(old), shown(new), change.subject));
                }
            }
            _ => {}
        }
        if before.is_none() {
            continue;
        }
        let said: Vec<&str> = change.after.iter().flatten().map(|(_, text)| text.as_str()).collect();
        for host in now.iter().filter(|host| !known.contains(*host)) {
            let names =
                matches!(change.aspect, Aspect::Base | Aspect::Fetch | Aspect::Git | Aspect::Repository | Aspect::File);
            if names && said.iter().any(|text| text.contains(host.as_str())) && told.insert(host.clone()) {
                found.push((at, Finding { risk: Risk::NewHost, text: format!("{host} is a new host") }));
            }
        }
    }
    found
}

/// The hosts that something of an image comes from.
fn hosts(graph: &Graph) -> BTreeSet<String> {
    let mut hosts = BTreeSet::new();
    for stage in &graph.stages {
        if let crate::graph::Base::Registry(reference) = &stage.base.value {
            hosts.extend(registry(reference));
        }
        for step in &stage.steps {
            match &step.kind {
                StepKind::Fetch(fetch) => hosts.extend(host(&fetch.url.value)),
                StepKind::Git(git) => hosts.extend(host(&git.url.value)),
                StepKind::Packages(packages) => {
                    hosts.extend(packages.repositories.iter().filter_map(|repository| host(&repository.uri.value)));
                }
                StepKind::Copy(copy) => {
                    if let CopyFrom::Registry(reference) = &copy.from {
                        hosts.extend(registry(reference));
                    }
                }
                _ => {}
            }
        }
    }
    hosts
}

/// The host of a URL or of an address as ssh has it.
fn host(url: &str) -> Option<String> {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = if url.contains("://") { host } else { host.split(':').next()? };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

/// The registry of a reference that names one.
fn registry(reference: &ImageRef) -> Option<String> {
    let (head, _) = reference.name().split_once('/')?;
    (head.contains(['.', ':']) || head == "localhost").then(|| head.to_owned())
}

/// The variables with names like a secret's that an instruction sets.
fn secrets_of_raw(text: &str) -> Vec<String> {
    let Ok(parsed) = parse_raw(text) else { return Vec::new() };
    if !matches!(parsed.keyword, Keyword::Env | Keyword::Arg) {
        return Vec::new();
    }
    let crate::dockerfile::Arguments::Pairs(pairs) = parsed.arguments else { return Vec::new() };
    pairs.into_iter().map(|(name, _)| name).filter(|name| is_secret(name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_addresses() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(host(url).as_deref(), expected, "{url}");
        check("https://A.example/x", Some("a.example"));
        check("https://user:pass@a.example:8443/x", Some("a.example:8443"));
        check("git@a.example:x/y.git", Some("a.example"));
        check("https://", None);
    }

    #[test]
    fn raw_secrets() {
        assert_eq!(secrets_of_raw("ENV API_TOKEN=x MODE=y"), ["API_TOKEN"]);
        assert_eq!(secrets_of_raw("RUN API_TOKEN=x y"), Vec::<String>::new());
    }
}
