//! What a node becomes, for tests.

use crate::base::MemoryWorld;
use crate::diagnostic::{Diagnostics, Sources};

/// The steps that `body` becomes on `base` in `/src`, a line each, without the needs; or what is wrong with it.
pub(super) fn steps(base: &str, files: &[(&str, &str)], body: &str) -> Result<Vec<String>, Vec<String>> {
    let text = format!("image \"app\" {{ from \"{base}\"; workdir \"/src\"; {body} }}");
    let world = MemoryWorld::new(files.iter().copied());
    let (mut sources, mut diagnostics) = (Sources::new(), Diagnostics::new());
    let graph = crate::compile::read("image.kdl", &text, &mut sources, &mut diagnostics).and_then(|file| {
        let images = crate::model::resolve(vec![file], &mut diagnostics);
        let lowered =
            images.first().map(|image| crate::lower::lower(image, &world, Default::default(), &mut diagnostics));
        lowered.transpose()
    });
    match graph {
        Ok(Some(graph)) => {
            let lines = graph.to_string();
            let lines = lines.lines().filter(|line| line.starts_with("   ") && !line.contains(" workdir "));
            Ok(lines.map(|line| line[5..].split("; ").next().unwrap_or_default().to_owned()).collect())
        }
        _ => Err(diagnostics.into_sorted().into_iter().map(|diagnostic| diagnostic.message).collect()),
    }
}

/// Asserts that `body` becomes these steps, or is refused with these messages.
#[track_caller]
pub(super) fn told(base: &str, files: &[(&str, &str)], body: &str, expected: &[&str]) {
    let found = steps(base, files, body).unwrap_or_else(|told| told);
    assert_eq!(found, expected, "{body}");
}

/// Asserts that `body` becomes these steps.
#[track_caller]
pub(super) fn check(base: &str, files: &[(&str, &str)], body: &str, expected: &[&str]) {
    let found = steps(base, files, body).unwrap_or_else(|told| panic!("{body}: {told:#?}"));
    assert_eq!(found, expected, "{body}");
}

/// Asserts that `body` is refused with this message.
#[track_caller]
pub(super) fn refused(base: &str, files: &[(&str, &str)], body: &str, message: &str) {
    assert_eq!(steps(base, files, body), Err(vec![message.to_owned()]), "{body}");
}
