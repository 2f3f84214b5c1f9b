//! Packages that a lock pins.

use super::super::super::sample::{packages, text};
use super::{DEBIAN, check, refuse};
use crate::base::Platform;
use crate::graph::Target::{Buildkit, Classic};
use crate::graph::{Manager, Packages, PinnedArchive, PinnedPackage, PinnedPackages, Repository, StepKind, Target};
use std::sync::Arc;

/// Packages of a platform: name, version, and whether they are there for others only (`+`).
type Closure<'t> = (&'t str, &'t [&'t str]);

/// What a lock pins, on each platform.
pub(super) fn pinned(closures: &[Closure<'_>]) -> PinnedPackages {
    let package = |text: &&str| {
        let (name, version) = text.split_once('=').expect("a version");
        let asked = name.strip_prefix('+');
        PinnedPackage { name: asked.unwrap_or(name).to_owned(), version: version.to_owned(), auto: asked.is_some() }
    };
    let closure = |(platform, packages): &Closure<'_>| {
        (Platform::parse(platform).expect(platform), Arc::new(packages.iter().map(package).collect()))
    };
    PinnedPackages { closures: closures.iter().map(closure).collect(), archives: Vec::new(), dated: 1_795_183_536 }
}

fn step(pinned: PinnedPackages, change: impl Fn(&mut Packages)) -> StepKind {
    let mut step = Packages { pinned: Some(Arc::new(pinned)), ..packages(Manager::Apt, &[("git", "")]) };
    change(&mut step);
    StepKind::Packages(step)
}

const START: &str = "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    rm -f /etc/apt/apt.conf.d/docker-clean \\
";
const END: &str =
    "    && rm -f /var/cache/ldconfig/aux-cache /var/log/alternatives.log /var/log/apt/*.* /var/log/dpkg.log
";

/// What a pinned step of `closures` becomes, between what each begins and ends with.
fn check_closures(closures: &[Closure<'_>], expected: &str) {
    check(Buildkit, DEBIAN, vec![step(pinned(closures), |_| {})], &format!("{START}{expected}{END}"));
}

#[test]
fn one_platform() {
    check_closures(
        &[("linux/amd64", &["+libc-l10n=2.36", "git=1:2.39.5-0+deb12u3", "+git-man=1:2.39.5-0+deb12u3"])],
        "    && apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        git=1:2.39.5-0+deb12u3 \\
        git-man=1:2.39.5-0+deb12u3 \\
        libc-l10n=2.36 \\
    && apt-mark auto \\
        git-man libc-l10n \\
",
    );
    check(Buildkit, DEBIAN, vec![step(pinned(&[("linux/amd64", &[])]), |_| {})], "");
    check(
        Classic,
        DEBIAN,
        vec![step(pinned(&[("linux/amd64", &["dbus=1", "systemd=2~b"])]), |_| {})],
        "RUN apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        dbus=1 \\
        'systemd=2~b' \\
    && rm -f /var/cache/ldconfig/aux-cache /var/lib/dbus/machine-id /var/log/alternatives.log /var/log/apt/*.* /var/log/dpkg.log \\
    && truncate -s 0 /etc/machine-id \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/*
",
    );
}

#[test]
fn platforms_that_differ() {
    check_closures(
        &[
            ("linux/amd64", &["git=1", "+git-man=1", "+libc6=2+b1", "+libquadmath0=12"]),
            ("linux/arm/v7", &["git=1", "+git-man=1", "libc6=2"]),
            ("linux/arm64", &["git=1", "+git-man=1", "+libc6=2"]),
            ("linux/ppc64le", &["git=1", "+git-man=1"]),
        ],
        "    && apt-get update --error-on=any \\
    && set -- apt-get install -y --no-install-recommends --no-remove \\
        git=1 \\
        git-man=1 \\
    && case \"$(dpkg --print-architecture)\" in \\
        amd64) set -- \"$@\" \\
            libc6=2+b1 \\
            libquadmath0=12 \\
            ;; \\
        arm64) set -- \"$@\" \\
            libc6=2 \\
            ;; \\
        armhf) set -- \"$@\" \\
            libc6=2 \\
            ;; \\
        ppc64el) ;; \\
        *) echo \"no packages are pinned for $(dpkg --print-architecture)\" >&2; exit 1 ;; \\
        esac \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \"$@\" \\
    && apt-mark auto \\
        git-man \\
    && case \"$(dpkg --print-architecture)\" in \\
        amd64) apt-mark auto \\
            libc6 libquadmath0 \\
            ;; \\
        arm64) apt-mark auto \\
            libc6 \\
            ;; \\
        esac \\
",
    );
    // Debian tells no processor of amd64 from another.
    check_closures(
        &[("linux/amd64", &["git=1"]), ("linux/amd64/v3", &["git=1"])],
        "    && apt-get update --error-on=any \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        git=1 \\
",
    );
    refuse(
        Buildkit,
        DEBIAN,
        vec![step(pinned(&[("linux/amd64", &["git=1"]), ("linux/amd64/v3", &["git=2"])]), |_| {})],
        "inexpressible-value: other packages are pinned for `linux/amd64/v3` than for another platform that Debian \
         calls `amd64` too",
    );
    refuse(
        Buildkit,
        DEBIAN,
        vec![step(pinned(&[("windows/amd64", &["git=1"])]), |_| {})],
        "inexpressible-value: Debian has no architecture for `windows/amd64`",
    );
}

const ARMOURED: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQ\n-----END PGP PUBLIC KEY BLOCK-----\n";

fn archive(suite: &str, signed_by: Option<&str>) -> PinnedArchive {
    PinnedArchive {
        uri: "http://archive.example/debian/20261120".to_owned(),
        suite: suite.to_owned(),
        components: vec!["main".to_owned(), "contrib".to_owned()],
        signed_by: signed_by.map(str::to_owned),
    }
}

fn repository(uri: &str) -> Repository {
    Repository {
        name: text("pgdg"),
        uri: text(uri),
        suite: Some(text("bookworm-pgdg")),
        components: vec!["main".to_owned()],
        key: Some(text("pgdg.asc")),
    }
}

#[test]
fn archives_are_there_for_the_step_alone() {
    let key = Some("/usr/share/keyrings/debian.gpg");
    let archives = [archive("bookworm", key), archive("bookworm-updates", key), archive("x/", Some(ARMOURED))];
    let steps = |closure: &[&str], uri: Option<&str>| {
        let mut pinned = pinned(&[("linux/amd64", closure)]);
        pinned.archives = archives.to_vec();
        vec![step(pinned, |step| step.repositories = uri.map(repository).into_iter().collect())]
    };
    let check = |target: Target, steps: Vec<StepKind>, expected: &str| check(target, DEBIAN, steps, expected);
    check(
        Buildkit,
        steps(&["git=1"], None),
        &format!(
            "{START}    && printf '%s\\n' \\
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \\
        '' \\
        mQ \\
        '-----END PGP PUBLIC KEY BLOCK-----' \\
        > /var/cache/apt/pinned-2.asc \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: bookworm bookworm-updates' \\
        'Components: main contrib' \\
        'Signed-By: /usr/share/keyrings/debian.gpg' \\
        '' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: x/' \\
        'Components: main contrib' \\
        'Signed-By: /var/cache/apt/pinned-2.asc' \\
        > /var/cache/apt/pinned.sources \\
    && apt-get update --error-on=any -o Acquire::Check-Valid-Until=false \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
        git=1 \\
{END}"
        ),
    );
    check(
        Classic,
        steps(&["git=1"], Some("http://apt.example")),
        &format!(
            "COPY pgdg.asc /etc/apt/keyrings/pgdg.asc
RUN chmod 0644 /etc/apt/keyrings/pgdg.asc \\
    && printf '%s\\n' \\
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \\
        '' \\
        mQ \\
        '-----END PGP PUBLIC KEY BLOCK-----' \\
        > /tmp/pinned-2.asc \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: bookworm bookworm-updates' \\
        'Components: main contrib' \\
        'Signed-By: /usr/share/keyrings/debian.gpg' \\
        '' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: x/' \\
        'Components: main contrib' \\
        'Signed-By: /tmp/pinned-2.asc' \\
        '' \\
        > /tmp/pinned.sources \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: http://apt.example' \\
        'Suites: bookworm-pgdg' \\
        'Components: main' \\
        'Signed-By: /etc/apt/keyrings/pgdg.asc' \\
        '' \\
        > /etc/apt/sources.list.d/pgdg.sources \\
    && cat /etc/apt/sources.list.d/pgdg.sources >> /tmp/pinned.sources \\
    && apt-get update --error-on=any -o Acquire::Check-Valid-Until=false \\
        -o Dir::Etc::sourcelist=/tmp/pinned.sources -o Dir::Etc::sourceparts=- \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        -o Dir::Etc::sourcelist=/tmp/pinned.sources -o Dir::Etc::sourceparts=- \\
        git=1 \\
{} \\
    && apt-get clean \\
    && rm -rf /var/lib/apt/lists/* /tmp/pinned-2.asc /tmp/pinned.sources
",
            END.trim_end()
        ),
    );
    check(
        Buildkit,
        steps(&["+git=1", "+openssl=3", "ca-certificates=2"], Some("https://apt.example")),
        &format!(
            "RUN --mount=type=cache,target=/var/cache/apt,sharing=locked \\
    --mount=type=cache,target=/var/lib/apt/lists,sharing=locked \\
    --mount=type=bind,source=pgdg.asc,target=/tmp/pgdg.key \\
    rm -f /etc/apt/apt.conf.d/docker-clean \\
    && install -D -m 0644 /tmp/pgdg.key /etc/apt/keyrings/pgdg.asc \\
    && printf '%s\\n' \\
        '-----BEGIN PGP PUBLIC KEY BLOCK-----' \\
        '' \\
        mQ \\
        '-----END PGP PUBLIC KEY BLOCK-----' \\
        > /var/cache/apt/pinned-2.asc \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: bookworm bookworm-updates' \\
        'Components: main contrib' \\
        'Signed-By: /usr/share/keyrings/debian.gpg' \\
        '' \\
        'Types: deb' \\
        'URIs: http://archive.example/debian/20261120' \\
        'Suites: x/' \\
        'Components: main contrib' \\
        'Signed-By: /var/cache/apt/pinned-2.asc' \\
        '' \\
        > /var/cache/apt/pinned.sources \\
    && apt-get update --error-on=any -o Acquire::Check-Valid-Until=false \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
        ca-certificates=2 \\
        openssl=3 \\
    && printf '%s\\n' \\
        'Types: deb' \\
        'URIs: https://apt.example' \\
        'Suites: bookworm-pgdg' \\
        'Components: main' \\
        'Signed-By: /etc/apt/keyrings/pgdg.asc' \\
        '' \\
        > /etc/apt/sources.list.d/pgdg.sources \\
    && cat /etc/apt/sources.list.d/pgdg.sources >> /var/cache/apt/pinned.sources \\
    && apt-get update --error-on=any -o Acquire::Check-Valid-Until=false \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
    && DEBIAN_FRONTEND=noninteractive SOURCE_DATE_EPOCH=1795183536 \\
        apt-get install -y --no-install-recommends --no-remove \\
        -o Dir::Etc::sourcelist=/var/cache/apt/pinned.sources -o Dir::Etc::sourceparts=- \\
        ca-certificates=2 \\
        git=1 \\
        openssl=3 \\
    && apt-mark auto \\
        git openssl \\
{END}"
        ),
    );
}
