//! The steps that read something: COPY, ADD and RUN, and the keys they are known by.

use super::super::parse::file::Line;
use super::super::parse::{Arguments, Heredoc, Keyword, Parsed};
use super::super::pattern::is_glob;
use super::expand::{expand, expand_raw};
use super::flags;
use super::key::Parts;
use super::stage::{Files, Origin, Stages, Stand, option};
use crate::base::{Invalid, Sum, joined, normalize};

impl Stages<'_> {
    /// COPY and ADD.
    pub(super) fn copy(&self, at: usize, parsed: &Parsed, stand: &mut Stand) -> Result<Sum, Invalid> {
        let known = stand.clone();
        let value = |name: &str| known.variable(name);
        let words = match &parsed.arguments {
            Arguments::Words(words) | Arguments::Json(words) => words,
            _ => return Err(Invalid::new("it takes paths")),
        };
        let words: Vec<String> = words.iter().map(|word| expand(word, &value)).collect();
        let Some((to, sources)) = words.split_last() else { return Err(Invalid::new("it takes paths")) };
        let place = stand.absolute(to);
        let flag = |name| flags(&parsed.flags, name).map(|text| expand(text, &value)).collect::<Vec<_>>();
        let excluded = flag("exclude");
        let from = flag("from").pop();
        let origin = self.origin(at, from.as_deref());
        let mut content = Parts::of("content");
        // A directory's own name is a part of what the step is known by, the way to it is not.
        let mut said = Parts::of("COPY").text(if parsed.keyword == Keyword::Add { "ADD" } else { "" }).text(&place);
        said = said.number(u32::from(to.ends_with('/') || to.ends_with("/.")));
        for name in ["chmod", "chown", "parents", "keep-git-dir", "checksum", "unpack"] {
            said = said.texts(flag(name).iter().map(String::as_str));
        }
        said = said.texts(excluded.iter().map(String::as_str));
        for source in sources {
            let name = normalize(source).unwrap_or_default();
            said = said.text(name.rsplit('/').next().unwrap_or_default());
            content = self.source(&origin, parsed, source, &excluded, &value, content)?;
        }
        let content = content.hash();
        // A linked copy is made by itself, and laid over what is there; one that sets modes is linked in name only.
        let is_linked = flag("link").last().is_some_and(|value| value != "false") && flag("chmod").is_empty();
        let words = words.iter().map(String::as_str);
        let modes = flag("chmod").into_iter().chain(flag("chown"));
        let copied_as = Parts::of("as").texts(modes.collect::<Vec<_>>().iter().map(String::as_str)).texts(words);
        // What comes from elsewhere is in no file of the context.
        let copied_as = match origin {
            Origin::Context if parsed.heredocs.is_empty() => copied_as.hash(),
            _ => copied_as.sum(&content).hash(),
        };
        let copy = said.sum(&content);
        let copied = if is_linked { copy.text("link").hash() } else { copy.text("on").sum(&stand.key).hash() };
        stand.key = if is_linked { Parts::of("laid over").sum(&stand.key).sum(&copied).hash() } else { copied };
        for (path, content) in self.places(&origin, sources, &place, to, &excluded) {
            stand.files.put(path, Parts::of("put").sum(&content).sum(&copied_as).hash());
        }
        Ok(copied)
    }

    /// Where the files of a copy come to stand, and what each is known by; the whole place where that is not certain.
    fn places(
        &self,
        origin: &Origin<'_>,
        sources: &[String],
        place: &str,
        to: &str,
        excluded: &[String],
    ) -> Vec<(String, Sum)> {
        let mut places = Vec::new();
        for source in sources {
            let found = match origin {
                Origin::Context if !source.starts_with("<<") && !is_remote(source) => self.context.find(source),
                _ => Vec::new(),
            };
            if found.is_empty() {
                places.push((place.to_owned(), Parts::of("source").text(source).hash()));
            }
            for path in found {
                match self.context.children(path) {
                    // Whether the place is a directory is not known without a slash.
                    None if to.ends_with('/') => {
                        let name = path.rsplit('/').next().unwrap_or_default();
                        places.push((format!("{place}/{name}"), self.context.content(path, &[])));
                    }
                    None => places.push((place.to_owned(), self.context.content(path, &[]))),
                    Some(children) => places.extend(children.into_iter().map(|child| {
                        (format!("{place}/{child}"), self.context.content(&joined(path, child), excluded))
                    })),
                }
            }
        }
        places
    }

    /// Adds what one source of a copy is known by.
    fn source(
        &self,
        origin: &Origin<'_>,
        parsed: &Parsed,
        source: &str,
        excluded: &[String],
        value: &dyn Fn(&str) -> Option<String>,
        content: Parts,
    ) -> Result<Parts, Invalid> {
        if let Some(heredoc) = heredoc_of(parsed, source) {
            let text = if heredoc.expand { expand_raw(&heredoc.content, value) } else { heredoc.content.clone() };
            return Ok(content.text(&heredoc.name).text(&text));
        }
        if parsed.keyword == Keyword::Add && is_remote(source) {
            return Ok(content.text(source));
        }
        match origin {
            Origin::Context => {
                let found = self.context.find(source);
                if found.is_empty() && !is_glob(source) {
                    return Err(Invalid::new(format!("`{source}` is not in the context")));
                }
                // A single one is known by what it holds, those that a pattern finds by their names too.
                let names = is_glob(source);
                Ok(found.into_iter().fold(content, |content, path| {
                    let name = if names { path.rsplit('/').next().unwrap_or_default() } else { "" };
                    content.text(name).sum(&self.context.content(path, excluded))
                }))
            }
            Origin::Stage(files) => Ok(content.sum(&files.content(source))),
            Origin::Image(image) => Ok(content.text(image).text(source)),
        }
    }

    /// RUN.
    pub(super) fn execute(&self, at: usize, line: &Line, stand: &mut Stand) -> Result<Sum, Invalid> {
        let (known, parsed) = (stand.clone(), &line.parsed);
        let value = |name: &str| known.variable(name);
        let mut parts = Parts::of("RUN").sum(&stand.key);
        parts = match &parsed.arguments {
            Arguments::Json(words) => parts.texts(words.iter().map(String::as_str)),
            Arguments::Text(text) => {
                parts.texts(stand.shell.iter().map(String::as_str)).text(&shell_text(text, &parsed.heredocs))
            }
            _ => return Err(Invalid::new("it takes a command")),
        };
        for (name, value) in &stand.variables {
            parts = parts.texts([name.as_str(), value.as_str()]);
        }
        parts = parts.number(0).text(&stand.workdir).text(&stand.user);
        for name in ["network", "security", "device"] {
            parts = parts.texts(flags(&parsed.flags, name));
        }
        for mount in flags(&parsed.flags, "mount") {
            parts = self.mount(at, &expand(mount, &value), stand, parts)?;
        }
        stand.key = parts.hash();
        match self.wanted.outcomes.get(line.text.trim()) {
            None => stand.files = Files::left_by(stand.key),
            Some(left) => left.iter().for_each(|(path, content)| {
                stand.files.put(path.clone(), Parts::of("left").text(content).hash());
            }),
        }
        Ok(stand.key)
    }

    /// Adds what a mount is known by: one that binds by what it holds and where it stands, the others by their words.
    fn mount(&self, at: usize, mount: &str, stand: &Stand, parts: Parts) -> Result<Parts, Invalid> {
        let from = option(mount, &["from"]);
        if option(mount, &["type"]).is_some_and(|kind| kind != "bind") {
            let parts = parts.text(mount);
            return Ok(match from.map(|from| self.origin(at, Some(from))) {
                Some(Origin::Stage(files)) => {
                    parts.sum(&files.content(option(mount, &["source", "src"]).unwrap_or("/")))
                }
                _ => parts,
            });
        }
        let source = option(mount, &["source", "src"]).unwrap_or("/");
        let target = option(mount, &["target", "dst", "destination"]).unwrap_or(source);
        let is_writable = option(mount, &["rw", "readwrite"]).is_some_and(|value| value != "false")
            || option(mount, &["readonly", "ro"]) == Some("false");
        let parts = parts.text(&stand.absolute(target)).number(u32::from(is_writable));
        Ok(match self.origin(at, from) {
            Origin::Context => {
                let path = normalize(source).unwrap_or_default();
                if !path.is_empty() && self.context.find(&path).is_empty() {
                    return Err(Invalid::new(format!("`{source}` is not in the context")));
                }
                parts.sum(&self.context.content(&path, &[]))
            }
            Origin::Stage(files) => parts.sum(&files.content(source)),
            Origin::Image(image) => parts.text(&image).text(source),
        })
    }
}

/// The text that the shell reads: a command that is nothing but a here-document is that, any other keeps it behind it.
fn shell_text(text: &str, heredocs: &[Heredoc]) -> String {
    match heredocs {
        [only] if text.trim_start_matches(|c: char| c.is_ascii_digit()).starts_with("<<") && !has_blank(text) => {
            only.content.clone()
        }
        _ => heredocs
            .iter()
            .fold(text.to_owned(), |text, heredoc| format!("{text}\n{}{}", heredoc.content, heredoc.name)),
    }
}

fn has_blank(text: &str) -> bool {
    text.trim().contains(char::is_whitespace)
}

/// The here-document that a source such as `<<EOF` begins; quotes were removed from both.
fn heredoc_of<'p>(parsed: &'p Parsed, source: &str) -> Option<&'p Heredoc> {
    let behind = source.trim_start_matches(|c: char| c.is_ascii_digit()).strip_prefix("<<")?;
    let name = behind.trim_start_matches('-');
    parsed.heredocs.iter().find(|heredoc| heredoc.name == name)
}

/// Whether ADD fetches it.
fn is_remote(source: &str) -> bool {
    source.contains("://") || source.starts_with("git@")
}
