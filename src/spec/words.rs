//! The language's fixed words.

use crate::syntax::words;

words! {
    /// Who builds a Dockerfile.
    #[derive(Default)]
    Target {
        /// BuildKit: Docker Engine 25 and later, buildx.
        #[default]
        Buildkit = "buildkit",
        /// Buildah and Podman.
        Buildah = "buildah",
        /// The builder of Docker Engine before BuildKit (`DOCKER_BUILDKIT=0`).
        Classic = "classic",
    }
}

words! {
    /// How often something changes, in a spec's words.
    Changes {
        /// Not in the life of the image.
        Never = "never",
        /// In one build of fifty.
        Rarely = "rarely",
        /// In every second build.
        Often = "often",
        /// In each build.
        Always = "always",
    }
}

words! {
    /// Who may use a cache at the same time (Dockerfile reference, `RUN --mount=type=cache`).
    Sharing {
        /// Anybody.
        Shared = "shared",
        /// Nobody: each build gets its own.
        Private = "private",
        /// One after the other.
        Locked = "locked",
    }
}

words! {
    /// What network commands have (Dockerfile reference, `RUN --network`).
    Network {
        /// The build's.
        Default = "default",
        /// None.
        None = "none",
        /// The builder's own.
        Host = "host",
    }
}

words! {
    /// When a variable is set.
    EnvAt {
        /// Before the packages are installed, for maintainer scripts that read it.
        Packages = "packages",
        /// After the packages, before all else that executes.
        Build = "build",
        /// Last: only the container sees it.
        Runtime = "runtime",
    }
}

words! {
    /// On which platform a stage runs.
    StagePlatform {
        /// The builder's own, for a stage that compiles for others.
        Build = "build",
        /// The image's.
        Target = "target",
    }
}
