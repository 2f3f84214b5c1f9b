//! The list that mistakes are told to.

use super::{Diagnostic, Severity};
use crate::base::Span;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// The proof that a mistake was told: only [`Diagnostics::error`] makes one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reported(());

/// What was found wrong so far.
#[derive(Debug, Clone, Default)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    decisive: BTreeSet<Span>,
}

impl Diagnostics {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Tells an error.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        self.list.push(Diagnostic { severity: Severity::Error, ..diagnostic });
        Reported(())
    }

    /// Tells a warning.
    pub fn warn(&mut self, diagnostic: Diagnostic) {
        self.list.push(Diagnostic { severity: Severity::Warning, ..diagnostic });
    }

    /// Tells a diagnostic that was told before, as severe as it was.
    pub fn tell(&mut self, diagnostic: Diagnostic) {
        self.list.push(diagnostic);
    }

    /// What was told, in the order in which it was.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.list.iter()
    }

    /// Takes over what another list holds.
    pub fn extend(&mut self, other: Self) {
        self.list.extend(other.list);
        self.decisive.extend(other.decisive);
    }

    /// Takes note that the setting at `place` decided how loud something was told, or that it was not.
    pub fn decided_by(&mut self, place: Span) {
        self.decisive.insert(place);
    }

    /// Whether the setting at `place` decided anything so far.
    pub fn was_decided_by(&self, place: Span) -> bool {
        self.decisive.contains(&place)
    }

    /// The settings that decided something so far.
    pub fn decisions(&self) -> impl Iterator<Item = Span> {
        self.decisive.iter().copied()
    }

    /// Forgets those that `keep` does not want.
    pub fn retain(&mut self, keep: impl FnMut(&Diagnostic) -> bool) {
        self.list.retain(keep);
    }

    /// Whether there is an error among them.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(Diagnostic::is_error)
    }

    /// The names of the images that errors are about.
    pub fn wrong_images(&self) -> impl Iterator<Item = &str> {
        let errors = self.list.iter().filter(|diagnostic| diagnostic.is_error());
        errors.flat_map(|diagnostic| &diagnostic.images).map(|image| &**image)
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The same, each as `change` makes it.
    #[must_use]
    pub fn map(mut self, change: impl FnMut(Diagnostic) -> Diagnostic) -> Self {
        self.list = self.list.into_iter().map(change).collect();
        self
    }

    /// What was told, in the order of the source, each once: what many images have from one place is one, with the names
    /// of the images, though their values may make other words of it.
    pub fn into_sorted(self) -> Vec<Diagnostic> {
        let mut merged = Merged::default();
        self.list.into_iter().for_each(|diagnostic| merged.add(diagnostic));
        // Stable: of two at one place the first told stands first.
        merged.list.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.file, span.start, span.end)));
        merged.list
    }
}

/// A code and a place.
type Key = (&'static str, Option<Span>);

/// Diagnostics, those of many images at one place in one.
#[derive(Default)]
struct Merged {
    list: Vec<Diagnostic>,
    /// Those of each code at each place.
    at: BTreeMap<Key, Vec<usize>>,
    /// How many an image has of each code at each place.
    counts: BTreeMap<(Key, Arc<str>), usize>,
    /// Which images each has.
    seen: BTreeSet<(usize, Arc<str>)>,
}

impl Merged {
    fn add(&mut self, diagnostic: Diagnostic) {
        let key = (diagnostic.code.name, diagnostic.span());
        let known = self.at.entry(key).or_default();
        let [image] = diagnostic.images.as_slice() else {
            if !known.iter().any(|at| self.list[*at] == diagnostic) {
                let images = diagnostic.images.iter().cloned();
                self.seen.extend(images.map(|image| (self.list.len(), image)));
                known.push(self.list.len());
                self.list.push(diagnostic);
            }
            return;
        };
        let says_so = |at: &&usize| self.list[**at].message == diagnostic.message;
        let same = known.iter().find(says_so).copied();
        let is_repeated = |at: &usize| self.seen.contains(&(*at, Arc::clone(image)));
        let at = if let Some(same) = same.filter(|at| !is_repeated(at)) {
            same
        } else if same.is_some() {
            return;
        } else {
            // The first that an image has at a place falls together with the first of the others, and so on.
            let nth = self.counts.get(&(key, Arc::clone(image))).copied().unwrap_or_default();
            let others = known.iter().filter(|at| !self.list[**at].images.is_empty());
            others.copied().nth(nth).filter(|at| !is_repeated(at)).unwrap_or(self.list.len())
        };
        *self.counts.entry((key, Arc::clone(image))).or_default() += 1;
        self.seen.insert((at, Arc::clone(image)));
        match self.list.get_mut(at) {
            Some(first) => first.images.extend(diagnostic.images),
            None => {
                known.push(at);
                self.list.push(diagnostic);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::diagnostic::codes::{INVALID_VALUE, WRONG_TYPE};

    /// Which of `told`, each a code's letter, a place, a message and an image, are left, as `place message: images`.
    #[track_caller]
    fn check(told: &[(char, usize, &str, &str)], expected: &[&str]) {
        let mut diagnostics = Diagnostics::new();
        for (code, place, message, image) in told {
            let code = if *code == 'a' { &INVALID_VALUE } else { &WRONG_TYPE };
            let mut diagnostic = Diagnostic::error(code, Span::new(FileId(0), *place, *place + 1), *message);
            diagnostic.images = image.split_whitespace().map(Arc::from).collect();
            diagnostics.error(diagnostic);
        }
        let line = |d: Diagnostic| {
            let place = d.span().map_or(0, |span| span.start);
            format!("{place} {}: {}", d.message, d.images.join(" "))
        };
        assert_eq!(diagnostics.into_sorted().into_iter().map(line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn each_once() {
        check(&[('a', 5, "x", ""), ('a', 1, "y", ""), ('a', 5, "x", "")], &["1 y: ", "5 x: "]);
        check(&[('a', 5, "x", ""), ('b', 5, "x", ""), ('a', 5, "z", "")], &["5 x: ", "5 x: ", "5 z: "]);
        check(&[('a', 1, "x", "i"), ('a', 1, "x", "j"), ('a', 1, "x", "j")], &["1 x: i j"]);
        check(&[('a', 1, "8 is wrong", "i"), ('a', 1, "9 is wrong", "j")], &["1 8 is wrong: i j"]);
        check(
            &[('a', 1, "m", "i"), ('a', 1, "n", "i"), ('a', 1, "o", "j"), ('a', 1, "p", "j"), ('a', 1, "q", "j")],
            &["1 m: i j", "1 n: i j", "1 q: j"],
        );
        // What a template has by itself, and the images that have it from there.
        check(&[('a', 1, "x", ""), ('a', 1, "x", "i"), ('a', 1, "x", "j")], &["1 x: i j"]);
        check(&[('a', 1, "x", ""), ('a', 1, "y", "i")], &["1 x: ", "1 y: i"]);
        check(&[('a', 1, "x", "i j k"), ('a', 1, "x", "j"), ('a', 1, "x", "l")], &["1 x: i j k l"]);
    }
}
