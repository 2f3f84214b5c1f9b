//! `missing-program`: a health check, entrypoint or command whose program nothing brings: no package, no file and, where
//! that is known, not the base. The container would not start, or be unhealthy for ever.

use super::started::{self, Started};
use super::{Findings, Rule, Scene};
use crate::base::{ImagePath, closest, joined};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Base, Copy, CopyFrom, Family, Step, StepKind, known};

pub(super) static RULE: Rule = Rule::warn(code!("missing-program"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    for started in started::programs(scene) {
        let hint = match started.path(scene) {
            Some(path) => missing_path(scene, &path),
            None if started.program.contains('/') => None,
            None => missing_name(scene, &started),
        };
        if let Some(hint) = hint {
            let message = format!("nothing brings the program `{}` of `{}`", started.program, started.node);
            findings.tell(Diagnostic::error(&RULE.code, started.span, message).hint(hint));
        }
    }
}

/// What to do about the file `path`, if it is surely not there.
fn missing_path(scene: &Scene<'_>, path: &ImagePath) -> Option<String> {
    if may_be_made(scene) || files(scene).any(|placed| may_hold(scene, placed, path)) {
        return None;
    }
    let top = path.as_str().split('/').nth(1).unwrap_or_default();
    let may_be_of_base = match scene.foundation() {
        Base::Scratch => false,
        Base::Registry(image) if known::official(image).is_some() => {
            SYSTEM.contains(&top) || top.starts_with("docker-entrypoint")
        }
        Base::Registry(_) | Base::Stage(_) | Base::Image(_) => true,
    };
    // Packages put programs where the system has its own.
    let may_be_of_package = packages(scene).next().is_some() && SYSTEM.contains(&top);
    if may_be_of_base || may_be_of_package {
        return None;
    }
    let written: Vec<&str> = files(scene).flat_map(|(_, step)| &step.writes).map(ImagePath::as_str).collect();
    let siblings = files(scene).flat_map(|placed| below(scene, placed, &path.parent())).collect::<Vec<_>>();
    let meant = closest(path.as_str(), written.into_iter().chain(siblings.iter().map(String::as_str)));
    Some(match meant {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("bring it: copy \"…\" to=\"{path}\""),
    })
}

/// What to do about the program that goes by its name alone, if it is surely not there.
fn missing_name(scene: &Scene<'_>, started: &Started) -> Option<String> {
    let name = &started.program;
    let is_scratch = *scene.foundation() == Base::Scratch;
    // The base is asked first: it is known without a look at the files.
    if !is_scratch && !may_be_missing(scene, name) {
        return None;
    }
    let places: Vec<ImagePath> = path(scene)?.iter().map(|directory| directory.join(name)).collect();
    let is_there = |placed: Placed<'_>| places.iter().any(|place| may_hold(scene, placed, place));
    if files(scene).any(is_there) || is_mentioned(scene, name) {
        return None;
    }
    if is_scratch {
        let named = |path: &&ImagePath| path.file_name() == name;
        let elsewhere = files(scene).flat_map(|(_, step)| &step.writes).find(named);
        return match elsewhere {
            _ if may_be_made(scene) => None,
            Some(path) => Some(format!("write its path, which is not searched: \"{path}\"")),
            None => Some(format!("bring it: copy \"…\" to=\"/usr/local/bin/{name}\"")),
        };
    }
    let known = PROGRAMS.iter().find(|known| known.name == name)?;
    let brings = |package: &str| known.packages.iter().any(|prefix| package.starts_with(prefix));
    let installed: Vec<&str> = packages(scene).collect();
    // Interpreters come with much that is written in them.
    let may_come_along = !installed.is_empty() && known.comes_along;
    let has_recommends = scene.steps().any(|step| matches!(&step.kind, StepKind::Packages(p) if p.recommends));
    if installed.iter().any(|package| brings(package)) || may_come_along || has_recommends {
        return None;
    }
    let [apt, apk] = known.packages_to_install;
    Some(match scene.stage.family {
        Family::Debian if !apt.is_empty() => format!("install it: apt \"{apt}\""),
        Family::Alpine if !apk.is_empty() => format!("install it: apk \"{apk}\""),
        Family::Distroless => "let the program check itself: this base has no tools".to_owned(),
        _ => "use another program, or bring this one by `copy` or `fetch`".to_owned(),
    })
}

/// Whether the base is known to be without the program `name`, which is one of those that are missing often.
fn may_be_missing(scene: &Scene<'_>, name: &str) -> bool {
    let is_known = PROGRAMS.iter().any(|known| known.name == name);
    let is_missing = |base| Family::of(base) == Family::Distroless || known::brings(base, name) == Some(false);
    is_known && scene.base_image().is_some_and(is_missing)
}

/// A step, with the build context of its image.
type Placed<'a> = (&'a str, &'a Step);

/// The steps that bring files, of the stage and those it starts from.
fn files<'a>(scene: &Scene<'a>) -> impl Iterator<Item = Placed<'a>> {
    let steps = scene.graph.lineage(scene.stage);
    let steps = steps.flat_map(|(context, stage)| stage.steps.iter().map(move |step| (context, step)));
    steps.filter(|(_, step)| {
        !matches!(step.kind, StepKind::Packages(_) | StepKind::Dir(_) | StepKind::Workdir(_) | StepKind::User { .. })
    })
}

/// The names of all packages, of the stage and those it starts from.
fn packages<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a str> {
    scene.steps().flat_map(|step| match &step.kind {
        StepKind::Packages(packages) => packages.packages.iter().map(|package| package.name.value.as_str()).collect(),
        _ => Vec::new(),
    })
}

/// Whether commands may make any file.
fn may_be_made(scene: &Scene<'_>) -> bool {
    scene.steps().any(|step| matches!(step.kind, StepKind::Run(_) | StepKind::Raw { .. } | StepKind::Language(_)))
}

/// Whether a command mentions the program, and so may have brought it.
fn is_mentioned(scene: &Scene<'_>, name: &str) -> bool {
    scene.steps().any(|step| match &step.kind {
        StepKind::Run(run) => run.commands.iter().any(|text| text.value.contains(name)),
        StepKind::Raw { text } => text.value.contains(name),
        // pip brings programs too, by names of its own.
        StepKind::Language(_) => ["supervisord", "dumb-init", "node"].contains(&name),
        _ => false,
    })
}

/// Whether the step may put a file at `path`.
fn may_hold(scene: &Scene<'_>, (context, step): Placed<'_>, path: &ImagePath) -> bool {
    if !step.writes.iter().any(|written| written.contains(path)) {
        return false;
    }
    match &step.kind {
        StepKind::Copy(copy) if copy.from == CopyFrom::Context => copy.sources.iter().any(|source| {
            let name = source.path.value.rsplit('/').next().unwrap_or_default();
            match (source.directory, source.path.value.contains(['*', '?', '['])) {
                (_, true) => true,
                (false, _) if copy.into_directory => copy.to.join(name) == *path,
                (false, _) => copy.to == *path,
                (true, _) => {
                    let file = in_source(context, copy, &source.path.value, path);
                    file.is_none_or(|file| !matches!(scene.world.entry(&file), Ok(None)))
                }
            }
        }),
        _ => true,
    }
}

/// Where the directory `source` of a copy has what the copy puts at `path`.
fn in_source(context: &str, copy: &Copy, source: &str, path: &ImagePath) -> Option<String> {
    let rest = path.as_str().strip_prefix(copy.to.as_str())?.trim_start_matches('/');
    let source = if source == "." { "" } else { source };
    Some(joined(context, &joined(source, rest)))
}

/// The paths that the copy of a directory puts right below `directory`.
fn below(scene: &Scene<'_>, (context, step): Placed<'_>, directory: &ImagePath) -> Vec<String> {
    let StepKind::Copy(copy) = &step.kind else { return Vec::new() };
    if copy.from != CopyFrom::Context || !copy.to.contains(directory) {
        return Vec::new();
    }
    let sources = copy.sources.iter().filter(|source| source.directory);
    let entries = sources
        .filter_map(|source| in_source(context, copy, &source.path.value, directory))
        .filter_map(|path| scene.world.list(&path).ok());
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    entries.flatten().map(|entry| directory.join(&name(&entry.path)).to_string()).collect()
}

/// The directories that are searched for programs; `None` if a variable sets them.
fn path(scene: &Scene<'_>) -> Option<Vec<ImagePath>> {
    let mut directories: Vec<ImagePath> =
        SEARCHED.iter().filter_map(|path| ImagePath::resolve(path, &ImagePath::root()).ok()).collect();
    for step in scene.steps() {
        match &step.kind {
            StepKind::Path(own) => directories.extend(own.iter().map(|path| path.value.clone())),
            StepKind::Env { variables, .. } if variables.iter().any(|(name, _)| name.value.as_str() == "PATH") => {
                return None;
            }
            _ => {}
        }
    }
    Some(directories)
}

/// What builders search if an image does not say (moby, `DefaultPathEnvUnix`).
const SEARCHED: &[&str] = &["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The directories at the top in which bases and packages have programs.
const SYSTEM: &[&str] = &["bin", "etc", "lib", "lib64", "nodejs", "busybox", "opt", "sbin", "usr", "var"];

/// A program that is missing often.
struct Program {
    name: &'static str,
    /// How the names of the packages begin that bring it.
    packages: &'static [&'static str],
    /// The package to install, of apt and of apk; empty where there is none.
    packages_to_install: [&'static str; 2],
    /// Whether other packages need it, so that it comes along with them.
    comes_along: bool,
}

const fn program(name: &'static str, packages: &'static [&'static str], install: [&'static str; 2]) -> Program {
    Program { name, packages, packages_to_install: install, comes_along: false }
}

const fn interpreter(name: &'static str, packages: &'static [&'static str], install: [&'static str; 2]) -> Program {
    Program { name, packages, packages_to_install: install, comes_along: true }
}

const PROGRAMS: &[Program] = &[
    program("cron", &["cron"], ["cron", ""]),
    program("curl", &["curl"], ["curl", "curl"]),
    program("dig", &["dnsutils", "bind"], ["bind9-dnsutils", "bind-tools"]),
    program("dumb-init", &["dumb-init"], ["dumb-init", "dumb-init"]),
    program("envsubst", &["gettext"], ["gettext-base", "gettext-envsubst"]),
    program("git", &["git"], ["git", "git"]),
    program("gosu", &["gosu"], ["gosu", "gosu"]),
    program("jq", &["jq"], ["jq", "jq"]),
    program("mysqladmin", &["mysql", "mariadb", "default-mysql"], ["default-mysql-client", "mariadb-client"]),
    program("nc", &["netcat", "ncat", "nmap"], ["netcat-openbsd", "netcat-openbsd"]),
    program("nginx", &["nginx", "libnginx"], ["nginx", "nginx"]),
    program("nslookup", &["dnsutils", "bind"], ["bind9-dnsutils", "bind-tools"]),
    program("pg_isready", &["postgresql"], ["postgresql-client", "postgresql-client"]),
    program("ps", &["procps"], ["procps", "procps"]),
    program("psql", &["postgresql"], ["postgresql-client", "postgresql-client"]),
    program("redis-cli", &["redis", "valkey"], ["redis-tools", "redis"]),
    program("socat", &["socat"], ["socat", "socat"]),
    program("su-exec", &["su-exec"], ["", "su-exec"]),
    program("supervisord", &["supervisor"], ["supervisor", "supervisor"]),
    program("tini", &["tini"], ["tini", "tini"]),
    program("wget", &["wget"], ["wget", "wget"]),
    interpreter("bash", &["bash"], ["bash", "bash"]),
    interpreter("node", &["node", "npm"], ["nodejs", "nodejs"]),
    interpreter("python", &["python"], ["python-is-python3", "python3"]),
    interpreter("python3", &["python"], ["python3", "python3"]),
];

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_hints, check_in, check_on};
    use super::RULE;

    const FILES: &[(&str, &str)] = &[("bin/serve", ""), ("bin/check", "")];

    fn told(program: &str, node: &str) -> String {
        format!("nothing brings the program `{program}` of `{node}`")
    }

    #[test]
    fn names() {
        let curl = told("curl", "healthcheck");
        let probe = |base: &str, rest: &str| format!("from \"{base}\"\n{rest}\nhealthcheck \"curl\" \"http://x\"");
        check(&RULE, &probe("python:3.12-slim", ""), &[&curl]);
        check(&RULE, &probe("alpine", ""), &[&curl]);
        check(&RULE, &probe("gcr.io/distroless/base-debian12", ""), &[&curl]);
        for base in ["python:3.12", "nginx:1.27", "registry.example/app", "rabbitmq:4"] {
            check(&RULE, &probe(base, ""), &[]);
        }
        let brought = [
            "apt \"curl\"",
            "copy \"/usr/bin/curl\" to=\"/usr/bin/curl\" image=\"x\"",
            "run \"make-curl\"",
            "fetch \"https://example.com/curl\" to=\"/usr/local/bin/\"",
            "env PATH=\"/x\"",
        ];
        for rest in brought {
            check(&RULE, &probe("debian:12", rest), &[]);
        }
        check_hints(&RULE, &[], &probe("node:22-slim", "apt \"git\""), &["install it: apt \"curl\""]);
        check_hints(&RULE, &[], "from \"alpine\"; healthcheck \"bash\"", &["install it: apk \"bash\""]);
    }

    #[test]
    fn commands() {
        check(
            &RULE,
            "from \"debian\"; entrypoint \"tini\" \"--\" \"python3\" \"x\"",
            &[&told("tini", "entrypoint"), &told("python3", "entrypoint")],
        );
        check(&RULE, "from \"debian\"; apt \"tini\"; entrypoint \"tini\" \"--\" \"python3\" \"x\"", &[]);
        check(&RULE, "from \"debian\"; healthcheck shell=\"curl x || exit 1\"", &[&told("curl", "healthcheck")]);
        check(&RULE, "from \"debian\"; healthcheck shell=\"curl x || wget x\"", &[]);
        check(&RULE, "from \"debian\"; healthcheck shell=\"command -v curl && curl x\"", &[]);
        check(&RULE, "from \"debian\"; cmd \"nginx\"", &[&told("nginx", "cmd")]);
        check(&RULE, "from \"debian\"; entrypoint \"echo\"; cmd \"nginx\"", &[]);
        check(&RULE, "from \"debian\"; entrypoint shell=\"exec nginx\"", &[&told("nginx", "entrypoint")]);
    }

    #[test]
    fn bases() {
        let curl = told("curl", "healthcheck");
        let probe = "healthcheck \"curl\" \"http://x\"";
        check_on(&RULE, "from \"python:3.12-slim\"", probe, &[&curl]);
        check_on(&RULE, "from \"python:3.12-slim\"; apt \"curl\"", probe, &[]);
        check_on(&RULE, "from \"registry.example/x\"", probe, &[]);
        check_on(&RULE, "from scratch; file \"/x\" \"\" mode=\"0755\"", "cmd \"/x\"", &[]);
        check_on(&RULE, "from scratch", "cmd \"/x\"", &[&told("/x", "cmd")]);
    }

    #[test]
    fn paths() {
        let missing = told("/app/serve", "entrypoint");
        let entrypoint = |base: &str, rest: &str| format!("from {base}\n{rest}\nentrypoint \"/app/serve\"");
        check(&RULE, &entrypoint("scratch", ""), &[&missing]);
        check(&RULE, &entrypoint("\"debian\"", "dir \"/app\"; apt \"x1\""), &[&missing]);
        check(&RULE, &entrypoint("\"registry.example/x\"", ""), &[]);
        check(&RULE, &entrypoint("\"debian\"", "run \"make\""), &[]);
        check_in(&RULE, FILES, &entrypoint("scratch", "copy \"bin\" to=\"/app\""), &[]);
        check_in(&RULE, FILES, &entrypoint("scratch", "copy \"bin/*\" to=\"/app/\""), &[]);
        let misspelt = "from scratch; copy \"bin\" to=\"/app\"; entrypoint \"/app/srve\"";
        check_in(&RULE, FILES, misspelt, &[&told("/app/srve", "entrypoint")]);
        check_hints(&RULE, FILES, misspelt, &["did you mean `/app/serve`?"]);
        check_in(&RULE, FILES, "from scratch; copy \"bin\" to=\"/app\"; workdir \"/app\"; entrypoint \"./serve\"", &[]);
        let by_name = "from scratch; copy \"bin/serve\" to=\"/serve\"; entrypoint \"serve\"";
        check_hints(&RULE, FILES, by_name, &["write its path, which is not searched: \"/serve\""]);
        check_in(&RULE, FILES, "from scratch; copy \"bin\" to=\"/bin\"; entrypoint \"serve\"", &[]);
        check(&RULE, "from \"nginx\"; entrypoint \"/docker-entrypoint.sh\" \"nginx\"", &[]);
    }
}
