//! The outputs as `git apply` takes them: from what the earlier side compiles to, to what the later one does.

use crate::diff::{Difference, ImageDiff, unified as lines};
use crate::workspace::output_paths;

/// The patch. `path` gives the path of an output from the repository's root, quoted where that has to be.
pub fn unified(difference: &Difference, path: &dyn Fn(&str, &str) -> String) -> String {
    let mut text = String::new();
    for image in &difference.images {
        for which in 0..2 {
            text.push_str(&of_output(image, which, path));
        }
    }
    text
}

fn of_output(image: &ImageDiff, which: usize, path: &dyn Fn(&str, &str) -> String) -> String {
    let old_path = image.output_before.as_deref().unwrap_or(&image.output);
    let [old, new] = [old_path, &image.output].map(|output| output_paths(output)[which].clone());
    let texts = [&image.before, &image.after].map(|texts| texts.as_ref().map(|texts| texts[which].as_str()));
    // An ignore file without a word is none.
    let texts = texts.map(|text| text.filter(|text| which == 0 || !text.is_empty()));
    match texts {
        [Some(before), Some(after)] if old == new => patch(Some((&old, before)), Some((&new, after)), path),
        [before, after] => {
            // One that moved is one that goes and one that comes.
            let gone = before.map(|before| patch(Some((&old, before)), None, path)).unwrap_or_default();
            let new = after.map(|after| patch(None, Some((&new, after)), path)).unwrap_or_default();
            gone + &new
        }
    }
}

fn patch(before: Option<(&str, &str)>, after: Option<(&str, &str)>, path: &dyn Fn(&str, &str) -> String) -> String {
    let Some((name, _)) = after.or(before) else { return String::new() };
    let [old, new] = [before, after].map(|side| side.map(|(_, text)| text));
    if old == new {
        return String::new();
    }
    let (a, b) = (path("a/", name), path("b/", name));
    let mode = match (old, new) {
        (None, _) => "new file mode 100644\n",
        (_, None) => "deleted file mode 100644\n",
        _ => "",
    };
    let nothing = || "/dev/null".to_owned();
    let from = if old.is_some() { a.clone() } else { nothing() };
    let to = if new.is_some() { b.clone() } else { nothing() };
    format!("diff --git {a} {b}\n{mode}{}", lines(old.unwrap_or_default(), new.unwrap_or_default(), &from, &to))
}
