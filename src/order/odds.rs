//! Probabilities and what is expected by them, in whole numbers: the same on every machine.

use super::{Event, MAX_COST, Problem};
use std::ops::Add;

/// A probability: that of the contrary in parts of 2⁶², so that chances are joined by multiplying.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chance {
    stays: u64,
}

/// The whole of a probability.
const ONE: u64 = 1 << 62;

/// A build's share is in parts of so many.
const BUILDS: u64 = 10_000;

impl Chance {
    /// What never happens.
    pub const NEVER: Self = Self { stays: ONE };

    /// What happens in so many of 10,000 builds.
    pub const fn of_10_000(builds: u16) -> Self {
        let builds = if builds as u64 > BUILDS { BUILDS } else { builds as u64 };
        Self { stays: ((ONE as u128 * (BUILDS - builds) as u128) / BUILDS as u128) as u64 }
    }

    /// The chance that this or that happens, which have nothing to do with each other.
    pub fn or(self, other: Self) -> Self {
        Self { stays: ((u128::from(self.stays) * u128::from(other.stays)) >> 62) as u64 }
    }

    /// In how many of 10,000 builds it happens, rounded.
    pub fn in_10_000(self) -> u64 {
        ((u128::from(ONE - self.stays) * u128::from(BUILDS) + u128::from(ONE / 2)) >> 62) as u64
    }

    /// What is expected of something that then costs so many milliseconds.
    pub fn of(self, milliseconds: u64) -> Expected {
        Expected(u128::from(milliseconds.min(MAX_COST)) * u128::from(self.rounded()))
    }

    /// The probability that it does not happen, in parts of 2⁶².
    pub(super) fn stays(self) -> u64 {
        self.stays
    }

    /// The probability that it happens, in parts of 2⁶².
    pub(super) fn happens(self) -> u64 {
        ONE - self.stays
    }

    /// In parts of 2³². Products of many chances are rounded in their last bits, and differ by the way they were made;
    /// this hides it, so that orders that should cost the same do.
    fn rounded(self) -> u64 {
        (self.happens() + (1 << 29)) >> 30
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self::NEVER
    }
}

impl std::fmt::Debug for Chance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of 10000", self.in_10_000())
    }
}

/// Time that is expected to be spent: milliseconds in parts of 2³².
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected(u128);

impl Expected {
    /// More than anything.
    pub(super) const MAX: Self = Self(u128::MAX);

    /// Without `other`, or nothing if that is more.
    pub fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// In milliseconds, rounded.
    pub fn milliseconds(self) -> u64 {
        ((self.0 + (1 << 31)) >> 32) as u64
    }
}

impl Add for Expected {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

/// What may change of the steps before some place.
#[derive(Debug, Clone, Default)]
pub(super) struct Prefix {
    /// The events among it: the first 64 by their bits, and the others.
    met: u64,
    met_too: Vec<u64>,
    /// In how many of 10,000 builds one of those does that exclude each other.
    builds: u32,
    /// The chance of all else.
    alone: Chance,
}

impl Prefix {
    /// With a step more.
    pub(super) fn with(&self, problem: &Problem, step: usize) -> Self {
        let step = &problem.steps[step];
        self.and(problem, &step.events, step.own)
    }

    /// With events and something else more.
    pub(super) fn and(&self, problem: &Problem, events: &[u32], own: Chance) -> Self {
        let mut next = Self { alone: self.alone.or(own), met_too: self.met_too.clone(), ..*self };
        for event in events {
            if next.meet(*event as usize) {
                match problem.events[*event as usize] {
                    Event::Builds(share) => next.builds += u32::from(share),
                    Event::Alone(chance) => next.alone = next.alone.or(chance),
                }
            }
        }
        next
    }

    /// Whether the event is met for the first time.
    fn meet(&mut self, event: usize) -> bool {
        let word = match event / 64 {
            0 => &mut self.met,
            word => {
                if self.met_too.len() < word {
                    self.met_too.resize(word, 0);
                }
                &mut self.met_too[word - 1]
            }
        };
        let is_new = *word >> (event % 64) & 1 == 0;
        *word |= 1 << (event % 64);
        is_new
    }

    /// The chance that anything of it changes.
    pub(super) fn chance(&self) -> Chance {
        match self.builds {
            0 => self.alone,
            builds => self.alone.or(Chance::of_10_000(u16::try_from(builds).unwrap_or(u16::MAX))),
        }
    }
}
