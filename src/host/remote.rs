//! The machines that pins are made from: registries, archives, servers and repositories.

use super::archive::{Archives, Error, Source, Wanted};
use super::git_remote::{REMOTE_LIMIT, remote_commit};
use super::http::{Client, Plain};
use super::registry::Registries;
use super::{Content, Disk, apk, dnf};
use crate::base::{ImageRef, Instant, Platform, Sum};
use crate::lock::{
    ApkIndex, ApkRepository, BaseImage, Contents, DnfIndex, DnfPackage, DnfRepository, NotHad, Release, Remote, Suite,
};
use crate::resolve::dnf::{Address, Package, Repository};
use crate::spec::Pinning;
use std::collections::BTreeSet;

/// The bytes that a key's file may have.
const MAX_KEY: u64 = 16 << 20;

/// The machines that pins are made from, and the files of the workspace that say which keys are believed.
pub struct Machines<'d> {
    registries: Registries,
    archives: Archives,
    /// For repositories of apk and dnf.
    client: Client,
    content: Option<Content>,
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
        let (client, content) = (Client::new(), Content::of_user());
        Self { registries, archives: Archives::new(client.clone(), Content::of_user()), client, content, disk }
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

    fn apk_index(&self, repository: &ApkRepository, locked: Option<&Sum>) -> Result<ApkIndex, NotHad> {
        let ApkRepository { uri, architecture, keys } = repository.clone();
        let source = apk::Source { uri, architecture, keys };
        let index = match locked {
            Some(state) => {
                let kept = self.content.as_ref().and_then(|content| content.read(state));
                apk::locked(&self.client, &source, state, kept)
            }
            None => apk::live(&self.client, &source),
        };
        let index = index.map_err(|error| {
            let moved = matches!(error, apk::Error::Moved { .. });
            NotHad { moved, ..NotHad::new(error) }
        })?;
        if let Some(content) = &self.content {
            // Else it is fetched again.
            let _ = content.write(&index.state, &index.bytes);
        }
        Ok(ApkIndex { state: index.state, text: index.text })
    }

    fn dnf_index(
        &self,
        repository: &DnfRepository,
        names: &BTreeSet<String>,
        locked: Option<&Sum>,
    ) -> Result<DnfIndex, NotHad> {
        let address = repository.address.clone();
        let address = if repository.is_metalink { Address::Metalink(address) } else { Address::Base(address) };
        let asked = Repository { id: repository.id.clone(), address, signed: repository.signed, keys: Vec::new() };
        let index = dnf::packages(&self.client, &asked, names, locked).map_err(|error| {
            let moved = matches!(error, dnf::Error::Moved { .. });
            NotHad { moved, ..NotHad::new(error) }
        })?;
        let package = |package: Package| DnfPackage {
            name: package.name,
            architecture: package.architecture,
            epoch: package.version.epoch,
            version: package.version.version,
            release: package.version.release,
            sha256: package.sha256,
            size: package.size,
        };
        let packages = index.packages.into_iter().map(package).collect();
        Ok(DnfIndex { state: index.state, dated: index.dated, packages })
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
