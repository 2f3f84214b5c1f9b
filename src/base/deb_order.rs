//! The order of Debian versions (deb-version(7)), as dpkg and apt have it.

use std::cmp::Ordering;

/// Compares two versions `[epoch:]upstream[-revision]` (dpkg's `lib/dpkg/version.c`; apt 2.6, `debversion.cc`). Any bytes
/// have an order; no epoch is the epoch 0, and no revision is the revision 0.
pub fn compare_deb_versions(one: &[u8], other: &[u8]) -> Ordering {
    if one == other {
        return Ordering::Equal;
    }
    let ((epoch, one), (other_epoch, other)) = (split_epoch(one), split_epoch(other));
    let ((upstream, revision), (other_upstream, other_revision)) = (split_revision(one), split_revision(other));
    compare_parts(epoch, other_epoch)
        .then_with(|| compare_parts(upstream, other_upstream))
        .then_with(|| compare_parts(revision, other_revision))
}

fn split_epoch(version: &[u8]) -> (&[u8], &[u8]) {
    version.iter().position(|b| *b == b':').map_or((b"0", version), |at| (&version[..at], &version[at + 1..]))
}

fn split_revision(version: &[u8]) -> (&[u8], &[u8]) {
    version.iter().rposition(|b| *b == b'-').map_or((version, b"0"), |at| (&version[..at], &version[at + 1..]))
}

/// Texts without digits and numbers take turns.
fn compare_parts(mut one: &[u8], mut other: &[u8]) -> Ordering {
    while !one.is_empty() || !other.is_empty() {
        loop {
            let (a, b) = (text_weight(one), text_weight(other));
            if a == 0 && b == 0 {
                break;
            }
            if a != b {
                return a.cmp(&b);
            }
            (one, other) = (rest(one), rest(other));
        }
        let (number, after) = split_number(one);
        let (other_number, other_after) = split_number(other);
        let order = number.len().cmp(&other_number.len()).then_with(|| number.cmp(other_number));
        if order != Ordering::Equal {
            return order;
        }
        (one, other) = (after, other_after);
    }
    Ordering::Equal
}

/// What the first byte weighs as text: `~` is before the end, which is before letters, which are before all else. A digit
/// ends a text, as the end does.
fn text_weight(text: &[u8]) -> i32 {
    match text.first() {
        None | Some(b'0'..=b'9') => 0,
        Some(b'~') => -1,
        Some(byte) if byte.is_ascii_alphabetic() => i32::from(*byte),
        Some(byte) => i32::from(*byte) + 256,
    }
}

fn rest(text: &[u8]) -> &[u8] {
    text.get(1..).unwrap_or_default()
}

/// The number that `text` begins with, without leading zeros, and what follows.
fn split_number(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (number, after) = text.split_at(end);
    let zeros = number.iter().position(|b| *b != b'0').unwrap_or(number.len());
    (&number[zeros..], after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(one: &str, expected: Ordering, other: &str) {
        assert_eq!(compare_deb_versions(one.as_bytes(), other.as_bytes()), expected, "{one} {other}");
        assert_eq!(compare_deb_versions(other.as_bytes(), one.as_bytes()), expected.reverse(), "{other} {one}");
    }

    #[test]
    fn versions_have_an_order() {
        check("1.0", Ordering::Equal, "1.0");
        check("1.0", Ordering::Equal, "0:1.0");
        check("1.0", Ordering::Equal, "1.0-0");
        check("1.0", Ordering::Equal, "1.00");
        check("1:0.1", Ordering::Greater, "2.0");
        check("1.10", Ordering::Greater, "1.9");
        check("1.0~rc1", Ordering::Less, "1.0");
        check("1.0~~", Ordering::Less, "1.0~");
        check("1.0a", Ordering::Greater, "1.0");
        check("1.0+b1", Ordering::Greater, "1.0a");
        check("7.88.1-10+deb12u5", Ordering::Less, "7.88.1-10+deb12u12");
        check("1.0-1", Ordering::Less, "1.0-1.1");
        check("1.0-1-1", Ordering::Greater, "1.0-2");
    }

    proptest! {
        #[test]
        fn it_is_an_order(a in "[0-9:][0-9a-c.+~:-]{0,6}", b in "[0-9:][0-9a-c.+~:-]{0,6}", c in "[0-9][0-9a.+~-]{0,6}") {
            let order = |x: &str, y: &str| compare_deb_versions(x.as_bytes(), y.as_bytes());
            prop_assert_eq!(order(&a, &b), order(&b, &a).reverse());
            if order(&a, &b) != Ordering::Greater && order(&b, &c) != Ordering::Greater {
                prop_assert_ne!(order(&a, &c), Ordering::Greater);
            }
        }
    }
}
