//! `archive`, `pins`, `registry`: where a workspace's pins come from.

use super::fetch::url;
use crate::base::{Invalid, Spanned};
use crate::diagnostic::codes::MISSING_PROPERTY;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty, words};
use globset::{Glob, GlobMatcher};

/// Where a workspace's pins come from.
#[derive(Debug, Clone, Default)]
pub struct Pinning {
    /// The archives that are asked in place of those that base images have set up.
    pub archives: Vec<Archive>,
    /// Which packages are pinned.
    pub reach: Reach,
    /// Registries that are asked in another way than others.
    pub registries: Vec<Registry>,
}

words! {
    /// Which packages of a stage are pinned.
    #[derive(Default)]
    Reach {
        /// All that are installed.
        #[default]
        Closure = "closure",
        /// Those that the spec names.
        Direct = "direct",
    }
}

/// An archive that is asked in place of those that base images have set up.
#[derive(Debug, Clone)]
pub struct Archive {
    /// Its name in the lock.
    pub name: Spanned<String>,
    /// Its address.
    pub uri: Spanned<String>,
    /// Its suites (apt).
    pub suites: Vec<String>,
    /// Its components (apt).
    pub components: Vec<String>,
    /// The key file, a path from the workspace's root.
    pub key: Option<Spanned<String>>,
    /// The images it is for, as they are written in specs; without them, those whose system its suites are of.
    pub bases: Option<Bases>,
}

/// Images, by globs of how they are written.
#[derive(Debug, Clone)]
pub struct Bases {
    /// The globs, parted by blanks.
    pub written: String,
    globs: Vec<GlobMatcher>,
}

/// A registry that is asked in another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registry {
    /// Its host, with its port if it has one.
    pub host: Spanned<String>,
    /// Whether it is spoken to without encryption.
    pub insecure: bool,
    /// The host that is asked in its place.
    pub mirror: Option<String>,
}

impl Archive {
    /// Those of its suites that are for the image `base` (as it is written in specs), whose system calls its release
    /// `codename`; nothing if it is not for that.
    pub fn suites_for(&self, base: &str, codename: &str) -> Option<Vec<&str>> {
        let of_release = |suite: &str| {
            let rest = suite.strip_prefix(codename).filter(|_| !codename.is_empty());
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '/']))
        };
        let suites: Vec<&str> = match &self.bases {
            Some(bases) if !bases.matches(base) => return None,
            Some(_) => return Some(self.suites.iter().map(String::as_str).collect()),
            None => self.suites.iter().map(String::as_str).filter(|suite| of_release(suite)).collect(),
        };
        (!suites.is_empty()).then_some(suites)
    }
}

impl Bases {
    fn parse(text: &str) -> Result<Self, Invalid> {
        let glob = |glob: &str| {
            let invalid = |_| Invalid::new(format!("`{glob}` is not a glob"));
            Glob::new(glob).map(|glob| glob.compile_matcher()).map_err(invalid)
        };
        let globs = text.split_whitespace().map(glob).collect::<Result<Vec<_>, _>>()?;
        if globs.is_empty() {
            return Err(Invalid::new("it names no image"));
        }
        Ok(Self { written: text.to_owned(), globs })
    }

    fn matches(&self, base: &str) -> bool {
        self.globs.iter().any(|glob| glob.is_match(base))
    }
}

impl Decode for Archive {
    const SHAPE: &'static Shape = &Shape {
        name: "archive",
        doc: "A package archive that packages are installed from, in place of those that base images have set up: a \
              mirror, or a snapshot. It stays out of the images.",
        args: Args::one("NAME", Ty::Text),
        props: &[
            Prop::required("uri", Ty::Url, "Its address."),
            Prop::optional(
                "suites",
                Ty::Text,
                "Its suites (apt), parted by blanks. An image takes those of its own release: its codename, with or \
                 without `-…` behind it.",
            ),
            Prop::optional("components", Ty::Text, "Its components (apt), parted by blanks; `main` without it."),
            Prop::optional(
                "key",
                Ty::ContextPath,
                "The armoured key that signs it, from the workspace's root; without it the keys of the image count.",
            ),
            Prop::optional(
                "for",
                Ty::Text,
                "The base images it is for, by globs of how specs write them, parted by blanks; they take all its \
                 suites. It is needed where there are no suites.",
            ),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Map,
        example: "archive \"debian\" uri=\"https://archive.example/debian\" suites=\"bookworm bookworm-updates\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = fields.expect_arg::<String>().and_then(|name| fields.parse(&name, archive_name));
        let uri = fields.expect::<String>("uri").and_then(|uri| fields.parse(&uri, url));
        let suites = fields.opt::<String>("suites").and_then(|text| source_list(text, fields));
        let components = fields.opt::<String>("components").and_then(|text| source_list(text, fields));
        let key = fields.opt::<String>("key");
        let bases = match fields.opt::<String>("for")? {
            Some(text) => Some(fields.parse(&text, Bases::parse)?.value),
            None => None,
        };
        let (suites, components) = (suites?, components?);
        if suites.is_none() && bases.is_none() {
            let diagnostic = Diagnostic::error(
                &MISSING_PROPERTY,
                fields.name_span(),
                "nothing says which images the archive is for",
            );
            return Err(fields.error(diagnostic.hint("add suites=\"bookworm\" (apt), or for=\"alpine:3.20*\"")));
        }
        let components = components.unwrap_or_else(|| if suites.is_some() { vec!["main".to_owned()] } else { vec![] });
        Ok(Self { name: name?, uri: uri?, suites: suites.unwrap_or_default(), components, key: key?, bases })
    }
}

/// The words of `text`.
fn source_list(text: Option<Spanned<String>>, fields: &mut Fields<'_>) -> Result<Option<Vec<String>>, Reported> {
    let Some(text) = text else { return Ok(None) };
    let words = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let is_word = |word: &String| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/+".contains(&b));
        if words.is_empty() || !words.iter().all(is_word) {
            return Err(Invalid::new(format!(
                "`{text}` is not a list of words of letters, digits, `.`, `_`, `-`, `/`"
            )));
        }
        Ok(words)
    };
    fields.parse(&text, words).map(|words| Some(words.value))
}

fn archive_name(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b)) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not an archive's name: letters, digits, `.`, `_`, `-`")))
    }
}

/// `pins`
pub(super) struct Pins(pub Reach);

impl Decode for Pins {
    const SHAPE: &'static Shape = &Shape {
        name: "pins",
        doc: "Which packages of a stage `imgspec lock` pins: `closure`, which is the default, all that are installed; or \
              `direct`, those that the spec names, while what they need may change.",
        args: Args::one("REACH", Ty::OneOf(Reach::WORDS)),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "pins \"direct\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect_arg::<Reach>()?.value))
    }
}

impl Decode for Registry {
    const SHAPE: &'static Shape = &Shape {
        name: "registry",
        doc: "How `imgspec lock` speaks to a registry of images. Builders have settings of their own.",
        args: Args::one("HOST", Ty::Text),
        props: &[
            Prop::optional("insecure", Ty::Bool, "Whether it is spoken to by plain http; loopback always is."),
            Prop::optional("mirror", Ty::Text, "The host that is asked in its place."),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Map,
        example: "registry \"registry.example:5000\" insecure=#true",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let name = fields.expect_arg::<String>().and_then(|name| fields.parse(&name, host));
        let insecure = fields.flag("insecure");
        let mirror = match fields.opt::<String>("mirror")? {
            Some(text) => Some(fields.parse(&text, host)?.value),
            None => None,
        };
        Ok(Self { host: name?, insecure: insecure?, mirror })
    }
}

fn host(text: &str) -> Result<String, Invalid> {
    let (name, port) = text.rsplit_once(':').map_or((text, None), |(name, port)| (name, Some(port)));
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
    if is_name && port.is_none_or(|port| port.parse::<u16>().is_ok()) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not a host, as registry.example:5000")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Diagnostics, Sources, render};
    use crate::syntax::parse;

    /// The archive that the node `text` is.
    fn archive(text: &str) -> Result<Archive, String> {
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = sources.add("imgspec.kdl", text);
        let nodes = parse(file, text, &mut diagnostics).unwrap_or_default();
        Archive::decode(&nodes[0], &mut diagnostics)
            .map_err(|_| render::text(&diagnostics.into_sorted(), &sources, false))
    }

    #[test]
    fn suites() {
        let debian =
            "archive \"debian\" uri=\"https://archive.example/debian\" suites=\"bookworm bookworm-updates trixie\"";
        let check = |text: &str, base: &str, codename: &str, expected: Option<&[&str]>| {
            let archive = archive(text).expect(text);
            assert_eq!(archive.suites_for(base, codename).as_deref(), expected, "{text} {base} {codename}");
        };
        check(debian, "python:3", "bookworm", Some(&["bookworm", "bookworm-updates"]));
        check(debian, "debian:13", "trixie", Some(&["trixie"]));
        check(debian, "debian:1", "book", None);
        check(debian, "debian:sid", "", None);
        let own =
            "archive \"x\" uri=\"https://archive.example/x\" suites=\"stable\" for=\"debian:* registry.example/*\"";
        check(own, "debian:12", "bookworm", Some(&["stable"]));
        check(own, "registry.example/team/x:1", "", Some(&["stable"]));
        check(own, "ubuntu:24.04", "noble", None);
        assert!(
            archive("archive \"x\" uri=\"https://archive.example/x\"").is_err_and(|told| told.contains("which images"))
        );
        assert!(archive("archive \"a b\" uri=\"https://archive.example/x\" suites=\"x\"").is_err());
    }
}
