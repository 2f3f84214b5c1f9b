//! Which version of the Dockerfile syntax a feature needs, and whether a file must ask for it.

/// The syntax that every BuildKit has that is still looked after: Docker Engine 25 brings 1.6.
#[expect(dead_code)]
const BUILDKIT_FLOOR: u32 = 6;

/// A feature of the Dockerfile syntax beyond 1.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Feature {
    /// `RUN --mount=type=secret,env=`
    SecretEnv,
    /// `ADD --unpack`
    Unpack,
    /// `COPY --exclude`
    Exclude,
}

impl Feature {
    /// The first version 1.x that has it (release notes of the Dockerfile frontend).
    pub fn since(self) -> u32 {
        match self {
            Self::SecretEnv => 10,
            Self::Unpack => 17,
            Self::Exclude => 19,
        }
    }

    /// How a Dockerfile spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecretEnv => "RUN --mount=type=secret,env=",
            Self::Unpack => "ADD --unpack",
            Self::Exclude => "COPY --exclude",
        }
    }
}
