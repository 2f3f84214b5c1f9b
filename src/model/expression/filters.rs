//! The filters and tests of expressions. All are pure; what they read and make counts as work.

use super::evaluate::one;
use minijinja::value::Value as Jinja;
use minijinja::{Environment, Error, ErrorKind, UndefinedBehavior, filters};
use std::borrow::Cow;
use std::sync::Arc;

/// What one expression may cost: a word costs 1, and 64 bytes of text do.
const FUEL: u64 = 10_000;

/// The filters that make lists.
pub(super) const LISTS: &[&str] = &["list", "reverse", "sort", "split", "unique"];

/// The tests there are, behind `is`.
pub(super) const TESTS: &[&str] = &["endingwith", "startingwith"];

macro_rules! filters {
    ($($name:literal = $filter:expr,)*) => {
        /// The filters there are.
        pub(super) const FILTERS: &[&str] = &[$($name),*];

        fn add_filters(environment: &mut Environment<'static>) {
            $(environment.add_filter($name, $filter);)*
        }
    };
}

filters! {
    "abs" = filters::abs,
    "capitalize" = filters::capitalize,
    "default" = filters::default,
    "first" = filters::first,
    "int" = filters::int,
    "join" = filters::join,
    "last" = filters::last,
    "length" = filters::length,
    "list" = filters::list,
    "lower" = filters::lower,
    "max" = filters::max,
    "min" = filters::min,
    "replace" = filters::replace,
    "reverse" = filters::reverse,
    "sort" = sort,
    "split" = filters::split,
    "string" = string,
    "trim" = filters::trim,
    "unique" = unique,
    "upper" = filters::upper,
}

/// What expressions can use: made once for all who share it, or anew by each who needs it, which takes longer than most
/// expressions do.
#[derive(Debug, Clone, Default)]
pub(in crate::model) struct Filters(Option<Arc<Environment<'static>>>);

impl Filters {
    /// Those that are shared by who has a copy.
    pub(in crate::model) fn shared() -> Self {
        Self(Some(Arc::new(environment())))
    }

    pub(super) fn environment(&self) -> Cow<'_, Environment<'static>> {
        self.0.as_deref().map_or_else(|| Cow::Owned(environment()), Cow::Borrowed)
    }
}

/// What expressions can use, which is nothing but these.
fn environment() -> Environment<'static> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(16);
    add_filters(&mut environment);
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
