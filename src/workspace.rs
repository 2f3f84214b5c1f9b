//! A workspace as the compiler reads it: its own file, its members, and the images they make. Pure, and what a lone spec
//! is too, whose workspace is its directory.

mod members;
mod selection;

pub use selection::Selection;

use crate::base::{FileId, ImageName, Invalid, Span, Spanned, Workers, World, map};
use crate::diagnostic::codes::{OUTPUT_CONFLICT, UNKNOWN_IMAGE, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics, Source, Sources};
use crate::model::{self, Image, SpecFile};
use crate::spec::{RuleSetting, Target};
use crate::syntax;
use std::collections::{BTreeMap, BTreeSet};

/// A workspace, read.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The texts of its files.
    pub sources: Sources,
    /// Its images. One with mistakes is told and left out.
    pub images: Vec<Image>,
    /// What is wrong with its files.
    pub diagnostics: Diagnostics,
    /// Who builds its images, where it says so.
    pub target: Option<Target>,
    /// The path of its bake file, if it has one.
    pub bake: Option<Spanned<String>>,
    /// Settings of rules for all its images.
    pub rules: Vec<RuleSetting>,
    /// The images its files declare, those with mistakes too, in order of files.
    pub declared: Vec<Declared>,
    /// Whether its own file is sound enough to say who its members are.
    pub has_members: bool,
    /// Whether a file of it cannot be read or does not parse.
    unparsed: bool,
    /// Its files that could be read, its own first, then by path.
    pub files: Vec<(FileId, String)>,
}

/// An image that a file declares, whether it decodes or not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// The file.
    pub file: FileId,
    /// Its Dockerfile's path from the workspace's root, which it claims whether it decodes or not.
    pub output: String,
}

/// Reads the workspace whose own file is `file`, or the lone spec `file`.
pub fn read(world: &dyn World, workers: &dyn Workers, file: &str) -> Workspace {
    let mut workspace = Workspace::default();
    let own = workspace.take(file, None, read_file(world, workspace.sources.next(), file));
    // A workspace file that does not parse names no members, and images it would have are not unknown to anybody.
    let Some(mut own) = own else { return workspace };
    workspace.has_members = true;
    let settings = own.document.workspace.take();
    let members = members::expand(world, settings.as_ref(), file, &mut workspace.diagnostics);
    let members: Vec<(String, Span)> = members.into_iter().collect();
    let first = workspace.sources.next().0;
    let read = map(workers, members.len(), |at| read_file(world, FileId(first + at as u32), &members[at].0));
    let mut documents = vec![own];
    for ((path, glob), read) in members.iter().zip(read) {
        documents.extend(workspace.take(path, Some(*glob), read));
    }
    workspace.target = settings.as_ref().and_then(|settings| settings.target);
    workspace.bake = settings.as_ref().and_then(|settings| settings.bake.clone());
    workspace.rules = settings.as_ref().map(|settings| settings.rules.settings.clone()).unwrap_or_default();
    let mut resolved = Diagnostics::new();
    workspace.images = model::resolve(&documents, settings.as_ref(), &mut resolved);
    if workspace.unparsed {
        // What such a file declares is not known, nor then what is not there.
        resolved.retain(|diagnostic| diagnostic.code.name != UNKNOWN_IMAGE.name);
    }
    workspace.diagnostics.extend(resolved);
    workspace.tell_shared_outputs();
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
    let spec = nodes.map(|nodes| SpecFile::decode(path, &nodes, &mut diagnostics));
    Read { source, spec, diagnostics }
}

impl Workspace {
    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.sources.presume(file).path
    }

    /// The image of that name, if it has no mistakes.
    pub fn image(&self, name: &ImageName) -> Option<&Image> {
        self.images.iter().find(|image| image.name.value == *name)
    }

    /// Tells images that compile to one file, and leaves them out.
    fn tell_shared_outputs(&mut self) {
        let mut writers: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
        for image in &self.images {
            writers.entry(&image.output).or_default().push(image);
        }
        let shared: BTreeSet<String> =
            writers.iter().filter(|(_, images)| images.len() > 1).map(|(output, _)| (*output).to_owned()).collect();
        for (path, images) in &writers {
            for (first, other) in images.iter().zip(images.iter().skip(1)) {
                let message = format!("`{}` and `{}` both compile to `{path}`", first.name.value, other.name.value);
                let diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, other.name.span, message);
                let hint = "give each image a spec in a directory of its own";
                self.diagnostics.error(diagnostic.also(first.name.span, "the other").hint(hint));
            }
        }
        if let Some(bake) = &self.bake {
            let is_bake = |output: &str| output == bake.value || dockerignore_path(output) == bake.value;
            for image in self.images.iter().filter(|image| is_bake(&image.output)) {
                let message = format!("the bake file `{}` is what `{}` compiles to", bake.value, image.name.value);
                let diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, bake.span, message);
                self.diagnostics.error(diagnostic.also(image.name.span, "the image"));
            }
        }
        self.images.retain(|image| !shared.contains(&image.output));
    }

    /// Takes in the file `path`, which stands in the workspace because of `named_at`, and gives what it says.
    fn take(&mut self, path: &str, named_at: Option<Span>, read: Read) -> Option<SpecFile> {
        self.diagnostics.extend(read.diagnostics);
        self.unparsed |= read.spec.is_none();
        match read.source {
            Ok(source) => {
                let file = self.sources.push(source);
                self.files.push((file, path.to_owned()));
                let output = model::dockerfile_path(path.rsplit_once('/').map_or("", |(directory, _)| directory));
                let names = read.spec.iter().flat_map(|spec| &spec.names);
                self.declared.extend(names.map(|name| Declared {
                    name: name.to_string(),
                    file,
                    output: output.clone(),
                }));
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

/// The path of the ignore file that belongs to a Dockerfile.
pub fn dockerignore_path(dockerfile: &str) -> String {
    format!("{dockerfile}.dockerignore")
}
