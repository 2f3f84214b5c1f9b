//! A small signed apt archive of tests: packages, suites, and the files that a server gives.
//!
//! ```ignore
//! let key = Key::new();
//! let archive = Archive::new();
//! archive.publish(&key, &Suite::new("bookworm", DATE).with(Package::new("curl", "7.88.1-10").depends("libc6")));
//! let server = archive.serve();
//! // server.url("/debian"), key.keyring(); archive.publish(…) again for a second state
//! ```

#![allow(dead_code, reason = "each test needs a part of it")]

#[path = "../../src/host/http/testing.rs"]
pub mod http;
#[path = "keys.rs"]
pub mod keys;

use http::{Answer, Server};
#[allow(unused_imports, reason = "each test needs a part of it")]
pub use keys::{Key, Signing, Special};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

/// 2026-11-01, a date for a suite.
pub const DATE: u64 = 1_793_491_200;

/// A binary package; without a file only the index tells of it.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// Further fields, each a line.
    pub fields: String,
    /// What it is.
    pub file: Option<Vec<u8>>,
}

impl Package {
    /// One for amd64.
    pub fn new(name: &str, version: &str) -> Self {
        let architecture = "amd64".to_owned();
        Self { name: name.to_owned(), version: version.to_owned(), architecture, fields: String::new(), file: None }
    }

    /// For another architecture; `all` for all.
    #[must_use]
    pub fn of(mut self, architecture: &str) -> Self {
        self.architecture = architecture.to_owned();
        self
    }

    /// With what it depends on.
    #[must_use]
    pub fn depends(self, packages: &str) -> Self {
        self.field("Depends", packages)
    }

    /// With any other field.
    #[must_use]
    pub fn field(mut self, name: &str, value: &str) -> Self {
        writeln!(self.fields, "{name}: {value}").expect("written");
        self
    }

    /// With a file.
    #[must_use]
    pub fn with_file(mut self, file: Vec<u8>) -> Self {
        self.file = Some(file);
        self
    }

    /// The hash that the index says of its file.
    pub fn sha256(&self) -> String {
        if let Some(file) = &self.file {
            return sha256(file);
        }
        sha256(format!("{} {} {}", self.name, self.version, self.architecture).as_bytes())
    }

    fn stanza(&self, component: &str) -> String {
        let Self { name, version, architecture, fields, file } = self;
        format!(
            "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: Nobody\n{fields}\
             Filename: {}\nSize: {}\nSHA256: {}\n",
            self.path(component),
            file.as_ref().map_or(1000, Vec::len),
            self.sha256()
        )
    }

    /// The path of its file from the archive's address.
    fn path(&self, component: &str) -> String {
        let Self { name, version, architecture, .. } = self;
        let file = version.split_once(':').map_or(version.as_str(), |(_, version)| version);
        format!("pool/{component}/{name}_{file}_{architecture}.deb")
    }
}

/// A state of a suite.
#[derive(Debug, Clone)]
pub struct Suite {
    /// Its name, or with a `/` at its end the path of a flat repository.
    pub name: String,
    /// When it was made, in seconds since 1970.
    pub date: u64,
    /// Until when it is to be believed, in seconds since 1970.
    pub valid_until: Option<u64>,
    /// Further fields of its `Release`, each a line.
    pub fields: String,
    /// Whether its files can be had by their hash; as in Debian they can only then.
    pub by_hash: bool,
    /// Whether packages for all architectures are in an index of their own.
    pub all_apart: bool,
    /// The endings of its indexes.
    pub packed: Vec<&'static str>,
    /// Its packages, each with its component.
    pub packages: Vec<(String, Package)>,
}

impl Suite {
    /// One without packages, with indexes by hash and as `.xz` alone, as Debian has them.
    pub fn new(name: &str, date: u64) -> Self {
        Self {
            name: name.to_owned(),
            date,
            valid_until: None,
            fields: String::new(),
            by_hash: true,
            all_apart: false,
            packed: vec![".xz"],
            packages: Vec::new(),
        }
    }

    /// With a package in `main`.
    #[must_use]
    pub fn with(self, package: Package) -> Self {
        self.with_in("main", package)
    }

    /// With a package in another component.
    #[must_use]
    pub fn with_in(mut self, component: &str, package: Package) -> Self {
        self.packages.push((component.to_owned(), package));
        self
    }

    /// The address of its directory, from the archive's.
    fn directory(&self) -> String {
        match self.name.strip_suffix('/') {
            Some(path) => path.trim_start_matches('.').trim_matches('/').to_owned(),
            None => format!("dists/{}", self.name),
        }
    }

    /// The texts of its indexes by path.
    fn indexes(&self) -> BTreeMap<String, String> {
        let mut all = BTreeMap::<String, String>::new();
        let architectures: BTreeSet<&str> = self.architectures();
        for (component, package) in &self.packages {
            let of_all = package.architecture == "all" && !self.all_apart;
            let places = if of_all { architectures.clone() } else { [package.architecture.as_str()].into() };
            for architecture in places {
                let path = if self.name.ends_with('/') {
                    "Packages".to_owned()
                } else {
                    format!("{component}/binary-{architecture}/Packages")
                };
                let text = all.entry(path).or_default();
                if !text.is_empty() {
                    text.push('\n');
                }
                text.push_str(&package.stanza(component));
            }
        }
        all
    }

    fn architectures(&self) -> BTreeSet<&str> {
        let mut all: BTreeSet<&str> = self.packages.iter().map(|(_, package)| package.architecture.as_str()).collect();
        all.insert("amd64");
        if !self.all_apart {
            all.remove("all");
        }
        all
    }

    /// Its files, the signed one last, by path from its directory; a file that is had only by its hash is under that.
    fn files(&self) -> (BTreeMap<String, Vec<u8>>, String) {
        let (mut files, mut sums) = (BTreeMap::new(), String::new());
        for (path, text) in self.indexes() {
            let plain = ("", text.clone().into_bytes());
            let packed = self.packed.iter().map(|ending| (*ending, packed(ending, text.as_bytes())));
            for (ending, bytes) in std::iter::once(plain).chain(packed.filter(|(ending, _)| !ending.is_empty())) {
                let hash = sha256(&bytes);
                writeln!(sums, " {hash} {} {path}{ending}", bytes.len()).expect("written");
                // The plain one is named, and not there, unless it is asked for.
                if self.packed.contains(&ending) {
                    let directory = path.rfind('/').map_or("", |at| &path[..=at]);
                    if self.by_hash {
                        files.insert(format!("{directory}by-hash/SHA256/{hash}"), bytes.clone());
                    }
                    files.insert(format!("{path}{ending}"), bytes);
                }
            }
        }
        let components: BTreeSet<&str> = self.packages.iter().map(|(component, _)| component.as_str()).collect();
        let mut release = format!("Origin: Test\nSuite: {0}\nCodename: {0}\nDate: {1}\n", self.name, date(self.date));
        if let Some(until) = self.valid_until {
            writeln!(release, "Valid-Until: {}", date(until)).expect("written");
        }
        if self.by_hash {
            release.push_str("Acquire-By-Hash: yes\n");
        }
        let words = |words: BTreeSet<&str>| words.into_iter().collect::<Vec<_>>().join(" ");
        let (architectures, components) = (words(self.architectures()), words(components));
        write!(release, "Architectures: {architectures}\nComponents: {components}\n").expect("written");
        write!(release, "{}SHA256:\n{sums}", self.fields).expect("written");
        (files, release)
    }
}

/// The files of an archive. Its copies are the same archive.
#[derive(Debug, Clone, Default)]
pub struct Archive {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl Archive {
    /// One without files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a suite there, signed at its date. What an earlier state had under the same names is gone; what it had by hash
    /// is still there. Returns the hash of its `InRelease`.
    pub fn publish(&self, key: &Key, suite: &Suite) -> String {
        self.publish_signed(suite, |release| key.signed(release, Signing::at(suite.date)))
    }

    /// The same; what is made of its `Release` is its `InRelease`.
    pub fn publish_signed(&self, suite: &Suite, signed: impl FnOnce(&str) -> Vec<u8>) -> String {
        let (files, release) = suite.files();
        let inrelease = signed(&release);
        let hash = sha256(&inrelease);
        let directory = suite.directory();
        let path = |path: &str| if directory.is_empty() { path.to_owned() } else { format!("{directory}/{path}") };
        for (own, bytes) in files {
            self.put(&path(&own), bytes);
        }
        for (component, package) in &suite.packages {
            if let Some(file) = &package.file {
                self.put(&package.path(component), file.clone());
            }
        }
        self.put(&path("InRelease"), inrelease);
        hash
    }

    /// Puts any file there, by its path from the archive's address.
    pub fn put(&self, path: &str, bytes: impl Into<Vec<u8>>) {
        self.locked().insert(path.to_owned(), bytes.into());
    }

    /// Changes all files whose path ends so.
    pub fn change(&self, ending: &str, change: impl Fn(&mut Vec<u8>)) {
        self.locked().iter_mut().filter(|(path, _)| path.ends_with(ending)).for_each(|(_, bytes)| change(bytes));
    }

    /// Removes the files whose path holds a text.
    pub fn remove(&self, part: &str) {
        self.locked().retain(|path, _| !path.contains(part));
    }

    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.locked().get(path).cloned()
    }

    /// A server that gives its files, as they are when they are asked for, below `/debian/`.
    pub fn serve(&self) -> Server {
        let archive = self.clone();
        Server::new(move |asked| match asked.path.strip_prefix("/debian/").and_then(|path| archive.file(path)) {
            Some(bytes) => Answer::ok(bytes),
            None => Answer::status(404, ""),
        })
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Vec<u8>>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Bytes as a file of that ending has them.
pub fn packed(ending: &str, bytes: &[u8]) -> Vec<u8> {
    match ending {
        ".xz" => liblzma::encode_all(bytes, 6).expect("packed"),
        ".gz" => {
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            writer.write_all(bytes).and_then(|()| writer.finish()).expect("packed")
        }
        _ => bytes.to_vec(),
    }
}

/// A hash in hexadecimal digits.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("written");
        text
    })
}

/// A time as a `Release` has it.
pub fn date(seconds: u64) -> String {
    let text = imgspec::base::Instant::from_seconds(seconds).to_string();
    let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = months[text[5..7].parse::<usize>().expect("a month") - 1];
    format!("{} {month} {} {} UTC", &text[8..10], &text[..4], &text[11..19])
}
