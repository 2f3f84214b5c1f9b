//! What an expression comes to.

use super::scan::{Expression, Kind, Word};
use super::{Flaw, MAX_VALUE};
use crate::diagnostic::codes::{INVALID_EXPRESSION, TOO_LARGE, UNDEFINED_NAME};
use crate::model::Scope;
use crate::spec::Bound;
use crate::syntax::Value;
use minijinja::value::{Value as Jinja, ValueKind};
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters, tests};
use std::ops::Range;

/// What one expression may cost: a word costs 1, and 64 bytes of text do.
const FUEL: u64 = 10_000;

/// The filters there are. All are pure, and `minijinja` counts what they read and make.
const FILTERS: &[&str] = &[
    "abs",
    "capitalize",
    "default",
    "first",
    "int",
    "join",
    "last",
    "length",
    "list",
    "lower",
    "max",
    "min",
    "replace",
    "reverse",
    "sort",
    "split",
    "string",
    "trim",
    "unique",
    "upper",
];

/// The filters that make lists.
const LISTS: &[&str] = &["list", "reverse", "sort", "split", "unique"];

/// The tests there are, behind `is`.
const TESTS: &[&str] = &["endingwith", "startingwith"];

/// The words of the language of expressions.
const KEYWORDS: &[&str] =
    &["and", "or", "not", "in", "is", "if", "else", "true", "True", "false", "False", "none", "None"];

/// Works out expressions. Made once for a body, as the filters are once somebody needs them.
#[derive(Default)]
pub(super) struct Evaluator {
    environment: Option<Environment<'static>>,
}

impl Evaluator {
    /// The value of `expression`, a part of the value `text`.
    pub(super) fn evaluate(&mut self, text: &str, expression: &Expression, scope: &Scope) -> Result<Bound, Flaw> {
        let bound = match expression.words.as_slice() {
            [] => return Err(Flaw::invalid(expression.range.clone(), "an expression is empty")),
            [Word { kind: Kind::Name, range }] if !KEYWORDS.contains(&&text[range.clone()]) => {
                lookup(&text[range.clone()], range, scope)?.clone()
            }
            words => {
                let names = check(text, words, scope)?;
                self.run(&text[expression.inner.clone()], &names, scope)
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

    fn run(&mut self, source: &str, names: &[&str], scope: &Scope) -> Result<Jinja, Failure> {
        let environment = self.environment.get_or_insert_with(environment);
        let value = |name: &&str| Some(((*name).to_owned(), jinja(&scope.get(name)?.value)));
        let context = Jinja::from_pairs(names.iter().filter_map(value));
        let compiled = environment.compile_expression_owned(source.trim().to_owned())?;
        Ok(compiled.eval(context)?)
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    environment.add_filter("abs", filters::abs);
    environment.add_filter("capitalize", filters::capitalize);
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("int", filters::int);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("length", filters::length);
    environment.add_filter("list", filters::list);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("max", filters::max);
    environment.add_filter("min", filters::min);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("reverse", filters::reverse);
    environment.add_filter("sort", sort);
    environment.add_filter("split", filters::split);
    environment.add_filter("string", filters::string);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("unique", unique);
    environment.add_filter("upper", filters::upper);
    environment.add_test("endingwith", tests::is_endingwith);
    environment.add_test("startingwith", tests::is_startingwith);
    environment
}

/// `minijinja`'s own compares without case, and what cannot be compared by an order that is none.
fn sort(values: Vec<Jinja>) -> Result<Vec<Jinja>, Error> {
    if let Ok(mut numbers) = values.iter().map(|value| i128::try_from(value.clone())).collect::<Result<Vec<_>, _>>() {
        numbers.sort_unstable();
        return Ok(numbers.into_iter().map(Jinja::from).collect());
    }
    let texts: Option<Vec<&str>> = values.iter().map(|value| value.as_str()).collect();
    let Some(mut texts) = texts else {
        return Err(Error::new(ErrorKind::InvalidOperation, "`sort` takes strings or whole numbers, not both"));
    };
    texts.sort_unstable();
    Ok(texts.into_iter().map(Jinja::from).collect())
}

/// Each value once, where it stands first; `minijinja`'s own compares without case.
fn unique(values: Vec<Jinja>) -> Vec<Jinja> {
    let mut seen = std::collections::BTreeSet::new();
    values.into_iter().filter(|value| seen.insert(value.clone())).collect()
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
                list |= matches!(lookup(name, range, scope)?, Bound::List(_));
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
            flaw.hint(format!("there are {}{more}", names.join(", ")))
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
enum Failure {
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
        Bound::One(Value::Integer(number)) => i64::try_from(*number).map_or_else(|_| Jinja::from(*number), Jinja::from),
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
fn one(value: &Jinja) -> Result<Option<Value>, Failure> {
    Ok(match value.kind() {
        ValueKind::Bool => Some(Value::Bool(value.is_true())),
        ValueKind::String => value.as_str().map(|text| Value::String(text.to_owned())),
        ValueKind::Number if value.is_integer() => match i128::try_from(value.clone()) {
            Ok(number) => Some(Value::Integer(number)),
            Err(_) => return Err(Failure::Ours(format!("the number {value} is too large"), None)),
        },
        ValueKind::Number => {
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
