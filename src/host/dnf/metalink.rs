//! Where a repository's `repomd.xml` is, and what it must hash to (Metalink 3.0, with mirrormanager's `alternates`).

use crate::base::Sum;
use crate::resolve::dnf::{Flaw, elements};

/// What a metalink says of `repomd.xml`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Metalink {
    /// Its hash, then those of the states before it that mirrors may still have.
    pub sums: Vec<Sum>,
    /// Where it is, https before all else.
    pub urls: Vec<String>,
}

pub(super) fn read(text: &[u8]) -> Result<Metalink, Flaw> {
    let mut found = Metalink::default();
    let mut other = Vec::new();
    elements(text, |names, text, attribute| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        match names.as_slice() {
            [.., "verification", "hash"] if attribute("type").as_deref() == Some("sha256") => {
                found.sums.extend(Sum::parse(text));
            }
            [.., "resources", "url"] if text.ends_with("/repodata/repomd.xml") => {
                if text.starts_with("https://") {
                    found.urls.push(text.to_owned());
                } else if text.starts_with("http://") {
                    other.push(text.to_owned());
                }
            }
            _ => {}
        }
    })?;
    found.urls.append(&mut other);
    if found.sums.is_empty() {
        return Err(Flaw("it has no sha256 of `repomd.xml`".to_owned()));
    }
    Ok(found)
}
