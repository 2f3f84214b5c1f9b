//! The one HTTP client: what is asked of other machines, and how far their answers are believed.
//!
//! Certificates are those that this machine trusts (`SSL_CERT_FILE`, `SSL_CERT_DIR`, or the system's store), proxies
//! those of `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`; loopback is reached without one.

mod address;
mod error;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use address::{Address, NoAddress};
pub use error::Error;

use crate::base::Instant;
use std::env;
use std::io::{self, Read};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::http::HeaderMap;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::{Agent, Body, Proxy};

/// How many redirects in a row are followed.
pub const MAX_REDIRECTS: usize = 10;

/// How often the same is asked before it is given up.
const ATTEMPTS: u32 = 4;

/// The longest time that a server may ask to wait.
const MAX_WAIT: Duration = Duration::from_secs(60);

/// How much of an answer that is no success is kept.
const MAX_REASON: u64 = 16 << 10;

/// To where a request may go unencrypted. From https to http no redirect is followed, whatever this says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Plain {
    /// To this machine alone.
    #[default]
    Loopback,
    /// To these hosts too; with a port, to that port of the host alone.
    Hosts(Vec<String>),
    /// To all: what is fetched is held to a signature or to a hash.
    Anywhere,
}

/// What is asked.
#[derive(Debug, Clone)]
pub struct Request {
    method: Method,
    url: String,
    headers: Vec<(String, String)>,
    authorization: Option<String>,
    plain: Plain,
}

#[derive(Debug, Clone)]
enum Method {
    Get,
    Head,
    /// With the body, which is a form.
    Post(String),
}

impl Request {
    /// What is at `url`.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url.into())
    }

    /// The head of what is at `url`.
    pub fn head(url: impl Into<String>) -> Self {
        Self::new(Method::Head, url.into())
    }

    /// The answer to `form`, a text in the form of `application/x-www-form-urlencoded`. Its redirects are not followed.
    pub fn post_form(url: impl Into<String>, form: impl Into<String>) -> Self {
        Self::new(Method::Post(form.into()), url.into()).header("content-type", "application/x-www-form-urlencoded")
    }

    fn new(method: Method, url: String) -> Self {
        Self { method, url, headers: Vec::new(), authorization: None, plain: Plain::default() }
    }

    /// With a header more; one that may be said several times can be given several times. Every place on the way sees
    /// it: for secrets there is [`Self::authorization`].
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With the header `Authorization`, which is told to the host and the port of the URL alone, not to where it leads.
    #[must_use]
    pub fn authorization(mut self, value: impl Into<String>) -> Self {
        self.authorization = Some(value.into());
        self
    }

    /// To where it may go unencrypted.
    #[must_use]
    pub fn plain(mut self, plain: Plain) -> Self {
        self.plain = plain;
        self
    }
}

/// What an answer says before its body.
#[derive(Debug, Clone)]
pub struct Head {
    /// Where it came from, behind all redirects.
    pub url: String,
    /// The status (RFC 9110, 15).
    pub status: u16,
    headers: HeaderMap,
}

impl Head {
    /// The first value of the header `name`, in any case of letters, if it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// All values of the header `name` that are text.
    pub fn headers(&self, name: &str) -> impl Iterator<Item = &str> {
        self.headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
    }

    /// The bytes of the body, as the answer says it.
    pub fn length(&self) -> Option<u64> {
        self.header("content-length").and_then(|length| length.trim().parse().ok())
    }
}

/// The body of an answer as it comes. It ends with an error where the connection breaks off or the limit is passed.
pub struct Reader<'a> {
    url: &'a str,
    body: Box<dyn Read + Send + Sync>,
    limit: u64,
    left: u64,
    failure: Option<Error>,
}

impl Read for Reader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.failure.is_some() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // One byte more than is left shows that there is more.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX).min(buffer.len());
        let failure = match self.body.read(&mut buffer[..most]) {
            Ok(count) if count as u64 > self.left => Error::TooLarge { url: self.url.to_owned(), limit: self.limit },
            Ok(count) => {
                self.left -= count as u64;
                return Ok(count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Err(error),
            Err(error) => Error::of_reading(self.url.to_owned(), &error),
        };
        let told = io::Error::other(failure.to_string());
        self.failure = Some(failure);
        Err(told)
    }
}

/// The client. Several threads can use one, and share its connections.
#[derive(Debug, Clone)]
pub struct Client {
    /// For loopback.
    direct: Agent,
    https: Agent,
    http: Agent,
    /// The time before the second attempt; it doubles with each further one.
    delay: Duration,
}

impl Default for Client {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// One with the certificates and proxies of this machine.
    pub fn new() -> Self {
        Self::with_delay(Duration::from_millis(500))
    }

    /// One that waits `delay` before it asks a second time, and twice as long before each further time.
    pub fn with_delay(delay: Duration) -> Self {
        Self {
            direct: agent(None),
            https: agent(proxy(&["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"])),
            http: agent(proxy(&["http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"])),
            delay,
        }
    }

    /// The answer to `request`, whose body has at most `limit` bytes. It is asked for again if the connection breaks off.
    ///
    /// # Errors
    /// [`Error::Status`] for every status but the 2xx, and whatever else [`Error`] says.
    pub fn bytes(&self, request: &Request, limit: u64) -> Result<(Head, Vec<u8>), Error> {
        self.read(request, limit, |head, reader| {
            let mut bytes = Vec::with_capacity(head.length().unwrap_or(0).min(64 << 20) as usize);
            reader.read_to_end(&mut bytes).map(|_| (head.clone(), bytes))
        })?
        // All errors of the reader are the reader's own.
        .map_err(|error| Error::of_reading(request.url.clone(), &error))
    }

    /// The head of the answer to `request`.
    ///
    /// # Errors
    /// Those of [`Self::bytes`].
    pub fn head(&self, request: &Request) -> Result<Head, Error> {
        self.read(request, u64::MAX, |head, _| head.clone())
    }

    /// What `take` makes of the answer to `request`, whose body has at most `limit` bytes. `take` is called again, for a
    /// body that starts anew, if the connection broke off while it read; what it gives then is not looked at.
    ///
    /// # Errors
    /// Those of [`Self::bytes`]. Errors of `take` itself are what it gives.
    pub fn read<T>(
        &self,
        request: &Request,
        limit: u64,
        mut take: impl FnMut(&Head, &mut Reader) -> T,
    ) -> Result<T, Error> {
        let mut attempt = 0;
        loop {
            let error = match self.once(request, limit, &mut take) {
                Ok(taken) => return Ok(taken),
                Err(error) => error,
            };
            attempt += 1;
            if !error.is_passing() || attempt == ATTEMPTS {
                return Err(error);
            }
            let mut wait = self.delay * (1 << (attempt - 1));
            if let Error::Status { head, .. } = &error
                && let Some(asked) = head.header("retry-after").and_then(|text| asked_wait(text, SystemTime::now()))
            {
                if asked > MAX_WAIT {
                    return Err(Error::Busy { url: head.url.clone(), status: head.status, wait: asked });
                }
                wait = wait.max(asked);
            }
            thread::sleep(wait);
        }
    }

    fn once<T>(
        &self,
        request: &Request,
        limit: u64,
        take: &mut impl FnMut(&Head, &mut Reader) -> T,
    ) -> Result<T, Error> {
        let (head, body) = self.followed(request)?;
        let too_large = || Error::TooLarge { url: head.url.clone(), limit };
        let has_body = !matches!(request.method, Method::Head);
        if has_body && head.length().is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let body = Box::new(body.into_with_config().limit(u64::MAX).reader());
        let mut reader = Reader { url: &head.url, body, limit, left: limit, failure: None };
        let taken = take(&head, &mut reader);
        match reader.failure {
            Some(failure) => Err(failure),
            None => Ok(taken),
        }
    }

    /// The answer at the end of all redirects.
    fn followed(&self, request: &Request) -> Result<(Head, Body), Error> {
        let first = Address::parse(&request.url).map_err(|error| Error::of_address(&request.url, &error))?;
        let mut at = first.clone();
        for _ in 0..=MAX_REDIRECTS {
            if !is_allowed(&at, &request.plain) {
                return Err(Error::Plain { url: at.to_string() });
            }
            let told = at.is_same_place(&first);
            let response = self.ask(request, &at, told).map_err(|error| Error::of_transport(at.to_string(), &error))?;
            let (parts, body) = response.into_parts();
            let head = Head { url: at.to_string(), status: parts.status.as_u16(), headers: parts.headers };
            match head.status {
                200..=299 => return Ok((head, body)),
                301 | 302 | 303 | 307 | 308 if !matches!(request.method, Method::Post(_)) => {
                    at = next(&at, &head)?;
                }
                _ => {
                    let mut reason = Vec::new();
                    // What can be read of it, if anything.
                    let _ = body.into_with_config().limit(MAX_REASON).reader().read_to_end(&mut reason);
                    return Err(Error::Status { head: Box::new(head), body: reason });
                }
            }
        }
        Err(Error::Redirects { url: request.url.clone() })
    }

    fn ask(&self, request: &Request, at: &Address, told: bool) -> Result<ureq::http::Response<Body>, ureq::Error> {
        let agent = match at {
            at if at.is_loopback() => &self.direct,
            at if at.is_https() => &self.https,
            _ => &self.http,
        };
        let mut headers: Vec<(&str, &str)> =
            request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        headers.extend(request.authorization.as_deref().filter(|_| told).map(|value| ("authorization", value)));
        let url = at.to_string();
        match &request.method {
            Method::Get => headers.iter().fold(agent.get(url), |ask, (name, value)| ask.header(*name, *value)).call(),
            Method::Head => headers.iter().fold(agent.head(url), |ask, (name, value)| ask.header(*name, *value)).call(),
            Method::Post(form) => {
                headers.iter().fold(agent.post(url), |ask, (name, value)| ask.header(*name, *value)).send(form)
            }
        }
    }
}

/// The time that `Retry-After` says: seconds, or a date (RFC 9110, 10.2.3).
fn asked_wait(text: &str, now: SystemTime) -> Option<Duration> {
    if let Ok(seconds) = text.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = UNIX_EPOCH + Duration::from_secs(Instant::parse_rfc822(text).ok()?.seconds());
    Some(date.duration_since(now).unwrap_or_default())
}

/// Where an answer leads.
fn next(at: &Address, head: &Head) -> Result<Address, Error> {
    let missing = || Error::Redirect { url: head.url.clone(), reason: "it does not say where to" };
    let location = head.header("location").ok_or_else(missing)?;
    let next = at.joined(location).map_err(|error| Error::of_redirect(head.url.clone(), location, &error))?;
    if at.is_https() && !next.is_https() {
        return Err(Error::Scheme { url: head.url.clone(), to: next.to_string(), scheme: "http".to_owned() });
    }
    Ok(next)
}

fn is_allowed(at: &Address, plain: &Plain) -> bool {
    at.is_https()
        || at.is_loopback()
        || match plain {
            Plain::Loopback => false,
            Plain::Hosts(hosts) => hosts.iter().any(|host| *host == at.host() || *host == at.authority()),
            Plain::Anywhere => true,
        }
}

fn agent(proxy: Option<Proxy>) -> Agent {
    let tls = TlsConfig::builder().root_certs(RootCerts::PlatformVerifier).build();
    Agent::config_builder()
        .http_status_as_error(false)
        // Followed here, where it is known what may be told to whom.
        .max_redirects(0)
        .max_redirects_will_error(false)
        .tls_config(tls)
        .proxy(proxy)
        .user_agent(concat!("imgspec/", env!("CARGO_PKG_VERSION")))
        .timeout_resolve(Some(Duration::from_secs(20)))
        .timeout_connect(Some(Duration::from_secs(20)))
        .timeout_recv_response(Some(Duration::from_secs(60)))
        .timeout_per_read(Some(Duration::from_secs(60)))
        .timeout_per_write(Some(Duration::from_secs(60)))
        .max_idle_connections_per_host(8)
        .build()
        .new_agent()
}

/// The proxy that the first of these variables that is set says; none for the hosts in `NO_PROXY`.
fn proxy(names: &[&str]) -> Option<Proxy> {
    let set = |name: &&str| env::var(name).ok().filter(|value| !value.is_empty());
    let url = names.iter().find_map(set)?;
    let excepted = set(&"NO_PROXY").or_else(|| set(&"no_proxy")).unwrap_or_default();
    proxied(&url, &excepted)
}

fn proxied(url: &str, excepted: &str) -> Option<Proxy> {
    let plain = Proxy::new(url).ok()?;
    let mut builder = Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
    if let Some(username) = plain.username() {
        builder = builder.username(username);
    }
    if let Some(password) = plain.password() {
        builder = builder.password(password);
    }
    for pattern in excepted.split(',').map(str::trim).filter(|pattern| !pattern.is_empty()) {
        // `example.org` is meant for the hosts below it too, as curl takes it.
        builder = builder.no_proxy(pattern);
        if !pattern.starts_with(['.', '*']) {
            builder = builder.no_proxy(&format!(".{pattern}"));
        }
    }
    builder.build().ok()
}
