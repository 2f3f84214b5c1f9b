//! What steps become, per target.

use super::super::sample::{graph, packages, stage};
use super::super::{lower, print};
use crate::base::{EnvName, Port, Protocol};
use crate::diagnostic::Diagnostics;
use crate::graph::{
    Check, Command, Config, Graph, Label, Manager, Mount, Network, Repository, Run, Sharing, Stage, StepKind, Target,
};

const DEBIAN: &str = "debian:bookworm-slim";
const ALPINE: &str = "alpine:3.20";

/// The instructions of `graph`, or the messages of what is wrong with it.
fn lowered(graph: &Graph) -> Result<String, Vec<String>> {
    let mut diagnostics = Diagnostics::new();
    match lower(graph, &mut diagnostics) {
        Ok(file) => {
            let text = print(&file).text;
            let header = text.find("\n\n").map_or(0, |end| end + 2);
            Ok(text[header..].to_owned())
        }
        Err(_) => {
            Err(diagnostics.into_sorted().into_iter().map(|d| format!("{}: {}", d.code.name, d.message)).collect())
        }
    }
}

fn check(target: Target, base: &str, steps: Vec<StepKind>, expected: &str) {
    let text = lowered(&graph(target, vec![stage(None, base, steps)]));
    let (from, rest) = text.as_deref().map(|text| text.split_once('\n').unwrap_or((text, ""))).unwrap_or_default();
    assert_eq!((text.as_ref().err(), from, rest), (None, format!("FROM {base}").as_str(), expected));
}

fn refuse(target: Target, base: &str, steps: Vec<StepKind>, expected: &str) {
    assert_eq!(lowered(&graph(target, vec![stage(None, base, steps)])), Err(vec![expected.to_owned()]));
}

#[test]
fn apt() {
    let list = || StepKind::Packages(packages(Manager::Apt, &[("git", ""), ("curl", "7.88.*")]));
    check(
        Target::Buildkit,
        DEBIAN,
        vec![list()],
        "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    rm -f /etc/apt/apt.conf.d/docker-clean \\
    && apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
        'curl=7.88.*' \\
        git
",
    );
    check(
        Target::Classic,
        DEBIAN,
        vec![list()],
        "RUN apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
        'curl=7.88.*' \\
        git \\
    && rm -rf /var/lib/apt/lists/*
",
    );
}
