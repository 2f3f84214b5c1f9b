//! Lengths of time.

use super::Invalid;
use std::fmt;

/// A length of time, kept in milliseconds; written as Go's `time.ParseDuration` reads it (`"1m30s"`),
/// which is what HEALTHCHECK takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration(u64);

impl Duration {
    /// The duration `text` names: numbers, each with `h`, `m`, `s` or `ms`, the units falling.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(format!("a duration is written as \"30s\" or \"1m30s\", and `{text}` is not"));
        let mut rest = text;
        let mut total: u64 = 0;
        let mut last_unit = u64::MAX;
        if rest.is_empty() {
            return Err(invalid());
        }
        while !rest.is_empty() {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            let number: u64 = rest[..digits].parse().map_err(|_| invalid())?;
            rest = &rest[digits..];
            let letters = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
            let unit = match &rest[..letters] {
                "h" => 3_600_000,
                "m" => 60_000,
                "s" => 1_000,
                "ms" => 1,
                _ => return Err(invalid()),
            };
            if unit >= last_unit {
                return Err(invalid());
            }
            last_unit = unit;
            rest = &rest[letters..];
            total = number.checked_mul(unit).and_then(|ms| total.checked_add(ms)).ok_or_else(invalid)?;
        }
        Ok(Self(total))
    }

    /// So many milliseconds.
    pub fn from_milliseconds(milliseconds: u64) -> Self {
        Self(milliseconds)
    }

    /// Whole milliseconds.
    pub fn milliseconds(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (unit, name) in [(3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")] {
            if rest >= unit {
                write!(f, "{}{name}", rest / unit)?;
                rest %= unit;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, shown) in [("30s", "30s"), ("90s", "1m30s"), ("1m30s", "1m30s"), ("500ms", "500ms"), ("0s", "0s")] {
            assert_eq!(Duration::parse(text).map(|d| d.to_string()), Ok(shown.to_owned()));
        }
        for bad in ["", "30", "s", "1s1m", "-1s", "1.5s", "1s1s", "99999999999999999999s", "18446744073709551615h"] {
            assert!(Duration::parse(bad).is_err(), "{bad}");
        }
    }
}
