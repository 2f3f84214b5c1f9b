//! What ties images to each other, and cannot be seen in one alone: images of the workspace that it is built from, in no
//! ring; tags, each of one image; groups, none named as an image is; a build context that bake too takes for a directory.

use super::rings::{cycle, rings};
use super::{Image, Plan, Stage};
use crate::base::{FileId, GroupName, ImageName, ImageRef, Span, Spanned};
use crate::diagnostic::codes::{DUPLICATE_NAME, DUPLICATE_TAG, INVALID_VALUE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::spec::{Baking, Base, Item};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Of how many images with one tag the places are told.
const OTHERS: usize = 3;

/// What ties an image to others.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Ties {
    name: Spanned<ImageName>,
    context: String,
    tags: Vec<Spanned<ImageRef>>,
    groups: Vec<Spanned<GroupName>>,
    /// The images of the workspace that it is built from.
    bases: Vec<Spanned<ImageName>>,
}

impl Ties {
    /// What ties `image` to others, if anything does.
    pub fn of(image: &Image) -> Option<Self> {
        let Baking { tags, groups, .. } = &image.baking;
        let bases = image.built_from();
        let is_free = tags.is_empty() && groups.is_empty() && bases.is_empty() && !is_remote(&image.context);
        let (name, context) = (image.name.clone(), image.context.clone());
        (!is_free).then(|| Self { name, context, tags: tags.clone(), groups: groups.clone(), bases })
    }

    /// The same in another session, where `file` says which number a file has; nothing if it has none.
    pub fn renumbered(mut self, file: impl Fn(FileId) -> Option<FileId>) -> Option<Self> {
        let spans = [&mut self.name.span].into_iter();
        let spans = spans.chain(self.tags.iter_mut().map(|tag| &mut tag.span));
        let spans = spans.chain(self.groups.iter_mut().map(|group| &mut group.span));
        for span in spans.chain(self.bases.iter_mut().map(|base| &mut base.span)) {
            span.file = file(span.file)?;
        }
        Some(self)
    }
}

/// The image of the workspace that a stage starts from.
pub(super) fn base_image(stage: &Stage) -> Option<Spanned<ImageName>> {
    match &stage.from.base.value {
        Base::Image(name) => Some(Spanned::new(name.clone(), stage.from.base.span)),
        Base::Scratch | Base::Registry(_) | Base::Stage(_) => None,
    }
}

impl Image {
    /// The images of the workspace that it is built from: those its stages start from, and those they copy from.
    pub fn built_from(&self) -> Vec<Spanned<ImageName>> {
        let mut bases: Vec<_> = self.stages.iter().filter_map(base_image).collect();
        for item in self.stages.iter().flat_map(|stage| &stage.body) {
            // Any that is no sibling is one of a registry.
            if let Item::Copy(copy) = item
                && let Some(copied) = &copy.image
                && let Some(name) = self.sibling(&copied.value)
            {
                bases.push(Spanned::new(name.clone(), copied.span));
            }
        }
        bases
    }
}

impl Plan {
    /// Tells where images do not fit together.
    pub fn check_ties(&self, images: &[Ties], diagnostics: &mut Diagnostics) {
        self.check_rings(images, diagnostics);
        self.check_tags(images, diagnostics);
        for image in images {
            let mut tell = |diagnostic: Diagnostic| {
                diagnostics.error(Diagnostic { images: vec![image.name.value.as_str().into()], ..diagnostic });
            };
            for group in &image.groups {
                let named = ImageName::parse(group.value.as_str()).ok().and_then(|name| self.by_name.get(&name));
                if let Some(at) = named {
                    let place = self.units[*at].name.span;
                    let message = format!("`{}` is an image, and no group can have its name", group.value);
                    tell(Diagnostic::error(&DUPLICATE_NAME, group.span, message).also(place, "the image"));
                }
            }
            let bake = self.workspace.as_ref().and_then(|workspace| workspace.bake.as_ref());
            if let Some(bake) = bake.filter(|_| is_remote(&image.context)) {
                let message = format!("bake does not take the build context `{}` for a directory", image.context);
                let diagnostic = Diagnostic::error(&INVALID_VALUE, image.name.span, message);
                let hint =
                    "its name looks like the address of a repository, or like standard input; rename the directory";
                tell(diagnostic.also(bake.span, "the bake file").hint(hint));
            }
        }
    }

    /// Tells tags that several images get, once a tag.
    fn check_tags(&self, images: &[Ties], diagnostics: &mut Diagnostics) {
        let mut tags: BTreeMap<String, Vec<(&Ties, &Spanned<ImageRef>)>> = BTreeMap::new();
        for image in images {
            for tag in &image.tags {
                let known = tags.entry(canonical(&tag.value)).or_default();
                if known.last().is_none_or(|(last, _)| !std::ptr::eq(*last, image)) {
                    known.push((image, tag));
                }
            }
        }
        for same in tags.values() {
            let [(first, one), .., (last, tag)] = same.as_slice() else { continue };
            let who = match same.len() {
                2 => format!("`{}` and `{}` both", last.name.value, first.name.value),
                count => format!("{count} images"),
            };
            let message = format!("{who} get the tag `{}`", tag.value);
            let mut diagnostic = Diagnostic::error(&DUPLICATE_TAG, tag.span, message);
            // All may have it from one line of a template.
            if one.span == tag.span {
                diagnostic = diagnostic.hint("name it after the image, as in tags \"shop/${{ image }}:1.2\"");
            }
            let mut places = vec![tag.span];
            for (_, other) in same.iter().take(OTHERS) {
                if !places.contains(&other.span) {
                    places.push(other.span);
                    diagnostic = diagnostic.also(other.span, if same.len() == 2 { "the other" } else { "another" });
                }
            }
            diagnostic.images = same.iter().map(|(image, _)| image.name.value.as_str().into()).collect();
            diagnostics.error(diagnostic);
        }
    }

    /// Tells images that are built from each other in a ring, once a ring, with all of it.
    fn check_rings(&self, images: &[Ties], diagnostics: &mut Diagnostics) {
        let mut bases: BTreeMap<usize, Vec<Spanned<ImageName>>> = BTreeMap::new();
        let at = |name: &ImageName| self.by_name.get(name).copied();
        for image in images.iter().filter(|image| !image.bases.is_empty()) {
            bases.extend(at(&image.name.value).map(|at| (at, image.bases.clone())));
        }
        // Others that those are built from were not looked at.
        let mut pending: Vec<usize> = bases.keys().copied().collect();
        while let Some(image) = pending.pop() {
            let next = bases.get(&image).into_iter().flatten().filter_map(|base| at(&base.value));
            let unknown: Vec<usize> = next.filter(|base| !bases.contains_key(base)).collect();
            for base in unknown {
                let image = self.resolve(&self.units[base], &mut Diagnostics::new());
                bases.insert(base, image.as_ref().map(Image::built_from).unwrap_or_default());
                pending.push(base);
            }
        }
        let places: Vec<usize> = bases.keys().copied().collect();
        let edge = |base: &Spanned<ImageName>| Some((places.binary_search(&at(&base.value)?).ok()?, base.span));
        let edges: Vec<Vec<(usize, Span)>> =
            bases.values().map(|bases| bases.iter().filter_map(edge).collect()).collect();
        for ring in rings(&edges) {
            let name = |at: usize| self.units[places[at]].name.value.as_str();
            let diagnostic = cycle(&ring, "images are built from each other", "needs", name);
            let images = ring.iter().map(|(at, _)| Arc::from(name(*at))).collect();
            diagnostics.error(Diagnostic { images, ..diagnostic });
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
fn is_remote(context: &str) -> bool {
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
