//! Packages of dnf that are not known yet: their repositories, the states of those, and the highest versions of what is
//! named. What those need in turn is dnf's to choose, and is not pinned.

use super::gathered::Gathered;
use super::moving::Moving;
use super::solve::{contents, place};
use super::sources::{Names, os_release};
use super::{Teller, add_found, empty_closure, had, locked_archive, unavailable};
use crate::base::{Sum, Workers, map};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::UNSOLVABLE;
use crate::graph::Request;
use crate::lock::{
    Archive, BaseImage, Contents, DnfIndex, DnfRepository, Index, NotHad, PackageHash, Pins, PoolPackage, Remote,
    architecture, asked_name,
};
use crate::resolve::dnf::{Address, Chosen, Package, Version, choose, read_repositories};
use std::collections::{BTreeMap, BTreeSet};

/// What a request is solved with.
struct Case<'r> {
    at: usize,
    request: &'r Request,
    /// The repositories by their names in the lock.
    repositories: Vec<(String, DnfRepository)>,
}

/// Adds what the requests that are `open` name to `pins`.
#[allow(clippy::too_many_arguments, reason = "one call, of what its caller holds")]
pub(super) fn solve(
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    bases: &BTreeMap<String, BaseImage>,
    open: &[usize],
    names: &mut Names,
    pins: &mut Pins,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) {
    let contents = contents(gathered, open, bases, remote, workers, teller);
    let mut cases: Vec<Case<'_>> = Vec::new();
    for at in open {
        let want = &gathered.closures[*at];
        let Some(contents) = contents.get(&place(want.what)) else { continue };
        match repositories(want.what, contents, names) {
            Ok(repositories) => cases.push(Case { at: *at, request: want.what, repositories }),
            Err(not_had) => teller.not_had(want.what.base_span, &not_had, want.images),
        }
    }
    let stated = states(&cases, gathered, old, moving, remote, workers, teller);
    for case in &cases {
        // Of a repository that could not be had it was told.
        if case.repositories.iter().any(|(name, _)| !stated.contains_key(name)) {
            continue;
        }
        let want = &gathered.closures[case.at];
        let done = chosen(case, &stated).and_then(|chosen| add(case, &chosen, &stated, pins));
        if let Err(why) = done {
            teller.tell(Diagnostic::error(&UNSOLVABLE, want.span, why), want.images);
        }
    }
}

/// The repositories of a request: those of its base, then those of the spec.
fn repositories(
    request: &Request,
    contents: &Contents,
    names: &mut Names,
) -> Result<Vec<(String, DnfRepository)>, NotHad> {
    let wanted = &request.wanted;
    let own = architecture(wanted.manager, &wanted.platform);
    // What dnf calls the architecture's family (dnf 4, `rpm/__init__.py`).
    let family = match own {
        "i686" => "i386",
        "armv7hl" => "armhfp",
        other => other,
    };
    let mut release = os_release(contents);
    let mut word = |name: &str| release.remove(name).unwrap_or_default();
    let (id, like, version) = (word("ID"), word("ID_LIKE"), word("VERSION_ID"));
    // Of RHEL and those that are like it the major number alone.
    let is_like = |name: &str| id == name || like.split(' ').any(|like| like == name);
    let version = if is_like("rhel") { version.split('.').next().unwrap_or_default() } else { &version };
    let of_base =
        |reason: String| NotHad::new(format!("the repositories of `{}` cannot be read: {reason}", wanted.base));
    let mut set: Vec<(String, String)> = Vec::new();
    for (path, bytes) in &contents.files {
        let name = path.strip_prefix("etc/dnf/vars/").or_else(|| path.strip_prefix("etc/yum/vars/"));
        if let Some(name) = name {
            set.push((name.to_owned(), String::from_utf8_lossy(bytes).trim().to_owned()));
        }
    }
    let mut variables = vec![("releasever", version), ("basearch", family), ("arch", own)];
    variables.extend(set.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut all = Vec::new();
    let own_id = if id.is_empty() { "base" } else { &id };
    for (path, bytes) in &contents.files {
        let is_list = path.strip_prefix("etc/yum.repos.d/").is_some_and(|name| name.ends_with(".repo"));
        if !is_list {
            continue;
        }
        let text = String::from_utf8_lossy(bytes);
        for found in read_repositories(&text, &variables).map_err(|flaw| of_base(flaw.0))? {
            let (address, is_metalink) = match found.address {
                Address::Base(address) => (address, false),
                Address::Metalink(address) => (address, true),
            };
            let name = names.name(&format!("{own_id}/{}", found.id), &address, family, &[]);
            let signed = found.signed;
            all.push((name, DnfRepository { id: found.id, address, family: family.to_owned(), is_metalink, signed }));
        }
    }
    for (repository, _) in &request.repositories {
        let (id, address) = (repository.name.value.clone(), repository.uri.value.clone());
        let name = names.name(&id, &address, family, &[]);
        all.push((name, DnfRepository { id, address, family: family.to_owned(), is_metalink: false, signed: false }));
    }
    if all.is_empty() {
        return Err(NotHad::new(format!("`{}` has no repositories set up", wanted.base)));
    }
    Ok(all)
}

/// The states of all repositories, by their names, with the packages that anybody names.
fn states(
    cases: &[Case<'_>],
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> BTreeMap<String, DnfIndex> {
    let mut wanted: BTreeMap<String, (&DnfRepository, usize)> = BTreeMap::new();
    let mut packages: BTreeSet<String> = BTreeSet::new();
    for case in cases {
        packages.extend(case.request.wanted.asked.packages.iter().map(|asked| asked_name(asked).to_owned()));
        for (name, repository) in &case.repositories {
            wanted.entry(name.clone()).or_insert((repository, case.at));
        }
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let indexes = map(workers, wanted.len(), |at| {
        let (name, (repository, _)) = &wanted[at];
        let locked = locked_archive(old, moving, name, &repository.address, &repository.family);
        remote.dnf_index(repository, &packages, locked.map(|locked| &locked.state))
    });
    had(wanted, indexes, |name, (_, at), not_had| {
        let want = &gathered.closures[*at];
        teller.tell(unavailable(want.span, not_had, name), want.images);
    })
}

/// What dnf takes for each package that is named.
fn chosen(case: &Case<'_>, stated: &BTreeMap<String, DnfIndex>) -> Result<Vec<Chosen>, String> {
    let wanted = &case.request.wanted;
    let own = architecture(wanted.manager, &wanted.platform);
    let repositories: Vec<Vec<Package>> =
        case.repositories.iter().map(|(name, _)| stated[name].packages.iter().map(package).collect()).collect();
    let of = |text: &String| {
        let name = asked_name(text);
        let rest = &text[name.len()..];
        let version = match rest.strip_prefix('=') {
            Some(version) => Some(version),
            None if rest.is_empty() => None,
            None => {
                return Err(format!(
                    "`{text}` cannot be locked yet: dnf's versions are had by an exact one or a pattern"
                ));
            }
        };
        choose(&repositories, own, name, version).map_err(|refusal| refusal.0)
    };
    wanted.asked.packages.iter().map(of).collect()
}

fn package(package: &crate::lock::DnfPackage) -> Package {
    Package {
        name: package.name.clone(),
        architecture: package.architecture.clone(),
        version: Version { epoch: package.epoch, version: package.version.clone(), release: package.release.clone() },
        sha256: package.sha256.clone(),
        size: package.size,
    }
}

/// Adds what was chosen and all that it stands on.
fn add(case: &Case<'_>, chosen: &[Chosen], stated: &BTreeMap<String, DnfIndex>, pins: &mut Pins) -> Result<(), String> {
    let wanted = &case.request.wanted;
    let own = architecture(wanted.manager, &wanted.platform);
    let mut closure = empty_closure(case.repositories.iter().map(|(name, _)| name.clone()).collect());
    for chosen in chosen {
        let hash =
            Sum::parse(&chosen.sha256).ok_or_else(|| format!("its repository says no SHA-256 of `{}`", chosen.name))?;
        let archive = case.repositories[chosen.repository].0.clone();
        let version = chosen.version.to_string();
        let package = PoolPackage { hash: PackageHash::Sha256(hash), size: chosen.size };
        let key = (chosen.name.clone(), version.clone());
        pins.pools.entry((archive, own.to_owned())).or_default().insert(key, package);
        closure.packages.insert(chosen.name.clone(), Some(version));
    }
    for (name, repository) in &case.repositories {
        let DnfIndex { state, dated, .. } = stated[name];
        let archive = Archive {
            uri: repository.address.clone(),
            suite: repository.family.clone(),
            components: Vec::new(),
            signed_by: None,
            index: Index::Repomd,
            state,
            dated,
        };
        pins.archives.insert(name.clone(), archive);
    }
    add_found(pins, case.request, closure);
    Ok(())
}
