//! From what is asked for to the closure (apt 2.6, `private-install.cc`: `DoInstall` and what it calls).

use super::cache::{ALL, Cache, NONE, Package};
use super::explain;
use super::problem::Resolver;
use super::stanza::{Field, Stanza};
use super::state::{Mode, State};
use super::universe::Universe;
use super::{Asked, Chosen, Closure, Nearest, Refusal, Why};
use crate::base::DebVersion;

/// What `apt-get install --no-remove` would install.
pub fn find(universe: &Universe, asked: &Asked) -> Result<Closure, Refusal> {
    if let Some(package) = universe.broken.first() {
        let name = universe.cache.name_text(*package);
        return Err(not_followed(format!("the base's package `{name}` is broken as it is")));
    }
    let versions = asked_versions(universe, asked)?;
    let mut state = State::new(universe, asked.recommends);
    mark(&mut state, &versions);
    let packages: Vec<u32> = versions.iter().map(|version| universe.cache.version(*version).package).collect();
    if needs_resolver(&state) && !Resolver::new(&mut state, &packages).resolve() {
        return Err(not_followed("the order in which apt mends packages".to_owned()));
    }
    if let Some(what) = state.not_followed.take() {
        return Err(not_followed(what));
    }
    if !state.broken().is_empty() || packages.iter().any(|package| state.get(*package).install == NONE) {
        return Err(explain::refusal(universe, asked.recommends, &versions));
    }
    check_changes(&state)?;
    Ok(closure(&state, &packages))
}

fn not_followed(what: String) -> Refusal {
    Refusal { chain: Vec::new(), why: Why::NotFollowed(what) }
}

/// The versions that the command line names, each once.
fn asked_versions(universe: &Universe, asked: &Asked) -> Result<Vec<u32>, Refusal> {
    let mut versions = Vec::new();
    for (name, wanted) in &asked.packages {
        let version =
            asked_version(universe, name, wanted.as_ref()).map_err(|why| Refusal { chain: Vec::new(), why })?;
        if !versions.contains(&version) {
            versions.push(version);
        }
    }
    Ok(versions)
}

fn asked_version(universe: &Universe, name: &str, wanted: Option<&DebVersion>) -> Result<u32, Why> {
    let cache = &universe.cache;
    let name = match name.split_once(':') {
        Some((name, architecture)) if [cache.architecture.as_str(), "native", "all"].contains(&architecture) => name,
        Some(_) => return Err(Why::NotFollowed(format!("`{name}` is of another architecture"))),
        None => name,
    };
    let package = cache.find(name.as_bytes()).ok_or_else(|| unknown(cache, name))?;
    let is_named = cache.package(package).versions != NONE || cache.package(package).provides != NONE;
    if !is_named {
        return Err(unknown(cache, name));
    }
    let Some(wanted) = wanted else {
        let candidate = universe.initial[package as usize].candidate;
        return if candidate == NONE { only_provider(universe, package) } else { Ok(candidate) };
    };
    let matches = |version: &u32| wanted.matches(&cache.texts.text(cache.version(*version).text));
    cache.versions_of(package).find(matches).ok_or_else(|| {
        Why::Version(
            name.to_owned(),
            wanted.to_string(),
            nearest(universe, package, wanted.relation().map(|(_, to)| to)),
        )
    })
}

/// `tryVirtualPackage`: the one package that provides the name.
fn only_provider(universe: &Universe, package: u32) -> Result<u32, Why> {
    let cache = &universe.cache;
    let is_candidate = |version: &u32| universe.initial[cache.version(*version).package as usize].candidate == *version;
    let mut providers: Vec<u32> =
        cache.provides_of(package).map(|provide| provide.owner).filter(is_candidate).collect();
    providers.sort_unstable_by_key(|version| cache.name(cache.version(*version).package));
    providers.dedup();
    match providers.as_slice() {
        [version] => Ok(*version),
        [] if cache.package(package).versions == NONE => Err(unknown(cache, &cache.name_text(package))),
        [] => Err(Why::NoCandidate(cache.name_text(package), nearest(universe, package, None))),
        several => {
            let names = several.iter().map(|version| cache.name_text(cache.version(*version).package)).collect();
            Err(Why::Virtual(cache.name_text(package), names))
        }
    }
}

pub fn unknown(cache: &Cache, name: &str) -> Why {
    let real = |package: &u32| cache.package(*package).versions != NONE;
    let names: Vec<String> =
        (0..cache.packages.len() as u32).filter(real).map(|package| cache.name_text(package)).collect();
    let near = crate::base::closest(name, names.iter().map(String::as_str));
    Why::Unknown(name.to_owned(), near.map(str::to_owned).into_iter().collect())
}

/// How many versions a refusal names on either side.
const NEAR: usize = 3;

/// The versions of a package that are there: those about `wanted`, or the highest; the highest first.
pub fn nearest(universe: &Universe, package: u32, wanted: Option<&str>) -> Vec<Nearest> {
    let cache = &universe.cache;
    let versions: Vec<u32> = cache.versions_of(package).collect();
    let above = |version: &u32| {
        wanted.is_some_and(|wanted| {
            crate::base::compare_deb_versions(cache.texts.get(cache.version(*version).text), wanted.as_bytes()).is_gt()
        })
    };
    let middle = versions.partition_point(above);
    let range = middle.saturating_sub(NEAR)..(middle + NEAR).min(versions.len());
    let named = |version: &u32| {
        let archive = cache.indexes_of(*version).next();
        let archive = archive.map(|index| universe.indexes.indexes[usize::from(index)].release.name.clone());
        Nearest { version: cache.texts.text(cache.version(*version).text), archive }
    };
    versions[range].iter().map(named).collect()
}

/// `TryToInstall` of each, then of all with what they need.
fn mark(state: &mut State<'_>, versions: &[u32]) {
    let packages: Vec<u32> = versions.iter().map(|version| state.version(*version).package).collect();
    for (package, version) in packages.iter().zip(versions) {
        state.set_candidate(*package, *version);
        state.get_mut(*package).protected = true;
        state.mark_install(*package, false, 0, true);
        if state.get(*package).mode != Mode::Install {
            state.get_mut(*package).auto = false;
        }
    }
    for package in &packages {
        state.mark_install(*package, true, 0, true);
    }
}

/// Whether the resolver has anything to do.
fn needs_resolver(state: &State<'_>) -> bool {
    let upgrade_given_up = |package: &u32| {
        let state = state.get(*package);
        state.mode == Mode::Install && state.candidate != state.install && !state.protected
    };
    !state.broken().is_empty() || state.changed.iter().any(upgrade_given_up)
}

/// What `--no-remove` and `--yes` refuse.
fn check_changes(state: &State<'_>) -> Result<(), Refusal> {
    let cache = state.cache();
    let (mut removed, mut downgraded) = (Vec::new(), Vec::new());
    for package in &state.changed {
        let (record, decided) = (state.package(*package), state.get(*package));
        if record.current == NONE || decided.install == record.current {
            continue;
        }
        let name = cache.name_text(*package);
        if record.flags & Package::HELD != 0 {
            return Err(Refusal { chain: Vec::new(), why: Why::Held(name) });
        }
        if decided.install == NONE {
            removed.push(name);
        } else if decided.status < 0 {
            downgraded.push(name);
        }
    }
    removed.sort_unstable();
    downgraded.sort_unstable();
    let why = if !removed.is_empty() {
        Why::Removes(removed)
    } else if !downgraded.is_empty() {
        Why::Downgrades(downgraded)
    } else {
        return Ok(());
    };
    Err(Refusal { chain: Vec::new(), why })
}

fn closure(state: &State<'_>, asked: &[u32]) -> Closure {
    let installed = state.changed.iter().filter(|package| state.get(**package).mode == Mode::Install);
    let mut packages: Vec<Chosen> = installed.map(|package| chosen(state, *package, asked.contains(package))).collect();
    packages.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    Closure { packages }
}

fn chosen(state: &State<'_>, package: u32, asked: bool) -> Chosen {
    let cache = state.cache();
    let number = state.get(package).install;
    let version = cache.version(number);
    let stanza = Stanza::parse(cache.texts.get(version.stanza));
    let field = |field| {
        stanza.as_ref().map(|stanza| String::from_utf8_lossy(stanza.get(field)).into_owned()).unwrap_or_default()
    };
    let index = cache.indexes_of(number).next().map_or(usize::MAX, usize::from);
    let record = state.package(package);
    Chosen {
        name: cache.name_text(package),
        version: cache.texts.text(version.text),
        architecture: if version.multi_arch & ALL != 0 { "all".to_owned() } else { cache.architecture.clone() },
        index,
        archive: state.universe.indexes.indexes.get(index).map(|index| index.release.name.clone()).unwrap_or_default(),
        sha256: field(Field::Sha256),
        size: version.size,
        filename: field(Field::Filename),
        asked,
        upgraded_from: (record.current != NONE).then(|| cache.texts.text(cache.version(record.current).text)),
        manual_before: record.current != NONE && record.flags & Package::AUTO == 0,
    }
}
