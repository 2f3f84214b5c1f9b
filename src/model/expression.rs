//! stub
use super::scope::Scope;
use crate::diagnostic::{Diagnostics, Reported};
use crate::syntax::{Entry, Node, Shape, Value};
fn text(t: &str, scope: &Scope) -> String {
    let mut t = t.to_owned();
    for b in scope.iter() { t = t.replace(&format!("${{{{ {} }}}}", b.name), &b.value.to_string()); }
    t
}
pub fn expand_entry(entry: &Entry, scope: &Scope, _d: &mut Diagnostics) -> Result<Vec<Entry>, Reported> {
    if let Value::String(t) = &entry.value {
        for b in scope.iter() { if *t == format!("${{{{ {} }}}}", b.name) { if let super::scope::Bound::One(v) = &b.value { return Ok(vec![Entry { value: v.clone(), ..entry.clone() }]); } } }
        return Ok(vec![Entry { value: Value::String(text(t, scope)), ..entry.clone() }]);
    }
    Ok(vec![entry.clone()])
}
pub fn expand_text(entry: &Entry, scope: &Scope, _d: &mut Diagnostics) -> Result<String, Reported> {
    match &entry.value { Value::String(t) => Ok(text(t, scope)), _ => Ok(String::new()) }
}
pub fn expand_nodes(nodes: &[Node], s: &[&Shape], scope: &Scope, d: &mut Diagnostics) -> Result<Vec<Node>, Reported> {
    let mut out = Vec::new();
    for n in nodes {
        let mut n = n.clone();
        let mut args = Vec::new();
        for a in &n.args { args.extend(expand_entry(a, scope, d)?); }
        n.args = args;
        for p in &mut n.props { p.entry = expand_entry(&p.entry, scope, d)?.remove(0); }
        if let Some(c) = &n.children { n.children = Some(expand_nodes(c, s, scope, d)?); }
        out.push(n);
    }
    Ok(out)
}
