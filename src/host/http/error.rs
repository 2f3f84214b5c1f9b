//! Why something cannot be had of another machine.

use super::Head;
use super::address::NoAddress;
use crate::host::reason;
use std::time::Duration;

/// Why a request was not answered with what was asked for, in one sentence that holds no secret. The `url` is where it
/// failed, behind the redirects up to there.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL cannot be used, and why.
    #[error("`{url}` is no address to fetch from: {reason}")]
    Address {
        /// Where.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Plain http to a host for which that is not allowed.
    #[error("`{url}` is plain http, and that is not allowed for this host")]
    Plain {
        /// Where.
        url: String,
    },
    /// An answer leads to another scheme: from https to http, or to one that is none of the two.
    #[error("`{url}` redirects to `{to}`, which is another scheme ({scheme})")]
    Scheme {
        /// Where.
        url: String,
        /// Where it leads.
        to: String,
        /// The other scheme.
        scheme: String,
    },
    /// An answer leads to something that cannot be followed.
    #[error("`{url}` redirects to something that cannot be followed: {reason}")]
    Redirect {
        /// Where.
        url: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// More answers in a row than [`super::MAX_REDIRECTS`] lead elsewhere.
    #[error("`{url}` redirects too often")]
    Redirects {
        /// Where.
        url: String,
    },
    /// The answer has a status that is no success. What it says is in the head and the start of its body.
    #[error("`{}` answered {}", .head.url, said(.head.status))]
    Status {
        /// Its head.
        head: Box<Head>,
        /// The start of its body.
        body: Vec<u8>,
    },
    /// The server is not there, cannot be trusted, or broke off.
    #[error("`{url}` cannot be reached: {reason}")]
    Connection {
        /// Where.
        url: String,
        /// What failed.
        reason: String,
        /// Whether it may be otherwise some moments later.
        again: bool,
    },
    /// The server wants to be asked again only after a time longer than anybody waits.
    #[error("`{url}` answered {}, and asks to wait {} seconds", said(*status), .wait.as_secs())]
    Busy {
        /// Where.
        url: String,
        /// The status of the answer.
        status: u16,
        /// The time asked for.
        wait: Duration,
    },
    /// The answer is longer than it may be.
    #[error("`{url}` holds more than the {limit} bytes that are allowed")]
    TooLarge {
        /// Where.
        url: String,
        /// The most that it may be, in bytes.
        limit: u64,
    },
}

impl Error {
    /// The status of the answer, if there was one that says why.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { head, .. } => Some(head.status),
            Self::Busy { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Whether the same request may be answered some moments later.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            Self::Connection { again, .. } => *again,
            Self::Status { head, .. } => is_passing(head.status),
            _ => false,
        }
    }

    pub(super) fn of_address(url: &str, error: &NoAddress) -> Self {
        // What a password may be in is not shown.
        let url = if *error == NoAddress::Credentials { without_credentials(url) } else { url.to_owned() };
        Self::Address { url, reason: why(error) }
    }

    pub(super) fn of_redirect(url: String, to: &str, error: &NoAddress) -> Self {
        match error {
            NoAddress::Scheme(scheme) => Self::Scheme { url, to: to.to_owned(), scheme: scheme.clone() },
            error => Self::Redirect { url, reason: why(error) },
        }
    }

    pub(super) fn of_transport(url: String, error: &ureq::Error) -> Self {
        let (reason, again) = match error {
            ureq::Error::Io(error) => return Self::of_reading(url, error),
            ureq::Error::Timeout(_) => ("it took too long".to_owned(), true),
            ureq::Error::HostNotFound => ("there is no such host".to_owned(), true),
            ureq::Error::ConnectionFailed => ("the connection failed".to_owned(), true),
            error => (error.to_string(), false),
        };
        Self::Connection { url, reason, again }
    }

    pub(super) fn of_reading(url: String, error: &std::io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<ureq::Error>()) {
            // One that is wrapped in the other ends here.
            Some(ureq::Error::Io(_)) | None => {
                // A certificate that is not trusted is not trusted a second later either.
                let again = error.kind() != std::io::ErrorKind::InvalidData;
                Self::Connection { url, reason: reason(error), again }
            }
            Some(inner) => Self::of_transport(url, inner),
        }
    }
}

/// Whether a server says with `status` that it may be asked again.
pub(super) fn is_passing(status: u16) -> bool {
    status == 429 || ((500..=599).contains(&status) && ![501, 505].contains(&status))
}

fn why(error: &NoAddress) -> &'static str {
    match error {
        NoAddress::Scheme(_) => "its scheme is neither https nor http",
        NoAddress::Credentials => "it holds a user name or a password",
        NoAddress::Malformed => "it is not a URL with a host",
    }
}

fn without_credentials(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let host = rest[..end].rfind('@').map_or(0, |at| at + 1);
    format!("{scheme}://…@{}", &rest[host..])
}

/// A status with its meaning (RFC 9110, 15).
fn said(status: u16) -> String {
    let reason = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    reason.map_or_else(|| status.to_string(), |reason| format!("{status} {reason}"))
}
