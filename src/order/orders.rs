//! Orders that were found: images of one template ask for the same ones again and again.

use super::Problem;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The most orders that are kept: about 4 MB of them.
const MAX: usize = 4_096;

/// The best orders of problems, by the problems. It is shared between threads.
#[derive(Debug, Default)]
pub struct Orders(Mutex<BTreeMap<Problem, Vec<usize>>>);

impl Orders {
    /// What [`Problem::solve`] finds.
    pub fn of(&self, problem: &Problem) -> Option<Vec<usize>> {
        // Of two steps there is not more to find than to look up.
        if problem.steps.len() < 3 {
            return problem.solve().map(|solution| solution.order);
        }
        // Whoever panicked in between left a map that is whole.
        let found = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(order) = found().get(problem) {
            return Some(order.clone());
        }
        // Nobody waits while it is sought, though two may seek the same.
        let order = problem.solve()?.order;
        let mut found = found();
        if found.len() < MAX {
            found.insert(problem.clone(), order.clone());
        }
        Some(order)
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Event, Step};
    use super::*;

    #[test]
    fn what_is_kept_is_what_is_found() {
        let orders = Orders::default();
        let step =
            |cost, event, needs: &[usize]| Step { cost, events: vec![event], needs: needs.to_vec(), ..Step::default() };
        let problem = |costs: [u64; 3], builds: u16| Problem {
            steps: vec![step(costs[0], 0, &[]), step(costs[1], 1, &[]), step(costs[2], 0, &[1])],
            events: vec![Event::Builds(builds), Event::Builds(2_000)],
            ..Problem::default()
        };
        for builds in [100, 5_000] {
            for costs in [[10, 20, 30], [30, 1, 1], [0, 50, 0]] {
                let problem = problem(costs, builds);
                let best = problem.solve().map(|solution| solution.order);
                // The second time it is looked up.
                assert_eq!([orders.of(&problem), orders.of(&problem)], [best.clone(), best], "{costs:?} {builds}");
            }
        }
        let ring = Problem { steps: (0..3).map(|at| step(1, 0, &[(at + 1) % 3])).collect(), ..problem([1; 3], 1) };
        assert_eq!([orders.of(&ring), orders.of(&ring)], [None, None]);
    }
}
