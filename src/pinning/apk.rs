//! Closures of apk that are not known yet: their repositories, the states of those, and what `apk add` would install.

use super::gathered::Gathered;
use super::moving::Moving;
use super::solve::{Place, contents, place};
use super::sources::{Names, os_release};
use super::{Teller, add_found, empty_closure, had, locked_archive, note_installed, unavailable};
use crate::base::{Instant, Sum, Workers, map};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::UNSOLVABLE;
use crate::graph::Request;
use crate::lock::{
    ApkIndex, ApkRepository, Archive, BaseImage, Contents, Index, NotHad, PackageHash, Pins, PoolPackage, Remote,
    asked_name,
};
use crate::resolve::apk::{
    Asked, Base, Chosen, Dependency, Package, Universe, architecture, read_index, read_installed, repositories,
};
use crate::spec::Reach;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where apk keeps what is installed: before and since the one `/usr`.
const INSTALLED: [&str; 2] = ["lib/apk/db/installed", "usr/lib/apk/db/installed"];

/// What a request is solved with.
struct Case<'r> {
    at: usize,
    request: &'r Request,
    architecture: &'static str,
    /// The repositories by their names in the lock, in the order in which apk has them.
    repositories: Vec<(String, ApkRepository)>,
}

/// A repository in its state.
struct Stated {
    repository: ApkRepository,
    state: Sum,
    dated: Instant,
    packages: Arc<Vec<Package>>,
}

/// Adds the closures of the requests that are `open` to `pins`.
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
        match case(*at, want.what, contents, names, remote) {
            Ok(case) => cases.push(case),
            Err(not_had) => teller.not_had(want.what.base_span, &not_had, want.images),
        }
    }
    let stated = states(&cases, gathered, old, moving, remote, workers, teller);
    let mut groups: BTreeMap<(Place, Vec<&str>), Vec<&Case<'_>>> = BTreeMap::new();
    for case in &cases {
        // Of a repository that could not be had it was told.
        if case.repositories.iter().all(|(name, _)| stated.contains_key(name)) {
            let names = case.repositories.iter().map(|(name, _)| name.as_str()).collect();
            groups.entry((place(case.request), names)).or_default().push(case);
        }
    }
    let groups: Vec<_> = groups.into_iter().collect();
    let solved = map(workers, groups.len(), |at| {
        let ((place, names), cases) = &groups[at];
        let indexes: Vec<_> = names.iter().map(|name| stated[*name].packages.clone()).collect();
        solve_group(cases, &indexes, &contents[place])
    });
    for (at, solved) in solved.into_iter().flatten() {
        let want = &gathered.closures[at];
        let Some(case) = cases.iter().find(|case| case.at == at) else { continue };
        match solved {
            Ok(chosen) => {
                let direct = gathered.pinning.reach == Reach::Direct;
                let installed = contents.get(&place(case.request)).and_then(installed);
                if let Err(why) = add(case, &chosen, &stated, direct, installed, pins) {
                    teller.tell(Diagnostic::error(&UNSOLVABLE, want.span, why), want.images);
                }
            }
            Err(why) => teller.tell(Diagnostic::error(&UNSOLVABLE, want.span, why), want.images),
        }
    }
}

fn installed(contents: &Contents) -> Option<&Vec<u8>> {
    INSTALLED.iter().find_map(|path| contents.files.get(*path))
}

/// The repositories of a request: those of its base, then those of the spec.
fn case<'r>(
    at: usize,
    request: &'r Request,
    contents: &Contents,
    names: &mut Names,
    remote: &dyn Remote,
) -> Result<Case<'r>, NotHad> {
    let wanted = &request.wanted;
    let architecture = architecture(&wanted.platform)
        .ok_or_else(|| NotHad::new(format!("apk has no architecture for `{}`", wanted.platform)))?;
    let of_base =
        |reason: String| NotHad::new(format!("the repositories of `{}` cannot be read: {reason}", wanted.base));
    let text = contents.files.get("etc/apk/repositories").map(Vec::as_slice).unwrap_or_default();
    let addresses = repositories(&String::from_utf8_lossy(text)).map_err(|flaw| of_base(flaw.0))?;
    let mut keys: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for (path, bytes) in &contents.files {
        if let Some(name) = path.strip_prefix("etc/apk/keys/") {
            keys.insert(name.to_owned(), bytes.clone());
        }
    }
    let id = os_release(contents).remove("ID").filter(|id| !id.is_empty()).unwrap_or_else(|| "base".to_owned());
    let mut all: Vec<(String, String)> = Vec::new();
    for uri in addresses {
        let path: Vec<&str> = uri.split('/').filter(|part| !part.is_empty()).collect();
        let last = path[path.len().saturating_sub(2)..].join("/");
        all.push((format!("{id}/{last}"), uri));
    }
    for (repository, context) in &request.repositories {
        if let Some(key) = &repository.key {
            let file = key.value.rsplit('/').next().unwrap_or(&key.value);
            keys.insert(file.to_owned(), remote.file(&crate::base::joined(context, &key.value))?);
        }
        all.push((repository.name.value.clone(), repository.uri.value.clone()));
    }
    if all.is_empty() {
        return Err(NotHad::new(format!("`{}` has no repositories set up", wanted.base)));
    }
    let repositories = all.into_iter().map(|(own, uri)| {
        let name = names.name(&own, &uri, architecture, &[]);
        (name, ApkRepository { uri, architecture: architecture.to_owned(), keys: keys.clone() })
    });
    Ok(Case { at, request, architecture, repositories: repositories.collect() })
}

/// The states of all repositories, by their names: those of the lock, those that they have now where they are to move.
fn states(
    cases: &[Case<'_>],
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> BTreeMap<String, Stated> {
    let mut wanted: BTreeMap<String, (&ApkRepository, usize)> = BTreeMap::new();
    for case in cases {
        for (name, repository) in &case.repositories {
            wanted.entry(name.clone()).or_insert((repository, case.at));
        }
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let indexes = map(workers, wanted.len(), |at| {
        let (name, (repository, _)) = &wanted[at];
        let locked = locked_archive(old, moving, name, &repository.uri, &repository.architecture);
        let ApkIndex { state, text } = remote.apk_index(repository, locked.map(|locked| &locked.state))?;
        let packages = read_index(&text)
            .map_err(|flaw| NotHad::new(format!("the index of `{}` cannot be read: {flaw}", repository.uri)))?;
        let newest = packages.iter().map(|package| package.built).max().unwrap_or_default();
        let dated = Instant::from_seconds(newest);
        Ok(Stated { repository: (*repository).clone(), state, dated, packages: Arc::new(packages) })
    });
    had(wanted, indexes, |name, (_, at), not_had| {
        let want = &gathered.closures[*at];
        teller.tell(unavailable(want.span, not_had, name), want.images);
    })
}

/// Solves requests that start alike.
fn solve_group(
    cases: &[&Case<'_>],
    indexes: &[Arc<Vec<Package>>],
    contents: &Contents,
) -> Vec<(usize, Result<Vec<Chosen>, String>)> {
    let base = match base(contents) {
        Ok(base) => base,
        Err(why) => return cases.iter().map(|case| (case.at, Err(why.clone()))).collect(),
    };
    let universe = Universe::new(base.clone(), indexes);
    let solve = |case: &&Case<'_>| {
        let wanted = &case.request.wanted;
        let mut above: Option<(Base, Universe)> = None;
        for below in &wanted.below {
            let (base, universe) = above.as_ref().map_or((&base, &universe), |(base, universe)| (base, universe));
            let asked = asked(&below.packages);
            let closure = universe.closure(&asked).map_err(|refusal| refusal.to_string())?;
            let base = with(base, &asked, &closure.packages, indexes)?;
            above = Some((base.clone(), Universe::new(base, indexes)));
        }
        let universe = above.as_ref().map_or(&universe, |(_, universe)| universe);
        let closure = universe.closure(&asked(&wanted.asked.packages)).map_err(|refusal| refusal.to_string())?;
        Ok(closure.packages)
    };
    cases.iter().map(|case| (case.at, solve(case))).collect()
}

/// What a base has of apk's.
fn base(contents: &Contents) -> Result<Base, String> {
    let Some(bytes) = installed(contents) else { return Err("the base has no packages of apk".to_owned()) };
    let installed =
        read_installed(bytes).map_err(|flaw| format!("what the base has installed cannot be read: {flaw}"))?;
    let world = contents.files.get("etc/apk/world").map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
    Base::new(&world, installed).map_err(|why| format!("what the base was asked for is not followed: {why}"))
}

/// What is asked for: `NAME`, `NAME=VERSION`, `NAME=PATTERN*` and `NAME>=VERSION`.
fn asked(packages: &BTreeSet<String>) -> Asked {
    let package = |text: &String| {
        let name = asked_name(text);
        let version = &text[name.len()..];
        let version = version.strip_prefix('=').unwrap_or(version);
        (name.to_owned(), (!version.is_empty()).then(|| version.to_owned()))
    };
    Asked { packages: packages.iter().map(package).collect() }
}

/// The same base with `chosen` installed, and `asked` in its world.
fn with(base: &Base, asked: &Asked, chosen: &[Chosen], indexes: &[Arc<Vec<Package>>]) -> Result<Base, String> {
    let mut above = base.clone();
    above.installed.retain(|package| chosen.iter().all(|chosen| chosen.name != package.name));
    for chosen in chosen {
        let found = indexes[chosen.index].iter().find(|package| package.checksum == chosen.checksum);
        above.installed.extend(found.cloned());
    }
    for (name, version) in &asked.packages {
        let dependency = Dependency::asked(name, version.as_deref())?;
        above.world.retain(|known| known.name != dependency.name);
        above.world.push(dependency);
    }
    Ok(above)
}

/// Adds a closure and all that it stands on.
fn add(
    case: &Case<'_>,
    chosen: &[Chosen],
    stated: &BTreeMap<String, Stated>,
    direct: bool,
    installed: Option<&Vec<u8>>,
    pins: &mut Pins,
) -> Result<(), String> {
    for (name, _) in &case.repositories {
        let Stated { repository, state, dated, .. } = &stated[name];
        let archive = Archive {
            uri: repository.uri.clone(),
            suite: repository.architecture.clone(),
            components: Vec::new(),
            signed_by: None,
            index: Index::ApkIndex,
            state: *state,
            dated: *dated,
        };
        pins.archives.insert(name.clone(), archive);
    }
    let mut closure = empty_closure(case.repositories.iter().map(|(name, _)| name.clone()).collect());
    for chosen in chosen.iter().filter(|chosen| !direct || chosen.asked) {
        let hash = PackageHash::of_apk(&chosen.checksum)
            .ok_or_else(|| format!("the checksum `{}` of `{}` is none", chosen.checksum, chosen.name))?;
        let archive = case.repositories[chosen.index].0.clone();
        let package = PoolPackage { hash, size: chosen.size };
        let key = (chosen.name.clone(), chosen.version.clone());
        pins.pools.entry((archive, case.architecture.to_owned())).or_default().insert(key, package);
        closure.packages.insert(chosen.name.clone(), Some(chosen.version.clone()));
    }
    if let Some(installed) = installed {
        note_installed(pins, &case.request.wanted, installed);
    }
    add_found(pins, case.request, closure);
    Ok(())
}
