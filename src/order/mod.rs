//! Floor 1: the best order of things to do, of which some need others and each may change. Arithmetic alone; what a step
//! costs and what changes it is found by `graph/estimate.rs`.
//!
//! A rebuild executes a step when one of its sources changed, or one of a step before it. So an order costs
//! `Σ cost(step) · P(a source of the step or of one before it changed)`, which is to be least among the orders that keep
//! all needs. What a step adds depends on the *set* of those before it alone, so a dynamic program over the sets that
//! an order can begin with (the ideals of the needs) is exact ([`exact`]). Where there are too many of them, [`reduce`]
//! finds steps of which one can be said to stand before the other in some best order. What is too large even then is
//! ordered well, and bounded from below ([`approximate`]).

mod approximate;
mod exact;
mod odds;
mod orders;
mod reduce;
#[cfg(test)]
mod tests;

pub use odds::{Chance, Expected};
pub use orders::Orders;

use exact::Part;
use odds::Prefix;

/// The most ideals that are looked at for a part of a stage. It bounds the memory (about 3 MB) and the time.
const MAX_IDEALS: usize = 1 << 14;

/// Up to so many ideals nothing is tried to have fewer.
const FEW_IDEALS: usize = 512;

/// Steps to be ordered.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The steps, in the order of the source, by which ties are broken.
    pub steps: Vec<Step>,
    /// What changes more than one of them, or changes together with other things.
    pub events: Vec<Event>,
    /// What changes before the first of them: numbers of events.
    pub before: Vec<u32>,
    /// And the chance of what else may.
    pub before_own: Chance,
}

/// A step.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step {
    /// The steps that must stand before it.
    pub needs: Vec<usize>,
    /// What it costs to execute, in milliseconds; no more than [`MAX_COST`] counts.
    pub cost: u64,
    /// The chance that something changes which is a source of this step alone.
    pub own: Chance,
    /// The events that change it, each once.
    pub events: Vec<u32>,
    /// Whether steps before it are nothing to it (`COPY --link`).
    pub linked: bool,
}

/// The most a step can cost: 2³² milliseconds, which are 49 days.
pub const MAX_COST: u64 = 1 << 32;

/// Something that happens or does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    /// In so many of 10,000 builds, in none of which another event of this kind does.
    Builds(u16),
    /// By that chance, whatever else happens.
    Alone(Chance),
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solution {
    /// The numbers of the steps.
    pub order: Vec<usize>,
    /// What it costs.
    pub cost: Expected,
    /// What every order costs at least: the same, if it is proved to be a best one.
    pub bound: Expected,
}

impl Problem {
    /// The best order, or a good one; `None` if steps need each other. Of orders that cost the same it is the one closest
    /// to the source, where there are few enough ideals to look at them all.
    pub fn solve(&self) -> Option<Solution> {
        self.solve_within(FEW_IDEALS, MAX_IDEALS)
    }

    fn solve_within(&self, few: usize, most: usize) -> Option<Solution> {
        let source = self.source_order()?;
        let solution = |order: Vec<usize>| {
            let cost = self.cost(&order);
            Solution { order, cost, bound: cost }
        };
        if source.len() < 2 {
            return Some(solution(source));
        }
        if let Some(part) = Part::whole(self, &source)
            && let Some(order) = part.best(few)
        {
            return Some(solution(order));
        }
        let reduced = reduce::reduce(self, &source);
        let mut order: Vec<usize> = Vec::with_capacity(source.len());
        let mut above = Expected::default();
        let mut prefix = self.start();
        for part in reduced.parts() {
            let part = part.behind(prefix);
            let (steps, gap) = match part.best(most) {
                Some(steps) => (steps, Expected::default()),
                None => approximate::approximate(&part),
            };
            prefix = steps.iter().fold(part.before, |prefix, step| prefix.with(self, *step));
            order.extend(steps);
            above = above + gap;
        }
        let solution = solution(order);
        Some(Solution { bound: solution.cost.less(above), ..solution })
    }

    /// The order of the source as far as the needs allow.
    pub fn source_order(&self) -> Option<Vec<usize>> {
        self.order_like(&(0..self.steps.len()).collect::<Vec<_>>())
    }

    /// An order that the needs allow and that is as `wanted`, which has all steps, as far as they do: always the first
    /// step that has all it needs. `None` if steps need each other.
    pub fn order_like(&self, wanted: &[usize]) -> Option<Vec<usize>> {
        let count = self.steps.len();
        let mut order = Vec::with_capacity(count);
        let mut placed = vec![false; count];
        // All of `wanted` before it are placed.
        let mut first = 0;
        while order.len() < count {
            let ready = |step: &usize| !placed[*step] && self.steps[*step].needs.iter().all(|needed| placed[*needed]);
            let step = wanted[first..].iter().copied().find(ready)?;
            placed[step] = true;
            order.push(step);
            while first < count && placed[wanted[first]] {
                first += 1;
            }
        }
        Some(order)
    }

    /// What an order costs.
    pub fn cost(&self, order: &[usize]) -> Expected {
        let mut prefix = self.start();
        let mut cost = Expected::default();
        for step in order {
            let next = prefix.with(self, *step);
            cost = cost + self.execution(*step, &next);
            prefix = next;
        }
        cost
    }

    /// The chance that something of `steps`, or of what is before the first step, changes.
    pub fn chance(&self, steps: &[usize]) -> Chance {
        steps.iter().fold(self.start(), |prefix, step| prefix.with(self, *step)).chance()
    }

    /// The chance that something of a step itself changes.
    pub fn own_chance(&self, step: usize) -> Chance {
        Prefix::default().with(self, step).chance()
    }

    fn start(&self) -> Prefix {
        Prefix::default().and(self, &self.before, self.before_own)
    }

    /// What the execution of a step is expected to cost, if `reached` is what stands up to it.
    fn execution(&self, step: usize, reached: &Prefix) -> Expected {
        let Step { cost, linked, .. } = self.steps[step];
        let chance = if linked { self.own_chance(step) } else { reached.chance() };
        chance.of(cost)
    }
}
