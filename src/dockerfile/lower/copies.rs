//! Copies.

use super::super::dockerignore::excluded_by_ignore_file;
use super::super::instruction::{Copied, Copy, ImageSource, Instruction};
use super::StageLowering;
use crate::graph::{Copy as CopyStep, CopyFrom, Target};

impl StageLowering<'_, '_> {
    pub(super) fn copy(&mut self, copy: &CopyStep) {
        let from = match &copy.from {
            CopyFrom::Context => None,
            CopyFrom::Stage(name) => Some(ImageSource::Stage(name.clone())),
            CopyFrom::Registry(image) => Some(ImageSource::Registry(image.clone())),
            CopyFrom::Image(name) => Some(ImageSource::Image(name.clone())),
            CopyFrom::Named(name) => Some(ImageSource::Context(self.context_name(name))),
        };
        let exclude = if copy.exclude.is_empty() || excluded_by_ignore_file(self.graph, copy) {
            Vec::new()
        } else {
            copy.exclude.iter().map(|pattern| pattern.value.clone()).collect()
        };
        let owner = copy.owner.as_ref().map(|owner| self.owner(&owner.value));
        self.push(Instruction::Copy(Copy {
            from,
            what: Copied::Paths(copy.sources.iter().map(|source| source.path.value.clone()).collect()),
            to: copy.to.clone(),
            into_directory: copy.into_directory,
            owner,
            mode: copy.mode,
            exclude,
        }));
    }

    /// The name that the builder looks a context up by. BuildKit takes it with the tag `latest` too, by which linters
    /// see that it is no misspelt stage (hadolint DL3022).
    fn context_name(&self, name: &str) -> String {
        let is_plain = !name.contains([':', '@']);
        if self.target() == Target::Buildkit && is_plain { format!("{name}:latest") } else { name.to_owned() }
    }
}
