//! Which archives a stage's packages come from.

use super::gathered::Gathered;
use crate::base::Invalid;
use crate::graph::Request;
use crate::lock::{Contents, Listed, NotHad, Pins, Remote, SignedBy, Suite, architecture, keyrings, listed};
use std::collections::{BTreeMap, BTreeSet};

/// An archive that is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    /// Its name in the lock.
    pub name: String,
    /// Where it is, and who may sign it.
    pub suite: Suite,
    /// Its components.
    pub components: Vec<String>,
    /// What signs it, as `Signed-By` has it.
    pub signed_by: Option<String>,
}

/// Names of archives, and what has them: one name is of one address, suite and list of components.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Those that are given.
    given: BTreeMap<String, Is>,
    /// Those that the lock had: what is still the same keeps its name.
    before: BTreeMap<String, Is>,
}

/// The address, the suite, and the components.
type Is = (String, String, Vec<String>);

impl Names {
    /// The names that a lock had, of which those that are `kept` are given.
    pub fn of(pins: &Pins, kept: &BTreeSet<&String>) -> Self {
        let said = pins.archives.iter().map(|(name, archive)| {
            (name.clone(), (archive.uri.clone(), archive.suite.clone(), archive.components.clone()))
        });
        let before: BTreeMap<String, Is> = said.collect();
        let given = before.iter().filter(|(name, _)| kept.contains(name));
        Self { given: given.map(|(name, is)| (name.clone(), is.clone())).collect(), before }
    }

    /// The name of what is called `own` where that is free or its own, else with more of what it is.
    pub fn name(&mut self, own: &str, uri: &str, suite: &str, components: &[String]) -> String {
        let plain = match suite.trim_matches(['/', '.']) {
            "" => own.to_owned(),
            suite => format!("{own}/{suite}"),
        };
        let host = uri.split("://").last().unwrap_or(uri).split('/').next().unwrap_or_default();
        let place = uri.split("://").last().unwrap_or(uri).trim_end_matches('/');
        let names = [
            plain.clone(),
            format!("{plain}@{host}"),
            format!("{plain}@{place}"),
            format!("{plain}@{uri}+{}", components.join("+")),
        ];
        let is = (uri.to_owned(), suite.to_owned(), components.to_vec());
        let is_free = |name: &&String| self.given.get(*name).is_none_or(|known| *known == is);
        let again = names.iter().find(|name| is_free(name) && self.before.get(*name) == Some(&is));
        let name = again.or_else(|| names.iter().find(is_free)).unwrap_or(&names[3]).clone();
        self.given.insert(name.clone(), is);
        name
    }
}

/// The archives that the packages of `request` come from, in the order in which they are asked: those that the workspace
/// has for its base, else those that the base has set up; then the repositories of the spec.
pub(super) fn asked(
    request: &Request,
    contents: &Contents,
    gathered: &Gathered<'_>,
    names: &mut Names,
    remote: &dyn Remote,
) -> Result<Vec<Asked>, NotHad> {
    let wanted = &request.wanted;
    let architecture = architecture(wanted.manager, &wanted.platform);
    let release = os_release(contents);
    let word = |name: &str| release.get(name).cloned().unwrap_or_default();
    let (id, codename) = (word("ID"), word("VERSION_CODENAME"));
    let own: Vec<Listed> = listed(&contents.files)
        .map_err(|Invalid(reason)| NotHad::new(format!("the archives of `{}` cannot be read: {reason}", wanted.base)))?
        .iter()
        .filter_map(|listed| listed.of(architecture))
        .collect();
    let mut all: Vec<Asked> = Vec::new();
    let mut push = |asked: Asked| {
        if all.iter().all(|known| known.name != asked.name) {
            all.push(asked);
        }
    };
    let mut has_own = false;
    for archive in &gathered.pinning.archives {
        let Some(suites) = archive.suites_for(&wanted.base, &codename) else { continue };
        has_own = true;
        for suite in suites {
            let (uri, components) = (&archive.uri.value, &archive.components);
            let name = names.name(&archive.name.value, uri, suite, components);
            let (signed_by, keyrings) = match &archive.key {
                Some(key) => (None, vec![remote.file(&key.value)?]),
                None => image_keys(&own, suite, contents),
            };
            let suite = Suite { uri: uri.clone(), suite: suite.to_owned(), keyrings, only: Vec::new() };
            push(Asked { name, suite, components: components.clone(), signed_by });
        }
    }
    if !has_own {
        let id = if id.is_empty() { "base" } else { &id };
        for listed in &own {
            let name = names.name(id, &listed.uri, &listed.suite, &listed.components);
            let only = match &listed.signed_by {
                SignedBy::Fingerprints(only) => only.clone(),
                _ => Vec::new(),
            };
            let keyrings = keyrings(&listed.signed_by, &contents.files);
            let signed_by = path_of(&listed.signed_by);
            let suite = Suite { uri: listed.uri.clone(), suite: listed.suite.clone(), keyrings, only };
            push(Asked { name, suite, components: listed.components.clone(), signed_by });
        }
    }
    for (repository, context) in &request.repositories {
        let suite = repository.suite.as_ref().map(|suite| suite.value.clone()).unwrap_or_default();
        let (uri, components) = (&repository.uri.value, &repository.components);
        let name = names.name(&repository.name.value, uri, &suite, components);
        let keyrings = match &repository.key {
            Some(key) => vec![remote.file(&crate::base::joined(context, &key.value))?],
            None => Vec::new(),
        };
        let suite = Suite { uri: uri.clone(), suite, keyrings, only: Vec::new() };
        push(Asked { name, suite, components: components.clone(), signed_by: None });
    }
    if all.is_empty() {
        return Err(NotHad::new(format!("`{}` has no package archives set up", wanted.base)));
    }
    Ok(all)
}

/// The keys by which an image trusts an archive in place of its own: those of the same suite, else of its first archive,
/// else all that apt trusts.
fn image_keys(own: &[Listed], suite: &str, contents: &Contents) -> (Option<String>, Vec<Vec<u8>>) {
    let same = own.iter().find(|listed| listed.suite == suite).or(own.first());
    let signed_by = same.map_or(SignedBy::Trusted, |listed| listed.signed_by.clone());
    (path_of(&signed_by), keyrings(&signed_by, &contents.files))
}

fn path_of(signed_by: &SignedBy) -> Option<String> {
    match signed_by {
        SignedBy::File(path) => Some(path.clone()),
        SignedBy::Trusted | SignedBy::Fingerprints(_) | SignedBy::Keys(_) => None,
    }
}

/// The fields of os-release(5).
pub(super) fn os_release(contents: &Contents) -> BTreeMap<String, String> {
    let paths = ["etc/os-release", "usr/lib/os-release"];
    let Some(bytes) = paths.iter().find_map(|path| contents.files.get(*path)) else { return BTreeMap::new() };
    let text = String::from_utf8_lossy(bytes);
    let fields = text.lines().filter_map(|line| line.split_once('='));
    fields.map(|(name, value)| (name.trim().to_owned(), value.trim().trim_matches(['"', '\'']).to_owned())).collect()
}
