//! What a run waits for, shown on a terminal where it takes long.

use crate::base::{ImageRef, Instant, Platform, Sum};
use crate::lock::{
    ApkIndex, ApkRepository, BaseImage, Contents, DnfIndex, DnfRepository, NotHad, Release, Remote, Suite,
};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time;

/// After how long something is shown.
const PATIENCE: time::Duration = time::Duration::from_millis(500);

/// The most characters of what is shown: a line that wraps cannot be taken back.
const WIDTH: usize = 78;

/// Other machines, and what is asked of them now.
pub struct Shown<'r> {
    remote: &'r dyn Remote,
    started: time::Instant,
    is_terminal: bool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    done: usize,
    /// What is under way, in the order in which it was begun.
    under_way: BTreeMap<usize, String>,
    begun: usize,
    is_shown: bool,
}

impl<'r> Shown<'r> {
    /// What is asked of `remote`.
    pub fn new(remote: &'r dyn Remote) -> Self {
        let is_terminal = io::stderr().is_terminal();
        Self { remote, started: time::Instant::now(), is_terminal, state: Mutex::default() }
    }

    /// What `ask` gives, while `what` is shown.
    fn during<T>(&self, what: impl FnOnce() -> String, ask: impl FnOnce() -> T) -> T {
        if !self.is_terminal {
            return ask();
        }
        let state = || self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let number = {
            let mut state = state();
            state.begun += 1;
            let number = state.begun;
            state.under_way.insert(number, what());
            self.show(&mut state);
            number
        };
        let answer = ask();
        let mut state = state();
        state.done += 1;
        state.under_way.remove(&number);
        self.show(&mut state);
        answer
    }

    fn show(&self, state: &mut State) {
        if self.started.elapsed() < PATIENCE {
            return;
        }
        let line = match state.under_way.values().next() {
            Some(first) => format!("{} of {}: {first}", state.done, state.begun),
            None => String::new(),
        };
        let line: String = line.chars().filter(|c| !c.is_control()).take(WIDTH).collect();
        state.is_shown = !line.is_empty();
        // Nothing is lost with it.
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if self.state.get_mut().unwrap_or_else(PoisonError::into_inner).is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Remote for Shown<'_> {
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad> {
        self.during(|| format!("image {image}"), || self.remote.base(image))
    }

    fn contents(&self, image: &ImageRef, base: &BaseImage, platform: &Platform) -> Result<Contents, NotHad> {
        let what = || format!("layers of {image} for {}", platform.as_str());
        self.during(what, || self.remote.contents(image, base, platform))
    }

    fn release(&self, suite: &Suite, locked: Option<&Sum>) -> Result<Release, NotHad> {
        self.during(|| format!("{} {}", suite.uri, suite.suite), || self.remote.release(suite, locked))
    }

    fn packages(
        &self,
        suite: &Suite,
        release: &Release,
        component: &str,
        architecture: &str,
    ) -> Result<Vec<u8>, NotHad> {
        let what = || format!("{} {} {component} {architecture}", suite.uri, suite.suite);
        self.during(what, || self.remote.packages(suite, release, component, architecture))
    }

    fn apk_index(&self, repository: &ApkRepository, locked: Option<&Sum>) -> Result<ApkIndex, NotHad> {
        let what = || format!("{} {}", repository.uri, repository.architecture);
        self.during(what, || self.remote.apk_index(repository, locked))
    }

    fn dnf_index(
        &self,
        repository: &DnfRepository,
        names: &BTreeSet<String>,
        locked: Option<&Sum>,
    ) -> Result<DnfIndex, NotHad> {
        self.during(|| repository.address.clone(), || self.remote.dnf_index(repository, names, locked))
    }

    fn fetch(&self, url: &str) -> Result<Sum, NotHad> {
        self.during(|| url.to_owned(), || self.remote.fetch(url))
    }

    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad> {
        self.during(|| format!("{url} {reference}"), || self.remote.commit(url, reference))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad> {
        self.remote.file(path)
    }

    fn now(&self) -> Instant {
        self.remote.now()
    }
}
