//! The closure: what must be is followed to its end, then one choice is made, and again.

use super::asked::{Asked, Chosen, Closure, Refusal};
use super::dependency::Dependency;
use super::universe::{Id, Name, Universe};
use super::version::compare;
use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

/// What `apk add` of `asked` would install, if it is the same in whatever order it is sought.
pub(super) fn closure(universe: &Universe, asked: &Asked) -> Result<Closure, Refusal> {
    let mut world = Vec::new();
    for (name, version) in &asked.packages {
        world.push(Dependency::asked(name, version.as_deref()).map_err(Refusal::plain)?);
    }
    let names: BTreeSet<&str> = world.iter().map(|dependency| dependency.name.as_str()).collect();
    // What is asked for anew replaces what the world had of that name (apk-tools 2.14, `apk_deps_add`).
    let kept = universe.world.iter().filter(|dependency| !names.contains(dependency.name.as_str()));
    let kept: Vec<Dependency> = kept.cloned().collect();
    let all = || world.iter().chain(&kept);
    let mut found: Option<Run<'_>> = None;
    for (rules, order) in ways(universe) {
        let run = Run::new(universe, rules, order).solve(all());
        let run = match (run, &found) {
            (Ok(run), _) => run,
            (Err(refusal), None) => return Err(refusal),
            (Err(refusal), Some(_)) => {
                return Err(Refusal {
                    why: format!("whether there is a closure depends on apk's order: {}", refusal.why),
                    ..refusal
                });
            }
        };
        match &found {
            None => found = Some(run),
            Some(first) if first.selected == run.selected => {}
            Some(first) => return Err(first.differs(&run)),
        }
    }
    Ok(found.map(|run| run.closure(&names)).unwrap_or_default())
}

/// Whose rules decide between packages; those of 3 differ in little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rules {
    Two,
    Three,
}

/// Which of several open choices is made first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Oldest,
    Newest,
    Name,
}

/// In which ways a closure is sought: by the rules of the base's apk, or of each if it has none.
fn ways(universe: &Universe) -> impl Iterator<Item = (Rules, Order)> {
    let major = universe.tools.as_deref().map(|version| version.split('.').next().unwrap_or_default());
    let rules: &[Rules] = match major {
        Some("2") => &[Rules::Two],
        Some("3") => &[Rules::Three],
        _ => &[Rules::Two, Rules::Three],
    };
    const ORDERS: [Order; 3] = [Order::Oldest, Order::Newest, Order::Name];
    rules.iter().flat_map(|rules| ORDERS.map(|order| (*rules, order)))
}

/// Who needs a name.
#[derive(Debug, Clone)]
pub(super) struct Need {
    /// The package; none for what was asked for.
    pub by: Option<Id>,
    /// What it says of it.
    pub text: String,
}

pub(super) struct Run<'u> {
    pub universe: &'u Universe,
    rules: Rules,
    order: Order,
    /// The names that are needed, each by whom first.
    pub needs: BTreeMap<Name, Need>,
    /// Those of them that no package is chosen for, in the order in which they came to be needed.
    open: Vec<Name>,
    /// What is chosen for a name: the package, and which of its provides.
    chosen: BTreeMap<Name, (Id, usize)>,
    /// The packages that are chosen, each for which name.
    pub because: BTreeMap<Id, Name>,
    pub selected: BTreeSet<Id>,
    /// The packages that cannot be, each why.
    pub excluded: BTreeMap<Id, Out>,
}

/// Why a package cannot be.
#[derive(Debug)]
pub(super) enum Out {
    /// As it says.
    For(String),
    /// It needs what cannot be: what it says of it, and the name.
    Without(String, Name),
}

impl<'u> Run<'u> {
    fn new(universe: &'u Universe, rules: Rules, order: Order) -> Self {
        Self {
            universe,
            rules,
            order,
            needs: BTreeMap::new(),
            open: Vec::new(),
            chosen: BTreeMap::new(),
            because: BTreeMap::new(),
            selected: BTreeSet::new(),
            excluded: BTreeMap::new(),
        }
    }

    fn solve<'w>(mut self, world: impl Iterator<Item = &'w Dependency>) -> Result<Self, Refusal> {
        for dependency in world {
            self.require(dependency, None)?;
        }
        while self.force()? || self.choose()? || self.bring()? {}
        Ok(self)
    }

    /// Takes what is without a choice. False if all that is open has one.
    fn force(&mut self) -> Result<bool, Refusal> {
        let mut forced = false;
        for name in self.open.clone() {
            if self.chosen.contains_key(&name) {
                continue;
            }
            let candidates = self.candidates(name);
            match candidates.as_slice() {
                [] => return Err(self.none(name)),
                [(id, which)] if self.is_selectable(name, *id, *which) => {
                    self.select(*id, name)?;
                    forced = true;
                }
                [_] => {}
                _ => forced |= self.share(name, &candidates)?,
            }
        }
        self.open.retain(|name| !self.chosen.contains_key(name));
        Ok(forced)
    }

    /// Of several candidates for `name` one will come: so what all of them need is needed, and what stands beside none of
    /// them cannot be.
    fn share(&mut self, name: Name, candidates: &[(Id, usize)]) -> Result<bool, Refusal> {
        let universe = self.universe;
        let ids: BTreeSet<Id> = candidates.iter().map(|(id, _)| *id).collect();
        let Some(first) = ids.first().copied() else { return Ok(false) };
        let needed = |id: &Id, other: &str| {
            universe.packages[*id]
                .package()
                .depends
                .iter()
                .any(|dependency| !dependency.conflict && dependency.name == other)
        };
        let mut changed = false;
        for dependency in universe.packages[first].package().depends.iter().filter(|dependency| !dependency.conflict) {
            let Some(other) = universe.find(&dependency.name) else { continue };
            if !self.needs.contains_key(&other) && ids.iter().all(|id| needed(id, &dependency.name)) {
                let need = Need { by: Some(first), text: dependency.name.clone() };
                self.because.entry(first).or_insert(name);
                self.need(other, need);
                changed = true;
            }
        }
        for (other, _) in &universe.packages[first].provides {
            let provides =
                |id: &Id| universe.packages[*id].provides.iter().any(|(of, version)| of == other && version.is_some());
            if *other == name || !ids.iter().all(provides) {
                continue;
            }
            for (id, _) in &universe.about[*other].providers {
                let beside = universe.packages[*id].provides.iter().any(|(of, _)| *of == name);
                if !beside && !self.excluded.contains_key(id) {
                    let why =
                        format!("every `{}` provides `{}` too", universe.about[name].text, universe.about[*other].text);
                    self.exclude(*id, why)?;
                    changed = true;
                }
            }
        }
        Ok(changed)
    }

    /// Makes one choice. False if nothing is open.
    fn choose(&mut self) -> Result<bool, Refusal> {
        let mut open = self.open.clone();
        match self.order {
            Order::Oldest => {}
            Order::Newest => open.reverse(),
            Order::Name => open.sort_by_key(|name| &self.universe.about[*name].text),
        }
        for name in &open {
            let mut candidates = self.candidates(*name);
            candidates.retain(|(id, which)| self.is_selectable(*name, *id, *which));
            if candidates.is_empty() {
                continue;
            }
            let best = self.best(*name, &candidates)?;
            self.select(best, *name)?;
            self.open.retain(|name| !self.chosen.contains_key(name));
            return Ok(true);
        }
        match open.first() {
            None => Ok(false),
            Some(name) => Err(self.undecided(*name, &self.candidates(*name))),
        }
    }

    /// Takes a package that is installed beside what is chosen (`install_if`). False if there is none.
    fn bring(&mut self) -> Result<bool, Refusal> {
        let universe = self.universe;
        let mut brought: BTreeMap<Name, Vec<(Id, usize)>> = BTreeMap::new();
        for name in self.chosen.keys() {
            for id in &universe.about[*name].brings {
                let own = universe.packages[*id].provides[0].0;
                let package = universe.packages[*id].package();
                if !self.excluded.contains_key(id)
                    && !self.chosen.contains_key(&own)
                    && package.install_if.iter().all(|dependency| self.holds(dependency))
                {
                    let of = brought.entry(own).or_default();
                    if !of.contains(&(*id, 0)) {
                        of.push((*id, 0));
                    }
                }
            }
        }
        let next = match self.order {
            Order::Newest => brought.pop_last(),
            _ => brought.pop_first(),
        };
        let Some((name, candidates)) = next else { return Ok(false) };
        let best = self.best(name, &candidates)?;
        self.select(best, name)?;
        Ok(true)
    }

    /// Whether what is chosen is what `dependency`, of an `install_if`, wants.
    fn holds(&self, dependency: &Dependency) -> bool {
        let chosen = self.universe.find(&dependency.name).and_then(|name| Some((name, *self.chosen.get(&name)?)));
        match chosen {
            Some((_, (id, which))) => self.takes(dependency, id, which) != dependency.conflict,
            // apk 2 sees that nothing is chosen only where it had to choose.
            None => dependency.conflict && self.rules == Rules::Three,
        }
    }

    fn require(&mut self, dependency: &Dependency, by: Option<Id>) -> Result<(), Refusal> {
        let need = Need { by, text: dependency.text() };
        let Some(name) = self.universe.find(&dependency.name) else {
            if dependency.conflict {
                return Ok(());
            }
            return Err(self.refusal(&need, self.unknown(&dependency.name)));
        };
        if !dependency.conflict {
            self.need(name, need.clone());
        }
        for (id, which) in &self.universe.about[name].providers {
            // A package may provide what must not be beside it.
            let is_itself = dependency.conflict && by == Some(*id);
            if self.takes(dependency, *id, *which) == dependency.conflict && !is_itself {
                let why = match (dependency.conflict, by) {
                    (true, Some(by)) => format!("{} must not be beside it", self.universe.packages[by].text()),
                    (true, None) => "the base rules it out".to_owned(),
                    (false, Some(by)) => format!("{} needs {}", self.universe.packages[by].text(), need.text),
                    (false, None) => format!("{} was asked for", need.text),
                };
                self.exclude(*id, why).map_err(|refusal| self.refusal(&need, refusal.why))?;
            }
        }
        Ok(())
    }

    fn need(&mut self, name: Name, need: Need) {
        if let Entry::Vacant(vacant) = self.needs.entry(name) {
            vacant.insert(need);
            if !self.chosen.contains_key(&name) {
                self.open.push(name);
            }
        }
    }

    fn select(&mut self, id: Id, name: Name) -> Result<(), Refusal> {
        let universe = self.universe;
        self.because.insert(id, name);
        self.selected.insert(id);
        let candidate = &universe.packages[id];
        for (which, (provided, version)) in candidate.provides.iter().enumerate() {
            if let Some((other, of)) = self.chosen.get(provided) {
                // Side by side only what is virtual in both.
                if version.is_some() || universe.packages[*other].provides[*of].1.is_some() {
                    let (one, other) = (candidate.text(), universe.packages[*other].text());
                    let why = format!("{one} and {other} both provide `{}`", universe.about[*provided].text);
                    return Err(Refusal { chain: self.chain(Some(id)), why });
                }
                continue;
            }
            self.chosen.insert(*provided, (id, which));
            for (other, of) in &universe.about[*provided].providers {
                let virtual_both = version.is_none() && universe.packages[*other].provides[*of].1.is_none();
                if *other != id && !virtual_both {
                    let why = format!("{} provides `{}` already", candidate.text(), universe.about[*provided].text);
                    self.exclude(*other, why)?;
                }
            }
        }
        for dependency in &candidate.package().depends {
            self.require(dependency, Some(id))?;
        }
        Ok(())
    }

    /// Rules a package out, and with it those that cannot be without it.
    fn exclude(&mut self, id: Id, why: String) -> Result<(), Refusal> {
        let universe = self.universe;
        let mut next = vec![(id, Out::For(why))];
        while let Some((id, out)) = next.pop() {
            if self.excluded.contains_key(&id) {
                continue;
            }
            if self.selected.contains(&id) {
                let why =
                    format!("{} is needed, and cannot be: {}", universe.packages[id].text(), self.reason(&out, 0));
                return Err(Refusal { chain: self.chain(Some(id)), why });
            }
            self.excluded.insert(id, out);
            for (name, _) in &universe.packages[id].provides {
                next.extend(
                    universe.about[*name].needed_by.iter().filter_map(|other| self.left_without(*other, *name)),
                );
            }
        }
        Ok(())
    }

    /// Why the package cannot be any more, if nothing is left that it needs by the name.
    fn left_without(&self, id: Id, name: Name) -> Option<(Id, Out)> {
        if self.excluded.contains_key(&id) || self.selected.contains(&id) {
            return None;
        }
        let candidates = self.candidates(name);
        let of_name =
            |dependency: &&Dependency| !dependency.conflict && dependency.name == self.universe.about[name].text;
        let left = |dependency: &Dependency| candidates.iter().any(|(id, which)| self.takes(dependency, *id, *which));
        let depends = &self.universe.packages[id].package().depends;
        let dependency = depends.iter().filter(of_name).find(|dependency| !left(dependency))?;
        Some((id, Out::Without(dependency.text(), name)))
    }

    /// What provides `name` and can be.
    fn candidates(&self, name: Name) -> Vec<(Id, usize)> {
        let providers = self.universe.about[name].providers.iter();
        providers.filter(|(id, _)| !self.excluded.contains_key(id)).copied().collect()
    }

    fn takes(&self, dependency: &Dependency, id: Id, which: usize) -> bool {
        let candidate = &self.universe.packages[id];
        dependency.takes(candidate.provides[which].1.as_deref(), &candidate.package().checksum)
    }

    /// Whether apk takes a package for `name` by itself. What is virtual it takes only with a priority, or if the package is
    /// needed by its own name (apk-package(5), `provider_priority`); 2 also if nothing else provides it.
    fn is_selectable(&self, name: Name, id: Id, which: usize) -> bool {
        let candidate = &self.universe.packages[id];
        candidate.provides[which].1.is_some()
            || candidate.package().priority > 0
            || self.needs.contains_key(&candidate.provides[0].0)
            || (self.rules == Rules::Two && self.universe.about[name].providers.len() == 1)
    }

    /// The one of `candidates` that apk prefers for `name`.
    fn best(&self, name: Name, candidates: &[(Id, usize)]) -> Result<Id, Refusal> {
        let mut best = candidates[0];
        let mut equal: Option<(Id, usize)> = None;
        for candidate in &candidates[1..] {
            match self.prefer(*candidate, best) {
                Ordering::Greater => (best, equal) = (*candidate, None),
                Ordering::Equal => equal = Some(*candidate),
                Ordering::Less => {}
            }
        }
        match equal {
            // One package twice in an index.
            Some(equal) if self.universe.packages[equal.0].text() == self.universe.packages[best.0].text() => {
                Ok(best.0)
            }
            Some(equal) => Err(self.undecided(name, &[best, equal])),
            None => Ok(best.0),
        }
    }

    /// apk's order of two that provide a name (apk-tools 2.14 and 3, solver.c): installed, the later version of the name,
    /// the later version of the package, the greater priority, the earlier repository.
    fn prefer(&self, one: (Id, usize), other: (Id, usize)) -> Ordering {
        let packages = &self.universe.packages;
        let (a, b) = (&packages[one.0], &packages[other.0]);
        let (a_version, b_version) = (&a.provides[one.1].1, &b.provides[other.1].1);
        let same_package = a.provides[0].0 == b.provides[0].0;
        let installed = a.installed.cmp(&b.installed);
        let priority = a.package().priority.cmp(&b.package().priority);
        let counts = self.rules == Rules::Two || same_package || a_version.is_some() || b_version.is_some();
        let version = match (a_version, b_version) {
            (Some(a), Some(b)) => compare(a, b),
            _ => Ordering::Equal,
        };
        let own = if same_package { compare(&a.package().version, &b.package().version) } else { Ordering::Equal };
        let (then, last) = if self.rules == Rules::Two { (installed, priority) } else { (priority, installed) };
        let first = if counts { installed } else { Ordering::Equal };
        first.then(version).then(own).then(then).then(last).then_with(|| b.index.cmp(&a.index))
    }

    fn closure(&self, asked: &BTreeSet<&str>) -> Closure {
        let universe = self.universe;
        let mut before: BTreeMap<&str, &str> = BTreeMap::new();
        for candidate in universe.packages.iter().filter(|candidate| candidate.installed) {
            before.insert(&candidate.package().name, &candidate.package().version);
        }
        let asked_for: BTreeSet<Id> =
            asked.iter().filter_map(|name| self.chosen.get(&universe.find(name)?)).map(|(id, _)| *id).collect();
        let new = self.selected.iter().filter(|id| !universe.packages[**id].installed);
        let mut packages: Vec<Chosen> = new
            .filter_map(|id| {
                let candidate = &universe.packages[*id];
                let package = candidate.package();
                Some(Chosen {
                    name: package.name.clone(),
                    version: package.version.clone(),
                    checksum: package.checksum.clone(),
                    size: package.size,
                    index: candidate.index?,
                    asked: asked_for.contains(id),
                    upgraded_from: before.get(package.name.as_str()).map(|version| (*version).to_owned()),
                })
            })
            .collect();
        packages.sort_by(|a, b| a.name.cmp(&b.name));
        Closure { packages }
    }
}
