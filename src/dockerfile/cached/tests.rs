//! Builds one after the other, and what each has to execute. Where BuildKit was asked the same, `tests/engine/replay.rs`
//! asks it.

use super::super::parse::file::parse_file;
use super::*;

/// A build: a Dockerfile, and files with what they hold.
type Build<'t> = (&'t str, &'t [(&'t str, &'t str)]);

fn executed(cache: &mut Cache, (dockerfile, files): Build<'_>, wanted: &Wanted) -> Result<Vec<String>, Invalid> {
    let file = |&(path, content): &(&str, &str)| {
        let mode = if content.starts_with("#!") { 0o100_755 } else { 0o100_644 };
        (path.to_owned(), ContextFile { content: content.to_owned(), mode })
    };
    let ignore = files.iter().find(|(path, _)| *path == ".dockerignore").map_or("", |(_, text)| *text);
    let context = Context::new(files.iter().map(file), ignore);
    let steps = cache.build(&parse_file(dockerfile)?, &context, wanted)?;
    let executed = steps.iter().filter(|step| !step.cached);
    Ok(executed.map(|step| step.text.clone()).collect())
}

/// The second build executes `expected`.
fn check(first: Build<'_>, second: Build<'_>, expected: &[&str]) {
    let mut cache = Cache::default();
    executed(&mut cache, first, &Wanted::default()).expect("a build");
    let again = executed(&mut cache, first, &Wanted::default()).expect("a build");
    assert!(again.is_empty(), "nothing changed, and {again:?}");
    let second_executed = executed(&mut cache, second, &Wanted::default()).expect("a build");
    assert_eq!(second_executed, expected, "{second:?}");
}

const FILES: &[(&str, &str)] = &[("a/x", "1"), ("a/y", "2"), ("b/x", "1"), ("c.txt", "3")];

fn dockerfile(before: &str, after: &str, expected: &[&str]) {
    check((before, FILES), (after, FILES), expected);
}

fn context(text: &str, files: &[(&str, &str)], expected: &[&str]) {
    check((text, FILES), (text, files), expected);
}

#[test]
fn what_makes_no_layer_executes_nothing() {
    let config = "FROM i\nLABEL a=1\nEXPOSE 1\nCMD a\nENTRYPOINT b\nVOLUME /v\nMAINTAINER m\nRUN r";
    dockerfile("FROM i\nRUN r", config, &[]);
    dockerfile("FROM i\nUSER a\nCOPY a /a", "FROM i\nENV A=1\nUSER b\nCOPY a /a", &[]);
    dockerfile("FROM i\nRUN r", "FROM i\nWORKDIR /\nRUN r", &[]);
    dockerfile("FROM i\nRUN r", "FROM i\n# c\nRUN \\\n# c\nr", &[]);
}

#[test]
fn variables_reach_commands() {
    let later = &["RUN r"];
    dockerfile("FROM i\nRUN q\nENV A=1\nRUN r", "FROM i\nRUN q\nENV A=2\nRUN r", later);
    dockerfile("FROM i\nRUN r", "FROM i\nARG A\nRUN r", &[]);
    dockerfile("FROM i\nRUN r", "FROM i\nARG A=1\nRUN r", later);
    dockerfile("FROM i\nARG A=1\nRUN r", "FROM i\nENV A=1\nRUN r", &[]);
    dockerfile("FROM i\nENV A=1 B=1\nRUN r", "FROM i\nENV B=1 A=1\nRUN r", later);
    dockerfile("ARG A=1\nFROM i\nRUN r", "ARG A=2\nFROM i\nRUN r", &[]);
    dockerfile("ARG A=1\nFROM i\nARG A\nRUN r", "ARG A=2\nFROM i\nARG A\nRUN r", later);
    dockerfile("FROM i\nENV A=a\nCOPY $A /a", "FROM i\nENV B=a\nCOPY ${B} /a", &[]);
    dockerfile("FROM i AS a\nARG A=1\nFROM a\nRUN r", "FROM i AS a\nARG A=2\nFROM a\nRUN r", later);
    dockerfile("FROM i\nRUN r", "FROM i\nUSER u\nRUN r", later);
    dockerfile("FROM i\nRUN r", "FROM i\nSHELL [\"s\"]\nRUN r", later);
    dockerfile("FROM i\nWORKDIR /w\nRUN r", "FROM i\nWORKDIR /v\nRUN r", &["WORKDIR /v", "RUN r"]);
    dockerfile("FROM i\nRUN <<E\na\nE", "FROM i\nRUN <<E\nb\nE", &["RUN <<E"]);
}

#[test]
fn copies_go_by_content() {
    dockerfile("FROM i\nCOPY a/x /z", "FROM i\nCOPY b/x /z", &[]);
    dockerfile("FROM i\nCOPY a /z/", "FROM i\nCOPY a /z", &["COPY a /z"]);
    dockerfile("FROM i\nCOPY a b /z/", "FROM i\nCOPY b a /z/", &["COPY b a /z/"]);
    dockerfile("FROM i\nCOPY a /z", "FROM i\nCOPY --chown=1 a /z", &["COPY --chown=1 a /z"]);
    dockerfile("FROM i\nCOPY a /z", "FROM i\nCOPY --chmod=1 a /z", &["COPY --chmod=1 a /z"]);
    dockerfile("FROM i\nCOPY <<E /z\na\nE", "FROM i\nCOPY <<E /z\nb\nE", &["COPY <<E /z"]);
    let text = "FROM i\nCOPY c.txt /\nCOPY a /a\nRUN r\nCOPY b /b";
    context(text, &[("a/x", "1"), ("a/y", "2"), ("b/x", "2"), ("c.txt", "3")], &["COPY b /b"]);
    let later = &["COPY a /a", "RUN r", "COPY b /b"];
    context(text, &[("a/x", "1"), ("a/z", "2"), ("b/x", "1"), ("c.txt", "3")], later);
    context(text, &[("a/x", "1"), ("a/y", "2"), ("b/x", "1"), ("c.txt", "3"), ("d", "")], &[]);
    context("FROM i\nCOPY *.txt /\nRUN r", &[("c.txt", "3"), ("d.txt", "3")], &["COPY *.txt /", "RUN r"]);
}

#[test]
fn modes_and_ignored_files() {
    let script = |text| [("x", text), (".dockerignore", "*.o\n!k.o")];
    let text = "FROM i\nCOPY . /";
    check((text, &script("#!a")), (text, &script("a")), &["COPY . /"]);
    let with = |name| [("x", "1"), (".dockerignore", "*.o\n!k.o"), (name, "2")];
    check((text, &script("1")), (text, &with("i.o")), &[]);
    check((text, &script("1")), (text, &with("k.o")), &["COPY . /"]);
}

#[test]
fn linked_copies_stand_alone() {
    let changed = &[("a/x", "2"), ("a/y", "2"), ("b/x", "1"), ("c.txt", "3")];
    context("FROM i\nCOPY a /a\nCOPY --link b /b\nRUN r", changed, &["COPY a /a", "RUN r"]);
    context("FROM i\nCOPY --link b /b\nCOPY --link a /a", changed, &["COPY --link a /a"]);
    let with_mode = "COPY --link --chmod=0644 b /b";
    context(&format!("FROM i\nCOPY a /a\n{with_mode}"), changed, &["COPY a /a", with_mode]);
    dockerfile("FROM i\nCOPY --link a /a", "FROM j\nRUN r\nCOPY --link a /a", &["RUN r"]);
}

#[test]
fn mounts_go_by_what_they_hold() {
    let text = "FROM i\nRUN --mount=type=bind,source=a,target=/a r\nRUN --mount=source=c.txt,target=c r";
    let changed = &[("a/x", "1"), ("a/y", "2"), ("c.txt", "4")];
    context(text, changed, &["RUN --mount=source=c.txt,target=c r"]);
    context(text, &[("a/x", "1"), ("a/y", "2"), ("b/x", "2"), ("c.txt", "3")], &[]);
    let cache = "RUN --mount=type=cache,target=/d r";
    dockerfile("FROM i\nRUN --mount=type=cache,target=/c r", &format!("FROM i\n{cache}"), &[cache]);
}

#[test]
fn stages() {
    let text = "FROM i AS one\nCOPY a /a\nRUN r\nFROM i AS two\nRUN s\nFROM i\nCOPY --from=one /a /a\nRUN t";
    let changed = &[("a/x", "2"), ("a/y", "2")];
    context(text, changed, &["COPY a /a", "RUN r", "COPY --from=one /a /a", "RUN t"]);
    context(&text.replace("RUN r\n", "COPY b /b\n"), &[("a/x", "1"), ("a/y", "2"), ("b/x", "2")], &["COPY b /b"]);
    let mounted = "FROM i AS one\nCOPY a /a\nFROM i\nRUN --mount=from=one,target=/o r";
    context(mounted, changed, &["COPY a /a", "RUN --mount=from=one,target=/o r"]);
    dockerfile(text, &text.replace("RUN s", "RUN not reached"), &[]);
    dockerfile("FROM i AS a\nRUN r\nFROM a\nRUN s", "FROM i\nRUN r\nRUN s", &[]);
    dockerfile("FROM i\nRUN r", "FROM --platform=$BUILDPLATFORM i\nRUN r", &[]);
    dockerfile("FROM i\nRUN r", "FROM --platform=linux/arm64 i\nRUN r", &["RUN r"]);
    dockerfile("FROM i AS a\nONBUILD RUN r\nFROM a", "FROM i AS a\nONBUILD RUN s\nFROM a", &["RUN s"]);
}

#[test]
fn all_builds_before_count() {
    let mut cache = Cache::default();
    let text = "FROM i\nCOPY f /\nRUN r";
    for (content, expected) in [("1", 2), ("2", 2), ("1", 0), ("3", 2), ("2", 0)] {
        let executed = executed(&mut cache, (text, &[("f", content)]), &Wanted::default()).expect("a build");
        assert_eq!(executed.len(), expected, "{content}");
    }
}

#[test]
fn what_is_asked_for() {
    let text = "FROM i AS a\nARG A=1\nRUN r\nFROM a\nRUN s";
    let mut cache = Cache::default();
    let wanted = |target: &str, value: &str| Wanted {
        target: Some(target.to_owned()),
        arguments: BTreeMap::from([("A".to_owned(), value.to_owned())]),
        ..Wanted::default()
    };
    for (target, value, expected) in [("a", "1", 1), ("0", "1", 0), ("1", "1", 1), ("A", "2", 1)] {
        let executed = executed(&mut cache, (text, &[]), &wanted(target, value)).expect("a build");
        assert_eq!(executed.len(), expected, "{target} {value}");
    }
}

#[test]
fn outcomes_that_are_known() {
    let text = "FROM i AS a\nCOPY a /a\nRUN make\nCOPY c.txt /\nFROM i\nCOPY --from=a /out /\nRUN s";
    let wanted = |content: &str| {
        let left = BTreeMap::from([("/out".to_owned(), content.to_owned())]);
        Wanted { outcomes: BTreeMap::from([("RUN make".to_owned(), left)]), ..Wanted::default() }
    };
    let mut cache = Cache::default();
    let later = ["COPY --from=a /out /", "RUN s"];
    for (source, outcome, expected) in [
        ("1", "x", vec!["COPY a /a", "RUN make", "COPY c.txt /", later[0], later[1]]),
        ("2", "x", vec!["COPY a /a", "RUN make", "COPY c.txt /"]),
        ("3", "y", vec!["COPY a /a", "RUN make", "COPY c.txt /", later[0], later[1]]),
    ] {
        let files = [("a/x", source), ("c.txt", "1")];
        assert_eq!(executed(&mut cache, (text, &files), &wanted(outcome)).expect("a build"), expected);
    }
}

#[test]
fn builds_that_fail() {
    for (text, message) in [
        ("FROM i\nRUN r\nCOPY z /", "line 3: `z` is not in the context"),
        ("FROM i\nRUN --mount=source=z,target=/z r", "line 2: `z` is not in the context"),
    ] {
        let mut cache = Cache::default();
        let failed = executed(&mut cache, (text, FILES), &Wanted::default());
        assert_eq!(failed, Err(Invalid::new(message)));
        assert!(cache.seen.is_empty());
    }
    let mut cache = Cache::default();
    let wanted = Wanted { target: Some("z".to_owned()), ..Wanted::default() };
    assert_eq!(executed(&mut cache, ("FROM i", FILES), &wanted), Err(Invalid::new("there is no stage `z`")));
}

#[test]
fn steps_are_named_as_buildkit_names_them() {
    let file =
        parse_file("FROM i AS Build\nWORKDIR /\nWORKDIR /w\nLABEL a=b\nRUN r\nFROM Build\nRUN s").expect("a file");
    let target = |name: &str| Wanted { target: Some(name.to_owned()), ..Wanted::default() };
    let named = |wanted: &Wanted| -> Vec<String> {
        let steps = Cache::default().build(&file, &Context::default(), wanted).expect("a build");
        steps.iter().map(|step| format!("{} {} {}: {}", step.stage, step.index, step.line, step.text)).collect()
    };
    assert_eq!(named(&target("build")), ["build 2 3: WORKDIR /w", "build 3 5: RUN r"]);
    assert_eq!(named(&Wanted::default())[2..], ["stage-1 1 7: RUN s"]);
}
