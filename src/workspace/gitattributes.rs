//! The block of `.gitattributes` that tells git which files are made: reviews then fold them, and two branches that each
//! add an image merge the lock and the manifest without a conflict. The rest of the file is its owner's.

use crate::base::{Invalid, LOCK};
use std::fmt::Write as _;

/// The file's name, in the workspace's root.
pub const GITATTRIBUTES: &str = ".gitattributes";

const BEGIN: &str = "# imgspec: begin (made by `imgspec compile`; write around it, not into it)";
const END: &str = "# imgspec: end";

/// The text of the file with the block for `outputs`, paths from the workspace's root, and `manifest`; without a block if
/// there are none. Nothing is left of a file that held the block alone.
pub fn with_block(text: &str, manifest: &str, outputs: Option<&[String]>) -> Result<Option<String>, Invalid> {
    let (before, after) = around(text)?;
    let mut new = before.to_owned();
    if let Some(outputs) = outputs {
        if !new.is_empty() && !new.ends_with('\n') {
            new.push('\n');
        }
        // The block itself too: two branches that each add an image add their lines to it at one place.
        let _ = writeln!(new, "{BEGIN}\n/{GITATTRIBUTES} merge=union\n/{LOCK} merge=union");
        let _ = writeln!(new, "{} merge=union linguist-generated", pattern(manifest));
        for output in outputs {
            let _ = writeln!(new, "{} linguist-generated", pattern(output));
        }
        let _ = writeln!(new, "{END}");
    }
    new.push_str(after);
    Ok(Some(new).filter(|new| !new.is_empty()))
}

/// What stands before the block and behind it; all of it before, without one.
fn around(text: &str) -> Result<(&str, &str), Invalid> {
    let mut begin = None;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        match line.trim_end() {
            // The words in brackets may change with a later version.
            start if start.starts_with("# imgspec: begin") => begin = begin.or(Some(at)),
            END => {
                let begin =
                    begin.ok_or_else(|| Invalid::new(format!("`{GITATTRIBUTES}` holds `{END}` and no beginning")))?;
                return Ok((&text[..begin], &text[at + line.len()..]));
            }
            _ => {}
        }
        at += line.len();
    }
    match begin {
        None => Ok((text, "")),
        Some(_) => {
            Err(Invalid::new(format!("`{GITATTRIBUTES}` holds the beginning of imgspec's block and no `{END}`")))
        }
    }
}

/// The pattern that matches the file `path` alone (gitattributes(5), gitignore(5)).
fn pattern(path: &str) -> String {
    let mut literal = String::from("/");
    for c in path.chars() {
        if "*?[\\".contains(c) {
            literal.push('\\');
        }
        literal.push(c);
    }
    if !literal.contains(|c: char| c.is_whitespace() || c.is_control() || c == '"') {
        return literal;
    }
    // Quoted as C does it.
    let mut quoted = String::from("\"");
    for c in literal.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() && c.is_ascii() => {
                let _ = write!(quoted, "\\{:03o}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks() {
        let outputs = ["a/Dockerfile".to_owned()];
        let block = format!(
            "{BEGIN}\n/.gitattributes merge=union\n/imgspec.lock merge=union\n/imgspec.manifest merge=union linguist-generated\n/a/Dockerfile linguist-generated\n{END}\n"
        );
        let check = |text: &str, outputs: Option<&[String]>, expected: Result<Option<&str>, &str>| {
            let found = with_block(text, "imgspec.manifest", outputs).map_err(|invalid| invalid.0);
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(String::as_str), expected, "{text}");
        };
        check("", Some(&outputs), Ok(Some(&block)));
        check("*.png binary", Some(&outputs), Ok(Some(&format!("*.png binary\n{block}"))));
        check(&format!("x\n{block}y\n"), Some(&outputs), Ok(Some(&format!("x\n{block}y\n"))));
        check("x\n# imgspec: begin\nold\n# imgspec: end\ny", Some(&outputs), Ok(Some(&format!("x\n{block}y"))));
        check(&format!("x\n{block}y\n"), None, Ok(Some("x\ny\n")));
        check(&block, None, Ok(None));
        check("", None, Ok(None));
        check("x\n", None, Ok(Some("x\n")));
        let unclosed = "`.gitattributes` holds the beginning of imgspec's block and no `# imgspec: end`";
        check("# imgspec: begin\nx\n", Some(&outputs), Err(unclosed));
        check("# imgspec: end\n", Some(&outputs), Err("`.gitattributes` holds `# imgspec: end` and no beginning"));
    }

    #[test]
    fn patterns() {
        assert_eq!(pattern("a/Dockerfile"), "/a/Dockerfile");
        assert_eq!(pattern("[id]/*"), "/\\[id]/\\*");
        assert_eq!(pattern("a b/\"c\"\\"), "\"/a b/\\\"c\\\"\\\\\\\\\"");
    }
}
