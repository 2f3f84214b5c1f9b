//! Closures that are not known yet: their archives, the states of those, and what apt would install.

use super::gathered::{Gathered, Want};
use super::moving::Moving;
use super::sources::{self, Asked, Names};
use super::{
    Teller, add_closure, add_found, empty_closure, had, installed, lengthened, locked_archive, note_installed,
    unavailable,
};
use crate::base::{DebVersion, Platform, Span, Sum, Workers, map};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{UNAVAILABLE, UNSOLVABLE};
use crate::graph::Request;
use crate::lock::{
    Archive, BaseImage, Contents, Index as Kind, NotHad, PackageHash, Pins, PoolPackage, Release, Remote, Wanted,
    architecture, asked_name,
};
use crate::resolve::apt::{self, Chosen, Index, Indexes, Installed, Refusal, Universe, Why};
use crate::spec::{Manager, Reach};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a request is solved with.
pub(super) struct Case<'r> {
    /// Its number.
    pub at: usize,
    request: &'r Request,
    /// The archives that are asked.
    pub archives: Vec<Asked>,
}

/// What requests are solved with, all of it at hand.
pub(super) struct Prepared<'r> {
    pub cases: Vec<Case<'r>>,
    /// What the bases hold.
    pub contents: BTreeMap<Place, Contents>,
    /// The archives by their names.
    pub archives: BTreeMap<String, Stated>,
    pub texts: Texts,
}

/// Gets what the requests of those numbers are solved with. `staying` are the names of archives that are not to be given
/// to others.
#[allow(clippy::too_many_arguments, reason = "one call, of what its callers hold")]
pub(super) fn prepare<'w>(
    gathered: &Gathered<'w>,
    open: Vec<usize>,
    old: &Pins,
    moving: &Moving,
    bases: &BTreeMap<String, BaseImage>,
    staying: &BTreeSet<&String>,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> Prepared<'w> {
    let contents = contents(gathered, &open, bases, remote, workers, teller);
    let mut names = Names::of(old, staying);
    let mut cases: Vec<Case<'w>> = Vec::new();
    for at in open {
        let want = &gathered.closures[at];
        let request = want.what;
        let Some(contents) = contents.get(&place(request)) else { continue };
        match sources::asked(request, contents, gathered, &mut names, remote) {
            Ok(archives) => cases.push(Case { at, request, archives }),
            Err(not_had) => teller.not_had(want.span, &not_had, want.images),
        }
    }
    let archives = releases(&cases, gathered, old, moving, remote, workers, teller);
    let texts = packages(&cases, gathered, &archives, remote, workers, teller);
    Prepared { cases, contents, archives, texts }
}

/// Adds the closures of all that is asked for to `pins`: the `kept` ones as they are, the others solved.
#[allow(clippy::too_many_arguments, reason = "one call, of what its caller holds")]
pub(super) fn solve(
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    bases: &BTreeMap<String, BaseImage>,
    kept: &BTreeSet<usize>,
    pins: &mut Pins,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) {
    let open = (0..gathered.closures.len()).filter(|at| !kept.contains(at));
    let is_of = |manager: Manager| move |at: &usize| gathered.closures[*at].what.wanted.manager == manager;
    let of = |manager: Manager| open.clone().filter(is_of(manager)).collect::<Vec<usize>>();
    let staying = kept.iter().filter_map(|at| old.closures.get(&gathered.closures[*at].what.wanted));
    let staying = staying.flat_map(|closure| &closure.archives).collect();
    let mut names = Names::of(old, &staying);
    let (apk, dnf) = (of(Manager::Apk), of(Manager::Dnf));
    super::apk::solve(gathered, old, moving, bases, &apk, &mut names, pins, remote, workers, teller);
    super::dnf::solve(gathered, old, moving, bases, &dnf, &mut names, pins, remote, workers, teller);
    let prepared = prepare(gathered, of(Manager::Apt), old, moving, bases, &staying, remote, workers, teller);
    let Prepared { cases, contents, archives, texts } = &prepared;
    // Those that start alike are solved with one universe.
    let mut groups: BTreeMap<Key, Vec<&Case<'_>>> = BTreeMap::new();
    for case in cases {
        let key = (place(case.request), case.archives.iter().map(|archive| archive.name.clone()).collect());
        groups.entry(key).or_default().push(case);
    }
    let parsed = parsed(&groups, archives, texts, workers);
    let groups: Vec<(&Key, &Vec<&Case<'_>>)> = groups.iter().collect();
    let solved = map(workers, groups.len(), |at| {
        let (key, cases) = groups[at];
        let (_, architecture) = of_group(key, cases);
        let read = parsed.get(&(key.1.clone(), architecture.to_owned()));
        let (Some(read), Some(contents)) = (read, contents.get(&key.0)) else { return Vec::new() };
        solve_group(cases, read, contents)
    });
    for at in kept {
        let wanted = &gathered.closures[*at].what.wanted;
        if let Some(closure) = old.closures.get(wanted).and_then(|closure| lengthened(old, wanted, closure)) {
            add_closure(old, pins, wanted, closure);
        }
    }
    for (at, solved) in solved.into_iter().flatten() {
        let want = &gathered.closures[at];
        match solved {
            Ok(chosen) => {
                let Some(case) = cases.iter().find(|case| case.at == at) else { continue };
                if let Err(diagnostic) = add(case, &chosen, archives, gathered, contents, pins) {
                    teller.tell(diagnostic, want.images);
                }
            }
            Err(unsolved) => teller.tell(unsolved.diagnostic(want.what, want.span), want.images),
        }
    }
}

/// A base on a platform.
pub(super) type Place = (String, Platform);

/// What starts alike: a base on a platform, and the archives by their names.
type Key = (Place, Vec<String>);

pub(super) fn place(request: &Request) -> Place {
    (request.wanted.base.clone(), request.wanted.platform.clone())
}

/// What the bases hold of those closures that are open.
pub(super) fn contents(
    gathered: &Gathered<'_>,
    open: &[usize],
    bases: &BTreeMap<String, BaseImage>,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> BTreeMap<Place, Contents> {
    let mut places: BTreeMap<Place, &Want<&Request>> = BTreeMap::new();
    for at in open {
        let want = &gathered.closures[*at];
        places.entry(place(want.what)).or_insert(want);
    }
    // Of a base that could not be had it was told.
    let places: Vec<_> = places.into_iter().filter(|((base, _), _)| bases.contains_key(base)).collect();
    let read = map(workers, places.len(), |at| {
        let ((base, platform), want) = &places[at];
        remote.contents(&want.what.base, &bases[base], platform)
    });
    had(places, read, |_, want, not_had| teller.not_had(want.what.base_span, not_had, want.images))
}

/// An archive in its state.
pub(super) struct Stated {
    asked: Asked,
    release: Release,
}

/// The states of all archives, by their names: those of the lock, those that they have now where they are to move.
fn releases(
    cases: &[Case<'_>],
    gathered: &Gathered<'_>,
    old: &Pins,
    moving: &Moving,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> BTreeMap<String, Stated> {
    let mut wanted: BTreeMap<String, (&Asked, &Want<&Request>)> = BTreeMap::new();
    for case in cases {
        for archive in &case.archives {
            wanted.entry(archive.name.clone()).or_insert((archive, &gathered.closures[case.at]));
        }
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let releases = map(workers, wanted.len(), |at| {
        let (_, (archive, _)) = &wanted[at];
        let locked = locked_archive(old, moving, &archive.name, &archive.suite.uri, &archive.suite.suite);
        let release = remote.release(&archive.suite, locked.map(|locked| &locked.state))?;
        // Of a state that is kept it is normal.
        if locked.is_none() && release.is_expired(remote.now()) {
            let until = release.valid_until.unwrap_or_default();
            let message = format!("the archive `{}` says of itself that it holds until {until} alone", archive.name);
            return Err(NotHad::new(message));
        }
        Ok(Stated { asked: (*archive).clone(), release })
    });
    had(wanted, releases, |name, (_, want), not_had| teller.tell(unavailable(want.span, not_had, name), want.images))
}

/// The indexes of all archives, by the archive, the component and the architecture.
pub(super) type Texts = BTreeMap<(String, String, String), Arc<[u8]>>;

fn packages(
    cases: &[Case<'_>],
    gathered: &Gathered<'_>,
    archives: &BTreeMap<String, Stated>,
    remote: &dyn Remote,
    workers: &dyn Workers,
    teller: &mut Teller<'_>,
) -> Texts {
    let mut wanted: BTreeMap<(String, String, String), &Want<&Request>> = BTreeMap::new();
    for case in cases {
        let architecture = architecture(case.request.wanted.manager, &case.request.wanted.platform);
        for archive in &case.archives {
            for component in components(&archive.components) {
                let key = (archive.name.clone(), component.to_owned(), architecture.to_owned());
                wanted.entry(key).or_insert(&gathered.closures[case.at]);
            }
        }
    }
    // Of an archive that could not be had it was told.
    let wanted: Vec<_> = wanted.into_iter().filter(|((archive, ..), _)| archives.contains_key(archive)).collect();
    let texts = map(workers, wanted.len(), |at| {
        let (archive, component, architecture) = &wanted[at].0;
        let Stated { asked, release } = &archives[archive];
        remote.packages(&asked.suite, release, component, architecture).map(Arc::from)
    });
    had(wanted, texts, |_, want, not_had| teller.not_had(want.span, not_had, want.images))
}

/// A flat repository has one component, without a name.
pub(super) fn components(components: &[String]) -> Vec<&str> {
    if components.is_empty() { vec![""] } else { components.iter().map(String::as_str).collect() }
}

/// Indexes that were read, and their texts.
struct Read {
    texts: Vec<Index>,
    indexes: Result<Arc<Indexes>, String>,
}

fn of_group<'g>(key: &Key, cases: &'g [&Case<'_>]) -> (usize, &'g str) {
    let request = cases[0].request;
    (key.1.len(), architecture(request.wanted.manager, &request.wanted.platform))
}

/// The packages of each list of archives, for each architecture; those that are not whole are left out.
fn parsed(
    groups: &BTreeMap<Key, Vec<&Case<'_>>>,
    archives: &BTreeMap<String, Stated>,
    texts: &Texts,
    workers: &dyn Workers,
) -> BTreeMap<(Vec<String>, String), Read> {
    let mut wanted: BTreeSet<(Vec<String>, String)> = BTreeSet::new();
    for (key, cases) in groups {
        wanted.insert((key.1.clone(), of_group(key, cases).1.to_owned()));
    }
    let wanted: Vec<_> = wanted.into_iter().collect();
    let read = map(workers, wanted.len(), |at| {
        let (names, architecture) = &wanted[at];
        let mut indexes = Vec::new();
        for name in names {
            let stated = archives.get(name)?;
            let release = Arc::new(said(stated));
            for component in components(&stated.asked.components) {
                let bytes = texts.get(&(name.clone(), component.to_owned(), architecture.clone()))?;
                let (release, component, bytes) = (release.clone(), component.to_owned(), bytes.clone());
                indexes.push(Index { release, component, bytes });
            }
        }
        let read = Indexes::read(&indexes, architecture).map(Arc::new).map_err(|flaw| flaw.to_string());
        Some(Read { texts: indexes, indexes: read })
    });
    wanted.into_iter().zip(read).filter_map(|(key, read)| Some((key, read?))).collect()
}

/// What an archive says of itself, as far as apt's pins look at it.
pub(super) fn said(stated: &Stated) -> apt::Release {
    let Stated { asked, release } = stated;
    let site = asked.suite.uri.split("://").last().unwrap_or_default();
    apt::Release {
        name: asked.name.clone(),
        suite: release.suite.clone(),
        codename: release.codename.clone(),
        origin: release.origin.clone(),
        label: release.label.clone(),
        version: release.version.clone(),
        site: site.split(['/', ':']).next().unwrap_or_default().to_owned(),
        not_automatic: release.not_automatic,
        but_automatic_upgrades: release.but_automatic_upgrades,
    }
}

/// Why a request has no closure.
enum Unsolved {
    /// The base or an archive is not understood.
    Flaw(String),
    /// Packages cannot be had together.
    Refused(Refusal),
}

impl Unsolved {
    fn diagnostic(self, request: &Request, span: Span) -> Diagnostic {
        match self {
            Self::Flaw(reason) => Diagnostic::error(&UNSOLVABLE, span, reason),
            Self::Refused(refusal) => {
                let first = refusal.chain.first().map(|link| link.package.as_str()).or(at_fault(&refusal.why));
                let of_first = request.places.iter().find(|(asked, _)| Some(asked_name(asked)) == first);
                let span = of_first.map_or(span, |(_, span)| *span);
                Diagnostic::error(&UNSOLVABLE, span, refusal.to_string())
            }
        }
    }
}

/// The package that is at fault, where it is one.
fn at_fault(why: &Why) -> Option<&str> {
    match why {
        Why::Unknown(name, _)
        | Why::Virtual(name, _)
        | Why::Version(name, ..)
        | Why::NoCandidate(name, _)
        | Why::Held(name)
        | Why::Broken(name) => Some(name),
        Why::Conflict(link, _) => Some(&link.package),
        Why::Removes(_) | Why::Downgrades(_) | Why::NotFollowed(_) => None,
    }
}

/// Solves requests that start alike.
fn solve_group(cases: &[&Case<'_>], read: &Read, contents: &Contents) -> Vec<(usize, Result<Vec<Chosen>, Unsolved>)> {
    let base = installed::of_base(contents);
    let start = read.indexes.clone().and_then(|indexes| {
        let universe = Universe::new(&indexes, &base).map_err(|flaw| flaw.to_string())?;
        Ok((indexes, universe))
    });
    let (indexes, universe) = match start {
        Ok(start) => start,
        Err(flaw) => return cases.iter().map(|case| (case.at, Err(Unsolved::Flaw(flaw.clone())))).collect(),
    };
    let solve = |case: &&Case<'_>| {
        let wanted = &case.request.wanted;
        let solved = match above(wanted, &indexes, &base, read) {
            Ok(None) => closure(&universe, &wanted.asked),
            Ok(Some(universe)) => closure(&universe, &wanted.asked),
            Err(unsolved) => Err(unsolved),
        };
        (case.at, solved)
    };
    cases.iter().map(solve).collect()
}

/// What there is above what the stages below install; nothing if they install nothing.
fn above(wanted: &Wanted, indexes: &Arc<Indexes>, base: &Installed, read: &Read) -> Result<Option<Universe>, Unsolved> {
    let mut universe: Option<Universe> = None;
    let mut state = base.clone();
    for asked in &wanted.below {
        let here = match universe.take() {
            Some(universe) => universe,
            None => Universe::new(indexes, &state).map_err(|flaw| Unsolved::Flaw(flaw.to_string()))?,
        };
        let chosen = closure(&here, asked)?;
        state = installed::with(&state, &chosen, &read.texts);
        universe = Some(Universe::new(indexes, &state).map_err(|flaw| Unsolved::Flaw(flaw.to_string()))?);
    }
    Ok(universe)
}

fn closure(universe: &Universe, asked: &crate::lock::Asked) -> Result<Vec<Chosen>, Unsolved> {
    let package = |text: &String| {
        let name = asked_name(text);
        let rest = &text[name.len()..];
        let rest = rest.strip_prefix('=').unwrap_or(rest);
        let version = (!rest.is_empty()).then(|| DebVersion::parse(rest)).transpose();
        version.map(|version| (name.to_owned(), version)).map_err(|invalid| Unsolved::Flaw(invalid.0))
    };
    let packages = asked.packages.iter().map(package).collect::<Result<Vec<_>, _>>()?;
    let asked = apt::Asked { packages, recommends: asked.recommends };
    universe.closure(&asked).map(|closure| closure.packages).map_err(Unsolved::Refused)
}

/// Adds what was chosen, and the archives it is of, to `pins`.
fn add(
    case: &Case<'_>,
    chosen: &[Chosen],
    archives: &BTreeMap<String, Stated>,
    gathered: &Gathered<'_>,
    contents: &BTreeMap<Place, Contents>,
    pins: &mut Pins,
) -> Result<(), Diagnostic> {
    let wanted = &case.request.wanted;
    let architecture = architecture(wanted.manager, &wanted.platform);
    let is_asked = |chosen: &Chosen| wanted.asked.packages.iter().any(|asked| asked_name(asked) == chosen.name);
    for archive in &case.archives {
        if let Some(Stated { asked, release }) = archives.get(&archive.name) {
            let archive = Archive {
                uri: asked.suite.uri.clone(),
                suite: asked.suite.suite.clone(),
                components: asked.components.clone(),
                signed_by: asked.signed_by.clone(),
                index: Kind::InRelease,
                state: release.inrelease,
                dated: release.date,
            };
            pins.archives.insert(asked.name.clone(), archive);
        }
    }
    let mut closure = empty_closure(case.archives.iter().map(|archive| archive.name.clone()).collect());
    let direct = gathered.pinning.reach == Reach::Direct;
    for chosen in chosen.iter().filter(|chosen| !direct || chosen.asked) {
        let Some(hash) = Sum::parse(&chosen.sha256) else {
            let message = format!("the archive `{}` says no SHA-256 of `{}`", chosen.archive, chosen.name);
            return Err(Diagnostic::error(&UNAVAILABLE, case.request.base_span, message));
        };
        let package = PoolPackage { hash: PackageHash::Sha256(hash), size: chosen.size };
        let key = (chosen.name.clone(), chosen.version.clone());
        pins.pools.entry((chosen.archive.clone(), architecture.to_owned())).or_default().insert(key, package);
        // What stands in for a virtual package that was asked for is asked for too.
        if (chosen.manual_before || chosen.asked) && !is_asked(chosen) {
            closure.manual.insert(chosen.name.clone());
        }
        closure.packages.insert(chosen.name.clone(), Some(chosen.version.clone()));
    }
    let base = contents.get(&place(case.request));
    if let Some(status) = base.and_then(|contents| contents.files.get("var/lib/dpkg/status")) {
        note_installed(pins, wanted, status);
    }
    add_found(pins, case.request, closure);
    Ok(())
}
