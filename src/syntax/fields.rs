//! Reading a node's arguments and properties by its shape.

use super::{Entry, FromValue, Node, Shape, Ty, Value};
use crate::base::{Span, Spanned, closest};
use crate::diagnostic::codes::{
    DUPLICATE_NODE, DUPLICATE_PROPERTY, INVALID_VALUE, MISSING_ARGUMENT, MISSING_PROPERTY, UNEXPECTED_ARGUMENT,
    UNEXPECTED_BLOCK, UNKNOWN_ANNOTATION, UNKNOWN_NODE, UNKNOWN_PROPERTY, WRONG_TYPE,
};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};

/// A typed value that one kind of node decodes to.
pub trait Decode: Sized {
    /// What the node looks like.
    const SHAPE: &'static Shape;

    /// The value. Every field is taken before the first `?`, so that all mistakes of the node are told at once.
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported>;

    /// Decodes `node`, telling every mistake in it.
    fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let mut fields = Fields::new(node, Self::SHAPE, diagnostics);
        let value = Self::from_fields(&mut fields)?;
        fields.finish()?;
        Ok(value)
    }
}

/// A node being decoded: what its shape does not allow is told once, at the start; then each value is taken by type.
pub struct Fields<'a> {
    /// The node.
    pub node: &'a Node,
    shape: &'static Shape,
    diagnostics: &'a mut Diagnostics,
    failed: Option<Reported>,
}

impl<'a> Fields<'a> {
    /// Starts decoding `node` and tells what `shape` does not allow: unknown, doubled and missing properties,
    /// too few or too many arguments, a block or child where none belongs.
    pub fn new(node: &'a Node, shape: &'static Shape, diagnostics: &'a mut Diagnostics) -> Self {
        let mut fields = Self { node, shape, diagnostics, failed: None };
        fields.check_annotations();
        fields.check_args();
        fields.check_props();
        fields.check_children();
        fields
    }

    /// Every argument. One that is not a `T` is told and left out.
    pub fn args<T: FromValue>(&mut self) -> Vec<Spanned<T>> {
        let args = self.shape.args;
        debug_assert!(T::reads(args.ty), "the arguments of `{}` are read as another type", self.shape.name);
        let node = self.node;
        node.args
            .iter()
            .take(args.max)
            .filter_map(|entry| self.value(entry, args.ty, &format!("the argument of `{}`", self.shape.name)).ok())
            .collect()
    }

    /// The first argument, if there is one.
    pub fn arg<T: FromValue>(&mut self) -> Result<Option<Spanned<T>>, Reported> {
        let args = self.shape.args;
        debug_assert!(T::reads(args.ty), "the argument of `{}` is read as another type", self.shape.name);
        let Some(entry) = self.node.args.first().filter(|_| args.max > 0) else { return Ok(None) };
        self.value(entry, args.ty, &format!("the argument of `{}`", self.shape.name)).map(Some)
    }

    /// The first argument, which the shape demands.
    pub fn expect_arg<T: FromValue>(&mut self) -> Result<Spanned<T>, Reported> {
        debug_assert!(self.shape.args.min > 0, "`{}` demands no argument", self.shape.name);
        match self.arg()? {
            Some(value) => Ok(value),
            None => Err(self.expect_failed()),
        }
    }

    /// The property `name`, if it is there.
    pub fn opt<T: FromValue>(&mut self, name: &str) -> Result<Option<Spanned<T>>, Reported> {
        let prop = self.shape.prop(name).unwrap_or_else(|| panic!("`{}` has no property `{name}`", self.shape.name));
        debug_assert!(T::reads(prop.ty), "`{name}` of `{}` is read as another type", self.shape.name);
        match self.node.prop(name) {
            Some(entry) => self.value(entry, prop.ty, &format!("`{name}`")).map(Some),
            None => Ok(None),
        }
    }

    /// The property `name`, which the shape demands.
    pub fn expect<T: FromValue>(&mut self, name: &str) -> Result<Spanned<T>, Reported> {
        match self.opt(name)? {
            Some(value) => Ok(value),
            None => Err(self.expect_failed()),
        }
    }

    /// The property `name` as a flag: false if it is not there.
    pub fn flag(&mut self, name: &str) -> Result<bool, Reported> {
        Ok(self.opt::<bool>(name)?.is_some_and(|flag| flag.value))
    }

    /// The properties whose names are free (`env A="1"`), in order; those the shape names are not among them.
    pub fn free_props(&mut self) -> Vec<(Spanned<String>, Spanned<String>)> {
        let Some((_, ty)) = self.shape.free_props else {
            panic!("the properties of `{}` have fixed names", self.shape.name)
        };
        let node = self.node;
        node.props
            .iter()
            .filter(|prop| self.shape.prop(&prop.name.value).is_none())
            .filter_map(|prop| {
                let value = self.value(&prop.entry, ty, &format!("`{}`", prop.name.value)).ok()?;
                Some((prop.name.clone(), value))
            })
            .collect()
    }

    /// The children of type `T`, decoded, in order; those with mistakes are told and left out.
    pub fn decode_children<T: Decode>(&mut self) -> Vec<T> {
        let nodes: Vec<&Node> = self.children(T::SHAPE.name).collect();
        let decoded = nodes.into_iter().map(|node| T::decode(node, self.diagnostics));
        let mut failed = None;
        let values = decoded.filter_map(|value| value.map_err(|reported| failed = Some(reported)).ok()).collect();
        self.failed = self.failed.or(failed);
        values
    }

    /// The child of type `T`, if there is one; a second one is told.
    pub fn decode_child<T: Decode>(&mut self) -> Option<T> {
        let mut nodes = self.children(T::SHAPE.name);
        let first = nodes.next()?;
        if let Some(second) = nodes.next() {
            self.error(duplicate_node(second, first));
        }
        T::decode(first, self.diagnostics).map_err(|reported| self.failed = Some(reported)).ok()
    }

    /// The children called `name`, in order.
    pub fn children(&self, name: &str) -> impl Iterator<Item = &'a Node> + use<'a> {
        debug_assert!(self.shape.child(name).is_some(), "`{}` has no child `{name}`", self.shape.name);
        let name = name.to_owned();
        self.node.children().iter().filter(move |child| child.name() == name)
    }

    /// All children that the shape allows, in order.
    pub fn known_children(&self) -> impl Iterator<Item = &'a Node> + use<'a> {
        let shape = self.shape;
        self.node.children().iter().filter(move |child| shape.child(child.name()).is_some())
    }

    /// Where the node's name stands.
    pub fn name_span(&self) -> Span {
        self.node.name.span
    }

    /// The list that mistakes are told to.
    pub fn diagnostics(&mut self) -> &mut Diagnostics {
        self.diagnostics
    }

    /// Tells a mistake in this node.
    pub fn error(&mut self, diagnostic: Diagnostic) -> Reported {
        let reported = self.diagnostics.error(diagnostic);
        self.failed = Some(reported);
        reported
    }

    /// Takes note of what came of a part of this node.
    pub fn note<T>(&mut self, part: Result<T, Reported>) {
        if let Err(reported) = part {
            self.failed = Some(reported);
        }
    }

    /// What was told of this node; if nothing was, tells `message` at its name.
    pub fn fail_with(&mut self, code: &'static Code, message: String, hint: String) -> Reported {
        match self.failed {
            Some(reported) => reported,
            None => self.error(Diagnostic::error(code, self.node.name.span, message).hint(hint)),
        }
    }

    /// The proof that a mistake in this node was told.
    ///
    /// # Panics
    /// If none was: the shape demands what the caller misses.
    pub fn expect_failed(&self) -> Reported {
        self.failed.expect("what the shape demands and is not there was told")
    }

    /// `Err` if anything was wrong with this node so far.
    pub fn finish(self) -> Result<(), Reported> {
        self.failed.map_or(Ok(()), Err)
    }

    /// A string's value parsed further by `parse`, told as an invalid value at its place if that fails.
    pub fn parse<T>(
        &mut self,
        text: &Spanned<String>,
        parse: impl FnOnce(&str) -> Result<T, crate::base::Invalid>,
    ) -> Result<Spanned<T>, Reported> {
        match parse(&text.value) {
            Ok(value) => Ok(Spanned::new(value, text.span)),
            Err(invalid) => Err(self.error(Diagnostic::error(&INVALID_VALUE, text.span, invalid.0))),
        }
    }

    fn value<T: FromValue>(&mut self, entry: &Entry, ty: Ty, what: &str) -> Result<Spanned<T>, Reported> {
        if let (Ty::OneOf(words), Value::String(text)) = (ty, &entry.value)
            && !words.contains(&text.as_str())
        {
            let message = format!("{what} must be {}, found `{text}`", ty.described());
            let diagnostic = Diagnostic::error(&INVALID_VALUE, entry.span, message).did_you_mean(text, words);
            return Err(self.error(diagnostic));
        }
        match T::from_value(&entry.value) {
            Some(Ok(value)) => Ok(Spanned::new(value, entry.span)),
            Some(Err(invalid)) => Err(self.error(Diagnostic::error(&INVALID_VALUE, entry.span, invalid.0))),
            None => {
                let message = format!("{what} must be {}, found {}", ty.described(), found(entry));
                let diagnostic = Diagnostic::error(&WRONG_TYPE, entry.span, message);
                let diagnostic = remedy(entry, ty).into_iter().fold(diagnostic, Diagnostic::hint);
                Err(self.error(diagnostic))
            }
        }
    }

    fn check_annotations(&mut self) {
        let node = self.node;
        let annotations = node.args.iter().chain(node.props.iter().map(|prop| &prop.entry));
        for annotation in annotations.filter_map(|entry| entry.annotation.as_ref()).chain(&node.annotation) {
            let message = format!("the annotation `({})` means nothing here", annotation.value);
            self.error(Diagnostic::error(&UNKNOWN_ANNOTATION, annotation.span, message).hint("remove it"));
        }
    }

    fn check_args(&mut self) {
        let Shape { name, args, .. } = self.shape;
        let count = self.node.args.len();
        if count < args.min {
            let message = format!("`{name}` needs an argument: {}", args.ty.described());
            let diagnostic = Diagnostic::error(&MISSING_ARGUMENT, self.node.name.span, message);
            self.error(diagnostic.hint(format!("as in: {}", self.shape.example.lines().next().unwrap_or_default())));
        }
        if let Some(extra) = self.node.args.get(args.max) {
            let message = match args.max {
                0 => format!("`{name}` takes no argument"),
                1 => format!("`{name}` takes one argument, and this is the second"),
                max => format!("`{name}` takes at most {max} arguments"),
            };
            let mut diagnostic = Diagnostic::error(&UNEXPECTED_ARGUMENT, extra.span, message);
            let unset = || self.shape.props.iter().filter(|prop| self.node.prop(prop.name).is_none());
            if let Some(prop) = unset().find(|prop| prop.required).or_else(|| unset().next()) {
                diagnostic = diagnostic.hint(format!("properties are written with their name, as {}=…", prop.name));
            }
            self.error(diagnostic);
        }
    }

    fn check_props(&mut self) {
        let node = self.node;
        let shape = self.shape;
        for (index, prop) in node.props.iter().enumerate() {
            let name = &prop.name.value;
            let earlier = node.props[..index].iter().find(|earlier| earlier.name.value == *name);
            if let Some(earlier) = earlier {
                let message = format!("`{name}` is set twice on one `{}`", shape.name);
                let diagnostic = Diagnostic::error(&DUPLICATE_PROPERTY, prop.name.span, message);
                self.error(diagnostic.also(earlier.name.span, "first here").hint("keep one"));
            } else if shape.prop(name).is_none() && shape.free_props.is_none() {
                let message = format!("`{}` has no property `{name}`", shape.name);
                let known = shape.props.iter().map(|prop| prop.name);
                let mut diagnostic = Diagnostic::error(&UNKNOWN_PROPERTY, prop.name.span, message);
                if closest(name, known.clone()).is_some() {
                    diagnostic = diagnostic.did_you_mean(name, known);
                } else if shape.child(name).is_some() {
                    diagnostic =
                        diagnostic.hint(format!("`{name}` is a node of its block: {} {{ {name} … }}", shape.name));
                } else if !shape.props.is_empty() {
                    diagnostic = diagnostic.hint(format!("it has {}", known.collect::<Vec<_>>().join(", ")));
                }
                self.error(diagnostic);
            }
        }
        for prop in shape.props.iter().filter(|prop| prop.required && node.prop(prop.name).is_none()) {
            let message = format!("`{}` needs the property `{}`: {}", shape.name, prop.name, prop.ty.described());
            self.error(Diagnostic::error(&MISSING_PROPERTY, node.name.span, message));
        }
    }

    fn check_children(&mut self) {
        let node = self.node;
        let shape = self.shape;
        if shape.children.is_empty() && node.children.is_some() {
            let message = format!("`{}` takes no block", shape.name);
            self.error(Diagnostic::error(&UNEXPECTED_BLOCK, node.name.span, message));
            return;
        }
        for child in node.children() {
            if shape.child(child.name()).is_none() {
                self.failed = Some(unknown_node(child, shape.children, &format!("`{}`", shape.name), self.diagnostics));
            }
        }
    }
}

/// That `second` stands beside `first`, and only one of the two may.
pub(crate) fn duplicate_node(second: &Node, first: &Node) -> Diagnostic {
    Diagnostic::error(&DUPLICATE_NODE, second.name.span, format!("`{}` stands twice in one body", second.name()))
        .also(first.name.span, "first here")
        .hint("keep one")
}

/// Tells that `node` is none of `known`, which may stand in `place`.
pub(crate) fn unknown_node(
    node: &Node,
    known: &[&'static Shape],
    place: &str,
    diagnostics: &mut Diagnostics,
) -> Reported {
    let message = format!("{place} has no node `{}`", node.name());
    let names = known.iter().map(|shape| shape.name);
    let mut diagnostic = Diagnostic::error(&UNKNOWN_NODE, node.name.span, message).did_you_mean(node.name(), names);
    if diagnostic.hints.is_empty() {
        diagnostic = diagnostic.hint("`imgspec schema` lists the nodes and where they stand");
    }
    diagnostics.error(diagnostic)
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
        (_, Value::Integer(_) | Value::Float(_)) => Some(format!("quote it: \"{}\"", entry.written)),
        (_, Value::Bool(_) | Value::Null) => {
            Some(format!("quote it if it is text: \"{}\"", entry.written.trim_start_matches('#')))
        }
    }
}

fn found(entry: &Entry) -> String {
    match &entry.value {
        Value::String(text) if text.chars().count() <= 40 && !text.contains('\n') => format!("the string \"{text}\""),
        Value::String(_) => "a string".to_owned(),
        Value::Integer(_) | Value::Float(_) => format!("the number {}", entry.written),
        Value::Bool(flag) => format!("#{flag}"),
        Value::Null => "#null".to_owned(),
    }
}
