//! Packages of apk and dnf that a lock pins.

use super::super::super::sample::packages;
use super::pinned::pinned;
use super::{ALPINE, check, refuse};
use crate::graph::Target::{Buildkit, Classic};
use crate::graph::{Manager, Packages, StepKind};
use std::sync::Arc;

fn step(asked: &[(&str, &str)], closures: &[(&str, &[&str])]) -> StepKind {
    step_of(Manager::Apk, asked, closures)
}

/// Asks for `asked` where `closures` are pinned: `name=version`, with `+` before it if it is there for others.
fn step_of(manager: Manager, asked: &[(&str, &str)], closures: &[(&str, &[&str])]) -> StepKind {
    StepKind::Packages(Packages { pinned: Some(Arc::new(pinned(closures))), ..packages(manager, asked) })
}

#[test]
fn one_platform() {
    check(
        Buildkit,
        ALPINE,
        vec![step(
            &[("git", ""), ("curl", "8.9.*")],
            &[("linux/amd64", &["git=2-r0", "curl=8.9.1-r1", "+libcurl=8.9.1-r1"])],
        )],
        "RUN --mount=type=cache,target=/var/cache/apk,sharing=locked \\
    SOURCE_DATE_EPOCH=1795183536 apk add --update-cache --virtual .pinned \\
        curl=8.9.1-r1 \\
        git=2-r0 \\
        libcurl=8.9.1-r1 \\
    && printf '%s\\n' \\
        'curl=~8.9' \\
        git \\
        >> /etc/apk/world \\
    && sort -u -o /etc/apk/world /etc/apk/world \\
    && apk del --no-network .pinned \\
    && rm -f /var/log/apk.log
",
    );
    check(
        Classic,
        ALPINE,
        vec![step(&[("git", "")], &[("linux/amd64", &["git=2-r0"]), ("linux/arm64", &["git=2-r0"])])],
        "RUN SOURCE_DATE_EPOCH=1795183536 apk add --no-cache --virtual .pinned \\
        git=2-r0 \\
    && printf '%s\\n' \\
        git \\
        >> /etc/apk/world \\
    && sort -u -o /etc/apk/world /etc/apk/world \\
    && apk del --no-network .pinned \\
    && rm -f /var/log/apk.log
",
    );
    // All of it is in the base.
    check(
        Classic,
        ALPINE,
        vec![step(&[("git", "")], &[("linux/amd64", &[])])],
        "RUN printf '%s\\n' \\
        git \\
        >> /etc/apk/world \\
    && sort -u -o /etc/apk/world /etc/apk/world
",
    );
}

#[test]
fn platforms_that_differ() {
    check(
        Classic,
        ALPINE,
        vec![step(
            &[("git", "")],
            &[
                ("linux/amd64", &["git=2-r0", "+a=1-r0"]),
                ("linux/arm/v7", &["git=2-r0", "+a=1-r1"]),
                ("linux/arm64", &["git=2-r0"]),
            ],
        )],
        "RUN set -- apk add --no-cache --virtual .pinned \\
        git=2-r0 \\
    && case \"$(apk --print-arch)\" in \\
        aarch64) ;; \\
        armv7) set -- \"$@\" \\
            a=1-r1 \\
            ;; \\
        x86_64) set -- \"$@\" \\
            a=1-r0 \\
            ;; \\
        *) echo \"no packages are pinned for $(apk --print-arch)\" >&2; exit 1 ;; \\
        esac \\
    && SOURCE_DATE_EPOCH=1795183536 \"$@\" \\
    && printf '%s\\n' \\
        git \\
        >> /etc/apk/world \\
    && sort -u -o /etc/apk/world /etc/apk/world \\
    && apk del --no-network .pinned \\
    && rm -f /var/log/apk.log
",
    );
    refuse(
        Classic,
        ALPINE,
        vec![step(&[("a", "")], &[("linux/amd64", &["a=1"]), ("linux/amd64/v3", &["a=2"])])],
        "inexpressible-value: other packages are pinned for `linux/amd64/v3` than for another platform that apk calls \
         `x86_64` too",
    );
}

#[test]
fn direct_versions_of_dnf() {
    let step = |closures: &[(&str, &[&str])]| step_of(Manager::Dnf, &[("curl", ""), ("git", "")], closures);
    check(
        Buildkit,
        "fedora:41",
        vec![step(&[("linux/amd64", &["git=2.47.0-1.fc41", "curl=1:8.9.1-2.fc41"])])],
        "RUN --mount=type=cache,target=/var/cache/dnf,sharing=locked \\
    --mount=type=cache,target=/var/cache/libdnf5,sharing=locked \\
    SOURCE_DATE_EPOCH=1795183536 dnf install -y --setopt=install_weak_deps=False \\
        curl-1:8.9.1-2.fc41 \\
        git-2.47.0-1.fc41 \\
    && rm -f /var/log/dnf.log /var/log/dnf.rpm.log /var/log/dnf5.log
",
    );
    check(
        Classic,
        "fedora:41",
        vec![step(&[("linux/amd64", &["git=2-1"]), ("linux/arm/v7", &["git=2-2"])])],
        "RUN set -- dnf install -y --setopt=install_weak_deps=False \\
    && case \"$(rpm --eval %_arch)\" in \\
        arm) set -- \"$@\" \\
            git-2-2 \\
            ;; \\
        x86_64) set -- \"$@\" \\
            git-2-1 \\
            ;; \\
        *) echo \"no packages are pinned for $(rpm --eval %_arch)\" >&2; exit 1 ;; \\
        esac \\
    && SOURCE_DATE_EPOCH=1795183536 \"$@\" \\
    && rm -f /var/log/dnf.log /var/log/dnf.rpm.log /var/log/dnf5.log \\
    && dnf clean all
",
    );
}
