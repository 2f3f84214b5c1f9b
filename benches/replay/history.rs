//! Histories: of a git repository, or of directories that are a version each.

use super::Outcome;
use imgspec::base::sha256_hex;
use imgspec::dockerfile::ContextFile;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Revisions, the oldest first.
pub struct History {
    /// What a revision is.
    pub unit: &'static str,
    /// What else there is to say of them.
    pub said: String,
    /// They themselves.
    pub revisions: Vec<Revision>,
    /// Texts by what they are known by, or how to ask for them.
    pub texts: Texts,
}

/// What stands in the context at a time.
pub struct Revision {
    /// What it is called.
    pub name: String,
    /// Its files, by path.
    pub files: BTreeMap<String, ContextFile>,
}

/// Where the texts of files are.
pub enum Texts {
    /// Here, by what they are known by.
    Known(BTreeMap<String, String>),
    /// With git.
    Repository(PathBuf),
    /// In the revision's directory below this one.
    Below(PathBuf),
}

impl History {
    /// The text of a file.
    pub fn text(&self, revision: &Revision, path: &str) -> Option<String> {
        let content = &revision.files.get(path)?.content;
        match &self.texts {
            Texts::Known(texts) => texts.get(content).cloned(),
            Texts::Repository(directory) => git(directory, &["cat-file", "blob", content]).ok(),
            Texts::Below(directory) => fs::read_to_string(directory.join(&revision.name).join(path)).ok(),
        }
    }
}

/// The last commits of a repository along first parents; of each what stands below `context`.
pub fn of_repository(directory: &Path, context: &str, last: usize) -> Outcome<History> {
    let count = format!("--max-count={last}");
    let commits = git(directory, &["rev-list", "--first-parent", &count, "HEAD"])?;
    let tree = |commit: &str| if context.is_empty() { commit.to_owned() } else { format!("{commit}:{context}") };
    let mut revisions = Vec::new();
    for commit in commits.lines().rev() {
        // The directory may be younger than the history.
        let Ok(listing) = git(directory, &["ls-tree", "-r", "-z", "--full-tree", &tree(commit)]) else { continue };
        let files = listing.split('\0').filter_map(|entry| {
            // `100644 blob 1f7a7a472abf3dd9643fd615f6da379c4acb3e3a	path`
            let (said, path) = entry.split_once('\t')?;
            let mut said = said.split(' ');
            let mode = u32::from_str_radix(said.next()?, 8).ok()?;
            Some((path.to_owned(), ContextFile { content: said.nth(1)?.to_owned(), mode }))
        });
        revisions.push(Revision { name: commit.chars().take(10).collect(), files: files.collect() });
    }
    let said = format!("{} along first parents", directory.display());
    Ok(History { unit: "commits", said, revisions, texts: Texts::Repository(directory.to_owned()) })
}

fn git(directory: &Path, arguments: &[&str]) -> Outcome<String> {
    let output = Command::new("git").arg("-C").arg(directory).args(arguments).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The directories in `directory`, in the order of the versions in their names.
pub fn of_snapshots(directory: &Path) -> Outcome<History> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    names.sort_by(|a, b| by_version(a, b));
    let mut revisions = Vec::new();
    for name in names {
        let mut files = BTreeMap::new();
        collect(&directory.join(&name), "", &mut files)?;
        revisions.push(Revision { name, files });
    }
    let said = format!("{}, sorted by version", directory.display());
    Ok(History { unit: "releases", said, revisions, texts: Texts::Below(directory.to_owned()) })
}

/// Compares parts of digits by number, those of other characters by name; a release is younger than its candidates.
fn by_version(a: &str, b: &str) -> Ordering {
    let key = |name: &str| -> Vec<(u8, u64, String)> {
        let parts = name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
        parts
            .map(|part| part.parse().map_or((0, 0, part.to_owned()), |number| (2, number, String::new())))
            // What ends stands between words and numbers.
            .chain([(1, 0, String::new())])
            .collect()
    };
    key(a).cmp(&key(b))
}

fn collect(directory: &Path, below: &str, files: &mut BTreeMap<String, ContextFile>) -> Outcome<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &path, files)?;
        } else if entry.file_type()?.is_file() {
            // Archives of packages do not keep modes that mean anything.
            files.insert(path, ContextFile { content: sha256_hex(&fs::read(entry.path())?), mode: 0o100_644 });
        }
    }
    Ok(())
}
