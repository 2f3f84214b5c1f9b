//! `imgspec explain`

use super::Exit;
use super::args::{Call, How};
use super::session::{Access, Refused, Session};
use super::terminal::Terminal;
use crate::base::Span;
use crate::compile::Compiled;
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::render::visible;
use crate::diagnostic::{CODES, Code, Diagnostic, Diagnostics, Source, Sources};
use crate::graph::{Stage, Step, StepId};
use crate::model::Image;
use crate::pass::{Estimate, estimate};
use crate::rule;
use crate::syntax::Node;
use anstyle::Style;
use clap::Args;
use std::collections::BTreeSet;
use std::path::Path;

/// Say why a Dockerfile is as it is, or what a diagnostic means
///
/// Of an image: each instruction, the lines of the spec it came from, how often it is expected to change, and what the
/// order of the steps saves. Of a line of a spec: what became of it. Of a line of a Dockerfile: where it came from.
/// Of a code: its page.
#[derive(Debug, Args)]
pub struct Explain {
    /// An image, a line of a spec or Dockerfile, or the code of a diagnostic
    #[arg(value_name = "IMAGE|FILE:LINE|CODE")]
    what: String,
    #[command(flatten)]
    how: How,
}

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

impl Explain {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        if let Some(code) = codes().find(|code| code.name == self.what) {
            terminal.print(code.page);
            return Exit::Clean;
        }
        let explained = match place(&self.what) {
            Some((file, line)) => self.line(file, line, call, terminal),
            None => self.image(call, terminal),
        };
        explained.unwrap_or_else(|refused| refused.tell(terminal))
    }

    fn image(&self, call: &Call, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let session = Session::open(call, std::slice::from_ref(&self.what), Access::Read, terminal);
        let session = session.map_err(|refused| self.or_code(refused))?;
        let mut diagnostics = Diagnostics::new();
        let sources = &session.workspace.sources;
        let explained =
            session.compile(&self.how, &mut diagnostics, |image, compiled, _| explain_image(image, compiled, sources));
        if explained.iter().all(Option::is_none) {
            return Ok(terminal.tell(diagnostics, sources));
        }
        explained.iter().flatten().for_each(|text| terminal.print(text));
        Ok(Exit::Clean)
    }

    fn line(&self, file: &str, line: u32, call: &Call, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let header = std::fs::read_to_string(file).ok().and_then(|text| spec_of(&text).map(str::to_owned));
        let spec = match (&header, file.ends_with(".kdl")) {
            // Seen from the workspace's root, which for a lone spec is the directory of its Dockerfile.
            (Some(spec), false) => {
                let beside = Path::new(file).parent().unwrap_or(Path::new("")).join(spec);
                if beside.is_file() { beside.to_string_lossy().into_owned() } else { spec.clone() }
            }
            _ => file.to_owned(),
        };
        let session = Session::open(call, &[spec], Access::Read, terminal)?;
        let sources = &session.workspace.sources;
        let mut diagnostics = Diagnostics::new();
        let explained = session.compile(&self.how, &mut diagnostics, |image, compiled, _| {
            let numbers = match header {
                Some(_) => instructions_at(compiled, line as usize),
                None => instructions_from(image, compiled, sources, line),
            };
            let text = |number| explain_instruction(image, compiled, number, sources, true);
            numbers.into_iter().map(text).collect::<String>()
        });
        let text: String = explained.iter().flatten().map(String::as_str).collect();
        if !text.is_empty() {
            terminal.print(&text);
            return Ok(Exit::Clean);
        }
        if explained.iter().all(Option::is_some) {
            diagnostics = Diagnostics::new();
            let message = format!("no instruction is made of line {line} of `{file}`");
            diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message));
        }
        Ok(terminal.tell(diagnostics, sources))
    }

    /// What was no image may have been meant for a code.
    fn or_code(&self, mut refused: Refused) -> Refused {
        let meant = crate::base::closest(&self.what, codes().map(|code| code.name));
        if let Some(code) = meant {
            refused.diagnostics.retain(|diagnostic| diagnostic.code.name != NO_MATCH.name);
            let message = format!("there is no image and no code `{}`", self.what);
            refused.diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(format!("did you mean `{code}`?")));
        }
        refused
    }
}

/// Every kind of diagnostic.
fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied().chain(rule::all().map(|rule| &rule.code))
}

/// The file and line of `FILE:LINE`, or of `FILE:LINE:COLUMN` as diagnostics show it.
fn place(text: &str) -> Option<(&str, u32)> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match before.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?))) {
        Some((file, line)) => Some((file, line)),
        None => Some((before, last)),
    }
}

/// The spec that the header of a Dockerfile names.
fn spec_of(text: &str) -> Option<&str> {
    let header = text.lines().take(2).find_map(|line| line.strip_prefix("# Generated by imgspec from "))?;
    header.split_once(". Edit the spec").map(|(spec, _)| spec)
}

/// The instruction that stands on a line of the Dockerfile.
fn instructions_at(compiled: &Compiled, line: usize) -> Vec<usize> {
    compiled.printed.lines.iter().position(|lines| lines.contains(&line)).into_iter().collect()
}

/// The instructions that a line of the spec became a part of.
fn instructions_from(image: &Image, compiled: &Compiled, sources: &Sources, line: u32) -> Vec<usize> {
    let source = sources.presume(image.node.span.file);
    let Some(node) = innermost(&image.node, source, line) else { return Vec::new() };
    let covers =
        |span: &Span| node.span.file == span.file && node.span.start <= span.start && span.end <= node.span.end;
    let instructions = compiled.dockerfile.instructions.iter().enumerate();
    instructions.filter(|(_, placed)| placed.origins.iter().any(covers)).map(|(number, _)| number).collect()
}

/// The node of a body, of the image or one of its stages, that a line belongs to. What is below it makes no
/// instruction by itself.
fn innermost<'n>(image: &'n Node, source: &Source, line: u32) -> Option<&'n Node> {
    let holds = |node: &&Node| (source.place(node.span.start).line..=source.place(node.span.end).line).contains(&line);
    let node = image.children().iter().find(holds)?;
    if node.name() == "stage" { node.children().iter().find(holds).or(Some(node)) } else { Some(node) }
}

fn explain_image(image: &Image, compiled: &Compiled, sources: &Sources) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}, from {}\n\n", image.name.value, image.spec);
    for number in 0..compiled.dockerfile.instructions.len() {
        text.push_str(&explain_instruction(image, compiled, number, sources, false));
    }
    text.push_str("\nwhat a rebuild is expected to cost, in this order and in the spec's\n");
    for stage in &compiled.graph.stages {
        let (chosen, written) = (cost(stage.steps.iter()), cost(source_order(stage).into_iter()));
        text.push_str(&format!("    {}  {chosen:.1} s, {written:.1} s\n", stage.described()));
    }
    text
}

/// An instruction, in whole or by its first line, and where it comes from.
fn explain_instruction(image: &Image, compiled: &Compiled, number: usize, sources: &Sources, whole: bool) -> String {
    let lines = &compiled.printed.lines[number];
    let placed = &compiled.dockerfile.instructions[number];
    let written: Vec<&str> =
        compiled.printed.text.lines().skip(lines.start - 1).take(lines.end - lines.start).collect();
    let path = &image.output;
    let range = match lines.end - lines.start {
        1 => format!("{}", lines.start),
        _ => format!("{}-{}", lines.start, lines.end - 1),
    };
    let mut text = format!("{BOLD}{path}:{range}{BOLD:#}  {}\n", written.first().unwrap_or(&""));
    if whole {
        for line in written.iter().skip(1) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    let mut seen = BTreeSet::new();
    for origin in &placed.origins {
        let place = sources.path_and_line(*origin);
        if seen.insert(place.clone()) {
            let line = sources.presume(origin.file).line(sources.place(*origin).line).trim();
            text.push_str(&format!("    {place}  {}\n", visible(line)));
        }
    }
    let stage = &compiled.graph.stages[placed.stage];
    let steps = stage.steps.iter().filter(|step| placed.steps.contains(&step.id));
    let estimates: Vec<Estimate> = steps.map(estimate).filter(|estimate| estimate.cost > 0.0).collect();
    if !estimates.is_empty() {
        let stays: f64 = estimates.iter().map(|estimate| 1.0 - estimate.probability).product();
        let cost: f64 = estimates.iter().map(|estimate| estimate.cost).sum();
        let changes = (100.0 * (1.0 - stays)).round();
        text.push_str(&format!("    {DIM}changes in {changes} of 100 builds, and then costs {cost} s{DIM:#}\n"));
    }
    text
}

/// What a rebuild of steps in this order costs on average: each step when it or one before it changed.
fn cost<'s>(steps: impl Iterator<Item = &'s Step>) -> f64 {
    let mut stays = 1.0;
    let mut total = 0.0;
    for Estimate { probability, cost } in steps.map(estimate) {
        stays *= 1.0 - probability;
        total += cost * (1.0 - stays);
    }
    total
}

/// The steps in the order of the spec, as far as what they need allows.
fn source_order(stage: &Stage) -> Vec<&Step> {
    let mut waiting: Vec<&Step> = stage.steps.iter().collect();
    waiting.sort_by_key(|step| step.id);
    let mut placed: BTreeSet<StepId> = BTreeSet::new();
    let mut order = Vec::new();
    while let Some(at) = waiting.iter().position(|step| step.needs.is_subset(&placed)) {
        let step = waiting.remove(at);
        placed.insert(step.id);
        order.push(step);
    }
    // Passes keep needs within a stage and without rings, so that nothing waits here.
    order.extend(waiting);
    order
}
