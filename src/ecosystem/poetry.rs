//! Poetry: `pyproject.toml`, `poetry.lock`, and `poetry install`, first without the packages of the disk and then, where
//! their sources are, with them.

use super::python::{LEFT, Projects, environment};
use super::{Plan, Project};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::Sharing;
use serde_json::Value;

/// What a `poetry` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let projects = Projects::read(project, |_| Vec::new(), paths, diagnostics)?;
    let is_locked = project.has("poetry.lock", diagnostics)?;
    let is_package = projects.own["tool"]["poetry"]["package-mode"].as_bool() != Some(false);
    let only = if project.omits_dev() { " --only=main" } else { "" };
    let command = format!("poetry install{only}{}", project.operands());
    let mut without = String::new();
    without.push_str(if is_package { " --no-root" } else { "" });
    without.push_str(if projects.beside.is_empty() { "" } else { " --no-directory" });
    // Poetry writes the files of its cache in place.
    let (cache, variables) = project.cache_of("pypoetry", "/root/.cache/pypoetry", Sharing::Locked, "POETRY_CACHE_DIR");
    let install = |command: String| {
        let mut commands = vec![command];
        // None is to be left behind.
        commands.extend((!is_locked).then(|| "rm -f poetry.lock".to_owned()));
        let mut run = project.run(commands, vec![cache.clone()]);
        run.env = environment(&[("POETRY_NO_INTERACTION", "1"), ("POETRY_VIRTUALENVS_IN_PROJECT", "1")]);
        run.env.extend(variables.clone());
        run
    };
    let writes = vec![project.into.join(".venv")];
    Ok(Plan {
        manifests: projects.manifests(project, &["poetry.lock", "poetry.toml"], diagnostics)?,
        install: Some((install(format!("{command}{without}")), writes.clone())),
        kept: projects.kept(project),
        exclude: LEFT.to_vec(),
        build: (!without.is_empty()).then(|| (install(command), writes)),
        build_installs: true,
        unlocked: (!is_locked).then(|| project.without_lock("poetry.lock", "poetry lock")),
    })
}

/// The packages of the disk that a project names, in any of its groups; one may have several constraints.
fn paths(own: &Value) -> Vec<(String, String)> {
    let poetry = &own["tool"]["poetry"];
    let groups = poetry["group"].as_object().into_iter().flat_map(|groups| groups.values());
    let tables =
        groups.map(|group| &group["dependencies"]).chain([&poetry["dependencies"], &poetry["dev-dependencies"]]);
    let named = tables.filter_map(Value::as_object).flatten();
    let each = named.flat_map(|(name, value)| {
        let constraints = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        constraints.iter().map(move |value| (name, value["path"].as_str()))
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

    const BEFORE: &str = "[cache /root/.cache/pypoetry] PYTHONDONTWRITEBYTECODE=\"1\" POETRY_NO_INTERACTION=\"1\" \
                          POETRY_VIRTUALENVS_IN_PROJECT=\"1\"";

    #[test]
    fn projects_and_packages() {
        check(
            "poetry \"install\" omit=\"dev\"",
            &[("pyproject.toml", "[tool.poetry]\npackage-mode = false\n"), ("poetry.lock", "")],
            &[
                &format!("poetry pyproject.toml poetry.lock: {BEFORE} poetry install --only=main"),
                "copy pyproject.toml -> /src/pyproject.toml",
            ],
        );
        check(
            "poetry \"install\" \"--extras\" \"web\" { sources \"src\" \"libs\"; }",
            &[
                ("pyproject.toml", "[tool.poetry.group.dev.dependencies]\nb = { path = \"libs/b\", develop = true }\n"),
                ("poetry.lock", ""),
                ("libs/b/pyproject.toml", ""),
                ("src/a.py", ""),
            ],
            &[
                &format!(
                    "poetry pyproject.toml poetry.lock libs/b/pyproject.toml: {BEFORE} poetry install --extras web \
                     --no-root --no-directory"
                ),
                "copy pyproject.toml -> /src/pyproject.toml",
                "copy src/ -> /src/src",
                "copy libs/ -> /src/libs without **/.venv without **/__pycache__",
                &format!("poetry poetry.lock: {BEFORE} poetry install --extras web"),
            ],
        );
    }

    #[test]
    fn no_lock_file() {
        check(
            "poetry \"install\"",
            &[("pyproject.toml", "[tool.poetry]\npackage-mode = false\n")],
            &[
                &format!("poetry pyproject.toml: {BEFORE} poetry install && rm -f poetry.lock"),
                "copy pyproject.toml -> /src/pyproject.toml",
            ],
        );
    }

    #[test]
    fn mistakes() {
        check("poetry \"install\"", &[("x", "")], &["there is no file `pyproject.toml`"]);
        check(
            "poetry \"install\"",
            &[("pyproject.toml", "[tool.poetry.dependencies]\nb = { path = \"../b\" }\n")],
            &["`../b` leaves the build context"],
        );
    }
}
