//! What a graph asks of the lock, and what the lock says put into it: digests into references, checksums into downloads,
//! commits into checkouts, closures into packages.

use super::step::{PinnedArchive, PinnedPackages};
use super::{Base, CopyFrom, Graph, Packages, Stage, StepKind};
use crate::base::{Digest, ImageRef, Platform, Span, Sum, World};
use crate::diagnostic::codes::UNREADABLE_FILE;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::lock::{Asked, Closure, Locked, PinOf, PinnedPackage, Wanted};
use crate::spec::{Manager, Package, Pinning, Repository};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What a graph asks of the lock, each thing once, with the places that ask.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    /// Images of registries that have no digest.
    pub bases: Vec<(ImageRef, Span)>,
    /// Downloads that have no checksum.
    pub fetches: Vec<(String, Span)>,
    /// Repositories and what is checked out of them, where that is no commit.
    pub commits: Vec<((String, String), Span)>,
    /// What stages install.
    pub closures: Vec<Request>,
}

/// What a stage installs on one platform.
#[derive(Debug, Clone)]
pub struct Request {
    /// What is wanted.
    pub wanted: Wanted,
    /// The image it stands on.
    pub base: ImageRef,
    /// The repositories that [`Wanted::repositories`] names, in that order, each with the build context that its key is
    /// in.
    pub repositories: Vec<(Repository, String)>,
    /// Where the base is named.
    pub base_span: Span,
    /// Where packages are asked for, by what is asked for.
    pub places: BTreeMap<String, Span>,
    /// A hash of what of the spec it depends on beside what is wanted.
    pub terms: Sum,
}

/// What `graph` asks of the lock.
pub fn requests(graph: &Graph) -> Requests {
    let mut requests = Requests::default();
    for stage in &graph.stages {
        if let Base::Registry(image) = &stage.base.value
            && image.digest().is_none()
        {
            requests.bases.push((image.clone(), stage.base.span));
        }
        for step in &stage.steps {
            match &step.kind {
                StepKind::Copy(copy) => {
                    if let CopyFrom::Registry(image) = &copy.from
                        && image.digest().is_none()
                    {
                        requests.bases.push((image.clone(), step.span()));
                    }
                }
                StepKind::Fetch(fetch) if fetch.checksum.is_none() => {
                    requests.fetches.push((fetch.url.value.clone(), fetch.url.span));
                }
                StepKind::Git(git) if !is_commit(&git.reference.value) => {
                    let key = (git.url.value.clone(), git.reference.value.clone());
                    requests.commits.push((key, git.reference.span));
                }
                _ => {}
            }
        }
        for manager in MANAGERS {
            requests.closures.extend(Installs::of(graph, stage, manager).iter().flat_map(Installs::requests));
        }
    }
    requests
}

/// Puts what the lock says into `graph`, and gives what it was asked. What it does not say stays open. Of packages whose
/// pin was found for something else the places go to [`Graph::stale`].
pub fn pin(
    graph: &mut Graph,
    locked: &Locked,
    world: &dyn World,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<PinOf>, Reported> {
    let mut asked: BTreeSet<PinOf> = BTreeSet::new();
    let pinned = pinned_packages(graph, locked, world, diagnostics, &mut asked);
    let mut base = |image: &mut ImageRef| {
        if image.digest().is_some() {
            return;
        }
        let name = image.to_string();
        if let Some(pin) = locked.pins().bases.get(&name) {
            *image = image.clone().with_digest(pin.digest.clone());
        }
        asked.insert(PinOf::Base(name));
    };
    for stage in &mut graph.stages {
        if let Base::Registry(image) = &mut stage.base.value {
            base(image);
        }
        for step in &mut stage.steps {
            if let StepKind::Copy(copy) = &mut step.kind
                && let CopyFrom::Registry(image) = &mut copy.from
            {
                base(image);
            }
        }
    }
    for step in graph.stages.iter_mut().flat_map(|stage| &mut stage.steps) {
        match &mut step.kind {
            StepKind::Fetch(fetch) if fetch.checksum.is_none() => {
                let url = &fetch.url.value;
                fetch.checksum = locked.pins().fetches.get(url).map(|sum| Digest::of(*sum));
                asked.insert(PinOf::Fetch(url.clone()));
            }
            StepKind::Git(git) if !is_commit(&git.reference.value) => {
                let key = (git.url.value.clone(), git.reference.value.clone());
                if let Some(commit) = locked.pins().commits.get(&key) {
                    git.reference.value = commit.clone();
                }
                asked.insert(PinOf::Commit(key.0, key.1));
            }
            _ => {}
        }
    }
    let (pinned, stale) = pinned?;
    for (stage, pinned) in graph.stages.iter_mut().zip(pinned) {
        for step in &mut stage.steps {
            if let StepKind::Packages(packages) = &mut step.kind {
                packages.pinned = pinned.get(&packages.manager).cloned();
            }
        }
    }
    graph.stale = stale;
    Ok(asked.into_iter().collect())
}

/// Whether it is a whole object name, of SHA-1 or SHA-256. A short one may come to name two commits.
pub fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|b| b.is_ascii_hexdigit())
}

const MANAGERS: [Manager; 3] = [Manager::Apt, Manager::Apk, Manager::Dnf];

/// The platforms that a stage is built on.
fn platforms(graph: &Graph, on_builder: bool) -> BTreeSet<Platform> {
    let mut platforms: BTreeSet<Platform> = graph.platforms.iter().map(Platform::normal).collect();
    if platforms.is_empty() || on_builder {
        platforms.insert(Platform::usual());
    }
    platforms
}

/// What a stage installs with one manager, wherever it is built.
struct Installs<'g> {
    graph: &'g Graph,
    stage: &'g Stage,
    manager: Manager,
    base: &'g ImageRef,
    /// The stage that stands on the base.
    lowest: &'g Stage,
    asked: Asked,
    below: Vec<Asked>,
    /// The repositories, each with the build context that its key is in.
    repositories: Vec<(&'g Repository, &'g str)>,
}

impl<'g> Installs<'g> {
    /// What `stage` installs with `manager`; nothing if that is no package, or on no image of a registry.
    fn of(graph: &'g Graph, stage: &'g Stage, manager: Manager) -> Option<Self> {
        if steps(stage, manager).all(|packages| packages.packages.is_empty()) {
            return None;
        }
        let lineage: Vec<(&str, &Stage)> = graph.lineage(stage).collect();
        let (_, lowest) = *lineage.last()?;
        let Base::Registry(base) = &lowest.base.value else { return None };
        let below = lineage.iter().skip(1).rev().map(|(_, stage)| asked(stage, manager));
        let below = below.filter(|asked| !asked.packages.is_empty()).collect();
        let mut repositories: Vec<(&Repository, &str)> = Vec::new();
        for (context, stage) in lineage.iter().rev() {
            for repository in steps(stage, manager).flat_map(|packages| &packages.repositories) {
                let name = &repository.name.value;
                if repositories.iter().all(|(known, _)| known.name.value != *name) {
                    repositories.push((repository, context));
                }
            }
        }
        Some(Self { graph, stage, manager, base, lowest, asked: asked(stage, manager), below, repositories })
    }

    /// What is wanted on each platform.
    fn wanted(&self) -> impl Iterator<Item = Wanted> + '_ {
        platforms(self.graph, self.lowest.on_builder).into_iter().map(|platform| Wanted {
            manager: self.manager,
            platform,
            base: self.base.to_string(),
            below: self.below.clone(),
            asked: self.asked.clone(),
            repositories: self.repositories.iter().map(|(repository, _)| repository.name.value.clone()).collect(),
        })
    }

    /// Where packages are asked for, by what is asked for.
    fn places(&self) -> BTreeMap<String, Span> {
        let packages = steps(self.stage, self.manager).flat_map(|packages| &packages.packages);
        let place = |package: &Package| {
            let version = package.version.as_ref().map(|version| version.value.as_str());
            (asked_text(&package.name.value, version), package.name.span)
        };
        packages.map(place).collect()
    }

    /// A hash of where packages come from, as far as specs say it.
    fn terms(&self) -> Sum {
        terms(&self.graph.pinning, &self.repositories)
    }

    /// What it asks of the lock, on each platform.
    fn requests(&self) -> Vec<Request> {
        let (places, terms) = (self.places(), self.terms());
        let own = |(repository, context): &(&Repository, &str)| ((*repository).clone(), (*context).to_owned());
        let repositories: Vec<(Repository, String)> = self.repositories.iter().map(own).collect();
        let request = |wanted| Request {
            wanted,
            base: self.base.clone(),
            repositories: repositories.clone(),
            base_span: self.lowest.base.span,
            places: places.clone(),
            terms,
        };
        self.wanted().map(request).collect()
    }
}

fn steps(stage: &Stage, manager: Manager) -> impl Iterator<Item = &Packages> {
    stage.steps.iter().filter_map(move |step| match &step.kind {
        StepKind::Packages(packages) if packages.manager == manager => Some(packages),
        _ => None,
    })
}

/// What `stage` itself asks for.
fn asked(stage: &Stage, manager: Manager) -> Asked {
    let mut asked = Asked::default();
    let mut versioned = BTreeSet::new();
    for packages in steps(stage, manager) {
        asked.recommends |= packages.recommends;
        for package in &packages.packages {
            let version = package.version.as_ref().map(|version| version.value.as_str());
            if version.is_some() {
                versioned.insert(package.name.value.clone());
            }
            asked.packages.insert(asked_text(&package.name.value, version));
        }
    }
    // One that is wanted without a version takes that of another mention.
    asked.packages.retain(|text| !versioned.contains(text));
    asked
}

/// A package that is asked for, as the lock has it.
fn asked_text(name: &str, version: Option<&str>) -> String {
    match version {
        None => name.to_owned(),
        Some(version) => {
            let version: String = version.split_whitespace().collect();
            let sign = if version.starts_with(['<', '>', '=']) { "" } else { "=" };
            format!("{name}{sign}{version}")
        }
    }
}

/// A hash of where packages come from, as far as specs say it.
fn terms(pinning: &Pinning, repositories: &[(&Repository, &str)]) -> Sum {
    let mut text = format!("{}\n", pinning.reach.as_str());
    for archive in &pinning.archives {
        let bases = archive.bases.as_ref().map_or("", |bases| bases.written.as_str());
        let (name, uri) = (&archive.name.value, &archive.uri.value);
        let key = archive.key.as_ref().map_or("", |key| key.value.as_str());
        let (suites, components) = (archive.suites.join(" "), archive.components.join(" "));
        text.push_str(&format!("{name}\n{uri}\n{suites}\n{components}\n{key}\n{bases}\n"));
    }
    for (repository, _) in repositories {
        let suite = repository.suite.as_ref().map_or("", |suite| suite.value.as_str());
        let (name, uri) = (&repository.name.value, &repository.uri.value);
        text.push_str(&format!("{name}\n{uri}\n{suite}\n{}\n", repository.components.join(" ")));
    }
    Sum::of(text.as_bytes())
}

type OfStages = Vec<BTreeMap<Manager, Arc<PinnedPackages>>>;

/// The pins of the packages of each stage, and the places of packages whose pins were found for something else.
fn pinned_packages(
    graph: &Graph,
    locked: &Locked,
    world: &dyn World,
    diagnostics: &mut Diagnostics,
    asked: &mut BTreeSet<PinOf>,
) -> Result<(OfStages, Vec<Span>), Reported> {
    let mut stale = Vec::new();
    let mut failed = None;
    let mut of_stages = Vec::new();
    for stage in &graph.stages {
        let mut of_stage = BTreeMap::new();
        for manager in MANAGERS {
            let Some(installs) = Installs::of(graph, stage, manager) else { continue };
            let mut found: Vec<(Platform, &Closure, Arc<Vec<PinnedPackage>>)> = Vec::new();
            let mut count = 0;
            for wanted in installs.wanted() {
                if let Some(closure) = locked.pins().closures.get(&wanted) {
                    match locked.resolved(&wanted, closure, installs.terms()) {
                        Some(packages) => found.push((wanted.platform.clone(), closure, packages)),
                        None => stale.extend(installs.places().into_values()),
                    }
                }
                count += 1;
                asked.insert(PinOf::Closure(wanted));
            }
            if found.is_empty() || found.len() < count {
                continue;
            }
            match pinned_of(&found, locked, &graph.pinning, world, diagnostics) {
                Ok(pinned) => {
                    of_stage.insert(manager, Arc::new(pinned));
                }
                Err(reported) => failed = Some(reported),
            }
        }
        of_stages.push(of_stage);
    }
    failed.map_or(Ok((of_stages, stale)), Err)
}

fn pinned_of(
    found: &[(Platform, &Closure, Arc<Vec<PinnedPackage>>)],
    locked: &Locked,
    pinning: &Pinning,
    world: &dyn World,
    diagnostics: &mut Diagnostics,
) -> Result<PinnedPackages, Reported> {
    let mut pinned = PinnedPackages { closures: BTreeMap::new(), archives: Vec::new(), dated: 0 };
    for (platform, closure, packages) in found {
        pinned.closures.insert(platform.clone(), Arc::clone(packages));
        for name in &closure.archives {
            let Some(archive) = locked.pins().archives.get(name) else { continue };
            pinned.dated = pinned.dated.max(archive.dated.seconds());
            // Those of the base are set up there, and repositories are where the spec says.
            let own = pinning.archives.iter().find(|own| is_named(name, &own.name.value));
            let Some(own) = own else { continue };
            let signed_by = match &own.key {
                None => archive.signed_by.clone(),
                Some(key) => Some(world.read(&key.value).map_err(|invalid| {
                    let message = format!("the key of the archive `{}` cannot be read: {invalid}", own.name.value);
                    diagnostics.error(Diagnostic::error(&UNREADABLE_FILE, key.span, message))
                })?),
            };
            let archive = PinnedArchive {
                uri: archive.uri.clone(),
                suite: archive.suite.clone(),
                components: archive.components.clone(),
                signed_by,
            };
            if !pinned.archives.contains(&archive) {
                pinned.archives.push(archive);
            }
        }
    }
    Ok(pinned)
}

/// Whether the archive `name` of the lock is of what is called `own` in specs.
fn is_named(name: &str, own: &str) -> bool {
    name.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
