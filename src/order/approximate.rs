//! Parts with too many ideals: a good order, and how far from the best it can be.

use super::exact::Part;
use super::odds::{Expected, Prefix};

/// How many neighbours are put into their best order at a time; 256 ideals at most.
const WINDOW: usize = 8;

/// How far a window moves each time.
const STRIDE: usize = 4;

/// How often the windows go over all.
const SWEEPS: usize = 12;

/// A good order of the steps of `part`, and by how much it is above the best at most.
pub(super) fn approximate(part: &Part<'_>) -> (Vec<usize>, Expected) {
    let mut order = greedy(part);
    let mut cost = cost(part, &order);
    for _ in 0..SWEEPS {
        let mut before = part.before.clone();
        for start in (0..order.len()).step_by(STRIDE) {
            let window = &mut order[start..(start + WINDOW).min(part.count())];
            improve(part, &before, window);
            let passed = window.iter().take(STRIDE).flat_map(|block| part.block(*block));
            before = passed.fold(before, |prefix, step| prefix.with(part.problem, *step));
        }
        let reached = self::cost(part, &order);
        if reached >= cost {
            break;
        }
        cost = reached;
    }
    let above = cost.less(bound(part, &order));
    (order.iter().flat_map(|block| part.block(*block)).copied().collect(), above)
}

/// Always the block that costs the most for what it changes more, of those that can stand next.
fn greedy(part: &Part<'_>) -> Vec<usize> {
    let mut left: Vec<usize> = (0..part.count()).collect();
    let mut order = Vec::with_capacity(left.len());
    let mut prefix = part.before.clone();
    while !left.is_empty() {
        let density = |block: usize| {
            let next = part.block(block).iter().fold(prefix.clone(), |next, step| next.with(part.problem, *step));
            let cost: u64 = part.block(block).iter().map(|step| part.problem.steps[*step].cost).sum();
            (cost, prefix.chance().stays() - next.chance().stays().min(prefix.chance().stays()))
        };
        let ready = left.iter().enumerate().filter(|(_, block)| part.before_it(**block).all(|at| !left.contains(&at)));
        let mut best: Option<(usize, (u64, u64))> = None;
        for (at, block) in ready {
            let (cost, more) = density(*block);
            let is_better = best.is_none_or(|(_, (most, least))| {
                u128::from(cost) * u128::from(least) > u128::from(most) * u128::from(more)
            });
            if is_better {
                best = Some((at, (cost, more)));
            }
        }
        // Without rings one can stand next.
        let Some((at, _)) = best else { break };
        let block = left.remove(at);
        prefix = part.block(block).iter().fold(prefix, |next, step| next.with(part.problem, *step));
        order.push(block);
    }
    order
}

/// Puts neighbours into their best order.
fn improve(part: &Part<'_>, before: &Prefix, window: &mut [usize]) {
    let inner = part.of(window, before.clone(), Vec::new());
    let Some(order) = inner.best(1 << WINDOW) else { return };
    let mut sorted: Vec<usize> = window.to_vec();
    sorted.sort_by_key(|block| order.iter().position(|step| *step == part.block(*block)[0]));
    window.copy_from_slice(&sorted);
}

fn cost(part: &Part<'_>, order: &[usize]) -> Expected {
    let mut prefix = part.before.clone();
    let mut cost = Expected::default();
    for step in order.iter().flat_map(|block| part.block(*block)) {
        prefix = prefix.with(part.problem, *step);
        cost = cost + part.problem.execution(*step, &prefix);
    }
    cost
}

/// What any order costs at least: the blocks in groups, each in its best order with nothing before it of other groups but
/// what it needs. In any order there is no less before it.
fn bound(part: &Part<'_>, order: &[usize]) -> Expected {
    let group = |group: &[usize]| {
        let needed = |block: &usize| {
            let others = part.before_it(*block).filter(|other| !group.contains(other));
            others.flat_map(|other| part.block(other)).copied().collect()
        };
        let inner = part.of(group, part.before.clone(), group.iter().map(needed).collect());
        inner.least(1 << WINDOW).unwrap_or_default()
    };
    order.chunks(WINDOW).map(group).fold(Expected::default(), |sum, cost| sum + cost)
}

impl<'p> Part<'p> {
    /// The blocks that stand before one.
    fn before_it(&self, block: usize) -> impl Iterator<Item = usize> {
        let words = self.count().div_ceil(64);
        let row = &self.needs[block * words..][..words];
        (0..self.count()).filter(|other| row[other / 64] >> (other % 64) & 1 == 1)
    }

    /// Some of its blocks, at most 64, in an order that keeps the needs.
    fn of(&self, blocks: &[usize], before: Prefix, besides: Vec<Vec<usize>>) -> Self {
        let mut part = Self { problem: self.problem, before, steps: vec![], ends: vec![], needs: vec![], besides };
        let words = self.count().div_ceil(64);
        for block in blocks {
            part.steps.extend(self.block(*block));
            part.ends.push(part.steps.len());
            let row = &self.needs[block * words..][..words];
            let is_needed = |other: usize| row[other / 64] >> (other % 64) & 1;
            part.needs.push(blocks.iter().enumerate().fold(0, |bits, (at, other)| bits | is_needed(*other) << at));
        }
        part
    }
}
