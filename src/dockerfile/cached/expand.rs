//! Variables in the words of an instruction, as BuildKit's `frontend/dockerfile/shell` expands them.

use super::super::pattern::matches;

/// `word` with its variables expanded, its quotes and escapes removed.
pub(super) fn expand(word: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    Words { rest: word, value, quotes: true }.text(None)
}

/// `text` with its variables expanded; quotes are characters like others. So here-documents are read.
pub(super) fn expand_raw(text: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
    Words { rest: text, value, quotes: false }.text(None)
}

struct Words<'t> {
    rest: &'t str,
    value: &'t dyn Fn(&str) -> Option<String>,
    quotes: bool,
}

impl Words<'_> {
    fn next(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(c)
    }

    fn next_if(&mut self, is_wanted: impl Fn(char) -> bool) -> Option<char> {
        let wanted = self.rest.chars().next().is_some_and(is_wanted);
        if wanted { self.next() } else { None }
    }

    /// What is said up to `end`, which is consumed, or to the end of all.
    fn text(&mut self, end: Option<char>) -> String {
        let mut text = String::new();
        let mut quote = None;
        while let Some(c) = self.next() {
            match (c, quote) {
                (c, None) if Some(c) == end => break,
                (c, Some(open)) if c == open => quote = None,
                ('\'' | '"', None) if self.quotes => quote = Some(c),
                ('$', open) if open != Some('\'') => text.push_str(&self.variable()),
                ('\\', None) if self.quotes => text.extend(self.next()),
                ('\\', None | Some('"')) => match self.next_if(|next| matches!(next, '\\' | '"' | '$')) {
                    Some(escaped) => text.push(escaped),
                    None => text.push('\\'),
                },
                (c, _) => text.push(c),
            }
        }
        text
    }

    /// What stands for a variable whose `$` was read.
    fn variable(&mut self) -> String {
        if self.next_if(|c| c == '{').is_none() {
            let name = self.name();
            return if name.is_empty() { "$".to_owned() } else { (self.value)(&name).unwrap_or_default() };
        }
        let name = self.name();
        let set = (self.value)(&name);
        let colon = self.next_if(|c| c == ':').is_some();
        let value = set.filter(|value| !colon || !value.is_empty());
        match self.next() {
            None | Some('}') => value.unwrap_or_default(),
            Some('-') => {
                let default = self.text(Some('}'));
                value.unwrap_or(default)
            }
            Some('+') => {
                let other = self.text(Some('}'));
                value.map_or_else(String::new, |_| other)
            }
            Some(operator) => {
                // That `?` stops the build is not for here.
                let greedy = self.next_if(|c| c == operator).is_some();
                let operand = self.text(Some('}'));
                changed(&value.unwrap_or_default(), operator, greedy, &operand)
            }
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.next_if(|c| c.is_ascii_alphanumeric() || c == '_') {
            name.push(c);
        }
        name
    }
}

/// `value` without what a pattern finds at its start (`#`) or end (`%`), or with another text for it (`/`).
fn changed(value: &str, operator: char, greedy: bool, operand: &str) -> String {
    let cuts: Vec<usize> = value.char_indices().map(|(at, _)| at).chain([value.len()]).collect();
    match operator {
        '#' => {
            let found = |at: &&usize| matches(operand, &value[..**at]);
            let cut = if greedy { cuts.iter().rev().find(found) } else { cuts.iter().find(found) };
            value[cut.copied().unwrap_or(0)..].to_owned()
        }
        '%' => {
            let found = |at: &&usize| matches(operand, &value[**at..]);
            let cut = if greedy { cuts.iter().find(found) } else { cuts.iter().rev().find(found) };
            value[..cut.copied().unwrap_or(value.len())].to_owned()
        }
        '/' => {
            let (from, to) = operand.split_once('/').unwrap_or((operand, ""));
            if greedy { value.replace(from, to) } else { value.replacen(from, to, 1) }
        }
        _ => value.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".to_owned()),
            "E" => Some(String::new()),
            "F" => Some("a/b.tar.gz".to_owned()),
            _ => None,
        }
    }

    fn check(word: &str, expected: &str) {
        assert_eq!(expand(word, &value), expected, "{word}");
    }

    #[test]
    fn words() {
        check("a$A/${A}b", "aone/oneb");
        check("\"$A\" '$A' \\$A", "one $A $A");
        check("${N}|$N|$", "||$");
        check("${N:-x$A}${E:-y}${E-z}", "xoney");
        check("${A:+y}${N:+z}${E+w}", "yw");
        check("${F%.*} ${F%%.*} ${F#*/} ${F##*/*.} ${F/b/c}", "a/b.tar a/b b.tar.gz gz a/c.tar.gz");
        check("\"a\\\"b\\n\"", "a\"b\\n");
        assert_eq!(expand_raw("\"$A\" '$A' \\$A \\n", &value), "\"one\" 'one' $A \\n");
    }
}
