//! uv: `pyproject.toml`, `uv.lock`, and `uv sync`, first without the packages of the disk and then, where their sources
//! are, with them.

use super::manifest::texts;
use super::python::{LEFT, Projects, environment};
use super::{Plan, Project};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Sharing, shell};
use serde_json::Value;

/// What a `uv` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let projects = Projects::read(project, globs, paths, diagnostics)?;
    let is_locked = project.has("uv.lock", diagnostics)?;
    let mut words = vec!["uv sync".to_owned()];
    // The lock file must fit `pyproject.toml`.
    words.extend(is_locked.then(|| "--locked".to_owned()));
    words.extend(project.omits_dev().then(|| "--no-dev".to_owned()));
    let command = words.join(" ") + &project.operands();
    let local = local(&projects);
    // uv's cache may be used by many at once (uv, *Caching*).
    let (cache, variables) = project.cache_of("uv", "/root/.cache/uv", Sharing::Shared, "UV_CACHE_DIR");
    let sync = |command: String| {
        let mut commands = vec![command];
        // None is to be left behind.
        commands.extend((!is_locked).then(|| "rm -f uv.lock".to_owned()));
        let mut run = project.run(commands, vec![cache.clone()]);
        // A cache that is mounted is another filesystem, across which there are no links.
        run.env = environment(&[("UV_LINK_MODE", "copy")]);
        run.env.extend(variables.clone());
        run
    };
    let writes = vec![project.into.join(".venv")];
    let without = local.iter().map(|flag| format!(" {flag}")).collect::<String>();
    Ok(Plan {
        manifests: projects.manifests(project, &["uv.lock", "uv.toml", ".python-version"], diagnostics)?,
        install: Some((sync(format!("{command}{without}")), writes.clone())),
        kept: projects.kept(project),
        exclude: LEFT.to_vec(),
        build: (!local.is_empty()).then(|| (sync(command), writes)),
        build_installs: true,
        unlocked: (!is_locked).then(|| project.without_lock("uv.lock", "uv lock")),
    })
}

/// The flags that leave out the packages whose sources are on the disk; none if there are none.
fn local(projects: &Projects) -> Vec<String> {
    let uv = &projects.own["tool"]["uv"];
    let is_package = uv["package"].as_bool().unwrap_or(projects.own["build-system"].is_object());
    let mut flags = Vec::new();
    if !projects.members.is_empty() {
        flags.push("--no-install-workspace".to_owned());
    } else if is_package {
        flags.push("--no-install-project".to_owned());
    }
    flags.extend(projects.beside.keys().map(|name| format!("--no-install-package {}", shell::quote(name))));
    flags
}

/// The globs of a workspace's members.
fn globs(own: &Value) -> Vec<String> {
    let workspace = &own["tool"]["uv"]["workspace"];
    let excluded = texts(&workspace["exclude"]).into_iter().map(|pattern| format!("!{pattern}"));
    texts(&workspace["members"]).into_iter().chain(excluded).collect()
}

/// The packages of the disk that a project names; one may have several sources, for several machines.
fn paths(own: &Value) -> Vec<(String, String)> {
    let sources = own["tool"]["uv"]["sources"].as_object().into_iter().flatten();
    let each = sources.flat_map(|(name, source)| {
        let sources = source.as_array().map_or(std::slice::from_ref(source), Vec::as_slice);
        sources.iter().map(move |source| (name, source["path"].as_str()))
    });
    each.filter_map(|(name, path)| Some((name.clone(), path?.to_owned()))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::told;

    #[track_caller]
    fn check(node: &str, files: &[(&str, &str)], expected: &[&str]) {
        told("python:3.13", files, node, expected);
    }

    #[test]
    fn projects_that_are_no_packages() {
        check(
            "uv \"sync\" \"--extra\" \"web\" omit=\"dev\"",
            &[("pyproject.toml", "[project]\nname = \"a\"\n"), ("uv.lock", ""), (".python-version", "3.13\n")],
            &[
                "uv pyproject.toml uv.lock .python-version: [cache /root/.cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" \
                 UV_LINK_MODE=\"copy\" uv sync --locked --no-dev --extra web",
                "copy pyproject.toml -> /src/pyproject.toml",
            ],
        );
    }

    #[test]
    fn packages_are_installed_behind_their_sources() {
        check(
            "uv \"sync\" as=\"10001\" { sources \"src\"; }",
            &[
                ("pyproject.toml", "[project]\nname = \"a\"\nreadme = \"README.md\"\n[build-system]\nrequires = []\n"),
                ("uv.lock", ""),
                ("README.md", ""),
                ("src/a/__init__.py", ""),
            ],
            &[
                "dir /src of 10001",
                "uv pyproject.toml uv.lock: [cache /var/cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" UV_LINK_MODE=\"copy\" \
                 UV_CACHE_DIR=\"/var/cache/uv\" as 10001 uv sync --locked --no-install-project",
                "copy pyproject.toml -> /src/pyproject.toml of 10001",
                "copy README.md -> /src/README.md of 10001",
                "copy src/ -> /src/src of 10001",
                "uv uv.lock: [cache /var/cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" UV_LINK_MODE=\"copy\" \
                 UV_CACHE_DIR=\"/var/cache/uv\" as 10001 uv sync --locked",
            ],
        );
    }

    #[test]
    fn workspaces_and_packages_of_the_disk() {
        check(
            "uv \"sync\" project=\"app\" into=\"/srv/app\"",
            &[
                (
                    "app/pyproject.toml",
                    "[tool.uv.workspace]\nmembers = [\"libs/*\"]\nexclude = [\"libs/old\"]\n\
                     [tool.uv.sources]\nb = { workspace = true }\nc = { path = \"../c\" }\n\
                     d = [{ path = \"d.whl\", marker = \"x\" }]\n",
                ),
                ("app/uv.lock", ""),
                ("app/d.whl", ""),
                ("app/libs/b/pyproject.toml", ""),
                ("app/libs/old/pyproject.toml", ""),
                ("c/pyproject.toml", "[tool.uv.sources]\ne = { path = \"../e\", editable = true }\n"),
                ("e/setup.py", ""),
            ],
            &[
                "uv app/pyproject.toml app/uv.lock app/libs/b/pyproject.toml c/pyproject.toml app/d.whl \
                 in /srv/app: [cache /root/.cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" UV_LINK_MODE=\"copy\" \
                 uv sync --locked --no-install-workspace --no-install-package c --no-install-package e",
                "copy app/ -> /srv/app without **/.venv without **/__pycache__",
                "uv c/pyproject.toml in /srv/app: [cache /root/.cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" UV_LINK_MODE=\"copy\" \
                 uv sync --locked",
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "uv \"sync\"",
            &[("pyproject.toml", "[project]\nname = \"a\"\n")],
            &[
                "uv pyproject.toml: [cache /root/.cache/uv] PYTHONDONTWRITEBYTECODE=\"1\" UV_LINK_MODE=\"copy\" uv sync \
                 && rm -f uv.lock",
                "copy pyproject.toml -> /src/pyproject.toml",
            ],
        );
    }

    #[test]
    fn mistakes() {
        check("uv \"sync\"", &[("x", "")], &["there is no file `pyproject.toml`"]);
        check(
            "uv \"sync\"",
            &[("pyproject.toml", "[project\n")],
            &["pyproject.toml:1: no TOML: unclosed table, expected `]`"],
        );
        check("uv \"run\"", &[("pyproject.toml", "")], &["`uv` has no command `run`"]);
    }
}
