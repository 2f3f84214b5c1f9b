//! Moments, to the second.

use super::Invalid;
use std::fmt;

/// A moment, in seconds since 1970 (UTC, no leap seconds), before the year 10000.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(u64);

/// The first second of the year 10000.
const END: u64 = 253_402_300_800;

impl Instant {
    /// The moment that is so many seconds after the beginning of 1970.
    pub fn from_seconds(seconds: u64) -> Self {
        Self(seconds.min(END - 1))
    }

    /// The seconds since the beginning of 1970.
    pub fn seconds(self) -> u64 {
        self.0
    }

    /// The moment that `text` is, written as `2026-11-20T14:05:36Z` (RFC 3339 without fractions, in UTC).
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new(format!("a moment is written as 2026-11-20T14:05:36Z, and `{text}` is not one"));
        let number = |range: std::ops::Range<usize>| {
            let part = text.get(range).filter(|part| part.bytes().all(|b| b.is_ascii_digit()));
            part.and_then(|part| part.parse::<u64>().ok()).ok_or_else(invalid)
        };
        let signs = text.bytes().enumerate().filter(|(_, byte)| !byte.is_ascii_digit());
        if text.len() != 20 || !signs.eq([(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')]) {
            return Err(invalid());
        }
        let (hour, minute, second) = (number(11..13)?, number(14..16)?, number(17..19)?);
        let days = days_from_civil(number(0..4)?, number(5..7)?, number(8..10)?);
        let instant = days.map(|days| Self(days * 86_400 + hour * 3_600 + minute * 60 + second)).ok_or_else(invalid)?;
        if instant.to_string() == text { Ok(instant) } else { Err(invalid()) }
    }

    /// The moment that `text` is, written as archives and servers do: `Sat, 07 Nov 2026 09:08:07 UTC`. The day of the week
    /// may be missing; other zones than UTC are not taken (apt 2.6, `strutl.cc`, `RFC1123StrToTime`).
    pub fn parse_rfc822(text: &str) -> Result<Self, Invalid> {
        const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let invalid = || Invalid::new(format!("`{text}` is no date in UTC"));
        let rest = text.split_once(',').map_or(text, |(_, rest)| rest);
        let words: Vec<&str> = rest.split_ascii_whitespace().collect();
        let [day, month, year, time, zone] = words.as_slice() else { return Err(invalid()) };
        let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month)).ok_or_else(invalid)? + 1;
        if !["UTC", "GMT", "Z", "+0000", "-0000"].iter().any(|name| name.eq_ignore_ascii_case(zone)) {
            return Err(invalid());
        }
        let hour = if time.find(':') == Some(1) { "0" } else { "" };
        Self::parse(&format!("{year}-{month:02}-{day:0>2}T{hour}{time}Z")).map_err(|_| invalid())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, second) = (self.0 / 86_400, self.0 % 86_400);
        let (year, month, day) = civil_from_days(days);
        let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// The days from 1970 to a day of the Gregorian calendar (H. Hinnant, *chrono-Compatible Low-Level Date Algorithms*).
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the leap day is its last.
    let year = year.checked_sub(u64::from(month <= 2))?;
    let (era, year_of_era) = (year / 400, year % 400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    (era * 146_097 + day_of_era).checked_sub(719_468)
}

fn civil_from_days(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-20T14:05:36Z", 1_795_183_536),
            ("9999-12-31T23:59:59Z", END - 1),
        ] {
            assert_eq!(Instant::parse(text), Ok(Instant::from_seconds(seconds)), "{text}");
            assert_eq!(Instant::from_seconds(seconds).to_string(), text);
        }
        for bad in [
            "",
            "2026-11-20",
            "2026-02-30T00:00:00Z",
            "2026-11-20T24:00:00Z",
            "2026-11-20 14:05:36Z",
            "1969-12-31T00:00:00Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert!(Instant::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn rfc_822() {
        let check = |text: &str, expected: Option<&str>| {
            let shown = Instant::parse_rfc822(text).ok().map(|instant| instant.to_string());
            assert_eq!(shown.as_deref(), expected, "{text}");
        };
        check("Mon, 23 Nov 2026 11:22:37 UTC", Some("2026-11-23T11:22:37Z"));
        check("Sat, 7 Feb 2026  9:08:07 +0000", Some("2026-02-07T09:08:07Z"));
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z"));
        check("23 Nov 2026 11:22:33 Z", Some("2026-11-23T11:22:33Z"));
        for bad in [
            "",
            "Mon, 23 Nov 2026 11:22:37 +0100",
            "Mon, 23 Nov 2026",
            "23 Foo 2026 11:22:33 Z",
            "23 Nov 2026 25:00:00 Z",
            "30 Feb 2026 11:22:33 Z",
        ] {
            check(bad, None);
        }
    }
}
