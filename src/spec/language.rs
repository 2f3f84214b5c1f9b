//! The nodes of languages: one form, a shape each.

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID};
use crate::base::{Owner, Span, Spanned, closest};
use crate::diagnostic::codes::INVALID_VALUE;
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Node, Prop, Shape, Ty};
use std::collections::BTreeMap;

/// A language's node: what installs the dependencies of a project, and builds it.
#[derive(Debug, Clone)]
pub struct Language {
    /// The node's name: `npm`.
    pub name: &'static str,
    /// The command, one of those that the language has: `ci`.
    pub command: Spanned<String>,
    /// What the command is given.
    pub operands: Vec<Spanned<String>>,
    /// The directory of the build context that holds the project, as it was written.
    pub project: Option<Spanned<String>>,
    /// The directory of the image that the project stands in, as it was written.
    pub into: Option<Spanned<String>>,
    /// Where what is built goes, as it was written.
    pub to: Option<Spanned<String>>,
    /// Who runs it.
    pub user: Option<Spanned<Owner>>,
    /// What is copied for the build, seen from the project; `None` if it does not say.
    pub sources: Option<Vec<Spanned<String>>>,
    /// Files that the installation reads beside the manifests, seen from the project.
    pub manifests: Vec<Spanned<String>>,
    /// The properties that are the language's own, by name.
    pub options: BTreeMap<&'static str, Spanned<String>>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

/// A language as specs know it.
pub(super) struct Grammar {
    /// Its node.
    pub shape: &'static Shape,
    /// Its commands.
    commands: &'static [&'static str],
    /// The properties that are its own.
    options: &'static [&'static str],
}

const PROJECT: Prop = Prop::optional(
    "project",
    Ty::ContextPath,
    "The directory of the build context that holds the project; the context itself without it.",
);
const INTO: Prop = Prop::optional(
    "into",
    Ty::ImagePath,
    "The directory of the image that the project stands in; `workdir` without it.",
);
const AS: Prop = Prop::optional("as", Ty::Owner, "Who runs it, and owns its caches; root without it.");

/// A language's shape, with properties of its own before those that all have.
macro_rules! shape {
    ($name:literal, $doc:literal, [$($own:expr),*], [$($child:expr),*], $example:literal) => {
        &Shape {
            name: $name,
            doc: $doc,
            args: Args::some("WORD", Ty::Text),
            props: &[$($own,)* PROJECT, INTO, AS, CHANGES, COST, ID, BEFORE, AFTER],
            free_props: None,
            children: &[$($child,)* Manifests::SHAPE],
            merge: Merge::Step,
            example: $example,
        }
    };
}

mod compiled;
mod scripted;

pub(super) use compiled::{CARGO, DOTNET, GO, GRADLE, MAVEN};
pub(super) use scripted::{BUNDLER, COMPOSER};

const OMIT: Prop = Prop::optional(
    "omit",
    Ty::OneOf(&["dev"]),
    "Leaves out what only development needs; the lock file still holds it.",
);
const SCRIPT: Prop = Prop::optional(
    "script",
    Ty::Text,
    "The script of `package.json` that builds the project, once its sources are there.",
);

/// `npm`
pub(super) const NPM: Grammar = Grammar {
    shape: shape!(
        "npm",
        "The packages of a Node.js project by npm: `package.json`, the lock file, `.npmrc` and every `package.json` of the \
         workspace are mounted for `npm ci`, which is given what follows the word `ci`. Then the sources are copied, and \
         the script is run if one is named.",
        [OMIT, SCRIPT],
        [Sources::SHAPE],
        "npm \"ci\" omit=\"dev\" {\n    sources \"src\"\n}"
    ),
    commands: &["ci"],
    options: &["omit", "script"],
};

/// `uv`
pub(super) const UV: Grammar = Grammar {
    shape: shape!(
        "uv",
        "The packages of a Python project by uv, in `.venv` of the project's directory: `pyproject.toml`, `uv.lock` and \
         every `pyproject.toml` of the workspace are mounted for `uv sync`, which is given what follows the word `sync`. \
         Then the sources are copied, and the project itself is installed if it is a package.",
        [OMIT],
        [Sources::SHAPE],
        "uv \"sync\" omit=\"dev\" {\n    sources \"src\"\n}"
    ),
    commands: &["sync"],
    options: &["omit"],
};

/// `poetry`
pub(super) const POETRY: Grammar = Grammar {
    shape: shape!(
        "poetry",
        "The packages of a Python project by Poetry, in `.venv` of the project's directory: `pyproject.toml`, \
         `poetry.lock` and the projects of the disk that they name are mounted for `poetry install`, which is given what \
         follows the word `install`. Then the sources are copied, and the project itself is installed if it is a package.",
        [OMIT],
        [Sources::SHAPE],
        "poetry \"install\" omit=\"dev\" {\n    sources \"src\"\n}"
    ),
    commands: &["install"],
    options: &["omit"],
};

/// `pnpm`
pub(super) const PNPM: Grammar = Grammar {
    shape: shape!(
        "pnpm",
        "The packages of a Node.js project by pnpm: `package.json`, the lock file, the settings, patches and every \
         `package.json` of the workspace are mounted for `pnpm install`, which is given what follows the word `install`. \
         Then the sources are copied, and the script is run if one is named.",
        [OMIT, SCRIPT],
        [Sources::SHAPE],
        "pnpm \"install\" script=\"build\" {\n    sources \"src\"\n}"
    ),
    commands: &["install"],
    options: &["omit", "script"],
};

/// `yarn`
pub(super) const YARN: Grammar = Grammar {
    shape: shape!(
        "yarn",
        "The packages of a Node.js project by Yarn, of any version, as the project's settings tell: `package.json`, the \
         lock file, the settings, Yarn itself if the project brings it, and every `package.json` of the workspace are \
         mounted for `yarn install`, which is given what follows the word `install`. Then the sources are copied, and the \
         script is run if one is named.",
        [OMIT, SCRIPT],
        [Sources::SHAPE],
        "yarn \"install\" script=\"build\" {\n    sources \"src\"\n}"
    ),
    commands: &["install"],
    options: &["omit", "script"],
};

struct Manifests(Vec<Spanned<String>>);

impl Decode for Manifests {
    const SHAPE: &'static Shape = &Shape {
        name: "manifests",
        doc: "Files and directories of the project that the installation reads beside those it is known to read, such as \
              what a script that it runs asks for. They are mounted for it too.",
        args: Args::some("PATH", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "manifests \"prisma/schema.prisma\" \"patches\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

struct Sources(Vec<Spanned<String>>);

impl Decode for Sources {
    const SHAPE: &'static Shape = &Shape {
        name: "sources",
        doc: "What is copied for the build, as paths of the project, each to the same path below `into`. Without it the \
              build reads what the stage copies there, and if it copies nothing there, the whole project.",
        args: Args::some("PATH", Ty::ContextPath),
        props: &[],
        free_props: None,
        children: &[],
        merge: Merge::Set,
        example: "sources \"cmd\" \"internal\"",
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

/// Decodes the node of a language.
pub(super) fn decode(
    node: &Node,
    grammar: &'static Grammar,
    diagnostics: &mut Diagnostics,
) -> Result<Language, Reported> {
    let mut fields = Fields::new(node, grammar.shape, diagnostics);
    let mut words = fields.args::<String>().into_iter();
    let command = words.next().ok_or_else(|| fields.expect_failed());
    let operands: Vec<_> = words.collect();
    let has = |name: &str| grammar.shape.props.iter().any(|prop| prop.name == name);
    let project = fields.opt::<String>("project");
    let into = fields.opt::<String>("into");
    let to = if has("to") { fields.opt::<String>("to") } else { Ok(None) };
    let user = fields.opt::<Owner>("as");
    let mut options = BTreeMap::new();
    for &name in grammar.options {
        let value = fields.opt::<String>(name);
        options.extend(value.ok().flatten().map(|value| (name, value)));
    }
    let expected = Expected::decode(&mut fields);
    let sources = fields.decode_children::<Sources>();
    let manifests = fields.decode_children::<Manifests>();
    let span = fields.name_span();
    if let Ok(command) = &command
        && !grammar.commands.contains(&command.value.as_str())
    {
        let name = grammar.shape.name;
        let message = format!("`{name}` has no command `{}`", command.value);
        let known = grammar.commands.iter().map(|command| format!("`{name} {command}`")).collect::<Vec<_>>().join(", ");
        let hint = match closest(&command.value, grammar.commands.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there is {known}"),
        };
        fields.error(Diagnostic::error(&INVALID_VALUE, command.span, message).hint(hint));
    }
    fields.finish()?;
    Ok(Language {
        name: grammar.shape.name,
        command: command?,
        operands,
        project: project?,
        into: into?,
        to: to?,
        user: user?,
        sources: (!sources.is_empty()).then(|| sources.into_iter().flat_map(|sources| sources.0).collect()),
        manifests: manifests.into_iter().flat_map(|manifests| manifests.0).collect(),
        options,
        expected: expected?,
        span,
    })
}
