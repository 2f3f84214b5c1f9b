//! Files, directories and links that the spec itself makes.

use super::super::instruction::{Copied, Copy, ImageSource, Instruction, Joining, Statement};
use super::super::quote::is_word;
use super::StageLowering;
use super::runs::{command, statement};
use crate::base::{ImagePath, Mode};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::INEXPRESSIBLE_VALUE;
use crate::graph::{Dir, File, Link, Target};

/// A line of a Dockerfile is read whole into a buffer of 65,535 bytes (BuildKit, `bufio.MaxScanTokenSize`).
const MAX_LINE: usize = 60_000;

impl StageLowering<'_, '_> {
    pub(super) fn file(&mut self, file: &File) {
        if self.heredoc_can_say(&file.content.value) && is_word(file.path.as_str()) && !self.is_classic() {
            let owner = file.owner.as_ref().map(|owner| self.owner(&owner.value));
            // What a here-document becomes has that mode by itself.
            let mode = Some(file.mode).filter(|mode| mode.to_string() != "0644");
            self.make_way(&file.path.parent(), mode);
            self.push(Instruction::Copy(Copy {
                from: None,
                what: Copied::Text(file.content.value.clone()),
                to: file.path.clone(),
                into_directory: false,
                owner,
                mode,
                exclude: Vec::new(),
            }));
        } else if self.stage.family.has_shell() {
            self.file_by_printf(file);
        } else if self.is_classic() {
            self.unsupported(
                "write a file into an image without a shell",
                "keep the file in the build context and `copy` it",
            );
        } else {
            let message = "this text cannot be written into an image without a shell: only one that ends in a newline \
                           and has no control characters can";
            let diagnostic = Diagnostic::error(&INEXPRESSIBLE_VALUE, file.content.span, message);
            self.refuse(diagnostic.hint("keep the file in the build context and `copy` it"));
        }
    }

    /// Whether a here-document keeps every byte of `text`: it always ends in a newline, and lines are read by line
    /// readers with habits of their own.
    fn heredoc_can_say(&self, text: &str) -> bool {
        let is_odd = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
        // Buildah makes one newline of a here-document without lines, so that it is only for what has no other form.
        let is_empty = text.is_empty() && self.target() == Target::Buildkit && !self.stage.family.has_shell();
        let is_whole = text.ends_with('\n') || is_empty;
        is_whole && !text.contains(is_odd) && text.lines().all(|line| line.len() <= MAX_LINE)
    }

    fn file_by_printf(&mut self, file: &File) {
        let path = file.path.as_str();
        let mut statements = self.parent_of(&file.path);
        let mut printf = vec!["printf '%b'".to_owned()];
        printf.extend(printf_words(&file.content.value));
        if file.content.value.is_empty() {
            // Nothing to print: the redirection alone makes the file.
            printf = vec![":".to_owned()];
        }
        let redirection = format!("> {}", crate::graph::shell::quote(path));
        if printf.len() == 1 {
            printf[0] = format!("{} {redirection}", printf[0]);
        } else {
            printf.push(redirection);
        }
        statements.push(Statement(printf));
        statements.push(statement(&["chmod", &file.mode.to_string(), path]));
        if let Some(owner) = &file.owner {
            statements.push(statement(&["chown", &self.owner(&owner.value), path]));
        }
        self.push_statements(statements, Vec::new(), Joining::Free);
    }

    /// A statement that makes the directory that `path` stands in, unless that is there.
    fn parent_of(&mut self, path: &ImagePath) -> Vec<Statement> {
        let parent = path.parent();
        if self.knows_directory(&parent) {
            return Vec::new();
        }
        self.state.has_directory(&parent);
        vec![statement(&["mkdir", "-p", parent.as_str()])]
    }

    /// Makes `directory` for something that is to have `mode` and would give that to the directories it makes too.
    pub(super) fn make_way(&mut self, directory: &ImagePath, mode: Option<Mode>) {
        let is_harmless = mode.is_none_or(|mode| mode.to_string() == "0755");
        if !is_harmless && !self.knows_directory(directory) {
            if self.stage.family.has_shell() {
                self.push_statements(vec![statement(&["mkdir", "-p", directory.as_str()])], Vec::new(), Joining::Free);
            } else {
                self.copy_of_empty(directory, None, None);
            }
        }
        self.state.has_directory(directory);
    }

    pub(super) fn dir(&mut self, dir: &Dir) {
        let owner = dir.owner.as_ref().map(|owner| self.owner(&owner.value));
        if self.stage.family.has_shell() {
            // With five digits a mode is whole (GNU coreutils manual, *Directories and the Set-ID Bits*); with four a
            // directory below one that hands its group down would do so too.
            let mode = dir.mode.map(|mode| format!("0{mode}"));
            let mut words = vec!["install", "-d"];
            if let Some(mode) = &mode {
                words.extend(["-m", mode]);
            }
            if let Some(owner) = &owner {
                let (user, group) = owner.split_once(':').unwrap_or((owner, owner));
                words.extend(["-o", user, "-g", group]);
            }
            words.push(dir.path.as_str());
            self.push_statements(vec![statement(&words)], Vec::new(), Joining::Free);
        } else if self.is_classic() && dir.mode.is_some() {
            self.unsupported("set the mode of a directory in an image without a shell", "leave `mode` out");
        } else {
            let parent = dir.path.parent();
            if !self.knows_directory(&parent) {
                self.copy_of_empty(&parent, None, None);
            }
            self.copy_of_empty(&dir.path, owner, dir.mode);
        }
        self.state.has_directory(&dir.path);
    }

    /// Without a shell, WORKDIR in a stage of its own makes a directory, and COPY gives it its place, owner and mode.
    fn copy_of_empty(&mut self, to: &ImagePath, owner: Option<String>, mode: Option<Mode>) {
        let empty = ImagePath::root().join("empty");
        let stage = match self.empty_stage.clone() {
            Some(stage) => stage,
            None => {
                let stage = self.helper(ImageSource::Scratch, "dir");
                self.push_to_helper(Instruction::Workdir(empty.clone()));
                self.empty_stage = Some(stage.clone());
                stage
            }
        };
        self.push(Instruction::Copy(Copy {
            from: Some(ImageSource::Stage(stage)),
            what: Copied::Paths(vec![empty.to_string()]),
            to: to.clone(),
            into_directory: false,
            owner,
            mode,
            exclude: Vec::new(),
        }));
    }

    pub(super) fn link(&mut self, link: &Link) {
        if !self.needs_shell("`link`") {
            return;
        }
        let target = link.target.value.as_str();
        let mut words = vec!["ln", "-sfn"];
        if target.starts_with('-') {
            words.push("--");
        }
        words.extend([target, link.path.as_str()]);
        let mut statements = self.parent_of(&link.path);
        statements.push(Statement(vec![command(&words)]));
        self.push_statements(statements, Vec::new(), Joining::Free);
    }
}

/// `text` as words for `printf '%b'`, one a line of it. What a shell or a linter could take for more than a character is
/// an octal escape (POSIX, *printf*: `\0ddd` in `%b`).
fn printf_words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for line in text.split_inclusive('\n') {
        let mut word = String::new();
        for c in line.chars() {
            match c {
                '\n' => word.push_str("\\n"),
                '\t' => word.push_str("\\t"),
                '\'' | '\\' | '$' | '`' => word.push_str(&octal(c)),
                c if c.is_ascii_graphic() || c == ' ' || c.is_alphanumeric() => word.push(c),
                c => word.push_str(&octal(c)),
            }
            if word.len() > MAX_LINE {
                words.push(format!("'{}'", std::mem::take(&mut word)));
            }
        }
        words.push(format!("'{word}'"));
    }
    words
}

fn octal(c: char) -> String {
    c.to_string().bytes().map(|byte| format!("\\0{byte:03o}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printf() {
        for (text, words) in [
            ("a\nb", &["'a\\n'", "'b'"][..]),
            ("a\n", &["'a\\n'"]),
            ("é $x 'y' \\n%\r\n", &["'é \\0044x \\0047y\\0047 \\0134n%\\0015\\n'"]),
            ("\u{feff}", &["'\\0357\\0273\\0277'"]),
        ] {
            assert_eq!(printf_words(text), words, "{text:?}");
        }
    }
}
