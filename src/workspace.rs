//! A workspace as the compiler reads it: its own file, its members, and the images they make. Pure, and what a lone spec
//! is too, whose workspace is its directory.

mod members;
mod selection;

pub use selection::Selection;

use crate::base::{FileId, ImageName, Invalid, Span, World};
use crate::diagnostic::codes::{OUTPUT_CONFLICT, UNKNOWN_IMAGE, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::model::{self, Image, SpecFile};
use crate::spec::Target;
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
}

/// Reads the workspace whose own file is `file`, or the lone spec `file`.
pub fn read(world: &dyn World, file: &str) -> Workspace {
    let mut workspace = Workspace::default();
    let mut documents = Vec::new();
    let own = workspace.read_file(world, file, None, &mut documents);
    // A workspace file that does not parse names no members, and images it would have are not unknown to anybody.
    let Some(_) = own else { return workspace };
    workspace.has_members = true;
    let settings = documents.first_mut().and_then(|own: &mut SpecFile| own.document.workspace.take());
    for (path, glob) in members::expand(world, settings.as_ref(), file, &mut workspace.diagnostics) {
        workspace.read_file(world, &path, Some(glob), &mut documents);
    }
    workspace.target = settings.as_ref().and_then(|settings| settings.target);
    let mut resolved = Diagnostics::new();
    documents[0].document.workspace = settings;
    workspace.images = model::resolve(documents, &mut resolved);
    if workspace.unparsed {
        // What such a file declares is not known, nor then what is not there.
        resolved.retain(|diagnostic| diagnostic.code.name != UNKNOWN_IMAGE.name);
    }
    workspace.diagnostics.extend(resolved);
    workspace.tell_shared_outputs();
    workspace
}

impl Workspace {
    /// The path of a file.
    pub fn path(&self, file: FileId) -> &str {
        &self.sources.presume(file).path
    }

    /// The directories whose specs declare images: whatever becomes of those, their outputs are claimed.
    pub fn claimed_directories(&self) -> impl Iterator<Item = &str> {
        self.declared.iter().map(|declared| directory_of(self.path(declared.file)))
    }

    /// The image of that name, if it has no mistakes.
    pub fn image(&self, name: &ImageName) -> Option<&Image> {
        self.images.iter().find(|image| image.name.value == *name)
    }

    /// Tells images that compile to one file, and leaves them out.
    fn tell_shared_outputs(&mut self) {
        let mut writers: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
        for image in &self.images {
            writers.entry(&image.directory).or_default().push(image);
        }
        let shared: BTreeSet<String> = writers
            .iter()
            .filter(|(_, images)| images.len() > 1)
            .map(|(directory, _)| (*directory).to_owned())
            .collect();
        for images in writers.values() {
            for (first, other) in images.iter().zip(images.iter().skip(1)) {
                let path = dockerfile_path(&other.directory);
                let message = format!("`{}` and `{}` both compile to `{path}`", first.name.value, other.name.value);
                let diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, other.name.span, message);
                let hint = "give each image a spec in a directory of its own";
                self.diagnostics.error(diagnostic.also(first.name.span, "the other").hint(hint));
            }
        }
        self.images.retain(|image| !shared.contains(&image.directory));
    }

    /// Reads the spec `path`, which stands in the workspace because of `named_at`.
    fn read_file(
        &mut self,
        world: &dyn World,
        path: &str,
        named_at: Option<Span>,
        documents: &mut Vec<SpecFile>,
    ) -> Option<FileId> {
        let text = match world.read(path) {
            Ok(text) => text,
            Err(Invalid(reason)) => {
                self.diagnostics.error(match named_at {
                    Some(glob) => Diagnostic::error(&UNREADABLE_FILE, glob, reason),
                    None => Diagnostic::unplaced(&UNREADABLE_FILE, reason),
                });
                self.unparsed = true;
                return None;
            }
        };
        let file = self.sources.add(path, &text);
        self.files.push((file, path.to_owned()));
        let Ok(nodes) = syntax::parse(file, &text, &mut self.diagnostics) else {
            self.unparsed = true;
            return None;
        };
        let spec = SpecFile::decode(path, nodes, &mut self.diagnostics);
        documents.push(spec);
        Some(file)
    }
}

/// The path of the Dockerfile of an image whose spec stands in `directory`.
pub fn dockerfile_path(directory: &str) -> String {
    if directory.is_empty() { "Dockerfile".to_owned() } else { format!("{directory}/Dockerfile") }
}

/// The path of the ignore file that belongs to a Dockerfile.
pub fn dockerignore_path(dockerfile: &str) -> String {
    format!("{dockerfile}.dockerignore")
}

/// The directory a file stands in, empty for the workspace's root.
pub fn directory_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}
