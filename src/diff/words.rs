//! Changes in words.

use super::facts::{Aspect, Part};
use super::meaning::Change;
use crate::base::ImageRef;

/// A change in a few words: `expose 8080 → 9090`.
pub fn words(change: &Change) -> String {
    let stage = if change.stage.is_empty() || change.aspect == Aspect::Stage {
        String::new()
    } else {
        format!("{}: ", change.stage)
    };
    format!("{stage}{}", unstaged(change))
}

fn unstaged(change: &Change) -> String {
    let (old, new) = change.part("");
    let word = change.aspect.as_str();
    let name = spaced(&change.subject);
    match change.aspect {
        Aspect::Order => return "order of steps, nothing else".to_owned(),
        Aspect::Ignore => return ".dockerignore, nothing else".to_owned(),
        Aspect::Base => return format!("from {}", base(old, new)),
        Aspect::Package => return package(change),
        Aspect::Output => return format!("{} {}", change.subject, arrow(old, new)),
        _ => {}
    }
    let (before, after) = (change.before.as_deref(), change.after.as_deref());
    if let (Some(before), Some(after), Some(was)) = (before, after, &change.subject_before) {
        let both = format!("{word} {was} → {}", change.subject);
        let rest = parts(before, after, change.aspect);
        return if rest.is_empty() { both } else { format!("{both} ({rest})") };
    }
    match (before, after) {
        (None, Some(after)) => format!("{word} +{name}{}", behind(value_of(after))),
        (Some(before), None) => format!("{word} −{name}{}", behind(value_of(before))),
        (Some(before), Some(after)) => {
            format!("{word}{name} {}", parts(before, after, change.aspect)).trim_end().to_owned()
        }
        (None, None) => format!("{word}{name}"),
    }
}

/// The main thing that is said.
fn value_of(parts: &[Part]) -> Option<String> {
    let (_, text) = parts.iter().find(|(name, _)| name.is_empty())?;
    Some(shortened(text))
}

fn behind(value: Option<String>) -> String {
    value.map(|value| format!(" {value}")).unwrap_or_default()
}

/// The parts that are not the same.
fn parts(before: &[Part], after: &[Part], aspect: Aspect) -> String {
    let find = |parts: &[Part], name: &str| {
        let all: Vec<&str> = parts.iter().filter(|(other, _)| *other == name).map(|(_, text)| text.as_str()).collect();
        (!all.is_empty()).then(|| all.join(" "))
    };
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in before.iter().chain(after) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let differs = names.into_iter().filter_map(|name| {
        let (old, new) = (find(before, name), find(after, name));
        (old != new).then(|| match name {
            "" => arrow(old.as_deref(), new.as_deref()),
            // Two texts say less than that there are two.
            "content" | "command" if aspect == Aspect::File => "content".to_owned(),
            "command" => "edited".to_owned(),
            name => format!("{name} {}", arrow(old.as_deref(), new.as_deref())),
        })
    });
    differs.collect::<Vec<_>>().join(", ")
}

fn arrow(old: Option<&str>, new: Option<&str>) -> String {
    match (old, new) {
        (Some(old), Some(new)) => format!("{} → {}", shortened(old), shortened(new)),
        (None, Some(new)) => format!("+ {}", shortened(new)),
        (Some(old), None) => format!("− {}", shortened(old)),
        (None, None) => String::new(),
    }
}

/// A base: of two tags or digests of one image the name once.
fn base(old: Option<&str>, new: Option<&str>) -> String {
    let parse = |text: Option<&str>| text.and_then(|text| ImageRef::parse(text).ok());
    let (Some(before), Some(after)) = (parse(old), parse(new)) else { return arrow(old, new) };
    let digest = |reference: &ImageRef| match reference.digest() {
        Some(digest) => format!("{}…", digest.hex().chars().take(4).collect::<String>()),
        None => "none".to_owned(),
    };
    let digests = if before.digest() == after.digest() {
        String::new()
    } else {
        format!(" ({}→{})", digest(&before), digest(&after))
    };
    let tag = |reference: &ImageRef| reference.tag().unwrap_or("latest").to_owned();
    match (before.name() == after.name(), before.tag() == after.tag()) {
        (true, true) => format!("{}:{}{digests}", after.name(), tag(&after)),
        (true, false) => format!("{} {} → {}{digests}", after.name(), tag(&before), tag(&after)),
        (false, _) => {
            format!("{}:{} → {}:{}{digests}", before.name(), tag(&before), after.name(), tag(&after))
        }
    }
}

fn package(change: &Change) -> String {
    let (old, new) = change.part("");
    let (by_before, by_after) = change.part("by");
    let by = by_after.or(by_before).unwrap_or("package");
    let name = &change.subject;
    let why = if change.is_transitive() { " (needed by others)" } else { "" };
    match (&change.before, &change.after) {
        (None, _) => format!("{by} + {name}{}{why}", behind(new.map(shortened))),
        (_, None) => format!("{by} − {name}{}{why}", behind(old.map(shortened))),
        _ if old == new => {
            format!("{by} {name} is {} now", if why.is_empty() { "asked for" } else { "needed by others alone" })
        }
        _ => format!("{by} {name} {}{why}", arrow(old, new)),
    }
}

fn spaced(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!(" {name}") }
}

/// A value on one line, of a long one the start.
fn shortened(text: &str) -> String {
    const LENGTH: usize = 70;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(LENGTH) {
        Some((end, _)) => format!("{}…", line[..end].trim_end()),
        None => line,
    }
}
