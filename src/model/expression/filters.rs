//! The filters and tests of expressions. All are pure; what they read and make counts as work.

use super::evaluate::one;
use minijinja::value::Value as Jinja;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters};

/// What one expression may cost: a word costs 1, and 64 bytes of text do.
const FUEL: u64 = 10_000;

/// The filters there are.
pub(super) const FILTERS: &[&str] = &[
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
pub(super) const LISTS: &[&str] = &["list", "reverse", "sort", "split", "unique"];

/// The tests there are, behind `is`.
pub(super) const TESTS: &[&str] = &["endingwith", "startingwith"];

/// What expressions can use, which is nothing but these.
pub(super) fn environment() -> Environment<'static> {
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
    environment.add_filter("string", string);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("unique", unique);
    environment.add_filter("upper", filters::upper);
    environment.add_test("endingwith", minijinja::tests::is_endingwith);
    environment.add_test("startingwith", minijinja::tests::is_startingwith);
    environment
}

/// `minijinja`'s own writes flags as Python does, and lists too.
fn string(value: Jinja) -> Result<Jinja, Error> {
    match one(&value) {
        Ok(Some(value)) => Ok(Jinja::from(super::shown(&value))),
        _ => Err(Error::new(ErrorKind::InvalidOperation, "`string` takes a string, a whole number, true or false")),
    }
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
