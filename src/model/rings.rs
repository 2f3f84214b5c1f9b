//! Things that need each other in a ring: stages, images, templates, steps.

use crate::base::Span;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::CYCLE;

/// The rings of a graph: for each node that stands in one, once a ring, the nodes with the place of their edge onward.
pub(super) fn rings(edges: &[Vec<(usize, Span)>]) -> Vec<Vec<(usize, Span)>> {
    // 0: not seen, 1: on the path, 2: done. The stack is our own: the number of images has no bound that recursion has.
    let mut state = vec![0_u8; edges.len()];
    let mut found = Vec::new();
    for start in 0..edges.len() {
        if state[start] != 0 {
            continue;
        }
        let mut path: Vec<(usize, usize)> = vec![(start, 0)];
        state[start] = 1;
        while let Some((node, next)) = path.last_mut() {
            let Some((to, _)) = edges[*node].get(*next) else {
                state[*node] = 2;
                path.pop();
                continue;
            };
            *next += 1;
            match state[*to] {
                0 => {
                    state[*to] = 1;
                    path.push((*to, 0));
                }
                1 => {
                    let from = path.iter().position(|(node, _)| node == to).unwrap_or_default();
                    found.push(path[from..].iter().map(|(node, next)| (*node, edges[*node][next - 1].1)).collect());
                }
                _ => {}
            }
        }
    }
    found
}

/// That the nodes of `ring`, one of [`rings`], are `related`, such as "stages need each other": all of them, and where each
/// `does` to the next what makes it a ring.
pub(super) fn cycle<'n>(
    ring: &[(usize, Span)],
    related: &str,
    does: &str,
    name: impl Fn(usize) -> &'n str,
) -> Diagnostic {
    let names: Vec<&str> = ring.iter().map(|(at, _)| name(*at)).collect();
    let message = format!("{related}: {} → {}", names.join(" → "), names[0]);
    let others = ring.iter().zip(&names).skip(1);
    others.fold(Diagnostic::error(&CYCLE, ring[0].1, message), |diagnostic, ((_, span), name)| {
        diagnostic.also(*span, format!("`{name}` {does} the next"))
    })
}
