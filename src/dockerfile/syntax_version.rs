//! Which version of the Dockerfile syntax a feature needs, and which features a file uses.

use super::instruction::{Body, Copied, ImageSource, Instruction, Run, RunMount};
use super::parse::{Arguments, Flag, Parsed, parse_raw};
use crate::graph::{Network, Target};

/// A feature of the Dockerfile syntax that not every builder has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `RUN --mount`
    Mount,
    /// `COPY --chmod`, `ADD --chmod`
    Chmod,
    /// `RUN --network`
    Network,
    /// Here-documents
    Heredoc,
    /// `COPY --link`, `ADD --link`
    Link,
    /// Named contexts
    NamedContext,
    /// `FROM --platform=$BUILDPLATFORM`
    Platform,
    /// `ADD` of a repository
    AddGit,
    /// `ADD --checksum`
    AddChecksum,
    /// `HEALTHCHECK --start-interval`
    StartInterval,
    /// `RUN --mount=type=secret,env=`
    SecretEnv,
    /// `ADD --unpack`
    Unpack,
    /// `COPY --exclude`, `ADD --exclude`
    Exclude,
    /// `COPY --parents`
    Parents,
}

impl Feature {
    /// The first version 1.x of the syntax that has it (release notes of the Dockerfile frontend).
    pub fn since(self) -> u32 {
        match self {
            Self::Platform => 0,
            Self::Mount | Self::Chmod => 2,
            Self::Network => 3,
            Self::Heredoc | Self::Link | Self::NamedContext => 4,
            Self::AddGit => 5,
            Self::AddChecksum | Self::StartInterval => 6,
            Self::SecretEnv => 10,
            Self::Unpack => 17,
            Self::Exclude => 19,
            Self::Parents => 20,
        }
    }

    /// How it is called, and a Dockerfile spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mount => "RUN --mount",
            Self::Chmod => "--chmod",
            Self::Network => "RUN --network",
            Self::Heredoc => "a here-document",
            Self::Link => "--link",
            Self::NamedContext => "a named context",
            Self::Platform => "FROM --platform=$BUILDPLATFORM",
            Self::AddGit => "ADD of a repository",
            Self::AddChecksum => "ADD --checksum",
            Self::StartInterval => "HEALTHCHECK --start-interval",
            Self::SecretEnv => "RUN --mount=type=secret,env=",
            Self::Unpack => "ADD --unpack",
            Self::Exclude => "--exclude",
            Self::Parents => "COPY --parents",
        }
    }

    /// Whether every builder of that target has it, or can be told to fetch a syntax that does.
    pub fn is_known_to(self, target: Target) -> bool {
        match target {
            Target::Buildkit => true,
            // The oldest that reads here-documents reliably is 1.35 (Podman 5.0); measured with it and 1.43.
            Target::Buildah => {
                !matches!(self, Self::SecretEnv | Self::Unpack | Self::Exclude | Self::Parents | Self::Link)
            }
            Target::Classic => matches!(self, Self::StartInterval),
        }
    }

    /// Whether a BuildKit must be told to fetch a newer syntax for it. Docker Engine 25, the oldest still looked after,
    /// brings 1.6.
    pub fn needs_syntax_line(self) -> bool {
        self.since() > 6
    }
}

/// The features that an instruction uses.
pub(super) fn features(instruction: &Instruction) -> Vec<Feature> {
    let mut used = Vec::new();
    let mut uses = |feature: Feature, is_used: bool| used.extend(is_used.then_some(feature));
    match instruction {
        Instruction::From(from) => {
            uses(Feature::Platform, from.on_builder);
            uses(Feature::NamedContext, is_context(&from.base));
        }
        Instruction::Run(Run { mounts, network, body, .. }) => {
            let secret_env = |mount: &RunMount| matches!(mount, RunMount::Secret { env: Some(_), .. });
            uses(Feature::Mount, !mounts.is_empty());
            uses(Feature::SecretEnv, mounts.iter().any(secret_env));
            uses(Feature::Network, *network != Network::Default);
            uses(Feature::Heredoc, matches!(body, Body::Lines(_)));
        }
        Instruction::Copy(copy) => {
            uses(Feature::Chmod, copy.mode.is_some());
            uses(Feature::Heredoc, matches!(copy.what, Copied::Text(_)));
            uses(Feature::NamedContext, copy.from.as_ref().is_some_and(is_context));
            uses(Feature::Exclude, !copy.exclude.is_empty());
        }
        Instruction::Add(add) => {
            uses(Feature::Chmod, add.mode.is_some());
            uses(Feature::AddChecksum, add.checksum.is_some());
            uses(Feature::AddGit, add.is_repository());
            uses(Feature::Unpack, add.unpack);
        }
        Instruction::Healthcheck(check) => {
            uses(Feature::StartInterval, check.as_ref().is_some_and(|check| check.start_interval.is_some()));
        }
        Instruction::Raw(text) => {
            if let Ok(parsed) = parse_raw(text) {
                used = raw_features(&parsed);
            }
        }
        Instruction::Env(_)
        | Instruction::Label(_)
        | Instruction::Arg(..)
        | Instruction::Expose(_)
        | Instruction::Volume(_)
        | Instruction::User(_)
        | Instruction::Workdir(_)
        | Instruction::Stopsignal(_)
        | Instruction::Shell(_)
        | Instruction::Entrypoint(_)
        | Instruction::Cmd(_) => {}
    }
    used
}

fn is_context(source: &ImageSource) -> bool {
    matches!(source, ImageSource::Image(_) | ImageSource::Context(_))
}

fn raw_features(parsed: &Parsed) -> Vec<Feature> {
    let flag = |flag: &Flag| match flag.name.as_str() {
        "mount" if flag.value.as_ref().is_some_and(|value| value.contains("env=")) => Some(Feature::SecretEnv),
        "mount" => Some(Feature::Mount),
        "network" => Some(Feature::Network),
        "chmod" => Some(Feature::Chmod),
        "link" => Some(Feature::Link),
        "checksum" => Some(Feature::AddChecksum),
        "start-interval" => Some(Feature::StartInterval),
        "unpack" => Some(Feature::Unpack),
        "exclude" => Some(Feature::Exclude),
        "parents" => Some(Feature::Parents),
        _ => None,
    };
    let heredoc = (!parsed.heredocs.is_empty()).then_some(Feature::Heredoc);
    let inner = match &parsed.arguments {
        Arguments::Instruction(inner) => raw_features(inner),
        _ => Vec::new(),
    };
    parsed.flags.iter().filter_map(flag).chain(heredoc).chain(inner).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(raw: &str, expected: &[Feature]) {
        assert_eq!(features(&Instruction::Raw(raw.to_owned())), expected, "{raw}");
    }

    #[test]
    fn raw_instructions() {
        check("RUN a", &[]);
        check("RUN --mount=type=cache,target=/x --network=none a", &[Feature::Mount, Feature::Network]);
        check("RUN --mount=type=secret,id=x,env=X a", &[Feature::SecretEnv]);
        check("COPY --link --chmod=755 a /b", &[Feature::Link, Feature::Chmod]);
        check("COPY <<A /b\nA", &[Feature::Heredoc]);
        check("ONBUILD COPY --parents --exclude=x a /b", &[Feature::Parents, Feature::Exclude]);
        check("HEALTHCHECK --start-interval=1s CMD a", &[Feature::StartInterval]);
    }
}
