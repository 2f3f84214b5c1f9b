//! `unexpanded-variable`: a variable whose value names itself, as `env PATH="/x:$PATH"`. A Dockerfile would expand it; in
//! a spec values are literal (language.md), so that the image gets the dollar sign.

use super::{Findings, Rule, Scene};
use crate::diagnostic::{Diagnostic, code::code};
use crate::graph::StepKind;

pub(super) static RULE: Rule = Rule::deny(code!("unexpanded-variable"), check);

fn check(scene: &Scene<'_>, findings: &mut Findings) {
    let in_steps = scene.stage.steps.iter().filter_map(|step| match &step.kind {
        StepKind::Env { variables, .. } => Some(variables),
        _ => None,
    });
    let variables = in_steps.flatten().chain(&scene.stage.config.runtime_env);
    for (name, value) in variables.filter(|(_, value)| value.value.contains('$')) {
        let name = name.value.as_str();
        let references = [format!("${name}"), format!("${{{name}}}"), format!("${{{name}:")];
        let is_end = |rest: &str| !rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let names_itself = references.iter().any(|reference| {
            value.value.match_indices(reference.as_str()).any(|(at, _)| {
                let rest = &value.value[at + reference.len()..];
                reference.ends_with(['}', ':']) || is_end(rest)
            })
        });
        if names_itself {
            let message = format!("`{name}` is set to text that names it: values are not expanded");
            let hint = match name {
                "PATH" => "use the node: path \"DIRECTORY\"".to_owned(),
                _ => "write the whole value".to_owned(),
            };
            findings.tell(Diagnostic::error(&RULE.code, value.span, message).hint(hint));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::check;
    use super::RULE;

    #[test]
    fn unexpanded_variable() {
        let told = |name| format!("`{name}` is set to text that names it: values are not expanded");
        for value in ["/x:$PATH", "${PATH}:/x", "/x${PATH:+:$PATH}"] {
            check(&RULE, &format!("from \"debian\"; env PATH=\"{value}\""), &[&told("PATH")]);
        }
        check(&RULE, "from \"debian\"; env A=\"$A\" at=\"runtime\"", &[&told("A")]);
        check(&RULE, "from \"debian\"; env PATH=\"/x\" A=\"$PATH $B ${AB} $AB\"", &[]);
    }
}
