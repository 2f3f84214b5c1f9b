//! For people at a terminal.

use super::phrases::{cache, comings_and_goings, counted, headline, place, summaries, unchanged};
use crate::diagnostic::render::visible;
use crate::diff::{Cause, Difference, ImageDiff, Kind};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use unicode_width::UnicodeWidthStr as _;

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const RED: Style = AnsiColor::Red.on_default().bold();
const INDENT: &str = "     ";
/// How many images are named one by one.
const NAMED: usize = 5;

/// The difference, lines broken to be at most `width` wide where that can be. It holds escape sequences for colour.
pub fn text(difference: &Difference, width: usize) -> String {
    let mut text = format!("{BOLD}{}{BOLD:#}\n", headline(difference));
    if !difference.causes.is_empty() || difference.changed() > 0 {
        text.push('\n');
    }
    let digits = difference.causes.len().to_string().len();
    for (number, cause) in difference.causes.iter().enumerate() {
        text.push_str(&of_cause(difference, number + 1, digits, cause, width));
    }
    for (sign, line, image) in comings_and_goings(difference) {
        text.push_str(&format!("{sign}{:digits$} {}\n", "", visible(&line)));
        if image.kind == Kind::Added {
            text.push_str(&findings(image, None));
        }
    }
    for (image, side) in &difference.failed {
        text.push_str(&format!(
            "?{:digits$} not compared: {} does not compile at {}\n",
            "",
            visible(image),
            visible(side)
        ));
    }
    text.push_str(&format!("{}\n", unchanged(difference)));
    text
}

fn of_cause(difference: &Difference, number: usize, digits: usize, cause: &Cause, width: usize) -> String {
    let first = &difference.images[cause.groups[0].images[0]];
    let told = summaries(&cause.groups[0].changes);
    let findings = findings(first, Some(cause));
    let count = counted(cause.images.len(), "image");
    let head = format!("{number:>digits$}  {}", place(&cause.place));
    let room = width.saturating_sub(count.width() + 2);
    // One thing stands on the line itself, where there is room.
    let on_line = match told.as_slice() {
        [one] if findings.is_empty() && head.width() + 2 + one.width() <= room => Some(one),
        _ => None,
    };
    let head = visible(&on_line.map_or(head.clone(), |one| format!("{head}  {one}"))).into_owned();
    let gap = room.saturating_sub(head.width()) + 2;
    let mut text = format!("{BOLD}{head}{BOLD:#}{:gap$}{count}\n{findings}", "");
    if on_line.is_none() {
        text.push_str(&wrapped(&told, width));
    }
    let name = if cause.images.len() > 1 { format!(" of {}", first.name) } else { String::new() };
    if let Some(kept) = cache(first) {
        text.push_str(&format!("{INDENT}{DIM}cache{}: {}{DIM:#}\n", visible(&name), visible(&kept)));
    }
    for group in &cause.groups[1..] {
        let names: Vec<&str> = group.images.iter().map(|at| difference.images[*at].name.as_str()).collect();
        let more = names.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let names = names[..names.len().min(NAMED)].join(", ");
        text.push_str(&format!("{INDENT}otherwise in {}{more}:\n", visible(&names)));
        let told: Vec<String> = summaries(&group.changes);
        text.push_str(&wrapped(&told, width));
    }
    text
}

/// What is risky of an image, of one cause alone if one is given, a line each.
fn findings(image: &ImageDiff, cause: Option<&Cause>) -> String {
    let is_of = |at: usize| {
        let change = image.changes.get(at).map(|(change, _)| change);
        cause.is_none_or(|cause| change.is_some_and(|change| cause.groups[0].changes.contains(change)))
    };
    let told: BTreeSet<&str> =
        image.findings.iter().filter(|(at, _)| is_of(*at)).map(|(_, finding)| finding.text.as_str()).collect();
    told.into_iter().map(|text| format!("{INDENT}{RED}SECURITY{RED:#}  {}\n", visible(text))).collect()
}

fn wrapped(told: &[String], width: usize) -> String {
    let mut text = String::new();
    let mut line = String::new();
    for one in told.iter().map(|one| visible(one)) {
        if !line.is_empty() && INDENT.len() + line.width() + 3 + one.width() > width {
            text.push_str(&format!("{INDENT}{line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push_str(" · ");
        }
        line.push_str(&one);
    }
    if line.is_empty() { text } else { text + &format!("{INDENT}{line}\n") }
}
