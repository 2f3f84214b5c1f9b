//! Joins small steps of the compiler's own with the RUN behind them: a layer for each would only cost. Only here, for only
//! the target decides which step becomes a RUN; runs of the user's are merged in the graph.

use super::instruction::{Body, Instruction, Joining, Placed, Run};
use crate::graph::Target;

/// `instructions` of one stage, with neighbours joined.
pub(super) fn join(instructions: Vec<Placed>, target: Target) -> Vec<Placed> {
    let mut joined: Vec<Placed> = Vec::with_capacity(instructions.len());
    for mut next in instructions {
        let previous = joined.last_mut();
        match previous.and_then(|previous| Some((neighbours(previous, &next)?, previous))) {
            Some((Neighbours::Joined(joining), previous)) => absorb(previous, next, joining),
            Some((Neighbours::Parted, _)) => {
                if target != Target::Classic {
                    part(&mut next);
                }
                joined.push(next);
            }
            None => joined.push(next),
        }
    }
    joined
}

/// What is to be done with two RUNs that stand next to each other and are alike.
enum Neighbours {
    /// They become one, which may be joined further in that way.
    Joined(Joining),
    /// They stay two, though a linter would have them joined (hadolint DL3059: two commands alone).
    Parted,
}

/// `None` for two instructions that do not concern each other.
fn neighbours(previous: &Placed, next: &Placed) -> Option<Neighbours> {
    let (Instruction::Run(previous), Instruction::Run(next)) = (&previous.instruction, &next.instruction) else {
        return None;
    };
    let (Body::Chain(first), Body::Chain(second)) = (&previous.body, &next.body) else { return None };
    if previous.mounts != next.mounts || previous.network != next.network {
        return None;
    }
    let both_alone = first.len() == 1 && second.len() == 1;
    match (previous.joining, next.joining) {
        (Joining::Free, Joining::Free) => Some(Neighbours::Joined(Joining::Free)),
        // What ran the first again would run the second anyway.
        (Joining::Free, kept @ Joining::Kept { .. }) => Some(Neighbours::Joined(kept)),
        // The other way round a change of the second now runs the first again.
        (kept @ Joining::Kept { leaves_state: false }, Joining::Free) if both_alone => Some(Neighbours::Joined(kept)),
        _ => both_alone.then_some(Neighbours::Parted),
    }
}

fn absorb(previous: &mut Placed, next: Placed, joining: Joining) {
    if let (Instruction::Run(run), Instruction::Run(Run { body: Body::Chain(more), .. })) =
        (&mut previous.instruction, next.instruction)
        && let Body::Chain(chain) = &mut run.body
    {
        chain.extend(more);
        run.joining = joining;
    }
    for origin in next.origins {
        if !previous.origins.contains(&origin) {
            previous.origins.push(origin);
        }
    }
    previous.steps.extend(next.steps);
}

/// Writes a command alone as a script of one line.
fn part(placed: &mut Placed) {
    if let Instruction::Run(run) = &mut placed.instruction
        && let Body::Chain(chain) = &run.body
    {
        let lines: Vec<String> = chain.iter().map(|statement| statement.0.join(" ")).collect();
        run.body = Body::Lines(format!("set -e\n{}", lines.join("\n")));
    }
}
