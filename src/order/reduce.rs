//! What can be said of the best orders without looking at ideals, so that fewer are left.
//!
//! Write an order's cost as what all steps cost together, less what is saved: `Σ cost · Q(it and those before it)`, with
//! `Q` the chance that none of them changes. For a block `x` that has all its sources for itself, `Q` of it with others
//! is a product. Its *worth* is what it saves if it stands first, for its chance of change: `V(x) / (1 − Q(x))`. Of
//! neighbours the one of more worth is no worse in front, and what stands between two can be passed by one of them. So:
//!
//! - *before*: of two that have their sources for themselves, the one of more worth stands first, if it needs nothing that
//!   the other does not, and all that needs the other needs it (in `y M x`, if `M` is worth more than `y`, put it before
//!   `y`; else `x` before `M`; then swap `x` and `y`);
//! - what never changes stands before all that need what it needs, and what costs nothing behind all that its own
//!   dependents need too;
//! - what costs more and changes only if the other does stands before it, under the same condition (swap the two);
//! - *together*: two in a chain, with no other relations of their own, stay together if the second is worth more.
//!
//! Each keeps some best order, so they hold one after the other. Last, where all on one side stand before all on the
//! other, the sides are ordered each by itself.

use super::exact::Part;
use super::odds::{Chance, Prefix};
use super::{MAX_COST, Problem};
use std::cmp::Ordering;

/// Times that everything is tried. Each but the last finds something; most problems take three.
const ROUNDS: usize = 16;

/// Steps in blocks, with all that is known of which stands before which.
pub(super) struct Reduced<'p> {
    problem: &'p Problem,
    blocks: Vec<Block>,
    /// Whether a block stands before another: a row for each block, of those before it.
    before: Rows,
    /// The same the other way: of those behind it.
    behind: Rows,
}

/// Steps that stay together, in this order.
struct Block {
    /// None, if they became part of another block.
    steps: Vec<usize>,
    /// Whether its sources are its own.
    is_private: bool,
    /// What it saves if it stands first, in milliseconds in parts of 2²⁰.
    saves: u128,
    /// The chance of its own that it changes.
    chance: Chance,
    /// What it costs, in milliseconds.
    cost: u64,
}

/// Finds what stands before what; `order` keeps the needs.
pub(super) fn reduce<'p>(problem: &'p Problem, order: &[usize]) -> Reduced<'p> {
    let count = problem.steps.len();
    let mut reduced = Reduced {
        problem,
        blocks: (0..count).map(|step| Block::of(problem, step)).collect(),
        before: Rows::new(count),
        behind: Rows::new(count),
    };
    let mut places = vec![0; count];
    order.iter().enumerate().for_each(|(place, step)| places[*step] = place);
    for step in order {
        // From the last: what it needs itself is then there.
        let mut needs = problem.steps[*step].needs.clone();
        needs.sort_by_key(|needed| std::cmp::Reverse(places[*needed]));
        for needed in needs {
            if !reduced.before.has(*step, needed) {
                reduced.put(needed, *step);
            }
        }
    }
    for _ in 0..ROUNDS {
        if !(reduced.order_pairs() | reduced.join_chains()) {
            break;
        }
    }
    reduced
}

impl Block {
    fn of(problem: &Problem, number: usize) -> Self {
        let step = &problem.steps[number];
        let cost = if step.linked { 0 } else { step.cost.min(MAX_COST) };
        let saves = (u128::from(cost) * u128::from(step.own.stays())) >> 42;
        Self { steps: vec![number], is_private: step.events.is_empty(), saves, chance: step.own, cost }
    }

    /// Whether it is worth at least as much as another; both have their sources for themselves.
    fn is_worth(&self, other: &Self) -> bool {
        if self.never_changes() || other.never_changes() {
            return self.never_changes();
        }
        // At most 2⁶² · 2⁶² on each side: a thousand steps of 2³² milliseconds.
        self.saves * u128::from(other.chance.happens()) >= other.saves * u128::from(self.chance.happens())
    }

    /// By worth, the most first; those that share sources last.
    fn compare(&self, other: &Self) -> Ordering {
        match (self.is_private, other.is_private) {
            (true, true) => other.is_worth(self).cmp(&self.is_worth(other)),
            (one, two) => two.cmp(&one),
        }
    }

    fn never_changes(&self) -> bool {
        self.is_private && self.chance == Chance::NEVER
    }

    /// Whether it does, and may change.
    fn costs_nothing(&self) -> bool {
        self.cost == 0 && !self.never_changes()
    }

    /// Whether it costs as much as another at least, and changes no other way than that.
    fn outdoes(&self, other: &Self, problem: &Problem) -> bool {
        let ([one], [two]) = (self.steps.as_slice(), other.steps.as_slice()) else { return false };
        let (one, two) = (&problem.steps[*one], &problem.steps[*two]);
        self.cost >= other.cost
            && one.own.stays() >= two.own.stays()
            && one.events.iter().all(|event| two.events.contains(event))
    }
}

impl<'p> Reduced<'p> {
    /// Puts one block before another wherever that is no worse.
    fn order_pairs(&mut self) -> bool {
        let mut found = false;
        // From what is worth most, so that it stands before all it can at once, and the next need no other round.
        let mut order: Vec<usize> = (0..self.blocks.len()).filter(|at| !self.blocks[*at].steps.is_empty()).collect();
        order.sort_by(|one, other| self.blocks[*one].compare(&self.blocks[*other]).then(one.cmp(other)));
        for &one in &order {
            for &other in &order {
                if self.is_open(one, other)
                    && self.goes_before(one, other)
                    // If both may, the source decides.
                    && (one < other || !self.goes_before(other, one))
                {
                    self.put(one, other);
                    found = true;
                }
            }
        }
        found
    }

    /// Whether two blocks may still stand either way.
    fn is_open(&self, one: usize, other: usize) -> bool {
        one != other && !self.before.has(one, other) && !self.before.has(other, one)
    }

    fn goes_before(&self, one: usize, other: usize) -> bool {
        let (first, second) = (&self.blocks[one], &self.blocks[other]);
        let needs_no_more = || self.before.is_within(one, other);
        let is_needed_as_much = || self.behind.is_within(other, one);
        if first.never_changes() && needs_no_more() || second.costs_nothing() && is_needed_as_much() {
            return true;
        }
        (first.is_private && second.is_private && first.is_worth(second) || first.outdoes(second, self.problem))
            && needs_no_more()
            && is_needed_as_much()
    }

    /// Notes that `one`, and all before it, stands before `other` and all behind that.
    fn put(&mut self, one: usize, other: usize) {
        for block in 0..self.blocks.len() {
            if block == one || self.before.has(one, block) {
                self.behind.add_row(block, other);
                self.behind.add(block, other);
            }
        }
        for block in 0..self.blocks.len() {
            if block == other || self.behind.has(other, block) {
                self.before.add_row(block, one);
                self.before.add(block, one);
            }
        }
    }

    /// Joins blocks that stay together.
    fn join_chains(&mut self) -> bool {
        let mut found = false;
        for one in 0..self.blocks.len() {
            while let Some(other) = self.follower(one) {
                self.join(one, other);
                found = true;
            }
        }
        found
    }

    /// The block that `one` and no other stands right before, if they stay together.
    fn follower(&self, one: usize) -> Option<usize> {
        let block = &self.blocks[one];
        if block.steps.is_empty() || !block.is_private {
            return None;
        }
        let (before, behind) = (self.before.size(one), self.behind.size(one));
        // What is before it is before the other too, and the same the other way, so that numbers tell enough.
        let is_next = |other: &usize| {
            self.behind.has(one, *other)
                && self.before.size(*other) == before + 1
                && self.behind.size(*other) + 1 == behind
        };
        let other = (0..self.blocks.len()).find(is_next)?;
        let follows = &self.blocks[other];
        (follows.is_private && follows.is_worth(block)).then_some(other)
    }

    fn join(&mut self, one: usize, other: usize) {
        let gone = std::mem::replace(
            &mut self.blocks[other],
            Block { steps: Vec::new(), is_private: true, saves: 0, chance: Chance::NEVER, cost: 0 },
        );
        for block in 0..self.blocks.len() {
            self.before.remove(block, other);
            self.behind.remove(block, other);
        }
        let block = &mut self.blocks[one];
        block.saves += (gone.saves * u128::from(block.chance.stays())) >> 62;
        block.chance = block.chance.or(gone.chance);
        block.cost = block.cost.saturating_add(gone.cost);
        block.steps.extend(gone.steps);
    }

    /// The parts that stand one behind the other, each with nothing before it yet.
    pub(super) fn parts(&self) -> Vec<Part<'p>> {
        let mut order: Vec<usize> = (0..self.blocks.len()).filter(|at| !self.blocks[*at].steps.is_empty()).collect();
        // Rising by what stands before them keeps the needs.
        order.sort_by_key(|at| (self.before.size(*at), *at));
        let mut parts = Vec::new();
        let mut start = 0;
        for end in 1..=order.len() {
            let behind_all = |at: &usize| order[start..end].iter().all(|first| self.before.has(*at, *first));
            if order[end..].iter().all(behind_all) {
                parts.push(self.part(&order[start..end]));
                start = end;
            }
        }
        parts
    }

    fn part(&self, order: &[usize]) -> Part<'p> {
        let mut part = Part {
            problem: self.problem,
            before: Prefix::default(),
            steps: Vec::new(),
            ends: Vec::new(),
            needs: Vec::new(),
            besides: Vec::new(),
        };
        let words = order.len().div_ceil(64);
        for at in order {
            part.steps.extend(&self.blocks[*at].steps);
            part.ends.push(part.steps.len());
            let mut needs = vec![0; words];
            for (place, _) in order.iter().enumerate().filter(|(_, other)| self.before.has(*at, **other)) {
                needs[place / 64] |= 1 << (place % 64);
            }
            part.needs.extend(needs);
        }
        part
    }
}

/// A square of bits.
struct Rows {
    words: usize,
    bits: Vec<u64>,
}

impl Rows {
    fn new(count: usize) -> Self {
        let words = count.div_ceil(64);
        Self { words, bits: vec![0; words * count] }
    }

    fn row(&self, row: usize) -> &[u64] {
        &self.bits[row * self.words..][..self.words]
    }

    fn has(&self, row: usize, bit: usize) -> bool {
        self.bits[row * self.words + bit / 64] >> (bit % 64) & 1 == 1
    }

    fn add(&mut self, row: usize, bit: usize) {
        self.bits[row * self.words + bit / 64] |= 1 << (bit % 64);
    }

    fn remove(&mut self, row: usize, bit: usize) {
        self.bits[row * self.words + bit / 64] &= !(1 << (bit % 64));
    }

    fn add_row(&mut self, row: usize, other: usize) {
        for word in 0..self.words {
            self.bits[row * self.words + word] |= self.bits[other * self.words + word];
        }
    }

    /// Whether all of one row is in the other.
    fn is_within(&self, row: usize, other: usize) -> bool {
        self.row(row).iter().zip(self.row(other)).all(|(one, other)| one & !other == 0)
    }

    fn size(&self, row: usize) -> u32 {
        self.row(row).iter().map(|word| word.count_ones()).sum()
    }
}
