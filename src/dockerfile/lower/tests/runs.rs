//! Commands, shells, users, config.

use super::super::super::sample::{at, owner, packages, path, pip, run, stage, text, user, variable};
use super::{ALPINE, DEBIAN, check, check_stages, refuse, refuse_stages};
use crate::base::{Duration, EnvName, Port, Protocol};
use crate::graph::Target::{Buildah, Buildkit, Classic};
use crate::graph::{Check, Command, Config, Label, Manager, Mount, Network, Run, Sharing, Stage, StepKind};

fn runs(commands: &[&str]) -> StepKind {
    StepKind::Run(run(commands))
}

fn changed(commands: &[&str], change: impl Fn(&mut Run)) -> StepKind {
    let mut run = run(commands);
    change(&mut run);
    StepKind::Run(run)
}

fn with(mut stage: Stage, change: impl Fn(&mut Config)) -> Stage {
    change(&mut stage.config);
    stage
}

#[test]
fn commands() {
    check(Buildkit, DEBIAN, vec![runs(&["a; b", "c || d"])], "RUN a \\\n    && b \\\n    && { c || d; }\n");
    let lines = ["# why\na", "b && c"];
    check(Buildkit, DEBIAN, vec![runs(&lines)], "RUN <<\"EOF\"\nset -e\n# why\na\nb\nc\nEOF\n");
    check(Classic, DEBIAN, vec![runs(&lines)], "RUN [\"/bin/sh\", \"-c\", \"set -e\\n# why\\na\\nb\\nc\"]\n");
    check(Buildkit, DEBIAN, vec![runs(&["[\"a\"]"])], "RUN { [\"a\"]; }\n");
    let set = |run: &mut Run| run.env = vec![(EnvName::parse("X").expect("a name"), "it's $5".to_owned())];
    check(Buildkit, DEBIAN, vec![changed(&["a"], set)], "RUN export X=\"it's \\$5\" \\\n    && a\n");
    refuse(Buildkit, DEBIAN, vec![runs(&["echo 'a"])], "shell-syntax: the shell text has no `'` for `'a`");
    refuse(Buildkit, DEBIAN, vec![runs(&[" "])], "shell-syntax: there is no command to run");
    let message = "missing-shell: a `run` needs a shell, and the base of the final stage has none";
    refuse(Buildkit, "scratch", vec![runs(&["a"])], message);
}

#[test]
fn mounts() {
    let cached = |run: &mut Run| {
        run.network = Network::None;
        run.mounts = vec![
            Mount::Cache { target: path("/c"), id: Some("x".to_owned()), sharing: Sharing::Locked },
            Mount::Secret { id: "s".to_owned(), target: Some(path("/s")), env: None },
            Mount::Ssh,
        ];
    };
    check(
        Buildkit,
        DEBIAN,
        vec![changed(&["a"], cached)],
        "RUN --mount=type=cache,id=x,target=/c,sharing=locked \\
    --mount=type=secret,id=s,target=/s \\
    --mount=type=ssh \\
    --network=none \\
    a
",
    );
    let cache = |run: &mut Run| {
        run.mounts = vec![Mount::Cache { target: path("/c"), id: None, sharing: Sharing::Shared }];
    };
    check(Classic, DEBIAN, vec![changed(&["a"], cache)], "RUN a \\\n    && rm -rf /c\n");
    let secret = |run: &mut Run| {
        let env = EnvName::parse("T").ok();
        run.mounts = vec![Mount::Secret { id: "s".to_owned(), target: None, env }];
    };
    refuse(
        Classic,
        DEBIAN,
        vec![changed(&["a"], secret)],
        "unsupported-by-target: the target `classic` cannot mount a secret",
    );
    let message = "unsupported-by-target: the target `buildah` does not know RUN --mount=type=secret,env=";
    refuse(Buildah, DEBIAN, vec![changed(&["a"], secret)], message);
    let odd = |run: &mut Run| {
        run.mounts = vec![Mount::Cache { target: path("/a,b"), id: None, sharing: Sharing::Shared }];
    };
    let message =
        "inexpressible-value: a mount cannot name `/a,b`: blanks, quotes, commas, `$` and `\\` have meanings there";
    refuse(Buildkit, DEBIAN, vec![changed(&["a"], odd)], message);
}

#[test]
fn languages() {
    let step = |manifests: &[&str]| vec![StepKind::Language(pip(manifests, "pip install"))];
    check(
        Buildkit,
        DEBIAN,
        step(&["a/requirements.txt", "b c.txt"]),
        "COPY [\"b c.txt\", \"/tmp/manifests/b c.txt\"]
RUN --mount=type=bind,source=a/requirements.txt,target=/tmp/manifests/a/requirements.txt \\
    --mount=type=cache,target=/root/.cache/pip \\
    pip install \\
    && rm -rf /tmp/manifests
",
    );
    check(
        Classic,
        DEBIAN,
        step(&["a/requirements.txt"]),
        "COPY a/requirements.txt /tmp/manifests/a/requirements.txt
RUN pip install \\
    && rm -rf /tmp/manifests \\
    && rm -rf /root/.cache/pip
",
    );
}

#[test]
fn pipes_fail() {
    let packages = || StepKind::Packages(packages(Manager::Apk, &[("curl", "")]));
    check(
        Classic,
        ALPINE,
        vec![
            packages(),
            runs(&["a"]),
            StepKind::Env { variables: vec![variable("X", "1")], before_packages: false },
            runs(&["b | c"]),
        ],
        "RUN apk add --no-cache \\
        curl
SHELL [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]
RUN a
ENV X=\"1\"
RUN b | c
SHELL [\"/bin/sh\", \"-c\"]
",
    );
    let bash = StepKind::Shell(vec!["/bin/bash".to_owned(), "-c".to_owned()]);
    check(
        Buildkit,
        DEBIAN,
        vec![bash, runs(&["x=$(a | b)"])],
        "SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN x=$(a | b)\nSHELL [\"/bin/bash\", \"-c\"]\n",
    );
    // Nobody sees the first stage's shell; linters forget the second's.
    check_stages(
        Buildkit,
        vec![stage(Some("a"), DEBIAN, vec![runs(&["b | c"])]), stage(None, DEBIAN, vec![runs(&["d"])])],
        &format!(
            "FROM {DEBIAN} AS a\nSHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN b | c\n\nFROM {DEBIAN}\nRUN d\n"
        ),
    );
}

#[test]
fn other_shells() {
    let shell = || StepKind::Shell(vec!["/bin/pwsh".to_owned(), "-Command".to_owned()]);
    check(
        Buildkit,
        DEBIAN,
        vec![shell(), runs(&["a 'b"]), user("app", 7), runs(&["c\nd"])],
        "SHELL [\"/bin/pwsh\", \"-Command\"]
RUN <<\"EOF\"
a 'b
EOF

SHELL [\"/bin/sh\", \"-c\"]
RUN groupadd --gid 7 app \\
    && SOURCE_DATE_EPOCH=0 useradd --no-log-init --uid 7 --gid 7 --no-create-home --shell /usr/sbin/nologin app
SHELL [\"/bin/pwsh\", \"-Command\"]
RUN <<\"EOF\"
c
d
EOF
",
    );
}

#[test]
fn commands_as_somebody() {
    let as_app = |run: &mut Run| run.user = Some(owner("app"));
    let steps = || vec![user("app", 7), changed(&["a", "b"], as_app), runs(&["c"])];
    let created = "RUN groupadd --gid 7 app \\\n    && SOURCE_DATE_EPOCH=0 useradd --no-log-init --uid 7 --gid 7 --no-create-home --shell /usr/sbin/nologin app";
    check_stages(
        Buildkit,
        vec![with(stage(None, DEBIAN, steps()), |config| config.user = Some(owner("app")))],
        &format!("FROM {DEBIAN}\n{created}\nUSER 7:7\nRUN a \\\n    && b\nUSER 0:0\nRUN c\nUSER 7:7\n"),
    );
    check(Buildkit, DEBIAN, steps(), &format!("{created} \\\n    && su -s /bin/sh -c 'a && b' app\nRUN c\n"));
    // A stage that starts from one with a user works as root, and gives the user back.
    let first = with(stage(Some("a"), DEBIAN, Vec::new()), |config| config.user = Some(owner("33:33")));
    check_stages(
        Buildkit,
        vec![first, stage(None, ":a", vec![runs(&["b"])])],
        &format!("FROM {DEBIAN} AS a\nUSER 33:33\n\nFROM a\nUSER 0:0\nRUN b\nUSER 33:33\n"),
    );
}

#[test]
fn neighbours_are_joined() {
    let link = |path, target| StepKind::Link(super::super::super::sample::link(path, target));
    check(
        Buildkit,
        DEBIAN,
        vec![link("/bin/a", "b"), runs(&["c"]), link("/bin/d", "e")],
        "RUN ln -sfn b /bin/a \\\n    && c\nRUN ln -sfn e /bin/d\n",
    );
    check(Buildkit, DEBIAN, vec![runs(&["c"]), link("/bin/d", "e")], "RUN c \\\n    && ln -sfn e /bin/d\n");
    // What the first leaves in its shell the second must not find.
    check(
        Buildkit,
        DEBIAN,
        vec![runs(&["cd /"]), link("/bin/d", "e")],
        "RUN cd /\nRUN <<\"EOF\"\nset -e\nln -sfn e /bin/d\nEOF\n",
    );
}

#[test]
fn config() {
    let full = |config: &mut Config| {
        *config = Config {
            runtime_env: vec![variable("A", "\"$x\" \\")],
            labels: vec![Label { key: text("a b"), value: text("c") }, Label { key: text("d"), value: text("") }],
            expose: vec![
                at((Port::new(80).expect("a port"), Protocol::Tcp)),
                at((Port::new(53).expect("a port"), Protocol::Udp)),
            ],
            volumes: vec![at(path("/v $x"))],
            user: Some(owner("nobody")),
            workdir: Some(at(path("/w x"))),
            stopsignal: Some(text("SIGQUIT")),
            shell: Some(at(vec!["/bin/bash".to_owned(), "-c".to_owned()])),
            healthcheck: Some(at(Some(Check {
                command: Command::Shell("a | b".to_owned()),
                interval: Duration::parse("1m30s").ok(),
                timeout: Duration::parse("500ms").ok(),
                start_period: Duration::parse("2h").ok(),
                start_interval: Duration::parse("5m").ok(),
                retries: Some(3),
            }))),
            entrypoint: Some(at(Command::Exec(vec!["a".to_owned(), "c:\\".to_owned()]))),
            cmd: Some(at(Command::Shell("exec b".to_owned()))),
        };
    };
    check_stages(
        Buildkit,
        vec![with(stage(None, DEBIAN, Vec::new()), full)],
        &format!(
            "FROM {DEBIAN}
SHELL [\"/bin/bash\", \"-c\"]
ENV A=\"\\\"\\$x\\\" \"\\\\\"\"
LABEL \"a b\"=\"c\" \\
      d=\"\"
EXPOSE 53/udp 80
VOLUME [\"/v \\\\$x\"]
WORKDIR \"/w x\"
USER nobody
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=90s --timeout=0.5s --start-period=2h --start-interval=5m --retries=3 \\
    CMD [\"/bin/bash\", \"-c\", \"a | b\"]
ENTRYPOINT [\"a\", \"c:\\u005c\"]
CMD [\"/bin/bash\", \"-c\", \"exec b\"]
"
        ),
    );
    let none = |config: &mut Config| config.healthcheck = Some(at(None));
    check_stages(
        Classic,
        vec![with(stage(None, DEBIAN, Vec::new()), none)],
        &format!("FROM {DEBIAN}\nHEALTHCHECK NONE\n"),
    );
}

#[test]
fn variables() {
    let env =
        |value| StepKind::Env { variables: vec![variable("A", value), variable("B", "c")], before_packages: false };
    check(Buildkit, DEBIAN, vec![env("x y")], "ENV A=\"x y\" \\\n    B=\"c\"\n");
    let message =
        "inexpressible-value: the variable `A` holds a newline or NUL character, which no Dockerfile can write there";
    refuse(Buildkit, DEBIAN, vec![env("x\ny")], message);
    let paths = StepKind::Path(vec![at(path("/a")), at(path("/b c"))]);
    check(Buildkit, DEBIAN, vec![paths], "ENV PATH=\"/a:/b c:$PATH\"\n");
    let message = "inexpressible-value: `/a:b` cannot stand in PATH: a colon parts its directories";
    refuse(Buildkit, DEBIAN, vec![StepKind::Path(vec![at(path("/a:b"))])], message);
    let arg = |default: Option<&str>| StepKind::Arg {
        name: at(EnvName::parse("V").expect("a name")),
        default: default.map(text),
    };
    check(Buildkit, DEBIAN, vec![arg(None), arg(Some("$1"))], "ARG V\nARG V=\"\\$1\"\n");
    let long = "x".repeat(70_000);
    let message = "inexpressible-value: this takes a line of 70010 bytes, and builders read lines of at most 65535";
    refuse(Buildkit, DEBIAN, vec![env(&long)], message);
    let labelled = |key: &str| {
        let label = Label { key: text(key), value: text("v") };
        vec![with(stage(None, DEBIAN, Vec::new()), |config| config.labels = vec![label.clone()])]
    };
    check_stages(Buildkit, labelled("--a"), &format!("FROM {DEBIAN}\nLABEL \"--a\"=\"v\"\n"));
    let message = "inexpressible-value: a label cannot be called `a=b`: its name ends at the first `=`";
    refuse_stages(Buildkit, labelled("a=b"), message);
}
