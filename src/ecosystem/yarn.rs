//! Yarn: `package.json`, `yarn.lock`, and `yarn install` of what the lock names. The first Yarn, and those behind it, which
//! have settings, a cache and an order of words of their own.

use super::javascript::{LEFT, Workspace};
use super::manifest::Format;
use super::{Plan, Project, variables};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Run, Sharing};
use serde_json::Value;

/// What only Yarn 2 and later read.
const SETTINGS: &str = ".yarnrc.yml";

/// What a `yarn` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let workspace = Workspace::read(project, &[], diagnostics)?;
    let script = workspace.script(project, diagnostics)?;
    let settings = project.value(SETTINGS, Format::Yaml, diagnostics)?;
    let lock = project.look("yarn.lock", diagnostics)?;
    let is_first = settings.is_none()
        && workspace.manager("yarn").is_none_or(|version| version.starts_with("1."))
        && !lock.as_ref().is_some_and(|lock| lock.contains("__metadata:"));
    let settings = settings.unwrap_or(Value::Null);
    let run = if is_first { first(project, lock.is_some()) } else { later(project, &settings, lock.is_some()) };
    let mut writes = workspace.installed();
    if !is_first {
        writes.extend([".yarn", ".pnp.cjs", ".pnp.loader.mjs"].map(|path| project.into.join(path)));
    }
    let build = script.map(|script| {
        let mut build = project.run(vec![format!("yarn run {script}")], Vec::new());
        build.env = if is_first { Vec::new() } else { run.env.clone() };
        (build, Vec::new())
    });
    let files: &[&str] = match is_first {
        true => &["yarn.lock", ".yarnrc", ".npmrc"],
        false => &["yarn.lock", SETTINGS, ".yarn/releases", ".yarn/plugins", ".yarn/patches"],
    };
    let mut kept = workspace.kept(project);
    // Yarn asks for these whenever it runs a script.
    let read: &[&str] = if is_first { &[] } else { &["yarn.lock", SETTINGS, ".yarn/releases", ".yarn/plugins"] };
    kept.extend(project.present(read, diagnostics)?);
    Ok(Plan {
        manifests: workspace.manifests(project, files, diagnostics)?,
        install: Some((run, writes)),
        kept,
        exclude: LEFT.to_vec(),
        build,
        build_installs: false,
        unlocked: lock.is_none().then(|| project.without_lock("yarn.lock", "yarn install")),
    })
}

/// The installation by Yarn 1. Two at once would break its cache.
fn first(project: &Project<'_>, is_locked: bool) -> Run {
    let (cache, variables) =
        project.cache_of("yarn", "/usr/local/share/.cache/yarn", Sharing::Locked, "YARN_CACHE_FOLDER");
    let lock = if is_locked { "--frozen-lockfile" } else { "--no-lockfile" };
    let omit = if project.omits_dev() { " --production" } else { "" };
    let command = format!("yarn install {lock} --non-interactive{omit}{}", project.operands());
    let mut run = project.run(vec![command], vec![cache]);
    run.env = variables;
    run
}

/// The installation by Yarn 2 and later. Its archives are what the program reads when it runs, unless they are unpacked
/// to `node_modules`: then they are kept between builds alone.
fn later(project: &Project<'_>, settings: &Value, is_locked: bool) -> Run {
    let is_unpacked = matches!(settings["nodeLinker"].as_str(), Some("node-modules" | "pnpm"));
    let name = if project.by_root() { "/root/.yarn/berry" } else { "/var/cache/yarn" };
    // Yarn locks nothing of it that it writes.
    let cache = project.cache(name, Sharing::Locked);
    let install = match (project.omits_dev(), is_locked) {
        (true, _) => "yarn workspaces focus --all --production",
        (false, true) => "yarn install --immutable",
        (false, false) => "yarn install --no-immutable",
    };
    let mut run = project.run(vec![format!("{install}{}", project.operands())], vec![cache]);
    run.env = variables(&[
        ("YARN_GLOBAL_FOLDER", name),
        ("YARN_ENABLE_GLOBAL_CACHE", if is_unpacked { "1" } else { "0" }),
        ("YARN_ENABLE_TELEMETRY", "0"),
    ]);
    run
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;

    #[track_caller]
    fn check(node: &str, files: &[(&str, &str)], expected: &[&str]) {
        told("node:22", files, node, expected);
    }

    #[test]
    fn the_first_yarn() {
        check(
            "yarn \"install\" omit=\"dev\" script=\"build\" { sources \"src\"; }",
            &[
                ("package.json", "{\"scripts\":{\"build\":\"x\"},\"packageManager\":\"yarn@1.22.22\"}"),
                ("yarn.lock", "# yarn lockfile v1\n"),
                (".yarnrc", ""),
                ("src/a.js", ""),
            ],
            &[
                "yarn package.json yarn.lock .yarnrc: [cache /usr/local/share/.cache/yarn] \
                 yarn install --frozen-lockfile --non-interactive --production",
                "copy package.json -> /src/package.json",
                "copy src/ -> /src/src",
                "yarn: yarn run build",
            ],
        );
    }

    #[test]
    fn later_ones() {
        check(
            "yarn \"install\"",
            &[
                ("package.json", "{\"workspaces\":[\"a\"]}"),
                ("a/package.json", "{}"),
                ("yarn.lock", "__metadata:\n  version: 8\n"),
                (".yarnrc.yml", "nodeLinker: node-modules\nyarnPath: .yarn/releases/yarn-4.5.0.cjs\n"),
                (".yarn/releases/yarn-4.5.0.cjs", ""),
            ],
            &[
                "yarn package.json yarn.lock .yarnrc.yml .yarn/releases a/package.json: [cache /root/.yarn/berry] \
                 YARN_GLOBAL_FOLDER=\"/root/.yarn/berry\" YARN_ENABLE_GLOBAL_CACHE=\"1\" YARN_ENABLE_TELEMETRY=\"0\" \
                 yarn install --immutable",
                "copy package.json -> /src/package.json",
                "copy a/package.json -> /src/a/package.json",
                "copy yarn.lock -> /src/yarn.lock",
                "copy .yarnrc.yml -> /src/.yarnrc.yml",
                "copy .yarn/releases/ -> /src/.yarn/releases",
            ],
        );
        check(
            "yarn \"install\" omit=\"dev\"",
            &[("package.json", "{}"), ("yarn.lock", "__metadata:\n")],
            &[
                "yarn package.json yarn.lock: [cache /root/.yarn/berry] YARN_GLOBAL_FOLDER=\"/root/.yarn/berry\" \
                 YARN_ENABLE_GLOBAL_CACHE=\"0\" YARN_ENABLE_TELEMETRY=\"0\" yarn workspaces focus --all --production",
                "copy package.json -> /src/package.json",
                "copy yarn.lock -> /src/yarn.lock",
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "yarn \"install\"",
            &[("package.json", "{}")],
            &[
                "yarn package.json: [cache /usr/local/share/.cache/yarn] yarn install --no-lockfile --non-interactive",
                "copy package.json -> /src/package.json",
            ],
        );
    }
}
