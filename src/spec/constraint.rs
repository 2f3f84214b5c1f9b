//! What the values of a parameter are held to beside their type: `min=`, `max=`, `pattern=`, `values`

use super::given::found;
use super::{Bound, ParamType};
use crate::base::{Duration, Span};
use crate::diagnostic::codes::{CONFLICT, INVALID_VALUE, MISSING_NODE, WRONG_TYPE};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Entry, Fields, Merge, Shape, Ty, Value, quoted};
use regex::{Regex, RegexBuilder};

/// The constraints of one parameter.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    min: Option<Limit>,
    max: Option<Limit>,
    pattern: Option<Pattern>,
    /// What an enum can be.
    pub(super) values: Vec<String>,
}

/// A number, milliseconds or a length, and how it was written.
#[derive(Debug, Clone)]
struct Limit {
    value: i128,
    shown: String,
    span: Span,
}

/// A regular expression for a value as a whole, and how it was written.
#[derive(Debug, Clone)]
struct Pattern {
    regex: Regex,
    written: String,
}

/// The memory that one regular expression may take.
const PATTERN_BYTES: usize = 1 << 20;

/// `values` of `param`.
pub(super) const VALUES: &Shape = &Shape {
    name: "values",
    doc: "What a parameter of type `enum` can be.",
    args: Args::some("VALUE", Ty::Text),
    props: &[],
    free_props: None,
    children: &[],
    merge: Merge::Set,
    example: "values \"3.11\" \"3.12\"",
};

impl Constraints {
    /// The constraints of the `param` being decoded, which is of type `ty`.
    pub(super) fn decode(ty: ParamType, fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let min = limit(ty, "min", fields);
        let max = limit(ty, "max", fields);
        let pattern = pattern(ty, fields);
        let values = values(ty, fields);
        let (min, max) = (min?, max?);
        if let (Some(min), Some(max)) = (&min, &max)
            && min.value > max.value
        {
            let message = format!("no value is at least {} and at most {}", min.shown, max.shown);
            let diagnostic = Diagnostic::error(&CONFLICT, min.span, message);
            return Err(fields.error(diagnostic.also(max.span, "the greatest")));
        }
        Ok(Self { min, max, pattern: pattern?, values: values? })
    }

    /// The constraint that `value` breaks: what it must do, and what it is, as KDL. A list's length shows nothing.
    pub(super) fn broken_by(&self, value: &Bound) -> Option<(String, String)> {
        let (size, shown) = match value {
            Bound::One(Value::Integer(number)) => (Some(number.get()), number.to_string()),
            Bound::One(Value::String(text)) => {
                let milliseconds = Duration::parse(text).ok().map(|duration| i128::from(duration.milliseconds()));
                (milliseconds, quoted(text))
            }
            Bound::One(_) => (None, String::new()),
            Bound::List(elements) => (Some(elements.len() as i128), String::new()),
        };
        let unit = if matches!(value, Bound::List(_)) { "have" } else { "be" };
        if let (Some(min), Some(size)) = (&self.min, size)
            && size < min.value
        {
            return Some((format!("{unit} at least {}{}", min.shown, elements(value, min.value)), shown));
        }
        if let (Some(max), Some(size)) = (&self.max, size)
            && size > max.value
        {
            return Some((format!("{unit} at most {}{}", max.shown, elements(value, max.value)), shown));
        }
        let pattern = self.pattern.as_ref()?;
        let texts: &[String] = match value {
            Bound::One(Value::String(text)) => std::slice::from_ref(text),
            Bound::One(_) => &[],
            Bound::List(elements) => elements,
        };
        let text = texts.iter().find(|text| !pattern.regex.is_match(text))?;
        Some((format!("match `{}`", pattern.written), quoted(text)))
    }
}

fn elements(value: &Bound, number: i128) -> &'static str {
    match value {
        Bound::List(_) if number == 1 => " element",
        Bound::List(_) => " elements",
        Bound::One(_) => "",
    }
}

fn limit(ty: ParamType, name: &str, fields: &mut Fields<'_>) -> Result<Option<Limit>, Reported> {
    let Some(entry) = fields.node.prop(name) else { return Ok(None) };
    let limit = |value| Ok(Some(Limit { value, shown: entry.written().into_owned(), span: entry.span }));
    let must = match (ty, &entry.value) {
        (ParamType::Int | ParamType::Port, Value::Integer(number)) => return limit(number.get()),
        (ParamType::Int | ParamType::Port, _) => "a whole number",
        (ParamType::List, Value::Integer(number)) if number.get() >= 0 => return limit(number.get()),
        (ParamType::List, _) => "a number of elements",
        (ParamType::Duration, Value::String(text)) => match Duration::parse(text) {
            Ok(duration) => return limit(i128::from(duration.milliseconds())),
            Err(invalid) => return Err(fields.error(Diagnostic::error(&INVALID_VALUE, entry.span, invalid.0))),
        },
        (ParamType::Duration, _) => "a duration such as \"30s\"",
        _ => return Err(means_nothing(ty, name, entry, "`int`, `port`, `duration` and `list`", fields)),
    };
    let message = format!("`{name}` must be {must}, found {}", found(entry));
    Err(fields.error(Diagnostic::error(&WRONG_TYPE, entry.span, message)))
}

fn pattern(ty: ParamType, fields: &mut Fields<'_>) -> Result<Option<Pattern>, Reported> {
    let Some(written) = fields.opt::<String>("pattern")? else { return Ok(None) };
    if !matches!(ty, ParamType::String | ParamType::Version | ParamType::Path | ParamType::List)
        && let Some(entry) = fields.node.prop("pattern")
    {
        return Err(means_nothing(ty, "pattern", entry, "`string`, `version`, `path` and `list`", fields));
    }
    let compile = |text: &str| RegexBuilder::new(text).size_limit(PATTERN_BYTES).dfa_size_limit(PATTERN_BYTES).build();
    // Alone first: `a)(b` is no expression, and would be one between parentheses.
    match compile(&written.value).and_then(|_| compile(&format!(r"\A(?:{}){}", written.value, r"\z"))) {
        Ok(regex) => Ok(Some(Pattern { regex, written: written.value })),
        Err(regex::Error::CompiledTooBig(_)) => {
            let diagnostic = Diagnostic::error(&INVALID_VALUE, written.span, "the regular expression is too large");
            Err(fields.error(diagnostic.hint("make its repetitions smaller")))
        }
        Err(error) => {
            // Its last line says what is wrong; those above draw the place.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ");
            let message = format!("`pattern` is not a regular expression: {reason}");
            Err(fields.error(Diagnostic::error(&INVALID_VALUE, written.span, message)))
        }
    }
}

fn values(ty: ParamType, fields: &mut Fields<'_>) -> Result<Vec<String>, Reported> {
    let mut values: Vec<String> = Vec::new();
    let mut failed = Ok(());
    let nodes: Vec<_> = fields.children("values").collect();
    if let Some(node) = nodes.first().filter(|_| ty != ParamType::Enum) {
        let message = format!("`values` means nothing for a parameter of type `{}`", ty.as_str());
        let diagnostic = Diagnostic::error(&CONFLICT, node.name.span, message);
        return Err(fields.error(diagnostic.hint("type=\"enum\" has them")));
    }
    for node in nodes {
        let mut inner = Fields::new(node, VALUES, fields.diagnostics());
        for value in inner.args::<String>() {
            if values.contains(&value.value) {
                let message = format!("the value {} stands twice", quoted(&value.value));
                inner.error(Diagnostic::error(&CONFLICT, value.span, message).hint("keep one"));
            }
            values.push(value.value);
        }
        if let Err(reported) = inner.finish() {
            failed = Err(reported);
        }
    }
    failed?;
    if ty == ParamType::Enum && values.is_empty() {
        let diagnostic = Diagnostic::error(&MISSING_NODE, fields.name_span(), "a parameter of type `enum` has values");
        return Err(fields.error(diagnostic.hint("as in: { values \"a\" \"b\"; }")));
    }
    Ok(values)
}

fn means_nothing(ty: ParamType, name: &str, entry: &Entry, types: &str, fields: &mut Fields<'_>) -> Reported {
    let message = format!("`{name}` means nothing for a parameter of type `{}`", ty.as_str());
    fields.error(Diagnostic::error(&CONFLICT, entry.span, message).hint(format!("the types {types} have it")))
}
