//! Lists of dependencies, as apt reads them (apt 2.6, `deblistparser.cc`, `ParseDepends`).

use super::stanza::is_blank;

/// How a dependency compares versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compare {
    /// Any version does.
    Any,
    /// `<=`, and `<`
    LessOrEqual,
    /// `>=`, and `>`
    GreaterOrEqual,
    /// `<<`
    Less,
    /// `>>`
    Greater,
    /// `=`
    Equal,
}

impl Compare {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::LessOrEqual => "<=",
            Self::GreaterOrEqual => ">=",
            Self::Less => "<<",
            Self::Greater => ">>",
            Self::Equal => "=",
        }
    }
}

/// One dependency of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relation<'a> {
    /// The name, with its `:any` or `:arch`.
    pub name: &'a [u8],
    /// The relation of versions.
    pub compare: Compare,
    /// The version; empty if any does.
    pub version: &'a [u8],
    /// Whether the next of the list is an alternative to it.
    pub or: bool,
}

/// The dependencies of a list; `Err` once, where it is malformed.
#[derive(Debug)]
pub struct Relations<'a> {
    rest: &'a [u8],
}

impl<'a> Relations<'a> {
    /// Those of `list`.
    pub fn new(list: &'a [u8]) -> Self {
        Self { rest: list }
    }

    fn read(&mut self) -> Option<Relation<'a>> {
        let rest = skip_blanks(self.rest);
        let ends = |byte: &u8| is_blank(*byte) || b"(),|[]<>".contains(byte);
        let (name, rest) = rest.split_at(rest.iter().position(ends).unwrap_or(rest.len()));
        if name.is_empty() {
            return None;
        }
        let mut rest = skip_blanks(rest);
        let (mut compare, mut version) = (Compare::Any, &rest[..0]);
        if let Some(inner) = rest.strip_prefix(b"(") {
            let inner = skip_blanks(inner);
            if inner.len() <= 3 {
                return None;
            }
            let (read, inner) = read_compare(inner);
            let inner = skip_blanks(inner);
            let end = inner.iter().position(|byte| *byte == b')').filter(|end| *end > 0)?;
            compare = read;
            version = super::stanza::trim(&inner[..end]);
            rest = skip_blanks(&inner[end + 1..]);
        }
        let or = rest.first() == Some(&b'|');
        match rest.first() {
            None => self.rest = rest,
            Some(b',' | b'|') => self.rest = skip_blanks(&rest[1..]),
            Some(_) => return None,
        }
        Some(Relation { name, compare, version, or })
    }
}

impl<'a> Iterator for Relations<'a> {
    type Item = Result<Relation<'a>, ()>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let read = self.read().ok_or(());
        if read.is_err() {
            self.rest = &[];
        }
        Some(read)
    }
}

/// `<` is `<=` and `>` is `>=`, as they once were; without a sign the version is to be equal.
fn read_compare(text: &[u8]) -> (Compare, &[u8]) {
    for (sign, compare) in [
        (&b"<="[..], Compare::LessOrEqual),
        (b"<<", Compare::Less),
        (b"<", Compare::LessOrEqual),
        (b">=", Compare::GreaterOrEqual),
        (b">>", Compare::Greater),
        (b">", Compare::GreaterOrEqual),
        (b"=", Compare::Equal),
    ] {
        if let Some(rest) = text.strip_prefix(sign) {
            return (compare, rest);
        }
    }
    (Compare::Equal, text)
}

fn skip_blanks(text: &[u8]) -> &[u8] {
    &text[text.iter().position(|byte| !is_blank(*byte)).unwrap_or(text.len())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, expected: &[(&str, &str, &str, bool)]) {
        let read: Vec<_> = Relations::new(list.as_bytes()).collect();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("text");
        let read: Option<Vec<_>> = read
            .iter()
            .map(|relation| {
                let relation = relation.ok()?;
                Some((text(relation.name), relation.compare.as_str(), text(relation.version), relation.or))
            })
            .collect();
        let expected: Vec<_> =
            expected.iter().map(|(name, sign, version, or)| ((*name).into(), *sign, (*version).into(), *or)).collect();
        assert_eq!(read, Some(expected), "{list}");
    }

    #[test]
    fn lists_are_read() {
        check("", &[]);
        check("a", &[("a", "", "", false)]);
        check("a, b (>= 1:2.0~)", &[("a", "", "", false), ("b", ">=", "1:2.0~", false)]);
        check("a|b(<<2.0) |\n c:any", &[("a", "", "", true), ("b", "<<", "2.0", true), ("c:any", "", "", false)]);
        check("a (< 1), b (2.0 ), ", &[("a", "<=", "1", false), ("b", "=", "2.0", false)]);
    }

    #[test]
    fn malformed_lists_are_told() {
        for list in ["(>= 1)", "a b", "a (1", "a (>= )", "a )", "a [amd64]", "a, , b"] {
            assert!(Relations::new(list.as_bytes()).any(|relation| relation.is_err()), "{list}");
        }
    }
}
