//! `run-without-reads`: a `run` that does not say what it reads, below a copy of sources. It waits for all that stands
//! above it, so each change of any source runs it again (language.md, *Order*). What that costs is the difference
//! between the best orders with and without what it waits for.

use super::{Findings, Rule, Scene};
use crate::base::ImagePath;
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{CopyFrom, Reads, Step, StepId, StepKind, estimates, seconds};
use crate::lower::needs;

pub(super) static RULE: Rule = Rule::warn(code!("run-without-reads"), check);

/// What is worth to be told, in milliseconds.
const LEAST: u64 = 100;

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    // What is copied above the step, and where to.
    let (mut sources, mut targets) = (Vec::new(), Vec::new());
    for step in &scene.stage.steps {
        match &step.kind {
            StepKind::Copy(copy) if copy.from == CopyFrom::Context => {
                sources.extend(copy.sources.iter().map(|source| source.path.value.as_str()));
                targets.extend(step.writes.iter().map(ImagePath::as_str));
                targets.dedup();
            }
            StepKind::Run(run) if !run.generated && step.reads == Reads::EverythingAbove && !sources.is_empty() => {
                let mut message =
                    format!("this `run` is executed again whenever {} changes", some_of(&sources, '`', "or"));
                if let Some(cost) = cost(scene, step) {
                    message.push_str(&format!(", which costs an expected rebuild up to {cost}"));
                }
                let names = some_of(&targets, '"', "and");
                let hint = format!("name what it reads, of {names}: run … {{ reads \"…\" }}; or nothing: reads");
                findings.tell(Diagnostic::error(&RULE.code, step.span(), message).hint(hint));
            }
            _ => {}
        }
    }
}

/// What the best order costs more than that in which the step reads nothing of the image's files; `None` if that is not to
/// be noticed.
fn cost(scene: &Scene<'_>, step: &Step) -> Option<String> {
    let stage = scene.graph.stages.iter().position(|stage| std::ptr::eq(stage, scene.stage))?;
    let at = scene.stage.steps.iter().position(|other| other.id == step.id)?;
    let mut problem = estimates(scene.graph).swap_remove(stage).problem;
    let waiting = problem.solve()?.cost;
    let free = Step { reads: Reads::Paths(Vec::new()), ..step.clone() };
    let needs = needs(&free, &scene.stage.steps);
    let place = |id: &StepId| scene.stage.steps.iter().position(|other| other.id == *id);
    problem.steps[at].needs = needs.iter().filter_map(place).collect();
    let cost = waiting.less(problem.solve()?.cost).milliseconds();
    (cost >= LEAST).then(|| seconds(cost))
}

/// The first three of `names`, joined.
fn some_of(names: &[&str], quote: char, conjunction: &str) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("{quote}{name}{quote}")).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] if names.len() <= 3 => format!("{} {conjunction} {last}", all.join(", ")),
        _ => format!("{} {conjunction} {} others", names[..2].join(", "), names.len() - 2),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check_hints, check_in};
    use super::RULE;

    const FILES: &[(&str, &str)] = &[("src/main.c", ""), ("Makefile", "")];

    #[test]
    fn run_without_reads() {
        let check = |body, expected: &[&str]| check_in(&RULE, FILES, body, expected);
        let copy = "from \"debian\"; copy \"src\" to=\"/src\"; copy \"Makefile\" to=\"/\"; run \"make\"";
        check(
            copy,
            &[
                "this `run` is executed again whenever `src` or `Makefile` changes, which costs an expected rebuild up to 16.3 s",
            ],
        );
        check("from \"debian\"; copy \"src\" to=\"/src\"; run \"make\" { reads \"/src\"; }", &[]);
        check("from \"debian\"; copy \"src\" to=\"/src\"; run \"make\" { reads; }", &[]);
        check("from \"debian\"; run \"make\"; copy \"src\" to=\"/src\"", &[]);
        check("from \"debian\"; file \"/x\" \"\"; run \"make\"", &[]);
        check_hints(
            &RULE,
            FILES,
            copy,
            &["name what it reads, of \"/src\" and \"/Makefile\": run … { reads \"…\" }; or nothing: reads"],
        );
    }
}
