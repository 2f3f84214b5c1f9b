//! The kinds of diagnostic. Each is named after the flaw and has a page, which is part of its value: a code without a
//! page does not compile.

/// A kind of diagnostic.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Its name, in kebab case.
    pub name: &'static str,
    /// What `imgspec explain NAME` prints: Markdown, the flaw, an example, and what to do.
    pub page: &'static str,
}

/// Makes the [`Code`] of a name, with its page: `code!("wrong-type")`.
macro_rules! code {
    ($name:literal) => {
        $crate::diagnostic::Code {
            name: $name,
            page: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/diagnostic/pages/", $name, ".md")),
        }
    };
}
pub(crate) use code;

/// Makes many: `declare_codes! { /// Doc. WRONG_TYPE = "wrong-type"; }` gives the constants and `CODES`, the list of them.
macro_rules! declare_codes {
    ($($(#[$doc:meta])* $constant:ident = $name:literal;)*) => {
        $(
            $(#[$doc])*
            pub static $constant: $crate::diagnostic::Code = $crate::diagnostic::code::code!($name);
        )*
        /// Every code made here.
        pub static CODES: &[&$crate::diagnostic::Code] = &[$(&$constant),*];
    };
}
pub use told::CODES;

/// The codes that are no rules; each rule brings its own, beside its check (`rule/`).
pub mod told {
    declare_codes! {
        /// Not KDL.
        SYNTAX = "syntax";
        /// A limit of size, nesting or number is passed.
        TOO_LARGE = "too-large";
        /// A node that belongs into another file.
        MISPLACED_NODE = "misplaced-node";
        /// A template or mixin that is not there.
        UNKNOWN_TEMPLATE = "unknown-template";
        /// A parameter that nothing declares.
        UNKNOWN_PARAMETER = "unknown-parameter";
        /// A parameter that has neither a value nor a default.
        MISSING_PARAMETER = "missing-parameter";
        /// A template that is no whole image and is not abstract.
        INCOMPLETE_TEMPLATE = "incomplete-template";
        /// Two rules for one directory.
        AMBIGUOUS_RULE = "ambiguous-rule";
        /// A file that cannot be read.
        UNREADABLE_FILE = "unreadable-file";
        /// A node the language does not have, or not at this place.
        UNKNOWN_NODE = "unknown-node";
        /// A property the node does not have.
        UNKNOWN_PROPERTY = "unknown-property";
        /// The same property twice on one node.
        DUPLICATE_PROPERTY = "duplicate-property";
        /// A property the node must have.
        MISSING_PROPERTY = "missing-property";
        /// An argument the node must have.
        MISSING_ARGUMENT = "missing-argument";
        /// An argument the node does not take.
        UNEXPECTED_ARGUMENT = "unexpected-argument";
        /// A block where none belongs.
        UNEXPECTED_BLOCK = "unexpected-block";
        /// An annotation before a name or value that means nothing.
        UNKNOWN_ANNOTATION = "unknown-annotation";
        /// An annotation before a node that cannot have it.
        INVALID_ANNOTATION = "invalid-annotation";
        /// `(remove)`, `(unset)` or `(replace)` of what no layer below has.
        NOTHING_TO_REMOVE = "nothing-to-remove";
        /// Something that is final, said otherwise.
        OVERRIDDEN_FINAL = "overridden-final";
        /// Two mixins that set one scalar.
        MIXIN_CONFLICT = "mixin-conflict";
        /// A value of another type.
        WRONG_TYPE = "wrong-type";
        /// A value of the right type that is none of those allowed.
        INVALID_VALUE = "invalid-value";
        /// A node that may stand once stands twice.
        DUPLICATE_NODE = "duplicate-node";
        /// Two images, stages or steps of one name.
        DUPLICATE_NAME = "duplicate-name";
        /// Two images that get one tag.
        DUPLICATE_TAG = "duplicate-tag";
        /// A node that must stand in a body is missing.
        MISSING_NODE = "missing-node";
        /// Properties or nodes that exclude each other.
        CONFLICT = "conflict";
        /// A stage that is not there.
        UNKNOWN_STAGE = "unknown-stage";
        /// An image that is not there.
        UNKNOWN_IMAGE = "unknown-image";
        /// `before=` or `after=` a step that is not there.
        UNKNOWN_STEP = "unknown-step";
        /// A step, user or rule that is not there.
        UNKNOWN_NAME = "unknown-name";
        /// A name in an expression that stands for nothing.
        UNDEFINED_NAME = "undefined-name";
        /// An expression that cannot be worked out.
        INVALID_EXPRESSION = "invalid-expression";
        /// An expression in shell text where no quoting keeps its value as it is.
        UNQUOTABLE_EXPRESSION = "unquotable-expression";
        /// Stages or images that need each other.
        CYCLE = "cycle";
        /// Steps that cannot be ordered.
        UNORDERABLE_STEPS = "unorderable-steps";
        /// One package wanted in two versions.
        VERSION_CONFLICT = "version-conflict";
        /// Shell text that does not end what it begins.
        SHELL_SYNTAX = "shell-syntax";
        /// A `raw` instruction that Dockerfile does not have.
        INVALID_INSTRUCTION = "invalid-instruction";
        /// A value no Dockerfile instruction can express.
        INEXPRESSIBLE_VALUE = "inexpressible-value";
        /// A node the target builder cannot express.
        UNSUPPORTED_BY_TARGET = "unsupported-by-target";
        /// Something that needs a shell, on a base that has none.
        MISSING_SHELL = "missing-shell";
        /// A path that leaves the build context or the workspace.
        PATH_ESCAPE = "path-escape";
        /// A manifest that cannot be used.
        INVALID_MANIFEST = "invalid-manifest";
        /// An `allow` without a reason.
        MISSING_REASON = "missing-reason";
        /// An `allow` of a rule that finds nothing to allow.
        NEEDLESS_ALLOW = "needless-allow";
        /// A selection that matches nothing.
        NO_MATCH = "no-match";
        /// Two images that write one file.
        OUTPUT_CONFLICT = "output-conflict";
        /// An output that an earlier spec says.
        STALE_OUTPUT = "stale-output";
        /// An output that is not there.
        MISSING_OUTPUT = "missing-output";
        /// An output that no image claims any more.
        ORPHAN_OUTPUT = "orphan-output";
        /// An output that imgspec did not write, or that was edited by hand.
        FOREIGN_OUTPUT = "foreign-output";
        /// An output that cannot be written.
        UNWRITABLE_OUTPUT = "unwritable-output";
        /// An ownership manifest that cannot be used.
        INVALID_OWNERSHIP = "invalid-ownership";
        /// A lock that cannot be used.
        INVALID_LOCK = "invalid-lock";
        /// Something that pins are made from cannot be had.
        UNAVAILABLE = "unavailable-source";
        /// Packages that cannot be installed together, or not as the spec asks.
        UNSOLVABLE = "unsolvable-packages";
        /// A repository that does not tell what its commits changed.
        NO_HISTORY = "no-history";
    }
}
