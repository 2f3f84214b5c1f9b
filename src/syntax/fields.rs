//! Reading a node's arguments and properties by its shape.

use super::entry::{What, typed};
use super::{Entry, FromValue, Merge, Node, Shape, Ty};
use crate::base::{Span, Spanned};
use crate::diagnostic::codes::INVALID_VALUE;
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
    pub(super) shape: &'static Shape,
    pub(super) diagnostics: &'a mut Diagnostics,
    pub(super) failed: Option<Reported>,
}

impl<'a> Fields<'a> {
    /// Starts decoding `node` and tells what `shape` does not allow: unknown, doubled and missing properties,
    /// too few or too many arguments, a block or child where none belongs, a child twice that can count once.
    pub fn new(node: &'a Node, shape: &'static Shape, diagnostics: &'a mut Diagnostics) -> Self {
        let mut fields = Self { node, shape, diagnostics, failed: None };
        fields.check_annotation();
        fields.check();
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
            .filter_map(|entry| self.value(entry, args.ty, What::Argument(self.shape.name)).ok())
            .collect()
    }

    /// The first argument, if there is one.
    pub fn arg<T: FromValue>(&mut self) -> Result<Option<Spanned<T>>, Reported> {
        let args = self.shape.args;
        debug_assert!(T::reads(args.ty), "the argument of `{}` is read as another type", self.shape.name);
        let Some(entry) = self.node.args.first().filter(|_| args.max > 0) else { return Ok(None) };
        self.value(entry, args.ty, What::Argument(self.shape.name)).map(Some)
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
            Some(entry) => self.value(entry, prop.ty, What::Property(name)).map(Some),
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
                let value = self.value(&prop.entry, ty, What::Property(&prop.name.value)).ok()?;
                Some((prop.name.clone(), value))
            })
            .collect()
    }

    /// The children of type `T`, decoded, in order; those with mistakes are told and left out.
    pub fn decode_children<T: Decode>(&mut self) -> Vec<T> {
        debug_assert!(self.shape.child(T::SHAPE.name).is_some(), "no `{}` in `{}`", T::SHAPE.name, self.shape.name);
        let nodes = self.node.children().iter().filter(|child| child.name() == T::SHAPE.name);
        let decoded = nodes.map(|node| T::decode(node, self.diagnostics));
        let mut failed = None;
        let values = decoded.filter_map(|value| value.map_err(|reported| failed = Some(reported)).ok()).collect();
        self.failed = self.failed.or(failed);
        values
    }

    /// The child of type `T`, if there is one; the first, if a second was told.
    pub fn decode_child<T: Decode>(&mut self) -> Option<T> {
        debug_assert_eq!(T::SHAPE.merge, Merge::Scalar, "of `{}` there may be more than one", T::SHAPE.name);
        self.decode_children().into_iter().next()
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

    fn value<T: FromValue>(&mut self, entry: &Entry, ty: Ty, what: What<'_>) -> Result<Spanned<T>, Reported> {
        match typed(entry, ty, what, T::from_value(&entry.value)) {
            Ok(value) => Ok(Spanned::new(value, entry.span)),
            Err(diagnostic) => Err(self.error(*diagnostic)),
        }
    }
}
