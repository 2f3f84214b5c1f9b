//! What steps become, per target.

mod apk;
mod files;
mod pinned;
mod runs;

use super::super::sample::{at, graph, packages, stage, text, user};
use super::super::{lower, print};
use crate::diagnostic::Diagnostics;
use crate::graph::Target::{Buildah, Buildkit, Classic};
use crate::graph::{Graph, Manager, Repository, Stage, StepKind, Target};

const DEBIAN: &str = "debian:bookworm-slim";
const ALPINE: &str = "alpine:3.20";

/// The instructions of `graph`, or what is wrong with it.
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

/// A final stage of `steps` becomes a FROM and `expected`.
fn check(target: Target, base: &str, steps: Vec<StepKind>, expected: &str) {
    check_stages(target, vec![stage(None, base, steps)], &format!("FROM {base}\n{expected}"));
}

fn check_stages(target: Target, stages: Vec<Stage>, expected: &str) {
    let found = lowered(&graph(target, stages));
    assert_eq!(found.as_deref(), Ok(expected), "found\n{}", found.as_deref().unwrap_or_default());
}

fn refuse(target: Target, base: &str, steps: Vec<StepKind>, expected: &str) {
    refuse_stages(target, vec![stage(None, base, steps)], expected);
}

fn refuse_stages(target: Target, stages: Vec<Stage>, expected: &str) {
    assert_eq!(lowered(&graph(target, stages)), Err(vec![expected.to_owned()]));
}

#[test]
fn packages_leave_no_lists_and_caches() {
    let apt = || StepKind::Packages(packages(Manager::Apt, &[("git", ""), ("curl", "7.88.*")]));
    check(
        Buildkit,
        DEBIAN,
        vec![apt()],
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
        Classic,
        DEBIAN,
        vec![apt()],
        "RUN apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \\
        'curl=7.88.*' \\
        git \\
    && rm -rf /var/lib/apt/lists/*
",
    );
    let apk = |version| StepKind::Packages(packages(Manager::Apk, &[("curl", version)]));
    let cached =
        "RUN --mount=type=cache,target=/var/cache/apk,sharing=locked \\\n    apk add --update-cache \\\n        ";
    for (version, name) in [("8.9.1-r2", "curl=8.9.1-r2"), ("8.9.*", "'curl=~8.9'"), ("", "curl")] {
        check(Buildkit, ALPINE, vec![apk(version)], &format!("{cached}{name}\n"));
    }
    check(Classic, ALPINE, vec![apk("")], "RUN apk add --no-cache \\\n        curl\n");
    refuse(Buildkit, ALPINE, vec![apk("8.*.1")], "inexpressible-value: apk has no pattern such as `8.*.1`");
    let dnf = || StepKind::Packages(packages(Manager::Dnf, &[("curl", "8.9.*")]));
    let install = "dnf install -y --setopt=install_weak_deps=False \\\n        'curl-8.9.*'";
    check(
        Buildah,
        "fedora:41",
        vec![dnf()],
        &format!(
            "RUN --mount=type=cache,target=/var/cache/dnf,sharing=locked \\
    --mount=type=cache,target=/var/cache/libdnf5,sharing=locked \\
    {install}
"
        ),
    );
    check(Classic, "fedora:41", vec![dnf()], &format!("RUN {install} \\\n    && dnf clean all\n"));
    let message = "missing-shell: `apt` needs a shell, and the base of the final stage has none";
    refuse(Buildkit, "scratch", vec![apt()], message);
}

#[test]
fn repositories() {
    let mut apt = packages(Manager::Apt, &[("psql", "17")]);
    apt.recommends = true;
    apt.repositories.push(Repository {
        name: text("pgdg"),
        uri: text("https://apt.example/debian"),
        suite: Some(text("bookworm-pgdg")),
        components: vec!["main".to_owned(), "17".to_owned()],
        key: Some(text("keys/pgdg.asc")),
    });
    let install =
        "DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o APT::Install-Recommends=true";
    let body = format!(
        "apt-get update --error-on=any \\
    && {install} \\
        ca-certificates \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: https://apt.example/debian' \\
        'Suites: bookworm-pgdg' \\
        'Components: main 17' \\
        'Signed-By: /etc/apt/keyrings/pgdg.asc' \\
        > /etc/apt/sources.list.d/pgdg.sources \\
    && apt-get update --error-on=any \\
    && {install} \\
        psql=17"
    );
    check(
        Buildkit,
        DEBIAN,
        vec![StepKind::Packages(apt.clone())],
        &format!(
            "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    --mount=type=bind,source=keys/pgdg.asc,target=/tmp/pgdg.key \\
    install -D -m 0644 /tmp/pgdg.key /etc/apt/keyrings/pgdg.asc \\
    && rm -f /etc/apt/apt.conf.d/docker-clean \\
    && {body}
"
        ),
    );
    check(
        Classic,
        DEBIAN,
        vec![StepKind::Packages(apt)],
        &format!(
            "COPY keys/pgdg.asc /etc/apt/keyrings/pgdg.asc
RUN chmod 0644 /etc/apt/keyrings/pgdg.asc \\
    && {body} \\
    && rm -rf /var/lib/apt/lists/*
"
        ),
    );
}

#[test]
fn users() {
    check(
        Buildkit,
        DEBIAN,
        vec![user("app", 10001)],
        "RUN groupadd --gid 10001 app \\
    && SOURCE_DATE_EPOCH=0 useradd --no-log-init --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin app
",
    );
    check(
        Buildkit,
        ALPINE,
        vec![user("app", 7)],
        "RUN addgroup -g 7 app \\\n    && adduser -D -u 7 -G app -H -s /sbin/nologin app\n",
    );
    check(
        Buildkit,
        "scratch",
        vec![user("app", 7), user("other", 8)],
        "COPY <<\"EOF\" /etc/passwd
root:x:0:0:root:/root:/sbin/nologin
app:x:7:7::/:/sbin/nologin
other:x:8:8::/:/sbin/nologin
EOF

COPY <<\"EOF\" /etc/group
root:x:0:
app:x:7:
other:x:8:
EOF
",
    );
    let message = "unsupported-by-target: the target `classic` cannot create a user in an image without a shell";
    refuse(Classic, "scratch", vec![user("app", 7)], message);
    let distroless = "gcr.io/distroless/static-debian12:nonroot";
    let message = "missing-shell: `user` with a number needs a shell, and the base of the final stage has none";
    refuse(Buildkit, distroless, vec![user("app", 7)], message);
}

#[test]
fn raw_instructions() {
    let raw = |instruction: &str| StepKind::Raw { text: text(instruction) };
    check(
        Buildkit,
        DEBIAN,
        vec![raw("ONBUILD RUN x"), raw("RUN <<A\nb\nA\n"), raw("STOPSIGNAL 9")],
        "ONBUILD RUN x\nRUN <<A\nb\nA\n\nSTOPSIGNAL 9\n",
    );
    let message = "invalid-instruction: RUN has no flag `--x`";
    refuse(Buildkit, DEBIAN, vec![raw("RUN --x y")], message);
    let message = "unsupported-by-target: the target `classic` does not know RUN --mount";
    refuse(Classic, DEBIAN, vec![raw("RUN --mount=type=cache,target=/x y")], message);
}

#[test]
fn newer_features_ask_for_a_syntax() {
    let mut file =
        graph(Buildkit, vec![stage(None, DEBIAN, vec![StepKind::Raw { text: text("COPY --parents a /b/") }])]);
    file.unlocked = true;
    let printed = lower(&file, &mut Diagnostics::new()).map(|file| print(&file));
    let expected = "# syntax=docker/dockerfile:1.20
# Generated by imgspec from image.kdl. Edit the spec, not this file.
# Not pinned: what has no digest or version here may change from build to build.
# COPY --parents needs Dockerfile syntax 1.20.

FROM debian:bookworm-slim
COPY --parents a /b/
";
    assert_eq!(printed.as_ref().map(|printed| printed.text.as_str()), Ok(expected));
    assert_eq!(printed.map(|printed| printed.lines), Ok(vec![6..7, 7..8]));
}

#[test]
fn bases() {
    let on = |base, on_builder| {
        let mut stage = stage(None, "debian:bookworm-slim", Vec::new());
        (stage.base, stage.on_builder) = (at(base), on_builder);
        stage
    };
    let image = || crate::graph::Base::Image(crate::base::ImageName::parse("cart").expect("a name"));
    check_stages(Buildkit, vec![on(image(), true)], "FROM --platform=$BUILDPLATFORM cart:workspace\n");
    let message = "unsupported-by-target: the target `classic` does not know a named context";
    refuse_stages(Classic, vec![on(image(), false)], message);
    check_stages(
        Classic,
        vec![stage(Some("a"), "scratch", Vec::new()), stage(None, ":a", Vec::new())],
        "FROM scratch AS a\n\nFROM a\n",
    );
}
