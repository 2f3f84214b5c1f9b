//! Lines of files that imgspec alone writes, read without a parser: a fraction of what reading KDL takes.

use super::quoted;
use std::borrow::Cow;

/// Writes `string` behind `text`, as KDL in quotes.
pub fn push_quoted(text: &mut String, string: &str) {
    if is_plain_text(string) {
        text.push('"');
        text.push_str(string);
        text.push('"');
    } else {
        text.push_str(&quoted(string));
    }
}

/// The string whose quote was just opened, and what is behind the one that closes it; `None` if it is not written as
/// [`push_quoted`] does, or with other escapes than `\"` and `\\`.
pub fn take_quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let end = text.bytes().position(|byte| !is_plain(byte))?;
    if let Some(rest) = text[end..].strip_prefix('"') {
        return Some((Cow::Borrowed(&text[..end]), rest));
    }
    let mut string = text[..end].to_owned();
    let mut chars = text[end..].char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '\\' => match chars.next()?.1 {
                c @ ('"' | '\\') => string.push(c),
                _ => return None,
            },
            '"' => {
                let written = &text[..end + at];
                // Much may not stand in a string of KDL as itself: what may is known where strings are written.
                let is_as_written = quoted(&string)[1..].strip_suffix('"') == Some(written);
                return is_as_written.then(|| (Cow::Owned(string), &text[end + at + 1..]));
            }
            c => string.push(c),
        }
    }
    None
}

/// Where a line stands that a merge left in conflict.
pub fn conflict_marker(text: &str) -> Option<(usize, usize)> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<<", "=======", ">>>>>>>", "|||||||"].iter().any(|marker| line.starts_with(marker)) {
            return Some((start, start + line.trim_end().len()));
        }
        start += line.len();
    }
    None
}

/// Whether a string is nothing but ASCII that says itself, so that it stands in quotes as it is.
pub(super) fn is_plain_text(string: &str) -> bool {
    string.bytes().all(is_plain)
}

/// Whether a byte of a string says itself.
fn is_plain(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\'
}
