//! How long apt's answer takes here, and how long it takes apt: `cargo bench --bench resolve`. It needs an apt archive.

#[allow(dead_code)]
#[path = "../tests/apt/bases.rs"]
mod bases;
#[allow(dead_code)]
#[path = "../tests/apt/root.rs"]
mod root;
#[allow(dead_code)]
#[path = "../tests/apt/sets.rs"]
mod sets;

use imgspec::resolve::apt::{Indexes, Universe};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sets of a base.
const SETS: usize = 300;

/// Sets that apt is asked for, too.
const OF_APT: usize = 10;

/// The shortest of a few runs.
fn best<T>(mut run: impl FnMut() -> T) -> Duration {
    let once = |_| {
        let start = Instant::now();
        drop(std::hint::black_box(run()));
        start.elapsed()
    };
    (0..5).map(once).min().unwrap_or_default()
}

fn main() {
    // `cargo test --benches` and `cargo bench` say so; the one has no time for this.
    if !std::env::args().any(|word| word == "--bench") {
        return;
    }
    let root = root::Root::new("bookworm", "amd64");
    let base = bases::minimal(&root);
    let read = best(|| Indexes::read(&root.lists, "amd64").expect("indexes"));
    let indexes = Arc::new(Indexes::read(&root.lists, "amd64").expect("indexes"));
    let universe = best(|| Universe::new(&indexes, &base.installed).expect("a base"));
    let sets = sets::sets(&root.pool, 1, SETS);
    let all = best(|| sets.iter().filter(|asked| base.universe.closure(asked).is_ok()).count());
    let one = all / SETS as u32;
    let status = root.status_file(&base);
    // The first call writes apt's cache.
    root.ask(&status, &sets[0]);
    let start = Instant::now();
    for asked in &sets[..OF_APT] {
        root.ask(&status, asked);
    }
    let apt = start.elapsed() / OF_APT as u32;
    println!("reading indexes {read:.1?}, a base {universe:.1?}, a set {one:.1?}");
    println!(
        "apt with its cache written: {apt:.1?} a set, {:.0} times as long as a set here",
        apt.as_secs_f64() / one.as_secs_f64()
    );
    let lock = read + universe * 20 + one * 1000;
    println!("1,000 images on 20 bases: {lock:.1?}, apt {:.0?}", apt * 1000);
}
