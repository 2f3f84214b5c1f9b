//! Floor 6: languages. One file each: what its manifests are, the commands that install what they name and that build
//! with it, and what they want and leave behind.

mod bundler;
mod cargo;
mod composer;
mod dotnet;
mod go;
mod gradle;
mod javascript;
mod manifest;
mod maven;
mod members;
mod npm;
pub mod pip;
mod pnpm;
mod poetry;
mod python;
#[cfg(test)]
mod sample;
mod uv;
mod yarn;

use crate::base::{EnvName, ImagePath, Invalid, Spanned, below, normalize};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INVALID_MANIFEST;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Manifest, MissingLock, Mount, Run, Sharing, shell};
use crate::spec;

/// A language.
pub(crate) struct Ecosystem {
    /// Its node's name.
    pub name: &'static str,
    /// What a node of it becomes.
    pub lower: fn(&Project<'_>, &mut Diagnostics) -> Result<Plan, Reported>,
}

/// The languages whose nodes are of the common form, by name.
static ECOSYSTEMS: &[Ecosystem] = &[
    Ecosystem { name: "go", lower: go::lower },
    Ecosystem { name: "cargo", lower: cargo::lower },
    Ecosystem { name: "maven", lower: maven::lower },
    Ecosystem { name: "gradle", lower: gradle::lower },
    Ecosystem { name: "dotnet", lower: dotnet::lower },
    Ecosystem { name: "bundler", lower: bundler::lower },
    Ecosystem { name: "composer", lower: composer::lower },
    Ecosystem { name: "npm", lower: npm::lower },
    Ecosystem { name: "pnpm", lower: pnpm::lower },
    Ecosystem { name: "poetry", lower: poetry::lower },
    Ecosystem { name: "uv", lower: uv::lower },
    Ecosystem { name: "yarn", lower: yarn::lower },
];

/// The language whose node is called `name`.
pub(crate) fn of(name: &str) -> &'static Ecosystem {
    ECOSYSTEMS.iter().find(|ecosystem| ecosystem.name == name).expect("each language's node has an ecosystem")
}

/// A project of a language, as its node names it.
pub(crate) struct Project<'a> {
    /// The node.
    pub node: &'a spec::Language,
    /// The image's name.
    pub image: &'a str,
    /// The official image that the stage starts from, if it is one: `golang`.
    pub base: Option<&'a str>,
    /// The project's directory in the build context; `.` for the context itself.
    pub directory: String,
    /// The directory of the image it stands in.
    pub into: ImagePath,
    /// Where what is built goes, if the node says so.
    pub to: Option<ImagePath>,
    /// The files of the build context.
    pub files: &'a dyn Files,
}

/// The files of a build context. Paths are seen from it.
pub(crate) trait Files {
    /// The text of a file; `None` where there is none.
    fn read(&self, path: &str) -> Result<Option<String>, Invalid>;

    /// The paths that a pattern of [`crate::lower::matches`] names, in order.
    fn matches(&self, pattern: &str) -> Result<Vec<String>, Invalid>;
}

/// What a node becomes: manifests are mounted for the installation, then sources are copied, then it is built.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The manifests, for both commands.
    pub manifests: Vec<Manifest>,
    /// The installation, and what it writes.
    pub install: Option<(Run, Vec<ImagePath>)>,
    /// The manifests that the build, or the program when it runs, reads: they are copied, unless the stage does so itself.
    pub kept: Vec<Manifest>,
    /// Patterns of what an installation on the host leaves beside the manifests. All copies of the stage leave it out. Each
    /// begins with `**/`: of other patterns builders disagree what they are relative to.
    pub exclude: Vec<&'static str>,
    /// The build, and what it writes.
    pub build: Option<(Run, Vec<ImagePath>)>,
    /// Whether the build looks at the manifests that are not kept, such as the lock file.
    pub build_installs: bool,
    /// The lock file that is missing.
    pub unlocked: Option<MissingLock>,
}

impl Project<'_> {
    /// The path in the build context of a file of the project.
    pub fn path(&self, file: &str) -> String {
        match (self.directory.as_str(), file) {
            (directory, "." | "") => directory.to_owned(),
            (".", file) => file.to_owned(),
            (directory, file) => format!("{directory}/{file}"),
        }
    }

    /// The text of a file of the project, which may stand beside it (`../lib/go.mod`); `None` where there is none.
    pub fn look(&self, file: &str, diagnostics: &mut Diagnostics) -> Result<Option<String>, Reported> {
        let Some(manifest) = self.located(file) else {
            return Err(self.invalid(format!("`{file}` is no file of the build context"), diagnostics));
        };
        self.files.read(&manifest.path.value).map_err(|invalid| self.invalid(invalid.0, diagnostics))
    }

    /// The text of a manifest that no project is without.
    pub fn require(&self, file: &str, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
        let text = self.look(file, diagnostics)?;
        text.ok_or_else(|| self.invalid(format!("there is no file `{}`", self.path(file)), diagnostics))
    }

    /// Those of `files` that are there.
    pub fn present(&self, files: &[&str], diagnostics: &mut Diagnostics) -> Result<Vec<Manifest>, Reported> {
        let mut found = Vec::new();
        for file in files {
            let Some(manifest) = self.located(file) else { continue };
            // Some are no text.
            let is_there = self.files.matches(&manifest.path.value).map(|paths| !paths.is_empty());
            if is_there.map_err(|invalid| self.invalid(invalid.0, diagnostics))? {
                found.push(manifest);
            }
        }
        Ok(found)
    }

    /// Whether a file is there, or a directory of that name.
    pub fn has(&self, file: &str, diagnostics: &mut Diagnostics) -> Result<bool, Reported> {
        Ok(!self.present(&[file], diagnostics)?.is_empty())
    }

    /// The directories of a workspace's members, which hold a file `manifest`: those that `patterns` name, as
    /// [`members::members`] reads them. They are seen from the project, and may stand beside it.
    pub fn members(
        &self,
        patterns: &[String],
        manifest: &str,
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<String>, Reported> {
        let own = if self.directory == "." { "" } else { self.directory.as_str() };
        let found = members::members(self.files, own, patterns, manifest);
        let found = found.map_err(|invalid| self.invalid(invalid.0, diagnostics))?;
        Ok(found.iter().map(|directory| self.relative(directory)).collect())
    }

    /// What a manifest in `directory` writes as `path`. Both are seen from the project, and may stand beside it.
    pub fn beside(&self, directory: &str, path: &str, diagnostics: &mut Diagnostics) -> Result<String, Reported> {
        let written = joined(directory, path);
        let found = self.located(&written).filter(|_| !path.starts_with('/'));
        let found = found.ok_or_else(|| self.invalid(format!("`{path}` leaves the build context"), diagnostics))?;
        Ok(self.relative(&found.path.value))
    }

    /// A path of the build context, seen from the project.
    fn relative(&self, path: &str) -> String {
        let parts = |path: &str| -> Vec<String> {
            path.split('/').filter(|part| !matches!(*part, "" | ".")).map(str::to_owned).collect()
        };
        let (from, to) = (parts(&self.directory), parts(path));
        let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
        let up = std::iter::repeat_n("..", from.len() - common);
        let relative: Vec<&str> = up.chain(to[common..].iter().map(String::as_str)).collect();
        if relative.is_empty() { ".".to_owned() } else { relative.join("/") }
    }

    /// The files of the project that a pattern names, in order. What is no file of the context is not there.
    pub fn matches(&self, pattern: &str, diagnostics: &mut Diagnostics) -> Result<Vec<String>, Reported> {
        let Some(located) = self.located(pattern) else { return Ok(Vec::new()) };
        let found = self.files.matches(&located.path.value);
        let found = found.map_err(|invalid| self.invalid(invalid.0, diagnostics))?;
        let inside = |path: String| match self.directory.as_str() {
            "." => Some(path),
            directory => below(directory, &path).map(str::to_owned),
        };
        Ok(found.into_iter().filter_map(inside).collect())
    }

    /// Tells what is wrong with the project's manifests.
    pub fn invalid(&self, message: String, diagnostics: &mut Diagnostics) -> Reported {
        diagnostics.error(Diagnostic::error(&INVALID_MANIFEST, self.node.span, message))
    }

    /// [`Project::invalid`], with what to do about it.
    pub fn told(&self, message: String, hint: &str, diagnostics: &mut Diagnostics) -> Reported {
        diagnostics.error(Diagnostic::error(&INVALID_MANIFEST, self.node.span, message).hint(hint))
    }

    /// The manifest that a file of the project is, seen in its own place.
    pub fn manifest(&self, file: &str) -> Manifest {
        Manifest { path: Spanned::new(self.path(file), self.node.span), target: self.into.join(file) }
    }

    /// [`Project::manifest`] of a file that may stand beside the project; `None` outside the context or the image.
    pub fn located(&self, file: &str) -> Option<Manifest> {
        let path = normalize(&self.path(file)).filter(|_| !file.starts_with('/'))?;
        let depth = self.into.as_str().split('/').filter(|part| !part.is_empty()).count();
        let up = file.split('/').take_while(|part| *part == "..").count();
        let target = ImagePath::resolve(file, &self.into).ok().filter(|_| up <= depth)?;
        Some(Manifest { path: Spanned::new(path, self.node.span), target })
    }

    /// The manifests that `files` are which [`Project::beside`] or [`Project::members`] told of, by their paths.
    pub fn all_located(&self, files: impl IntoIterator<Item = String>) -> Vec<Manifest> {
        let mut found: Vec<Manifest> = files.into_iter().filter_map(|file| self.located(&file)).collect();
        found.sort_by(|a, b| a.path.value.cmp(&b.path.value));
        found
    }

    /// The lock file `file` that the project lacks, and the command that makes it.
    pub fn without_lock(&self, file: &str, command: &str) -> MissingLock {
        MissingLock { file: self.path(file), command: command.to_owned() }
    }

    /// A directory kept between builds.
    pub fn cache(&self, target: &str, sharing: Sharing) -> Mount {
        Mount::Cache { target: ImagePath::root().join(target.trim_start_matches('/')), id: None, sharing }
    }

    /// The cache of the program `name`, which root has in `place` anyway. Of another user nothing tells the home, so that
    /// `variable` says where it is.
    fn cache_of(&self, name: &str, place: &str, sharing: Sharing, variable: &str) -> (Mount, Vec<(EnvName, String)>) {
        if self.by_root() {
            return (self.cache(place, sharing), Vec::new());
        }
        let place = format!("/var/cache/{name}");
        (self.cache(&place, sharing), variables(&[(variable, &place)]))
    }

    /// Whether what only development needs is left out.
    fn omits_dev(&self) -> bool {
        self.node.options.contains_key("omit")
    }

    /// Whether root runs it.
    pub fn by_root(&self) -> bool {
        self.node.user.as_ref().is_none_or(|user| user.value.is_root())
    }

    /// `to` as a word of shell text; a directory ends in `/`, as it was written.
    pub fn output(&self, to: &ImagePath) -> String {
        let is_directory = self.node.to.as_ref().is_some_and(|to| to.value.ends_with('/'));
        shell::quote(&format!("{to}{}", if is_directory && to.as_str() != "/" { "/" } else { "" }))
    }

    /// The directory that what is built goes into.
    pub fn holder(&self, to: &ImagePath) -> ImagePath {
        if self.node.to.as_ref().is_some_and(|to| to.value.ends_with('/')) { to.clone() } else { to.parent() }
    }

    /// The operands, as words of shell text.
    pub fn operands(&self) -> String {
        self.node.operands.iter().map(|operand| format!(" {}", shell::quote(&operand.value))).collect()
    }

    /// Commands in the project's directory, which the compiler writes.
    pub fn run(&self, commands: Vec<String>, mounts: Vec<Mount>) -> Run {
        Run {
            commands: commands.into_iter().map(|command| Spanned::new(command, self.node.span)).collect(),
            generated: true,
            mounts,
            network: crate::graph::Network::Default,
            user: self.node.user.clone(),
            env: Vec::new(),
        }
    }
}

/// Variables of a command.
fn variables(variables: &[(&str, &str)]) -> Vec<(EnvName, String)> {
    variables.iter().map(|(name, value)| (EnvName::parse(name).expect("a name"), (*value).to_owned())).collect()
}

/// `path` seen from a directory of the project.
pub(crate) fn joined(directory: &str, path: &str) -> String {
    let mut parts: Vec<&str> = if directory == "." { Vec::new() } else { directory.split('/').collect() };
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// A path as a word of shell text, in which `*` stays a pattern.
pub(crate) fn word(path: &str) -> String {
    path.split('*')
        .map(|part| if part.is_empty() { String::new() } else { shell::quote(part) })
        .collect::<Vec<_>>()
        .join("*")
}

/// A text's own line, from 1, at a place in it.
pub(crate) fn line(text: &str, at: usize) -> usize {
    text.get(..at).map_or(1, |before| before.matches('\n').count() + 1)
}
