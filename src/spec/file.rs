//! `file`

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID, MODE, OWNER};
use crate::base::{Mode, Owner, Span, Spanned};
use crate::diagnostic::Reported;
use crate::syntax::{Args, Decode, Fields, Merge, Shape, Ty};

/// A file whose content is in the spec.
#[derive(Debug, Clone)]
pub struct File {
    /// Where it goes, as it was written.
    pub path: Spanned<String>,
    /// What it holds, byte for byte.
    pub content: Spanned<String>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode.
    pub mode: Option<Spanned<Mode>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

impl Decode for File {
    const SHAPE: &'static Shape = &Shape {
        name: "file",
        doc: "Writes a file. The content is in the spec, byte for byte: a multi-line string ends without a line \
              break unless its last line is empty. The mode is 0644 unless `mode` says otherwise.",
        args: Args { label: "PATH TEXT", ty: Ty::Text, min: 2, max: 2 },
        props: &[OWNER, MODE, CHANGES, COST, ID, BEFORE, AFTER],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "file \"/etc/app.conf\" \"workers = 4\\n\" mode=\"0640\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let args = fields.args::<String>();
        let owner = fields.opt::<Owner>("owner");
        let mode = fields.opt::<Mode>("mode");
        let expected = Expected::decode(fields);
        let (owner, mode, expected) = (owner?, mode?, expected?);
        match <[Spanned<String>; 2]>::try_from(args) {
            Ok([path, content]) => Ok(Self { path, content, owner, mode, expected, span: fields.name_span() }),
            Err(_) => Err(fields.expect_failed()),
        }
    }
}
