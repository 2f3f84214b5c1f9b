//! The made-up history of a blog, and the Dockerfiles that are compared on it.

use super::history::{History, Revision, Texts};
use super::{Candidate, Outcome};
use imgspec::base::World as _;
use imgspec::diagnostic::{Diagnostics, Sources};
use imgspec::dockerfile::ContextFile;
use imgspec::host::Disk;
use imgspec::lower::Options;
use imgspec::{compile, model};
use std::collections::BTreeMap;
use std::path::Path;

/// How many commits there are.
const COMMITS: usize = 1000;

/// What a commit touches, and in how many of a hundred.
const TOUCHED: &[(&str, u64)] = &[
    ("an article", 66),
    ("templates/base.html", 6),
    ("templates/index.html", 4),
    ("static/style.css", 6),
    ("hamerkop", 6),
    ("config.yml", 3),
    ("requirements.txt", 3),
    ("nginx.conf", 1),
    ("README.md", 5),
];

/// The history, the same on every machine.
pub fn history() -> History {
    let mut dice = 1_u64;
    let mut files: BTreeMap<String, ContextFile> = BTreeMap::new();
    let write = |files: &mut BTreeMap<String, ContextFile>, path: &str, commit: usize| {
        let mode = if path == "hamerkop" { 0o100_755 } else { 0o100_644 };
        files.insert(path.to_owned(), ContextFile { content: format!("{path} {commit}"), mode });
    };
    let first = ["articles/1.md", "templates/article.html"].into_iter();
    first.chain(TOUCHED[1..].iter().map(|(path, _)| *path)).for_each(|path| write(&mut files, path, 0));
    let mut revisions = vec![Revision { name: "0".to_owned(), files: files.clone() }];
    for commit in 1..COMMITS {
        let mut left = roll(&mut dice, 100);
        let touched = TOUCHED.iter().find(|(_, share)| {
            let found = left < *share;
            left = left.saturating_sub(*share);
            found
        });
        match touched.map_or("README.md", |(path, _)| path) {
            // Two of three are new, the others mended.
            "an article" => {
                let written = files.keys().filter(|path| path.starts_with("articles/")).count() as u64;
                let number = if roll(&mut dice, 3) > 0 { written + 1 } else { 1 + roll(&mut dice, written) };
                write(&mut files, &format!("articles/{number}.md"), commit);
            }
            // Code comes with what it reads, now and then.
            "hamerkop" => {
                write(&mut files, "hamerkop", commit);
                if roll(&mut dice, 3) == 0 {
                    write(&mut files, "templates/base.html", commit);
                }
            }
            path => write(&mut files, path, commit),
        }
        revisions.push(Revision { name: commit.to_string(), files: files.clone() });
    }
    let shares: Vec<String> = TOUCHED.iter().map(|(path, share)| format!("{path} {share} %")).collect();
    let said = format!("made up, of which touch {}", shares.join(", "));
    History { unit: "commits", said, revisions, texts: Texts::Known(BTreeMap::new()) }
}

/// A number below `sides` (Knuth's MMIX generator, its upper half).
fn roll(dice: &mut u64, sides: u64) -> u64 {
    *dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*dice >> 33) % sides
}

/// The Dockerfiles.
pub fn candidates() -> Outcome<Vec<Candidate>> {
    let written = |name: &str, text: &str| Candidate { name: name.to_owned(), text: Ok(text.to_owned()), ignore: None };
    Ok(vec![
        written("the tutorial's", TUTORIAL),
        written("obvious: copies all, then installs", OBVIOUS),
        written("dofigen's order: copies before commands", COPIES_FIRST),
        ours()?,
    ])
}

/// What `specs/blog` compiles to.
fn ours() -> Outcome<Candidate> {
    let world =
        Disk::open(&Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/blog")).map_err(|error| format!("{error:?}"))?;
    let (mut sources, mut told) = (Sources::new(), Diagnostics::new());
    let text = world.read("image.kdl").map_err(|error| error.to_string())?;
    let file = compile::read("image.kdl", &text, &mut sources, &mut told);
    let images = model::resolve(Vec::from_iter(file), &mut told);
    let compiled = images.first().and_then(|image| compile::compile(image, &world, Options::default(), &mut told).ok());
    let compiled = compiled.ok_or("specs/blog does not compile")?;
    let name = "ours: specs/blog, compiled".to_owned();
    Ok(Candidate { name, text: Ok(compiled.printed.text), ignore: Some(compiled.dockerignore) })
}

const TUTORIAL: &str = r#"FROM nginx:latest
MAINTAINER A. Heron
RUN apt-get update
RUN apt-get install -y python-dev python-pip
RUN mkdir /build
COPY requirements.txt /build/requirements.txt
RUN pip install -r /build/requirements.txt
COPY config.yml /build/config.yml
COPY templates /build/templates
COPY static /build/static
COPY hamerkop /build/hamerkop
COPY articles /build/articles
RUN cd /build && ./hamerkop config.yml /usr/share/nginx/html
"#;

const OBVIOUS: &str = r#"FROM nginx:latest
COPY . /build
WORKDIR /build
RUN apt-get update && apt-get install -y python3-dev python3-pip
RUN pip install -r requirements.txt
RUN ./hamerkop config.yml /usr/share/nginx/html
"#;

const COPIES_FIRST: &str = r#"FROM nginx:latest
WORKDIR /build
COPY requirements.txt ./
COPY config.yml ./
COPY templates templates
COPY static static
COPY hamerkop ./
COPY articles articles
RUN apt-get update && apt-get install -y python3-dev python3-pip
RUN pip install -r requirements.txt
RUN ./hamerkop config.yml /usr/share/nginx/html
"#;
