//! Which instructions of which images a builder's log is about, and what that says of their steps.

use crate::base::Duration;
use crate::compile::Compiled;
use crate::dockerfile::{From, ImageSource, Instruction, target_name};
use crate::graph::keys;
use crate::lock::Executed;
use std::collections::{BTreeMap, BTreeSet};

/// The instructions of an image as a builder names them.
#[derive(Debug, Clone, Default)]
pub struct Built {
    /// What bake calls the image.
    target: String,
    /// The stages by what stands in front of the numbers of their instructions.
    stages: BTreeMap<String, usize>,
    layers: Vec<Layer>,
}

/// An instruction that makes a layer.
#[derive(Debug, Clone)]
struct Layer {
    stage: usize,
    number: usize,
    /// Its words, up to what a builder replaces.
    text: String,
    /// Whether that is all of it.
    is_whole: bool,
    /// The keys of the steps it does.
    keys: Vec<String>,
}

/// What a log says of an image.
#[derive(Debug, Default)]
pub struct Timed {
    /// How many of the instructions that the log tells of are the image's.
    pub matched: usize,
    /// How long the steps took that were executed in whole, by their keys.
    pub costs: BTreeMap<String, Duration>,
}

/// What a log says of images.
pub struct Sorted {
    /// Of each image.
    pub timed: Vec<Timed>,
    /// How many instructions were executed.
    pub executed: usize,
    /// How many of those are of none of the images.
    pub unknown: usize,
}

/// Of which of `images` the log of `executed` is. A log of one build that may be of several of them is given back as
/// their numbers.
pub fn sort(executed: &[Executed], images: &[&Built]) -> Result<Sorted, Vec<usize>> {
    let by_target: Vec<Matches> = images.iter().map(|image| image.matches(executed, true)).collect();
    let of_each = if by_target.iter().any(|matches| !matches.is_empty()) {
        by_target
    } else {
        // Nothing says which image it is but the instructions.
        let plain: Vec<Matches> = images.iter().map(|image| image.matches(executed, false)).collect();
        let most = plain.iter().map(Matches::len).max().unwrap_or_default();
        let best: Vec<usize> = (0..plain.len()).filter(|at| plain[*at].len() == most).collect();
        if most > 0 && best.len() > 1 {
            return Err(best);
        }
        plain.into_iter().map(|matches| if matches.len() == most { matches } else { Matches::new() }).collect()
    };
    let known: BTreeSet<usize> = of_each.iter().flat_map(|matches| matches.keys().copied()).collect();
    let was_executed = |at: &usize| executed[*at].time.is_some();
    Ok(Sorted {
        timed: images.iter().zip(&of_each).map(|(image, matches)| image.timed(executed, matches)).collect(),
        executed: (0..executed.len()).filter(was_executed).count(),
        unknown: (0..executed.len()).filter(was_executed).filter(|at| !known.contains(at)).count(),
    })
}

/// Which instruction of a log is which of an image.
type Matches = BTreeMap<usize, usize>;

impl Built {
    /// The instructions of the image `name`.
    pub fn new(name: &str, compiled: &Compiled) -> Self {
        let mut built = Self { target: target_name(name), ..Self::default() };
        let lines: Vec<&str> = compiled.printed.text.lines().collect();
        let mut number = 0;
        let mut stage = None;
        for (placed, range) in compiled.dockerfile.instructions.iter().zip(&compiled.printed.lines) {
            if let Instruction::From(From { base, name, .. }) = &placed.instruction {
                // An image is the first layer, another stage is none.
                number = usize::from(!matches!(base, ImageSource::Scratch | ImageSource::Stage(_)));
                let at = stage.map_or(0, |stage: usize| stage + 1);
                stage = Some(at);
                built.stages.insert(name.as_ref().map_or(format!("stage-{at}"), |name| name.as_str().to_owned()), at);
                continue;
            }
            let (text, is_whole) = one_line(lines.get(range.start - 1..range.end - 1).unwrap_or_default());
            let keyword = text.split(' ').next().unwrap_or_default().to_ascii_uppercase();
            if let (Some(stage), "RUN" | "COPY" | "ADD" | "WORKDIR") = (stage, keyword.as_str()) {
                number += 1;
                let steps = compiled.graph.stages.get(placed.stage).into_iter().flat_map(|stage| {
                    let steps = placed.steps.iter().filter_map(|id| stage.steps.iter().find(|step| step.id == *id));
                    steps.flat_map(|step| keys(stage, step))
                });
                built.layers.push(Layer { stage, number, text, is_whole, keys: steps.collect() });
            }
        }
        if stage == Some(0) {
            // Newer builders give an only stage no name.
            built.stages.insert(String::new(), 0);
        }
        built
    }

    fn matches(&self, executed: &[Executed], by_target: bool) -> Matches {
        let found = executed.iter().enumerate().filter_map(|(at, executed)| {
            let label = match by_target {
                false => executed.label.as_str(),
                true if executed.label == self.target => "",
                true => executed.label.strip_prefix(&self.target)?.strip_prefix(' ')?,
            };
            Some((at, self.layer(*self.stages.get(label)?, executed)?))
        });
        found.collect()
    }

    /// The instruction of a stage that was executed: the one with its text; where a builder replaced something in it, or
    /// several have that text, the one with its number too.
    fn layer(&self, stage: usize, executed: &Executed) -> Option<usize> {
        let (text, _) = one_line(&[&executed.text]);
        let words = executed.text.split_whitespace().collect::<Vec<_>>().join(" ");
        let layers = self.layers.iter().enumerate().filter(|(_, layer)| layer.stage == stage);
        let same = layers
            .filter(|(_, layer)| if layer.is_whole { layer.text == text } else { words.starts_with(&layer.text) });
        let same: Vec<(usize, &Layer)> = same.collect();
        match same.as_slice() {
            [(at, layer)] if layer.is_whole => Some(*at),
            _ => same.iter().find(|(_, layer)| layer.number == executed.number).map(|(at, _)| *at),
        }
    }

    /// What the instructions of the log that are the image's say of its steps. A step that only a part of was executed was
    /// not measured; the time of an instruction that does several steps is divided between them.
    fn timed(&self, executed: &[Executed], matches: &Matches) -> Timed {
        let mut times: BTreeMap<usize, Option<Duration>> = BTreeMap::new();
        for (at, layer) in matches {
            // On several platforms the slowest is what a build waits for.
            let time = times.entry(*layer).or_default();
            *time = (*time).max(executed[*at].time);
        }
        let mut costs: BTreeMap<&str, Option<u64>> = BTreeMap::new();
        for (at, layer) in self.layers.iter().enumerate() {
            let time = times.get(&at).copied().flatten().map(Duration::milliseconds);
            for key in &layer.keys {
                let part = time.map(|time| time / layer.keys.len() as u64);
                let cost = costs.entry(key).or_insert(Some(0));
                *cost = cost.zip(part).map(|(cost, part)| cost + part);
            }
        }
        let costs =
            costs.into_iter().filter_map(|(key, cost)| Some((key.to_owned(), Duration::from_milliseconds(cost?))));
        Timed { matched: matches.len(), costs: costs.collect() }
    }
}

/// An instruction on one line, its words with a blank between them, up to what a builder replaces or leaves out:
/// variables, escapes and here-documents. And whether that is all of it.
fn one_line(lines: &[&str]) -> (String, bool) {
    let mut text = String::new();
    for line in lines {
        match line.strip_suffix('\\') {
            Some(line) => text.push_str(line),
            None => {
                text.push_str(line);
                break;
            }
        }
    }
    let end = [text.find('$'), text.find('\\'), text.find("<<")].into_iter().flatten().min();
    let words = text[..end.unwrap_or(text.len())].split_whitespace().collect::<Vec<_>>().join(" ");
    (words, end.is_none())
}
