//! File modes.

use super::Invalid;
use std::fmt;

/// Permission bits of a file: three or four octal digits, as `chmod` takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mode(u16);

impl Mode {
    /// The mode `text` names. Symbolic modes (`u+x`) depend on what was there before and are refused.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let octal = (3..=4).contains(&text.len()) && text.bytes().all(|b| (b'0'..=b'7').contains(&b));
        match u16::from_str_radix(text, 8) {
            Ok(bits) if octal => Ok(Self(bits)),
            _ => Err(Invalid::new(format!("a mode is three or four octal digits, as \"0644\", and `{text}` is not"))),
        }
    }

    /// Whether anybody may execute it.
    pub fn executable(self) -> bool {
        self.0 & 0o111 != 0
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes() {
        for (text, shown) in [("644", "0644"), ("0755", "0755"), ("2775", "2775")] {
            assert_eq!(Mode::parse(text).map(|m| m.to_string()), Ok(shown.to_owned()));
        }
        for bad in ["", "7", "0o755", "888", "u+x", "00644", "+644"] {
            assert!(Mode::parse(bad).is_err(), "{bad}");
        }
    }
}
