//! After the runs of a night: all schedules under bounds wider than the claims.
//!
//! A claim with a bound on preemptions gets so many more, one without a bound so many more faults;
//! each claim has its share of the time. What closes within it lets the next night go one wider. A
//! search that runs out of time proves nothing and fails nothing; a violation is a finding.

use super::{Findings, Hunt};
use crate::{
    catalog::Target,
    exit::{Exit, Stop},
    output::{Output, remark},
    progress::{Meter, counted},
    verbs::check::Checked,
};
use atropos::{
    check::{Claim, Engine},
    plan::Conditions,
};
use std::{
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::Duration,
};

#[expect(clippy::disallowed_types, reason = "how long a search may go on, never what it does")]
type Clock = std::time::Instant;

/// More faults than that make no sense to anybody.
const MOST_FAULTS: u32 = 16;

/// Searches the wider claims of all variants that must hold: how much wider the next night goes, or
/// none for as wide as this one.
pub(super) fn check(
    findings: &mut Findings<'_>,
    time: Duration,
    interrupted: &AtomicBool,
    meter: &mut Meter,
    out: &mut Output,
) -> Result<Option<u32>, Stop> {
    let hunt = findings.hunt;
    let level = hunt.next.level(&hunt.specs, hunt.shard);
    let claims = claims(hunt, level);
    if !hunt.common.quiet {
        let claims = counted(claims.len() as u64, "claim", "claims");
        remark(&format!("    Checking {claims}, bounds wider by {level}"));
    }
    let start = Clock::now();
    let mut all_closed = true;
    for (done, (target, claim)) in claims.iter().enumerate() {
        let left = time.saturating_sub(start.elapsed()) / (claims.len() - done) as u32;
        let begun = Clock::now();
        let goes_on = || !interrupted.load(Relaxed) && begun.elapsed() < left;
        let checked = Checked::search(*target, claim.clone(), &goes_on, meter);
        let exit = checked.tell(out)?;
        all_closed &= exit == Exit::Held;
        if let Some(found) = checked.found().filter(|_| exit == Exit::Violated) {
            findings.add(target, &found)?;
        }
        if interrupted.load(Relaxed) {
            break;
        }
    }
    Ok(all_closed.then_some(level + 1))
}

fn claims<'h>(hunt: &Hunt<'h>, level: u32) -> Vec<(Target<'h>, Claim)> {
    let must_hold = |target: &&Target<'h>| target.variant.expectation.breaks().is_empty();
    let of_target = |target: &Target<'h>| {
        let target = *target;
        let claims = target.subject.claims(target.variant).into_iter();
        claims.map(move |claim| (target, wider(claim, level)))
    };
    hunt.targets.iter().filter(must_hold).flat_map(of_target).collect()
}

fn wider(claim: Claim, level: u32) -> Claim {
    let Claim { conditions, search, .. } = claim;
    match search.preemptions {
        Some(most) => claim.by_states(Some(most.saturating_add(level))),
        None => {
            let faults = conditions.faults.saturating_add(level).min(MOST_FAULTS);
            let wider = claim.under(Conditions { faults, ..conditions });
            // Faults draw their victims, which states merge best.
            if search.engine == Engine::States { wider } else { wider.by_states(None) }
        }
    }
}
