//! `cache-in-layer`: a package manager whose downloads stay in the layer: pip's and yarn's (hadolint's DL3042 and DL3060),
//! and npm's where the image holds them.

use super::scene::Call;
use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Mount, StepKind};

pub(super) static RULE: Rule = Rule::warn(code!("cache-in-layer"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for call in &scene.calls {
        let Some(cache) = cache(call) else { continue };
        if is_mounted(call, cache.directory) || is_cleaned(scene, call) || is_off(scene, call, &cache) {
            continue;
        }
        let message = format!("`{}` leaves its downloads in the layer, in `{}`", call.name, cache.directory);
        let hint = format!(
            "keep them between builds instead: cache \"/root/{}\" in the `run`{}",
            cache.directory, cache.other
        );
        let told = Diagnostic::error(&RULE.code, call.text.span, message).hint(hint);
        if cache.is_found_by_linters {
            findings.deny(told);
        } else if is_kept(scene) {
            findings.tell(told);
        }
    }
}

/// Where a call keeps what it downloads.
struct Cache {
    /// The directory, below the user's own.
    directory: &'static str,
    /// What else helps.
    other: &'static str,
    is_found_by_linters: bool,
}

fn cache(call: &Call<'_>) -> Option<Cache> {
    let is_module = call.arguments.windows(2).any(|pair| pair[0] == "-m" && pair[1] == "pip");
    let is_pip = call.name.starts_with("pip") && !["pipx", "pipenv"].contains(&call.name.as_str());
    if (is_pip || call.name.starts_with("python") && is_module) && call.has(&["install"]) {
        let other = ", or add `--no-cache-dir`";
        return Some(Cache { directory: ".cache/pip", other, is_found_by_linters: true });
    }
    match call.name.as_str() {
        "yarn" if call.has(&["install"]) => {
            let other = ", or end it with `yarn cache clean`";
            Some(Cache { directory: ".cache/yarn", other, is_found_by_linters: true })
        }
        "npm" if call.operands().next().is_some_and(|word| ["ci", "install", "i"].contains(&word)) => {
            Some(Cache { directory: ".npm", other: "", is_found_by_linters: false })
        }
        _ => None,
    }
}

/// Whether the directory is a mount, which no layer holds.
fn is_mounted(call: &Call<'_>, directory: &str) -> bool {
    match &call.step.kind {
        StepKind::Run(run) => run.mounts.iter().any(|mount| match mount {
            Mount::Cache { target, .. } => target.as_str().contains(directory),
            _ => false,
        }),
        StepKind::Raw { text } => text.value.contains("--mount=") && text.value.contains(directory),
        _ => false,
    }
}

/// Whether the same text removes it.
fn is_cleaned(scene: &Scene<'_>, call: &Call<'_>) -> bool {
    let same_text = scene.calls.iter().filter(|other| other.text.span == call.text.span);
    same_text
        .into_iter()
        .any(|other| other.name == call.name && other.has(&["cache"]) && other.has(&["clean", "purge"]))
}

/// Whether pip is told to keep nothing.
fn is_off(scene: &Scene<'_>, call: &Call<'_>, cache: &Cache) -> bool {
    const VARIABLE: &str = "PIP_NO_CACHE_DIR";
    if cache.directory != ".cache/pip" {
        return false;
    }
    let is_set = |name: &str, value: &str| name == VARIABLE && !["", "0", "false", "off", "no"].contains(&value);
    let in_stages = scene.steps().any(|step| match &step.kind {
        StepKind::Env { variables, .. } => {
            variables.iter().any(|(name, value)| is_set(name.value.as_str(), &value.value))
        }
        _ => false,
    });
    let in_run = match &call.step.kind {
        StepKind::Run(run) => run.env.iter().any(|(name, value)| is_set(name.as_str(), value)),
        _ => false,
    };
    call.has(&["--no-cache-dir"]) || in_stages || in_run || call.text.value.contains(&format!("{VARIABLE}=1"))
}

/// Whether the stage's layers are layers of the image.
fn is_kept(scene: &Scene<'_>) -> bool {
    scene.is_final()
        || scene.graph.stages.last().is_some_and(|last| {
            let last = Scene::new(scene.graph, last, scene.world);
            last.lineage().any(|stage| std::ptr::eq(stage, scene.stage))
        })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_run};
    use super::RULE;

    #[test]
    fn pip() {
        let told = ["deny: `pip` leaves its downloads in the layer, in `.cache/pip`"];
        check_run(&RULE, "pip install flask", &told);
        check_run(
            &RULE,
            "python3 -m pip install flask",
            &["deny: `python3` leaves its downloads in the layer, in `.cache/pip`"],
        );
        for clean in [
            "pip install --no-cache-dir flask",
            "pip download flask",
            "pipx install flask",
            "PIP_NO_CACHE_DIR=1 pip install flask",
            "pip install flask && pip cache purge",
        ] {
            check_run(&RULE, clean, &[]);
        }
        check(&RULE, "from \"python\"; env PIP_NO_CACHE_DIR=\"1\"; run \"pip install flask\"", &[]);
        check(&RULE, "from \"python\"; run \"pip install flask\" { env PIP_NO_CACHE_DIR=\"1\"; }", &[]);
        check(&RULE, "from \"python\"; run \"pip install flask\" { cache \"/root/.cache/pip\"; }", &[]);
        check(&RULE, "from \"python\"; run \"pip install flask\" { cache \"/x\"; }", &told);
    }

    #[test]
    fn javascript() {
        check_run(&RULE, "yarn install", &["deny: `yarn` leaves its downloads in the layer, in `.cache/yarn`"]);
        check_run(&RULE, "yarn install && yarn cache clean", &[]);
        let npm = ["`npm` leaves its downloads in the layer, in `.npm`"];
        check_run(&RULE, "npm ci", &npm);
        check_run(&RULE, "npm run ci", &[]);
        check(&RULE, "from \"node\"; run \"npm ci\" { cache \"/root/.npm\"; }", &[]);
        check(&RULE, "stage \"a\" { from \"node\"; run \"npm ci\"; }; from \"node\"", &[]);
        check(&RULE, "stage \"a\" { from \"node\"; run \"npm ci\"; }; from stage=\"a\"", &npm);
    }
}
