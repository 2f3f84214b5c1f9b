//! stub
use crate::base::{Span, Spanned};
use crate::diagnostic::{Diagnostics, Reported};
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Prop, Shape, Ty, Value};
#[derive(Debug, Clone, PartialEq)]
pub enum Bound { One(Value), List(Vec<String>) }
impl std::fmt::Display for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self { Self::One(Value::String(s)) => f.write_str(s), Self::One(Value::Integer(s)) => write!(f, "{s}"), other => write!(f, "{other:?}") }
    }
}
#[derive(Debug, Clone)]
pub struct Param { pub name: Spanned<String>, pub default: Option<Vec<Entry>>, pub span: Span }
impl Param {
    pub fn is_list(&self) -> bool { false }
    pub fn check(&self, values: &[Entry], _is_list: bool, _span: Span, _d: &mut Diagnostics) -> Result<Bound, Reported> { Ok(Bound::One(values[0].value.clone())) }
    pub fn check_bound(&self, value: Bound, span: Span, _d: &mut Diagnostics) -> Result<(Bound, Span), Reported> { Ok((value, span)) }
}
impl Decode for Param {
    const SHAPE: &'static Shape = &Shape { name: "param", doc: "stub", args: Args::one("NAME", Ty::Text), props: &[Prop::optional("type", Ty::Text, "x"), Prop::optional("default", Ty::Any, "x")], free_props: None, children: &[], merge: Merge::Map, example: "param \"port\" type=\"port\" default=8080" };
    fn from_fields(fields: &mut Fields<'_>) -> Result<Self, Reported> {
        let default = fields.node.prop("default").map(|e| vec![e.clone()]);
        Ok(Self { name: fields.expect_arg()?, default, span: fields.name_span() })
    }
}
