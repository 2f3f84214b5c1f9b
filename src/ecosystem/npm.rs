//! npm: `package.json`, its lock, and `npm ci`, which installs what the lock names and nothing else.

use super::javascript::{LEFT, Workspace};
use super::{Plan, Project};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{MissingLock, Sharing};

/// The lock files, the one that npm prefers first.
const LOCKS: &[&str] = &["npm-shrinkwrap.json", "package-lock.json"];

/// What an `npm` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let workspace = Workspace::read(project, &[], diagnostics)?;
    let script = workspace.script(project, diagnostics)?;
    let is_locked = LOCKS.iter().any(|lock| project.has(lock));
    // Without a lock file no other command installs, and none is to be left behind.
    let command = if is_locked { "npm ci" } else { "npm install --no-package-lock" };
    let mut words = vec![command, "--no-audit", "--no-fund"];
    words.extend(project.omits_dev().then_some("--omit=dev"));
    // Content by its hash, each file put in its place whole: npm's cache may be used by many at once.
    let (cache, env) = project.cache("npm", "/root/.npm", Sharing::Shared, "npm_config_cache");
    let mut install = project.run(vec![project.command(&words)], vec![cache.clone()]);
    install.env = env.clone();
    let build = script.map(|script| {
        let mut build = project.run(vec![format!("npm run {script}")], vec![cache]);
        build.env = env;
        build
    });
    let command = "npm install --package-lock-only".to_owned();
    let unlocked = (!is_locked).then(|| MissingLock { file: project.path("package-lock.json"), command });
    Ok(Plan {
        manifests: workspace.manifests(project, &["npm-shrinkwrap.json", "package-lock.json", ".npmrc"]),
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
    use super::super::testing::planned;

    fn check(node: &str, files: &[(&str, &str)], expected: &[&str]) {
        assert_eq!(planned(node, files), expected, "{node}");
    }

    #[test]
    fn locked_projects() {
        let files = &[("package.json", "{\"scripts\":{\"build\":\"x\"}}"), ("package-lock.json", "{}"), (".npmrc", "")];
        check(
            "npm \"ci\" omit=\"dev\"",
            files,
            &[
                "package.json at /app/package.json",
                "package-lock.json at /app/package-lock.json",
                ".npmrc at /app/.npmrc",
                "install: [/root/.npm] npm ci --no-audit --no-fund --omit=dev",
                "kept: package.json",
            ],
        );
        check(
            "npm \"ci\" \"--ignore-scripts\" script=\"build\" as=\"10001\"",
            files,
            &[
                "package.json at /app/package.json",
                "package-lock.json at /app/package-lock.json",
                ".npmrc at /app/.npmrc",
                "install: npm_config_cache=/var/cache/npm [/var/cache/npm] npm ci --no-audit --no-fund --ignore-scripts",
                "build: npm_config_cache=/var/cache/npm [/var/cache/npm] npm run build",
                "kept: package.json",
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
                "web/package.json at /app/package.json",
                "web/package-lock.json at /app/package-lock.json",
                "shared/package.json at /shared/package.json",
                "u/package.json at /u/package.json",
                "web/packages/a/package.json at /app/packages/a/package.json",
                "web/t-1.0.0.tgz at /app/t-1.0.0.tgz",
                "install: [/root/.npm] npm ci --no-audit --no-fund",
                "kept: web/package.json web/packages/a/package.json",
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "npm \"ci\"",
            &[("package.json", "{}")],
            &[
                "package.json at /app/package.json",
                "install: [/root/.npm] npm install --no-package-lock --no-audit --no-fund",
                "kept: package.json",
                "no package-lock.json: npm install --package-lock-only",
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
