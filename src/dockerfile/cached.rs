//! Which steps of a build BuildKit takes from its cache, given the builds before: its cache rules without the engine.
//!
//! A step is known by its instruction with all variables expanded, by what it stands on, and by the content of what it
//! copies or mounts. What was seen under one key is never executed again. What a RUN leaves behind is taken for a
//! function of its key, unless [`Wanted::outcomes`] says what it is: where a step that is executed again makes the same
//! files as before, BuildKit keeps the copies of them. Names of images are taken to mean the same image always.
//!
//! Not modelled: limits of the cache, `--no-cache`, remote sources that change, `COPY --parents` beyond its text, and
//! symbolic links of the context, which stand for themselves.

mod context;
mod expand;
mod key;
mod stage;
mod step;
#[cfg(test)]
mod tests;

pub use context::{Context, ContextFile};

use super::parse::file::ParsedFile;
use super::parse::{Arguments, Flag, Keyword};
use crate::base::{Invalid, Sum};
use stage::Stages;
use std::collections::{BTreeMap, BTreeSet};

/// What all builds so far have left.
#[derive(Debug, Clone, Default)]
pub struct Cache {
    seen: BTreeSet<Sum>,
}

/// A step of a build: an instruction that makes a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its stage as BuildKit calls it; empty if the file has one without a name.
    pub stage: String,
    /// Its place in the stage as BuildKit counts: FROM is 1 where it names an image, and not counted elsewhere.
    pub index: usize,
    /// The line of the file that it begins at; of a trigger (ONBUILD) that of the FROM.
    pub line: usize,
    /// What it is.
    pub keyword: Keyword,
    /// Its instruction, continued lines as one.
    pub text: String,
    /// Whether nothing had to be executed.
    pub cached: bool,
}

/// What a build is asked for beside its files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The stage to build, by name or number; the last one without it.
    pub target: Option<String>,
    /// The values of `--build-arg`.
    pub arguments: BTreeMap<String, String>,
    /// What commands leave, of those that it is known of: by the text of the RUN the paths that it writes, and what is
    /// there is known by. The others leave something new whenever they are executed for a new reason.
    pub outcomes: BTreeMap<String, BTreeMap<String, String>>,
}

impl Cache {
    /// Builds `file` in `context`: the steps of all stages that the wanted one is made of, in the order of the file. A
    /// build that fails leaves no trace.
    pub fn build(&mut self, file: &ParsedFile, context: &Context, wanted: &Wanted) -> Result<Vec<Step>, Invalid> {
        let arguments = global_arguments(file, wanted);
        let mut stages = Stages::new(file, context, wanted, arguments);
        for at in stages.reached()? {
            stages.run(at)?;
        }
        let mut steps = stages.into_steps();
        // One build may ask for the same step in two places.
        let is_new: Vec<bool> = steps.iter().map(|(_, key)| self.seen.insert(*key)).collect();
        for ((step, _), is_new) in steps.iter_mut().zip(is_new) {
            step.cached = !is_new;
        }
        Ok(steps.into_iter().map(|(step, _)| step).collect())
    }
}

/// The variables that FROM knows: what the caller sets, what the file defaults to, and the platform.
fn global_arguments(file: &ParsedFile, wanted: &Wanted) -> BTreeMap<String, String> {
    let mut arguments = BTreeMap::new();
    for side in ["BUILD", "TARGET"] {
        for (name, value) in [("PLATFORM", "linux/amd64"), ("OS", "linux"), ("ARCH", "amd64"), ("VARIANT", "")] {
            arguments.insert(format!("{side}{name}"), value.to_owned());
        }
    }
    for line in &file.arguments {
        let Arguments::Pairs(pairs) = &line.parsed.arguments else { continue };
        for (name, default) in pairs {
            let value = wanted.arguments.get(name).cloned().or_else(|| {
                let known = |name: &str| arguments.get(name).cloned();
                default.as_ref().map(|default| expand::expand(default, &known))
            });
            if let Some(value) = value {
                arguments.insert(name.clone(), value);
            }
        }
    }
    arguments
}

/// The values of the flags called `name`.
fn flags<'l>(flags: &'l [Flag], name: &'l str) -> impl Iterator<Item = &'l str> {
    flags.iter().filter(move |flag| flag.name == name).map(|flag| flag.value.as_deref().unwrap_or("true"))
}
