//! A lock that was read.

use super::lines::Read;
use super::resolved::Memo;
use super::{Lock, Measured, Pins, lines, nodes};
use crate::base::{LOCK, Span};
use crate::diagnostic::codes::INVALID_LOCK;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, Sources};
use crate::syntax;
use std::collections::BTreeMap;
use std::ops::Range;

/// A lock as it was read: known to be sound, and an image's part of it taken apart when that is asked for.
#[derive(Debug, Default)]
pub struct Locked {
    /// As it is written.
    text: String,
    /// What is pinned.
    pins: Pins,
    /// Where the lines of each image stand in the text.
    blocks: BTreeMap<String, Range<usize>>,
    /// What was measured, if it was not as it is written.
    by_hand: Option<BTreeMap<String, Measured>>,
    /// What closures come to.
    pub(super) memo: Memo,
}

impl Locked {
    /// The size a lock may have: a million images and more.
    pub const MAX_BYTES: u64 = 256 << 20;

    /// The lock that `text` is, as [`super::print`] writes it or any other KDL that says the same.
    pub fn read(text: String, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let odd = match lines::read(&text) {
            Ok(Read { pins, blocks }) => return Ok(Self { text, pins, blocks, by_hand: None, memo: Memo::default() }),
            Err(odd) => odd,
        };
        if let Some(text) = lines::in_order(&text)
            && let Ok(Read { pins, blocks }) = lines::read(&text)
        {
            return Ok(Self { text, pins, blocks, by_hand: None, memo: Memo::default() });
        }
        let mut lock = read_kdl(&text, odd, sources, diagnostics)?;
        let (text, blocks) = lines::printed(&lock);
        let pins = std::mem::take(&mut lock.pins);
        Ok(Self { text, pins, blocks, by_hand: Some(lock.images), memo: Memo::default() })
    }

    /// What is pinned.
    pub fn pins(&self) -> &Pins {
        &self.pins
    }

    /// The lines of the image `name`; none if nothing was measured of it.
    pub fn lines(&self, name: &str) -> &str {
        self.blocks.get(name).and_then(|range| self.text.get(range.clone())).unwrap_or_default()
    }

    /// What was measured of the image `name`.
    pub fn measured(&self, name: &str) -> Measured {
        match &self.by_hand {
            Some(images) => images.get(name).cloned().unwrap_or_default(),
            None => lines::measured(self.lines(name)),
        }
    }

    /// All of it.
    pub fn whole(&self) -> Lock {
        let images = self.blocks.keys().map(|name| (name.clone(), self.measured(name)));
        Lock { pins: self.pins.clone(), images: images.collect() }
    }
}

/// The lock `text`, whose first line not as it is written starts at `odd`.
fn read_kdl(text: &str, odd: usize, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<Lock, Reported> {
    let file = sources.add(LOCK, text);
    if let Some((start, end)) = syntax::conflict_marker(text) {
        let message = format!("`{LOCK}` holds both sides of a merge");
        let hint = "remove the lines that mark them, then run `imgspec lock`";
        let diagnostic = Diagnostic::error(&INVALID_LOCK, Span::new(file, start, end), message);
        return Err(diagnostics.error(diagnostic.hint(hint)));
    }
    if text.len() > syntax::MAX_BYTES {
        let first = syntax::parse(file, text.lines().next().unwrap_or_default(), diagnostics)?;
        nodes::check_schema(&first, Span::file_start(file), diagnostics)?;
        let end = odd + text[odd..].lines().next().map_or(0, str::len);
        let message =
            format!("`{LOCK}` has more than {} MiB, and a line that imgspec did not write", syntax::MAX_BYTES >> 20);
        let diagnostic = Diagnostic::error(&INVALID_LOCK, Span::new(file, odd, end), message);
        return Err(diagnostics.error(diagnostic.hint("remove it")));
    }
    let nodes = syntax::parse(file, text, diagnostics)?;
    nodes::decode(&nodes, Span::file_start(file), diagnostics)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Locked, String> {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        Locked::read(text.to_owned(), &mut sources, &mut diagnostics).map_err(|_| {
            let told = diagnostics.into_sorted().into_iter().map(|told| {
                let place = told.span().map(|span| sources.place(span)).map_or(0, |place| place.line);
                format!("{place}: {}", told.message)
            });
            told.collect::<Vec<_>>().join("; ")
        })
    }

    #[test]
    fn any_form() {
        let written = "lock schema=1\nimage \"a\" {\n    cost \": run x\" \"1s\"\n    history \"p\" \"q\" changed=0.25\n    \
                       history \"q\" changed=0.0\n}\n";
        let by_hand = "// mine\nimage a { history q changed=0; history q p changed=0.25; cost \": run x\" \"1000ms\"; }\n\
                       lock schema=1";
        let (written, by_hand) = (read(written).expect("read"), read(by_hand).expect("read"));
        assert!(written.by_hand.is_none() && by_hand.by_hand.is_some());
        assert_eq!(written.lines("a"), by_hand.lines("a"));
        assert_eq!(written.measured("a"), by_hand.measured("a"));
        assert_eq!((written.lines("b"), written.measured("b")), ("", Measured::default()));
        assert_eq!(written.whole(), by_hand.whole());
    }

    #[test]
    fn refusals() {
        let check = |text: &str, message: &str| {
            assert_eq!(read(text).map(|_| ()), Err(message.to_owned()), "{text}");
        };
        check("lock schema=2\nnew 1", "1: the lock has schema 2, and this imgspec knows 1");
        check("image \"a\" {}", "1: `imgspec.lock` does not say its schema");
        check("lock schema=1\n=======\n", "2: `imgspec.lock` holds both sides of a merge");
        check("lock schema=1\nbases 1", "2: a lock has no node `bases`");
        let check = |block: &str, message: &str| {
            let text = format!("lock schema=1\nimage \"a\" {{\n{block}\n}}\n");
            assert_eq!(read(&text).map(|_| ()), Err(message.to_owned()), "{text}");
        };
        check("history \"p\" changed=1.5", "3: a share is a number from 0 to 1, and 1.5 is not");
        check("history \"p\" changed=0.6\nhistory \"q\" changed=0.6", "4: the shares of `a` come to more than 1 here");
        check("history \"p\" \"p\" changed=0.6", "3: the path `p` is in the set twice");
        check(
            "history \"p\" \"q\" changed=0.1\nhistory \"q\" \"p\" changed=0.2",
            "4: the set `p`, `q` stands here twice",
        );
        check("cost \"x\" \"1s\"\ncost \"x\" \"2s\"", "4: the step `x` stands here twice");
        check("cost \"x\" \"fast\"", "3: a duration is written as \"30s\" or \"1m30s\", and `fast` is not");
        assert!(read("lock schema=1\nimage \"a\" { pin \"x\"; }").is_err_and(|told| told.contains("pin")));
        assert!(read("lock schema=1\nimage \"a\" {}\nimage \"a\" {}").is_err_and(|told| told.contains("twice")));
    }

    #[test]
    fn large() {
        let blocks = (0..90_000)
            .map(|at| format!("image \"i{at:05}\" {{\n    history \"services/{at}/src\" changed=0.25\n}}\n"));
        let text = format!("lock schema=1\n{}", blocks.collect::<String>());
        assert!(text.len() > syntax::MAX_BYTES);
        assert_eq!(read(&text).expect("read").measured("i00007").history.len(), 1);
        let message = "270002: `imgspec.lock` has more than 4 MiB, and a line that imgspec did not write";
        assert_eq!(read(&format!("{text}// mine\n")).map(|_| ()), Err(message.to_owned()));
    }
}
