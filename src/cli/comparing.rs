//! Two sides → what became of each image. Only images are compiled of which something is not the same.

use super::args::How;
use super::side::Side;
use super::sides::Sides;
use crate::base::{FileId, Sum, below, map};
use crate::compile::{Compiled, compile_locked};
use crate::diagnostic::Diagnostics;
use crate::diff::{self, Difference, Hunks, ImageDiff, Kind, Seen, causes, compare};
use crate::lower::Options;
use crate::model::{Image, Unit};
use crate::order::Orders;
use std::collections::{BTreeMap, BTreeSet};

/// What a comparison came to.
#[derive(Debug)]
pub struct Compared {
    /// The difference.
    pub difference: Difference,
    /// What is wrong on either side, so that not all was compared.
    pub wrong: [Diagnostics; 2],
}

/// What became of one image.
enum Outcome {
    /// It is the same; and whether its specs are.
    Same { respecified: bool },
    /// It is not.
    Other(Box<ImageDiff>),
    /// It does not compile on a side.
    Failed(usize, Diagnostics),
}

/// Compares the images of two sides. The outputs themselves are kept where they are `wanted`.
pub fn compare_sides(sides: &Sides, how: &How, wanted: bool) -> Compared {
    if sides.changed.is_empty() {
        return nothing(sides);
    }
    let comparer = Comparer::new(sides, how);
    let [before, after] = [&sides.before, &sides.after]
        .map(|side| side.units().map(|unit| (unit.name.value.as_str(), unit)).collect::<BTreeMap<&str, &Unit>>());
    let mut both: Vec<(&Unit, &Unit)> =
        before.iter().filter_map(|(name, unit)| Some((*unit, *after.get(name)?))).collect();
    let mut gone: Vec<&Unit> =
        before.iter().filter(|(name, _)| !after.contains_key(*name)).map(|(_, unit)| *unit).collect();
    let mut new: Vec<&Unit> =
        after.iter().filter(|(name, _)| !before.contains_key(*name)).map(|(_, unit)| *unit).collect();
    // Two files with an image each are about one image.
    if let (true, [one], [other]) = (
        sides.before.only.is_some() || both.is_empty() && sides.before.listing.files.is_empty(),
        gone.as_slice(),
        new.as_slice(),
    ) {
        both.push((one, other));
        (gone, new) = (Vec::new(), Vec::new());
    }
    let kept = |mut outcome: Outcome| {
        if let Outcome::Other(image) = &mut outcome
            && !wanted
        {
            (image.before, image.after) = (None, None);
        }
        outcome
    };
    let mut outcomes: Vec<(String, Outcome)> = Vec::new();
    let made = map(&sides.threads, both.len(), |at| kept(comparer.pair(both[at].0, both[at].1)));
    outcomes.extend(both.iter().map(|(_, unit)| unit.name.value.to_string()).zip(made));
    let lone =
        |side: usize, units: &[&Unit]| map(&sides.threads, units.len(), |at| kept(comparer.lone(side, units[at])));
    let (lost, found) = (lone(0, &gone), lone(1, &new));
    let other = |outcomes: &[Outcome]| -> Vec<(usize, ImageDiff)> {
        let images = outcomes.iter().enumerate().filter_map(|(at, outcome)| match outcome {
            Outcome::Other(image) => Some((at, (**image).clone())),
            _ => None,
        });
        images.collect()
    };
    let (lost_images, found_images) = (other(&lost), other(&found));
    let pairs = diff::renamed(
        &lost_images.iter().map(|(_, image)| image).collect::<Vec<_>>(),
        &found_images.iter().map(|(_, image)| image).collect::<Vec<_>>(),
    );
    let pairs: Vec<(usize, usize)> =
        pairs.into_iter().map(|(one, other)| (lost_images[one].0, found_images[other].0)).collect();
    let renamed = map(&sides.threads, pairs.len(), |at| kept(comparer.pair(gone[pairs[at].0], new[pairs[at].1])));
    outcomes.extend(pairs.iter().map(|(_, at)| new[*at].name.value.to_string()).zip(renamed));
    let is_paired = |side: usize, at: usize| pairs.iter().any(|pair| [pair.0, pair.1][side] == at);
    for (side, (units, made)) in [(&gone, lost), (&new, found)].into_iter().enumerate() {
        let left = made.into_iter().enumerate().filter(|(at, _)| !is_paired(side, *at));
        outcomes.extend(left.map(|(at, outcome)| (units[at].name.value.to_string(), outcome)));
    }
    comparer.whole(after.len(), outcomes)
}

/// What two sides come to that hold the same.
fn nothing(sides: &Sides) -> Compared {
    let after = &sides.after;
    let mut wrong = after.wrong.clone();
    if after.workspace.diagnostics.has_errors() {
        wrong.extend(after.workspace.diagnostics.clone());
    }
    let difference = Difference {
        sides: [sides.before.label.clone(), after.label.clone()],
        all: after.units().count(),
        images: Vec::new(),
        respecified: 0,
        causes: Vec::new(),
        failed: Vec::new(),
    };
    Compared { difference, wrong: [Diagnostics::new(), wrong] }
}

struct Comparer<'s> {
    sides: &'s Sides,
    hunks: Hunks,
    options: [Options; 2],
    orders: Orders,
    /// The hash of each text of each side, and whether it may name another image.
    texts: [BTreeMap<FileId, (Sum, bool)>; 2],
    /// The hash of what a lock says of all.
    locks: [Sum; 2],
    /// The symbolic links of the later side.
    links: Vec<String>,
}

impl<'s> Comparer<'s> {
    fn new(sides: &'s Sides, how: &How) -> Self {
        let both = [&sides.before, &sides.after];
        let [before, after] = both.map(Side::specs);
        let hunks = Hunks::new([&before, &after], both.map(|side| side.lock.as_str()), sides.changed.clone());
        let options = both.map(|side| {
            let target = how.target.map(|target| target.0).or(side.workspace.target()).unwrap_or_default();
            Options { target, unlocked: how.unlocked }
        });
        let texts = both.map(|side| {
            let files = &side.workspace.files;
            let hash = |file: FileId| {
                let text = &side.workspace.sources.presume(file).text;
                (file, (Sum::of(text.as_bytes()), names_images(text)))
            };
            map(&sides.threads, files.len(), |at| hash(files[at].0)).into_iter().collect()
        });
        let locks = both.map(|side| Sum::of(of_all(&side.lock).as_bytes()));
        let links = sides.after.listing.links();
        Self { sides, hunks, options, orders: Orders::default(), texts, locks, links }
    }

    fn side(&self, number: usize) -> &'s Side {
        if number == 0 { &self.sides.before } else { &self.sides.after }
    }

    fn pair(&self, before: &Unit, after: &Unit) -> Outcome {
        let is_same_spec = self.key(0, before) == self.key(1, after);
        if is_same_spec && self.is_untouched(after) {
            return Outcome::Same { respecified: false };
        }
        let made = match [self.compiled(0, before), self.compiled(1, after)] {
            [Ok(before), Ok(after)] => [before, after],
            [Err(told), _] => return Outcome::Failed(0, told),
            [_, Err(told)] => return Outcome::Failed(1, told),
        };
        let [before, after] = [0, 1].map(|number| Some(self.seen(number, &made[number])));
        match compare(before, after, &self.hunks) {
            Some(image) if image.kind == Kind::Identical && !image.is_affected() && image.name_before.is_none() => {
                Outcome::Same { respecified: !is_same_spec }
            }
            Some(image) => Outcome::Other(Box::new(image)),
            None => Outcome::Same { respecified: false },
        }
    }

    fn lone(&self, side: usize, unit: &Unit) -> Outcome {
        let made = match self.compiled(side, unit) {
            Ok(made) => made,
            Err(told) => return Outcome::Failed(side, told),
        };
        let seen = self.seen(side, &made);
        let (before, after) = if side == 0 { (Some(seen), None) } else { (None, Some(seen)) };
        match compare(before, after, &self.hunks) {
            Some(image) => Outcome::Other(Box::new(image)),
            None => Outcome::Same { respecified: false },
        }
    }

    fn seen<'m>(&'m self, side: usize, made: &'m (Image, Compiled)) -> Seen<'m> {
        let side = self.side(side);
        Seen { image: &made.0, compiled: &made.1, sources: &side.workspace.sources, files: &side.listing.files }
    }

    /// What an image compiles to. What rules deny may be looked at.
    fn compiled(&self, number: usize, unit: &Unit) -> Result<(Image, Compiled), Diagnostics> {
        let side = self.side(number);
        let mut told = Diagnostics::new();
        let Ok(image) = side.workspace.resolve(unit, &mut told) else { return Err(told) };
        let world = side.place.world();
        match compile_locked(&image, &side.locked, &self.orders, world, self.options[number], &mut told) {
            Ok(compiled) => Ok((image, compiled)),
            Err(_) => Err(told),
        }
    }

    /// The hash of all texts that an image is made of.
    fn key(&self, number: usize, unit: &Unit) -> Sum {
        let side = self.side(number);
        let workspace = &side.workspace;
        let mut text = format!("{:?}\0{}\0", self.options[number], self.locks[number]);
        for part in [unit.name.value.as_str(), &unit.spec, &unit.directory, &unit.output] {
            text.push_str(part);
            text.push('\0');
        }
        text.push_str(side.locked.lines(unit.name.value.as_str()));
        for file in self.files(number, unit) {
            let sum = self.texts[number].get(&file).map(|(sum, _)| sum.to_string()).unwrap_or_default();
            text.push_str(&format!("\0{}\0{sum}", workspace.path(file)));
        }
        Sum::of(text.as_bytes())
    }

    fn files(&self, number: usize, unit: &Unit) -> BTreeSet<FileId> {
        let workspace = &self.side(number).workspace;
        let own = workspace.files.first().map(|(own, _)| *own);
        own.into_iter().chain(workspace.plan.files(unit)).collect()
    }

    /// Whether no file that is not the same can mean anything to an image whose specs are.
    fn is_untouched(&self, unit: &Unit) -> bool {
        if self.sides.changed.is_empty() {
            return true;
        }
        let names_images = |file: &FileId| self.texts[1].get(file).is_none_or(|(_, names)| *names);
        if self.files(1, unit).iter().any(names_images) {
            return false;
        }
        let Ok(image) = self.sides.after.workspace.resolve(unit, &mut Diagnostics::new()) else { return false };
        let context = image.context.as_str();
        let start = if context.is_empty() { String::new() } else { format!("{context}/") };
        let mut from = self.sides.changed.range(start..);
        // A link may lead anywhere, so that what it leads to may be anywhere.
        let is_below = |path: &&String| context.is_empty() || below(context, path).is_some();
        let has_links = || self.links.iter().any(|path| is_below(&path));
        !from.next().is_some_and(|path| is_below(&path)) && !has_links()
    }

    fn whole(&self, count: usize, outcomes: Vec<(String, Outcome)>) -> Compared {
        let both = [&self.sides.before, &self.sides.after];
        let mut wrong = both.map(|side| {
            let mut wrong = side.wrong.clone();
            if side.workspace.diagnostics.has_errors() {
                wrong.extend(side.workspace.diagnostics.clone());
            }
            wrong
        });
        let (mut images, mut failed, mut respecified, mut gone) = (Vec::new(), Vec::new(), 0, 0);
        for (name, outcome) in outcomes {
            match outcome {
                Outcome::Same { respecified: is_respecified } => respecified += usize::from(is_respecified),
                Outcome::Other(image) => {
                    gone += usize::from(image.kind == Kind::Removed);
                    images.push(*image);
                }
                Outcome::Failed(side, told) => {
                    wrong[side].extend(told);
                    failed.push((name, both[side].label.clone()));
                }
            }
        }
        images.sort_by(|a: &ImageDiff, b| a.name.cmp(&b.name));
        failed.sort();
        let causes = causes(&images);
        let sides = both.map(|side| side.label.clone());
        let difference = Difference { sides, all: count + gone, images, respecified, causes, failed };
        Compared { difference, wrong }
    }
}

/// Whether a spec may name another image of the workspace: by a property `image=`.
fn names_images(text: &str) -> bool {
    text.match_indices("image").any(|(at, word)| text[at + word.len()..].trim_start().starts_with('='))
}

/// The lines of a lock that are about no image.
fn of_all(lock: &str) -> String {
    let mut text = String::new();
    let mut is_inside = false;
    for line in lock.lines() {
        is_inside = line.starts_with("image ") || is_inside && line.starts_with(' ');
        if !is_inside && line != "}" {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}
