//! Properties that several nodes share.

use super::Changes;
use crate::base::Duration;
use crate::diagnostic::Reported;
use crate::syntax::{Fields, Prop, Ty};

/// What a node says of the rebuilds of its step, which decides its place in the order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Expected {
    /// How often its inputs change.
    pub changes: Option<Changes>,
    /// How long it takes to execute.
    pub cost: Option<Duration>,
}

impl Expected {
    /// Reads `changes=` and `cost=`.
    pub(super) fn decode(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let changes = fields.opt::<Changes>("changes");
        let cost = fields.opt::<Duration>("cost");
        Ok(Self { changes: changes?.map(|changes| changes.value), cost: cost?.map(|cost| cost.value) })
    }
}

/// `owner=`
pub(super) const OWNER: Prop =
    Prop::optional("owner", Ty::Owner, "Who owns it: a user of the stage or its base, or numbers `\"uid:gid\"`.");

/// `mode=`
pub(super) const MODE: Prop = Prop::optional("mode", Ty::Mode, "Its permission bits.");

/// `changes=`
pub(super) const CHANGES: Prop = Prop::optional(
    "changes",
    Ty::OneOf(Changes::WORDS),
    "How often its inputs change; decides its place in the order. Without it the kind of node does.",
);

/// `cost=`
pub(super) const COST: Prop = Prop::optional(
    "cost",
    Ty::Duration,
    "How long the step takes to execute; decides its place in the order. Without it the lock's measurement does, or the \
     kind of node.",
);

/// `id=`
pub(super) const ID: Prop = Prop::optional(
    "id",
    Ty::Text,
    "What the step is known by in its stage; layers above replace and remove it by that.",
);

/// `before=`
pub(super) const BEFORE: Prop =
    Prop::optional("before", Ty::Text, "The `id` of the step that it is to stand right before, as if written there.");

/// `after=`
pub(super) const AFTER: Prop =
    Prop::optional("after", Ty::Text, "The `id` of the step that it is to stand right behind, as if written there.");
