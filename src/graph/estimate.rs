//! What is known of a stage's steps before they are ordered: what changes them, and what they cost.
//!
//! What changes a step are its sources: paths of the build context, each one source however many steps read it, and the
//! step's own text in the spec. How often comes from `changes=`, else from the history in the lock, which knows what
//! changes together, else from a table of kinds; by that everything changes by itself.

use super::{Base, BaseImage, CopyFrom, Graph, Mount, Stage, Step, StepId, StepKind, measured_cost};
use crate::base::below;
use crate::lock::Measured;
use crate::order::{Chance, Event, Expected, Problem};
use crate::spec::Changes;
use std::collections::BTreeSet;
use std::fmt;

/// What is known of a stage.
#[derive(Debug, Clone)]
pub struct Estimates {
    /// Its steps, in their order, as they are to be ordered.
    pub problem: Problem,
    /// The same for people.
    pub steps: Vec<Estimate>,
}

/// What is known of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// The chance that a source of its own changed since the last build.
    pub chance: Chance,
    /// How that is known.
    pub chance_known: Known,
    /// What it costs to execute, in milliseconds.
    pub cost: u64,
    /// How that is known.
    pub cost_known: Known,
}

/// How something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The spec says so.
    Said,
    /// It was measured; the lock holds it.
    Measured,
    /// From the table of kinds.
    Default,
}

/// In how many of 10,000 builds a directory of the context changes.
const DIRECTORY: u16 = 5_000;
/// A file or a glob.
const FILE: u16 = 1_500;
/// A manifest that a language's installation reads.
const MANIFEST: u16 = 400;
/// The key of a package repository.
const REPOSITORY_KEY: u16 = 50;
/// What another image, a named context, or a stage of which nothing is known holds.
const ELSEWHERE: u16 = 5_000;
/// An image of a registry.
const REGISTRY: u16 = 200;

/// The estimates of all stages, in their order.
pub fn estimates(graph: &Graph) -> Vec<Estimates> {
    estimates_by(graph, &graph.measured)
}

/// The same by other measurements than the graph's.
fn estimates_by(graph: &Graph, measured: &Measured) -> Vec<Estimates> {
    let sources = Sources::of(graph, measured);
    let stages = graph.stages.iter().enumerate();
    stages.map(|(number, stage)| sources.estimates(measured, number, stage)).collect()
}

/// What a rebuild of all stages is expected to cost in their order, by these measurements.
pub fn expected_rebuild(graph: &Graph, measured: &Measured) -> Expected {
    let cost = |known: Estimates| known.problem.cost(&(0..known.steps.len()).collect::<Vec<usize>>());
    estimates_by(graph, measured).into_iter().map(cost).fold(Expected::default(), |sum, cost| sum + cost)
}

/// Something that changes.
struct Source<'g> {
    kind: SourceKind<'g>,
    /// In how many of 10,000 builds, unless the history knows.
    builds: u16,
    /// Whether the history knows.
    measured: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceKind<'g> {
    /// A path, seen from a context.
    Path(&'g str, &'g str),
    /// What is somewhere else, by its name.
    Elsewhere(&'g CopyFrom),
    /// What a step is itself.
    Own,
}

/// All that changes, and what of it changes a step or all of a stage: numbers in `list`, rising.
#[derive(Default)]
struct Sources<'g> {
    list: Vec<Source<'g>>,
    /// Of each step of each stage.
    steps: Vec<Vec<Vec<u32>>>,
    /// Of what each stage starts from.
    below: Vec<Vec<u32>>,
}

impl<'g> Sources<'g> {
    fn of(graph: &'g Graph, measured: &Measured) -> Self {
        let mut sources = Self::default();
        let own: Vec<Vec<Vec<u32>>> = graph
            .stages
            .iter()
            .map(|stage| stage.steps.iter().map(|step| sources.of_step(&graph.context, step)).collect())
            .collect();
        let bases: Vec<(&BaseImage, Vec<u32>)> = graph.bases.iter().map(|base| (base, sources.of_base(base))).collect();
        sources.find_measured(graph, measured);
        // What all of each stage is changed by.
        let mut wholes: Vec<Vec<u32>> = Vec::with_capacity(graph.stages.len());
        for (stage, own) in graph.stages.iter().zip(own) {
            let whole = |name: &crate::base::StageName| {
                let named = |other: &Stage| other.name.as_ref().is_some_and(|other| other.value == *name);
                graph.stages.iter().take(wholes.len()).position(named).map(|at| &wholes[at])
            };
            let image = |name: &crate::base::ImageName| bases.iter().find(|(base, _)| base.name == *name);
            let below = match &stage.base.value {
                Base::Stage(name) => whole(name).cloned().unwrap_or_default(),
                Base::Image(name) => image(name).map(|(_, all)| all.clone()).unwrap_or_default(),
                Base::Scratch | Base::Registry(_) => Vec::new(),
            };
            let mut steps = own;
            for (step, all) in stage.steps.iter().zip(&mut steps) {
                if step.expected.changes.is_some() {
                    continue;
                }
                sources.add_inner(all);
                if let StepKind::Copy(copy) = &step.kind {
                    let from = match &copy.from {
                        CopyFrom::Stage(name) => whole(name),
                        CopyFrom::Image(name) => image(name).map(|(_, all)| all),
                        CopyFrom::Context | CopyFrom::Registry(_) | CopyFrom::Named(_) => None,
                    };
                    match from {
                        Some(from) => all.extend(from),
                        None if copy.from == CopyFrom::Context => {}
                        None => all.push(sources.number(SourceKind::Elsewhere(&copy.from), elsewhere(&copy.from))),
                    }
                }
                sort(all);
            }
            let mut whole = below.clone();
            steps.iter().for_each(|step| whole.extend(step));
            sort(&mut whole);
            wholes.push(whole);
            sources.steps.push(steps);
            sources.below.push(below);
        }
        sources
    }

    /// The sources of a step but for those of what it copies from elsewhere.
    fn of_step(&mut self, context: &'g str, step: &'g Step) -> Vec<u32> {
        if let Some(changes) = step.expected.changes {
            return match changes {
                Changes::Never => Vec::new(),
                Changes::Rarely => vec![self.push(200)],
                Changes::Often => vec![self.push(5_000)],
                Changes::Always => vec![self.push(10_000)],
            };
        }
        let mut all = Vec::new();
        if let own @ 1.. = own_builds(step) {
            all.push(self.push(own));
            if !matches!(step.kind, StepKind::Packages(_)) {
                // Of a merged step each part is its own text.
                all.extend(step.origins.iter().skip(1).map(|_| self.push(own)));
            }
        }
        match &step.kind {
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => {
                for source in &copy.sources {
                    let builds = if source.directory { DIRECTORY } else { FILE };
                    all.push(self.number(SourceKind::Path(context, &source.path.value), builds));
                }
            }
            kind => {
                let builds = match kind {
                    StepKind::Packages(_) => REPOSITORY_KEY,
                    StepKind::Run(run) if !run.generated => FILE,
                    _ => MANIFEST,
                };
                let paths = step.context_paths().into_iter();
                all.extend(paths.map(|path| self.number(SourceKind::Path(context, path), builds)));
            }
        }
        all
    }

    /// The sources of another image as far as its stages are known.
    fn of_base(&mut self, base: &'g BaseImage) -> Vec<u32> {
        let mut all = Vec::new();
        for step in base.stages.iter().flat_map(|stage| &stage.steps) {
            all.extend(self.of_step(&base.context, step));
            if let StepKind::Copy(copy) = &step.kind
                && copy.from != CopyFrom::Context
            {
                all.push(self.push(elsewhere(&copy.from)));
            }
        }
        sort(&mut all);
        all
    }

    /// The number of what several steps may be changed by; of several guesses the least counts.
    fn number(&mut self, kind: SourceKind<'g>, builds: u16) -> u32 {
        match self.list.iter().position(|source| source.kind == kind) {
            Some(at) => {
                self.list[at].builds = self.list[at].builds.min(builds);
                at as u32
            }
            None => {
                self.list.push(Source { kind, builds, measured: false });
                self.list.len() as u32 - 1
            }
        }
    }

    /// The number of what changes one step alone.
    fn push(&mut self, builds: u16) -> u32 {
        self.list.push(Source { kind: SourceKind::Own, builds, measured: false });
        self.list.len() as u32 - 1
    }

    fn find_measured(&mut self, graph: &Graph, measured: &Measured) {
        let paths: BTreeSet<&str> =
            measured.history.iter().flat_map(|touched| &touched.paths).map(String::as_str).collect();
        if paths.is_empty() {
            return;
        }
        for source in &mut self.list {
            source.measured = matches!(source.kind, SourceKind::Path(context, path)
                if context == graph.context && paths.contains(path));
        }
    }

    /// Adds the paths that are in those of a step: a directory changes with all it holds.
    fn add_inner(&self, all: &mut Vec<u32>) {
        for at in 0..all.len() {
            let SourceKind::Path(context, outer) = self.list[all[at] as usize].kind else { continue };
            let is_inner = |kind: SourceKind<'_>| {
                let SourceKind::Path(other, inner) = kind else { return false };
                other == context && inner != outer && (outer == "." || below(outer, inner).is_some())
            };
            let inner = self.list.iter().enumerate().filter(|(_, source)| is_inner(source.kind));
            all.extend(inner.map(|(number, _)| number as u32));
        }
    }

    fn estimates(&self, measured: &Measured, number: usize, stage: &Stage) -> Estimates {
        let mut problem = self.problem(measured, number);
        let places: Vec<StepId> = stage.steps.iter().map(|step| step.id).collect();
        let is_sorted = places.is_sorted();
        let place = |id: &StepId| match is_sorted {
            true => places.binary_search(id).ok(),
            false => places.iter().position(|other| other == id),
        };
        let mut steps = Vec::with_capacity(stage.steps.len());
        for (at, step) in stage.steps.iter().enumerate() {
            let (cost, cost_known) = cost(measured, stage, step);
            problem.steps[at].cost = cost;
            problem.steps[at].needs = step.needs.iter().filter_map(place).collect();
            let is_measured = self.steps[number][at].iter().any(|source| self.list[*source as usize].measured);
            let chance_known = match step.expected.changes {
                Some(_) => Known::Said,
                None if is_measured => Known::Measured,
                None => Known::Default,
            };
            steps.push(Estimate { chance: problem.own_chance(at), chance_known, cost, cost_known });
        }
        Estimates { problem, steps }
    }

    /// The chances of a stage's steps. What changes the same steps is one event.
    fn problem(&self, measured: &Measured, number: usize) -> Problem {
        let (steps, below) = (&self.steps[number], &self.below[number]);
        let mut problem = Problem { steps: vec![Default::default(); steps.len()], ..Problem::default() };
        // Which steps each source changes; the base is none of them and counts as one behind the last.
        let base = steps.len() as u32;
        let mut uses: Vec<(u32, u32)> = below.iter().map(|source| (*source, base)).collect();
        for (step, sources) in steps.iter().enumerate() {
            uses.extend(sources.iter().map(|source| (*source, step as u32)));
        }
        uses.sort_unstable();
        let mut shared: Vec<(Vec<u32>, Event)> = Vec::new();
        for uses in uses.chunk_by(|one, other| one.0 == other.0) {
            let source = &self.list[uses[0].0 as usize];
            let chance = Chance::of_10_000(source.builds);
            match uses {
                _ if source.measured => {}
                [(_, step)] if *step == base => problem.before_own = problem.before_own.or(chance),
                [(_, step)] => {
                    let step = &mut problem.steps[*step as usize];
                    step.own = step.own.or(chance);
                }
                uses => note(&mut shared, uses.iter().map(|(_, step)| *step).collect(), Event::Alone(chance)),
            }
        }
        for touched in &measured.history {
            let is_touched = |source: &u32| match self.list[*source as usize] {
                Source { kind: SourceKind::Path(_, path), measured: true, .. } => touched.paths.contains(path),
                _ => false,
            };
            let touches = |(at, sources): (usize, &Vec<u32>)| sources.iter().any(is_touched).then_some(at as u32);
            let steps: Vec<u32> = steps.iter().chain([below]).enumerate().filter_map(touches).collect();
            if !steps.is_empty() {
                note(&mut shared, steps, Event::Builds(touched.share.0));
            }
        }
        for (number, (steps, event)) in shared.into_iter().enumerate() {
            for step in steps {
                match problem.steps.get_mut(step as usize) {
                    Some(step) => step.events.push(number as u32),
                    None => problem.before.push(number as u32),
                }
            }
            problem.events.push(event);
        }
        problem
    }
}

/// Adds an event that changes these steps to one of its kind that changes the same.
fn note(shared: &mut Vec<(Vec<u32>, Event)>, steps: Vec<u32>, event: Event) {
    for (others, other) in shared.iter_mut() {
        if *others == steps {
            match (other, event) {
                (Event::Alone(other), Event::Alone(chance)) => *other = other.or(chance),
                (Event::Builds(other), Event::Builds(share)) => *other = other.saturating_add(share),
                _ => continue,
            }
            return;
        }
    }
    shared.push((steps, event));
}

fn sort(sources: &mut Vec<u32>) {
    sources.sort_unstable();
    sources.dedup();
}

/// In how many of 10,000 builds the text of a step changes.
fn own_builds(step: &Step) -> u16 {
    match &step.kind {
        StepKind::Packages(_) | StepKind::Fetch(_) => 200,
        StepKind::Language(_) => 100,
        StepKind::Run(run) if run.generated => 100,
        StepKind::Run(_) | StepKind::Raw { .. } | StepKind::Git(_) => 500,
        StepKind::File(_) | StepKind::Env { .. } | StepKind::Arg { .. } => 1_000,
        StepKind::User { .. }
        | StepKind::Dir(_)
        | StepKind::Link(_)
        | StepKind::Workdir(_)
        | StepKind::Path(_)
        | StepKind::Shell(_) => 20,
        StepKind::Copy(_) => 0,
    }
}

fn elsewhere(from: &CopyFrom) -> u16 {
    match from {
        CopyFrom::Registry(_) => REGISTRY,
        CopyFrom::Context | CopyFrom::Stage(_) | CopyFrom::Image(_) | CopyFrom::Named(_) => ELSEWHERE,
    }
}

/// What a step costs, in milliseconds.
fn cost(measured: &Measured, stage: &Stage, step: &Step) -> (u64, Known) {
    // A merged run does what all its parts did.
    let parts = if matches!(step.kind, StepKind::Run(_)) { step.origins.len() as u64 } else { 1 };
    if let Some(cost) = step.expected.cost {
        return (cost.milliseconds().saturating_mul(parts), Known::Said);
    }
    if let Some(cost) = measured_cost(measured, stage, step) {
        return (cost.milliseconds(), Known::Measured);
    }
    let cost = match &step.kind {
        StepKind::Packages(packages) => 10_000 + 2_000 * packages.packages.len() as u64,
        StepKind::Language(language) => 50_000 + 5_000 * language.manifests.len() as u64,
        StepKind::Run(run) if run.generated => {
            let manifests = run.mounts.iter().filter(|mount| matches!(mount, Mount::Bind { .. })).count();
            50_000 + 5_000 * manifests as u64
        }
        StepKind::Run(_) => 30_000 * parts,
        StepKind::Raw { .. } => 30_000,
        StepKind::Fetch(_) | StepKind::Git(_) => 5_000,
        StepKind::Copy(_) => 1_000,
        StepKind::File(_) | StepKind::User { .. } | StepKind::Dir(_) | StepKind::Link(_) => 500,
        StepKind::Workdir(_) => 100,
        StepKind::Env { .. } | StepKind::Path(_) | StepKind::Shell(_) | StepKind::Arg { .. } => 0,
    };
    (cost, Known::Default)
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", percent(self.chance))?;
        if self.cost > 0 { write!(f, ", {}", seconds(self.cost)) } else { Ok(()) }
    }
}

/// A chance in percent, to the hundredth where there is more than whole ones.
pub fn percent(chance: Chance) -> String {
    let parts = chance.in_10_000();
    format!("{} %", decimal(parts, 100))
}

/// A time in seconds, to the tenth where it is short.
pub fn seconds(milliseconds: u64) -> String {
    match milliseconds {
        0..1_000 => format!("{} s", decimal(milliseconds.div_ceil(10), 100)),
        1_000..100_000 => format!("{} s", decimal((milliseconds + 50) / 100, 10)),
        _ => format!("{} s", (milliseconds + 500) / 1_000),
    }
}

/// `number / parts` without zeros at the end; `parts` is a power of ten.
fn decimal(number: u64, parts: u64) -> String {
    let (whole, mut rest, mut parts) = (number / parts, number % parts, parts);
    if rest == 0 {
        return whole.to_string();
    }
    while rest.is_multiple_of(10) {
        (rest, parts) = (rest / 10, parts / 10);
    }
    format!("{whole}.{rest:0width$}", width = parts.ilog10() as usize)
}
