//! `privileged-port`: a port below 1024 of a container that does not run as root. Docker lets any user open it (since
//! Engine 20.10, by `net.ipv4.ip_unprivileged_port_start=0`); other runtimes and older clusters do not.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::known;

pub(super) static RULE: Rule = Rule::warn(code!("privileged-port"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    if !scene.is_final() || !is_unprivileged(scene) || has_capability(scene) {
        return;
    }
    for port in &scene.stage.config.expose {
        let (number, _) = port.value;
        if number.get() < 1024 {
            let message = format!("port {number} is below 1024, and the container does not run as root");
            let told = Diagnostic::error(&RULE.code, port.span, message);
            findings.tell(
                told.hint(format!("listen on a port such as {}, and publish it as {number}", beyond(number.get()))),
            );
        }
    }
}

fn is_unprivileged(scene: &Scene<'_>) -> bool {
    match scene.user() {
        Some(user) => !user.value.is_root(),
        None => scene.base_image().and_then(known::start) == Some(known::Start::Unprivileged),
    }
}

/// Whether some command gives a program the right.
fn has_capability(scene: &Scene<'_>) -> bool {
    scene.calls.iter().any(|call| {
        call.name == "setcap" && call.arguments.iter().any(|argument| argument.contains("cap_net_bind_service"))
    })
}

/// The port that is usual in its place.
fn beyond(port: u16) -> u16 {
    match port {
        443 => 8443,
        port => 8000 + port,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{check, check_hints};
    use super::RULE;

    #[test]
    fn privileged_port() {
        let told = ["port 80 is below 1024, and the container does not run as root"];
        let user = "from \"debian\"; user \"app\" uid=10001";
        check(&RULE, &format!("{user}; expose 80 8080"), &told);
        check(&RULE, "from \"debian\"; expose 80", &[]);
        check(&RULE, "from \"nginx\"; expose 80", &[]);
        check(&RULE, "from \"nginxinc/nginx-unprivileged\"; expose 80", &told);
        check(&RULE, &format!("{user}; expose 53; run \"setcap cap_net_bind_service=+ep /x\""), &[]);
        check_hints(
            &RULE,
            &[],
            &format!("{user}; expose 443"),
            &["listen on a port such as 8443, and publish it as 443"],
        );
    }
}
