//! `secret-in-env`: a variable that looks like a secret. The image's config and history keep its value for whoever pulls
//! the image; a build argument stays in the history and in the provenance.

use super::{Findings, Rule, Scene};
use crate::base::{EnvName, Span};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("secret-in-env"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let mut judge = |name: &EnvName, span: Span, keeper: &str, hint: fn(&EnvName) -> String| {
        if is_secret(name.as_str()) {
            let message = format!("`{name}` looks like a secret, and {keeper} keeps its value");
            findings.tell(Diagnostic::error(&RULE.code, span, message).hint(hint(name)));
        }
    };
    for step in &scene.stage.steps {
        match &step.kind {
            StepKind::Env { variables, .. } => {
                for (name, _) in variables {
                    judge(&name.value, name.span, "the image", in_run);
                }
            }
            StepKind::Arg { name, .. } => judge(&name.value, name.span, "the build's history", in_run),
            StepKind::Run(run) => {
                for (name, _) in &run.env {
                    judge(name, step.span(), "the image's history", in_run);
                }
            }
            _ => {}
        }
    }
    for raw in scene.raws().filter(|raw| ["ENV", "ARG"].contains(&raw.keyword.as_str())) {
        // `ENV NAME VALUE` has one name, the first word; else a name is what stands before a `=`.
        let names = raw.rest.split_whitespace().enumerate().filter(|(at, word)| *at == 0 || word.contains('='));
        for name in names.filter_map(|(_, word)| EnvName::parse(word.split('=').next().unwrap_or_default()).ok()) {
            judge(&name, raw.span, "the image", in_run);
        }
    }
    for (name, _) in &scene.stage.config.runtime_env {
        judge(&name.value, name.span, "the image", at_start);
    }
}

fn in_run(name: &EnvName) -> String {
    let id = name.as_str().to_ascii_lowercase();
    format!("in the `run` that needs it: secret \"{id}\" env=\"{name}\"")
}

fn at_start(_: &EnvName) -> String {
    "give it to the container when it starts, as a variable or a mounted file".to_owned()
}

/// Whether one of the judges takes `name` for a secret's: BuildKit's check `SecretsUsedInArgOrEnv` (a word between
/// underscores, unless another is `public`; `dockerfile2llb/convert.go`, `getSecretsRegex`) or hadolint's DL3064 (a part
/// of the name, or one of a list).
pub fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let words = || lower.split('_');
    words().any(|word| WORDS.contains(&word)) && !words().any(|word| word == "public")
        || PARTS.iter().any(|part| lower.contains(part))
        || NAMES.contains(&lower.as_str())
}

/// BuildKit's words.
const WORDS: &[&str] =
    &["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];

/// hadolint's parts of names.
const PARTS: &[&str] = &["api_key", "client_key", "password", "private", "secret", "token", "username"];

/// hadolint's names, but for those that the above finds too.
const NAMES: &[&str] = &[
    "ci_deploy_user",
    "docker_email",
    "facebook_app_id",
    "heroku_api_user",
    "okta_authn_groupid",
    "okta_client_orgurl",
    "okta_oauth2_clientid",
    "stripe_device_name",
    "travis_os_name",
    "travis_sudo",
];

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::{RULE, is_secret};

    #[test]
    fn names() {
        let secrets = "API_KEY api_key AUTH NPM_TOKEN DB_PASSWD secret_MESSAGE KEY_FILE DB_USERNAME MY_SECRETARY \
                       DOCKER_EMAIL PUBLIC_TOKEN TOKENIZERS_PARALLELISM";
        for secret in secrets.split(' ') {
            assert!(is_secret(secret), "{secret}");
        }
        for plain in ["MONKEY", "PUBLIC_KEY", "KEYBOARD", "DB_PASS", "AUTHOR", "PORT"] {
            assert!(!is_secret(plain), "{plain}");
        }
    }

    #[test]
    fn secret_in_env() {
        let image = "`API_KEY` looks like a secret, and the image keeps its value";
        check(&RULE, "from \"debian\"; env API_KEY=\"x\" A=\"1\"", &[image]);
        check(&RULE, "from \"debian\"; env API_KEY=\"x\" at=\"runtime\"", &[image]);
        check(&RULE, "from \"debian\"; raw \"ENV A=1 API_KEY=x\"", &[image]);
        check(&RULE, "from \"debian\"; raw \"ENV A API_KEY\"", &[]);
        let build = "`API_KEY` looks like a secret, and the build's history keeps its value";
        check(&RULE, "from \"debian\"; arg \"API_KEY\"", &[build]);
        let run = "from \"debian\"; run { sh \"x\"; env API_KEY=\"x\"; secret \"api_key\" env=\"TOKEN\"; }";
        check(&RULE, run, &["`API_KEY` looks like a secret, and the image's history keeps its value"]);
    }
}
