//! Joins small steps of the compiler's own with the RUN next to them: a layer for each would only cost, and a linter
//! asks for one (hadolint DL3059). Only here, for only the target decides which step becomes a RUN; runs of the user's
//! are merged in the graph.

use super::instruction::{Body, Instruction, Joining, Placed, Run};

/// `instructions` of one stage, with neighbours joined.
pub(super) fn join(instructions: Vec<Placed>) -> Vec<Placed> {
    let mut joined: Vec<Placed> = Vec::with_capacity(instructions.len());
    for next in instructions {
        match joined.last_mut() {
            Some(previous) if can_join(previous, &next) => absorb(previous, next),
            _ => joined.push(next),
        }
    }
    joined
}

fn can_join(previous: &Placed, next: &Placed) -> bool {
    let (Instruction::Run(previous), Instruction::Run(next)) = (&previous.instruction, &next.instruction) else {
        return false;
    };
    let same = previous.mounts == next.mounts && previous.network == next.network;
    let chains = matches!((&previous.body, &next.body), (Body::Chain(_), Body::Chain(_)));
    same && chains && joining(previous, next).is_some()
}

/// How what two RUNs become may be joined further; `None` if they cannot become one.
fn joining(previous: &Run, next: &Run) -> Option<Joining> {
    match (previous.joining, next.joining) {
        (Joining::Free, Joining::Free) => Some(Joining::Free),
        (Joining::Free, kept @ Joining::Kept { .. })
        | (kept @ Joining::Kept { leaves_state: false }, Joining::Free) => Some(kept),
        _ => None,
    }
}

fn absorb(previous: &mut Placed, next: Placed) {
    let (Instruction::Run(run), Instruction::Run(other)) = (&mut previous.instruction, next.instruction) else {
        return;
    };
    let Some(joining) = joining(run, &other) else { return };
    if let (Body::Chain(chain), Body::Chain(more)) = (&mut run.body, other.body) {
        chain.extend(more);
    }
    run.joining = joining;
    for origin in next.origins {
        if !previous.origins.contains(&origin) {
            previous.origins.push(origin);
        }
    }
    previous.steps.extend(next.steps);
}
