//! `dangling-read`: a path that a `run` says it reads and no step of the stage writes. Either it is misspelt, and the
//! `run` does not wait for what it needs, or it says nothing.

use super::{Findings, Rule, Scene};
use crate::base::{ImagePath, closest};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Base, Reads, Step, StepKind, known};

pub(super) static RULE: Rule = Rule::warn(code!("dangling-read"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for step in &scene.stage.steps {
        let (StepKind::Run(_), Reads::Paths(paths)) = (&step.kind, &step.reads) else { continue };
        let written: Vec<&ImagePath> = written(scene, step).collect();
        for path in paths.iter().filter(|path| !written.iter().any(|written| written.overlaps(path))) {
            let meant = meant(path, &written);
            // What no step is known to write, the base may hold, or an earlier command may have made.
            if meant.is_none() && (may_be_of_base(scene, path) || has_commands_before(scene, step)) {
                continue;
            }
            let mut told =
                Diagnostic::error(&RULE.code, step.span(), format!("this `run` reads `{path}`, which no step writes"));
            if let Some(meant) = meant {
                told = told.hint(format!("did you mean `{meant}`?"));
            }
            findings.tell(told);
        }
    }
}

/// What the other steps of the stage and of those it starts from are known to write. (Packages write anywhere, and
/// every command waits for them.)
fn written<'a>(scene: &Scene<'a>, step: &Step) -> impl Iterator<Item = &'a ImagePath> {
    let id = step.span();
    let others = scene.steps().filter(move |other| other.span() != id);
    others.filter(|other| !matches!(other.kind, StepKind::Packages(_))).flat_map(|other| &other.writes)
}

/// The written path that is spelt like `path`: the same but for one part, which is close.
fn meant(path: &ImagePath, written: &[&ImagePath]) -> Option<String> {
    let parts = |path: &ImagePath| path.as_str().split('/').skip(1).map(str::to_owned).collect::<Vec<_>>();
    let wanted = parts(path);
    written.iter().find_map(|candidate| {
        let there = parts(candidate);
        let length = there.len().min(wanted.len());
        let mut differing = (0..length).filter(|at| there[*at] != wanted[*at]);
        let (at, None) = (differing.next()?, differing.next()) else { return None };
        closest(&wanted[at], [there[at].as_str()])?;
        let mut meant = wanted.clone();
        meant[at] = there[at].clone();
        Some(format!("/{}", meant.join("/")))
    })
}

/// Whether the base may hold `path`: anything in an image that nothing is known of, in another what stands where
/// distributions put things.
fn may_be_of_base(scene: &Scene<'_>, path: &ImagePath) -> bool {
    let top = path.as_str().split('/').nth(1).unwrap_or_default();
    match scene.foundation() {
        Base::Scratch => false,
        Base::Registry(image) if known::official(image).is_some() => TOP.contains(&top) || top.is_empty(),
        Base::Registry(_) | Base::Stage(_) | Base::Image(_) => true,
    }
}

/// Whether commands of the spec's own stand above `step`, or in a stage it starts from.
fn has_commands_before(scene: &Scene<'_>, step: &Step) -> bool {
    let own = scene.stage.steps.iter().filter(|other| other.id < step.id);
    let below = scene.lineage().skip(1).flat_map(|stage| &stage.steps);
    own.chain(below).any(|other| matches!(other.kind, StepKind::Run(_) | StepKind::Raw { .. }))
}

/// The directories at the top that bases hold (Filesystem Hierarchy Standard 3.0, chapter 3).
const TOP: &[&str] = &[
    "bin", "boot", "dev", "etc", "home", "lib", "lib32", "lib64", "media", "mnt", "opt", "proc", "root", "run", "sbin",
    "srv", "sys", "tmp", "usr", "var",
];

#[cfg(test)]
mod tests {
    use super::super::testing::{check_hints, check_in};
    use super::RULE;

    const FILES: &[(&str, &str)] = &[("src/main.c", "")];

    #[test]
    fn dangling_read() {
        let copy =
            |reads: &str| format!("from \"debian\"; copy \"src\" to=\"/app/src\"; run \"x\" {{ reads \"{reads}\"; }}");
        let check = |body: &str, expected: &[&str]| check_in(&RULE, FILES, body, expected);
        for known in ["/app/src", "/app/src/main.c", "/app", "/usr/include", "/etc/debian_version"] {
            check(&copy(known), &[]);
        }
        check(&copy("/app/scr/x"), &["this `run` reads `/app/scr/x`, which no step writes"]);
        check_hints(&RULE, FILES, &copy("/app/scr/x"), &["did you mean `/app/src/x`?"]);
        check(&copy("/work"), &["this `run` reads `/work`, which no step writes"]);
        check_hints(&RULE, FILES, &copy("/work"), &[]);
        check("from \"registry.example/x\"; run \"x\" { reads \"/work\"; }", &[]);
        check("from \"debian\"; run \"make\" { reads; }; run \"x\" { reads \"/work\"; }", &[]);
        check("stage \"a\" { from \"debian\"; dir \"/work\"; }; from stage=\"a\"; run \"x\" { reads \"/work\"; }", &[]);
    }
}
