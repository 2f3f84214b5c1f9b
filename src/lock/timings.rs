//! How long instructions took, out of what BuildKit tells of its progress (`--progress=rawjson`).

use crate::base::{Duration, Invalid};
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// An instruction that a builder came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// What stands in front of its number, but for platforms: the target that bake builds, if there are several, and the
    /// stage.
    pub label: String,
    /// Its number in its stage, as the builder counts: instructions that make layers, and FROM if that is an image.
    pub number: usize,
    /// Its text on one line, variables in it replaced.
    pub text: String,
    /// How long it took; nothing if it was there already.
    pub time: Option<Duration>,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow, default)]
    vertexes: Vec<Vertex<'a>>,
}

#[derive(Deserialize)]
struct Vertex<'a> {
    digest: Cow<'a, str>,
    #[serde(default)]
    name: Cow<'a, str>,
    started: Option<Cow<'a, str>>,
    completed: Option<Cow<'a, str>>,
    #[serde(default)]
    cached: bool,
    #[serde(default)]
    error: Cow<'a, str>,
}

/// What was told of a vertex so far.
#[derive(Default)]
struct Told {
    name: String,
    /// When it started and when that was completed, in milliseconds: it may be taken up more than once.
    times: BTreeMap<i64, i64>,
    cached: bool,
    failed: bool,
}

/// The instructions that the log `text` tells of, in the order of their names. What is not known of a log is passed over:
/// a builder that fails says so behind it.
pub fn executed(text: &str) -> Result<Vec<Executed>, Invalid> {
    let mut vertices: BTreeMap<String, Told> = BTreeMap::new();
    let mut is_log = false;
    for line in text.lines() {
        let Ok(line) = serde_json::from_str::<Line<'_>>(line) else { continue };
        is_log = true;
        for vertex in line.vertexes {
            let told = vertices.entry(vertex.digest.into_owned()).or_default();
            told.name = vertex.name.into_owned();
            told.cached |= vertex.cached;
            told.failed |= !vertex.error.is_empty();
            let [started, completed] = [&vertex.started, &vertex.completed].map(|time| milliseconds(time.as_deref()?));
            if let (Some(started), Some(completed)) = (started, completed) {
                told.times.insert(started, completed);
            }
        }
    }
    if !is_log {
        return Err(Invalid::new("it is no log that `docker buildx build --progress=rawjson` writes"));
    }
    let mut executed: Vec<Executed> = vertices.into_values().filter_map(Told::executed).collect();
    executed.sort_by(|one, other| (&one.label, one.number, &one.text).cmp(&(&other.label, other.number, &other.text)));
    Ok(executed)
}

impl Told {
    /// The instruction that it is, if it is one that ended well.
    fn executed(self) -> Option<Executed> {
        let (head, text) = self.name.strip_prefix('[')?.split_once("] ")?;
        let (number, words) =
            head.split(' ').collect::<Vec<_>>().split_last().map(|(last, words)| (*last, words.to_vec()))?;
        let number =
            number.split_once('/').and_then(|(number, of)| of.parse::<usize>().ok().and(number.parse().ok()))?;
        if self.failed || (self.times.is_empty() && !self.cached) || text.starts_with("FROM ") {
            return None;
        }
        // No stage and no target has a slash in its name, a platform has.
        let label = words.into_iter().filter(|word| !word.contains('/')).collect::<Vec<_>>().join(" ");
        let time: i64 = self.times.iter().map(|(started, completed)| (completed - started).max(0)).sum();
        let time = Some(Duration::from_milliseconds(time as u64)).filter(|_| !self.cached);
        Some(Executed { label, number, text: text.to_owned(), time })
    }
}

/// A time as RFC 3339 has it, in milliseconds since 1970.
fn milliseconds(time: &str) -> Option<i64> {
    let number = |from: usize, to: usize| time.get(from..to)?.parse::<i64>().ok();
    let [year, month, day] = [number(0, 4)?, number(5, 7)?, number(8, 10)?];
    let [hour, minute, second] = [number(11, 13)?, number(14, 16)?, number(17, 19)?];
    let rest = time.get(19..)?;
    let digits = rest.strip_prefix('.').map_or("", |rest| &rest[..rest.bytes().take_while(u8::is_ascii_digit).count()]);
    let fraction: i64 = format!("{digits:0<3}").get(..3)?.parse().ok()?;
    let zone = &rest[if digits.is_empty() { 0 } else { digits.len() + 1 }..];
    let offset = match zone.split_at_checked(1)? {
        ("Z", "") => 0,
        (sign @ ("+" | "-"), zone) => {
            let (hours, minutes) = zone.split_once(':')?;
            let minutes = hours.parse::<i64>().ok()? * 60 + minutes.parse::<i64>().ok()?;
            if sign == "+" { minutes } else { -minutes }
        }
        _ => return None,
    };
    // Days of years that begin in March, so that the day that may be missing is the last.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    Some((((days * 24 + hour) * 60 + minute - offset) * 60 + second) * 1_000 + fraction)
}

/// What times may differ by that says nothing, in milliseconds.
const NOISE: u64 = 100;

/// The cost of a step of which `old` is known and `new` was measured: a new one counts, to two digits, where it is more
/// than a fifth and more than a tenth of a second away from the old one.
pub fn settled(old: Option<Duration>, new: Duration) -> Duration {
    let new = rounded(new.milliseconds());
    match old {
        Some(old) if new.abs_diff(old.milliseconds()) <= NOISE.max(old.milliseconds() / 5) => old,
        _ => Duration::from_milliseconds(new),
    }
}

/// A number to the two digits that count most.
fn rounded(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    number.saturating_add(unit / 2) / unit * unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs() {
        let vertex = |digest: &str, name: &str, rest: &str| {
            format!("{{\"vertexes\":[{{\"digest\":\"{digest}\",\"name\":\"{name}\"{rest}}}]}}\n")
        };
        let at = |from: &str, to: &str| {
            format!(",\"started\":\"2026-11-25T09:40:{from}Z\",\"completed\":\"2026-11-25T09:40:{to}Z\"")
        };
        let log = [
            vertex("1", "[build 2/3] RUN \\u003c\\u003cEOF (set -e...)", ""),
            vertex("1", "[build 2/3] RUN \\u003c\\u003cEOF (set -e...)", ",\"started\":\"2026-11-25T09:40:01Z\""),
            vertex("1", "[build 2/3] RUN \\u003c\\u003cEOF (set -e...)", &at("01", "03.5")),
            vertex("2", "[cart linux/arm64 build 3/3] COPY a /a", &at("01.1", "01.25")),
            vertex("2", "[cart linux/arm64 build 3/3] COPY a /a", &at("02", "02.1")),
            vertex("3", "[2/4] WORKDIR /w", &format!("{},\"cached\":true", at("01", "01"))),
            vertex("4", "[3/4] RUN false", &format!("{},\"error\":\"exit 1\"", at("01", "02"))),
            vertex("5", "[build 1/3] FROM debian", &at("01", "02")),
            vertex("6", "[internal] load .dockerignore", &at("01", "02")),
            vertex("7", "exporting to image", &at("01", "02")),
            vertex("8", "[4/4] RUN true", ",\"started\":\"2026-11-25T09:40:01Z\""),
            "{\"statuses\":[{\"id\":\"x\"}]}\n{\"logs\":[{\"data\":\"aGk=\"}]}\nERROR: failed to build\n".to_owned(),
        ];
        let shown = |executed: &Executed| {
            let time = executed.time.map_or("cached".to_owned(), |time| time.to_string());
            format!("{}|{}|{}|{time}", executed.label, executed.number, executed.text)
        };
        let found: Vec<String> = executed(&log.concat()).expect("a log").iter().map(shown).collect();
        let expected =
            ["|2|WORKDIR /w|cached", "build|2|RUN <<EOF (set -e...)|2s500ms", "cart build|3|COPY a /a|250ms"];
        assert_eq!(found, expected);
        assert!(executed("#1 [internal] load build definition\n").is_err());
        assert!(executed("").is_err());
    }

    #[test]
    fn times() {
        let check = |text: &str, expected: Option<i64>| assert_eq!(milliseconds(text), expected, "{text}");
        check("1970-01-01T00:00:00Z", Some(0));
        check("1970-01-01T01:00:00.5+01:00", Some(500));
        check("2000-02-29T00:00:00.123456789Z", Some(951_782_400_123));
        check("2026-11-25T09:40:54.28Z", Some(1_795_599_654_280));
        check("1969-12-31T23:59:59-00:01", Some(59_000));
        check("2026-11-25", None);
        check("2026-11-25T09:40:54", None);
        check("é026-11-25T09:40:54Z", None);
    }

    #[test]
    fn settling() {
        let check = |old: Option<&str>, new: u64, expected: &str| {
            let old = old.map(|old| Duration::parse(old).expect("a duration"));
            assert_eq!(settled(old, Duration::from_milliseconds(new)).to_string(), expected);
        };
        check(None, 0, "0s");
        check(None, 99, "99ms");
        check(None, 994, "990ms");
        check(None, 38_249, "38s");
        check(None, 99_600, "1m40s");
        check(Some("38s"), 45_000, "38s");
        check(Some("38s"), 46_000, "46s");
        check(Some("38s"), 31_000, "38s");
        check(Some("38s"), 30_000, "30s");
        check(Some("0s"), 100, "0s");
        check(Some("20ms"), 130, "130ms");
        check(Some("400ms"), 500, "400ms");
    }
}
