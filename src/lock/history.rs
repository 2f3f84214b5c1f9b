//! How often what images copy is touched, and together with what: counted from the files of commits.

use super::patterns::Patterns;
use super::{Touched, sets};
use crate::base::joined;
use globset::{GlobBuilder, GlobMatcher};
use std::collections::{BTreeMap, BTreeSet};

/// The least builds that say anything of an image.
pub const MIN_BUILDS: usize = 10;

/// What an image copies of its build context.
#[derive(Debug, Clone, Default)]
pub struct Copied {
    /// The context's directory from the workspace's root.
    pub context: String,
    /// The paths, as they are written, each with the patterns of what stays out of it.
    pub paths: Vec<(String, Vec<String>)>,
    /// The lines of the ignore file.
    pub ignored: Vec<String>,
}

/// Images, and what commits touched of them.
#[derive(Debug)]
pub struct History {
    images: Vec<Image>,
    /// Their paths, by the parts of those.
    root: Node,
}

#[derive(Debug)]
struct Image {
    context: String,
    paths: Vec<String>,
    ignored: Patterns,
    /// How many commits touched just these of its paths.
    counts: BTreeMap<Vec<usize>, usize>,
}

/// A directory or file that copies name, perhaps by globs.
#[derive(Debug, Default)]
struct Node {
    named: BTreeMap<String, Node>,
    globs: Vec<(String, GlobMatcher, Node)>,
    copies: Vec<Copy>,
}

/// A path that an image copies.
#[derive(Debug)]
struct Copy {
    image: usize,
    path: usize,
    excluded: Patterns,
}

impl History {
    /// Of images that copy this, with no commits yet.
    pub fn new<'c>(copied: impl IntoIterator<Item = &'c Copied>) -> Self {
        let mut history = Self { images: Vec::new(), root: Node::default() };
        for copied in copied {
            let paths: BTreeSet<&String> = copied.paths.iter().map(|(path, _)| path).collect();
            let image = Image {
                context: copied.context.clone(),
                paths: paths.into_iter().cloned().collect(),
                ignored: Patterns::new(copied.ignored.iter().map(String::as_str)),
                counts: BTreeMap::new(),
            };
            for (written, excluded) in &copied.paths {
                let Ok(path) = image.paths.binary_search(written) else { continue };
                let excluded = Patterns::new(excluded.iter().map(String::as_str));
                let whole = joined(&image.context, if written == "." { "" } else { written });
                let node = parts(&whole).try_fold(&mut history.root, |node, part| node.below(part));
                if let Some(node) = node {
                    node.copies.push(Copy { image: history.images.len(), path, excluded });
                }
            }
            history.images.push(image);
        }
        history
    }

    /// Counts a commit that touched these files, seen from the workspace's root.
    pub fn add<'a>(&mut self, files: impl IntoIterator<Item = &'a str>) {
        let mut touched: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for file in files {
            self.root.reach(file, &mut |copy, below| {
                let image = &self.images[copy.image];
                let of_image = touched.entry(copy.image).or_default();
                if !of_image.contains(&copy.path) && image.takes(copy, file, below) {
                    of_image.insert(copy.path);
                }
            });
        }
        for (image, paths) in touched.into_iter().filter(|(_, paths)| !paths.is_empty()) {
            *self.images[image].counts.entry(paths.into_iter().collect()).or_default() += 1;
        }
    }

    /// How many builds the image of that number has: the commits that touch anything it copies.
    pub fn builds(&self, image: usize) -> usize {
        self.images.get(image).map_or(0, |image| image.counts.values().sum())
    }

    /// What was touched of the image of that number; nothing if it has too few builds to say so.
    pub fn touched(&self, image: usize) -> Vec<Touched> {
        let Some(image) = self.images.get(image).filter(|_| self.builds(image) >= MIN_BUILDS) else {
            return Vec::new();
        };
        sets::shares(&sets::folded(image.counts.clone(), sets::MAX_SETS), &image.paths)
    }
}

impl Image {
    /// Whether `copy`, which names `file` or a directory that it stands in, copies it.
    fn takes(&self, copy: &Copy, file: &str, below: &str) -> bool {
        let in_context = match self.context.as_str() {
            "" => file,
            context => file.strip_prefix(context).map_or(file, |rest| rest.trim_start_matches('/')),
        };
        // What a copy itself names is not kept out by its patterns.
        (below.is_empty() || !copy.excluded.keep_out(below)) && !self.ignored.keep_out(in_context)
    }
}

impl Node {
    /// The node of what is called `part` right below; nothing if that is no glob but looks like one.
    fn below(&mut self, part: &str) -> Option<&mut Self> {
        if !part.contains(['*', '?', '[']) {
            return Some(self.named.entry(part.to_owned()).or_default());
        }
        let at = match self.globs.iter().position(|(glob, ..)| glob == part) {
            Some(at) => at,
            None => {
                let matcher = GlobBuilder::new(part).literal_separator(true).build().ok()?.compile_matcher();
                self.globs.push((part.to_owned(), matcher, Self::default()));
                self.globs.len() - 1
            }
        };
        Some(&mut self.globs[at].2)
    }

    /// Calls `touch` with each copy that `file` may belong to, and the file's path below what that names.
    fn reach<'f>(&self, file: &'f str, touch: &mut impl FnMut(&Copy, &'f str)) {
        self.copies.iter().for_each(|copy| touch(copy, file));
        if file.is_empty() {
            // A file where copies look for a directory: one became the other, or it is a submodule.
            let below = self.named.values().chain(self.globs.iter().map(|(.., node)| node));
            below.for_each(|node| node.reach(file, touch));
            return;
        }
        let (part, rest) = file.split_once('/').unwrap_or((file, ""));
        if let Some(node) = self.named.get(part) {
            node.reach(rest, touch);
        }
        for (_, glob, node) in &self.globs {
            if glob.is_match(part) {
                node.reach(rest, touch);
            }
        }
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(context: &str, paths: &[(&str, &[&str])], ignored: &[&str]) -> Copied {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Copied {
            context: context.to_owned(),
            paths: paths.iter().map(|(path, excluded)| ((*path).to_owned(), owned(excluded))).collect(),
            ignored: owned(ignored),
        }
    }

    /// What a commit of one file touches of what an image copies.
    #[track_caller]
    fn check(copied: &Copied, file: &str, expected: &[&str]) {
        let mut history = History::new(std::slice::from_ref(copied));
        history.add([file]);
        let image = &history.images[0];
        let touched = image.counts.keys().flatten().map(|path| image.paths[*path].as_str());
        assert_eq!(touched.collect::<Vec<_>>(), expected, "{file}");
    }

    #[test]
    fn files_of_copies() {
        let image =
            copied("svc", &[("src", &["**/*.md"]), ("*.txt", &[]), ("conf/*/x", &[]), ("src/main.py", &[])], &[]);
        check(&image, "svc/src/a/b.py", &["src"]);
        check(&image, "svc/src/a/b.md", &[]);
        check(&image, "svc/src/main.py", &["src", "src/main.py"]);
        check(&image, "svc/src", &["src", "src/main.py"]);
        check(&image, "svc/a.txt", &["*.txt"]);
        check(&image, "svc/a.txt/below", &["*.txt"]);
        check(&image, "svc/sub/a.txt", &[]);
        check(&image, "svc/conf/a/x/y", &["conf/*/x"]);
        check(&image, "svc/conf/a/z", &[]);
        check(&image, "src/a", &[]);
        check(&image, "svcs/src/a", &[]);
        // A submodule above what is copied.
        check(&image, "svc/conf/a", &["conf/*/x"]);
        check(&image, "svc", &["*.txt", "conf/*/x", "src", "src/main.py"]);
    }

    #[test]
    fn contexts_and_ignore_files() {
        let whole = copied("", &[(".", &["docs"])], &["Dockerfile", "*.kdl", "!keep.kdl"]);
        check(&whole, "a/b", &["."]);
        check(&whole, "docs/b", &[]);
        check(&whole, "Dockerfile", &[]);
        check(&whole, "image.kdl", &[]);
        check(&whole, "keep.kdl", &["."]);
        let below = copied("svc", &[(".", &[])], &["Dockerfile"]);
        check(&below, "svc/Dockerfile", &[]);
        check(&below, "svc/a/Dockerfile", &["."]);
        check(&below, "Dockerfile", &[]);
        // A path twice, with other exclusions: what one of the copies takes.
        let twice = copied("", &[("a", &["x"]), ("a", &["y"])], &[]);
        check(&twice, "a/x", &["a"]);
    }

    #[test]
    fn what_is_counted() {
        let images =
            [copied("", &[("src", &[]), ("package.json", &[]), ("never", &[])], &[]), copied("b", &[("x", &[])], &[])];
        let mut history = History::new(&images);
        for at in 0..10 {
            history.add(
                if at < 7 { &["src/a", "src/b"][..] } else { &["src/a", "package.json", "README"][..] }.iter().copied(),
            );
            history.add(["README", "b/y"]);
        }
        (0..9).for_each(|_| history.add(["b/x"]));
        assert_eq!((history.builds(0), history.builds(1), history.builds(2)), (10, 9, 0));
        let shown = |image: usize| {
            let line = |touched: &Touched| {
                format!("{} {}", touched.paths.iter().cloned().collect::<Vec<_>>().join(" "), touched.share)
            };
            history.touched(image).iter().map(line).collect::<Vec<_>>()
        };
        assert_eq!(shown(0), ["never 0.0", "package.json src 0.3", "src 0.7"]);
        assert_eq!((shown(1), shown(2)), (vec![], vec![]));
    }
}
