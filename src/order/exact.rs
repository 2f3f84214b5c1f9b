//! The dynamic program over ideals: sets of blocks that hold all that their members need.

use super::odds::{Expected, Prefix};
use super::{Problem, Step};

/// The most blocks a part can have, one for each bit.
const BLOCKS: usize = 64;

/// Steps that stand behind `before` and are to be ordered; some of them in blocks that stay together as they are.
pub(super) struct Part<'p> {
    pub(super) problem: &'p Problem,
    /// What stands before all of it.
    pub(super) before: Prefix,
    /// The steps of all blocks, each block behind those it needs.
    pub(super) steps: Vec<usize>,
    /// Where each block ends in `steps`.
    pub(super) ends: Vec<usize>,
    /// The blocks that a block needs, direct or not, by their bits: as many words a block as all of them have.
    pub(super) needs: Vec<u64>,
    /// What stands before a block beside `before` and the blocks of the part: steps, for each block.
    pub(super) besides: Vec<Vec<usize>>,
}

/// The sets that an order can begin with.
struct Ideals {
    /// The blocks of each, by their bits; rising.
    masks: Vec<u64>,
    /// What each holds that may change.
    prefixes: Vec<Prefix>,
    /// What each is with a block more: a number for each block, [`NONE`] where it holds the block or not all it needs.
    next: Vec<u16>,
}

const NONE: u16 = u16::MAX;

impl<'p> Part<'p> {
    /// All the steps, each a block, in an order that keeps the needs; `None` if there are too many.
    pub(super) fn whole(problem: &'p Problem, order: &[usize]) -> Option<Self> {
        if order.len() > BLOCKS {
            return None;
        }
        let mut bits = [0_u64; BLOCKS];
        order.iter().enumerate().for_each(|(place, step)| bits[*step] = 1 << place);
        let direct = |step: &usize| problem.steps[*step].needs.iter().fold(0, |needs, needed| needs | bits[*needed]);
        Some(Self {
            problem,
            before: problem.start(),
            steps: order.to_vec(),
            ends: (1..=order.len()).collect(),
            // Direct needs are enough: a set that holds those of each member holds all.
            needs: order.iter().map(direct).collect(),
            besides: Vec::new(),
        })
    }

    pub(super) fn behind(self, before: Prefix) -> Self {
        Self { before, ..self }
    }

    pub(super) fn count(&self) -> usize {
        self.ends.len()
    }

    /// The steps of a block.
    pub(super) fn block(&self, block: usize) -> &[usize] {
        let start = if block == 0 { 0 } else { self.ends[block - 1] };
        &self.steps[start..self.ends[block]]
    }

    /// The best order of its steps; `None` if there are more than `limit` ideals.
    pub(super) fn best(&self, limit: usize) -> Option<Vec<usize>> {
        let ideals = self.ideals(limit)?;
        let costs = self.costs(&ideals);
        let mut order = Vec::with_capacity(self.steps.len());
        let mut at = 0;
        while at + 1 < ideals.masks.len() {
            // Of all that lead to the least, the one that stands first in the source.
            let leads = |block: &usize| {
                let next = ideals.next[at * self.count() + block];
                next != NONE && self.execution(&ideals, at, *block, next) + costs[next as usize] == costs[at]
            };
            let block = (0..self.count()).filter(leads).min_by_key(|block| self.block(*block)[0])?;
            order.extend(self.block(block));
            at = ideals.next[at * self.count() + block] as usize;
        }
        Some(order)
    }

    /// What its best order costs.
    pub(super) fn least(&self, limit: usize) -> Option<Expected> {
        let ideals = self.ideals(limit)?;
        self.costs(&ideals).first().copied()
    }

    /// For each ideal, what all that is left costs at least.
    fn costs(&self, ideals: &Ideals) -> Vec<Expected> {
        let count = self.count();
        let mut costs = vec![Expected::default(); ideals.masks.len()];
        for at in (0..ideals.masks.len().saturating_sub(1)).rev() {
            let mut least = Expected::MAX;
            for (block, next) in ideals.next[at * count..][..count].iter().enumerate() {
                if *next != NONE {
                    least = least.min(self.execution(ideals, at, block, *next) + costs[*next as usize]);
                }
            }
            costs[at] = least;
        }
        costs
    }

    /// What a block costs behind the ideal `at`; `next` is the ideal that they are together.
    fn execution(&self, ideals: &Ideals, at: usize, block: usize, next: u16) -> Expected {
        if self.besides.is_empty()
            && let [step] = self.block(block)
        {
            return match self.problem.steps[*step] {
                Step { cost: 0, .. } => Expected::default(),
                _ => self.problem.execution(*step, &ideals.prefixes[next as usize]),
            };
        }
        let mut prefix = ideals.prefixes[at].clone();
        for step in self.besides.get(block).into_iter().flatten() {
            prefix = prefix.with(self.problem, *step);
        }
        let mut cost = Expected::default();
        for step in self.block(block) {
            prefix = prefix.with(self.problem, *step);
            cost = cost + self.problem.execution(*step, &prefix);
        }
        cost
    }

    fn ideals(&self, limit: usize) -> Option<Ideals> {
        let count = self.count();
        if count > BLOCKS {
            return None;
        }
        // Most stages have no more; what grows is copied.
        let usual = limit.min(64);
        let mut ideals = Ideals {
            masks: Vec::with_capacity(usual),
            prefixes: Vec::with_capacity(usual),
            next: Vec::with_capacity(usual * count),
        };
        ideals.masks.push(0);
        ideals.prefixes.push(self.before.clone());
        ideals.next.resize(count, NONE);
        let mut parents: Vec<u16> = vec![0];
        for block in 0..count {
            // Those without this block and those behind it, and with it.
            for at in 0..ideals.masks.len() {
                if self.needs[block] & !ideals.masks[at] == 0 {
                    if ideals.masks.len() >= limit {
                        return None;
                    }
                    ideals.next[at * count + block] = ideals.masks.len() as u16;
                    ideals.masks.push(ideals.masks[at] | 1 << block);
                    let prefix = ideals.prefixes[at].clone();
                    let prefix = self.block(block).iter().fold(prefix, |prefix, step| prefix.with(self.problem, *step));
                    ideals.prefixes.push(prefix);
                    ideals.next.extend(std::iter::repeat_n(NONE, count));
                    parents.push(at as u16);
                }
            }
        }
        // With a block that stands before its last: as its parent with that block, and the last one put back.
        for (at, parent) in parents.into_iter().enumerate().skip(1) {
            let (parent, last) = (parent as usize, ideals.masks[at].ilog2() as usize);
            for block in 0..last {
                let with = ideals.next[parent * count + block];
                if with != NONE {
                    ideals.next[at * count + block] = ideals.next[with as usize * count + last];
                }
            }
        }
        Some(ideals)
    }
}
