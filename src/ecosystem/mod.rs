//! Floor 6: languages. One file each: what its manifests are, the commands that install what they name and that build
//! with it, and what they want and leave behind.

mod go;
mod javascript;
mod manifest;
mod members;
mod npm;
pub mod pip;
#[cfg(test)]
mod testing;

use crate::base::{EnvName, ImagePath, Invalid, Spanned};
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
static ECOSYSTEMS: &[Ecosystem] =
    &[Ecosystem { name: "go", lower: go::lower }, Ecosystem { name: "npm", lower: npm::lower }];

/// The language whose node is called `name`.
pub(crate) fn of(name: &str) -> &'static Ecosystem {
    ECOSYSTEMS.iter().find(|ecosystem| ecosystem.name == name).expect("each language's node has an ecosystem")
}

/// A project of a language, as its node names it.
pub(crate) struct Project<'a> {
    /// The node.
    pub node: &'a spec::Language,
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
            (directory, ".") => directory.to_owned(),
            (".", file) => file.to_owned(),
            (directory, file) => format!("{directory}/{file}"),
        }
    }

    /// The text of a file of the project; `None` where there is none.
    pub fn read(&self, file: &str) -> Result<Option<String>, Invalid> {
        self.files.read(&self.path(file))
    }

    /// The manifest that a file of the project is, seen in its own place.
    pub fn manifest(&self, file: &str) -> Manifest {
        Manifest { path: Spanned::new(self.path(file), self.node.span), target: self.into.join(file) }
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

    /// The command of these words, and what the node gives it.
    fn command(&self, words: &[&str]) -> String {
        let operands = self.node.operands.iter().map(|operand| shell::quote(&operand.value));
        words.iter().map(|&word| word.to_owned()).chain(operands).collect::<Vec<_>>().join(" ")
    }

    /// Whether what only development needs is left out.
    fn omits_dev(&self) -> bool {
        self.node.options.contains_key("omit")
    }

    /// The cache of the program `name`, which root has in `place` anyway. Of another user nothing tells the home, so that
    /// `variable` says where it is.
    fn cache(&self, name: &str, place: &str, sharing: Sharing, variable: &str) -> (Mount, Vec<(EnvName, String)>) {
        let is_root = self.node.user.as_ref().is_none_or(|user| user.value.is_root());
        let place = if is_root { place.to_owned() } else { format!("/var/cache/{name}") };
        let target = ImagePath::root().join(place.trim_start_matches('/'));
        let env = (!is_root).then(|| variables(&[(variable, &place)])).unwrap_or_default();
        (Mount::Cache { target, id: None, sharing }, env)
    }
}

/// Variables of a command.
fn variables(variables: &[(&str, &str)]) -> Vec<(EnvName, String)> {
    variables.iter().map(|(name, value)| (EnvName::parse(name).expect("a name"), (*value).to_owned())).collect()
}
