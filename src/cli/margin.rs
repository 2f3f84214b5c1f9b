//! What another order saves.

use crate::graph::{CopyFrom, Graph, Stage, Step, StepId, StepKind, key};
use crate::lock::{Measured, Share};
use crate::pass::estimate;
use std::collections::{BTreeMap, BTreeSet};

/// How many hundredths of an expected rebuild another order is to save, that outputs do not change for nothing.
pub const MARGIN: u32 = 5;

/// How many hundredths of the expected rebuild in the order of `from` are saved in that of `to`, both by the numbers
/// `measured`.
pub fn saved(from: &Graph, to: &Graph, measured: &Measured) -> u32 {
    let [from, to] = [from, to].map(|graph| expected(graph, measured));
    if from > to && from > 0.0 { ((from - to) * 100.0 / from) as u32 } else { 0 }
}

/// The expected cost of a rebuild: the cost of each step, times the probability that it or anything before it changed.
fn expected(graph: &Graph, measured: &Measured) -> f64 {
    let known: BTreeSet<&str> =
        measured.history.iter().flat_map(|touched| &touched.paths).map(String::as_str).collect();
    let mut of_stages: BTreeMap<&str, Sources<'_>> = BTreeMap::new();
    let mut sum = 0.0;
    for (number, stage) in graph.stages.iter().enumerate() {
        let mut sources = Sources::default();
        for below in stage.needs().take(1).filter(|_| matches!(stage.base.value, crate::graph::Base::Stage(_))) {
            sources.take(of_stages.get(below.as_str()));
        }
        for step in &stage.steps {
            match &step.kind {
                StepKind::Copy(copy) if step.expected.changes.is_none() => match &copy.from {
                    CopyFrom::Stage(name) => sources.take(of_stages.get(name.as_str())),
                    _ => sources.add(number, step, &known),
                },
                _ => sources.add(number, step, &known),
            }
            sum += cost(stage, step, measured) * sources.probability(measured);
        }
        if let Some(name) = &stage.name {
            of_stages.insert(name.value.as_str(), sources);
        }
    }
    sum
}

fn cost(stage: &Stage, step: &Step, measured: &Measured) -> f64 {
    let time = step.expected.cost.or_else(|| measured.costs.get(&key(stage, step)).copied());
    time.map_or_else(|| estimate(step).cost, |time| time.milliseconds() as f64 / 1000.0)
}

/// What may change: measured paths, and all else by itself.
#[derive(Debug, Clone, Default)]
struct Sources<'g> {
    paths: BTreeSet<&'g str>,
    others: BTreeMap<(usize, StepId), f64>,
}

impl<'g> Sources<'g> {
    fn take(&mut self, other: Option<&Self>) {
        if let Some(other) = other {
            self.paths.extend(&other.paths);
            self.others.extend(&other.others);
        }
    }

    fn add(&mut self, stage: usize, step: &'g Step, known: &BTreeSet<&str>) {
        let paths = step.context_paths();
        if step.expected.changes.is_none() && !paths.is_empty() && paths.iter().all(|path| known.contains(path)) {
            self.paths.extend(paths);
        } else {
            self.others.insert((stage, step.id), estimate(step).probability);
        }
    }

    fn probability(&self, measured: &Measured) -> f64 {
        let meets = |paths: &BTreeSet<String>| paths.iter().any(|path| self.paths.contains(path.as_str()));
        let touched = measured.history.iter().filter(|touched| meets(&touched.paths));
        let parts: u32 = touched.map(|touched| u32::from(touched.share.0)).sum();
        let stays = 1.0 - f64::from(parts) / f64::from(Share::WHOLE.0);
        1.0 - self.others.values().fold(stays, |stays, probability| stays * (1.0 - probability))
    }
}
