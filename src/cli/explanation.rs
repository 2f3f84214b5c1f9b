//! What an image and its Dockerfile are made of, for `explain`.

use super::standing::Standing;
use crate::base::{FileId, Span};
use crate::compile::Compiled;
use crate::diagnostic::Sources;
use crate::diagnostic::render::visible;
use crate::dockerfile::Placed;
use crate::model::{Binding, Drawn, Image, Override};
use crate::spec::Bound;
use crate::syntax::{Node, Value, quoted};
use anstyle::Style;
use std::collections::BTreeSet;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();

/// An image, what it compiles to, and the texts it is made of.
pub struct Explanation<'a> {
    /// The image.
    pub image: &'a Image,
    /// What it compiles to.
    pub compiled: &'a Compiled,
    /// The texts.
    pub sources: &'a Sources,
    /// The order of its steps.
    pub standing: Standing<'a>,
}

impl Explanation<'_> {
    /// What it draws from, each instruction, what was removed, and what the order of the steps saves.
    pub fn of_image(&self) -> String {
        let mut text = format!("{BOLD}{}{BOLD:#}, from {}\n", self.image.name.value, self.image.spec);
        text.push_str(&self.bodies());
        text.push('\n');
        for number in 0..self.compiled.dockerfile.instructions.len() {
            text.push_str(&self.instruction(number, false));
        }
        text.push_str(&self.removed());
        text.push_str(&self.standing.totals());
        text
    }

    /// The instruction that stands on a line of the Dockerfile.
    pub fn of_output_line(&self, line: usize) -> String {
        let number = self.compiled.printed.lines.iter().position(|lines| lines.contains(&line));
        number.map(|number| self.instruction(number, true)).unwrap_or_default()
    }

    /// The instructions that a line of a spec became a part of, or takes something from.
    pub fn of_spec_line(&self, file: FileId, line: u32) -> String {
        let instructions = &self.compiled.dockerfile.instructions;
        let is_at = |span: Span| span.file == file && self.is_on(span, line);
        let with = |wanted: &dyn Fn(Span) -> bool| -> String {
            let made = |placed: &Placed| placed.origins.iter().any(|origin| wanted(self.node_at(*origin)));
            let numbers = instructions.iter().enumerate().filter(|(_, placed)| made(placed));
            numbers.map(|(number, _)| self.instruction(number, true)).collect()
        };
        // What stands on the line itself; what reads the parameter that is declared or set there; what comes from the
        // template or mixin that is named there; and what gave way to the line, or it to others.
        let origins = &self.image.origins;
        let own = || with(&|node| is_at(node));
        let read = || {
            let declared: Vec<&str> =
                origins.declared().filter(|(_, span)| is_at(*span)).map(|(name, _)| name).collect();
            let is_meant = |used: &&Binding| is_at(used.span) || declared.contains(&used.name.as_str());
            with(&|node| origins.names_used(node).iter().any(is_meant))
        };
        let named =
            || with(&|node| origins.body_of(node).and_then(|body| body.named).is_some_and(|(place, _)| is_at(place)));
        let taken = || {
            let involved = |span: Span| {
                origins.overrides.iter().any(|taken| {
                    (is_at(taken.winner) && taken.loser == span) || (is_at(taken.loser) && taken.winner == span)
                })
            };
            let text = with(&involved);
            let gone = || match self.gone(|taken| is_at(taken.winner) || is_at(taken.loser)) {
                gone if gone.is_empty() => gone,
                gone => format!("{BOLD}{}{BOLD:#}\n{gone}", self.image.name.value),
            };
            if text.is_empty() { gone() } else { text }
        };
        let ways: [&dyn Fn() -> String; 4] = [&own, &read, &named, &taken];
        ways.iter().map(|way| way()).find(|text| !text.is_empty()).unwrap_or_default()
    }

    /// The bodies it draws from, the lowest first; nothing if that is its own alone.
    fn bodies(&self) -> String {
        let bodies: Vec<Drawn> = self.image.origins.bodies().collect();
        if bodies.len() < 2 {
            return String::new();
        }
        let width = bodies.iter().map(|body| body.described.chars().count()).max().unwrap_or_default();
        let mut text = "put together from these, each over those above it\n".to_owned();
        for body in &bodies {
            let place = self.sources.path_and_line(body.place);
            text.push_str(&format!("    {:width$}  {place}{}\n", body.described, self.named(body)));
        }
        text
    }

    /// Where a body is named.
    fn named(&self, body: &Drawn) -> String {
        let verb = |is_used| if is_used { "used" } else { "extended" };
        let named =
            body.named.map(|(at, is_used)| format!(", {} at {}", verb(is_used), self.sources.path_and_line(at)));
        named.unwrap_or_default()
    }

    /// An instruction, in whole or by its first line, and where it comes from.
    fn instruction(&self, number: usize, whole: bool) -> String {
        let lines = &self.compiled.printed.lines[number];
        let placed = &self.compiled.dockerfile.instructions[number];
        let written: Vec<&str> =
            self.compiled.printed.text.lines().skip(lines.start - 1).take(lines.end - lines.start).collect();
        let path = &self.image.output;
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
            let node = self.node_at(*origin);
            let place = self.line_of(*origin);
            if seen.insert((place.clone(), None)) {
                let body = self.image.origins.body_of(*origin).filter(|body| body.place != self.own_body());
                let body =
                    body.map(|body| format!("  ({}{}{})", body.described, self.when(*origin), self.named(&body)));
                let body = body.unwrap_or_else(|| match self.when(*origin) {
                    when if when.is_empty() => when,
                    when => format!("  ({})", when.trim_start_matches(", ")),
                });
                text.push_str(&format!("    {place}{body}\n"));
            }
            for note in self.notes(node) {
                // Once, though several nodes stand on one line.
                if seen.insert((place.clone(), Some(note.clone()))) {
                    text.push_str(&format!("        {note}\n"));
                }
            }
        }
        for step in &placed.steps {
            for line in self.standing.lines(placed.stage, *step) {
                text.push_str(&format!("    {DIM}{line}{DIM:#}\n"));
            }
        }
        text
    }

    /// What is to be said of a node: the names it reads, what it overrides, and what it lost for good.
    fn notes(&self, node: Span) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for used in self.image.origins.names_used(node) {
            let place = self.sources.path_and_line(used.span);
            notes.push(format!("`{}` is {}, from {place}", used.name, shown(&used.value)));
        }
        self.overridden_by(node, None, &mut notes);
        for taken in self.image.origins.overrides.iter().filter(|taken| taken.loser == node && taken.removes) {
            notes.push(format!("{} is removed at {}", self.part(taken), self.sources.path_and_line(taken.winner)));
        }
        notes
    }

    /// What `winner` overrides, and what that overrode; of one part alone, if one is asked for.
    fn overridden_by(&self, winner: Span, part: Option<&str>, notes: &mut Vec<String>) {
        for taken in self.image.origins.overrides.iter().filter(|taken| taken.winner == winner && !taken.removes) {
            let lost = self.part(taken);
            if part.is_some_and(|part| part != lost) || taken.loser == winner {
                continue;
            }
            let body = self.image.origins.body_of(taken.loser).map(|body| format!(" of {}", body.described));
            let place = self.sources.path_and_line(taken.part);
            let note = format!("overrides {lost}{} at {place}", body.unwrap_or_default());
            if !notes.contains(&note) {
                notes.push(note);
                self.overridden_by(taken.loser, Some(&lost), notes);
            }
        }
    }

    /// The part that was lost, as it is written.
    fn part(&self, taken: &Override) -> String {
        format!("`{}`", visible(self.sources.text(taken.part).trim_matches('"')))
    }

    /// What was removed with all that it would have made.
    fn removed(&self) -> String {
        let placed = &self.compiled.dockerfile.instructions;
        let made: BTreeSet<Span> =
            placed.iter().flat_map(|placed| &placed.origins).map(|origin| self.node_at(*origin)).collect();
        let gone = self.gone(|taken| taken.removes && !made.contains(&taken.loser));
        if gone.is_empty() { gone } else { format!("\nremoved\n{gone}") }
    }

    /// What was overridden or removed, as far as it is `wanted`.
    fn gone(&self, wanted: impl Fn(&Override) -> bool) -> String {
        let mut lines: Vec<String> = Vec::new();
        for taken in self.image.origins.overrides.iter().filter(|taken| wanted(taken)) {
            let verb = if taken.removes { "removed" } else { "overridden" };
            let (lost, winner) = (self.line_of(taken.part), self.sources.path_and_line(taken.winner));
            let line = format!("    {lost}\n        {} is {verb} at {winner}\n", self.part(taken));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.concat()
    }

    /// The `when`s that a place stands in.
    fn when(&self, span: Span) -> String {
        let whens = self.image.origins.conditions_of(span).into_iter();
        whens.map(|when| format!(", `{}`", visible(self.sources.text(when)))).collect()
    }

    /// The place of its own body.
    fn own_body(&self) -> Span {
        self.image.node.name.span
    }

    /// `path:line` of a place, and the line.
    fn line_of(&self, span: Span) -> String {
        let line = self.sources.presume(span.file).line(self.sources.place(span).line).trim();
        format!("{}  {}", self.sources.path_and_line(span), visible(line))
    }

    /// Whether a line is one of those of `span`.
    fn is_on(&self, span: Span, line: u32) -> bool {
        let source = self.sources.presume(span.file);
        (source.place(span.start).line..=source.place(span.end).line).contains(&line)
    }

    /// The node of a body, of the image or of one of its stages, that a place stands in; the place itself if none.
    fn node_at(&self, span: Span) -> Span {
        let holds = |node: &&Node| node.span.holds(span);
        let Some(node) = self.image.node.children().iter().find(holds) else {
            // The body of a stage may stand in several files.
            let stages = self.image.node.children().iter().filter(|node| node.name() == "stage");
            return stages.flat_map(Node::children).find(holds).map_or(span, |node| node.span);
        };
        match node.name() {
            "stage" => node.children().iter().find(holds).map_or(span, |node| node.span),
            _ => node.span,
        }
    }
}

/// A value in a few words.
fn shown(value: &Bound) -> String {
    match value {
        Bound::One(Value::String(text)) => visible(&quoted(text)).into_owned(),
        Bound::One(Value::Integer(number)) => number.to_string(),
        Bound::One(Value::Float(number)) => number.to_string(),
        Bound::One(Value::Bool(flag)) => format!("#{flag}"),
        Bound::One(Value::Null) => "#null".to_owned(),
        Bound::List(elements) => {
            let elements: Vec<String> = elements.iter().map(|text| visible(&quoted(text)).into_owned()).collect();
            if elements.is_empty() { "an empty list".to_owned() } else { elements.join(" ") }
        }
    }
}
