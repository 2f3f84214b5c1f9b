//! Compressed files, unpacked to a size that is known before.

use flate2::read::GzDecoder;
use liblzma::read::XzDecoder;
use liblzma::stream::Stream;
use std::io::Read;

/// The memory that a file may ask for to be unpacked, in bytes: `xz -9` needs 65 MiB.
const MAX_MEMORY: u64 = 256 << 20;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packed {
    /// Not.
    Plain,
    /// As `xz` does.
    Xz,
    /// As `gzip` does.
    Gzip,
}

/// Why a file could not be unpacked.
#[derive(Debug, PartialEq, Eq)]
pub enum NotUnpacked {
    /// It holds more than it may.
    TooLarge,
    /// It is broken, and how.
    Broken(String),
}

impl Packed {
    /// The ways, the smallest files first.
    pub const ALL: [(&str, Self); 3] = [(".xz", Self::Xz), (".gz", Self::Gzip), ("", Self::Plain)];

    /// What `bytes` hold, which is at most `limit` bytes: no more than that is ever unpacked.
    pub fn unpacked(self, bytes: Vec<u8>, limit: u64) -> Result<Vec<u8>, NotUnpacked> {
        let broken = |error: &dyn std::error::Error| NotUnpacked::Broken(error.to_string());
        match self {
            Self::Plain if bytes.len() as u64 > limit => Err(NotUnpacked::TooLarge),
            Self::Plain => Ok(bytes),
            Self::Gzip => read(GzDecoder::new(bytes.as_slice()), limit),
            Self::Xz => {
                let stream = Stream::new_stream_decoder(MAX_MEMORY, 0).map_err(|error| broken(&error))?;
                read(XzDecoder::new_stream(bytes.as_slice(), stream), limit)
            }
        }
    }
}

fn read(reader: impl Read, limit: u64) -> Result<Vec<u8>, NotUnpacked> {
    // What is stated is not believed for the room that is taken at once.
    let mut all = Vec::with_capacity(limit.min(64 << 20) as usize);
    let read = reader.take(limit.saturating_add(1)).read_to_end(&mut all);
    if all.len() as u64 > limit {
        return Err(NotUnpacked::TooLarge);
    }
    read.map(|_| all).map_err(|error| NotUnpacked::Broken(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write as _;

    fn packed(packed: Packed, text: &[u8]) -> Vec<u8> {
        match packed {
            Packed::Plain => text.to_vec(),
            Packed::Xz => liblzma::encode_all(text, 6).expect("packed"),
            Packed::Gzip => {
                let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
                writer.write_all(text).and_then(|()| writer.finish()).expect("packed")
            }
        }
    }

    #[test]
    fn to_a_size() {
        let text = vec![b'a'; 100_000];
        for (_, way) in Packed::ALL {
            assert_eq!(way.unpacked(packed(way, &text), 100_000).as_deref(), Ok(text.as_slice()));
            assert_eq!(way.unpacked(packed(way, &text), 99_999), Err(NotUnpacked::TooLarge), "{way:?}");
            assert_eq!(way.unpacked(packed(way, &text), 0), Err(NotUnpacked::TooLarge), "{way:?}");
        }
        for way in [Packed::Xz, Packed::Gzip] {
            let mut cut = packed(way, &text);
            cut.truncate(cut.len() - 9);
            assert!(matches!(way.unpacked(cut, 100_000), Err(NotUnpacked::Broken(_))), "{way:?}");
            assert!(matches!(way.unpacked(b"text".to_vec(), 100_000), Err(NotUnpacked::Broken(_))), "{way:?}");
        }
    }
}
