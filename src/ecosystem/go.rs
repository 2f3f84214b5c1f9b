//! Go: `go.mod` and `go.sum`, those of the modules beside it, and programs.

use super::{Plan, Project, joined, variables};
use crate::base::EnvName;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, MissingLock, Mount, Sharing};
use std::collections::BTreeSet;

/// How many modules a project may be made of.
const MAX_MODULES: usize = 1000;

/// What a `go` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let modules = Modules::read(project, diagnostics)?;
    let vendored = project.located("vendor").filter(|_| modules.is_vendored);
    let mut download = project.run(vec!["go mod download".to_owned()], vec![modules_cache(project)]);
    let to = project.to.clone().expect("the shape demands `to`");
    let command = format!("go build -trimpath -o {}{}", project.output(&to), project.operands());
    let mut build = project.run(vec![command], vec![modules_cache(project), build_cache(project)]);
    let missing = modules.missing_sums.filter(|_| vendored.is_none());
    for run in [&mut download, &mut build] {
        run.env = environment(project);
        // Without it Go asks for the sums; a workspace writes those it lacks anyway.
        if missing.is_some() && !modules.is_workspace {
            run.env.extend(variables(&[("GOFLAGS", "-mod=mod")]));
        }
    }
    Ok(Plan {
        manifests: modules.manifests,
        install: (modules.requires && vendored.is_none()).then_some((download, Vec::new())),
        kept: vendored.into_iter().collect(),
        exclude: Vec::new(),
        build: Some((build, vec![to])),
        build_installs: true,
        unlocked: missing.map(|file| MissingLock { file, command: "go mod tidy".to_owned() }),
    })
}

/// The modules that a project is made of: its own, or those of its workspace, and those that stand in for others.
#[derive(Default)]
struct Modules {
    manifests: Vec<Manifest>,
    is_workspace: bool,
    is_vendored: bool,
    /// Whether they require any that must be downloaded.
    requires: bool,
    /// The first `go.sum` that is missing.
    missing_sums: Option<String>,
}

impl Modules {
    fn read(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let mut modules =
            Self { is_vendored: project.look("vendor/modules.txt", diagnostics)?.is_some(), ..Self::default() };
        let mut pending = vec![".".to_owned()];
        if let Some(work) = project.look("go.work", diagnostics)? {
            modules.is_workspace = true;
            modules.manifests.extend(project.present(&["go.work", "go.work.sum"], diagnostics)?);
            let named = directives(&work);
            let replaced = named.iter().filter_map(Directive::local_replacement);
            pending = named.iter().filter_map(Directive::used).chain(replaced).map(|path| joined(".", path)).collect();
            pending.reverse();
        }
        let mut seen = BTreeSet::new();
        while let Some(directory) = pending.pop() {
            if !seen.insert(directory.clone()) {
                continue;
            }
            if seen.len() > MAX_MODULES {
                return Err(project.invalid(format!("more than {MAX_MODULES} modules belong together"), diagnostics));
            }
            let found = modules.module(&directory, project, diagnostics)?;
            // Only the module that is built, and those of a workspace, may replace others (Go modules reference).
            if directory == "." || modules.is_workspace {
                pending.extend(found);
            }
        }
        Ok(modules)
    }

    /// Takes the module in a directory of the project. The directories that it replaces others by.
    fn module(
        &mut self,
        directory: &str,
        project: &Project<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<String>, Reported> {
        let file = |name: &str| if directory == "." { name.to_owned() } else { format!("{directory}/{name}") };
        let text = project.require(&file("go.mod"), diagnostics)?;
        let sums = project.present(&[&file("go.sum")], diagnostics)?;
        let directives = directives(&text);
        let local: Vec<(&str, &str)> = directives.iter().filter_map(Directive::replacement).collect();
        let is_local = |module: &str| local.iter().any(|(replaced, _)| *replaced == module);
        let mut required = directives.iter().filter(|directive| directive.verb == "require");
        if required.any(|require| require.words.first().is_some_and(|module| !is_local(module))) {
            self.requires = true;
            // A module that stands in for another needs no sums of its own.
            if sums.is_empty() && self.missing_sums.is_none() && (directory == "." || self.is_workspace) {
                self.missing_sums = project.located(&file("go.sum")).map(|sums| sums.path.value);
            }
        }
        self.manifests.extend(project.located(&file("go.mod")));
        self.manifests.extend(sums);
        Ok(local.iter().map(|(_, path)| joined(directory, path)).collect())
    }
}

/// A directive of `go.mod` or `go.work`.
struct Directive<'a> {
    verb: &'a str,
    words: Vec<&'a str>,
}

impl<'a> Directive<'a> {
    /// The module that it replaces by a directory, and the directory.
    fn replacement(&self) -> Option<(&'a str, &'a str)> {
        let arrow = self.words.iter().position(|word| *word == "=>").filter(|_| self.verb == "replace")?;
        let path = self.words.get(arrow + 1)?;
        (path.starts_with("./") || path.starts_with("../")).then_some((*self.words.first()?, *path))
    }

    fn local_replacement(&self) -> Option<&'a str> {
        self.replacement().map(|(_, path)| path)
    }

    /// The directory of a module that the workspace uses.
    fn used(&self) -> Option<&'a str> {
        self.words.first().copied().filter(|_| self.verb == "use")
    }
}

/// The directives of a file, those in parentheses each by itself.
fn directives(text: &str) -> Vec<Directive<'_>> {
    let mut block = None;
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or_default();
        let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches(['"', '`'])).collect();
        match (words.as_slice(), block) {
            ([], _) => {}
            ([")"], _) => block = None,
            ([verb, "("], _) => block = Some(*verb),
            (_, Some(verb)) => found.push(Directive { verb, words }),
            ([verb, words @ ..], None) => found.push(Directive { verb, words: words.to_vec() }),
        }
    }
    found
}

/// Builds may share both caches: Go locks the modules' and names what it built by its content.
fn modules_cache(project: &Project<'_>) -> Mount {
    project.cache("/go/pkg/mod", Sharing::Shared)
}

fn build_cache(project: &Project<'_>) -> Mount {
    let target = if project.by_root() { "/root/.cache/go-build" } else { "/var/cache/go-build" };
    project.cache(target, Sharing::Shared)
}

/// The variables that make Go use the caches, where it would not by itself.
fn environment(project: &Project<'_>) -> Vec<(EnvName, String)> {
    let modules = (project.base != Some("golang")).then_some(("GOMODCACHE", "/go/pkg/mod"));
    let build = (!project.by_root()).then_some(("GOCACHE", "/var/cache/go-build"));
    variables(&modules.into_iter().chain(build).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    const GO: &str = "golang:1.24";
    const MODULE: (&str, &str) =
        ("go.mod", "module example.com/api\n\nrequire (\n\texample.com/lib v1.0.0 // indirect\n)\n");
    const BUILD: &str = "go \"build\" \"./cmd/api\" to=\"/out/api\" { sources \"cmd\" }";

    #[test]
    fn modules_are_downloaded_before_sources_are_copied() {
        check(
            GO,
            &[MODULE, ("go.sum", ""), ("cmd/api/main.go", "")],
            BUILD,
            &[
                "go go.mod go.sum: [cache /go/pkg/mod] go mod download",
                "copy cmd/ -> /src/cmd",
                "go go.mod go.sum: [cache /go/pkg/mod] [cache /root/.cache/go-build] go build -trimpath -o /out/api ./cmd/api",
            ],
        );
    }

    #[test]
    fn a_module_that_requires_none_is_built_at_once() {
        check(
            GO,
            &[("go.mod", "module m\n"), ("main.go", "")],
            "go \"build\" \"-ldflags=-s -w\" to=\"/out/\"",
            &[
                "copy ./ -> /src",
                "go: [cache /go/pkg/mod] [cache /root/.cache/go-build] go build -trimpath -o /out/ \\'-ldflags=-s -w\\'",
            ],
        );
    }

    #[test]
    fn all_modules_of_a_workspace_are_manifests() {
        check(
            GO,
            &[
                ("go.work", "go 1.24\n\nuse (\n\t./api\n\t./lib // why\n)\nuse \"./tool\"\n"),
                ("api/go.mod", "module a\nrequire example.com/x v1.0.0\nreplace example.com/x => ../x\n"),
                ("lib/go.mod", "module b\nrequire example.com/y v1.0.0\n"),
                ("lib/go.sum", ""),
                ("tool/go.mod", "module c\n"),
                ("x/go.mod", "module x\n"),
                ("api/main.go", ""),
            ],
            "go \"build\" \"./api\" to=\"/out/api\" { sources \"api\" \"lib\" \"tool\" \"x\" }",
            &[
                "go go.work api/go.mod x/go.mod lib/go.mod lib/go.sum tool/go.mod: [cache /go/pkg/mod] go mod download",
                "copy api/ -> /src/api",
                "copy lib/ -> /src/lib",
                "copy tool/ -> /src/tool",
                "copy x/ -> /src/x",
                "go go.work: [cache /go/pkg/mod] [cache /root/.cache/go-build] go build -trimpath -o /out/api ./api",
            ],
        );
    }

    #[test]
    fn a_replacement_stands_beside_the_project() {
        check(
            GO,
            &[
                ("api/go.mod", "module a\nrequire example.com/x v1.0.0\nreplace example.com/x v1.0.0 => ../x\n"),
                ("x/go.mod", "module x\nreplace example.com/y => ../nowhere\n"),
                ("api/cmd/main.go", ""),
            ],
            "go \"build\" \"./cmd\" to=\"/out/api\" project=\"api\" into=\"/src/api\" { sources \"cmd\" }",
            &[
                "copy api/cmd/ -> /src/api/cmd",
                "go api/go.mod x/go.mod in /src/api: [cache /go/pkg/mod] [cache /root/.cache/go-build] \
                 go build -trimpath -o /out/api ./cmd",
            ],
        );
        let files = [("go.mod", "module a\nreplace example.com/x => ../x\n")];
        refused(GO, &files, BUILD, "`../x/go.mod` is no file of the build context");
    }

    #[test]
    fn vendored_modules_are_copied() {
        check(
            GO,
            &[MODULE, ("vendor/modules.txt", ""), ("cmd/api/main.go", "")],
            BUILD,
            &[
                "copy vendor/ -> /src/vendor",
                "copy cmd/ -> /src/cmd",
                "go go.mod: [cache /go/pkg/mod] [cache /root/.cache/go-build] go build -trimpath -o /out/api ./cmd/api",
            ],
        );
    }

    #[test]
    fn caches_are_where_go_looks() {
        check(
            "debian:12",
            &[("go.mod", "module m\n"), ("cmd/main.go", "")],
            "user \"app\" uid=10001; go \"build\" \"./cmd\" to=\"/out/api\" as=\"app\" { sources \"cmd\" }",
            &[
                "user app 10001:10001",
                "dir /src of app",
                "copy cmd/ -> /src/cmd of app",
                "go go.mod: [cache /go/pkg/mod] [cache /var/cache/go-build] GOMODCACHE=\"/go/pkg/mod\" \
                 GOCACHE=\"/var/cache/go-build\" as app go build -trimpath -o /out/api ./cmd",
                "user app",
            ],
        );
    }

    #[test]
    fn mistakes() {
        refused(GO, &[], BUILD, "there is no file `go.mod`");
        refused(GO, &[("go.work", "use ./api\n")], BUILD, "there is no file `api/go.mod`");
        refused(GO, &[MODULE], "go \"biuld\" to=\"/out/api\"", "`go` has no command `biuld`");
    }
}
