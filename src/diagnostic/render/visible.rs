//! Text from files and values that is shown on a terminal.

use std::borrow::Cow;

/// `text` on one line, with every character that would move the cursor, turn the direction of writing or hide shown as a
/// mark instead: what stands in a file must not act on the terminal it is shown on.
pub fn visible(text: &str) -> Cow<'_, str> {
    if text.chars().all(|c| mark(c).is_none()) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match mark(c) {
            Some(mark) => shown.push_str(&mark),
            None => shown.push(c),
        }
    }
    shown.into()
}

/// What is shown for `c`, if it cannot be shown itself.
pub(super) fn mark(c: char) -> Option<String> {
    match c {
        // Unicode has pictures of the control characters: ␀ to ␟, and ␡.
        '\0'..='\u{1f}' => char::from_u32(0x2400 + c as u32).map(String::from),
        '\u{7f}' => Some('\u{2421}'.to_string()),
        // Further controls, marks of direction, line and paragraph separators, the byte order mark, tags.
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => Some(format!("<U+{:04X}>", c as u32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks() {
        let check = |text, expected| assert_eq!(visible(text), expected);
        check("naïve 日本 👩‍🚀", "naïve 日本 👩‍🚀");
        check("a\u{1b}[31mb\r\n\t\0", "a␛[31mb␍␊␉␀");
        check("\u{202e}evil\u{85}\u{7f}", "<U+202E>evil<U+0085>␡");
    }
}
