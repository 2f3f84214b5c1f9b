//! What steps cost, by the kind of what they do: a table of round numbers, the same for every Dockerfile.

use imgspec::dockerfile::Keyword;
use std::fmt::{self, Display, Formatter};

/// A kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Lists of packages of the system.
    Lists,
    /// Packages of the system.
    Packages,
    /// Dependencies of a language.
    Dependencies,
    /// A copy, a directory.
    Copy,
    /// Any other command.
    Command,
}

impl Kind {
    /// All of them.
    const ALL: [Self; 5] = [Self::Lists, Self::Packages, Self::Dependencies, Self::Copy, Self::Command];
}

/// How long it takes.
fn seconds(kind: Kind) -> f64 {
    match kind {
        Kind::Lists => 4.0,
        Kind::Packages => 20.0,
        Kind::Dependencies => 30.0,
        Kind::Copy => 0.2,
        Kind::Command => 5.0,
    }
}

/// Words of a command that tell its kind, when its options are left out.
const WORDS: &[(Kind, &[&str])] = &[
    (Kind::Lists, &["apt-get update", "apt update", "apk update"]),
    (Kind::Packages, &["apt-get install", "apt install", "apk add", "yum install", "dnf install"]),
    (
        Kind::Dependencies,
        &[
            "pip install",
            "pip3 install",
            "pip wheel",
            "pip3 wheel",
            "python3 pip",
            "python pip",
            "uv sync",
            "uv pip",
            "poetry install",
            "pipenv install",
            "npm ci",
            "npm i ",
            "npm install",
            "pnpm install",
            "pnpm i",
            "pnpm fetch",
            "yarn install",
            "go mod download",
            "cargo fetch",
            "bundle install",
            "composer install",
            "mvn dependency",
            "gradle dependencies",
            "dotnet restore",
        ],
    ),
];

/// What steps cost.
pub struct Costs {
    /// Words of steps, and what a step that holds them costs whatever it does.
    pub said: Vec<(String, f64)>,
}

impl Costs {
    /// How long a step takes, in seconds; a command may do several things.
    pub fn of(&self, keyword: Keyword, text: &str) -> f64 {
        let said = self.said.iter().find(|(words, _)| text.contains(words.as_str()));
        said.map_or_else(|| kinds(keyword, text).into_iter().map(seconds).sum(), |(_, seconds)| *seconds)
    }
}

impl Display for Costs {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kinds = Kind::ALL.map(|kind| format!("{kind:?} {}", seconds(kind)));
        write!(f, "seconds of a step: {}", kinds.join(", "))?;
        self.said.iter().try_for_each(|(words, seconds)| write!(f, ", `{words}` {seconds}"))
    }
}

fn kinds(keyword: Keyword, text: &str) -> Vec<Kind> {
    if keyword != Keyword::Run {
        return vec![Kind::Copy];
    }
    let text = text.split_whitespace().filter(|word| !word.starts_with('-')).collect::<Vec<_>>().join(" ");
    let has = |words: &[&str]| words.iter().any(|word| text.contains(word) || text.ends_with(word.trim_end()));
    let known: Vec<Kind> = WORDS.iter().filter(|(_, words)| has(words)).map(|(kind, _)| *kind).collect();
    if known.is_empty() { vec![Kind::Command] } else { known }
}
