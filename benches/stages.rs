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
use imgspec::order::Orders;
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
    let mut all = Costs::default();
    for case in cases(images) {
        // The least of each image: what else the machine does is no part of it.
        let rounds = (0..rounds).map(|round| case.measure(round < 3));
        let best = rounds.reduce(|best, costs| best.least(&costs)).unwrap_or_default();
        all.add(best);
    }
    println!("µs an image, {images} images, best of {rounds} rounds each");
    let each = |time: Duration| time.as_secs_f64() * 1e6 / images as f64;
    for (name, time) in &all.times {
        println!("{name:>12} {:>8.2}", each(*time));
    }
    let core: Duration = CORE.iter().filter_map(|name| all.times.get(name)).sum();
    println!("{:>12} {:>8.2} ({})", "core", each(core), CORE.join(" + "));
    for (name, calls) in &all.calls {
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
#[derive(Default)]
struct Costs {
    times: BTreeMap<&'static str, Duration>,
    calls: BTreeMap<&'static str, usize>,
}

impl Costs {
    fn time<T>(&mut self, name: &'static str, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let made = black_box(work());
        *self.times.entry(name).or_default() += start.elapsed();
        made
    }

    fn least(mut self, other: &Self) -> Self {
        for (name, time) in &mut self.times {
            // What was measured in one round alone stays.
            *time = other.times.get(name).map_or(*time, |other| *other.min(time));
        }
        self
    }

    fn add(&mut self, other: Self) {
        for (name, time) in other.times {
            *self.times.entry(name).or_default() += time;
        }
        for (name, calls) in other.calls {
            *self.calls.entry(name).or_default() += calls;
        }
    }
}

impl Case {
    /// All the stages, each timed; `kdl` alone only if asked for, as it takes longer than most of them.
    fn measure(&self, with_kdl: bool) -> Costs {
        let (mut costs, mut diagnostics) = (Costs::default(), Diagnostics::new());
        let told = &mut diagnostics;
        if with_kdl {
            costs.time("kdl", || KdlDocument::parse_v2(&self.text).expect("KDL"));
        }
        let nodes = costs.time("syntax", || syntax::parse(FileId(0), &self.text, told)).expect("KDL");
        let file = costs.time("spec", || SpecFile::decode(&self.path, nodes, told));
        let images = costs.time("model", || model::resolve(vec![file], told));
        let world = &self.world;
        for image in &images {
            let mut graph =
                costs.time("lower", || lower::lower(image, world, Options::default(), told)).expect("a graph");
            costs.calls.insert("lower", world.calls.swap(0, Ordering::Relaxed));
            let ruled = costs.time("rule", || rule::check(&graph, world, told));
            costs.calls.insert("rule", world.calls.swap(0, Ordering::Relaxed));
            if ruled.is_err() {
                panic!("{}: {:?}\n{}", self.path, std::mem::take(told).into_sorted(), self.text);
            }
            costs.time("pass", || pass::run(&mut graph, &Orders::default(), told)).expect("an order");
            let file = costs.time("dockerfile", || dockerfile::lower(&graph, told)).expect("a Dockerfile");
            costs.time("print", || dockerfile::print(&file));
            costs.time("ignore", || dockerfile::dockerignore(&graph));
            costs.time("drop", || drop((graph, file)));
        }
        costs
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
