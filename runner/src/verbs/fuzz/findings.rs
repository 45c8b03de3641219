//! What a campaign found: kept as found at once, shrunk and told at the end.
//!
//! A finding that was announced is on disk, whatever happens next: its folder `as-found-..` goes
//! only when the one of the shrunk failure is there.

use super::{Hunt, outputs::write_finding};
use crate::{
    args::Show,
    campaign::{Tally, file::Finding},
    catalog::Target,
    exit::Stop,
    files::RunFolder,
    output::{Output, remark},
    report::{self, Failure},
    verbs::shrink::within,
};
use atropos::{hunt::Found, shrink::Effort, trace::digest_bytes};
use std::collections::BTreeMap;

/// Where a failure is kept from the moment it is found until it is shrunk.
fn as_found_id(target: &Target<'_>, found: &Found) -> String {
    let name = format!("{} {}", target.name(), found.violation.invariant);
    format!("as-found-{:08x}", digest_bytes(name.as_bytes()).check())
}

/// Writes a failure as it was found, then announces it: on stderr, since in which order threads come
/// upon failures is no result.
pub(super) fn keep_as_found(
    folder: &RunFolder,
    target: &Target<'_>,
    found: &Found,
    quiet: bool,
) -> Result<(), Stop> {
    let id = as_found_id(target, found);
    keep(folder, &id, &Failure::as_found(target, found), None)?;
    if !quiet {
        remark(&format!(
            "       Found {} {} in run {}: {}",
            target.name(),
            found.violation.invariant,
            found.plan.index.number(),
            folder.failure(&id).display()
        ));
    }
    Ok(())
}

/// Writes a failure to its folder; `before` is the run that was found, if this one is smaller.
fn keep(
    folder: &RunFolder,
    id: &str,
    failure: &Failure<'_>,
    before: Option<&Found>,
) -> Result<Finding, Stop> {
    let finding = report::finding(failure);
    let page = failure.page(before, &folder.told_failure(id));
    write_finding(folder, id, &finding, &page)?;
    Ok(finding)
}

/// What somebody must look at.
pub(super) struct Findings<'f> {
    pub(super) hunt: &'f Hunt<'f>,
    pub(super) all: BTreeMap<String, Finding>,
}

impl<'f> Findings<'f> {
    pub(super) fn new(hunt: &'f Hunt<'f>) -> Self {
        Findings { hunt, all: BTreeMap::new() }
    }

    /// Shrinks and shows the findings of a target, and those that were met on the way.
    pub(super) fn show(
        &mut self,
        target: &Target<'_>,
        tally: &Tally,
        out: &mut Output,
    ) -> Result<(), Stop> {
        let findings = tally.found.iter().filter(|(invariant, _)| target.is_finding(invariant));
        let mut met: BTreeMap<String, Found> = BTreeMap::new();
        for (shown, (_, found)) in findings.enumerate() {
            let (failure, finding, others) = self.smaller(target, found)?;
            self.hunt.folder.remove_failure(&as_found_id(target, found))?;
            for other in others {
                met.entry(other.violation.invariant.clone()).or_insert(other);
            }
            let count = tally.violated.get(&found.violation.invariant).copied().unwrap_or(0);
            if shown == 0 || self.hunt.args.show == Show::All {
                let folder = self.hunt.folder.told_failure(&failure.id);
                out.say(&report::failure(&failure, count, tally.runs, &folder))?;
            } else {
                out.say(&report::failure_line(&failure, count, tally.runs))?;
            }
            out.tell("violation", &report::failure_json(&failure, count))?;
            self.all.insert(finding.key(), finding);
        }
        // Kept and told, but no part of what the campaign came to: which failure was shrunk depends on
        // whose share it was found in, and the shares must come to what one process comes to.
        met.retain(|invariant, _| {
            target.is_finding(invariant) && !tally.found.contains_key(invariant)
        });
        for found in met.values() {
            let (failure, ..) = self.smaller(target, found)?;
            out.say(&report::failure_met(&failure))?;
            out.tell("violation", &report::failure_json(&failure, 0))?;
        }
        Ok(())
    }

    /// Adds what was found by other means, if no run had found it.
    pub(super) fn add(&mut self, target: &Target<'_>, found: &Found) -> Result<(), Stop> {
        let (_, finding, _) = self.smaller(target, found)?;
        self.all.entry(finding.key()).or_insert(finding);
        Ok(())
    }

    /// The failure made smaller, and written. With it what else was violated on the way.
    fn smaller<'t>(
        &self,
        target: &Target<'t>,
        found: &Found,
    ) -> Result<(Failure<'t>, Finding, Vec<Found>), Stop> {
        let (failure, others) = if self.hunt.args.no_shrink {
            (Failure::as_found(target, found), Vec::new())
        } else {
            let mut goes_on = within(Some(self.hunt.args.shrink_time));
            let effort = Effort::default();
            let mut shrunk = target.subject.shrink_while(found.clone(), effort, &mut goes_on);
            let others = std::mem::take(&mut shrunk.others);
            (Failure::shrunk(target, shrunk), others)
        };
        let finding = keep(&self.hunt.folder, &failure.id, &failure, Some(found))?;
        Ok((failure, finding, others))
    }
}
