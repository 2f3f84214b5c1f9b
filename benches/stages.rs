//! What each stage of a compilation costs, an image at a time, on one core and without the disk.
//!
//! `cargo bench --bench stages -- --images 1000` measures whole specs; `--loop N` does all of it N times over, for a
//! profiler to look at.

mod workspace;

use imgspec::base::{ContextEntry, FileId, Invalid, MemoryWorld, World};
use imgspec::diagnostic::Diagnostics;
use imgspec::dockerfile;
use imgspec::lower::{self, Options};
use imgspec::model::{self, SpecFile};
use imgspec::{pass, rule, syntax};
use kdl::KdlDocument;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use workspace::{Style, generate};

fn main() {
    let number = |option: &str, default| {
        let mut arguments = std::env::args().skip_while(|argument| argument != option).skip(1);
        arguments.next().map_or(default, |value| value.parse().expect("a number"))
    };
    let (images, rounds) = (number("--images", 1000), number("--loop", 5));
    let cases = cases(images);
    let mut best: Option<Costs> = None;
    for _ in 0..rounds {
        let mut costs = Costs::default();
        for case in &cases {
            case.measure(&mut costs);
        }
        best = Some(best.map_or(costs.clone(), |best| best.least(&costs)));
    }
    println!("µs an image, {images} images, best of {rounds} rounds");
    let best = best.unwrap_or_default();
    for (name, time) in &best.times {
        println!("{name:>12} {:>8.2}", time.as_secs_f64() * 1e6 / images as f64);
    }
    let core: Duration = best.times.iter().filter(|(name, _)| CORE.contains(name)).map(|(_, time)| *time).sum();
    println!("{:>12} {:>8.2} ({})", "core", core.as_secs_f64() * 1e6 / images as f64, CORE.join(" + "));
    for (name, calls) in &best.calls {
        println!("{name:>12} {:>8.2} calls of the world an image", *calls as f64 / images as f64);
    }
}

/// The stages behind the specs' decoding.
const CORE: &[&str] = &["lower", "rule", "pass", "dockerfile", "print", "ignore"];

/// An image's spec and context.
struct Case {
    path: String,
    text: String,
    world: CountingWorld,
}

fn cases(images: usize) -> Vec<Case> {
    let workspace = generate(images, Style::Plain, 1);
    let mut contexts: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    let mut specs = Vec::new();
    for (path, text) in &workspace.files {
        let Some((directory, _)) = path.find("/image.kdl").map(|at| path.split_at(at)) else {
            let depth = path.match_indices('/').nth(2).map_or(0, |(at, _)| at);
            contexts.entry(&path[..depth]).or_default().push((path, text));
            continue;
        };
        specs.push((directory, path, text));
    }
    let case = |(directory, path, text): (&str, &String, &String)| Case {
        path: path.clone(),
        text: text.clone(),
        world: CountingWorld::new(MemoryWorld::new(contexts.get(directory).into_iter().flatten().copied())),
    };
    specs.into_iter().map(case).collect()
}

/// What was measured.
#[derive(Clone, Default)]
struct Costs {
    times: Vec<(&'static str, Duration)>,
    calls: Vec<(&'static str, usize)>,
}

impl Costs {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let made = black_box(work());
        let time = start.elapsed();
        match self.times.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += time,
            None => self.times.push((name, time)),
        }
        made
    }

    fn count(&mut self, name: &'static str, calls: usize) {
        match self.calls.iter_mut().find(|(known, _)| *known == name) {
            Some((_, sum)) => *sum += calls,
            None => self.calls.push((name, calls)),
        }
    }

    fn least(mut self, other: &Self) -> Self {
        for ((_, time), (_, other)) in self.times.iter_mut().zip(&other.times) {
            *time = (*time).min(*other);
        }
        self
    }
}

impl Case {
    /// All the stages, each timed.
    fn measure(&self, costs: &mut Costs) {
        let mut diagnostics = Diagnostics::new();
        let told = &mut diagnostics;
        costs.time("kdl", || KdlDocument::parse_v2(&self.text).expect("KDL"));
        let nodes = costs.time("syntax", || syntax::parse(FileId(0), &self.text, told)).expect("KDL");
        let file = costs.time("spec", || SpecFile::decode(&self.path, &nodes, told));
        let images = costs.time("model", || model::resolve(&[file], None, told));
        let world = &self.world;
        for image in &images {
            let mut graph =
                costs.time("lower", || lower::lower(image, world, Options::default(), told)).expect("a graph");
            world.report("by lower", costs);
            let ruled = costs.time("rule", || rule::check(&graph, world, told));
            world.report("by rule", costs);
            if ruled.is_err() {
                panic!("{}: {:?}\n{}", self.path, std::mem::take(told).into_sorted(), self.text);
            }
            costs.time("pass", || pass::run(&mut graph, told)).expect("an order");
            let file = costs.time("dockerfile", || dockerfile::lower(&graph, told)).expect("a Dockerfile");
            costs.time("print", || dockerfile::print(&file));
            costs.time("ignore", || dockerfile::dockerignore(&graph));
            costs.time("drop", || drop((graph, file)));
        }
    }
}

/// A world that counts how often it is asked.
struct CountingWorld {
    world: MemoryWorld,
    calls: AtomicUsize,
}

impl CountingWorld {
    fn new(world: MemoryWorld) -> Self {
        Self { world, calls: AtomicUsize::new(0) }
    }

    fn report(&self, name: &'static str, costs: &mut Costs) {
        costs.count(name, self.calls.swap(0, Ordering::Relaxed));
    }
}

impl World for CountingWorld {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.world.entry(path)
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.world.list(path)
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        self.world.read(path)
    }
}
