//! What each step needs before it: the dependencies of language.md, *Order*, and no others.

use crate::base::ImagePath;
use crate::ecosystem::pip::no_byte_code;
use crate::graph::{CopyFrom, Reads, Stage, Step, StepId, StepKind, shell};
use std::collections::BTreeSet;

/// Gives every step of `stage` its needs.
pub(super) fn connect(stage: &mut Stage) {
    quiet_python(&mut stage.steps);
    let needs: Vec<BTreeSet<StepId>> = stage.steps.iter().map(|step| needs(step, &stage.steps)).collect();
    for (step, needs) in stage.steps.iter_mut().zip(needs) {
        step.needs = needs;
    }
}

/// What `step` needs of the other `steps` of its stage.
pub fn needs(step: &Step, steps: &[Step]) -> BTreeSet<StepId> {
    let others = || steps.iter().filter(|other| other.id != step.id);
    let has_arguments = others().any(|other| matches!(other.kind, StepKind::Arg { .. }));
    let mentions = if has_arguments { Mentions::of(step) } else { Mentions::default() };
    // What no step is known to write, an earlier command may have made.
    let is_unwritten = |path: &ImagePath| !others().any(|writer| touches(writer, path));
    let reads_unwritten = matches!(&step.reads, Reads::Paths(paths) if paths.iter().any(is_unwritten));
    others().filter(|other| needs_one(step, other, &mentions, reads_unwritten)).map(|other| other.id).collect()
}

fn needs_one(step: &Step, other: &Step, mentions: &Mentions<'_>, reads_unwritten: bool) -> bool {
    let above = other.id < step.id;
    let commands = matches!(step.kind, StepKind::Run(_) | StepKind::Language(_) | StepKind::Raw { .. });
    // Any command may read these.
    let surroundings = match &other.kind {
        StepKind::Packages(_) => step.executes() && !matches!(step.kind, StepKind::Packages(_)),
        StepKind::Env { before_packages: true, .. } => step.executes(),
        StepKind::Env { .. } | StepKind::Path(_) | StepKind::Workdir(_) => commands,
        StepKind::Shell(_) => commands,
        StepKind::Arg { name, .. } => mentions.variable(name.value.as_str()),
        _ => false,
    };
    // A raw instruction may do anything to what is written below it.
    let barrier = above
        && matches!(other.kind, StepKind::Raw { .. })
        && !matches!(
            step.kind,
            StepKind::Packages(_)
                | StepKind::User { .. }
                | StepKind::Env { .. }
                | StepKind::Path(_)
                | StepKind::Arg { .. }
                | StepKind::Shell(_)
                | StepKind::Workdir(_)
        );
    surroundings || barrier || reads(step, other, reads_unwritten) || goes_on_top(step, other)
}

/// Whether `step` reads what `other` writes.
fn reads(step: &Step, other: &Step, reads_unwritten: bool) -> bool {
    let above = other.id < step.id;
    match &step.reads {
        Reads::EverythingAbove => above && !matches!(other.kind, StepKind::Arg { .. }),
        Reads::Paths(paths) => {
            paths.iter().any(|path| touches(other, path))
                || above && makes_anything(other) && reads_unwritten
                || above && is_installation(step) && may_bring_its_tool(step, other)
        }
    }
}

/// Whether it may write paths that it is not known to write.
fn makes_anything(step: &Step) -> bool {
    match &step.kind {
        StepKind::Run(_) => true,
        StepKind::Language(_) => !is_installation(step),
        _ => false,
    }
}

/// Whether the program that an installation runs, or the settings it reads, may come of `other`, which stands above it.
fn may_bring_its_tool(step: &Step, other: &Step) -> bool {
    let StepKind::Language(language) = &step.kind else { return false };
    match &other.kind {
        StepKind::Fetch(_) | StepKind::Git(_) | StepKind::File(_) | StepKind::Link(_) => true,
        // A command that reads named files of the image makes something of them.
        StepKind::Run(_) => !matches!(&other.reads, Reads::Paths(paths) if !paths.is_empty()),
        StepKind::Copy(copy) => {
            // What another stage made for the project itself is no tool.
            let into_project =
                |path: &ImagePath| language.manifests.iter().any(|manifest| manifest.target.parent().contains(path));
            copy.from != CopyFrom::Context && !other.writes.iter().any(into_project)
        }
        StepKind::Language(tool) => {
            is_installation(other)
                && matches!((tool.name, language.name), ("pip", "uv" | "poetry") | ("npm", "pnpm" | "yarn"))
        }
        _ => false,
    }
}

/// Whether a write of `writer` is a write of `path`: packages write everywhere, which every command waits for anyway.
fn touches(writer: &Step, path: &ImagePath) -> bool {
    !matches!(writer.kind, StepKind::Packages(_)) && writer.writes.iter().any(|written| written.overlaps(path))
}

/// Whether `step` writes below what `other` writes, or over it and is declared later.
fn goes_on_top(step: &Step, other: &Step) -> bool {
    // At one path a directory goes under a copy into it; else the later declaration wins.
    let wins = match (is_directory(step), is_directory(other)) {
        (false, true) => true,
        (true, false) => false,
        _ => other.id < step.id,
    };
    // What an installation leaves in a project's directory stands beside the sources, not on top of them: their copy leaves
    // it out.
    // So do the directories that it is given beforehand.
    if (is_installation(step) || makes_way(step)) && is_copy_of_context(other) {
        return false;
    }
    let over = |path: &ImagePath, under: &ImagePath| under.contains(path) && (under != path || wins);
    step.writes.iter().any(|path| other.writes.iter().any(|under| over(path, under)))
}

fn is_installation(step: &Step) -> bool {
    matches!(step.kind, StepKind::Language(_)) && step.reads == Reads::Paths(Vec::new())
}

/// Whether it makes a directory for the installation of a language's node, not for one of its own.
fn makes_way(step: &Step) -> bool {
    matches!(&step.kind, StepKind::Dir(dir) if dir.for_installation)
}

fn is_copy_of_context(step: &Step) -> bool {
    matches!(&step.kind, StepKind::Copy(copy) if copy.from == CopyFrom::Context)
}

/// Whether it makes a directory and nothing in it, so that it goes under what is put there, wherever it is declared.
fn is_directory(step: &Step) -> bool {
    matches!(step.kind, StepKind::Dir(_) | StepKind::Workdir(_) | StepKind::User { .. })
}

/// What the text of a step mentions.
#[derive(Default)]
struct Mentions<'a> {
    variables: BTreeSet<String>,
    /// Instructions that are no shell text: any mention counts.
    others: Vec<&'a str>,
}

impl<'a> Mentions<'a> {
    fn of(step: &'a Step) -> Self {
        let texts: Vec<&str> = match &step.kind {
            StepKind::Run(run) => run.commands.iter().map(|text| text.value.as_str()).collect(),
            StepKind::Language(language) => language.install.commands.iter().map(|text| text.value.as_str()).collect(),
            StepKind::Raw { text } => vec![text.value.as_str()],
            _ => Vec::new(),
        };
        let mut mentions = Self::default();
        for text in texts {
            match shell::analyse(text) {
                Ok(analysis) => mentions.variables.extend(analysis.variables),
                Err(_) => mentions.others.push(text),
            }
        }
        mentions
    }

    /// Whether it mentions the variable `name`.
    fn variable(&self, name: &str) -> bool {
        self.variables.contains(name) || self.others.iter().any(|text| text.contains(name))
    }
}

/// The languages whose packages are Python's.
const PYTHON: &[&str] = &["pip", "uv", "poetry"];

/// Where Python packages are installed, commands that run Python would write byte code into the layer.
fn quiet_python(steps: &mut [Step]) {
    if !steps.iter().any(|step| matches!(&step.kind, StepKind::Language(language) if PYTHON.contains(&language.name))) {
        return;
    }
    for step in steps {
        if let StepKind::Run(run) = &mut step.kind
            && !run.env.iter().any(|(name, _)| *name == no_byte_code())
        {
            run.env.push((no_byte_code(), "1".to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::base::MemoryWorld;
    use crate::diagnostic::{Diagnostics, Sources};

    /// What each step of a body needs, by the numbers of their places in the source.
    fn check(body: &str, expected: &[&[u32]]) {
        let text = format!("image \"app\" {{ from \"debian:12\"; {body} }}");
        let world = MemoryWorld::new([("src/a.py", ""), ("app.conf", ""), ("requirements.txt", "")]);
        let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
        let file = crate::compile::read("image.kdl", &text, &mut sources, &mut diagnostics).expect(body);
        let images = crate::model::resolve(vec![file], &mut diagnostics);
        let graph = crate::lower::lower(&images[0], &world, Default::default(), &mut diagnostics).expect(body);
        let steps = graph.stages[0].steps.iter();
        let needs: Vec<Vec<u32>> = steps.map(|step| step.needs.iter().map(|id| id.0).collect()).collect();
        assert_eq!(needs, expected, "{body}");
    }

    #[test]
    fn commands_need_their_surroundings() {
        check(
            "run \"a\"; apt \"tini\"; env A=\"1\"; path \"/b\"; workdir \"/w\"",
            &[&[1, 2, 3, 4], &[], &[], &[], &[1]],
        );
        check("apt \"tini\"; env A=\"1\" at=\"packages\"", &[&[1], &[]]);
        check("dir \"/d\"; env A=\"1\"; apt \"tini\"", &[&[2], &[], &[]]);
        check("run \"a $A\" { reads; }; arg A=\"1\" B=\"2\"", &[&[1], &[], &[]]);
    }

    #[test]
    fn a_run_needs_what_it_reads() {
        let copies = "copy \"src\" to=\"/app/src\"; copy \"app.conf\" to=\"/etc/app.conf\"";
        check(&format!("{copies}; run \"a\""), &[&[], &[], &[0, 1]]);
        check(&format!("{copies}; run \"a\" {{ reads \"/app\"; }}"), &[&[], &[], &[0]]);
        check(&format!("run \"a\" {{ reads \"/app/src/x\"; }}; {copies}"), &[&[1], &[], &[]]);
        check(&format!("{copies}; run \"a\" {{ reads; }}"), &[&[], &[], &[]]);
        // Nothing is known to write /out, so an earlier command may have made it.
        check(&format!("{copies}; run \"a\"; run \"b\" {{ reads \"/out\"; }}"), &[&[], &[], &[0, 1], &[2]]);
        check("run \"a\"; run \"b\"", &[&[], &[0]]);
    }

    #[test]
    fn what_writes_below_goes_on_top() {
        check("copy \"src\" to=\"/app/src\"; dir \"/app\"", &[&[1], &[]]);
        check("copy \"src\" to=\"/app\"; dir \"/app\"", &[&[1], &[]]);
        check("file \"/etc/app.conf\" \"a\"; copy \"app.conf\" to=\"/etc/\"", &[&[], &[0]]);
        check("copy \"app.conf\" to=\"/etc/\"; file \"/etc/other\" \"a\"", &[&[], &[]]);
        check("file \"/a\" \"1\"; apt \"tini\"", &[&[1], &[]]);
    }

    #[test]
    fn a_raw_instruction_stays_between() {
        check("run \"a\"; raw \"ONBUILD RUN b\"; file \"/c\" \"\"; env A=\"1\"", &[&[3], &[0, 3], &[1], &[]]);
    }
}
