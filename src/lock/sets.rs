//! Many sets of paths, with how often each was touched, as a few that say nearly the same.

use super::{Share, Touched};
use std::collections::{BTreeMap, BTreeSet};

/// The most sets that are kept of an image.
pub const MAX_SETS: usize = 64;

/// How often each set was touched, in no more than `most` sets. Of too many, the rarest is put together with the set that
/// this makes least too large, until there are few enough: no path, and no group of paths, is then touched less often
/// than it was, and some seem to be touched a little more often.
pub(super) fn folded(counts: BTreeMap<Vec<usize>, usize>, most: usize) -> Vec<(Vec<usize>, usize)> {
    let mut sets: Vec<(Vec<usize>, usize)> = counts.into_iter().collect();
    // The most frequent first.
    let order = |one: &(Vec<usize>, usize), other: &(Vec<usize>, usize)| (other.1, &one.0).cmp(&(one.1, &other.0));
    sets.sort_by(order);
    while sets.len() > most.max(1) {
        let Some((rare, count)) = sets.pop() else { break };
        let excess = |(set, of): &(Vec<usize>, usize)| {
            let both = rare.iter().filter(|path| set.binary_search(path).is_ok()).count();
            (set.len() - both) * count + (rare.len() - both) * of
        };
        let Some(at) = (0..sets.len()).min_by_key(|at| excess(&sets[*at])) else { break };
        let (set, of) = sets.remove(at);
        let union: BTreeSet<usize> = set.into_iter().chain(rare).collect();
        let union: Vec<usize> = union.into_iter().collect();
        match sets.iter_mut().find(|(set, _)| *set == union) {
            Some((_, same)) => *same += of + count,
            None => sets.push((union, of + count)),
        }
        sets.sort_by(order);
    }
    sets
}

/// The sets as they are written: shares of all their builds, to two digits that count and together no more than 1. What
/// was never touched stands there too.
pub(super) fn shares(sets: &[(Vec<usize>, usize)], paths: &[String]) -> Vec<Touched> {
    let builds: usize = sets.iter().map(|(_, count)| count).sum();
    let rounded = rounded(&sets.iter().map(|(_, count)| *count).collect::<Vec<_>>(), builds);
    let named = |set: &[usize]| set.iter().map(|path| paths[*path].clone()).collect();
    let mut touched: Vec<Touched> =
        sets.iter().zip(rounded).map(|((set, _), share)| Touched { paths: named(set), share }).collect();
    let known: BTreeSet<usize> = sets.iter().flat_map(|(set, _)| set).copied().collect();
    let never = (0..paths.len()).filter(|path| !known.contains(path));
    touched.extend(never.map(|path| Touched { paths: named(&[path]), share: Share(0) }));
    touched.sort();
    touched
}

/// Each count as a share of `whole`. All are rounded down; then those that are nearer to the next number get that, the
/// nearest first, as long as all together are no more than all there is.
fn rounded(counts: &[usize], whole: usize) -> Vec<Share> {
    let whole = whole.max(1);
    let parts = usize::from(Share::WHOLE.0);
    let mut shares = Vec::new();
    let mut nearer = Vec::new();
    for (at, count) in counts.iter().enumerate() {
        let mut unit = 1;
        while parts * count >= 100 * unit * whole {
            unit *= 10;
        }
        let down = parts * count / (unit * whole);
        let rest = parts * count - down * unit * whole;
        shares.push(down * unit);
        // A set that was touched at all is not to seem never touched.
        if 2 * rest >= unit * whole || (down == 0 && rest > 0) {
            nearer.push((unit * whole - rest, unit, at));
        }
    }
    // By what each is short of its unit.
    nearer.sort_by(|one, other| (one.0 * other.1, one.2).cmp(&(other.0 * one.1, other.2)));
    let mut sum: usize = shares.iter().sum();
    for (_, unit, at) in nearer {
        if sum + unit <= parts {
            shares[at] += unit;
            sum += unit;
        }
    }
    shares.into_iter().map(|share| Share(share as u16)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding() {
        let check = |counts: &[usize], expected: &[&str]| {
            let shares = rounded(counts, counts.iter().sum());
            assert_eq!(shares.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{counts:?}");
            assert!(shares.iter().map(|share| u32::from(share.0)).sum::<u32>() <= 10_000);
        };
        check(&[], &[]);
        check(&[0], &["0.0"]);
        check(&[7], &["1.0"]);
        check(&[1, 2], &["0.33", "0.67"]);
        check(&[1, 1, 1], &["0.33", "0.33", "0.33"]);
        check(&[1, 1_999], &["0.0005", "0.99"]);
        check(&[12, 988], &["0.012", "0.98"]);
        // Not all of them can be rounded up.
        let many = rounded(&[1; 64], 64);
        assert_eq!(many.iter().map(|share| u32::from(share.0)).max(), Some(160));
        assert!(many.iter().map(|share| u32::from(share.0)).sum::<u32>() > 9_980);
    }

    #[test]
    fn folding() {
        let counts = |sets: &[(&[usize], usize)]| -> BTreeMap<Vec<usize>, usize> {
            sets.iter().map(|(set, count)| (set.to_vec(), *count)).collect()
        };
        let check = |sets: &[(&[usize], usize)], most: usize, expected: &[(&[usize], usize)]| {
            let expected: Vec<(Vec<usize>, usize)> = expected.iter().map(|(set, n)| (set.to_vec(), *n)).collect();
            assert_eq!(folded(counts(sets), most), expected);
        };
        check(&[(&[0], 2), (&[1], 5)], 2, &[(&[1], 5), (&[0], 2)]);
        // Into a set that holds it nothing is lost but that the others were not touched.
        check(&[(&[0, 1], 4), (&[2], 5), (&[0], 1)], 2, &[(&[0, 1], 5), (&[2], 5)]);
        check(&[(&[0], 9), (&[1], 1), (&[2], 1)], 2, &[(&[0], 9), (&[1, 2], 2)]);
        check(&[(&[0], 9), (&[1], 1)], 1, &[(&[0, 1], 10)]);
    }

    /// No path is ever touched less often than it was.
    #[test]
    fn folding_hides_no_change() {
        let sets: BTreeMap<Vec<usize>, usize> =
            (1..200usize).map(|at| ((0..8).filter(|bit| at >> bit & 1 == 1).collect(), 1 + at * 37 % 11)).collect();
        let of = |sets: &mut dyn Iterator<Item = (&Vec<usize>, usize)>, path: usize| -> usize {
            sets.filter(|(set, _)| set.contains(&path)).map(|(_, count)| count).sum()
        };
        let few = folded(sets.clone(), 10);
        assert_eq!(few.len(), 10);
        assert_eq!(few.iter().map(|(_, count)| count).sum::<usize>(), sets.values().sum::<usize>());
        for path in 0..8 {
            let before = of(&mut sets.iter().map(|(set, count)| (set, *count)), path);
            assert!(of(&mut few.iter().map(|(set, count)| (set, *count)), path) >= before);
        }
    }
}
