//! `imgspec affected`

use super::Exit;
use super::args::{Call, How};
use super::comparing::{Compared, compare_sides};
use super::diff::tell_wrong;
use super::sides;
use super::terminal::Terminal;
use crate::diagnostic::render::visible;
use crate::diff::{ImageDiff, Kind, render};
use crate::dockerfile::target_name;
use clap::Args;
use serde::Serialize;

/// List the images of which a build makes other ones than before
///
/// These are images with another Dockerfile or ignore file, images that take files of the context that are not the same,
/// and images that stand on such ones. It is compared with the merge base of REV and HEAD.
#[derive(Debug, Args)]
pub struct Affected {
    /// The revision to compare with
    #[arg(long, value_name = "REV")]
    base: String,
    /// The revision to look at, instead of the work tree
    #[arg(long, value_name = "REV")]
    head: Option<String>,
    /// Say of each image why
    #[arg(long, conflicts_with_all = ["json", "bake", "matrix", "paths"])]
    why: bool,
    /// Print JSON
    #[arg(long, conflicts_with_all = ["bake", "matrix", "paths"])]
    json: bool,
    /// Print the targets of the bake file, for `docker buildx bake`
    #[arg(long, conflicts_with_all = ["matrix", "paths"])]
    bake: bool,
    /// Print a matrix of at most N jobs, for GitHub Actions and its like
    #[arg(long, value_name = "N", conflicts_with = "paths", value_parser = clap::value_parser!(u16).range(1..=256))]
    matrix: Option<u16>,
    /// Print the paths of the Dockerfiles
    #[arg(long)]
    paths: bool,
    #[command(flatten)]
    how: How,
}

#[derive(Serialize)]
struct Matrix {
    include: Vec<Job>,
}

#[derive(Serialize)]
struct Job {
    /// Its number, from 1.
    job: usize,
    /// Names of images, a blank between.
    images: String,
    /// Their targets in the bake file.
    targets: String,
}

impl Affected {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        let sides = match sides::since(call, &self.base, self.head.as_deref()) {
            Ok(sides) => sides,
            Err(refused) => return refused.tell(terminal),
        };
        let Compared { difference, wrong } = compare_sides(&sides, &self.how, false);
        let exit = tell_wrong([&sides.before, &sides.after], wrong, terminal);
        let images: Vec<&ImageDiff> = difference.affected().collect();
        if self.json {
            terminal.print_verbatim(&render::affected(&difference, &why));
        } else if let Some(jobs) = self.matrix {
            let text = serde_json::to_string(&matrix(&images, usize::from(jobs))).unwrap_or_default();
            terminal.print_verbatim(&format!("{text}\n"));
        } else {
            let line = |image: &&ImageDiff| match (self.why, self.bake, self.paths) {
                (true, ..) => format!("{}  {}", image.name, why(image).join("; ")),
                (_, true, _) => target_name(&image.name),
                (.., true) => image.output.clone(),
                _ => image.name.clone(),
            };
            let lines: Vec<String> = images.iter().map(|image| format!("{}\n", visible(&line(image)))).collect();
            terminal.print(&lines.concat());
        }
        exit
    }
}

/// Why a build makes another image of it.
fn why(image: &ImageDiff) -> Vec<String> {
    const FILES: usize = 3;
    let mut why = Vec::new();
    match image.kind {
        Kind::Added => why.push("it is new".to_owned()),
        Kind::Changed => {
            let mut places: Vec<String> = image
                .changes
                .iter()
                .map(|(_, cause)| match cause.line {
                    0 => cause.path.clone(),
                    line => format!("{}:{line}", cause.path),
                })
                .collect();
            places.sort();
            places.dedup();
            why.push(format!("its Dockerfile, by {}", places.join(", ")));
        }
        Kind::Removed | Kind::Identical => {}
    }
    if !image.inputs.is_empty() {
        let more = image.inputs.len().saturating_sub(FILES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        why.push(format!("files it takes: {}{more}", image.inputs[..image.inputs.len().min(FILES)].join(", ")));
    }
    if !image.bases.is_empty() {
        why.push(format!("it stands on {}", image.bases.join(", ")));
    }
    why
}

/// At most `jobs` jobs that take about the same time: the most expensive image to the job with the least so far.
fn matrix(images: &[&ImageDiff], jobs: usize) -> Matrix {
    let mut sorted: Vec<&ImageDiff> = images.to_vec();
    sorted.sort_by_key(|image| (std::cmp::Reverse(image.layers().2), &image.name));
    let mut made: Vec<(u64, Vec<&ImageDiff>)> = vec![(0, Vec::new()); jobs.min(images.len())];
    for image in sorted {
        if let Some((cost, job)) = made.iter_mut().min_by_key(|(cost, job)| (*cost, job.len())) {
            *cost += image.layers().2;
            job.push(image);
        }
    }
    let include = made.into_iter().enumerate().map(|(at, (_, mut images))| {
        images.sort_by_key(|image| &image.name);
        let join =
            |of: &dyn Fn(&ImageDiff) -> String| images.iter().map(|image| of(image)).collect::<Vec<_>>().join(" ");
        Job { job: at + 1, images: join(&|image| image.name.clone()), targets: join(&|image| target_name(&image.name)) }
    });
    Matrix { include: include.collect() }
}
