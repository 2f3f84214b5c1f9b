//! `fetch`, `git`

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID, MODE, OWNER};
use crate::base::{Digest, Invalid, Mode, Owner, Span, Spanned};
use crate::diagnostic::codes::CONFLICT;
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// A download.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// The address.
    pub url: Spanned<String>,
    /// Where it goes, as it was written.
    pub to: Spanned<String>,
    /// What it must hash to.
    pub sha256: Option<Spanned<Digest>>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// Its mode.
    pub mode: Option<Spanned<Mode>>,
    /// Whether it is an archive to unpack.
    pub unpack: bool,
    /// How many leading directories are dropped from each path in the archive.
    pub strip: Option<Spanned<u32>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

impl Decode for Fetch {
    const SHAPE: &'static Shape = &Shape {
        name: "fetch",
        doc: "Downloads a file and checks it against its checksum. With `unpack=#true` it is an archive, unpacked \
              into the directory `to`.",
        args: Args::one("URL", Ty::Url),
        props: &[
            Prop::required("to", Ty::ImagePath, "Where it goes: the file, or the directory if it ends in `/`."),
            Prop::optional("sha256", Ty::Digest, "What the download must hash to."),
            OWNER,
            MODE,
            Prop::optional("unpack", Ty::Bool, "Whether it is an archive to unpack into `to`."),
            Prop::optional("strip", Ty::Integer, "How many leading directories are dropped from each path in it."),
            CHANGES,
            COST,
            ID,
            BEFORE,
            AFTER,
        ],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "fetch \"https://example.com/tool\" to=\"/usr/local/bin/tool\" mode=\"0755\" \
                  sha256=\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let address = fields.expect_arg::<String>().and_then(|text| fields.parse(&text, url));
        let to = fields.expect::<String>("to");
        let sha256 = fields.opt::<Digest>("sha256");
        let owner = fields.opt::<Owner>("owner");
        let mode = fields.opt::<Mode>("mode");
        let unpack = fields.flag("unpack");
        let strip = fields.opt::<u32>("strip");
        let expected = Expected::decode(fields);
        let (unpack, strip, mode) = (unpack?, strip?, mode?);
        if let (false, Some(strip)) = (unpack, &strip) {
            let message = "`strip` is about an archive that is unpacked";
            return Err(fields.error(Diagnostic::error(&CONFLICT, strip.span, message).hint("add unpack=#true")));
        }
        if let (true, Some(mode)) = (unpack, &mode) {
            let message = "`mode` is about a file, and an archive brings the modes of what it holds";
            return Err(fields.error(Diagnostic::error(&CONFLICT, mode.span, message).hint("remove it")));
        }
        Ok(Self {
            url: address?,
            to: to?,
            sha256: sha256?,
            owner: owner?,
            mode,
            unpack,
            strip,
            expected: expected?,
            span: fields.name_span(),
        })
    }
}

/// A checkout.
#[derive(Debug, Clone)]
pub struct Git {
    /// The repository's address.
    pub url: Spanned<String>,
    /// Where it goes, as it was written.
    pub to: Spanned<String>,
    /// The branch, tag or commit.
    pub reference: Spanned<String>,
    /// Who is to own it.
    pub owner: Option<Spanned<Owner>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

impl Decode for Git {
    const SHAPE: &'static Shape = &Shape {
        name: "git",
        doc: "Checks out a git repository, without its history.",
        args: Args::one("URL", Ty::Url),
        props: &[
            Prop::required("to", Ty::ImagePath, "The directory it goes to."),
            Prop::required("ref", Ty::Text, "The branch, tag or commit; only a whole commit is a pin."),
            OWNER,
            CHANGES,
            COST,
            ID,
            BEFORE,
            AFTER,
        ],
        free_props: None,
        children: &[],
        merge: Merge::Step,
        example: "git \"https://example.com/lib.git\" to=\"/src/lib\" ref=\"v1.2\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let url = fields.expect_arg::<String>().and_then(|text| fields.parse(&text, git_url));
        let to = fields.expect::<String>("to");
        let reference = fields.expect::<String>("ref").and_then(|text| fields.parse(&text, git_reference));
        let owner = fields.opt::<Owner>("owner");
        let expected = Expected::decode(fields);
        Ok(Self {
            url: url?,
            to: to?,
            reference: reference?,
            owner: owner?,
            expected: expected?,
            span: fields.name_span(),
        })
    }
}

/// An `http` or `https` address (RFC 3986) without user information, which would be a secret in the image's history.
pub(super) fn url(text: &str) -> Result<String, Invalid> {
    let invalid = |why: &str| Err(Invalid::new(format!("`{text}` is not an address: {why}")));
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else {
        return invalid("it starts with https:// or http://");
    };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if host.is_empty() {
        return invalid("it names no host");
    }
    if host.contains('@') {
        return invalid("a user or password in it would stay in the image's history");
    }
    // RFC 3986 leaves only these; anything else is to be percent-encoded.
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&b)) {
        return invalid("characters beyond those of RFC 3986 are percent-encoded");
    }
    Ok(text.to_owned())
}

/// Builders take an address for a git repository by its end (Dockerfile reference, ADD).
fn git_url(text: &str) -> Result<String, Invalid> {
    let address = url(text)?;
    if address.contains(['#', '?']) {
        return Err(Invalid::new(format!("`{text}` holds a `#` or `?`; the ref is written as ref=\"…\"")));
    }
    if !address.ends_with(".git") {
        return Err(Invalid::new(format!("`{text}` does not end in `.git`, by which builders know a repository")));
    }
    Ok(address)
}

/// A ref as git-check-ref-format(1) allows it, without what a URL's fragment would read otherwise.
fn git_reference(text: &str) -> Result<String, Invalid> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-/+".contains(&b);
    if !text.is_empty() && text.bytes().all(plain) && !text.starts_with(['-', '/', '.']) && !text.contains("..") {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not a git ref: letters, digits, `.`, `_`, `-`, `/`, `+`")))
    }
}
