//! Floor 7: rules. Each looks at the build graph for one flaw, after which it is named, and is a file here: its code,
//! its level, its check and its tests. [`RULES`] is the list of them; a rule's page is `diagnostic/pages/<name>.md`.

mod levels;
mod scene;
#[cfg(test)]
mod testing;

mod unpinned_base;

use crate::base::World;
use crate::diagnostic::{Code, Diagnostic, Diagnostics};
use crate::graph::{Graph, Level};
use levels::Levels;
use scene::Scene;

/// The rules, in the order in which `imgspec schema` lists them: what the build takes in, what it keeps, what it runs
/// and what comes out.
static RULES: &[&Rule] = &[
    &unpinned_base::RULE, // whatever else is pinned stands on it
];

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

    /// The same rule, asking for pins.
    const fn for_pins(self) -> Self {
        Self { pins: true, ..self }
    }
}

/// What one rule found in one stage.
#[derive(Default)]
struct Findings(Vec<Finding>);

struct Finding {
    diagnostic: Diagnostic,
    /// How loud it is unless a spec says otherwise, if not as loud as its rule.
    level: Option<Level>,
}

impl Findings {
    /// Tells `diagnostic`, as loud as the rule is. Its severity is the engine's to set.
    fn tell(&mut self, diagnostic: Diagnostic) {
        self.0.push(Finding { diagnostic, level: None });
    }

    /// Tells `diagnostic`, an error unless a spec says otherwise, however loud the rule is.
    fn deny(&mut self, diagnostic: Diagnostic) {
        self.0.push(Finding { diagnostic, level: Some(Level::Deny) });
    }
}

/// Tells what the rules find in `graph`, as it was lowered, before any pass: a stage that nothing reaches is still in it
/// for `unused-stage` to see, each node of the spec is a step of its own, and the order is the source's.
///
/// A finding at level deny is an error, one at level warn a warning. Of the settings for its rule the last one of its
/// stage counts, else the last one of the graph, else the rule's own level. An `allow` that allowed nothing is told,
/// unless it stands outside the image, where another may need it.
pub fn check(graph: &Graph, world: &dyn World, diagnostics: &mut Diagnostics) {
    let mut levels = Levels::new(graph);
    for stage in &graph.stages {
        let scene = Scene::new(graph, stage, world);
        for rule in RULES {
            let mut findings = Findings::default();
            (rule.check)(&scene, &mut findings);
            for Finding { diagnostic, level } in findings.0 {
                let level = levels.of(rule, stage).unwrap_or(level.unwrap_or(rule.level));
                match level {
                    _ if graph.unlocked && rule.pins => {}
                    Level::Allow => {}
                    Level::Warn => diagnostics.warn(diagnostic),
                    Level::Deny => {
                        diagnostics.error(diagnostic);
                    }
                }
            }
        }
    }
    levels.tell(diagnostics);
}

/// The rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    RULES.iter().copied()
}

/// Their names, in the order of [`all`].
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|rule| rule.code.name)
}

#[cfg(test)]
mod tests {
    use super::testing::{Image, files};
    use super::*;
    use crate::diagnostic::Severity;

    /// What is told of `unpinned-base` and of settings.
    fn tell(image: Image, expected: &[&str]) {
        let mut diagnostics = Diagnostics::new();
        check(&image.graph(), &files(&[]), &mut diagnostics);
        let told = diagnostics.into_sorted().into_iter();
        let told = told.filter(|d| ["unpinned-base", "needless-allow", "unknown-name"].contains(&d.code.name));
        let line = |d: Diagnostic| {
            let level = if d.severity == Severity::Error { "error" } else { "warning" };
            [format!("{level}[{}]", d.code.name)].into_iter().chain(d.hints).collect::<Vec<_>>().join(": ")
        };
        assert_eq!(told.map(line).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn levels() {
        let (allow, warn, deny) = (Level::Allow, Level::Warn, Level::Deny);
        let image = || Image::from("debian:12");
        let hint = "write `debian:12@sha256:…`, or compile with --unlocked";
        let [error, warning] = ["error", "warning"].map(|level| format!("{level}[unpinned-base]: {hint}"));
        tell(image(), &[&error]);
        tell(image().rule(warn, "unpinned-base", false), &[&warning]);
        tell(image().rule(allow, "unpinned-base", false).rule(warn, "unpinned-base", false), &[
            &warning,
            "warning[needless-allow]: remove this `allow`",
        ]);
        tell(image().rule(warn, "unpinned-base", true).rule(deny, "unpinned-base", false), &[&warning]);
        tell(image().rule(allow, "unpinned-base", false), &[]);
        tell(image().rule(allow, "unpinned-base", true), &[]);
        tell(image().unlocked(), &[]);
        tell(image().unlocked().rule(allow, "unpinned-base", true), &[]);
        tell(image().rule(allow, "unpinned-bsae", true), &[&error, "error[unknown-name]: did you mean `unpinned-base`?"]);
        let shared = image().stage("a", "scratch").rule(allow, "unpinned-base", true);
        tell(shared, &[&error, "warning[needless-allow]: remove this `allow`"]);
    }

    #[test]
    fn names_and_pages() {
        for rule in all() {
            let page = rule.code.page;
            assert!(page.starts_with(&format!("# {}\n", rule.code.name)), "{}", rule.code.name);
        }
        let sorted: std::collections::BTreeSet<_> = names().collect();
        assert_eq!(sorted.len(), names().count(), "two rules have one name");
    }
}
