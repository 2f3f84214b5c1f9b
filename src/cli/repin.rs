//! `imgspec lock`: the pins of all chosen images.

use super::args::How;
use super::progress::Shown;
use super::session::{Outcome, Session};
use crate::base::{ImageRef, Instant, Platform, Sum, WORKSPACE_FILE};
use crate::compile::requests;
use crate::diagnostic::Diagnostics;
use crate::host::{Machines, Threads};
use crate::lock::{
    ApkIndex, ApkRepository, BaseImage, Contents, DnfIndex, DnfRepository, NotHad, Release, Remote, Suite,
};
use crate::pinning::{self, Relocked, Update, Wish, relock};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What became of the pins.
pub enum Repinned {
    /// They are these.
    Pins(Relocked),
    /// They could only be said by asking others, for this.
    Missing(BTreeSet<String>),
}

/// The pins of the chosen images of `session`. Only with `may_ask` other machines are asked.
pub fn repin(session: &Session, how: &How, update: &Update, may_ask: bool) -> Result<Repinned, Diagnostics> {
    let mut told = Diagnostics::new();
    let wishes = wishes(session, how, &mut told)?;
    let old = session.locked.pins();
    let is_whole = is_whole(session);
    let how = pinning::How { update, is_whole };
    if !may_ask {
        let offline = Offline::default();
        let relocked = relock(&wishes, old, how, &offline, &Threads::that_wait(), &mut told);
        let asked = offline.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        return match relocked {
            _ if !asked.is_empty() => Ok(Repinned::Missing(asked)),
            Ok(relocked) => Ok(Repinned::Pins(relocked)),
            Err(_) => Err(told),
        };
    }
    let relocked = ask(session, &wishes, |remote, threads| relock(&wishes, old, how, remote, threads, &mut told));
    relocked.map(Repinned::Pins).map_err(|_| told)
}

/// What `work` makes of the machines that the workspace names, asked by threads; what is asked is shown.
pub fn ask<T>(session: &Session, wishes: &[Wish], work: impl FnOnce(&dyn Remote, &Threads) -> T) -> T {
    let pinning = wishes.first().map(|wish| Arc::clone(&wish.pinning)).unwrap_or_default();
    let machines = Machines::new(&session.disk, &pinning);
    work(&Shown::new(&machines), &Threads::that_wait())
}

/// Whether all images that have the lock are chosen: beside a lone spec others may stand that have the same.
pub fn is_whole(session: &Session) -> bool {
    let own = session.workspace.files.first().map(|(_, own)| own.as_str());
    session.selection.is_all() && own == Some(WORKSPACE_FILE)
}

/// What the chosen images ask for.
pub fn wishes(session: &Session, how: &How, told: &mut Diagnostics) -> Result<Vec<Wish>, Diagnostics> {
    let options = session.options(how);
    let worked = session.each(told, |unit, told| {
        let Ok(image) = session.workspace.resolve(unit, told) else { return Outcome::default() };
        let requests = requests(&image, &session.disk, options, told).ok();
        let pinning = Arc::clone(&image.pinning);
        Outcome { kept: requests.map(|requests| Wish { requests, pinning }), facts: Some(session.facts(&image)) }
    });
    let wishes: Option<Vec<Wish>> = worked.kept.into_iter().collect();
    wishes.ok_or_else(|| std::mem::take(told))
}

/// Nobody: what is asked is taken down.
#[derive(Default)]
struct Offline {
    asked: Mutex<BTreeSet<String>>,
}

impl Offline {
    fn none<T>(&self, what: impl ToString) -> Result<T, NotHad> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_string());
        Err(NotHad::new("nobody is asked"))
    }
}

impl Remote for Offline {
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad> {
        self.none(image)
    }

    fn contents(&self, image: &ImageRef, _: &BaseImage, platform: &Platform) -> Result<Contents, NotHad> {
        self.none(format!("packages on {image} for {}", platform.as_str()))
    }

    fn release(&self, suite: &Suite, _: Option<&Sum>) -> Result<Release, NotHad> {
        self.none(format!("{} {}", suite.uri, suite.suite))
    }

    fn packages(&self, suite: &Suite, _: &Release, _: &str, _: &str) -> Result<Vec<u8>, NotHad> {
        self.none(format!("{} {}", suite.uri, suite.suite))
    }

    fn apk_index(&self, repository: &ApkRepository, _: Option<&Sum>) -> Result<ApkIndex, NotHad> {
        self.none(&repository.uri)
    }

    fn dnf_index(&self, repository: &DnfRepository, _: &BTreeSet<String>, _: Option<&Sum>) -> Result<DnfIndex, NotHad> {
        self.none(&repository.address)
    }

    fn fetch(&self, url: &str) -> Result<Sum, NotHad> {
        self.none(url)
    }

    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad> {
        self.none(format!("{url} {reference}"))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad> {
        self.none(path)
    }

    fn now(&self) -> Instant {
        Instant::default()
    }
}
