//! What layers make together, and what is told of them.

use super::*;
use crate::diagnostic::Sources;
use crate::syntax::{parse, print};

/// A layer of a test: `"mixin1 …"` is a mixin of body 1.
fn kind(word: &str) -> LayerKind {
    match word {
        "defaults" => LayerKind::Defaults,
        "template" => LayerKind::Template,
        "rule" => LayerKind::Rule,
        "image" => LayerKind::Image,
        "when" => LayerKind::When,
        _ => LayerKind::Mixin { user: word.trim_start_matches("mixin").parse().expect("a number") },
    }
}

/// Merges layers, each `KIND: NODES`; the nodes and what is told, as `layer:line code: message`.
fn merged(layers: &[&str]) -> (String, Vec<String>, usize) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let layers = layers.iter().enumerate().map(|(at, layer)| {
        let (word, text) = layer.split_once(": ").expect("a kind and nodes");
        let file = sources.add(&format!("{at}"), text);
        let nodes = parse(file, text, &mut diagnostics).expect(text);
        Layer { nodes, kind: kind(word), span: Span::file_start(file) }
    });
    let layers = layers.collect();
    let merged = merge(layers, &mut diagnostics);
    assert_eq!(merged.checked.is_err(), diagnostics.has_errors());
    let told = diagnostics.into_sorted().into_iter().map(|diagnostic| {
        let place = |label: &crate::diagnostic::Label| {
            let place = sources.place(label.span);
            format!("{}:{}", label.span.file.0, place.line)
        };
        let places: Vec<String> = diagnostic.labels.iter().map(place).collect();
        let hints: String = diagnostic.hints.iter().map(|hint| format!("; {hint}")).collect();
        format!("{} {}: {}{hints}", places.join(" "), diagnostic.code.name, diagnostic.message)
    });
    (print(&merged.nodes), told.collect(), merged.overrides.len())
}

#[track_caller]
fn check(layers: &[&str], expected: &str) {
    let (nodes, told, _) = merged(layers);
    assert_eq!(told, [""; 0], "{layers:?}");
    assert_eq!(nodes.trim_end().replace('\n', "; "), expected, "{layers:?}");
}

#[track_caller]
fn check_told(layers: &[&str], expected: &[&str]) {
    let (_, told, _) = merged(layers);
    assert_eq!(told, expected, "{layers:?}");
}

#[test]
fn scalars() {
    check(&["template: workdir \"/a\"; user \"u\"", "image: workdir \"/b\""], "workdir \"/b\"; user \"u\"");
    check(&["template: from \"a\"; cmd \"x\"", "image: (unset)cmd; from \"b\""], "from \"b\"");
    check(&["template: cmd \"x\"", "image: (replace)cmd \"y\"", "when: (final)cmd \"z\""], "cmd \"z\"");
    check_told(
        &["template: user \"a\"\nuser \"b\"", "image: user \"c\""],
        &["0:2 0:1 duplicate-node: `user` stands twice in one body; keep one"],
    );
}

#[test]
fn maps() {
    check(&["template: env A=\"1\" B=\"2\"", "image: env B=\"3\" C=\"4\""], "env A=\"1\"; env B=\"3\" C=\"4\"");
    check(
        &["template: env A=\"1\"; cmd \"x\"", "image: env A=\"2\" at=\"runtime\""],
        "env A=\"2\" at=\"runtime\"; cmd \"x\"",
    );
    check(&["template: env A=\"1\" B=\"2\" at=\"runtime\"", "image: (remove)env \"A\""], "env B=\"2\" at=\"runtime\"");
    check(&["template: env A=\"1\"; env B=\"2\"", "image: (unset)env; env C=\"3\""], "env C=\"3\"");
    check(&["template: arg \"A\" B=\"1\"", "image: arg A=\"2\"; (remove)arg \"B\""], "arg A=\"2\"");
    check(
        &["template: label \"k\" \"1\"; label \"l\" \"2\"", "image: label \"k\" \"3\""],
        "label \"k\" \"3\"; label \"l\" \"2\"",
    );
    check(&["template: label \"k\" \"1\"; label \"l\" \"2\"", "image: (remove)label \"k\" \"l\""], "");
    check(
        &[
            "template: rules { allow \"a\" \"b\" reason=\"r\"; deny \"c\"; }",
            "image: rules { deny \"a\"; warn \"c\"; }",
        ],
        "rules {;     allow \"b\" reason=\"r\"; }; rules {;     deny \"a\";     warn \"c\"; }",
    );
    check(&["template: rules { deny \"a\" \"b\"; }", "image: (remove)rules \"a\""], "rules {;     deny \"b\"; }");
    check(
        &["template: rules { deny \"a\"; }", "image: rules { (remove)deny \"a\"; warn \"b\"; }"],
        "rules {;     warn \"b\"; }",
    );
}

#[test]
fn sets() {
    check(&["template: apt \"a\" \"b\"", "image: apt \"b\" \"c\""], "apt \"a\"; apt \"b\" \"c\"");
    check(&["template: apt \"aa\" \"b\"", "image: (remove)apt \"aa\"; apt \"c\""], "apt \"b\"; apt \"c\"");
    check(&["template: apt \"a\"; cmd \"x\"; apt \"b\"", "image: (replace)apt \"c\""], "apt \"c\"; cmd \"x\"");
    check(&["template: apt \"a\"", "image: (unset)apt"], "");
    check(
        &[
            "template: apt \"a\" { package \"b\" version=\"1\"; recommends #true; }",
            "image: apt \"b\" { recommends #false; }",
        ],
        "apt \"a\"; apt \"b\" {;     recommends #false; }",
    );
    check(
        &["template: apt \"a\" \"b\"", "image: apt { package \"b\" version=\"1\"; }"],
        "apt \"a\"; apt {;     package \"b\" version=\"1\"; }",
    );
    check(
        &["template: apt \"p\" { repository \"p\" uri=\"u\"; }", "image: apt \"b\" { (remove)repository \"p\"; }"],
        "apt \"p\"; apt \"b\"",
    );
    check(&["template: apt \"p\" { repository \"p\" uri=\"u\"; }", "image: apt { (unset)repository; }"], "apt \"p\"");
    check(
        &["template: expose 53 protocol=\"udp\"; expose 53 80", "image: (remove)expose 53 protocol=\"udp\""],
        "expose 53 80",
    );
    check(
        &["template: expose 53 protocol=\"udp\"; expose 53 80", "image: (remove)expose 53; expose 80"],
        "expose 53 protocol=\"udp\"; expose 80",
    );
    check(&["template: platforms \"a\" \"b\"", "image: platforms \"c\""], "platforms \"a\" \"b\"; platforms \"c\"");
}

#[test]
fn the_order_within_a_layer_stays() {
    check(
        &["template: env C=\"1\"; cmd \"x\"", "image: env A=\"1\" B=\"2\"; env A=\"5\" C=\"6\""],
        "env A=\"1\" B=\"2\"; env A=\"5\" C=\"6\"; cmd \"x\"",
    );
    check(
        &["template: path \"/b\"; cmd \"x\"", "image: path \"/a\"; path \"/b\""],
        "cmd \"x\"; path \"/a\"; path \"/b\"",
    );
    check(
        &["template: path \"/x\"; cmd \"x\"", "image: path \"/a\"; (replace)path \"/b\""],
        "path \"/a\"; path \"/b\"; cmd \"x\"",
    );
}

#[test]
fn steps_of_layers() {
    check(&["template: run \"a\"", "image: run \"a\""], "run \"a\"; run \"a\"");
    check(
        &["template: run \"a\" id=\"x\"; dir \"/d\"", "image: (replace)copy \"b\" to=\"/b\" id=\"x\""],
        "copy \"b\" to=\"/b\" id=\"x\"; dir \"/d\"",
    );
    check(&["template: run \"a\" id=\"x\"; dir \"/d\"", "image: (remove)run id=\"x\""], "dir \"/d\"");
    check(&["template: run \"a\" id=\"x\"; run \"b\"; dir \"/d\"", "image: (unset)run"], "dir \"/d\"");
    check(
        &[
            "template: run \"a\" id=\"x\"; run \"b\"",
            "image: run \"1\" after=\"x\"; run \"2\" before=\"x\"; run \"3\" after=\"x\" id=\"y\"; run \"4\" after=\"y\"",
        ],
        "run \"2\"; run \"a\" id=\"x\"; run \"1\"; run \"3\" id=\"y\"; run \"4\"; run \"b\"",
    );
    // The step it waits for comes with a layer above.
    check(
        &["template: run \"a\" after=\"x\"; run \"b\"", "image: run \"c\" id=\"x\""],
        "run \"b\"; run \"c\" id=\"x\"; run \"a\"",
    );
    check(
        &[
            "template: run \"a\" id=\"a\"; run \"b\" id=\"b\"; run \"c\" id=\"c\"",
            "image: run \"d\" after=\"a\" before=\"c\"",
        ],
        "run \"a\" id=\"a\"; run \"d\"; run \"b\" id=\"b\"; run \"c\" id=\"c\"",
    );
    check(
        &[
            "template: run \"a\" id=\"a\" after=\"b\"",
            "mixin0: (replace)run \"c\" id=\"a\"",
            "image: run \"d\"; run \"b\" id=\"b\"",
        ],
        "run \"d\"; run \"b\" id=\"b\"; run \"c\" id=\"a\"",
    );
    check(&["image: run \"a\" before=\"x\"; run \"b\" id=\"x\""], "run \"a\"; run \"b\" id=\"x\"");
}

#[test]
fn stages_of_layers() {
    check(
        &[
            "template: stage \"b\" { from \"x\"; env A=\"1\"; }; from \"y\"",
            "image: stage \"b\" target=#true { from \"z\"; run \"r\"; }",
        ],
        "stage \"b\" target=#true {;     from \"z\";     env A=\"1\";     run \"r\"; }; from \"y\"",
    );
    check(
        &["template: stage \"b\" { env A=\"1\"; }; from \"y\"", "image: (replace)stage \"b\" { from \"z\"; }"],
        "stage \"b\" {;     from \"z\"; }; from \"y\"",
    );
    check(&["template: stage \"b\" { env A=\"1\"; }; stage \"c\"", "image: (remove)stage \"b\""], "stage \"c\"");
    check(
        &["template: stage \"b\" { apt \"aa\"; }", "image: stage \"b\" { (remove)apt \"aa\"; apt \"b\"; }"],
        "stage \"b\" {;     apt \"b\"; }",
    );
    check(&["image: stage \"b\" { (final)apt \"a\"; }"], "stage \"b\" {;     apt \"a\"; }");
}

#[test]
fn mistakes() {
    check_told(
        &["template: apt \"curl\" \"jq\"", "image: (remove)apt \"crul\"\n(remove)apt \"zip\" \"jq\""],
        &[
            "1:1 nothing-to-remove: there is no `apt \"crul\"` in the layers below; did you mean `curl`?",
            "1:2 nothing-to-remove: there is no `apt \"zip\"` in the layers below; there is `apt \"curl\"`",
        ],
    );
    check_told(
        &["template: expose 53", "image: (remove)expose 53 protocol=\"udp\"\n(unset)volume\nexpose 1"],
        &[
            "1:1 nothing-to-remove: there is no `expose 53 protocol=\"udp\"` in the layers below; there is `expose 53`",
            "1:2 nothing-to-remove: there is no `volume` in the layers below",
        ],
    );
    check_told(
        &[
            "template: run \"a\" id=\"install\"",
            "image: (replace)run \"b\" id=\"instal\"\n(remove)run id=\"x\"\nrun \"c\" id=\"install\"",
        ],
        &[
            "1:1 nothing-to-remove: there is no step `instal` in the layers below; did you mean `install`?",
            "1:2 nothing-to-remove: there is no step `x` in the layers below; there is `install`",
            "1:3 0:1 0:1 duplicate-name: there are two steps `install`; `(replace)` before it puts it in the place of the other",
        ],
    );
    check_told(
        &[
            "image: (replace)run \"b\"\n(remove)run \"b\"\n(remove)cmd\n(unset)cmd \"x\"\n(remove)apt \"x\" { package \"y\"; }\n(remove)env A=\"1\"\n(remove)apt\n(remove)apt \"a\" changes=\"often\"\n(remove)run \"a\" id=\"b\"\n(remove)expose \"80\"",
        ],
        &[
            "0:1 invalid-annotation: the step does not say which one it replaces; add id=\"…\"",
            "0:2 invalid-annotation: the step does not say which one it removes; add id=\"…\"",
            "0:3 invalid-annotation: there is one `cmd`, which `(remove)` need not name; write (unset)cmd",
            "0:4 invalid-annotation: `(unset)` is about every `cmd`, so nothing more is said of it; write (unset)cmd",
            "0:5 invalid-annotation: `(remove)apt` takes no block; what a block holds is removed in one: apt { (remove)package \"…\"; }",
            "0:6 invalid-annotation: what is removed needs no `A`; write (remove)env \"A\"",
            "0:7 invalid-annotation: it does not say which `apt` is removed; `(unset)apt` removes all",
            "0:8 invalid-annotation: what is removed needs no `changes`; remove it",
            "0:9 invalid-annotation: a step is removed by its `id`, and by nothing else; remove it",
            "0:10 wrong-type: the argument of `expose` must be a port (1–65535), found the string \"80\"; write the number without quotes: 80",
        ],
    );
    check_told(
        &["image: (remvoe)apt \"a\"\n(u16)expose 1\napt { (finall)package \"b\" version=\"1\"; }"],
        &[
            "0:1 unknown-annotation: the annotation `(remvoe)` means nothing here; did you mean `remove`?",
            "0:2 unknown-annotation: the annotation `(u16)` means nothing here; remove it",
            "0:3 unknown-annotation: the annotation `(finall)` means nothing here; did you mean `final`?",
        ],
    );
}

#[test]
fn what_is_final() {
    check(&["template: (final)apt \"a\" \"b\"", "image: apt \"b\" \"c\""], "apt \"a\" \"b\"; apt \"c\"");
    check(&["template: (final)env A=\"1\"", "image: env B=\"1\""], "env A=\"1\"; env B=\"1\"");
    check_told(
        &[
            "template: (final)user \"a\"\n(final)env A=\"1\"\n(final)run \"x\" id=\"x\"",
            "image: user \"b\"\nenv B=\"1\" A=\"2\"\n(remove)run id=\"x\"",
        ],
        &[
            "1:1 0:1 0:1 overridden-final: `user` is final, and is said otherwise",
            "1:2 0:2 0:1 overridden-final: `env \"A\"` is final, and is said otherwise",
            "1:3 0:3 0:1 overridden-final: the step `x` is final, and is removed",
        ],
    );
    check_told(
        &[
            "defaults: apt { (final)package \"a\" version=\"1\"; }\nstage \"s\" { (final)from \"x\"; }",
            "image: (replace)apt \"b\"\n(remove)stage \"s\"",
        ],
        &[
            "1:1 0:1 overridden-final: `apt` is final, and is said otherwise",
            "1:2 0:2 overridden-final: `stage \"s\"` is final, and is removed",
        ],
    );
    check_told(
        &["template: (final)stage \"s\" { from \"x\"; }", "image: stage \"s\" { run \"b\"; }", "when: (unset)stage"],
        &[
            "1:1 0:1 0:1 overridden-final: `stage \"s\"` is final, and is said otherwise",
            "2:1 0:1 0:1 overridden-final: `stage` is final, and is removed",
        ],
    );
}

#[test]
fn mixins() {
    let told = [
        "1:1 0:1 mixin-conflict: two mixins set `user`, and no layer above them does; set `user` where the mixins are used, or use one of them",
    ];
    check_told(&["mixin0: user \"a\"", "mixin0: user \"b\"", "image: cmd \"x\""], &told);
    check_told(&["mixin0: user \"a\"", "when: user \"b\"", "image: cmd \"x\""], &[]);
    check_told(
        &["mixin0: cmd \"a\"", "when: user \"b\"", "mixin0: user \"c\""],
        &[
            "2:1 1:1 mixin-conflict: two mixins set `user`, and no layer above them does; set `user` where the mixins are used, or use one of them",
        ],
    );
    check(&["mixin0: user \"a\"", "mixin0: user \"b\"", "image: user \"c\""], "user \"c\"");
    check(
        &["mixin0: user \"a\"", "mixin0: user \"b\"", "template: cmd \"c\"", "mixin1: user \"d\""],
        "user \"d\"; cmd \"c\"",
    );
    check(&["mixin0: user \"a\"", "mixin0: user \"b\"", "image: cmd \"c\"", "when: (unset)user"], "cmd \"c\"");
    check(&["mixin0: env A=\"1\"", "mixin0: env A=\"2\""], "env A=\"2\"");
    check_told(
        &["mixin0: stage \"s\" { from \"a\"; }", "mixin0: stage \"s\" { from \"b\"; }"],
        &[
            "1:1 0:1 mixin-conflict: two mixins set `from`, and no layer above them does; set `from` where the mixins are used, or use one of them",
        ],
    );
}

#[test]
fn places_of_steps() {
    check_told(
        &["template: run \"a\" id=\"install\"", "image: run \"b\" after=\"instal\"\nrun \"c\" before=\"x\""],
        &[
            "1:1 unknown-step: there is no step `instal`; did you mean `install`?",
            "1:2 unknown-step: there is no step `x`; a step is named by its property `id`",
        ],
    );
    check_told(
        &["image: run \"a\" id=\"a\" after=\"b\"\nrun \"b\" id=\"b\" after=\"a\"\nrun \"c\" after=\"a\""],
        &["0:1 0:2 unorderable-steps: steps are to stand beside each other: a → b → a"],
    );
    check_told(
        &["image: run \"a\" id=\"a\" before=\"a\""],
        &["0:1 unorderable-steps: the step `a` is to stand beside itself"],
    );
    check_told(
        &["image: run \"a\" id=\"a\"\nrun \"b\" id=\"b\"\nrun \"c\" after=\"b\" before=\"a\""],
        &["0:3 0:3 unorderable-steps: the step is to stand before `a` and behind what stands behind that"],
    );
    check_told(
        &["template: run \"a\" id=\"a\"\nrun \"b\" id=\"a\"", "image: cmd \"x\""],
        &["0:2 0:1 duplicate-name: there are two steps `a`"],
    );
    check_told(
        &["template: stage \"a\"\nstage \"a\"", "image: stage \"a\""],
        &["0:2 0:1 duplicate-name: there are two stages `a`"],
    );
}
