//! Work in pieces that do not depend on each other. Who does them, and how many at a time, the machine decides.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Those who do the pieces.
pub trait Workers: Sync {
    /// Calls `work` with ranges that together are `0..count` and do not overlap, in any order and on any thread, and
    /// returns when all of it is done.
    fn share(&self, count: usize, work: &(dyn Fn(Range<usize>) + Sync));
}

/// One worker, who does one piece after the other.
#[derive(Debug, Clone, Copy, Default)]
pub struct InTurn;

impl Workers for InTurn {
    fn share(&self, count: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        work(0..count);
    }
}

/// What `work` makes of each number below `count`, in order, whoever made it.
pub fn map<T: Send>(workers: &dyn Workers, count: usize, work: impl Fn(usize) -> T + Sync) -> Vec<T> {
    let parts: Mutex<Vec<(usize, Vec<T>)>> = Mutex::default();
    workers.share(count, &|range| {
        let start = range.start;
        let part = range.map(&work).collect();
        parts.lock().unwrap_or_else(PoisonError::into_inner).push((start, part));
    });
    let mut parts = parts.into_inner().unwrap_or_else(PoisonError::into_inner);
    parts.sort_by_key(|(start, _)| *start);
    // With room for all: each time a long list grows, all of it is moved.
    let mut all = Vec::with_capacity(count);
    parts.into_iter().for_each(|(_, part)| all.extend(part));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Does the pieces from the last to the first.
    struct Backwards;

    impl Workers for Backwards {
        fn share(&self, count: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
            (0..count).rev().for_each(|at| work(at..at + 1));
        }
    }

    #[test]
    fn order_is_kept() {
        for workers in [&InTurn as &dyn Workers, &Backwards] {
            assert_eq!(map(workers, 4, |at| at * at), [0, 1, 4, 9]);
            assert!(map(workers, 0, |at| at).is_empty());
        }
    }
}
