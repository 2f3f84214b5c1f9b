//! `bake` of a workspace, and what an image says for it: `tags`, `groups`, `cache-from`, `cache-to`.

use crate::base::{BuildCache, GroupName, ImageRef, Invalid, Spanned, normalize};
use crate::diagnostic::codes::{INVALID_VALUE, PATH_ESCAPE};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Shape, Ty};

/// How an image is named and cached by who builds it. It makes no instruction: the bake file says it.
#[derive(Debug, Clone, Default)]
pub struct Baking {
    /// The names it gets when it is built, each with its tag.
    pub tags: Vec<Spanned<ImageRef>>,
    /// The groups it belongs to.
    pub groups: Vec<Spanned<GroupName>>,
    /// The caches a build of it reads.
    pub cache_from: Vec<Spanned<BuildCache>>,
    /// The caches a build of it writes.
    pub cache_to: Vec<Spanned<BuildCache>>,
}

/// `bake`: the file's path, normalised.
pub(super) struct Bake(pub(super) Spanned<String>);
/// `tags`
pub(super) struct Tags(Vec<Spanned<ImageRef>>);
/// `groups`
pub(super) struct Groups(Vec<Spanned<GroupName>>);
/// `cache-from`
pub(super) struct CacheFrom(Vec<Spanned<BuildCache>>);
/// `cache-to`
pub(super) struct CacheTo(Vec<Spanned<BuildCache>>);

impl Baking {
    /// What the image whose fields these are says.
    pub(super) fn decode(fields: &mut Fields<'_>) -> Self {
        Self {
            tags: fields.decode_children::<Tags>().into_iter().flat_map(|tags| tags.0).collect(),
            groups: fields.decode_children::<Groups>().into_iter().flat_map(|groups| groups.0).collect(),
            cache_from: fields.decode_children::<CacheFrom>().into_iter().flat_map(|caches| caches.0).collect(),
            cache_to: fields.decode_children::<CacheTo>().into_iter().flat_map(|caches| caches.0).collect(),
        }
    }
}

impl Decode for Bake {
    const SHAPE: &'static Shape = &Shape {
        name: "bake",
        doc: "The path of a file for `docker buildx bake` that builds all images of the workspace, from its root.",
        args: Args::one("FILE", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "bake \"docker-bake.json\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let written = fields.expect_arg::<String>()?;
        let path = normalize(&written.value).filter(|_| !written.value.starts_with('/'));
        let Some(path) = path else {
            let message = format!("the bake file `{}` leaves the workspace", written.value);
            return Err(fields.error(Diagnostic::error(&PATH_ESCAPE, written.span, message)));
        };
        let name = path.rsplit('/').next().unwrap_or_default();
        if name.strip_suffix(".json").is_none_or(str::is_empty) {
            let message =
                format!("`{}` cannot be a bake file: it is JSON, which bake knows by the name", written.value);
            let diagnostic = Diagnostic::error(&INVALID_VALUE, written.span, message);
            return Err(fields.error(diagnostic.hint("end it in `.json`, as docker-bake.json")));
        }
        Ok(Self(Spanned::new(path, written.span)))
    }
}

impl Decode for Tags {
    const SHAPE: &'static Shape = &Shape {
        name: "tags",
        doc: "The names that the image gets when bake builds it, each with a tag.",
        args: Args::some("REFERENCE", Ty::ImageRef),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "tags \"registry.example/shop/cart:1.2\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let mut tags = Vec::new();
        for tag in fields.args::<ImageRef>() {
            let what = match (tag.value.tag(), tag.value.digest()) {
                (_, Some(_)) => "a digest, and what the image's will be is not known",
                (None, None) => "no tag, and builders would take `latest`",
                (Some(_), None) => {
                    tags.push(tag);
                    continue;
                }
            };
            let message = format!("`{}` has {what}", tag.value);
            let hint = format!("write a tag alone, as {}:1.0", tag.value.name());
            fields.error(Diagnostic::error(&INVALID_VALUE, tag.span, message).hint(hint));
        }
        Ok(Self(tags))
    }
}

impl Decode for Groups {
    const SHAPE: &'static Shape = &Shape {
        name: "groups",
        doc: "The groups that the image belongs to, each of which bake builds by its name.",
        args: Args::some("GROUP", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "groups \"backend\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(parsed(fields, GroupName::parse)))
    }
}

impl Decode for CacheFrom {
    const SHAPE: &'static Shape = &Shape {
        name: "cache-from",
        doc: "The caches that a build of the image reads, as `docker buildx build --cache-from` takes them.",
        args: Args::some("CACHE", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "cache-from \"type=registry,ref=registry.example/shop/cart:cache\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(parsed(fields, BuildCache::parse_from)))
    }
}

impl Decode for CacheTo {
    const SHAPE: &'static Shape = &Shape {
        name: "cache-to",
        doc: "The caches that a build of the image writes, as `docker buildx build --cache-to` takes them.",
        args: Args::some("CACHE", Ty::Text),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "cache-to \"type=registry,ref=registry.example/shop/cart:cache,mode=max\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(parsed(fields, BuildCache::parse_to)))
    }
}

/// The arguments, each parsed by `parse`.
fn parsed<T>(fields: &mut Fields<'_>, parse: fn(&str) -> Result<T, Invalid>) -> Vec<Spanned<T>> {
    fields.args::<String>().iter().filter_map(|text| fields.parse(text, parse).ok()).collect()
}
