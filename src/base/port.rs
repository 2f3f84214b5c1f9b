//! Network ports.

use super::Invalid;
use std::fmt;

/// A port that can be listened on, 1–65535 (IANA; 0 is reserved).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Port(u16);

impl Port {
    /// The port `number`, or why there is none.
    pub fn new(number: i128) -> Result<Self, Invalid> {
        match u16::try_from(number) {
            Ok(port) if port > 0 => Ok(Self(port)),
            _ => Err(Invalid::new(format!("a port is a number from 1 to 65535, and {number} is not"))),
        }
    }

    /// The number.
    pub fn get(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The protocol of an exposed port (OCI image config, `ExposedPorts`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `tcp`, the default.
    #[default]
    Tcp,
    /// `udp`
    Udp,
    /// `sctp`
    Sctp,
}

impl Protocol {
    /// Their names, in the order of the variants.
    pub const WORDS: &'static [&'static str] = &["tcp", "udp", "sctp"];

    /// The protocol called `text`, in lower case as BuildKit's check `ExposeProtoCasing` asks.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        match text {
            "tcp" => Ok(Self::Tcp),
            "udp" => Ok(Self::Udp),
            "sctp" => Ok(Self::Sctp),
            _ => Err(Invalid::new(format!("a protocol is tcp, udp or sctp, and `{text}` is not"))),
        }
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}
