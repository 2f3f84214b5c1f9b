//! `unexecutable-program`: a program that the container starts from a `file` or `fetch` whose mode lets nobody execute
//! it, as their default does. The container would not start: "permission denied".

use super::{Findings, Rule, Scene, started};
use crate::base::{ImagePath, Mode};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Stage, Step, StepKind};

pub(super) static RULE: Rule = Rule::deny(code!("unexecutable-program"), check);

fn check<'a>(scene: &Scene<'a>, findings: &mut Findings) {
    for started in started::programs(scene) {
        let Some(path) = started.path(scene) else { continue };
        // The last one to write it wins.
        let last =
            |stage: &'a Stage| stage.steps.iter().filter(|step| step.writes.contains(&path)).max_by_key(|step| step.id);
        let writer = scene.lineage().find_map(last);
        let Some((step, mode)) = writer.and_then(|step| Some((step, mode(step)?))) else { continue };
        if !mode.executable() && !is_changed(scene, &path) {
            let message = format!("`{path}`, which `{}` starts, is written with mode {mode}", started.node);
            let told = Diagnostic::error(&RULE.code, started.span, message).also(step.span(), "here");
            findings.tell(told.hint("add mode=\"0755\" to it"));
        }
    }
}

fn mode(step: &Step) -> Option<Mode> {
    match &step.kind {
        StepKind::File(file) => Some(file.mode),
        StepKind::Fetch(fetch) if fetch.unpack.is_none() => Some(fetch.mode),
        StepKind::Copy(copy) => copy.mode,
        _ => None,
    }
}

/// Whether a command may make it executable.
fn is_changed(scene: &Scene<'_>, path: &ImagePath) -> bool {
    scene.steps().any(|step| match &step.kind {
        StepKind::Run(run) => {
            run.commands.iter().any(|text| text.value.contains("chmod") || text.value.contains(path.file_name()))
        }
        StepKind::Raw { .. } => true,
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unexecutable_program() {
        let told = ["`/start`, which `entrypoint` starts, is written with mode 0644"];
        let body = |mode: &str, rest: &str| {
            format!("from \"debian\"; file \"/start\" \"#!/bin/sh\" {mode}\n{rest}\nentrypoint \"/start\"")
        };
        check(&RULE, &body("", ""), &told);
        check(&RULE, &body("mode=\"0755\"", ""), &[]);
        check(&RULE, &body("", "run \"chmod +x /start\""), &[]);
        check(&RULE, "from \"debian\"; file \"/start\" \"x\"; entrypoint \"sh\" \"/start\"", &[]);
        let fetch =
            "from \"debian\"; fetch \"https://example.com/x\" to=\"/x\"; apt \"tini\"; entrypoint \"tini\" \"/x\"";
        check(
            &RULE,
            "stage \"a\" { from \"debian\"; dir \"/x\"; dir \"/y\"; file \"/start\" \"x\"; }
             from stage=\"a\"; file \"/start\" \"x\" mode=\"0755\"; entrypoint \"/start\"",
            &[],
        );
        check(&RULE, fetch, &["`/x`, which `entrypoint` starts, is written with mode 0644"]);
    }
}
