//! A scenario without its types: what a command line, a catalogue or a file can hold.
//!
//! [`Scenario`] has a world and an operation type of its own. [`Subject`] is the same thing with
//! workloads as bytes, so that scenarios of different worlds stand in one list.

use crate::{
    case::{self, Case, Replay, Unplayable, decode},
    check::{
        Claim, Covered, Progress,
        prove::{self, Proof},
    },
    decisions::RunIndex,
    explain::{self, Explanation},
    hunt::{BlockReport, Found, Hunt},
    plan::{Conditions, Plan, Spec},
    raw::{self, RawEnd, RawRun},
    repair::{self, Repaired},
    scenario::{Scenario, Variant, variant},
    scheduler::End,
    script::{self, Decided, Followed, Script},
    shrink::{self, Effort, Shrunk},
    told::{self, Told},
};
use serde::Deserialize;

/// An invariant, for lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its name.
    pub name: &'static str,
    /// What it says.
    pub sentence: &'static str,
    /// `always`, `settled` or `sometimes`.
    pub kind: &'static str,
}

/// Hunts through the first runs of a block.
pub type Hunter<'s> = Box<dyn FnMut(u64, u32) -> BlockReport + 's>;

/// A scenario without its types.
pub trait Subject: Sync {
    /// The scenario's name.
    fn name(&self) -> &str;

    /// What it is about.
    fn about(&self) -> &str;

    /// See [`Scenario::source`].
    fn source(&self) -> Option<&str>;

    /// Its variants.
    fn variants(&self) -> &[Variant];

    /// What must be true of a variant.
    fn rules(&self, variant: &Variant) -> Vec<Rule>;

    /// See [`case::fingerprint`].
    fn fingerprint(&self, variant: &Variant) -> u16;

    /// A hunter of a variant; it keeps its memory from block to block.
    fn hunter<'s>(&'s self, variant: &'s Variant, spec: Spec) -> Hunter<'s>;

    /// The run with this index, as found: its plan, its case, and what came of it.
    fn run(&self, variant: &Variant, spec: Spec, index: RunIndex) -> (Plan, Case, Replay);

    /// The fixed workload under the canonical schedule.
    fn canonical(&self, variant: &Variant, conditions: Conditions) -> Case;

    /// See [`Scenario::claims`].
    fn claims(&self, variant: &Variant) -> Vec<Claim>;

    /// Searches the schedules of a claim: [`prove::check`].
    ///
    /// # Panics
    /// If its workload is not one of this scenario.
    fn check(
        &self,
        variant: &Variant,
        claim: &Claim,
        goes_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Proof;

    /// Counts the schedules of a claim, whatever they break: [`prove::count`].
    ///
    /// # Panics
    /// If its workload is not one of this scenario.
    fn count(&self, variant: &Variant, claim: &Claim) -> Covered;

    /// Plays a case to the letter.
    fn replay(&self, case: &Case) -> Result<Replay, Unplayable>;

    /// Plays a case and tells it in full: [`told::told`].
    fn told(&self, case: &Case) -> Result<Told, Unplayable>;

    /// Says why a case fails: [`explain::explain`]. `None` if it does not fail as it says.
    fn explain(
        &self,
        case: &Case,
        effort: explain::Effort,
    ) -> Result<Option<Explanation>, Unplayable>;

    /// Makes a failure smaller. A failure of another scenario comes back as it is.
    fn shrink(&self, found: Found, effort: Effort) -> Shrunk {
        self.shrink_while(found, effort, &mut || true)
    }

    /// The same, as long as `goes_on` says so: [`shrink::shrink_while`].
    fn shrink_while(
        &self,
        found: Found,
        effort: Effort,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Shrunk;

    /// A workload for people, one operation a line; `None` if the bytes are not one.
    fn workload_text(&self, bytes: &[u8]) -> Option<Vec<String>>;

    /// A workload as JSON, one value an operation; `None` if the bytes are not one.
    fn workload_json(&self, bytes: &[u8]) -> Option<Vec<serde_json::Value>>;

    /// A workload from its JSON, encoded by [`case::encode`].
    ///
    /// # Errors
    /// Which operation is none, from 1, and why; or that no run of the scenario begins so.
    fn workload_from_json(&self, operations: &[serde_json::Value]) -> Result<Vec<u8>, String>;

    /// A case step by step: [`script::decided`].
    fn decided(&self, case: &Case) -> Result<Vec<Decided>, Unplayable>;

    /// Plays a script by names: [`script::follow`].
    fn follow(&self, script: &Script) -> Result<Followed, Unplayable>;

    /// The nearest run to a script that violates the same: [`repair::repair`].
    fn repair(&self, script: &Script) -> Result<Option<Repaired>, Unplayable>;

    /// Plays a run out of bytes: [`raw::play`].
    fn play_raw(&self, variant: &Variant, run: &RawRun<'_>) -> RawEnd;

    /// The decisions of a case as bytes: [`raw::bytes_of`].
    fn bytes_of(&self, case: &Case) -> Result<Option<Vec<u8>>, Unplayable>;
}

impl<S: Scenario> Subject for S {
    fn name(&self) -> &str {
        Scenario::name(self)
    }

    fn about(&self) -> &str {
        Scenario::about(self)
    }

    fn source(&self) -> Option<&str> {
        Scenario::source(self)
    }

    fn variants(&self) -> &[Variant] {
        Scenario::variants(self)
    }

    fn rules(&self, variant: &Variant) -> Vec<Rule> {
        let invariants = self.invariants(variant);
        invariants
            .iter()
            .map(|inv| Rule { name: inv.name, sentence: inv.sentence, kind: inv.kind() })
            .collect()
    }

    fn fingerprint(&self, variant: &Variant) -> u16 {
        case::fingerprint(self, variant)
    }

    fn hunter<'s>(&'s self, variant: &'s Variant, spec: Spec) -> Hunter<'s> {
        let mut hunt = Hunt::new(self, variant, spec);
        Box::new(move |block, runs| hunt.block(block, runs))
    }

    fn run(&self, variant: &Variant, spec: Spec, index: RunIndex) -> (Plan, Case, Replay) {
        let mut hunt = Hunt::new(self, variant, spec);
        let workload = hunt.workload(index.block);
        let (plan, end) = hunt.replay(index);
        let violation = match &end {
            End::Violated(violation) => Some(violation),
            End::Settled | End::Stopped => None,
        };
        let case = hunt.case(&plan, &workload, violation);
        let replay = case::replay(self, &case).expect("a case of this scenario");
        (plan, case, replay)
    }

    fn canonical(&self, variant: &Variant, conditions: Conditions) -> Case {
        case::canonical(self, variant, conditions)
    }

    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        Scenario::claims(self, variant)
    }

    fn check(
        &self,
        variant: &Variant,
        claim: &Claim,
        goes_on: &mut dyn FnMut(Progress) -> bool,
    ) -> Proof {
        let workload: Vec<S::Op> = decode(&claim.workload).expect("a workload of this scenario");
        prove::check(self, variant, (claim.conditions, &workload), claim.search, goes_on)
    }

    fn count(&self, variant: &Variant, claim: &Claim) -> Covered {
        let workload: Vec<S::Op> = decode(&claim.workload).expect("a workload of this scenario");
        prove::count(self, variant, (claim.conditions, &workload), claim.search)
    }

    fn replay(&self, case: &Case) -> Result<Replay, Unplayable> {
        case::replay(self, case)
    }

    fn told(&self, case: &Case) -> Result<Told, Unplayable> {
        told::told(self, case)
    }

    fn explain(
        &self,
        case: &Case,
        effort: explain::Effort,
    ) -> Result<Option<Explanation>, Unplayable> {
        explain::explain(self, case, effort)
    }

    fn shrink_while(
        &self,
        found: Found,
        effort: Effort,
        goes_on: &mut dyn FnMut() -> bool,
    ) -> Shrunk {
        let known = variant(self, &found.case.variant).is_some();
        if !known || case::workload_of(self, &found.case.workload).is_none() {
            return Shrunk::untouched(found);
        }
        shrink::shrink_while(self, found, effort, goes_on)
    }

    fn workload_text(&self, bytes: &[u8]) -> Option<Vec<String>> {
        let workload = decode::<S::Op>(bytes)?;

        Some(workload.iter().map(|op| self.operation_text(op)).collect())
    }

    fn workload_json(&self, bytes: &[u8]) -> Option<Vec<serde_json::Value>> {
        let workload = decode::<S::Op>(bytes)?;
        workload.iter().map(|op| serde_json::to_value(op).ok()).collect()
    }

    fn workload_from_json(&self, operations: &[serde_json::Value]) -> Result<Vec<u8>, String> {
        let read = |(at, value): (usize, &serde_json::Value)| {
            S::Op::deserialize(value).map_err(|error| format!("operation {}: {error}", at + 1))
        };
        let workload: Vec<S::Op> =
            operations.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        match self.is_valid(&workload) {
            true => Ok(case::encode(&workload)),
            false => Err("no workload of this scenario has such operations".to_owned()),
        }
    }

    fn decided(&self, case: &Case) -> Result<Vec<Decided>, Unplayable> {
        script::decided(self, case)
    }

    fn follow(&self, script: &Script) -> Result<Followed, Unplayable> {
        script::follow(self, script)
    }

    fn repair(&self, script: &Script) -> Result<Option<Repaired>, Unplayable> {
        repair::repair(self, script)
    }

    fn play_raw(&self, variant: &Variant, run: &RawRun<'_>) -> RawEnd {
        raw::play(self, variant, run)
    }

    fn bytes_of(&self, case: &Case) -> Result<Option<Vec<u8>>, Unplayable> {
        raw::bytes_of(self, case)
    }
}
