//! Says good day.

/// Greets somebody.
pub fn hello(name: &str) -> String {
    format!("Good day, {name}!")
}
