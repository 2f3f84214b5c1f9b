//! What can be wrong with a word or a string, and what was meant.

use super::characters::is_disallowed;
use super::print::quoted;
use super::token::{Kind, Token};
use std::borrow::Cow;
use std::ops::Range;

/// A mistake in the text, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Where it is, if not at the token it is told of.
    pub(super) place: Option<Range<usize>>,
    pub(super) message: String,
    /// Other places it has to do with.
    pub(super) also: Vec<(Range<usize>, String)>,
    pub(super) hints: Vec<String>,
}

impl Mistake {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { place: None, message: message.into(), also: Vec::new(), hints: vec![hint.into()] }
    }

    pub(super) fn at(mut self, place: Range<usize>) -> Self {
        self.place = Some(place);
        self
    }

    pub(super) fn also(mut self, place: Range<usize>, message: impl Into<String>) -> Self {
        self.also.push((place, message.into()));
        self
    }

    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }
}

/// What is wrong with the word `token` as a value.
pub(super) fn in_word(token: Token, text: &str) -> Option<Mistake> {
    let word = &text[token.start..token.end];
    let shown = shown(word);
    if let Some((at, c)) = word.char_indices().find(|(_, c)| is_disallowed(*c)) {
        let place = token.start + at..token.start + at + c.len_utf8();
        return Some(disallowed(c, place));
    }
    match word {
        "true" | "false" | "null" => {
            let hint = format!("write #{word}, or \"{word}\" if it is text");
            return Some(Mistake::new(format!("`{word}` without `#`"), hint));
        }
        "inf" | "-inf" | "nan" => {
            let hint = format!("write \"{word}\" if it is text, #{word} if it is a number");
            return Some(Mistake::new(format!("`{word}` without `#`"), hint));
        }
        _ if KEYWORDS.contains(&word) => return None,
        _ => {}
    }
    if word.starts_with(',') {
        let place = token.start..token.start + 1;
        return Some(Mistake::new("`,` separates nothing", "values are separated by spaces alone").at(place));
    }
    if word.starts_with('[') {
        return Some(Mistake::new(
            "KDL has no lists in brackets",
            "write one value after another, with spaces between them",
        ));
    }
    if word.starts_with('#') {
        let hint = format!("the keywords are {}; text needs quotes: {}", KEYWORDS.join(", "), quoted(&shown));
        return Some(Mistake::new(format!("`{shown}` is no keyword"), hint));
    }
    if word.starts_with("$") && word.ends_with(['}', ')']) {
        return Some(unquoted(word, "`$` starts nothing in KDL"));
    }
    if let Some(c) = word.chars().find(|c| "/\\[]#(){}".contains(*c)) {
        return Some(unquoted(word, &format!("text with `{c}` needs quotes")));
    }
    if starts_like_number(word) {
        return in_number(word);
    }
    if word.len() > 1 && word.ends_with(',') {
        let place = token.end - 1..token.end;
        return Some(Mistake::new("`,` separates nothing", "values are separated by spaces alone").at(place));
    }
    None
}

/// What is wrong with the sound value `word` as the name of a node or property.
pub(super) fn in_name(word: &str) -> Option<Mistake> {
    let kind = if word.starts_with('#') && KEYWORDS.contains(&word) {
        "a keyword"
    } else if starts_like_number(word) && in_number(word).is_none() {
        "a number"
    } else {
        return None;
    };
    Some(Mistake::new(format!("{kind} as a name"), format!("quote it if it is one: {}", quoted(&shown(word)))))
}

/// Text that cannot stand without quotes, because of `reason`.
pub(super) fn unquoted(word: &str, reason: &str) -> Mistake {
    Mistake::new(format!("{reason}: `{}`", shown(word)), format!("write {}", quoted(&shown(word))))
}

/// `word`, shortened to what a message can hold.
fn shown(word: &str) -> Cow<'_, str> {
    match word.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &word[..end]).into(),
        None => word.into(),
    }
}

/// How many characters of a word a message shows.
const SHOWN: usize = 60;

/// Whether a word that starts with `#` was meant as a keyword, not as a comment.
pub(super) fn is_keyword_like(word: &str) -> bool {
    let name = word.trim_start_matches('#').to_ascii_lowercase();
    ["true", "false", "null", "nan", "inf", "-inf", "+inf", "yes", "no", "on", "off", "none", "nil"].contains(&&*name)
}

/// KDL's keywords.
const KEYWORDS: [&str; 6] = ["#true", "#false", "#null", "#inf", "#-inf", "#nan"];

/// Whether KDL forbids `word` as an identifier for its start: a digit, or a sign or point and a digit.
pub(super) fn starts_like_number(word: &str) -> bool {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let digits = unsigned.strip_prefix('.').unwrap_or(unsigned);
    digits.starts_with(|c: char| c.is_ascii_digit())
}

/// What is wrong with a word that starts as a number.
fn in_number(word: &str) -> Option<Mistake> {
    let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
    let shown = shown(word);
    let sign = &word[..word.len() - unsigned.len()];
    if unsigned.starts_with('.') {
        let number = format!("{sign}0{unsigned}");
        let hint = format!("write {} if it is text, {} if it is a number", quoted(&shown), self::shown(&number));
        return Some(Mistake::new(format!("`{shown}` has no digit before the point"), hint));
    }
    let radix = match unsigned.as_bytes() {
        [b'0', b'x', ..] => 16,
        [b'0', b'o', ..] => 8,
        [b'0', b'b', ..] => 2,
        _ => 10,
    };
    let sound = if radix == 10 { is_decimal(unsigned) } else { is_integer(&unsigned[2..], radix) };
    if !sound {
        let message = format!("`{shown}` is neither a number nor text: it starts with a digit and has no quotes");
        return Some(Mistake::new(message, format!("write {}", quoted(&shown))));
    }
    // Integers are read as i128, also those before a point and in an exponent.
    let digits = if radix == 10 { unsigned } else { &unsigned[2..] };
    let is_integral = radix != 10 || !unsigned.contains(['.', 'e', 'E']);
    let parts =
        digits.split(['.', 'e', 'E', '+', '-']).filter(|_| radix == 10).chain(Some(digits).filter(|_| is_integral));
    let fits = |part: &str| i128::from_str_radix(&part.replace('_', ""), radix).is_ok();
    if parts.filter(|part| !part.is_empty()).all(fits) {
        return None;
    }
    let hint = format!("write {} if it is text", quoted(&shown));
    Some(Mistake::new("a number with too many digits", hint))
}

/// `integer ('.' integer)? (('e' | 'E') sign? integer)?`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    is_integer(whole, 10) && fraction.is_none_or(|f| is_integer(f, 10)) && exponent.is_none_or(|e| is_integer(e, 10))
}

/// `digit (digit | '_')*`
fn is_integer(digits: &str, radix: u32) -> bool {
    digits.starts_with(|c: char| c.is_digit(radix)) && digits.chars().all(|c| c == '_' || c.is_digit(radix))
}

/// A character that KDL allows only as an escape.
pub(super) fn disallowed(c: char, place: Range<usize>) -> Mistake {
    let message = format!("the character U+{:04X} cannot be seen and is not allowed here", c as u32);
    Mistake::new(message, format!("remove it, or write \\u{{{:x}}} in a string", c as u32)).at(place)
}

/// What is wrong with the string `token`, the first thing of it.
pub(super) fn in_string(token: Token, text: &str) -> Option<Mistake> {
    let written = &text[token.start..token.end];
    match token.kind {
        Kind::OldRaw => {
            let hint = format!("write {}", quoted(&shown(old_raw_value(written))));
            Some(Mistake::new("a raw string of KDL 1", hint).hint("raw strings are written #\"…\"#"))
        }
        Kind::OddQuotes => {
            let opening: String = written.chars().take(1).collect();
            let inside = written.trim_matches(|c| "'`“”„«»‘’".contains(c));
            Some(Mistake::new(format!("`{opening}` quotes nothing in KDL"), format!("write {}", quoted(inside))))
        }
        _ => super::string::check(token, text),
    }
}

/// What stands between the quotes of `r#"…"#`.
fn old_raw_value(written: &str) -> &str {
    let marks = written.trim_start_matches('r').trim_start_matches('#').strip_prefix('"').unwrap_or_default();
    marks.trim_end_matches('#').trim_end_matches('"')
}
