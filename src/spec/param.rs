//! `param`: what a template lets its images choose, and what it takes for an answer.

use super::Setting;
use super::constraint::{Constraints, VALUES};
use crate::base::{Duration, Invalid, ParamName, Port, Span, Spanned};
use crate::diagnostic::codes::{CONFLICT, DUPLICATE_PROPERTY, INVALID_VALUE, WRONG_TYPE};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Prop, Shape, Ty, Value, quoted, words};

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

/// The value of a parameter, or of another name of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum Bound {
    /// A string, a whole number or a flag.
    One(Value),
    /// A list of strings.
    List(Vec<String>),
}

impl Bound {
    /// A string.
    pub fn text(text: impl Into<String>) -> Self {
        Self::One(Value::String(text.into()))
    }
}

/// A parameter, declared.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: Spanned<ParamName>,
    /// Its type.
    pub ty: ParamType,
    /// What it is where nothing sets it: one entry unless it is a list. An expression in it was not looked at.
    pub default: Option<Vec<Entry>>,
    /// `param "name"`, where messages point to.
    pub span: Span,
    /// The node as a whole.
    pub(super) node: Span,
    pub(super) constraints: Constraints,
}

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

struct DefaultNode(Vec<Entry>);

impl Decode for DefaultNode {
    const SHAPE: &'static Shape = &Shape {
        name: "default",
        doc: "The elements of a list where nothing sets it.",
        args: Args::any("ELEMENT", Ty::Any),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "default \"a.example\" \"b.example\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.node.args.clone()))
    }
}

impl Decode for Param {
    const SHAPE: &'static Shape = &Shape {
        name: "param",
        doc: "A parameter: what an image sets with `set`, and expressions read by its name. It is resolved after those \
              declared before it, which its default can read.",
        args: Args::one("NAME", Ty::Any),
        props: &[
            Prop::required("type", Ty::OneOf(ParamType::WORDS), "What its values must be."),
            Prop::optional(
                "default",
                Ty::Any,
                "What it is where nothing sets it; without it every image sets it. A list has a node for that.",
            ),
            Prop::optional("min", Ty::Any, "The least `int`, `port` or `duration`, or the least length of a `list`."),
            Prop::optional("max", Ty::Any, "The greatest of those."),
            Prop::optional(
                "pattern",
                Ty::Text,
                "A regular expression that all of a `string`, `version`, `path` or element of a `list` must match.",
            ),
        ],
        free_props: None,
        children: &[VALUES, DefaultNode::SHAPE],
        merge: Merge::Map,
        example: "param \"python\" type=\"enum\" default=\"3.12\" {\n    values \"3.11\" \"3.12\"\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = match fields.node.args.first() {
            Some(Entry { value: Value::String(text), span, .. }) => {
                fields.parse(&Spanned::new(text.clone(), *span), ParamName::parse)
            }
            Some(entry) => {
                let message = format!("a parameter's name must be a string, found {}", found(entry));
                Err(fields.error(Diagnostic::error(&WRONG_TYPE, entry.span, message)))
            }
            None => Err(fields.expect_failed()),
        };
        let ty = fields.expect::<ParamType>("type");
        let list = fields.decode_child::<DefaultNode>().map(|node| node.0);
        let (name, ty) = (name?, ty?.value);
        let constraints = Constraints::decode(ty, fields);
        let default = default(ty, list, fields);
        let (head, end) = (fields.name_span(), name.span.end);
        let span = Span { end, ..head };
        let param = Self { name, ty, default: default?, span, node: fields.node.span, constraints: constraints? };
        param.check_default(fields);
        Ok(param)
    }
}

/// The default, from the property or the node.
fn default(ty: ParamType, list: Option<Vec<Entry>>, fields: &mut Fields<'_>) -> Result<Option<Vec<Entry>>, Reported> {
    let prop = fields.node.prop("default");
    let node = fields.children("default").next().map(|node| node.name.span);
    match (prop, node) {
        (Some(prop), Some(node)) => {
            let message = "the default stands twice on one `param`";
            Err(fields.error(Diagnostic::error(&DUPLICATE_PROPERTY, node, message).also(prop.span, "first here")))
        }
        (Some(prop), None) if ty == ParamType::List => {
            let diagnostic = Diagnostic::error(&CONFLICT, prop.span, "the default of a list is a node of its own");
            Err(fields.error(diagnostic.hint("as in: { default \"a\" \"b\"; }")))
        }
        (None, Some(node)) if ty != ParamType::List => {
            let message = format!("the default of a parameter of type `{}` is one value", ty.as_str());
            Err(fields.error(Diagnostic::error(&CONFLICT, node, message).hint("write it as default=…")))
        }
        (Some(prop), None) => Ok(Some(vec![prop.clone()])),
        (None, _) => Ok(list),
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

    /// Checks the default now, unless it holds an expression.
    fn check_default(&self, fields: &mut Fields<'_>) {
        let Some(values) = &self.default else { return };
        let expands = |entry: &Entry| matches!(&entry.value, Value::String(text) if text.contains("${{"));
        if !values.iter().any(expands) {
            let given = Given { values, is_list: self.ty == ParamType::List, span: self.span };
            let checked = self.check(given, fields.diagnostics()).map(|_| ());
            fields.note(checked);
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
        let value = &entry.value;
        let sound = match (self.ty, value) {
            (ParamType::Int, Value::Integer(number)) => i64::try_from(*number)
                .map(|_| ())
                .map_err(|_| Invalid::new(format!("a whole number has 64 bits, and {number} needs more"))),
            // A port out of range is no port: cli.md has the message of a wrong type.
            (ParamType::Port, Value::Integer(number)) if Port::new(*number).is_ok() => Ok(()),
            (ParamType::Bool, Value::Bool(_)) | (ParamType::String | ParamType::Enum, Value::String(_)) => Ok(()),
            (ParamType::Version, Value::String(text)) => version(text),
            (ParamType::Duration, Value::String(text)) => Duration::parse(text).map(|_| ()),
            (ParamType::Path, Value::String(text)) => path(text),
            _ => return Err(self.wrong_type(entry.span, &found(entry), remedy(self.ty, entry), diagnostics)),
        };
        match sound {
            Ok(()) if self.ty == ParamType::Enum => self.one_of(entry, diagnostics),
            Ok(()) => Ok(value.clone()),
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
                let described = self.described();
                let message = format!("`{}` must be {described}, found {}", self.name.value, found(entry));
                let meant = crate::base::closest(text, values.iter().map(String::as_str));
                let hint = meant.map(|meant| format!("did you mean `{meant}`?"));
                Err(self.refuse(&INVALID_VALUE, entry.span, message, hint, diagnostics))
            }
            value => Ok(value.clone()),
        }
    }

    fn wrong_type(&self, at: Span, found: &str, hint: Option<String>, diagnostics: &mut Diagnostics) -> Reported {
        let message = format!("`{}` must be {}, found {found}", self.name.value, self.described());
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

    /// The type in messages, with an article.
    fn described(&self) -> String {
        match self.ty {
            ParamType::String => "a string".to_owned(),
            ParamType::Int => "a whole number".to_owned(),
            ParamType::Bool => "#true or #false".to_owned(),
            ParamType::Port => Ty::Port.described(),
            ParamType::Version => "a version such as \"1.2\"".to_owned(),
            ParamType::Duration => Ty::Duration.described(),
            ParamType::Path => "a path".to_owned(),
            ParamType::Enum => format!("one of {}", self.constraints.values.join(", ")),
            ParamType::List => "a list of strings".to_owned(),
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
fn remedy(ty: ParamType, entry: &Entry) -> Option<String> {
    match (ty, &entry.value) {
        (ParamType::Int | ParamType::Port, Value::String(text)) if text.parse::<u32>().is_ok() => {
            Some(format!("write the number without quotes: {text}"))
        }
        (ParamType::Bool, Value::String(text)) if text == "true" || text == "false" => Some(format!("write #{text}")),
        (ParamType::Int | ParamType::Port | ParamType::Bool, _) | (_, Value::String(_) | Value::Null) => None,
        (_, Value::Integer(_) | Value::Float(_)) => Some(format!("quote it: \"{}\"", entry.written)),
        (_, Value::Bool(flag)) => Some(format!("quote it if it is text: \"{flag}\"")),
    }
}

/// A value in a message.
pub(super) fn found(entry: &Entry) -> String {
    match &entry.value {
        Value::String(_) => shortened(&quoted_value(entry)),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Null => "#null".to_owned(),
        Value::Integer(_) | Value::Float(_) => shortened(&entry.written),
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

fn shortened(shown: &str) -> String {
    if shown.chars().count() <= 60 {
        shown.to_owned()
    } else {
        format!("{}…", shown.chars().take(56).collect::<String>())
    }
}
