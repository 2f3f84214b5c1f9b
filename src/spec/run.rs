//! `run`

use super::common::{AFTER, BEFORE, CHANGES, COST, Expected, ID};
use super::env::{named_values, needs_a_name};
use super::{Network, Sharing};
use crate::base::{EnvName, Invalid, Owner, Span, Spanned};
use crate::diagnostic::codes::{CONFLICT, MISSING_ARGUMENT};
use crate::diagnostic::{Diagnostic, Reported};
use crate::syntax::{Args, Decode, Fields, Merge, Prop, Shape, Ty};

/// Commands to run.
#[derive(Debug, Clone)]
pub struct Run {
    /// Shell texts, each of which must succeed before the next one runs.
    pub commands: Vec<Spanned<String>>,
    /// The paths of the image it reads; `None` for a run that does not say.
    pub reads: Option<Vec<Spanned<String>>>,
    /// Caches.
    pub caches: Vec<Cache>,
    /// Secrets.
    pub secrets: Vec<Secret>,
    /// Whether it sees the SSH agent.
    pub ssh: bool,
    /// Its network.
    pub network: Network,
    /// Who runs it.
    pub user: Option<Spanned<Owner>>,
    /// Variables for it alone.
    pub env: Vec<(Spanned<EnvName>, Spanned<String>)>,
    /// What it says of its rebuilds.
    pub expected: Expected,
    /// The node's name.
    pub span: Span,
}

/// A directory kept between builds.
#[derive(Debug, Clone)]
pub struct Cache {
    /// Where it is seen, as it was written.
    pub path: Spanned<String>,
    /// What it is known by; its path if none was written.
    pub id: Option<Spanned<String>>,
    /// Who else may use it at the same time.
    pub sharing: Sharing,
}

/// A secret file or variable.
#[derive(Debug, Clone)]
pub struct Secret {
    /// What it is known by.
    pub id: Spanned<String>,
    /// The file it is seen in, as it was written.
    pub target: Option<Spanned<String>>,
    /// The variable it is seen in.
    pub env: Option<Spanned<EnvName>>,
}

struct Sh(Vec<Spanned<String>>);
struct Reads(Vec<Spanned<String>>);
struct Ssh;
struct NetworkNode(Network);
struct As(Spanned<Owner>);
struct RunEnv(Vec<(Spanned<EnvName>, Spanned<String>)>);

const PLAIN: Shape = Shape {
    name: "",
    doc: "",
    args: Args::NONE,
    props: &[],
    free_props: None,
    children: &[],
    merge: Merge::Set,
    example: "",
};

impl Decode for Sh {
    const SHAPE: &'static Shape = &Shape {
        name: "sh",
        doc: "Shell text; the next one runs only if it succeeds.",
        args: Args::some("TEXT", Ty::Shell),
        merge: Merge::Step,
        example: "sh \"make\" \"make install\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

impl Decode for Reads {
    const SHAPE: &'static Shape = &Shape {
        name: "reads",
        doc: "The paths of the image that the commands read. With it the run waits for nothing else; without \
              arguments it reads nothing that the stage writes.",
        args: Args::any("PATH", Ty::ImagePath),
        example: "reads \"/app/src\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.args()))
    }
}

impl Decode for Cache {
    const SHAPE: &'static Shape = &Shape {
        name: "cache",
        doc: "A directory that is kept between builds and is not in the image.",
        args: Args::one("PATH", Ty::ImagePath),
        props: &[
            Prop::optional("id", Ty::Text, "What it is known by; its path without it."),
            Prop::optional(
                "sharing",
                Ty::OneOf(Sharing::WORDS),
                "Who else may use it at the same time; `shared` without it.",
            ),
        ],
        example: "cache \"/root/.cache/go-build\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let path = fields.expect_arg::<String>();
        let id = fields.opt::<String>("id")?.map(|id| fields.parse(&id, mount_id)).transpose();
        let sharing = fields.opt::<Sharing>("sharing")?;
        Ok(Self { path: path?, id: id?, sharing: sharing.map_or(Sharing::Shared, |sharing| sharing.value) })
    }
}

impl Decode for Secret {
    const SHAPE: &'static Shape = &Shape {
        name: "secret",
        doc: "A secret that the commands see and the image does not hold; in `/run/secrets/ID` unless it says \
              otherwise.",
        args: Args::one("ID", Ty::Text),
        props: &[
            Prop::optional("target", Ty::ImagePath, "The file it is seen in."),
            Prop::optional("env", Ty::EnvName, "The variable it is seen in."),
        ],
        example: "secret \"netrc\" target=\"/root/.netrc\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let id = fields.expect_arg::<String>().and_then(|id| fields.parse(&id, mount_id));
        let target = fields.opt::<String>("target");
        let env = fields.opt::<EnvName>("env");
        Ok(Self { id: id?, target: target?, env: env? })
    }
}

impl Decode for Ssh {
    const SHAPE: &'static Shape = &Shape {
        name: "ssh",
        doc: "The commands see the builder's SSH agent.",
        merge: Merge::Scalar,
        example: "ssh",
        ..PLAIN
    };

    fn from_fields(_: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self)
    }
}

impl Decode for NetworkNode {
    const SHAPE: &'static Shape = &Shape {
        name: "network",
        doc: "The network of the commands.",
        args: Args::one("NETWORK", Ty::OneOf(Network::WORDS)),
        merge: Merge::Scalar,
        example: "network none",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect_arg::<Network>()?.value))
    }
}

impl Decode for As {
    const SHAPE: &'static Shape = &Shape {
        name: "as",
        doc: "Who runs the commands: a user of the stage or its base, or a number.",
        args: Args::one("USER", Ty::Owner),
        merge: Merge::Scalar,
        example: "as \"app\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        Ok(Self(fields.expect_arg()?))
    }
}

impl Decode for RunEnv {
    const SHAPE: &'static Shape = &Shape {
        name: "env",
        doc: "Variables for these commands alone.",
        free_props: Some(("NAME", Ty::Text)),
        merge: Merge::Map,
        example: "env CGO_ENABLED=\"0\"",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let variables = named_values(fields);
        if variables.is_empty() {
            return Err(needs_a_name(fields, "env", Self::SHAPE.example));
        }
        Ok(Self(variables))
    }
}

impl Decode for Run {
    const SHAPE: &'static Shape = &Shape {
        name: "run",
        doc: "Runs commands. It waits for all that is written above it in its stage, unless `reads` names what it \
              reads. If any command fails the build fails.",
        args: Args::any("TEXT", Ty::Shell),
        props: &[CHANGES, COST, ID, BEFORE, AFTER],
        children: &[
            Sh::SHAPE,
            Reads::SHAPE,
            Cache::SHAPE,
            Secret::SHAPE,
            Ssh::SHAPE,
            NetworkNode::SHAPE,
            As::SHAPE,
            RunEnv::SHAPE,
        ],
        merge: Merge::Step,
        example: "run \"make install\" {\n    reads \"/src\"\n    cache \"/root/.cache\"\n}",
        ..PLAIN
    };

    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let mut commands = fields.args::<String>();
        let expected = Expected::decode(fields);
        let span = fields.name_span();
        let texts = fields.decode_children::<Sh>();
        if let (Some(argument), Some(sh)) = (commands.first(), fields.children("sh").next()) {
            let message = "`run` has its text as arguments or in `sh` nodes, not both";
            let diagnostic = Diagnostic::error(&CONFLICT, sh.name.span, message).also(argument.span, "the argument");
            fields.error(diagnostic);
        }
        commands.extend(texts.into_iter().flat_map(|sh| sh.0));
        let reads = fields.decode_children::<Reads>();
        let run = Self {
            reads: (!reads.is_empty()).then(|| reads.into_iter().flat_map(|reads| reads.0).collect()),
            caches: fields.decode_children(),
            secrets: fields.decode_children(),
            ssh: fields.decode_child::<Ssh>().is_some(),
            network: fields.decode_child::<NetworkNode>().map_or(Network::Default, |network| network.0),
            user: fields.decode_child::<As>().map(|user| user.0),
            env: fields.decode_children::<RunEnv>().into_iter().flat_map(|env| env.0).collect(),
            expected: expected?,
            span,
            commands,
        };
        if run.commands.is_empty() || run.commands.iter().all(|text| text.value.trim().is_empty()) {
            return Err(fields.fail_with(
                &MISSING_ARGUMENT,
                "`run` has no command".to_owned(),
                "as in: run \"make\"".to_owned(),
            ));
        }
        Ok(run)
    }
}

/// The identifiers of mounts: a comma, a space or a quote would end the flag they stand in.
fn mount_id(text: &str) -> Result<String, Invalid> {
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-/:@".contains(&b)) {
        Ok(text.to_owned())
    } else {
        Err(Invalid::new(format!("`{text}` is not an id: letters, digits, `.`, `_`, `-`, `/`, `:`")))
    }
}
