//! npm: `package.json`, its lock, and `npm ci`, which installs what the lock names and nothing else.

use super::javascript::{LEFT, Workspace};
use super::{Plan, Project};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Sharing;

/// The lock files, the one that npm prefers first.
const LOCKS: &[&str] = &["npm-shrinkwrap.json", "package-lock.json"];

/// What an `npm` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let workspace = Workspace::read(project, &[], diagnostics)?;
    let script = workspace.script(project, diagnostics)?;
    let is_locked = !project.present(LOCKS, diagnostics)?.is_empty();
    // Without a lock file no other command installs, and none is to be left behind.
    let command = if is_locked { "npm ci" } else { "npm install --no-package-lock" };
    let mut words = vec![command, "--no-audit", "--no-fund"];
    words.extend(project.omits_dev().then_some("--omit=dev"));
    // Content by its hash, each file put in its place whole: npm's cache may be used by many at once.
    let (cache, env) = project.cache_of("npm", "/root/.npm", Sharing::Shared, "npm_config_cache");
    let mut install = project.run(vec![words.join(" ") + &project.operands()], vec![cache.clone()]);
    install.env = env.clone();
    let build = script.map(|script| {
        let mut build = project.run(vec![format!("npm run {script}")], vec![cache]);
        build.env = env;
        build
    });
    let unlocked = (!is_locked).then(|| project.without_lock("package-lock.json", "npm install --package-lock-only"));
    Ok(Plan {
        manifests: workspace.manifests(
            project,
            &["npm-shrinkwrap.json", "package-lock.json", ".npmrc"],
            diagnostics,
        )?,
        install: Some((install, workspace.installed())),
        kept: workspace.kept(project),
        exclude: LEFT.to_vec(),
        build: build.map(|build| (build, Vec::new())),
        build_installs: false,
        unlocked,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;

    #[track_caller]
    fn check(node: &str, files: &[(&str, &str)], expected: &[&str]) {
        told("node:22", files, node, expected);
    }

    #[test]
    fn locked_projects() {
        let files = &[
            ("package.json", "{\"scripts\":{\"build\":\"x\"}}"),
            ("package-lock.json", "{}"),
            (".npmrc", ""),
            ("lib/a.js", ""),
        ];
        check(
            "npm \"ci\" omit=\"dev\"",
            files,
            &[
                "npm package.json package-lock.json .npmrc: [cache /root/.npm] npm ci --no-audit --no-fund --omit=dev",
                "copy package.json -> /src/package.json",
            ],
        );
        check(
            "npm \"ci\" \"--ignore-scripts\" script=\"build\" as=\"10001\" { sources \"lib\"; manifests \"prisma\"; }",
            files,
            &[
                "dir /src of 10001",
                "npm package.json package-lock.json .npmrc prisma: [cache /var/cache/npm] \
                 npm_config_cache=\"/var/cache/npm\" as 10001 npm ci --no-audit --no-fund --ignore-scripts",
                "copy package.json -> /src/package.json of 10001",
                "copy lib/ -> /src/lib of 10001",
                "npm: [cache /var/cache/npm] npm_config_cache=\"/var/cache/npm\" as 10001 npm run build",
            ],
        );
    }

    #[test]
    fn workspaces_and_packages_of_the_disk() {
        check(
            "npm \"ci\" project=\"web\"",
            &[
                ("web/package.json", "{\"workspaces\":[\"packages/*\"],\"dependencies\":{\"s\":\"file:../shared\"}}"),
                ("web/package-lock.json", "{}"),
                ("web/packages/a/package.json", "{\"devDependencies\":{\"t\":\"file:../../t-1.0.0.tgz\"}}"),
                ("web/packages/notes.txt", ""),
                ("web/t-1.0.0.tgz", ""),
                ("shared/package.json", "{\"dependencies\":{\"u\":\"link:../u\"}}"),
                ("u/package.json", "{}"),
            ],
            &[
                "npm web/package.json web/package-lock.json shared/package.json u/package.json \
                 web/packages/a/package.json web/t-1.0.0.tgz: [cache /root/.npm] npm ci --no-audit --no-fund",
                "copy web/package.json -> /src/package.json",
                "copy web/packages/a/package.json -> /src/packages/a/package.json",
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "npm \"ci\"",
            &[("package.json", "{}")],
            &[
                "npm package.json: [cache /root/.npm] npm install --no-package-lock --no-audit --no-fund",
                "copy package.json -> /src/package.json",
            ],
        );
    }

    #[test]
    fn mistakes() {
        check("npm \"ci\"", &[("x", "")], &["there is no file `package.json`"]);
        check("npm \"ci\"", &[("package.json", "{\n  \"name\"\n}")], &["package.json:3: no JSON: expected `:`"]);
        check("npm \"ci\" script=\"biuld\"", &[("package.json", "{}")], &["`package.json` has no script `biuld`"]);
        check(
            "npm \"ci\"",
            &[("package.json", "{\"dependencies\":{\"a\":\"file:../a\"}}")],
            &["`../a` leaves the build context"],
        );
        check("npm \"install\"", &[], &["`npm` has no command `install`"]);
    }
}
