//! Outputs that are not what they should be, told to people and to programs.

use super::outputs::{Output, Outputs};
use crate::base::Span;
use crate::compile::Compiled;
use crate::diagnostic::codes::{FOREIGN_OUTPUT, MISSING_OUTPUT, ORPHAN_OUTPUT, STALE_OUTPUT};
use crate::diagnostic::{Diagnostic, Severity, Sources, render::visible};
use crate::host::{MANIFEST, Manifest, State};
use crate::workspace::GITATTRIBUTES;
use anstyle::{AnsiColor, Style};
use similar::{DiffTag, TextDiff};
use std::collections::BTreeMap;
use unicode_width::UnicodeWidthStr as _;

/// An output that is not what it should be.
#[derive(Debug)]
pub struct Row {
    /// Its path.
    pub path: String,
    /// What it is.
    pub state: State,
    /// The first line that is not what it should be, from 1, where there are two texts to compare.
    pub line: Option<usize>,
    /// What is to be said of it.
    pub note: String,
}

/// The rows of all outputs in order of paths: those `examined`, those of orphans, and one of the manifest if it does not own
/// the outputs.
pub fn all_rows(examined: Vec<Row>, outputs: &Outputs) -> Vec<Row> {
    let mut rows = examined;
    let orphans = outputs.list.iter().filter(|output| output.state == State::Orphan);
    rows.extend(orphans.filter_map(|output| row(output, &outputs.manifest, None)));
    let after = outputs.manifest_change(|output| output.state == State::Ok).after();
    if rows.is_empty() && after.as_bytes() != outputs.manifest_text.as_deref().unwrap_or_default() {
        let state = if outputs.manifest_text.is_some() { State::Stale } else { State::Missing };
        let note = "it does not say that these outputs are imgspec's".to_owned();
        rows.push(Row { path: MANIFEST.to_owned(), state, line: None, note });
    }
    rows.sort_by(|one, other| one.path.cmp(&other.path));
    rows
}

/// The row of an output, unless it is what it should be. The image it belongs to compiles to `compiled`.
pub fn row(output: &Output, manifest: &Manifest, compiled: Option<(&Compiled, &Sources)>) -> Option<Row> {
    let mut row = Row { path: output.path.clone(), state: output.state, line: None, note: String::new() };
    match output.state {
        State::Ok => return None,
        State::Missing => {}
        State::Orphan => {
            row.note = nobody_claims(output, "it");
            row.note.push_str(match (&output.found, output.owned) {
                (None, _) => ", and it is gone",
                (Some(_), true) => "",
                (Some(_), false) => ", and it was changed by hand; `imgspec compile --force` removes it",
            });
        }
        State::Edited if manifest.outputs.contains_key(&output.path) => {
            row.line = Some(Change::between(output).line);
            row.note = "changed by hand; `imgspec compile --force` discards it".to_owned();
        }
        State::Edited => row.note = "not written by imgspec; `imgspec compile --force` overwrites it".to_owned(),
        State::Stale => {
            let change = Change::between(output);
            row.line = Some(change.line);
            row.note = format!("+{} −{}", change.added, change.removed);
            if let Some((compiled, sources)) = compiled
                && let Some(origin) = origin(compiled, output, change.new_line)
            {
                row.note.push_str(&format!("   {}", named_place(sources, origin)));
            }
        }
    }
    Some(row)
}

/// That nobody claims the orphan `output`, which is called `it`.
pub fn nobody_claims(output: &Output, it: &str) -> String {
    match output.path.as_str() {
        GITATTRIBUTES => "the workspace asks for no block in it any more".to_owned(),
        _ if output.image.is_empty() => format!("no `bake` names {it}"),
        _ => format!("no image claims {it}"),
    }
}

/// The rows for people.
pub fn table(rows: &[Row]) -> String {
    let shown = |row: &Row| match (row.state, row.line) {
        (State::Edited, Some(line)) => format!("{}:{line}", visible(&row.path)),
        _ => visible(&row.path).into_owned(),
    };
    let width = rows.iter().map(|row| shown(row).width()).max().unwrap_or_default();
    let mut text = String::new();
    for row in rows {
        let style = style(row.state);
        let path = shown(row);
        let pad = if row.note.is_empty() { 0 } else { width + 2 - path.width() };
        text.push_str(&format!("{style}{:<8}{style:#} {path}{:pad$}{}\n", row.state.as_str(), "", row.note));
    }
    text
}

/// The rows for programs: each at its place in the output, or in the spec where there is no output.
pub fn diagnostics(rows: &[Row], outputs: &Outputs, sources: &mut Sources) -> Vec<Diagnostic> {
    let mut diagnostics = Vec::new();
    let by_path: BTreeMap<&str, &Output> = outputs.list.iter().map(|output| (output.path.as_str(), output)).collect();
    for row in rows {
        let output = by_path.get(row.path.as_str());
        let found = output.and_then(|output| output.found.as_deref()).and_then(|found| std::str::from_utf8(found).ok());
        let place = match (found, output) {
            (Some(text), _) => {
                let file = sources.add(&row.path, text);
                let start = row.line.and_then(|line| sources.presume(file).line_start(line as u32)).unwrap_or_default();
                Some(Span { file, start, end: start })
            }
            (None, Some(output)) => output.named_at,
            (None, None) => None,
        };
        let (code, fact) = match row.state {
            State::Ok | State::Stale => (&STALE_OUTPUT, "is not what its spec says any more"),
            State::Missing => (&MISSING_OUTPUT, "is not there"),
            State::Edited => (&FOREIGN_OUTPUT, "holds what imgspec did not write"),
            State::Orphan => (&ORPHAN_OUTPUT, "belongs to no image any more"),
        };
        let message = format!("`{}` {fact}", row.path);
        let diagnostic = match place {
            Some(span) => Diagnostic::error(code, span, message),
            None => Diagnostic::unplaced(code, message),
        };
        let hint = match row.state {
            State::Edited => "`imgspec compile --force` discards it",
            _ => "run `imgspec compile`",
        };
        diagnostics.push(Diagnostic { severity: Severity::Error, ..diagnostic }.hint(hint));
    }
    diagnostics
}

/// A place of a spec and the node of its line, as `image.kdl:3 apt`.
fn named_place(sources: &Sources, span: Span) -> String {
    let line = sources.presume(span.file).line(sources.place(span).line);
    let name: String = line.trim_start().chars().take_while(|c| !c.is_whitespace() && !"{;".contains(*c)).collect();
    format!("{} {name}", sources.path_and_line(span))
}

/// The size of two texts beyond which they are not laid side by side.
const LARGE: usize = 1 << 20;

/// How an output differs from what it should be.
struct Change {
    added: usize,
    removed: usize,
    /// The first line that differs in what is there, from 1.
    line: usize,
    /// The same line in what should be there.
    new_line: usize,
}

impl Change {
    fn between(output: &Output) -> Self {
        let old = String::from_utf8_lossy(output.found.as_deref().unwrap_or_default());
        let new = output.text.as_deref().unwrap_or_default();
        if old.len() + new.len() > LARGE {
            return Self::counted(&old, new);
        }
        let mut change = Self { added: 0, removed: 0, line: 0, new_line: 0 };
        for op in TextDiff::from_lines(old.as_ref(), new).ops().iter().filter(|op| op.tag() != DiffTag::Equal) {
            if change.line == 0 {
                (change.line, change.new_line) = (op.old_range().start + 1, op.new_range().start + 1);
            }
            change.removed += op.old_range().len();
            change.added += op.new_range().len();
        }
        Self { line: change.line.max(1), ..change }
    }

    /// The same by counting lines, whatever their order: texts of many lines that differ in many take too long.
    fn counted(old: &str, new: &str) -> Self {
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        old.lines().for_each(|line| *counts.entry(line).or_default() -= 1);
        new.lines().for_each(|line| *counts.entry(line).or_default() += 1);
        let sum = |counts: &mut dyn Iterator<Item = i64>| usize::try_from(counts.sum::<i64>()).unwrap_or_default();
        let line = old.lines().zip(new.lines()).take_while(|(old, new)| old == new).count() + 1;
        Self {
            added: sum(&mut counts.values().copied().filter(|count| *count > 0)),
            removed: sum(&mut counts.values().map(|count| -count).filter(|count| *count > 0)),
            line,
            new_line: line,
        }
    }
}

/// The node of the spec that says `line` of an image's Dockerfile.
fn origin(compiled: &Compiled, output: &Output, line: usize) -> Option<Span> {
    if output.text.as_deref() != Some(compiled.printed.text.as_str()) {
        return None;
    }
    let at = compiled.printed.lines.iter().position(|lines| line < lines.end)?;
    compiled.dockerfile.instructions[at].origins.first().copied()
}

fn style(state: State) -> Style {
    match state {
        State::Ok => Style::new(),
        State::Stale | State::Orphan => AnsiColor::Yellow.on_default(),
        State::Missing | State::Edited => AnsiColor::Red.on_default(),
    }
}
