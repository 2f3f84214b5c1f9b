//! The renderers on one list of diagnostics that has everything a diagnostic can have.

use super::{github, json, sarif, text};
use crate::base::Span;
use crate::diagnostic::codes::{DUPLICATE_PROPERTY, NO_MATCH, SYNTAX, WRONG_TYPE};
use crate::diagnostic::{Diagnostic, Label, Severity, Sources};
use serde_json::Value;

const SPEC: &str = "image \"cart\" extends=\"py-service\" {\n    use \"x\"\n    set port=99999 port=日本\n\tfile \"/x\" \"\"\"\n        a\n        \u{1b}[31m\n        \"\"\"\n}\n";

fn example() -> (Vec<Diagnostic>, Sources) {
    let mut sources = Sources::new();
    let spec = sources.add("services/my cart/image.kdl", SPEC);
    let template = "\n".repeat(21) + "    param \"port\" type=\"port\" default=8080\n";
    let templates = sources.add("templates.kdl", &template);
    let find = |text: &str, piece: &str, file| {
        let start = text.find(piece).expect("a piece of the text");
        Span::new(file, start, start + piece.len())
    };
    let in_spec = |piece| find(SPEC, piece, spec);
    let mut expanded = Diagnostic::error(&WRONG_TYPE, in_spec("99999"), "`port` must be a port (1–65535), found 99999")
        .also(find(&template, "param \"port\"", templates), "declared here");
    expanded.trace.push(Label { span: in_spec("use \"x\""), message: "expanded from mixin `x`".to_owned() });
    let second = Span { end: in_spec("日本").end, ..in_spec("port=日本") };
    let twice = Diagnostic::error(&DUPLICATE_PROPERTY, second, "`port` is set twice on one `set`, 100%")
        .labelled("again")
        .also(in_spec("port=99999"), "first here")
        .hint("keep one")
        .hint("or\u{1b}[0m none");
    let lines = Span { end: in_spec("\"\"\"\n}").start + 3, ..in_spec("\"\"\"\n        a") };
    let lines = Diagnostic::warning(&SYNTAX, lines, "a text of \u{202e} several lines").labelled("here");
    let call = Diagnostic::unplaced(&NO_MATCH, "no image is named `x`");
    (vec![expanded, twice, lines, Diagnostic { severity: Severity::Error, ..call }], sources)
}

#[test]
fn for_people() {
    let (diagnostics, sources) = example();
    let expected = "\
error[wrong-type]: `port` must be a port (1–65535), found 99999
  ╭─ services/my cart/image.kdl:3:14
3 │     set port=99999 port=日本
  │              ^^^^^
  ├─ templates.kdl:22:5
22│     param \"port\" type=\"port\" default=8080
  │     ------------ declared here
  ├─ services/my cart/image.kdl:2:5: expanded from mixin `x`
  ╰─ help: `imgspec explain wrong-type`

error[duplicate-property]: `port` is set twice on one `set`, 100%
  ╭─ services/my cart/image.kdl:3:20
3 │     set port=99999 port=日本
  │                    ^^^^^^^^^ again
  │         ---------- first here
  ├─ help: keep one
  ╰─ help: or␛[0m none

warning[syntax]: a text of <U+202E> several lines
  ╭─ services/my cart/image.kdl:4:12
4 │     file \"/x\" \"\"\"
  │               ^^^
  │ ⋮
7 │         \"\"\"
  │         ^^^ here
  ╰─ help: `imgspec explain syntax`

error[no-match]: no image is named `x`
  ╰─ help: `imgspec explain no-match`
";
    assert_eq!(text(&diagnostics, &sources, false), expected);
    let colored = text(&diagnostics, &sources, true);
    assert!(colored.starts_with("\u{1b}[1m\u{1b}[31merror[wrong-type]\u{1b}[0m\u{1b}[1m: `port`"), "{colored}");
    assert!(!colored.contains("\u{1b}[31m\n"), "the text's own escape is shown, not sent");
}

#[test]
fn for_github() {
    let (diagnostics, sources) = example();
    let expected = "\
::error file=services/my cart/image.kdl,line=3,endLine=3,col=14,endColumn=18,title=wrong-type::`port` must be a port \
(1–65535), found 99999%0Atemplates.kdl:22: declared here%0Aservices/my cart/image.kdl:2: expanded from mixin `x`
::error file=services/my cart/image.kdl,line=3,endLine=3,col=20,endColumn=26,title=duplicate-property::`port` is set \
twice on one `set`, 100%25%0Aservices/my cart/image.kdl:3: first here%0Ahelp: keep one%0Ahelp: or␛[0m none
::warning file=services/my cart/image.kdl,line=4,endLine=7,col=12,title=syntax::a text of <U+202E> several lines
::error title=no-match::no image is named `x`
";
    assert_eq!(github(&diagnostics, &sources), expected);
}

#[test]
fn for_machines() {
    let (diagnostics, sources) = example();
    let document: Value = serde_json::from_str(&json(&diagnostics, &sources)).expect("JSON");
    assert_eq!(document["format_version"], 1);
    let first = &document["diagnostics"][0];
    assert_eq!(first["code"], "wrong-type");
    assert_eq!(first["severity"], "error");
    assert_eq!(first["labels"][0]["path"], "services/my cart/image.kdl");
    assert_eq!(first["labels"][0]["start"], serde_json::json!({"line": 3, "column": 14, "byte": 61}));
    assert_eq!(first["labels"][1]["message"], "declared here");
    assert_eq!(first["trace"][0]["message"], "expanded from mixin `x`");
    assert_eq!(document["diagnostics"][1]["hints"][0], "keep one");
    assert_eq!(document["diagnostics"][3]["labels"], serde_json::json!([]));
}

/// What the SARIF 2.1.0 schema demands of the parts in use: names, kinds of values, and bounds.
#[test]
fn for_code_scanning() {
    let (diagnostics, sources) = example();
    let log: Value = serde_json::from_str(&sarif(&diagnostics, &sources)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    assert!(log["$schema"].as_str().is_some_and(|schema| schema.contains("sarif-2.1.0")));
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let ids: Vec<&str> = rules.iter().filter_map(|rule| rule["id"].as_str()).collect();
    assert_eq!(ids, ["duplicate-property", "no-match", "syntax", "wrong-type"]);
    for rule in rules {
        assert!(rule["shortDescription"]["text"].is_string());
        assert!(rule["help"]["text"].is_string() && rule["help"]["markdown"].is_string());
    }
    let bases = run["originalUriBaseIds"].as_object().expect("bases");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), diagnostics.len());
    for result in results {
        let index = result["ruleIndex"].as_u64().expect("an index") as usize;
        assert_eq!(result["ruleId"], ids[index]);
        assert!(["error", "warning", "note", "none"].contains(&result["level"].as_str().expect("a level")));
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        let related = result.get("relatedLocations").and_then(Value::as_array).into_iter().flatten();
        for location in result["locations"].as_array().expect("locations").iter().chain(related) {
            let place = &location["physicalLocation"];
            let uri = place["artifactLocation"]["uri"].as_str().expect("a uri");
            assert!(uri.bytes().all(|b| b.is_ascii_graphic()) && !uri.starts_with('/'), "{uri}");
            assert!(bases.contains_key(place["artifactLocation"]["uriBaseId"].as_str().expect("a base")));
            let at = |name: &str| place["region"][name].as_u64().expect("a number");
            assert!(at("startLine") >= 1 && at("startColumn") >= 1);
            assert!((at("startLine"), at("startColumn")) <= (at("endLine"), at("endColumn")));
        }
    }
    assert_eq!(results[0]["relatedLocations"].as_array().map(Vec::len), Some(2));
    assert_eq!(results[3]["locations"], serde_json::json!([]));
}
