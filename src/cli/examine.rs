//! Compiling the images of a call and looking at their outputs; or knowing already what that comes to.

use super::args::How;
use super::memory::{Known, Memory, Packed, Seen};
use super::outputs::{Output, examine};
use super::recording::{Answers, Asked, Recorder};
use super::session::{Facts, Outcome, Session};
use super::told::{Range, Told};
use crate::base::{FileId, Spanned, Sum, map};
use crate::compile::{Compiled, compile_locked};
use crate::diagnostic::Diagnostics;
use crate::dockerfile::BakeFacts;
use crate::host::{Manifest, Signature, State};
use crate::lock::PinOf;
use crate::lower::Options;
use crate::model::{Image, Unit};
use crate::spec::{Level, RuleSetting};
use crate::syntax::{Node, Value};
use crate::workspace::output_paths;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::SystemTime;

/// How outputs are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Not at those of images with which something is wrong.
    pub sound_alone: bool,
    /// A file that has the signature it had holds what it held.
    pub trusts_signatures: bool,
}

/// What became of images and their outputs.
#[derive(Debug)]
pub struct Examined<T> {
    /// The outputs, those of images that do not compile left out.
    pub outputs: Vec<Output>,
    /// What was made of each image that is not known to be what it should.
    pub made: Vec<T>,
    /// What the bake file has to know, if the workspace has one.
    pub bake: Vec<BakeFacts>,
    /// The names of the images that errors are about.
    pub wrong: BTreeSet<String>,
}

/// What became of an image and its outputs.
struct Piece<T> {
    outputs: Vec<Output>,
    /// What was made of it; nothing if it was known.
    made: Option<T>,
    key: Sum,
    fresh: Option<Packed>,
    seen: Vec<(String, Seen)>,
}

impl Session {
    /// Looks at the outputs of the chosen images, and tells all that is wrong with those. `finish` makes something of each
    /// image that is not known to be what it should.
    pub fn examine<T: Send>(
        &self,
        how: &How,
        look: Look,
        manifest: &Manifest,
        memory: &mut Memory,
        diagnostics: &mut Diagnostics,
        finish: impl Fn(&Compiled, &mut [Output]) -> T + Sync,
    ) -> Examined<T> {
        let started = SystemTime::now();
        let examiner = Examiner::new(self, how, look, manifest, memory);
        let worked = self.each(diagnostics, |unit, told| {
            let (files, key) = examiner.key(unit);
            let known = examiner.memory.known(&key).filter(|_| unit.is_sound());
            let recalled = known.and_then(|known| examiner.recall(unit, &files, key, known, told));
            recalled.unwrap_or_else(|| examiner.find_out(unit, &files, key, told, &finish))
        });
        let mut examined = Examined { outputs: Vec::new(), made: Vec::new(), bake: worked.bake, wrong: worked.wrong };
        let mut keys = Vec::new();
        for piece in worked.kept.into_iter().flatten() {
            examined.outputs.extend(piece.outputs);
            examined.made.extend(piece.made);
            keys.push(piece.key);
            if let Some(packed) = piece.fresh {
                memory.learn(piece.key, packed);
            }
            for (path, seen) in piece.seen {
                memory.saw(path, seen, started);
            }
        }
        if self.selection.is_all() {
            memory.forget_but(&keys);
        }
        examined
    }
}

struct Examiner<'s> {
    session: &'s Session,
    options: Options,
    /// They, as a part of every key.
    how: String,
    look: Look,
    manifest: &'s Manifest,
    memory: &'s Memory,
    /// The hash of the text of each file.
    texts: BTreeMap<FileId, Sum>,
    answers: Answers<'s>,
    /// The signatures of outputs, where those are trusted.
    signatures: HashMap<String, Signature>,
    names: HashSet<&'s str>,
}

impl<'s> Examiner<'s> {
    fn new(session: &'s Session, how: &How, look: Look, manifest: &'s Manifest, memory: &'s Memory) -> Self {
        let workspace = &session.workspace;
        let files = &workspace.files;
        let options = session.options(how);
        let hash = |file: FileId| (file, Sum::of(workspace.sources.presume(file).text.as_bytes()));
        Self {
            session,
            how: format!("{options:?}"),
            options,
            look,
            manifest,
            memory,
            texts: map(&session.threads, files.len(), |at| hash(files[at].0)).into_iter().collect(),
            answers: Answers::new(&session.disk),
            signatures: if look.trusts_signatures { signatures(session, memory) } else { HashMap::new() },
            names: workspace.plan.units.iter().map(|unit| unit.name.value.as_str()).collect(),
        }
    }

    /// The files that an image is made of, and the hash of all it is made of but for what it asks of the files around it.
    fn key(&self, unit: &Unit) -> (Vec<FileId>, Sum) {
        let workspace = &self.session.workspace;
        let own = workspace.files.first().map(|(own, _)| *own);
        let files = each_once(own.into_iter().chain(workspace.plan.files(unit)));
        let mut bytes = Vec::with_capacity(512);
        bytes.extend_from_slice(self.how.as_bytes());
        let mut push = |part: &[u8]| {
            bytes.extend_from_slice(&(part.len() as u64).to_le_bytes());
            bytes.extend_from_slice(part);
        };
        let name = unit.name.value.as_str();
        for part in [name, &unit.spec, &unit.directory, &unit.output, self.session.locked.lines(name)] {
            push(part.as_bytes());
        }
        for file in &files {
            push(workspace.path(*file).as_bytes());
            push(self.texts.get(file).map(|sum| sum.bytes().as_slice()).unwrap_or_default());
        }
        let key = Sum::of(&bytes);
        (files, key)
    }

    /// What is known of an image, if it still holds and its outputs are what they should be.
    fn recall<T>(
        &self,
        unit: &Unit,
        files: &[FileId],
        key: Sum,
        known: Known,
        diagnostics: &mut Diagnostics,
    ) -> Option<Outcome<Piece<T>>> {
        let base = |(name, was): &(String, Sum)| {
            let base = self.session.workspace.plan.unit(name).filter(|base| base.is_sound())?;
            let (files, key) = self.key(base);
            (key == *was).then_some(files)
        };
        let of_bases: Option<Vec<Vec<FileId>>> = known.bases.iter().map(base).collect();
        // Its own first, then those that the images it stands on are made of.
        let files = &each_once(files.iter().copied().chain(of_bases?.into_iter().flatten()));
        let is_as_then = |(name, was): &(String, bool)| self.names.contains(name.as_str()) == *was;
        let is_pinned_so = |(of, was): &(PinOf, Sum)| self.session.locked.answer(of) == *was;
        if !known.names.iter().all(is_as_then)
            || !known.pins.iter().all(is_pinned_so)
            || !known.asked.iter().all(|asked| self.answers.holds(asked))
        {
            return None;
        }
        let mut told = Diagnostics::new();
        for diagnostic in known.told {
            told.tell(diagnostic.diagnostic(files)?);
        }
        for place in known.decided {
            told.decided_by(place.span(files)?);
        }
        let mut piece = Piece { outputs: Vec::new(), made: None, key, fresh: None, seen: Vec::new() };
        if !self.look.sound_alone || !told.has_errors() {
            for (path, hash) in output_paths(&unit.output).into_iter().zip(known.outputs) {
                if !self.holds(&path, hash, &mut piece.seen) {
                    return None;
                }
                piece.outputs.push(current(path, unit, &hash, self.manifest));
            }
        }
        let shared = known.shared.into_iter().map(|(rule, place)| {
            let rule = Spanned::new(rule, place.span(files)?);
            Some(RuleSetting { rule, level: Level::Allow, reason: None, shared: true })
        });
        let ties = match known.ties {
            Some(ties) => Some(ties.renumbered(|file| files.get(file.0 as usize).copied())?),
            None => None,
        };
        let facts = Facts { shared: shared.collect::<Option<_>>()?, ties, bake: known.bake };
        diagnostics.extend(told);
        Some(Outcome { kept: Some(piece), facts: Some(facts) })
    }

    /// Whether the regular file `path` holds what hashes to `hash`.
    fn holds(&self, path: &str, hash: Sum, seen: &mut Vec<(String, Seen)>) -> bool {
        // Before it is read: what is changed behind it is changed behind the reading too.
        let signature = if self.look.trusts_signatures { self.signature(path) } else { None };
        if let Some(known) = signature.and_then(|signature| self.memory.hash(path, &signature)) {
            return known == hash;
        }
        let found = super::outputs::found(self.session, path).ok().flatten();
        let holds = found.is_some_and(|found| Sum::of(&found) == hash);
        if let (Some(signature), true) = (signature, holds) {
            seen.push((path.to_owned(), Seen { signature, hash }));
        }
        holds
    }

    fn signature(&self, path: &str) -> Option<Signature> {
        self.signatures.get(path).copied().or_else(|| self.session.disk.signature(path).ok()?)
    }

    /// Compiles an image and looks at its outputs.
    fn find_out<T>(
        &self,
        unit: &Unit,
        files: &[FileId],
        key: Sum,
        diagnostics: &mut Diagnostics,
        finish: impl Fn(&Compiled, &mut [Output]) -> T,
    ) -> Outcome<Piece<T>> {
        let mut told = Diagnostics::new();
        let Ok(image) = self.session.workspace.resolve(unit, &mut told) else {
            diagnostics.extend(told);
            return Outcome::default();
        };
        let facts = self.session.facts(&image);
        let recorder = Recorder::new(&self.session.disk);
        let (locked, orders) = (&self.session.locked, &self.session.orders);
        let compiled = compile_locked(&image, locked, orders, &recorder, self.options, &mut told);
        let kept = compiled.ok().map(|compiled| {
            let hashes = [&compiled.printed.text, &compiled.dockerignore].map(|text| Sum::of(text.as_bytes()));
            let known = self.known(&image, files, hashes, &facts, &told, (recorder.into_asked(), &compiled.asked));
            let fresh = known.and_then(|known| known.packed());
            let mut outputs = Vec::new();
            if !self.look.sound_alone || !told.has_errors() {
                outputs = examine(self.session, self.manifest, &image, &compiled, hashes, &mut told);
            }
            let made = Some(finish(&compiled, &mut outputs));
            Piece { outputs, made, key, fresh, seen: Vec::new() }
        });
        diagnostics.extend(told);
        Outcome { kept, facts: Some(facts) }
    }

    /// What is to be known of `image` the next time; nothing, if what was told of it is about other files.
    fn known(
        &self,
        image: &Image,
        files: &[FileId],
        outputs: [Sum; 2],
        facts: &Facts,
        told: &Diagnostics,
        (asked, pins): (Vec<Asked>, &[PinOf]),
    ) -> Option<Known> {
        // What became of a base with mistakes is not known here.
        if !image.knows_bases() {
            return None;
        }
        let mut of_bases = Vec::new();
        let mut bases = Vec::new();
        let mut names = Vec::new();
        collect_names(&image.node, &mut names);
        for base in &image.bases {
            collect_names(&base.node, &mut names);
            let (files, key) = self.key(self.session.workspace.plan.unit(base.name.value.as_str())?);
            of_bases.push(files);
            bases.push((base.name.value.to_string(), key));
        }
        let files = &each_once(files.iter().copied().chain(of_bases.into_iter().flatten()));
        names.sort();
        names.dedup();
        let allows = facts.shared.iter().filter(|setting| setting.level == Level::Allow);
        let shared = allows.map(|setting| Some((setting.rule.value.clone(), Range::of(setting.rule.span, files)?)));
        let number = |file| files.iter().position(|known| *known == file).map(|at| FileId(at as u32));
        let ties = match &facts.ties {
            Some(ties) => Some(ties.clone().renumbered(number)?),
            None => None,
        };
        Some(Known {
            outputs,
            told: told.iter().map(|diagnostic| Told::of(diagnostic, files)).collect::<Option<_>>()?,
            shared: shared.collect::<Option<_>>()?,
            ties,
            bake: facts.bake.clone(),
            decided: told.decisions().map(|place| Range::of(place, files)).collect::<Option<_>>()?,
            names: names.into_iter().map(|name| (name.to_owned(), self.names.contains(name))).collect(),
            bases,
            asked,
            pins: pins.iter().map(|of| (of.clone(), self.session.locked.answer(of))).collect(),
        })
    }
}

/// `files`, each once, in the order in which they come first.
fn each_once(files: impl IntoIterator<Item = FileId>) -> Vec<FileId> {
    let mut once: Vec<FileId> = Vec::new();
    for file in files {
        if !once.contains(&file) {
            once.push(file);
        }
    }
    once
}

/// The signatures of the outputs of the chosen images, taken all together, which is faster; if any of them is known.
fn signatures(session: &Session, memory: &Memory) -> HashMap<String, Signature> {
    if !memory.has_seen() {
        return HashMap::new();
    }
    let units = session.selection.units(&session.workspace);
    let paths: Vec<String> = units.iter().flat_map(|unit| output_paths(&unit.output)).collect();
    let signatures = session.disk.signatures(&paths);
    let known = paths.into_iter().zip(signatures).filter_map(|(path, signature)| Some((path, signature.ok()??)));
    known.collect()
}

/// An output that is what it should be.
fn current(path: String, unit: &Unit, hash: &Sum, manifest: &Manifest) -> Output {
    let owned = manifest.outputs.get(&path).is_some_and(|owned| owned.hashes.contains(hash));
    Output {
        path,
        image: unit.name.value.to_string(),
        named_at: Some(unit.name.span),
        hash: Some(*hash),
        text: None,
        found: None,
        state: State::Ok,
        owned,
    }
}

/// The names in a spec that mean an image of the workspace if there is one.
fn collect_names<'n>(node: &'n Node, names: &mut Vec<&'n str>) {
    for prop in node.props.iter().filter(|prop| prop.name.value == "image") {
        if let Value::String(name) = &prop.entry.value {
            names.push(name);
        }
    }
    node.children().iter().for_each(|child| collect_names(child, names));
}
