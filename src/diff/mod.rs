//! Floor 8: what a change does to the images, for the reviewer. Two compilations of each image → what is not the same, by
//! what in the specs makes it, and what it costs.

mod causes;
mod facts;
mod meaning;
pub mod render;
mod security;
mod verdict;
mod words;

pub use causes::{Cause, CauseId, Group, Hunks, Place, causes};
pub use facts::{Aspect, Fact, Part, facts};
pub use meaning::{Change, changes};
pub use security::{Finding, Risk};
pub use verdict::{Built, Files, Rebuilt, StageVerdict, verdict};

use crate::compile::Compiled;
use crate::diagnostic::Sources;
use crate::model::Image;
use meaning::Found;
use serde::Serialize;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};

/// One state of an image.
#[derive(Clone, Copy)]
pub struct Seen<'s> {
    /// As the specs have it.
    pub image: &'s Image,
    /// What it compiles to.
    pub compiled: &'s Compiled,
    /// The texts of its workspace.
    pub sources: &'s Sources,
    /// The files around it.
    pub files: &'s Files,
}

/// What became of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It has another Dockerfile or ignore file.
    Changed,
    /// Its outputs are the same.
    Identical,
}

/// What became of an image, and why.
#[derive(Debug, Clone)]
pub struct ImageDiff {
    /// Its name; of one that is gone the name it had.
    pub name: String,
    /// The name that it had before, if another.
    pub name_before: Option<String>,
    /// Its spec.
    pub spec: String,
    /// Its Dockerfile.
    pub output: String,
    /// The Dockerfile it had before, if that was elsewhere.
    pub output_before: Option<String>,
    /// What became of it.
    pub kind: Kind,
    /// What is not the same, and what of the specs makes that.
    pub changes: Vec<(Change, CauseId)>,
    /// What a reviewer must not miss: a number in `changes`, and what.
    pub findings: Vec<(usize, Finding)>,
    /// What a builder keeps of it.
    pub verdict: Vec<StageVerdict>,
    /// The files of the context that are not what they were and that it takes, or took.
    pub inputs: Vec<String>,
    /// The images of the workspace it stands on that are not what they were.
    pub bases: Vec<String>,
    /// Its outputs before: the Dockerfile and the ignore file beside it.
    pub before: Option<[String; 2]>,
    /// Its outputs now.
    pub after: Option<[String; 2]>,
    /// Its facts, by which the new name of a lost one is found; empty for those that have both states.
    facts: Vec<Fact>,
}

/// What a whole change comes to.
#[derive(Debug, Clone)]
pub struct Difference {
    /// What the two sides are called.
    pub sides: [String; 2],
    /// How many images there are: of the later side, and those that are gone.
    pub all: usize,
    /// What became of those that are not the same in all, by name.
    pub images: Vec<ImageDiff>,
    /// How many are the same though their specs are not.
    pub respecified: usize,
    /// What makes the changes.
    pub causes: Vec<Cause>,
    /// The images that could not be compared, and on which side they do not compile.
    pub failed: Vec<(String, String)>,
}

impl Difference {
    /// The images of a kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &ImageDiff> {
        self.images.iter().filter(move |image| image.kind == kind)
    }

    /// How many images a build makes other ones of.
    pub fn changed(&self) -> usize {
        self.images.iter().filter(|image| image.kind != Kind::Identical).count()
    }

    /// Those of which a build makes other images.
    pub fn affected(&self) -> impl Iterator<Item = &ImageDiff> {
        self.images.iter().filter(|image| image.is_affected())
    }

    /// All findings, each with its image.
    pub fn findings(&self) -> impl Iterator<Item = (&ImageDiff, &Finding)> {
        self.images.iter().flat_map(|image| image.findings.iter().map(move |(_, finding)| (image, finding)))
    }
}

impl ImageDiff {
    /// Whether a build makes another image of it.
    pub fn is_affected(&self) -> bool {
        match self.kind {
            Kind::Added | Kind::Changed => true,
            Kind::Removed => false,
            Kind::Identical => !self.inputs.is_empty() || !self.bases.is_empty(),
        }
    }

    /// How many layers are kept, of how many, and what the others are expected to cost, in milliseconds.
    pub fn layers(&self) -> (usize, usize, u64) {
        let sum = |of: fn(&StageVerdict) -> usize| self.verdict.iter().map(of).sum();
        let cost = self.verdict.iter().map(|stage| stage.cost_ms).sum();
        (sum(|stage| stage.kept), sum(|stage| stage.layers), cost)
    }

    /// The first layer that is rebuilt.
    pub fn first_rebuilt(&self) -> Option<&Rebuilt> {
        self.verdict.iter().filter_map(|stage| stage.first_rebuilt.as_ref()).min()
    }
}

/// Sets the states of an image side by side; one that is not there is of an image that is new or gone.
pub fn compare(before: Option<Seen<'_>>, after: Option<Seen<'_>>, hunks: &Hunks) -> Option<ImageDiff> {
    let image = after.or(before)?.image;
    let texts = |seen: Seen<'_>| [seen.compiled.printed.text.clone(), seen.compiled.dockerignore.clone()];
    let (old, new) = (before.map(texts), after.map(texts));
    let [graph_before, graph_after] = [before, after].map(|seen| seen.map(|seen| &seen.compiled.graph));
    let kind = match (before, after) {
        (None, _) => Kind::Added,
        (_, None) => Kind::Removed,
        (Some(one), Some(other)) if old == new && one.image.output == other.image.output => Kind::Identical,
        _ => Kind::Changed,
    };
    let mut found: Vec<Found> = Vec::new();
    let [mut facts_before, mut facts_after] =
        [graph_before, graph_after].map(|graph| graph.map(facts).unwrap_or_default());
    let mut lone = Vec::new();
    match kind {
        Kind::Identical => {}
        Kind::Changed => found = changes(std::mem::take(&mut facts_before), std::mem::take(&mut facts_after)),
        Kind::Removed => lone = std::mem::take(&mut facts_before),
        Kind::Added => {
            lone.clone_from(&facts_after);
            found = changes(Vec::new(), std::mem::take(&mut facts_after));
        }
    }
    if kind == Kind::Changed && found.is_empty() {
        let is_same_file = old.as_ref().map(|texts| body(&texts[0])) == new.as_ref().map(|texts| body(&texts[0]));
        found.extend(unsaid(if is_same_file { Aspect::Ignore } else { Aspect::Order }, image));
    }
    let findings = match graph_after {
        Some(after) if kind != Kind::Identical => {
            let changes: Vec<&Change> = found.iter().map(|found| &found.change).collect();
            security::findings(graph_before, after, &changes)
        }
        _ => Vec::new(),
    };
    let built = |seen: Seen<'_>| -> (BTreeMap<String, String>, BTreeMap<String, String>) {
        let built = Built { compiled: seen.compiled, files: seen.files };
        (verdict::inputs(built), verdict::bases(built))
    };
    let (mut inputs, mut bases) = (Vec::new(), Vec::new());
    if let (Some(one), Some(other)) = (before.map(built), after.map(built)) {
        inputs = differing(&one.0, &other.0);
        bases = differing(&one.1, &other.1);
    }
    let is_other = kind != Kind::Identical || !inputs.is_empty() || !bases.is_empty();
    let verdict = after.filter(|_| is_other).and_then(|after| {
        let [before, after] =
            [before, Some(after)].map(|seen| seen.map(|seen| Built { compiled: seen.compiled, files: seen.files }));
        verdict::verdict(before, after?)
    });
    // What is new or gone as a whole has no cause but that.
    let cause = |found: &Found| match (before, after) {
        (Some(_), Some(_)) => hunks.cause(found, before, after),
        _ => CauseId::default(),
    };
    let changes = found.into_iter().map(|found| (cause(&found), found)).map(|(cause, found)| (found.change, cause));
    let name = image.name.value.to_string();
    let other = |of: fn(&Image) -> String| before.map(|before| of(before.image)).filter(|was| *was != of(image));
    Some(ImageDiff {
        name_before: other(|image| image.name.value.to_string()),
        name,
        spec: image.spec.clone(),
        output: image.output.clone(),
        output_before: other(|image| image.output.clone()),
        kind,
        changes: changes.collect(),
        findings,
        verdict: verdict.unwrap_or_default(),
        inputs,
        bases,
        before: old,
        after: new,
        facts: lone,
    })
}

/// Finds which of the images that are gone have another name now: pairs of numbers in `gone` and in `new`.
pub fn renamed(gone: &[&ImageDiff], new: &[&ImageDiff]) -> Vec<(usize, usize)> {
    const COMPARED: usize = 10_000;
    let mut free: BTreeSet<usize> = (0..new.len()).collect();
    let mut pairs = Vec::new();
    // Those first that say the same to the word; the rest by how much they share.
    let key = |image: &ImageDiff| {
        let said = image.facts.iter().filter(|fact| fact.aspect != Aspect::Output);
        said.map(|fact| (fact.stage.clone(), fact.aspect, fact.subject.clone(), fact.parts.clone()))
            .collect::<BTreeSet<_>>()
    };
    let keys: Vec<_> = new.iter().map(|image| key(image)).collect();
    let mut open = Vec::new();
    for (at, image) in gone.iter().enumerate() {
        let own = key(image);
        let same = free.iter().copied().filter(|other| keys[*other] == own);
        // Of several that say the same the one in the same place.
        match same.min_by_key(|other| (new[*other].spec != image.spec, new[*other].output != image.output)) {
            Some(other) => {
                free.remove(&other);
                pairs.push((at, other));
            }
            None => open.push((at, own)),
        }
    }
    if open.len() * free.len() <= COMPARED {
        for (at, own) in open {
            let likeness =
                |other: usize| 200 * own.intersection(&keys[other]).count() / (own.len() + keys[other].len()).max(1);
            let best = free.iter().copied().max_by_key(|other| (likeness(*other), std::cmp::Reverse(*other)));
            if let Some(other) = best.filter(|other| likeness(*other) >= 50) {
                free.remove(&other);
                pairs.push((at, other));
            }
        }
    }
    pairs.sort_unstable();
    pairs
}

/// Lines of one text that are not those of another, as `diff -u` has them.
pub fn unified(before: &str, after: &str, from: &str, to: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().header(from, to).to_string()
}

/// A change that no fact tells.
fn unsaid(aspect: Aspect, image: &Image) -> Option<Found> {
    let change = Change {
        stage: String::new(),
        aspect,
        subject: String::new(),
        subject_before: None,
        before: Some(Vec::new()),
        after: Some(Vec::new()),
    };
    Some(Found { change, before: Vec::new(), after: vec![image.name.span] })
}

/// A Dockerfile but for its comments.
fn body(text: &str) -> Vec<&str> {
    text.lines().filter(|line| !line.starts_with("# Generated by")).collect()
}

fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    keys.into_iter().filter(|key| one.get(*key) != other.get(*key)).cloned().collect()
}
