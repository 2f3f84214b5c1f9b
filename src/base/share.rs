//! Parts of a whole.

use super::Invalid;
use std::fmt;

/// A part of a whole, in ten thousandths; written as a decimal number, `0.25`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Share(pub u16);

impl Share {
    /// All of it.
    pub const WHOLE: Self = Self(10_000);

    /// The share that a decimal number is.
    pub fn new(number: f64) -> Result<Self, Invalid> {
        let parts = number * f64::from(Self::WHOLE.0);
        // What is not a number is in no range.
        if !(0.0..=f64::from(Self::WHOLE.0)).contains(&parts) {
            return Err(Invalid::new(format!("a share is a number from 0 to 1, and {number} is not")));
        }
        // No decimal number of four places is farther from its nearest `f64` than that.
        if (parts - parts.round()).abs() > 1e-6 {
            return Err(Invalid::new(format!("a share has at most four decimal places, and {number} has more")));
        }
        Ok(Self(parts.round() as u16))
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimals = format!("{:04}", self.0 % Self::WHOLE.0);
        let decimals = decimals.trim_end_matches('0');
        write!(f, "{}.{}", self.0 / Self::WHOLE.0, if decimals.is_empty() { "0" } else { decimals })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let check = |number: f64, shown: &str| {
            assert_eq!(Share::new(number).map(|share| share.to_string()), Ok(shown.to_owned()));
        };
        for (number, shown) in [(0.0, "0.0"), (1.0, "1.0"), (0.41, "0.41"), (0.0043, "0.0043"), (0.1, "0.1")] {
            check(number, shown);
        }
        for parts in 0..=10_000 {
            let share = Share(parts);
            assert_eq!(Share::new(share.to_string().parse().expect("a number")), Ok(share));
        }
        for bad in [-0.1, 1.0001, 0.00005, 0.12345, f64::NAN, f64::INFINITY] {
            assert!(Share::new(bad).is_err(), "{bad}");
        }
    }
}
