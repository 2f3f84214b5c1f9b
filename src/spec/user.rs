//! `user`

use crate::base::{Owner, Span, Spanned};
use crate::diagnostic::codes::CONFLICT;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// The user the container runs as.
#[derive(Debug, Clone)]
pub struct User {
    /// The user, as it was written.
    pub owner: Spanned<Owner>,
    /// The number it is created with; without one the base has it.
    pub uid: Option<Spanned<u32>>,
    /// The number of its group; that of the user if none was written.
    pub gid: Option<Spanned<u32>>,
    /// Its home directory, which is then made.
    pub home: Option<Spanned<String>>,
    /// Its login shell.
    pub shell: Option<Spanned<String>>,
    /// The node's name.
    pub span: Span,
}

impl Decode for User {
    const SHAPE: &'static Shape = &Shape {
        name: "user",
        doc: "The user the container runs as. With `uid` it is created, with a group of its name; without, the base \
              has it, or it is a number.",
        args: Args::one("USER", Ty::Owner),
        props: &[
            Prop::optional("uid", Ty::Integer, "The number to create it with."),
            Prop::optional("gid", Ty::Integer, "The number of its group; `uid` without it."),
            Prop::optional("home", Ty::ImagePath, "Its home directory, which is made; without it there is none."),
            Prop::optional("shell", Ty::ImagePath, "Its login shell; `nologin` without it."),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "user \"app\" uid=10001",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let owner = fields.expect_arg::<Owner>();
        let uid = fields.opt::<u32>("uid");
        let gid = fields.opt::<u32>("gid");
        let home = fields.opt::<String>("home");
        let shell = fields.opt::<String>("shell");
        let user = Self { owner: owner?, uid: uid?, gid: gid?, home: home?, shell: shell?, span: fields.name_span() };
        let stray = [
            user.gid.as_ref().map(|v| v.span),
            user.home.as_ref().map(|v| v.span),
            user.shell.as_ref().map(|v| v.span),
        ];
        if user.uid.is_none()
            && let Some(span) = stray.into_iter().flatten().next()
        {
            let message = "this is about a user to create, and without `uid` none is";
            return Err(fields.error(Diagnostic::error(&CONFLICT, span, message).hint("add uid=…")));
        }
        let name = &user.owner.value;
        if user.uid.is_some()
            && (name.group.is_some() || name.user.bytes().all(|b| b.is_ascii_digit()) || name.is_root())
        {
            let message = "a user to create has a plain name: no number, no group, not root";
            return Err(fields.error(Diagnostic::error(&CONFLICT, user.owner.span, message)));
        }
        Ok(user)
    }
}
