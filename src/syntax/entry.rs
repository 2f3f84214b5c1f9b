//! An entry's value by its type, and what is told of one of another type.

use super::{Entry, Ty, Value};
use crate::base::Invalid;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{INVALID_VALUE, WRONG_TYPE};
use std::fmt;

/// What an entry is, in messages.
#[derive(Clone, Copy)]
pub(super) enum What<'a> {
    /// An argument of the node of that name.
    Argument(&'a str),
    /// The property of that name.
    Property(&'a str),
}

impl fmt::Display for What<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Argument(node) => write!(f, "the argument of `{node}`"),
            Self::Property(name) => write!(f, "`{name}`"),
        }
    }
}

/// What was read from `entry`, a value of type `ty`: a value, one that is invalid, or none, for one of another KDL type.
pub(super) fn typed<T>(
    entry: &Entry,
    ty: Ty,
    what: What<'_>,
    read: Option<Result<T, Invalid>>,
) -> Result<T, Box<Diagnostic>> {
    if let (Ty::OneOf(words), Value::String(text)) = (ty, &entry.value)
        && !words.contains(&text.as_str())
    {
        let message = format!("{what} must be {}, found `{text}`", ty.described());
        return Err(Diagnostic::error(&INVALID_VALUE, entry.span, message).did_you_mean(text, words).into());
    }
    match read {
        Some(Ok(value)) => Ok(value),
        Some(Err(invalid)) => Err(Diagnostic::error(&INVALID_VALUE, entry.span, invalid.0).into()),
        None => {
            let message = format!("{what} must be {}, found {}", ty.described(), found(entry));
            let diagnostic = Diagnostic::error(&WRONG_TYPE, entry.span, message);
            Err(remedy(entry, ty).into_iter().fold(diagnostic, Diagnostic::hint).into())
        }
    }
}

/// What makes `entry` a value of type `ty`, where that can be guessed.
fn remedy(entry: &Entry, ty: Ty) -> Option<String> {
    match (ty, &entry.value) {
        (Ty::Bool, Value::String(text)) if text == "true" || text == "false" => Some(format!("write #{text}")),
        (Ty::Bool, _) => Some("write #true or #false".to_owned()),
        (Ty::Integer | Ty::Port, Value::String(text)) if text.parse::<u32>().is_ok() => {
            Some(format!("write the number without quotes: {text}"))
        }
        (Ty::Integer | Ty::Port, _) | (_, Value::String(_)) => None,
        (_, Value::Integer(_) | Value::Float(_)) => Some(format!("quote it: \"{}\"", entry.written())),
        (_, Value::Bool(_) | Value::Null) => {
            Some(format!("quote it if it is text: \"{}\"", entry.written().trim_start_matches('#')))
        }
    }
}

fn found(entry: &Entry) -> String {
    match &entry.value {
        Value::String(text) if text.chars().count() <= 40 && !text.contains('\n') => format!("the string \"{text}\""),
        Value::String(_) => "a string".to_owned(),
        Value::Integer(_) | Value::Float(_) => format!("the number {}", entry.written()),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Null => "#null".to_owned(),
    }
}
