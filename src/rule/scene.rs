//! What a rule sees of a stage: the stage, the graph and world around it, and the programs its shell text calls.

use crate::base::{ImageRef, Owner, Span, Spanned, StageName, World, joined};
use crate::graph::shell::{self, Program};
use crate::graph::{Base, Graph, Stage, Step, StepKind};
use std::collections::{BTreeMap, BTreeSet};

/// A stage, and what stands around it.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) graph: &'a Graph,
    pub(super) stage: &'a Stage,
    pub(super) world: &'a dyn World,
    /// Every program that the spec's own shell text calls while the image is built, in the order of the source.
    pub(super) calls: &'a [Call<'a>],
    /// What is known of all stages, in their order.
    facts: &'a [Facts<'a>],
    /// The stage's number.
    at: usize,
}

/// What is found out of a stage once, for all rules.
#[derive(Default)]
pub(super) struct Facts<'a> {
    calls: Vec<Call<'a>>,
    /// The variables that its shell text expands.
    variables: BTreeSet<String>,
    /// The number of the stage it starts from.
    parent: Option<usize>,
}

/// A call of a program in the shell text of a `run` or of a `raw` RUN.
pub(super) struct Call<'a> {
    /// The text it stands in.
    pub(super) text: &'a Spanned<String>,
    pub(super) step: &'a Step,
    /// The program's name without directories: `pip` for `/venv/bin/pip`.
    pub(super) name: String,
    /// Its arguments, without quotes; expansions stay as they are written.
    pub(super) arguments: Vec<String>,
    /// The call whose output it reads, a number in [`Scene::calls`].
    pub(super) fed_by: Option<usize>,
    /// Whether it stands in the text of another shell: in `c` of `sh -c c`.
    pub(super) nested: bool,
    /// How many programs call it: two in `sudo env x`.
    depth: usize,
}

/// How many programs may call each other before nobody means it.
const MAX_DEPTH: usize = 8;

/// A `raw` instruction.
pub(super) struct Raw<'a> {
    pub(super) span: Span,
    /// Its first word, as it is written.
    pub(super) word: &'a str,
    /// The same in upper case.
    pub(super) keyword: String,
    /// What stands behind it, but for flags.
    pub(super) rest: &'a str,
}

impl Call<'_> {
    /// Whether an argument is one of `words`.
    pub(super) fn has(&self, words: &[&str]) -> bool {
        self.arguments.iter().any(|argument| words.contains(&argument.as_str()))
    }

    /// Its arguments but for those that begin with `-`.
    pub(super) fn operands(&self) -> impl Iterator<Item = &str> {
        self.arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-'))
    }
}

/// The facts of the stages of `graph`, in their order.
pub(super) fn facts(graph: &Graph) -> Vec<Facts<'_>> {
    let mut numbers: BTreeMap<&StageName, usize> = BTreeMap::new();
    let mut list = Vec::new();
    for (at, stage) in graph.stages.iter().enumerate() {
        let parent = match &stage.base.value {
            // It stands before the stage, so that a lineage ends.
            Base::Stage(name) => numbers.get(name).copied(),
            Base::Scratch | Base::Registry(_) | Base::Image(_) => None,
        };
        list.push(Facts::of(stage, parent));
        if let Some(name) = &stage.name {
            numbers.insert(&name.value, at);
        }
    }
    list
}

impl<'a> Scene<'a> {
    /// The scene of stage number `at`.
    pub(super) fn new(graph: &'a Graph, at: usize, world: &'a dyn World, facts: &'a [Facts<'a>]) -> Self {
        Self { graph, stage: &graph.stages[at], world, calls: &facts[at].calls, facts, at }
    }

    /// The scenes of all stages.
    pub(super) fn all(&self) -> impl Iterator<Item = Self> + use<'a> {
        let Self { graph, world, facts, .. } = *self;
        (0..graph.stages.len()).map(move |at| Self::new(graph, at, world, facts))
    }

    /// The scenes of the stage and of those that start from it.
    pub(super) fn heirs(&self) -> Vec<Self> {
        self.all().skip(self.at).filter(|later| later.ancestry().any(|at| at == self.at)).collect()
    }

    /// Whether the shell text of the stage expands the variable `name`.
    pub(super) fn expands(&self, name: &str) -> bool {
        self.facts[self.at].variables.contains(name)
    }

    /// Whether the stage's layers are layers of the final image.
    pub(super) fn is_in_image(&self) -> bool {
        let last = Self::new(self.graph, self.graph.stages.len() - 1, self.world, self.facts);
        last.ancestry().any(|at| at == self.at)
    }

    fn ancestry(&self) -> impl Iterator<Item = usize> + use<'a> {
        let facts = self.facts;
        std::iter::successors(Some(self.at), move |at| facts[*at].parent)
    }

    /// Whether the stage is the one whose image is kept.
    pub(super) fn is_final(&self) -> bool {
        self.at + 1 == self.graph.stages.len()
    }

    /// The stage and those it starts from, itself first, through the images of the workspace.
    pub(super) fn lineage(&self) -> impl Iterator<Item = &'a Stage> + use<'a> {
        self.graph.stages_below(self.stage)
    }

    /// What the stage starts from, through the stages between.
    pub(super) fn foundation(&self) -> &'a Base {
        let last = self.lineage().last().expect("a lineage begins with the stage itself");
        &last.base.value
    }

    /// The image that the stage starts from, through the stages between, if it is one of a registry.
    pub(super) fn base_image(&self) -> Option<&'a ImageRef> {
        match self.foundation() {
            Base::Registry(image) => Some(image),
            Base::Scratch | Base::Stage(_) | Base::Image(_) => None,
        }
    }

    /// The user that the stage or one it starts from sets.
    pub(super) fn user(&self) -> Option<&'a Spanned<Owner>> {
        self.lineage().find_map(|stage| stage.config.user.as_ref())
    }

    /// The steps of the stage and of those it starts from.
    pub(super) fn steps(&self) -> impl Iterator<Item = &'a Step> + use<'a> {
        self.lineage().flat_map(|stage| &stage.steps)
    }

    /// The `raw` instructions of the stage.
    pub(super) fn raws(&self) -> impl Iterator<Item = Raw<'a>> + use<'a> {
        self.stage.steps.iter().filter_map(|step| {
            let StepKind::Raw { text } = &step.kind else { return None };
            let (word, rest) = text.value.trim().split_once(char::is_whitespace)?;
            Some(Raw { span: text.span, word, keyword: word.to_ascii_uppercase(), rest: without_flags(rest) })
        })
    }

    /// A path of the build context as the world knows it.
    pub(super) fn in_context(&self, path: &str) -> String {
        joined(&self.graph.context, path)
    }
}

impl<'a> Facts<'a> {
    fn of(stage: &'a Stage, parent: Option<usize>) -> Self {
        let mut facts = Self { parent, ..Self::default() };
        for step in &stage.steps {
            match &step.kind {
                // What the compiler wrote is the compiler's to get right.
                StepKind::Run(run) if !run.generated => {
                    run.commands.iter().for_each(|text| facts.read(step, text, &text.value, None));
                }
                StepKind::Raw { text } => {
                    if let Some(commands) = commands_of(&text.value) {
                        facts.read(step, text, commands, None);
                    }
                }
                _ => {}
            }
        }
        facts
    }

    /// Adds the calls in `shell`, which is `text` or a part of it. What is no shell text is told by `lower`.
    fn read(&mut self, step: &'a Step, text: &'a Spanned<String>, shell: &str, within: Option<usize>) {
        let Ok(analysis) = shell::analyse(shell) else { return };
        self.variables.extend(analysis.variables);
        let offset = self.calls.len();
        for Program { name, arguments, fed_by } in analysis.programs {
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            let fed_by = fed_by.map_or_else(|| within.and_then(|at| self.calls[at].fed_by), |at| Some(at + offset));
            self.calls.push(Call { text, step, name, arguments, fed_by, nested: within.is_some(), depth: 0 });
        }
        if within.is_some() {
            return;
        }
        // Whoever reads the outer text goes through what is found inside it too.
        let mut at = offset;
        while at < self.calls.len() {
            self.unwrap(at);
            at += 1;
        }
    }

    /// Adds what call `at` calls in its turn: `y` of `sudo x`, of `env A=1 x`, of `sh -c x`.
    fn unwrap(&mut self, at: usize) {
        let call = &self.calls[at];
        let (step, text, nested, fed_by, depth) = (call.step, call.text, call.nested, call.fed_by, call.depth + 1);
        if depth > MAX_DEPTH {
            return;
        }
        let is_flag = |word: &String| word.starts_with(['-', '+']);
        match call.name.as_str() {
            "sh" | "bash" | "ash" | "dash" | "zsh" | "ksh" if !nested => {
                // `-c`, or flags that end in it: `-euxc`.
                let option = call.arguments.iter().position(|word| is_flag(word) && word.ends_with('c'));
                if let Some(shell) = option.and_then(|at| call.arguments.get(at + 1)).cloned() {
                    self.read(step, text, &shell, Some(at));
                }
            }
            "command" | "exec" | "builtin" | "time" | "nohup" | "env" | "sudo" | "nice" | "xargs" | "timeout" => {
                let is_own = |word: &&String| is_flag(word) || word.contains('=') || is_number(word);
                let skipped = call.arguments.iter().take_while(is_own).count();
                if let Some((name, arguments)) = call.arguments[skipped..].split_first() {
                    let name = name.rsplit('/').next().unwrap_or_default().to_owned();
                    let arguments = arguments.to_vec();
                    self.calls.push(Call { text, step, name, arguments, fed_by, nested, depth });
                }
            }
            _ => {}
        }
    }
}

/// Whether `word` is an amount, as `timeout` and `nice` take it.
fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) && word.trim_end_matches(['s', 'm', 'h', 'd']).parse::<f64>().is_ok()
}

/// The shell text of a RUN instruction, also of one that waits in an ONBUILD; `None` for the exec form and for others.
fn commands_of(instruction: &str) -> Option<&str> {
    let (word, rest) = instruction.trim_start().split_once(char::is_whitespace)?;
    if word.eq_ignore_ascii_case("onbuild") {
        return commands_of(rest);
    }
    let rest = without_flags(rest);
    if let Some(heredoc) = rest.strip_prefix("<<") {
        let body = heredoc.split_once('\n')?.1;
        return Some(body.trim_end().rsplit_once('\n')?.0);
    }
    (word.eq_ignore_ascii_case("run") && !rest.starts_with('[')).then_some(rest)
}

/// What stands behind the flags of an instruction.
fn without_flags(arguments: &str) -> &str {
    let mut rest = arguments.trim_start();
    while let Some((_, behind)) = rest.strip_prefix("--").and_then(|flag| flag.split_once(char::is_whitespace)) {
        rest = behind.trim_start();
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::super::testing;
    use super::*;
    use crate::base::MemoryWorld;

    fn check(text: &str, expected: &[&str]) {
        for node in [format!("run ###\"{text}\"###"), format!("raw ###\"RUN {text}\"###")] {
            let world = MemoryWorld::default();
            let graph = testing::graph(&format!("from \"debian\"; {node}"), &world);
            let facts = facts(&graph);
            let scene = Scene::new(&graph, 0, &world, &facts);
            let call = |call: &Call<'_>| format!("{} {}", call.name, call.arguments.join(" ")).trim_end().to_owned();
            assert_eq!(scene.calls.iter().map(call).collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn calls() {
        check("a x && /usr/bin/b | c", &["a x", "b", "c"]);
        check("sudo -E env A=1 x y", &["sudo -E env A=1 x y", "env A=1 x y", "x y"]);
        check("bash -euc 'a; b c'", &["bash -euc a; b c", "a", "b c"]);
        check("timeout 5m x -y", &["timeout 5m x -y", "x -y"]);
    }

    #[test]
    fn instructions() {
        for (instruction, commands) in [
            ("RUN make", Some("make")),
            ("run --mount=type=ssh --network=none make all", Some("make all")),
            ("ONBUILD RUN make", Some("make")),
            ("RUN [\"make\"]", None),
            ("RUN <<EOF\nmake\nmake install\nEOF", Some("make\nmake install")),
            ("COPY a b", None),
            ("RUN", None),
        ] {
            assert_eq!(commands_of(instruction), commands, "{instruction}");
        }
    }
}
