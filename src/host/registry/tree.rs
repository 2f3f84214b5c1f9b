//! The files of an image that are looked out for, as one layer after the other makes them.

use super::tar::Kind;
use super::watched::{Watched, parent};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// How many links in a row lead somewhere (Linux, path_resolution(7)).
const MAX_LINKS: usize = 40;

/// What starts the name of a file that says what is gone (OCI image spec, layer.md, *Whiteouts*).
const WHITEOUT: &str = ".wh.";

/// The name of the file that says that a directory has nothing of the layers below.
const OPAQUE: &str = ".wh..wh..opq";

/// The files, and the directories and links on the way to them.
#[derive(Debug, Clone)]
pub(super) struct Tree {
    watched: Watched,
    nodes: BTreeMap<String, Node>,
    layer: usize,
    /// Where links lead that was not looked out for.
    unknown: BTreeSet<String>,
}

#[derive(Debug, Clone)]
struct Node {
    /// The layer that has it.
    layer: usize,
    is: Is,
}

#[derive(Debug, Clone)]
enum Is {
    Directory,
    File(Arc<[u8]>),
    Link(String),
    Other,
}

/// A name in a layer that is no path in an image.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Climbs(pub String);

/// Where an entry goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Goes {
    /// To where nobody looks.
    Nowhere,
    /// It says what is gone.
    Away(Gone),
    /// To this path, which is on the way to a file that is asked for.
    Near(String),
    /// To this path, which is asked for.
    To(String),
}

/// What a layer takes away of those below.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// This path, and what is below it.
    At(String),
    /// What is below this path.
    Below(String),
}

impl Tree {
    /// One without files.
    pub fn new(watched: Watched) -> Self {
        Self { watched, nodes: BTreeMap::new(), layer: 0, unknown: BTreeSet::new() }
    }

    /// What follows is of the next layer.
    pub fn next_layer(&mut self) {
        self.layer += 1;
    }

    /// The bytes it holds.
    pub fn size(&self) -> u64 {
        let file = |node: &Node| match &node.is {
            Is::File(bytes) => bytes.len(),
            _ => 0,
        };
        self.nodes.iter().map(|(path, node)| (path.len() + 64 + file(node)) as u64).sum()
    }

    /// Where the entry of the name `path` goes.
    pub fn place(&self, path: &[u8]) -> Result<Goes, Climbs> {
        let path = inside(path)?;
        let Some(name) = path.rsplit('/').next().filter(|name| !name.is_empty()) else { return Ok(Goes::Nowhere) };
        // Files are written through the links that lower layers left, as by containerd (`fs.RootPath`).
        let directory = self.led(parent(&path));
        if name == OPAQUE {
            return Ok(Goes::Away(Gone::Below(directory)));
        }
        if let Some(gone) = name.strip_prefix(WHITEOUT) {
            // What aufs kept for itself.
            let is_own = gone.is_empty() || gone.starts_with(WHITEOUT);
            return Ok(if is_own { Goes::Nowhere } else { Goes::Away(Gone::At(joined(&directory, gone))) });
        }
        let path = joined(&directory, name);
        Ok(match path {
            path if self.watched.has(&path) => Goes::To(path),
            path if self.watched.leads_to(&path) => Goes::Near(path),
            _ => Goes::Nowhere,
        })
    }

    /// Takes away what lower layers have there.
    pub fn remove(&mut self, gone: &Gone) {
        let layer = self.layer;
        let (Gone::At(path) | Gone::Below(path)) = gone;
        if matches!(gone, Gone::At(_)) && self.nodes.get(path).is_some_and(|node| node.layer < layer) {
            self.nodes.remove(path);
        }
        self.remove_below(path, |node| node.layer < layer);
    }

    /// Puts what an entry is where it goes; of a file its bytes.
    pub fn put(&mut self, path: String, kind: &Kind, bytes: Vec<u8>) -> Result<(), Climbs> {
        let is = match kind {
            Kind::Directory => Is::Directory,
            Kind::File => Is::File(bytes.into()),
            Kind::Link(to) => Is::Link(String::from_utf8_lossy(to).into_owned()),
            Kind::Same(other) => self.same(other, self.watched.has(&path))?,
            Kind::Other => Is::Other,
        };
        let stays =
            matches!((&is, self.nodes.get(&path)), (Is::Directory, Some(Node { is: Is::Directory, .. }) | None));
        if !stays {
            self.remove_below(&path, |_| true);
        }
        self.nodes.insert(path, Node { layer: self.layer, is });
        Ok(())
    }

    /// What the file is whose other name is said.
    fn same(&mut self, other: &[u8], is_wanted: bool) -> Result<Is, Climbs> {
        let other = inside(other)?;
        let other = joined(&self.led(parent(&other)), other.rsplit('/').next().unwrap_or_default());
        match self.nodes.get(&other) {
            Some(node) => Ok(node.is.clone()),
            None => {
                if is_wanted && !self.watched.has(&other) {
                    self.unknown.insert(other);
                }
                Ok(Is::Other)
            }
        }
    }

    fn remove_below(&mut self, path: &str, is_gone: impl Fn(&Node) -> bool) {
        let gone: Vec<String> = if path.is_empty() {
            self.nodes.iter().filter(|(_, node)| is_gone(node)).map(|(path, _)| path.clone()).collect()
        } else {
            // `0` is what comes behind `/`.
            let below = self.nodes.range(format!("{path}/")..format!("{path}0"));
            below.filter(|(_, node)| is_gone(node)).map(|(path, _)| path.clone()).collect()
        };
        for path in gone {
            self.nodes.remove(&path);
        }
    }

    /// The files that are asked for, by the paths they are asked for by; and what must be looked out for besides, because
    /// links lead there.
    pub fn files(&self) -> (BTreeMap<String, Vec<u8>>, BTreeSet<String>) {
        let (mut files, mut unknown) = (BTreeMap::new(), self.unknown.clone());
        let mut take = |path: &str, unknown: &mut BTreeSet<String>| {
            let led = self.led(path);
            match self.nodes.get(&led).map(|node| &node.is) {
                Some(Is::File(bytes)) => {
                    files.insert(path.to_owned(), bytes.to_vec());
                }
                None | Some(Is::Other) if !self.watched.has(&led) && !led.is_empty() => {
                    unknown.insert(led);
                }
                _ => {}
            }
        };
        for pattern in self.watched.patterns() {
            let Some(directory) = pattern.strip_suffix("/*") else {
                take(pattern, &mut unknown);
                continue;
            };
            let led = self.led(directory);
            let inside = joined(&led, "*");
            if !led.is_empty() && !self.watched.has(&inside) {
                unknown.insert(inside);
                continue;
            }
            let start = joined(&led, "");
            let inside = self.nodes.range(start.clone()..).map(|(path, _)| path.strip_prefix(&start));
            for name in inside.map_while(|name| name).filter(|name| !name.contains('/')) {
                take(&joined(directory, name), &mut unknown);
            }
        }
        (files, unknown)
    }

    /// Where `path` leads, as far as links are known. What is above the root is the root.
    fn led(&self, path: &str) -> String {
        let mut left: VecDeque<String> = path.split('/').map(str::to_owned).collect();
        let mut at: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = left.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.pop();
                    continue;
                }
                _ => at.push(part),
            }
            let Some(Node { is: Is::Link(to), .. }) = self.nodes.get(&at.join("/")) else { continue };
            links += 1;
            if links > MAX_LINKS {
                continue;
            }
            at.pop();
            if to.starts_with('/') {
                at.clear();
            }
            to.split('/').rev().for_each(|part| left.push_front(part.to_owned()));
        }
        at.join("/")
    }
}

/// A name of a tar as a path in the image.
fn inside(path: &[u8]) -> Result<String, Climbs> {
    let text = String::from_utf8_lossy(path);
    if text.starts_with('/') || text.split('/').any(|part| part == "..") {
        return Err(Climbs(text.into_owned()));
    }
    Ok(text.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/"))
}

fn joined(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is done to an image: an entry with what it is, or the start of a layer.
    enum Step<'a> {
        Layer,
        File(&'a str, &'a str),
        Directory(&'a str),
        Link(&'a str, &'a str),
        Same(&'a str, &'a str),
        Other(&'a str),
    }

    fn grown(patterns: &[&str], steps: &[Step]) -> Result<Tree, Climbs> {
        let mut tree = Tree::new(Watched::of(patterns));
        for step in steps {
            let (path, kind, text) = match step {
                Step::Layer => {
                    tree.next_layer();
                    continue;
                }
                Step::File(path, text) => (path, Kind::File, *text),
                Step::Directory(path) => (path, Kind::Directory, ""),
                Step::Link(path, to) => (path, Kind::Link(to.as_bytes().to_vec()), ""),
                Step::Same(path, other) => (path, Kind::Same(other.as_bytes().to_vec()), ""),
                Step::Other(path) => (path, Kind::Other, ""),
            };
            match tree.place(path.as_bytes())? {
                Goes::Nowhere => {}
                Goes::Away(gone) => tree.remove(&gone),
                Goes::Near(path) if kind == Kind::File => tree.put(path, &Kind::Other, Vec::new())?,
                Goes::Near(path) | Goes::To(path) => tree.put(path, &kind, text.as_bytes().to_vec())?,
            }
        }
        Ok(tree)
    }

    /// The files of what `steps` make, each as `path=text`, and what was not looked out for.
    #[track_caller]
    fn check(patterns: &[&str], steps: &[Step], expected: &[&str], unknown: &[&str]) {
        let (files, missing) = grown(patterns, steps).expect("inside").files();
        let files = files.iter().map(|(path, bytes)| format!("{path}={}", String::from_utf8_lossy(bytes)));
        assert_eq!(files.collect::<Vec<_>>(), expected);
        assert_eq!(missing.iter().collect::<Vec<_>>(), unknown);
    }

    #[test]
    fn layers() {
        use Step::{Directory, File, Layer, Other};
        let both = ["a/b", "d/*"];
        check(
            &both,
            &[File("./a/b", "1"), File("a/c", "2"), File("d/x", "3"), File("d/y/z", "4")],
            &["a/b=1", "d/x=3"],
            &[],
        );
        check(&both, &[File("a/b", "1"), Layer, File("a/b", "2")], &["a/b=2"], &[]);
        check(&both, &[File("a/b", "1"), Layer, File("a/.wh.b", "")], &[], &[]);
        check(&both, &[File("a/b", "1"), Layer, File(".wh.a", "")], &[], &[]);
        // Of one layer, whatever stands first: what is gone is that of the layers below.
        check(&both, &[File("a/b", "1"), Layer, File("a/b", "2"), File(".wh.a", "")], &["a/b=2"], &[]);
        check(&both, &[File("a/b", "1"), Layer, File(".wh.a", ""), File("a/b", "2")], &["a/b=2"], &[]);
        check(&both, &[File("d/x", "1"), Layer, File("d/.wh..wh..opq", ""), File("d/y", "2")], &["d/y=2"], &[]);
        check(&both, &[File("d/x", "1"), Layer, File("d/y", "2"), File("d/.wh..wh..opq", "")], &["d/y=2"], &[]);
        check(&both, &[File("d/x", "1"), Layer, File(".wh..wh..opq", "")], &[], &[]);
        check(&both, &[File("d/x", "1"), Layer, File("d/.wh..wh.plnk", ""), File("d/.wh.", "")], &["d/x=1"], &[]);
        check(&both, &[File("d/x", "1"), Layer, Directory("d/")], &["d/x=1"], &[]);
        check(&both, &[File("d/x", "1"), Layer, Other("d")], &[], &[]);
        check(&both, &[File("d/x", "1"), Layer, File("d", "no directory any more")], &[], &[]);
        check(&both, &[File("a/b", "1"), Layer, Directory("a/b/")], &[], &[]);
        check(&both, &[File("d/x", "1"), File("d0", "2"), File("d-", "3"), Layer, File(".wh.d", "")], &[], &[]);
    }

    #[test]
    fn links() {
        use Step::{Directory, File, Layer, Link, Same};
        let both = ["etc/os", "usr/lib/os"];
        check(&both, &[Link("etc/os", "../usr/lib/os"), File("usr/lib/os", "1")], &["etc/os=1", "usr/lib/os=1"], &[]);
        check(&both, &[Link("etc/os", "/usr/lib/os"), File("usr/lib/os", "1")], &["etc/os=1", "usr/lib/os=1"], &[]);
        check(
            &both,
            &[Link("etc/os", "../../../usr/lib/os"), File("usr/lib/os", "1")],
            &["etc/os=1", "usr/lib/os=1"],
            &[],
        );
        check(&both, &[Link("etc/os", "os")], &[], &[]);
        check(&both, &[Link("etc/os", "../opt/os"), File("opt/os", "1")], &[], &["opt/os"]);
        check(&both, &[Link("etc/os", "/usr/lib/os")], &[], &[]);
        check(&both, &[File("usr/lib/os", "1"), Same("etc/os", "usr/lib/os")], &["etc/os=1", "usr/lib/os=1"], &[]);
        check(
            &both,
            &[File("usr/lib/os", "1"), Layer, Same("etc/os", "./usr/lib/os")],
            &["etc/os=1", "usr/lib/os=1"],
            &[],
        );
        check(&both, &[File("opt/os", "1"), Same("etc/os", "opt/os")], &[], &["opt/os"]);
        // A directory that is a link, below and above.
        let apk = ["lib/apk/db", "usr/lib/apk/db"];
        let same = ["lib/apk/db=1", "usr/lib/apk/db=1"];
        check(&apk, &[Link("lib", "usr/lib"), File("usr/lib/apk/db", "1")], &same, &[]);
        check(&apk, &[Link("lib", "usr/lib"), Layer, File("lib/apk/db", "1")], &same, &[]);
        check(
            &apk,
            &[Link("lib", "usr/lib"), Layer, Directory("lib"), File("lib/apk/db", "1")],
            &["lib/apk/db=1"],
            &[],
        );
        let keys = ["etc/keys/*"];
        check(&keys, &[Link("etc/keys", "/opt/keys"), File("opt/keys/a", "1")], &[], &["opt/keys/*"]);
        let steps = [Link("etc/keys", "/opt/keys"), File("opt/keys/a", "1")];
        check(&["etc/keys/*", "opt/keys/*"], &steps, &["etc/keys/a=1", "opt/keys/a=1"], &[]);
        check(
            &keys,
            &[Directory("etc/keys/dir"), File("etc/keys/a", "1"), Link("etc/keys/b", "a")],
            &["etc/keys/a=1", "etc/keys/b=1"],
            &[],
        );
        check(&keys, &[Link("etc/keys/b", "../../opt/k")], &[], &["opt/k"]);
    }

    #[test]
    fn climbing() {
        let check = |step: Step, expected: &str| {
            let found = grown(&["etc/*"], &[step]).expect_err("outside");
            assert_eq!(found, Climbs(expected.to_owned()));
        };
        check(Step::File("../etc/passwd", ""), "../etc/passwd");
        check(Step::File("usr/../../x", ""), "usr/../../x");
        check(Step::File("/etc/passwd", ""), "/etc/passwd");
        check(Step::Link("a/..", "x"), "a/..");
        check(Step::Same("etc/x", "../x"), "../x");
        check(Step::Same("etc/x", "/x"), "/x");
    }
}
