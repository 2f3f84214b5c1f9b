//! Registries: what an image is, on which platforms it is there, and what it holds (OCI distribution spec 1.1).
//!
//! Nothing that a registry says is believed before its hash was found to be what was asked for. Layers are looked through
//! as they come, and no copy of them is kept.

mod access;
mod challenge;
mod error;
mod kept;
mod layer;
mod logins;
mod manifest;
mod place;
pub(in crate::host) mod tar;
#[cfg(test)]
mod tests;
mod tree;
mod watched;

pub use error::RegistryError;
pub use logins::{Login, Logins, OfUser};

use super::http::{Address, Client, Error, Head, Plain, Reader, Request};
use crate::base::{Digest, ImageRef, Platform, Sum};
use crate::lock::{BaseImage, Contents, PlatformImage};
use access::Tokens;
use kept::Kept;
use layer::{Layer, Limits};
use manifest::{ACCEPT, Config, Descriptor, Manifest, Unread};
use place::Place;
use std::collections::BTreeMap;
use std::thread;
use tree::Tree;
use watched::Watched;

/// The bytes that a manifest may have (OCI distribution spec, *Pushing Manifests*).
const MAX_MANIFEST: u64 = 4 << 20;

/// The bytes that a config may have: it holds the history of the image.
const MAX_CONFIG: u64 = 16 << 20;

/// How many platforms of an image are read at once.
const SIDE_BY_SIDE: usize = 4;

/// How often the layers of an image are read because links lead to where nobody looked.
const MAX_ROUNDS: usize = 4;

/// The registries. Several threads can ask at once.
pub struct Registries {
    client: Client,
    logins: Box<dyn Logins>,
    plain: Vec<String>,
    mirrors: BTreeMap<String, String>,
    kept: Option<Kept>,
    tokens: Tokens,
    limits: Limits,
}

impl Registries {
    /// Those that the user has logins for, and all others; what images hold is kept in the user's cache directory.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            logins: Box::new(OfUser),
            plain: Vec::new(),
            mirrors: BTreeMap::new(),
            kept: Kept::of_user(),
            tokens: Tokens::default(),
            limits: Limits::USUAL,
        }
    }

    /// With hosts that are spoken to without encryption, each with its port if it has one. Loopback always is.
    #[must_use]
    pub fn with_plain(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.plain.extend(hosts);
        self
    }

    /// With hosts that are asked in place of registries, by the names of those as references have them.
    #[must_use]
    pub fn with_mirrors(mut self, mirrors: impl IntoIterator<Item = (String, String)>) -> Self {
        self.mirrors.extend(mirrors);
        self
    }

    /// With logins from elsewhere.
    #[must_use]
    pub fn with_logins(mut self, logins: impl Logins + 'static) -> Self {
        self.logins = Box::new(logins);
        self
    }

    /// With nothing that is kept from one run to the next.
    #[must_use]
    pub fn without_kept(mut self) -> Self {
        self.kept = None;
        self
    }

    /// The digest of what `reference` is now, as its registry says it: a question that costs nothing, whose answer is no
    /// more than that. It is not held to any bytes.
    ///
    /// # Errors
    /// Whatever [`RegistryError`] says.
    pub fn digest(&self, reference: &ImageRef) -> Result<Digest, RegistryError> {
        let place = Place::of(reference, &self.mirrors);
        let request = |url| Request::head(url).header("accept", ACCEPT);
        let path = format!("manifests/{}", place.reference);
        let told = self.ask(&place, &path, &request, MAX_MANIFEST, &mut |head, _| said_digest(head))?;
        // Registries need not say it (OCI distribution spec, *Checking if content exists*).
        told.map_or_else(|| Ok(self.manifest(&place)?.0), Ok)
    }

    /// What `reference` is now.
    ///
    /// # Errors
    /// Whatever [`RegistryError`] says.
    pub fn image(&self, reference: &ImageRef) -> Result<BaseImage, RegistryError> {
        let place = Place::of(reference, &self.mirrors);
        let (digest, manifest) = self.manifest(&place)?;
        let mut platforms = BTreeMap::new();
        match manifest {
            Manifest::Image { config, .. } => {
                let platform = self.config(&place, &config)?.platform;
                platforms.extend(platform.map(|platform| (platform, PlatformImage { manifest: digest.clone() })));
            }
            Manifest::Index(listed) => {
                for listed in listed {
                    let manifest = listed.manifest.digest;
                    let platform = match listed.platform {
                        None => self.platform(&place.at(&manifest))?,
                        platform => platform,
                    };
                    // Of several for one platform the first is taken, as by containerd.
                    let Some(platform) = platform else { continue };
                    platforms.entry(platform).or_insert(PlatformImage { manifest });
                }
            }
        }
        if platforms.is_empty() {
            let what = "no image for any platform".to_owned();
            return Err(RegistryError::Unsupported { image: place.image, what });
        }
        Ok(BaseImage { digest, platforms })
    }

    /// What `image` holds on a platform, or on the highest below it; `reference` says where it is.
    ///
    /// # Errors
    /// Whatever [`RegistryError`] says.
    pub fn contents(
        &self,
        reference: &ImageRef,
        image: &BaseImage,
        platform: &Platform,
    ) -> Result<Contents, RegistryError> {
        let place = Place::of(reference, &self.mirrors);
        let Some((_, found)) = image.of(platform) else {
            let has = image.platforms.keys().cloned().collect();
            return Err(RegistryError::NoPlatform { image: place.image, platform: platform.clone(), has });
        };
        if let Some(contents) = self.kept.as_ref().and_then(|kept| kept.read(&found.manifest)) {
            return Ok(contents);
        }
        let contents = self.read(&place.at(&found.manifest))?;
        // What cannot be kept is read again.
        let _ = self.kept.as_ref().map(|kept| kept.write(&found.manifest, &contents));
        Ok(contents)
    }

    /// What `image` holds on each of `platforms`, in their order, read side by side.
    pub fn contents_of(
        &self,
        reference: &ImageRef,
        image: &BaseImage,
        platforms: &[Platform],
    ) -> Vec<Result<Contents, RegistryError>> {
        let read = |platform: &Platform| self.contents(reference, image, platform);
        let some = |some: &[Platform]| match some {
            [one] => vec![read(one)],
            some => thread::scope(|scope| {
                let others: Vec<_> = some.iter().map(|platform| scope.spawn(move || read(platform))).collect();
                let joined = others.into_iter().map(thread::ScopedJoinHandle::join);
                joined.map(|read| read.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            }),
        };
        platforms.chunks(SIDE_BY_SIDE).flat_map(some).collect()
    }

    /// What the image of one platform holds.
    fn read(&self, place: &Place) -> Result<Contents, RegistryError> {
        let malformed = |what, reason: &str| {
            Err(RegistryError::Malformed { image: place.image.clone(), what, reason: reason.to_owned() })
        };
        let (_, Manifest::Image { config, layers }) = self.manifest(place)? else {
            return malformed("the manifest", "it is an index in an index");
        };
        let config = self.config(place, &config)?;
        if config.layers.len() != layers.len() {
            return malformed("the config", "it says another number of layers than the manifest");
        }
        if let Some((layer, url)) = layers.iter().find_map(|layer| Some((layer, layer.url.as_ref()?))) {
            let (layer, url) = (layer.digest.clone(), url.clone());
            return Err(RegistryError::ForeignLayer { image: place.image.clone(), layer, url });
        }
        let asked = Watched::of_base();
        let mut watched = asked.clone();
        for _ in 0..MAX_ROUNDS {
            let mut tree = Tree::new(watched.clone());
            for (said, unpacked) in layers.iter().zip(&config.layers) {
                tree = self.layer(place, said, unpacked, &tree)?;
            }
            let (mut files, unknown) = tree.files();
            // No link that leads there is left out: all are looked at in the next round.
            let is_whole = unknown.into_iter().filter(|path| watched.add(path.clone())).count() == 0;
            if is_whole {
                files.retain(|path, _| asked.has(path));
                return Ok(Contents { files, config: config.config });
            }
        }
        let image = place.image.clone();
        Err(RegistryError::Unsupported { image, what: "an image whose files are links of links".to_owned() })
    }

    /// The files after one layer more.
    fn layer(&self, place: &Place, said: &Descriptor, unpacked: &Digest, below: &Tree) -> Result<Tree, RegistryError> {
        let layer = Layer { image: &place.image, host: &place.host, said, unpacked };
        let path = format!("blobs/{}", said.digest);
        let request = |url| Request::get(url);
        self.ask(place, &path, &request, said.size, &mut |_, blob| layer::read(blob, &layer, below, &self.limits))?
    }

    /// The platform of an image that an index lists without one; none if it is no image.
    fn platform(&self, place: &Place) -> Result<Option<Platform>, RegistryError> {
        match self.manifest(place) {
            Ok((_, Manifest::Image { config, .. })) => Ok(self.config(place, &config)?.platform),
            Ok(_) | Err(RegistryError::Unsupported { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn config(&self, place: &Place, config: &Descriptor) -> Result<Config, RegistryError> {
        let path = format!("blobs/{}", config.digest);
        let (_, bytes) = self.bytes(place, &path, &|url| Request::get(url), MAX_CONFIG.min(config.size))?;
        self.hold(place, "the config", &config.digest, &Digest::of(Sum::of(&bytes)))?;
        manifest::parse_config(&bytes).map_err(|reason| RegistryError::Malformed {
            image: place.image.clone(),
            what: "the config",
            reason,
        })
    }

    /// The manifest at a place, with its digest.
    fn manifest(&self, place: &Place) -> Result<(Digest, Manifest), RegistryError> {
        let path = format!("manifests/{}", place.reference);
        let request = |url| Request::get(url).header("accept", ACCEPT);
        let (head, bytes) = self.bytes(place, &path, &request, MAX_MANIFEST)?;
        let found = Digest::of(Sum::of(&bytes));
        let asked = place.reference.contains(':').then(|| Digest::parse(&place.reference).ok()).flatten();
        for said in [asked, said_digest(&head)].iter().flatten() {
            self.hold(place, "the manifest", said, &found)?;
        }
        let image = || place.image.clone();
        match manifest::parse(&bytes, head.header("content-type")) {
            Ok(manifest) => Ok((found, manifest)),
            Err(Unread::Is(what)) => Err(RegistryError::Unsupported { image: image(), what }),
            Err(Unread::Malformed(reason)) => {
                Err(RegistryError::Malformed { image: image(), what: "the manifest", reason })
            }
        }
    }

    /// Refuses what is not what it is said to be.
    fn hold(&self, place: &Place, what: &'static str, said: &Digest, found: &Digest) -> Result<(), RegistryError> {
        if said == found {
            return Ok(());
        }
        let (image, host) = (place.image.clone(), place.host.clone());
        Err(RegistryError::LyingDigest { image, host, what, said: said.clone(), found: found.clone() })
    }

    fn bytes(
        &self,
        place: &Place,
        path: &str,
        request: &dyn Fn(String) -> Request,
        limit: u64,
    ) -> Result<(Head, Vec<u8>), RegistryError> {
        let read = self.ask(place, path, request, limit, &mut |head, body| {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(body, &mut bytes).map(|_| (head.clone(), bytes))
        })?;
        read.map_err(|error| RegistryError::Malformed {
            image: place.image.clone(),
            what: "an answer",
            reason: super::reason(&error),
        })
    }

    /// What `take` makes of the answer to what is asked of a registry for an image, with what lets in if it asks for that.
    fn ask<T>(
        &self,
        place: &Place,
        path: &str,
        request: &dyn Fn(String) -> Request,
        limit: u64,
        take: &mut dyn FnMut(&Head, &mut Reader) -> T,
    ) -> Result<T, RegistryError> {
        let url = format!("{}://{}{}", self.scheme(&place.host), place.host, place.path(path));
        let asked = |authorization: Option<String>| {
            let request = request(url.clone()).plain(Plain::Hosts(self.plain.clone()));
            match authorization {
                Some(authorization) => request.authorization(authorization),
                None => request,
            }
        };
        let mut once = |authorization| self.client.read(&asked(authorization), limit, &mut *take);
        let error = match once(self.tokens.known(place)) {
            Ok(taken) => return Ok(taken),
            Err(error) => error,
        };
        let Error::Status { head, .. } = &error else { return Err(of_http(place, error, false)) };
        if head.status != 401 {
            return Err(of_http(place, error, false));
        }
        if let Some(other) = elsewhere(&url, &head.url) {
            return Err(RegistryError::WrongHost { host: place.host.clone(), other });
        }
        let (authorization, login) = self.let_in(place, head)?;
        once(Some(authorization)).map_err(|error| match &error {
            Error::Status { head, .. } if head.status == 401 => match elsewhere(&url, &head.url) {
                Some(other) => RegistryError::WrongHost { host: place.host.clone(), other },
                None => of_http(place, error, login),
            },
            _ => of_http(place, error, login),
        })
    }

    /// How a host is spoken to.
    fn scheme(&self, host: &str) -> &'static str {
        let is_loopback = Address::parse(&format!("http://{host}/")).is_ok_and(|address| address.is_loopback());
        if is_loopback || self.plain.iter().any(|plain| plain == host) { "http" } else { "https" }
    }
}

/// The digest that an answer says its body has, if it is one that is known.
fn said_digest(head: &Head) -> Option<Digest> {
    let text = head.header("docker-content-digest").filter(|text| text.starts_with("sha256:"))?;
    Digest::parse(text).ok()
}

/// The host that answered, if it is not the one that was asked.
fn elsewhere(asked: &str, answered: &str) -> Option<String> {
    let (asked, answered) = (Address::parse(asked).ok()?, Address::parse(answered).ok()?);
    (!asked.is_same_place(&answered)).then(|| answered.authority())
}

fn of_http(place: &Place, error: Error, login: bool) -> RegistryError {
    let image = place.image.clone();
    match error {
        Error::Plain { url } => RegistryError::PlainHttp { url },
        error => match error.status() {
            Some(401 | 403) => RegistryError::Unauthorized { image, host: place.host.clone(), login },
            Some(404) => RegistryError::NotFound { image },
            _ => RegistryError::Http(error),
        },
    }
}
