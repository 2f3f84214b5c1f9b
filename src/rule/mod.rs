//! Floor 7: rules. Each looks at the build graph for one flaw, after which it is named, and is a file here: its code,
//! its level, its check and its tests. [`RULES`] is the list of them; a rule's page is `diagnostic/pages/<name>.md`.

mod levels;
mod scene;
mod started;
#[cfg(test)]
mod testing;

mod cache_in_layer;
mod cd_in_run;
mod chatty_wget;
mod copied_filesystem;
mod curl_and_wget;
mod dangling_read;
mod existing_user;
mod flawed_instruction;
mod invalid_label_key;
mod key_made_in_build;
mod large_lastlog;
mod missing_lock_file;
mod missing_program;
mod missing_source;
mod named_user;
mod packages_in_run;
mod piped_download;
mod pointless_program;
mod privileged_port;
mod replaced_shell;
mod root_at_runtime;
mod run_without_reads;
mod secret_in_env;
mod shell_form_entrypoint;
mod sudo_in_run;
mod unexecutable_program;
mod unexpanded_variable;
mod unpacked_in_run;
mod unpinned_base;
mod unpinned_fetch;
mod unpinned_git;
mod unpinned_install;
mod unpinned_package;
mod unused_arg;
mod unused_stage;

pub use levels::tell_needless;
pub use secret_in_env::is_secret;

use crate::base::{Span, World};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Reported};
use crate::graph::{Graph, Level};
use scene::Scene;
use std::collections::BTreeMap;

/// The rules, in the order in which `imgspec schema` lists them: what the build takes in, what it keeps, what it runs
/// and what comes out.
static RULES: &[&Rule] = &[
    // Pins: what the build takes in.
    &unpinned_base::RULE,     // a tag moves
    &unpinned_package::RULE,  // a distribution and an index move
    &unpinned_install::RULE,  // so does an index that shell text installs from
    &missing_lock_file::RULE, // a package manager chooses anew
    &unpinned_fetch::RULE,    // a server answers as it likes
    &unpinned_git::RULE,      // a branch moves, and so may a tag
    // What the build takes from its context and stages.
    &missing_source::RULE,    // the build would fail
    &unused_stage::RULE,      // it is built for nothing, or its copy was forgotten
    &copied_filesystem::RULE, // one layer, and nothing of the config
    &existing_user::RULE,     // the build would fail
    // What steps wait for.
    &run_without_reads::RULE, // it is executed more often than it need be
    &unused_arg::RULE,        // it was meant to be read
    &dangling_read::RULE,     // it may be executed too early, and too seldom
    // What runs while the image is built, in the spec's own shell text.
    &piped_download::RULE,    // code that nobody has seen
    &packages_in_run::RULE,   // the compiler cannot see them
    &cache_in_layer::RULE,    // nothing reads it there
    &unpacked_in_run::RULE,   // the image holds it twice
    &sudo_in_run::RULE,       // it is root's anyway
    &cd_in_run::RULE,         // it holds further than it seems, and not as far
    &curl_and_wget::RULE,     // one is enough
    &chatty_wget::RULE,       // a log of dots
    &pointless_program::RULE, // there is nothing for it to work on
    &replaced_shell::RULE,    // scripts of packages expect the other
    &large_lastlog::RULE,     // holes that are none in a layer
    &key_made_in_build::RULE, // whoever has the image has it
    // What the image says, and how its container runs.
    &flawed_instruction::RULE,    // what the nodes cannot say, and linters find
    &unexpanded_variable::RULE,   // the image gets the dollar sign
    &secret_in_env::RULE,         // whoever has the image reads it
    &root_at_runtime::RULE,       // a hole in the program is one in more than the program
    &named_user::RULE,            // only the image itself tells the number
    &privileged_port::RULE,       // not every runtime lets it be opened
    &missing_program::RULE,       // the container would not start, or be unhealthy
    &unexecutable_program::RULE,  // it would not start
    &shell_form_entrypoint::RULE, // the shell keeps signals to itself
    &invalid_label_key::RULE,     // tools look for other keys
];

/// The hint of rules that ask for a pin.
const RUN_LOCK: &str = "run `imgspec lock`, or compile with --unlocked";

/// A rule.
pub struct Rule {
    /// Its name and page.
    pub code: Code,
    /// How loud it is unless a spec says otherwise.
    pub level: Level,
    /// Whether it asks for pins, so that `--unlocked` silences it.
    pub pins: bool,
    check: fn(&Scene<'_>, &mut Findings),
}

impl Rule {
    /// A rule whose findings are errors unless a spec says otherwise.
    const fn deny(code: Code, check: fn(&Scene<'_>, &mut Findings)) -> Self {
        Self { code, level: Level::Deny, pins: false, check }
    }

    /// A rule whose findings are warnings unless a spec says otherwise.
    const fn warn(code: Code, check: fn(&Scene<'_>, &mut Findings)) -> Self {
        Self { code, level: Level::Warn, pins: false, check }
    }

    /// What it finds: the beginning of its page, up to the first full stop or colon.
    pub fn summary(&self) -> String {
        let paragraph = self.code.page.split("\n\n").nth(1).unwrap_or_default().replace('\n', " ");
        let end = [". ", ": "].iter().filter_map(|end| paragraph.find(end)).min();
        paragraph[..end.unwrap_or(paragraph.len())].trim_end_matches('.').to_owned()
    }

    /// The same rule, asking for pins.
    const fn for_pins(self) -> Self {
        Self { pins: true, ..self }
    }
}

/// What one rule found in one stage.
#[derive(Default)]
struct Findings {
    list: Vec<Finding>,
    /// How many there were at each place.
    counts: BTreeMap<Option<Span>, usize>,
}

struct Finding {
    diagnostic: Diagnostic,
    /// How loud it is unless a spec says otherwise, if not as loud as its rule.
    level: Option<Level>,
}

impl Findings {
    /// How many of one rule are told at one place: a text of megabytes can hold any number.
    const MAX_AT_ONE_PLACE: usize = 20;

    /// Tells `diagnostic`, as loud as the rule is. Its severity is the engine's to set.
    fn tell(&mut self, diagnostic: Diagnostic) {
        self.push(Finding { diagnostic, level: None });
    }

    /// Tells `diagnostic`, an error unless a spec says otherwise, however loud the rule is.
    fn deny(&mut self, diagnostic: Diagnostic) {
        self.push(Finding { diagnostic, level: Some(Level::Deny) });
    }

    fn push(&mut self, finding: Finding) {
        let count = self.counts.entry(finding.diagnostic.span()).or_default();
        *count += 1;
        if *count <= Self::MAX_AT_ONE_PLACE {
            self.list.push(finding);
        }
    }

    /// What is told, the last at a place with how many more there are.
    fn into_list(mut self) -> Vec<Finding> {
        for (span, count) in self.counts.iter().filter(|(_, count)| **count > Self::MAX_AT_ONE_PLACE) {
            if let Some(last) = self.list.iter_mut().rfind(|finding| finding.diagnostic.span() == *span) {
                let more = count - Self::MAX_AT_ONE_PLACE;
                last.diagnostic.hints.push(format!("there are {more} more of this kind here"));
            }
        }
        self.list
    }
}

/// Tells what the rules find in `graph`, as it was lowered, before any pass: a stage that nothing reaches is still in it
/// for `unused-stage` to see, each node of the spec is a step of its own, and the order is the source's.
///
/// A finding at level deny is an error, one at level warn a warning. Of the settings for its rule the last one of its
/// stage counts, else the last one of the graph, else the rule's own level. An `allow` that allowed nothing is told,
/// unless it stands outside the image, where another may need it ([`tell_needless`]). `Err` if anything was an error.
pub fn check(graph: &Graph, world: &dyn World, diagnostics: &mut Diagnostics) -> Result<(), Reported> {
    let mut checked = Ok(());
    let facts = scene::facts(graph);
    for (at, stage) in graph.stages.iter().enumerate() {
        let scene = Scene::new(graph, at, world, &facts);
        for rule in RULES {
            let mut findings = Findings::default();
            (rule.check)(&scene, &mut findings);
            for Finding { diagnostic, level } in findings.into_list() {
                let level = levels::set_by(graph, rule, stage, diagnostics).or(level).unwrap_or(rule.level);
                match level {
                    _ if graph.unlocked && rule.pins => {}
                    Level::Allow => {}
                    Level::Warn => diagnostics.warn(diagnostic),
                    Level::Deny => checked = Err(diagnostics.error(diagnostic)),
                }
            }
        }
    }
    levels::tell(graph, diagnostics).and(checked)
}

/// The rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied()
}

/// A table of them in Markdown, as `docs/rules.md` has it.
pub fn table() -> String {
    let mut table = String::from("| rule | level | finds |\n|---|---|---|\n");
    for rule in all() {
        let level = if rule.level == Level::Deny { "deny" } else { "warn" };
        table.push_str(&format!("| `{}` | {level} | {} |\n", rule.code.name, rule.summary()));
    }
    table
}

/// Their names, in the order of [`all`].
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|rule| rule.code.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::MemoryWorld;
    use crate::diagnostic::Severity;
    use std::collections::BTreeSet;

    /// What is told of `unpinned-base` and of settings in the image of that body.
    fn tell(body: &str, unlocked: bool, expected: &[&str]) {
        let world = MemoryWorld::default();
        let graph = Graph { unlocked, ..testing::graph(body, &world) };
        let mut diagnostics = Diagnostics::new();
        let _ = check(&graph, &world, &mut diagnostics);
        let told = diagnostics.into_sorted().into_iter();
        let told = told.filter(|d| ["unpinned-base", "needless-allow", "unknown-name"].contains(&d.code.name));
        let line = |d: Diagnostic| {
            let level = if d.severity == Severity::Error { "error" } else { "warning" };
            format!("{level}[{}]: {}", d.code.name, d.message)
        };
        assert_eq!(told.map(line).collect::<Vec<_>>(), expected, "{body}");
    }

    #[test]
    fn levels() {
        let error = "error[unpinned-base]: `debian` has no digest in the lock";
        let warning = "warning[unpinned-base]: `debian` has no digest in the lock";
        let needless = "warning[needless-allow]: rule `unpinned-base` finds nothing here to allow";
        let allow = "rules { allow \"unpinned-base\" reason=\"a test\"; }";
        let warn = "rules { warn \"unpinned-base\"; }";
        let deny = "rules { deny \"unpinned-base\"; }";
        let from = "from \"debian\"";
        tell(from, false, &[error]);
        tell(from, true, &[]);
        tell(&format!("{from}; {warn}"), false, &[warning]);
        tell(&format!("{from}; {allow}"), false, &[]);
        tell(&format!("{from}; {allow}"), true, &[]);
        tell(&format!("{from}; {deny}; {allow}"), false, &[]);
        tell(&format!("{from}; {allow}; {warn}"), false, &[warning, needless]);
        tell(&format!("from scratch; {allow}"), false, &[needless]);
        tell(&format!("{warn}; stage \"a\" {{ {from}; {deny}; }}; from stage=\"a\""), false, &[error]);
        tell(&format!("stage \"a\" {{ {from}; {allow}; }}; {from}"), false, &[error]);
        tell(
            "from scratch; rules { warn \"unpinned-bsae\"; }",
            false,
            &["error[unknown-name]: there is no rule `unpinned-bsae`"],
        );
    }

    #[test]
    fn names_differ() {
        assert_eq!(names().collect::<BTreeSet<_>>().len(), names().count());
    }
}
