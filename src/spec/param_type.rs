//! The types of parameters, and what is a value of each.

use super::given::shortened;
use crate::base::{Duration, Invalid, Port};
use crate::syntax::{Entry, Ty, Value, quoted, words};

words! {
    /// The type of a parameter.
    ParamType {
        /// Any text.
        String = "string",
        /// A whole number of 64 bits.
        Int = "int",
        /// `#true` or `#false`.
        Bool = "bool",
        /// A port, 1–65535.
        Port = "port",
        /// A version: a digit, or a `v` and a digit, then letters, digits, `.`, `_`, `-`, `+` and `~`.
        Version = "version",
        /// A length of time, `"1m30s"`.
        Duration = "duration",
        /// A path, of the build context or of the image.
        Path = "path",
        /// One of the `values`.
        Enum = "enum",
        /// Any number of strings.
        List = "list",
    }
}

impl ParamType {
    /// Whether `value` is of this type; `None` says that its KDL type is another. Lists are not looked at.
    pub(super) fn accepts(self, value: &Value) -> Option<Result<(), Invalid>> {
        match (self, value) {
            (Self::Int, Value::Integer(number)) => Some(match i64::try_from(number.get()) {
                Ok(_) => Ok(()),
                Err(_) => Err(Invalid::new(format!("a whole number has 64 bits, and {number} needs more"))),
            }),
            // A port out of range is no port: cli.md has the message of a wrong type.
            (Self::Port, Value::Integer(number)) if Port::new(number.get()).is_ok() => Some(Ok(())),
            (Self::Bool, Value::Bool(_)) | (Self::String | Self::Enum, Value::String(_)) => Some(Ok(())),
            (Self::Version, Value::String(text)) => Some(version(text)),
            (Self::Duration, Value::String(text)) => Some(Duration::parse(text).map(|_| ())),
            (Self::Path, Value::String(text)) => Some(path(text)),
            _ => None,
        }
    }

    /// The type in messages, with an article; `values` are those of an enum.
    pub(super) fn described(self, values: &[String]) -> String {
        match self {
            Self::String => "a string".to_owned(),
            Self::Int => "a whole number".to_owned(),
            Self::Bool => "#true or #false".to_owned(),
            Self::Port => Ty::Port.described(),
            Self::Version => "a version such as \"1.2\"".to_owned(),
            Self::Duration => Ty::Duration.described(),
            Self::Path => "a path".to_owned(),
            Self::Enum => format!("one of {}", values.join(", ")),
            Self::List => "a list of strings".to_owned(),
        }
    }
}

/// A version can stand in the tag of an image reference, and in a package's version.
fn version(text: &str) -> Result<(), Invalid> {
    let number = text.strip_prefix('v').unwrap_or(text);
    let digit = number.bytes().next().is_some_and(|b| b.is_ascii_digit());
    let known = number.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+~".contains(&b));
    if digit && known && text.len() <= 128 {
        Ok(())
    } else {
        let shown = shortened(&quoted(text));
        Err(Invalid::new(format!(
            "a version is a digit, then letters, digits, `.`, `_`, `-`, `+`, `~`, and {shown} is not"
        )))
    }
}

/// Whether a path is of the context or of the image is seen where it is used, and looked at there.
fn path(text: &str) -> Result<(), Invalid> {
    match text.chars().find(|c| c.is_control()) {
        Some(_) => Err(Invalid::new("a path holds no control characters")),
        None if text.is_empty() => Err(Invalid::new("a path cannot be empty")),
        None => Ok(()),
    }
}

/// What makes `entry` a value of type `ty`, where that can be guessed.
pub(super) fn remedy(ty: ParamType, entry: &Entry) -> Option<String> {
    // What an expression came to cannot be quoted.
    let expanded = (entry.span.end - entry.span.start) as usize != entry.written().len();
    match (ty, &entry.value) {
        (ParamType::Int | ParamType::Port, Value::String(_)) if expanded => {
            Some("`| int` makes a number of it".to_owned())
        }
        (ParamType::Int | ParamType::Port | ParamType::Bool, _) if expanded => None,
        (_, Value::Integer(_) | Value::Bool(_)) if expanded => Some("`| string` makes a string of it".to_owned()),
        (ParamType::Int | ParamType::Port, Value::String(text)) if text.parse::<u32>().is_ok() => {
            Some(format!("write the number without quotes: {text}"))
        }
        (ParamType::Bool, Value::String(text)) if text == "true" || text == "false" => Some(format!("write #{text}")),
        (ParamType::Int | ParamType::Port | ParamType::Bool, _) | (_, Value::String(_) | Value::Null) => None,
        (_, Value::Integer(_) | Value::Float(_)) => Some(format!("quote it: \"{}\"", entry.written())),
        (_, Value::Bool(flag)) => Some(format!("quote it if it is text: \"{flag}\"")),
    }
}
