//! The lock as it is written, and read line by line where it stands so: sorted, one pin a line.

use super::pin::{Pin, pin_lines};
use super::{Lock, Measured, Pins, Share, Touched};
use crate::base::Duration;
use crate::syntax::{push_quoted, take_quoted};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// The first line of a lock, with its end.
const HEADER: &str = "lock schema=1\n";

/// What a lock says that is as it is written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Read {
    /// What is pinned.
    pub pins: Pins,
    /// Where the lines of each image's block stand in the text.
    pub blocks: BTreeMap<String, Range<usize>>,
}

/// The text of `lock`; nothing if it holds nothing.
pub fn print(lock: &Lock) -> String {
    printed(lock).0
}

/// The text of a lock, and where the lines of each image's block stand in it.
pub(super) fn printed(lock: &Lock) -> (String, BTreeMap<String, Range<usize>>) {
    let mut units: Vec<(String, Option<&str>)> = pin_lines(&lock.pins).into_iter().map(|line| (line, None)).collect();
    for (name, measured) in lock.images.iter().filter(|(_, measured)| **measured != Measured::default()) {
        let mut block = String::from("image ");
        push_quoted(&mut block, name);
        block.push_str(OPENED);
        push_block(&mut block, measured);
        block.push_str(CLOSED);
        units.push((block, Some(name)));
    }
    if units.is_empty() {
        return Default::default();
    }
    // By their text: whoever reads them sees by that alone that none stands there twice.
    units.sort();
    let mut text = HEADER.to_owned();
    let mut blocks = BTreeMap::new();
    for (unit, name) in units {
        if let Some(name) = name {
            let start = text.len() + unit.find('\n').map_or(0, |at| at + 1);
            blocks.insert(name.to_owned(), start..text.len() + unit.len() - CLOSED.len());
        }
        text.push_str(&unit);
    }
    (text, blocks)
}

fn push_block(text: &mut String, measured: &Measured) {
    let mut lines: Vec<(String, String)> = Vec::new();
    for Touched { paths, share } in &measured.history {
        let mut subject = String::from("    history");
        for path in paths {
            subject.push(' ');
            push_quoted(&mut subject, path);
        }
        lines.push((subject, format!(" changed={share}\n")));
    }
    for (key, cost) in &measured.costs {
        let mut subject = String::from("    cost ");
        push_quoted(&mut subject, key);
        lines.push((subject, format!(" \"{cost}\"\n")));
    }
    lines.sort();
    for (subject, value) in lines {
        text.push_str(&subject);
        text.push_str(&value);
    }
}

/// What `text` says, if it is in every byte as it is written. Where it is not, where its first odd line starts.
pub(super) fn read(text: &str) -> Result<Read, usize> {
    let mut at = if text.starts_with(HEADER) { HEADER.len() } else { return Err(0) };
    let mut read = Read::default();
    let mut last = "";
    while at < text.len() {
        let line = line_at(text, at).filter(|line| last < *line).ok_or(at)?;
        last = line;
        if let Some(name) = line.strip_prefix("image \"") {
            let (name, _) = take_quoted(name).filter(|(_, rest)| *rest == OPENED).ok_or(at)?;
            let start = at + line.len();
            let end = block_end(text, start)?;
            read.blocks.insert(name.into_owned(), start..end);
            at = end + CLOSED.len();
        } else {
            let pin = Pin::read(line).ok_or(at)?;
            read.pins.take(pin).map_err(|_| at)?;
            at += line.len();
        }
    }
    Ok(read)
}

/// `text` with its nodes in their order, each once, if that is all that keeps it from being as it is written: git leaves
/// it so where two branches add lines at one place and `.gitattributes` asks for the union.
pub(super) fn in_order(text: &str) -> Option<String> {
    let rest = text.strip_prefix(HEADER)?;
    let mut units: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < rest.len() {
        let line = line_at(rest, at)?;
        let end = if line.ends_with(OPENED) {
            block_end(rest, at + line.len()).ok()? + CLOSED.len()
        } else {
            at + line.len()
        };
        units.push(&rest[at..end]);
        at = end;
    }
    units.sort_unstable();
    units.dedup();
    Some(units.into_iter().fold(HEADER.to_owned(), |text, unit| text + unit))
}

/// What closes a block.
const CLOSED: &str = "}\n";

/// What a line ends with that a block follows.
const OPENED: &str = " {\n";

/// Where the block ends whose lines start at `start`.
fn block_end(text: &str, start: usize) -> Result<usize, usize> {
    let (mut at, mut last, mut sum) = (start, "", 0);
    loop {
        let line = line_at(text, at).ok_or(at)?;
        if line == CLOSED {
            // Nobody writes an empty one.
            return if at > start { Ok(at) } else { Err(at) };
        }
        let (subject, measurement) = Measurement::read(line).ok_or(at)?;
        if let Measurement::History(_, share) = measurement {
            sum += u32::from(share.0);
        }
        if subject <= last || sum > u32::from(Share::WHOLE.0) {
            return Err(at);
        }
        last = subject;
        at += line.len();
    }
}

fn line_at(text: &str, at: usize) -> Option<&str> {
    let rest = text.get(at..)?;
    rest.get(..rest.find('\n')? + 1)
}

/// What the lines of a block say that is as it is written.
pub(super) fn measured(block: &str) -> Measured {
    let mut measured = Measured::default();
    for line in block.split_inclusive('\n') {
        match Measurement::read(line) {
            Some((_, Measurement::History(paths, share))) => {
                let paths: BTreeSet<String> = paths.map(Cow::into_owned).collect();
                measured.history.push(Touched { paths, share });
            }
            Some((_, Measurement::Cost(key, cost))) => {
                measured.costs.insert(key.into_owned(), cost);
            }
            None => {}
        }
    }
    measured
}

/// A line of a block.
enum Measurement<'a> {
    History(Paths<'a>, Share),
    Cost(Cow<'a, str>, Duration),
}

impl<'a> Measurement<'a> {
    /// The line, and that of it which no other line of its block has.
    fn read(line: &'a str) -> Option<(&'a str, Self)> {
        if let Some(paths) = line.strip_prefix("    history ") {
            let (mut rest, mut last) = (paths, None);
            while let Some(quote) = rest.strip_prefix('"') {
                let (path, behind) = take_quoted(quote)?;
                if last.is_some_and(|last| last >= path) {
                    return None;
                }
                last = Some(path);
                rest = behind.strip_prefix(' ')?;
            }
            last?;
            let share = share(rest.strip_prefix("changed=")?.strip_suffix('\n')?)?;
            return Some((&line[..line.len() - rest.len() - 1], Self::History(Paths(paths), share)));
        }
        let (key, rest) = take_quoted(line.strip_prefix("    cost \"")?)?;
        let written = rest.strip_prefix(" \"")?.strip_suffix("\"\n")?;
        Some((&line[..line.len() - rest.len()], Self::Cost(key, duration(written)?)))
    }
}

/// The paths of a line that was read.
struct Paths<'a>(&'a str);

impl<'a> Iterator for Paths<'a> {
    type Item = Cow<'a, str>;

    fn next(&mut self) -> Option<Self::Item> {
        let (path, rest) = take_quoted(self.0.strip_prefix('"')?)?;
        self.0 = rest.strip_prefix(' ')?;
        Some(path)
    }
}

/// The duration that is written so.
fn duration(written: &str) -> Option<Duration> {
    // Most are some seconds, and nobody writes those otherwise.
    if let [tens @ b'1'..=b'5', ones @ b'0'..=b'9', b's'] = written.as_bytes() {
        return Some(Duration::from_milliseconds(u64::from(tens - b'0') * 10_000 + u64::from(ones - b'0') * 1_000));
    }
    Duration::parse(written).ok().filter(|duration| duration.to_string() == written)
}

/// The share that is written so.
fn share(written: &str) -> Option<Share> {
    let (whole, decimals) = written.split_once('.')?;
    let is_shortest = matches!(decimals.len(), 1..=4) && (decimals.len() == 1 || !decimals.ends_with('0'));
    if !is_shortest || !decimals.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let parts = decimals.parse::<u16>().ok()? * 10u16.pow(4 - decimals.len() as u32);
    match (whole, parts) {
        ("0", parts) => Some(Share(parts)),
        ("1", 0) => Some(Share::WHOLE),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub const TEXT: &str = "lock schema=1\n\
        image \"cart\" {\n    cost \"build: npm ci\" \"38s\"\n    history \"package.json\" \"src\" changed=0.03\n    \
        history \"src\" changed=0.41\n}\n\
        image \"web\" {\n    history \"é \\\"b\\\"\" changed=0.0\n}\n";

    #[test]
    fn as_written() {
        let Read { blocks, .. } = read(TEXT).expect("as written");
        assert_eq!(blocks.keys().collect::<Vec<_>>(), ["cart", "web"]);
        let images = blocks.iter().map(|(name, range)| (name.clone(), measured(&TEXT[range.clone()])));
        let lock = Lock { images: images.collect(), ..Lock::default() };
        assert_eq!(printed(&lock), (TEXT.to_owned(), blocks));
        assert_eq!(lock.images["cart"].history.len(), 2);
        assert_eq!(lock.images["cart"].costs["build: npm ci"].milliseconds(), 38_000);
        assert_eq!(print(&Lock::default()), "");
    }

    /// That the first odd line of a lock is seen.
    #[track_caller]
    fn check(from: &str, to: &str, line: usize) {
        assert!(TEXT.contains(from), "{from}");
        let text = TEXT.replacen(from, to, 1);
        let at = read(&text).expect_err(&text);
        assert_eq!(text[..at].lines().count(), line, "{text}");
    }

    #[test]
    fn durations() {
        for milliseconds in (0..120_000).step_by(500) {
            let duration_of = Duration::from_milliseconds(milliseconds);
            assert_eq!(duration(&duration_of.to_string()), Some(duration_of));
        }
        for odd in ["", "s", "05s", "60s", "1", "1s0ms", "1.5s", "10S"] {
            assert_eq!(duration(odd), None, "{odd}");
        }
    }

    #[test]
    fn odd_lines() {
        check("schema=1", "schema=2", 0);
        check("image \"web\"", "image web", 6);
        check("image \"web\"", "image \"cart\"", 6);
        check("image \"web\"", "image \"a\"", 6);
        check("    cost", "  cost", 2);
        check("38s", "38000ms", 2);
        check("38s", "38", 2);
        check("\"package.json\" \"src\"", "\"src\" \"package.json\"", 3);
        check("\"package.json\" \"src\"", "\"src\"", 4);
        check("\"package.json\" \"src\"", "\"src\" \"src\"", 3);
        check("0.03", "0.030", 3);
        check("0.03", ".03", 3);
        check("0.03", "1.03", 3);
        check("0.03", "0.6", 4);
        check("0.03", "0.03 // why", 3);
        check("changed=0.0\n", "", 7);
        check("0.0\n}\n", "0.0\n", 8);
        check("0.0\n}\n", "0.0\n}", 8);
        check("    history \"é \\\"b\\\"\" changed=0.0\n", "", 7);
    }
}
