//! Floor 6: images to build graphs. Every item of a spec becomes a step or a part of the config, its paths resolved,
//! with what it reads, writes and needs. No order is chosen here.

mod items;
mod languages;
mod needs;
mod paths;
mod sources;

pub use needs::needs;
pub use sources::matches;

use crate::base::{ImagePath, Spanned, World};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Account, Base, BaseImage, Family, Graph, Stage, Target, known};
use crate::lock::Measured;
use crate::model;
use crate::spec::{Item, StagePlatform};
use items::Items;
use sources::Sources;
use std::sync::Arc;

/// What the caller decides.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Who builds it.
    pub target: Target,
    /// Whether pins may be missing.
    pub unlocked: bool,
}

/// The build graph of `image`, its steps in the order of the source. All mistakes are told before it gives up.
pub fn lower(
    image: &model::Image,
    world: &dyn World,
    options: Options,
    diagnostics: &mut Diagnostics,
) -> Result<Graph, Reported> {
    let bases = lower_bases(image, world);
    let mut stages: Vec<Stage> = Vec::new();
    let mut sources = Sources::new(world, &image.context);
    let mut failed = None;
    for stage in &image.stages {
        // A stage's base stands before it, unless it has mistakes of its own; what it would have brought is then taken
        // for what nothing brings.
        let below = below(stage, &stages, &bases);
        match lower_stage(stage, below, image, world, options.target, &mut sources, diagnostics) {
            Ok(mut stage) => {
                needs::connect(&mut stage);
                stages.push(stage);
            }
            Err(reported) => failed = Some(reported),
        }
    }
    match failed {
        Some(reported) => Err(reported),
        None => Ok(Graph {
            image: image.name.clone(),
            spec: image.spec.clone(),
            output: image.output.clone(),
            context: image.context.clone(),
            target: options.target,
            unlocked: options.unlocked,
            platforms: image.platforms.clone(),
            stages,
            bases,
            rules: image.rules.clone(),
            pinning: Arc::clone(&image.pinning),
            stale: Vec::new(),
            measured: Measured::default(),
        }),
    }
}

/// What is known of the images of the workspace that `image` stands on: what their stages do, and what comes of that. Of
/// one with mistakes nothing is known; they are told where it is compiled itself.
fn lower_bases(image: &model::Image, world: &dyn World) -> Vec<BaseImage> {
    let mut bases: Vec<BaseImage> = Vec::new();
    for base in &image.bases {
        let mut sources = Sources::new(world, &base.context);
        let mut unheard = Diagnostics::new();
        let mut stages: Vec<Stage> = Vec::new();
        let lowered = base.lineage().into_iter().try_for_each(|stage| {
            let below = below(stage, &stages, &bases);
            let stage = lower_stage(stage, below, base, world, Target::default(), &mut sources, &mut unheard)?;
            stages.push(stage);
            Ok::<(), Reported>(())
        });
        if lowered.is_ok() {
            stages.reverse();
            bases.push(BaseImage { name: base.name.value.clone(), context: base.context.clone(), stages });
        }
    }
    bases
}

/// The stage that `stage` starts from, of its own image or the final one of another.
fn below<'s>(stage: &model::Stage, earlier: &'s [Stage], bases: &'s [BaseImage]) -> Option<&'s Stage> {
    match &stage.from.base.value {
        Base::Stage(name) => earlier.iter().find(|other| other.name.as_ref().is_some_and(|n| n.value == *name)),
        Base::Image(name) => bases.iter().find(|base| base.name == *name)?.stages.first(),
        Base::Scratch | Base::Registry(_) => None,
    }
}

fn lower_stage(
    stage: &model::Stage,
    below: Option<&Stage>,
    image: &model::Image,
    world: &dyn World,
    target: Target,
    sources: &mut Sources<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<Stage, Reported> {
    let family = match &stage.from.base.value {
        Base::Scratch => Family::Empty,
        Base::Registry(reference) => Family::of(reference),
        Base::Stage(_) | Base::Image(_) => below.map_or(Family::Debian, |base| base.family),
    };
    let inherited = match &stage.from.base.value {
        // Nothing says where else the commands of these would run.
        Base::Scratch => Some(ImagePath::root()),
        Base::Registry(_) => None,
        Base::Stage(_) | Base::Image(_) => below.and_then(|base| base.workdir.clone()),
    };
    let workdir = paths::workdir(stage, inherited, diagnostics)?;
    let base = match (&stage.from.base.value, below.map(|below| &below.base.value)) {
        (Base::Registry(reference), _) | (Base::Stage(_) | Base::Image(_), Some(Base::Registry(reference))) => {
            Some(reference)
        }
        _ => None,
    };
    let mut items = Items::new(image, world, sources, workdir.clone(), base, diagnostics);
    for item in &stage.body {
        let lowered = items.lower(item, &stage.body);
        items.note(lowered);
    }
    let lowered = items.finish(target)?;
    let mut accounts: Vec<Account> = match &stage.from.base.value {
        Base::Registry(reference) => known::accounts(reference),
        _ => below.map(|base| base.accounts.clone()).unwrap_or_default(),
    };
    accounts.extend(lowered.accounts);
    Ok(Stage {
        name: stage.name.clone(),
        base: Spanned::new(stage.from.base.value.clone(), stage.from.base.span),
        on_builder: stage.from.platform == StagePlatform::Build,
        keep: stage.keep,
        family: refined(family, &stage.body),
        workdir,
        accounts,
        steps: lowered.steps,
        config: lowered.config,
        rules: stage.rules.clone(),
        span: stage.span,
    })
}

/// A base's name may not tell its family, but packages of a manager do.
fn refined(family: Family, body: &[Item]) -> Family {
    let manager = body.iter().find_map(|item| match item {
        Item::Apt(_) => Some(Family::Debian),
        Item::Apk(_) => Some(Family::Alpine),
        Item::Dnf(_) => Some(Family::RedHat),
        _ => None,
    });
    if family.has_shell() { manager.unwrap_or(family) } else { family }
}
