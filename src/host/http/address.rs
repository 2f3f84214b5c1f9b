//! Where a request goes: an `http` or `https` URL without credentials.

use std::fmt;
use ureq::http::Uri;

/// A URL with a host, whose scheme is `http` or `https`. Nothing in it is secret: user names and passwords are refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    https: bool,
    /// Lower case; IPv6 in brackets.
    host: String,
    port: u16,
    /// Starts with `/`; with the query.
    path: String,
}

/// Why a text is no [`Address`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoAddress {
    /// It has another scheme than the two.
    Scheme(String),
    /// It holds a user name or a password.
    Credentials,
    /// It is no URL with a host.
    Malformed,
}

impl Address {
    /// The one that `url` says; what is behind a `#` is dropped.
    pub fn parse(url: &str) -> Result<Self, NoAddress> {
        let (scheme, rest) = url.split_once("://").ok_or(NoAddress::Malformed)?;
        let https = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err(NoAddress::Scheme(scheme.to_owned())),
        };
        let rest = rest.split_once('#').map_or(rest, |(rest, _)| rest);
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.contains('@') {
            return Err(NoAddress::Credentials);
        }
        let slash = if path.starts_with('/') { "" } else { "/" };
        let uri: Uri = format!("http://{authority}{slash}{path}").parse().map_err(|_| NoAddress::Malformed)?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or(NoAddress::Malformed)?;
        let port = match authority.strip_prefix(host).ok_or(NoAddress::Malformed)? {
            "" | ":" => Self::default_port(https),
            _ => uri.port_u16().ok_or(NoAddress::Malformed)?,
        };
        Ok(Self { https, host: host.to_ascii_lowercase(), port, path: format!("{slash}{path}") })
    }

    /// Where `location`, the header of an answer to a request for this address, leads (RFC 3986, 5.2).
    pub fn joined(&self, location: &str) -> Result<Self, NoAddress> {
        let scheme = if self.https { "https" } else { "http" };
        let base = format!("{scheme}://{}:{}", self.host, self.port);
        let own = self.path.split_once('?').map_or(self.path.as_str(), |(path, _)| path);
        let has_scheme = location.find([':', '/', '?', '#']).is_some_and(|at| location[at..].starts_with(':'));
        match location {
            _ if has_scheme => match location.split_once("://") {
                Some(_) => Self::parse(location),
                None => Err(NoAddress::Scheme(location.split(':').next().unwrap_or_default().to_owned())),
            },
            _ if location.starts_with("//") => Self::parse(&format!("{scheme}:{location}")),
            _ if location.starts_with('/') => Self::parse(&format!("{base}{}", undotted(location))),
            _ if location.is_empty() || location.starts_with(['?', '#']) => {
                Self::parse(&format!("{base}{own}{location}"))
            }
            _ => {
                let directory = &own[..=own.rfind('/').unwrap_or(0)];
                Self::parse(&format!("{base}{}", undotted(&format!("{directory}{location}"))))
            }
        }
    }

    /// Whether what is sent there is encrypted.
    pub fn is_https(&self) -> bool {
        self.https
    }

    /// Whether it is this machine itself.
    pub fn is_loopback(&self) -> bool {
        let v4 = self.host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback());
        self.host == "localhost" || self.host.ends_with(".localhost") || self.host == "[::1]" || v4
    }

    /// The host, and the port if it is not the scheme's own.
    pub fn authority(&self) -> String {
        if self.port == Self::default_port(self.https) {
            self.host.clone()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The host without its port.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether a secret for one may be told to the other: same scheme, same host, same port.
    pub fn is_same_place(&self, other: &Self) -> bool {
        (self.https, &self.host, self.port) == (other.https, &other.host, other.port)
    }

    fn default_port(https: bool) -> u16 {
        if https { 443 } else { 80 }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.https { "https" } else { "http" };
        write!(f, "{scheme}://{}{}", self.authority(), self.path)
    }
}

/// A path without its `.` and `..`; the query stays as it is.
fn undotted(path: &str) -> String {
    let (path, query) = path.split_at(path.find(['?', '#']).unwrap_or(path.len()));
    let mut parts: Vec<&str> = Vec::new();
    let mut parts_left = path.split('/').skip(1).peekable();
    while let Some(part) = parts_left.next() {
        let is_last = parts_left.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if is_last {
                    parts.push("");
                }
            }
            part => parts.push(part),
        }
    }
    format!("/{}{query}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsed() {
        let shown = |url: &str| Address::parse(url).map(|address| address.to_string());
        for (url, expected) in [
            ("https://a.example", "https://a.example/"),
            ("HTTPS://A.example:443/x?y#z", "https://a.example/x?y"),
            ("http://a.example:443/", "http://a.example:443/"),
            ("http://a.example?x", "http://a.example/?x"),
            ("http://[::1]:5000/v2/", "http://[::1]:5000/v2/"),
            ("https://a.example/x@y", "https://a.example/x@y"),
        ] {
            assert_eq!(shown(url).as_deref(), Ok(expected), "{url}");
        }
        for (url, expected) in [
            ("ftp://a.example/", NoAddress::Scheme("ftp".into())),
            ("https://me:secret@a.example/", NoAddress::Credentials),
            ("https:///x", NoAddress::Malformed),
            ("https://a.example/x y", NoAddress::Malformed),
            ("https://a.example:99999/", NoAddress::Malformed),
            ("a.example", NoAddress::Malformed),
        ] {
            assert_eq!(shown(url), Err(expected), "{url}");
        }
    }

    #[test]
    fn joined() {
        let from = Address::parse("https://a.example/one/two?q").expect("a URL");
        for (location, expected) in [
            ("https://b.example/", "https://b.example/"),
            ("//b.example/x", "https://b.example/x"),
            ("/x/../y/./z", "https://a.example/y/z"),
            ("three", "https://a.example/one/three"),
            ("../../../x?a/../b", "https://a.example/x?a/../b"),
            ("?r", "https://a.example/one/two?r"),
            ("", "https://a.example/one/two"),
            ("..", "https://a.example/"),
            ("a/b:c", "https://a.example/one/a/b:c"),
        ] {
            assert_eq!(from.joined(location).map(|to| to.to_string()).as_deref(), Ok(expected), "{location}");
        }
        for location in ["file:///etc/passwd", "javascript:x", "ftp:x"] {
            assert!(matches!(from.joined(location), Err(NoAddress::Scheme(_))), "{location}");
        }
    }

    #[test]
    fn loopback() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1:5000", true),
            ("127.9.9.9", true),
            ("[::1]:80", true),
            ("x.localhost", true),
            ("127.0.0.1.example", false),
            ("localhost.example", false),
            ("10.0.0.1", false),
        ] {
            let address = Address::parse(&format!("http://{host}/")).expect("a URL");
            assert_eq!(address.is_loopback(), expected, "{host}");
        }
    }
}
