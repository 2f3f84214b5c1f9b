//! `raw`

use super::common::{AFTER, BEFORE, ID};
use crate::base::{Span, Spanned};
use crate::diagnostic::Reported;
use crate::syntax::{Args, Decode, Fields, Merge, Shape, Ty};

/// One Dockerfile instruction, verbatim.
#[derive(Debug, Clone)]
pub struct Raw {
    /// The instruction.
    pub text: Spanned<String>,
    /// The node's name.
    pub span: Span,
}

impl Decode for Raw {
    const SHAPE: &'static Shape = &Shape {
        name: "raw",
        doc: "One Dockerfile instruction, verbatim. It stays between the steps written above and below it.",
        args: Args::one("INSTRUCTION", Ty::Text),
        props: &[ID, BEFORE, AFTER],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "raw \"ONBUILD RUN make\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self { text: fields.expect_arg()?, span: fields.name_span() })
    }
}
