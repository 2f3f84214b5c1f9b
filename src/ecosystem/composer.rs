//! Composer: packages of PHP, and the loader of their classes, which is made when the sources are there.

use super::{Plan, Project, joined, variables};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, Sharing};
use serde_json::Value;

/// What a `composer` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let text = project.require("composer.json", diagnostics)?;
    let json: Value = serde_json::from_str(&text).map_err(|error| {
        let message = format!("{}:{}: {error}", project.path("composer.json"), error.line());
        project.invalid(message, diagnostics)
    })?;
    let lock = project.present(&["composer.lock"], diagnostics)?;
    let is_locked = !lock.is_empty();
    let mut manifests = project.present(&["composer.json"], diagnostics)?;
    manifests.extend(lock);
    manifests.extend(project.present(&["symfony.lock"], diagnostics)?);
    manifests.extend(beside(&json, project, diagnostics)?);

    let is_dev = project.node.operands.iter().any(|operand| operand.value == "--dev");
    let dev = if is_dev { "" } else { " --no-dev" };
    let others = project.node.operands.iter().filter(|operand| operand.value != "--dev");
    let others: String = others.map(|operand| format!(" {}", crate::graph::shell::quote(&operand.value))).collect();
    let vendor = json.get("config").and_then(|config| config.get("vendor-dir")).and_then(Value::as_str);
    let vendor = project.into.join(&joined(".", vendor.unwrap_or("vendor")));
    let command = format!("composer install --no-interaction --no-progress{dev} --no-scripts --no-autoloader{others}");
    // Composer does not expect others to write to its cache.
    let cache = || project.cache("/var/cache/composer", Sharing::Locked);
    let mut install = project.run(vec![command], vec![cache()]);
    let command = format!("composer dump-autoload --no-interaction{dev} --optimize");
    let mut build = project.run(vec![command], Vec::new());
    install.env = variables(&[("COMPOSER_CACHE_DIR", "/var/cache/composer")]);
    for run in [&mut install, &mut build] {
        if project.by_root() {
            run.env.extend(variables(&[("COMPOSER_ALLOW_SUPERUSER", "1")]));
        } else {
            run.env.extend(variables(&[("COMPOSER_HOME", "/tmp/composer")]));
        }
    }
    Ok(Plan {
        build_installs: true,
        manifests,
        install: Some((install, vec![vendor.clone()])),
        kept: Vec::new(),
        exclude: vec!["**/vendor"],
        build: Some((build, vec![vendor.join("composer")])),
        unlocked: (!is_locked).then(|| project.without_lock("composer.lock", "composer update --no-install")),
    })
}

/// The manifests of the packages in repositories of the kind `path`. Composer links to them where they are.
fn beside(json: &Value, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<Manifest>, Reported> {
    let repositories = match json.get("repositories") {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(Value::Object(named)) => named.values().collect(),
        _ => Vec::new(),
    };
    let is_path = |repository: &&Value| repository.get("type").and_then(Value::as_str) == Some("path");
    let mut found = Vec::new();
    for repository in repositories.into_iter().filter(is_path) {
        let Some(url) = repository.get("url").and_then(Value::as_str) else { continue };
        let pattern = joined(".", &format!("{url}/composer.json"));
        if pattern.contains(['*', '?', '[']) {
            let files = project.matches(&pattern, diagnostics)?;
            found.extend(files.iter().filter_map(|file| project.located(file)));
        } else {
            project.require(&pattern, diagnostics)?;
            found.extend(project.located(&pattern));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    const BODY: &str = "composer \"install\" \"--ignore-platform-reqs\" { sources \"src\" \"packages\" }";

    #[test]
    fn classes_are_loaded_when_the_sources_are_there() {
        check(
            "php:8.3-cli",
            &[
                ("composer.json", "{\"repositories\": [{\"type\": \"path\", \"url\": \"./packages/*\"}]}"),
                ("composer.lock", "{}"),
                ("packages/a/composer.json", "{}"),
                ("src/a.php", ""),
            ],
            BODY,
            &[
                "composer composer.json composer.lock packages/a/composer.json: [cache /var/cache/composer] \
                 COMPOSER_CACHE_DIR=\"/var/cache/composer\" COMPOSER_ALLOW_SUPERUSER=\"1\" composer install --no-interaction \
                 --no-progress --no-dev --no-scripts --no-autoloader --ignore-platform-reqs",
                "copy src/ -> /src/src",
                "copy packages/ -> /src/packages without **/vendor",
                "composer composer.json composer.lock: COMPOSER_ALLOW_SUPERUSER=\"1\" composer dump-autoload \
                 --no-interaction --no-dev --optimize",
            ],
        );
    }

    #[test]
    fn mistakes() {
        refused("php:8.3-cli", &[], BODY, "there is no file `composer.json`");
        refused(
            "php:8.3-cli",
            &[("composer.json", "{\n")],
            BODY,
            "composer.json:2: EOF while parsing an object at line 2 column 0",
        );
    }
}
