//! Which bodies an image draws from: templates it extends, mixins it uses, and `defaults`, in order of precedence.

use super::rings::{cycle, rings};
use crate::base::{Span, Spanned, TemplateName};
use crate::diagnostic::codes::{DUPLICATE_NAME, UNKNOWN_TEMPLATE};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{Declaration, Kind};
use std::collections::{BTreeMap, BTreeSet};

/// The templates and mixins of a workspace.
#[derive(Debug, Default)]
pub(super) struct Templates {
    defaults: Option<usize>,
    templates: BTreeMap<TemplateName, usize>,
    mixins: BTreeMap<TemplateName, usize>,
    /// What each template draws from, itself last.
    chains: BTreeMap<usize, Result<Vec<Link>, Reported>>,
}

/// A body that an image draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Link {
    /// The declaration.
    pub declaration: usize,
    /// The declaration that names it, and where; none for `defaults` and for the image itself.
    pub named_by: Option<(usize, Span)>,
}

impl Templates {
    /// The templates and mixins among `declarations`. Those of one name, those that extend each other in a ring, and names
    /// of none are told.
    pub fn new(declarations: &[Declaration], diagnostics: &mut Diagnostics) -> Self {
        let mut found = Self::default();
        for (at, declaration) in declarations.iter().enumerate() {
            let names = match declaration.kind {
                Kind::Defaults => {
                    found.defaults = found.defaults.or(Some(at));
                    continue;
                }
                Kind::Template => &mut found.templates,
                Kind::Mixin => &mut found.mixins,
                Kind::Rule | Kind::Image => continue,
            };
            let Some(name) = name_of(declaration) else { continue };
            if let Some(first) = names.get(&name).map(|first| &declarations[*first]) {
                let message = format!("there are two {}s `{name}`", declaration.kind.as_str());
                let span = name_span(declaration);
                diagnostics
                    .error(Diagnostic::error(&DUPLICATE_NAME, span, message).also(name_span(first), "the other"));
                continue;
            }
            names.insert(name, at);
        }
        found.tell_rings(declarations, diagnostics);
        let templates: Vec<usize> = found.templates.values().copied().collect();
        for at in templates {
            found.extend_chain(at, declarations, diagnostics);
        }
        found
    }

    /// What the image or rule `at` draws from, low to high, itself last.
    pub fn chain(
        &self,
        at: usize,
        declarations: &[Declaration],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Link>, Reported> {
        let mut chain: Vec<Link> =
            self.defaults.map(|declaration| Link { declaration, named_by: None }).into_iter().collect();
        let below = self.below(at, declarations, diagnostics);
        chain.extend(below?);
        chain.push(Link { declaration: at, named_by: None });
        Ok(chain)
    }

    /// What the declaration `at` draws from, low to high, without `defaults` and itself.
    fn below(
        &self,
        at: usize,
        declarations: &[Declaration],
        diagnostics: &mut Diagnostics,
    ) -> Result<Vec<Link>, Reported> {
        let declaration = &declarations[at];
        let parent = match &declaration.extends {
            None => Ok(Vec::new()),
            Some(name) => match self.templates.get(&name.value) {
                Some(parent) => self.named(*parent, at, name.span),
                None => Err(diagnostics.error(unknown("template", name, self.templates.keys()))),
            },
        };
        let mut chain = parent.as_ref().cloned().unwrap_or_default();
        let mut failed = parent.err();
        for (index, name) in declaration.uses.iter().enumerate() {
            match self.mixins.get(&name.value) {
                Some(mixin) if declaration.uses[..index].iter().any(|earlier| earlier.value == name.value) => {
                    let message = format!("mixin `{}` is used twice", name.value);
                    let diagnostic = Diagnostic::error(&DUPLICATE_NAME, name.span, message);
                    failed =
                        Some(diagnostics.error(diagnostic.also(name_span(&declarations[*mixin]), "declared here")));
                }
                // Its place is that of the body lowest in the chain that uses it.
                Some(mixin) if chain.iter().any(|link| link.declaration == *mixin) => {}
                Some(mixin) => chain.push(Link { declaration: *mixin, named_by: Some((at, name.span)) }),
                None => failed = Some(diagnostics.error(unknown("mixin", name, self.mixins.keys()))),
            }
        }
        failed.map_or(Ok(chain), Err)
    }

    /// The chain of the template `parent`, which the declaration `by` names at `span`.
    fn named(&self, parent: usize, by: usize, span: Span) -> Result<Vec<Link>, Reported> {
        let mut chain = match self.chains.get(&parent) {
            Some(chain) => chain.clone()?,
            None => Vec::new(),
        };
        if let Some(last) = chain.last_mut() {
            last.named_by = Some((by, span));
        }
        Ok(chain)
    }

    /// Makes the chain of the template `at` and of those it extends.
    fn extend_chain(&mut self, at: usize, declarations: &[Declaration], diagnostics: &mut Diagnostics) {
        // From the template up to one whose chain is known, then back: the depth of extending has no bound.
        let mut pending = vec![at];
        while let Some(next) = pending.last() {
            if self.chains.contains_key(next) {
                pending.pop();
                continue;
            }
            let parent = declarations[*next].extends.as_ref().and_then(|name| self.templates.get(&name.value));
            match parent {
                Some(parent) if !self.chains.contains_key(parent) => pending.push(*parent),
                _ => {
                    let next = *next;
                    let chain = self.below(next, declarations, diagnostics).map(|mut chain| {
                        chain.push(Link { declaration: next, named_by: None });
                        chain
                    });
                    self.chains.insert(next, chain);
                }
            }
        }
    }

    /// Tells templates that extend each other in a ring, once a ring, with all of it. They have no chain.
    fn tell_rings(&mut self, declarations: &[Declaration], diagnostics: &mut Diagnostics) {
        let parent = |declaration: &Declaration| {
            let name = declaration.extends.as_ref().filter(|_| declaration.kind == Kind::Template)?;
            Some((*self.templates.get(&name.value)?, name.span))
        };
        let edges: Vec<Vec<(usize, Span)>> =
            declarations.iter().map(|declaration| parent(declaration).into_iter().collect()).collect();
        let names: BTreeMap<usize, &str> = self.templates.iter().map(|(name, at)| (*at, name.as_str())).collect();
        let name = |at: usize| names.get(&at).copied().unwrap_or_default();
        for ring in rings(&edges) {
            let reported = diagnostics.error(cycle(&ring, "templates extend each other", "extends", name));
            self.chains.extend(ring.iter().map(|(at, _)| (*at, Err(reported))));
        }
    }

    /// The declarations that `at` names, and those that they name, itself and `defaults` too; in a ring as well.
    pub fn reached(&self, at: usize, declarations: &[Declaration]) -> BTreeSet<usize> {
        let mut reached: BTreeSet<usize> = self.defaults.into_iter().collect();
        let mut pending = vec![at];
        while let Some(next) = pending.pop() {
            if !reached.insert(next) {
                continue;
            }
            let declaration = &declarations[next];
            pending.extend(declaration.extends.iter().filter_map(|name| self.templates.get(&name.value)));
            pending.extend(declaration.uses.iter().filter_map(|name| self.mixins.get(&name.value)));
        }
        reached
    }

    /// The chain of a template, itself last.
    pub fn chain_of_template(&self, at: usize) -> Option<&[Link]> {
        self.chains.get(&at)?.as_ref().ok().map(Vec::as_slice)
    }
}

/// The name of a template or mixin.
pub(super) fn name_of(declaration: &Declaration) -> Option<TemplateName> {
    match &declaration.name.as_ref()?.value {
        crate::syntax::Value::String(name) => TemplateName::parse(name).ok(),
        _ => None,
    }
}

fn name_span(declaration: &Declaration) -> Span {
    declaration.name.as_ref().map_or(declaration.name_span, |name| name.span)
}

fn unknown<'n>(what: &str, name: &Spanned<TemplateName>, known: impl Iterator<Item = &'n TemplateName>) -> Diagnostic {
    let known: Vec<&str> = known.map(TemplateName::as_str).collect();
    let message = format!("there is no {what} `{}`", name.value);
    let diagnostic = Diagnostic::error(&UNKNOWN_TEMPLATE, name.span, message);
    diagnostic.did_you_mean(name.value.as_str(), known.iter()).or_hint(|| match known.is_empty() {
        true => format!("the workspace declares no {what}"),
        false => format!("there is {}", known.join(", ")),
    })
}
