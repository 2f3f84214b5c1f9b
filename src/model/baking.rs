//! What images say for the bake file, across images: one tag names one image, a group is no image, and a context is a
//! directory for bake too.

use super::Plan;
use crate::base::{GroupName, ImageName, ImageRef, Span, Spanned};
use crate::diagnostic::codes::{DUPLICATE_NAME, DUPLICATE_TAG, INVALID_VALUE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use std::collections::BTreeMap;

/// What an image says for the bake file that others may say too.
#[derive(Debug, Clone)]
pub struct Bakes {
    pub(super) name: Spanned<ImageName>,
    pub(super) context: String,
    pub(super) tags: Vec<Spanned<ImageRef>>,
    pub(super) groups: Vec<Spanned<GroupName>>,
}

impl Plan {
    /// Tells where what images say for the bake file does not fit together.
    pub fn check_bakes(&self, images: &[Bakes], diagnostics: &mut Diagnostics) {
        let mut tags: BTreeMap<String, (usize, Span)> = BTreeMap::new();
        for (at, image) in images.iter().enumerate() {
            for tag in &image.tags {
                let (first, place) = *tags.entry(canonical(&tag.value)).or_insert((at, tag.span));
                if first != at {
                    let other = &images[first].name.value;
                    let message = format!("`{}` and `{other}` both get the tag `{}`", image.name.value, tag.value);
                    let diagnostic = Diagnostic::error(&DUPLICATE_TAG, tag.span, message);
                    // Both may have it from one line of a template.
                    diagnostics.error(match place == tag.span {
                        true => diagnostic.hint("name it after the image, as in tags \"shop/${{ image }}:1.2\""),
                        false => diagnostic.also(place, "the other"),
                    });
                }
            }
            for group in &image.groups {
                let named = ImageName::parse(group.value.as_str()).ok().and_then(|name| self.by_name.get(&name));
                if let Some(at) = named {
                    let place = self.units[*at].name.span;
                    let message = format!("`{}` is an image, and no group can have its name", group.value);
                    diagnostics.error(Diagnostic::error(&DUPLICATE_NAME, group.span, message).also(place, "the image"));
                }
            }
            let bake = self.workspace.as_ref().and_then(|workspace| workspace.bake.as_ref());
            if let Some(bake) = bake.filter(|_| is_remote(&image.context)) {
                let message = format!("bake does not take the build context `{}` for a directory", image.context);
                let diagnostic = Diagnostic::error(&INVALID_VALUE, image.name.span, message);
                let hint =
                    "its name looks like the address of a repository, or like standard input; rename the directory";
                diagnostics.error(diagnostic.also(bake.span, "the bake file").hint(hint));
            }
        }
    }
}

/// The tag as Docker reads it, with the registry and the first part of the name that it may leave out.
fn canonical(tag: &ImageRef) -> String {
    let name = tag.name();
    let name = ["docker.io/", "index.docker.io/"].iter().find_map(|domain| name.strip_prefix(domain)).unwrap_or(name);
    format!("{}:{}", name.strip_prefix("library/").unwrap_or(name), tag.tag().unwrap_or("latest"))
}

/// Whether bake takes the path `context` for something else than a directory, measured with buildx 0.29: `./` before it
/// does not help.
pub(super) fn is_remote(context: &str) -> bool {
    let is_word = |text: &str, more: &str| {
        !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || more.as_bytes().contains(&b))
    };
    let is_address = context.split_once('@').is_some_and(|(user, rest)| {
        is_word(user, "-_") && rest.split_once(':').is_some_and(|(host, _)| is_word(host, "-."))
    });
    context == "-" || context.starts_with("github.com/") || is_address
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags() {
        let check = |one: &str, other: &str, same: bool| {
            let canonical = |text| canonical(&ImageRef::parse(text).expect(text));
            assert_eq!(canonical(one) == canonical(other), same, "{one} {other}");
        };
        check("cart:1", "docker.io/library/cart:1", true);
        check("cart:1", "library/cart:1", true);
        check("shop/cart:1", "index.docker.io/shop/cart:1", true);
        check("cart:1", "cart:2", false);
        check("ghcr.io/library/cart:1", "ghcr.io/cart:1", false);
        check("localhost/cart:1", "cart:1", false);
    }

    #[test]
    fn contexts() {
        for (context, remote) in [
            ("-", true),
            ("github.com/acme", true),
            ("git@example.com:cart", true),
            ("", false),
            ("services/cart", false),
            ("a@b/c", false),
            ("github.com", false),
            ("http:/x", false),
            ("cart.git", false),
        ] {
            assert_eq!(is_remote(context), remote, "{context}");
        }
    }
}
