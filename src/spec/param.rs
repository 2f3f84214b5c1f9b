//! `param`: what a template lets its images choose, and what it takes for an answer.

use super::constraint::{Constraints, VALUES};
use super::given::found;
use super::{Given, ParamType};
use crate::base::{ParamName, Span, Spanned};
use crate::diagnostic::codes::{CONFLICT, DUPLICATE_PROPERTY, WRONG_TYPE};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Prop, Shape, Ty, Value};

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
}
