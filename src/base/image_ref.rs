//! References to images in registries.

use super::{Digest, Invalid};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A reference to an image, by the grammar of the distribution project (`distribution/reference`):
/// `[domain[:port]/]path[:tag][@digest]`, kept as it was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ImageRef {
    name: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl ImageRef {
    /// The reference `text` spells.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = |why: &str| Invalid::new(format!("`{text}` is not an image reference: {why}"));
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if digest.starts_with("sha256:") => (rest, Some(Digest::parse(digest)?)),
            Some(_) => return Err(invalid("behind `@` stands `sha256:` and 64 hexadecimal digits")),
            None => (text, None),
        };
        let slash = rest.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match rest[slash..].find(':') {
            Some(colon) => (&rest[..slash + colon], Some(&rest[slash + colon + 1..])),
            None => (rest, None),
        };
        if let Some(tag) = tag {
            let first = tag.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_');
            let all = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b));
            if !first || !all || tag.len() > 128 {
                return Err(invalid("a tag is at most 128 letters, digits, `_`, `.`, `-`, the first no `.` or `-`"));
            }
        }
        let (domain, path) = match name.split_once('/') {
            Some((head, path)) if head.contains(['.', ':']) || head == "localhost" => (Some(head), path),
            _ => (None, name),
        };
        if domain.is_some_and(|domain| !is_domain(domain)) {
            return Err(invalid("the registry is a host name with an optional port"));
        }
        if !path.split('/').all(is_path_component) {
            return Err(invalid(
                "a name is of a-z, 0-9 with single `.`, `_`, `__` or `-` between, parts joined by `/`",
            ));
        }
        if name.len() > 255 {
            return Err(invalid("a name has at most 255 characters"));
        }
        Ok(Self { name: name.to_owned(), tag: tag.map(str::to_owned), digest })
    }

    /// The name without tag and digest, with its registry if one was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The last part of the name: `python` of `ghcr.io/acme/python:3`.
    pub fn short_name(&self) -> &str {
        self.name.rsplit('/').next().unwrap_or(&self.name)
    }

    /// The tag, if one was written.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The same reference with a digest.
    #[must_use]
    pub fn with_digest(self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self }
    }

    /// The digest, if one was written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

fn is_domain(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`
fn is_path_component(text: &str) -> bool {
    let alphanumeric = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    let ends = bytes.first().copied().is_some_and(alphanumeric) && bytes.last().copied().is_some_and(alphanumeric);
    let separators_fit = text
        .split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        .all(|between| matches!(between, "" | "." | "_" | "__") || between.bytes().all(|b| b == b'-'));
    ends && separators_fit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
        let pinned = format!("debian:bookworm-slim@{digest}");
        for (text, name, tag) in [
            ("debian", "debian", None),
            ("debian:bookworm-slim", "debian", Some("bookworm-slim")),
            ("ghcr.io/acme/py_thon:3.12", "ghcr.io/acme/py_thon", Some("3.12")),
            ("localhost:5000/a/b", "localhost:5000/a/b", None),
            (&pinned, "debian", Some("bookworm-slim")),
        ] {
            let parsed = ImageRef::parse(text).expect(text);
            assert_eq!((parsed.name(), parsed.tag()), (name, tag));
            assert_eq!(parsed.to_string(), text);
        }
        for bad in [
            "",
            ":tag",
            "Debian",
            "debian:",
            "debian:-x",
            "a//b",
            "debian@sha256:12",
            "a b",
            "-a",
            "a.-b",
            "$x",
            "-x.io/a",
        ] {
            assert!(ImageRef::parse(bad).is_err(), "{bad}");
        }
    }
}
