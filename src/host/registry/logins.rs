//! The user's logins.

use docker_credential::{CredentialRetrievalError as NoCredential, DockerCredential};
use std::env;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};

/// What a user is let in by.
#[derive(Clone, PartialEq, Eq)]
pub enum Login {
    /// A name and a password.
    Password(String, String),
    /// A token that is given for tokens.
    Refresh(String),
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

/// Who knows logins.
pub trait Logins: Send + Sync {
    /// The one for `server`, if there is one, or why it cannot be read.
    fn login(&self, server: &str) -> Result<Option<Login>, String>;
}

/// The logins of who runs this: those that `docker login` wrote, else those of `podman login`, with the programs they
/// name.
#[derive(Debug, Clone, Copy, Default)]
pub struct OfUser;

impl Logins for OfUser {
    fn login(&self, server: &str) -> Result<Option<Login>, String> {
        if let Some(file) = docker_file()
            && let Some(login) = in_file(&file, server)?
        {
            return Ok(Some(login));
        }
        match docker_credential::get_podman_credential(server) {
            Err(NoCredential::ConfigReadError | NoCredential::ConfigNotFound) => Ok(None),
            found => read(found),
        }
    }
}

/// That of a file of `docker login`.
fn in_file(file: &Path, server: &str) -> Result<Option<Login>, String> {
    match File::open(file) {
        Ok(open) => read(docker_credential::get_credential_from_reader(BufReader::new(open), server)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("`{}`: {}", file.display(), crate::host::reason(&error))),
    }
}

fn docker_file() -> Option<PathBuf> {
    let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let directory = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")))?;
    Some(directory.join("config.json"))
}

fn read(found: Result<DockerCredential, NoCredential>) -> Result<Option<Login>, String> {
    match found {
        Ok(DockerCredential::IdentityToken(token)) if token.is_empty() => Ok(None),
        Ok(DockerCredential::IdentityToken(token)) => Ok(Some(Login::Refresh(token))),
        Ok(DockerCredential::UsernamePassword(user, password)) => Ok(Some(Login::Password(user, password))),
        Err(NoCredential::NoCredentialConfigured) => Ok(None),
        // As all helpers say it (docker-credential-helpers, `errCredentialsNotFound`).
        Err(NoCredential::HelperFailure { stdout, .. }) if stdout.contains("credentials not found") => Ok(None),
        // What a program writes may hold what is secret.
        Err(NoCredential::HelperFailure { helper, .. }) => Err(format!("`{helper}` fails")),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("config.json");
        assert_eq!(in_file(&file, "registry.example"), Ok(None));
        let text = r#"{"auths": {
            "registry.example": {"auth": "dXNlcjpwYTpzcw=="},
            "https://index.docker.io/v1/": {"auth": "aHViOnB3"},
            "token.example": {"auth": "", "identitytoken": "refresh"},
            "store.example": {}
        }}"#;
        std::fs::write(&file, text).expect("written");
        let check = |server: &str, expected: Option<Login>| {
            assert_eq!(in_file(&file, server), Ok(expected), "{server}");
        };
        let password = |user: &str, password: &str| Some(Login::Password(user.to_owned(), password.to_owned()));
        check("registry.example", password("user", "pa:ss"));
        check("https://index.docker.io/v1/", password("hub", "pw"));
        check("token.example", Some(Login::Refresh("refresh".to_owned())));
        check("store.example", None);
        check("other.example", None);
        std::fs::write(&file, "{").expect("written");
        assert!(in_file(&file, "registry.example").is_err());
        assert_eq!(format!("{:?}", password("user", "secret")), "Some(Login)");
    }

    #[test]
    fn programs() {
        let failed = |stdout: &str| {
            read(Err(NoCredential::HelperFailure {
                helper: "docker-credential-x".to_owned(),
                stdout: stdout.to_owned(),
                stderr: "secret".to_owned(),
            }))
        };
        assert_eq!(failed("credentials not found in native keychain\n"), Ok(None));
        assert_eq!(failed("secret"), Err("`docker-credential-x` fails".to_owned()));
    }
}
