//! What is known of well-known images: users, how they start, programs. The source is their Dockerfiles (docker-library,
//! nginx/docker-nginx, nodejs/docker-node, GoogleContainerTools/distroless) and Debian's base-passwd, all of which
//! change slowly. What is not known for sure is not here: rules say nothing then.

use super::{Account, Family};
use crate::base::ImageRef;

/// As whom an image's own entrypoint starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// As another user than root.
    Unprivileged,
    /// As root, and then its program or entrypoint goes over to another user.
    Drops,
}

/// The users of `image` that have the same numbers in all its versions.
pub fn accounts(image: &ImageRef) -> Vec<Account> {
    let account = |&(name, uid, gid): &(&'static str, u32, u32)| Account { name: name.into(), uid, gid };
    let family = Family::of(image);
    let is_alpine = family == Family::Alpine;
    let official = official(image);
    let own: &[(&'static str, u32, u32)] = match official {
        _ if image.name().contains("distroless") => &[("nonroot", 65532, 65532)],
        Some("node") => &[("node", 1000, 1000)],
        Some("nginx") => &[("nginx", 101, 101)],
        Some("postgres") if is_alpine => &[("postgres", 70, 70)],
        Some("postgres") => &[("postgres", 999, 999)],
        Some("redis" | "valkey") if !is_alpine => &[("redis", 999, 999)],
        Some("php") if is_alpine => &[("www-data", 82, 82)],
        Some("ubuntu") if has_ubuntu_user(image.tag().unwrap_or("latest")) => &[("ubuntu", 1000, 1000)],
        _ => &[],
    };
    let common: &[(&'static str, u32, u32)] = match family {
        Family::Debian if official.is_some_and(|name| ON_DEBIAN.contains(&name)) => DEBIAN,
        Family::Alpine if official.is_some() => &[("nobody", 65534, 65534)],
        Family::Distroless => &[("nobody", 65534, 65534)],
        _ => &[],
    };
    own.iter().chain(common).map(account).collect()
}

/// As whom `image` starts, if it is known and not root to the end.
pub fn start(image: &ImageRef) -> Option<Start> {
    let name = image.name();
    let is_nonroot = image.tag().is_some_and(|tag| tag.split('-').any(|part| part == "nonroot" || part == "rootless"));
    match official(image) {
        _ if is_nonroot => Some(Start::Unprivileged),
        Some("haproxy" | "memcached" | "elasticsearch" | "kibana" | "logstash" | "sonarqube" | "varnish") => {
            Some(Start::Unprivileged)
        }
        Some(
            "nginx" | "httpd" | "postgres" | "redis" | "valkey" | "mysql" | "mariadb" | "percona" | "mongo"
            | "rabbitmq" | "cassandra" | "couchdb" | "influxdb" | "ghost" | "wordpress" | "nextcloud" | "drupal"
            | "joomla" | "zookeeper" | "consul" | "vault",
        ) => Some(Start::Drops),
        Some("php") if image.tag().is_some_and(|tag| tag.contains("apache") || tag.contains("fpm")) => {
            Some(Start::Drops)
        }
        Some(_) => None,
        None if ["nginxinc/nginx-unprivileged", "grafana/grafana", "jenkins/jenkins"]
            .iter()
            .any(|known| name.ends_with(known))
            || ["cgr.dev/chainguard/", "bitnami/", "docker.io/bitnami/", "prom/", "quay.io/prometheus/"]
                .iter()
                .any(|known| name.starts_with(known)) =>
        {
            Some(Start::Unprivileged)
        }
        None => None,
    }
}

/// Whether `image` has the program `name`, where that is known: for official images, and for names that are the same in
/// all distributions.
pub fn brings(image: &ImageRef, program: &str) -> Option<bool> {
    let official = official(image)?;
    let tag = image.tag().unwrap_or_default();
    let (family, is_slim) = (Family::of(image), tag.contains("slim"));
    let own: &[&str] = match official {
        "debian" | "alpine" | "busybox" => &[],
        "ubuntu" => &["ps"],
        "python" => &["python3", "python"],
        "node" => &["node"],
        "golang" | "rust" | "ruby" => &[],
        "php" => &["curl"],
        "nginx" if is_slim => &["nginx", "envsubst"],
        "nginx" => &["nginx", "envsubst", "curl"],
        "httpd" => &["httpd"],
        "postgres" => &["psql", "pg_isready", "gosu", "su-exec"],
        "redis" => &["redis-cli", "gosu", "su-exec"],
        _ => return None,
    };
    // All but the slim ones stand on buildpack-deps, which brings what installing anything takes.
    let on_buildpack = ["python", "node", "golang", "rust", "ruby"].contains(&official) && family == Family::Debian;
    let system: &[&str] = match family {
        Family::Debian if on_buildpack && !is_slim => &["bash", "curl", "wget", "git", "ps", "python3"],
        Family::Debian => &["bash"],
        Family::Alpine | Family::Busybox => &["wget", "nc", "ps", "nslookup"],
        Family::Empty | Family::Distroless | Family::RedHat => return None,
    };
    // bash comes to Alpine with some of them.
    let is_unsure = program == "bash" && family != Family::Debian && own.len() > 1;
    (!is_unsure).then(|| own.contains(&program) || system.contains(&program))
}

/// The name of an official image of Docker Hub that is known here; `None` for any other image.
pub fn official(image: &ImageRef) -> Option<&str> {
    let name = image.name();
    let name = name.strip_prefix("docker.io/").unwrap_or(name);
    let name = name.strip_prefix("library/").unwrap_or(name);
    (ON_DEBIAN.contains(&name) || ELSEWHERE.contains(&name)).then_some(name)
}

/// Official images that stand on Debian or Ubuntu unless their tag says otherwise.
const ON_DEBIAN: &[&str] = &[
    "buildpack-deps",
    "cassandra",
    "couchdb",
    "debian",
    "drupal",
    "gcc",
    "ghost",
    "golang",
    "haproxy",
    "httpd",
    "influxdb",
    "joomla",
    "mariadb",
    "memcached",
    "mongo",
    "nextcloud",
    "nginx",
    "node",
    "perl",
    "php",
    "postgres",
    "python",
    "rabbitmq",
    "redis",
    "ruby",
    "rust",
    "tomcat",
    "ubuntu",
    "valkey",
    "varnish",
    "wordpress",
    "zookeeper",
];

/// Official images that stand on something else.
const ELSEWHERE: &[&str] = &[
    "almalinux",
    "alpine",
    "amazonlinux",
    "busybox",
    "caddy",
    "centos",
    "consul",
    "elasticsearch",
    "fedora",
    "kibana",
    "logstash",
    "mysql",
    "oraclelinux",
    "percona",
    "rockylinux",
    "sonarqube",
    "traefik",
    "vault",
];

/// Whether that version of Ubuntu has the user `ubuntu`, as all have since 23.04.
fn has_ubuntu_user(tag: &str) -> bool {
    let version = tag.split(['-', '.']).next().and_then(|year| year.parse::<u32>().ok());
    version.is_some_and(|year| year >= 23)
        || ["latest", "rolling", "devel", "noble", "oracular", "plucky", "questing"]
            .iter()
            .any(|name| tag.starts_with(name))
}

/// Debian's base-passwd, which numbers them the same in every release.
const DEBIAN: &[(&str, u32, u32)] = &[
    ("daemon", 1, 1),
    ("bin", 2, 2),
    ("sys", 3, 3),
    ("sync", 4, 65534),
    ("games", 5, 60),
    ("man", 6, 12),
    ("lp", 7, 7),
    ("mail", 8, 8),
    ("news", 9, 9),
    ("uucp", 10, 10),
    ("proxy", 13, 13),
    ("www-data", 33, 33),
    ("backup", 34, 34),
    ("list", 38, 38),
    ("irc", 39, 39),
    ("nobody", 65534, 65534),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        ImageRef::parse(text).expect(text)
    }

    #[test]
    fn users() {
        for (of, name, numbers) in [
            ("debian:12", "www-data", Some((33, 33))),
            ("docker.io/library/node:22-alpine", "node", Some((1000, 1000))),
            ("node:22-alpine", "nobody", Some((65534, 65534))),
            ("ubuntu:24.04", "ubuntu", Some((1000, 1000))),
            ("ubuntu:22.04", "ubuntu", None),
            ("php:8-alpine", "www-data", Some((82, 82))),
            ("gcr.io/distroless/static-debian12", "nonroot", Some((65532, 65532))),
            ("registry.example/team/app", "www-data", None),
        ] {
            let found = accounts(&image(of)).into_iter().find(|account| account.name == name);
            assert_eq!(found.map(|account| (account.uid, account.gid)), numbers, "{name} of {of}");
        }
    }

    #[test]
    fn starts() {
        for (of, expected) in [
            ("debian:12", None),
            ("nginx:1.27", Some(Start::Drops)),
            ("registry.example/team/nginx", None),
            ("nginxinc/nginx-unprivileged:1.27", Some(Start::Unprivileged)),
            ("gcr.io/distroless/static-debian12:nonroot", Some(Start::Unprivileged)),
            ("php:8-cli", None),
            ("php:8-fpm-alpine", Some(Start::Drops)),
        ] {
            assert_eq!(start(&image(of)), expected, "{of}");
        }
    }

    #[test]
    fn programs() {
        for (of, program, expected) in [
            ("debian:12-slim", "curl", Some(false)),
            ("python:3.12-slim-bookworm", "curl", Some(false)),
            ("python:3.12-bookworm", "curl", Some(true)),
            ("python:3.12-alpine", "wget", Some(true)),
            ("nginx:1.27-bookworm", "curl", Some(true)),
            ("nginx:1.27-alpine-slim", "curl", Some(false)),
            ("alpine:3.20", "bash", Some(false)),
            ("postgres:17-alpine", "bash", None),
            ("rabbitmq:4", "curl", None),
            ("registry.example/team/debian", "curl", None),
        ] {
            assert_eq!(brings(&image(of), program), expected, "{program} of {of}");
        }
    }
}
