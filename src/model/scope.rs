//! The names that expressions can use, and what they stand for.

use super::expression::Filters;
use crate::base::Span;
use crate::spec::Bound;
use std::sync::Arc;

/// A name and its value.
#[derive(Debug, Clone)]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Its value.
    pub value: Bound,
    /// Where the value was set.
    pub span: Span,
}

/// Names and their values, by name. A copy shares them.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    bindings: Vec<Arc<Binding>>,
    /// What expressions can use beside names.
    pub(super) filters: Filters,
}

impl Scope {
    /// No names.
    pub fn new() -> Self {
        Self::default()
    }

    /// No names, for expressions that share `filters` with others.
    pub(super) fn with(filters: &Filters) -> Self {
        Self { bindings: Vec::new(), filters: filters.clone() }
    }

    /// Gives `name` a value, in place of the one it had.
    pub fn bind(&mut self, name: &str, value: Bound, span: Span) {
        let binding = Arc::new(Binding { name: name.to_owned(), value, span });
        match self.find(name) {
            Ok(at) => self.bindings[at] = binding,
            Err(at) => self.bindings.insert(at, binding),
        }
    }

    /// What `name` stands for.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.find(name).ok().map(|at| &*self.bindings[at])
    }

    /// All bindings, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Binding> {
        self.bindings.iter().map(|binding| &**binding)
    }

    /// The names, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.iter().map(|binding| binding.name.as_str())
    }

    fn find(&self, name: &str) -> Result<usize, usize> {
        self.bindings.binary_search_by(|binding| binding.name.as_str().cmp(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileId;

    #[test]
    fn names_are_sorted_and_the_last_value_counts() {
        let span = Span::file_start(FileId(0));
        let mut scope = Scope::new();
        for (name, value) in [("port", "1"), ("image", "cart"), ("port", "2")] {
            scope.bind(name, Bound::text(value), span);
        }
        let copy = scope.clone();
        scope.bind("port", Bound::text("3"), span);
        assert_eq!(scope.names().collect::<Vec<_>>(), ["image", "port"]);
        let port = |scope: &Scope| scope.get("port").map(|binding| binding.value.clone());
        assert_eq!((port(&copy), port(&scope)), (Some(Bound::text("2")), Some(Bound::text("3"))));
        assert!(scope.get("por").is_none());
    }
}
