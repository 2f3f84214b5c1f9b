//! What the changes of a history cost to rebuild, by BuildKit's cache rules (`dockerfile::Cache`): every revision is
//! built after those before it, by each of several Dockerfiles, and the steps that are executed are added up.
//!
//! - `cargo bench --bench replay` replays a made-up history of a blog (`replay/blog.rs`) against its tutorial's
//!   Dockerfile, two obvious ones, and ours.
//! - `-- --repository DIR --dockerfile FILE …` replays the commits of a git repository, the first parents of `HEAD`;
//!   `--last N` the last N of them (2,000).
//! - `-- --snapshots DIR --dockerfile FILE …` replays the directories in `DIR`, in the order of their versions.
//!
//! `--own PATH` is a Dockerfile of the history itself, as it stands in each revision. `--context DIR` is the directory of
//! the repository that is built. `FILE.dockerignore` is read beside `FILE`, or else the `.dockerignore` of the revision.
//! `--steps` prints how often each step was executed; `--cost WORDS=SECONDS` says what a step costs that holds the words.

#[path = "replay/blog.rs"]
mod blog;
#[path = "replay/cost.rs"]
mod cost;
#[path = "replay/history.rs"]
mod history;

use cost::Costs;
use history::{History, Revision};
use imgspec::dockerfile::{Cache, Context, Wanted, parse_file};
use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A Dockerfile that is replayed.
pub struct Candidate {
    /// What it is called.
    pub name: String,
    /// Its text, or the path in the history that it is read from in each revision.
    pub text: Result<String, String>,
    /// The text of its own ignore file.
    pub ignore: Option<String>,
}

fn main() -> Outcome<()> {
    let wanted = Asked::read()?;
    let (history, candidates) = match &wanted.from {
        From::Blog => (blog::history(), blog::candidates()?),
        From::Repository(directory) => {
            (history::of_repository(directory, &wanted.context, wanted.last)?, wanted.candidates()?)
        }
        From::Snapshots(directory) => (history::of_snapshots(directory)?, wanted.candidates()?),
    };
    if candidates.is_empty() {
        return Err("there is no Dockerfile to replay".into());
    }
    let costs = Costs { said: wanted.costs.clone() };
    let runs: Vec<Run> = candidates.iter().map(|candidate| Run::of(&history, candidate, &costs)).collect();
    println!("{costs}");
    report(&history, &candidates, &runs, wanted.steps);
    Ok(())
}

enum From {
    Blog,
    Repository(PathBuf),
    Snapshots(PathBuf),
}

/// What the call asks for.
struct Asked {
    from: From,
    context: String,
    last: usize,
    steps: bool,
    files: Vec<PathBuf>,
    own: Vec<String>,
    costs: Vec<(String, f64)>,
}

impl Asked {
    fn read() -> Outcome<Self> {
        let mut asked = Self {
            from: From::Blog,
            context: String::new(),
            last: 2000,
            steps: false,
            files: Vec::new(),
            own: Vec::new(),
            costs: Vec::new(),
        };
        let mut arguments = std::env::args().skip(1).peekable();
        while let Some(argument) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("`{argument}` needs a value"));
            match argument.as_str() {
                // `cargo bench` says it to every bench.
                "--bench" => {}
                "--repository" => asked.from = From::Repository(value()?.into()),
                "--snapshots" => asked.from = From::Snapshots(value()?.into()),
                "--context" => asked.context = value()?.trim_matches('/').to_owned(),
                "--last" => asked.last = value()?.parse()?,
                "--steps" => asked.steps = true,
                "--cost" => {
                    let said = value()?;
                    let (words, seconds) = said.rsplit_once('=').ok_or("`--cost` takes WORDS=SECONDS")?;
                    asked.costs.push((words.to_owned(), seconds.parse()?));
                }
                "--own" => asked.own.push(value()?),
                "--dockerfile" => {
                    asked.files.push(value()?.into());
                    while let Some(file) = arguments.next_if(|next| !next.starts_with("--")) {
                        asked.files.push(file.into());
                    }
                }
                _ => return Err(format!("`{argument}` is no option").into()),
            }
        }
        Ok(asked)
    }

    fn candidates(&self) -> Outcome<Vec<Candidate>> {
        let own = |path: &String| Candidate { name: path.clone(), text: Err(path.clone()), ignore: None };
        let mut candidates: Vec<Candidate> = self.own.iter().map(own).collect();
        for file in &self.files {
            let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
            let mut ignore = file.clone().into_os_string();
            ignore.push(".dockerignore");
            let ignore = fs::read_to_string(Path::new(&ignore)).ok();
            candidates.push(Candidate { name: file.display().to_string(), text: Ok(text), ignore });
        }
        Ok(candidates)
    }
}

/// A Dockerfile's way through the history.
struct Run {
    /// What each revision cost, in seconds; `None` where it does not build.
    costs: Vec<Option<f64>>,
    /// How often each step was executed behind the first build.
    steps: BTreeMap<(String, usize, String), usize>,
    /// Why the last revision that does not build does not.
    failure: Option<String>,
}

impl Run {
    fn of(history: &History, candidate: &Candidate, costs: &Costs) -> Self {
        let mut run = Self { costs: Vec::new(), steps: BTreeMap::new(), failure: None };
        let mut cache = Cache::default();
        for revision in &history.revisions {
            let cost = run.build(&mut cache, history, revision, candidate, costs);
            let cost = cost.map_err(|error| run.failure = Some(format!("{}: {error}", revision.name)));
            run.costs.push(cost.ok());
        }
        run
    }

    fn build(
        &mut self,
        cache: &mut Cache,
        history: &History,
        revision: &Revision,
        candidate: &Candidate,
        costs: &Costs,
    ) -> Outcome<f64> {
        let text = match &candidate.text {
            Ok(text) => text.clone(),
            Err(path) => history.text(revision, path).ok_or_else(|| format!("there is no {path}"))?,
        };
        let ignore = candidate.ignore.clone().or_else(|| history.text(revision, ".dockerignore")).unwrap_or_default();
        let context = Context::new(revision.files.clone(), &ignore);
        let is_first = self.costs.iter().all(Option::is_none);
        let mut cost = 0.0;
        for step in cache.build(&parse_file(&text)?, &context, &Wanted::default())? {
            if step.cached {
                continue;
            }
            let seconds = costs.of(step.keyword, &step.text);
            cost += seconds;
            if !is_first {
                *self.steps.entry((step.stage, step.index, step.text)).or_default() += 1;
            }
        }
        Ok(cost)
    }
}

fn report(history: &History, candidates: &[Candidate], runs: &[Run], steps: bool) {
    let all = history.revisions.len();
    // A revision counts where all Dockerfiles build it, and the first such is where they all start.
    let counted: Vec<usize> = (0..all).filter(|&at| runs.iter().all(|run| run.costs[at].is_some())).skip(1).collect();
    println!("{all} {}: {}", history.unit, history.said);
    println!("{} of them are built, each after all before it", counted.len());
    println!();
    println!(
        "{:>9} {:>7} {:>8}  seconds a build, of the first, builds that execute anything",
        "s/build", "ratio", "builds"
    );
    let mean = |run: &Run| counted.iter().filter_map(|&at| run.costs[at]).sum::<f64>() / counted.len().max(1) as f64;
    for (candidate, run) in candidates.iter().zip(runs) {
        let executing = counted.iter().filter(|&&at| run.costs[at] > Some(0.0)).count();
        let ratio = mean(run) / mean(&runs[0]);
        println!("{:>9.2} {:>7.3} {:>8}  {}", mean(run), ratio, executing, candidate.name);
        if let Some(failure) = &run.failure {
            let failed = run.costs.iter().filter(|cost| cost.is_none()).count();
            println!("{:>27} does not build {failed}, the last: {failure}", "");
        }
    }
    if steps {
        for (candidate, run) in candidates.iter().zip(runs) {
            println!("\n{}", candidate.name);
            for ((stage, index, text), times) in &run.steps {
                println!("{times:>7}  {stage} {index} {}", text.chars().take(90).collect::<String>());
            }
        }
    }
}
