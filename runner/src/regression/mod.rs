//! Regression files: failures that are kept, by names.
//!
//! A file survives changes of random numbers, strategies, engine and fingerprint. It is resolved by
//! name: either it plays and says what came of it, or it says where it no longer fits. It is never
//! silently something else. [`verify_all`] plays a folder of them and [`exit_of`] is its verdict.
//!
//! ```text
//! scenarios/regressions/<scenario>/<invariant>-<hash8>.json
//! ```

mod folder;
mod play;
mod read;
mod stale;
mod verify;
mod write;

pub(crate) use folder::{files, place_of};
pub(crate) use play::{Played, play};
pub(crate) use read::{Refused, Resolved, from_file, from_text, is_regression};
pub(crate) use verify::{Outcome, Verified, exit_of, repair, verify_all, verify_one};

use atropos::{
    case::{Case, Replay},
    script::{Decided, Script},
    subject::Subject,
};
use serde::{Deserialize, Serialize};

/// The version of regression files.
pub(crate) const VERSION: u32 = 1;

/// Where a regression comes from: texts for people, read back only to be kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoundAt {
    /// The commit that it was found at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) commit: Option<String>,
    /// The seed token of the run that found it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seed: Option<String>,
    /// The fingerprint of its variant at that time. Nobody checks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fingerprint: Option<String>,
}

/// What a step is called and what it did, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForPeople {
    pub(crate) called: String,
    pub(crate) why: String,
}

/// A failure that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Regression {
    pub(crate) scenario: String,
    pub(crate) script: Script,
    /// One for each decision of the script.
    pub(crate) people: Vec<ForPeople>,
    pub(crate) note: Option<String>,
    pub(crate) found: FoundAt,
    /// What happened when it was written.
    pub(crate) timeline: Vec<String>,
}

impl Regression {
    /// A case that was played and violated what it says.
    ///
    /// # Panics
    /// If the case is not of this scenario or violates nothing.
    pub(crate) fn of(subject: &dyn Subject, case: &Case, replay: &Replay) -> Self {
        let decided = subject.decided(case).expect("a case that was played");
        let person = |one: &Decided| ForPeople { called: one.called.clone(), why: one.why.clone() };
        Regression {
            scenario: case.scenario.clone(),
            people: decided.iter().map(person).collect(),
            script: Script {
                variant: case.variant.clone(),
                invariant: case.invariant.clone().expect("a case that violates"),
                conditions: case.conditions,
                step_limit: case.step_limit,
                workload: case.workload.clone(),
                decisions: decided.into_iter().map(|one| one.decision).collect(),
            },
            note: None,
            found: FoundAt::default(),
            timeline: replay.timeline.to_string().lines().map(str::to_owned).collect(),
        }
    }

    /// `scenario/variant`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.scenario, self.script.variant)
    }
}
