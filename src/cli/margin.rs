//! What another order saves.

use crate::graph::{Graph, expected_rebuild};
use crate::lock::Measured;

/// How many hundredths of an expected rebuild another order is to save, that outputs do not change for nothing.
pub const MARGIN: u32 = 5;

/// How many hundredths of the expected rebuild in the order of `from` are saved in that of `to`, both by the numbers
/// `measured`.
pub fn saved(from: &Graph, to: &Graph, measured: &Measured) -> u32 {
    let [from, to] = [from, to].map(|graph| expected_rebuild(graph, measured).milliseconds());
    // The milliseconds of a thousand steps stay far from the end of 64 bits.
    (from.saturating_sub(to) * 100).checked_div(from).unwrap_or_default() as u32
}
