//! From a failure as found to one that a person can read.
//!
//! Every candidate goes through one gate: it is played, it must violate the same invariant, and
//! it must be smaller under one stated key. The passes only propose. When they have no more to
//! propose, a search looks for the schedule of fewest preemptions and, of those, fewest steps, for the
//! workload and the conditions that are left. If it closes, the schedule is *minimal (proved)*; at its
//! bound it is *1-minimal*: no pass can make it smaller.
//!
//! The key (`key`), most important first, and why: instant before pairwise delivery and idle before
//! any timers, one thread before many and a full budget before less (a finding names what it needs);
//! how many actors the workload names, how many operations it has (a person reads them first) and how
//! many faults are allowed; what the operations are (simpler ones pay although the schedule found for
//! them is not yet short); preemptions and steps, which are what the search proves; who moves, switches
//! and values; then the text, so that equals come out the same. Preemptions and steps count once no
//! pass can do more without them: as long as the workload is being cut, fewer movers and switches do.
//! Of the schedules that are proved, the first by canonical names stands.
//!
//! Bounded by runs, steps and points. Whoever has less time says so between candidates; then what was
//! won stands, and that it ended early is told.

mod gate;
mod key;
mod passes;
mod schedule;

use crate::{
    case::decode,
    hunt::Found,
    scenario::{Scenario, variant},
};
use gate::{Failure, Gate};
use schedule::Searched;
use std::fmt;

/// How much a shrink may cost.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// At most this many runs.
    pub tries: u64,
    /// At most this many steps in all of them: long runs are tried less often.
    pub steps: u64,
    /// Schedules tried by chance after a cut of the workload.
    pub chances: u32,
    /// At most this many points in a search for the least schedule; 0 leaves it out.
    pub nodes: u64,
    /// At most this many steps in all searches, those of replays included.
    pub searched: u64,
}

impl Default for Effort {
    fn default() -> Self {
        Effort { tries: 4_000, steps: 10_000_000, chances: 6, nodes: 20_000, searched: 2_000_000 }
    }
}

impl Effort {
    /// For a shrink that somebody asked for.
    pub const DEEP: Effort = Effort {
        tries: 100_000,
        steps: 1_000_000_000,
        chances: 60,
        nodes: 1_000_000,
        searched: 200_000_000,
    };
}

/// How a shrink ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// No schedule of this workload under these conditions shows the failure with fewer preemptions,
    /// nor with as many and fewer steps; and no pass can make the workload smaller.
    Proved,
    /// No pass can make it smaller; the search came to its bound, or does not apply.
    OneMinimal,
    /// The effort ended before the passes did.
    EffortSpent,
    /// Somebody ended it before the passes did.
    Stopped,
    /// The failure did not show when it was played: it came back as it was.
    NotShown,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Ended::Proved => "minimal (proved)",
            Ended::OneMinimal => "1-minimal",
            Ended::EffortSpent => "the tries ended first",
            Ended::Stopped => "the time ended first",
            Ended::NotShown => "not reproduced",
        })
    }
}

/// A smaller failure.
#[derive(Clone, Debug)]
pub struct Shrunk {
    /// The failure.
    pub found: Found,
    /// Runs that it took, without those of searches.
    pub tries: u64,
    /// Points that searches looked at.
    pub nodes: u64,
    /// Steps before and after.
    pub steps: (u64, u64),
    /// How often its schedule takes the turn from a process that could go on.
    pub preemptions: u32,
    /// What can be said of it.
    pub ended: Ended,
    /// Other failures that were met on the way: the first of each invariant, as met, by its name. They
    /// are findings of their own.
    pub others: Vec<Found>,
}

impl Shrunk {
    /// A failure as it was, of which nothing was tried.
    pub(crate) fn untouched(found: Found) -> Self {
        let steps = found.case.tape.steps();
        let (tries, nodes, preemptions, others) = (0, 0, 0, Vec::new());
        let (steps, ended) = ((steps, steps), Ended::NotShown);
        Shrunk { found, tries, nodes, steps, preemptions, ended, others }
    }
}

/// Shrinks a failure. A failure that does not replay is returned as it is.
///
/// # Panics
/// If the failure is of another scenario.
pub fn shrink<S: Scenario>(scenario: &S, found: Found, effort: Effort) -> Shrunk {
    shrink_while(scenario, found, effort, &mut || true)
}

/// The same, as long as `goes_on` says so: it is asked before each candidate.
///
/// # Panics
/// If the failure is of another scenario.
pub fn shrink_while<S: Scenario>(
    scenario: &S,
    found: Found,
    effort: Effort,
    goes_on: &mut dyn FnMut() -> bool,
) -> Shrunk {
    let variant = variant(scenario, &found.case.variant).expect("a failure of this scenario");
    let workload = decode::<S::Op>(&found.case.workload).expect("a workload of this scenario");
    let before = found.case.tape.steps();
    let Some(mut gate) = Gate::new(scenario, variant, &found, workload, (effort, goes_on)) else {
        return Shrunk { tries: 1, ..Shrunk::untouched(found) };
    };
    let ended = least(&mut gate);
    gate.finish(found, before, ended)
}

/// Passes, a search, and again, until neither has more to say.
fn least<S: Scenario>(gate: &mut Gate<'_, S>) -> Ended {
    let mut proved: Option<Failure<S::Op>> = None;
    while !gate.is_spent() && passes::all(gate) {}
    gate.by_preemptions();
    loop {
        while !gate.is_spent() && passes::all(gate) {}
        if gate.is_spent() {
            return gate.why_spent();
        }
        // A proof stands for its workload, whatever else the passes made of the schedule.
        if let Some(proved) = proved.take().filter(|proved| proved.is_of(&gate.best)) {
            gate.best = proved;
            return Ended::Proved;
        }
        let Searched { is_shorter, is_proved } = schedule::search(gate);
        match (is_shorter, is_proved) {
            (true, true) => proved = Some(gate.best.clone()),
            (true, false) => {}
            (false, true) => return Ended::Proved,
            (false, false) => return Ended::OneMinimal,
        }
    }
}
