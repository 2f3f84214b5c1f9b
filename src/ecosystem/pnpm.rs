//! pnpm: `package.json`, `pnpm-lock.yaml`, `pnpm-workspace.yaml`, and `pnpm install` of what the lock names.

use super::javascript::{LEFT, Workspace};
use super::manifest::{Format, texts};
use super::{Plan, Project};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Sharing;
use serde_json::Value;
use std::collections::BTreeSet;

/// What a `pnpm` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let settings = project.value("pnpm-workspace.yaml", Format::Yaml, diagnostics)?.unwrap_or(Value::Null);
    let workspace = Workspace::read(project, &texts(&settings["packages"]), diagnostics)?;
    let script = workspace.script(project, diagnostics)?;
    let is_locked = project.has("pnpm-lock.yaml", diagnostics)?;
    // Packages are kept by their content's hash, each file put in its place whole: the store may be used by many at once.
    let place = if project.by_root() { "/root/.local/share/pnpm/store" } else { "/var/cache/pnpm" };
    let store = project.cache(place, Sharing::Shared);
    // What it knows of an index is of no use to another build: the lock file names what is fetched.
    let (index, variables) = project.cache_of("pnpm-index", "/root/.cache/pnpm", Sharing::Shared, "XDG_CACHE_HOME");
    let lock = if is_locked { "--frozen-lockfile" } else { "--no-lockfile" };
    let omit = if project.omits_dev() { " --prod" } else { "" };
    let command = format!("pnpm install {lock} --store-dir={place}{omit}{}", project.operands());
    let mut install = project.run(vec![command], vec![store, index]);
    install.env = variables;
    let build = script.map(|script| (project.run(vec![format!("pnpm run {script}")], Vec::new()), Vec::new()));
    let files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", ".npmrc", ".pnpmfile.cjs"];
    let mut manifests = workspace.manifests(project, &files, diagnostics)?;
    for patch in patches(&settings).chain(patches(&workspace.package["pnpm"])).collect::<BTreeSet<_>>() {
        let patch = project.beside(".", patch, diagnostics)?;
        manifests.extend(project.located(&patch));
    }
    let unlocked = (!is_locked).then(|| project.without_lock("pnpm-lock.yaml", "pnpm install --lockfile-only"));
    Ok(Plan {
        manifests,
        install: Some((install, workspace.installed())),
        kept: workspace.kept(project),
        exclude: LEFT.to_vec(),
        build,
        build_installs: false,
        unlocked,
    })
}

/// The files of patches that are put on packages.
fn patches(settings: &Value) -> impl Iterator<Item = &str> {
    let named = settings["patchedDependencies"].as_object().into_iter().flat_map(|patches| patches.values());
    named.filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;

    #[track_caller]
    fn check(node: &str, files: &[(&str, &str)], expected: &[&str]) {
        told("node:22", files, node, expected);
    }

    #[test]
    fn workspaces_and_patches() {
        check(
            "pnpm \"install\" script=\"build\" omit=\"dev\"",
            &[
                ("package.json", "{\"scripts\":{\"build\":\"x\"}}"),
                ("pnpm-lock.yaml", ""),
                (
                    "pnpm-workspace.yaml",
                    "packages:\n  - 'libs/**'\n  - '!**/test'\npatchedDependencies:\n  a@1: patches/a.patch\n",
                ),
                ("libs/x/a/package.json", "{}"),
                ("libs/x/test/package.json", "{}"),
                ("patches/a.patch", ""),
            ],
            &[
                "pnpm package.json pnpm-lock.yaml pnpm-workspace.yaml libs/x/a/package.json patches/a.patch: \
                 [cache /root/.local/share/pnpm/store] [cache /root/.cache/pnpm] \
                 pnpm install --frozen-lockfile --store-dir=/root/.local/share/pnpm/store --prod",
                "copy ./ -> /src without **/node_modules",
                "pnpm: pnpm run build",
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "pnpm \"install\" as=\"10001\"",
            &[("package.json", "{}")],
            &[
                "dir /src of 10001",
                "pnpm package.json: [cache /var/cache/pnpm] [cache /var/cache/pnpm-index] \
                 XDG_CACHE_HOME=\"/var/cache/pnpm-index\" as 10001 pnpm install --no-lockfile --store-dir=/var/cache/pnpm",
                "copy package.json -> /src/package.json of 10001",
            ],
        );
    }

    #[test]
    fn mistakes() {
        check("pnpm \"ci\"", &[("package.json", "{}")], &["`pnpm` has no command `ci`"]);
    }
}
