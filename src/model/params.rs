//! The values of parameters for one image.

use super::expression::{entry_at, expand_entry};
use super::plan::{Plan, Unit, bind_directory};
use super::scope::Scope;
use super::templates::{Link, name_of};
use crate::base::Span;
use crate::diagnostic::codes::{CONFLICT, DUPLICATE_NAME, MISSING_PARAMETER, UNKNOWN_PARAMETER};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{Bound, Given, Param, ParamType, Setting};
use crate::syntax::{Entry, Ty};

/// The names that expressions of `unit`, which draws from `chain`, can use: `image`, `dir`, its axes, and the parameters
/// of the chain, each as the highest body sets it.
pub(super) fn bind(plan: &Plan, unit: &Unit, chain: &[Link], diagnostics: &mut Diagnostics) -> Result<Scope, Reported> {
    let mut scope = unit.axes.clone();
    let declaration = &plan.declarations[unit.declaration];
    scope.bind("image", Bound::text(unit.name.value.as_str()), unit.name.span);
    bind_directory(&mut scope, &unit.directory, declaration.name_span);
    let bodies = || chain.iter().map(|link| &plan.declarations[link.declaration]);
    // A parameter whose declaration has a mistake is not there; that it is missed is the same mistake.
    if let Some(reported) = bodies().find_map(|body| body.failed.filter(|_| body.lacks_params)) {
        return Err(reported);
    }
    let params: Vec<&Param> = bodies().flat_map(|body| &body.params).collect();
    let settings: Vec<&Setting> = bodies().flat_map(|body| &body.settings).collect();
    let mut failed = None;
    for setting in settings.iter().filter(|setting| !params.iter().any(|param| param.name.value == setting.name.value))
    {
        failed = Some(diagnostics.error(unknown(plan, chain, setting)));
    }
    for (index, param) in params.iter().enumerate() {
        let name = &param.name.value;
        if let Some(first) = params[..index].iter().find(|first| first.name.value == *name) {
            let message = format!("there are two parameters `{name}`");
            let diagnostic = Diagnostic::error(&DUPLICATE_NAME, param.name.span, message);
            failed =
                Some(diagnostics.error(diagnostic.also(first.name.span, "the other").hint("set the other one here")));
            continue;
        }
        let setting = settings.iter().rfind(|setting| setting.name.value == *name);
        let axis = unit.axes.get(name.as_str()).and_then(|axis| match &axis.value {
            Bound::One(value) => Some(entry_at(value.clone(), axis.span)),
            // Axes have one value a row.
            Bound::List(_) => None,
        });
        let value = match (axis, setting) {
            (Some(axis), Some(own)) if declaration.holds(own.name.span) => {
                let message = format!("`{name}` is an axis of the matrix, and set too");
                let diagnostic = Diagnostic::error(&CONFLICT, own.name.span, message);
                Err(diagnostics.error(diagnostic.also(axis.span, "the axis")))
            }
            (Some(value), _) => {
                let span = value.span;
                let given = Given { values: std::slice::from_ref(&value), is_list: false, span };
                param.check(given, diagnostics).map(|bound| (bound, span))
            }
            (None, Some(setting)) => given(param, &setting.values, setting.is_list, &scope, diagnostics),
            (None, None) => match &param.default {
                Some(default) => given(param, default, param.ty == ParamType::List, &scope, diagnostics),
                None => {
                    let owner = bodies().find(|body| body.holds(param.name.span));
                    let owner = owner.and_then(|body| Some(format!("{} `{}`", body.kind.as_str(), name_of(body)?)));
                    let message =
                        format!("`{}` sets no `{name}`, which {} needs", unit.name.value, owner.unwrap_or_default());
                    let diagnostic = Diagnostic::error(&MISSING_PARAMETER, unit.name.span, message);
                    let diagnostic = diagnostic.also(param.name.span, "declared here");
                    Err(diagnostics.error(diagnostic.hint(format!("add: set {name}=…"))))
                }
            },
        };
        match value {
            Ok((value, span)) => scope.bind(name.as_str(), value, span),
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok(scope), Err)
}

/// The value that `entries` give `param`.
fn given(
    param: &Param,
    entries: &[Entry],
    is_list: bool,
    scope: &Scope,
    diagnostics: &mut Diagnostics,
) -> Result<(Bound, Span), Reported> {
    let mut values = Vec::new();
    for entry in entries {
        values.extend(expand_entry(entry, Ty::Any, scope, diagnostics)?);
    }
    let span = entries.first().map_or(param.name.span, |entry| entry.span);
    param.check(Given { values: &values, is_list, span }, diagnostics).map(|bound| (bound, span))
}

fn unknown(plan: &Plan, chain: &[Link], setting: &Setting) -> Diagnostic {
    let name = &setting.name.value;
    let bodies = chain.iter().map(|link| &plan.declarations[link.declaration]);
    let known: Vec<&str> = bodies.flat_map(|body| &body.params).map(|param| param.name.value.as_str()).collect();
    let diagnostic =
        Diagnostic::error(&UNKNOWN_PARAMETER, setting.name.span, format!("there is no parameter `{name}`"));
    diagnostic.did_you_mean(name.as_str(), known.iter()).or_hint(|| match known.is_empty() {
        true => "what it extends and uses has no parameters".to_owned(),
        false => format!("there is {}", known.join(", ")),
    })
}
