//! Phrases that the forms share.

use crate::diff::words::words;
use crate::diff::{Change, Difference, ImageDiff, Kind, Place};

/// How many packages that others need are told one by one.
const TRANSITIVE: usize = 3;

/// `142 of 203 images change, 2 causes, 1 security finding`.
pub fn headline(difference: &Difference) -> String {
    let changed = difference.changed();
    let mut text = match (changed, difference.all) {
        (0, all) => format!("no image of {all} changes"),
        (1, all) => format!("1 of {} changes", counted(all, "image")),
        (changed, all) => format!("{changed} of {} change", counted(all, "image")),
    };
    if !difference.causes.is_empty() {
        text.push_str(&format!(", {}", counted(difference.causes.len(), "cause")));
    }
    let findings = difference.findings().count();
    if findings > 0 {
        text.push_str(&format!(", {}", counted(findings, "security finding")));
    }
    text
}

/// `61 unchanged (3 with changed specs and identical output, 2 that copy changed files)`.
pub fn unchanged(difference: &Difference) -> String {
    let changed = difference.changed() + difference.failed.len();
    let mut parts = Vec::new();
    if difference.respecified > 0 {
        parts.push(format!("{} with changed specs and identical output", difference.respecified));
    }
    let inputs = difference.of_kind(Kind::Identical).filter(|image| image.is_affected()).count();
    if inputs > 0 {
        parts.push(format!("{inputs} to be built again for the files they take"));
    }
    let behind = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
    format!("{} unchanged{behind}", difference.all.saturating_sub(changed))
}

/// Changes in words, many packages that others need as one.
pub fn summaries(changes: &[Change]) -> Vec<String> {
    let transitive = changes.iter().filter(|change| change.is_transitive()).count();
    let told = changes.iter().filter(|change| transitive <= TRANSITIVE || !change.is_transitive());
    let mut told: Vec<String> = told.map(words).collect();
    if transitive > TRANSITIVE {
        told.push(format!("{transitive} packages needed by others"));
    }
    told
}

/// `templates.kdl:29, 31`.
pub fn place(place: &Place) -> String {
    let lines: Vec<String> = place.lines.iter().map(u32::to_string).collect();
    let gone = if place.gone { " (gone)" } else { "" };
    match lines.is_empty() {
        true => place.path.clone(),
        false => format!("{}:{}{gone}", place.path, lines.join(",")),
    }
}

/// `4 of 9 layers kept, first rebuilt: apt (Dockerfile:31), about 45 s`; nothing where nothing is known.
pub fn cache(image: &ImageDiff) -> Option<String> {
    let (kept, layers, cost) = image.layers();
    if layers == 0 {
        return None;
    }
    let mut text = format!("{kept} of {} kept", counted(layers, "layer"));
    if let Some(first) = image.first_rebuilt() {
        let file = image.output.rsplit('/').next().unwrap_or_default();
        text.push_str(&format!(", first rebuilt: {} ({file}:{})", first.step, first.line));
    }
    if cost > 0 {
        text.push_str(&format!(", about {}", crate::graph::seconds(cost)));
    }
    Some(text)
}

/// `new image: ledger`, `removed image: old`, `renamed image: a → b`.
pub fn comings_and_goings(difference: &Difference) -> Vec<(char, String, &ImageDiff)> {
    let mut lines = Vec::new();
    for image in &difference.images {
        let line = match (image.kind, &image.name_before) {
            (Kind::Added, _) => ('+', format!("new image: {}", image.name)),
            (Kind::Removed, _) => ('−', format!("removed image: {}", image.name)),
            (_, Some(before)) => ('~', format!("renamed image: {before} → {}", image.name)),
            _ => continue,
        };
        lines.push((line.0, line.1, image));
    }
    lines
}

/// `count` things, "1 image", "2 images".
pub fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
