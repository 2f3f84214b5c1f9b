//! The cores of this machine as workers.

use crate::base::Workers;
use std::ops::Range;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Threads, which take small pieces of the work from one heap until nothing is left of it.
#[derive(Debug, Clone, Copy)]
pub struct Threads {
    count: usize,
    /// For fewer pieces than this no further thread is begun.
    least_each: usize,
}

impl Threads {
    /// A thread costs about as much as a few pieces of work.
    const LEAST_EACH: usize = 4;

    /// How many wait for other machines at a time.
    const WAITING: usize = 8;

    /// As many as there are cores for this process.
    pub fn of_machine() -> Self {
        Self::exactly(thread::available_parallelism().map_or(1, usize::from))
    }

    /// That many; the one that calls is among them.
    pub fn exactly(count: usize) -> Self {
        Self { count, least_each: Self::LEAST_EACH }
    }

    /// Those for work that waits for other machines, each piece for long.
    pub fn that_wait() -> Self {
        Self { count: Self::WAITING, least_each: 1 }
    }
}

impl Workers for Threads {
    fn share(&self, count: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        let threads = self.count.min(count / self.least_each);
        if threads < 2 {
            return work(0..count);
        }
        // Small, so that none waits long for the last; not single, so that neighbours share what they look at.
        let piece = (count / (threads * 16)).clamp(1, 32);
        let next = AtomicUsize::new(0);
        let take = || {
            loop {
                let start = next.fetch_add(piece, Ordering::Relaxed);
                if start >= count {
                    break;
                }
                work(start..count.min(start + piece));
            }
        };
        thread::scope(|scope| {
            // The stack of a main thread, so that what one of them can do all can. Without a thread the others do it.
            let others =
                (1..threads).map_while(|_| thread::Builder::new().stack_size(8 << 20).spawn_scoped(scope, take).ok());
            let others: Vec<_> = others.collect();
            take();
            for other in others {
                other.join().unwrap_or_else(|panic| resume_unwind(panic));
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::map;

    #[test]
    fn every_piece_once() {
        for threads in [1, 2, 7] {
            for count in [0, 1, 8, 1000] {
                assert_eq!(map(&Threads::exactly(threads), count, |at| at), (0..count).collect::<Vec<_>>());
            }
        }
    }

    #[test]
    #[should_panic = "piece 700"]
    fn panics_come_out() {
        map(&Threads::exactly(2), 1000, |at| assert!(at != 700, "piece {at}"));
    }
}
