//! The lock as KDL: what a lock that was edited by hand or merged says, and what is wrong with it.

use super::{Lock, Measured, Share, Touched, pin_nodes};
use crate::base::{Duration, ImageName, LOCK, Span, Spanned};
use crate::diagnostic::codes::INVALID_LOCK;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Node, Prop, Shape, Ty};
use std::collections::BTreeMap;

/// The lock that `nodes` are, which stand in a file that starts at `start`.
pub(super) fn decode(nodes: &[Node], start: Span, diagnostics: &mut Diagnostics) -> Result<Lock, Reported> {
    check_schema(nodes, start, diagnostics)?;
    let pins = pin_nodes::decode(nodes, diagnostics);
    let mut lock = Lock::default();
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    let mut failed = None;
    for node in nodes.iter().filter(|node| node.name() != Header::SHAPE.name && !pin_nodes::is_pin(node.name())) {
        match Image::decode_or_unknown(node, diagnostics) {
            Ok(Image { name, measured }) => {
                let name = Spanned::new(name.value.to_string(), name.span);
                if let Some(first) = places.insert(name.value.clone(), name.span) {
                    failed = Some(tell_twice("image", &name, first, diagnostics));
                }
                lock.images.insert(name.value, measured);
            }
            Err(reported) => failed = Some(reported),
        }
    }
    lock.pins = pins?;
    failed.map_or(Ok(lock), Err)
}

/// That the lock is one this version knows, before anything else of it is judged.
pub(super) fn check_schema(nodes: &[Node], start: Span, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let Some(header) = nodes.iter().find(|node| node.name() == Header::SHAPE.name) else {
        let message = format!("`{LOCK}` does not say its schema");
        let hint = format!("its first line is `lock schema={}`", Lock::SCHEMA);
        return Err(diagnostics.error(Diagnostic::error(&INVALID_LOCK, start, message).hint(hint)));
    };
    let schema = Header::decode(header, diagnostics)?.0;
    if schema.value == Lock::SCHEMA {
        return Ok(());
    }
    let message = format!("the lock has schema {}, and this imgspec knows {}", schema.value, Lock::SCHEMA);
    let hint = "use the imgspec that wrote it, or a newer one";
    Err(diagnostics.error(Diagnostic::error(&INVALID_LOCK, schema.span, message).hint(hint)))
}

fn tell_twice(what: &str, name: &Spanned<String>, first: Span, diagnostics: &mut Diagnostics) -> Reported {
    let message = format!("the {what} `{}` stands here twice", name.value);
    let diagnostic = Diagnostic::error(&INVALID_LOCK, name.span, message).also(first, "the first time");
    diagnostics.error(diagnostic.hint("remove one of them"))
}

struct Header(Spanned<u32>);

impl Decode for Header {
    const SHAPE: &'static Shape = &Shape {
        name: "lock",
        doc: "The form of the lock.",
        args: Args::NONE,
        props: &[Prop::required("schema", Ty::Integer, "Its number.")],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "lock schema=1",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect("schema")?))
    }
}

struct Image {
    name: Spanned<ImageName>,
    measured: Measured,
}

impl Image {
    fn decode_or_unknown(node: &Node, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        if node.name() == Self::SHAPE.name {
            return Self::decode(node, diagnostics);
        }
        let message = format!("a lock has no node `{}`", node.name());
        Err(diagnostics.error(Diagnostic::error(&INVALID_LOCK, node.name.span, message).hint("remove it")))
    }
}

impl Decode for Image {
    const SHAPE: &'static Shape = &Shape {
        name: "image",
        doc: "What was measured of an image.",
        args: Args::one("NAME", Ty::ImageName),
        props: &[],
        free_props: None,
        children: &[Cost::SHAPE, History::SHAPE],
        merge: Merge::Map,
        example: "image \"cart\" {\n    history \"src\" changed=0.41\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = fields.expect_arg::<ImageName>();
        let costs = fields.decode_children::<Cost>();
        let history = fields.decode_children::<History>();
        let name = name?;
        let mut measured = Measured::default();
        let mut places: BTreeMap<Vec<String>, Span> = BTreeMap::new();
        for Cost { key, cost } in costs {
            if let Some(first) = places.insert(vec![key.value.clone()], key.span) {
                let reported = tell_twice("step", &key, first, fields.diagnostics());
                fields.note::<()>(Err(reported));
            }
            measured.costs.insert(key.value, cost);
        }
        let mut places: BTreeMap<Vec<String>, Span> = BTreeMap::new();
        let mut sum = 0;
        for History { touched, at, share_at } in history {
            let paths: Vec<String> = touched.paths.iter().cloned().collect();
            let shown = Spanned::new(paths.join("`, `"), at);
            if let Some(first) = places.insert(paths, at) {
                let reported = tell_twice("set", &shown, first, fields.diagnostics());
                fields.note::<()>(Err(reported));
            }
            let before = sum;
            sum += u32::from(touched.share.0);
            let whole = u32::from(Share::WHOLE.0);
            if sum > whole && before <= whole {
                let message = format!("the shares of `{}` come to more than 1 here", name.value);
                let hint = "no build is in two of the sets: measure again, with `imgspec lock --history --update`";
                fields.error(Diagnostic::error(&INVALID_LOCK, share_at, message).hint(hint));
            }
            measured.history.push(touched);
        }
        measured.history.sort();
        Ok(Self { name, measured })
    }
}

struct Cost {
    key: Spanned<String>,
    cost: Duration,
}

impl Decode for Cost {
    const SHAPE: &'static Shape = &Shape {
        name: "cost",
        doc: "How long a step took to execute: the step's key, and the time.",
        args: Args { label: "STEP TIME", ty: Ty::Text, min: 2, max: 2 },
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Map,
        example: "cost \"build: run npm ci\" \"38s\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let [key, time] =
            <[Spanned<String>; 2]>::try_from(fields.args::<String>()).map_err(|_| fields.expect_failed())?;
        let cost = fields.parse(&time, Duration::parse)?.value;
        Ok(Self { key, cost })
    }
}

struct History {
    touched: Touched,
    at: Span,
    share_at: Span,
}

impl Decode for History {
    const SHAPE: &'static Shape = &Shape {
        name: "history",
        doc: "In what part of the image's builds just these paths changed together.",
        args: Args::some("PATH", Ty::ContextPath),
        props: &[Prop::required("changed", Ty::Share, "The part of the builds.")],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "history \"package.json\" \"src\" changed=0.03",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let share = fields.expect::<Share>("changed");
        let paths = fields.args::<String>();
        let at = paths.first().map_or(fields.name_span(), |path| path.span);
        let mut touched = Touched { paths: Default::default(), share: Share::default() };
        for path in paths {
            if !touched.paths.insert(path.value.clone()) {
                let message = format!("the path `{}` is in the set twice", path.value);
                fields.error(Diagnostic::error(&INVALID_LOCK, path.span, message).hint("remove one of them"));
            }
        }
        let share = share?;
        Ok(Self { touched: Touched { share: share.value, ..touched }, at, share_at: share.span })
    }
}
