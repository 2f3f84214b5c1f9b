//! What the instructions of a stage have set so far, so that none is repeated and each is given back.

use super::super::instruction::Instruction;
use super::super::parse::{Keyword, parse_raw};
use super::StageLowering;
use crate::base::{ImagePath, Owner};
use crate::graph::{Base, Dir, Family, Graph, Stage, StepKind};
use std::collections::BTreeSet;

/// What the instructions so far have set; `None` for what the base has, which is not known.
#[derive(Debug, Clone, Default)]
pub(super) struct State {
    /// The user that RUN runs as.
    user: Option<String>,
    /// The directory that RUN runs in.
    workdir: Option<ImagePath>,
    /// The shell of shell forms.
    pub(super) shell: Option<Vec<String>>,
    /// The shell that the spec wants, without what the compiler adds to it.
    pub(super) wanted_shell: Option<Vec<String>>,
    /// Whether `passwd` of an image without tools is written.
    pub(super) has_accounts: bool,
    /// Whether `workdir` is that of a language's commands, to be given back.
    is_elsewhere: bool,
    /// Directories that are there for sure, beside those of every base.
    directories: BTreeSet<ImagePath>,
}

/// Directories that every base with files of a distribution has.
const USUAL_DIRECTORIES: &[&str] = &[
    "/bin",
    "/etc",
    "/home",
    "/lib",
    "/root",
    "/run",
    "/sbin",
    "/tmp",
    "/usr",
    "/usr/bin",
    "/usr/lib",
    "/usr/local",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/share",
    "/var",
    "/var/lib",
    "/var/log",
    "/var/tmp",
];

impl State {
    /// What an empty image has.
    pub(super) fn of_scratch() -> Self {
        Self { workdir: Some(ImagePath::root()), ..Self::default() }
    }

    /// What the image of the workspace has that `stage` starts from: as its Dockerfile leaves it.
    pub(super) fn of_base(graph: &Graph, stage: &Stage) -> Self {
        let mut below: Vec<&Stage> = graph.stages_below(stage).skip(1).collect();
        let user = below.iter().find_map(|stage| Some((stage, stage.config.user.as_ref()?)));
        let user = user.map(|(stage, user)| owner(stage, &user.value));
        below.reverse();
        let mut state = match below.first().map(|lowest| &lowest.base.value) {
            Some(Base::Scratch) => Self::of_scratch(),
            _ => Self::default(),
        };
        for stage in below {
            for step in &stage.steps {
                match &step.kind {
                    StepKind::Dir(Dir { path, .. }) | StepKind::Workdir(path) => state.has_directory(path),
                    StepKind::User { home: Some(home), .. } => state.has_directory(home),
                    StepKind::Raw { text } => {
                        if let Ok(parsed) = parse_raw(&text.value) {
                            state.forget(parsed.keyword);
                        }
                    }
                    _ => {}
                }
            }
            if let Some(path) = &stage.config.workdir {
                state.workdir = Some(path.value.clone());
            }
            if let Some(words) = &stage.config.shell {
                state.wanted_shell = Some(words.value.clone());
            }
            // Its config gives both back, whatever they were between.
            state.shell.clone_from(&state.wanted_shell);
        }
        Self { user, ..state }
    }

    /// An instruction that was not made here may have set something.
    pub(super) fn forget(&mut self, keyword: Keyword) {
        match keyword {
            // Not known any more, and not what the base has.
            Keyword::User => self.user = Some(String::new()),
            Keyword::Workdir => self.workdir = None,
            Keyword::Shell => self.shell = Some(Vec::new()),
            _ => {}
        }
    }

    /// The directory that RUN runs in, if it is known.
    pub(super) fn workdir(&self) -> Option<&ImagePath> {
        self.workdir.as_ref()
    }

    /// The directory `path` is there now, and all it stands in.
    pub(super) fn has_directory(&mut self, path: &ImagePath) {
        let mut path = path.clone();
        while path.as_str() != "/" && self.directories.insert(path.clone()) {
            path = path.parent();
        }
    }
}

impl StageLowering<'_, '_> {
    /// Makes root the user, if somebody else is known to be.
    pub(super) fn be_root(&mut self) {
        if self.state.user.as_deref().is_some_and(|user| !is_root(user)) {
            self.user("0:0");
        }
    }

    /// Makes `user` the user.
    pub(super) fn user(&mut self, user: &str) {
        if self.state.user.as_deref() != Some(user) {
            self.state.user = Some(user.to_owned());
            self.push(Instruction::User(user.to_owned()));
        }
    }

    /// Makes `path` the directory that commands run in.
    pub(super) fn workdir(&mut self, path: &ImagePath) {
        if self.state.workdir.as_ref() != Some(path) {
            self.state.workdir = Some(path.clone());
            self.state.has_directory(path);
            self.push(Instruction::Workdir(path.clone()));
        }
    }

    /// Makes `path` the directory that commands run in until the stage's is wanted again.
    pub(super) fn leave_workdir(&mut self, path: &ImagePath) {
        if self.state.workdir.as_ref() != Some(path) {
            // It may make the directory.
            self.be_root();
            self.workdir(path);
        }
        self.state.is_elsewhere = true;
    }

    /// Gives back the directory that commands of the stage run in.
    pub(super) fn back_to_workdir(&mut self) {
        if self.state.is_elsewhere {
            self.state.is_elsewhere = false;
            if let Some(path) = &self.stage.workdir {
                self.workdir(path);
            }
        }
    }

    /// Whether the directory `path` is there for sure.
    pub(super) fn knows_directory(&self, path: &ImagePath) -> bool {
        let is_usual = || self.stage.family != Family::Empty && USUAL_DIRECTORIES.contains(&path.as_str());
        path.as_str() == "/" || self.state.directories.contains(path) || is_usual()
    }

    /// `owner` as instructions take it: numbers where they are known, for names are looked up in the image.
    pub(super) fn owner(&self, owner: &Owner) -> String {
        self::owner(self.stage, owner)
    }
}

fn owner(stage: &Stage, owner: &Owner) -> String {
    match stage.numeric(owner) {
        Some((uid, gid)) => format!("{uid}:{gid}"),
        None => owner.to_string(),
    }
}

/// Whether USER's `user` is root.
pub(super) fn is_root(user: &str) -> bool {
    matches!(user.split(':').next(), Some("0" | "root"))
}
