//! Graphs drawn by other programs: Graphviz and Mermaid. Stages are boxes, steps stand in them with their place in the
//! order, and arrows go from what must be there to what needs it.

use super::{Base, CopyFrom, Estimates, Graph, Stage, Step, StepId, StepKind, describe, estimates};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// The graph in Graphviz's language.
pub fn dot(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n", dot_string(graph.image.value.as_str()));
    text.push_str("    rankdir=LR;\n    node [shape=box, fontname=\"monospace\"];\n");
    for (number, (stage, known)) in graph.stages.iter().zip(estimates(graph)).enumerate() {
        let _ = writeln!(text, "    subgraph cluster_{number} {{\n        label={};", dot_string(&title(stage)));
        let _ = writeln!(text, "        {} [label={}, style=rounded];", base_node(number), dot_string(&base(stage)));
        for (at, step) in stage.steps.iter().enumerate() {
            let label = dot_string(&label(at, step, &known));
            let _ = writeln!(text, "        {} [label={label}];", step_node(number, step.id));
        }
        text.push_str("    }\n");
    }
    for Arrow { from, to, between_stages } in arrows(graph) {
        let style = if between_stages { " [style=dashed]" } else { "" };
        let _ = writeln!(text, "    {from} -> {to}{style};");
    }
    text.push_str("}\n");
    text
}

/// The graph as a Mermaid flowchart, which many forges draw in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = String::from("flowchart LR\n");
    for (number, (stage, known)) in graph.stages.iter().zip(estimates(graph)).enumerate() {
        let _ = writeln!(text, "    subgraph stage{number}[{}]", mermaid_string(&title(stage)));
        let _ = writeln!(text, "        {}([{}])", base_node(number), mermaid_string(&base(stage)));
        for (at, step) in stage.steps.iter().enumerate() {
            let label = mermaid_string(&label(at, step, &known));
            let _ = writeln!(text, "        {}[{label}]", step_node(number, step.id));
        }
        text.push_str("    end\n");
    }
    for Arrow { from, to, between_stages } in arrows(graph) {
        let line = if between_stages { "-.->" } else { "-->" };
        let _ = writeln!(text, "    {from} {line} {to}");
    }
    text
}

/// An arrow between two nodes.
pub(super) struct Arrow {
    /// The node that must be there.
    pub from: String,
    /// The node that needs it.
    pub to: String,
    /// Whether they stand in two stages.
    pub between_stages: bool,
}

/// The arrows of a drawing. Of what a step needs only that is drawn which no other thing it needs needs already.
pub(super) fn arrows(graph: &Graph) -> Vec<Arrow> {
    let mut arrows = Vec::new();
    let numbers: BTreeMap<&str, usize> = graph
        .stages
        .iter()
        .enumerate()
        .filter_map(|(number, stage)| Some((stage.name.as_ref()?.value.as_str(), number)))
        .collect();
    for (number, stage) in graph.stages.iter().enumerate() {
        let mut between = |name: &str, to: String| {
            if let Some(other) = numbers.get(name) {
                arrows.push(Arrow { from: end_node(*other, &graph.stages[*other]), to, between_stages: true });
            }
        };
        if let Base::Stage(name) = &stage.base.value {
            between(name.as_str(), base_node(number));
        }
        for step in &stage.steps {
            if let StepKind::Copy(copy) = &step.kind
                && let CopyFrom::Stage(name) = &copy.from
            {
                between(name.as_str(), step_node(number, step.id));
            }
        }
        let mut reached: BTreeMap<StepId, BTreeSet<StepId>> = BTreeMap::new();
        for step in &stage.steps {
            let through: BTreeSet<StepId> =
                step.needs.iter().filter_map(|id| reached.get(id)).flatten().copied().collect();
            let to = step_node(number, step.id);
            let direct: Vec<&StepId> = step.needs.iter().filter(|id| !through.contains(id)).collect();
            if direct.is_empty() {
                arrows.push(Arrow { from: base_node(number), to: to.clone(), between_stages: false });
            }
            for id in direct {
                arrows.push(Arrow { from: step_node(number, *id), to: to.clone(), between_stages: false });
            }
            reached.insert(step.id, through.into_iter().chain(step.needs.iter().copied()).collect());
        }
    }
    arrows
}

/// A step at its place, with its chance of change and its cost.
pub(super) fn label(at: usize, step: &Step, known: &Estimates) -> String {
    format!("{}. {} ({})", at + 1, describe(step), known.steps[at])
}

pub(super) fn title(stage: &Stage) -> String {
    stage.name.as_ref().map_or_else(|| "final stage".to_owned(), |name| format!("stage {}", name.value))
}

pub(super) fn base(stage: &Stage) -> String {
    match &stage.base.value {
        Base::Scratch => "from scratch".to_owned(),
        Base::Registry(reference) => format!("from {reference}"),
        Base::Stage(name) => format!("from stage {name}"),
        Base::Image(name) => format!("from image {name}"),
    }
}

pub(super) fn base_node(stage: usize) -> String {
    format!("s{stage}")
}

pub(super) fn step_node(stage: usize, step: StepId) -> String {
    format!("s{stage}_{}", step.0)
}

/// What stands for a whole stage: its last step.
fn end_node(number: usize, stage: &Stage) -> String {
    stage.steps.last().map_or_else(|| base_node(number), |step| step_node(number, step.id))
}

fn dot_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " "))
}

fn mermaid_string(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            // Entities by number; a backtick would make it Markdown.
            '"' | '#' | '<' | '>' | '&' | '`' | ';' => {
                let _ = write!(escaped, "#{};", c as u32);
            }
            '\n' => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    format!("\"{escaped}\"")
}
