//! `(replace)`, `(remove)`, `(unset)` and `(final)`: what a node says of the layers below it, or above.

use super::entry::{What, typed};
use super::{Entry, Identity, Node, Shape, Ty, Value};
use crate::base::Spanned;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{INVALID_ANNOTATION, UNKNOWN_ANNOTATION};

/// What the annotation of a node of a body says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Annotation {
    /// It stands in place of those below.
    Replace,
    /// Those that it names are gone.
    Remove,
    /// All of its kind are gone.
    Unset,
    /// No layer above may override or remove it.
    Final,
}

/// The property by which nodes of one kind and one argument are told apart, and its value where it is not written.
pub const DISTINGUISHING: (&str, &str) = ("protocol", "tcp");

impl Annotation {
    /// The words of the language, with what they mean.
    pub const WORDS: &'static [(&'static str, &'static str)] = &[
        (
            "replace",
            "It stands in place of what the layers below say: of all nodes of its kind for a set, of the step of its \
             `id`, of the whole stage of its name. Elsewhere it says no more than the node without it.",
        ),
        (
            "remove",
            "What it names is gone: elements of a set and keys of a map by argument (`(remove)apt \"curl\"`, \
             `(remove)env \"DEBUG\"`, `apt { (remove)repository \"pgdg\"; }`), a step by `id=`, a stage by name.",
        ),
        ("unset", "All nodes of its kind are gone: `(unset)healthcheck`."),
        ("final", "No layer above may override or remove it."),
    ];

    /// The annotation of `node`; none if it is another word.
    pub fn of(node: &Node) -> Option<Self> {
        match node.annotation.as_ref()?.value.as_str() {
            "replace" => Some(Self::Replace),
            "remove" => Some(Self::Remove),
            "unset" => Some(Self::Unset),
            "final" => Some(Self::Final),
            _ => None,
        }
    }

    /// The annotation of `node`, one of a body or of a block whose nodes merge; or what is wrong with it there.
    pub fn read(node: &Node, shape: &'static Shape) -> Result<Option<Self>, Box<Diagnostic>> {
        let Some(written) = &node.annotation else { return Ok(None) };
        let Some(annotation) = Annotation::of(node) else {
            let words = Annotation::WORDS.iter().map(|(word, _)| *word);
            let diagnostic = without_meaning(written).did_you_mean(&written.value, words);
            return Err(Box::new(diagnostic.or_hint(|| "remove it".to_owned())));
        };
        match annotation {
            Annotation::Replace if shape.identity() == Identity::Id => step(node, "replaces", written)?,
            Annotation::Replace | Annotation::Final => {}
            Annotation::Remove => removal(node, shape, written)?,
            Annotation::Unset => {
                let entry = node.args.first().map(|arg| arg.span);
                let prop = node.props.first().map(|prop| prop.name.span);
                if let Some(span) = entry.or(prop).or(node.children.as_ref().map(|_| node.name.span)) {
                    let message = format!("`(unset)` is about every `{}`, so nothing more is said of it", shape.name);
                    let diagnostic = Diagnostic::error(&INVALID_ANNOTATION, span, message);
                    return Err(Box::new(match shape.identity() {
                        Identity::Kind => diagnostic.hint(format!("write (unset){}", shape.name)),
                        _ => diagnostic.hint("`(remove)` is about those that are named"),
                    }));
                }
            }
        }
        Ok(Some(annotation))
    }

    /// Whether a node with it says nothing itself.
    pub fn only_removes(self) -> bool {
        matches!(self, Self::Remove | Self::Unset)
    }
}

/// That an annotation stands where none means anything.
pub(super) fn meaningless(annotation: &Spanned<String>) -> Diagnostic {
    without_meaning(annotation).hint("remove it")
}

fn without_meaning(annotation: &Spanned<String>) -> Diagnostic {
    let message = format!("the annotation `({})` means nothing here", annotation.value);
    Diagnostic::error(&UNKNOWN_ANNOTATION, annotation.span, message)
}

/// Whether the step `node` says which step it is about.
fn step(node: &Node, does: &str, written: &Spanned<String>) -> Result<(), Box<Diagnostic>> {
    let Some(id) = node.prop("id") else {
        let message = format!("the step does not say which one it {does}");
        return Err(Diagnostic::error(&INVALID_ANNOTATION, written.span, message).hint("add id=\"…\"").into());
    };
    typed(id, Ty::Text, What::Property("id"), Ty::Text.check(&id.value))
}

/// Whether a node with `(remove)` holds the names of what is removed, and nothing else.
fn removal(node: &Node, shape: &'static Shape, written: &Spanned<String>) -> Result<(), Box<Diagnostic>> {
    let name = shape.name;
    let identity = shape.identity();
    let invalid = |span, message: String| Diagnostic::error(&INVALID_ANNOTATION, span, message);
    if identity == Identity::Kind {
        let diagnostic = invalid(written.span, format!("there is one `{name}`, which `(remove)` need not name"));
        return Err(diagnostic.hint(format!("write (unset){name}")).into());
    }
    if node.children.is_some() {
        let diagnostic = invalid(node.name.span, format!("`(remove){name}` takes no block"));
        let child = shape.children.iter().find(|child| child.identity() == Identity::Key);
        return Err(Box::new(match (identity, child) {
            (Identity::Elements, Some(child)) => {
                let child = child.name;
                diagnostic.hint(format!("what a block holds is removed in one: {name} {{ (remove){child} \"…\"; }}"))
            }
            _ => diagnostic,
        }));
    }
    let tells_apart = |prop: &str| match identity {
        Identity::Id => prop == "id",
        Identity::Elements => prop == DISTINGUISHING.0 && shape.prop(prop).is_some(),
        _ => false,
    };
    if let Some(prop) = node.props.iter().find(|prop| !tells_apart(&prop.name.value)) {
        let property = &prop.name.value;
        let diagnostic = invalid(prop.name.span, format!("what is removed needs no `{property}`"));
        return Err(Box::new(match identity {
            Identity::Names => diagnostic.hint(format!("write (remove){name} \"{property}\"")),
            _ => diagnostic.hint("remove it"),
        }));
    }
    if identity == Identity::Id {
        step(node, "removes", written)?;
        let message = || "a step is removed by its `id`, and by nothing else".to_owned();
        return node.args.first().map_or(Ok(()), |arg| Err(invalid(arg.span, message()).hint("remove it").into()));
    }
    if node.args.is_empty() {
        let diagnostic = invalid(written.span, format!("it does not say which `{name}` is removed"));
        return Err(diagnostic.hint(format!("`(unset){name}` removes all")).into());
    }
    let ty = if identity == Identity::Elements { shape.args.ty } else { Ty::Text };
    let props = node.props.iter().map(|prop| &prop.entry);
    let annotated = node.args.iter().chain(props).find_map(|entry: &Entry| entry.annotation.as_ref());
    if let Some(annotation) = annotated {
        return Err(meaningless(annotation).into());
    }
    for arg in node.args.iter().filter(|arg| !is_expanded_later(&arg.value)) {
        typed(arg, ty, What::Argument(name), ty.check(&arg.value))?;
    }
    Ok(())
}

/// Whether it is a string with an expression in it, which is a value of another type later.
pub(super) fn is_expanded_later(value: &Value) -> bool {
    matches!(value, Value::String(text) if text.contains("${{"))
}
