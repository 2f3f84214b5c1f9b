//! The order of rpm's versions (rpm-version(7)).

use std::cmp::Ordering;
use std::fmt;

/// The version of a package as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Version {
    /// The epoch.
    pub epoch: u64,
    /// The version.
    pub version: String,
    /// The release.
    pub release: String,
}

impl Version {
    /// The order of two: the epochs', then the versions', then the releases'.
    pub fn order(&self, other: &Self) -> Ordering {
        self.epoch
            .cmp(&other.epoch)
            .then_with(|| compare(&self.version, &other.version))
            .then_with(|| compare(&self.release, &other.release))
    }
}

/// As dnf takes it behind a package's name and a `-`; the epoch only if there is one.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.epoch > 0 {
            write!(f, "{}:", self.epoch)?;
        }
        write!(f, "{}-{}", self.version, self.release)
    }
}

/// Compares two versions or releases as rpm 4.18 does: by numbers and words, whatever stands between them. `~` comes before
/// the end, `^` behind the end and before all else.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (one.as_bytes(), other.as_bytes());
    loop {
        (one, other) = (separated(one), separated(other));
        match (one.first(), other.first()) {
            (Some(b'~'), Some(b'~')) => (one, other) = (&one[1..], &other[1..]),
            (Some(b'~'), _) => return Ordering::Less,
            (_, Some(b'~')) => return Ordering::Greater,
            (Some(b'^'), Some(b'^')) => (one, other) = (&one[1..], &other[1..]),
            (Some(b'^'), None) => return Ordering::Greater,
            (None, Some(b'^')) => return Ordering::Less,
            (Some(b'^'), _) => return Ordering::Less,
            (_, Some(b'^')) => return Ordering::Greater,
            (None, None) => return Ordering::Equal,
            (None, _) => return Ordering::Less,
            (_, None) => return Ordering::Greater,
            (Some(a), Some(b)) => {
                let order = match (a.is_ascii_digit(), b.is_ascii_digit()) {
                    (true, false) => return Ordering::Greater,
                    (false, true) => return Ordering::Less,
                    (true, true) => {
                        let (a, b) = (number(&mut one), number(&mut other));
                        a.len().cmp(&b.len()).then_with(|| a.cmp(b))
                    }
                    (false, false) => {
                        let is_letter = |b: u8| b.is_ascii_alphabetic();
                        taken(&mut one, is_letter).cmp(taken(&mut other, is_letter))
                    }
                };
                if order != Ordering::Equal {
                    return order;
                }
            }
        }
    }
}

fn separated(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| b.is_ascii_alphanumeric() || matches!(b, b'~' | b'^'));
    start.map_or(&[], |start| &text[start..])
}

/// The digits at the beginning, without leading zeros.
fn number<'a>(text: &mut &'a [u8]) -> &'a [u8] {
    let digits = taken(text, |b| b.is_ascii_digit());
    let start = digits.iter().position(|b| *b != b'0').unwrap_or(digits.len());
    &digits[start..]
}

fn taken<'a>(text: &mut &'a [u8], is_of: impl Fn(u8) -> bool) -> &'a [u8] {
    let end = text.iter().position(|b| !is_of(*b)).unwrap_or(text.len());
    let (taken, rest) = text.split_at(end);
    *text = rest;
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order() {
        // Pairs whose order rpm's own tests publish.
        let less = [
            "1.0 2.0",
            "2.0 2.0.1",
            "2.0.1 2.0.1a",
            "5.5p1 5.5p2",
            "5.5p1 5.5p10",
            "10xyz 10.1xyz",
            "xyz10 xyz10.1",
            "xyz.4 8",
            "xyz.4 2",
            "5.5p2 5.6p1",
            "5.6p1 6.5p1",
            "6.0 6.0.rc1",
            "10a2 10b2",
            "1.0a 1.0aa",
            "10.0001 10.0039",
            "4.999.9 5.0",
            "20101121 20101122",
            "1.0~rc1 1.0",
            "1.0~rc1 1.0~rc2",
            "1.0~rc1~git123 1.0~rc1",
            "1.0 1.0^",
            "1.0 1.0^git1",
            "1.0^git1 1.0^git2",
            "1.0^git1 1.01",
            "1.0^20160101 1.0.1",
            "1.0^20160101 1.0^20160101^git1",
            "1.0^20160101^git1 1.0^20160102",
            "1.0~rc1 1.0~rc1^git1",
            "1.0^git1~pre 1.0^git1",
            "1.0~rc1^git1 1.0",
        ];
        for pair in less {
            let (one, other) = pair.split_once(' ').expect("two");
            assert_eq!(compare(one, other), Ordering::Less, "{pair}");
            assert_eq!(compare(other, one), Ordering::Greater, "{pair}");
        }
        for pair in
            ["1.0 1.0", "10.0001 10.1", "2_0 2.0", "a a+", "a+ a_", "+ _", "1.0~rc1 1.0~rc1", "1.05 1.5", "1 1."]
        {
            let (one, other) = pair.split_once(' ').expect("two");
            assert_eq!(compare(one, other), Ordering::Equal, "{pair}");
        }
    }

    #[test]
    fn whole_versions() {
        let version = |epoch, version: &str, release: &str| Version {
            epoch,
            version: version.to_owned(),
            release: release.to_owned(),
        };
        assert_eq!(version(1, "1", "1").order(&version(0, "9", "9")), Ordering::Greater);
        assert_eq!(version(0, "1", "10.fc40").order(&version(0, "1", "9.fc40")), Ordering::Greater);
        assert_eq!(version(0, "8.9.1", "2.fc41").to_string(), "8.9.1-2.fc41");
        assert_eq!(version(2, "8.9.1", "2.fc41").to_string(), "2:8.9.1-2.fc41");
    }
}
