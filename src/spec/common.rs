//! Properties that several nodes share.

use super::Changes;
use crate::syntax::{Prop, Ty};

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
