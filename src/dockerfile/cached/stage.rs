//! The stages of one build, each brought from what it starts from to where it ends.

use super::super::parse::file::{Line, ParsedFile};
use super::super::parse::{Arguments, Keyword, Parsed, parse_raw};
use super::super::pattern::is_glob;
use super::expand::expand;
use super::key::Parts;
use super::{Context, Step, Wanted, flags};
use crate::base::{Invalid, Sum, below, normalize};
use std::collections::{BTreeMap, BTreeSet};

/// A build on its way.
pub(super) struct Stages<'b> {
    pub(super) file: &'b ParsedFile,
    pub(super) context: &'b Context,
    pub(super) wanted: &'b Wanted,
    pub(super) arguments: BTreeMap<String, String>,
    /// Where each stage ends that was run.
    ends: BTreeMap<usize, Stand>,
    steps: Vec<(Step, Sum)>,
}

/// Where a stage stands after some of its instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stand {
    /// What the next step stands on.
    pub(super) key: Sum,
    /// What is known of its files.
    pub(super) files: Files,
    /// In the order in which they were last set.
    pub(super) variables: Vec<(String, String)>,
    pub(super) workdir: String,
    pub(super) user: String,
    pub(super) shell: Vec<String>,
    triggers: Vec<String>,
}

/// The files of a stage: those that a command or an image left, and what was put over them since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Files {
    below: Sum,
    above: Vec<(String, Sum)>,
}

/// Where something is taken from.
pub(super) enum Origin<'s> {
    Context,
    Stage(&'s Files),
    Image(String),
}

impl<'b> Stages<'b> {
    pub(super) fn new(
        file: &'b ParsedFile,
        context: &'b Context,
        wanted: &'b Wanted,
        arguments: BTreeMap<String, String>,
    ) -> Self {
        Self { file, context, wanted, arguments, ends: BTreeMap::new(), steps: Vec::new() }
    }

    /// The stages that the wanted one is made of, in the order of the file.
    pub(super) fn reached(&self) -> Result<BTreeSet<usize>, Invalid> {
        let target = match &self.wanted.target {
            None => self.file.stages.len() - 1,
            Some(name) => self
                .stage_before(self.file.stages.len(), name)
                .ok_or_else(|| Invalid::new(format!("there is no stage `{name}`")))?,
        };
        let mut reached = BTreeSet::new();
        let mut open = vec![target];
        while let Some(at) = open.pop() {
            if reached.insert(at) {
                open.extend(self.needed(at));
            }
        }
        Ok(reached)
    }

    /// The stages that stage `at` starts or takes something from.
    fn needed(&self, at: usize) -> Vec<usize> {
        let stage = &self.file.stages[at];
        let mut needed: Vec<usize> = self.base(at).into_iter().collect();
        for line in &stage.instructions {
            let parsed = trigger_of(&line.parsed);
            let mounts = flags(&parsed.flags, "mount").filter_map(|mount| option(mount, &["from"]));
            let sources = flags(&parsed.flags, "from").chain(mounts);
            needed.extend(sources.filter_map(|name| self.stage_before(at, &self.expanded(name))));
        }
        needed
    }

    fn base(&self, at: usize) -> Option<usize> {
        // A number is an image here.
        let name = self.expanded(&self.file.stages[at].base).to_lowercase();
        self.file.stages[..at].iter().rposition(|stage| stage.name.as_deref() == Some(name.as_str()))
    }

    pub(super) fn stage_before(&self, at: usize, name: &str) -> Option<usize> {
        let lower = name.to_lowercase();
        let named = self.file.stages[..at].iter().rposition(|stage| stage.name.as_deref() == Some(lower.as_str()));
        named.or_else(|| name.parse().ok().filter(|number| *number < at))
    }

    fn expanded(&self, word: &str) -> String {
        expand(word, &|name| self.arguments.get(name).cloned())
    }

    pub(super) fn origin(&self, at: usize, name: Option<&str>) -> Origin<'_> {
        let Some(name) = name else { return Origin::Context };
        match self.stage_before(at, name).and_then(|stage| self.ends.get(&stage)) {
            Some(end) => Origin::Stage(&end.files),
            None => Origin::Image(name.to_owned()),
        }
    }

    /// Runs the instructions of stage `at`; the stages it needs have been run.
    pub(super) fn run(&mut self, at: usize) -> Result<(), Invalid> {
        let stage = &self.file.stages[at];
        let mut stand = self.start(at);
        let triggers = std::mem::take(&mut stand.triggers);
        let triggers = triggers.into_iter().map(|text| {
            let parsed = parse_raw(&text)?;
            Ok(Line { number: stage.line, parsed, text })
        });
        let triggers = triggers.collect::<Result<Vec<_>, _>>()?;
        // An image is the first that the builder counts; `scratch` and a stage are nothing to it.
        let is_image = self.base(at).is_none() && !self.expanded(&stage.base).eq_ignore_ascii_case("scratch");
        let mut index = usize::from(is_image);
        for line in triggers.iter().chain(&stage.instructions) {
            let key = self.take(at, line, &mut stand);
            let key = key.map_err(|invalid| Invalid::new(format!("line {}: {invalid}", line.number)))?;
            if let Some(key) = key {
                index += 1;
                self.steps.push((self.step(at, index, line), key));
            }
            if let Arguments::Instruction(_) = &line.parsed.arguments
                && line.parsed.keyword == Keyword::Onbuild
            {
                let text = line.text.trim_start();
                stand.triggers.extend(text.split_once(char::is_whitespace).map(|(_, behind)| behind.to_owned()));
            }
        }
        self.ends.insert(at, stand);
        Ok(())
    }

    /// The steps, each with its key.
    pub(super) fn into_steps(self) -> Vec<(Step, Sum)> {
        self.steps
    }

    fn step(&self, at: usize, index: usize, line: &Line) -> Step {
        let stage = match &self.file.stages[at].name {
            Some(name) => name.clone(),
            None if self.file.stages.len() > 1 => format!("stage-{at}"),
            None => String::new(),
        };
        let (keyword, text) = (line.parsed.keyword, line.text.trim().to_owned());
        Step { stage, index, line: line.number, keyword, text, cached: false }
    }

    fn start(&self, at: usize) -> Stand {
        let stage = &self.file.stages[at];
        if let Some(end) = self.base(at).and_then(|base| self.ends.get(&base)) {
            return end.clone();
        }
        // The platform of the build itself is the one without a word.
        let platform = stage.platform.as_deref().map(|platform| self.expanded(platform));
        let platform = platform.filter(|platform| Some(platform) != self.arguments.get("BUILDPLATFORM"));
        Stand::on(Parts::of("image").text(&self.expanded(&stage.base)).text(&platform.unwrap_or_default()).hash())
    }

    /// Takes `stand` behind an instruction; the key of its step, if it is one.
    fn take(&self, at: usize, line: &Line, stand: &mut Stand) -> Result<Option<Sum>, Invalid> {
        let (before, parsed) = (stand.clone(), &line.parsed);
        let value = |name: &str| before.variable(name);
        match (parsed.keyword, &parsed.arguments) {
            (Keyword::Arg, Arguments::Pairs(pairs)) => {
                for (name, default) in pairs {
                    let set = self.wanted.arguments.get(name).cloned();
                    let own = default.as_ref().map(|default| expand(default, &|name| stand.variable(name)));
                    if let Some(value) = set.or(own).or_else(|| self.arguments.get(name).cloned()) {
                        stand.set(name, &value);
                    }
                }
            }
            (Keyword::Env, Arguments::Pairs(pairs)) => {
                for (name, text) in pairs {
                    stand.set(&expand(name, &value), &expand(text.as_deref().unwrap_or_default(), &value));
                }
            }
            (Keyword::User, Arguments::Text(user)) => stand.user = expand(user, &value),
            (Keyword::Shell, Arguments::Json(words)) => stand.shell.clone_from(words),
            (Keyword::Workdir, Arguments::Text(path)) => return Ok(stand.change_directory(&expand(path, &value))),
            (Keyword::Copy | Keyword::Add, _) => return self.copy(at, parsed, stand).map(Some),
            (Keyword::Run, _) => return self.execute(at, line, stand).map(Some),
            _ => {}
        }
        Ok(None)
    }
}

impl Stand {
    /// The start on an image.
    fn on(key: Sum) -> Self {
        Self {
            key,
            files: Files { below: key, above: Vec::new() },
            variables: Vec::new(),
            workdir: "/".to_owned(),
            user: String::new(),
            shell: ["/bin/sh", "-c"].map(str::to_owned).to_vec(),
            triggers: Vec::new(),
        }
    }

    pub(super) fn variable(&self, name: &str) -> Option<String> {
        self.variables.iter().find(|(other, _)| other == name).map(|(_, value)| value.clone())
    }

    fn set(&mut self, name: &str, value: &str) {
        // The order is a part of what a command is known by.
        self.variables.retain(|(other, _)| other != name);
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// `path` from the root, seen from where the stage stands.
    pub(super) fn absolute(&self, path: &str) -> String {
        let from_root = if path.starts_with('/') { path.to_owned() } else { format!("{}/{path}", self.workdir) };
        format!("/{}", normalize(&from_root).unwrap_or_default())
    }

    fn change_directory(&mut self, path: &str) -> Option<Sum> {
        self.workdir = self.absolute(path);
        // The root is there already.
        if self.workdir == "/" {
            return None;
        }
        self.key = Parts::of("WORKDIR").sum(&self.key).text(&self.workdir).text(&self.user).hash();
        self.files.put(self.workdir.clone(), Parts::of("made").text(&self.user).hash());
        Some(self.key)
    }
}

impl Files {
    /// What a command left of them, of which nothing is known but its key.
    pub(super) fn left_by(key: Sum) -> Self {
        Self { below: key, above: Vec::new() }
    }

    pub(super) fn put(&mut self, path: String, content: Sum) {
        self.above.push((path, content));
    }

    /// What `path`, perhaps a pattern, and all below it are known by.
    pub(super) fn content(&self, path: &str) -> Sum {
        let path = normalize(path).unwrap_or_default();
        let certain: Vec<&str> = path.split('/').take_while(|part| !is_glob(part)).collect();
        let certain = certain.join("/");
        let mut parts = Parts::of("files").sum(&self.below).text(&path);
        for (put, content) in &self.above {
            let put = put.trim_matches('/');
            if is_at_or_below(put, &certain) || is_at_or_below(&certain, put) {
                parts = parts.text(put).sum(content);
            }
        }
        parts.hash()
    }
}

fn is_at_or_below(path: &str, directory: &str) -> bool {
    path == directory || below(directory, path).is_some()
}

/// What an ONBUILD would do, for an ONBUILD; otherwise the instruction itself.
fn trigger_of(parsed: &Parsed) -> &Parsed {
    match &parsed.arguments {
        Arguments::Instruction(trigger) => trigger,
        _ => parsed,
    }
}

/// The first option of a mount that has one of `names`.
pub(super) fn option<'m>(mount: &'m str, names: &[&str]) -> Option<&'m str> {
    let pairs = mount.split(',').map(|option| option.split_once('=').unwrap_or((option, "true")));
    pairs.into_iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value)
}
