//! What the regressions of a folder come to, against what they must come to.
//!
//! A variant that is there to break the invariant is a canary and must still fail; any other must
//! hold. A file that no longer fits is stale, whatever its variant must do.

use super::{Played, Refused, Regression, Resolved, files, from_file, play};
use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
    verbs::source::plan_of,
};
use atropos::{decisions::Decision, hunt::Found, repair::Way, shrink::Effort};
use std::path::{Path, PathBuf};

/// What a regression came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It violates the same invariant.
    StillFails,
    /// It violates nothing.
    Holds,
    /// It violates another invariant.
    Other(String),
    /// It no longer fits: where and how.
    Stale(String),
    /// It could not be read: why.
    Refused(Refused),
}

impl Outcome {
    /// In one word, for programs.
    pub(crate) fn word(&self) -> &'static str {
        match self {
            Outcome::StillFails => "still-fails",
            Outcome::Holds => "holds",
            Outcome::Other(_) => "other",
            Outcome::Stale(_) => "stale",
            Outcome::Refused(_) => "refused",
        }
    }
}

/// A regression that was played.
#[derive(Clone, Debug)]
pub(crate) struct Verified {
    pub(crate) path: PathBuf,
    /// `scenario/variant`; empty if the file could not be read.
    pub(crate) name: String,
    pub(crate) invariant: String,
    /// The variant is there to break this invariant.
    pub(crate) canary: bool,
    pub(crate) outcome: Outcome,
}

impl Verified {
    /// What it means for the whole.
    pub(crate) fn exit(&self) -> Exit {
        match (&self.outcome, self.canary) {
            (Outcome::Refused(refused), _) => refused.exit(),
            (Outcome::Stale(_), _) => Exit::Diverged,
            (Outcome::Other(_), _) | (Outcome::StillFails, false) => Exit::Violated,
            (Outcome::Holds, true) => Exit::Vacuous,
            (Outcome::StillFails, true) | (Outcome::Holds, false) => Exit::Held,
        }
    }
}

/// The worst first.
const WORST: [Exit; 4] = [Exit::Usage, Exit::Diverged, Exit::Violated, Exit::Vacuous];

/// The verdict on all: the worst of them.
pub(crate) fn exit_of(verified: &[Verified]) -> Exit {
    let any = |exit: &Exit| verified.iter().any(|one| one.exit() == *exit);
    WORST.into_iter().find(any).unwrap_or(Exit::Held)
}

/// Plays all regressions of a folder, in the order of their names. A folder that is not there has
/// none.
///
/// # Errors
/// If a file cannot be read at all.
pub(crate) fn verify_all(catalog: &Catalog, folder: &Path) -> Result<Vec<Verified>, Stop> {
    files(folder)?.iter().map(|path| verify_one(catalog, path)).collect()
}

/// Plays one.
pub(crate) fn verify_one(catalog: &Catalog, path: &Path) -> Result<Verified, Stop> {
    let resolved = match from_file(catalog, path)? {
        Ok(resolved) => resolved,
        Err(refused) => {
            return Ok(Verified {
                path: path.to_owned(),
                name: String::new(),
                invariant: String::new(),
                canary: false,
                outcome: Outcome::Refused(refused),
            });
        }
    };
    let outcome = outcome(&resolved)?;
    let Resolved { variant, regression, .. } = resolved;
    Ok(Verified {
        path: path.to_owned(),
        name: regression.name(),
        canary: variant.expectation.allows(&regression.script.invariant),
        invariant: regression.script.invariant,
        outcome,
    })
}

fn outcome(resolved: &Resolved<'_>) -> Result<Outcome, Stop> {
    let Played { run, stale } = play(resolved)?;
    let violated = run.replay.violation.map(|violation| violation.invariant);
    Ok(match (stale, violated) {
        (Some(why), _) => Outcome::Stale(why),
        (None, None) => Outcome::Holds,
        (None, Some(name)) if name == resolved.regression.script.invariant => Outcome::StillFails,
        (None, Some(name)) => Outcome::Other(name),
    })
}

/// Looks for the nearest run that still violates what a regression is there for: the regression
/// that takes its place, with its note and its origin, and how it was found. `None` if there is
/// none.
pub(crate) fn repair(resolved: &Resolved<'_>) -> Result<Option<(Regression, String)>, Stop> {
    let Resolved { subject, regression, .. } = resolved;
    let unplayable = |why| Stop::new(Exit::Usage, format!("it cannot be played: {why:?}"));
    let Some(repaired) = subject.repair(&regression.script).map_err(unplayable)? else {
        return Ok(None);
    };
    let mut case = repaired.case;
    if let Way::Seeded(_) = repaired.way {
        let (violation, plan) = (repaired.violation, plan_of(&case));
        case = subject.shrink(Found { violation, case, plan }, Effort::default()).found.case;
    }
    let replay = subject.replay(&case).map_err(unplayable)?;
    let (note, found) = (regression.note.clone(), regression.found.clone());
    let fresh = Regression { note, found, ..Regression::of(*subject, &case, &replay) };
    let (old, new) = (&regression.script.decisions, &fresh.script.decisions);
    let how = format!(
        "found again {}, {} of {} decisions changed",
        repaired.way,
        changed(old, new),
        old.len().max(new.len())
    );
    Ok(Some((fresh, how)))
}

/// How many decisions lie between the first and the last that differ.
fn changed(old: &[Decision], new: &[Decision]) -> usize {
    let shorter = old.len().min(new.len());
    let same = |pair: &(&Decision, &Decision)| pair.0 == pair.1;
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(same).count();
    old.len().max(new.len()) - head - tail.min(shorter - head)
}
