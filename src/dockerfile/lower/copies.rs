//! Copies.

use super::super::dockerignore::excluded_by_ignore_file;
use super::super::instruction::{Copied, Copy, ImageSource, Instruction, Joining};
use super::StageLowering;
use super::runs::statement;
use crate::base::{ImagePath, Mode};
use crate::graph::{Copy as CopyStep, CopyFrom, Source, Target};

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
        } else if self.is_classic() {
            let pattern = &copy.exclude[0].value;
            // Nor does it read the ignore file that stands beside the Dockerfile.
            self.unsupported(
                &format!("leave `{pattern}` out of what it copies"),
                "name the files and directories that are to be copied; of a language's node by its `sources`",
            );
            Vec::new()
        } else {
            copy.exclude.iter().map(|pattern| pattern.value.trim_start_matches('/').to_owned()).collect()
        };
        let directory = if copy.into_directory { copy.to.clone() } else { copy.to.parent() };
        let mode = copy.mode.filter(|_| !self.is_classic());
        self.make_way(&directory, mode);
        let owner = copy.owner.as_ref().map(|owner| self.owner(&owner.value));
        self.push(Instruction::Copy(Copy {
            from,
            what: Copied::Paths(copy.sources.iter().map(|source| untrimmed(&source.path.value)).collect()),
            to: copy.to.clone(),
            into_directory: copy.into_directory,
            owner,
            mode,
            exclude,
        }));
        if let Some(mode) = copy.mode.filter(|_| self.is_classic()) {
            self.change_mode(copy, mode);
        }
    }

    /// The classic builder's COPY sets no mode: a RUN does, of what is known to have been copied.
    fn change_mode(&mut self, copy: &CopyStep, mode: Mode) {
        let file = |source: &Source| {
            let name = source.path.value.rsplit('/').next().unwrap_or_default();
            let is_file = copy.from == CopyFrom::Context && !source.directory && !name.contains(['*', '?', '[', '\\']);
            let path = if copy.into_directory { copy.to.join(name) } else { copy.to.clone() };
            is_file.then(|| path.to_string())
        };
        let mode = mode.to_string();
        let (options, paths) = match copy.sources.iter().map(file).collect::<Option<Vec<String>>>() {
            Some(files) => (vec!["chmod", &mode], files),
            // A directory's files go where the directory goes; `-R` changes a file as well.
            None if copy.sources.len() == 1 && !copy.into_directory => {
                (vec!["chmod", "-R", &mode], vec![copy.to.to_string()])
            }
            None => {
                self.unsupported(
                    "set the mode of what a directory or glob holds",
                    "leave `mode` out, or name the files",
                );
                return;
            }
        };
        if self.needs_shell("`mode` with the target `classic`") {
            let words: Vec<&str> = options.iter().copied().chain(paths.iter().map(String::as_str)).collect();
            self.push_statements(vec![statement(&words)], Vec::new(), Joining::Free);
        }
    }

    /// A copy of the compiler's own.
    pub(super) fn copy_from_context(&mut self, path: &str, to: &ImagePath) {
        self.push(Instruction::Copy(Copy {
            from: None,
            what: Copied::Paths(vec![path.to_owned()]),
            to: to.clone(),
            into_directory: false,
            owner: None,
            mode: None,
            exclude: Vec::new(),
        }));
    }

    /// The name that the builder looks a context up by. BuildKit takes it with the tag `latest` too, by which linters
    /// see that it is no misspelt stage (hadolint DL3022).
    fn context_name(&self, name: &str) -> String {
        let is_plain = !name.contains([':', '@']);
        if self.target() == Target::Buildkit && is_plain { format!("{name}:latest") } else { name.to_owned() }
    }
}

/// `path` with a blank at its end written as a class: BuildKit trims it otherwise.
fn untrimmed(path: &str) -> String {
    match path.chars().next_back().filter(|last| last.is_whitespace()) {
        Some(last) => format!("{}[{last}]", &path[..path.len() - last.len_utf8()]),
        None => path.to_owned(),
    }
}
