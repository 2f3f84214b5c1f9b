//! Stanzas of `Packages` and of dpkg's status (deb822(5)), without copies.

use memchr::memchr;

/// The fields that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `Package`
    Package,
    /// `Version`
    Version,
    /// `Architecture`
    Architecture,
    /// `Source`
    Source,
    /// `Priority`
    Priority,
    /// `Essential`
    Essential,
    /// `Important`
    Important,
    /// `Protected`
    Protected,
    /// `Multi-Arch`
    MultiArch,
    /// `Pre-Depends`
    PreDepends,
    /// `Depends`
    Depends,
    /// `Conflicts`
    Conflicts,
    /// `Breaks`
    Breaks,
    /// `Recommends`
    Recommends,
    /// `Suggests`
    Suggests,
    /// `Replaces`
    Replaces,
    /// `Enhances`
    Enhances,
    /// `Provides`
    Provides,
    /// `Size`
    Size,
    /// `Installed-Size`
    InstalledSize,
    /// `Status`
    Status,
    /// `SHA256`
    Sha256,
    /// `Filename`
    Filename,
    /// `Auto-Installed`
    AutoInstalled,
}

const NAMES: [(&[u8], Field); 24] = [
    (b"Package", Field::Package),
    (b"Version", Field::Version),
    (b"Architecture", Field::Architecture),
    (b"Source", Field::Source),
    (b"Priority", Field::Priority),
    (b"Essential", Field::Essential),
    (b"Important", Field::Important),
    (b"Protected", Field::Protected),
    (b"Multi-Arch", Field::MultiArch),
    (b"Pre-Depends", Field::PreDepends),
    (b"Depends", Field::Depends),
    (b"Conflicts", Field::Conflicts),
    (b"Breaks", Field::Breaks),
    (b"Recommends", Field::Recommends),
    (b"Suggests", Field::Suggests),
    (b"Replaces", Field::Replaces),
    (b"Enhances", Field::Enhances),
    (b"Provides", Field::Provides),
    (b"Size", Field::Size),
    (b"Installed-Size", Field::InstalledSize),
    (b"Status", Field::Status),
    (b"SHA256", Field::Sha256),
    (b"Filename", Field::Filename),
    (b"Auto-Installed", Field::AutoInstalled),
];

/// A stanza: its bytes and its fields. Of a field that is there twice the last counts, as for apt.
#[derive(Debug, Clone)]
pub struct Stanza<'a> {
    /// All of it.
    pub bytes: &'a [u8],
    /// Where it starts in its file.
    pub start: usize,
    fields: [&'a [u8]; NAMES.len()],
}

impl<'a> Stanza<'a> {
    /// The first stanza of `bytes`, which are all of a stanza.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        Stanzas::new(bytes).next()
    }

    /// The field's value without blanks around it; empty if it is not there.
    pub fn get(&self, field: Field) -> &'a [u8] {
        self.fields[field as usize]
    }

    /// The field as a number; 0 if it is none.
    pub fn number(&self, field: Field) -> u64 {
        std::str::from_utf8(self.get(field)).ok().and_then(|text| text.parse().ok()).unwrap_or(0)
    }

    /// The field as a flag, if it is one (apt 2.6, `strutl.cc`, `StringToBool`).
    pub fn flag(&self, field: Field) -> Option<bool> {
        let word = self.get(field);
        let is = |words: &[&str]| words.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()));
        if is(&["yes", "true", "with", "on", "enable", "1"]) {
            return Some(true);
        }
        is(&["no", "false", "without", "off", "disable", "0"]).then_some(false)
    }

    /// The name and version, for messages.
    pub fn name(&self) -> String {
        let text = |field| String::from_utf8_lossy(self.get(field)).into_owned();
        format!("{} {}", text(Field::Package), text(Field::Version))
    }
}

/// The stanzas of a file.
#[derive(Debug)]
pub struct Stanzas<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Stanzas<'a> {
    /// Those of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }
}

impl<'a> Iterator for Stanzas<'a> {
    type Item = Stanza<'a>;

    fn next(&mut self) -> Option<Stanza<'a>> {
        while self.bytes.get(self.at).is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            self.at += 1;
        }
        let start = self.at;
        if start >= self.bytes.len() {
            return None;
        }
        let mut fields = [&self.bytes[..0]; NAMES.len()];
        // The field whose value goes on, and where the value starts.
        let mut open: Option<(usize, usize)> = None;
        let end = loop {
            let line_start = self.at;
            let rest = &self.bytes[line_start..];
            let line_end = memchr(b'\n', rest).unwrap_or(rest.len());
            let line = &rest[..line_end];
            if matches!(line, b"" | b"\r") {
                break line_start;
            }
            if !matches!(line[0], b' ' | b'\t') {
                if let Some((field, value)) = open.take() {
                    fields[field] = trim(&self.bytes[value..line_start]);
                }
                open = field_of(line).map(|(field, length)| (field as usize, line_start + length));
            }
            self.at = (line_start + line_end + 1).min(self.bytes.len());
            if self.at == self.bytes.len() {
                break self.at;
            }
        };
        if let Some((field, value)) = open {
            fields[field] = trim(&self.bytes[value..end]);
        }
        Some(Stanza { bytes: &self.bytes[start..end], start, fields })
    }
}

/// The field that a line begins, and the length of its name and colon.
fn field_of(line: &[u8]) -> Option<(Field, usize)> {
    // No field that is looked at has a longer name.
    let colon = line.iter().take(16).position(|byte| *byte == b':')?;
    let name = &line[..colon];
    let first = name.first()?.to_ascii_uppercase();
    // Most lines are of other fields, which few first letters tell.
    if !matches!(first, b'A'..=b'F' | b'I' | b'M' | b'P' | b'R' | b'S' | b'V') {
        return None;
    }
    let found = NAMES.iter().find(|(other, _)| other.len() == name.len() && other.eq_ignore_ascii_case(name))?;
    Some((found.1, colon + 1))
}

/// `bytes` without blanks around them.
pub fn trim(bytes: &[u8]) -> &[u8] {
    let start = bytes.iter().position(|byte| !is_blank(*byte)).unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| !is_blank(*byte)).map_or(start, |last| last + 1);
    &bytes[start..end]
}

/// What apt takes for a blank.
pub fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stanzas_have_fields() {
        let text = b"\nPackage: a\nversion:1.0\nDepends: b,\n c\nDescription: x\n Package: no\n\nPackage: z\nSize: 12\nSize: 13";
        let stanzas: Vec<_> = Stanzas::new(text).collect();
        assert_eq!(stanzas.len(), 2);
        assert_eq!(stanzas[0].get(Field::Package), b"a");
        assert_eq!(stanzas[0].get(Field::Version), b"1.0");
        assert_eq!(stanzas[0].get(Field::Depends), b"b,\n c");
        assert_eq!(stanzas[0].get(Field::Size), b"");
        assert_eq!(stanzas[1].number(Field::Size), 13);
        assert_eq!(Stanza::parse(stanzas[1].bytes).expect("a stanza").get(Field::Package), b"z");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b':'), Just(b' '), any::<u8>()], 0..200)) {
            for stanza in Stanzas::new(&bytes) {
                let _ = (stanza.name(), stanza.flag(Field::Essential));
            }
        }
    }
}
