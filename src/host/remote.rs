//! The machines that pins are made from: registries, archives, servers and repositories.

use super::archive::{Archives, Error, Source, Wanted};
use super::git_remote::{REMOTE_LIMIT, remote_commit};
use super::http::{Client, Plain};
use super::registry::Registries;
use super::{Content, Disk};
use crate::base::{ImageRef, Instant, Platform, Sum};
use crate::lock::{BaseImage, Contents, NotHad, Release, Remote, Suite};
use crate::spec::Pinning;

/// The bytes that a key's file may have.
const MAX_KEY: u64 = 16 << 20;

/// The machines that pins are made from, and the files of the workspace that say which keys are believed.
pub struct Machines<'d> {
    registries: Registries,
    archives: Archives,
    disk: &'d Disk,
}

impl<'d> Machines<'d> {
    /// Those of this user, as the workspace asks them.
    pub fn new(disk: &'d Disk, pinning: &Pinning) -> Self {
        let insecure = pinning.registries.iter().filter(|registry| registry.insecure);
        let mirrors = pinning.registries.iter();
        let mirrors = mirrors.filter_map(|registry| Some((registry.host.value.clone(), registry.mirror.clone()?)));
        let registries = Registries::new(Client::new())
            .with_plain(insecure.map(|registry| registry.host.value.clone()))
            .with_mirrors(mirrors);
        Self { registries, archives: Archives::new(Client::new(), Content::of_user()), disk }
    }
}

impl Remote for Machines<'_> {
    fn base(&self, image: &ImageRef) -> Result<BaseImage, NotHad> {
        self.registries.image(image).map_err(NotHad::new)
    }

    fn contents(&self, image: &ImageRef, base: &BaseImage, platform: &Platform) -> Result<Contents, NotHad> {
        self.registries.contents(image, base, platform).map_err(NotHad::new)
    }

    fn release(&self, suite: &Suite, locked: Option<&Sum>) -> Result<Release, NotHad> {
        let source = source(suite);
        let release = match locked {
            Some(state) => self.archives.locked(&source, state),
            None => self.archives.live(&source),
        };
        release.map_err(not_had)
    }

    fn packages(
        &self,
        suite: &Suite,
        release: &Release,
        component: &str,
        architecture: &str,
    ) -> Result<Vec<u8>, NotHad> {
        let source = source(suite);
        self.archives.packages(&Wanted { source: &source, release, component, architecture }).map_err(not_had)
    }

    fn fetch(&self, url: &str) -> Result<Sum, NotHad> {
        // Where a spec says http it means it; from https nothing leads there.
        self.archives.download(url, Plain::Anywhere).map(|(sum, _)| sum).map_err(not_had)
    }

    fn commit(&self, url: &str, reference: &str) -> Result<String, NotHad> {
        remote_commit(url, reference, REMOTE_LIMIT).map_err(NotHad::new)
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, NotHad> {
        match self.disk.read_bytes(path, MAX_KEY) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(NotHad::new(format!("the key `{path}` is not there"))),
            Err(invalid) => Err(NotHad::new(invalid)),
        }
    }

    fn now(&self) -> Instant {
        self.archives.now()
    }
}

fn source(suite: &Suite) -> Source {
    let Suite { uri, suite, keyrings, only } = suite.clone();
    Source { uri, suite, keyrings, only }
}

fn not_had(error: Error) -> NotHad {
    NotHad { moved: matches!(error, Error::Moved { .. }), ..NotHad::new(error) }
}
