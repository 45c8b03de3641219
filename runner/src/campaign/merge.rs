//! Several campaigns as one: commutative, associative, idempotent.
//!
//! Parts are joined by what names them. The same part twice is one; of a part that was done twice to
//! different ends, an interrupted job and its second try, the one with more runs counts. Two parts
//! that hold the same run under different names are refused, since their sum would count it twice.
//! Of findings with one key the earliest run counts, as it would have in one process.

use super::file::{CampaignFile, Finding, Part};

/// Why campaigns do not join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// A variant of which both hold a run.
    pub(crate) variant: String,
    /// Whose shares they are.
    pub(crate) shares: [String; 2],
}

/// Joins two campaigns.
pub(crate) fn merge(one: CampaignFile, other: CampaignFile) -> Result<CampaignFile, Overlap> {
    let mut merged = one;
    for (key, part) in other.parts {
        let kept = match merged.parts.remove(&key) {
            Some(ours) => fuller(ours, part),
            None => {
                refuse_overlap(merged.parts.values(), &part)?;
                part
            }
        };
        merged.parts.insert(key, kept);
    }
    for (key, finding) in other.findings {
        let kept = match merged.findings.remove(&key) {
            Some(ours) => earlier(ours, finding),
            None => finding,
        };
        merged.findings.insert(key, kept);
    }
    for (file, kept) in other.regressions {
        let slot = merged.regressions.entry(file).or_insert_with(|| kept.clone());
        if kept > *slot {
            *slot = kept;
        }
    }
    Ok(merged)
}

fn fuller(one: Part, other: Part) -> Part {
    let runs = |part: &Part| part.variants.iter().map(|came| came.runs).sum::<u64>();
    if (runs(&one), &one) < (runs(&other), &other) { other } else { one }
}

/// The one that a single process would have found first.
fn earlier(one: Finding, other: Finding) -> Finding {
    let rank = |finding: &Finding| {
        (finding.first_run, finding.steps, finding.token.clone(), finding.id.clone())
    };
    let text = |finding: &Finding| serde_json::to_string(finding).unwrap_or_default();
    match rank(&other).cmp(&rank(&one)).then_with(|| text(&other).cmp(&text(&one))) {
        std::cmp::Ordering::Less => other,
        _ => one,
    }
}

fn refuse_overlap<'p>(
    mut parts: impl Iterator<Item = &'p Part>,
    new: &Part,
) -> Result<(), Overlap> {
    let found = parts.find_map(|part| overlap(part, new));
    found.map_or(Ok(()), Err)
}

fn overlap(one: &Part, other: &Part) -> Option<Overlap> {
    if one.conditions != other.conditions {
        return None;
    }
    let same = |came: &&super::file::Came| {
        other.variants.iter().any(|theirs| {
            (&came.scenario, &came.variant, &came.seed, &came.fingerprint)
                == (&theirs.scenario, &theirs.variant, &theirs.seed, &theirs.fingerprint)
                && one.blocks().meet(came.blocks_done(), other.blocks(), theirs.blocks_done())
        })
    };
    let came = one.variants.iter().find(same)?;
    let share = |part: &Part| format!("shard {} from run {}", part.shard, part.from);
    let mut shares = [share(one), share(other)];
    shares.sort();
    Some(Overlap { variant: came.name(), shares })
}

impl std::fmt::Display for Overlap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let [one, other] = &self.shares;
        write!(
            f,
            "{one} and {other} hold the same runs of {}: their sum would count them twice",
            self.variant
        )
    }
}
