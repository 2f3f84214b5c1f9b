//! What a compilation asks of the files around it, so that a later run can ask again instead of compiling.

use crate::base::{ContextEntry, EntryKind, Invalid, Sum, World};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, PoisonError, RwLock};

/// What can be asked of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Question {
    /// What stands at a path.
    Entry,
    /// What stands below it.
    List,
    /// What it holds.
    Read,
}

/// A question about a path, and the hash of the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// The path.
    pub path: String,
    /// The hash of the answer.
    pub answer: Sum,
}

/// A world that takes down what it is asked.
pub struct Recorder<'w> {
    world: &'w dyn World,
    asked: Mutex<BTreeMap<(String, Question), Sum>>,
}

impl<'w> Recorder<'w> {
    /// A world that answers as `world` does.
    pub fn new(world: &'w dyn World) -> Self {
        Self { world, asked: Mutex::default() }
    }

    /// What it was asked, each once.
    pub fn into_asked(self) -> Vec<Asked> {
        let asked = self.asked.into_inner().unwrap_or_else(PoisonError::into_inner);
        asked.into_iter().map(|((path, question), answer)| Asked { question, path, answer }).collect()
    }

    fn note(&self, question: Question, path: &str, answer: Sum) {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).insert((path.to_owned(), question), answer);
    }
}

impl World for Recorder<'_> {
    fn entry(&self, path: &str) -> Result<Option<ContextEntry>, Invalid> {
        let answer = self.world.entry(path);
        self.note(Question::Entry, path, hash_of_entry(&answer));
        answer
    }

    fn list(&self, path: &str) -> Result<Vec<ContextEntry>, Invalid> {
        let answer = self.world.list(path);
        self.note(Question::List, path, hash_of_list(&answer));
        answer
    }

    fn read(&self, path: &str) -> Result<String, Invalid> {
        let answer = self.world.read(path);
        self.note(Question::Read, path, hash_of_text(&answer));
        answer
    }
}

/// The answers that a world gives now, each looked up once however many ask.
pub struct Answers<'w> {
    world: &'w dyn World,
    known: RwLock<HashMap<(Question, String), Sum>>,
}

impl<'w> Answers<'w> {
    /// The answers of `world`.
    pub fn new(world: &'w dyn World) -> Self {
        Self { world, known: RwLock::default() }
    }

    /// Whether the answer is still what it was.
    pub fn holds(&self, asked: &Asked) -> bool {
        // A tuple of borrowed parts is no key of a map of owned ones; paths are short.
        let key = (asked.question, asked.path.clone());
        if let Some(known) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return *known == asked.answer;
        }
        let answer = match asked.question {
            Question::Entry => hash_of_entry(&self.world.entry(&asked.path)),
            Question::List => hash_of_list(&self.world.list(&asked.path)),
            Question::Read => hash_of_text(&self.world.read(&asked.path)),
        };
        self.known.write().unwrap_or_else(PoisonError::into_inner).insert(key, answer);
        answer == asked.answer
    }
}

fn hash_of_entry(answer: &Result<Option<ContextEntry>, Invalid>) -> Sum {
    hashed(answer, |entry, bytes| {
        if let Some(entry) = entry {
            push_entry(entry, bytes);
        }
    })
}

fn hash_of_list(answer: &Result<Vec<ContextEntry>, Invalid>) -> Sum {
    hashed(answer, |entries, bytes| entries.iter().for_each(|entry| push_entry(entry, bytes)))
}

fn hash_of_text(answer: &Result<String, Invalid>) -> Sum {
    hashed(answer, |text, bytes| bytes.extend_from_slice(text.as_bytes()))
}

/// The hash of an answer, of a refusal too, whose words may be told.
fn hashed<T>(answer: &Result<T, Invalid>, push: impl FnOnce(&T, &mut Vec<u8>)) -> Sum {
    let mut bytes = vec![u8::from(answer.is_ok())];
    match answer {
        Ok(answer) => push(answer, &mut bytes),
        Err(Invalid(reason)) => bytes.extend_from_slice(reason.as_bytes()),
    }
    Sum::of(&bytes)
}

fn push_entry(entry: &ContextEntry, bytes: &mut Vec<u8>) {
    bytes.push(match entry.kind {
        EntryKind::File => 0,
        EntryKind::Directory => 1,
        EntryKind::Link => 2,
    });
    bytes.extend_from_slice(entry.path.as_bytes());
    // No path holds it.
    bytes.push(0);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryWorld;

    #[test]
    fn every_change_is_seen() {
        let world = MemoryWorld::new([("a/b", "text"), ("a/c", "")]);
        let recorder = Recorder::new(&world);
        for path in ["a", "a/b", "none", ".."] {
            let _ = (recorder.entry(path), recorder.list(path), recorder.read(path), recorder.read(path));
        }
        let asked = recorder.into_asked();
        assert_eq!(asked.len(), 12);
        let check = |files: &[(&str, &str)], expected: &[(Question, &str)]| {
            let world = MemoryWorld::new(files.iter().copied());
            let answers = Answers::new(&world);
            // Twice: the second time from what is known.
            for _ in 0..2 {
                let changed = asked.iter().filter(|asked| !answers.holds(asked));
                let changed: Vec<_> = changed.map(|asked| (asked.question, asked.path.as_str())).collect();
                assert_eq!(changed, expected, "{files:?}");
            }
        };
        check(&[("a/b", "text"), ("a/c", "")], &[]);
        check(&[("a/b", "text"), ("a/c", "other")], &[]);
        check(&[("a/b", "other"), ("a/c", "")], &[(Question::Read, "a/b")]);
        check(&[("a/b", "text")], &[(Question::List, "a")]);
        check(&[("a/b", "text"), ("a/c/d", "")], &[(Question::List, "a")]);
        check(&[("a/b", "text"), ("a/c", ""), ("none", "")], &[(Question::Entry, "none"), (Question::Read, "none")]);
    }
}
