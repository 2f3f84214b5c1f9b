//! Whether a value is one for a parameter.

use super::param_type::remedy;
use super::{Bound, Param, ParamType, Setting};
use crate::base::Span;
use crate::diagnostic::codes::{INVALID_VALUE, WRONG_TYPE};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::syntax::{Entry, Value, quoted};

/// A value that a parameter is to have.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    /// The entries, their expressions expanded.
    pub values: &'a [Entry],
    /// Whether they were written as a list.
    pub is_list: bool,
    /// Where what is wrong with them as a whole is told.
    pub span: Span,
}

impl<'a> From<&'a Setting> for Given<'a> {
    fn from(setting: &'a Setting) -> Self {
        Self { values: &setting.values, is_list: setting.is_list, span: setting.name.span }
    }
}

impl Param {
    /// The value that `given` is, if type and constraints allow it. What they do not is told, at both places.
    pub fn check(&self, given: Given<'_>, diagnostics: &mut Diagnostics) -> Result<Bound, Reported> {
        let checked = match (self.ty, given.values) {
            (ParamType::List, _) => self.list(given, diagnostics).map(Bound::List),
            (_, [entry]) if !given.is_list => self.one(entry, diagnostics).map(Bound::One),
            _ => {
                let hint = format!("write it as {}=…", self.name.value);
                Err(self.wrong_type(given.span, "a list", Some(hint), diagnostics))
            }
        }?;
        match self.constraints.broken_by(&checked) {
            None => Ok(checked),
            Some((must, shown)) => {
                let span = match given.values {
                    [entry] if self.ty != ParamType::List => entry.span,
                    values => values.iter().find(|entry| shown == quoted_value(entry)).map_or(given.span, |e| e.span),
                };
                let found = if shown.is_empty() { String::new() } else { format!(", found {}", shortened(&shown)) };
                Err(self.refuse(
                    &INVALID_VALUE,
                    span,
                    format!("`{}` must {must}{found}", self.name.value),
                    None,
                    diagnostics,
                ))
            }
        }
    }

    fn list(&self, given: Given<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<String>, Reported> {
        if !given.is_list {
            let entry = given.values.first();
            let hint = format!("write it as a node: set {{ {} \"a\" \"b\"; }}", self.name.value);
            let (span, shown) = entry.map_or((given.span, "nothing".to_owned()), |entry| (entry.span, found(entry)));
            return Err(self.wrong_type(span, &shown, Some(hint), diagnostics));
        }
        let mut elements = Vec::new();
        let mut failed = Ok(());
        for entry in given.values {
            match &entry.value {
                Value::String(text) => elements.push(text.clone()),
                _ => failed = Err(self.wrong_type(entry.span, &found(entry), remedy(self.ty, entry), diagnostics)),
            }
        }
        failed.map(|()| elements)
    }

    fn one(&self, entry: &Entry, diagnostics: &mut Diagnostics) -> Result<Value, Reported> {
        let Some(sound) = self.ty.accepts(&entry.value) else {
            return Err(self.wrong_type(entry.span, &found(entry), remedy(self.ty, entry), diagnostics));
        };
        match sound {
            Ok(()) if self.ty == ParamType::Enum => self.one_of(entry, diagnostics),
            Ok(()) => Ok(entry.value.clone()),
            Err(invalid) => {
                let message = format!("`{}` does not fit: {}", self.name.value, invalid.0);
                Err(self.refuse(&INVALID_VALUE, entry.span, message, None, diagnostics))
            }
        }
    }

    fn one_of(&self, entry: &Entry, diagnostics: &mut Diagnostics) -> Result<Value, Reported> {
        let values = &self.constraints.values;
        match &entry.value {
            Value::String(text) if !values.contains(text) => {
                let described = self.ty.described(&self.constraints.values);
                let message = format!("`{}` must be {described}, found {}", self.name.value, found(entry));
                let meant = crate::base::closest(text, values.iter().map(String::as_str));
                let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
                Err(self.refuse(&INVALID_VALUE, entry.span, message, hint, diagnostics))
            }
            value => Ok(value.clone()),
        }
    }

    fn wrong_type(&self, at: Span, found: &str, hint: Option<String>, diagnostics: &mut Diagnostics) -> Reported {
        let message =
            format!("`{}` must be {}, found {found}", self.name.value, self.ty.described(&self.constraints.values));
        self.refuse(&WRONG_TYPE, at, message, hint, diagnostics)
    }

    /// Tells what is wrong with the value at `at`, and shows the declaration unless the value stands in it.
    fn refuse(
        &self,
        code: &'static Code,
        at: Span,
        message: String,
        hint: Option<String>,
        diagnostics: &mut Diagnostics,
    ) -> Reported {
        let mut diagnostic = Diagnostic::error(code, at, message);
        let node = self.node;
        if at.file != node.file || at.start < node.start || at.end > node.end {
            diagnostic = diagnostic.also(self.span, "declared here");
        }
        diagnostics.error(hint.into_iter().fold(diagnostic, Diagnostic::hint))
    }
}

/// A value in a message.
pub(super) fn found(entry: &Entry) -> String {
    match &entry.value {
        Value::String(_) => shortened(&quoted_value(entry)),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Null => "#null".to_owned(),
        Value::Integer(_) | Value::Float(_) => shortened(&entry.written()),
    }
}

/// A value as the constraints show it.
fn quoted_value(entry: &Entry) -> String {
    match &entry.value {
        Value::String(text) => quoted(text),
        Value::Integer(number) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn shortened(shown: &str) -> String {
    if shown.chars().count() <= 60 {
        shown.to_owned()
    } else {
        format!("{}…", shown.chars().take(56).collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::spec::Set;
    use crate::syntax::Written;
    use crate::syntax::{Decode as _, parse};

    fn lines(diagnostics: Diagnostics) -> Vec<String> {
        let line = |d: Diagnostic| {
            let labels: Vec<String> = d.labels.iter().skip(1).map(|label| format!(" [{}]", label.message)).collect();
            let hints: Vec<String> = d.hints.iter().map(|hint| format!(" ({hint})")).collect();
            format!("{}: {}{}{}", d.code.name, d.message, labels.concat(), hints.concat())
        };
        diagnostics.into_sorted().into_iter().map(line).collect()
    }

    /// What is told of a declaration and, if nothing is, of each `set`; a value that is taken is shown.
    #[track_caller]
    fn check(param: &str, sets: &[(&str, &str)]) {
        let mut diagnostics = Diagnostics::new();
        let nodes = parse(FileId(0), &format!("param \"p\" {param}"), &mut diagnostics).expect(param);
        let decoded = Param::decode(&nodes[0], &mut diagnostics);
        let told = lines(diagnostics);
        let Ok(decoded) = decoded else {
            assert_eq!(told, sets.iter().map(|(_, told)| *told).collect::<Vec<_>>(), "{param}");
            return;
        };
        assert_eq!(told, Vec::<String>::new(), "{param}");
        for (set, expected) in sets {
            let mut diagnostics = Diagnostics::new();
            let nodes = parse(FileId(1), &format!("set {set}"), &mut diagnostics).expect(set);
            let settings = Set::decode(&nodes[0], &mut diagnostics).expect(set).settings;
            let checked = decoded.check((&settings[0]).into(), &mut diagnostics);
            let result = checked.map_or_else(|_| lines(diagnostics).concat(), |bound| format!("{bound:?}"));
            assert_eq!(result, *expected, "{param}: {set}");
        }
    }

    #[test]
    fn types() {
        check(
            "type=\"port\" default=8080",
            &[
                ("p=1", "One(Integer(1))"),
                ("p=99999", "wrong-type: `p` must be a port (1–65535), found 99999 [declared here]"),
                (
                    "p=\"80\"",
                    "wrong-type: `p` must be a port (1–65535), found \"80\" [declared here] (write the number without \
                     quotes: 80)",
                ),
                ("p=8.5", "wrong-type: `p` must be a port (1–65535), found 8.5 [declared here]"),
                ("p=#null", "wrong-type: `p` must be a port (1–65535), found #null [declared here]"),
                (
                    "{ p 1; }",
                    "wrong-type: `p` must be a port (1–65535), found a list [declared here] (write it as p=…)",
                ),
            ],
        );
        check(
            "type=\"string\"",
            &[
                ("p=\"\"", "One(String(\"\"))"),
                ("p=3.10", "wrong-type: `p` must be a string, found 3.10 [declared here] (quote it: \"3.10\")"),
                (
                    "p=#true",
                    "wrong-type: `p` must be a string, found #true [declared here] (quote it if it is text: \"true\")",
                ),
            ],
        );
        check(
            "type=\"int\"",
            &[
                ("p=-5", "One(Integer(-5))"),
                (
                    "p=9223372036854775808",
                    "invalid-value: `p` does not fit: a whole number has 64 bits, and 9223372036854775808 needs more \
                     [declared here]",
                ),
            ],
        );
        check(
            "type=\"bool\"",
            &[
                ("p=#false", "One(Bool(false))"),
                ("p=\"true\"", "wrong-type: `p` must be #true or #false, found \"true\" [declared here] (write #true)"),
            ],
        );
        check(
            "type=\"version\"",
            &[
                ("p=\"v1.2.3-rc1+x~2\"", "One(String(\"v1.2.3-rc1+x~2\"))"),
                (
                    "p=3.12",
                    "wrong-type: `p` must be a version such as \"1.2\", found 3.12 [declared here] (quote it: \"3.12\")",
                ),
                (
                    "p=\"latest\"",
                    "invalid-value: `p` does not fit: a version is a digit, then letters, digits, `.`, `_`, `-`, `+`, \
                     `~`, and \"latest\" is not [declared here]",
                ),
            ],
        );
        check(
            "type=\"duration\" min=\"1s\" max=\"1m\"",
            &[
                ("p=\"30s\"", "One(String(\"30s\"))"),
                ("p=\"60s\"", "One(String(\"60s\"))"),
                ("p=\"61s\"", "invalid-value: `p` must be at most \"1m\", found \"61s\" [declared here]"),
                (
                    "p=\"30\"",
                    "invalid-value: `p` does not fit: a duration is written as \"30s\" or \"1m30s\", and `30` is not \
                     [declared here]",
                ),
            ],
        );
        check(
            "type=\"path\"",
            &[
                ("p=\"/srv/a b\"", "One(String(\"/srv/a b\"))"),
                ("p=\"\"", "invalid-value: `p` does not fit: a path cannot be empty [declared here]"),
                ("p=\"a\\nb\"", "invalid-value: `p` does not fit: a path holds no control characters [declared here]"),
            ],
        );
        check(
            "type=\"enum\" default=\"3.12\" { values \"3.11\" \"3.12\"; }",
            &[
                ("p=\"3.11\"", "One(String(\"3.11\"))"),
                (
                    "p=\"3.21\"",
                    "invalid-value: `p` must be one of 3.11, 3.12, found \"3.21\" [declared here] (did you mean `3.11`?)",
                ),
            ],
        );
        check(
            "type=\"list\" max=2 pattern=\"[a-z]+\" { default; }",
            &[
                ("{ p \"a\" \"b\"; }", "List([\"a\", \"b\"])"),
                ("{ p; }", "List([])"),
                ("{ p \"a\" \"b\" \"c\"; }", "invalid-value: `p` must have at most 2 elements [declared here]"),
                ("{ p \"a\" \"B\"; }", "invalid-value: `p` must match `[a-z]+`, found \"B\" [declared here]"),
                (
                    "{ p \"a\" 1; }",
                    "wrong-type: `p` must be a list of strings, found 1 [declared here] (quote it: \"1\")",
                ),
                (
                    "p=\"a\"",
                    "wrong-type: `p` must be a list of strings, found \"a\" [declared here] (write it as a node: set { p \
                     \"a\" \"b\"; })",
                ),
            ],
        );
    }

    #[test]
    fn constraints() {
        check(
            "type=\"int\" min=1 max=9",
            &[
                ("p=1", "One(Integer(1))"),
                ("p=0", "invalid-value: `p` must be at least 1, found 0 [declared here]"),
                ("p=10", "invalid-value: `p` must be at most 9, found 10 [declared here]"),
            ],
        );
        check(
            "type=\"string\" pattern=\"a|ab\"",
            &[
                ("p=\"ab\"", "One(String(\"ab\"))"),
                ("p=\"abc\"", "invalid-value: `p` must match `a|ab`, found \"abc\" [declared here]"),
                ("p=\"a\\n\"", "invalid-value: `p` must match `a|ab`, found \"a\\n\" [declared here]"),
            ],
        );
    }

    #[test]
    fn declarations() {
        check("type=\"int\" min=2 max=1", &[("", "conflict: no value is at least 2 and at most 1 [the greatest]")]);
        check("type=\"int\" min=2 default=1", &[("", "invalid-value: `p` must be at least 2, found 1")]);
        check("type=\"port\" default=\"${{ other }}\"", &[]);
        check(
            "type=\"string\" min=1",
            &[(
                "",
                "conflict: `min` means nothing for a parameter of type `string` (the types `int`, `port`, `duration` and \
                 `list` have it)",
            )],
        );
        check(
            "type=\"int\" pattern=\"a\"",
            &[(
                "",
                "conflict: `pattern` means nothing for a parameter of type `int` (the types `string`, `version`, `path` \
                 and `list` have it)",
            )],
        );
        check(
            "type=\"enum\"",
            &[("", "missing-node: a parameter of type `enum` has values (as in: { values \"a\" \"b\"; })")],
        );
        check(
            "type=\"int\" { values \"a\"; }",
            &[("", "conflict: `values` means nothing for a parameter of type `int` (type=\"enum\" has them)")],
        );
        check("type=\"enum\" { values \"a\" \"a\"; }", &[("", "conflict: the value \"a\" stands twice (keep one)")]);
        check(
            "type=\"string\" pattern=\"a)(b\"",
            &[("", "invalid-value: `pattern` is not a regular expression: unopened group")],
        );
        check(
            "type=\"string\" pattern=\"((a{99}){99}){99}\"",
            &[("", "invalid-value: the regular expression is too large (make its repetitions smaller)")],
        );
        check(
            "type=\"list\" default=\"a\"",
            &[("", "conflict: the default of a list is a node of its own (as in: { default \"a\" \"b\"; })")],
        );
        check(
            "type=\"int\" { default 1; }",
            &[("", "conflict: the default of a parameter of type `int` is one value (write it as default=…)")],
        );
        check("type=\"port\" default=0", &[("", "wrong-type: `p` must be a port (1–65535), found 0")]);
        check(
            "",
            &[(
                "",
                "missing-property: `param` needs the property `type`: one of string, int, bool, port, version, duration, path, enum, list",
            )],
        );
        check("type=\"list\" min=-1", &[("", "wrong-type: `min` must be a number of elements, found -1")]);
    }

    #[test]
    fn what_an_expression_came_to_is_not_told_to_be_quoted() {
        let hint = |ty: &str, value: Value, written: &str| {
            let mut diagnostics = Diagnostics::new();
            let nodes = parse(FileId(0), &format!("param \"p\" type=\"{ty}\""), &mut diagnostics).expect("KDL");
            let param = Param::decode(&nodes[0], &mut diagnostics).expect("a declaration");
            let span = Span::new(FileId(1), 0, "\"${{ other }}\"".len());
            let values = [Entry { annotation: None, written: Written::new(&value, written), value, span }];
            let given = Given { values: &values, is_list: false, span };
            assert!(param.check(given, &mut diagnostics).is_err());
            diagnostics.into_sorted().remove(0).hints
        };
        let text = Value::String("80".to_owned());
        assert_eq!(hint("port", text, "\"80\""), ["`| int` makes a number of it"]);
        assert_eq!(hint("string", Value::Integer(80.into()), "80"), ["`| string` makes a string of it"]);
    }
}
