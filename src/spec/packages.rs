//! `apt`, `apk`, `dnf`: packages of the distribution.

use super::common::{CHANGES, COST, Expected};
use crate::base::{DebName, DebVersion, Invalid, Span, Spanned};
use crate::diagnostic::{Diagnostics, Reported};
use crate::syntax::{Args, Fields, Merge, Node, Prop, Shape, Ty};
use serde::{Deserialize, Serialize};

/// A package manager.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Manager {
    /// Debian's and Ubuntu's.
    Apt,
    /// Alpine's.
    Apk,
    /// Fedora's and RHEL's.
    Dnf,
}

impl Manager {
    /// Its name, which is its node's too.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Apk => "apk",
            Self::Dnf => "dnf",
        }
    }
}

/// Packages to install.
#[derive(Debug, Clone)]
pub struct Packages {
    /// By what.
    pub manager: Manager,
    /// The packages.
    pub packages: Vec<Package>,
    /// Repositories beside the base's own.
    pub repositories: Vec<Repository>,
    /// Whether recommended (weak) dependencies come too, where this node says so.
    pub recommends: Option<Spanned<bool>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

/// A package to install.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, valid for its manager.
    pub name: Spanned<String>,
    /// The version, or a pattern of one with `*`; `None` for whatever there is.
    pub version: Option<Spanned<String>>,
}

/// A package repository beside the base's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The name of its file.
    pub name: Spanned<String>,
    /// Its address.
    pub uri: Spanned<String>,
    /// The suite (apt).
    pub suite: Option<Spanned<String>>,
    /// The components (apt).
    pub components: Vec<String>,
    /// The key file, a path in the build context.
    pub key: Option<Spanned<String>>,
}

const RECOMMENDS: &Shape = &Shape {
    name: "recommends",
    doc: "Whether recommended (dnf: weak) dependencies are installed too; they are not unless this says so.",
    args: Args::one("BOOL", Ty::Bool),
    props: &[],
    free_props: None,
    children: &[],
    merge: Merge::Scalar,
    example: "recommends #true",
};

const VERSION: &str = "The version; `*` stands for any text, as apt takes it. Or a relation, such as `>= 7.88`: a lock \
                       pins the highest version that meets it.";

const APT_PACKAGE: &Shape = &Shape {
    name: "package",
    doc: "A package in a version.",
    args: Args::one("NAME", Ty::DebName),
    props: &[Prop::required("version", Ty::DebVersion, VERSION)],
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "package \"curl\" version=\"7.88.*\"",
};

const PACKAGE: &Shape = &Shape {
    name: "package",
    doc: "A package in a version.",
    args: Args::one("NAME", Ty::PackageName),
    props: &[Prop::required("version", Ty::Text, "The version; `*` at its end stands for any text.")],
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "package \"curl\" version=\"8.9.*\"",
};

const APT_REPOSITORY: &Shape = &Shape {
    name: "repository",
    doc: "A repository beside the base's own (sources.list(5), deb822). It stays in the image.",
    args: Args::one("NAME", Ty::Text),
    props: &[
        Prop::required("uri", Ty::Url, "Its address."),
        Prop::required("suite", Ty::Text, "The suite, such as `bookworm-pgdg`."),
        Prop::optional("components", Ty::Text, "The components, parted by spaces; `main` without it."),
        Prop::required("key", Ty::ContextPath, "The key that signs it, armoured (`.asc`) or not (`.gpg`)."),
    ],
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "repository \"pgdg\" uri=\"https://apt.example/pub\" suite=\"bookworm-pgdg\" key=\"keys/pgdg.asc\"",
};

const REPOSITORY: &Shape = &Shape {
    name: "repository",
    doc: "A repository beside the base's own. It stays in the image.",
    args: Args::one("NAME", Ty::Text),
    props: &[
        Prop::required("uri", Ty::Url, "Its address."),
        Prop::required("key", Ty::ContextPath, "The key that signs it."),
    ],
    free_props: None,
    children: &[],
    merge: Merge::Map,
    example: "repository \"tools\" uri=\"https://rpm.example/tools\" key=\"keys/tools.asc\"",
};

/// `apt`
pub(super) const APT: &Shape = &Shape {
    name: "apt",
    doc: "Debian packages. All of a stage's become one layer, sorted, without recommended packages, lists and caches.",
    args: Args::any("PACKAGE", Ty::DebName),
    props: &[CHANGES, COST],
    free_props: None,
    children: &[APT_PACKAGE, APT_REPOSITORY, RECOMMENDS],
    merge: Merge::Set,
    example: "apt \"ca-certificates\" {\n    package \"curl\" version=\"7.88.*\"\n}",
};

/// `apk`
pub(super) const APK: &Shape = &Shape {
    name: "apk",
    doc: "Alpine packages. All of a stage's become one layer.",
    args: Args::any("PACKAGE", Ty::PackageName),
    props: &[CHANGES, COST],
    free_props: None,
    children: &[PACKAGE, REPOSITORY],
    merge: Merge::Set,
    example: "apk \"ca-certificates\" {\n    package \"curl\" version=\"8.9.*\"\n}",
};

/// `dnf`
pub(super) const DNF: &Shape = &Shape {
    name: "dnf",
    doc: "Packages of Fedora, RHEL and their kin. All of a stage's become one layer.",
    args: Args::any("PACKAGE", Ty::PackageName),
    props: &[CHANGES, COST],
    free_props: None,
    children: &[PACKAGE, REPOSITORY, RECOMMENDS],
    merge: Merge::Set,
    example: "dnf \"ca-certificates\" {\n    package \"nginx\" version=\"1.26.*\"\n}",
};

/// Decodes an `apt` node.
pub(super) fn decode_apt(node: &Node, diagnostics: &mut Diagnostics) -> Result<Packages, Reported> {
    decode(node, Manager::Apt, APT, diagnostics)
}

/// Decodes an `apk` node.
pub(super) fn decode_apk(node: &Node, diagnostics: &mut Diagnostics) -> Result<Packages, Reported> {
    decode(node, Manager::Apk, APK, diagnostics)
}

/// Decodes a `dnf` node.
pub(super) fn decode_dnf(node: &Node, diagnostics: &mut Diagnostics) -> Result<Packages, Reported> {
    decode(node, Manager::Dnf, DNF, diagnostics)
}

fn decode(
    node: &Node,
    manager: Manager,
    shape: &'static Shape,
    diagnostics: &mut Diagnostics,
) -> Result<Packages, Reported> {
    let mut fields = Fields::new(node, shape, diagnostics);
    let names = match manager {
        Manager::Apt => fields.args::<DebName>().into_iter().map(text).collect(),
        Manager::Apk | Manager::Dnf => {
            let names = fields.args::<String>();
            names.into_iter().filter_map(|name| fields.parse(&name, package_name).ok()).collect::<Vec<_>>()
        }
    };
    let mut packages: Vec<Package> = names.into_iter().map(|name| Package { name, version: None }).collect();
    let expected = Expected::decode(&mut fields);
    let mut repositories = Vec::new();
    let mut recommends = None;
    for child in fields.known_children() {
        let Some(shape) = shape.child(child.name()) else { continue };
        let mut inner = Fields::new(child, shape, fields.diagnostics());
        match child.name() {
            "package" => packages.extend(decode_package(&mut inner, manager)),
            "repository" => repositories.extend(decode_repository(&mut inner, manager)),
            _ => recommends = inner.arg::<bool>().ok().flatten().or(recommends),
        }
        let finished = inner.finish();
        fields.note(finished);
    }
    let span = fields.name_span();
    fields.finish()?;
    Ok(Packages { manager, packages, repositories, recommends, expected: expected?, span })
}

fn decode_package(fields: &mut Fields<'_>, manager: Manager) -> Result<Package, Reported> {
    if manager == Manager::Apt {
        let name = fields.expect_arg::<DebName>();
        let version = fields.expect::<DebVersion>("version");
        return Ok(Package { name: text(name?), version: Some(text(version?)) });
    }
    let name = fields.expect_arg::<String>().and_then(|name| fields.parse(&name, package_name));
    let version = fields.expect::<String>("version").and_then(|version| fields.parse(&version, package_version));
    Ok(Package { name: name?, version: Some(version?) })
}

fn decode_repository(fields: &mut Fields<'_>, manager: Manager) -> Result<Repository, Reported> {
    let name = fields.expect_arg::<String>().and_then(|name| fields.parse(&name, package_name));
    let uri = fields.expect::<String>("uri").and_then(|uri| fields.parse(&uri, super::fetch::url));
    let key = fields.expect::<String>("key");
    let (mut suite, mut components) = (None, Vec::new());
    if manager == Manager::Apt {
        suite = Some(fields.expect::<String>("suite").and_then(|suite| fields.parse(&suite, source_words))?);
        let written = match fields.opt::<String>("components")? {
            Some(components) => fields.parse(&components, source_words)?.value,
            None => "main".to_owned(),
        };
        components = written.split(' ').map(str::to_owned).collect();
    }
    Ok(Repository { name: name?, uri: uri?, suite, components, key: Some(key?) })
}

fn text(value: Spanned<impl ToString>) -> Spanned<String> {
    Spanned::new(value.value.to_string(), value.span)
}

/// A package name of apk or rpm: what both allow, and nothing a shell or an option parser would read otherwise.
fn package_name(text: &str) -> Result<String, Invalid> {
    let first = text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-:".contains(&b)) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!(
            "`{text}` is not a package name: letters, digits, `+`, `.`, `_`, `-`, a letter or digit first"
        )))
    }
}

/// A version of apk (`1.2.3_p1-r0`) or rpm (`1.2.3-1.fc41`), `*` at its end for any text.
fn package_version(text: &str) -> Result<String, Invalid> {
    let stem = text.strip_suffix('*').unwrap_or(text);
    let first = stem.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric());
    if first && stem.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-~^:".contains(&b)) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!(
            "`{text}` is not a package version: letters, digits, `.`, `_`, `-`, `+`, `~`, `^`, and `*` only at its end"
        )))
    }
}

/// Words of a deb822 field: suites and components.
fn source_words(text: &str) -> Result<String, Invalid> {
    let word =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"+._-/~".contains(&b));
    if text.split(' ').all(word) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` holds more than letters, digits, `.`, `-`, `/` and single spaces")))
    }
}
