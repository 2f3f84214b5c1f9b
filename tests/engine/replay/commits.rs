//! The repository that is replayed: its files, its Dockerfiles, and what each commit changes.

/// What a commit does to a file.
pub enum Change {
    /// Writes the whole of it.
    Write(&'static str, &'static str),
    /// Removes it.
    Remove(&'static str),
    /// Makes it executable, or not.
    Mode(&'static str, bool),
    /// Moves it.
    Move(&'static str, &'static str),
    /// Writes something in the place of its first match.
    Replace(&'static str, &'static str, &'static str),
}

use Change::{Mode, Move, Remove, Replace, Write};

/// The first files, but for the Dockerfiles.
pub const FILES: &[(&str, &str)] = &[
    ("README.md", "readme NONCE"),
    ("CHANGES.md", "changes NONCE"),
    ("requirements.txt", "one NONCE"),
    ("config/app.toml", "a = 1 # NONCE"),
    ("src/main.py", "main NONCE"),
    ("src/lib/a.py", "a NONCE"),
    ("src/lib/b.py", "b NONCE"),
    ("templates/page.html", "page NONCE"),
    ("static/style.css", "style NONCE"),
    ("static/img/logo.svg", "logo NONCE"),
    ("tests/test_main.py", "test NONCE"),
];

/// The Dockerfiles, and what they ignore.
pub const DOCKERFILES: &[(&str, &str)] = &[
    (".dockerignore", "# all but these\n**/*.log\ntests\n"),
    ("plain.Dockerfile", PLAIN),
    ("stages.Dockerfile", STAGES),
    ("whole.Dockerfile", WHOLE),
    ("whole.Dockerfile.dockerignore", "*\n!src\n!static\n**/*.pyc\nsrc/lib/private*\n!src/lib/private.pyi\n!*.md\n"),
    ("linked.Dockerfile", LINKED),
];

const PLAIN: &str = r#"# the syntax is the builder's own
FROM debian:bookworm-slim
LABEL version="1"
ENV OF=NONCE
WORKDIR /work-NONCE
RUN echo start
COPY requirements.txt ./
RUN cat requirements.txt \
    # a comment in between
    && echo installed
COPY --chown=7:7 config /etc/app/
COPY src ./src
RUN echo build
COPY *.md /docs/
USER 7:7
RUN echo last
EXPOSE 80
CMD ["true"]
"#;

const STAGES: &str = r#"FROM debian:bookworm-slim AS deps
ENV OF=stages-NONCE
RUN --mount=type=bind,source=requirements.txt,target=/r.txt \
    --mount=type=cache,target=/cache \
    (cat /r.txt; stat -c %a /r.txt; env) >/deps

FROM debian:bookworm-slim AS build
ENV OF=stages-NONCE
WORKDIR /build-NONCE
COPY src src
COPY templates templates
RUN --mount=from=deps,source=/deps,target=/deps \
    (env; cat /deps; find . -type f -exec cat {} + -exec stat -c "%n %a" {} +) >/out

FROM build AS test
COPY CHANGES.md /
RUN echo tests

FROM debian:bookworm-slim AS final
LABEL of="NONCE"
ENV OF=stages-NONCE
RUN echo packages
COPY --from=build /out /srv/out
COPY static /srv/static
RUN ls /srv
ENTRYPOINT ["ls", "/srv"]
"#;

const WHOLE: &str = r#"ARG VERSION=1
FROM debian:bookworm-slim AS base
ONBUILD ARG LATE=late
ARG OF=whole-NONCE
RUN echo base

FROM base
RUN echo before
ARG VERSION
RUN echo $VERSION
COPY <<EOF /etc/motd
hello $VERSION
EOF
COPY --exclude=**/*.css . /app/
RUN <<EOF
echo after
EOF
"#;

const LINKED: &str = r#"FROM scratch AS files
COPY config /etc/linked
COPY static /static-NONCE

FROM debian:bookworm-slim
ENV OF=linked-NONCE
COPY --link --chmod=0644 README.md /linked/
COPY --link --from=files /etc/linked /linked/etc
RUN echo linked
COPY --link src/lib /linked/lib
RUN --mount=type=bind,source=src,target=/src --network=none ls /src
RUN --mount=type=bind,from=files,source=/static-NONCE,target=/static ls /static
"#;

/// The commits behind the first, in their order.
pub fn commits() -> Vec<(&'static str, Vec<Change>)> {
    vec![
        ("nothing", vec![]),
        ("a source", vec![Write("src/main.py", "main 2 NONCE")]),
        ("a source deeper down", vec![Write("src/lib/a.py", "a 2 NONCE")]),
        ("back to an earlier source", vec![Write("src/main.py", "main NONCE"), Write("src/lib/a.py", "a NONCE")]),
        ("a requirement", vec![Write("requirements.txt", "one NONCE\ntwo")]),
        ("a label", vec![Replace("plain.Dockerfile", "version=\"1\"", "version=\"2\"")]),
        ("a test", vec![Write("tests/test_main.py", "test 2 NONCE")]),
        ("a log file, ignored", vec![Write("src/debug.log", "log NONCE")]),
        ("a mode", vec![Mode("src/main.py", true)]),
        ("a mode of the requirements", vec![Mode("requirements.txt", true)]),
        ("both modes back", vec![Mode("src/main.py", false), Mode("requirements.txt", false)]),
        ("a template", vec![Write("templates/page.html", "page 2 NONCE")]),
        ("a new template", vec![Write("templates/new.html", "new NONCE")]),
        ("a template less", vec![Remove("templates/new.html")]),
        ("a style", vec![Write("static/style.css", "style 2 NONCE")]),
        ("a logo", vec![Write("static/img/logo.svg", "logo 2 NONCE")]),
        ("a moved file", vec![Move("src/lib/b.py", "src/lib/c.py")]),
        ("a file of a new directory", vec![Write("src/deep/er/x.py", "x NONCE")]),
        ("a readme", vec![Write("README.md", "readme 2 NONCE")]),
        ("a new file that a pattern finds", vec![Write("NOTES.md", "notes NONCE")]),
        ("a configuration", vec![Write("config/app.toml", "a = 2 # NONCE")]),
        ("private files, ignored", vec![Write("src/lib/private.py", "p NONCE")]),
        ("a private file that is let in", vec![Write("src/lib/private.pyi", "pi NONCE")]),
        ("an ignored file in a directory of its own", vec![Write("src/gone/x.pyc", "pyc NONCE")]),
        ("a variable", vec![Replace("plain.Dockerfile", "USER 7:7", "ENV LATE=1\nUSER 7:7")]),
        (
            "two copies in the other order",
            vec![
                Replace("plain.Dockerfile", "COPY src ./src\n", ""),
                Replace("plain.Dockerfile", "COPY --chown=7:7", "COPY src ./src\nCOPY --chown=7:7"),
            ],
        ),
        (
            "and back",
            vec![
                Replace("plain.Dockerfile", "COPY src ./src\n", ""),
                Replace("plain.Dockerfile", "RUN echo build", "COPY src ./src\nRUN echo build"),
            ],
        ),
        ("another owner", vec![Replace("plain.Dockerfile", "--chown=7:7", "--chown=8:7")]),
        (
            "a user earlier",
            vec![
                Replace("plain.Dockerfile", "USER 7:7\n", ""),
                Replace("plain.Dockerfile", "COPY src", "USER 7:7\nCOPY src"),
            ],
        ),
        ("a working directory", vec![Replace("stages.Dockerfile", "WORKDIR /build", "WORKDIR /build/../other")]),
        (
            "a port and a command",
            vec![
                Replace("plain.Dockerfile", "EXPOSE 80", "EXPOSE 81"),
                Replace("stages.Dockerfile", "\"/srv\"]", "\"/\"]"),
            ],
        ),
        ("an unused argument", vec![Replace("plain.Dockerfile", "RUN echo build", "ARG UNUSED=1\nRUN echo build")]),
        ("a version", vec![Replace("whole.Dockerfile", "VERSION=1", "VERSION=2")]),
        ("a trigger", vec![Replace("whole.Dockerfile", "LATE=late", "LATE=later")]),
        (
            "a comment and a continued line",
            vec![
                Replace("plain.Dockerfile", "# a comment in between", "# another comment"),
                Replace("linked.Dockerfile", "RUN echo linked", "# new\nRUN echo linked"),
            ],
        ),
        ("text of a here-document", vec![Replace("whole.Dockerfile", "echo after", "echo afterwards")]),
        (
            "a step before linked copies",
            vec![Replace("linked.Dockerfile", "COPY --link --chmod", "RUN echo first\nCOPY --link --chmod")],
        ),
        ("another mode for a linked copy", vec![Replace("linked.Dockerfile", "--chmod=0644", "--chmod=0600")]),
        ("a link less", vec![Replace("linked.Dockerfile", "COPY --link src", "COPY src")]),
        ("a place with a slash", vec![Replace("linked.Dockerfile", "/linked/lib\n", "/linked/lib/\n")]),
        ("a style again", vec![Write("static/style.css", "style 3 NONCE")]),
        (
            "the same content from another place",
            vec![
                Write("docs/README.md", "readme 2 NONCE"),
                Replace("linked.Dockerfile", "README.md", "docs/README.md"),
            ],
        ),
        ("a shell", vec![Replace("plain.Dockerfile", "RUN echo last", "SHELL [\"/bin/bash\", \"-c\"]\nRUN echo last")]),
        ("a stage that nothing reached", vec![Replace("stages.Dockerfile", "--from=build /out", "--from=test /out")]),
        ("less ignored", vec![Replace(".dockerignore", "**/*.log\n", "")]),
        ("more ignored", vec![Replace("whole.Dockerfile.dockerignore", "!static\n", "")]),
        ("another cache mount", vec![Replace("stages.Dockerfile", "target=/cache", "target=/cached")]),
        ("a requirement again", vec![Write("requirements.txt", "one NONCE")]),
        ("a source gone", vec![Remove("src/lib/a.py")]),
    ]
}
