//! What a lock says is installed, as questions to who can say it too.

use super::gathered::Gathered;
use super::moving::Moving;
use super::solve::{Prepared, components, prepare, said};
use super::{Teller, Update, Wish, base_image, installed, lengthened};
use crate::base::{Span, Workers};
use crate::diagnostic::{Diagnostics, Reported};
use crate::lock::{Asked, Pins, Remote, Wanted, architecture, asked_name};
use crate::resolve::apt::{Installed, Release};
use crate::spec::{Manager, Reach};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is installed where a stage asks for it.
#[derive(Debug)]
pub struct Question {
    /// What it is about, for people.
    pub about: String,
    /// Where it is asked for.
    pub span: Span,
    /// What is installed already.
    pub installed: Installed,
    /// The archives, in their order.
    pub origins: Vec<Origin>,
    /// The architecture, as dpkg names it.
    pub architecture: String,
    /// What is asked for, as `apt-get install` takes it.
    pub asked: Vec<String>,
    /// Whether recommended packages come too.
    pub recommends: bool,
    /// What the lock says, by name with the version.
    pub expected: BTreeMap<String, String>,
}

/// An archive of a question.
#[derive(Debug)]
pub struct Origin {
    /// The suite.
    pub suite: String,
    /// What it says of itself.
    pub said: Release,
    /// Its components with the text of their `Packages`.
    pub components: Vec<(String, Arc<[u8]>)>,
}

/// The questions of all closures of `pins` that the wishes ask for and apt can answer. Of `pins "direct"` there are none.
pub fn questions(
    wishes: &[Wish],
    pins: &Pins,
    remote: &dyn Remote,
    workers: &dyn Workers,
    diagnostics: &mut Diagnostics,
) -> Result<Vec<Question>, Reported> {
    let gathered = Gathered::of(wishes);
    if gathered.pinning.reach == Reach::Direct {
        return Ok(Vec::new());
    }
    let moving = Moving::of(&Update::Nothing, pins, &gathered, diagnostics)?;
    let mut teller = Teller { diagnostics, failed: None };
    let bases = pins.bases.iter().map(|(name, pin)| (name.clone(), base_image(pin))).collect();
    let open = (0..gathered.closures.len()).filter(|at| gathered.closures[*at].what.wanted.manager == Manager::Apt);
    let names: BTreeSet<&String> = pins.archives.keys().collect();
    let open = open.collect();
    let prepared = prepare(&gathered, open, pins, &moving, &bases, &names, remote, workers, &mut teller);
    if let Some(reported) = teller.failed {
        return Err(reported);
    }
    Ok(prepared.cases.iter().filter_map(|case| question(case.at, &prepared, &gathered, pins)).collect())
}

fn question(at: usize, prepared: &Prepared<'_>, gathered: &Gathered<'_>, pins: &Pins) -> Option<Question> {
    let want = &gathered.closures[at];
    let wanted = &want.what.wanted;
    let closure = pins.closures.get(wanted).and_then(|closure| lengthened(pins, wanted, closure))?;
    let expected: BTreeMap<String, String> =
        closure.packages.into_iter().map(|(name, version)| (name, version.unwrap_or_default())).collect();
    let case = prepared.cases.iter().find(|case| case.at == at)?;
    let architecture = architecture(wanted.manager, &wanted.platform);
    let origin = |asked: &super::sources::Asked| {
        let stated = prepared.archives.get(&asked.name)?;
        let texts = components(&asked.components).into_iter().map(|component| {
            let key = (asked.name.clone(), component.to_owned(), architecture.to_owned());
            Some((component.to_owned(), prepared.texts.get(&key)?.clone()))
        });
        let components = texts.collect::<Option<Vec<_>>>()?;
        Some(Origin { suite: asked.suite.suite.clone(), said: said(stated), components })
    };
    let contents = prepared.contents.get(&(wanted.base.clone(), wanted.platform.clone()))?;
    Some(Question {
        about: format!("{} on {} for {}", named(&wanted.asked), wanted.base, wanted.platform.as_str()),
        span: want.span,
        installed: installed_below(wanted, prepared, pins, installed::of_base(contents)),
        origins: case.archives.iter().map(origin).collect::<Option<Vec<_>>>()?,
        architecture: architecture.to_owned(),
        asked: wanted.asked.packages.iter().map(|asked| as_apt(asked, &expected)).collect(),
        recommends: wanted.asked.recommends,
        expected,
    })
}

/// What the stages below have installed by the lock, above what the base has.
fn installed_below(wanted: &Wanted, prepared: &Prepared<'_>, pins: &Pins, base: Installed) -> Installed {
    let mut state = base;
    for (at, asked) in wanted.below.iter().enumerate() {
        let below = Wanted { below: wanted.below[..at].to_vec(), asked: asked.clone(), ..wanted.clone() };
        // A stage below may have fewer repositories; its closure is then under another name, and found as good.
        let found = pins.closures.iter().find(|(other, _)| {
            (&other.base, &other.platform, &other.below, &other.asked)
                == (&below.base, &below.platform, &below.below, &below.asked)
        });
        let Some((wanted, closure)) = found else { continue };
        let Some(closure) = lengthened(pins, wanted, closure) else { continue };
        let texts: Vec<&[u8]> = prepared.texts.values().map(|text| &**text).collect();
        let is_asked = |name: &str| asked.packages.iter().any(|asked| asked_name(asked) == name);
        let packages = closure.packages.iter().map(|(name, version)| {
            let auto = !is_asked(name) && !closure.manual.contains(name);
            (name.as_str(), version.as_deref().unwrap_or_default(), auto)
        });
        state = installed::with_versions(&state, packages, &texts);
    }
    state
}

/// What is asked for, as `apt-get install` takes it: it knows no relations.
fn as_apt(asked: &str, expected: &BTreeMap<String, String>) -> String {
    let name = asked_name(asked);
    match asked[name.len()..].chars().next() {
        Some('<' | '>') => match expected.get(name) {
            Some(version) => format!("{name}={version}"),
            None => name.to_owned(),
        },
        _ => asked.to_owned(),
    }
}

fn named(asked: &Asked) -> String {
    asked.packages.iter().cloned().collect::<Vec<_>>().join(" ")
}
