//! The list that mistakes are told to.

use super::{Diagnostic, Severity};
use crate::base::Span;
use std::collections::BTreeSet;

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
        self.list.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// Whether nothing was told.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// What was told, in the order of the source, each once.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        // Stable: of two at one place the first told stands first.
        self.list.sort_by_key(|diagnostic| diagnostic.span().map(|span| (span.file, span.start, span.end)));
        let mut sorted: Vec<Diagnostic> = Vec::with_capacity(self.list.len());
        for diagnostic in self.list {
            let told = sorted.iter().rev().take_while(|earlier| earlier.span() == diagnostic.span());
            if !told.into_iter().any(|earlier| *earlier == diagnostic) {
                sorted.push(diagnostic);
            }
        }
        sorted
    }
}
