//! stub
use crate::base::Span;
pub use crate::spec::Bound;
#[derive(Debug, Clone, Default)]
pub struct Scope { list: Vec<Binding> }
#[derive(Debug, Clone)]
pub struct Binding { pub name: String, pub value: Bound, pub span: Span }
impl Scope {
    pub fn bind(&mut self, name: &str, value: Bound, span: Span) { self.list.retain(|b| b.name != name); self.list.push(Binding { name: name.to_owned(), value, span }); }
    pub fn get(&self, name: &str) -> Option<&Binding> { self.list.iter().find(|b| b.name == name) }
    pub fn iter(&self) -> impl Iterator<Item = &Binding> { self.list.iter() }
}
