//! Which outputs are imgspec's: the manifest, and what it says of a file that stands where an output belongs.

use super::Disk;
use super::manifest_change::ManifestChange;
use super::manifest_lines::{self, Line};
use crate::base::{Digest, Invalid, MANIFEST, Span, Spanned, Sum, World as _};
use crate::diagnostic::codes::{INVALID_OWNERSHIP, UNREADABLE_FILE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported, Sources};
use crate::syntax::{self, Args, Decode, Fields, Merge, Node, Prop, Shape, Ty, parse};
use std::collections::BTreeMap;

/// The outputs that imgspec wrote, by path from the workspace's root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The outputs.
    pub outputs: BTreeMap<String, Owned>,
}

/// An output that imgspec wrote.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owned {
    /// The image it was written for; empty for what is of all images, the bake file.
    pub image: String,
    /// What it may hold without having been edited, in order. There are two while it is being replaced, so that a run
    /// that is killed leaves nothing it would not know again, and after a merge that kept the lines of both sides.
    pub hashes: Vec<Sum>,
}

impl Owned {
    fn add(&mut self, hash: Sum) {
        if let Err(at) = self.hashes.binary_search(&hash) {
            self.hashes.insert(at, hash);
        }
    }
}

/// What an output is, compared with what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// What the spec says.
    Ok,
    /// What an earlier spec said.
    Stale,
    /// Not there.
    Missing,
    /// Not what imgspec wrote, if it ever wrote it.
    Edited,
    /// Written by imgspec, and no image claims it any more.
    Orphan,
}

impl State {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Missing => "missing",
            Self::Edited => "edited",
            Self::Orphan => "orphan",
        }
    }

    /// How bad it is: worst is what nobody can make again.
    pub fn rank(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Orphan => 1,
            Self::Stale => 2,
            Self::Missing => 3,
            Self::Edited => 4,
        }
    }
}

impl Manifest {
    const SCHEMA: u32 = 1;

    /// The size a manifest may have: a million outputs and more.
    pub const MAX_BYTES: u64 = 256 << 20;

    /// The manifest of the workspace `disk`; an empty one if there is none.
    pub fn read(disk: &Disk, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let text = match disk.entry(MANIFEST) {
            Ok(None) => return Ok(Self::default()),
            Ok(Some(_)) => disk.read_text(MANIFEST, Self::MAX_BYTES),
            Err(invalid) => Err(invalid),
        };
        match text {
            Ok(text) => Self::parse(&text, sources, diagnostics),
            Err(Invalid(reason)) => Err(diagnostics.error(Diagnostic::unplaced(&UNREADABLE_FILE, reason))),
        }
    }

    /// The manifest that `text` is: the lines that [`Manifest::print`] writes, or any other KDL that says the same.
    pub fn parse(text: &str, sources: &mut Sources, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        match manifest_lines::read(text) {
            Ok(lines) => {
                let owned = |line: Line<'_>| {
                    let owned = Owned { image: line.image.into_owned(), hashes: vec![line.hash] };
                    (line.path.into_owned(), owned)
                };
                Ok(Self { outputs: gathered(lines.into_iter().map(owned).collect()) })
            }
            Err(odd) => Self::parse_kdl(text, text.len() - odd.len(), sources, diagnostics),
        }
    }

    /// The manifest that `text` is, whose first line not as it is written starts at `odd`.
    fn parse_kdl(
        text: &str,
        odd: usize,
        sources: &mut Sources,
        diagnostics: &mut Diagnostics,
    ) -> Result<Self, Reported> {
        let file = sources.add(MANIFEST, text);
        if let Some(span) = syntax::conflict_marker(text).map(|(start, end)| Span::new(file, start, end)) {
            let message = "the manifest holds both sides of a merge";
            let hint = "keep the `output` lines of both sides, remove the marker lines, then run `imgspec compile`";
            return Err(diagnostics.error(Diagnostic::error(&INVALID_OWNERSHIP, span, message).hint(hint)));
        }
        if text.len() > syntax::MAX_BYTES {
            let first = parse(file, text.lines().next().unwrap_or_default(), diagnostics)?;
            check_schema(&first, Span::file_start(file), diagnostics)?;
            let end = odd + text[odd..].lines().next().map_or(0, str::len);
            let message = format!(
                "the manifest has more than {} MiB, and a line that imgspec did not write",
                syntax::MAX_BYTES >> 20
            );
            let diagnostic = Diagnostic::error(&INVALID_OWNERSHIP, Span::new(file, odd, end), message);
            return Err(diagnostics.error(diagnostic.hint("remove it")));
        }
        let nodes = parse(file, text, diagnostics)?;
        check_schema(&nodes, Span::file_start(file), diagnostics)?;
        let mut manifest = Self::default();
        let mut failed = None;
        for node in nodes.iter().filter(|node| node.name() != Header::SHAPE.name) {
            match Output::decode_or_unknown(node, diagnostics) {
                Ok(Output { path, hash, image }) => manifest.add(&path.value, hash, &image),
                Err(reported) => failed = Some(reported),
            }
        }
        failed.map_or(Ok(manifest), Err)
    }

    /// Notes that `path`, written for `image`, may hold what hashes to `hash`.
    pub fn add(&mut self, path: &str, hash: Sum, image: &str) {
        let owned = self.outputs.entry(path.to_owned()).or_default();
        image.clone_into(&mut owned.image);
        owned.add(hash);
    }

    /// Its text: sorted, an output a line, so that merges seldom conflict; nothing if it owns nothing.
    pub fn print(&self) -> String {
        ManifestChange::new(self, std::iter::empty()).after()
    }

    /// Whether `found`, which `path` holds, is what imgspec wrote.
    pub fn owns(&self, path: &str, found: &[u8]) -> bool {
        self.outputs.get(path).is_some_and(|owned| owned.hashes.contains(&Sum::of(found)))
    }

    /// What `path` is, which holds `found` and should hold `expected`; an output that no image claims should hold nothing.
    pub fn state(&self, path: &str, expected: Option<&[u8]>, found: Option<&[u8]>) -> State {
        match (expected, found) {
            (None, _) => State::Orphan,
            (Some(_), None) => State::Missing,
            (Some(expected), Some(found)) if expected == found => State::Ok,
            (Some(_), Some(found)) if self.owns(path, found) => State::Stale,
            (Some(_), Some(_)) => State::Edited,
        }
    }
}

/// `outputs` by path. Of one that stands there more than once, all hashes count and the last image.
fn gathered(mut outputs: Vec<(String, Owned)>) -> BTreeMap<String, Owned> {
    // As it is written, or one such behind another: both are nearly no work to sort.
    outputs.sort_by(|(a, _), (b, _)| a.cmp(b));
    outputs.dedup_by(|(path, next), (kept, owned)| {
        let is_same = path == kept;
        if is_same {
            owned.image = std::mem::take(&mut next.image);
            next.hashes.iter().for_each(|hash| owned.add(*hash));
        }
        is_same
    });
    outputs.into_iter().collect()
}

/// That the manifest is one this version knows, before anything else of it is judged.
fn check_schema(nodes: &[Node], start: Span, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let Some(header) = nodes.iter().find(|node| node.name() == Header::SHAPE.name) else {
        let message = "the manifest does not say its schema";
        let hint = format!("its first line is `manifest schema={}`", Manifest::SCHEMA);
        return Err(diagnostics.error(Diagnostic::error(&INVALID_OWNERSHIP, start, message).hint(hint)));
    };
    let schema = Header::decode(header, diagnostics)?.0;
    if schema.value == Manifest::SCHEMA {
        return Ok(());
    }
    let message = format!("the manifest has schema {}, and this imgspec knows {}", schema.value, Manifest::SCHEMA);
    let hint = "use the imgspec that wrote it, or a newer one";
    Err(diagnostics.error(Diagnostic::error(&INVALID_OWNERSHIP, schema.span, message).hint(hint)))
}

struct Header(Spanned<u32>);

impl Decode for Header {
    const SHAPE: &'static Shape = &Shape {
        name: "manifest",
        doc: "The form of the manifest.",
        args: Args::NONE,
        props: &[Prop::required("schema", Ty::Integer, "Its number.")],
        free_props: None,
        children: &[],
        merge: Merge::Scalar,
        example: "manifest schema=1",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect("schema")?))
    }
}

struct Output {
    path: Spanned<String>,
    hash: Sum,
    image: String,
}

impl Output {
    fn decode_or_unknown(node: &Node, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        if node.name() == Self::SHAPE.name {
            return Self::decode(node, diagnostics);
        }
        let message = format!("a manifest has no node `{}`", node.name());
        Err(diagnostics.error(Diagnostic::error(&INVALID_OWNERSHIP, node.name.span, message).hint("remove it")))
    }
}

impl Decode for Output {
    const SHAPE: &'static Shape = &Shape {
        name: "output",
        doc: "A file that imgspec wrote.",
        args: Args::one("PATH", Ty::Text),
        props: &[
            Prop::required("sha256", Ty::Digest, "The hash of what it wrote."),
            Prop::optional(
                "image",
                Ty::Text,
                "The image it wrote it for; none for what is of all images, the bake file.",
            ),
        ],
        free_props: None,
        children: &[],
        merge: Merge::Map,
        example: "output \"services/api/Dockerfile\" sha256=\"…\" image=\"api\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let path = fields.expect_arg::<String>();
        let hash = fields.expect::<Digest>("sha256");
        let image = fields.opt::<String>("image");
        Ok(Self {
            path: path?,
            hash: Sum::parse(hash?.value.hex()).expect("a digest"),
            image: image?.map(|image| image.value).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[track_caller]
    fn parsed(text: &str) -> Result<Manifest, String> {
        let mut diagnostics = Diagnostics::new();
        Manifest::parse(text, &mut Sources::new(), &mut diagnostics)
            .map_err(|_| diagnostics.into_sorted().into_iter().map(|d| d.message).collect::<Vec<_>>().join("; "))
    }

    #[test]
    fn round_trip() {
        let mut manifest = Manifest::default();
        assert_eq!(manifest.print(), "");
        manifest.add("b \"c\" \\ é/Dockerfile", Sum::of(b""), "b");
        manifest.add("a/Dockerfile", Sum::from_bytes([0x11; 32]), "a");
        manifest.add("a/Dockerfile", Sum::of(b""), "a");
        let text = manifest.print();
        assert_eq!(
            text,
            format!(
                "manifest schema=1\n\
                 output \"a/Dockerfile\" sha256=\"{}\" image=\"a\"\n\
                 output \"a/Dockerfile\" sha256=\"{EMPTY}\" image=\"a\"\n\
                 output \"b \\\"c\\\" \\\\ é/Dockerfile\" sha256=\"{EMPTY}\" image=\"b\"\n",
                "1".repeat(64)
            )
        );
        assert_eq!(parsed(&text), Ok(manifest));
    }

    #[test]
    fn refusals() {
        let check = |text: &str, message: &str| assert_eq!(parsed(text), Err(message.to_owned()), "{text}");
        check("manifest schema=2\nsomething new=1", "the manifest has schema 2, and this imgspec knows 1");
        check("output \"a\" sha256=\"x\"", "the manifest does not say its schema");
        check("manifest schema=1\n<<<<<<< HEAD\noutput", "the manifest holds both sides of a merge");
        check("manifest schema=1\nother 1", "a manifest has no node `other`");
        assert!(parsed("manifest schema=1\noutput \"a\" sha256=\"12\" image=\"a\"").is_err());
    }

    #[test]
    fn any_form() {
        let line = |path: &str, fill: char, image: &str| {
            format!("output \"{path}\" sha256=\"{}\" image=\"{image}\"\n", String::from(fill).repeat(64))
        };
        // As after a merge: in no order, an output of two images.
        let lines = [line("b", '2', "x"), line("a", '1', "y"), line("b", '1', "z"), line("a", '1', "y")].concat();
        let as_written = parsed(&format!("manifest schema=1\n{lines}"));
        let by_hand = parsed(&format!("// by hand\n{lines}\nmanifest schema=1\n"));
        let mut expected = Manifest::default();
        for (path, byte, image) in [("b", 0x22, "x"), ("a", 0x11, "y"), ("b", 0x11, "z")] {
            expected.add(path, Sum::from_bytes([byte; 32]), image);
        }
        assert_eq!((as_written, by_hand), (Ok(expected.clone()), Ok(expected)));
    }

    #[test]
    fn large() {
        const OUTPUTS: u32 = 40_000;
        let mut manifest = Manifest::default();
        for n in 0..OUTPUTS {
            manifest.add(&format!("services/s{n}/Dockerfile"), Sum::of(b""), "s");
        }
        let text = manifest.print();
        assert!(text.len() > syntax::MAX_BYTES);
        assert_eq!(parsed(&text), Ok(manifest));
        let check = |text: String, message: &str, line: u32| {
            let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
            assert!(Manifest::parse(&text, &mut sources, &mut diagnostics).is_err());
            let told = diagnostics.into_sorted();
            let place = told[0].span().map(|span| sources.place(span).line);
            assert_eq!((told.len(), told[0].message.as_str(), place), (1, message, Some(line)));
        };
        let schema = "the manifest has schema 2, and this imgspec knows 1";
        check(text.replace("schema=1", "schema=2"), schema, 1);
        let odd = "the manifest has more than 4 MiB, and a line that imgspec did not write";
        check(format!("{text}// by hand\n"), odd, OUTPUTS + 2);
        check(format!("{text}=======\n"), "the manifest holds both sides of a merge", OUTPUTS + 2);
    }

    #[test]
    fn states() {
        let mut manifest = Manifest::default();
        manifest.add("owned", Sum::of(b""), "a");
        let check = |path, expected: Option<&str>, found: Option<&str>, state| {
            assert_eq!(manifest.state(path, expected.map(str::as_bytes), found.map(str::as_bytes)), state);
        };
        check("owned", Some(""), Some(""), State::Ok);
        check("owned", Some("new"), Some(""), State::Stale);
        check("owned", Some("new"), Some("by hand"), State::Edited);
        check("owned", Some("new"), None, State::Missing);
        check("owned", None, Some(""), State::Orphan);
        check("owned", None, Some("by hand"), State::Orphan);
        check("foreign", Some("new"), Some(""), State::Edited);
        check("foreign", Some("new"), Some("new"), State::Ok);
    }
}
