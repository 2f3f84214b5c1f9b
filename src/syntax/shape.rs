//! What a node looks like: one description for decoding, merging, the language reference, the schema and suggestions.

/// A type of value, as the language reference names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// Any value: what it must be is said elsewhere, as by a parameter's type.
    Any,
    /// Any text, taken literally.
    Text,
    /// Shell text.
    Shell,
    /// `#true` or `#false`.
    Bool,
    /// A whole number.
    Integer,
    /// A part of a whole, 0–1.
    Share,
    /// A port, 1–65535.
    Port,
    /// A length of time, `"1m30s"`.
    Duration,
    /// Octal permission bits in a string, `"0755"`.
    Mode,
    /// A file of the build context, globs allowed.
    ContextPath,
    /// A path in the image, absolute or relative to `workdir`.
    ImagePath,
    /// An image reference.
    ImageRef,
    /// A name of an image of the workspace.
    ImageName,
    /// A name of a template or mixin.
    TemplateName,
    /// A stage's name.
    StageName,
    /// A variable's name.
    EnvName,
    /// `user` or `user:group`, names or numbers.
    Owner,
    /// A platform, `"linux/amd64"`.
    Platform,
    /// A Debian package name.
    DebName,
    /// A Debian version or a pattern of one.
    DebVersion,
    /// A package name of another system.
    PackageName,
    /// A `sha256:` digest.
    Digest,
    /// An `http` or `https` address.
    Url,
    /// One of these words.
    OneOf(&'static [&'static str]),
}

impl Ty {
    /// Its name in messages, with an article.
    pub fn described(self) -> String {
        match self {
            Self::Any => "a string, a number, #true or #false".to_owned(),
            Self::Text => "a string".to_owned(),
            Self::Shell => "a string of shell text".to_owned(),
            Self::Bool => "#true or #false".to_owned(),
            Self::Integer => "a whole number".to_owned(),
            Self::Share => "a number from 0 to 1 such as 0.25".to_owned(),
            Self::Port => "a port (1–65535)".to_owned(),
            Self::Duration => "a duration such as \"30s\"".to_owned(),
            Self::Mode => "a mode in a string, such as \"0644\"".to_owned(),
            Self::ContextPath => "a path in the build context".to_owned(),
            Self::ImagePath => "a path in the image".to_owned(),
            Self::ImageRef => "an image reference".to_owned(),
            Self::ImageName => "an image name".to_owned(),
            Self::TemplateName => "a template name".to_owned(),
            Self::StageName => "a stage name".to_owned(),
            Self::EnvName => "a variable name".to_owned(),
            Self::Owner => "a user, \"name\" or \"uid:gid\"".to_owned(),
            Self::Platform => "a platform such as \"linux/amd64\"".to_owned(),
            Self::DebName => "a Debian package name".to_owned(),
            Self::DebVersion => "a package version".to_owned(),
            Self::PackageName => "a package name".to_owned(),
            Self::Digest => "a sha256 digest".to_owned(),
            Self::Url => "an http or https address".to_owned(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }
}

/// The arguments a node takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Args {
    /// What an argument is called in the reference, `NAME`.
    pub label: &'static str,
    /// The type of each.
    pub ty: Ty,
    /// The least number of them.
    pub min: usize,
    /// The greatest; `usize::MAX` for any number.
    pub max: usize,
}

impl Args {
    /// No arguments.
    pub const NONE: Self = Self { label: "", ty: Ty::Text, min: 0, max: 0 };

    /// Exactly one.
    pub const fn one(label: &'static str, ty: Ty) -> Self {
        Self { label, ty, min: 1, max: 1 }
    }

    /// One or none.
    pub const fn optional(label: &'static str, ty: Ty) -> Self {
        Self { label, ty, min: 0, max: 1 }
    }

    /// One or more.
    pub const fn some(label: &'static str, ty: Ty) -> Self {
        Self { label, ty, min: 1, max: usize::MAX }
    }

    /// Any number.
    pub const fn any(label: &'static str, ty: Ty) -> Self {
        Self { label, ty, min: 0, max: usize::MAX }
    }
}

/// A property a node takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prop {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub ty: Ty,
    /// Whether it must be there.
    pub required: bool,
    /// What it means: one sentence.
    pub doc: &'static str,
}

impl Prop {
    /// A property that may be left out.
    pub const fn optional(name: &'static str, ty: Ty, doc: &'static str) -> Self {
        Self { name, ty, required: false, doc }
    }

    /// A property that must be there.
    pub const fn required(name: &'static str, ty: Ty, doc: &'static str) -> Self {
        Self { name, ty, required: true, doc }
    }
}

/// What two nodes of one kind make together when bodies are put together (language.md, *Templates*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// The last wins; twice in one body is an error.
    Scalar,
    /// By key; the last wins.
    Map,
    /// Union.
    Set,
    /// Appended in order.
    Step,
}

/// What tells a node, or a part of one, from another of its kind when bodies are put together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// Nothing: there is one.
    Kind,
    /// The property `id`, among all steps.
    Id,
    /// The first argument.
    Key,
    /// The first argument; the bodies of two that have the same are put together.
    Name,
    /// Each argument is a part of its own, and so is each child, by its first argument.
    Elements,
    /// Each name is a part of its own: the free properties, and the arguments.
    Names,
    /// Each argument of each child is a part of its own.
    Settings,
}

/// What a node looks like.
#[derive(Debug)]
pub struct Shape {
    /// Its name.
    pub name: &'static str,
    /// What it does: one or two sentences of Markdown.
    pub doc: &'static str,
    /// Its arguments.
    pub args: Args,
    /// Its properties.
    pub props: &'static [Prop],
    /// For nodes whose property names are free (`env`): what the names and values are.
    pub free_props: Option<(&'static str, Ty)>,
    /// The nodes its block may hold; empty for a node without a block.
    pub children: &'static [&'static Shape],
    /// How two of them merge.
    pub merge: Merge,
    /// An example, KDL that decodes.
    pub example: &'static str,
}

/// The shape of that name among `shapes`.
pub fn shape_of(shapes: &[&'static Shape], name: &str) -> Option<&'static Shape> {
    kind_of(shapes, name).map(|kind| shapes[kind])
}

/// The place of the shape of that name among `shapes`.
pub fn kind_of(shapes: &[&'static Shape], name: &str) -> Option<usize> {
    shapes.iter().position(|shape| is_same(shape.name, name))
}

/// Whether two names are the same. Most that are not differ in their first letter already, which is seen faster than by a
/// call that compares all.
fn is_same(one: &str, other: &str) -> bool {
    one.len() == other.len() && one.bytes().next() == other.bytes().next() && one == other
}

impl Shape {
    /// The shape of a child by name.
    pub fn child(&self, name: &str) -> Option<&'static Shape> {
        shape_of(self.children, name)
    }

    /// The property of that name.
    pub fn prop(&self, name: &str) -> Option<&'static Prop> {
        self.props.iter().find(|prop| is_same(prop.name, name))
    }

    /// What tells one of these nodes from another.
    pub fn identity(&self) -> Identity {
        match self.merge {
            Merge::Scalar => Identity::Kind,
            Merge::Step => Identity::Id,
            Merge::Set => Identity::Elements,
            Merge::Map if self.free_props.is_some() => Identity::Names,
            Merge::Map if self.args.max == 0 => Identity::Settings,
            Merge::Map if self.children.is_empty() => Identity::Key,
            Merge::Map => Identity::Name,
        }
    }
}
