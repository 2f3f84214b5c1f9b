//! Why an archive does not give what is asked of it.

use super::signed::Refused;
use crate::base::{Instant, Invalid, Sum};
use crate::host::http;

/// Why something cannot be had of an archive, in one sentence.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be fetched; a redirect to another scheme is among the reasons.
    #[error(transparent)]
    Fetch(#[from] http::Error),
    /// It is not there.
    #[error("`{url}` is not there")]
    NotFound {
        /// Where it was looked for.
        url: String,
    },
    /// Nobody who is trusted signed it.
    #[error("`{url}` is not believed: {reason}")]
    Signature {
        /// The signed file.
        url: String,
        /// Which of all ways it is.
        reason: Refused,
    },
    /// It is signed, and does not say what it must.
    #[error("`{url}` cannot be used: {reason}")]
    Release {
        /// The signed file.
        url: String,
        /// What is wrong with it.
        reason: Invalid,
    },
    /// A file is not the one that the signed file names.
    #[error("`{url}` is not what its archive signed: its hash is {is}, and {signed} is signed")]
    Tampered {
        /// The file.
        url: String,
        /// Its hash.
        is: Sum,
        /// The hash it must have.
        signed: Sum,
    },
    /// A file has another size than the signed file says, packed or unpacked; of one that is larger no more is read.
    #[error("`{url}` is not of the {signed} bytes that its archive signed")]
    Size {
        /// The file.
        url: String,
        /// The bytes that it must have.
        signed: u64,
    },
    /// A file is the right one, and cannot be unpacked.
    #[error("`{url}` cannot be unpacked: {reason}")]
    Broken {
        /// The file.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The archive has no such component, or not for that architecture.
    #[error("`{url}` has no packages of `{component}` for {architecture}")]
    NoIndex {
        /// The suite's address.
        url: String,
        /// The component.
        component: String,
        /// The architecture, as dpkg names it.
        architecture: String,
    },
    /// The archive has another state by now, and the one that is asked for is not kept here either.
    #[error("`{url}` has moved on: it is of {date} now, and the state {locked} can be had no more")]
    Moved {
        /// The suite's address.
        url: String,
        /// The hash of the state that is asked for.
        locked: Sum,
        /// The date of the state that it has, if that is believed.
        date: String,
    },
}

impl Error {
    /// A state that is asked for and gone.
    pub(super) fn moved(url: String, locked: Sum, now: Option<Instant>) -> Self {
        Self::Moved { url, locked, date: now.map_or_else(|| "another time".to_owned(), |date| date.to_string()) }
    }

    pub(super) fn of_fetch(error: http::Error) -> Self {
        match error {
            http::Error::Status { head, .. } if [404, 410].contains(&head.status) => Self::NotFound { url: head.url },
            error => Self::Fetch(error),
        }
    }
}
