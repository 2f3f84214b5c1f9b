//! How values are written so that they survive: the quoting of BuildKit's `frontend/dockerfile/shell/lex.go` (words that
//! variables are expanded in) and of its JSON forms.

use std::fmt::{self, Display, Formatter, Write as _};

/// `text` in double quotes, where a backslash, a quote and a dollar are escaped.
///
/// hadolint cannot read an escaped backslash right before a quote, so that such a backslash stands outside the quotes.
pub(super) fn quoted(text: &str) -> impl Display {
    fmt::from_fn(move |f| {
        f.write_char('"')?;
        write_quoted(f, text)?;
        f.write_char('"')
    })
}

/// `text` in double quotes, and behind it in the same quotes the value of `variable`.
pub(super) fn quoted_before(text: &str, variable: &str) -> impl Display {
    fmt::from_fn(move |f| {
        f.write_char('"')?;
        write_quoted(f, text)?;
        write!(f, "${variable}\"")
    })
}

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    pieces(text, ['\\', '"', '$'], |plain, special, behind| {
        f.write_str(plain)?;
        match special {
            "" => Ok(()),
            "\"" => f.write_str("\\\""),
            "$" => f.write_str("\\$"),
            backslashes if behind.is_empty() || behind.starts_with('"') => {
                f.write_char('"')?;
                repeat(f, "\\\\", backslashes.len())?;
                f.write_char('"')
            }
            backslashes => repeat(f, "\\\\", backslashes.len()),
        }
    })
}

/// Parts `text` at `special` characters: calls `write` with what stands before each, with it, and with what follows.
/// Backslashes that follow each other come as one; the last call has none.
fn pieces<const N: usize>(
    text: &str,
    special: [char; N],
    mut write: impl FnMut(&str, &str, &str) -> fmt::Result,
) -> fmt::Result {
    let mut rest = text;
    loop {
        let (plain, from) = rest.split_at(rest.find(special).unwrap_or(rest.len()));
        let behind = from.trim_start_matches('\\');
        let behind = if behind.len() < from.len() { behind } else { from.get(1..).unwrap_or_default() };
        let at = &from[..from.len() - behind.len()];
        write(plain, at, behind)?;
        if at.is_empty() {
            return Ok(());
        }
        rest = behind;
    }
}

fn repeat(f: &mut Formatter<'_>, text: &str, times: usize) -> fmt::Result {
    (0..times).try_for_each(|_| f.write_str(text))
}

/// `text` as a word without blanks, as it is where it means itself.
pub(super) fn word(text: &str) -> impl Display {
    fmt::from_fn(move |f| {
        for part in text.split_inclusive(is_escaped_in_words) {
            let plain = part.trim_end_matches(is_escaped_in_words);
            f.write_str(plain)?;
            if plain.len() < part.len() {
                write!(f, "\\{}", &part[plain.len()..])?;
            }
        }
        Ok(())
    })
}

fn is_escaped_in_words(c: char) -> bool {
    matches!(c, '\\' | '"' | '\'' | '$')
}

/// Whether [`word`] can say `text`: blanks would end it, and some beginnings make it something else.
pub(super) fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.contains(breaks_words)
        && !text.starts_with(['[', '<'])
        && !text.starts_with("--")
        // At the end of a line it could continue it.
        && !text.ends_with('\\')
}

/// Whether a word, a line or a here-document's name ends at `c`.
pub(super) fn breaks_words(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// A JSON array, for forms whose words nothing expands: ENTRYPOINT, CMD, SHELL, RUN.
pub(super) fn json(words: &[String]) -> impl Display {
    array(
        move || words.iter().map(String::as_str),
        |word, f| {
            // hadolint takes an escaped backslash right before a quote for an escaped quote, so that such a backslash is
            // written as its number.
            pieces(word, ['\\'], |plain, backslashes, behind| {
                write_json(f, plain)?;
                let is_before_quote = behind.is_empty() || behind.starts_with('"');
                repeat(f, if is_before_quote { "\\u005c" } else { "\\\\" }, backslashes.len())
            })
        },
    )
}

/// A JSON array, for forms whose words are expanded afterwards: COPY, ADD, VOLUME. There hadolint reads escaped
/// backslashes, and no numbers of characters.
pub(super) fn expanded_json<'t, I>(words: impl Fn() -> I) -> impl Display
where
    I: Iterator<Item = &'t str>,
{
    array(words, |text, f| write_json(f, &word(text).to_string()))
}

fn array<'t, I>(words: impl Fn() -> I, write: impl Fn(&str, &mut Formatter<'_>) -> fmt::Result) -> impl Display
where
    I: Iterator<Item = &'t str>,
{
    fmt::from_fn(move |f| {
        f.write_char('[')?;
        for (at, word) in words().enumerate() {
            f.write_str(if at == 0 { "\"" } else { ", \"" })?;
            write(word, f)?;
            f.write_char('"')?;
        }
        f.write_char(']')
    })
}

/// `text` with the escapes of a JSON string (RFC 8259, 7).
fn write_json(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    let is_special = |c: char| c < ' ' || c == '"' || c == '\\';
    for part in text.split_inclusive(is_special) {
        let plain = part.trim_end_matches(is_special);
        f.write_str(plain)?;
        for c in part[plain.len()..].chars() {
            match c {
                '"' => f.write_str("\\\""),
                '\\' => f.write_str("\\\\"),
                '\n' => f.write_str("\\n"),
                '\r' => f.write_str("\\r"),
                '\t' => f.write_str("\\t"),
                '\u{8}' => f.write_str("\\b"),
                '\u{c}' => f.write_str("\\f"),
                c => write!(f, "\\u{:04x}", u32::from(c)),
            }?;
        }
    }
    Ok(())
}

/// A name that ends a here-document which holds `text`: no line of it begins so, for hadolint looks no further.
pub(super) fn delimiter(text: &str) -> String {
    let taken = |name: &str| text.lines().any(|line| line.starts_with(name));
    let numbered = (2..).map(|number| format!("EOF{number}"));
    std::iter::once("EOF".to_owned()).chain(numbered).find(|name| !taken(name)).unwrap_or_default()
}

/// What a word written with quotes and escapes says; `None` where it expands a variable or a quote is not closed.
pub(super) fn unquote(word: &str) -> Option<String> {
    let mut text = String::new();
    let mut quote = None;
    let mut chars = word.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\'', None) | ('"', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (c, Some('\'')) => text.push(c),
            ('\\', None) => text.extend(chars.next()),
            ('\\', Some(_)) => match chars.next_if(|next| matches!(next, '\\' | '"' | '$')) {
                Some(escaped) => text.push(escaped),
                None => text.push('\\'),
            },
            ('$', _) => return None,
            (c, _) => text.push(c),
        }
    }
    quote.is_none().then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values() {
        for (text, as_word, as_value) in [
            ("a", "a", "\"a\""),
            ("a$b", "a\\$b", "\"a\\$b\""),
            ("it's", "it\\'s", "\"it's\""),
            ("\\", "\\\\", "\"\"\\\\\"\""),
            ("c:\\", "c:\\\\", "\"c:\"\\\\\"\""),
            ("a\\\"b", "a\\\\\\\"b", "\"a\"\\\\\"\\\"b\""),
            ("a\\b", "a\\\\b", "\"a\\\\b\""),
            ("\"", "\\\"", "\"\\\"\""),
            ("a`b#c", "a`b#c", "\"a`b#c\""),
        ] {
            assert_eq!(word(text).to_string(), as_word);
            assert_eq!(quoted(text).to_string(), as_value);
            assert_eq!(unquote(as_word).as_deref(), Some(text));
            assert_eq!(unquote(as_value).as_deref(), Some(text));
        }
        for open in ["$x", "\"$x\"", "'a", "\"a"] {
            assert_eq!(unquote(open), None, "{open}");
        }
        assert!(
            is_word("a\"b") && !is_word("") && !is_word("a b") && !is_word("--a") && !is_word("[") && !is_word("<<a")
        );
    }

    #[test]
    fn json_forms() {
        let words = ["a b".to_owned(), "\"$x\"\n\\n\\".to_owned()];
        assert_eq!(json(&words).to_string(), r#"["a b", "\"$x\"\n\\n\u005c"]"#);
        assert_eq!(expanded_json(|| ["a\"$b"].into_iter()).to_string(), r#"["a\\\"\\$b"]"#);
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter("a\n"), "EOF");
        assert_eq!(delimiter("EOF\nEOF2\r\n"), "EOF3");
        assert_eq!(delimiter("EOFX\n"), "EOF2");
    }
}
