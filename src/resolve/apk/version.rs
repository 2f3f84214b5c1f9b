//! The order of apk's versions (apk-package(5): `digit{.digit}…{letter}{_suffix{number}}…{~hash}{-r#}`).

use std::cmp::Ordering;

/// Compares two versions by apk-tools 3's rules (version.c), which are those of 2.14 but for numbers with leading zeros.
/// Digits behind a letter (`3.3.3p1`) are a number, as in 2.14: 3 takes all that stands behind the letter for no version.
/// What is no version compares by what is one before it.
pub fn compare(one: &str, other: &str) -> Ordering {
    let (mut one, mut other) = (Tokens::new(one), Tokens::new(other));
    loop {
        match step(&mut one, &mut other) {
            Step::Equal => {}
            Step::Ended => return Ordering::Equal,
            Step::Differ(order) => return order,
        }
    }
}

/// Whether `version` begins as `start` does: what `~` asks for, part by part (`1.2` begins `1.2.3-r0`, not `1.20`).
pub(super) fn begins(version: &str, start: &str) -> bool {
    let (mut one, mut other) = (Tokens::new(version), Tokens::new(start));
    loop {
        if other.token.kind == Kind::End {
            return true;
        }
        match step(&mut one, &mut other) {
            Step::Equal => {}
            Step::Ended => return true,
            Step::Differ(_) => return other.token.kind == Kind::End,
        }
    }
}

/// Whether `text` is a version.
pub fn is_version(text: &str) -> bool {
    let mut tokens = Tokens::new(text);
    while tokens.token.kind < Kind::End {
        tokens.next();
    }
    tokens.token.kind == Kind::End
}

enum Step {
    /// Alike so far, and more to come.
    Equal,
    /// Alike to the end, or to where neither is a version.
    Ended,
    Differ(Ordering),
}

fn step(one: &mut Tokens<'_>, other: &mut Tokens<'_>) -> Step {
    let (a, b) = (&one.token, &other.token);
    if a.kind != b.kind {
        // What goes on is the later one, unless it goes on as what comes before a release.
        let order = match (a.is_before_release(), b.is_before_release()) {
            (true, _) => Ordering::Less,
            (_, true) => Ordering::Greater,
            _ => b.kind.cmp(&a.kind),
        };
        return Step::Differ(order);
    }
    if a.kind >= Kind::End {
        return Step::Ended;
    }
    match a.order(b) {
        Ordering::Equal => {
            one.next();
            other.next();
            Step::Equal
        }
        order => Step::Differ(order),
    }
}

/// The parts of a version, in the order in which they may follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    First,
    Number,
    Letter,
    Suffix,
    SuffixNumber,
    Hash,
    Revision,
    End,
    Invalid,
}

#[derive(Debug, Clone, Copy)]
struct Token<'a> {
    kind: Kind,
    text: &'a str,
}

/// What stands before a release, then what stands behind one, each in their order.
const SUFFIXES: &[&str] = &["alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"];
const BEFORE_RELEASE: usize = 4;

impl Token<'_> {
    fn suffix(&self) -> Option<usize> {
        SUFFIXES.iter().position(|suffix| *suffix == self.text)
    }

    fn is_before_release(&self) -> bool {
        self.kind == Kind::Suffix && self.suffix().is_some_and(|suffix| suffix < BEFORE_RELEASE)
    }

    /// The order of two of one kind.
    fn order(&self, other: &Self) -> Ordering {
        let zero = |text: &str| text.starts_with('0');
        match self.kind {
            Kind::Number if zero(self.text) || zero(other.text) => self.text.cmp(other.text),
            Kind::First | Kind::Number | Kind::SuffixNumber | Kind::Revision => {
                let (a, b) = (self.text.trim_start_matches('0'), other.text.trim_start_matches('0'));
                a.len().cmp(&b.len()).then_with(|| a.cmp(b))
            }
            Kind::Suffix => self.suffix().cmp(&other.suffix()),
            _ => self.text.cmp(other.text),
        }
    }
}

struct Tokens<'a> {
    token: Token<'a>,
    rest: &'a str,
}

impl<'a> Tokens<'a> {
    fn new(text: &'a str) -> Self {
        let mut tokens = Self { token: Token { kind: Kind::First, text: "" }, rest: text };
        tokens.take(Kind::First, |b| b.is_ascii_digit());
        tokens
    }

    fn next(&mut self) {
        let kind = self.token.kind;
        let Some(first) = self.rest.bytes().next() else {
            self.token = Token { kind: Kind::End, text: "" };
            return;
        };
        let digit = |b: u8| b.is_ascii_digit();
        match first {
            b'a'..=b'z' if kind <= Kind::Number => {
                self.token = Token { kind: Kind::Letter, text: &self.rest[..1] };
                self.rest = &self.rest[1..];
            }
            b'.' if kind <= Kind::Number => {
                self.rest = &self.rest[1..];
                self.take(Kind::Number, digit);
            }
            b'0'..=b'9' if kind == Kind::Letter => self.take(Kind::Number, digit),
            b'0'..=b'9' if kind == Kind::Suffix => self.take(Kind::SuffixNumber, digit),
            b'_' if kind <= Kind::SuffixNumber => {
                self.rest = &self.rest[1..];
                self.take(Kind::Suffix, |b| b.is_ascii_lowercase());
                if self.token.suffix().is_none() {
                    self.token.kind = Kind::Invalid;
                }
            }
            b'~' if kind < Kind::Hash => {
                self.rest = &self.rest[1..];
                self.take(Kind::Hash, |b| b.is_ascii_hexdigit());
            }
            b'-' if kind < Kind::Revision && self.rest.starts_with("-r") => {
                self.rest = &self.rest[2..];
                self.take(Kind::Revision, digit);
            }
            _ => self.token.kind = Kind::Invalid,
        }
    }

    /// Takes what `is_of` holds for as a part; nothing is none.
    fn take(&mut self, kind: Kind, is_of: fn(u8) -> bool) {
        let end = self.rest.bytes().position(|b| !is_of(b)).unwrap_or(self.rest.len());
        let (text, rest) = self.rest.split_at(end);
        self.token = Token { kind: if text.is_empty() { Kind::Invalid } else { kind }, text };
        self.rest = rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(one: &str, expected: Ordering, other: &str) {
        assert_eq!(compare(one, other), expected, "{one} {other}");
        assert_eq!(compare(other, one), expected.reverse(), "{other} {one}");
    }

    #[test]
    fn order() {
        // Pairs whose order apk-tools' own tests publish, and some that they do not.
        let less = [
            "2.34 2.35",
            "0.12 0.13",
            "0.1.0_alpha 0.1.3_alpha",
            "0.1.0_alpha 0.1.0_alpha2",
            "4_beta 23_foo",
            "1.0_alpha 1.0",
            "1.0_rc1 1.0",
            "1.0 1.0_p1",
            "1.0_pre2 1.0_rc1",
            "1.0_git20200101 1.0_p1",
            "1.0-r0 1.0-r1",
            "1.0-r9 1.0-r10",
            "1.0 1.0-r0",
            "1.0a 1.0b",
            "1.0 1.0a",
            "1.0a 1.0.1",
            "1.2.3 1.10",
            "1.01 1.1",
            "0.001 0.01",
            "1.0_p1 1.0_p10",
            "1.5~ab-r0 1.5~ac-r0",
            "3.3.3p1-r2 3.3.3p1-r3",
            "8.9 8.9.1",
            "6.5 20210101",
            "1.1.1w-r1 3.0.0-r0",
            "99999999999999999999999998 99999999999999999999999999",
        ];
        for pair in less {
            let (one, other) = pair.split_once(' ').expect("two");
            check(one, Ordering::Less, other);
        }
        for same in ["1.0-r0 1.0-r0", "1.0 1.0", "0 00", "1.0-r1 1.0-r01"] {
            let (one, other) = same.split_once(' ').expect("two");
            check(one, Ordering::Equal, other);
        }
    }

    #[test]
    fn beginnings() {
        for (version, start, expected) in [
            ("1.2.3-r0", "1.2", true),
            ("1.20-r0", "1.2", false),
            ("1.2-r0", "1.2", true),
            ("1.2", "1.2", true),
            ("1.2", "1.2.3", false),
            ("8.9.1-r2", "8", true),
            ("20240705-r0", "20", false),
            ("1.2_rc1-r0", "1.2", true),
        ] {
            assert_eq!(begins(version, start), expected, "{version} ~ {start}");
        }
    }

    #[test]
    fn versions() {
        for good in ["1", "1.2.3", "1.2a", "1.2_alpha1", "1.2_p20230101-r3", "1~abcdef-r0", "3.3.3p1-r3"] {
            assert!(is_version(good), "{good}");
        }
        for bad in ["", "a", "1.", "1..2", "1_foo", "1-1", "1-r", "1.2 ", "1-r0-r1", "1A"] {
            assert!(!is_version(bad), "{bad}");
        }
    }
}
