//! After the runs of a night: all schedules under bounds wider than the claims.
//!
//! A claim with a bound on preemptions gets so many more, one without a bound so many more faults;
//! each claim has its share of the time. What closes within it lets the next night go one wider. A
//! search that runs out of time proves nothing and fails nothing; a violation is a finding.

use super::Hunt;
use crate::{
    exit::{Exit, Stop},
    output::{Output, remark},
    progress::Meter,
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

/// What came of the wider searches.
pub(super) struct Widened {
    /// How much wider the next night goes; none leaves it as it is.
    pub(super) level: Option<u32>,
    /// The worst that came of them, and what to tell.
    pub(super) worst: (Exit, String),
}

impl Default for Widened {
    fn default() -> Self {
        Widened { level: None, worst: (Exit::Held, String::new()) }
    }
}

/// Searches the wider claims of all variants that must hold.
pub(super) fn check(
    hunt: &Hunt<'_>,
    time: Duration,
    interrupted: &AtomicBool,
    meter: &mut Meter,
    out: &mut Output,
) -> Result<Widened, Stop> {
    let level = hunt.next.level(&hunt.specs, hunt.shard);
    let holding =
        hunt.targets.iter().filter(|target| target.variant.expectation.breaks().is_empty());
    let claims: Vec<_> = holding
        .flat_map(|target| {
            let claims = target.subject.claims(target.variant).into_iter();
            claims.map(move |claim| (*target, wider(claim, level)))
        })
        .collect();
    if !hunt.common.quiet {
        remark(&format!("    Checking {} claims, bounds wider by {level}", claims.len()));
    }
    let start = Clock::now();
    let mut widened = Widened { level: Some(level + 1), ..Widened::default() };
    for (done, (target, claim)) in claims.iter().enumerate() {
        let left = time.saturating_sub(start.elapsed()) / (claims.len() - done) as u32;
        let begun = Clock::now();
        let goes_on = || !interrupted.load(Relaxed) && begun.elapsed() < left;
        let checked = Checked::search(*target, claim.clone(), &goes_on, meter);
        let exit = checked.tell(out)?;
        match exit {
            Exit::Held => {}
            Exit::Violated => {
                let why = format!("{} does not hold under wider bounds", target.name());
                widened.worst = (exit, why);
            }
            _ => widened.level = None,
        }
        if interrupted.load(Relaxed) {
            break;
        }
    }
    Ok(widened)
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
