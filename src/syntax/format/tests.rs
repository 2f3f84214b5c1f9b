use super::*;
use crate::syntax::sample::{meaning, soup};
use proptest::prelude::*;

fn formatted(text: &str) -> Option<String> {
    format(FileId(0), text, &mut Diagnostics::new()).ok()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(formatted(text).as_deref(), Some(expected));
    assert_eq!(formatted(expected).as_deref(), Some(expected), "formatting twice");
}

#[test]
fn nodes() {
    check("", "");
    check("\n\n", "");
    check("\u{feff}a   b  =  1;c\r\n\r\n\r\n\r\n  d", "a b=1\nc\n\nd\n");
    check("( t )a (  u  )1 b = ( v )  2", "(t)a (u)1 b=(v)2\n");
    check(
        "a {\nb {\n\n\nc 0x10 1_0 3.10 \"q\" q #\"r\"#\n\n}\n}",
        "a {\n    b {\n        c 0x10 1_0 3.10 \"q\" q #\"r\"#\n    }\n}\n",
    );
    check("a { b; c 1 ; }\nd{e{f}}", "a { b; c 1 }\nd { e { f } }\n");
    check("a {}\nb { }\nc {\n\n}", "a {}\nb {}\nc {}\n");
    check("a \\\n   b   \\\n\\\n c", "a \\\n    b \\\n    c\n");
    check("a \\\n", "a\n");
}

#[test]
fn blocks_on_one_line() {
    let word = "x".repeat(90);
    check(&format!("a {{ {word} }}"), &format!("a {{ {word} }}\n"));
    check(&format!("a {{ {word}; b {{ c }} }}"), &format!("a {{\n    {word}\n    b {{ c }}\n}}\n"));
}

#[test]
fn comments() {
    check("  // a\n\n\n//b  \nc   // d\n", "// a\n\n//b\nc // d\n");
    check("a { // b\n\n  // c\n  d // e\n\n  // f\n} // g", "a { // b\n    // c\n    d // e\n\n    // f\n} // g\n");
    check("/* a */\n/* b */ c /* d */ 1 /* e */\n", "/* a */\n/* b */ c /* d */ 1 /* e */\n");
    check("a; /* b */ c; // d", "a\n/* b */ c // d\n");
    check("a {/* b */}\nc { /* d */ e /* f */; g }", "a { /* b */ }\nc { /* d */ e /* f */; g }\n");
    check("a \\ // b\n  c \\ /* d */\n e", "a \\ // b\n    c /* d */ \\\n    e\n");
    check("a b /* c */ = /* d */ 1 (/* e */t) 2", "a b /* c */ = /* d */ 1 ( /* e */ t)2\n");
    check("a \\ // b\n\nc", "a // b\nc\n");
    check("/* a\n     b */\nc", "/* a\n     b */\nc\n");
}

#[test]
fn commented_out() {
    check("/-  a 1;b /- 2 /-c = 3 /- { d }", "/-a 1\nb /-2 /-c=3 /-{ d }\n");
    check("/-\na {\nb\n}", "/-a {\n    b\n}\n");
    check("/- // why\na", "/- // why\n    a\n");
    check("a /- /* why */ 1", "a /- /* why */ 1\n");
}

#[test]
fn strings_of_several_lines() {
    check(
        "a {\nb \"\"\"\n  x\n\n    y\n  \"\"\" c #\"\"\"\n\tz\n\t\"\"\"#\n}",
        "a {\n    b \"\"\"\n        x\n\n          y\n        \"\"\" c #\"\"\"\n        z\n        \"\"\"#\n}\n",
    );
    check("a \"\"\"\n  x \\\n  y\n  \"\"\"", "a \"\"\"\n  x \\\n  y\n  \"\"\"\n");
    check("a \"\"\"\n\\\\\n\"\"\"", "a \"\"\"\n    \\\\\n    \"\"\"\n");
}

fn comment_texts(text: &str) -> Vec<String> {
    let mut formatter = Formatter::new(text);
    let mut comments = Vec::new();
    while formatter.token().kind != Kind::End {
        for piece in formatter.between(formatter.token()) {
            if let Between::Block(comment) | Between::Line(comment) = piece {
                comments.push(comment.to_owned());
            }
        }
        formatter.at += 1;
    }
    comments
}

/// Sound KDL with comments and `/-` wherever they can stand.
fn sound() -> impl Strategy<Value = String> {
    let space =
        || prop::sample::select(vec![" ", "  ", "\t", " /* c */ ", "/*d\n*/", " \\\n", " \\ // e\n ", " \\ /* f */\n"]);
    let gap = move || prop_oneof![6 => Just("".to_owned()), 1 => space().prop_map(str::to_owned)];
    let lines = || {
        prop::sample::select(vec![
            "\n",
            "\n",
            "\n\n",
            ";",
            "\r\n",
            " // g\n",
            "\n  // h\n\n",
            "; /* i */ ",
            "\n/* j */\n",
            "\n\\ // k\n",
        ])
    };
    let text = || {
        prop::sample::select(vec![
            "a",
            "b-c",
            "\"d e\"",
            "#\"f\"g\"#",
            "\"\"\"\n  h\n\n   i\n  \"\"\"",
            "#\"\"\"\n\tj\\\n\t\"\"\"#",
            "\"\"\"\n k \\\n   l\n \"\"\"",
            "\"\\n\\u{1f600}\"",
            "\"x \\\n  y\"",
            "\"\"\"\r\n\\\"\"\"\r\n\"\"\"",
        ])
    };
    let value = prop_oneof![
        text().prop_map(str::to_owned),
        prop::sample::select(vec!["1", "-0x1F", "1.50", "#true", "#null", "#inf", "0755"]).prop_map(str::to_owned),
    ];
    let typed = (prop::option::weighted(0.2, (gap(), text(), gap(), gap())), value).prop_map(|(annotation, value)| {
        annotation.map_or(value.clone(), |(a, name, b, c)| format!("({a}{name}{b}){c}{value}"))
    });
    let entry = prop_oneof![
        typed.clone(),
        (text(), gap(), gap(), typed).prop_map(|(name, a, b, value)| format!("{name}{a}={b}{value}")),
    ];
    let dash = || prop::sample::select(vec!["", "", "", "", "/-", "/- ", "/-\n", "/- // l\n", "/- /* m */ "]);
    let entries = prop::collection::vec((space(), dash(), entry), 0..4).prop_map(|entries| {
        entries.into_iter().map(|(space, dash, entry)| format!("{space}{dash}{entry}")).collect::<String>()
    });
    let head =
        (dash(), prop::option::weighted(0.2, text()), text(), entries).prop_map(|(dash, annotation, name, entries)| {
            let annotation = annotation.map_or(String::new(), |name| format!("({name})"));
            format!("{dash}{annotation}{name}{entries}")
        });
    let end = move || (gap(), lines()).prop_map(|(gap, lines)| format!("{gap}{lines}"));
    let nodes = (head.clone(), end()).prop_map(|(head, end)| head + &end).prop_recursive(3, 24, 4, move |inner| {
        let block = (prop::option::weighted(0.3, lines()), prop::collection::vec(inner, 0..4))
            // What only stands behind a node cannot open a block.
            .prop_map(|(lines, nodes)| {
                format!("{{{}{}}}", lines.filter(|lines| !lines.starts_with(';')).unwrap_or(""), nodes.concat())
            });
        (head.clone(), space(), prop::sample::select(vec!["", "", "/-"]), block, end())
            .prop_map(|(head, space, dash, block, end)| format!("{head}{space}{dash}{block}{end}"))
    });
    prop::collection::vec(nodes, 0..5).prop_map(|nodes| nodes.concat())
}

fn hold(text: &str) -> Result<(), TestCaseError> {
    let file = FileId(0);
    let Ok(nodes) = parse(file, text, &mut Diagnostics::new()) else { return Ok(()) };
    let once = Formatter::new(text).run();
    let mut diagnostics = Diagnostics::new();
    let now = parse(file, &once, &mut diagnostics);
    prop_assert!(now.is_ok(), "{:?} in {}", diagnostics, once);
    prop_assert_eq!(meaning(&now.unwrap_or_default()), meaning(&nodes), "{}", once);
    prop_assert_eq!(comment_texts(&once), comment_texts(text), "{}", once);
    let twice = Formatter::new(&once).run();
    prop_assert_eq!(&twice, &once);
    for line in once.lines().filter(|_| !text.contains("\"\"\"") && !text.contains("/*")) {
        prop_assert!(!line.ends_with(' ') || line.contains("\""), "space at the end of {:?}", line);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn sound_text_keeps_its_meaning(text in sound()) {
        prop_assert!(parse(FileId(0), &text, &mut Diagnostics::new()).is_ok(), "the generator makes KDL");
        hold(&text)?;
    }

    #[test]
    fn any_text_keeps_its_meaning(text in soup()) {
        hold(&text)?;
    }
}
