//! Why there is no closure: in words.

use super::asked::Refusal;
use super::solve::{Need, Out, Run};
use super::universe::{Id, Name};
use std::collections::BTreeSet;

impl Run<'_> {
    /// The chain that leads to what the package needs, from what was asked for.
    pub(super) fn chain(&self, by: Option<Id>) -> Vec<String> {
        let mut chain = Vec::new();
        let mut seen = BTreeSet::new();
        let mut next = by;
        while let Some(id) = next.filter(|id| seen.insert(*id)) {
            let Some(need) = self.because.get(&id).and_then(|name| self.needs.get(name)) else { break };
            next = need.by;
            if let Some(by) = need.by {
                chain.push(format!("{} needs {}", self.universe.packages[by].text(), need.text));
            }
        }
        chain.reverse();
        chain
    }

    pub(super) fn refusal(&self, need: &Need, why: String) -> Refusal {
        let mut chain = self.chain(need.by);
        chain.extend(need.by.map(|by| format!("{} needs {}", self.universe.packages[by].text(), need.text)));
        Refusal { chain, why }
    }

    /// Why nothing is left that provides `name`.
    pub(super) fn none(&self, name: Name) -> Refusal {
        let about = &self.universe.about[name];
        let Some(need) = self.needs.get(&name) else {
            return Refusal::plain(format!("nothing is left that is `{}`", about.text));
        };
        if about.providers.is_empty() {
            return self.refusal(need, self.unknown(&about.text));
        }
        self.refusal(need, self.nothing_is(&need.text, name, 0))
    }

    /// That nothing is left that is `text`, and why.
    fn nothing_is(&self, text: &str, name: Name, depth: usize) -> String {
        const SHOWN: usize = 4;
        let providers = &self.universe.about[name].providers;
        let reason = |(id, _): &(Id, usize)| {
            let out = self.excluded.get(id)?;
            Some(format!("{} cannot be: {}", self.universe.packages[*id].text(), self.reason(out, depth + 1)))
        };
        let mut reasons: Vec<String> = providers.iter().filter_map(reason).take(SHOWN).collect();
        if providers.len() > SHOWN {
            reasons.push(format!("and {} more", providers.len() - SHOWN));
        }
        format!("nothing is left that is `{text}`: {}", reasons.join("; "))
    }

    pub(super) fn reason(&self, out: &Out, depth: usize) -> String {
        const DEEPEST: usize = 4;
        match out {
            Out::For(why) => why.clone(),
            Out::Without(text, _) if depth >= DEEPEST => format!("nothing is left that is `{text}`"),
            Out::Without(text, name) => self.nothing_is(text, *name, depth),
        }
    }

    pub(super) fn unknown(&self, name: &str) -> String {
        format!("no package is or provides `{name}`")
    }

    pub(super) fn undecided(&self, name: Name, candidates: &[(Id, usize)]) -> Refusal {
        let names: Vec<String> = candidates.iter().map(|(id, _)| self.universe.packages[*id].text()).collect();
        let why = format!(
            "`{}` is provided by {}, and apk's rules prefer none of them",
            self.universe.about[name].text,
            names.join(" and ")
        );
        match self.needs.get(&name) {
            Some(need) => self.refusal(need, why),
            None => Refusal::plain(why),
        }
    }

    /// Why two closures are none.
    pub(super) fn differs(&self, other: &Self) -> Refusal {
        let only = |one: &Self, other: &Self| {
            let mut only = one.selected.difference(&other.selected).map(|id| one.universe.packages[*id].text());
            only.next().unwrap_or_else(|| "nothing".to_owned())
        };
        Refusal::plain(format!(
            "the closure depends on the order in which apk chooses: it has {} or {}",
            only(self, other),
            only(other, self)
        ))
    }
}
