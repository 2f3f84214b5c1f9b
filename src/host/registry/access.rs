//! How a registry lets somebody in (distribution, *Token authentication* and *OAuth2*; RFC 7617).

use super::challenge::Challenge;
use super::place::Place;
use super::{Error, Login, Registries, RegistryError, of_http};
use crate::host::http::{Address, Head, Plain, Request};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// The bytes of an answer with a token.
const MAX_TOKEN: u64 = 1 << 20;

/// What let in, by the host and the repository it is for.
#[derive(Default)]
pub(super) struct Tokens(Mutex<BTreeMap<(String, String), String>>);

impl Tokens {
    /// What let in last. It may have run out: then the registry asks again.
    pub fn known(&self, place: &Place) -> Option<String> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&(place.host.clone(), place.repository.clone())).cloned()
    }

    fn keep(&self, place: &Place, authorization: &str) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((place.host.clone(), place.repository.clone()), authorization.to_owned());
    }
}

#[derive(Deserialize)]
struct Given {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registries {
    /// The header `Authorization` that a registry asks for in an answer of its own, and whether there is a login in it.
    pub(super) fn let_in(&self, place: &Place, head: &Head) -> Result<(String, bool), RegistryError> {
        let host = || place.host.clone();
        let login = self.logins.login(&place.login);
        let login = login.map_err(|reason| RegistryError::Login { host: host(), reason })?;
        let challenges = Challenge::all(head.headers("www-authenticate"));
        let bearer = challenges.iter().find(|challenge| **challenge != Challenge::Basic);
        let authorization = match (bearer.or(challenges.first()), &login) {
            (Some(Challenge::Bearer { realm, service, scope }), _) => {
                let scope = scope.clone().unwrap_or_else(|| format!("repository:{}:pull", place.repository));
                let token = self.token(place, realm, service.as_deref(), &scope, login.as_ref())?;
                format!("Bearer {token}")
            }
            (Some(Challenge::Basic), Some(Login::Password(user, password))) => basic(user, password),
            _ => {
                let login = login.is_some();
                return Err(RegistryError::Unauthorized { image: place.image.clone(), host: host(), login });
            }
        };
        self.tokens.keep(place, &authorization);
        Ok((authorization, login.is_some()))
    }

    /// A token of `realm`, for the login if there is one.
    fn token(
        &self,
        place: &Place,
        realm: &str,
        service: Option<&str>,
        scope: &str,
        login: Option<&Login>,
    ) -> Result<String, RegistryError> {
        let malformed = |what, reason: &str| RegistryError::Malformed {
            image: place.image.clone(),
            what,
            reason: reason.to_owned(),
        };
        let no_token = || malformed("the answer with the token", "there is no token in it");
        let address =
            Address::parse(realm).map_err(|_| malformed("the address of the tokens", "it is no URL of that kind"))?;
        // Whoever may be spoken to plainly hears plainly where the tokens are; of others it is a step down.
        if !address.is_https() && self.scheme(&place.host) == "https" {
            return Err(RegistryError::UnsafeRealm { host: place.host.clone(), realm: address.to_string() });
        }
        let mut fields: Vec<(&str, &str)> = service.map(|service| ("service", service)).into_iter().collect();
        fields.push(("scope", scope));
        let request = match login {
            Some(Login::Refresh(refresh)) => {
                fields.extend([("grant_type", "refresh_token"), ("client_id", "imgspec"), ("refresh_token", refresh)]);
                Request::post_form(address.to_string(), form(&fields))
            }
            Some(Login::Password(user, password)) => {
                fields.push(("account", user));
                Request::get(with_query(&address.to_string(), &form(&fields))).authorization(basic(user, password))
            }
            None => Request::get(with_query(&address.to_string(), &form(&fields))),
        };
        let answer = self.client.bytes(&request.plain(Plain::Hosts(self.plain.clone())), MAX_TOKEN);
        let (_, bytes) = answer.map_err(|error| match error {
            Error::Plain { url } => RegistryError::UnsafeRealm { host: place.host.clone(), realm: url },
            error if matches!(error.status(), Some(400 | 401 | 403)) => RegistryError::Unauthorized {
                image: place.image.clone(),
                host: address.authority(),
                login: login.is_some(),
            },
            // One that is not there is not the image.
            error if error.status() == Some(404) => RegistryError::Http(error),
            error => of_http(place, error, login.is_some()),
        })?;
        let given: Given = serde_json::from_slice(&bytes).map_err(|_| no_token())?;
        let token = given.token.filter(|token| !token.is_empty()).or(given.access_token);
        token
            .filter(|token| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()))
            .ok_or_else(no_token)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

fn with_query(url: &str, query: &str) -> String {
    let joint = if url.contains('?') { '&' } else { '?' };
    format!("{url}{joint}{query}")
}

/// Fields in the form `application/x-www-form-urlencoded` (WHATWG URL, 5.2).
fn form(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in fields {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            match byte {
                byte if byte.is_ascii_alphanumeric() || b"-_.*".contains(&byte) => text.push(char::from(byte)),
                byte => text.push_str(&format!("%{byte:02X}")),
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        assert_eq!(basic("user", "pa:ss"), "Basic dXNlcjpwYTpzcw==");
        assert_eq!(
            form(&[("a", "x y&z=é"), ("b", "repository:a/b:pull")]),
            "a=x%20y%26z%3D%C3%A9&b=repository%3Aa%2Fb%3Apull"
        );
        assert_eq!(with_query("https://a.example/t?x=1", "y=2"), "https://a.example/t?x=1&y=2");
        assert_eq!(with_query("https://a.example/t", "y=2"), "https://a.example/t?y=2");
    }
}
