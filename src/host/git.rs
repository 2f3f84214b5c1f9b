//! What a repository's commits touched, told by `git`.

use super::reason;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};

/// The most commits that are looked at.
pub const MAX_COMMITS: usize = 2_000;

/// How much older than the last commit the oldest may be that is looked at, in seconds: two years.
const MAX_AGE: i64 = 2 * 365 * 24 * 60 * 60;

/// Which commits were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Walked {
    /// How many.
    pub commits: usize,
    /// What kept it from going on.
    pub bound: Option<Bound>,
}

/// What ends a walk before the first commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// There were [`MAX_COMMITS`].
    Number,
    /// The next one was more than two years older than the last one.
    Age,
}

/// Why a repository's history cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoHistory {
    /// There is no `git` to ask.
    #[error("`git` cannot be run: {0}")]
    NoGit(String),
    /// In its words.
    #[error("`git` refuses: {0}")]
    Refused(String),
    /// No commit yet.
    #[error("the repository has no commits")]
    NoCommits,
    /// Some of its commits are not here.
    #[error("the repository is a shallow clone, so that most of its commits are not here")]
    Shallow,
}

/// Calls `each` with the files that each commit touched, seen from `directory` and none outside of it, from the last
/// commit backwards.
///
/// These are the states that the branch went through: of a merge what it brought to the branch, and the commits it brought
/// not once more. The first commit of all touches nothing: there was no build before it. A file that is renamed is two.
pub fn walk(directory: &Path, mut each: impl FnMut(&[String])) -> Result<Walked, NoHistory> {
    let shallow = asked(directory, &["rev-parse", "--is-shallow-repository"])?;
    if shallow.trim() == "true" {
        return Err(NoHistory::Shallow);
    }
    if asked(directory, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).is_err() {
        return Err(NoHistory::NoCommits);
    }
    let number = format!("--max-count={}", MAX_COMMITS + 1);
    // A NUL, the time and another NUL, then the files with a NUL behind each.
    let settings = ["log.showRoot=false", "log.showSignature=false", "log.diffMerges=first-parent"];
    let settings = settings.into_iter().flat_map(|setting| ["-c", setting]);
    let commits = ["log", &number, "--first-parent", "-m"];
    let form = ["-z", "--name-only", "--relative", "--no-renames", "--ignore-submodules=none", "--no-ext-diff"];
    let last = ["--no-textconv", "--no-color", "--format=tformat:%x00%ct", "HEAD", "--"];
    let mut git = command(directory);
    git.args(settings).args(commits).args(form).args(last).stdout(Stdio::piped());
    let mut git = git.spawn().map_err(no_git)?;
    let (stdout, stderr) = (git.stdout.take(), git.stderr.take());
    let complaint = std::thread::spawn(move || {
        let mut text = Vec::new();
        // What cannot be read of a complaint is not worth another one.
        let _ = stderr.map(|stderr| stderr.take(1 << 16).read_to_end(&mut text));
        text
    });
    let walked =
        stdout.map_or(Ok(Walked { commits: 0, bound: None }), |stdout| read(BufReader::new(stdout), &mut each));
    if walked.as_ref().is_ok_and(|walked| walked.bound.is_some()) {
        // It has more to say than is wanted.
        let _ = git.kill();
        let _ = git.wait();
        return walked;
    }
    let status = git.wait().map_err(no_git)?;
    let complaint = complaint.join().unwrap_or_default();
    if status.success() { walked } else { Err(refused(&complaint)) }
}

/// Reads the commits that `log` tells of.
fn read(mut log: impl BufRead, each: &mut impl FnMut(&[String])) -> Result<Walked, NoHistory> {
    let mut walked = Walked { commits: 0, bound: None };
    let mut newest = None;
    let mut files: Option<Vec<String>> = None;
    let mut token = Vec::new();
    let mut next = |token: &mut Vec<u8>| {
        token.clear();
        let read = log.read_until(0, token).map_err(|error| NoHistory::Refused(reason(&error)))?;
        let is_whole = token.pop_if(|byte| *byte == 0).is_some();
        Ok::<bool, NoHistory>(read > 0 && is_whole)
    };
    while next(&mut token)? {
        if !token.is_empty() {
            // The name of a file may not be UTF-8; that of a directory above it is what counts then.
            let files = files.get_or_insert_default();
            // Behind the first line of a commit stands another end of line.
            let name = token.strip_prefix(b"\n").filter(|_| files.is_empty()).unwrap_or(&token[..]);
            files.push(String::from_utf8_lossy(name).into_owned());
            continue;
        }
        if let Some(files) = files.take() {
            each(&files);
        }
        if !next(&mut token)? {
            break;
        }
        let time: i64 = std::str::from_utf8(&token).ok().and_then(|time| time.trim().parse().ok()).unwrap_or_default();
        let newest = *newest.get_or_insert(time);
        let bound = match walked.commits {
            MAX_COMMITS => Some(Bound::Number),
            _ if newest.saturating_sub(time) > MAX_AGE => Some(Bound::Age),
            _ => None,
        };
        if bound.is_some() {
            return Ok(Walked { bound, ..walked });
        }
        walked.commits += 1;
    }
    if let Some(files) = files {
        each(&files);
    }
    Ok(walked)
}

/// What git answers.
fn asked(directory: &Path, arguments: &[&str]) -> Result<String, NoHistory> {
    let output = command(directory).args(arguments).stdout(Stdio::piped()).output().map_err(no_git)?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(refused(&output.stderr))
    }
}

/// Git in `directory`, which answers for that alone: not for the repository that a hook runs in, and from no network.
fn command(directory: &Path) -> Command {
    let mut git = Command::new("git");
    git.current_dir(directory).args(["--no-pager", "--no-optional-locks"]).stdin(Stdio::null()).stderr(Stdio::piped());
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_foreign(name)) {
        git.env_remove(name);
    }
    git.env("LC_ALL", "C").env("GIT_NO_LAZY_FETCH", "1").env("GIT_TERMINAL_PROMPT", "0");
    git
}

/// Whether a variable says of git which repository it is to look at, or how.
fn is_foreign(name: &OsStr) -> bool {
    const KEPT: [&str; 5] = ["GIT_CONFIG_", "GIT_CEILING_", "GIT_DISCOVERY_", "GIT_EXEC_PATH", "GIT_TRACE"];
    let name = name.to_string_lossy();
    name.starts_with("GIT_") && !KEPT.iter().any(|kept| name.starts_with(kept))
}

fn no_git(error: std::io::Error) -> NoHistory {
    NoHistory::NoGit(match error.kind() {
        ErrorKind::NotFound => "there is no such program".to_owned(),
        _ => reason(&error),
    })
}

fn refused(complaint: &[u8]) -> NoHistory {
    let text = String::from_utf8_lossy(complaint);
    let line = text.lines().find(|line| !line.is_empty()).unwrap_or("it does not say why");
    NoHistory::Refused(line.strip_prefix("fatal: ").unwrap_or(line).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs() {
        let check = |log: &str, expected: &[&[&str]], walked: (usize, Option<Bound>)| {
            let mut told: Vec<Vec<String>> = Vec::new();
            let found = read(log.as_bytes(), &mut |files: &[String]| told.push(files.to_vec())).expect("read");
            assert_eq!(told, expected, "{log:?}");
            assert_eq!((found.commits, found.bound), walked, "{log:?}");
        };
        check("", &[], (0, None));
        check("\x005\0\na\0\nb\0\x004\0\x003\0\n\nc\0", &[&["a", "\nb"], &["\nc"]], (3, None));
        check("\x005\0a\0", &[&["a"]], (1, None));
        let old = "\x00100000000\0\na\0\x0036928000\0\nb\0\x0036927999\0\nc\0";
        check(old, &[&["a"], &["b"]], (2, Some(Bound::Age)));
        let many = "\x005\0\na\0".repeat(MAX_COMMITS + 1);
        let files = vec![&["a"][..]; MAX_COMMITS];
        check(&many, &files, (MAX_COMMITS, Some(Bound::Number)));
    }

    #[test]
    fn variables() {
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"] {
            assert!(is_foreign(OsStr::new(name)), "{name}");
        }
        for name in ["GIT_CONFIG_COUNT", "GIT_CEILING_DIRECTORIES", "PATH", "GITHUB_SHA"] {
            assert!(!is_foreign(OsStr::new(name)), "{name}");
        }
    }
}
