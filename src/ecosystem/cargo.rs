//! Cargo: the packages of a project or workspace, and the programs that are built of them.
//!
//! There is no installation of its own: what cargo downloads and compiles lies in caches, which no layer holds, so that a
//! layer that only filled them would be kept when they are gone. A change of a source compiles the project's own packages
//! again, and nothing else.

use super::{Plan, Project, joined, line, variables};
use crate::base::EnvName;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, Mount, Sharing, shell};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// How many packages a project may be made of.
const MAX_PACKAGES: usize = 1000;

/// What cargo leaves in `target`. Not that itself: a module may be called so.
const LEFT: &[&str] = &["**/target/debug", "**/target/release", "**/target/tmp", "**/target/.rustc_info.json"];

/// What a `cargo` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let mut packages = Packages::read(project, diagnostics)?;
    let locked = project.look("Cargo.lock", diagnostics)?.is_some();
    let others = ["Cargo.lock", "rust-toolchain", "rust-toolchain.toml", ".cargo/config.toml", ".cargo/config"];
    packages.manifests.extend(project.present(&others, diagnostics)?);
    let to = project.to.clone().expect("the shape demands `to`");
    let profile = Profile::of(project);
    let programs: Vec<String> = packages.programs(project, diagnostics)?.into_iter().collect();
    let built = programs.iter().map(|name| shell::quote(&format!("{}/{name}", profile.directory)));
    let output = project.output(&to);
    let is_directory = output.trim_end_matches('\'').ends_with('/');
    let copied: Vec<String> = match programs.len() {
        1 => built.collect(),
        _ if is_directory => built.collect(),
        0 => return Err(project.invalid("it has no program, which `to` could name".to_owned(), diagnostics)),
        _ => {
            let message = format!("it has the programs `{}`, and `to` names one", programs.join("`, `"));
            return Err(project.invalid(message, diagnostics));
        }
    };
    let release = if profile.is_written { "" } else { " --release" };
    let frozen = if locked { " --locked" } else { "" };
    let commands = vec![
        // Cargo takes a source for unchanged that is older than what was built of the one before it, as it may be in another
        // checkout.
        "find . -type f -not -path './target/*' -exec touch {} +".to_owned(),
        format!("cargo build{frozen}{release}{}", project.operands()),
        format!("mkdir -p {}", shell::quote(project.holder(&to).as_str())),
        format!("cp {} {output}", copied.join(" ")),
    ];
    let (mut mounts, env) = home(project);
    let target = Mount::Cache {
        target: project.into.join("target"),
        // Programs of one name overwrite each other there.
        id: Some(format!("{}-target", project.image)),
        sharing: Sharing::Locked,
    };
    mounts.push(target);
    let mut build = project.run(commands, mounts);
    build.env = env;
    Ok(Plan {
        build_installs: true,
        manifests: packages.manifests.clone(),
        install: None,
        // They are touched too, which no mount lets.
        kept: packages.manifests,
        exclude: LEFT.to_vec(),
        build: Some((build, vec![to])),
        unlocked: (!locked).then(|| project.without_lock("Cargo.lock", "cargo generate-lockfile")),
    })
}

/// The packages of a project, by their directory in it.
struct Packages {
    manifests: Vec<Manifest>,
    tables: BTreeMap<String, Table>,
    /// The directories of the workspace's members, or the project's own.
    members: Vec<String>,
}

impl Packages {
    fn read(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let mut packages = Self { manifests: Vec::new(), tables: BTreeMap::new(), members: Vec::new() };
        let mut pending = vec![".".to_owned()];
        while let Some(directory) = pending.pop() {
            if packages.tables.contains_key(&directory) {
                continue;
            }
            if packages.tables.len() >= MAX_PACKAGES {
                return Err(project.invalid(format!("more than {MAX_PACKAGES} packages belong together"), diagnostics));
            }
            let table = packages.package(&directory, project, diagnostics)?;
            if let Some(Value::Table(workspace)) = table.get("workspace").filter(|_| directory == ".") {
                packages.members = members(workspace, project, diagnostics)?;
                pending.extend(packages.members.iter().cloned());
            }
            pending.extend(local_paths(&table).map(|path| joined(&directory, path)));
            packages.tables.insert(directory, table);
        }
        if packages.tables["."].contains_key("package") {
            packages.members.insert(0, ".".to_owned());
        }
        Ok(packages)
    }

    /// Reads the package in a directory of the project.
    fn package(
        &mut self,
        directory: &str,
        project: &Project<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Table, Reported> {
        let file = joined(directory, "Cargo.toml");
        let text = project.require(&file, diagnostics)?;
        let table: Table = text.parse().map_err(|error: toml::de::Error| {
            let line = line(&text, error.span().map_or(0, |span| span.start));
            let message = format!("{}:{line}: {}", project.path(&file), error.message());
            project.invalid(message, diagnostics)
        })?;
        self.manifests.extend(project.located(&file));
        let script = match table.get("package").and_then(|package| package.get("build")) {
            Some(Value::String(script)) => script,
            _ => "build.rs",
        };
        self.manifests.extend(project.present(&[&joined(directory, script)], diagnostics)?);
        Ok(table)
    }

    /// The programs that the operands build.
    fn programs(&self, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<BTreeSet<String>, Reported> {
        let named = operands(project, &["--bin"]);
        if !named.is_empty() {
            return Ok(named.into_iter().map(str::to_owned).collect());
        }
        let selected = operands(project, &["-p", "--package"]);
        let is_all = project.node.operands.iter().any(|operand| ["--workspace", "--all"].contains(&&*operand.value));
        let mut programs = BTreeSet::new();
        for (directory, table) in &self.tables {
            let package = table.get("package");
            let name = package.and_then(|package| package.get("name")).and_then(Value::as_str);
            let is_selected = match name {
                None => false,
                Some(name) if !selected.is_empty() => selected.contains(&name),
                // Without a word of it, cargo builds the package of the directory, or else all members.
                Some(_) if !is_all && self.members.first().is_some_and(|first| first == ".") => directory == ".",
                Some(_) => self.members.contains(directory),
            };
            if let Some(name) = name.filter(|_| is_selected) {
                programs.extend(programs_of(name, directory, table, project, diagnostics)?);
            }
        }
        Ok(programs)
    }
}

/// The directories of the members that a workspace names, some by globs.
fn members(workspace: &Table, project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Vec<String>, Reported> {
    let words =
        |key: &str| workspace.get(key).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let excluded: BTreeSet<String> = words("exclude").map(|path| joined(".", path)).collect();
    let mut found = Vec::new();
    for pattern in words("members") {
        if pattern.contains(['*', '?', '[']) {
            let pattern = joined(".", &format!("{pattern}/Cargo.toml"));
            for file in project.matches(&pattern, diagnostics)? {
                found.extend(file.strip_suffix("/Cargo.toml").map(str::to_owned));
            }
        } else {
            found.push(joined(".", pattern));
        }
    }
    found.retain(|directory| !excluded.contains(directory));
    Ok(found)
}

/// The paths of dependencies that lie beside the package.
fn local_paths(table: &Table) -> impl Iterator<Item = &str> {
    let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let workspace = table.get("workspace").into_iter();
    let holders = std::iter::once(table).chain(targets.chain(workspace).filter_map(Value::as_table));
    let direct = holders.flat_map(move |holder| kinds.into_iter().filter_map(|kind| holder.get(kind)));
    let patches = table.get("patch").and_then(Value::as_table).into_iter().flat_map(Table::values);
    let named = direct.chain(patches).filter_map(Value::as_table).flat_map(Table::values);
    named.filter_map(|dependency| dependency.get("path")?.as_str())
}

/// The programs of a package (the Cargo book, *Target auto-discovery*).
fn programs_of(
    name: &str,
    directory: &str,
    table: &Table,
    project: &Project<'_>,
    diagnostics: &mut Diagnostics,
) -> Result<BTreeSet<String>, Reported> {
    let mut programs = BTreeSet::new();
    let mut paths = BTreeSet::new();
    for program in table.get("bin").and_then(Value::as_array).into_iter().flatten() {
        paths.extend(program.get("path").and_then(Value::as_str));
        let name = program.get("name").and_then(Value::as_str);
        // It is built only with features that the operands may name or not.
        programs.extend(name.filter(|_| program.get("required-features").is_none()).map(str::to_owned));
    }
    if table.get("package").and_then(|package| package.get("autobins")).and_then(Value::as_bool) == Some(false) {
        return Ok(programs);
    }
    if !paths.contains("src/main.rs") && project.look(&joined(directory, "src/main.rs"), diagnostics)?.is_some() {
        programs.insert(name.to_owned());
    }
    for (pattern, end) in [("src/bin/*.rs", ".rs"), ("src/bin/*/main.rs", "/main.rs")] {
        for file in project.matches(&joined(directory, pattern), diagnostics)? {
            let inner = file.strip_prefix(&joined(directory, "src/bin/")).map(|rest| rest.trim_start_matches('/'));
            let name = inner.and_then(|rest| rest.strip_suffix(end));
            programs.extend(name.filter(|_| !paths.iter().any(|path| file.ends_with(path))).map(str::to_owned));
        }
    }
    Ok(programs)
}

/// What the operands give to options of these names.
fn operands<'p>(project: &'p Project<'_>, names: &[&str]) -> Vec<&'p str> {
    let words: Vec<&str> = project.node.operands.iter().map(|operand| operand.value.as_str()).collect();
    let mut found = Vec::new();
    for (place, word) in words.iter().enumerate() {
        match word.split_once('=') {
            Some((name, value)) if names.contains(&name) => found.push(value),
            None if names.contains(word) => found.extend(words.get(place + 1)),
            _ => {}
        }
    }
    found
}

/// What the programs are built by, and where they then lie.
struct Profile {
    is_written: bool,
    directory: String,
}

impl Profile {
    fn of(project: &Project<'_>) -> Self {
        let is_release = project.node.operands.iter().any(|operand| ["--release", "-r"].contains(&&*operand.value));
        let profile = operands(project, &["--profile"]).first().copied();
        let platform = operands(project, &["--target"]).first().map(|target| format!("{target}/")).unwrap_or_default();
        // The profile `dev` is called by another name there.
        let name = profile.map_or("release", |profile| if profile == "dev" { "debug" } else { profile });
        Self { is_written: is_release || profile.is_some(), directory: format!("target/{platform}{name}") }
    }
}

/// The caches in cargo's home, and the variable that says where it is. Cargo locks them itself.
fn home(project: &Project<'_>) -> (Vec<Mount>, Vec<(EnvName, String)>) {
    let home = match (project.base, project.by_root()) {
        (Some("rust"), _) => "/usr/local/cargo",
        (_, true) => "/root/.cargo",
        (_, false) => {
            let home = "/var/cache/cargo";
            return (vec![project.cache(home, Sharing::Shared)], variables(&[("CARGO_HOME", home)]));
        }
    };
    let caches = ["registry", "git"].map(|part| project.cache(&format!("{home}/{part}"), Sharing::Shared));
    (caches.to_vec(), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    const RUST: &str = "rust:1.83";
    const LOCK: (&str, &str) = ("Cargo.lock", "version = 4\n");
    const BUILD: &str = "cargo \"build\" to=\"/out/api\" { sources \"src\" }";
    const LEFT: &str = "without **/target/debug without **/target/release without **/target/tmp without \
                        **/target/.rustc_info.json";
    const TOUCH: &str = "[cache /usr/local/cargo/registry] [cache /usr/local/cargo/git] [cache /src/target] find . -type f \
                         -not -path \\'./target/*\\' -exec touch {} + && ";

    #[test]
    fn a_package_is_built_by_its_lock() {
        check(
            RUST,
            &[
                ("Cargo.toml", "[package]\nname = \"api\"\n"),
                LOCK,
                ("rust-toolchain.toml", ""),
                ("build.rs", ""),
                ("src/main.rs", ""),
            ],
            BUILD,
            &[
                "copy Cargo.toml -> /src/Cargo.toml",
                "copy build.rs -> /src/build.rs",
                "copy Cargo.lock -> /src/Cargo.lock",
                "copy rust-toolchain.toml -> /src/rust-toolchain.toml",
                "copy src/ -> /src/src",
                &format!(
                    "cargo: {TOUCH}cargo build --locked --release && mkdir -p /out && cp target/release/api /out/api"
                ),
            ],
        );
    }

    #[test]
    fn a_workspace_is_all_its_members_and_what_they_name_by_a_path() {
        let files = [
            ("Cargo.toml", "[workspace]\nmembers = [\"crates/*\"]\nexclude = [\"crates/old\"]\n"),
            LOCK,
            ("crates/api/Cargo.toml", "[package]\nname = \"api\"\n[dependencies]\nx = { path = \"../../x\" }\n"),
            ("crates/api/src/main.rs", ""),
            ("crates/api/src/bin/migrate.rs", ""),
            ("crates/api/src/bin/seed/main.rs", ""),
            ("crates/old/Cargo.toml", "[package]\nname = \"old\"\n"),
            ("crates/tool/Cargo.toml", "[package]\nname = \"tool\"\n[[bin]]\nname = \"t\"\npath = \"src/main.rs\"\n"),
            ("crates/tool/src/main.rs", ""),
            ("x/Cargo.toml", "[package]\nname = \"x\"\n"),
        ];
        let built = |command: &str| format!("cargo: {TOUCH}cargo build --locked {command}");
        let copies = |last: String| {
            let copies = ["Cargo.toml", "x/Cargo.toml", "Cargo.lock"].map(|file| format!("copy {file} -> /src/{file}"));
            let mut steps = copies.to_vec();
            steps.extend([format!("copy crates/ -> /src/crates {LEFT}"), last]);
            steps
        };
        for (words, command) in [
            (
                "\"-p\" \"api\" to=\"/out/\"",
                "--release -p api && mkdir -p /out && cp target/release/api target/release/migrate target/release/seed /out/",
            ),
            (
                "\"--bin=t\" \"--profile\" \"dev\" to=\"/out/t\"",
                "--bin=t --profile dev && mkdir -p /out && cp target/debug/t /out/t",
            ),
        ] {
            let steps = copies(built(&command.replace('\'', "\\'")));
            let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
            check(RUST, &files, &format!("cargo \"build\" {words} {{ sources \"crates\" }}"), &steps);
        }
        let message = "it has the programs `api`, `migrate`, `seed`, `t`, and `to` names one";
        refused(RUST, &files, "cargo \"build\" to=\"/out/t\"", message);
    }

    #[test]
    fn caches_are_where_cargo_looks() {
        let files = [("Cargo.toml", "[package]\nname = \"api\"\n"), LOCK, ("src/main.rs", "")];
        let steps = super::super::sample::steps("debian:12", &files, "cargo \"build\" as=\"10001\" to=\"/out/api\"");
        let steps = steps.expect("it lowers").join("\n");
        assert!(
            steps.contains("[cache /var/cache/cargo] [cache /src/target] CARGO_HOME=\"/var/cache/cargo\""),
            "{steps}"
        );
    }

    #[test]
    fn mistakes() {
        refused(RUST, &[], BUILD, "there is no file `Cargo.toml`");
        refused(
            RUST,
            &[("Cargo.toml", "[package]\nname = \n")],
            BUILD,
            "Cargo.toml:2: string values must be quoted, expected literal string",
        );
        let files = [("Cargo.toml", "[dependencies]\nx = { path = \"../x\" }\n")];
        refused(RUST, &files, BUILD, "`../x/Cargo.toml` is no file of the build context");
        refused(
            RUST,
            &[("Cargo.toml", "[package]\nname = \"x\"\n"), LOCK],
            BUILD,
            "it has no program, which `to` could name",
        );
    }
}
