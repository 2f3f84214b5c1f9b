//! What a step or a content is known by: a hash of parts that cannot run into each other.

use crate::base::Sum;

/// Parts on their way to a hash.
pub(super) struct Parts(Vec<u8>);

impl Parts {
    /// The parts of a `kind` of key; those of one kind are never those of another.
    pub(super) fn of(kind: &str) -> Self {
        Self(Vec::new()).text(kind)
    }

    pub(super) fn text(mut self, text: &str) -> Self {
        self.0.extend(text.len().to_le_bytes());
        self.0.extend(text.as_bytes());
        self
    }

    pub(super) fn texts<'t>(self, texts: impl IntoIterator<Item = &'t str>) -> Self {
        // What comes behind a list is no part of it.
        texts.into_iter().fold(self, |parts, text| parts.number(1).text(text)).number(0)
    }

    pub(super) fn number(mut self, number: u32) -> Self {
        self.0.extend(number.to_le_bytes());
        self
    }

    pub(super) fn sum(mut self, sum: &Sum) -> Self {
        self.0.extend(sum.bytes());
        self
    }

    pub(super) fn hash(self) -> Sum {
        Sum::of(&self.0)
    }
}
