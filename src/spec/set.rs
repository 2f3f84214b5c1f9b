//! stub
use crate::base::Spanned;
use crate::diagnostic::Reported;
use crate::syntax::{Args, Decode, Entry, Fields, Merge, Shape, Ty};
#[derive(Debug, Clone)]
pub struct Setting { pub name: Spanned<String>, pub values: Vec<Entry>, pub is_list: bool }
pub struct Set;
impl Decode for Set {
    const SHAPE: &'static Shape = &Shape { name: "set", doc: "stub", args: Args::NONE, props: &[], free_props: Some(("PARAM", Ty::Any)), children: &[], merge: Merge::Map, example: "set port=8081" };
    fn from_fields(_: &mut Fields<'_>) -> Result<Self, Reported> { Ok(Self) }
}
pub fn decode(fields: &mut Fields<'_>) -> Vec<Setting> {
    fields.children("set").flat_map(|n| n.props.iter().map(|p| Setting { name: p.name.clone(), values: vec![p.entry.clone()], is_list: false }).collect::<Vec<_>>()).collect()
}
