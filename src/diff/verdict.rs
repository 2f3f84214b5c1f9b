//! What a builder that built the one state keeps of it when it builds the other: the rules of `dockerfile::Cache`.

use super::facts::{facts_of_base, step_name};
use crate::base::Sum;
use crate::compile::Compiled;
use crate::dockerfile::{Cache, Context, ContextFile, Step, Wanted, image_context, parse_file};
use crate::graph::{Graph, Stage, estimates};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is kept of a stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct StageVerdict {
    /// The stage; the final one has no name.
    pub stage: String,
    /// How many layers it has.
    pub layers: usize,
    /// How many of them are taken from the cache.
    pub kept: usize,
    /// The first that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_rebuilt: Option<Rebuilt>,
    /// What the others are expected to cost, in milliseconds.
    pub cost_ms: u64,
}

/// A step that is executed again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Rebuilt {
    /// Its line in the Dockerfile.
    pub line: usize,
    /// What it is.
    pub step: String,
}

/// The files of the workspace, by their paths from its root.
pub type Files = BTreeMap<String, ContextFile>;

/// One state of an image, as a builder sees it.
#[derive(Clone, Copy)]
pub struct Built<'b> {
    /// What it compiles to.
    pub compiled: &'b Compiled,
    /// The files around it.
    pub files: &'b Files,
}

/// What is kept of each stage that is built, in their order; nothing if that cannot be told.
pub fn verdict(before: Option<Built<'_>>, after: Built<'_>) -> Option<Vec<StageVerdict>> {
    let mut cache = Cache::default();
    if let Some(before) = before {
        // A state that could not be built has left nothing.
        let _ = before.build(&mut cache);
    }
    let steps = after.build(&mut cache)?;
    let graph = &after.compiled.graph;
    let known = estimates(graph);
    let mut stages: Vec<StageVerdict> = Vec::new();
    for (step, placed) in steps.iter().filter_map(|step| Some((step, after.placed(step)?))) {
        let stage = &graph.stages[placed.stage];
        let name = stage.name.as_ref().map(|name| name.value.to_string()).unwrap_or_default();
        let at = stages.iter().position(|verdict| verdict.stage == name).unwrap_or_else(|| {
            let (layers, kept, first_rebuilt, cost_ms) = (0, 0, None, 0);
            stages.push(StageVerdict { stage: name, layers, kept, first_rebuilt, cost_ms });
            stages.len() - 1
        });
        let verdict = &mut stages[at];
        verdict.layers += 1;
        if step.cached {
            verdict.kept += 1;
            continue;
        }
        let numbers = placed.steps.iter().filter_map(|id| stage.steps.iter().position(|step| step.id == *id));
        let numbers: Vec<usize> = numbers.collect();
        verdict.cost_ms +=
            numbers.iter().filter_map(|at| known.get(placed.stage)?.steps.get(*at)).map(|step| step.cost).sum::<u64>();
        if verdict.first_rebuilt.is_none() {
            let name = numbers.first().map_or_else(|| step.text.clone(), |at| step_name(&stage.steps[*at]));
            verdict.first_rebuilt = Some(Rebuilt { line: step.line, step: name });
        }
    }
    Some(stages)
}

/// What the files are known by that an image takes from its context.
pub fn inputs(built: Built<'_>) -> BTreeMap<String, String> {
    let graph = &built.compiled.graph;
    let ignored = &built.compiled.dockerignore;
    let mut inputs: BTreeMap<String, String> = BTreeMap::new();
    let own = wanted(graph.stages.iter());
    let seen: Files = below(built.files, &graph.context, &own).collect();
    let admitted = Context::new(seen.clone(), ignored);
    for (path, file) in seen {
        if admitted.has(&path) {
            inputs.insert(whole(&graph.context, &path), format!("{:o} {}", file.mode, file.content));
        }
    }
    inputs
}

/// What the images of the workspace are known by that an image stands on.
pub fn bases(built: Built<'_>) -> BTreeMap<String, String> {
    let graph = &built.compiled.graph;
    let names = graph.bases.iter().map(|base| base.name.to_string());
    names.zip(of_bases(graph, built.files).into_iter().map(|(_, sum)| sum)).collect()
}

/// What the images of the workspace that an image stands on are known by: all that they say, and all they copy.
fn of_bases(graph: &Graph, files: &Files) -> Vec<(String, String)> {
    let one = |base: &crate::graph::BaseImage| {
        let mut text = String::new();
        for fact in facts_of_base(base) {
            text.push_str(&format!("{} {:?} {} {:?}\n", fact.stage, fact.aspect, fact.subject, fact.parts));
        }
        for (path, file) in below(files, &base.context, &wanted(base.stages.iter())) {
            text.push_str(&format!("{path} {:o} {}\n", file.mode, file.content));
        }
        (image_context(base.name.as_str()), Sum::of(text.as_bytes()).to_string())
    };
    // One that stands on another is another when that is.
    let each: Vec<(String, String)> = graph.bases.iter().map(one).collect();
    let all: String = each.iter().map(|(_, sum)| sum.as_str()).collect();
    each.into_iter().map(|(name, _)| (name.clone(), format!("{name}-{}", Sum::of(all.as_bytes())))).collect()
}

impl<'b> Built<'b> {
    fn build(&self, cache: &mut Cache) -> Option<Vec<Step>> {
        let graph = &self.compiled.graph;
        let mut text = self.compiled.printed.text.clone();
        // The name of an image of the workspace means another image when that is another.
        for (name, known_by) in of_bases(graph, self.files) {
            text = text.replace(&name, &known_by);
        }
        let parsed = parse_file(&text).ok()?;
        let seen = below(self.files, &graph.context, &wanted(graph.stages.iter()));
        let context = Context::new(seen, &self.compiled.dockerignore);
        cache.build(&parsed, &context, &Wanted::default()).ok()
    }

    fn placed(&self, step: &Step) -> Option<&'b crate::dockerfile::Placed> {
        let at = self.compiled.printed.lines.iter().position(|lines| lines.contains(&step.line))?;
        self.compiled.dockerfile.instructions.get(at)
    }
}

/// The paths that stages take from their context, each up to its first wildcard.
fn wanted<'s>(stages: impl Iterator<Item = &'s Stage>) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for path in stages.flat_map(|stage| &stage.steps).flat_map(|step| step.context_paths()) {
        let certain = path.find(['*', '?', '[']).map_or(path, |at| &path[..at]);
        let directory =
            if certain.len() < path.len() { certain.rsplit_once('/').map_or("", |(up, _)| up) } else { path };
        paths.insert(directory.trim_matches('/').to_owned());
    }
    if paths.contains("") || paths.contains(".") {
        return BTreeSet::from([String::new()]);
    }
    paths
}

/// The files of a context at or below `wanted`, by their paths from the context.
fn below<'f>(
    files: &'f Files,
    context: &'f str,
    wanted: &BTreeSet<String>,
) -> impl Iterator<Item = (String, ContextFile)> + use<'f> {
    let mut found: BTreeMap<&'f str, &'f ContextFile> = BTreeMap::new();
    for path in wanted {
        let start = whole(context, path);
        if let Some((path, file)) = files.get_key_value(&start) {
            found.insert(path, file);
        }
        let prefix = if start.is_empty() { String::new() } else { format!("{start}/") };
        let range = files.range(prefix.clone()..).take_while(|(path, _)| path.starts_with(&prefix));
        found.extend(range.map(|(path, file)| (path.as_str(), file)));
    }
    let skipped = if context.is_empty() { 0 } else { context.len() + 1 };
    found.into_iter().map(move |(path, file)| (path[skipped..].to_owned(), file.clone()))
}

fn whole(context: &str, path: &str) -> String {
    match (context, path) {
        ("", path) => path.to_owned(),
        (context, "") => context.to_owned(),
        (context, path) => format!("{context}/{path}"),
    }
}
