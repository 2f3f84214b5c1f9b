//! Expressions against real shells and hostile texts: a value in shell text is what the shell sees and nothing else, and no
//! expression breaks the compiler or keeps it busy.

use imgspec::base::{FileId, Span};
use imgspec::diagnostic::Diagnostics;
use imgspec::model::{Scope, expand_entry};
use imgspec::spec::Bound;
use imgspec::syntax::{Entry, Ty, Value, Written, quoted};
use proptest::prelude::*;
use std::process::Command;
use std::time::{Duration, Instant};

fn scope(value: Bound) -> Scope {
    let mut scope = Scope::new();
    let span = Span::file_start(FileId(0));
    scope.bind("v", value, span);
    scope.bind("n", Bound::One(Value::Integer((-7).into())), span);
    scope.bind("flag", Bound::One(Value::Bool(true)), span);
    scope.bind("list", Bound::List(vec!["a".to_owned(), "b".to_owned()]), span);
    scope.bind("long", Bound::text("é".repeat(30_000)), span);
    scope
}

/// What `text` expands to as a value of type `ty`, or what is told.
fn expand(text: &str, ty: Ty, scope: &Scope) -> Result<Vec<Value>, Vec<String>> {
    let written = quoted(text);
    let span = Span::new(FileId(0), 0, written.len());
    let value = Value::String(text.to_owned());
    let entry = Entry { annotation: None, written: Written::new(&value, &written), value, span };
    let mut diagnostics = Diagnostics::new();
    match expand_entry(&entry, ty, scope, &mut diagnostics) {
        Ok(entries) => Ok(entries.into_iter().map(|entry| entry.value).collect()),
        Err(_) => Err(diagnostics.into_sorted().into_iter().map(|diagnostic| diagnostic.message).collect()),
    }
}

fn shell_text(text: &str, value: &str) -> Option<String> {
    text_with(text, Bound::text(value))
}

fn list_text(text: &str, elements: Vec<String>) -> Option<String> {
    text_with(text, Bound::List(elements))
}

fn text_with(text: &str, value: Bound) -> Option<String> {
    match expand(text, Ty::Shell, &scope(value)).ok()?.as_slice() {
        [Value::String(text)] => Some(text.clone()),
        _ => None,
    }
}

/// What `shell` prints, errors too. It finds no programs.
fn run(shell: &str, text: &str, directory: &std::path::Path) -> String {
    let path = format!("/bin/{shell}");
    let output =
        Command::new(path).arg("-c").arg(text).current_dir(directory).env("PATH", "/none").output().expect("a shell");
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn is_shell_text(shell: &str, text: &str) -> bool {
    let output = Command::new(format!("/bin/{shell}")).args(["-n", "-c", text]).output().expect("a shell");
    output.status.success()
}

const SHELLS: [&str; 2] = ["sh", "bash"];

/// Values that mean something to shells, to KDL and to expressions.
fn hostile() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[ $`'\"\\\\!#~*?\n\t\r&|;<>(){}=,.\\[\\]-]{0,8}",
        "\\PC{0,4}",
        "[a-z0-9]{1,3}",
        prop::sample::select(vec![
            "${{ v }}",
            "}}",
            "$(echo x)",
            "`echo x`",
            "'\"'\"'",
            "\\'",
            "--",
            "\u{1b}[0m",
            "\u{1}",
            "日本",
            "if",
            "2",
            "\\\n",
            "a..c",
        ])
        .prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whichever quotes an expression stands in, the command sees the value.
    #[test]
    fn commands_see_the_value(value in hostile()) {
        let directory = tempfile::tempdir().expect("a directory");
        for (text, before, after) in [
            ("printf %s ${{ v }}", "", ""),
            ("printf %s \"${{ v }}\"", "", ""),
            ("printf %s '${{ v }}'", "", ""),
            ("printf %s a${{ v }}b", "a", "b"),
            ("printf %s --x=${{ v }}", "--x=", ""),
            ("printf %s \"a ${{ v }} b\"", "a ", " b"),
            ("printf %s 'a ${{ v }} b'", "a ", " b"),
            ("printf %s 'a'\"b\"\\c${{ v }}'d'", "abc", "d"),
            ("x=1; printf %s $x${{ v }}", "1", ""),
            ("x=1; printf %s \"$x${{ v }}$x\"", "1", "1"),
            ("x=${{ v }}; printf %s \"$x\"", "", ""),
            ("printf %s \"$(printf '%s.' ${{ v }})\"", "", "."),
            ("printf %s \"$(printf '%s.' \"$(printf '%s' '${{ v }}.')\")\"", "", ".."),
            ("(printf %s ${{ v }})", "", ""),
            ("# it's a \"comment\"\nprintf %s ${{ v }}", "", ""),
            ("# ${{ v }}\nprintf %s a", "a", "-"),
            ("printf %s ${{ v }}<&0", "", ""),
            ("printf %s \"${x:-\"$((1 + 1))\"}${{ v }}\"", "2", ""),
        ] {
            let Some(expanded) = shell_text(text, &value) else {
                prop_assert!(text.contains(":-"), "{} is refused", text);
                continue;
            };
            let expected = if after == "-" { before.to_owned() } else { format!("{before}{value}{after}") };
            for shell in SHELLS {
                prop_assert_eq!(run(shell, &expanded, directory.path()), expected.as_str(), "{} runs {}", shell, expanded);
            }
        }
    }

    /// Wherever an expression stands, nothing of its value is run: where that could be, it is refused.
    #[test]
    fn values_are_never_run(
        before in prop::collection::vec(prop::sample::select(vec![
            "'", "\"", "$(", "${x", "${", ":-", "}", ")", "(", "((", "))", "$((", "`", "\\", " ", "#", "\n", "a", "1", "$", "$x", "x=",
            ";", "<<E\n", "\nE\n", "case", " in ", "$'", "$\"", "&&", "|", "$[", "]", "{", "a)", ";;", "esac", "<", "if", "2", "a[", "[[ ", "a=",
        ]), 0..9),
        after in prop::collection::vec(prop::sample::select(vec![
            "'", "\"", ")", "}", "))", "`", "\\", " ", "\n", "a", "E\n", "\nE\n", ";", "$", ";;", "esac", "(", "#", " -eq 1 ]]", "]=1", "]]",
        ]), 0..5),
        quote in prop::sample::select(vec!["", "'", "\"", "\\", "}", ")", "))", "`", "\nE\n"]),
    ) {
        // The marker is what only a run prints.
        let value = format!("{quote}$(echo PW''NED)`echo PW''NED`\necho PW''NED\n;echo PW''NED;a[$(echo PW''NED)]{quote}");
        let text = format!("{}${{{{ v }}}}{}", before.concat(), after.concat());
        let directory = tempfile::tempdir().expect("a directory");
        let list = |value: &str| list_text(&text, vec![value.to_owned(), "-eq".to_owned(), value.to_owned()]);
        for (expanded, harmless) in [(shell_text(&text, &value), shell_text(&text, "x y")), (list(&value), list("x y"))] {
            let Some(expanded) = expanded else { continue };
            let harmless = harmless.expect("a value like another");
            // A shell that finds a mistake may go on with the next line, whatever quotes it stands in.
            for shell in SHELLS.into_iter().filter(|shell| is_shell_text(shell, &harmless)) {
                let printed = run(shell, &expanded, directory.path());
                prop_assert!(!printed.contains("PWNED"), "{} runs {:?}, which prints {:?}", shell, expanded, printed);
            }
        }
    }

    /// The command sees the elements of a list that stands outside quotes as a word each.
    #[test]
    fn commands_see_elements(values in prop::collection::vec(hostile(), 0..4)) {
        let directory = tempfile::tempdir().expect("a directory");
        for text in [
            "set -- ${{ v }}; printf '<%s>' \"$@\"",
            "set --\t${{ v }}&& printf '<%s>' \"$@\"",
            "set -- \\\n${{ v }}\nprintf '<%s>' \"$@\"",
            "for x in ${{ v }};do printf '<%s>' \"$x\"; done",
            "(set -- ${{ v }}|:;set -- ${{ v }} ;printf '<%s>' \"$@\")",
            "f() { printf '<%s>' \"$@\"; }; printf %s \"$(set -- ${{ v }};f ${{ v }})\" # ${{ v }}",
        ] {
            let expanded = list_text(text, values.clone()).expect(text);
            let mut expected: String = values.iter().map(|value| format!("<{value}>")).collect();
            if values.is_empty() && !text.starts_with("for") {
                expected.push_str("<>");
            }
            for shell in SHELLS {
                prop_assert_eq!(run(shell, &expanded, directory.path()), expected.as_str(), "{} runs {}", shell, expanded);
            }
        }
    }

    /// Text without an expression is what it was, of any type.
    #[test]
    fn other_text_stays(text in "[a-z{}$ '\"\\\\]{0,20}") {
        prop_assume!(!text.contains("${{"));
        for ty in [Ty::Text, Ty::Shell] {
            prop_assert_eq!(expand(&text, ty, &scope(Bound::text(""))), Ok(vec![Value::String(text.clone())]));
        }
    }

    /// A value comes out of an expression as it went in, and is not expanded again.
    #[test]
    fn values_stay(value in hostile()) {
        let scope = scope(Bound::text(value.clone()));
        prop_assert_eq!(expand("${{ v }}", Ty::Text, &scope), Ok(vec![Value::String(value.clone())]));
        prop_assert_eq!(expand("a${{v}}b", Ty::Text, &scope), Ok(vec![Value::String(format!("a{value}b"))]));
        prop_assert_eq!(expand("${{ v ~ '' }}", Ty::Text, &scope), Ok(vec![Value::String(value)]));
    }

    /// Whatever stands between the brackets, it is worked out or told, soon, on a small stack.
    #[test]
    fn no_expression_breaks_the_compiler(words in prop::collection::vec(prop::sample::select(vec![
        "v", "n", "flag", "list", "long", "x", "1", "0", "-1", "9223372036854775807", "170141183460469231731687303715884105727", "1.5",
        "1e308", "0x10", "'a'", "'é'", "''", "\"\\u0000\"", "'\\xff'", "'\\777'", "+", "-", "*", "/", "//", "%", "~", "**", "==", "!=", "<", ">=",
        "=", "(", ")", "[", "]", "{", "}", ",", ":", "|", ".", " and ", " or ", " not ", " in ", " is ", " if ", " else ", "true", "none",
        "loop", "self", "| upper", "| lower", "| split('')", "| split", "| join(long)", "| join", "| replace('', long)", "| list", "| sort",
        "| unique", "| reverse", "| first", "| last", "| length", "| int", "| int(base=16)", "| abs", "| default(1)", "| max", "| min",
        "| string", "| trim('é')", "| capitalize", "[0]", "[-1]", "[1:]", "[:-1]", "[9223372036854775807:]", " is startingwith ", "(1, 2)",
        "[1, 'a']", "{'a': 1}", "['a'] + ['b']", "#", "\n", "}}", "${{", "%}", "{%", "*100000000", "* n",
    ]), 0..25)) {
        let text = format!("${{{{ {} }}}}", words.concat());
        let started = Instant::now();
        let _ = expand(&text, Ty::Text, &scope(Bound::text("é a")));
        let _ = expand(&text, Ty::Shell, &scope(Bound::text("é a")));
        prop_assert!(started.elapsed() < Duration::from_secs(2), "{}", text);
    }
}

/// `check` on a stack of half a mebibyte, which is less than any thread has.
fn on_a_small_stack(check: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(512 * 1024).spawn(check).expect("a thread").join().expect("no overflow");
}

#[test]
fn the_stack_is_bounded() {
    for (open, close, count) in [
        ("(", ")", 100_000),
        ("(", ")", 16),
        ("[", "]", 16),
        ("-(", ")", 16),
        ("not (", ")", 16),
        ("{'a': ", "}", 16),
        ("(1 + (v | join(", ")))", 5),
        ("-", "", 200),
        ("- ", "", 190),
        ("not ", "", 190),
        ("n + ", "", 95),
        ("1 if flag else ", "", 45),
        ("1 < ", "", 95),
        ("flag and ", "", 95),
        ("'a' ~ ", "", 95),
        ("(- - - - - not (", "))", 8),
    ] {
        on_a_small_stack(move || {
            let text = format!("${{{{ {}n{} }}}}", open.repeat(count), close.repeat(count));
            let _ = expand(&text, Ty::Text, &scope(Bound::text("a")));
        });
    }
    for tail in ["[0]", " | upper", " | list", " is startingwith 'a'", "[0:1]"] {
        on_a_small_stack(move || {
            let _ = expand(&format!("${{{{ v{} }}}}", tail.repeat(60)), Ty::Text, &scope(Bound::text("a")));
        });
    }
}

#[test]
fn work_is_bounded() {
    let started = Instant::now();
    for expression in [
        "'a' * 100000000",
        "v * 1000000 ~ v * 1000000",
        "(1, 2) * 100000000",
        "((1, 2) * 5000) == ((1, 2) * 5000)",
        "long | replace('', long)",
        "long | split('') | join(long)",
        "long | split('') | unique | sort | join",
        "(long | split('') | join(',')) in long",
        "long ~ long ~ long ~ long ~ long ~ long ~ long ~ long ~ long ~ long ~ long ~ long",
        "list + list + list + list + list",
        "9223372036854775807 * 9223372036854775807 * 9223372036854775807",
    ] {
        let _ = expand(&format!("${{{{ {expression} }}}}"), Ty::Text, &scope(Bound::text("aaaaaaaa")));
    }
    // A value full of expressions, and one full of flaws.
    for text in ["${{ long }}", "${{ nope }}", "${{ n + 1 }}", "${{ 'a"] {
        let _ = expand(&text.repeat(100_000), Ty::Text, &scope(Bound::text("a")));
    }
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn places_without_quoting_are_refused() {
    for (text, message) in [
        ("cat <<E\n${{ v }}\nE", "behind `<<`"),
        ("cat <<${{ v }}", "behind `<<`"),
        ("echo `echo ${{ v }}`", "between backticks"),
        ("echo ${x:-${{ v }}}", "in a `${…}`"),
        ("echo \"${x:-${{ v }}}\"", "in a `${…}`"),
        ("echo $((1 + ${{ v }}))", "no whole number"),
        ("echo $'${{ v }}'", "in `$'…'`"),
        ("echo $${{ v }}", "right behind a `$`"),
        ("echo \"$${{ v }}\"", "right behind a `$`"),
        ("echo \\${{ v }}", "right behind a backslash"),
        ("echo $(case a in a) echo;; esac) ${{ v }}", "in different ways"),
        ("echo $'\\'' ${{ v }}", "in different ways"),
        ("((x = ${{ v }}))", "in different ways"),
        ("x[1 + ${{ v }}]=1", "in different ways"),
    ] {
        let told = expand(text, Ty::Shell, &scope(Bound::text("a"))).expect_err(text);
        assert!(told.len() == 1 && told[0].contains(message), "{text}: {told:?}");
    }
    for text in [
        "a \"${{ list }}\"",
        "a '${{ list }}'",
        "a $x${{ list }}",
        "a ${{ list }}${{ v }}",
        "a ${{ v }}${{ list }}",
        "a 2>${{ list }}",
        "a > ${{ list }}",
        "a >& ${{ list }}",
        "x=${{ list }}",
        "a ${{ list }}>f",
        "a ''${{ list }}",
        "a ${{ list }}''",
        "$((${{ list }}))",
    ] {
        let told = expand(text, Ty::Shell, &scope(Bound::text("a"))).expect_err(text);
        assert_eq!(told, ["a list stands where one value belongs"], "{text}");
    }
    for (text, value) in [("echo ${{ v }}", "\0"), ("[[ ${{ v }} -eq 1 ]]", "a[$(b)]")] {
        assert!(expand(text, Ty::Shell, &scope(Bound::text(value))).is_err(), "{text}");
    }
    for (text, expected) in [
        ("echo $((1 + ${{ n }}))", "echo $((1 + (-7)))"),
        ("[[ ${{ v }} == x ]] && ( [ ${{ v }} ] )", "[[ x == x ]] && ( [ x ] )"),
        ("a <<<${{ v }} b", "a <<<x b"),
        ("case x in ${{ v }}) echo ${{ v }};; esac", "case x in x) echo x;; esac"),
        ("echo ${{ flag }}>f ${{ n }}", "echo true>f -7"),
        ("echo \\\\${{ v }} a#${{ v }} # it's ${{ v }}", "echo \\\\x a#x # it's x"),
        ("echo $x ${{ v }} $? ${x} ${{ v }}", "echo $x x $? ${x} x"),
        ("a >$x ${{ list }} 2>f ${{ list }}", "a >$x a b 2>f a b"),
        ("a &${{ [] }}& b ${{ [] }} c # '${{ list }}", "a & & b  c # 'a b"),
    ] {
        let expanded = expand(text, Ty::Shell, &scope(Bound::text("x")));
        assert_eq!(expanded, Ok(vec![Value::String(expected.to_owned())]), "{text}");
    }
}
