//! Why a set cannot be had. apt says what is left broken when it gave up; here the cause is sought from the beginning: a
//! dependency that nothing meets, or two packages that are against each other.

use super::cache::{Depend, Kind, NONE, Package};
use super::solve::{nearest, unknown};
use super::state::{CANDIDATE, INSTALL, State};
use super::universe::Universe;
use super::{Link, Refusal, Why};
use std::collections::{BTreeMap, BTreeSet};

/// How long a chain may become.
const DEEPEST: usize = 200;

/// The refusal of the versions that were asked for.
pub fn refusal(universe: &Universe, recommends: bool, versions: &[u32]) -> Refusal {
    let mut state = State::new(universe, recommends);
    for version in versions {
        state.set_candidate(state.version(*version).package, *version);
    }
    let mut search = Search { state: &state, seen: BTreeSet::new(), chain: Vec::new() };
    for version in versions {
        if let Some(why) = search.flaw_of(*version) {
            return Refusal { chain: search.chain, why };
        }
    }
    conflict(&state, versions).unwrap_or_else(|| {
        let first = versions.first().map(|version| universe.cache.name_text(state.version(*version).package));
        Refusal { chain: Vec::new(), why: Why::Broken(first.unwrap_or_default()) }
    })
}

/// A search for a dependency that nothing can meet.
struct Search<'s, 'u> {
    state: &'s State<'u>,
    /// Versions that were looked at, or are being.
    seen: BTreeSet<u32>,
    chain: Vec<Link>,
}

impl Search<'_, '_> {
    /// What makes a version impossible; the chain leads there.
    fn flaw_of(&mut self, version: u32) -> Option<Why> {
        if !self.seen.insert(version) || self.chain.len() > DEEPEST {
            return None;
        }
        let state = self.state;
        let cache = state.cache();
        let record = state.package(state.version(version).package);
        if record.flags & Package::HELD != 0 && record.current != NONE && record.current != version {
            return Some(Why::Held(cache.name_text(state.version(version).package)));
        }
        for (start, end) in state.groups(version) {
            let kind = cache.depends.get(start).kind;
            if !kind.is_critical() || kind.is_negative() || state.group_met(version, start, end) & INSTALL != 0 {
                continue;
            }
            let solutions = solutions(state, version, start, end);
            self.chain.push(link(state, version, start, end));
            if solutions.is_empty() {
                return Some(missing(state, cache.depends.get(start)));
            }
            let length = self.chain.len();
            let mut first = None;
            let mut possible = false;
            for solution in solutions {
                match self.flaw_of(solution) {
                    None => possible = true,
                    Some(why) if first.is_none() => first = Some((self.chain.clone(), why)),
                    Some(_) => {}
                }
                self.chain.truncate(length);
                if possible {
                    break;
                }
            }
            if let (false, Some((chain, why))) = (possible, first) {
                self.chain = chain;
                return Some(why);
            }
            self.chain.pop();
        }
        None
    }
}

/// The candidates that meet one of the alternatives.
fn solutions(state: &State<'_>, parent: u32, start: u32, end: u32) -> Vec<u32> {
    let cache = state.cache();
    let mut found = Vec::new();
    for number in start..end {
        if state.met(parent, number) & CANDIDATE == 0 {
            continue;
        }
        let depend = cache.depends.get(number);
        let candidate = state.get(depend.target).candidate;
        if candidate != NONE && cache.meets(depend, cache.version(candidate).text) {
            found.push(candidate);
        }
        let owners = cache.provides_of(depend.target).filter(|provide| cache.meets(depend, provide.version));
        found.extend(owners.map(|provide| provide.owner).filter(|owner| {
            let package = cache.version(*owner).package;
            state.get(package).candidate == *owner
        }));
    }
    found
}

fn missing(state: &State<'_>, depend: &Depend) -> Why {
    let cache = state.cache();
    let name = cache.name_text(depend.target);
    if cache.package(depend.target).versions == NONE {
        let near = match unknown(cache, &name) {
            Why::Unknown(_, near) => near,
            _ => Vec::new(),
        };
        return Why::Unknown(name, near);
    }
    let version = cache.texts.text(depend.version);
    let near = nearest(state.universe, depend.target, Some(version.as_str()).filter(|version| !version.is_empty()));
    if version.is_empty() {
        return Why::NoCandidate(name, near);
    }
    Why::Version(name, format!("{} {version}", depend.compare.as_str()), near)
}

fn link(state: &State<'_>, version: u32, start: u32, end: u32) -> Link {
    let cache = state.cache();
    let how = match cache.depends.get(start).kind {
        Kind::PreDepends => "pre-depends on",
        Kind::Depends => "depends on",
        Kind::Conflicts => "conflicts with",
        Kind::Breaks => "breaks",
        Kind::Recommends => "recommends",
    };
    let one = |number: u32| {
        let depend = cache.depends.get(number);
        let name = cache.name_text(depend.target);
        match depend.version.is_empty() {
            true => name,
            false => format!("{name} ({} {})", depend.compare.as_str(), cache.texts.text(depend.version)),
        }
    };
    let record = cache.version(version);
    Link {
        package: cache.name_text(record.package),
        version: cache.texts.text(record.text),
        how,
        on: (start..end).map(one).collect::<Vec<_>>().join(" | "),
    }
}

/// Each package with its version, and the dependency it is for: whose, and its alternatives.
type Choices = BTreeMap<u32, (u32, Option<(u32, u32, u32)>)>;

/// Two packages of all that would be installed, or of the base, that are against each other.
fn conflict(state: &State<'_>, versions: &[u32]) -> Option<Refusal> {
    let cache = state.cache();
    let mut all = Choices::new();
    let mut queue: Vec<u32> = Vec::new();
    for version in versions {
        all.insert(cache.version(*version).package, (*version, None));
        queue.push(*version);
    }
    let mut at = 0;
    while let Some(version) = queue.get(at).copied() {
        at += 1;
        for (start, end) in state.groups(version) {
            let kind = cache.depends.get(start).kind;
            if !kind.is_critical() || kind.is_negative() || state.group_met(version, start, end) & INSTALL != 0 {
                continue;
            }
            let solutions = solutions(state, version, start, end);
            let chosen = |solution: &&u32| all.contains_key(&cache.version(**solution).package);
            if solutions.iter().find(chosen).is_none()
                && let Some(solution) = solutions.first()
            {
                all.insert(cache.version(*solution).package, (*solution, Some((version, start, end))));
                queue.push(*solution);
            }
        }
    }
    let installed = state.universe.installed.iter().filter(|package| !all.contains_key(package));
    let installed: Vec<u32> = installed.map(|package| state.package(*package).current).collect();
    let parties: Vec<u32> = queue.iter().chain(&installed).copied().collect();
    for version in &parties {
        for (start, end) in state.groups(*version) {
            let depend = cache.depends.get(start);
            if !depend.kind.is_negative() {
                continue;
            }
            let package = cache.version(*version).package;
            let hurt =
                parties.iter().find(|other| cache.version(**other).package != package && hurts(state, depend, **other));
            if let Some(other) = hurt {
                let of = if all.contains_key(&package) { package } else { cache.version(*other).package };
                let why =
                    Why::Conflict(link(state, *version, start, end), cache.name_text(cache.version(*other).package));
                return Some(Refusal { chain: chain(state, &all, of), why });
            }
        }
    }
    None
}

fn hurts(state: &State<'_>, depend: &Depend, version: u32) -> bool {
    let cache = state.cache();
    let record = cache.version(version);
    record.package == depend.target && cache.meets(depend, record.text)
        || cache
            .provides_by(version)
            .any(|provide| provide.package == depend.target && cache.meets(depend, provide.version))
}

/// The way from what was asked for to a package.
fn chain(state: &State<'_>, all: &Choices, package: u32) -> Vec<Link> {
    let mut links = Vec::new();
    let mut at = package;
    while let Some((_, Some((version, start, end)))) = all.get(&at)
        && links.len() < DEEPEST
    {
        links.push(link(state, *version, *start, *end));
        at = state.version(*version).package;
    }
    links.reverse();
    links
}
