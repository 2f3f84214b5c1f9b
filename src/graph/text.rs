//! A stable text form of graphs, for tests, goldens and people.

use super::{
    Base, Check, Command, Copy, CopyFrom, Estimates, Graph, Mount, Package, Packages, Reads, Run, Stage, Step,
    StepKind, estimates,
};
use crate::base::{ImagePath, Owner, Spanned};
use std::fmt::{self, Write as _};

impl fmt::Display for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let context = if self.context.is_empty() { "." } else { &self.context };
        writeln!(f, "image {} for {}, context {context}", self.image.value, self.target.as_str())?;
        for (stage, known) in self.stages.iter().zip(estimates(self)) {
            write_stage(f, stage, &known)?;
        }
        Ok(())
    }
}

fn write_stage(f: &mut fmt::Formatter<'_>, stage: &Stage, known: &Estimates) -> fmt::Result {
    let name = stage.name.as_ref().map_or("(final)", |name| name.value.as_str());
    let base = match &stage.base.value {
        Base::Scratch => "scratch".to_owned(),
        Base::Registry(reference) => reference.to_string(),
        Base::Stage(name) => format!("stage {name}"),
        Base::Image(name) => format!("image {name}"),
    };
    let builder = if stage.on_builder { " on the builder's platform" } else { "" };
    writeln!(f, "stage {name} from {base}{builder}")?;
    for (step, estimate) in stage.steps.iter().zip(&known.steps) {
        write!(f, "  {:>2} {}", step.id.0, describe(step))?;
        match &step.reads {
            Reads::EverythingAbove => write!(f, "; reads all above")?,
            Reads::Paths(paths) if paths.is_empty() => {}
            Reads::Paths(paths) => write!(f, "; reads {}", join(paths.iter().map(ImagePath::as_str)))?,
        }
        if !step.needs.is_empty() {
            write!(f, "; needs {}", join(step.needs.iter().map(|id| id.0.to_string())))?;
        }
        writeln!(f, "; changes {estimate}")?;
    }
    write_config(f, stage)
}

/// What a step does, in a line.
pub fn describe(step: &Step) -> String {
    match &step.kind {
        StepKind::Packages(packages) => describe_packages(packages),
        StepKind::User { account, .. } => format!("user {} {}:{}", account.name, account.uid, account.gid),
        StepKind::Copy(copy) => describe_copy(copy),
        StepKind::File(file) => {
            format!("file {} {} ({} bytes){}", file.path, file.mode, file.content.value.len(), owned(&file.owner))
        }
        StepKind::Fetch(fetch) => {
            let unpack = if fetch.unpack.is_some() { " unpacked" } else { "" };
            format!("fetch {} -> {}{unpack}{}", fetch.url.value, fetch.to, owned(&fetch.owner))
        }
        StepKind::Git(git) => format!("git {}#{} -> {}", git.url.value, git.reference.value, git.to),
        StepKind::Dir(dir) => {
            let mode = dir.mode.map(|mode| format!(" {mode}")).unwrap_or_default();
            format!("dir {}{mode}{}", dir.path, owned(&dir.owner))
        }
        StepKind::Link(link) => format!("link {} -> {}", link.path, link.target.value.escape_debug()),
        StepKind::Language(language) => {
            let manifests: String =
                language.manifests.iter().map(|manifest| format!(" {}", manifest.path.value)).collect();
            let directory = language.directory.as_ref().map(|path| format!(" in {path}")).unwrap_or_default();
            format!("{}{manifests}{directory}: {}", language.name, describe_run(&language.install))
        }
        StepKind::Run(run) => format!("run {}", describe_run(run)),
        StepKind::Env { variables, before_packages } => {
            let at = if *before_packages { " before packages" } else { "" };
            let set = |(name, value): &(Spanned<_>, Spanned<String>)| quoted::<crate::base::EnvName>(name, value);
            format!("env{at} {}", join(variables.iter().map(set)))
        }
        StepKind::Path(directories) => format!("path {}", join(directories.iter().map(|path| path.value.as_str()))),
        StepKind::Arg { name, default: None } => format!("arg {}", name.value),
        StepKind::Arg { name, default: Some(value) } => format!("arg {}", quoted(name, value)),
        StepKind::Shell(words) => format!("shell {words:?}"),
        StepKind::Workdir(path) => format!("workdir {path}"),
        StepKind::Raw { text } => format!("raw {}", text.value.escape_debug()),
    }
}

fn describe_packages(packages: &Packages) -> String {
    let package = |package: &Package| match &package.version {
        Some(version) => format!("{}={}", package.name.value, version.value),
        None => package.name.value.clone(),
    };
    let mut text = format!("{} {}", packages.manager.as_str(), join(packages.packages.iter().map(package)));
    for repository in &packages.repositories {
        let _ = write!(text, " from {}", repository.uri.value);
    }
    if packages.recommends {
        text.push_str(" with recommends");
    }
    text
}

fn describe_copy(copy: &Copy) -> String {
    let from = match &copy.from {
        CopyFrom::Context => String::new(),
        CopyFrom::Stage(name) => format!("stage {name}: "),
        CopyFrom::Registry(reference) => format!("{reference}: "),
        CopyFrom::Image(name) => format!("image {name}: "),
        CopyFrom::Named(name) => format!("context {name}: "),
    };
    let source = |source: &super::Source| format!("{}{}", source.path.value, if source.directory { "/" } else { "" });
    let slash = if copy.into_directory && copy.to.as_str() != "/" { "/" } else { "" };
    let mode = copy.mode.map(|mode| format!(" {mode}")).unwrap_or_default();
    let exclude: String = copy.exclude.iter().map(|pattern| format!(" without {}", pattern.value)).collect();
    let sources = join(copy.sources.iter().map(source));
    format!("copy {from}{sources} -> {}{slash}{mode}{}{exclude}", copy.to, owned(&copy.owner))
}

fn describe_run(run: &Run) -> String {
    let mut text = String::new();
    for mount in &run.mounts {
        let _ = match mount {
            Mount::Bind { source, target } => write!(text, "[{source} at {target}] "),
            Mount::Cache { target, .. } => write!(text, "[cache {target}] "),
            Mount::Secret { id, .. } => write!(text, "[secret {id}] "),
            Mount::Ssh => write!(text, "[ssh] "),
        };
    }
    for (name, value) in &run.env {
        let _ = write!(text, "{name}={value:?} ");
    }
    if let Some(user) = &run.user {
        let _ = write!(text, "as {} ", user.value);
    }
    let commands = run.commands.iter().map(|command| command.value.escape_debug().to_string());
    text + &commands.collect::<Vec<_>>().join(" && ")
}

fn write_config(f: &mut fmt::Formatter<'_>, stage: &Stage) -> fmt::Result {
    let config = &stage.config;
    for (name, value) in &config.runtime_env {
        writeln!(f, "     env {}", quoted(name, value))?;
    }
    for label in &config.labels {
        writeln!(f, "     label {}={:?}", label.key.value, label.value.value)?;
    }
    for port in &config.expose {
        writeln!(f, "     expose {}/{}", port.value.0, port.value.1.as_str())?;
    }
    for volume in &config.volumes {
        writeln!(f, "     volume {}", volume.value)?;
    }
    let lines = [
        config.user.as_ref().map(|user| format!("user {}", user.value)),
        config.stopsignal.as_ref().map(|signal| format!("stopsignal {}", signal.value)),
        config.healthcheck.as_ref().map(|check| format!("healthcheck {}", describe_check(&check.value))),
        config.entrypoint.as_ref().map(|command| format!("entrypoint {}", describe_command(&command.value))),
        config.cmd.as_ref().map(|command| format!("cmd {}", describe_command(&command.value))),
    ];
    lines.into_iter().flatten().try_for_each(|line| writeln!(f, "     {line}"))
}

/// What a health check is, in one line.
pub fn describe_check(check: &Option<Check>) -> String {
    let Some(check) = check else { return "none".to_owned() };
    let times = [
        ("interval", check.interval),
        ("timeout", check.timeout),
        ("start-period", check.start_period),
        ("start-interval", check.start_interval),
    ];
    let times = times.into_iter().filter_map(|(name, time)| time.map(|time| format!(" {name}={time}")));
    let retries = check.retries.map(|retries| format!(" retries={retries}"));
    describe_command(&check.command) + &times.chain(retries).collect::<String>()
}

/// What a command is, in one line.
pub fn describe_command(command: &Command) -> String {
    match command {
        Command::Exec(words) => join(words.iter().map(|word| format!("{word:?}"))),
        Command::Shell(text) => format!("shell={text:?}"),
    }
}

fn owned(owner: &Option<Spanned<Owner>>) -> String {
    owner.as_ref().map(|owner| format!(" of {}", owner.value)).unwrap_or_default()
}

fn quoted<T: fmt::Display>(name: &Spanned<T>, value: &Spanned<String>) -> String {
    format!("{}={:?}", name.value, value.value)
}

fn join(parts: impl Iterator<Item = impl Into<String>>) -> String {
    parts.map(Into::into).collect::<Vec<String>>().join(" ")
}
