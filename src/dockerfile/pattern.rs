//! The patterns of moby's `patternmatcher`, in which `.dockerignore` files and `--exclude` are written, and which those of
//! COPY's sources are a part of.

/// Whether `pattern` matches the whole of `path`.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    let path: Vec<char> = path.chars().collect();
    // Which beginnings of the path the pattern's beginning so far matches, by their length.
    let mut reached = vec![false; path.len() + 1];
    reached[0] = true;
    for token in tokens(pattern) {
        let mut next = vec![false; path.len() + 1];
        let mut passed = false;
        for (length, next) in next.iter_mut().enumerate() {
            let last = length.checked_sub(1).map(|at| (path[at], reached[at]));
            let extends = |accepts: &dyn Fn(char) -> bool| last.is_some_and(|(last, before)| before && accepts(last));
            *next = match &token {
                Token::Literal(c) => extends(&|last| last == *c),
                Token::One => extends(&|last| last != '/'),
                Token::Class { inverted, ranges } => extends(&|last| {
                    last != '/' && ranges.iter().any(|(from, to)| (*from..=*to).contains(&last)) != *inverted
                }),
                Token::Name => {
                    passed = reached[length] || passed && last.is_some_and(|(last, _)| last != '/');
                    passed
                }
                Token::Everything => {
                    passed |= reached[length];
                    passed
                }
                Token::Directories => {
                    let here = reached[length] || passed && last.is_some_and(|(last, _)| last == '/');
                    passed |= reached[length];
                    here
                }
            };
        }
        reached = next;
    }
    reached[path.len()]
}

/// Whether `part` is more than a name.
pub(super) fn is_glob(part: &str) -> bool {
    part.contains(['*', '?', '[', '\\'])
}

/// A part of a pattern.
enum Token {
    /// This character.
    Literal(char),
    /// `?`: any character of a name.
    One,
    /// `[a-z]`: one of these, or with `^` none of them.
    Class { inverted: bool, ranges: Vec<(char, char)> },
    /// `*`: any characters of a name.
    Name,
    /// `**`: anything.
    Everything,
    /// `**/`: any directories, perhaps none.
    Directories,
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '*' if rest.next_if_eq(&'*').is_some() => match rest.next_if_eq(&'/') {
                Some(_) => Token::Directories,
                None => Token::Everything,
            },
            '*' => Token::Name,
            '?' => Token::One,
            '[' => class(&mut rest),
            '\\' => rest.next().map_or(Token::Literal(c), Token::Literal),
            c => Token::Literal(c),
        });
    }
    tokens
}

/// What stands behind a `[`, to its `]`.
fn class(rest: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Token {
    let inverted = rest.next_if_eq(&'^').is_some();
    let mut ranges = Vec::new();
    // A `]` right at the start is one of the class.
    while let Some(c) = rest.next().filter(|c| *c != ']' || ranges.is_empty()) {
        let mut unescaped = |c| if c == '\\' { rest.next().unwrap_or(c) } else { c };
        let from = unescaped(c);
        let to = match rest.next_if_eq(&'-').and_then(|_| rest.next()) {
            Some('\\') => rest.next().unwrap_or('\\'),
            Some(c) => c,
            None => from,
        };
        ranges.push((from, to));
    }
    Token::Class { inverted, ranges }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match() {
        for (pattern, path, matched) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("*.pyc", "a.pyc", true),
            ("*.pyc", "a/b.pyc", false),
            ("**/*.pyc", "a.pyc", true),
            ("**/*.pyc", "a/b/c.pyc", true),
            ("**/b", "ab", false),
            ("a/**", "a/b/c", true),
            ("a/**/d", "a/d", true),
            ("a/**/d", "a/b/c/d", true),
            ("?[a-c]\\*", "xb*", true),
            ("?[a-c]\\*", "xd*", false),
            ("[^a-c]x[]]", "dx]", true),
            ("[^a-c]x", "bx", false),
            ("[[]id].tsx", "[id].tsx", true),
            ("[\\]a]", "]", true),
            ("?", "/", false),
            (&"*".repeat(99), &"a".repeat(9999), true),
        ] {
            assert_eq!(matches(pattern, path), matched, "{pattern} {path}");
        }
    }
}
