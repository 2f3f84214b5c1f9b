//! Manifests as values, whatever they are written in.

use super::Project;
use crate::diagnostic::{Diagnostics, Reported};
use serde_json::Value;

/// What a manifest is written in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Format {
    /// JSON.
    Json,
    /// TOML.
    Toml,
    /// YAML.
    Yaml,
}

impl Format {
    fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Toml => "TOML",
            Self::Yaml => "YAML",
        }
    }

    /// The value of `text`; an error says where it is none, and why.
    fn parse(self, text: &str) -> Result<Value, (Option<usize>, String)> {
        match self {
            Self::Json => serde_json::from_str(text).map_err(|error| {
                let whole = error.to_string();
                let reason = whole.split(" at line ").next().unwrap_or_default().to_owned();
                (Some(error.line()), reason)
            }),
            Self::Toml => toml::from_str(text).map_err(|error| {
                let line = error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
                (line, error.message().to_owned())
            }),
            Self::Yaml => serde_saphyr::from_str(text).map_err(|error| {
                let line = error.location().map(|location| location.line() as usize);
                let whole = error.without_snippet().to_string();
                let reason = whole.lines().next().unwrap_or_default();
                (line, reason.split(": ").last().unwrap_or(reason).to_owned())
            }),
        }
    }
}

impl Project<'_> {
    /// The value that a file of the project holds, which may stand beside it; `None` where there is none.
    pub(super) fn value(
        &self,
        file: &str,
        format: Format,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Value>, Reported> {
        let text = self.look(file, diagnostics)?;
        text.map(|text| self.parsed(file, &text, format, diagnostics)).transpose()
    }

    /// The value of a manifest that no project is without.
    pub(super) fn require_value(
        &self,
        file: &str,
        format: Format,
        diagnostics: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let text = self.require(file, diagnostics)?;
        self.parsed(file, &text, format, diagnostics)
    }

    fn parsed(&self, file: &str, text: &str, format: Format, diagnostics: &mut Diagnostics) -> Result<Value, Reported> {
        format.parse(text.trim_start_matches('\u{feff}')).map_err(|(line, reason)| {
            let path = self.located(file).map_or(file.to_owned(), |manifest| manifest.path.value);
            let place = line.map_or(path.clone(), |line| format!("{path}:{line}"));
            self.invalid(format!("{place}: no {}: {reason}", format.name()), diagnostics)
        })
    }
}

/// The texts of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, text: &str, expected: Result<&str, (Option<usize>, &str)>) {
        let parsed = format.parse(text).map(|value| value.to_string());
        let expected = expected.map(str::to_owned).map_err(|(line, reason)| (line, reason.to_owned()));
        assert_eq!(parsed, expected, "{text}");
    }

    #[test]
    fn each_format_says_where_it_is_wrong() {
        check(Format::Json, "{\"a\": [1]}", Ok("{\"a\":[1]}"));
        check(Format::Json, "{\n\"a\" 1}", Err((Some(2), "expected `:`")));
        check(Format::Toml, "[a]\nb = \"c\"\n", Ok("{\"a\":{\"b\":\"c\"}}"));
        check(Format::Toml, "[a]\nb = \n", Err((Some(2), "string values must be quoted, expected literal string")));
        check(Format::Yaml, "a:\n  - b\n", Ok("{\"a\":[\"b\"]}"));
    }
}
