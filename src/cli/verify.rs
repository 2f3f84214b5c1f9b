//! `imgspec lock --verify`: a real `apt-get` is asked what it would install, and nothing is written that it says otherwise.

use super::args::How;
use super::repin::{ask, wishes};
use super::session::Session;
use crate::base::map;
use crate::diagnostic::codes::{UNAVAILABLE, UNSOLVABLE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::host::{Threads, has_apt_get, simulated};
use crate::lock::Pins;
use crate::pinning::{Question, questions};
use std::collections::{BTreeMap, BTreeSet};

/// Asks for all closures of `pins`, and gives how many there are.
pub fn verify(session: &Session, how: &How, pins: &Pins) -> Result<usize, Diagnostics> {
    let mut told = Diagnostics::new();
    if !has_apt_get() {
        let diagnostic =
            Diagnostic::unplaced(&UNAVAILABLE, "there is no `apt-get` here that the lock could be held to");
        told.error(
            diagnostic.hint("run it where there is one, such as in a container of Debian; nothing was verified"),
        );
        return Err(told);
    }
    let wishes = wishes(session, how, &mut told)?;
    let asked = ask(session, &wishes, |remote, threads| questions(&wishes, pins, remote, threads, &mut told));
    let Ok(asked) = asked else { return Err(told) };
    let answers = map(&Threads::of_machine(), asked.len(), |at| simulated(&asked[at]));
    for (question, answer) in asked.iter().zip(answers) {
        if let Some(message) = difference(question, answer) {
            told.error(Diagnostic::error(&UNSOLVABLE, question.span, message));
        }
    }
    if told.has_errors() { Err(told) } else { Ok(asked.len()) }
}

/// What `apt-get` says otherwise, a sentence.
fn difference(question: &Question, answer: Result<BTreeMap<String, String>, String>) -> Option<String> {
    let about = &question.about;
    let answer = match answer {
        Ok(answer) => answer,
        Err(reason) => return Some(format!("`apt-get` would not install {about}: {reason}")),
    };
    if answer == question.expected {
        return None;
    }
    let names: BTreeSet<&String> = answer.keys().chain(question.expected.keys()).collect();
    let said = |version: Option<&String>| version.map_or_else(|| "not".to_owned(), Clone::clone);
    let lines = names
        .into_iter()
        .filter(|name| answer.get(*name) != question.expected.get(*name))
        .map(|name| format!("`{name}` {}, the lock {}", said(answer.get(name)), said(question.expected.get(name))));
    let lines: Vec<String> = lines.take(5).collect();
    Some(format!("`apt-get` would install other packages for {about}: {}", lines.join("; ")))
}
