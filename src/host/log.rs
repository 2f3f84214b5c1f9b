//! Logs of other programs.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The most of a log that is read: what builds of hundreds of images print.
const MAX_BYTES: u64 = 512 << 20;

/// The text of a log. What is not UTF-8 in it is replaced: it is what commands printed.
pub fn read_log(path: &Path) -> io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("it has more than {} MiB", MAX_BYTES >> 20)));
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
