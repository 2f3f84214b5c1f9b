//! What is installed where a stage starts: what the base has, and what the stages below have installed.

use crate::lock::Contents;
use crate::resolve::apt::{Chosen, Index, Installed, Preferences};
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
    let status = String::from_utf8_lossy(&installed.status).into_owned();
    let is_chosen = |stanza: &str| {
        let name = field(stanza, "Package");
        let architecture = field(stanza, "Architecture");
        chosen.iter().any(|chosen| {
            Some(chosen.name.as_str()) == name
                && (architecture.is_none()
                    || architecture == Some(chosen.architecture.as_str())
                    || architecture == Some("all")
                    || chosen.architecture == "all")
        })
    };
    let mut text: String = status
        .split("\n\n")
        .filter(|stanza| !stanza.trim().is_empty() && !is_chosen(stanza))
        .fold(String::new(), |text, stanza| text + stanza.trim_end() + "\n\n");
    let mut states = String::from_utf8_lossy(&installed.extended_states).into_owned();
    for chosen in chosen {
        let Some(stanza) = indexes.get(chosen.index).and_then(|index| stanza(&index.bytes, chosen)) else { continue };
        text.push_str("Status: install ok installed\n");
        text.push_str(stanza.trim_end());
        text.push_str("\n\n");
        if !chosen.asked && !chosen.manual_before {
            let Chosen { name, architecture, .. } = chosen;
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
fn stanza(index: &[u8], chosen: &Chosen) -> Option<String> {
    let text = std::str::from_utf8(index).ok()?;
    let line = format!("Package: {}\n", chosen.name);
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
        if field(stanza, "Version") == Some(chosen.version.as_str()) {
            return Some(stanza.to_owned());
        }
    }
    None
}

fn field<'s>(stanza: &'s str, name: &str) -> Option<&'s str> {
    stanza.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}
