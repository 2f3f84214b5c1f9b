//! Bundler: the Gemfile and its lock, and gems beside the sources.

use super::{Plan, Project, joined, variables};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, Sharing, shell};
use std::collections::BTreeSet;

/// How many files the Gemfile may name.
const MAX_FILES: usize = 100;

/// What a `bundler` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let gemfiles = gemfiles(project, diagnostics)?;
    let lock = project.present(&["Gemfile.lock"], diagnostics)?;
    let is_locked = !lock.is_empty();
    let mut kept = gemfiles.clone();
    kept.extend(lock);
    let without = project.node.options.get("without").map(|groups| groups.value.replace([' ', ','], ":"));
    let mut commands = vec![match is_locked {
        // Gems go to `vendor/bundle`, and the lock is law.
        true => "bundle config set --local deployment true".to_owned(),
        false => "bundle config set --local path vendor/bundle".to_owned(),
    }];
    commands.extend(without.map(|groups| format!("bundle config set --local without {}", shell::quote(&groups))));
    commands.push(format!("bundle install{}", project.operands()));
    // Gems are there unpacked.
    commands.push("rm -rf vendor/bundle/ruby/*/cache".to_owned());
    let home = if project.by_root() { "/root/.bundle" } else { "/var/cache/bundle" };
    // Bundler does not expect others to write to its cache.
    let mut install = project.run(commands, vec![project.cache(&format!("{home}/cache"), Sharing::Locked)]);
    install.env = variables(&[("BUNDLE_GLOBAL_GEM_CACHE", "true")]);
    if !project.by_root() {
        install.env.extend(variables(&[("BUNDLE_USER_HOME", home)]));
    }
    let writes = [".bundle", "vendor/bundle"].map(|path| project.into.join(path)).to_vec();
    Ok(Plan {
        build_installs: false,
        manifests: kept.clone(),
        install: Some((install, writes)),
        kept,
        exclude: vec!["**/.bundle", "**/vendor/bundle"],
        build: None,
        unlocked: (!is_locked).then(|| project.without_lock("Gemfile.lock", "bundle lock")),
    })
}

/// The Gemfile and what it reads: other Gemfiles, gemspecs with the versions they ask for, the version of Ruby.
fn gemfiles(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<Manifest>, Reported> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut pending = vec!["Gemfile".to_owned()];
    while let Some(file) = pending.pop() {
        if !seen.insert(file.clone()) {
            continue;
        }
        if seen.len() > MAX_FILES {
            return Err(project.invalid(format!("more than {MAX_FILES} Gemfiles name each other"), diagnostics));
        }
        let text = project.require(&file, diagnostics)?;
        found.extend(project.located(&file));
        let directory = file.rsplit_once('/').map_or(".", |(directory, _)| directory);
        for line in text.lines().map(|line| line.split('#').next().unwrap_or_default().trim()) {
            if let Some(path) = line.strip_prefix("eval_gemfile").and_then(quoted) {
                pending.push(joined(directory, path));
            } else if line.starts_with("ruby") && line.contains("file:") {
                let version = line.split("file:").nth(1).and_then(quoted).unwrap_or(".ruby-version");
                found.extend(project.present(&[&joined(directory, version)], diagnostics)?);
            } else if line == "gemspec" || line.starts_with("gemspec ") {
                found.extend(gemspecs(directory, project, diagnostics)?);
            } else {
                let path = line.split("path:").nth(1).or_else(|| line.split(":path =>").nth(1));
                let path = path.or_else(|| line.strip_prefix("path ")).and_then(quoted);
                if let Some(path) = path {
                    found.extend(gemspecs(&joined(directory, path), project, diagnostics)?);
                }
            }
        }
    }
    let mut names = BTreeSet::new();
    found.retain(|manifest| names.insert(manifest.path.value.clone()));
    Ok(found)
}

/// The gemspecs in a directory of the project, and the files with versions that they ask for by custom.
fn gemspecs(directory: &str, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<Manifest>, Reported> {
    let mut found = Vec::new();
    for pattern in ["*.gemspec", "*/*.gemspec", "lib/version.rb", "lib/*/version.rb", "lib/*/*/version.rb"] {
        let files = project.matches(&joined(directory, pattern), diagnostics)?;
        found.extend(files.iter().filter_map(|file| project.located(file)));
    }
    Ok(found)
}

/// The first string in a line of Ruby.
fn quoted(line: &str) -> Option<&str> {
    let at = line.find(['"', '\''])?;
    let quote = line[at..].chars().next()?;
    line[at + 1..].split_once(quote).map(|(word, _)| word)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    #[test]
    fn gems_are_installed_beside_the_sources() {
        check(
            "ruby:3.3",
            &[
                (
                    "Gemfile",
                    "ruby file: \".ruby-version\"\ngemspec\ngem 'engine', path: 'engines/shop' # ours\neval_gemfile \"Gemfile.ci\"\n",
                ),
                ("Gemfile.lock", ""),
                ("Gemfile.ci", "gem 'rake'"),
                (".ruby-version", "3.3.0"),
                ("app.gemspec", ""),
                ("lib/app/version.rb", ""),
                ("engines/shop/shop.gemspec", ""),
                ("app.rb", ""),
            ],
            "bundler \"install\" without=\"development test\"; copy \".\" to=\"/src\"",
            &[
                "bundler Gemfile .ruby-version app.gemspec lib/app/version.rb engines/shop/shop.gemspec Gemfile.ci Gemfile.lock: \
                 [cache /root/.bundle/cache] BUNDLE_GLOBAL_GEM_CACHE=\"true\" bundle config set --local deployment true && \
                 bundle config set --local without development:test && bundle install && rm -rf \
                 vendor/bundle/ruby/*/cache",
                "copy ./ -> /src without **/.bundle without **/vendor/bundle",
            ],
        );
    }

    #[test]
    fn mistakes() {
        refused("ruby:3.3", &[], "bundler \"install\"", "there is no file `Gemfile`");
        let files = [("Gemfile", "eval_gemfile '../Gemfile'")];
        refused("ruby:3.3", &files, "bundler \"install\"", "`../Gemfile` is no file of the build context");
    }
}
