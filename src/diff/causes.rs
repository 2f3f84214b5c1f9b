//! Which line of which spec, template or lock makes a change, and which images it reaches.

use super::meaning::{Change, Found};
use super::{Aspect, ImageDiff, Kind, Seen};
use crate::base::{LOCK, Span};
use crate::diagnostic::Sources;
use crate::model::Image;
use crate::syntax::Node;
use serde::Serialize;
use similar::{DiffTag, TextDiff};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What makes a change: a run of lines that are not the same, or a line that is but says it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct CauseId {
    /// The file: where it is now, or was.
    pub path: String,
    /// Its first line that is meant; none for a file as a whole.
    pub line: u32,
    /// Whether that is a line of the earlier state, which is gone.
    pub gone: bool,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Place {
    /// The file.
    pub path: String,
    /// The lines, the first one first; none for a file as a whole.
    pub lines: Vec<u32>,
    /// Whether those are lines that are gone.
    pub gone: bool,
}

/// What makes changes, and what it makes.
#[derive(Debug, Clone)]
pub struct Cause {
    /// Where it is.
    pub place: Place,
    /// Numbers of the images that it reaches.
    pub images: Vec<usize>,
    /// The images by what it does to them, most first: the first of the first group stands for all.
    pub groups: Vec<Group>,
}

/// Images to which a cause does the same.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their numbers.
    pub images: Vec<usize>,
    /// What it does.
    pub changes: Vec<Change>,
}

/// The lines of all files of a workspace that are not the same on both sides.
#[derive(Debug, Default)]
pub struct Hunks {
    /// By the paths of the later side.
    files: BTreeMap<String, Vec<Hunk>>,
    /// The path that a file of the earlier side has now.
    moved: BTreeMap<String, String>,
    /// The lines of the lock: those that are gone and those that are new, each with its number.
    lock: [Vec<(u32, String)>; 2],
    /// The paths of all files of the workspace that are not the same.
    changed: BTreeSet<String>,
}

/// Lines that are not the same; one of the two may be empty.
#[derive(Debug, Clone)]
struct Hunk {
    before: Range<u32>,
    after: Range<u32>,
}

impl Hunks {
    /// Those of two sides: the texts of their specs and of their locks, and the paths of files that are not the same.
    pub fn new(specs: [&[(String, &str)]; 2], locks: [&str; 2], changed: BTreeSet<String>) -> Self {
        let mut hunks = Self { changed, ..Self::default() };
        let [before, after] =
            specs.map(|specs| specs.iter().map(|(path, text)| (path.as_str(), *text)).collect::<BTreeMap<_, _>>());
        let mut lost: Vec<(&str, &str)> =
            before.iter().filter(|(path, _)| !after.contains_key(*path)).map(|(path, text)| (*path, *text)).collect();
        for (path, text) in &after {
            let old = match before.get(path) {
                Some(old) => Some(*old),
                None => {
                    let at = alike(&lost, text);
                    at.map(|at| {
                        let (old, text) = lost.remove(at);
                        hunks.moved.insert(old.to_owned(), (*path).to_owned());
                        text
                    })
                }
            };
            if old != Some(*text) {
                hunks.files.insert((*path).to_owned(), of_texts(old.unwrap_or_default(), text));
            }
        }
        for (path, text) in lost {
            hunks.files.insert(path.to_owned(), of_texts(text, ""));
        }
        if locks[0] != locks[1] {
            let all = of_texts(locks[0], locks[1]);
            for (side, text) in locks.iter().enumerate() {
                let lines: Vec<&str> = text.lines().collect();
                let range = |hunk: &Hunk| if side == 0 { hunk.before.clone() } else { hunk.after.clone() };
                let numbers = all.iter().flat_map(range);
                let line = |number: u32| Some((number, (*lines.get(number as usize - 1)?).to_owned()));
                hunks.lock[side] = numbers.filter_map(line).collect();
            }
        }
        hunks
    }

    /// The paths of the specs that are not the same on both sides.
    pub fn specs(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// What makes a change of an image that was and is.
    pub(super) fn cause(&self, found: &Found, before: Option<Seen<'_>>, after: Option<Seen<'_>>) -> CauseId {
        let sides = [(after, &found.after, false), (before, &found.before, true)];
        for (seen, places, gone) in &sides {
            let Some(seen) = seen else { continue };
            for span in places.iter().flat_map(|place| involved(seen.image, *place)) {
                if let Some(cause) = self.at(seen.sources, span, *gone) {
                    return cause;
                }
            }
        }
        if let Some(cause) = self.in_lock(&found.change) {
            return cause;
        }
        if let Some(path) = after.and_then(|seen| self.manifest(seen, found)) {
            return CauseId { path, line: 0, gone: false };
        }
        // A word of a file that says it of all, such as the target of the workspace.
        let files = after.iter().flat_map(|seen| [seen.image.spec.as_str()]).chain(self.specs());
        if let Some((path, hunk)) = files.filter_map(|path| Some((path, self.files.get(path)?.first()?))).next() {
            return cause_at(path, hunk);
        }
        let own = sides.iter().find_map(|(seen, places, gone)| {
            let (seen, place) = ((*seen)?, *places.first()?);
            let path = seen.sources.presume(place.file).path.to_string();
            Some(CauseId { path, line: seen.sources.place(place).line, gone: *gone })
        });
        own.unwrap_or_default()
    }

    /// The run of lines that `span` touches.
    fn at(&self, sources: &Sources, span: Span, gone: bool) -> Option<CauseId> {
        let source = sources.presume(span.file);
        let path: &str =
            if gone { self.moved.get(&*source.path).map_or(&source.path, |path| path) } else { &source.path };
        let lines = source.place(span.start).line..source.place(span.end).line + 1;
        let touched = self.files.get(path)?.iter().find(|hunk| {
            let own = if gone { &hunk.before } else { &hunk.after };
            own.start < lines.end && lines.start < own.end
        })?;
        Some(cause_at(path, touched))
    }

    /// The line of the lock that is about the subject of a change.
    fn in_lock(&self, change: &Change) -> Option<CauseId> {
        if self.lock.iter().all(Vec::is_empty) {
            return None;
        }
        let value = |name: &str| {
            let (before, after) = change.part(name);
            after.or(before).unwrap_or_default().to_owned()
        };
        let subject = match change.aspect {
            Aspect::Base | Aspect::File => value("").split('@').next().unwrap_or_default().to_owned(),
            Aspect::Fetch | Aspect::Git => value("url"),
            Aspect::Package => change.subject.clone(),
            Aspect::Order => String::new(),
            _ => return None,
        };
        let quoted = format!("\"{subject}\"");
        let is_meant = |(_, line): &&(u32, String)| line.contains(&quoted);
        let lines = [1, 0].into_iter().filter_map(|side| Some((side, self.lock[side].iter().find(is_meant)?)));
        let any = || [1, 0].into_iter().find_map(|side| Some((side, self.lock[side].first()?)));
        let (side, (line, _)) = lines.chain(any()).next()?;
        Some(CauseId { path: LOCK.to_owned(), line: *line, gone: side == 0 })
    }

    /// A file that the image looks into and that is not the same: a manifest of a language.
    fn manifest(&self, seen: Seen<'_>, found: &Found) -> Option<String> {
        if !matches!(found.change.aspect, Aspect::Step | Aspect::File | Aspect::Order | Aspect::Ignore) {
            return None;
        }
        let context = &seen.image.context;
        let steps = seen.compiled.graph.stages.iter().flat_map(|stage| &stage.steps);
        let mut paths = steps.flat_map(|step| step.context_paths()).map(|path| match context.as_str() {
            "" => path.to_owned(),
            context => format!("{context}/{path}"),
        });
        let own = paths.find(|path| self.changed.contains(path));
        own.or_else(|| {
            let is_below = |path: &&String| crate::base::below(context, path).is_some() || context.is_empty();
            self.changed.iter().find(is_below).filter(|_| self.files.is_empty()).cloned()
        })
    }
}

/// Places that are one cause, and the changes of each image that it makes.
type Joined<'c> = (Vec<&'c CauseId>, BTreeMap<usize, Vec<&'c Change>>);

/// What makes the changes of `images`, those that reach most first.
pub fn causes(images: &[ImageDiff]) -> Vec<Cause> {
    let mut made: BTreeMap<&CauseId, BTreeMap<usize, Vec<&Change>>> = BTreeMap::new();
    for (number, image) in images.iter().enumerate().filter(|(_, image)| image.kind == Kind::Changed) {
        for (change, cause) in &image.changes {
            made.entry(cause).or_default().entry(number).or_default().push(change);
        }
    }
    // Places of one file that reach the same images are one cause.
    let mut joined: Vec<Joined<'_>> = Vec::new();
    let mut known: BTreeMap<(&str, bool, Vec<usize>), usize> = BTreeMap::new();
    for (cause, reached) in made {
        let key = (cause.path.as_str(), cause.gone, reached.keys().copied().collect());
        match known.get(&key) {
            Some(at) => {
                let (places, all) = &mut joined[*at];
                places.push(cause);
                for (number, changes) in reached {
                    all.entry(number).or_default().extend(changes);
                }
            }
            None => {
                known.insert(key, joined.len());
                joined.push((vec![cause], reached));
            }
        }
    }
    let cause = |(places, reached): Joined<'_>| {
        let mut groups: BTreeMap<Vec<&Change>, Vec<usize>> = BTreeMap::new();
        let numbers: Vec<usize> = reached.keys().copied().collect();
        for (number, mut changes) in reached {
            changes.sort();
            groups.entry(changes).or_default().push(number);
        }
        let mut groups: Vec<Group> = groups
            .into_iter()
            .map(|(changes, images)| Group { images, changes: changes.into_iter().cloned().collect() })
            .collect();
        groups.sort_by_key(|group| (std::cmp::Reverse(group.images.len()), group.images[0]));
        let lines = places.iter().map(|place| place.line).filter(|line| *line > 0).collect();
        let place = Place { path: places[0].path.clone(), lines, gone: places[0].gone };
        Cause { place, images: numbers, groups }
    };
    let mut causes: Vec<Cause> = joined.into_iter().map(cause).collect();
    causes.sort_by(|a, b| {
        let key = |cause: &Cause| {
            (std::cmp::Reverse(cause.images.len()), cause.place.path.clone(), cause.place.lines.clone())
        };
        key(a).cmp(&key(b))
    });
    causes
}

/// The places that have a part in what stands at `place`: the values it uses, itself, its node, the `when`s it stands in,
/// and where the body it stands in is named.
fn involved(image: &Image, place: Span) -> Vec<Span> {
    let origins = &image.origins;
    let node = node_at(image, place);
    let mut spans: Vec<Span> = origins.names_used(place).iter().map(|used| used.span).collect();
    spans.push(place);
    spans.extend(origins.names_used(node).iter().map(|used| used.span));
    spans.push(node);
    spans.extend(origins.conditions_of(place));
    let mut body = origins.body_of(place);
    let mut steps = 0;
    while let Some((named, _)) = body.and_then(|body| body.named) {
        spans.push(named);
        body = origins.body_of(named);
        steps += 1;
        if steps > 100 {
            break;
        }
    }
    // What an image takes away of a template, or no longer does.
    spans.extend(origins.overrides.iter().filter(|taken| taken.loser == node).map(|taken| taken.winner));
    spans
}

/// The node of the image, or of one of its stages, that a place stands in; the place itself if none.
fn node_at(image: &Image, place: Span) -> Span {
    let holds = |node: &&Node| node.span.holds(place);
    let all = image.node.children();
    let in_stages = || all.iter().filter(|node| node.name() == "stage").flat_map(Node::children).find(holds);
    match all.iter().find(holds) {
        Some(stage) if stage.name() == "stage" => stage.children().iter().find(holds).map_or(place, |node| node.span),
        Some(node) => node.span,
        None => in_stages().map_or(place, |node| node.span),
    }
}

fn cause_at(path: &str, hunk: &Hunk) -> CauseId {
    let gone = hunk.after.is_empty();
    CauseId { path: path.to_owned(), line: if gone { hunk.before.start } else { hunk.after.start }, gone }
}

fn of_texts(before: &str, after: &str) -> Vec<Hunk> {
    let lines = |range: Range<usize>| range.start as u32 + 1..range.end as u32 + 1;
    let diff = TextDiff::from_lines(before, after);
    let ops = diff.ops().iter().filter(|op| op.tag() != DiffTag::Equal);
    ops.map(|op| Hunk { before: lines(op.old_range()), after: lines(op.new_range()) }).collect()
}

/// The number of the lost file that a new one was, by its text.
fn alike(lost: &[(&str, &str)], text: &str) -> Option<usize> {
    const COMPARED: usize = 50;
    if let Some(at) = lost.iter().position(|(_, old)| *old == text) {
        return Some(at);
    }
    if lost.len() > COMPARED {
        return None;
    }
    let ratio = |at: usize| (1000.0 * TextDiff::from_lines(lost[at].1, text).ratio()) as u32;
    (0..lost.len()).max_by_key(|at| ratio(*at)).filter(|at| ratio(*at) >= 500)
}
