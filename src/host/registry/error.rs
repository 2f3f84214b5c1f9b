//! Why an image cannot be had of its registry.

use super::super::http;
use crate::base::{Digest, Platform};

/// Why a registry's answer is none, or is not believed: one sentence each, which holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The registry, or who gives out its tokens, refuses.
    #[error("`{image}`: {} by `{host}`", if *.login { "the login is refused" } else { "a login is asked for" })]
    Unauthorized {
        /// The image.
        image: String,
        /// Who refuses.
        host: String,
        /// Whether there was a login.
        login: bool,
    },
    /// There is no such image.
    #[error("`{image}` is not in its registry")]
    NotFound {
        /// The image.
        image: String,
    },
    /// Something is not what its digest says.
    #[error("`{host}` says that {what} of `{image}` is {said}, and what it sends is {found}")]
    LyingDigest {
        /// The image.
        image: String,
        /// The registry.
        host: String,
        /// What it is: `the manifest`.
        what: &'static str,
        /// What it says.
        said: Digest,
        /// What its bytes are.
        found: Digest,
    },
    /// The bytes of a layer are not what the image says.
    #[error("a layer of `{image}` is {said}, and what `{host}` sends is {found}")]
    TamperedLayer {
        /// The image.
        image: String,
        /// The registry.
        host: String,
        /// The layer.
        said: Digest,
        /// What its bytes are.
        found: Digest,
    },
    /// What is in a layer is not what the image's config says.
    #[error("the layer {layer} of `{image}` holds {found}, and the image's config says {said}")]
    OtherLayer {
        /// The image.
        image: String,
        /// The layer.
        layer: Digest,
        /// The hash that the config says.
        said: Digest,
        /// The hash of what it holds.
        found: Digest,
    },
    /// A layer names a file outside of the image.
    #[error("the layer {layer} of `{image}` holds a file that is outside of the image: `{path}`")]
    ClimbingPath {
        /// The image.
        image: String,
        /// The layer.
        layer: Digest,
        /// The name.
        path: String,
    },
    /// A layer is far larger than it looks.
    #[error("the layer {layer} of `{image}` holds {what}, which is more than is read")]
    Bomb {
        /// The image.
        image: String,
        /// The layer.
        layer: Digest,
        /// What is too much of it.
        what: String,
    },
    /// A layer cannot be read.
    #[error("the layer {layer} of `{image}` cannot be read: {reason}")]
    BrokenLayer {
        /// The image.
        image: String,
        /// The layer.
        layer: Digest,
        /// Why.
        reason: String,
    },
    /// A layer is not in the registry, but where an address in the manifest says.
    #[error("the layer {layer} of `{image}` is not in the registry, but at `{url}`")]
    ForeignLayer {
        /// The image.
        image: String,
        /// The layer.
        layer: Digest,
        /// The first address.
        url: String,
    },
    /// Plain http to a host for which that is not allowed.
    #[error("`{url}` is plain http, and that is not allowed for this host")]
    PlainHttp {
        /// Where it would have gone.
        url: String,
    },
    /// The host to which a registry led asks for a login.
    #[error("`{host}` leads to `{other}`, which asks for a login: that of `{host}` is for `{host}` alone")]
    WrongHost {
        /// The registry.
        host: String,
        /// Who asks.
        other: String,
    },
    /// A registry says that tokens are to be had where a login is not safe.
    #[error("`{host}` says that its tokens are to be had at `{realm}`, where a login is not safe")]
    UnsafeRealm {
        /// The registry.
        host: String,
        /// Where.
        realm: String,
    },
    /// What is there is no image that can be read.
    #[error("`{image}` is {what}")]
    Unsupported {
        /// The image.
        image: String,
        /// What it is.
        what: String,
    },
    /// A manifest or a config that is not as the specification says.
    #[error("{what} of `{image}` is malformed: {reason}")]
    Malformed {
        /// The image.
        image: String,
        /// What is.
        what: &'static str,
        /// Why.
        reason: String,
    },
    /// There is none for the platform.
    #[error("`{image}` is not there for {platform}, but for {}", listed(.has))]
    NoPlatform {
        /// The image.
        image: String,
        /// What was asked for.
        platform: Platform,
        /// What there is.
        has: Vec<Platform>,
    },
    /// The user's logins cannot be read.
    #[error("the login for `{host}` cannot be read: {reason}")]
    Login {
        /// The registry.
        host: String,
        /// Why.
        reason: String,
    },
    /// It cannot be reached.
    #[error(transparent)]
    Http(http::Error),
}

fn listed(platforms: &[Platform]) -> String {
    match platforms {
        [] => "no platform".to_owned(),
        platforms => platforms.iter().map(Platform::as_str).collect::<Vec<_>>().join(", "),
    }
}
