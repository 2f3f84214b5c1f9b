//! What an expression comes to.

use super::filters::{FILTERS, LISTS, TESTS};
use super::scan::{Expression, Kind, Word};
use super::{Flaw, MAX_VALUE};
use crate::diagnostic::codes::{INVALID_EXPRESSION, TOO_LARGE, UNDEFINED_NAME};
use crate::model::Scope;
use crate::spec::Bound;
use crate::syntax::Value;
use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Error, ErrorKind};
use std::ops::Range;

/// The words of the language of expressions.
const KEYWORDS: &[&str] =
    &["and", "or", "not", "in", "is", "if", "else", "true", "True", "false", "False", "none", "None"];

/// The value of `expression`, a part of the value `text`.
pub(super) fn evaluate(text: &str, expression: &Expression, scope: &Scope) -> Result<Bound, Flaw> {
    let bound = match expression.words.as_slice() {
        [] => return Err(Flaw::invalid(expression.range.clone(), "an expression is empty")),
        [Word { kind: Kind::Name, range }] if !KEYWORDS.contains(&&text[range.clone()]) => {
            lookup(&text[range.clone()], range, scope)?.clone()
        }
        words => {
            let names = check(text, words, scope)?;
            run(&text[expression.inner.clone()], &names, scope)
                .and_then(|value| bound(&value))
                .map_err(|failure| failure.flaw(expression.range.clone()))?
        }
    };
    if super::bytes(&bound) > MAX_VALUE {
        let message = format!("an expression may come to {} KiB, and this does to more", MAX_VALUE >> 10);
        return Err(Flaw::new(&TOO_LARGE, expression.range.clone(), message));
    }
    Ok(bound)
}

fn run(source: &str, names: &[&str], scope: &Scope) -> Result<Jinja, Failure> {
    let value = |name: &&str| Some(((*name).to_owned(), jinja(&scope.get(name)?.value)));
    let context = Jinja::from_pairs(names.iter().filter_map(value));
    let environment = scope.filters.environment();
    let compiled = environment.compile_expression_owned(source.trim().to_owned())?;
    Ok(compiled.eval(context)?)
}

/// Looks at an expression word by word for what the language does not have, which is told better than by `minijinja`,
/// and for what its fuel does not count. Gives the names that it reads.
fn check<'a>(text: &'a str, words: &[Word], scope: &Scope) -> Result<Vec<&'a str>, Flaw> {
    let written = |at: usize| words.get(at).map_or("", |word| &text[word.range.clone()]);
    let mut names: Vec<&str> = Vec::new();
    let mut list = false;
    let mut product: Option<&Range<usize>> = None;
    // The `:` seen since each open bracket.
    let mut colons: Vec<(bool, usize)> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let name = written(at);
        let range = &word.range;
        let before = if at == 0 { "" } else { written(at - 1) };
        let next = written(at + 1);
        match word.kind {
            Kind::Number | Kind::String => {}
            Kind::Name if before == "|" => {
                if !FILTERS.contains(&name) {
                    return Err(unknown("filter", name, FILTERS, range));
                }
                list |= LISTS.contains(&name);
            }
            Kind::Name if before == "is" && name != "not" || before == "not" && at > 1 && written(at - 2) == "is" => {
                if !TESTS.contains(&name) {
                    return Err(unknown("test", name, TESTS, range));
                }
            }
            Kind::Name if KEYWORDS.contains(&name) || next == "=" => {}
            Kind::Name if next == "(" => {
                let flaw = Flaw::invalid(range.clone(), format!("there is no function `{name}`: there are none"));
                let filter = FILTERS.contains(&name).then(|| format!("it is a filter, as in `value | {name}`"));
                return Err(Flaw { hint: filter, ..flaw });
            }
            Kind::Name => {
                let bound = lookup(name, range, scope)?;
                list |= matches!(bound, Bound::List(_));
                if matches!(bound, Bound::One(Value::Bool(_))) && (next == "~" || before == "~" && next != "|") {
                    let flaw = Flaw::invalid(range.clone(), "`~` joins strings, and this is true or false");
                    return Err(flaw.hint(format!("as a string: ({name} | string)")));
                }
                names.push(name);
            }
            Kind::Sign => match name {
                "." => {
                    let flaw = Flaw::invalid(range.clone(), "values have no attributes or methods");
                    return Err(if FILTERS.contains(&next) {
                        flaw.hint(format!("`{next}` is a filter, as in `value | {next}`"))
                    } else {
                        flaw
                    });
                }
                "**" => return Err(Flaw::invalid(range.clone(), "`**` is no operator")),
                "*" => product = product.or(Some(range)),
                "(" | "{" => colons.push((false, 0)),
                "[" => {
                    list = true;
                    colons.push((true, 0));
                }
                ")" | "}" | "]" => drop(colons.pop()),
                ":" => {
                    if let Some((true, seen)) = colons.last_mut() {
                        *seen += 1;
                        if *seen > 1 {
                            return Err(Flaw::invalid(range.clone(), "a slice has a start and an end, and no step"));
                        }
                    }
                }
                _ => {}
            },
        }
    }
    // A list times a number is one that `minijinja` makes when it is read, without counting.
    match product.filter(|_| list) {
        Some(range) => {
            Err(Flaw::invalid(range.clone(), "`*` multiplies numbers, and stands in no expression with lists"))
        }
        None => Ok(names),
    }
}

fn lookup<'a>(name: &str, range: &Range<usize>, scope: &'a Scope) -> Result<&'a Bound, Flaw> {
    if let Some(binding) = scope.get(name) {
        return Ok(&binding.value);
    }
    let flaw = Flaw::new(&UNDEFINED_NAME, range.clone(), format!("there is no parameter `{name}` here"));
    Err(match crate::base::closest(name, scope.names()) {
        Some(meant) => flaw.hint(format!("did you mean `{meant}`?")),
        None => {
            let names: Vec<&str> = scope.names().take(20).collect();
            let more = if scope.names().count() > names.len() { ", …" } else { "" };
            match names.as_slice() {
                [only] => flaw.hint(format!("there is `{only}` alone")),
                _ => flaw.hint(format!("there are {}{more}", names.join(", "))),
            }
        }
    })
}

fn unknown(what: &str, name: &str, known: &[&str], range: &Range<usize>) -> Flaw {
    let flaw = Flaw::invalid(range.clone(), format!("there is no {what} `{name}`"));
    match crate::base::closest(name, known.iter().copied()) {
        Some(meant) => flaw.hint(format!("did you mean `{meant}`?")),
        None => flaw.hint(format!("there are {}", known.join(", "))),
    }
}

/// Why an expression comes to nothing.
pub(super) enum Failure {
    /// In `minijinja`'s words.
    Jinja(Error),
    /// In ours, with a hint.
    Ours(String, Option<&'static str>),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Jinja(error)
    }
}

impl Failure {
    fn flaw(self, range: Range<usize>) -> Flaw {
        let error = match self {
            Self::Ours(message, hint) => {
                return Flaw { hint: hint.map(str::to_owned), ..Flaw::invalid(range, message) };
            }
            Self::Jinja(error) => error,
        };
        let detail = error.detail().unwrap_or_default().to_owned();
        match error.kind() {
            ErrorKind::OutOfFuel => Flaw::new(&TOO_LARGE, range, "an expression takes too much work")
                .hint("make its strings and lists smaller"),
            ErrorKind::SyntaxError => Flaw::invalid(range, format!("this is no expression: {detail}")),
            ErrorKind::UndefinedError => Flaw::invalid(range, "a part of the expression has no value")
                .hint("an `if` without `else`, an index behind the end and the first of nothing have none"),
            kind if detail.is_empty() => Flaw::invalid(range, format!("the expression cannot be worked out: {kind}")),
            _ => Flaw::new(&INVALID_EXPRESSION, range, format!("the expression cannot be worked out: {detail}")),
        }
    }
}

fn jinja(bound: &Bound) -> Jinja {
    match bound {
        Bound::One(Value::String(text)) => Jinja::from(text.as_str()),
        Bound::One(Value::Integer(number)) => {
            let number = number.get();
            i64::try_from(number).map_or_else(|_| Jinja::from(number), Jinja::from)
        }
        Bound::One(Value::Bool(flag)) => Jinja::from(*flag),
        Bound::One(Value::Float(number)) => Jinja::from(*number),
        Bound::One(Value::Null) => Jinja::from(()),
        Bound::List(elements) => elements.iter().map(String::as_str).collect(),
    }
}

fn bound(value: &Jinja) -> Result<Bound, Failure> {
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let mut elements = Vec::new();
            for element in value.try_iter()?.checked() {
                match one(&element?)? {
                    Some(element) => elements.push(super::shown(&element)),
                    None => return Err(Failure::Ours("the expression is a list of lists".to_owned(), None)),
                }
            }
            Ok(Bound::List(elements))
        }
        kind => match one(value)? {
            Some(value) => Ok(Bound::One(value)),
            None => Err(Failure::Ours(format!("the expression is a {kind}, which no value can be"), None)),
        },
    }
}

/// The value of one string, number or flag.
pub(super) fn one(value: &Jinja) -> Result<Option<Value>, Failure> {
    Ok(match value.kind() {
        ValueKind::Bool => Some(Value::Bool(value.is_true())),
        ValueKind::String => value.as_str().map(|text| Value::String(text.to_owned())),
        ValueKind::Number if value.is_integer() => match i128::try_from(value.clone()) {
            Ok(number) => Some(Value::Integer(number.into())),
            Err(_) => return Err(Failure::Ours(format!("the number {value} is too large"), None)),
        },
        ValueKind::Number => {
            // `/` makes a fraction of any two numbers, and one that is whole means the number.
            if let Some(number) = whole(value) {
                return Ok(Some(Value::Integer(number.into())));
            }
            let hint = "`//` divides to a whole number, and `| int` cuts the fraction off";
            return Err(Failure::Ours(
                format!("the expression is the number {value}, which has a fraction"),
                Some(hint),
            ));
        }
        ValueKind::Undefined | ValueKind::None => {
            let hint = "an `if` without `else`, an index behind the end and the first of nothing have none";
            return Err(Failure::Ours("the expression has no value".to_owned(), Some(hint)));
        }
        _ => None,
    })
}

/// The whole number that a fraction comes to, as far as fractions tell whole numbers apart.
fn whole(value: &Jinja) -> Option<i128> {
    const EXACT: f64 = (1_u64 << 53) as f64;
    let number = f64::try_from(value.clone()).ok()?;
    (number.fract() == 0.0 && number.abs() < EXACT).then_some(number as i128)
}

#[cfg(test)]
mod tests {
    use super::super::scan::{Piece, pieces};
    use super::*;
    use crate::base::{FileId, Span};

    fn scope() -> Scope {
        let mut scope = Scope::new();
        let span = Span::file_start(FileId(0));
        for (name, value) in [
            ("image", Bound::text("cart")),
            ("version", Bound::text("3.12.1")),
            ("empty", Bound::text("")),
            ("long", Bound::text("x".repeat(60_000))),
            ("port", Bound::One(Value::Integer(8080.into()))),
            ("debug", Bound::One(Value::Bool(true))),
            ("hosts", Bound::List(vec!["b".to_owned(), "a".to_owned(), "B".to_owned(), "a".to_owned()])),
            ("many", Bound::List(vec![String::new(); 60_000])),
        ] {
            scope.bind(name, value, span);
        }
        scope
    }

    fn run(expression: &str) -> Result<Bound, Flaw> {
        let text = format!("${{{{ {expression} }}}}");
        match pieces(&text)?.as_slice() {
            [Piece::Expression(expression)] => evaluate(&text, expression, &scope()),
            other => panic!("{other:?}"),
        }
    }

    /// What an expression comes to, or the place of its flaw and what is told of it.
    #[track_caller]
    fn check(expression: &str, expected: &str) {
        let text = format!("${{{{ {expression} }}}}");
        let found = match run(expression) {
            Ok(Bound::One(Value::String(text))) => format!("{text:?}"),
            Ok(Bound::One(value)) => super::super::shown(&value),
            Ok(Bound::List(elements)) => format!("{elements:?}"),
            Err(flaw) => {
                let hint = flaw.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
                format!("{} at `{}`: {}{hint}", flaw.code.name, &text[flaw.range], flaw.message)
            }
        };
        assert_eq!(found, expected, "{expression}");
    }

    #[test]
    fn values() {
        check("image", "\"cart\"");
        check("port", "8080");
        check("debug", "true");
        check("hosts", "[\"b\", \"a\", \"B\", \"a\"]");
        check("port + 1", "8081");
        check("port * 2 // 3 % 100 - -1", "87");
        check("image ~ '-' ~ port", "\"cart-8080\"");
        check("'py' ~ debug | string ~ (debug | string)", "\"pytruetrue\"");
        check("'py' ~ ('x' if debug else 'y') ~ port", "\"pyx8080\"");
        check("'a' if debug else 'b'", "\"a\"");
        check("not debug or port == 8080 and image != 'x'", "true");
        check("'car' in image", "true");
        check("'c' not in hosts", "true");
        check("image is startingwith 'ca'", "true");
        check("image is not endingwith('ca')", "true");
        check("(version | split('.'))[:2] | join('.')", "\"3.12\"");
        check("(version | split('.'))[-1] | int", "1");
        check("version[0]", "\"3\"");
        check("version | replace('.', '')", "\"3121\"");
        check("hosts | sort", "[\"B\", \"a\", \"a\", \"b\"]");
        check("hosts | unique", "[\"b\", \"a\", \"B\"]");
        check("hosts | unique | reverse | list", "[\"B\", \"a\", \"b\"]");
        check("hosts + ['c']", "[\"b\", \"a\", \"B\", \"a\", \"c\"]");
        check("hosts | length", "4");
        check("hosts | first", "\"b\"");
        check("[3, 1, 2] | sort", "[\"1\", \"2\", \"3\"]");
        check("[3, 1, 2] | max", "3");
        check("empty | default('x', true)", "\"x\"");
        check("[] | first | default('none')", "\"none\"");
        check("{'amd64': 'x86_64', 'b': {'c': 1}}['amd64']", "\"x86_64\"");
        check("'${{'", "\"${{\"");
        check("'}}' ~ \"'\" ~ '\\'\\\\\\n'", "\"}}''\\\\\\n\"");
        check("-7 // 2", "-4");
        check("10 / 10", "1");
        check("port / 2 + 1", "4041");
        check("-8 / 2", "-4");
        check("[4 / 2]", "[\"2\"]");
        check("10 / 5 ~ 'x'", "\"2.0x\"");
        check("image | upper | lower | capitalize | trim('C')", "\"art\"");
    }

    #[test]
    fn flaws() {
        check("prot", "undefined-name at `prot`: there is no parameter `prot` here (did you mean `port`?)");
        check("1 + prot", "undefined-name at `prot`: there is no parameter `prot` here (did you mean `port`?)");
        check(
            "zebra | default('x')",
            "undefined-name at `zebra`: there is no parameter `zebra` here (there are debug, empty, hosts, image, long, \
             many, port, version)",
        );
        check("image | uper", "invalid-expression at `uper`: there is no filter `uper` (did you mean `upper`?)");
        check(
            "image is starting 'a'",
            "invalid-expression at `starting`: there is no test `starting` (there are endingwith, startingwith)",
        );
        check("range(10)", "invalid-expression at `range`: there is no function `range`: there are none");
        check(
            "upper(image)",
            "invalid-expression at `upper`: there is no function `upper`: there are none (it is a filter, as in `value | upper`)",
        );
        check(
            "image.upper()",
            "invalid-expression at `.`: values have no attributes or methods (`upper` is a filter, as in `value | upper`)",
        );
        check("2 ** 8", "invalid-expression at `**`: `**` is no operator");
        check("image[::2]", "invalid-expression at `:`: a slice has a start and an end, and no step");
        check("hosts * 2", "invalid-expression at `*`: `*` multiplies numbers, and stands in no expression with lists");
        check("image; port", "invalid-expression at `;`: `;` means nothing in an expression");
        check(
            "ïmage",
            "invalid-expression at `ï`: `ï` means nothing in an expression (names have letters of a-z, digits and `_`)",
        );
        check("(port]", "invalid-expression at `]`: `]` closes nothing");
        check("port }", "invalid-expression at `}`: `}` closes nothing");
        check(
            "port + ",
            "invalid-expression at `${{ port +  }}`: this is no expression: unexpected end of input, expected expression",
        );
        check(
            "port port",
            "invalid-expression at `${{ port port }}`: this is no expression: unexpected input after expression",
        );
        check("", "invalid-expression at `${{  }}`: an expression is empty");
        check(
            "true and",
            "invalid-expression at `${{ true and }}`: this is no expression: unexpected end of input, expected expression",
        );
        check(
            "port / 3",
            "invalid-expression at `${{ port / 3 }}`: the expression is the number 2693.3333333333335, which has a fraction \
             (`//` divides to a whole number, and `| int` cuts the fraction off)",
        );
        check(
            "'a' if port == 1",
            "invalid-expression at `${{ 'a' if port == 1 }}`: the expression has no value (an `if` without `else`, an index \
             behind the end and the first of nothing have none)",
        );
        check(
            "none",
            "invalid-expression at `${{ none }}`: the expression has no value (an `if` without `else`, an index behind the end and the first of nothing have none)",
        );
        check(
            "hosts[9] ~ 'x'",
            "invalid-expression at `${{ hosts[9] ~ 'x' }}`: a part of the expression has no value (an `if` without `else`, an index behind the end and the first of nothing have none)",
        );
        check("{'a': 1}", "invalid-expression at `${{ {'a': 1} }}`: the expression is a map, which no value can be");
        check("[[1]]", "invalid-expression at `${{ [[1]] }}`: the expression is a list of lists");
        check(
            "image + 1",
            "invalid-expression at `${{ image + 1 }}`: the expression cannot be worked out: tried to use + operator on unsupported types string and number",
        );
        check(
            "port // 0",
            "invalid-expression at `${{ port // 0 }}`: the expression cannot be worked out: unable to calculate 8080 // 0",
        );
        check(
            "'x' | int",
            "invalid-expression at `${{ 'x' | int }}`: the expression cannot be worked out: invalid float literal",
        );
        check(
            "['a', 1] | sort",
            "invalid-expression at `${{ ['a', 1] | sort }}`: the expression cannot be worked out: `sort` takes strings or whole numbers, not both",
        );
    }

    #[test]
    fn work_is_bounded() {
        let deep = |n: usize| format!("{}port{}", "(".repeat(n), ")".repeat(n));
        check(&deep(16), "8080");
        check(&deep(17), "too-large at `(`: an expression may have 16 brackets in brackets, and this has more");
        let words = "too-large at `${{`: an expression may have 1024 bytes and 200 words, and this has more";
        check(&"port + ".repeat(200), words);
        check(&"-".repeat(300), words);
        check(&format!("'{}'", "x".repeat(1025)), words);
        check(&format!("{}debug", "not ".repeat(199)), "false");
        check(&format!("{}port", "- ".repeat(199)), "-8080");
        check(&format!("1{}", " if debug else 1".repeat(49)), "1");
        check(&format!("image{}", " | upper".repeat(99)), "\"CART\"");
        let work = |expression: &str| {
            let expected = format!(
                "too-large at `${{{{ {expression} }}}}`: an expression takes too much work (make its strings and lists smaller)"
            );
            check(expression, &expected);
        };
        work("'a' * 100000000");
        work("(1, 2) * 50000000");
        work("(long ~ long) | replace('x', long)");
        work("many | join(long)");
        work("many | join(',') | split('')");
        let size = |expression: &str| {
            check(
                expression,
                &format!(
                    "too-large at `${{{{ {expression} }}}}`: an expression may come to 64 KiB, and this does to more"
                ),
            );
        };
        size("long ~ long");
        size("many + many");
    }
}
