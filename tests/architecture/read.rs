//! Rust sources as far as the house needs them: the paths they name and the words they use, without comments and strings.

use std::collections::BTreeSet;

/// A source file.
pub struct Source {
    /// Its path, `src/room/file.rs`.
    pub path: String,
    /// Its text.
    pub text: String,
    /// Whether only tests compile it.
    test: bool,
}

/// A path that is named, `crate::base::Span`; one from `super` is given from `crate`.
pub struct Named {
    pub parts: Vec<String>,
    pub line: usize,
    /// Whether only tests name it.
    pub test: bool,
}

/// A word or a piece of punctuation.
#[derive(Clone)]
pub struct Word {
    pub text: String,
    pub line: usize,
    /// Whether `!` stands behind it.
    pub is_macro: bool,
    pub test: bool,
}

/// The files, each with what the others say of it: a file that `#[cfg(test)] mod name;` declares is for tests.
pub fn sources(files: Vec<(String, String)>) -> Vec<Source> {
    let mut tests = BTreeSet::new();
    for (path, text) in &files {
        let directory = module(path).join("/");
        let words = words(text);
        for (index, word) in words.iter().enumerate() {
            if word.test && word.text == "mod" && words.get(index + 2).is_some_and(|next| next.text == ";") {
                let name = &words[index + 1].text;
                tests.insert(format!("src/{directory}/{name}"));
            }
        }
    }
    let is_test = |path: &str| {
        tests.iter().any(|test| path.starts_with(&format!("{test}.")) || path.starts_with(&format!("{test}/")))
    };
    files.into_iter().map(|(path, text)| Source { test: is_test(&path), path, text }).collect()
}

impl Source {
    /// The room it stands in; of a file right below `src` its name.
    pub fn room(&self) -> &str {
        let rest = self.path.strip_prefix("src/").unwrap_or(&self.path);
        rest.split('/').next().unwrap_or(rest).trim_end_matches(".rs")
    }

    /// Its words.
    pub fn words(&self) -> Vec<Word> {
        words(&self.text).into_iter().map(|word| Word { test: word.test || self.test, ..word }).collect()
    }

    /// The paths it names, those of `use` lines and all others.
    pub fn paths(&self) -> Vec<Named> {
        let words = self.words();
        let mut paths = Vec::new();
        let mut at = 0;
        while at < words.len() {
            if words[at].text == "use" {
                at = tree(&words, at + 1, &[], &mut paths);
            } else if is_name(&words[at].text) && words.get(at + 1).is_some_and(|next| next.text == "::") {
                at = tree(&words, at, &[], &mut paths);
            } else {
                at += 1;
            }
        }
        paths.into_iter().map(|path| self.absolute(path)).collect()
    }

    /// The path without `super`.
    fn absolute(&self, mut path: Named) -> Named {
        let mut module = module(&self.path);
        let supers = path.parts.iter().take_while(|part| *part == "super").count();
        if supers > 0 {
            // In a module within the file `super` is one less; then the path stays in the room at least as surely.
            module.truncate(module.len().saturating_sub(supers));
            let rest = path.parts.split_off(supers);
            path.parts = std::iter::once("crate".to_owned()).chain(module).chain(rest).collect();
        }
        if path.parts.len() == 1 {
            path.parts.push(self.room().to_owned());
        }
        path
    }
}

/// The module a file is, from the crate's root.
fn module(path: &str) -> Vec<String> {
    let path = path.strip_prefix("src/").unwrap_or(path).trim_end_matches(".rs");
    let path = path.strip_suffix("/mod").unwrap_or(path);
    path.split('/').map(str::to_owned).collect()
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Reads `a::b`, `a::{b, c::d}` or `a as b` at `at`, behind `before`; gives where it ends.
fn tree(words: &[Word], mut at: usize, before: &[String], paths: &mut Vec<Named>) -> usize {
    let mut parts = before.to_vec();
    let text = |at: usize| words.get(at).map_or("", |word| word.text.as_str());
    let (line, test) = words.get(at).map_or((0, false), |word| (word.line, word.test));
    if text(at) == "::" {
        at += 1;
    }
    loop {
        if is_name(text(at)) {
            parts.push(text(at).to_owned());
            at += 1;
        } else if text(at) == "{" {
            at += 1;
            while !["}", ""].contains(&text(at)) {
                let end = tree(words, at, &parts, paths);
                at = if end == at { at + 1 } else { end };
            }
            return at + 1;
        } else {
            break;
        }
        if text(at) != "::" {
            break;
        }
        at += 1;
    }
    if !parts.is_empty() {
        paths.push(Named { parts, line, test });
    }
    if text(at) == "as" {
        at += 2;
    }
    at
}

/// The words of `text`; those of items behind `#[cfg(test)]` are marked.
fn words(text: &str) -> Vec<Word> {
    let mut words = split(text);
    let cfg_test = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut at = 0;
    while at + cfg_test.len() < words.len() {
        if !cfg_test.iter().enumerate().all(|(index, word)| words[at + index].text == *word) {
            at += 1;
            continue;
        }
        // To the end of the item: its `;`, or the end of its block.
        let mut depth = 0usize;
        for word in &mut words[at..] {
            at += 1;
            word.test = true;
            match word.text.as_str() {
                "{" => depth += 1,
                "}" if depth == 1 => break,
                "}" => depth -= 1,
                ";" if depth == 0 => break,
                _ => {}
            }
        }
    }
    words
}

fn split(text: &str) -> Vec<Word> {
    let chars: Vec<char> = text.chars().collect();
    let get = |at: usize| chars.get(at).copied().unwrap_or('\0');
    let mut words: Vec<Word> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let start = at;
        let c = chars[at];
        let raw_string = |at: usize| {
            let hashes = chars[at..].iter().take_while(|c| **c == '#').count();
            (get(at + hashes) == '"').then_some(hashes)
        };
        if c == '/' && get(at + 1) == '/' {
            while at < chars.len() && chars[at] != '\n' {
                at += 1;
            }
        } else if c == '/' && get(at + 1) == '*' {
            let mut depth = 0;
            loop {
                match (get(at), get(at + 1)) {
                    ('/', '*') => (depth, at) = (depth + 1, at + 2),
                    ('*', '/') => (depth, at) = (depth - 1, at + 2),
                    _ => at += 1,
                }
                if depth == 0 || at >= chars.len() {
                    break;
                }
            }
        } else if c == '"' {
            at += 1;
            while at < chars.len() && chars[at] != '"' {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == 'r' && raw_string(at + 1).is_some() {
            let hashes = raw_string(at + 1).unwrap_or_default();
            at += 2 + hashes;
            while at < chars.len() && !(chars[at] == '"' && (1..=hashes).all(|index| get(at + index) == '#')) {
                at += 1;
            }
            at += 1 + hashes;
        } else if c == '\'' {
            // A character, or a lifetime.
            if get(at + 1) == '\\' {
                at += 3;
                while at < chars.len() && chars[at] != '\'' {
                    at += 1;
                }
                at += 1;
            } else {
                at += if get(at + 2) == '\'' { 3 } else { 1 };
            }
        } else if c.is_alphanumeric() || c == '_' {
            while get(at).is_alphanumeric() || get(at) == '_' {
                at += 1;
            }
            let is_macro = get(at) == '!' && get(at + 1) != '=';
            words.push(Word { text: chars[start..at].iter().collect(), line, is_macro, test: false });
        } else if c.is_whitespace() {
            at += 1;
        } else {
            at += if c == ':' && get(at + 1) == ':' { 2 } else { 1 };
            words.push(Word { text: chars[start..at].iter().collect(), line, is_macro: false, test: false });
        }
        line += chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    words
}
