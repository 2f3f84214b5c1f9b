//! Pins as KDL nodes: what a line says that was edited by hand.

use super::pin::{Misfit, Pin, list, package_of, set, sum};
use super::{Archive, Asked, Closure, Index, PackageHash, Pins, PlatformPin, PoolPackage, Wanted};
use crate::base::{Digest, ImageRef, Instant, Invalid, Platform, Span, Spanned, Sum};
use crate::diagnostic::codes::{INVALID_LOCK, MISSING_PROPERTY};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::Manager;
use crate::syntax::{Args, Fields, Merge, Node, Prop, Shape, Ty, shape_of};
use std::collections::BTreeMap;

/// What `nodes` pin, as far as they are pins: the others are left.
pub(super) fn decode(nodes: &[Node], diagnostics: &mut Diagnostics) -> Result<Pins, Reported> {
    let mut decoded: Vec<(Pin, Span)> = Vec::new();
    let mut failed = None;
    for node in nodes {
        let Some(shape) = shape_of(SHAPES, node.name()) else { continue };
        match pin(node, shape, diagnostics) {
            Ok(pin) => decoded.push((pin, node.name.span)),
            Err(reported) => failed = Some(reported),
        }
    }
    // Bases before their platforms, wherever they stand.
    decoded.sort_by_key(|(pin, _)| matches!(pin, Pin::Platform(..)));
    let mut pins = Pins::default();
    let mut places: BTreeMap<String, Span> = BTreeMap::new();
    let mut lines: BTreeMap<String, Span> = BTreeMap::new();
    for (pin, span) in decoded {
        let (subject, line) = (pin.subject(), pin.line());
        let first = *places.entry(subject.clone()).or_insert(span);
        // The same twice is what a merge leaves of two branches that each add it.
        if lines.insert(line, span).is_some() {
            continue;
        }
        match pins.take(pin) {
            Ok(()) => {}
            Err(Misfit::Twice) => {
                let message = format!("`{subject}` is pinned here to something else");
                let diagnostic = Diagnostic::error(&INVALID_LOCK, span, message).also(first, "the first time");
                failed = Some(diagnostics.error(diagnostic.hint("remove one of them, then run `imgspec lock`")));
            }
            Err(Misfit::NoBase) => {
                let message = format!("`{subject}` is of a base that is not pinned");
                let diagnostic = Diagnostic::error(&INVALID_LOCK, span, message);
                failed = Some(diagnostics.error(diagnostic.hint("remove it, then run `imgspec lock`")));
            }
        }
    }
    failed.map_or(Ok(pins), Err)
}

/// Whether nodes of that name are pins.
pub(super) fn is_pin(name: &str) -> bool {
    shape_of(SHAPES, name).is_some()
}

impl Pin {
    /// What it is about: two that pin one thing have the same.
    fn subject(&self) -> String {
        match self {
            Self::Closure(wanted, _) => wanted.subject(),
            Self::Archive(name, _) => format!("archive {name}"),
            Self::Base(name, _) => format!("base {name}"),
            Self::Fetch(url, _) => format!("fetch {url}"),
            Self::Commit(url, reference, _) => format!("git {url} ref={reference}"),
            Self::Package { archive, architecture, name, version, .. } => {
                format!("package {archive} {architecture} {name} {version}")
            }
            Self::Platform(name, platform, _) => format!("platform {name} {}", platform.as_str()),
        }
    }
}

const SHAPES: &[&Shape] = &[APT, APK, DNF, ARCHIVE, BASE, FETCH, GIT, PACKAGE, PLATFORM];

const fn shape(
    name: &'static str,
    doc: &'static str,
    args: Args,
    props: &'static [Prop],
    example: &'static str,
) -> Shape {
    Shape { name, doc, args, props, free_props: None, children: &[], merge: Merge::Map, example }
}

const fn texts(label: &'static str, number: usize) -> Args {
    Args { label, ty: Ty::Text, min: number, max: number }
}

const CLOSURE: &[Prop] = &[
    Prop::required("base", Ty::Text, "The image of a registry that it stands on."),
    Prop::optional("below", Ty::Text, "What the stages and images below install, the lowest first."),
    Prop::required("asks", Ty::Text, "What is asked for."),
    Prop::optional("recommends", Ty::Bool, "Whether recommended packages come too."),
    Prop::optional("repositories", Ty::Text, "The names of the repositories beside the base's own."),
    Prop::optional("archives", Ty::Text, "The archives it comes from."),
    Prop::required("inputs", Ty::Text, "A hash of what it was found for, and of what it comes to."),
    Prop::optional("manual", Ty::Text, "Packages that count as asked for by hand though the spec does not ask."),
];

const CLOSURE_ARGS: Args = Args { label: "PLATFORM PACKAGE", ty: Ty::Text, min: 1, max: usize::MAX };
const CLOSURE_DOC: &str = "What is installed on a platform.";
const CLOSURE_EXAMPLE: &str = "apt \"linux/amd64\" base=\"debian:12\" asks=\"git\" inputs=\"sha256:…\" \"git\"";

const APT: &Shape = &shape("apt", CLOSURE_DOC, CLOSURE_ARGS, CLOSURE, CLOSURE_EXAMPLE);
const APK: &Shape = &shape("apk", CLOSURE_DOC, CLOSURE_ARGS, CLOSURE, CLOSURE_EXAMPLE);
const DNF: &Shape = &shape("dnf", CLOSURE_DOC, CLOSURE_ARGS, CLOSURE, CLOSURE_EXAMPLE);

const ARCHIVE: &Shape = &shape(
    "archive",
    "The state of a package archive.",
    texts("NAME", 1),
    &[
        Prop::required("uri", Ty::Text, "Its address."),
        Prop::optional("suite", Ty::Text, "Its suite."),
        Prop::optional("components", Ty::Text, "Its components."),
        Prop::optional("signed-by", Ty::Text, "What signs it."),
        Prop::optional("inrelease", Ty::Text, "The hash of its state (apt)."),
        Prop::optional("apkindex", Ty::Text, "The hash of its state (apk)."),
        Prop::optional("repomd", Ty::Text, "The hash of its state (dnf)."),
        Prop::required("dated", Ty::Text, "When it was made."),
    ],
    "archive \"debian/bookworm\" uri=\"https://archive.example\" inrelease=\"sha256:…\" dated=\"2026-11-20T14:05:36Z\"",
);

const BASE: &Shape = &shape(
    "base",
    "What an image of a registry is.",
    texts("IMAGE", 1),
    &[Prop::required("digest", Ty::Digest, "The digest of its index.")],
    "base \"debian:12\" digest=\"sha256:…\"",
);

const FETCH: &Shape = &shape(
    "fetch",
    "What a download hashes to.",
    texts("URL", 1),
    &[Prop::required("sha256", Ty::Text, "The hash.")],
    "fetch \"https://example.com/tool\" sha256=\"sha256:…\"",
);

const GIT: &Shape = &shape(
    "git",
    "What commit a branch or tag is.",
    texts("URL", 1),
    &[Prop::required("ref", Ty::Text, "The branch or tag."), Prop::required("commit", Ty::Text, "The commit.")],
    "git \"https://example.com/x.git\" ref=\"v1\" commit=\"…\"",
);

const PACKAGE: &Shape = &shape(
    "package",
    "A package of an archive: the archive, the architecture, its name and version.",
    texts("ARCHIVE ARCHITECTURE NAME VERSION", 4),
    &[
        Prop::optional("sha256", Ty::Text, "The hash of its file."),
        Prop::optional("control-sha1", Ty::Text, "The hash of its control data (apk)."),
        Prop::required("size", Ty::Integer, "The size of that, in bytes."),
    ],
    "package \"debian/bookworm\" \"amd64\" \"git\" \"1:2.39.5-0+deb12u2\" sha256=\"sha256:…\" size=7256408",
);

const PLATFORM: &Shape = &shape(
    "platform",
    "What an image of a registry is on a platform.",
    texts("IMAGE PLATFORM", 2),
    &[
        Prop::required("manifest", Ty::Digest, "The digest of its manifest."),
        Prop::optional("installed", Ty::Text, "The hash of what it says is installed."),
    ],
    "platform \"debian:12\" \"linux/amd64\" manifest=\"sha256:…\"",
);

fn pin(node: &Node, shape: &'static Shape, diagnostics: &mut Diagnostics) -> Result<Pin, Reported> {
    let mut fields = Fields::new(node, shape, diagnostics);
    let args: Vec<Spanned<String>> = fields.args::<String>();
    if args.len() < shape.args.min {
        return Err(fields.finish().err().unwrap_or_else(|| unreachable!("the shape demands them")));
    }
    let pin = match shape.name {
        "archive" => archive(args, &mut fields),
        "base" => {
            let digest = fields.expect::<Digest>("digest");
            let name = fields.parse(&args[0], image);
            name.and_then(|name| Ok(Pin::Base(name.value, digest?.value)))
        }
        "fetch" => expect_sum(&mut fields, "sha256").map(|sum| Pin::Fetch(args[0].value.clone(), sum)),
        "git" => {
            let (reference, commit) = (fields.expect::<String>("ref"), fields.expect::<String>("commit"));
            reference.and_then(|reference| Ok(Pin::Commit(args[0].value.clone(), reference.value, commit?.value)))
        }
        "package" => {
            let (hash, size) = (package_hash(&mut fields), fields.expect::<u64>("size"));
            let [archive, architecture, name, version] = [0, 1, 2, 3].map(|at| args[at].value.clone());
            hash.and_then(|hash| {
                let package = PoolPackage { hash, size: size?.value };
                Ok(Pin::Package { archive, architecture, name, version, package })
            })
        }
        "platform" => {
            let manifest = fields.expect::<Digest>("manifest");
            let installed = fields.opt::<String>("installed")?;
            let installed = installed.map(|text| fields.parse(&text, parse_sum)).transpose();
            let platform = fields.parse(&args[1], Platform::parse);
            manifest.and_then(|manifest| {
                let pin = PlatformPin { manifest: manifest.value, installed: installed?.map(|sum| sum.value) };
                Ok(Pin::Platform(args[0].value.clone(), platform?.value, pin))
            })
        }
        _ => closure(args, &mut fields),
    };
    let finished = fields.finish();
    let pin = pin?;
    finished.map(|()| pin)
}

fn package_hash(fields: &mut Fields<'_>) -> Result<PackageHash, Reported> {
    let Some(text) = fields.opt::<String>("control-sha1")? else {
        return expect_sum(fields, "sha256").map(PackageHash::Sha256);
    };
    let parse = |text: &str| {
        PackageHash::of_control(text).ok_or_else(|| Invalid::new(format!("`{text}` is not 40 hexadecimal digits")))
    };
    fields.parse(&text, parse).map(|hash| hash.value)
}

fn archive(args: Vec<Spanned<String>>, fields: &mut Fields<'_>) -> Result<Pin, Reported> {
    let uri = fields.expect::<String>("uri");
    let suite = fields.opt::<String>("suite");
    let components = fields.opt::<String>("components");
    let signed_by = fields.opt::<String>("signed-by");
    let dated = fields.expect::<String>("dated").and_then(|text| fields.parse(&text, Instant::parse));
    let mut states = Vec::new();
    for (index, word) in Index::WORDS {
        if let Some(text) = fields.opt::<String>(word)? {
            states.push((index, fields.parse(&text, parse_sum)?.value));
        }
    }
    let text = |text: Option<Spanned<String>>| text.map(|text| text.value).unwrap_or_default();
    let [(index, state)] = states[..] else {
        let message = format!("the archive `{}` has {} states", args[0].value, states.len());
        let diagnostic = Diagnostic::error(&MISSING_PROPERTY, fields.name_span(), message);
        return Err(fields.error(diagnostic.hint("it has one, as inrelease=\"sha256:…\"")));
    };
    let archive = Archive {
        uri: uri?.value,
        suite: text(suite?),
        components: list(&text(components?)),
        signed_by: signed_by?.map(|signed_by| signed_by.value),
        index,
        state,
        dated: dated?.value,
    };
    Ok(Pin::Archive(args[0].value.clone(), archive))
}

fn closure(args: Vec<Spanned<String>>, fields: &mut Fields<'_>) -> Result<Pin, Reported> {
    let manager = match fields.node.name() {
        "apt" => Manager::Apt,
        "apk" => Manager::Apk,
        _ => Manager::Dnf,
    };
    let platform = fields.parse(&args[0], Platform::parse);
    let base = fields.expect::<String>("base").and_then(|base| fields.parse(&base, image));
    let below = fields.opt::<String>("below");
    let asks = fields.expect::<String>("asks");
    let recommends = fields.flag("recommends");
    let repositories = fields.opt::<String>("repositories");
    let archives = fields.opt::<String>("archives");
    let inputs = expect_sum(fields, "inputs");
    let manual = fields.opt::<String>("manual");
    let text = |text: Option<Spanned<String>>| text.map(|text| text.value).unwrap_or_default();
    let below = text(below?);
    let wanted = Wanted {
        manager,
        platform: platform?.value,
        base: base?.value,
        below: below.split("; ").filter(|text| !text.is_empty()).map(Asked::parse).collect(),
        asked: Asked { packages: set(&asks?.value), recommends: recommends? },
        repositories: list(&text(repositories?)),
    };
    let closure = Closure {
        archives: list(&text(archives?)),
        inputs: inputs?,
        packages: args[1..].iter().map(|package| package_of(&package.value)).collect(),
        manual: set(&text(manual?)),
    };
    Ok(Pin::Closure(wanted, closure))
}

fn expect_sum(fields: &mut Fields<'_>, name: &str) -> Result<Sum, Reported> {
    let text = fields.expect::<String>(name);
    Ok(text.and_then(|text| fields.parse(&text, parse_sum))?.value)
}

fn parse_sum(text: &str) -> Result<Sum, Invalid> {
    sum(text).ok_or_else(|| Invalid::new(format!("`{text}` is not `sha256:` and 64 hexadecimal digits")))
}

fn image(text: &str) -> Result<String, Invalid> {
    ImageRef::parse(text).map(|_| text.to_owned())
}
