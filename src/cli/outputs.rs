//! Outputs as they should be and as they are.

use super::session::Session;
use crate::base::{EntryKind, Invalid, Span, Sum, World as _};
use crate::compile::Compiled;
use crate::diagnostic::codes::{OUTPUT_CONFLICT, UNWRITABLE_OUTPUT};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::dockerfile::{self, BakeFacts, header_spec};
use crate::host::{MANIFEST, Manifest, ManifestChange, State};
use crate::model::Image;
use crate::workspace::{GITATTRIBUTES, dockerfile_of, output_paths, with_block};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// An output, as it should be and as it is. The texts are there if they differ: of most outputs they do not.
#[derive(Debug)]
pub struct Output {
    /// Its path from the workspace's root.
    pub path: String,
    /// The image it belongs to; of an orphan, the one it was written for. Empty for the bake file, which is of all.
    pub image: String,
    /// Where a spec names that image, or the bake file; nothing, if it is an orphan.
    pub named_at: Option<Span>,
    /// The hash of what it should hold; nothing, if it is an orphan.
    pub hash: Option<Sum>,
    /// What it should hold; nothing, if it is an orphan or holds that.
    pub text: Option<String>,
    /// What it holds; nothing, if it is missing or holds what it should.
    pub found: Option<Vec<u8>>,
    /// How the two compare.
    pub state: State,
    /// Whether what it holds is what imgspec wrote.
    pub owned: bool,
}

/// The outputs of the chosen images, and of a whole workspace its orphans too.
#[derive(Debug, Default)]
pub struct Outputs {
    /// The outputs, in order of images.
    pub list: Vec<Output>,
    /// The manifest as it is.
    pub manifest: Manifest,
    /// Its text.
    pub manifest_text: Option<Vec<u8>>,
}

/// The size of a file beyond which it cannot be an output.
const MAX_BYTES: u64 = 64 << 20;

/// Looks at the outputs of an image, whose texts have these `hashes`. What cannot be an output is told and left out.
pub fn examine(
    session: &Session,
    manifest: &Manifest,
    image: &Image,
    compiled: &Compiled,
    hashes: [Sum; 2],
    diagnostics: &mut Diagnostics,
) -> Vec<Output> {
    let texts = [compiled.printed.text.as_str(), &compiled.dockerignore].into_iter().zip(hashes);
    let mut outputs = Vec::with_capacity(2);
    for (path, text) in output_paths(&image.output).into_iter().zip(texts) {
        let found = found(session, &path).and_then(|found| {
            not_anothers(session, image, &path, found.as_deref())?;
            Ok(found)
        });
        match found {
            Ok(found) => {
                let mut output = output(manifest, path, image.name.value.as_str(), Some(text), found);
                output.named_at = Some(image.name.span);
                outputs.push(output);
            }
            Err(diagnostic) => {
                diagnostics.error(*diagnostic);
            }
        }
    }
    outputs
}

/// Looks at the bake file, if the workspace has one, which has to know `chosen` of the chosen images. It is made of all images, whichever are chosen, so that it cannot be
/// told what it should hold while one has mistakes.
pub fn examine_bake(
    session: &Session,
    manifest: &Manifest,
    chosen: &[BakeFacts],
    diagnostics: &mut Diagnostics,
) -> Option<Output> {
    let workspace = &session.workspace;
    let bake = workspace.bake().filter(|_| !diagnostics.has_errors() && !workspace.diagnostics.has_errors())?;
    let others = session.facts_of_others()?;
    let text = dockerfile::bake(chosen.iter().chain(&others));
    match found(session, &bake.value) {
        Ok(found) => {
            let mut output = output(manifest, bake.value.clone(), "", Some(hashed(&text)), found);
            output.named_at = Some(bake.span);
            Some(output)
        }
        Err(diagnostic) => {
            diagnostics.error(*diagnostic);
            None
        }
    }
}

/// Looks at the block of `.gitattributes`: what becomes of that file if the workspace asks for a block, or no longer does.
/// Nothing, if it is as it should be.
pub fn examine_gitattributes(session: &Session, diagnostics: &mut Diagnostics) -> Option<Output> {
    let workspace = &session.workspace;
    if workspace.diagnostics.has_errors() {
        // Not all outputs are known.
        return None;
    }
    let asked = workspace.plan.workspace.as_ref().and_then(|workspace| workspace.gitattributes);
    let outputs: Option<Vec<String>> = asked.map(|_| workspace.outputs().into_iter().collect());
    let changed = found(session, GITATTRIBUTES).and_then(|found| {
        let text = str::from_utf8(found.as_deref().unwrap_or_default());
        let text = text.map_err(|_| Invalid::new(format!("`{GITATTRIBUTES}` is not UTF-8")));
        let new = text.and_then(|text| with_block(text, MANIFEST, outputs.as_deref()));
        let new = new.map_err(|Invalid(reason)| Box::new(Diagnostic::unplaced(&UNWRITABLE_OUTPUT, reason)))?;
        Ok((found, new))
    });
    match changed {
        Ok((found, new)) if found.as_deref() == new.as_deref().map(str::as_bytes) => None,
        Ok((found, new)) => {
            let state = match (&found, &new) {
                (_, None) => State::Orphan,
                (None, _) => State::Missing,
                (Some(_), Some(_)) => State::Stale,
            };
            let path = GITATTRIBUTES.to_owned();
            // No hash: the manifest does not have it, the file is not imgspec's alone.
            Some(Output {
                path,
                image: String::new(),
                named_at: asked,
                hash: None,
                text: new,
                found,
                state,
                owned: true,
            })
        }
        Err(diagnostic) if asked.is_some() => {
            diagnostics.error(*diagnostic);
            None
        }
        Err(_) => None,
    }
}

/// `text` and its hash.
fn hashed(text: &str) -> (&str, Sum) {
    (text, Sum::of(text.as_bytes()))
}

/// The output `path`, which should hold the text and its hash that `should` is, and holds `found`.
fn output(
    manifest: &Manifest,
    path: String,
    image: &str,
    should: Option<(&str, Sum)>,
    found: Option<Vec<u8>>,
) -> Output {
    let (text, hash) = should.unzip();
    let state = manifest.state(&path, text.map(str::as_bytes), found.as_deref());
    let owned = found.as_deref().is_some_and(|found| manifest.owns(&path, found));
    let differs = state != State::Ok;
    Output {
        path,
        image: image.to_owned(),
        named_at: None,
        hash,
        text: text.filter(|_| differs).map(str::to_owned),
        found: found.filter(|_| differs),
        state,
        owned,
    }
}

impl Output {
    /// Whether it belongs to an image that there is.
    fn is_of_image(&self) -> bool {
        self.state != State::Orphan && !self.image.is_empty()
    }
}

impl Outputs {
    /// The outputs of images and the bake file, each looked at, and what nobody claims.
    pub fn new(session: &Session, manifest: Manifest, examined: Vec<Output>) -> Self {
        let manifest_text = session.disk.read_bytes(MANIFEST, Manifest::MAX_BYTES).ok().flatten();
        let mut outputs = Self { list: examined, manifest, manifest_text };
        // Where a spec has mistakes, it is not known what its images claim.
        if session.selection.is_all() && !session.workspace.diagnostics.has_errors() {
            outputs.find_orphans(session);
        }
        outputs
    }

    /// What becomes of the manifest when the outputs of which `is_written` says so are written or removed.
    pub fn manifest_change(&self, is_written: impl Fn(&Output) -> bool) -> ManifestChange<'_> {
        let written = self.list.iter().filter(|output| is_written(output));
        let after = written.map(|output| {
            let hash = output.hash.map(|hash| (hash, output.image.as_str()));
            (output.path.as_str(), hash)
        });
        ManifestChange::new(&self.manifest, after)
    }

    /// What the worst of its outputs is, for each image.
    pub fn states(&self) -> BTreeMap<&str, State> {
        let mut states: BTreeMap<&str, State> = BTreeMap::new();
        for output in self.list.iter().filter(|output| output.is_of_image()) {
            let state = states.entry(&output.image).or_insert(State::Ok);
            if output.state.rank() > state.rank() {
                *state = output.state;
            }
        }
        states
    }

    /// The images with an output of which `has` says so.
    pub fn images(&self, has: impl Fn(&Output) -> bool) -> BTreeSet<&str> {
        let outputs = self.list.iter().filter(|output| output.is_of_image() && has(output));
        outputs.map(|output| output.image.as_str()).collect()
    }

    /// Outputs that the manifest has and no image claims.
    fn find_orphans(&mut self, session: &Session) {
        let workspace = &session.workspace;
        let dockerfiles: HashSet<&str> = workspace.plan.units.iter().map(|unit| &*unit.output).collect();
        let bake = workspace.bake().map(|bake| bake.value.as_str());
        let is_claimed = |path: &str| {
            dockerfiles.contains(path)
                || dockerfile_of(path).is_some_and(|dockerfile| dockerfiles.contains(dockerfile))
                || bake == Some(path)
        };
        let orphans: Vec<(String, String)> = self
            .manifest
            .outputs
            .iter()
            .filter(|(path, _)| !is_claimed(path))
            .map(|(path, owned)| (path.clone(), owned.image.clone()))
            .collect();
        for (path, image) in orphans {
            // What is in the way of nothing need not be read.
            let found = found(session, &path).ok().flatten();
            self.list.push(output(&self.manifest, path, &image, None, found));
        }
    }
}

/// What stands at the place of an output.
pub fn found(session: &Session, path: &str) -> Result<Option<Vec<u8>>, Box<Diagnostic>> {
    let refused = |reason: String| Box::new(Diagnostic::unplaced(&UNWRITABLE_OUTPUT, reason));
    match session.disk.entry(path) {
        Ok(None) => Ok(None),
        Ok(Some(entry)) => match entry.kind {
            EntryKind::File => session.disk.read_bytes(path, MAX_BYTES).map_err(|Invalid(reason)| refused(reason)),
            EntryKind::Directory => Err(refused(format!("`{path}` is a directory, where an output belongs"))),
            EntryKind::Link => {
                Err(refused(format!("`{path}` is a symbolic link, and outputs are not written through one")))
            }
        },
        Err(Invalid(reason)) => Err(refused(reason)),
    }
}

/// That `found` is not what another spec of the same directory compiles to: lone specs do not know of each other.
fn not_anothers(session: &Session, image: &Image, path: &str, found: Option<&[u8]>) -> Result<(), Box<Diagnostic>> {
    let text = found.and_then(|found| str::from_utf8(found).ok());
    match text.and_then(header_spec).filter(|spec| *spec != image.spec) {
        Some(other) if matches!(session.disk.entry(other), Ok(Some(_))) => {
            let message = format!("`{path}` is what `{other}` compiles to");
            let diagnostic = Diagnostic::error(&OUTPUT_CONFLICT, image.name.span, message);
            Err(Box::new(diagnostic.hint("give each spec a directory of its own")))
        }
        _ => Ok(()),
    }
}
