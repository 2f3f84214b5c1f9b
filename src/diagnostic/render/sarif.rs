//! Diagnostics as SARIF 2.1.0 (OASIS "Static Analysis Results Interchange Format"), which code scanning services read.

use super::github::message;
use super::json::{pretty, severity};
use crate::base::Span;
use crate::diagnostic::{Code, Diagnostic, Label, Sources};
use serde::Serialize;
use std::collections::BTreeMap;

/// The diagnostics as one SARIF log, with a line break at its end. Paths are relative to `WORKSPACE`, the workspace's root.
pub fn sarif(diagnostics: &[Diagnostic], sources: &Sources) -> String {
    // By name, so that the same kinds give the same list.
    let codes: BTreeMap<&str, &'static Code> =
        diagnostics.iter().map(|diagnostic| (diagnostic.code.name, diagnostic.code)).collect();
    let names: Vec<&str> = codes.keys().copied().collect();
    let results = diagnostics.iter().map(|diagnostic| Finding::new(diagnostic, &names, sources)).collect();
    let driver = Driver {
        name: "imgspec",
        version: env!("CARGO_PKG_VERSION"),
        rules: codes.values().map(|code| Rule::new(code)).collect(),
    };
    let root = Text { text: "The root of the imgspec workspace." };
    let run = Run {
        tool: Tool { driver },
        original_uri_base_ids: BTreeMap::from([(ROOT, Base { description: root })]),
        column_kind: "unicodeCodePoints",
        results,
    };
    pretty(&Log { schema: SCHEMA, version: "2.1.0", runs: [run] })
}

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What paths are relative to.
const ROOT: &str = "WORKSPACE";

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'a str,
    version: &'a str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    original_uri_base_ids: BTreeMap<&'a str, Base<'a>>,
    column_kind: &'a str,
    results: Vec<Finding<'a>>,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
struct Driver<'a> {
    name: &'a str,
    version: &'a str,
    rules: Vec<Rule<'a>>,
}

#[derive(Serialize)]
struct Base<'a> {
    description: Text<'a>,
}

#[derive(Serialize)]
struct Text<'a> {
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    id: &'a str,
    short_description: Text<'a>,
    help: Help<'a>,
}

#[derive(Serialize)]
struct Help<'a> {
    text: &'a str,
    markdown: &'a str,
}

impl Rule<'static> {
    fn new(code: &'static Code) -> Self {
        // A page is a title, and below it the flaw in one paragraph.
        let flaw = code.page.split("\n\n").nth(1).unwrap_or(code.name).trim();
        Self {
            id: code.name,
            short_description: Text { text: flaw },
            help: Help { text: code.page, markdown: code.page },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding<'a> {
    rule_id: &'a str,
    rule_index: usize,
    level: &'a str,
    message: Message,
    locations: Vec<Location<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<Location<'a>>,
}

impl<'a> Finding<'a> {
    fn new(diagnostic: &'a Diagnostic, names: &[&str], sources: &'a Sources) -> Self {
        let (about, related) = diagnostic.labels.split_at(diagnostic.labels.len().min(1));
        let location = |label| Location::new(label, sources);
        Self {
            rule_id: diagnostic.code.name,
            // Every code of a diagnostic is among the names.
            rule_index: names.binary_search(&diagnostic.code.name).unwrap_or_default(),
            level: severity(diagnostic.severity),
            message: Message { text: message(diagnostic, sources) },
            locations: about.iter().map(location).collect(),
            related_locations: related.iter().chain(&diagnostic.trace).map(location).collect(),
        }
    }
}

#[derive(Serialize)]
struct Message {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'a> {
    physical_location: PhysicalLocation<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text<'a>>,
}

impl<'a> Location<'a> {
    fn new(label: &'a Label, sources: &'a Sources) -> Self {
        let Span { file, start, end } = label.span;
        let source = sources.presume(file);
        let (start, end) = (source.place(start), source.place(end));
        let region =
            Region { start_line: start.line, start_column: start.column, end_line: end.line, end_column: end.column };
        let artifact_location = ArtifactLocation { uri: uri(&source.path), uri_base_id: ROOT };
        let message = Some(label.message.as_str()).filter(|message| !message.is_empty()).map(|text| Text { text });
        Self { physical_location: PhysicalLocation { artifact_location, region }, message }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'a> {
    artifact_location: ArtifactLocation<'a>,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation<'a> {
    uri: String,
    uri_base_id: &'a str,
}

/// Counted from 1; the end is the column behind the last character (SARIF 3.30.5 to 3.30.8).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
}

/// A relative path as a URI reference (RFC 3986): what is not unreserved is percent-encoded, `:` too, which could be taken
/// for the end of a scheme.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(byte as char);
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
