//! KDL's classes of characters. Where a text is gone through, bytes do: what starts in a byte below 0x80 is one byte long,
//! and no other byte is below 0x80.

/// KDL's line breaks ("Newline").
pub(super) fn is_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{85}' | '\u{0b}' | '\u{0c}' | '\u{2028}' | '\u{2029}')
}

/// KDL's spaces ("Whitespace").
pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

/// A space or a line break.
pub(super) fn is_space_or_break(c: char) -> bool {
    is_space(c) || is_break(c)
}

/// Characters that may stand nowhere in a KDL text but as an escape ("Disallowed Literal Code Points").
pub(super) fn is_disallowed(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{200e}' | '\u{200f}'
        | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// The length of the line break that `rest` starts with; 0 if it does not.
pub(super) fn newline(rest: &str) -> usize {
    match rest.as_bytes() {
        [b'\r', b'\n', ..] | [0xc2, 0x85, ..] => 2,
        [b'\n' | b'\r' | 0x0b | 0x0c, ..] => 1,
        [0xe2, 0x80, 0xa8 | 0xa9, ..] => 3,
        _ => 0,
    }
}

/// The next line break from `at` on, or the end of the text.
pub(super) fn line_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    while let Some(byte) = bytes.get(end) {
        if may_break(*byte) && newline(&text[end..]) > 0 {
            break;
        }
        end += 1;
    }
    end
}

/// The end of the spaces from `at` on.
pub(super) fn spaces_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at;
    loop {
        match bytes.get(end) {
            Some(b' ' | b'\t') => end += 1,
            Some(0x80..) => match text[end..].chars().next() {
                Some(c) if is_space(c) => end += c.len_utf8(),
                _ => return end,
            },
            _ => return end,
        }
    }
}

/// Whether a line break may start with `byte`. Such a byte starts a character.
pub(super) fn may_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r' | 0x0b | 0x0c | 0xc2 | 0xe2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_as_bytes_are_those_as_characters() {
        for c in '\0'..='\u{ffff}' {
            let text = format!("x{c}y");
            let expected = if is_break(c) { c.len_utf8() } else { 0 };
            assert_eq!(newline(&text[1..]), expected, "{c:?}");
            assert_eq!(line_end(&text, 0), if is_break(c) { 1 } else { text.len() }, "{c:?}");
            assert_eq!(spaces_end(&text, 1), if is_space(c) { 1 + c.len_utf8() } else { 1 }, "{c:?}");
        }
        assert_eq!(newline("\r\n"), 2);
    }
}
