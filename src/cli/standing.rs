//! Why the steps of an image stand in their order, for `explain`: what is known of each, what its next best place would
//! cost, and what the whole order saves.

use crate::graph::{Estimates, Graph, Known, Stage, StepId, describe, estimates, percent, seconds};
use crate::order::Expected;
use std::cmp::Ordering;

/// The most characters of a step that names a place.
const NAME: usize = 50;

/// The order of an image's steps, and what is known of them.
pub struct Standing<'a> {
    graph: &'a Graph,
    /// Of each stage, by its steps in their order.
    estimates: Vec<Estimates>,
}

impl<'a> Standing<'a> {
    /// The order of a graph.
    pub fn of(graph: &'a Graph) -> Self {
        Self { graph, estimates: estimates(graph) }
    }

    /// What is to be said of a step of stage number `stage`, line by line.
    pub fn lines(&self, stage: usize, step: StepId) -> Vec<String> {
        let steps = &self.graph.stages[stage].steps;
        let Some(at) = steps.iter().position(|other| other.id == step) else { return Vec::new() };
        let estimates = &self.estimates[stage];
        let estimate = estimates.steps[at];
        let changes = percent(estimate.chance);
        let mut known = format!("changes in {changes} of builds ({})", how(estimate.chance_known, "changes"));
        if estimate.cost > 0 {
            let reached: Vec<usize> = (0..=at).collect();
            let runs = percent(estimates.problem.chance(&reached));
            let (cost, how) = (seconds(estimate.cost), how(estimate.cost_known, "cost"));
            known.push_str(&format!("; costs {cost} ({how}), with what stands before it in {runs} of builds"));
        }
        vec![known, self.next_best(stage, at)]
    }

    /// The best of the orders in which the step stands elsewhere, and all others as they do.
    fn next_best(&self, stage: usize, at: usize) -> String {
        let problem = &self.estimates[stage].problem;
        let count = problem.steps.len();
        let needs = |step: usize, needed: usize| problem.steps[step].needs.contains(&needed);
        // Up to what it needs, and down to what needs it.
        let first = (0..at).rev().find(|before| needs(at, *before)).map_or(0, |before| before + 1);
        let last = (at + 1..count).find(|behind| needs(*behind, at)).map_or(count - 1, |behind| behind - 1);
        let moved = |to: usize| {
            let mut order: Vec<usize> = (0..count).filter(|step| *step != at).collect();
            order.insert(to, at);
            problem.cost(&order)
        };
        let places = (first..=last).filter(|to| *to != at);
        let best = places.map(|to| (moved(to), to.abs_diff(at), to)).min();
        let Some((cost, _, to)) = best else { return "it can stand nowhere else".to_owned() };
        let side = if to < at { "before" } else { "behind" };
        let place = format!("{side} `{}`", self.name(stage, to));
        let here = self.cost(stage);
        match cost.cmp(&here) {
            Ordering::Greater => format!("{place} it would cost an expected rebuild {} more", time(cost.less(here))),
            Ordering::Equal => format!("{place} it would cost the same; the spec's order decides"),
            // Passes behind the order merged steps, or the order is an approximate one.
            Ordering::Less => format!("{place} it would cost an expected rebuild {} less", time(here.less(cost))),
        }
    }

    /// What a rebuild is expected to cost, stage by stage, and what the order saves of it.
    pub fn totals(&self) -> String {
        let mut text = String::from("\nwhat a rebuild is expected to cost, in this order and in the spec's\n");
        for (number, stage) in self.graph.stages.iter().enumerate() {
            let (chosen, written) = (self.cost(number), self.cost_as_written(number, stage));
            let mut line = format!("    {}  {}, {}", stage.described(), time(chosen), time(written));
            let bound = self.bound(number);
            if chosen > bound {
                let above = chosen.less(bound).milliseconds();
                let parts = 1_000 * above / bound.milliseconds().max(1);
                let parts = format!("{}.{}", parts / 10, parts % 10);
                line.push_str(&format!("; approximate, at most {} ({parts} %) above the best", seconds(above)));
            }
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    fn cost(&self, stage: usize) -> Expected {
        let problem = &self.estimates[stage].problem;
        problem.cost(&(0..problem.steps.len()).collect::<Vec<usize>>())
    }

    /// What the order of the spec costs, as far as the needs allow it.
    fn cost_as_written(&self, number: usize, stage: &Stage) -> Expected {
        let mut written: Vec<usize> = (0..stage.steps.len()).collect();
        written.sort_by_key(|at| stage.steps[*at].id);
        let problem = &self.estimates[number].problem;
        problem.order_like(&written).map(|order| problem.cost(&order)).unwrap_or_default()
    }

    /// What every order costs at least.
    fn bound(&self, stage: usize) -> Expected {
        self.estimates[stage].problem.solve().map(|solution| solution.bound).unwrap_or_default()
    }

    fn name(&self, stage: usize, at: usize) -> String {
        let name = describe(&self.graph.stages[stage].steps[at]);
        match name.char_indices().nth(NAME) {
            Some((end, _)) => format!("{} …", name[..end].trim_end()),
            None => name,
        }
    }
}

fn time(expected: Expected) -> String {
    seconds(expected.milliseconds())
}

fn how(known: Known, property: &str) -> String {
    match known {
        Known::Said => format!("`{property}=`"),
        Known::Measured => "measured".to_owned(),
        Known::Default => "default".to_owned(),
    }
}
