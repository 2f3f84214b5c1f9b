//! All packages that are in question on one base, and what provides, needs and brings what.

use super::asked::{Asked, Closure, Refusal};
use super::dependency::Dependency;
use super::index::Package;
use super::solve;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a base image has.
#[derive(Debug, Clone, Default)]
pub struct Base {
    /// What is installed.
    pub installed: Vec<Package>,
    /// What was asked for (`etc/apk/world`), which apk keeps.
    pub world: Vec<Dependency>,
}

impl Base {
    /// The base that has `world` (apk-world(5)) and `installed`; or why the world is not followed.
    pub fn new(world: &str, installed: Vec<Package>) -> Result<Self, String> {
        let world = world.split_ascii_whitespace().map(Dependency::parse).collect::<Result<_, _>>()?;
        Ok(Self { installed, world })
    }
}

/// The packages of indexes and of a base.
#[derive(Debug)]
pub struct Universe {
    pub(super) packages: Vec<Candidate>,
    names: BTreeMap<String, Name>,
    pub(super) about: Vec<About>,
    pub(super) world: Vec<Dependency>,
    /// The version of the base's apk-tools.
    pub(super) tools: Option<String>,
}

/// The number of a name.
pub(super) type Name = usize;
/// The number of a package.
pub(super) type Id = usize;

/// A package, and where it is.
#[derive(Debug)]
pub(super) struct Candidate {
    pub indexes: Arc<Vec<Package>>,
    pub at: usize,
    /// The first index that has it; none if only the base does.
    pub index: Option<usize>,
    pub installed: bool,
    /// Its own name, then what it provides.
    pub provides: Vec<(Name, Option<String>)>,
}

impl Candidate {
    pub fn package(&self) -> &Package {
        &self.indexes[self.at]
    }

    /// Its name and version.
    pub fn text(&self) -> String {
        let Package { name, version, .. } = self.package();
        format!("{name} {version}")
    }
}

/// Who has to do with a name.
#[derive(Debug, Default)]
pub(super) struct About {
    pub text: String,
    /// What provides it, and which of the packages' `provides` says so.
    pub providers: Vec<(Id, usize)>,
    /// What needs it.
    pub needed_by: Vec<Id>,
    /// What is installed beside it.
    pub brings: Vec<Id>,
}

impl Universe {
    /// The packages of `base` and of `indexes`, which are in the order of `etc/apk/repositories`.
    pub fn new(base: Base, indexes: &[Arc<Vec<Package>>]) -> Self {
        let tools =
            base.installed.iter().find(|package| package.name == "apk-tools").map(|found| found.version.clone());
        let Base { installed, world } = base;
        let mut universe = Self { packages: Vec::new(), names: BTreeMap::new(), about: Vec::new(), world, tools };
        // apk knows a package by its checksum: one that is installed and in an index is one.
        let mut known: BTreeMap<String, Id> = BTreeMap::new();
        let installed = Arc::new(installed);
        let sources =
            std::iter::once((None, &installed)).chain(indexes.iter().enumerate().map(|(at, of)| (Some(at), of)));
        for (index, packages) in sources {
            for at in 0..packages.len() {
                let checksum = &packages[at].checksum;
                if let Some(id) = known.get(checksum) {
                    let candidate = &mut universe.packages[*id];
                    candidate.index = candidate.index.or(index);
                } else {
                    known.insert(checksum.clone(), universe.packages.len());
                    universe.add(packages, at, index);
                }
            }
        }
        for dependency in universe.world.clone() {
            universe.name(&dependency.name);
        }
        universe
    }

    /// What `apk add` of `asked` would install; or why there is no answer.
    pub fn closure(&self, asked: &Asked) -> Result<Closure, Refusal> {
        solve::closure(self, asked)
    }

    /// The number of the name `text`, if any package has to do with it.
    pub(super) fn find(&self, text: &str) -> Option<Name> {
        self.names.get(text).copied()
    }

    fn add(&mut self, indexes: &Arc<Vec<Package>>, at: usize, index: Option<usize>) {
        let package = &indexes[at];
        let id = self.packages.len();
        let mut provides = vec![(self.name(&package.name), Some(package.version.clone()))];
        for provide in &package.provides {
            let name = self.name(&provide.name);
            if !provides.iter().any(|(other, _)| *other == name) {
                provides.push((name, provide.version.clone()));
            }
        }
        for (which, (name, _)) in provides.iter().enumerate() {
            self.about[*name].providers.push((id, which));
        }
        for dependency in &package.depends {
            let name = self.name(&dependency.name);
            self.about[name].needed_by.push(id);
        }
        for dependency in &package.install_if {
            let name = self.name(&dependency.name);
            self.about[name].brings.push(id);
        }
        let indexes = Arc::clone(indexes);
        self.packages.push(Candidate { indexes, at, index, installed: index.is_none(), provides });
    }

    fn name(&mut self, text: &str) -> Name {
        if let Some(name) = self.names.get(text) {
            return *name;
        }
        let name = self.about.len();
        self.about.push(About { text: text.to_owned(), ..About::default() });
        self.names.insert(text.to_owned(), name);
        name
    }
}
