//! All packages there are, for a base.

use super::cache::{Cache, NONE, Package};
use super::policy::Policy;
use super::solve;
use super::stanza::{Field, Stanza, Stanzas};
use super::state::{PackageState, State};
use super::{Asked, Closure, Flaw, Index, Installed, Refusal};
use std::sync::Arc;

/// The packages of archives, parsed. One is shared by all bases that install from the same archives.
#[derive(Debug)]
pub struct Indexes {
    pub(super) cache: Cache,
    pub(super) indexes: Vec<Index>,
}

impl Indexes {
    /// The packages of `indexes`, which are in the order of the sources (of suites, then of components), for the
    /// `architecture` as Debian calls it. A stanza that is none is an error that names it.
    pub fn read(indexes: &[Index], architecture: &str) -> Result<Self, Flaw> {
        let mut cache = Cache { architecture: architecture.to_owned(), ..Cache::default() };
        for (number, index) in indexes.iter().enumerate() {
            let number = u16::try_from(number).ok().filter(|number| *number < u16::MAX);
            let number = number.ok_or_else(|| Flaw("there are more than 65,000 indexes".to_owned()))?;
            let named = |flaw: Flaw| Flaw(format!("{} {}: {flaw}", index.release.name, index.component));
            cache.add_index(number, &index.bytes).map_err(named)?;
        }
        cache.more_indexes.sort_unstable();
        cache.versions.share();
        cache.depends.share();
        cache.provides.share();
        Ok(Self { cache, indexes: indexes.to_vec() })
    }
}

/// The packages of archives, and what a base has of them.
#[derive(Debug)]
pub struct Universe {
    pub(super) cache: Cache,
    pub(super) indexes: Arc<Indexes>,
    /// The packages that are installed.
    pub(super) installed: Vec<u32>,
    /// What is decided of packages before anything is asked for.
    pub(super) initial: Vec<PackageState>,
    /// The packages of the base that are broken as they are.
    pub(super) broken: Vec<u32>,
}

impl Universe {
    /// The universe of a base. A base with what is not followed (packages of another architecture, pins of unusual forms,
    /// packages that are half installed) is an error that says so.
    pub fn new(indexes: &Arc<Indexes>, installed: &Installed) -> Result<Self, Flaw> {
        let mut cache = indexes.cache.clone();
        cache.add_status(&installed.status, read_status)?;
        read_states(&mut cache, &installed.extended_states);
        let policy = Policy::new(&cache, &indexes.indexes, &installed.preferences)?;
        let packages = 0..cache.packages.len() as u32;
        let candidates: Vec<u32> = packages.clone().map(|package| policy.candidate(&cache, package)).collect();
        let initial = State::initial(&cache, &candidates);
        let installed = packages.filter(|package| cache.package(*package).current != NONE).collect();
        let indexes = Arc::clone(indexes);
        let mut universe = Self { cache, indexes, installed, initial, broken: Vec::new() };
        universe.broken = State::new(&universe, false).broken();
        Ok(universe)
    }

    /// What `apt-get install --no-remove` would install for `asked`.
    pub fn closure(&self, asked: &Asked) -> Result<Closure, Refusal> {
        solve::find(self, asked)
    }

    /// The version of a package that would be installed if only its name were asked for.
    pub fn candidate(&self, name: &str) -> Option<String> {
        let package = self.cache.find(name.as_bytes())?;
        let version = self.initial[package as usize].candidate;
        (version != NONE).then(|| self.cache.texts.text(self.cache.version(version).text))
    }
}

/// `debStatusListParser::ParseStatus`.
fn read_status(cache: &mut Cache, stanza: &Stanza<'_>, package: u32, version: Option<u32>) -> Result<(), Flaw> {
    let status = String::from_utf8_lossy(stanza.get(Field::Status)).into_owned();
    let words: Vec<&str> = status.split(' ').collect();
    let flaw = |what: &str| Err(Flaw(format!("the base's package `{}` {what}", stanza.name().trim())));
    let (want, problem, state) = match words.as_slice() {
        // Without a status nothing is installed.
        [""] => return Ok(()),
        [want, problem, state] => (*want, *problem, *state),
        _ => return flaw("has a malformed status"),
    };
    let record = &mut cache.packages[package as usize];
    if want == "hold" {
        record.flags |= Package::HELD;
    }
    match (problem, state, version) {
        ("ok", "not-installed" | "config-files", _) => Ok(()),
        ("ok", "installed" | "triggers-awaited" | "triggers-pending", Some(version)) => {
            if record.current != NONE {
                return flaw("is installed twice");
            }
            record.current = version;
            Ok(())
        }
        _ => flaw(&format!("is not wholly installed (`{status}`), which is not followed")),
    }
}

/// `pkgDepCache::readStateFile`.
fn read_states(cache: &mut Cache, bytes: &[u8]) {
    for stanza in Stanzas::new(bytes) {
        let architecture = stanza.get(Field::Architecture);
        let native = matches!(architecture, b"" | b"all") || architecture == cache.architecture.as_bytes();
        if !native || stanza.number(Field::AutoInstalled) == 0 {
            continue;
        }
        if let Some(package) = cache.find(stanza.get(Field::Package)) {
            cache.packages[package as usize].flags |= Package::AUTO;
        }
    }
}
