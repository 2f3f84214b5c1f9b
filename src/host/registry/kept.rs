//! What images hold, kept in the user's cache directory by their manifests' digests.

use super::super::cache;
use super::watched::Watched;
use crate::base::{Digest, Sum};
use crate::lock::Contents;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

/// Changes with the form of what is kept.
const FORM: &str = "1";

/// The bytes of a file that are read at most.
const MAX_BYTES: u64 = 512 << 20;

/// The directory they are in.
#[derive(Debug)]
pub(super) struct Kept {
    directory: PathBuf,
    /// What is kept of an image depends on what is asked for.
    seed: Sum,
    written: AtomicU64,
}

impl Kept {
    /// That of the user; none if there is no cache directory.
    pub fn of_user() -> Option<Self> {
        Some(Self::below(cache::directory()?.join("imgspec")))
    }

    /// That in a cache directory.
    pub fn below(directory: PathBuf) -> Self {
        let patterns = Watched::of_base();
        let text = std::iter::once(FORM).chain(patterns.patterns()).collect::<Vec<_>>().join("\n");
        Self { directory: directory.join("bases"), seed: Sum::of(text.as_bytes()), written: AtomicU64::new(0) }
    }

    /// What the image of that manifest holds, if it is kept whole.
    pub fn read(&self, manifest: &Digest) -> Option<Contents> {
        let mut bytes = Vec::new();
        if !cache::is_own(&fs::symlink_metadata(&self.directory).ok()?) {
            return None;
        }
        File::open(self.file(manifest)).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes)).ok()?;
        let (sum, rest) = bytes.split_first_chunk::<32>()?;
        if *self.sum(manifest, rest).bytes() != *sum {
            return None;
        }
        postcard::from_bytes(rest).ok()
    }

    /// Keeps what it holds; all of it or nothing.
    pub fn write(&self, manifest: &Digest, contents: &Contents) -> io::Result<()> {
        let bytes = postcard::to_stdvec(contents).map_err(io::Error::other)?;
        cache::make(&self.directory)?;
        // Two threads may keep the same.
        let turn = self.written.fetch_add(1, Ordering::Relaxed);
        let written = cache::replace(&self.file(manifest), turn, &[self.sum(manifest, &bytes).bytes(), &bytes]);
        cache::clean(&self.directory);
        written
    }

    fn sum(&self, manifest: &Digest, bytes: &[u8]) -> Sum {
        Sum::of(&[self.seed.bytes(), manifest.hex().as_bytes(), bytes].concat())
    }

    fn file(&self, manifest: &Digest) -> PathBuf {
        self.directory.join(manifest.hex())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kept() {
        let directory = tempfile::tempdir().expect("a directory");
        let kept = Kept::below(directory.path().to_owned());
        let digest = |digit: &str| Digest::parse(&digit.repeat(64)).expect("a digest");
        let mut contents = Contents::default();
        contents.files.insert("etc/passwd".to_owned(), b"root".to_vec());
        assert_eq!(kept.read(&digest("1")), None);
        kept.write(&digest("1"), &contents).expect("written");
        assert_eq!(kept.read(&digest("1")), Some(contents));
        assert_eq!(kept.read(&digest("2")), None);
        // What is kept of one is not what is kept of the other, whatever its file is called.
        fs::copy(kept.file(&digest("1")), kept.file(&digest("2"))).expect("copied");
        assert_eq!(kept.read(&digest("2")), None);
        let mut bytes = fs::read(kept.file(&digest("1"))).expect("read");
        *bytes.last_mut().expect("a byte") ^= 1;
        fs::write(kept.file(&digest("1")), bytes).expect("written");
        assert_eq!(kept.read(&digest("1")), None);
    }
}
