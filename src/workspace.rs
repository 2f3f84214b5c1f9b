//! A workspace as the compiler reads it: its own file, its members, and the images they make. Pure, and what a lone spec
//! is too, whose workspace is its directory.

mod gitattributes;
mod members;
mod selection;

pub use gitattributes::{GITATTRIBUTES, with_block};
pub use selection::Selection;

use crate::base::{FileId, Invalid, Span, Spanned, Workers, World, map};
use crate::diagnostic::codes::{UNKNOWN_IMAGE, UNKNOWN_TEMPLATE, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, Source, Sources};
use crate::model::{Image, Plan, SpecFile, Unit};
use crate::spec::Target;
use crate::syntax;
use std::collections::BTreeSet;

/// A workspace, read.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The texts of its files.
    pub sources: Sources,
    /// Its images, those with mistakes too, and what they are made of.
    pub plan: Plan,
    /// What is wrong with its files, but for what an image makes of them.
    pub diagnostics: Diagnostics,
    /// Whether its own file is sound enough to say who its members are.
    pub has_members: bool,
    /// Whether a file of it cannot be read or does not parse.
    unparsed: bool,
    /// Its files that could be read, its own first, then by path.
    pub files: Vec<(FileId, String)>,
}

/// Reads the workspace whose own file is `file`, or the lone spec `file`.
pub fn read(world: &dyn World, workers: &dyn Workers, file: &str) -> Workspace {
    let mut workspace = Workspace::default();
    let own = workspace.take(file, None, read_file(world, workspace.sources.next(), file));
    // A workspace file that does not parse names no members, and images it would have are not unknown to anybody.
    let Some(own) = own else { return workspace };
    workspace.has_members = true;
    let settings = own.document.workspace.as_ref();
    let members = members::expand(world, workers, settings, file, &mut workspace.diagnostics);
    let members: Vec<(String, Span)> = members.into_iter().collect();
    let first = workspace.sources.next().0;
    let read = map(workers, members.len(), |at| read_file(world, FileId(first + at as u32), &members[at].0));
    let mut files = vec![own];
    for ((path, glob), read) in members.iter().zip(read) {
        files.extend(workspace.take(path, Some(*glob), read));
    }
    let mut told = Diagnostics::new();
    let globs: Vec<&Spanned<String>> = files.iter().flat_map(SpecFile::rule_globs).collect();
    let matches = members::directories(world, workers, &globs, &mut told);
    workspace.plan = Plan::new(files, &matches, &mut told);
    workspace.plan.check_bodies(&mut told);
    workspace.diagnostics.extend(workspace.without_guesses(told));
    workspace
}

/// A file as it was read.
struct Read {
    /// Its text, or why it has none.
    source: Result<Source, Invalid>,
    /// What it says, if it parses.
    spec: Option<SpecFile>,
    /// What is wrong with it.
    diagnostics: Diagnostics,
}

/// Reads the file `path`, which is to have the number `file`.
fn read_file(world: &dyn World, file: FileId, path: &str) -> Read {
    let mut diagnostics = Diagnostics::new();
    let source = world.read(path).map(|text| Source::new(path, &text));
    let nodes = source.as_ref().ok().and_then(|source| syntax::parse(file, &source.text, &mut diagnostics).ok());
    let spec = nodes.map(|nodes| SpecFile::decode(path, nodes, &mut diagnostics));
    Read { source, spec, diagnostics }
}

impl Workspace {
    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.sources.presume(file).path
    }

    /// Puts the image `unit` together, and tells what is wrong with it.
    pub fn resolve(&self, unit: &Unit, diagnostics: &mut Diagnostics) -> Result<Image, Reported> {
        let mut told = Diagnostics::new();
        let image = self.plan.resolve(unit, &mut told);
        diagnostics.extend(self.without_guesses(told));
        image
    }

    /// Who builds its images, where it says so.
    pub fn target(&self) -> Option<Target> {
        self.plan.workspace.as_ref()?.target
    }

    /// The path of its bake file, if it has one.
    pub fn bake(&self) -> Option<&Spanned<String>> {
        self.plan.workspace.as_ref()?.bake.as_ref()
    }

    /// The paths of all that it compiles to, whatever becomes of its images.
    pub fn outputs(&self) -> BTreeSet<String> {
        let bake = self.bake().map(|bake| bake.value.clone());
        self.plan.units.iter().flat_map(|unit| output_paths(&unit.output)).chain(bake).collect()
    }

    /// What was told, without what may be no mistake: what a file declares that does not parse is not known.
    fn without_guesses(&self, mut told: Diagnostics) -> Diagnostics {
        if self.unparsed {
            let guessed = [UNKNOWN_IMAGE.name, UNKNOWN_TEMPLATE.name];
            told.retain(|diagnostic| !guessed.contains(&diagnostic.code.name));
        }
        told
    }

    /// Takes in the file `path`, which stands in the workspace because of `named_at`, and gives what it says.
    fn take(&mut self, path: &str, named_at: Option<Span>, read: Read) -> Option<SpecFile> {
        self.diagnostics.extend(read.diagnostics);
        self.unparsed |= read.spec.is_none();
        match read.source {
            Ok(source) => {
                let file = self.sources.push(source);
                self.files.push((file, path.to_owned()));
            }
            Err(Invalid(reason)) => {
                // Its number is given: files behind it have theirs already.
                self.sources.push(Source::new(path, ""));
                self.diagnostics.error(match named_at {
                    Some(glob) => Diagnostic::error(&UNREADABLE_FILE, glob, reason),
                    None => Diagnostic::unplaced(&UNREADABLE_FILE, reason),
                });
            }
        }
        read.spec
    }
}

/// The paths of what an image compiles to: of its Dockerfile, and of the ignore file beside it.
pub fn output_paths(dockerfile: &str) -> [String; 2] {
    [dockerfile.to_owned(), dockerignore_path(dockerfile)]
}

/// The path of the ignore file that belongs to a Dockerfile.
pub fn dockerignore_path(dockerfile: &str) -> String {
    format!("{dockerfile}{DOCKERIGNORE}")
}

/// The path of the Dockerfile that the ignore file `path` would belong to.
pub fn dockerfile_of(path: &str) -> Option<&str> {
    path.strip_suffix(DOCKERIGNORE)
}

/// What an ignore file is called behind the name of its Dockerfile.
const DOCKERIGNORE: &str = ".dockerignore";
