//! How values are written so that they survive: the quoting of BuildKit's `frontend/dockerfile/shell/lex.go` (words that
//! variables are expanded in) and of its JSON forms.

/// `text` in double quotes, where a backslash, a quote and a dollar are escaped.
///
/// hadolint cannot read an escaped backslash right before a quote, so that such a backslash stands outside the quotes.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let behind = rest.trim_start_matches('\\');
        let backslashes = "\\\\".repeat(rest.len() - behind.len());
        match c {
            '\\' if behind.is_empty() || behind.starts_with('"') => quoted.push_str(&format!("\"{backslashes}\"")),
            '\\' => quoted.push_str(&backslashes),
            '"' | '$' => quoted.extend(['\\', c]),
            c => quoted.push(c),
        }
        rest = if c == '\\' { behind } else { &rest[c.len_utf8()..] };
    }
    quoted + "\""
}

/// `text` in double quotes, and behind it in the same quotes the value of `variable`.
pub(super) fn quoted_before(text: &str, variable: &str) -> String {
    format!("{}${variable}\"", quoted(text).strip_suffix('"').unwrap_or_default())
}

/// `text` as a word without blanks, as it is where it means itself.
pub(super) fn word(text: &str) -> String {
    let mut word = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '"' | '\'' | '$') {
            word.push('\\');
        }
        word.push(c);
    }
    word
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
pub(super) fn json(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| json_string(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A JSON array, for forms whose words are expanded afterwards: COPY, ADD, VOLUME. There hadolint reads escaped
/// backslashes, and no numbers of characters.
pub(super) fn expanded_json<'t>(words: impl IntoIterator<Item = &'t str>) -> String {
    let words: Vec<String> = words.into_iter().map(|text| serde_json::Value::from(word(text)).to_string()).collect();
    format!("[{}]", words.join(", "))
}

/// hadolint takes an escaped backslash right before a quote for an escaped quote, so that such a backslash is written as
/// its number.
fn json_string(text: &str) -> String {
    let mut json = String::from("\"");
    let mut rest = text;
    while !rest.is_empty() {
        let behind = rest.trim_start_matches('\\');
        let is_before_quote = behind.is_empty() || behind.starts_with('"');
        let backslash = if is_before_quote { "\\u005c" } else { "\\\\" };
        json.push_str(&backslash.repeat(rest.len() - behind.len()));
        let (plain, next) = behind.split_at(behind.find('\\').unwrap_or(behind.len()));
        let plain = serde_json::Value::from(plain).to_string();
        json.push_str(&plain[1..plain.len() - 1]);
        rest = next;
    }
    json + "\""
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
            assert_eq!(word(text), as_word);
            assert_eq!(quoted(text), as_value);
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
        assert_eq!(json(&words), r#"["a b", "\"$x\"\n\\n\u005c"]"#);
        assert_eq!(expanded_json(["a\"$b"]), r#"["a\\\"\\$b"]"#);
    }

    #[test]
    fn delimiters() {
        assert_eq!(delimiter("a\n"), "EOF");
        assert_eq!(delimiter("EOF\nEOF2\r\n"), "EOF3");
        assert_eq!(delimiter("EOFX\n"), "EOF2");
    }
}
