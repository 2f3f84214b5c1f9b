//! Mistakes in templates.
