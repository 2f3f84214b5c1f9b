//! `set`

use crate::base::{ParamName, Spanned};
use crate::diagnostic::codes::{CONFLICT, DUPLICATE_PROPERTY, MISSING_PROPERTY};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Entry, Fields, Merge, Node, Shape, Ty};

/// The value of one parameter.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The parameter's name.
    pub name: Spanned<ParamName>,
    /// What it is set to: one entry unless it is a list.
    pub values: Vec<Entry>,
    /// Whether it was written as a list.
    pub is_list: bool,
}

/// The settings of one node.
#[derive(Debug, Clone)]
pub struct Set {
    /// The settings, properties before lists, each name once.
    pub settings: Vec<Setting>,
}

impl Set {
    /// What the node looks like, without its block: the nodes there are named after parameters.
    pub const SHAPE: &'static Shape = &Shape {
        name: "set",
        doc: "Sets parameters: `NAME=value`, or `NAME \"a\" \"b\"` in its block for a list.",
        args: Args::NONE,
        props: &[],
        free_props: Some(("NAME", Ty::Any)),
        children: &[],
        merge: Merge::Map,
        example: "set port=8081 module=\"cart\"",
    };

    /// The settings of `node`, telling every mistake in it.
    pub fn decode(node: &Node, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let head = Node { children: None, ..node.clone() };
        let mut fields = Fields::new(&head, Self::SHAPE, diagnostics);
        let mut settings = Vec::new();
        for prop in &node.props {
            if let Ok(name) = fields.parse(&prop.name, ParamName::parse) {
                settings.push(Setting { name, values: vec![prop.entry.clone()], is_list: false });
            }
        }
        for child in node.children() {
            settings.extend(decode_list(child, &mut fields));
        }
        // Properties were compared with each other when the node was looked at as a whole.
        for (index, list) in settings.iter().enumerate().filter(|(_, setting)| setting.is_list) {
            let name = &list.name;
            if let Some(earlier) = settings[..index].iter().find(|earlier| earlier.name.value == name.value) {
                let message = format!("`{}` is set twice on one `set`", name.value);
                let diagnostic = Diagnostic::error(&DUPLICATE_PROPERTY, name.span, message);
                fields.error(diagnostic.also(earlier.name.span, "first here").hint("keep one"));
            }
        }
        if settings.is_empty() {
            let hint = format!("as in: {}", Self::SHAPE.example);
            return Err(fields.fail_with(&MISSING_PROPERTY, "`set` names no parameter".to_owned(), hint));
        }
        fields.finish()?;
        Ok(Self { settings })
    }
}

/// A node in the block of `set`: the parameter's name and the elements of its list.
fn decode_list(node: &Node, fields: &mut Fields<'_>) -> Result<Setting, Reported> {
    let name = fields.parse(&node.name, ParamName::parse)?;
    let annotations = node.args.iter().map(|arg| arg.annotation.as_deref()).chain([node.annotation.as_deref()]);
    let annotation = annotations.flatten().next().map(|annotation| annotation.span);
    let prop = node.props.first().map(|prop| prop.name.span);
    let block = node.children.as_ref().map(|_| node.name.span);
    if let Some(span) = annotation.or(prop).or(block) {
        let message = format!("`{}` is set to a list, and this is no element of one", name.value);
        let diagnostic = Diagnostic::error(&CONFLICT, span, message);
        return Err(fields.error(diagnostic.hint(format!("as in: set {{ {} \"a\" \"b\"; }}", name.value))));
    }
    Ok(Setting { name, values: node.args.clone(), is_list: true })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;
    use crate::syntax::parse;

    fn shown(settings: &[Setting]) -> String {
        let setting = |setting: &Setting| {
            let values: Vec<_> = setting.values.iter().map(Entry::written).collect();
            let values = values.join(" ");
            if setting.is_list {
                format!("{}: {values}", setting.name.value)
            } else {
                format!("{}={values}", setting.name.value)
            }
        };
        settings.iter().map(setting).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn check(text: &str, expected: Result<&str, &[&str]>) {
        let mut diagnostics = Diagnostics::new();
        let nodes = parse(FileId(0), text, &mut diagnostics).expect("KDL");
        let set = Set::decode(&nodes[0], &mut diagnostics);
        let told: Vec<String> =
            diagnostics.into_sorted().into_iter().map(|d| format!("{}: {}", d.code.name, d.message)).collect();
        match (set, expected) {
            (Ok(set), Ok(expected)) => assert_eq!((shown(&set.settings).as_str(), told), (expected, vec![]), "{text}"),
            (Err(_), Err(expected)) => assert_eq!(told, expected, "{text}"),
            (set, _) => panic!("{text}: {set:?} {told:?}"),
        }
    }

    #[test]
    fn settings() {
        check("set module=\"cart\" port=8081", Ok("module=\"cart\"; port=8081"));
        check(
            "set debug=#true { hosts \"a\" \"b\"; none; }",
            Err(&["invalid-value: `none` cannot name a parameter: it is a word of expressions"]),
        );
        check("set debug=#true { hosts \"a\" \"b\"; empty; }", Ok("debug=#true; hosts: \"a\" \"b\"; empty: "));
        check("set", Err(&["missing-property: `set` names no parameter"]));
        check("set \"a\"", Err(&["unexpected-argument: `set` takes no argument"]));
        check("set a=1 a=2", Err(&["duplicate-property: `a` is set twice on one `set`"]));
        check("set a=1 { a \"b\"; }", Err(&["duplicate-property: `a` is set twice on one `set`"]));
        check("set { a \"b\"; a \"c\"; }", Err(&["duplicate-property: `a` is set twice on one `set`"]));
        check("set { a b=1; }", Err(&["conflict: `a` is set to a list, and this is no element of one"]));
        check("set { a { b; }; }", Err(&["conflict: `a` is set to a list, and this is no element of one"]));
        check(
            "set a-b=1",
            Err(&["invalid-value: `a-b` cannot name a parameter: it has letters, digits and `_`, the first no digit"]),
        );
        check("set image=\"x\"", Err(&["invalid-value: `image` cannot name a parameter: each image has that name"]));
        check("set a=(u8)1", Err(&["unknown-annotation: the annotation `(u8)` means nothing here"]));
    }
}
