//! Files, copies, downloads.

use super::super::super::sample::{copy, dir, fetch, file, git, link, mode, owner, stage, text, user};
use super::{DEBIAN, check, check_stages, refuse};
use crate::base::ImageName;
use crate::graph::Target::{Buildah, Buildkit, Classic};
use crate::graph::{Copy, CopyFrom, StepKind};

#[test]
fn files() {
    let step = |path, content: &str| StepKind::File(file(path, content));
    check(Buildkit, DEBIAN, vec![step("/etc/x", "a $b\n")], "COPY <<\"EOF\" /etc/x\na $b\nEOF\n");
    check(Buildkit, "scratch", vec![step("/etc/x", "")], "COPY <<\"EOF\" /etc/x\nEOF\n");
    check(Buildkit, DEBIAN, vec![step("/etc/x", "")], "RUN : > /etc/x \\\n    && chmod 0644 /etc/x\n");
    let printed = "printf '%b' \\\n        'a \\0044b' \\\n        > /etc/x \\\n    && chmod 0644 /etc/x\n";
    check(Buildkit, DEBIAN, vec![step("/etc/x", "a $b")], &format!("RUN {printed}"));
    check(
        Classic,
        DEBIAN,
        vec![step("/etc/x/y z", "a\n")],
        "RUN mkdir -p /etc/x \\
    && printf '%b' \\
        'a\\n' \\
        > '/etc/x/y z' \\
    && chmod 0644 '/etc/x/y z'
",
    );
    let message = "inexpressible-value: this text cannot be written into an image without a shell: only one that ends \
                   in a newline and has no control characters can";
    refuse(Buildkit, "scratch", vec![step("/x", "a")], message);
    let message = "unsupported-by-target: the target `classic` cannot write a file into an image without a shell";
    refuse(Classic, "scratch", vec![step("/x", "a\n")], message);
}

#[test]
fn directories_do_not_get_the_mode_of_what_is_in_them() {
    let mut secret = file("/new/x", "a\n");
    (secret.mode, secret.owner) = (mode("0640"), Some(owner("app")));
    check(
        Buildkit,
        DEBIAN,
        vec![user("app", 7), StepKind::File(secret.clone()), StepKind::File(secret.clone())],
        "RUN groupadd --gid 7 app \\
    && SOURCE_DATE_EPOCH=0 useradd --no-log-init --uid 7 --gid 7 --no-create-home --shell /usr/sbin/nologin app \\
    && mkdir -p /new
COPY --chown=7:7 --chmod=0640 <<\"EOF\" /new/x
a
EOF

COPY --chown=7:7 --chmod=0640 <<\"EOF\" /new/x
a
EOF
",
    );
    secret.owner = None;
    check_stages(
        Buildkit,
        vec![stage(None, "scratch", vec![StepKind::File(secret)])],
        "FROM scratch AS dir-1
WORKDIR /empty

FROM scratch
COPY --from=dir-1 /empty /new
COPY --chmod=0640 <<\"EOF\" /new/x
a
EOF
",
    );
}

#[test]
fn directories_and_links() {
    let steps = || vec![StepKind::Dir(dir("/data", Some("7:8"))), StepKind::Link(link("/opt/x/l", "-a b"))];
    check(
        Buildkit,
        DEBIAN,
        steps(),
        "RUN install -d -o 7 -g 8 /data \\
    && mkdir -p /opt/x \\
    && ln -sfn -- '-a b' /opt/x/l
",
    );
    check_stages(
        Buildah,
        vec![stage(None, "scratch", vec![StepKind::Dir(dir("/data/x", Some("7:8")))])],
        "FROM scratch AS dir-1
WORKDIR /empty

FROM scratch
COPY --from=dir-1 /empty /data
COPY --from=dir-1 --chown=7:8 /empty /data/x
",
    );
    let message = "missing-shell: `link` needs a shell, and the base of the final stage has none";
    refuse(Buildkit, "scratch", vec![StepKind::Link(link("/l", "a"))], message);
    let mut strict = dir("/data", None);
    strict.mode = Some(mode("0700"));
    let message =
        "unsupported-by-target: the target `classic` cannot set the mode of a directory in an image without a shell";
    refuse(Classic, "scratch", vec![StepKind::Dir(strict)], message);
}

#[test]
fn copies() {
    let step = |change: fn(&mut Copy)| {
        let mut copy = copy(&["a", "b c"], "/x/");
        change(&mut copy);
        StepKind::Copy(copy)
    };
    check(Buildkit, DEBIAN, vec![step(|_| {})], "COPY [\"a\", \"b c\", \"/x/\"]\n");
    check(
        Buildkit,
        DEBIAN,
        vec![step(|copy| (copy.owner, copy.mode) = (Some(owner("www-data")), Some(mode("0640"))))],
        "RUN mkdir -p /x\nCOPY --chown=www-data --chmod=0640 [\"a\", \"b c\", \"/x/\"]\n",
    );
    check(
        Classic,
        DEBIAN,
        vec![step(|copy| copy.mode = Some(mode("0640")))],
        "COPY [\"a\", \"b c\", \"/x/\"]\nRUN chmod 0640 /x/a '/x/b c'\n",
    );
    let image = |copy: &mut Copy| copy.from = CopyFrom::Image(ImageName::parse("cart").expect("a name"));
    check(Buildkit, DEBIAN, vec![step(image)], "COPY --from=cart:workspace [\"a\", \"b c\", \"/x/\"]\n");
    let named = |copy: &mut Copy| copy.from = CopyFrom::Named("docs".to_owned());
    check(Buildkit, DEBIAN, vec![step(named)], "COPY --from=docs:latest [\"a\", \"b c\", \"/x/\"]\n");
    check(Buildah, DEBIAN, vec![step(named)], "COPY --from=docs [\"a\", \"b c\", \"/x/\"]\n");
    let message = "unsupported-by-target: the target `classic` does not know a named context";
    refuse(Classic, DEBIAN, vec![step(named)], message);
    check(
        Buildkit,
        DEBIAN,
        vec![StepKind::Copy(copy(&["a$b", "it's", "\"q\""], "/x/"))],
        "COPY a\\$b it\\'s \\\"q\\\" /x/\n",
    );
    check(Buildkit, DEBIAN, vec![StepKind::Copy(copy(&["a "], "/"))], "COPY [\"a[ ]\", \"/\"]\n");
}

#[test]
fn exclusions() {
    let excluding = |from: CopyFrom, pattern: &str| {
        let mut copy = copy(&["src/"], "/x");
        (copy.from, copy.exclude) = (from, vec![text(pattern)]);
        StepKind::Copy(copy)
    };
    // The ignore file keeps it out.
    check(Buildkit, DEBIAN, vec![excluding(CopyFrom::Context, "*.pyc")], "COPY src /x\n");
    let docs = || CopyFrom::Named("docs".to_owned());
    check(Buildkit, DEBIAN, vec![excluding(docs(), "/*.pyc")], "COPY --from=docs:latest --exclude=*.pyc src /x\n");
    let message = "unsupported-by-target: the target `buildah` does not know --exclude";
    refuse(Buildah, DEBIAN, vec![excluding(docs(), "*.pyc")], message);
    let message = "unsupported-by-target: the target `classic` cannot leave `*.pyc` out of what it copies";
    refuse(Classic, DEBIAN, vec![excluding(CopyFrom::Context, "*.pyc")], message);
    let message = "inexpressible-value: COPY cannot exclude `a b`: blanks, quotes, `$` and `\\` have meanings there";
    refuse(Buildkit, DEBIAN, vec![excluding(docs(), "a b")], message);
}

#[test]
fn downloads() {
    let hash = "0123456789abcdef".repeat(4);
    let get = |unpack| StepKind::Fetch(fetch("https://example.com/t.tar.gz?x=1", "/opt/t", unpack));
    let address = "https://example.com/t.tar.gz?x=1";
    check(Buildkit, DEBIAN, vec![get(None)], &format!("ADD --checksum=sha256:{hash} --chmod=0755 {address} /opt/t\n"));
    check(
        Classic,
        DEBIAN,
        vec![get(None)],
        &format!(
            "ADD {address} /opt/t
RUN echo '{hash}  /opt/t' > /tmp/sha256sums \\
    && sha256sum -c /tmp/sha256sums \\
    && rm /tmp/sha256sums \\
    && chmod 0755 /opt/t
"
        ),
    );
    check_stages(
        Buildah,
        vec![stage(None, DEBIAN, vec![get(Some(1))])],
        &format!(
            "FROM scratch AS fetch-1
ADD --checksum=sha256:{hash} {address} /t.tar.gz

FROM {DEBIAN}
RUN --mount=type=bind,from=fetch-1,source=/t.tar.gz,target=/tmp/t.tar.gz \\
    mkdir -p /opt/t \\
    && tar -xf /tmp/t.tar.gz -C /opt/t --no-same-owner --strip-components=1
"
        ),
    );
    let unpacked = format!("ADD --checksum=sha256:{hash} --unpack=true {address} /opt/t/\n");
    check(Buildkit, "scratch", vec![get(Some(0))], &unpacked);
    let message = "missing-shell: unpacking this needs a shell, and the base of the final stage has none";
    refuse(Buildkit, "scratch", vec![get(Some(1))], message);
}

#[test]
fn checkouts() {
    let checkout = |reference| StepKind::Git(git("https://example.com/r.git", reference, "/src"));
    check(Buildkit, DEBIAN, vec![checkout("v1")], "ADD https://example.com/r.git#v1 /src/\n");
    refuse(Buildkit, DEBIAN, vec![checkout("a:b")], "inexpressible-value: `a:b` names no branch, tag or commit");
    let message = "unsupported-by-target: the target `classic` cannot check out a repository";
    refuse(Classic, DEBIAN, vec![checkout("v1")], message);
}
