//! What a branch or a tag of a repository elsewhere is, told by `git`.

use super::http::Address;
use std::io::{ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a repository may take to answer.
pub const REMOTE_LIMIT: Duration = Duration::from_secs(60);

/// The bytes that are read of an answer.
const MAX_ANSWER: u64 = 1 << 20;

/// Variables that say which repository git is to look at: that of a hook, not this one.
const FOREIGN: [&str; 9] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_PROTOCOL_FROM_USER",
];

/// Why the commit of a reference cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCommit {
    /// The address is none that is asked.
    #[error("`{0}` is no repository that is asked: it is neither https nor ssh")]
    Address(String),
    /// The reference cannot be one.
    #[error("`{0}` is no name of a branch, a tag or a commit")]
    Reference(String),
    /// There is no `git` to ask.
    #[error("`git` cannot be run: {0}")]
    NoGit(String),
    /// In its words.
    #[error("`git` cannot ask `{url}`: {reason}")]
    Refused {
        /// The repository.
        url: String,
        /// Why.
        reason: String,
    },
    /// It did not answer.
    #[error("`{url}` does not answer within {seconds} seconds")]
    Late {
        /// The repository.
        url: String,
        /// How long was waited.
        seconds: u64,
    },
    /// There is no such reference.
    #[error("`{url}` has no branch and no tag `{reference}`")]
    NotThere {
        /// The repository.
        url: String,
        /// What was asked for.
        reference: String,
    },
}

/// The commit that `reference` of the repository at `url` is now: the head of a branch, else the commit of a tag, as BuildKit
/// prefers them (`source/git`, `resolveMetadata`). A whole commit is what it is, and nobody is asked.
///
/// Nothing is asked of whoever sits before the terminal.
///
/// # Errors
/// Whatever [`NoCommit`] says.
pub fn remote_commit(url: &str, reference: &str, limit: Duration) -> Result<String, NoCommit> {
    if is_commit(reference) {
        return Ok(reference.to_owned());
    }
    let protocol = protocol(url).ok_or_else(|| NoCommit::Address(without_password(url)))?;
    if !is_reference(reference) {
        return Err(NoCommit::Reference(reference.to_owned()));
    }
    let names = names(reference);
    let mut git = Command::new("git");
    for name in FOREIGN {
        git.env_remove(name);
    }
    git.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").env("GIT_ALLOW_PROTOCOL", protocol);
    if ["GIT_SSH", "GIT_SSH_COMMAND"].iter().all(|name| std::env::var_os(name).is_none()) {
        git.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
    }
    // In no repository, so that none has a say.
    git.current_dir(Path::new("/")).args(["--no-pager", "ls-remote", "--", url]).args(&names);
    let answer = answer(&mut git, url, limit)?;
    let found = |name: &String| {
        let lines = answer.lines().filter_map(|line| line.split_once('\t'));
        lines.filter(|(commit, _)| is_commit(commit)).find(|(_, other)| other == name).map(|(commit, _)| commit)
    };
    names
        .iter()
        .find_map(found)
        .map(str::to_owned)
        .ok_or_else(|| NoCommit::NotThere { url: without_password(url), reference: reference.to_owned() })
}

/// What `reference` may be called, the preferred one first. Of a tag that is an object of its own, its commit.
fn names(reference: &str) -> Vec<String> {
    match reference {
        "HEAD" => vec![reference.to_owned()],
        whole if whole.starts_with("refs/") => vec![format!("{whole}^{{}}"), whole.to_owned()],
        short => {
            let tag = format!("refs/tags/{short}");
            vec![format!("refs/heads/{short}"), format!("{tag}^{{}}"), tag]
        }
    }
}

fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a reference can have that name (git, check-ref-format); one that is a word of the command line is none.
fn is_reference(text: &str) -> bool {
    let is_odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !text.starts_with('-')
        && !text.contains(is_odd)
        && !text.contains("..")
        && !text.contains("@{")
        && !text.ends_with('.')
        && text != "@"
        && text.split('/').all(part)
}

/// The protocols that git may speak to get to `url`, as `GIT_ALLOW_PROTOCOL` has them; none if it is not to be asked.
fn protocol(url: &str) -> Option<&'static str> {
    if url.starts_with('-') || url.contains(char::is_control) {
        return None;
    }
    match url.split_once("://") {
        Some(("https", rest)) if !rest.starts_with('-') => Some("https"),
        Some(("ssh", rest)) if !rest.starts_with('-') => Some("ssh"),
        // As registries: this machine alone.
        Some(("http", _)) if Address::parse(url).is_ok_and(|address| address.is_loopback()) => Some("http"),
        Some(("file", _)) if cfg!(test) => Some("file"),
        Some(_) => None,
        // `user@host:path`, as ssh has it; `helper::address` is something else.
        None => {
            let (host, path) = url.split_once(':')?;
            let (user, host) = host.split_once('@')?;
            let plain = |text: &str| {
                let is_in = |byte: u8| byte.is_ascii_alphanumeric() || b"._-".contains(&byte);
                !text.is_empty() && !text.starts_with('-') && text.bytes().all(is_in)
            };
            (plain(user) && plain(host) && !path.starts_with([':', '-']) && !path.is_empty()).then_some("ssh")
        }
    }
}

/// What git writes, if it succeeds within the time.
fn answer(git: &mut Command, url: &str, limit: Duration) -> Result<String, NoCommit> {
    git.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // With the programs it starts, so that all can be ended.
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(git, 0);
    let mut child = git.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => NoCommit::NoGit("there is no such program".to_owned()),
        _ => NoCommit::NoGit(super::reason(&error)),
    })?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let read = |from: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            // What cannot be read was not said.
            let _ = from.map(|from| from.take(MAX_ANSWER).read_to_end(&mut bytes));
            String::from_utf8_lossy(&bytes).into_owned()
        })
    };
    let stdout = read(stdout.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let stderr = read(stderr.map(|pipe| Box::new(pipe) as Box<dyn Read + Send>));
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < limit => thread::sleep(Duration::from_millis(10)),
            _ => {
                end(&mut child);
                return Err(NoCommit::Late { url: without_password(url), seconds: limit.as_secs() });
            }
        }
    };
    let (stdout, stderr) = (stdout.join().unwrap_or_default(), stderr.join().unwrap_or_default());
    if status.success() {
        return Ok(stdout);
    }
    let line = stderr.lines().find(|line| line.starts_with("fatal: ")).or(stderr.lines().find(|line| !line.is_empty()));
    let line = line.unwrap_or("it does not say why");
    let reason = line.strip_prefix("fatal: ").unwrap_or(line).replace(url, &without_password(url));
    Err(NoCommit::Refused { url: without_password(url), reason })
}

/// Ends git and what it started.
fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A URL without the password that may be in it.
fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rsplit_once('@') {
        Some((user, host)) if user.contains(':') => format!("{scheme}://…@{host}{}", &rest[end..]),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Runs git in a directory, as nobody.
    fn git(directory: &Path, arguments: &[&str]) -> String {
        let mut git = Command::new("git");
        for name in FOREIGN {
            git.env_remove(name);
        }
        let own = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"];
        let output = git.current_dir(directory).args(own).args(arguments).output().expect("git runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    #[test]
    fn references() {
        let directory = tempfile::tempdir().expect("a directory");
        let commit = |text: &str| {
            git(directory.path(), &["commit", "-q", "--allow-empty", "-m", text]);
            git(directory.path(), &["rev-parse", "HEAD"])
        };
        git(directory.path(), &["init", "-q"]);
        let first = commit("first");
        git(directory.path(), &["tag", "plain"]);
        git(directory.path(), &["tag", "-a", "-m", "x", "v1.0"]);
        git(directory.path(), &["tag", "both"]);
        let second = commit("second");
        git(directory.path(), &["branch", "both"]);
        git(directory.path(), &["branch", "feature/x"]);
        git(directory.path(), &["branch", "feature/main"]);
        let third = commit("third");
        let bare = directory.path().join("bare.git");
        git(directory.path(), &["clone", "-q", "--bare", ".", &bare.to_string_lossy()]);
        let url = format!("file://{}", bare.display());
        let check = |reference: &str, expected: Option<&str>| {
            let found = remote_commit(&url, reference, REMOTE_LIMIT);
            let missing = NoCommit::NotThere { url: url.clone(), reference: reference.to_owned() };
            assert_eq!(found, expected.map(str::to_owned).ok_or(missing), "{reference}");
        };
        check("main", Some(&third));
        check("HEAD", Some(&third));
        check("feature/x", Some(&second));
        check("refs/heads/main", Some(&third));
        check("plain", Some(&first));
        check("v1.0", Some(&first));
        check("refs/tags/v1.0", Some(&first));
        // BuildKit takes the branch.
        check("both", Some(&second));
        check("x", None);
        check(&first[..12], None);
        let gone = format!("file://{}/none", directory.path().display());
        assert!(matches!(remote_commit(&gone, "main", REMOTE_LIMIT), Err(NoCommit::Refused { .. })));
        let whole = "0123456789".repeat(4);
        assert_eq!(remote_commit("--upload-pack=x", &whole, REMOTE_LIMIT), Ok(whole));
    }

    #[test]
    fn hostile_words() {
        for url in [
            "--upload-pack=touch /tmp/x",
            "-x",
            "ext::sh -c touch% /tmp/x",
            "git://example.com/a",
            "http://example.com/a",
            "https://-oProxyCommand=x/a",
            "ssh://-oProxyCommand=x/a",
            "-oProxyCommand=x@host:a",
            "user@-host:a",
            "user@host:-a",
            "file::x",
            "user@host::x",
            "/etc",
            "a\nb@c:d",
            "",
        ] {
            assert_eq!(remote_commit(url, "main", REMOTE_LIMIT), Err(NoCommit::Address(url.to_owned())), "{url}");
        }
        for reference in ["", "-x", "--all", "a b", "a..b", "a^{}", "*", "a:b", "@", "/a", "a/", "a.lock", ".a", "a\nb"]
        {
            let found = remote_commit("https://example.com/a", reference, REMOTE_LIMIT);
            assert_eq!(found, Err(NoCommit::Reference(reference.to_owned())), "{reference}");
        }
        for (url, expected) in [
            ("https://example.com/a", "https"),
            ("ssh://git@example.com/a", "ssh"),
            ("git@example.com:a/b.git", "ssh"),
            ("http://127.0.0.1:8000/a", "http"),
        ] {
            assert_eq!(protocol(url), Some(expected), "{url}");
        }
        assert_eq!(without_password("https://user:pw@example.com/a@b"), "https://…@example.com/a@b");
        assert_eq!(without_password("ssh://git@example.com/a"), "ssh://git@example.com/a");
    }

    #[test]
    fn what_does_not_answer() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}/a", listener.local_addr().expect("an address"));
        let late = Err(NoCommit::Late { url: url.clone(), seconds: 0 });
        assert_eq!(remote_commit(&url, "main", Duration::from_millis(300)), late);
    }
}
