//! Workspaces made up by number: as many images as asked for, the same bytes for the same number and seed.
//!
//! A fifth of the images have specs of their own of about thirty lines, two fifths short specs that extend a template,
//! and two fifths none at all: a rule makes them of their directories. [`Style::Plain`] gives every image a spec of its own.

#![allow(dead_code, reason = "each bench uses its part of it")]

mod own;
mod templates;

use std::fs;
use std::io;
use std::path::Path;

/// What stands in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Specs, templates and rules.
    Templates,
    /// Specs alone, each whole.
    Plain,
}

/// A workspace.
#[derive(Debug)]
pub struct Workspace {
    /// Its files, by path and text.
    pub files: Vec<(String, String)>,
    /// One of its specs, which a change of [`TITLE`] in it changes.
    pub changeable: String,
}

/// A text that every image spec of its own holds, once.
pub const TITLE: &str = "A service of ";

/// A workspace of `count` images.
pub fn generate(count: usize, style: Style, seed: u64) -> Workspace {
    let mut files = Vec::new();
    let mut used = Vec::new();
    let mut changeable = String::new();
    for number in 0..count {
        let mut dice = Dice::new(seed, number as u64);
        let service = Service::new(number, &mut dice);
        // The first has a spec of its own, so that every workspace has one.
        let spec = match if style == Style::Plain { 0 } else { number % 5 } {
            0 => Some(own::spec(&service, &mut dice)),
            1 | 2 => Some(templates::short_spec(&service, &mut dice)),
            _ => {
                used.push((service.area, service.language));
                None
            }
        };
        if let Some(spec) = spec {
            let path = format!("{}/image.kdl", service.directory);
            if number == 0 {
                changeable.clone_from(&path);
            }
            files.push((path, spec));
        }
        let context = service.language.context(&service.name);
        files.extend(context.into_iter().map(|(path, text)| (format!("{}/{path}", service.directory), text)));
    }
    used.sort_unstable();
    used.dedup();
    files.extend(templates::workspace(count, style, &used));
    Workspace { files, changeable }
}

impl Workspace {
    /// The texts of its spec files.
    pub fn specs(&self) -> Vec<&str> {
        self.files.iter().filter(|(path, _)| path.ends_with(".kdl")).map(|(_, text)| text.as_str()).collect()
    }

    /// Writes it into the directory `root`.
    pub fn write(&self, root: &Path) -> io::Result<()> {
        for (path, text) in &self.files {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap_or(root))?;
            fs::write(path, text)?;
        }
        Ok(())
    }
}

/// What a service is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Language {
    Python,
    Go,
    Node,
    Static,
}

impl Language {
    pub const ALL: [Self; 4] = [Self::Python, Self::Go, Self::Node, Self::Static];

    /// Its name in those of templates.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "python",
            Self::Go => "go",
            Self::Node => "node",
            Self::Static => "static",
        }
    }

    /// The file that every service of it has.
    pub fn marker(self) -> &'static str {
        match self {
            Self::Python => "pyproject.toml",
            Self::Go => "go.mod",
            Self::Node => "package.json",
            Self::Static => "nginx.conf",
        }
    }

    /// The files that its specs copy.
    fn context(self, name: &str) -> Vec<(&'static str, String)> {
        match self {
            Self::Python => vec![
                ("pyproject.toml", format!("[project]\nname = \"{name}\"\nversion = \"1.0.0\"\n")),
                ("requirements.txt", "flask==3.0.3\nrequests==2.32.3\n".to_owned()),
                ("src/main.py", format!("print(\"{name}\")\n")),
            ],
            Self::Go => vec![
                ("go.mod", format!("module example.com/{name}\n\ngo 1.19\n")),
                ("cmd/main.go", "package main\n\nfunc main() {}\n".to_owned()),
                ("internal/serve.go", "package internal\n".to_owned()),
            ],
            Self::Node => vec![
                ("package.json", format!("{{\"name\": \"{name}\", \"version\": \"1.0.0\"}}\n")),
                ("src/server.js", format!("console.log(\"{name}\")\n")),
            ],
            Self::Static => vec![
                ("nginx.conf", "events {}\nhttp {}\n".to_owned()),
                ("site/index.html", format!("<title>{name}</title>\n")),
            ],
        }
    }
}

/// The areas that services belong to: each area and language has a template.
pub const AREAS: [&str; 10] =
    ["account", "billing", "cart", "delivery", "edge", "finance", "goods", "help", "insight", "jobs"];

/// A service that an image is made of.
pub struct Service {
    pub name: String,
    pub directory: String,
    pub area: &'static str,
    pub language: Language,
    pub port: u64,
}

impl Service {
    fn new(number: usize, dice: &mut Dice) -> Self {
        let area = dice.one_of(&AREAS);
        let language = dice.one_of(&Language::ALL);
        let name = format!("{area}-{number:06}");
        // A hundred services to a team, as directories of a hundred thousand are another thing to measure.
        let directory = format!("services/{area}-{:04}/{name}", number / (100 * AREAS.len()));
        Self { name, directory, area, language, port: 8000 + dice.below(1000) }
    }
}

/// Numbers that look random (splitmix64).
pub struct Dice(u64);

impl Dice {
    fn new(seed: u64, number: u64) -> Self {
        Self(seed ^ number.wrapping_mul(0xd6e8_feb8_6659_fd93))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    /// One of `list`.
    pub fn one_of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.below(list.len() as u64) as usize]
    }
}
