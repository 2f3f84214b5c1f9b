//! .NET: the solution and its projects, and what is published of them.
//!
//! There is no installation of its own: packages lie in a cache that no layer holds, and without them what `dotnet restore`
//! writes beside the projects is of no use.

use super::{Plan, Project, joined, variables};
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, MissingLock, Sharing};
use roxmltree::Document;
use std::collections::BTreeSet;

/// How many projects a solution may have.
const MAX_PROJECTS: usize = 1000;

/// What builds leave beside the projects; `obj` names paths of the machine it was made on.
const LEFT: &[&str] = &["**/bin", "**/obj"];

/// Files that MSBuild and NuGet look for in the directories above a project, too.
const SHARED: &[&str] = &[
    "Directory.Build.props",
    "Directory.Build.targets",
    "Directory.Packages.props",
    "NuGet.Config",
    "NuGet.config",
    "nuget.config",
    "global.json",
];

/// What a `dotnet` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let solution = Solution::read(project, diagnostics)?;
    let to = project.to.clone().expect("the shape demands `to`");
    let locked = if solution.missing_lock.is_some() { "" } else { " -p:RestoreLockedMode=true" };
    let has_configuration =
        project.node.operands.iter().any(|word| word.value.starts_with("-c") || word.value.starts_with("--conf"));
    let release = if has_configuration { "" } else { " --configuration Release" };
    let command = format!("dotnet publish{}{release} --output {}{locked}", project.operands(), project.output(&to));
    let home = if project.by_root() { "/root" } else { "/var/cache/nuget" };
    // NuGet puts a package in its place as a whole.
    let packages = format!("{home}/{}packages", if project.by_root() { ".nuget/" } else { "" });
    let mut build = project.run(vec![command], vec![project.cache(&packages, Sharing::Shared)]);
    build.env = variables(&[("DOTNET_CLI_TELEMETRY_OPTOUT", "1")]);
    if !project.by_root() {
        build.env.extend(variables(&[("DOTNET_CLI_HOME", "/tmp"), ("NUGET_PACKAGES", &packages)]));
    }
    Ok(Plan {
        build_installs: true,
        manifests: solution.manifests,
        install: None,
        kept: Vec::new(),
        exclude: LEFT.to_vec(),
        build: Some((build, vec![to])),
        unlocked: solution
            .missing_lock
            .map(|file| MissingLock { file, command: "dotnet restore --use-lock-file".to_owned() }),
    })
}

/// The files of a solution.
#[derive(Default)]
struct Solution {
    manifests: Vec<Manifest>,
    /// The first project's lock that is missing.
    missing_lock: Option<String>,
}

impl Solution {
    fn read(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Self, Reported> {
        let mut solution = Self::default();
        let mut pending = Vec::new();
        for pattern in ["*.sln", "*.slnx"] {
            for file in project.matches(pattern, diagnostics)? {
                let text = project.require(&file, diagnostics)?;
                pending.extend(projects_of(&text));
                solution.manifests.extend(project.located(&file));
            }
        }
        // Without a solution, the project is of the operands or the directory.
        let named = project.node.operands.iter().map(|operand| operand.value.as_str()).filter(|word| is_project(word));
        pending.extend(named.map(|file| joined(".", file)));
        if pending.is_empty() {
            for pattern in ["*.csproj", "*.fsproj", "*.vbproj"] {
                pending.extend(project.matches(pattern, diagnostics)?);
            }
        }
        if pending.is_empty() {
            return Err(project.invalid("there is no solution and no project".to_owned(), diagnostics));
        }
        pending.sort();
        pending.reverse();
        let mut seen = BTreeSet::new();
        let mut directories = BTreeSet::from([".".to_owned()]);
        while let Some(file) = pending.pop() {
            if !seen.insert(file.clone()) {
                continue;
            }
            if seen.len() > MAX_PROJECTS {
                return Err(project.invalid(format!("more than {MAX_PROJECTS} projects belong together"), diagnostics));
            }
            let text = project.require(&file, diagnostics)?;
            let document = Document::parse(text.trim_start_matches('\u{feff}')).map_err(|error| {
                let message = format!("{}:{}: it is not XML: {error}", project.path(&file), error.pos().row);
                project.invalid(message, diagnostics)
            })?;
            let directory = file.rsplit_once('/').map_or(".", |(directory, _)| directory).to_owned();
            let references = document.descendants().filter(|node| node.tag_name().name() == "ProjectReference");
            let references = references.filter_map(|node| node.attribute("Include"));
            pending.extend(references.map(|path| joined(&directory, &path.replace('\\', "/"))));
            solution.manifests.extend(project.located(&file));
            let lock = project.present(&[&joined(&directory, "packages.lock.json")], diagnostics)?;
            let has_packages = document.descendants().any(|node| node.tag_name().name() == "PackageReference");
            if has_packages && lock.is_empty() && solution.missing_lock.is_none() {
                solution.missing_lock =
                    project.located(&joined(&directory, "packages.lock.json")).map(|lock| lock.path.value);
            }
            solution.manifests.extend(lock);
            let mut above = directory;
            while directories.insert(above.clone()) {
                above = above.rsplit_once('/').map_or(".".to_owned(), |(above, _)| above.to_owned());
            }
        }
        for directory in directories {
            let files: Vec<String> = SHARED.iter().map(|file| joined(&directory, file)).collect();
            let files: Vec<&str> = files.iter().map(String::as_str).collect();
            solution.manifests.extend(project.present(&files, diagnostics)?);
        }
        Ok(solution)
    }
}

fn is_project(word: &str) -> bool {
    [".csproj", ".fsproj", ".vbproj"].iter().any(|end| word.ends_with(end))
}

/// The projects that a solution names, in either form: as strings that end like projects.
fn projects_of(text: &str) -> Vec<String> {
    let words = text.split('"').map(|word| word.replace('\\', "/"));
    words.filter(|word| is_project(word)).map(|word| joined(".", &word)).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::{check, refused};

    const SDK: &str = "mcr.microsoft.com/dotnet/sdk:9.0";
    const BODY: &str = "dotnet \"publish\" \"src/Api/Api.csproj\" to=\"/out\" { sources \"src/Api/Program.cs\" }";

    #[test]
    fn a_solution_is_its_projects_and_those_they_refer_to() {
        check(
            SDK,
            &[
                ("Shop.sln", "Project(\"{F}\") = \"Api\", \"src\\Api\\Api.csproj\", \"{A}\"\r\nEndProject\r\n"),
                (
                    "src/Api/Api.csproj",
                    "<Project><ItemGroup><ProjectReference Include=\"..\\Lib\\Lib.fsproj\"/><PackageReference/></ItemGroup></Project>",
                ),
                ("src/Api/packages.lock.json", ""),
                ("src/Api/Program.cs", ""),
                ("src/Lib/Lib.fsproj", "\u{feff}<Project/>"),
                ("src/Directory.Build.props", ""),
                ("nuget.config", ""),
            ],
            BODY,
            &[
                "copy src/Api/Program.cs -> /src/src/Api/Program.cs",
                "dotnet Shop.sln src/Api/Api.csproj src/Api/packages.lock.json src/Lib/Lib.fsproj nuget.config \
                 src/Directory.Build.props: [cache /root/.nuget/packages] DOTNET_CLI_TELEMETRY_OPTOUT=\"1\" dotnet publish \
                 src/Api/Api.csproj --configuration Release --output /out -p:RestoreLockedMode=true",
            ],
        );
    }

    #[test]
    fn mistakes() {
        refused(SDK, &[], "dotnet \"publish\" to=\"/out\"", "there is no solution and no project");
        refused(SDK, &[], BODY, "there is no file `src/Api/Api.csproj`");
    }
}
