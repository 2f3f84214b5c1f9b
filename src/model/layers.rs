//! The bodies of an image as layers: their values expanded, and of their `when`s those that hold.

use super::expression::expand_nodes;
use super::merge::{Layer, LayerKind};
use super::params;
use super::plan::{Plan, Unit};
use super::scope::Scope;
use super::templates::Link;
use crate::diagnostic::codes::{INVALID_VALUE, UNKNOWN_PARAMETER};
use crate::diagnostic::{Diagnostic, Diagnostics, Reported};
use crate::spec::{self, Bound, Given, Kind};
use crate::syntax::{Entry, Node, Property};

/// The layers of `unit`, which draws from `chain`, low to high, and the names its expressions could use.
pub(super) fn layers(
    plan: &Plan,
    unit: &Unit,
    chain: &[Link],
    diagnostics: &mut Diagnostics,
) -> Result<(Vec<Layer>, Scope), Reported> {
    let scope = params::bind(plan, unit, chain, diagnostics)?;
    let conditions = Conditions { plan, unit, chain, scope: &scope };
    let mut layers = Vec::new();
    let mut failed = None;
    for link in chain {
        let declaration = &plan.declarations[link.declaration];
        let kind = match declaration.kind {
            Kind::Defaults => LayerKind::Defaults,
            Kind::Template => LayerKind::Template,
            Kind::Mixin => LayerKind::Mixin { user: link.named_by.map_or(link.declaration, |(user, _)| user) },
            Kind::Rule => LayerKind::Rule,
            Kind::Image => LayerKind::Image,
        };
        let mut add = |nodes: &[Node], kind: LayerKind, diagnostics: &mut Diagnostics| match expand_nodes(
            nodes,
            spec::IMAGE_NODES,
            &scope,
            diagnostics,
        ) {
            Ok(nodes) => layers.push(Layer { nodes, kind, span: declaration.name_span }),
            Err(reported) => failed = Some(reported),
        };
        if !has_when(&declaration.nodes) {
            add(&declaration.nodes, kind, diagnostics);
            continue;
        }
        match conditions.parts(&declaration.nodes, diagnostics) {
            Ok(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    add(part, if index == 0 { kind } else { LayerKind::When }, diagnostics);
                }
            }
            Err(reported) => failed = Some(reported),
        }
    }
    failed.map_or(Ok((layers, scope)), Err)
}

fn is_when(node: &Node) -> bool {
    node.name() == spec::WHEN.name
}

fn has_when(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| is_when(node) || (node.name() == "stage" && node.children().iter().any(is_when)))
}

/// What decides whether a `when` holds.
struct Conditions<'a> {
    plan: &'a Plan,
    unit: &'a Unit,
    chain: &'a [Link],
    scope: &'a Scope,
}

impl Conditions<'_> {
    /// A body without its `when`s, and then the bodies of those that hold, in order.
    fn parts(&self, nodes: &[Node], diagnostics: &mut Diagnostics) -> Result<Vec<Vec<Node>>, Reported> {
        let mut parts = vec![Vec::new()];
        for node in nodes {
            if is_when(node) {
                if self.holds(node, diagnostics)? {
                    parts.extend(self.parts(node.children(), diagnostics)?);
                }
            } else if node.name() == "stage" && node.children().iter().any(is_when) {
                // A stage is one layer of its own name for its body, and one for each `when` in it.
                let mut stages = self.parts(node.children(), diagnostics)?.into_iter();
                let stage = |children| Node { children: Some(children), ..node.clone() };
                parts[0].push(stage(stages.next().unwrap_or_default()));
                parts.extend(stages.map(|children| vec![Node { annotation: None, ..stage(children) }]));
            } else {
                parts[0].push(node.clone());
            }
        }
        Ok(parts)
    }

    /// Whether all that a `when` asks for holds.
    fn holds(&self, when: &Node, diagnostics: &mut Diagnostics) -> Result<bool, Reported> {
        let asked: Vec<_> = when.props.iter().map(|prop| self.is(prop, diagnostics)).collect();
        asked.into_iter().try_fold(true, |all, one| Ok(all && one?))
    }

    fn is(&self, prop: &Property, diagnostics: &mut Diagnostics) -> Result<bool, Reported> {
        let Property { name, entry } = prop;
        let Some(bound) = self.scope.get(&name.value) else {
            let message = format!("nothing here is called `{}`", name.value);
            let diagnostic = Diagnostic::error(&UNKNOWN_PARAMETER, name.span, message);
            let known: Vec<String> = self.scope.iter().map(|binding| binding.name.to_string()).collect();
            return Err(diagnostics.error(diagnostic.did_you_mean(&name.value, known)));
        };
        self.check_can_hold(&name.value, entry, diagnostics)?;
        Ok(matches!(&bound.value, Bound::One(value) if *value == entry.value))
    }

    /// Tells a value that a parameter or axis never has: a `when` of it would never hold.
    fn check_can_hold(&self, name: &str, entry: &Entry, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
        let mut params = self.chain.iter().flat_map(|link| &self.plan.declarations[link.declaration].params);
        if let Some(param) = params.find(|param| param.name.value.as_str() == name) {
            let given = Given { values: std::slice::from_ref(entry), is_list: false, span: entry.span };
            return param.check(given, diagnostics).map(|_| ());
        }
        let declaration = &self.plan.declarations[self.unit.declaration];
        let mut axes = declaration.matrix.iter().flat_map(|matrix| &matrix.axes);
        if let Some(axis) = axes.find(|axis| axis.name.value.as_str() == name)
            && !axis.values.iter().any(|value| value.value == entry.value)
        {
            let message = format!("`{name}` never is {}", entry.written());
            let written: Vec<_> = axis.values.iter().map(Entry::written).collect();
            let diagnostic = Diagnostic::error(&INVALID_VALUE, entry.span, message).also(axis.name.span, "its values");
            return Err(diagnostics.error(diagnostic.did_you_mean(&entry.written(), written)));
        }
        Ok(())
    }
}
