//! Content digests.

use super::{Invalid, Sum};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A SHA-256 content digest, `sha256:` and 64 lower-case hexadecimal digits (OCI image spec, descriptor.md).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Digest(String);

impl Digest {
    /// The digest `text` names; its `sha256:` may be left out.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let hex = text.strip_prefix("sha256:").unwrap_or(text);
        if hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(format!("sha256:{hex}")))
        } else {
            Err(Invalid::new(format!(
                "a digest is `sha256:` and 64 lower-case hexadecimal digits, and `{text}` is not"
            )))
        }
    }

    /// The one that says this hash.
    pub fn of(sum: Sum) -> Self {
        Self(format!("sha256:{sum}"))
    }

    /// The 64 digits.
    pub fn hex(&self) -> &str {
        &self.0["sha256:".len()..]
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests() {
        let hex = "0123456789abcdef".repeat(4);
        assert_eq!(Digest::parse(&hex), Digest::parse(&format!("sha256:{hex}")));
        for bad in ["", "sha256:", "sha256:12", &hex.to_uppercase(), &format!("sha512:{hex}"), &format!("{hex}0")] {
            assert!(Digest::parse(bad).is_err(), "{bad}");
        }
    }
}
