//! Paths as written to paths as meant.

use crate::base::{ImagePath, Spanned, normalize};
use crate::diagnostic::codes::{INVALID_VALUE, PATH_ESCAPE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::model;
use crate::spec::Item;

/// The directory that the commands of `stage` run in: its own `workdir`, seen from the inherited one, or that;
/// `None` where only the base knows it.
pub(super) fn workdir(
    stage: &model::Stage,
    inherited: Option<ImagePath>,
    diagnostics: &mut Diagnostics,
) -> Result<Option<ImagePath>, Reported> {
    let own = stage.body.iter().find_map(|item| match item {
        Item::Workdir(workdir) => Some(&workdir.path),
        _ => None,
    });
    match own {
        Some(written) => in_image(written, inherited.as_ref(), diagnostics).map(|path| Some(path.value)),
        None => Ok(inherited),
    }
}

/// The path in the image that `written` names, a relative one seen from `workdir`.
pub(super) fn in_image(
    written: &Spanned<String>,
    workdir: Option<&ImagePath>,
    diagnostics: &mut Diagnostics,
) -> Result<Spanned<ImagePath>, Reported> {
    let root = ImagePath::root();
    let base = match workdir {
        Some(workdir) => workdir,
        None if written.value.starts_with('/') || written.value.is_empty() => &root,
        None => {
            let message =
                format!("`{}` is relative, and only the base knows the directory it is seen from", written.value);
            let diagnostic = Diagnostic::error(&INVALID_VALUE, written.span, message);
            return Err(diagnostics.error(diagnostic.hint("write it from `/`, or set `workdir`")));
        }
    };
    match ImagePath::resolve(&written.value, base) {
        Ok(path) => Ok(Spanned::new(path, written.span)),
        Err(invalid) => Err(diagnostics.error(Diagnostic::error(&INVALID_VALUE, written.span, invalid.0))),
    }
}

/// The path in the build context that `written` names, normalised; `.` for the context itself.
pub(super) fn in_context(
    written: &Spanned<String>,
    diagnostics: &mut Diagnostics,
) -> Result<Spanned<String>, Reported> {
    let text = &written.value;
    let problem = if text.is_empty() {
        Some((&INVALID_VALUE, "a path in the build context cannot be empty".to_owned()))
    } else if text.starts_with('/') {
        Some((&PATH_ESCAPE, format!("`{text}` is absolute, and the build context is all that can be read")))
    } else if text.contains(char::is_control) {
        Some((&INVALID_VALUE, format!("`{}` holds a control character", text.escape_debug())))
    } else {
        None
    };
    if let Some((code, message)) = problem {
        let mut diagnostic = Diagnostic::error(code, written.span, message);
        if text.starts_with('/') {
            diagnostic = diagnostic.hint(format!("write it from the context, as \"{}\"", text.trim_start_matches('/')));
        }
        return Err(diagnostics.error(diagnostic));
    }
    match normalize(text) {
        Some(path) if path.is_empty() => Ok(Spanned::new(".".to_owned(), written.span)),
        Some(path) => Ok(Spanned::new(path, written.span)),
        None => {
            let message = format!("`{text}` leaves the build context");
            let diagnostic = Diagnostic::error(&PATH_ESCAPE, written.span, message);
            Err(diagnostics.error(diagnostic.hint("`context \"DIR\"` sets another directory as the context")))
        }
    }
}
