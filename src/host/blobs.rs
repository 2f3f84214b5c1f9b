//! The contents of git's objects, told by one `git cat-file --batch`.

use super::git::{command, no_git};
use super::reason;
use crate::base::Invalid;
use std::collections::HashMap;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};

/// The objects of a repository. Git is started when the first is asked for, and ends with this.
#[derive(Debug)]
pub struct Blobs {
    directory: PathBuf,
    reader: Mutex<Reader>,
}

#[derive(Debug, Default)]
struct Reader {
    git: Option<Git>,
    /// What was read already: both sides of a comparison hold most files alike.
    known: HashMap<String, Arc<[u8]>>,
}

#[derive(Debug)]
struct Git {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// What a blob is that was asked for.
pub enum Blob {
    /// Its bytes.
    Bytes(Arc<[u8]>),
    /// More than were wanted: how many there are.
    TooLarge(u64),
}

impl Blobs {
    /// The objects of the repository around `directory`.
    pub fn of(directory: &Path) -> Self {
        Self { directory: directory.to_owned(), reader: Mutex::default() }
    }

    /// The blob with the name `object`, of more than `limit` bytes none.
    pub fn read(&self, object: &str, limit: u64) -> Result<Blob, Invalid> {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = reader.known.get(object) {
            return Ok(match known.len() as u64 > limit {
                true => Blob::TooLarge(known.len() as u64),
                false => Blob::Bytes(Arc::clone(known)),
            });
        }
        if !object.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(Invalid::new("it is not in the repository"));
        }
        if reader.git.is_none() {
            reader.git = Some(self.start()?);
        }
        let Some(git) = reader.git.as_mut() else { return Err(Invalid::new("`git` is not there")) };
        match git.ask(object, limit) {
            Ok(Some(Blob::Bytes(bytes))) => {
                reader.known.insert(object.to_owned(), Arc::clone(&bytes));
                Ok(Blob::Bytes(bytes))
            }
            Ok(Some(large)) => Ok(large),
            Ok(None) => Err(Invalid::new("its content is not in this clone of the repository")),
            Err(error) => {
                reader.git = None;
                Err(Invalid::new(format!("`git cat-file` does not answer: {}", reason(&error))))
            }
        }
    }

    fn start(&self) -> Result<Git, Invalid> {
        let mut git = command(&self.directory);
        git.args(["cat-file", "--batch"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = git.spawn().map_err(|error| Invalid::new(no_git(error).to_string()))?;
        let (Some(questions), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Invalid::new("`git cat-file` cannot be spoken to"));
        };
        Ok(Git { child, questions, answers: BufReader::with_capacity(1 << 16, answers) })
    }
}

impl Git {
    /// Asks for a blob; nothing if the repository does not have it.
    fn ask(&mut self, object: &str, limit: u64) -> io::Result<Option<Blob>> {
        self.questions.write_all(format!("{object}\n").as_bytes())?;
        self.questions.flush()?;
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        // `NAME blob SIZE`, or `NAME missing`.
        let Some(size) = line.split_whitespace().nth(2).and_then(|size| size.parse::<u64>().ok()) else {
            return Ok(None);
        };
        let answers = self.answers.by_ref();
        if size > limit {
            io::copy(&mut answers.take(size + 1), &mut io::sink())?;
            return Ok(Some(Blob::TooLarge(size)));
        }
        let mut bytes = vec![0; size as usize + 1];
        answers.read_exact(&mut bytes)?;
        bytes.pop();
        Ok(Some(Blob::Bytes(bytes.into())))
    }
}

impl Drop for Git {
    fn drop(&mut self) {
        // It ends by itself when nothing is asked any more; whether it has does not matter to anybody.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
