//! A graph and its stages.

use super::{Config, Copy, CopyFrom, Family, Step, StepId, StepKind};
use crate::base::{ImageName, ImagePath, Owner, Platform, Span, Spanned, StageName};
use crate::lock::Measured;
use crate::spec::{Base, Pinning, RuleSetting, Target};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The build graph of one image.
#[derive(Debug, Clone)]
pub struct Graph {
    /// The image's name.
    pub image: Spanned<ImageName>,
    /// The spec's path from the workspace's root.
    pub spec: String,
    /// The Dockerfile's path from the workspace's root.
    pub output: String,
    /// The build context's directory from the workspace's root; empty for the root itself.
    pub context: String,
    /// Who builds it.
    pub target: Target,
    /// Whether pins may be missing (`--unlocked`).
    pub unlocked: bool,
    /// The platforms it is built for; empty for the builder's own.
    pub platforms: Vec<Platform>,
    /// The stages, each behind those it needs, the final one last.
    pub stages: Vec<Stage>,
    /// The images of the workspace that those start from, as far as they are known. They are built by graphs of their own.
    pub bases: Vec<BaseImage>,
    /// The image's and workspace's settings of rules; of two for one rule the last counts.
    pub rules: Vec<RuleSetting>,
    /// Where the workspace's pins come from.
    pub pinning: Arc<Pinning>,
    /// The places of packages whose pin in the lock was found for something else.
    pub stale: Vec<Span>,
    /// What the lock says of its rebuilds.
    pub measured: Measured,
}

/// An image of the workspace that others start from.
#[derive(Debug, Clone)]
pub struct BaseImage {
    /// Its name.
    pub name: ImageName,
    /// Its build context's directory from the workspace's root.
    pub context: String,
    /// Its final stage, the stage that one starts from, and so on. Their steps stand in the order of the source, without
    /// needs.
    pub stages: Vec<Stage>,
}

impl Graph {
    /// A stage, the stage it starts from, the one that starts from, and so on, through the images of the workspace.
    pub fn stages_below<'g>(&'g self, stage: &'g Stage) -> impl Iterator<Item = &'g Stage> {
        self.lineage(stage).map(|(_, stage)| stage)
    }

    /// The same, each with the build context of its image.
    pub fn lineage<'g>(&'g self, stage: &'g Stage) -> impl Iterator<Item = (&'g str, &'g Stage)> {
        let lowest = self.own_stages_below(stage).last().unwrap_or(stage);
        let next = |base: &&'g BaseImage| self.base_of(base.stages.last()?);
        let bases = std::iter::successors(self.base_of(lowest), next).take(self.bases.len());
        let of_bases = bases.flat_map(|base| base.stages.iter().map(|stage| (base.context.as_str(), stage)));
        self.own_stages_below(stage).map(|stage| (self.context.as_str(), stage)).chain(of_bases)
    }

    /// The image of the workspace that a stage starts from, if it is known.
    pub fn base_of(&self, stage: &Stage) -> Option<&BaseImage> {
        match &stage.base.value {
            Base::Image(name) => self.bases.iter().find(|base| base.name == *name),
            Base::Scratch | Base::Registry(_) | Base::Stage(_) => None,
        }
    }

    /// A stage, the stage it starts from, and so on, within the image.
    pub fn own_stages_below<'g>(&'g self, stage: &'g Stage) -> impl Iterator<Item = &'g Stage> {
        let below = |stage: &&'g Stage| match &stage.base.value {
            Base::Stage(base) => {
                self.stages.iter().find(|below| below.name.as_ref().is_some_and(|name| name.value == *base))
            }
            Base::Scratch | Base::Registry(_) | Base::Image(_) => None,
        };
        // No more than there are, so that stages that start from each other end too.
        std::iter::successors(Some(stage), below).take(self.stages.len())
    }
}

impl Graph {
    /// The names of the stages that the final one or one that is kept needs, and of those that are kept.
    pub fn reached(&self) -> BTreeSet<&StageName> {
        let mut reached = BTreeSet::new();
        // A stage stands behind those it needs, so one walk from the end meets each before what it needs.
        for stage in self.stages.iter().rev() {
            let name = stage.name.as_ref().map(|name| &name.value);
            if stage.keep || name.is_none_or(|name| reached.contains(name)) {
                reached.extend(name);
                reached.extend(stage.needs());
            }
        }
        reached
    }
}

/// A stage of a build.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Its name; the final stage has none.
    pub name: Option<Spanned<StageName>>,
    /// What it starts from.
    pub base: Spanned<Base>,
    /// Whether it runs on the builder's platform rather than the image's (`--platform=$BUILDPLATFORM`).
    pub on_builder: bool,
    /// Whether it is kept though nothing reaches it (`target=#true`).
    pub keep: bool,
    /// The system its base holds, through all stages below it.
    pub family: Family,
    /// The directory its commands run in: its own `workdir`, else that of the stage it starts from; `None` where only
    /// the base knows it.
    pub workdir: Option<ImagePath>,
    /// The users it can name with their numbers: its own and those of the stages it starts from.
    pub accounts: Vec<Account>,
    /// What is done, in the order of emission. [`Step::needs`] is a partial order that this order keeps.
    pub steps: Vec<Step>,
    /// The config of its image.
    pub config: Config,
    /// The stage's own settings of rules.
    pub rules: Vec<RuleSetting>,
    /// The `stage` or `image` node's name.
    pub span: Span,
}

impl Stage {
    /// Its name in messages.
    pub fn described(&self) -> String {
        self.name.as_ref().map_or_else(|| "the final stage".to_owned(), |name| format!("stage `{}`", name.value))
    }

    /// The stages that it starts from or copies from.
    pub fn needs(&self) -> impl Iterator<Item = &StageName> {
        let base = match &self.base.value {
            Base::Stage(name) => Some(name),
            Base::Scratch | Base::Registry(_) | Base::Image(_) => None,
        };
        let copied = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Copy(Copy { from: CopyFrom::Stage(name), .. }) => Some(name),
            _ => None,
        });
        base.into_iter().chain(copied)
    }

    /// The step of that number.
    ///
    /// # Panics
    /// If the stage does not hold it: passes keep `needs` and `steps` in agreement.
    pub fn presume_step(&self, id: StepId) -> &Step {
        self.steps.iter().find(|step| step.id == id).expect("`needs` names steps of its stage")
    }

    /// The numbers behind a user's name, where the spec gives them; numbers stay what they are.
    pub fn numeric(&self, owner: &Owner) -> Option<(u32, u32)> {
        let account = |name: &str| self.accounts.iter().rev().find(|account| account.name == name);
        let user = match owner.user.parse() {
            Ok(uid) => (uid, owner.group.is_none().then(|| account_of(self, uid)).flatten()),
            Err(_) if owner.user == "root" => (0, Some(0)),
            Err(_) => account(&owner.user).map(|account| (account.uid, Some(account.gid)))?,
        };
        let gid = match &owner.group {
            None => user.1?,
            Some(group) if group == "root" => 0,
            Some(group) => group.parse().ok().or_else(|| account(group).map(|account| account.gid))?,
        };
        return Some((user.0, gid));

        fn account_of(stage: &Stage, uid: u32) -> Option<u32> {
            if uid == 0 { Some(0) } else { stage.accounts.iter().rev().find(|a| a.uid == uid).map(|a| a.gid) }
        }
    }
}

/// A user with numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The login name; its group has the same.
    pub name: Cow<'static, str>,
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}
