//! Images put together, and what is told of them.

use super::*;
use crate::diagnostic::Sources;

/// What is told of the images of `text`, as `line code: message`.
fn check(text: &str, expected: &[&str]) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let text = &format!("workspace {{ output \"${{{{ image }}}}\" }};{text}");
    let file = crate::compile::read("app/image.kdl", text, &mut sources, &mut diagnostics).expect(text);
    resolve(vec![file], &mut diagnostics);
    let line = |d: Diagnostic| {
        let line = d.span().map_or(0, |span| sources.place(span).line);
        format!("{line} {}: {}", d.code.name, d.message)
    };
    assert_eq!(diagnostics.into_sorted().into_iter().map(line).collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn mistakes() {
    check(
        "image \"a\" { from scratch; }\nimage \"a\" { from scratch; }",
        &["2 duplicate-name: there are two images `a`"],
    );
    check(
        "image \"a\" {\n  stage \"b\" { from scratch; }\n  stage \"b\" { from scratch; }\n  from stage=\"c\"\n}",
        &["3 duplicate-name: there are two stages `b`", "4 unknown-stage: there is no stage `c`"],
    );
    check(
        "image \"a\" {\n  stage \"b\" { from stage=\"c\"; }\n  stage \"c\" { from stage=\"b\"; }\n  from stage=\"b\"\n}",
        &["2 cycle: stages need each other: b → c → b"],
    );
    check(
        "image \"a\" { from image=\"b\"; }\nimage \"b\" { from image=\"a\"; }\nimage \"c\" { from image=\"d\"; }",
        &[
            "1 cycle: images are built from each other: a → b → a",
            "3 unknown-image: there is no image `d` in the workspace",
        ],
    );
    check(
        "image \"a\" {\n  context \"../..\"\n  from scratch\n}",
        &["2 path-escape: the build context `../..` leaves the workspace"],
    );
}

#[test]
fn stages_stand_behind_those_they_need() {
    let text = "image \"a\" {\n stage \"x\" { from stage=\"z\"; }\n stage \"y\" { from scratch; }\n \
                stage \"z\" { from scratch; copy \"/\" to=\"/\" stage=\"y\"; }\n from stage=\"x\"\n}";
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let file = crate::compile::read("image.kdl", text, &mut sources, &mut diagnostics).expect(text);
    let images = resolve(vec![file], &mut diagnostics);
    let names = images[0].stages.iter().map(|s| s.name.as_ref().map_or("", |name| name.value.as_str()));
    assert_eq!(names.collect::<Vec<_>>(), ["y", "z", "x", ""]);
}

/// The images of `text` put together, as KDL.
#[track_caller]
fn check_whole(text: &str, expected: &str) {
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let text = &format!("workspace {{ output \"${{{{ image }}}}\" }};{text}");
    let file = crate::compile::read("app/image.kdl", text, &mut sources, &mut diagnostics).expect(text);
    let nodes: Vec<Node> = resolve(vec![file], &mut diagnostics).into_iter().map(|image| image.node).collect();
    assert_eq!(diagnostics.into_sorted(), [], "{text}");
    assert_eq!(crate::syntax::print(&nodes), expected, "{text}");
}

const SERVICE: &str = r#"
template "service" abstract=#true {
    param "module" type="string"
    param "port" type="port" default=8080
    from "python:3.12-slim-bookworm"
    apt "ca-certificates"
    expose "${{ port }}"
    cmd "${{ module }}"
    when port=9000 { env HIGH="yes" }
}
mixin "tracing" { env TRACES="otlp"; apt "curl" }
"#;

#[test]
fn templates() {
    check_whole(
        &format!("{SERVICE} image \"cart\" extends=\"service\" {{ set module=\"cart\"; cmd \"${{{{ image }}}}d\" }}"),
        "image \"cart\" {\n    from \"python:3.12-slim-bookworm\"\n    apt \"ca-certificates\"\n    expose 8080\n    \
         cmd \"cartd\"\n}\n",
    );
    check_whole(
        &format!(
            "{SERVICE} image \"${{{{ q }}}}-worker\" extends=\"service\" {{ matrix {{ q \"a\" \"b\" }}\n set module=\"w.${{{{ q }}}}\" \
             port=9000; use \"tracing\"; (remove)apt \"ca-certificates\"; when q=\"b\" {{ (replace)cmd \"x\" }} }}"
        ),
        "image \"a-worker\" {\n    from \"python:3.12-slim-bookworm\"\n    expose 9000\n    cmd \"w.a\"\n    \
         env HIGH=\"yes\"\n    env TRACES=\"otlp\"\n    apt \"curl\"\n}\nimage \"b-worker\" {\n    \
         from \"python:3.12-slim-bookworm\"\n    expose 9000\n    cmd \"x\"\n    env HIGH=\"yes\"\n    \
         env TRACES=\"otlp\"\n    apt \"curl\"\n}\n",
    );
}

#[test]
fn a_mistake_is_told_once() {
    check(
        "template \"t\" abstract=#true { param \"port\" type=\"prot\"; expose \"${{ port }}\"; from scratch; }\n\
         image \"a\" extends=\"t\" { set port=1; }\nimage \"b\" extends=\"t\" { from scrtch=1; }",
        &[
            "1 invalid-value: `type` must be one of string, int, bool, port, version, duration, path, enum, list, found \
             `prot`",
            "3 unknown-property: `from` has no property `scrtch`",
        ],
    );
    check(
        "image \"a-${{ q }}\" { matrix { q \"x\"; exclude q=\"y\"; }\n from scratch; }",
        &["1 invalid-value: `q` never is \"y\", so that this excludes nothing"],
    );
}

#[test]
fn outputs_of_many_images_are_told_once() {
    let check = |matrix: &str, expected: &[&str]| {
        let text = &format!("image \"w-${{{{ n }}}}\" {{ matrix {{ n {matrix} }}; from scratch; }}");
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = crate::compile::read("app/image.kdl", text, &mut sources, &mut diagnostics).expect(text);
        resolve(vec![file], &mut diagnostics);
        let told = diagnostics.into_sorted().into_iter();
        assert_eq!(told.map(|diagnostic| diagnostic.message).collect::<Vec<_>>(), expected, "{matrix}");
    };
    check("\"a\"", &[]);
    check("\"a\" \"b\"", &["`w-a` and `w-b` both compile to `app/Dockerfile`"]);
    check("\"a\" \"b\" \"c\"", &["3 images compile to `app/Dockerfile`"]);
}
