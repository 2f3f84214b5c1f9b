//! Where a node belongs that stands at another place.

use super::{FILE_NODES, IMAGE_NODES, STAGE_NODES};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::UNKNOWN_NODE;
use crate::syntax::Shape;

/// `diagnostic`, with where its node belongs if it tells of one that the language has at another place.
pub fn placed(diagnostic: Diagnostic) -> Diagnostic {
    if diagnostic.code.name != UNKNOWN_NODE.name {
        return diagnostic;
    }
    // The message ends with the node's name.
    let Some(name) = diagnostic.message.rsplit('`').nth(1) else { return diagnostic };
    match belongs(name) {
        Some(hint) => Diagnostic { hints: vec![hint], ..diagnostic },
        None => diagnostic,
    }
}

/// Where the language has a node called `name`, as far out as it has one.
fn belongs(name: &str) -> Option<String> {
    let has = |shapes: &[&'static Shape]| shapes.iter().any(|shape| shape.name == name);
    if has(FILE_NODES) {
        return Some(format!("`{name}` belongs at the top of a file"));
    }
    if has(STAGE_NODES) {
        return Some(format!("`{name}` belongs into the body of an image, a template or a stage"));
    }
    if has(IMAGE_NODES) {
        return Some(format!("`{name}` belongs into the body of an image or a template"));
    }
    let mut around: Vec<&'static Shape> = FILE_NODES.to_vec();
    while !around.is_empty() {
        let mut holders: Vec<String> = Vec::new();
        for shape in around.iter().filter(|shape| shape.child(name).is_some()) {
            let holder = format!("`{}`", shape.name);
            if !holders.contains(&holder) {
                holders.push(holder);
            }
        }
        match holders.split_last() {
            None => {}
            Some((only, [])) => return Some(format!("`{name}` belongs into {only}")),
            Some((last, others)) => return Some(format!("`{name}` belongs into {} or {last}", others.join(", "))),
        }
        let mut inner: Vec<&'static Shape> = Vec::new();
        for shape in around.iter().flat_map(|shape| shape.children) {
            // Bodies hold the same shapes.
            if !inner.iter().any(|known| std::ptr::eq(*known, *shape)) {
                inner.push(shape);
            }
        }
        around = inner;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        let check = |name: &str, expected: Option<&str>| assert_eq!(belongs(name).as_deref(), expected, "{name}");
        check("param", Some("`param` belongs into `template` or `mixin`"));
        check("use", Some("`use` belongs into `rule`, `template` or `image`"));
        check("members", Some("`members` belongs into `workspace`"));
        check("mixin", Some("`mixin` belongs at the top of a file"));
        check("sh", Some("`sh` belongs into `run`"));
        check("from", Some("`from` belongs into the body of an image, a template or a stage"));
        check("platforms", Some("`platforms` belongs into the body of an image or a template"));
        check("form", None);
    }
}
