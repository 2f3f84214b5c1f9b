//! Makes one step of runs that stand next to each other and differ in nothing but their commands. What ran the first
//! again ran the second too, so that no cache is lost but that of the first when the second's own text changes.
//! A run that leaves something behind in its shell (a directory, a variable, an option) stays alone: in one shell the
//! next would find it.

use super::merge_neighbours;
use crate::diagnostic::{Diagnostics, Reported};
use crate::graph::{Graph, Reads, Step, StepKind, shell};
use crate::order::Orders;

pub(super) fn run(graph: &mut Graph, _: &Orders, _: &mut Diagnostics) -> Result<(), Reported> {
    graph.stages.iter_mut().for_each(|stage| merge_neighbours(stage, merge));
    Ok(())
}

fn merge(first: &mut Step, second: &Step) -> bool {
    if first.expected != second.expected {
        return false;
    }
    let (StepKind::Run(one), StepKind::Run(other)) = (&mut first.kind, &second.kind) else { return false };
    let alike = one.generated == other.generated
        && one.mounts == other.mounts
        && one.network == other.network
        && one.env == other.env
        && !one.commands.iter().any(|text| leaves_state(&text.value))
        && one.user.as_ref().map(|user| &user.value) == other.user.as_ref().map(|user| &user.value);
    if alike {
        one.commands.extend(other.commands.iter().cloned());
        first.reads = match (&first.reads, &second.reads) {
            (Reads::Paths(one), Reads::Paths(other)) => Reads::Paths(one.iter().chain(other).cloned().collect()),
            _ => Reads::EverythingAbove,
        };
    }
    alike
}

/// Whether a text changes the shell that runs it, as far as that can be seen; what cannot be read may.
fn leaves_state(text: &str) -> bool {
    shell::analyse(text).map_or(true, |analysis| analysis.compound || analysis.leaves_state())
}
