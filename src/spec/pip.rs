//! `pip`

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID};
use crate::base::{Span, Spanned};
use crate::diagnostic::Reported;
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// Python packages of requirements files.
#[derive(Debug, Clone)]
pub struct Pip {
    /// The requirements files, paths of the build context.
    pub requirements: Vec<Spanned<String>>,
    /// The virtual environment they go into, as it was written.
    pub into: Option<Spanned<String>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

impl Decode for Pip {
    const SHAPE: &'static Shape = &Shape {
        name: "pip",
        doc: "Installs the packages of requirements files, and those that they include. The files are mounted for \
              the installation alone, so only a change of them runs it again. Where they have hashes, every package \
              must have one.",
        args: Args::some("REQUIREMENTS", Ty::ContextPath),
        props: &[
            Prop::optional("into", Ty::ImagePath, "A virtual environment to make and to install into."),
            CHANGES,
            COST,
            ID,
            BEFORE,
            AFTER,
        ],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "pip \"requirements.txt\" into=\"/venv\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let requirements = fields.args::<String>();
        let into = fields.opt::<String>("into");
        let expected = Expected::decode(fields);
        Ok(Self { requirements, into: into?, expected: expected?, span: fields.name_span() })
    }
}
