//! Manifests as values, whatever they are written in, and as files that are seen in their place.

use super::Project;
use crate::base::{ImagePath, Invalid, Spanned, normalize};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Manifest;
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
    /// The value that the file `path` of the context holds; `None` where there is none.
    pub(super) fn value(
        &self,
        path: &str,
        format: Format,
        diagnostics: &mut Diagnostics,
    ) -> Result<Option<Value>, Reported> {
        let text = match self.files.read(path) {
            Ok(Some(text)) => text,
            Ok(None) => return Ok(None),
            Err(Invalid(message)) => return Err(self.invalid(message, diagnostics)),
        };
        let parsed = format.parse(text.trim_start_matches('\u{feff}'));
        parsed.map(Some).map_err(|(line, reason)| {
            let place = line.map_or(path.to_owned(), |line| format!("{path}:{line}"));
            self.invalid(format!("{place}: no {}: {reason}", format.name()), diagnostics)
        })
    }

    /// The value that a file of the project holds, which must be there.
    pub(super) fn required(
        &self,
        file: &str,
        format: Format,
        diagnostics: &mut Diagnostics,
    ) -> Result<Value, Reported> {
        let path = self.path(file);
        match self.value(&path, format, diagnostics)? {
            Some(value) => Ok(value),
            None => Err(self.invalid(format!("there is no file `{path}`"), diagnostics)),
        }
    }

    /// Whether the project holds `file`, or a directory of that name.
    pub(super) fn has(&self, file: &str) -> bool {
        self.files.matches(&self.path(file)).is_ok_and(|found| !found.is_empty())
    }

    /// The manifests that those of `files` are which the project holds.
    pub(super) fn those_of<'f>(&self, files: impl IntoIterator<Item = &'f str>) -> Vec<Manifest> {
        files.into_iter().filter(|file| self.has(file)).map(|file| self.manifest(file)).collect()
    }

    /// The path of the context that `path` is, which the project's manifests write seen from `directory`.
    pub(super) fn seen_from(
        &self,
        directory: &str,
        path: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<String, Reported> {
        let whole = if path.starts_with('/') { None } else { normalize(&format!("{directory}/{path}")) };
        whole.ok_or_else(|| self.invalid(format!("`{path}` leaves the build context"), diagnostics))
    }

    /// The manifest that the file `path` of the context is: it stands to the project's directory in the image as it does
    /// in the context.
    pub(super) fn placed(&self, path: &str, diagnostics: &mut Diagnostics) -> Result<Manifest, Reported> {
        let directory = if self.directory == "." { "" } else { self.directory.as_str() };
        let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<Vec<_>>();
        let (from, to) = (parts(directory), parts(path));
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let up = std::iter::repeat_n("..", from.len() - common);
        let relative: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
        let target = ImagePath::resolve(&relative.join("/"), &self.into)
            .map_err(|Invalid(message)| self.invalid(message, diagnostics))?;
        Ok(Manifest { path: Spanned::new(path.to_owned(), self.node.span), target })
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
