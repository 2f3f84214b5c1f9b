//! The commits of repositories elsewhere, told by `git`.

use super::git::{command, no_git, refused};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

/// The commit that `reference`, a branch or a tag, is in the repository at `url`: of both the tag, as builders have it;
/// of an annotated tag what it is of. Or why it cannot be told, a sentence.
pub fn commit_of(url: &str, reference: &str) -> Result<String, String> {
    let patterns = [reference.to_owned(), format!("{reference}^{{}}")];
    let mut git = command(Path::new("/"));
    // A server that says nothing is not waited for; and no scheme leads to another.
    git.args(["-c", "http.lowSpeedLimit=100", "-c", "http.lowSpeedTime=30", "ls-remote", "--exit-code", "--", url]);
    git.args(patterns).env("GIT_ALLOW_PROTOCOL", if url.starts_with("https:") { "https" } else { "http" });
    let output = git.stdout(Stdio::piped()).output().map_err(|error| no_git(error).to_string())?;
    let unknown = || format!("`{url}` has no branch or tag `{reference}`");
    match output.status.code() {
        Some(0) => chosen(&String::from_utf8_lossy(&output.stdout), reference).ok_or_else(unknown),
        // git-ls-remote(1), `--exit-code`.
        Some(2) => Err(unknown()),
        _ => Err(format!("`{url}` cannot be asked: {}", refused(&output.stderr))),
    }
}

/// The commit that the lines of `ls-remote` say of `reference`.
fn chosen(lines: &str, reference: &str) -> Option<String> {
    let commits: BTreeMap<&str, &str> =
        lines.lines().filter_map(|line| line.split_once('\t')).map(|(commit, name)| (name, commit)).collect();
    let names = [
        format!("refs/tags/{reference}^{{}}"),
        format!("refs/tags/{reference}"),
        format!("refs/heads/{reference}"),
        format!("refs/{reference}"),
        reference.to_owned(),
    ];
    names.iter().find_map(|name| commits.get(name.as_str()).map(|commit| (*commit).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |lines: &str, expected: Option<&str>| {
            assert_eq!(chosen(lines, "v1").as_deref(), expected, "{lines}");
        };
        check("a\trefs/heads/v1\nb\trefs/tags/v1\nc\trefs/tags/v1^{}\n", Some("c"));
        check("a\trefs/heads/v1\nb\trefs/tags/v1\n", Some("b"));
        check("a\trefs/heads/v1\n", Some("a"));
        check("a\trefs/heads/other/v1\n", None);
    }
}
