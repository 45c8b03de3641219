//! What a campaign came to, as `run.json` holds it: the one thing that every report is made of.
//!
//! It is made of parts, one for each process that did a share, so that files of many machines join
//! into one (`merge`) and nothing is counted twice. It names no time, no machine and no folder: the
//! same runs give the same bytes. What a reader of the file wants first (the verdict and the sums)
//! stands on top of it, and is made anew when it is read.
//!
//! Reading is total: any text gives a campaign or a reason with its place.

use super::{
    BLOCK,
    shard::{Blocks, Shard},
};
use crate::{
    output::{cut, cut_at},
    verbs::source::CaseFile,
};
use atropos::{plan::Spec, timeline::Entry, trace::digest_bytes};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// The version of `run.json`.
const VERSION: u32 = 2;

/// What a campaign, or several, came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CampaignFile {
    /// What each process did, by [`Part::key`].
    pub(crate) parts: BTreeMap<String, Part>,
    /// What somebody must look at, by [`Finding::key`].
    pub(crate) findings: BTreeMap<String, Finding>,
    /// What became of the failures that were kept, by their file.
    #[serde(default)]
    pub(crate) regressions: BTreeMap<String, Kept>,
}

/// What one process did of a campaign.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Part {
    /// What was built, if that is known.
    pub(crate) commit: Option<String>,
    pub(crate) profile: String,
    /// What the plan fixes, flag by flag.
    pub(crate) conditions: String,
    pub(crate) shard: Shard,
    /// The first run of the campaign.
    pub(crate) from: u64,
    /// Where the next campaign goes on.
    pub(crate) next: u64,
    /// What makes it vacuous.
    pub(crate) demand: Demand,
    pub(crate) interrupted: bool,
    /// In the catalogue's order.
    pub(crate) variants: Vec<Came>,
}

/// From when on canaries and `sometimes` points are demanded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Demand {
    /// Never: they are told.
    Never,
    /// From 1,000 runs a variant on.
    #[default]
    Auto,
    /// Always.
    Always,
}

/// What a variant came to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Came {
    pub(crate) scenario: String,
    pub(crate) variant: String,
    /// Its place in the catalogue: reports go by it.
    pub(crate) place: u32,
    /// Somebody asked for it by name: its failures are findings.
    pub(crate) named: bool,
    /// The base seed, in hexadecimal.
    pub(crate) seed: String,
    /// See [`atropos::case::fingerprint`], in hexadecimal.
    pub(crate) fingerprint: String,
    pub(crate) runs: u64,
    pub(crate) steps: u64,
    /// Its `always` and `settled` invariants.
    pub(crate) invariants: Vec<String>,
    /// Those that it is there to break.
    pub(crate) breaks: Vec<String>,
    /// How often each invariant was violated.
    pub(crate) violated: BTreeMap<String, u64>,
    /// Its `sometimes` points, and whether each was reached.
    pub(crate) points: BTreeMap<String, bool>,
    /// How it is not deterministic, if it is not.
    pub(crate) unstable: Option<String>,
    /// The sum of the digests of its blocks, in hexadecimal.
    pub(crate) digest: String,
}

/// A violation that somebody must look at: the first of its invariant, made smaller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finding {
    /// The same bug from many seeds has one: invariant and timeline make it.
    pub(crate) id: String,
    pub(crate) scenario: String,
    pub(crate) variant: String,
    pub(crate) invariant: String,
    /// What the invariant says.
    pub(crate) sentence: String,
    pub(crate) evidence: String,
    /// The variant is there to break it, and was named.
    pub(crate) expected: bool,
    /// Where it was found first.
    pub(crate) seed: String,
    pub(crate) first_run: u64,
    pub(crate) steps: u64,
    pub(crate) token: String,
    /// The line that plays it again.
    pub(crate) replay: String,
    pub(crate) case: CaseFile,
    /// Conditions, workload and timeline for people.
    pub(crate) text: String,
    pub(crate) timeline: Vec<Entry>,
}

/// What became of a failure that was kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) scenario: String,
    pub(crate) variant: String,
    pub(crate) invariant: String,
    /// How it stands, in a word.
    pub(crate) outcome: String,
    /// What is wrong with that, if anything.
    pub(crate) complaint: Option<String>,
    /// The exit code that this alone would give.
    pub(crate) exit: u8,
}

impl Part {
    /// What names this part: everything that was asked for, and nothing that came of it.
    pub(crate) fn key(&self) -> String {
        let mut text = format!(
            "{}\n{}\n{}\n{}\n{}\n",
            self.commit.as_deref().unwrap_or("-"),
            self.profile,
            self.conditions,
            self.shard,
            self.from
        );
        for Came { scenario, variant, seed, fingerprint, .. } in &self.variants {
            text.push_str(&format!("{scenario}/{variant} {seed} {fingerprint}\n"));
        }
        let digest = digest_bytes(text.as_bytes()).0 as u64;
        format!("{digest:016x}")
    }

    pub(super) fn blocks(&self) -> Blocks {
        Blocks { from: self.from / BLOCK, shard: self.shard }
    }
}

impl Came {
    /// `scenario/variant`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.scenario, self.variant)
    }

    pub(super) fn blocks_done(&self) -> u64 {
        self.runs.div_ceil(BLOCK)
    }
}

impl Finding {
    /// What this is the first of.
    pub(crate) fn key(&self) -> String {
        format!("{}/{}:{}:{}", self.scenario, self.variant, self.seed, self.invariant)
    }

    /// `scenario/variant`.
    pub(crate) fn name(&self) -> String {
        format!("{}/{}", self.scenario, self.variant)
    }
}

/// The flags of a plan that are not its seed, as one text.
pub(crate) fn conditions_of(spec: &Spec) -> String {
    serde_json::to_string(&Spec { seed: 0, ..*spec }).expect("a spec is plain data")
}

/// Why a text is no campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// It is none at all; with its place.
    Malformed(String),
    /// It is of another version.
    Foreign(u32),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Malformed(why) => write!(f, "not a run.json: {why}"),
            Unreadable::Foreign(version) => {
                write!(f, "a run.json of version {version}, this build reads version {VERSION}")
            }
        }
    }
}

impl CampaignFile {
    /// Reads what [`CampaignFile::to_json`] wrote.
    pub(crate) fn from_json(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head {
            version: u32,
        }
        let malformed =
            |error: serde_json::Error| Unreadable::Malformed(cut_at(&error.to_string(), 300));
        let head: Head = serde_json::from_str(text).map_err(malformed)?;
        if head.version != VERSION {
            return Err(Unreadable::Foreign(head.version));
        }
        let file: CampaignFile = serde_json::from_str(text).map_err(malformed)?;
        file.sound().map_err(Unreadable::Malformed)?;
        Ok(file)
    }

    /// Refuses what no campaign writes: a key that is not that of what it holds would let a merge
    /// count something twice.
    fn sound(&self) -> Result<(), String> {
        for (key, part) in &self.parts {
            if *key != part.key() {
                return Err(format!("part {} is not named after what it holds", cut(key)));
            }
            if !part.from.is_multiple_of(BLOCK) || part.from > u64::MAX / 1024 {
                return Err(format!(
                    "part {} begins with run {}, in no block",
                    cut(key),
                    part.from
                ));
            }
            for came in &part.variants {
                let name = came.name();
                let hex = |text: &str, digits: usize| {
                    text.len() <= digits && u128::from_str_radix(text, 16).is_ok()
                };
                if !hex(&came.digest, 32)
                    || came.runs > u64::MAX / 1024
                    || came.steps > u64::MAX / 1024
                {
                    return Err(format!(
                        "part {}: the counters of {} are of no campaign",
                        cut(key),
                        cut(&name)
                    ));
                }
                if came.violated.values().any(|&count| count > came.runs) {
                    return Err(format!(
                        "part {}: {} has more violations than runs",
                        cut(key),
                        cut(&name)
                    ));
                }
            }
        }
        match self.findings.iter().find(|(key, finding)| **key != finding.key()) {
            Some((key, _)) => Err(format!("finding {} is not named after what it holds", cut(key))),
            None => Ok(()),
        }
    }

    /// The file, with what it comes to on top.
    pub(crate) fn to_json(&self) -> String {
        #[derive(Serialize)]
        struct Whole<'a, T: Serialize> {
            version: u32,
            #[serde(flatten)]
            totals: super::verdict::Totals,
            variants: T,
            #[serde(flatten)]
            file: &'a CampaignFile,
        }
        let judged = super::verdict::judge(self);
        let variants: Vec<_> = judged.iter().map(super::verdict::Judged::json).collect();
        let totals = super::verdict::totals(self, &judged);
        let whole = Whole { version: VERSION, totals, variants, file: self };
        serde_json::to_string_pretty(&whole).expect("a campaign is plain data") + "\n"
    }
}
