//! Two lists of facts → what changed.

use super::facts::{Aspect, Fact, Part};
use crate::base::Span;
use serde::Serialize;
use similar::TextDiff;
use std::collections::{BTreeMap, BTreeSet};

/// One thing that is not the same in both states of an image.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Change {
    /// Its stage, as the later state calls it; the final one has no name.
    pub stage: String,
    /// What it is about.
    pub aspect: Aspect,
    /// What of that.
    pub subject: String,
    /// What that was called before, if otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subject_before: Option<String>,
    /// What was said of it; nothing if it was not there.
    #[serde(serialize_with = "parts")]
    pub before: Option<Vec<Part>>,
    /// What is said of it; nothing if it is gone.
    #[serde(serialize_with = "parts")]
    pub after: Option<Vec<Part>>,
}

/// A change, and where it comes from.
#[derive(Debug, Clone)]
pub struct Found {
    /// It.
    pub change: Change,
    /// The places that said what was before.
    pub before: Vec<Span>,
    /// The places that say what is now.
    pub after: Vec<Span>,
}

impl Change {
    /// A part of what was before and of what is now.
    pub fn part(&self, name: &str) -> (Option<&str>, Option<&str>) {
        (part(self.before.as_deref(), name), part(self.after.as_deref(), name))
    }

    /// Whether it is about something that was not there.
    pub fn is_new(&self) -> bool {
        self.before.is_none() && self.after.is_some()
    }

    /// Whether it is about a package that is there because others need it.
    pub fn is_transitive(&self) -> bool {
        let (before, after) = self.part("needed");
        self.aspect == Aspect::Package && (after.is_some() || (self.after.is_none() && before.is_some()))
    }
}

fn part<'p>(parts: Option<&'p [Part]>, wanted: &str) -> Option<&'p str> {
    parts?.iter().find(|(name, _)| *name == wanted).map(|(_, text)| text.as_str())
}

fn parts<S: serde::Serializer>(parts: &Option<Vec<Part>>, serializer: S) -> Result<S::Ok, S::Error> {
    let named = |(name, text): &Part| (if name.is_empty() { "value" } else { name }, text.clone());
    let map = parts.as_ref().map(|parts| {
        let mut map: BTreeMap<&str, String> = BTreeMap::new();
        for (name, text) in parts.iter().map(named) {
            map.entry(name).and_modify(|known| *known = format!("{known} {text}")).or_insert(text);
        }
        map
    });
    map.serialize(serializer)
}

/// A stage, an aspect of it, and what of that.
type Key = (String, Aspect, String);

/// What changed from `before` to `after`, both as [`super::facts::facts`] gives them.
pub fn changes(before: Vec<Fact>, after: Vec<Fact>) -> Vec<Found> {
    let mut found = Vec::new();
    let before = with_new_stage_names(before, &after, &mut found);
    let (mut gone, mut new) = (Vec::new(), Vec::new());
    // The facts before and after of one stage, aspect and subject.
    let mut pairs: BTreeMap<Key, [Vec<Fact>; 2]> = BTreeMap::new();
    let key = |fact: &Fact| (fact.stage.clone(), fact.aspect, fact.subject.clone());
    for fact in before {
        pairs.entry(key(&fact)).or_default()[0].push(fact);
    }
    for fact in after {
        pairs.entry(key(&fact)).or_default()[1].push(fact);
    }
    for [mut before, mut after] in pairs.into_values() {
        before.retain(|fact| match after.iter().position(|other| other.parts == fact.parts) {
            Some(at) => {
                after.remove(at);
                false
            }
            None => true,
        });
        let mut after = after.into_iter();
        for fact in before {
            match after.next() {
                Some(other) => found.push(change(Some(fact), Some(other))),
                None => gone.push(fact),
            }
        }
        new.extend(after);
    }
    pair_moved(&mut gone, &mut new, &mut found);
    found.extend(gone.into_iter().map(|fact| change(Some(fact), None)));
    found.extend(new.into_iter().map(|fact| change(None, Some(fact))));
    found.sort_by(|a, b| a.change.cmp(&b.change));
    found
}

fn change(before: Option<Fact>, after: Option<Fact>) -> Found {
    let of = |fact: &Fact| (fact.stage.clone(), fact.aspect, fact.subject.clone());
    let nothing = || (String::new(), Aspect::Order, String::new());
    let (stage, aspect, subject) = after.as_ref().or(before.as_ref()).map_or_else(nothing, of);
    let subject_before =
        before.as_ref().map(|fact| fact.subject.clone()).filter(|before| after.is_some() && *before != subject);
    let (before, before_places) = before.map(|fact| (fact.parts, fact.places)).unzip();
    let (after, after_places) = after.map(|fact| (fact.parts, fact.places)).unzip();
    Found {
        change: Change { stage, aspect, subject, subject_before, before, after },
        before: before_places.unwrap_or_default(),
        after: after_places.unwrap_or_default(),
    }
}

/// `before` with the stages called as in `after`, where one has another name and says much the same.
fn with_new_stage_names(before: Vec<Fact>, after: &[Fact], found: &mut Vec<Found>) -> Vec<Fact> {
    fn names(facts: &[Fact]) -> BTreeSet<String> {
        facts.iter().map(|fact| fact.stage.clone()).collect()
    }
    let (old, new) = (names(&before), names(after));
    let mut free: Vec<&String> = new.difference(&old).collect();
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for gone in old.difference(&new).filter(|name| !name.is_empty()) {
        let said = |facts: &[Fact], stage: &str| -> BTreeSet<(Aspect, String, Vec<Part>)> {
            let of = facts.iter().filter(|fact| fact.stage == stage && fact.aspect != Aspect::Stage);
            of.map(|fact| (fact.aspect, fact.subject.clone(), fact.parts.clone())).collect()
        };
        let own = said(&before, gone);
        let likeness = |name: &str| {
            let other = said(after, name);
            (2 * own.intersection(&other).count(), own.len() + other.len())
        };
        let best = free.iter().enumerate().max_by_key(|(_, name)| likeness(name).0);
        if let Some((at, name)) = best.map(|(at, name)| (at, (*name).clone())) {
            let (same, all) = likeness(&name);
            if 2 * same >= all && same > 0 {
                free.remove(at);
                renamed.insert(gone.clone(), name);
            }
        }
    }
    let mut before = before;
    for fact in &mut before {
        if let Some(name) = renamed.get(&fact.stage) {
            fact.stage.clone_from(name);
        }
        // What is copied from the stage is copied from it still, and what starts from it does.
        for (part, text) in &mut fact.parts {
            let is_name = *part == "of" || fact.aspect == Aspect::Base;
            if let Some(name) = text.strip_prefix("stage ").filter(|_| is_name).and_then(|name| renamed.get(name)) {
                *text = format!("stage {name}");
            }
        }
    }
    for (old, new) in renamed {
        let is_it = |fact: &&Fact| fact.aspect == Aspect::Stage && fact.stage == new;
        let places = after.iter().find(is_it).map(|fact| fact.places.clone()).unwrap_or_default();
        if let Some(at) = before.iter().position(|fact| fact.aspect == Aspect::Stage && fact.subject == old) {
            let fact = before.remove(at);
            let change = Change {
                stage: new.clone(),
                aspect: Aspect::Stage,
                subject: new.clone(),
                subject_before: Some(old),
                before: Some(fact.parts.clone()),
                after: Some(fact.parts.clone()),
            };
            found.push(Found { change, before: fact.places.clone(), after: places });
            before.push(Fact { subject: new, ..fact });
        }
    }
    before
}

/// Finds what is the same under another name: files that moved, commands that were edited, a port in another's place.
fn pair_moved(gone: &mut Vec<Fact>, new: &mut Vec<Fact>, found: &mut Vec<Found>) {
    let moves = [Aspect::File, Aspect::Fetch, Aspect::Git, Aspect::Step, Aspect::Raw];
    let is_file = |fact: &Fact| moves.contains(&fact.aspect);
    let is_edited = |a: &Fact, b: &Fact| {
        let text = |fact: &Fact| fact.parts.first().map(|(_, text)| text.clone()).unwrap_or_default();
        let written = matches!(a.aspect, Aspect::Step | Aspect::Raw);
        written && TextDiff::from_chars(cut(&text(a)).as_str(), cut(&text(b)).as_str()).ratio() >= 0.5
    };
    let lone = |facts: &[Fact], fact: &Fact| {
        facts.iter().filter(|other| other.stage == fact.stage && other.aspect == fact.aspect).count() == 1
    };
    type Judge<'j> = &'j dyn Fn(&Fact, &Fact, &[Fact], &[Fact]) -> bool;
    let judges: [Judge<'_>; 3] =
        [&|a, b, _, _| is_file(a) && a.parts == b.parts, &|a, b, _, _| is_edited(a, b), &|a, b, gone, new| {
            a.aspect == Aspect::Expose && lone(gone, a) && lone(new, b)
        }];
    for judge in judges {
        let mut at = 0;
        while at < gone.len() {
            let fact = &gone[at];
            let same = |other: &&Fact| other.stage == fact.stage && other.aspect == fact.aspect;
            let other = new.iter().position(|other| same(&other) && judge(fact, other, gone, new));
            match other {
                Some(other) => {
                    let (before, after) = (gone.remove(at), new.remove(other));
                    found.push(change(Some(before), Some(after)));
                }
                None => at += 1,
            }
        }
    }
}

/// The start of a text, so that long ones are compared in little time.
fn cut(text: &str) -> String {
    text.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fact(text: &str) -> Fact {
        let words: Vec<&str> = text.split_whitespace().collect();
        let aspect = match words[1] {
            "env" => Aspect::Env,
            "file" => Aspect::File,
            "run" => Aspect::Step,
            "stage" => Aspect::Stage,
            "base" => Aspect::Base,
            _ => Aspect::Expose,
        };
        let parts = words.get(3).map(|value| ("", value.replace('_', " "))).into_iter().collect();
        let stage = if words[0] == "-" { "" } else { words[0] };
        Fact { stage: stage.to_owned(), aspect, subject: words[2].to_owned(), parts, places: Vec::new() }
    }

    fn check(before: &[&str], after: &[&str], expected: &[&str]) {
        let facts = |list: &[&str]| list.iter().map(|text| fact(text)).collect::<Vec<_>>();
        let shown = changes(facts(before), facts(after)).into_iter().map(|found| {
            let Change { stage, aspect, subject, subject_before, before, after } = found.change;
            let text = |parts: Option<Vec<Part>>| match parts {
                Some(parts) => parts.first().map_or("yes".to_owned(), |(_, text)| text.clone()),
                None => "none".to_owned(),
            };
            let was = subject_before.map(|was| format!("{was}=>")).unwrap_or_default();
            format!("{stage} {} {was}{subject} {} -> {}", aspect.as_str(), text(before), text(after))
        });
        assert_eq!(shown.collect::<Vec<_>>(), expected, "{before:?} {after:?}");
    }

    #[test]
    fn what_changed() {
        check(&["- env A 1"], &["- env A 1"], &[]);
        check(&["- env A 1"], &["- env A 2", "- env B 1"], &[" env A 1 -> 2", " env B none -> 1"]);
        check(&["- env P a", "- env P b"], &["- env P b", "- env P c"], &[" env P a -> c"]);
        check(&["- file /a x"], &["- file /b x"], &[" file /a=>/b x -> x"]);
        check(&["- file /a x"], &["- file /b y"], &[" file /a x -> none", " file /b none -> y"]);
        check(&["- run m make_all"], &["- run n make_all_-j"], &[" run m=>n make all -> make all -j"]);
        check(&["- run m make"], &["- run n echo"], &[" run m make -> none", " run n none -> echo"]);
        check(&["- port 80"], &["- port 90"], &[" expose 80=>90 yes -> yes"]);
        check(
            &["- port 80"],
            &["- port 90", "- port 91"],
            &[" expose 80 yes -> none", " expose 90 none -> yes", " expose 91 none -> yes"],
        );
        check(
            &["b stage b", "b base x go", "b env A 1", "- base x stage_b"],
            &["c stage c", "c base x go", "c env A 2", "- base x stage_c"],
            &["c stage b=>c yes -> yes", "c env A 1 -> 2"],
        );
    }
}
