//! Commands: the user's, a language's, and what every RUN has in common.

use super::super::instruction::{Body, Instruction, Joining, Run, RunMount, Statement};
use super::StageLowering;
use super::state::is_root;
use crate::base::{ImagePath, Invalid, Owner, Spanned};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{INEXPRESSIBLE_VALUE, SHELL_SYNTAX};
use crate::graph::shell::{self, Analysis, Script};
use crate::graph::{Language, Mount, Network, Run as RunStep};

/// How the commands of a step come to run as its user.
enum As {
    /// They run as whoever builds.
    Builder,
    /// USER says it.
    User(String),
    /// The builder runs a program that runs them as somebody else: the words before the shell text, and behind it.
    Through(Vec<String>, Vec<String>),
}

impl StageLowering<'_, '_> {
    pub(super) fn run(&mut self, run: &RunStep) {
        if self.needs_shell("a `run`") {
            self.back_to_workdir();
            self.run_with(run, &[], None);
        }
    }

    /// The manifests are mounted: in a layer they would only be in the way of the sources.
    pub(super) fn language(&mut self, language: &Language) {
        if !self.needs_shell(&format!("`{}`", language.name)) {
            return;
        }
        match &language.directory {
            Some(directory) => self.leave_workdir(directory),
            None => self.back_to_workdir(),
        }
        self.run_with(&language.install, &language.manifest_mounts(), Some(Joining::Never));
    }

    fn run_with(&mut self, run: &RunStep, manifests: &[Mount], joining: Option<Joining>) {
        let read: Vec<Result<Analysis, Invalid>> =
            run.commands.iter().map(|text| shell::analyse(&text.value)).collect();
        let leaves_state = !run.env.is_empty() || read.iter().flatten().any(Analysis::leaves_state);
        let joining = joining.unwrap_or(Joining::Kept { leaves_state });
        if self.state.wants_posix_shell() {
            if let Some(script) = self.script(run, read) {
                self.run_script(run, script, manifests, joining);
            }
        } else if !run.env.is_empty() {
            let message =
                "the variables of a `run` are set in the language of a POSIX shell, and this stage has another";
            let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, self.span(), message);
            self.refuse(diagnostic.hint("set them in the shell text"));
        } else {
            // Nothing is known of its language, so that nothing is added to a text, and each fails by itself.
            for text in &run.commands {
                self.run_script(run, Script::Lines(text.value.clone()), manifests, joining);
            }
        }
    }

    fn run_script(&mut self, run: &RunStep, script: Script, manifests: &[Mount], joining: Joining) {
        self.shell_for_commands();
        let runner = self.runner(run.user.as_ref());
        let owner = run.user.as_ref().filter(|user| !user.value.is_root());
        let owner = owner.and_then(|user| self.stage.numeric(&user.value));
        let mut cleaning = Vec::new();
        let mut mounts = Vec::new();
        for mount in manifests.iter().chain(&run.mounts) {
            mounts.extend(self.mount(mount, owner, run.generated, &mut cleaning));
        }
        let script = match runner {
            As::Builder => {
                self.be_root();
                script
            }
            As::User(user) => {
                self.user(&user);
                script
            }
            As::Through(before, behind) => through(&script, &before, &behind),
        };
        let body = self.body(script, cleaning);
        self.push(Instruction::Run(Run { mounts, network: run.network, body, joining }));
    }

    /// The script of a run's commands, which were read as `read`; its mistakes are told.
    fn script(&mut self, run: &RunStep, read: Vec<Result<Analysis, Invalid>>) -> Option<Script> {
        let mut export = String::from("export");
        for (name, value) in &run.env {
            export.push_str(&format!(" {name}={}", shell::quote(value)));
        }
        let exported = (!run.env.is_empty()).then(|| shell::analyse(&export));
        let mut texts = Vec::with_capacity(run.commands.len() + 1);
        texts.extend(exported.and_then(Result::ok).map(|analysis| (export.as_str(), analysis)));
        let mut is_valid = run.env.is_empty() || !texts.is_empty();
        for (text, read) in run.commands.iter().zip(read) {
            match read {
                Ok(analysis) => texts.push((text.value.as_str(), analysis)),
                Err(invalid) => {
                    self.refuse(Diagnostic::error(&SHELL_SYNTAX, text.span, invalid.0));
                    is_valid = false;
                }
            }
        }
        if !is_valid {
            return None;
        }
        match shell::script(&texts) {
            Script::Chain(statements) if statements.is_empty() => {
                let diagnostic = Diagnostic::error(&SHELL_SYNTAX, self.span(), "there is no command to run");
                self.refuse(diagnostic);
                None
            }
            script => Some(script),
        }
    }

    /// How commands come to run as `user`.
    fn runner(&self, user: Option<&Spanned<Owner>>) -> As {
        let Some(user) = user.map(|user| &user.value) else { return As::Builder };
        if user.is_root() {
            return As::Builder;
        }
        // USER changes what the image runs as, unless the stage says later what that is to be.
        if self.final_user().is_some_and(|user| !is_root(&user)) {
            return As::User(self.owner(user));
        }
        let account = self.stage.accounts.iter().find(|account| user.user.parse() == Ok(account.uid));
        let name = account.map_or(user.user.as_str(), |account| &*account.name);
        if name.bytes().all(|b| b.is_ascii_digit()) || user.group.is_some() {
            return As::User(self.owner(user));
        }
        let shell = self.state.shell().first().cloned().unwrap_or_default();
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
        As::Through(words(&["su", "-s", &shell, "-c"]), words(&[name]))
    }

    /// The body that says `script`, and then `cleaning`.
    fn body(&self, script: Script, cleaning: Vec<Statement>) -> Body {
        match script {
            Script::Chain(statements) => {
                let statements = statements.into_iter().map(|statement| Statement(vec![statement]));
                self.chain(statements.chain(cleaning).collect())
            }
            Script::Lines(mut lines) => {
                for statement in cleaning {
                    lines.push('\n');
                    lines.push_str(&statement.0.join(" "));
                }
                self.lines(lines)
            }
        }
    }

    /// A chain, or lines where a word in it holds what no line of a Dockerfile can.
    fn chain(&self, statements: Vec<Statement>) -> Body {
        let lines = || statements.iter().flat_map(|statement| &statement.0);
        if lines().any(|line| line.contains(shell::is_fragile) || line.contains('\n')) {
            let lines: Vec<String> = statements.iter().map(|statement| statement.0.join(" ")).collect();
            return self.lines(format!("set -e\n{}", lines.join("\n")));
        }
        Body::Chain(statements)
    }

    fn lines(&self, lines: String) -> Body {
        if self.is_classic() {
            return Body::Exec(self.state.shell().into_iter().chain([lines]).collect());
        }
        Body::Lines(lines)
    }

    /// Adds a RUN of the compiler's own statements, as root.
    pub(super) fn push_statements(&mut self, statements: Vec<Statement>, mounts: Vec<RunMount>, joining: Joining) {
        self.be_root();
        self.shell_for_statements();
        let body = self.chain(statements);
        self.push(Instruction::Run(Run { mounts, network: Network::Default, body, joining }));
    }

    /// What a mount becomes. The classic builder has none: files are copied and removed, caches removed.
    fn mount(
        &mut self,
        mount: &Mount,
        owner: Option<(u32, u32)>,
        is_language: bool,
        cleaning: &mut Vec<Statement>,
    ) -> Option<RunMount> {
        let is_classic = self.is_classic();
        match mount {
            Mount::Bind { source, target } if is_classic || !is_mountable(source) => {
                self.copy_from_context(source, target);
                let manifests = ImagePath::root().join(&Language::MANIFEST_DIR[1..]);
                // In the project's place they are what the sources bring too, and a later step may need them.
                if manifests.contains(target) {
                    clean(&manifests, cleaning);
                } else if !is_language {
                    clean(target, cleaning);
                }
                None
            }
            Mount::Bind { source, target } => {
                Some(RunMount::Bind { from: None, source: source.clone(), target: target.clone() })
            }
            Mount::Cache { target, .. } if is_classic => {
                clean(target, cleaning);
                None
            }
            Mount::Cache { target, id, sharing } => {
                // A cache is its first user's: another image's user of another number could not write there.
                let id = match owner.filter(|_| is_language) {
                    Some((user, _)) => Some(format!("{}-{user}", id.as_deref().unwrap_or(target.as_str()))),
                    None => id.clone(),
                };
                Some(RunMount::Cache { target: target.clone(), id, sharing: *sharing, owner })
            }
            Mount::Secret { .. } if is_classic => {
                self.unsupported("mount a secret", "build with BuildKit or Buildah");
                None
            }
            Mount::Secret { id, target, env } => {
                Some(RunMount::Secret { id: id.clone(), target: target.clone(), env: env.clone(), owner })
            }
            Mount::Ssh if is_classic => {
                self.unsupported("mount the SSH agent", "build with BuildKit or Buildah");
                None
            }
            Mount::Ssh => Some(RunMount::Ssh { owner }),
        }
    }
}

/// Removes `path` at the end of the layer that it is in the way of.
fn clean(path: &ImagePath, cleaning: &mut Vec<Statement>) {
    let statement = statement(&["rm", "-rf", path.as_str()]);
    if !cleaning.contains(&statement) {
        cleaning.push(statement);
    }
}

/// Whether a mount's value can be `text`, which several parsers read, each with quotes of its own.
pub(in super::super) fn is_mountable(text: &str) -> bool {
    !text.contains(|c: char| c.is_whitespace() || c.is_control() || ",\"'\\$".contains(c))
}

/// `script` run by a program that takes shell text.
fn through(script: &Script, before: &[String], behind: &[String]) -> Script {
    let text = match script {
        Script::Chain(statements) => statements.join(" && "),
        Script::Lines(lines) => lines.clone(),
    };
    let words: Vec<&str> =
        before.iter().map(String::as_str).chain([text.as_str()]).chain(behind.iter().map(String::as_str)).collect();
    let command = command(&words);
    if command.contains('\n') { Script::Lines(command) } else { Script::Chain(vec![command]) }
}

/// A command of these words.
pub(super) fn command(words: &[&str]) -> String {
    words.iter().map(|word| shell::quote(word)).collect::<Vec<_>>().join(" ")
}

/// A statement that is a command of these words.
pub(super) fn statement(words: &[&str]) -> Statement {
    Statement(vec![command(words)])
}
