use super::super::parse;
use super::*;

/// Each mistake as the text it is told of, and what is told.
#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let mut diagnostics = Diagnostics::new();
    let parsed = parse(FileId(0), text, &mut diagnostics);
    let told = diagnostics.into_sorted();
    let told: Vec<(&str, &str)> = told
        .iter()
        .map(|diagnostic| {
            let span = diagnostic.span().expect("a place");
            (&text[span.start as usize..span.end as usize], diagnostic.message.as_str())
        })
        .collect();
    assert_eq!(told, expected, "in {text}");
    assert_eq!(parsed.is_err(), !expected.is_empty());
}

#[test]
fn sound_texts() {
    for text in [
        "",
        "\u{feff}",
        "\u{feff}a",
        "// only a comment",
        "/* /* nested */ */",
        "a /*x*/ 1 // y",
        "a { b { c; d } }\r\ne",
        "a{b}",
        "a;b;c;",
        "a /-1 /-b=2 3 /-{ c } { d } /-{ e }",
        "/- a 1 {\n  b\n}\n/-\nc; d",
        "a \\\n  1 \\ // why\n  2",
        "a b = 1",
        "(t)a (u)1 b=(v)2",
        "- + -. +a .a ._ --flag a-b a.b a,b don't",
        "a #true #false #null #inf #-inf #nan",
        "a 0 -1 +1 1_000 1.5e-3 0xff 0o17 -0b1_0 3.10 0755",
        "a \"\" \"\\\" \\\\ \\n \\u{1f600} \\  x\" #\"\\\"# ##\"a\"#b\"##",
        "a \"x \\\n   y\"",
        "a \"\"\"\n    x \"\" y\n\n      z\n    \"\"\" b",
        "a #\"\"\"\n  x \"\"\" y\n  \"\"\"# b",
        "a \"# no comment\" \"'\" \"“\"",
    ] {
        check(text, &[]);
    }
}

#[test]
fn words() {
    check("a true", &[("true", "`true` without `#`")]);
    check("a b=false null", &[("false", "`false` without `#`"), ("null", "`null` without `#`")]);
    check("a nan", &[("nan", "`nan` without `#`")]);
    let neither =
        |word: &str| format!("`{word}` is neither a number nor text: it starts with a digit and has no quotes");
    for word in ["1.2.3", "30s", "8080/tcp", "1_0.x", "0xg", "10.0.0.1", "1e", "-1a", "1,"] {
        let told = if word.contains('/') { format!("text with `/` needs quotes: `{word}`") } else { neither(word) };
        check(&format!("a {word} b"), &[(word, &told)]);
        check(&format!("a b={word} b"), &[(word, &told)]);
    }
    check("a .5", &[(".5", "`.5` has no digit before the point")]);
    check(&format!("a {}", "9".repeat(40)), &[(&"9".repeat(40), "a number with too many digits")]);
    check("a /usr/bin", &[("/usr/bin", "text with `/` needs quotes: `/usr/bin`")]);
    check("a C:\\x", &[("C:\\x", "text with `\\` needs quotes: `C:\\x`")]);
    check("a b=x#y", &[("x#y", "text with `#` needs quotes: `x#y`")]);
    check("a http://x.y/z w", &[("http://x.y/z", "`//` starts a comment: `http://x.y/z`")]);
    check("a u=http://x.y", &[("http://x.y", "`//` starts a comment: `http://x.y`")]);
    check(
        "a ${{ x }} ${y}b $(z)",
        &[
            ("${{ x }}", "`$` starts nothing in KDL: `${{ x }}`"),
            ("${y}b", "text with `{` needs quotes: `${y}b`"),
            ("$(z)", "`$` starts nothing in KDL: `$(z)`"),
        ],
    );
    check("a #True", &[("#True", "`#True` is no keyword")]);
    check("a [1, 2] true", &[("[1,", "KDL has no lists in brackets"), ("true", "`true` without `#`")]);
    check("a [\n  \"b\",\n  \"c\"\n]\nd", &[("[", "KDL has no lists in brackets")]);
    check("a [b\nc", &[("[b", "KDL has no lists in brackets")]);
    check("a \"b\", \"c\",d", &[(",", "`,` separates nothing"), (",", "`,` separates nothing")]);
    check("a b, c", &[(",", "`,` separates nothing")]);
    check("a b\u{202e}c", &[("\u{202e}", "the character U+202E cannot be seen and is not allowed here")]);
}

#[test]
fn names() {
    check("1 2", &[("1", "a number as a name")]);
    check("true", &[("true", "`true` without `#`")]);
    check("a 1=2", &[("1", "a number as a name")]);
    check("a #true=2", &[("#true", "a keyword as a name")]);
    check("(1)a", &[("1", "a number as a name")]);
    check("key = 1", &[("=", "`=` behind the name of the node `key`")]);
    check("key= true", &[("=", "`=` behind the name of the node `key`"), ("true", "`true` without `#`")]);
}

#[test]
fn comments() {
    check("# don't \"x\na 1 # it's\nb #\"x\"#", &[("#", "`#` starts no comment"), ("#", "`#` starts no comment")]);
    check("#!/bin/x\na", &[("#", "`#` starts no comment")]);
    check("a {\n  b /* x\n}\nc", &[("/*", "a comment that is not closed")]);
    check("a */", &[("*/", "text with `/` needs quotes: `*/`")]);
}

#[test]
fn strings() {
    check("a \"b\nc \"d\"\ne true", &[("\"", "a string that is not closed"), ("true", "`true` without `#`")]);
    check("a b=\"c\nd e=\"\"", &[("\"", "a string that is not closed")]);
    check(
        "a \"b\nc\nd\" 1\ne true",
        &[("\"b", "a string with \" goes over the end of the line"), ("true", "`true` without `#`")],
    );
    check("a #\"b\nc\"#\nd", &[("#\"b", "a string with \" goes over the end of the line")]);
    check("a #\"b\nc #\"d\"#", &[("#\"", "a string that is not closed")]);
    check("a {\n b \"\"\"\n  x\n}", &[("\"\"\"", "a string that is not closed")]);
    check("a \"\"\"b\"\"\" c", &[("\"\"\"", "text behind an opening \"\"\"")]);
    check("a \"\"\"\n  b\"\"\"\nc", &[("\"\"\"", "text before a closing \"\"\"")]);
    check("a \"\"\"\n  b\n c\n  \"\"\"", &[(" c", "a line indented less than the closing \"\"\"")]);
    check("a \"\"\"\n\tb\n  \"\"\"", &[("\tb", "a line indented less than the closing \"\"\"")]);
    check("a \"\\d \\w\"", &[("\\d", "`\\d` is no escape")]);
    check("a \"\\u00e9\"", &[("\\u", "an escape `\\u` without its number")]);
    check("a \"\\u{d800}\"", &[("\\u{d800}", "an escape of no character")]);
    check("a \"\u{7}\"", &[("\u{7}", "the character U+0007 cannot be seen and is not allowed here")]);
    check("a r\"C:\\x\" 1", &[("r\"C:\\x\"", "a raw string of KDL 1")]);
    check("a r#\"x\"#", &[("r#\"x\"#", "a raw string of KDL 1")]);
    check("a 'b c' d", &[("'b c'", "`'` quotes nothing in KDL")]);
    check("a “b c” ‘d’", &[("“b c”", "`“` quotes nothing in KDL"), ("‘d’", "`‘` quotes nothing in KDL")]);
    check("a \"b\"\"c\"\"d\"", &[("\"c\"", "no space between this and what stands before it")]);
}

#[test]
fn blocks() {
    check("a {\n  b {\n    c\n  }\n", &[("{", "a block that is not closed")]);
    check("a {\n  b {\n    c\n  d\n}\n", &[("{", "a block that is not closed")]);
    check("a {\n}\n}\nb true", &[("}", "`}` closes no block"), ("true", "`true` without `#`")]);
    check("a\n{\n  b true\n}", &[("{", "a block without a node"), ("true", "`true` without `#`")]);
    check("a { b } c { d }\ne", &[("c", "text behind the block of a node")]);
    check("a { b } { c }", &[("{", "a second block of one node")]);
    check("a;;b", &[(";", "`;` ends no node")]);
    check("a (b", &[("(", "`(` is not closed")]);
    check("a b)", &[(")", "`)` without `(`")]);
    check("a ()1", &[("(", "an annotation without a name")]);
    check("a (b)", &[("(", "an annotation without a value")]);
    check("a b=", &[("=", "a property without a value")]);
    check("a b=\nc", &[("=", "a property without a value")]);
    check("a b =c =d", &[("=", "`=` without a name before it")]);
    check("a b==c", &[("=", "a property without a value")]);
    check("a (t)b=1", &[("(", "an annotation before the name of a property")]);
    check("a /-", &[("/-", "`/-` comments nothing out")]);
}

#[test]
fn the_block_that_lacks_its_end_is_blamed() {
    let text = "a {\n  b {\n    c\n  d\n}\n";
    let mut diagnostics = Diagnostics::new();
    let _ = parse(FileId(0), text, &mut diagnostics);
    let places: Vec<u32> = diagnostics.into_sorted()[0].labels.iter().map(|label| label.span.start).collect();
    assert_eq!(places, [8, 21, 2], "`b`'s, the end of the file, and `a`'s");
}

#[test]
fn limits() {
    let nested = |depth: usize| "a {".repeat(depth) + &"}".repeat(depth);
    check(&nested(MAX_DEPTH), &[]);
    check(&nested(MAX_DEPTH + 1), &[("{", "blocks may nest 64 deep, and this is one deeper")]);
    check(&nested(100_000), &[("{", "blocks may nest 64 deep, and this is one deeper")]);
    check(&"a;".repeat(MAX_NODES + 1), &[("a", "a file may have 100000 nodes, and this is one more")]);
    let mut diagnostics = Diagnostics::new();
    assert!(parse(FileId(0), &"a true\n".repeat(50_000), &mut diagnostics).is_err());
    assert_eq!(diagnostics.into_sorted().len(), MAX_MISTAKES + 1);
}

#[test]
fn hostile_texts_end_soon() {
    const LENGTH: usize = 1 << 18;
    for piece in [
        "(",
        "{",
        "}",
        "\"",
        "/*",
        "/-",
        "\\",
        "#",
        "r#\"",
        "\"\"\"",
        "'",
        "'a ",
        "\"x\n",
        "#\"x\n",
        "\"\"\"x\n",
        "\\\"\"\"x\n",
        "a{",
        "= ",
        "a=",
        "\\ ",
        "a \"\n",
        "1.2.3 ",
        "“",
        "$(",
        "${",
        ";",
        "##\"",
        "\"\\",
        "(a)",
        "a /-{",
        "/-a{",
        "/-{",
        ",",
        "[",
        "\u{202e}",
        "a {}}",
    ] {
        let mut diagnostics = Diagnostics::new();
        assert!(parse(FileId(0), &piece.repeat(LENGTH / piece.len()), &mut diagnostics).is_err(), "{piece}");
        let told = diagnostics.into_sorted();
        assert!(told.len() <= MAX_MISTAKES + 1);
        assert!(told.iter().all(|diagnostic| diagnostic.message.len() < 400), "{piece}");
    }
    // Not to recurse for each `*`, nor to try each `/-` twice at each level.
    check(&format!("/{}/", "*".repeat(LENGTH)), &[]);
    check(&("a /-{ b {\n".repeat(30) + &"} }\n".repeat(30)), &[]);
}

#[track_caller]
fn check_spans(text: &str, expected: &[&str]) {
    let mut diagnostics = Diagnostics::new();
    let nodes = parse(FileId(0), text, &mut diagnostics).expect("KDL");
    let mut spans = Vec::new();
    for node in &nodes {
        collect(text, node, &mut spans);
    }
    assert_eq!(spans, expected);
}

fn collect<'a>(text: &'a str, node: &Node, spans: &mut Vec<&'a str>) {
    let mut push = |span: Span| spans.push(&text[span.start as usize..span.end as usize]);
    push(node.span);
    node.annotation.iter().for_each(|annotation| push(annotation.span));
    push(node.name.span);
    let props = node.props.iter().map(|prop| (Some(&prop.name), &prop.entry));
    for (name, entry) in node.args.iter().map(|entry| (None, entry)).chain(props) {
        name.iter().for_each(|name| push(name.span));
        entry.annotation.iter().for_each(|annotation| push(annotation.span));
        push(entry.span);
        assert_eq!(text[entry.span.start as usize..entry.span.end as usize], entry.written());
    }
    for child in node.children() {
        collect(text, child, spans);
    }
}

#[test]
fn spans() {
    check_spans("node", &["node", "node"]);
    check_spans("  node   1   \n", &["node   1", "node", "1"]);
    check_spans("\u{feff}a b;c", &["a b", "a", "b", "c", "c"]);
    check_spans("a b=1 c = \"x y\" 2", &["a b=1 c = \"x y\" 2", "a", "2", "b", "1", "c", "\"x y\""]);
    check_spans("(t)a (u)1 k=(v)2", &["(t)a (u)1 k=(v)2", "t", "a", "u", "1", "k", "v", "2"]);
    check_spans("( t ) a (u) 1 k = ( v ) 2", &["( t ) a (u) 1 k = ( v ) 2", "t", "a", "u", "1", "k", "v", "2"]);
    check_spans("a 1 /* x */ {} /* y */", &["a 1 /* x */ {}", "a", "1"]);
    check_spans("a 1 {\r\n  b 2 // x\r\n}\r\n", &["a 1 {\r\n  b 2 // x\r\n}", "a", "1", "b 2", "b", "2"]);
    check_spans("a \"\"\"\n  x\n  \"\"\"", &["a \"\"\"\n  x\n  \"\"\"", "a", "\"\"\"\n  x\n  \"\"\""]);
    check_spans("a #\"x\"# 0755 3.10", &["a #\"x\"# 0755 3.10", "a", "#\"x\"#", "0755", "3.10"]);
    check_spans("\"a b\" é ü=\"ñ\"", &["\"a b\" é ü=\"ñ\"", "\"a b\"", "é", "ü", "\"ñ\""]);
    check_spans("a /-1 2 /*x*/ 3 \\\n 4", &["a /-1 2 /*x*/ 3 \\\n 4", "a", "2", "3", "4"]);
}

#[track_caller]
fn check_value(written: &str, expected: &str) {
    let nodes = parse(FileId(0), &format!("a {written}"), &mut Diagnostics::new()).expect("KDL");
    assert_eq!(nodes[0].args[0].value, Value::String(expected.to_owned()), "{written}");
}

#[test]
fn texts() {
    check_value("b", "b");
    check_value("\"b c\"", "b c");
    check_value("\"\\\\ \\\" \\n\\r\\t\\b\\f\\s \\u{e9}\\u{1f600}\"", "\\ \" \n\r\t\u{8}\u{c}  é😀");
    check_value("\"b \\ \r\n\t c\"", "b c");
    check_value("#\"\\n\"#", "\\n");
    check_value("##\"a\"#b\"##", "a\"#b");
    check_value("\"\"\"\n\"\"\"", "");
    check_value("\"\"\"\n  b\n    c\n\n \n   \n  \"\"\"", "b\n  c\n\n\n");
    check_value("\"\"\"\r\n\tb\u{2028}\tc\r\t\"\"\"", "b\nc");
    check_value("\"\"\"\n  b \\\n c\\n\n  \\  \"\"\"", "b c\n");
    check_value("\"\"\"\n  b\\s\n  \\\"\"\"\n  \"\"\"", "b \n\"\"\"");
    check_value("#\"\"\"\n  \\n \"\"\n  \"\"\"#", "\\n \"\"");
    // `kdl` takes this one for a raw string of one line.
    check_value("#\"\"\"\n\"\n\"\"\"#", "\"");
}
