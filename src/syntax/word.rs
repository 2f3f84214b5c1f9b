//! What a word means: a name, a number, or a keyword.

use super::Value;

/// The value of a word, if a glance shows that nothing can be wrong with it: most words are such.
pub(super) fn plain_value(word: &str) -> Option<Value> {
    match word.as_bytes() {
        [b'0'..=b'9', ..] if word.len() <= SHORT && word.bytes().all(|b| b.is_ascii_digit()) => {
            let number = word.bytes().fold(0i64, |number, digit| number * 10 + i64::from(digit - b'0'));
            Some(Value::Integer(number.into()))
        }
        [b'#', ..] => keyword(word),
        _ => is_plain(word).then(|| Value::String(word.to_owned())),
    }
}

/// Digits that fit an `i64`.
const SHORT: usize = 18;

/// Whether a glance shows that `word` is sound text.
pub(super) fn is_plain(word: &str) -> bool {
    let plain = |b: &u8| matches!(b, b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'+' | b':' | b'@');
    word.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && word.as_bytes().iter().all(plain)
        && !matches!(word.as_bytes(), b"true" | b"false" | b"null" | b"inf" | b"nan")
}

/// The value of a word that nothing is wrong with.
pub(super) fn value(word: &str) -> Value {
    keyword(word).or_else(|| number(word)).unwrap_or_else(|| Value::String(word.to_owned()))
}

fn keyword(word: &str) -> Option<Value> {
    match word {
        "#true" => Some(Value::Bool(true)),
        "#false" => Some(Value::Bool(false)),
        "#null" => Some(Value::Null),
        "#inf" => Some(Value::Float(f64::INFINITY)),
        "#-inf" => Some(Value::Float(f64::NEG_INFINITY)),
        "#nan" => Some(Value::Float(f64::NAN)),
        _ => None,
    }
}

fn number(word: &str) -> Option<Value> {
    if !super::mistake::starts_like_number(word) {
        return None;
    }
    let bare = word.replace('_', "");
    let (sign, unsigned) = match bare.strip_prefix('-') {
        Some(unsigned) => ("-", unsigned),
        None => ("", bare.strip_prefix('+').unwrap_or(&bare)),
    };
    let (radix, digits) = match unsigned.as_bytes() {
        [b'0', b'x', ..] => (16, &unsigned[2..]),
        [b'0', b'o', ..] => (8, &unsigned[2..]),
        [b'0', b'b', ..] => (2, &unsigned[2..]),
        _ if unsigned.contains(['.', 'e', 'E']) => return bare.parse().ok().map(Value::Float),
        _ => (10, unsigned),
    };
    i128::from_str_radix(&format!("{sign}{digits}"), radix).ok().map(|number| Value::Integer(number.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(word: &str, expected: Value) {
        assert_eq!(value(word), expected, "{word}");
        if let Some(plain) = plain_value(word) {
            assert_eq!(plain, expected, "{word}");
        }
    }

    #[test]
    fn words() {
        check("a", Value::String("a".to_owned()));
        check("-a.b", Value::String("-a.b".to_owned()));
        check("#true", Value::Bool(true));
        check("#null", Value::Null);
        check("#-inf", Value::Float(f64::NEG_INFINITY));
        check("0", Value::Integer(0.into()));
        check("0755", Value::Integer(755.into()));
        check("999999999999999999", Value::Integer(999_999_999_999_999_999_i64.into()));
        check("1_000_", Value::Integer(1000.into()));
        check("-0", Value::Integer(0.into()));
        check("+12", Value::Integer(12.into()));
        check("-170141183460469231731687303715884105727", Value::Integer((-i128::MAX).into()));
        check("0xdead_BEEF", Value::Integer(0xdead_beef_u32.into()));
        check("-0o17", Value::Integer((-15).into()));
        check("+0b101", Value::Integer(5.into()));
        check("0xe", Value::Integer(14.into()));
        check("3.10", Value::Float(3.1));
        check("-1_0.5e-1_0", Value::Float(-10.5e-10));
        check("1e999", Value::Float(f64::INFINITY));
        check("1E2", Value::Float(100.0));
    }
}
