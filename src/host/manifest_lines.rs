//! The manifest as [`Manifest::print`](super::Manifest::print) writes it, read line by line: a fraction of what reading
//! KDL takes, and of no length that is too much.

use crate::base::Sum;
use crate::syntax::{push_quoted, take_quoted};
use std::borrow::Cow;

/// The first line of a manifest, without its end.
pub const HEADER: &str = "manifest schema=1";

/// A line of a manifest: an output and what it may hold.
#[derive(Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// The output's path.
    pub path: Cow<'a, str>,
    /// What it may hold.
    pub hash: Sum,
    /// The image it was written for; empty if it is of all images.
    pub image: Cow<'a, str>,
}

/// The lines of the manifest `text`. Where it is not as it is written, what is left of it: its first odd line and all
/// behind.
pub fn read(text: &str) -> Result<Vec<Line<'_>>, &str> {
    let mut lines = text.split_inclusive('\n');
    if lines.next().is_none_or(|first| without_end(first) != HEADER) {
        return Err(text);
    }
    let mut read = Vec::with_capacity(text.len() / 100);
    let mut at = text.find('\n').map_or(text.len(), |end| end + 1);
    for line in lines {
        read.push(Line::read(without_end(line)).ok_or(&text[at..])?);
        at += line.len();
    }
    Ok(read)
}

/// `line` without its end; what checks files out may have put the one of Windows there.
fn without_end(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

impl<'a> Line<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (path, rest) = take_quoted(line.strip_prefix("output \"")?)?;
        let (hash, rest) = rest.strip_prefix(" sha256=\"")?.split_at_checked(64)?;
        let hash = Sum::parse(hash)?;
        if rest == "\"" {
            return Some(Self { path, hash, image: Cow::Borrowed("") });
        }
        let (image, rest) = take_quoted(rest.strip_prefix("\" image=\"")?)?;
        (rest.is_empty() && !image.is_empty()).then_some(Self { path, hash, image })
    }

    /// Writes it behind `text`.
    pub fn print(&self, text: &mut String) {
        text.push_str("output ");
        push_quoted(text, &self.path);
        text.push_str(" sha256=\"");
        self.hash.push_hex(text);
        text.push('"');
        if !self.image.is_empty() {
            text.push_str(" image=");
            push_quoted(text, &self.image);
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn as_written() {
        for (path, image) in [("a/Dockerfile", "a"), ("é \"b\" \\/Dockerfile", "日本"), ("", "")] {
            let line = Line { path: path.into(), hash: Sum::of(b""), image: image.into() };
            let mut text = HEADER.to_owned() + "\n";
            line.print(&mut text);
            assert_eq!(read(&text), Ok(vec![line]), "{text}");
            let windows = text.replace('\n', "\r\n");
            assert_eq!(read(&windows).map(|lines| lines.len()), Ok(1));
        }
    }

    #[test]
    fn odd_lines() {
        let check = |line: &str| {
            let sound = format!("{HEADER}\noutput \"a\" sha256=\"{HASH}\" image=\"a\"\n");
            let text = format!("{sound}{line}\nmore\n");
            assert_eq!(read(&text), Err(&text[sound.len()..]), "{line}");
        };
        check("");
        check("<<<<<<< HEAD");
        check(HEADER);
        check(&format!(" output \"a\" sha256=\"{HASH}\" image=\"a\""));
        check(&format!("output \"a\" sha256=\"{HASH}\" image=\"\""));
        check(&format!("output a sha256=\"{HASH}\" image=\"a\""));
        check(&format!("output \"a\" image=\"a\" sha256=\"{HASH}\""));
        check(&format!("output \"a\" sha256=\"{HASH}\" image=\"a\" // why"));
        check(&format!("output \"a\" sha256=\"{}\" image=\"a\"", HASH.to_uppercase()));
        check(&format!("output \"a\" sha256=\"{}é\" image=\"a\"", &HASH[1..]));
        check(&format!("output \"a\\u{{e9}}\" sha256=\"{HASH}\" image=\"a\""));
        check(&format!("output \"a\u{202e}\" sha256=\"{HASH}\" image=\"a\""));
        check(&format!("output \"a\u{85}\" sha256=\"{HASH}\" image=\"a\""));
        for text in ["", "manifest schema=2\n", "output\n"] {
            assert_eq!(read(text), Err(text));
        }
    }
}
