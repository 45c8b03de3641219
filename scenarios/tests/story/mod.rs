//! What the tests of the stories share: a short hunt, and what it finds first.

use atropos::{
    hunt::{Found, Hunt},
    plan::Spec,
    scenario::{Scenario, Variant},
};
use std::collections::BTreeMap;

pub(crate) const RUNS: u64 = 1_000;
pub(crate) const BLOCK: u64 = 64;

/// The first violation of each invariant among the first thousand runs of some blocks.
pub(crate) fn first_found(
    scenario: &impl Scenario,
    variant: &Variant,
    spec: Spec,
    blocks: std::ops::Range<u64>,
) -> BTreeMap<String, Found> {
    let mut hunt = Hunt::new(scenario, variant, spec);
    let mut found = BTreeMap::new();
    for block in blocks.clone() {
        let done = (block - blocks.start) * BLOCK;
        let report = hunt.block(block, (RUNS - done).min(BLOCK) as u32);
        assert_eq!(report.unstable, None, "a run was not the same the second time");
        for violation in report.found {
            found.entry(violation.violation.invariant.clone()).or_insert(violation);
        }
    }
    found
}
