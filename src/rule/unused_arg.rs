//! `unused-arg`: a build argument that nothing reads. Arguments are read by shell text, right before which the compiler
//! declares them; elsewhere `$NAME` stays as it is written (language.md). A program that looks into its environment finds
//! none that no text mentions.

use super::{Findings, Rule, Scene};
use crate::base::EnvName;
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Stage, StepKind};

pub(super) static RULE: Rule = Rule::warn(code!("unused-arg"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let arguments = scene.stage.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Arg { name, .. } => Some(name),
        _ => None,
    });
    let arguments: Vec<_> = arguments.collect();
    if arguments.is_empty() {
        return;
    }
    // They inherit it.
    let heirs = scene.heirs();
    for name in arguments {
        let in_raw = || heirs.iter().flat_map(Scene::raws).any(|raw| raw.rest.contains(name.value.as_str()));
        let is_expanded = || heirs.iter().any(|heir| heir.expands(name.value.as_str()));
        if name.value.is_for_builder() || is_expanded() || in_raw() {
            continue;
        }
        let literal = heirs.iter().find_map(|heir| literal(heir.stage, &name.value));
        let mut unused =
            Diagnostic::error(&RULE.code, name.span, format!("nothing reads the argument `{}`", name.value));
        if let Some(node) = literal {
            unused = unused
                .hint(format!("`${}` in `{node}` is text like any other: only shell text expands it", name.value));
        }
        let call = heirs.iter().flat_map(|heir| heir.calls).find(|call| !INDIFFERENT.contains(&call.name.as_str()));
        if let (None, Some(call)) = (literal, call) {
            let (name, program) = (&name.value, &call.name);
            unused = unused.hint(format!("a program is given it by the text: {name}=\"${name}\" {program} …"));
        }
        if let Some(other) = other_reader(scene, &heirs, &name.value) {
            unused = unused.hint(format!("{} reads it, and needs an `arg` of its own", other.described()));
        }
        findings.tell(unused);
    }
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

/// Another stage whose text expands it, in vain.
fn other_reader<'a>(scene: &Scene<'a>, heirs: &[Scene<'a>], name: &EnvName) -> Option<&'a Stage> {
    let is_heir = |other: &Scene<'_>| heirs.iter().any(|heir| std::ptr::eq(heir.stage, other.stage));
    let declares = |stage: &Stage| {
        stage.steps.iter().any(|step| matches!(&step.kind, StepKind::Arg { name: other, .. } if other.value == *name))
    };
    let mut others = scene.all().filter(|other| !is_heir(other) && other.expands(name.as_str()));
    // Another image does not hand its arguments on.
    others.find(|other| !other.graph.own_stages_below(other.stage).any(declares)).map(|other| other.stage)
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
        check(&RULE, &body("run \"make\""), &told);
        check_hints(&RULE, &[], &body("run \"make\""), &["a program is given it by the text: V=\"$V\" make …"]);
        for used in ["run \"echo ${V:-x}\"", "run \"V=$V make\"", "raw \"LABEL v=$V\""] {
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
