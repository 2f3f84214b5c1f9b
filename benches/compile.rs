//! How long `imgspec compile` takes over whole workspaces, beside what nothing can be faster than: `kdl` parsing the
//! same specs, and a plain copy of the same outputs.
//!
//! `cargo bench --bench compile -- --images 10000` measures one size, without it every size up to 10,000;
//! `--plain` gives every image a spec of its own, `--seed N` makes another workspace, `--runs N` measures more often,
//! `--in DIR` works there rather than in the system's directory for temporary files (`/dev/shm` leaves the disk out of
//! it), `--keep DIR` leaves the workspaces there.

mod workspace;

use kdl::KdlDocument;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use workspace::{Style, TITLE, Workspace, generate};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let wanted = Wanted::read()?;
    println!(
        "{} threads, best of {} runs, times in ms, CPU time of all threads and the system's",
        threads(),
        wanted.runs
    );
    println!("{}", TITLES.map(|title| format!("{title:>10}")).concat());
    let place = wanted.place.clone().unwrap_or_else(std::env::temp_dir);
    // One directory for all, removed at the end: file systems are slower for minutes where many files were just removed
    // (ext4, `recently_deleted`).
    let scratch = tempfile::tempdir_in(place)?;
    for &images in &wanted.images {
        let row = Row::measure(images, &wanted, &scratch.path().join(images.to_string()))?;
        println!("{}", row.line());
    }
    Ok(())
}

/// The columns.
const TITLES: [&str; 14] = [
    "images",
    "kdl",
    "kdl CPU",
    "copy",
    "cold",
    "cold CPU",
    "unchanged",
    "1 changed",
    "peak MiB",
    "÷ kdl",
    "CPU ÷ kdl",
    "÷ copy",
    "÷ both",
    "µs/image",
];

/// What the call asks for.
struct Wanted {
    images: Vec<usize>,
    style: Style,
    seed: u64,
    runs: usize,
    place: Option<PathBuf>,
    keep: Option<PathBuf>,
}

impl Wanted {
    fn read() -> Outcome<Self> {
        let mut wanted = Self {
            images: vec![10, 100, 1_000, 10_000],
            style: Style::Templates,
            seed: 1,
            runs: 3,
            place: None,
            keep: None,
        };
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            match argument.as_str() {
                // `cargo bench` says it to every bench.
                "--bench" => {}
                "--images" => {
                    wanted.images = value()?.split(',').map(str::parse).collect::<Result<_, _>>()?;
                }
                "--plain" => wanted.style = Style::Plain,
                "--seed" => wanted.seed = value()?.parse()?,
                "--runs" => wanted.runs = value()?.parse()?,
                "--in" => wanted.place = Some(value()?.into()),
                "--keep" => wanted.keep = Some(value()?.into()),
                _ => return Err(format!("`{argument}` is no option").into()),
            }
        }
        Ok(wanted)
    }
}

/// What was measured of a workspace.
struct Row {
    images: usize,
    parse: Duration,
    parse_cpu: Duration,
    copy: Duration,
    cold: Duration,
    cold_cpu: Duration,
    unchanged: Duration,
    one_change: Duration,
    peak_bytes: u64,
}

impl Row {
    fn measure(images: usize, wanted: &Wanted, scratch: &Path) -> Outcome<Self> {
        let workspace = generate(images, wanted.style, wanted.seed);
        // Each run measures all of it, so that what else the machine does meanwhile meets all alike.
        let mut best: Option<Self> = None;
        for run in 0..wanted.runs {
            let scratch = scratch.join(run.to_string());
            let place = match &wanted.keep {
                Some(place) => place.join(images.to_string()).join(run.to_string()),
                None => scratch.join("workspace"),
            };
            workspace.write(&place)?;
            let row = Self::run(images, &workspace, &place, &scratch)?;
            best = Some(best.map_or_else(|| Self { ..row }, |best| best.least(&row)));
        }
        best.ok_or_else(|| "nothing was to be run".into())
    }

    fn run(images: usize, workspace: &Workspace, place: &Path, scratch: &Path) -> Outcome<Self> {
        let cache = &scratch.join("cache");
        let before = Cpu::now();
        let parse = parse_alone(&workspace.specs());
        let parse_cpu = Cpu::now().own.saturating_sub(before.own);
        let cold = compile(place, cache, images)?;
        let copy = copy_alone(place, &scratch.join("copy"))?;
        let unchanged = compile(place, cache, images)?;
        let changed = place.join(&workspace.changeable);
        let text = fs::read_to_string(&changed)?;
        fs::write(&changed, text.replace(TITLE, &format!("{TITLE}the ")))?;
        let one_change = compile(place, cache, images)?;
        let peak_bytes = [&cold, &unchanged, &one_change].map(|call| call.peak_bytes).into_iter().max();
        Ok(Self {
            images,
            parse,
            parse_cpu,
            copy,
            cold: cold.time,
            cold_cpu: cold.cpu,
            unchanged: unchanged.time,
            one_change: one_change.time,
            peak_bytes: peak_bytes.unwrap_or_default(),
        })
    }

    /// The least of each time, and the most memory.
    fn least(&self, other: &Self) -> Self {
        Self {
            images: self.images,
            parse: self.parse.min(other.parse),
            parse_cpu: self.parse_cpu.min(other.parse_cpu),
            copy: self.copy.min(other.copy),
            cold: self.cold.min(other.cold),
            cold_cpu: self.cold_cpu.min(other.cold_cpu),
            unchanged: self.unchanged.min(other.unchanged),
            one_change: self.one_change.min(other.one_change),
            peak_bytes: self.peak_bytes.max(other.peak_bytes),
        }
    }

    fn line(&self) -> String {
        let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1000.0);
        let ratio = |time: Duration, to: Duration| format!("{:.2}", time.as_secs_f64() / to.as_secs_f64());
        let columns: [String; TITLES.len()] = [
            self.images.to_string(),
            ms(self.parse),
            ms(self.parse_cpu),
            ms(self.copy),
            ms(self.cold),
            ms(self.cold_cpu),
            ms(self.unchanged),
            ms(self.one_change),
            (self.peak_bytes >> 20).to_string(),
            ratio(self.cold, self.parse),
            ratio(self.cold_cpu, self.parse_cpu),
            ratio(self.cold, self.copy),
            ratio(self.cold, self.parse + self.copy),
            format!("{:.1}", self.cold.as_secs_f64() * 1e6 / self.images as f64),
        ];
        columns.map(|column| format!("{column:>10}")).concat()
    }
}

/// How many threads there are cores for, which is how many `imgspec` takes.
fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// How long `work` takes over `list`, side by side on all cores.
fn side_by_side<T: Sync>(list: &[T], work: impl Fn(&T) + Sync) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for part in list.chunks(list.len().div_ceil(threads()).max(1)) {
            scope.spawn(|| part.iter().for_each(&work));
        }
    });
    start.elapsed()
}

/// How long the `kdl` crate alone needs for these texts, which are in memory already.
fn parse_alone(specs: &[&str]) -> Duration {
    side_by_side(specs, |text| {
        std::hint::black_box(KdlDocument::parse_v2(text).expect("the specs are KDL"));
    })
}

/// How long it takes to read the outputs in `place` and to write the same bytes to new files in `copies`, in directories
/// that are there.
fn copy_alone(place: &Path, copies: &Path) -> Outcome<Duration> {
    let mut outputs = Vec::new();
    find_outputs(place, &mut outputs)?;
    let pairs: Vec<(PathBuf, PathBuf)> = outputs
        .into_iter()
        .map(|output| {
            let to = copies.join(output.strip_prefix(place).unwrap_or(&output));
            (output, to)
        })
        .collect();
    for (_, to) in &pairs {
        fs::create_dir_all(to.parent().unwrap_or(copies))?;
    }
    let time = side_by_side(&pairs, |(from, to)| {
        let bytes = fs::read(from).expect("an output can be read");
        fs::write(to, bytes).expect("a copy can be written");
    });
    Ok(time)
}

/// The outputs of all images below `directory`.
fn find_outputs(directory: &Path, found: &mut Vec<PathBuf>) -> Outcome<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            find_outputs(&entry.path(), found)?;
        } else if entry.file_name().to_str().is_some_and(|name| name.starts_with("Dockerfile")) {
            found.push(entry.path());
        }
    }
    Ok(())
}

/// A call of the program.
struct Call {
    time: Duration,
    cpu: Duration,
    peak_bytes: u64,
}

/// Compiles the workspace in `place` with the program itself.
fn compile(place: &Path, cache: &Path, images: usize) -> Outcome<Call> {
    let before = Cpu::now();
    let start = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_imgspec"))
        .arg("compile")
        .current_dir(place)
        .env("XDG_CACHE_HOME", cache)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    // What it says is little unless it fails; it is read so that it never waits for us.
    let stderr = child.stderr.take();
    let told = thread::spawn(move || stderr.map(std::io::read_to_string).transpose());
    let mut peak_bytes = 0;
    let status = loop {
        peak_bytes = peak_bytes.max(peak_of(child.id()).unwrap_or_default());
        if let Some(status) = child.try_wait()? {
            break status;
        }
        thread::sleep(Duration::from_micros(if images < 1000 { 200 } else { 2000 }));
    };
    let time = start.elapsed();
    let cpu = Cpu::now().children.saturating_sub(before.children);
    let told = told.join().map_err(|_| "its output cannot be read")??.unwrap_or_default();
    if !status.success() {
        let told: Vec<&str> = told.lines().take(40).collect();
        return Err(format!("`imgspec compile` failed ({status}):\n{}", told.join("\n")).into());
    }
    Ok(Call { time, cpu, peak_bytes })
}

/// The most memory that a process has had resident so far, where the system tells (Linux).
fn peak_of(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? << 10)
}

/// The processor time that was spent so far, where the system tells (Linux).
#[derive(Clone, Copy, Default)]
struct Cpu {
    /// By this process.
    own: Duration,
    /// By processes it started that have ended.
    children: Duration,
}

impl Cpu {
    fn now() -> Self {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The second field is a name in parentheses, which may hold blanks (proc_pid_stat(5)).
        let fields: Vec<u64> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_whitespace().skip(11).take(4).filter_map(|field| field.parse().ok()).collect())
            .unwrap_or_default();
        let [user, system, of_users, of_systems] = fields[..] else { return Self::default() };
        // In hundredths of a second on every system there is.
        let time = |ticks: u64| Duration::from_millis(ticks * 10);
        Self { own: time(user + system), children: time(of_users + of_systems) }
    }
}
