//! The order against all orders there are.

use super::*;

/// Numbers that look random, the same each time (xorshift64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % limit
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    fn of<T: Copy>(&mut self, values: &[T]) -> T {
        values[self.below(values.len())]
    }
}

/// A problem of `count` steps: some with needs, in either direction of the source; alone, or with events that they share.
fn problem(numbers: &mut Numbers, count: usize) -> Problem {
    let chances = [0, 1, 100, 200, 500, 1_000, 3_000, 5_000, 9_000].map(Chance::of_10_000);
    let mut ranks: Vec<usize> = (0..count).collect();
    for at in (1..count).rev() {
        ranks.swap(at, numbers.below(at + 1));
    }
    let (sparse, shared) = (numbers.of(&[2, 3, 5, 50]), numbers.of(&[2, 3, 1_000]));
    let builds = numbers.below(5);
    let mut events: Vec<Event> = (0..builds).map(|_| Event::Builds(numbers.of(&[1, 300, 1_000, 2_500]))).collect();
    events.extend((0..numbers.below(3)).map(|_| Event::Alone(numbers.of(&chances))));
    let steps = (0..count).map(|step| {
        let needs = (0..count).filter(|other| ranks[*other] < ranks[step] && numbers.one_in(sparse)).collect();
        let cost = numbers.of(&[0, 0, 100, 500, 1_000, 1_000, 7_000, 30_000, 60_000]);
        let own = if numbers.one_in(40) { Chance::of_10_000(10_000) } else { numbers.of(&chances) };
        let events = (0..events.len() as u32).filter(|_| numbers.one_in(shared)).collect();
        Step { needs, cost, own, events, linked: numbers.one_in(15) }
    });
    let steps = steps.collect();
    let before = (0..events.len() as u32).filter(|_| numbers.one_in(8)).collect();
    Problem { steps, events, before, before_own: numbers.of(&chances) }
}

/// The first of the best orders, by trying all of them in the order of the source but those that are seen to cost as much
/// as `limit`.
fn exhaustive(problem: &Problem, limit: Expected) -> (Vec<usize>, Expected) {
    struct Search<'p> {
        problem: &'p Problem,
        order: Vec<usize>,
        best: (Vec<usize>, Expected),
    }
    impl Search<'_> {
        fn left(&self, prefix: &Prefix) -> Expected {
            let left = self.problem.steps.iter().enumerate().filter(|(step, _)| !self.order.contains(step));
            prefix.chance().of(left.filter(|(_, step)| !step.linked).map(|(_, step)| step.cost).sum())
        }

        fn go_on(&mut self, prefix: &Prefix, cost: Expected) {
            if self.order.len() == self.problem.steps.len() {
                self.best = (self.order.clone(), cost);
            }
            for step in 0..self.problem.steps.len() {
                let is_ready = self.problem.steps[step].needs.iter().all(|needed| self.order.contains(needed));
                if is_ready && !self.order.contains(&step) {
                    let next = prefix.with(self.problem, step);
                    let cost = cost + self.problem.execution(step, &next);
                    self.order.push(step);
                    // What is left costs at least what it costs by the changes so far. A later order of the same cost is
                    // none of interest.
                    if cost + self.left(&next) < self.best.1 {
                        self.go_on(&next, cost);
                    }
                    self.order.pop();
                }
            }
        }
    }
    let mut search = Search { problem, order: Vec::new(), best: (Vec::new(), limit) };
    search.go_on(&problem.start(), Expected::default());
    search.best
}

/// Whether two costs are one but for the rounding of chances to 2⁻³²: they are less than 0.1 µs apart.
fn is_close(one: Expected, other: Expected) -> bool {
    one.less(other).max(other.less(one)) <= Chance::of_10_000(1).of(1)
}

/// More of the sizes that are tried fast.
const SIZES: [usize; 16] = [1, 2, 3, 3, 4, 4, 5, 5, 5, 6, 6, 6, 7, 7, 8, 9];

#[test]
fn no_order_is_better() {
    let mut numbers = Numbers(0x9E37_79B9_7F4A_7C15);
    for number in 0..10_000 {
        let problem = problem(&mut numbers, SIZES[number % SIZES.len()]);
        let solution = problem.solve().expect("an order");
        let (order, cost) = exhaustive(&problem, solution.cost + Chance::of_10_000(1).of(1));
        assert_eq!((&solution.order, solution.cost), (&order, cost), "{number}: {problem:#?}");
        assert_eq!(solution.bound, cost, "{number}");
        // By what is known of pairs, chains and sides.
        let reduced = problem.solve_within(0, MAX_IDEALS).expect("an order");
        assert_eq!(problem.cost(&reduced.order), reduced.cost);
        assert!(is_close(reduced.cost, cost), "{number}: {:?} {:?} {problem:#?}", reduced, (order, cost));
        // And where nothing is exact.
        if number % 10 > 0 {
            continue;
        }
        let good = problem.solve_within(0, 0).expect("an order");
        assert!(good.bound <= cost && cost <= good.cost, "{number}: {good:?}, {cost:?}");
    }
}

#[test]
fn large_problems() {
    let mut numbers = Numbers(0x2545_F491_4F6C_DD1D);
    let (mut proved, mut approximate) = (0, 0);
    for number in 0..150 {
        let problem = problem(&mut numbers, 10 + number % 31);
        let source = problem.source_order().expect("an order");
        let solution = problem.solve().expect("an order");
        let mut sorted = solution.order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..problem.steps.len()), "{number}: {:?}", solution.order);
        let place = |step: usize| solution.order.iter().position(|other| *other == step);
        let keeps = |step: usize| problem.steps[step].needs.iter().all(|needed| place(*needed) < place(step));
        assert!((0..problem.steps.len()).all(keeps), "{number}: {:?}", solution.order);
        assert!(solution.cost <= problem.cost(&source), "{number}");
        let good = problem.solve_within(0, 0).expect("an order");
        assert!(solution.bound <= good.cost && good.bound <= solution.cost, "{number}: {solution:?}, {good:?}");
        approximate += usize::from(solution.bound < solution.cost);
        // All ideals, without any argument.
        if let Some(order) = Part::whole(&problem, &source).and_then(|part| part.best(4_000)) {
            let least = problem.cost(&order);
            assert!(is_close(least, solution.cost), "{number}: {least:?}, {solution:?}");
            assert!(good.bound <= least && least <= good.cost, "{number}");
            proved += 1;
        }
    }
    assert!(proved > 50 && approximate < 15, "{proved} proved, {approximate} approximate");
}

#[test]
fn many_steps() {
    // No needs, and more of them than bits.
    let chances = [0, 10, 200, 5_000].map(Chance::of_10_000);
    let step = |number: usize| Step { cost: 100 * (number as u64 % 7), own: chances[number % 4], ..Step::default() };
    let problem = Problem { steps: (0..200).map(step).collect(), ..Problem::default() };
    let solution = problem.solve().expect("an order");
    assert_eq!(solution.bound, solution.cost);
    let chain = |number: usize| Step { needs: (0..number).collect(), ..step(number) };
    let problem = Problem { steps: (0..200).map(chain).collect(), ..Problem::default() };
    assert_eq!(problem.solve().map(|solution| solution.order), Some((0..200).collect()));
    let ring = |number: usize| Step { needs: vec![(number + 1) % 3], ..Step::default() };
    assert_eq!(Problem { steps: (0..3).map(ring).collect(), ..Problem::default() }.solve(), None);
}
