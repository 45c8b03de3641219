//! Regressions first: what was kept is played before anything is drawn.
//!
//! Those of the variants at hand, and, where nobody named any, those that fit no variant of this
//! build: a regression that nobody plays any more would be worth nothing without anybody knowing.

use super::Hunt;
use crate::{
    campaign::file::Kept,
    catalog::Catalog,
    exit::{Exit, Stop},
    output::{BAD, Output},
    progress::counted,
    regression::{self, Outcome, Verified},
};
use serde::Serialize;
use std::collections::BTreeMap;

#[derive(Serialize)]
struct KeptJson<'a> {
    file: &'a str,
    #[serde(flatten)]
    kept: &'a Kept,
}

/// Plays them and tells how they stand, by their files.
pub(super) fn play(
    hunt: &Hunt<'_>,
    catalog: &Catalog,
    out: &mut Output,
) -> Result<BTreeMap<String, Kept>, Stop> {
    if hunt.args.no_regressions {
        return Ok(BTreeMap::new());
    }
    let all = regression::verify_all(catalog, &hunt.args.regressions)?;
    let ours = all.iter().filter(|one| is_ours(hunt, one));
    let kept: BTreeMap<String, Kept> =
        ours.map(|one| (one.path.display().to_string(), kept(one))).collect();
    for (file, kept) in &kept {
        out.tell("regression", &KeptJson { file, kept })?;
        if let Some(complaint) = &kept.complaint {
            let (on, off) = (BAD.render(), BAD.render_reset());
            out.say(&format!("  {on}✗{off} {file}: {complaint}"))?;
        }
    }
    let good = kept.values().filter(|kept| kept.complaint.is_none()).count();
    if !kept.is_empty() {
        let all = counted(kept.len() as u64, "regression", "regressions");
        out.say_more(&format!("   Replayed {all}, {good} as they must be"))?;
    }
    Ok(kept)
}

fn is_ours(hunt: &Hunt<'_>, one: &Verified) -> bool {
    let named = !hunt.args.filter.is_empty() || hunt.args.source.program.is_some();
    let is_target = || hunt.targets.iter().any(|target| target.name() == one.name);
    match &one.outcome {
        Outcome::Refused(_) => !named,
        _ => is_target(),
    }
}

fn kept(one: &Verified) -> Kept {
    let (scenario, variant) = one.name.split_once('/').unwrap_or((&one.name, ""));
    let must = if one.canary { "must fail" } else { "must hold" };
    let complaint = match &one.outcome {
        _ if one.exit() == Exit::Held => None,
        Outcome::Holds => Some(format!("{} holds and {must}", one.name)),
        Outcome::StillFails => Some(format!("{} violates {} again", one.name, one.invariant)),
        Outcome::Other(other) => {
            Some(format!("{} violates {other} in place of {}", one.name, one.invariant))
        }
        Outcome::Stale(why) => Some(format!("it no longer fits: {why}")),
        Outcome::Refused(refused) => Some(refused.message().to_owned()),
    };
    Kept {
        scenario: scenario.to_owned(),
        variant: variant.to_owned(),
        invariant: one.invariant.clone(),
        outcome: one.outcome.word().to_owned(),
        complaint,
        exit: one.exit() as u8,
    }
}
