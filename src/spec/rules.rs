//! `rules`

use crate::base::Spanned;
use crate::diagnostic::codes::MISSING_REASON;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// How loud a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Not told.
    Allow,
    /// Told.
    Warn,
    /// Nothing is written.
    Deny,
}

/// A setting of one rule.
#[derive(Debug, Clone)]
pub struct RuleSetting {
    /// The rule's name.
    pub rule: Spanned<String>,
    /// How loud it is to be.
    pub level: Level,
    /// Why, for an `allow`.
    pub reason: Option<String>,
    /// Whether it stands in the workspace, where it speaks for all images.
    pub shared: bool,
}

/// Settings of rules.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// The settings, in order; of two for one rule the last counts.
    pub settings: Vec<RuleSetting>,
}

const REASON: &[Prop] = &[Prop::optional("reason", Ty::Text, "Why.")];

const DENY: &Shape = &Shape {
    name: "deny",
    doc: "What these rules find is an error.",
    args: Args::some("RULE", Ty::Text),
    props: REASON,
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "deny \"root-at-runtime\"",
};

const WARN: &Shape = &Shape {
    name: "warn",
    doc: "What these rules find is told, and no more.",
    args: Args::some("RULE", Ty::Text),
    props: REASON,
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "warn \"run-without-reads\"",
};

const ALLOW: &Shape = &Shape {
    name: "allow",
    doc: "What these rules find is accepted, for a reason.",
    args: Args::some("RULE", Ty::Text),
    props: REASON,
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "allow \"unpinned-package\" reason=\"the base is rebuilt each night\"",
};

impl Decode for Rules {
    const SHAPE: &'static Shape = &Shape {
        name: "rules",
        doc: "How loud rules are, in the workspace, an image or a stage; the innermost wins.",
        args: Args::NONE,
        props: &[],
        free_props: None,
        children: &[DENY, WARN, ALLOW],
        merge: Merge::Map,
        example: "rules {\n    allow \"root-at-runtime\" reason=\"it binds a port below 1024\"\n}",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let mut settings = Vec::new();
        for child in fields.known_children() {
            let (level, shape) = match child.name() {
                "deny" => (Level::Deny, DENY),
                "warn" => (Level::Warn, WARN),
                _ => (Level::Allow, ALLOW),
            };
            let mut inner = Fields::new(child, shape, fields.diagnostics());
            let rules = inner.args::<String>();
            let reason = inner.opt::<String>("reason").ok().flatten().filter(|reason| !reason.value.trim().is_empty());
            if level == Level::Allow && reason.is_none() {
                let diagnostic = Diagnostic::error(&MISSING_REASON, child.name.span, "an `allow` says why");
                inner.error(diagnostic.hint("add reason=\"…\""));
            }
            let reason = reason.map(|reason| reason.value);
            let setting = |rule| RuleSetting { rule, level, reason: reason.clone(), shared: false };
            settings.extend(rules.into_iter().map(setting));
            let finished = inner.finish();
            fields.note(finished);
        }
        Ok(Self { settings })
    }
}
