//! A run out of bytes that mean nothing by themselves, and the bytes of a run.
//!
//! This is what a fuzzer plays: whatever the bytes are, they are a run. A workload that is none of
//! the scenario is drawn from a seed that its bytes make, no bytes at all are the fixed workload.
//! Leaves out: how an input is divided into parts; that is the affair of the command line.

use crate::{
    case::{Case, Player, Unplayable, prepared, workload_of},
    decisions::{Bytes, Recorded, Writing},
    invariant::Violation,
    plan::Conditions,
    scenario::{Scenario, Variant, conditions},
    trace::{Digest, digest_bytes},
};

/// A run in parts, all of them free.
#[derive(Clone, Copy, Debug)]
pub struct RawRun<'b> {
    /// The conditions that are asked for; the variant may narrow them.
    pub conditions: Conditions,
    /// Its step limit.
    pub step_limit: u32,
    /// Of the invariants that the variant is there to break, the one that may end the run.
    pub target: Option<&'b str>,
    /// The workload, or what its seed is made of.
    pub workload: &'b [u8],
    /// The decisions.
    pub decisions: &'b [u8],
}

/// What came of such a run.
#[derive(Clone, Debug)]
pub struct RawEnd {
    /// The violation and the run as data, if there was one.
    pub violated: Option<(Violation, Case)>,
    /// The digest of its trace.
    pub digest: Digest,
}

/// Plays a run out of bytes.
pub fn play<S: Scenario>(scenario: &S, variant: &Variant, run: &RawRun<'_>) -> RawEnd {
    let workload = workload(scenario, variant, run.workload);
    let conditions = conditions(scenario, variant, run.conditions);
    let mut player = Player::new(scenario, variant);
    player.aim(run.target);
    let mut source = Bytes::new(run.decisions, run.step_limit);
    let end = player.drive((&conditions, &workload), false, &mut source, run.step_limit);
    let violated = end.violation().map(|violation| {
        let invariant = Some(violation.invariant.clone());
        let case = player.case((conditions, run.step_limit), &workload, invariant);
        (violation, case)
    });
    RawEnd { violated, digest: player.record.trace.digest() }
}

fn workload<S: Scenario>(scenario: &S, variant: &Variant, bytes: &[u8]) -> Vec<S::Op> {
    if bytes.is_empty() {
        return scenario.fixed(variant);
    }
    workload_of(scenario, bytes).unwrap_or_else(|| {
        let mut seed = [0; 32];
        seed[..16].copy_from_slice(&digest_bytes(bytes).0.to_le_bytes());
        scenario.workload(variant, seed)
    })
}

/// The decisions of a case as bytes; `None` if the case does not replay.
pub fn bytes_of<S: Scenario>(scenario: &S, case: &Case) -> Result<Option<Vec<u8>>, Unplayable> {
    let (mut player, workload) = prepared(scenario, case)?;
    let mut source = Writing::new(Recorded::strict(&case.tape), case.step_limit);
    player.drive((&case.conditions, &workload), false, &mut source, case.step_limit);
    Ok(source.is_true().then_some(source.bytes))
}
