//! `unused-arg`: a build argument that nothing reads. Arguments are read by shell text; elsewhere `$NAME` stays as it is
//! written (language.md), which is the usual reason.

use super::{Findings, Rule, Scene};
use crate::base::EnvName;
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Graph, Stage, StepKind, shell};

pub(super) static RULE: Rule = Rule::warn(code!("unused-arg"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        let StepKind::Arg { name, .. } = &step.kind else { continue };
        let heirs: Vec<Scene<'_>> = heirs(scene);
        if is_for_builder(name.value.as_str()) || heirs.iter().any(|heir| expands(heir.stage, &name.value)) {
            continue;
        }
        let literal = heirs.iter().find_map(|heir| literal(heir.stage, &name.value));
        // Any program may read the argument from its environment, but for those that read nothing there.
        if literal.is_none() && heirs.iter().any(may_read_environment) {
            continue;
        }
        let mut unused =
            Diagnostic::error(&RULE.code, name.span, format!("nothing reads the argument `{}`", name.value));
        if let Some(node) = literal {
            unused = unused
                .hint(format!("`${}` in `{node}` is text like any other: only shell text expands it", name.value));
        }
        if let Some(other) = other_reader(scene.graph, &heirs, &name.value) {
            unused = unused.hint(format!("{} reads it, and needs an `arg` of its own", other.described()));
        }
        findings.tell(unused);
    }
}

/// The stage and those that start from it, which inherit its arguments.
fn heirs<'a>(scene: &Scene<'a>) -> Vec<Scene<'a>> {
    let scenes = scene.graph.stages.iter().map(|stage| Scene::new(scene.graph, stage, scene.world));
    scenes.filter(|other| other.lineage().any(|stage| std::ptr::eq(stage, scene.stage))).collect()
}

/// Whether the builder itself reads it (Dockerfile reference, *Predefined ARGs*, *BuildKit built-in build args*).
fn is_for_builder(name: &str) -> bool {
    let proxy = ["HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY", "ALL_PROXY"];
    name.starts_with("BUILDKIT_") || name == "SOURCE_DATE_EPOCH" || proxy.contains(&name.to_ascii_uppercase().as_str())
}

/// Whether shell text of the stage expands it, or a raw instruction mentions it.
fn expands(stage: &Stage, name: &EnvName) -> bool {
    let in_text = |text: &str| shell::analyse(text).is_ok_and(|analysis| analysis.variables.contains(name.as_str()));
    stage.steps.iter().any(|step| match &step.kind {
        StepKind::Run(run) => run.commands.iter().any(|text| in_text(&text.value)),
        StepKind::Raw { text } => text.value.contains(name.as_str()),
        _ => false,
    })
}

/// The node in whose value `$NAME` stands for nothing.
fn literal(stage: &Stage, name: &EnvName) -> Option<&'static str> {
    let mentions = |text: &str| {
        text.match_indices('$').any(|(at, _)| {
            let rest = text[at + 1..].trim_start_matches('{');
            let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            rest.strip_prefix(name.as_str()).is_some_and(|behind| !behind.starts_with(is_name))
        })
    };
    let in_steps = stage.steps.iter().find_map(|step| match &step.kind {
        StepKind::Env { variables, .. } => variables.iter().any(|(_, value)| mentions(&value.value)).then_some("env"),
        StepKind::Copy(copy) => {
            let mut paths = copy.sources.iter().map(|source| source.path.value.as_str()).chain([copy.to.as_str()]);
            paths.any(mentions).then_some("copy")
        }
        StepKind::Fetch(fetch) => mentions(&fetch.url.value).then_some("fetch"),
        StepKind::Git(git) => (mentions(&git.reference.value) || mentions(&git.url.value)).then_some("git"),
        StepKind::File(file) => mentions(&file.content.value).then_some("file"),
        _ => None,
    });
    let config = &stage.config;
    let in_labels = config.labels.iter().any(|label| mentions(&label.value.value)).then_some("label");
    let in_env = config.runtime_env.iter().any(|(_, value)| mentions(&value.value)).then_some("env");
    in_steps.or(in_labels).or(in_env)
}

fn may_read_environment(scene: &Scene<'_>) -> bool {
    scene.calls.iter().any(|call| !INDIFFERENT.contains(&call.name.as_str()))
}

/// Another stage whose text expands it, in vain.
fn other_reader<'a>(graph: &'a Graph, heirs: &[Scene<'_>], name: &EnvName) -> Option<&'a Stage> {
    let is_heir = |stage: &Stage| heirs.iter().any(|heir| std::ptr::eq(heir.stage, stage));
    let declares = |stage: &Stage| {
        stage.steps.iter().any(|step| matches!(&step.kind, StepKind::Arg { name: other, .. } if other.value == *name))
    };
    graph.stages.iter().find(|stage| !is_heir(stage) && !declares(stage) && expands(stage, name))
}

/// Programs that read no variables but those of the locale.
const INDIFFERENT: &[&str] = &[
    ":", "[", "cat", "cd", "chgrp", "chmod", "chown", "cp", "cut", "date", "echo", "exit", "false", "find", "grep",
    "head", "install", "ln", "ls", "mkdir", "mv", "printf", "rm", "rmdir", "sed", "set", "sleep", "sort", "tail",
    "tee", "test", "touch", "tr", "true", "umask", "uniq", "wc",
];

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_hints};
    use super::RULE;

    #[test]
    fn unused_arg() {
        let told = ["nothing reads the argument `V`"];
        let body = |rest: &str| format!("from \"debian\"; arg V=\"1\"; {rest}");
        check(&RULE, &body(""), &told);
        check(&RULE, &body("run \"echo x > /y\""), &told);
        for used in ["run \"echo ${V:-x}\"", "run \"make\"", "raw \"LABEL v=$V\""] {
            check(&RULE, &body(used), &[]);
        }
        check(&RULE, "from \"debian\"; arg \"SOURCE_DATE_EPOCH\" \"http_proxy\"", &[]);
    }

    #[test]
    fn why() {
        let hint = "`$V` in `label` is text like any other: only shell text expands it";
        let label = "from \"debian\"; arg V=\"1\"; label \"version\" \"v${V}\"; run \"make\"";
        check_hints(&RULE, &[], label, &[hint]);
        let stages = "stage \"a\" target=#true { from \"debian\"; arg \"V\"; }; from \"debian\"; run \"echo $V\"";
        check_hints(&RULE, &[], stages, &["the final stage reads it, and needs an `arg` of its own"]);
        check_hints(&RULE, &[], "stage \"a\" { from \"debian\"; arg \"V\"; }; from stage=\"a\"; run \"echo $V\"", &[]);
    }
}
