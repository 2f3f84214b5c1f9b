//! Orders that apt's answer depends on and nothing says: that of its hash table, and that in which its sort leaves equals.

use super::cache::Cache;

/// The size of apt's hash table (apt 2.6, `pkgcache.cc`).
const BUCKETS: u32 = 196_613;

/// All packages in the order of apt's hash table (`PkgBegin`).
pub fn hash_order(cache: &Cache) -> Vec<u32> {
    let mut keys: Vec<(u32, u32, u32)> = (0..cache.packages.len() as u32)
        .map(|package| {
            let name = cache.name(package);
            (hash(name), name.len() as u32, package)
        })
        .collect();
    keys.sort_by(|one, other| {
        (one.0, one.1).cmp(&(other.0, other.1)).then_with(|| cache.name(one.2).cmp(cache.name(other.2)))
    });
    keys.into_iter().map(|(_, _, package)| package).collect()
}

/// `pkgCache::sHash`.
fn hash(name: &[u8]) -> u32 {
    name.iter().fold(5381_u32, |hash, byte| hash.wrapping_mul(33).wrapping_add(u32::from(byte | 0x20))) % BUCKETS
}

/// Sorts as `std::sort` of GNU's C++ library does (`bits/stl_algo.h`), which leaves equals in an order of its own. False if
/// it would fall back on a heap, which it does not for what is not made for that.
pub fn introsort(items: &mut [u32], before: &impl Fn(u32, u32) -> bool) -> bool {
    let depth = items.len().checked_ilog2().unwrap_or(0) * 2;
    let sorted = introsort_loop(items, depth, before);
    let few = items.len().min(THRESHOLD);
    for at in 1..few {
        if before(items[at], items[0]) {
            items[..=at].rotate_right(1);
        } else {
            insert(items, at, before);
        }
    }
    for at in few..items.len() {
        insert(items, at, before);
    }
    sorted
}

const THRESHOLD: usize = 16;

fn introsort_loop(mut items: &mut [u32], mut depth: u32, before: &impl Fn(u32, u32) -> bool) -> bool {
    while items.len() > THRESHOLD {
        if depth == 0 {
            return false;
        }
        depth -= 1;
        let cut = partition(items, before);
        let (low, high) = items.split_at_mut(cut);
        if !introsort_loop(high, depth, before) {
            return false;
        }
        items = low;
    }
    true
}

/// `__unguarded_partition_pivot`.
fn partition(items: &mut [u32], before: &impl Fn(u32, u32) -> bool) -> usize {
    let (a, b, c) = (1, items.len() / 2, items.len() - 1);
    let less = |one: usize, other: usize| before(items[one], items[other]);
    let median = if less(a, b) {
        if less(b, c) {
            b
        } else if less(a, c) {
            c
        } else {
            a
        }
    } else if less(a, c) {
        a
    } else if less(b, c) {
        c
    } else {
        b
    };
    items.swap(0, median);
    let pivot = items[0];
    let (mut first, mut last) = (1, items.len());
    loop {
        while before(items[first], pivot) {
            first += 1;
        }
        last -= 1;
        while before(pivot, items[last]) {
            last -= 1;
        }
        if first >= last {
            return first;
        }
        items.swap(first, last);
        first += 1;
    }
}

/// `__unguarded_linear_insert`: something before it is not after it.
fn insert(items: &mut [u32], at: usize, before: &impl Fn(u32, u32) -> bool) {
    let value = items[at];
    let mut hole = at;
    while hole > 0 && before(value, items[hole - 1]) {
        items[hole] = items[hole - 1];
        hole -= 1;
    }
    items[hole] = value;
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_have_buckets() {
        // As apt's own hash has it, eight bytes at once.
        assert_eq!(hash(b""), 5381);
        assert_eq!(hash(b"a"), 5381 * 33 + 97);
        assert_eq!(hash(b"A"), hash(b"a"));
    }

    proptest! {
        #[test]
        fn it_sorts(keys in proptest::collection::vec(0u32..50, 0..300)) {
            let mut items: Vec<u32> = (0..keys.len() as u32).collect();
            if introsort(&mut items, &|one, other| keys[one as usize] > keys[other as usize]) {
                prop_assert!(items.windows(2).all(|pair| keys[pair[0] as usize] >= keys[pair[1] as usize]));
                items.sort_unstable();
                prop_assert_eq!(items, (0..keys.len() as u32).collect::<Vec<_>>());
            }
        }
    }
}
