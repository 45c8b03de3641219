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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::{
        file::{Came, Demand, Kept},
        shard::Shard,
        verdict,
    };
    use crate::verbs::source::CaseFile;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn came() -> impl Strategy<Value = Came> {
        let counters = (0u64..4, any::<u64>(), proptest::bool::ANY, proptest::option::of(0u64..3));
        counters.prop_map(|(blocks, digest, reached, violated)| Came {
            scenario: "links".into(),
            variant: "fixed".into(),
            place: 0,
            named: false,
            seed: String::new(),
            fingerprint: "00aa".into(),
            runs: blocks * 64,
            steps: blocks * 640,
            invariants: vec!["no-panic".into()],
            breaks: Vec::new(),
            violated: violated.map(|count| ("no-panic".into(), count)).into_iter().collect(),
            points: BTreeMap::from([("met".into(), reached)]),
            unstable: None,
            digest: format!("{digest:032x}"),
        })
    }

    fn part() -> impl Strategy<Value = Part> {
        (0u64..3, 0u64..2, came(), proptest::bool::ANY).prop_map(
            |(index, seed, came, interrupted)| Part {
                commit: None,
                profile: "default".into(),
                conditions: "{}".into(),
                shard: Shard { index, of: 3 },
                from: 0,
                next: 640,
                demand: Demand::Auto,
                interrupted,
                variants: vec![Came { seed: format!("{seed:x}"), ..came }],
            },
        )
    }

    fn finding() -> impl Strategy<Value = Finding> {
        (0u64..2, 0u64..5, 1u64..4, 0u32..3).prop_map(|(seed, first_run, steps, id)| Finding {
            id: format!("{id:08x}"),
            scenario: "links".into(),
            variant: "fixed".into(),
            invariant: "no-panic".into(),
            sentence: "nobody panics".into(),
            evidence: format!("{id}"),
            expected: false,
            seed: format!("{seed:x}"),
            first_run,
            steps,
            token: format!("at1-{id}"),
            replay: String::new(),
            case: case(),
            text: String::new(),
            timeline: Vec::new(),
        })
    }

    fn case() -> CaseFile {
        let case = serde_json::json!({
            "version": 1, "fingerprint": "00aa",
            "case": {
                "scenario": "links", "variant": "fixed", "invariant": "no-panic",
                "conditions": { "delivery": "instant", "timers": "idle", "faults": 0 },
                "step_limit": 10, "workload": [], "tape": { "segments": [], "values": [] }, "check": 0
            }
        });
        serde_json::from_value(case).expect("a case")
    }

    fn kept() -> impl Strategy<Value = (String, Kept)> {
        (0u8..3, 0u8..2).prop_map(|(file, exit)| {
            let kept = Kept {
                scenario: "links".into(),
                variant: "fixed".into(),
                invariant: "no-panic".into(),
                outcome: "holds".into(),
                complaint: None,
                exit,
            };
            (format!("{file}.json"), kept)
        })
    }

    fn file() -> impl Strategy<Value = CampaignFile> {
        let many = |most| 0..most;
        (
            proptest::collection::vec(part(), many(4)),
            proptest::collection::vec(finding(), many(4)),
            proptest::collection::vec(kept(), many(3)),
        )
            .prop_map(|(parts, findings, regressions)| CampaignFile {
                parts: parts.into_iter().map(|part| (part.key(), part)).collect(),
                findings: findings.into_iter().map(|found| (found.key(), found)).collect(),
                regressions: regressions.into_iter().collect(),
            })
    }

    fn joined(one: &CampaignFile, other: &CampaignFile) -> CampaignFile {
        merge(one.clone(), other.clone()).expect("shards of three do not overlap")
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

        #[test]
        fn the_order_does_not_matter(one in file(), other in file()) {
            prop_assert_eq!(joined(&one, &other), joined(&other, &one));
        }

        #[test]
        fn the_grouping_does_not_matter(one in file(), two in file(), three in file()) {
            prop_assert_eq!(joined(&joined(&one, &two), &three), joined(&one, &joined(&two, &three)));
        }

        #[test]
        fn the_same_twice_is_the_same(one in file(), other in file()) {
            prop_assert_eq!(joined(&one, &one), one.clone());
            let both = joined(&one, &other);
            prop_assert_eq!(joined(&both, &other), both);
        }

        #[test]
        fn what_is_merged_can_be_read_back(one in file(), other in file()) {
            let both = joined(&one, &other);
            let text = both.to_json();
            // Counters that no campaign has are refused, and so are they when they are joined.
            let sound = both.parts.values().flat_map(|part| &part.variants);
            let sound = sound.clone().all(|came| came.violated.values().all(|&n| n <= came.runs));
            match CampaignFile::from_json(&text) {
                Ok(read) => prop_assert_eq!(read, both),
                Err(_) => prop_assert!(!sound),
            }
        }

        #[test]
        fn nothing_is_lost(one in file(), other in file()) {
            let both = joined(&one, &other);
            let runs = |file: &CampaignFile| verdict::judge(file).iter().map(|v| v.came.runs).sum::<u64>();
            prop_assert!(runs(&both) >= runs(&one).max(runs(&other)));
            for (key, finding) in one.findings.iter().chain(&other.findings) {
                prop_assert!(both.findings[key].first_run <= finding.first_run);
            }
        }
    }

    #[test]
    fn parts_that_hold_the_same_run_are_refused() {
        let part = |shard, runs| Part {
            commit: None,
            profile: "default".into(),
            conditions: "{}".into(),
            shard,
            from: 0,
            next: 0,
            demand: Demand::Auto,
            interrupted: false,
            variants: vec![Came {
                scenario: "links".into(),
                variant: "fixed".into(),
                place: 0,
                named: false,
                seed: "1".into(),
                fingerprint: "00aa".into(),
                runs,
                steps: 0,
                invariants: Vec::new(),
                breaks: Vec::new(),
                violated: BTreeMap::new(),
                points: BTreeMap::new(),
                unstable: None,
                digest: "0".into(),
            }],
        };
        let file = |part: Part| CampaignFile {
            parts: BTreeMap::from([(part.key(), part)]),
            ..CampaignFile::default()
        };
        let whole = file(part(Shard::WHOLE, 640));
        let second = |runs| file(part(Shard { index: 1, of: 2 }, runs));
        let refused = merge(whole.clone(), second(64)).expect_err("run 64 is in both");
        assert_eq!(refused.variant, "links/fixed");
        assert_eq!(merge(second(64), whole.clone()), Err(refused), "in either order");
        assert!(merge(whole, second(0)).is_ok(), "a shard that did nothing shares nothing");
    }
}
