//! Go: `go.mod` and `go.sum`, the modules they name, and programs.

use super::{Plan, Project};
use crate::base::ImagePath;
use crate::diagnostic::codes::INVALID_MANIFEST;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::graph::{MissingLock, Mount, Sharing, shell};

/// What a `go` node becomes.
pub(super) fn lower(project: &Project<'_>, diagnostics: &mut Diagnostics) -> Result<Plan, Reported> {
    let tell = |diagnostics: &mut Diagnostics, message: String| {
        diagnostics.error(Diagnostic::error(&INVALID_MANIFEST, project.node.span, message))
    };
    let module = match project.read("go.mod") {
        Ok(Some(text)) => text,
        Ok(None) => return Err(tell(diagnostics, format!("there is no file `{}`", project.path("go.mod")))),
        Err(invalid) => return Err(tell(diagnostics, invalid.0)),
    };
    let has_sums = matches!(project.read("go.sum"), Ok(Some(_)));
    let requires = module.lines().any(|line| line.trim_start().starts_with("require"));
    let mut manifests = vec![project.manifest("go.mod")];
    manifests.extend(has_sums.then(|| project.manifest("go.sum")));
    let cache = |path: &str| Mount::Cache { target: ImagePath::root().join(path), id: None, sharing: Sharing::Shared };
    let caches = || vec![cache("go/pkg/mod"), cache("root/.cache/go-build")];
    let directory = shell::quote(project.into.as_str());
    let install = requires
        .then(|| (project.run(vec![format!("go -C {directory} mod download")], vec![cache("go/pkg/mod")]), Vec::new()));
    let to = project.to.clone().expect("the shape demands `to`");
    let mut words = vec![format!("go -C {directory} build -trimpath -o {}", shell::quote(to.as_str()))];
    words.extend(project.node.operands.iter().map(|operand| shell::quote(&operand.value)));
    let build = project.run(vec![words.join(" ")], caches());
    let unlocked = (requires && !has_sums)
        .then(|| MissingLock { file: project.path("go.sum"), command: "go mod tidy".to_owned() });
    Ok(Plan {
        manifests,
        install,
        kept: Vec::new(),
        exclude: Vec::new(),
        build: Some((build, vec![to])),
        build_installs: true,
        unlocked,
    })
}
