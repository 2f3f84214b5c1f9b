//! Graph → Dockerfile, for the graph's target. The steps stand in their order already; none is moved here.

mod accounts;
mod config;
mod copies;
mod files;
mod packages;
mod remote;
mod runs;
mod shells;
mod state;
#[cfg(test)]
mod tests;

use super::instruction::{Dockerfile, From, Header, ImageSource, Instruction, Placed};
use super::syntax_version::features;
use super::{Keyword, expressible, join};
use crate::base::{Span, StageName};
use crate::diagnostic::codes::{INEXPRESSIBLE_VALUE, INVALID_INSTRUCTION, MISSING_SHELL, UNSUPPORTED_BY_TARGET};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{Base, Graph, Stage, Step, StepKind, Target};
pub(super) use runs::is_mountable;
use state::State;
use std::collections::{BTreeMap, BTreeSet};

/// The Dockerfile that builds `graph`.
pub fn lower(graph: &Graph, diagnostics: &mut Diagnostics) -> Result<Dockerfile, Reported> {
    let mut names: BTreeSet<String> =
        graph.stages.iter().filter_map(|stage| stage.name.as_ref()).map(|name| name.value.to_string()).collect();
    let mut ends: BTreeMap<&StageName, State> = BTreeMap::new();
    let mut instructions = Vec::new();
    let mut reported = None;
    for number in 0..graph.stages.len() {
        let stage = &graph.stages[number];
        let start = match &stage.base.value {
            Base::Stage(name) => ends.get(name).cloned().unwrap_or_default(),
            Base::Scratch => State::of_scratch(),
            Base::Image(_) => graph.base_of(stage).map(|_| State::of_base(graph, stage)).unwrap_or_default(),
            Base::Registry(_) => State::default(),
        };
        let mut lowering = StageLowering {
            graph,
            stage,
            number,
            state: start,
            names: &mut names,
            diagnostics,
            reported: &mut reported,
            place: Place { origins: vec![stage.base.span], step: None },
            helpers: Vec::new(),
            empty_stage: None,
            shell_place: None,
            has_said_shell: false,
            has_pipes: false,
            body: Vec::new(),
        };
        lowering.stage();
        let StageLowering { helpers, body, state, .. } = lowering;
        instructions.extend(helpers);
        instructions.extend(join::join(body, graph.target));
        if let Some(name) = &stage.name {
            ends.insert(&name.value, state);
        }
    }
    let mut new_features = BTreeSet::new();
    for placed in &instructions {
        check(graph.target, placed, &mut new_features, diagnostics, &mut reported);
    }
    if let Some(reported) = reported {
        return Err(reported);
    }
    let header =
        Header { features: new_features.into_iter().collect(), spec: graph.spec.clone(), unlocked: graph.unlocked };
    Ok(Dockerfile { header, instructions })
}

/// Tells what an instruction cannot say, and what its target does not know; gathers what needs a newer syntax.
fn check(
    target: Target,
    placed: &Placed,
    new_features: &mut BTreeSet<super::Feature>,
    diagnostics: &mut Diagnostics,
    reported: &mut Option<Reported>,
) {
    let span = placed.origins[0];
    if let Some(flaw) = expressible::flaw(&placed.instruction) {
        let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, span, flaw.message).hint(flaw.hint);
        *reported = Some(diagnostics.error(diagnostic));
    }
    for feature in features(&placed.instruction) {
        if !feature.is_known_to(target) {
            let message = format!("the target `{}` does not know {}", target.as_str(), feature.as_str());
            *reported = Some(diagnostics.error(Diagnostic::error(&UNSUPPORTED_BY_TARGET, span, message)));
        } else if target == Target::Buildkit && feature.needs_syntax_line() {
            new_features.insert(feature);
        }
    }
}

/// Where the instructions that are made come from.
#[derive(Debug, Clone)]
struct Place<'g> {
    origins: Vec<Span>,
    step: Option<&'g Step>,
}

/// The lowering of one stage.
struct StageLowering<'g, 'd> {
    graph: &'g Graph,
    stage: &'g Stage,
    number: usize,
    /// What the instructions so far have set.
    state: State,
    /// The names of stages that are taken.
    names: &'d mut BTreeSet<String>,
    diagnostics: &'d mut Diagnostics,
    reported: &'d mut Option<Reported>,
    place: Place<'g>,
    /// Stages that only bring something to this one; they stand before it.
    helpers: Vec<Placed>,
    /// The one of them that holds an empty directory.
    empty_stage: Option<StageName>,
    /// Where the spec asks for a shell.
    shell_place: Option<Place<'g>>,
    /// Whether the stage has a SHELL yet.
    has_said_shell: bool,
    /// Whether a command of the stage is a pipe.
    has_pipes: bool,
    body: Vec<Placed>,
}

impl<'g> StageLowering<'g, '_> {
    fn stage(&mut self) {
        let base = match &self.stage.base.value {
            Base::Scratch => ImageSource::Scratch,
            Base::Registry(image) => ImageSource::Registry(image.clone()),
            Base::Stage(name) => ImageSource::Stage(name.clone()),
            Base::Image(name) => ImageSource::Image(name.clone()),
        };
        // A stage of this file is on a platform already.
        let on_builder = self.stage.on_builder && !matches!(base, ImageSource::Stage(_));
        let name = self.stage.name.as_ref().map(|name| name.value.clone());
        self.push(Instruction::From(From { base, on_builder, name }));
        self.has_pipes = self.pipes();
        for step in &self.stage.steps {
            self.place = Place { origins: step.origins.clone(), step: Some(step) };
            self.step(&step.kind);
        }
        self.config();
    }

    fn step(&mut self, kind: &'g StepKind) {
        match kind {
            StepKind::Packages(packages) => self.packages(packages),
            StepKind::User { account, home, shell } => self.account(account, home.as_ref(), shell.as_ref()),
            StepKind::Copy(copy) => self.copy(copy),
            StepKind::File(file) => self.file(file),
            StepKind::Fetch(fetch) => self.fetch(fetch),
            StepKind::Git(git) => self.git(git),
            StepKind::Dir(dir) => self.dir(dir),
            StepKind::Link(link) => self.link(link),
            StepKind::Language(language) => self.language(language),
            StepKind::Run(run) => self.run(run),
            StepKind::Env { variables, before_packages: _ } => self.env(variables),
            StepKind::Path(paths) => self.path(paths),
            StepKind::Arg { name, default } => {
                let default = default.as_ref().map(|default| default.value.clone());
                self.push(Instruction::Arg(name.value.clone(), default));
            }
            StepKind::Shell(words) => self.want_shell(words),
            StepKind::Workdir(path) => {
                if self.state.workdir() != Some(path) {
                    // It makes the directory, for whoever is the user.
                    self.be_root();
                    self.workdir(path);
                }
            }
            StepKind::Raw { text } => self.raw(text),
        }
    }

    fn raw(&mut self, text: &crate::base::Spanned<String>) {
        match super::parse_raw(&text.value) {
            Ok(parsed) => {
                self.back_to_workdir();
                if parsed.keyword == Keyword::Run {
                    self.shell_for_commands();
                }
                self.state.forget(parsed.keyword);
                self.push(Instruction::Raw(text.value.trim().to_owned()));
            }
            Err(invalid) => {
                self.refuse(Diagnostic::error(&INVALID_INSTRUCTION, text.span, invalid.0));
            }
        }
    }

    /// Adds an instruction of the step that is lowered.
    fn push(&mut self, instruction: Instruction) {
        let placed = self.placed(instruction);
        self.body.push(placed);
    }

    fn placed(&self, instruction: Instruction) -> Placed {
        let steps = self.place.step.iter().map(|step| step.id).collect();
        Placed { instruction, origins: self.place.origins.clone(), steps, stage: self.number }
    }

    /// Begins a stage that only brings something to this one: `purpose` and a number that makes its name the only one.
    fn helper(&mut self, base: ImageSource, purpose: &str) -> StageName {
        let name = (1..).map(|number| format!("{purpose}-{number}")).find(|name| self.names.insert(name.clone()));
        let name = name.and_then(|name| StageName::parse(&name).ok()).expect("a word and a number name a stage");
        let from = From { base, on_builder: false, name: Some(name.clone()) };
        let placed = self.placed(Instruction::From(from));
        self.helpers.push(placed);
        name
    }

    fn push_to_helper(&mut self, instruction: Instruction) {
        let placed = self.placed(instruction);
        self.helpers.push(placed);
    }

    fn span(&self) -> Span {
        self.place.origins[0]
    }

    fn target(&self) -> Target {
        self.graph.target
    }

    fn is_classic(&self) -> bool {
        self.graph.target == Target::Classic
    }

    fn refuse(&mut self, diagnostic: Diagnostic) {
        *self.reported = Some(self.diagnostics.error(diagnostic));
    }

    /// Tells that the target cannot do `what`, a clause such as "mount a secret".
    fn unsupported(&mut self, what: &str, hint: &str) {
        let message = format!("the target `{}` cannot {what}", self.target().as_str());
        let diagnostic = Diagnostic::error(&UNSUPPORTED_BY_TARGET, self.span(), message);
        self.refuse(diagnostic.hint(hint));
    }

    /// Tells that the base has no shell, if so; whether it has one.
    fn needs_shell(&mut self, what: &str) -> bool {
        if self.stage.family.has_shell() {
            return true;
        }
        let message = format!("{what} needs a shell, and the base of {} has none", self.stage.described());
        let diagnostic = Diagnostic::error(&MISSING_SHELL, self.span(), message);
        let hint = "do it in a stage with a shell, and copy what comes of it";
        self.refuse(diagnostic.also(self.stage.base.span, "the base").hint(hint));
        false
    }
}
