//! `root-at-runtime`: a container that runs as root, for all that is known. A hole in its program is then a hole in what
//! it may do: to its files, its mounts, and with a hole in the kernel to the machine.
//!
//! An image whose base or program gives root up by itself (nginx, postgres, …) is not told. One that asks for root is
//! denied (hadolint's DL3002), also in a stage that is not the final one, where it says nothing but is found all the same.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::{Base, Command, StepKind, known};

pub(super) static RULE: Rule = Rule::warn(code!("root-at-runtime"), check);

const HINT: &str = "create a user: user \"app\" uid=10001";

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let raw_user = scene.raws().filter(|raw| raw.keyword == "USER").last();
    if let Some(raw) = raw_user {
        if matches!(raw.rest.split(':').next(), Some("root" | "0")) {
            let message = format!("{} asks for root", scene.stage.described());
            findings.deny(Diagnostic::error(&RULE.code, raw.span, message).hint(HINT));
        }
        return;
    }
    match (&scene.stage.config.user, scene.user()) {
        (Some(user), _) if user.value.is_root() => {
            let message = format!("{} asks for root", scene.stage.described());
            findings.deny(Diagnostic::error(&RULE.code, user.span, message).hint(HINT));
        }
        (None, Some(user)) if user.value.is_root() && scene.is_final() => {
            let base = if matches!(scene.stage.base.value, Base::Image(_)) { "image" } else { "stage" };
            let message = format!("the container runs as root, as the {base} that it starts from says");
            findings.tell(Diagnostic::error(&RULE.code, scene.stage.base.span, message).hint(HINT));
        }
        (None, None) if scene.is_final() && !gives_root_up(scene) => {
            let message = "the container runs as root: nothing sets a user";
            findings.tell(Diagnostic::error(&RULE.code, scene.stage.span, message).hint(HINT));
        }
        _ => {}
    }
}

/// Whether the base, or what the container starts, is known to go over to another user, or may well do so.
fn gives_root_up(scene: &Scene<'_>) -> bool {
    let base = match scene.foundation() {
        // Nothing is known of it.
        Base::Image(_) => return true,
        Base::Registry(image) => known::start(image),
        Base::Scratch | Base::Stage(_) => None,
    };
    let commands = || scene.lineage().flat_map(|stage| [&stage.config.entrypoint, &stage.config.cmd]).flatten();
    // The entrypoints of official images go over to another user for whatever server they are given.
    let starts_as_base = scene.lineage().all(|stage| stage.config.entrypoint.is_none());
    let names = |word: &str| DROPPING.contains(&word.rsplit('/').next().unwrap_or_default());
    let starts_dropping = commands().any(|command| match &command.value {
        Command::Exec(words) => words.iter().any(|word| names(word)),
        Command::Shell(text) => text.split_whitespace().any(names),
    });
    let holds_dropper = scene.steps().any(|step| match &step.kind {
        StepKind::Packages(packages) => {
            packages.packages.iter().any(|package| DROPPERS.contains(&&*package.name.value))
        }
        StepKind::File(file) => file.content.value.split_whitespace().any(|word| DROPPERS.contains(&word)),
        _ => false,
    });
    let drops = match base {
        Some(known::Start::Unprivileged) => true,
        Some(known::Start::Drops) => starts_as_base,
        None => false,
    };
    drops || starts_dropping || holds_dropper
}

/// Programs whose purpose is to go over to another user.
const DROPPERS: &[&str] = &["gosu", "su-exec", "setpriv", "runuser", "chpst", "s6-setuidgid", "setuidgid"];

/// Programs that do, once they have opened their ports, and those whose purpose it is.
const DROPPING: &[&str] = &[
    "gosu",
    "su-exec",
    "setpriv",
    "runuser",
    "chpst",
    "s6-setuidgid",
    "setuidgid",
    "nginx",
    "httpd",
    "httpd-foreground",
    "apache2",
    "apache2ctl",
    "apache2-foreground",
    "apachectl",
    "php-fpm",
    "haproxy",
    "varnishd",
    "named",
    "unbound",
    "dnsmasq",
    "chronyd",
    "squid",
];

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_on};
    use super::RULE;

    #[test]
    fn root_at_runtime() {
        let unset = ["the container runs as root: nothing sets a user"];
        let asked = ["deny: the final stage asks for root"];
        check(&RULE, "from \"debian\"", &unset);
        check(&RULE, "from scratch", &unset);
        check(&RULE, "from \"debian\"; user \"root\"", &asked);
        check(&RULE, "from \"nginx\"; user \"0:0\"", &asked);
        check(&RULE, "from \"debian\"; raw \"USER root\"", &asked);
        check(&RULE, "from \"debian\"; raw \"USER 10001\"", &[]);
        check(&RULE, "from \"debian\"; user \"app\" uid=10001", &[]);
    }

    #[test]
    fn stages() {
        let inherited = ["the container runs as root, as the stage that it starts from says"];
        check(&RULE, "stage \"a\" { from \"debian\"; }; from stage=\"a\"; user \"10001\"", &[]);
        check(&RULE, "stage \"a\" { from \"debian\"; user \"10001\"; }; from stage=\"a\"", &[]);
        let root = "stage \"a\" { from \"debian\"; user \"root\"; }; from stage=\"a\"";
        check(&RULE, root, &["deny: stage `a` asks for root", inherited[0]]);
    }

    #[test]
    fn bases() {
        check_on(&RULE, "from \"debian\"; user \"10001\"", "", &[]);
        check_on(&RULE, "from \"nginx\"", "", &[]);
        check_on(&RULE, "from \"debian\"", "", &["the container runs as root: nothing sets a user"]);
        let asked = "the container runs as root, as the image that it starts from says";
        check_on(&RULE, "from \"debian\"; user \"root\"", "", &[asked]);
        check_on(&RULE, "stage \"a\" { from \"debian\"; user \"1\"; }; from stage=\"a\"", "", &[]);
        // Nothing is known of what has mistakes.
        check_on(&RULE, "from \"debian\"; workdir \"a\"", "", &[]);
    }

    #[test]
    fn what_drops() {
        for body in [
            "from \"nginx:1.27\"",
            "from \"redis:7\"; cmd \"redis-server\" \"/etc/redis.conf\"",
            "from \"gcr.io/distroless/static-debian12:nonroot\"; entrypoint \"/x\"",
            "from \"debian\"; entrypoint \"nginx\" \"-g\" \"daemon off;\"",
            "from \"debian\"; entrypoint shell=\"exec gosu app x\"",
            "from \"alpine\"; apk \"su-exec\"; entrypoint \"/start\"",
            "from \"debian\"; file \"/start\" \"exec setpriv --reuid 1 x\"; entrypoint \"/start\"",
        ] {
            check(&RULE, body, &[]);
        }
        check(
            &RULE,
            "from \"postgres:17\"; entrypoint \"postgres\"",
            &["the container runs as root: nothing sets a user"],
        );
    }
}
