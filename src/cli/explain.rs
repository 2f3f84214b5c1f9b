//! `imgspec explain`

use super::Exit;
use super::args::{Call, How};
use super::explanation::Explanation;
use super::session::{Access, Refused, Session};
use super::standing::Standing;
use super::terminal::{Terminal, counted};
use crate::base::FileId;
use crate::diagnostic::codes::NO_MATCH;
use crate::diagnostic::{CODES, Code, Diagnostic, Diagnostics};
use crate::dockerfile::header_spec;
use crate::rule;
use clap::Args;
use std::path::Path;

/// Say why a Dockerfile is as it is, or what a diagnostic means
///
/// Of an image: each instruction, the lines of the spec it came from, how often it is expected to change, and what the
/// order of the steps saves. Of a line of a spec: what became of it. Of a line of a Dockerfile: where it came from.
/// Of a code: its page.
#[derive(Debug, Args)]
pub struct Explain {
    /// An image, a line of a spec or Dockerfile, or the code of a diagnostic
    #[arg(value_name = "IMAGE|FILE:LINE|CODE")]
    what: String,
    #[command(flatten)]
    how: How,
}

/// Of how many images a line is explained.
const SHOWN: usize = 3;

impl Explain {
    /// Runs it.
    pub fn run(self, call: &Call, terminal: &mut Terminal) -> Exit {
        if let Some(code) = codes().find(|code| code.name == self.what) {
            terminal.print(code.page);
            return Exit::Clean;
        }
        let explained = match place(&self.what) {
            Some((file, line)) => self.line(file, line, call, terminal),
            None => self.image(call, terminal),
        };
        explained.unwrap_or_else(|refused| refused.tell(terminal))
    }

    fn image(&self, call: &Call, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let session = Session::open(call, std::slice::from_ref(&self.what), Access::Read, terminal);
        let session = session.map_err(|refused| self.or_code(refused))?;
        let mut diagnostics = Diagnostics::new();
        let sources = &session.workspace.sources;
        let explained = session.compile(&self.how, &mut diagnostics, |image, compiled, _| {
            Explanation { image, compiled, sources, standing: Standing::of(&compiled.graph) }.of_image()
        });
        if explained.iter().all(Option::is_none) {
            return Ok(terminal.tell(diagnostics, sources));
        }
        explained.iter().flatten().for_each(|text| terminal.print(text));
        Ok(Exit::Clean)
    }

    fn line(&self, file: &str, line: u32, call: &Call, terminal: &mut Terminal) -> Result<Exit, Refused> {
        let (session, spec) = match Session::around(call, file, terminal)? {
            Some(found) => found,
            None => lone(call, file, terminal)?,
        };
        let sources = &session.workspace.sources;
        let mut diagnostics = Diagnostics::new();
        let explained = session.compile(&self.how, &mut diagnostics, |image, compiled, _| {
            let explanation = Explanation { image, compiled, sources, standing: Standing::of(&compiled.graph) };
            let text = match spec {
                None => explanation.of_output_line(line as usize),
                Some(spec) => explanation.of_spec_line(spec, line),
            };
            (image.name.value.to_string(), text)
        });
        let found: Vec<&(String, String)> = explained.iter().flatten().filter(|(_, text)| !text.is_empty()).collect();
        if !found.is_empty() {
            found.iter().take(SHOWN).for_each(|(_, text)| terminal.print(text));
            let rest: Vec<&str> = found.iter().skip(SHOWN).map(|(name, _)| name.as_str()).collect();
            if !rest.is_empty() {
                let names: Vec<&str> = rest.iter().take(SHOWN).copied().collect();
                let more = if rest.len() > SHOWN { ", …" } else { "" };
                let count = counted(rest.len(), "more image");
                terminal.print(&format!("and of {count}: {}{more}\n", names.join(", ")));
            }
            return Ok(Exit::Clean);
        }
        if explained.iter().all(Option::is_some) {
            diagnostics = Diagnostics::new();
            let message = format!("no instruction is made of line {line} of `{file}`");
            diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message));
        }
        Ok(terminal.tell(diagnostics, sources))
    }

    /// What was no image may have been meant for a code.
    fn or_code(&self, mut refused: Refused) -> Refused {
        let meant = crate::base::closest(&self.what, codes().map(|code| code.name));
        if let Some(code) = meant {
            refused.diagnostics.retain(|diagnostic| diagnostic.code.name != NO_MATCH.name);
            let message = format!("there is no image and no code `{}`", self.what);
            refused.diagnostics.error(Diagnostic::unplaced(&NO_MATCH, message).hint(format!("did you mean `{code}`?")));
        }
        refused
    }
}

/// Every kind of diagnostic.
fn codes() -> impl Iterator<Item = &'static Code> {
    CODES.iter().copied().chain(rule::all().map(|rule| &rule.code))
}

/// The file and line of `FILE:LINE`, or of `FILE:LINE:COLUMN` as diagnostics show it.
fn place(text: &str) -> Option<(&str, u32)> {
    let (before, last) = text.rsplit_once(':')?;
    let last: u32 = last.parse().ok()?;
    match before.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse().ok()?))) {
        Some((file, line)) => Some((file, line)),
        None => Some((before, last)),
    }
}

/// The workspace of a lone spec, and that spec; or of the Dockerfile of one.
fn lone(call: &Call, file: &str, terminal: &mut Terminal) -> Result<(Session, Option<FileId>), Refused> {
    let header = std::fs::read_to_string(file).ok().and_then(|text| header_spec(&text).map(str::to_owned));
    let spec = match (&header, file.ends_with(".kdl")) {
        // Seen from the workspace's root, which for a lone spec is the directory of its Dockerfile.
        (Some(spec), false) => {
            let beside = Path::new(file).parent().unwrap_or(Path::new("")).join(spec);
            if beside.is_file() { beside.to_string_lossy().into_owned() } else { spec.clone() }
        }
        _ => file.to_owned(),
    };
    let session = Session::open(call, &[spec], Access::Read, terminal)?;
    let own = session.workspace.files.first().map(|(own, _)| *own);
    Ok((session, own.filter(|_| header.is_none())))
}
