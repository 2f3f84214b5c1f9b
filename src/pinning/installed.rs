//! What is installed where a stage starts: what the base has, and what the stages below have installed.

use crate::lock::Contents;
use crate::resolve::apt::{Chosen, Index, Installed, Preferences};
use std::collections::BTreeSet;
use std::sync::Arc;

const STATUS: &str = "var/lib/dpkg/status";

/// What a base has of apt's.
pub(super) fn of_base(contents: &Contents) -> Installed {
    let file = |path: &str| Arc::from(contents.files.get(path).map(Vec::as_slice).unwrap_or_default());
    let is_preferences = |path: &str| {
        let name = path.strip_prefix("etc/apt/preferences.d/");
        // apt 2.6, `policy.cc`, `ReadPinDir`: the ending `pref` or none.
        path == "etc/apt/preferences"
            || name.is_some_and(|name| !name.contains('/') && (!name.contains('.') || name.ends_with(".pref")))
    };
    let preferences = contents.files.iter().filter(|(path, _)| is_preferences(path));
    Installed {
        status: file(STATUS),
        extended_states: file("var/lib/apt/extended_states"),
        preferences: preferences
            .map(|(path, bytes)| Preferences {
                path: format!("/{path}"),
                text: String::from_utf8_lossy(bytes).into_owned(),
            })
            .collect(),
    }
}

/// The same, with `chosen` installed.
pub(super) fn with(installed: &Installed, chosen: &[Chosen], indexes: &[Index]) -> Installed {
    let texts: Vec<&[u8]> = indexes.iter().map(|index| &*index.bytes).collect();
    let packages = chosen.iter().map(|chosen| {
        let auto = !chosen.asked && !chosen.manual_before;
        (chosen.name.as_str(), chosen.version.as_str(), auto)
    });
    with_versions(installed, packages, &texts)
}

/// The same, with packages installed in versions that the indexes `texts` have, each with whether it is there for others
/// alone.
pub(super) fn with_versions<'p>(
    installed: &Installed,
    packages: impl Iterator<Item = (&'p str, &'p str, bool)>,
    texts: &[&[u8]],
) -> Installed {
    let packages: Vec<(&str, &str, bool)> = packages.collect();
    let names: BTreeSet<&str> = packages.iter().map(|(name, ..)| *name).collect();
    let status = String::from_utf8_lossy(&installed.status);
    let before = status.split("\n\n").filter(|stanza| !stanza.trim().is_empty());
    let staying = before.filter(|stanza| field(stanza, "Package").is_none_or(|name| !names.contains(name)));
    let mut text = staying.fold(String::new(), |text, stanza| text + stanza.trim() + "\n\n");
    let mut states = String::from_utf8_lossy(&installed.extended_states).into_owned();
    for (name, version, auto) in packages {
        let Some(stanza) = texts.iter().find_map(|text| stanza(text, name, version)) else { continue };
        text.push_str("Status: install ok installed\n");
        text.push_str(stanza.trim());
        text.push_str("\n\n");
        if auto {
            let architecture = field(&stanza, "Architecture").unwrap_or_default();
            states.push_str(&format!("Package: {name}\nArchitecture: {architecture}\nAuto-Installed: 1\n\n"));
        }
    }
    Installed {
        status: Arc::from(text.into_bytes()),
        extended_states: Arc::from(states.into_bytes()),
        preferences: installed.preferences.clone(),
    }
}

/// The paragraph of an index that is of a package in that version.
fn stanza(index: &[u8], name: &str, version: &str) -> Option<String> {
    let text = std::str::from_utf8(index).ok()?;
    let line = format!("Package: {name}\n");
    let mut from = 0;
    while let Some(at) = text[from..].find(&line) {
        let at = from + at;
        from = at + line.len();
        if at > 0 && !text[..at].ends_with('\n') {
            continue;
        }
        let start = text[..at].rfind("\n\n").map_or(0, |start| start + 2);
        let end = text[at..].find("\n\n").map_or(text.len(), |end| at + end);
        let stanza = &text[start..end];
        if field(stanza, "Version") == Some(version) {
            return Some(stanza.to_owned());
        }
    }
    None
}

fn field<'s>(stanza: &'s str, name: &str) -> Option<&'s str> {
    stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
