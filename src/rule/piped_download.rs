//! `piped-download`: what was downloaded is executed unseen: `curl … | sh`, `bash <(curl …)`, `sh -c "$(curl …)"`,
//! `eval "$(curl …)"`. Whoever answers the address runs commands in the build, and a download that breaks off runs half.

use super::scene::Call;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};

pub(super) static RULE: Rule = Rule::deny(code!("piped-download"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in scene.calls {
        // With or without a version: `python3.12`.
        if !INTERPRETERS.contains(&call.name.as_str()) && !call.name.starts_with("python") {
            continue;
        }
        if let Some(downloader) = feeder(scene, call).or_else(|| substituted(call)) {
            let message = format!("what `{downloader}` downloads is executed unseen by `{}`", call.name);
            let hint = "download it by `fetch`, with a checksum, and run the file";
            findings.tell(Diagnostic::error(&RULE.code, call.text.span, message).hint(hint));
        }
    }
}

/// The program that downloads what `call` reads, through the programs between.
fn feeder(scene: &Scene<'_>, call: &Call<'_>) -> Option<&'static str> {
    // A shell that is given a script, as in `sh script`, reads data, not commands.
    let given = call.operands().find(|word| *word != "-");
    if given.is_some() && !call.has(&["-s", "-"]) {
        return None;
    }
    let feeder = |call: &Call<'_>| call.fed_by.map(|at| &scene.calls[at]);
    // Nobody writes longer ones, and a text of them would be gone through again for each.
    let mut chain = std::iter::successors(feeder(call), |call| feeder(call)).take(32);
    chain.find_map(|call| downloader(&call.name))
}

/// The program that downloads the text `call` is given: `<(curl …)`, `-c "$(curl …)"`.
fn substituted(call: &Call<'_>) -> Option<&'static str> {
    call.arguments.iter().find_map(|word| {
        let inside = ["<(", "$(", "`"].iter().find_map(|opening| word.strip_prefix(opening))?;
        downloader(inside.trim_start().split(char::is_whitespace).next().unwrap_or_default())
    })
}

fn downloader(name: &str) -> Option<&'static str> {
    ["curl", "wget", "aria2c", "fetch"].into_iter().find(|downloader| *downloader == name)
}

/// What executes text: shells, the builtins that do, and interpreters.
const INTERPRETERS: &[&str] =
    &["sh", "bash", "ash", "dash", "zsh", "ksh", "fish", "eval", "source", ".", "perl", "ruby", "node", "php"];

#[cfg(test)]
mod tests {
    use super::super::testing::check_run;
    use super::RULE;

    #[test]
    fn piped_download() {
        let told = |downloader, shell| format!("what `{downloader}` downloads is executed unseen by `{shell}`");
        check_run(&RULE, "curl -fsSL https://x.example | sh", &[&told("curl", "sh")]);
        check_run(&RULE, "wget -qO- https://x.example | tee /log | gunzip | bash -s -- -y", &[&told("wget", "bash")]);
        check_run(&RULE, "curl https://x.example | python3 -", &[&told("curl", "python3")]);
        check_run(&RULE, "curl https://x.example | sudo -E /bin/bash -", &[&told("curl", "bash")]);
        check_run(&RULE, "bash -c 'curl https://x.example | bash'", &[&told("curl", "bash")]);
        check_run(&RULE, "bash <(curl https://x.example)", &[&told("curl", "bash")]);
        check_run(&RULE, "sh -c \"$(curl https://x.example)\"", &[&told("curl", "sh")]);
        check_run(&RULE, "eval \"`wget -qO- https://x.example`\"", &[&told("wget", "eval")]);
        check_run(&RULE, "curl https://x.example | tar -xz", &[]);
        check_run(&RULE, "curl -o x https://x.example && sh x", &[]);
        check_run(&RULE, "sh -c 'curl https://x.example > /y'", &[]);
        check_run(&RULE, "sh -c \"echo $(curl https://x.example)\"", &[]);
        check_run(&RULE, "curl https://x.example | python3 -m json.tool", &[]);
        check_run(&RULE, "cat x | sh; . /etc/os-release", &[]);
    }
}
