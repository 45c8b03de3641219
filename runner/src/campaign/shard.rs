//! A campaign over many machines: who does which blocks.
//!
//! Shard i of n does the blocks i, i + n, i + 2n, .. of a campaign. Blocks are whole, so all shards
//! together do the runs of one process, run for run. Shards count from 0, whatever the scheduler of
//! a cluster counts from.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// One of n shares of a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub(crate) struct Shard {
    /// Which, from 0.
    pub(crate) index: u64,
    /// Of how many, from 1.
    pub(crate) of: u64,
}

impl Shard {
    /// All of it.
    pub(crate) const WHOLE: Shard = Shard { index: 0, of: 1 };
    /// More shards than any cluster has.
    const MOST: u64 = 1 << 20;

    /// A shard, if there is one of this number.
    pub(crate) fn new(index: u64, of: u64) -> Result<Self, String> {
        match of {
            0 => Err("there is at least one shard".to_owned()),
            _ if of > Self::MOST => Err(format!("at most {} shards", Self::MOST)),
            _ if index < of => Ok(Shard { index, of }),
            _ => Err(format!("shards count from 0: of {of} the last is {}/{of}", of - 1)),
        }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = |digits: &str| digits.parse::<u64>().ok();
        let parts = text.split_once('/').and_then(|(i, n)| number(i).zip(number(n)));
        let (index, of) = parts.ok_or("a shard looks like 0/4: which, from 0, of how many")?;
        Shard::new(index, of)
    }
}

impl From<Shard> for String {
    fn from(shard: Shard) -> String {
        shard.to_string()
    }
}

impl TryFrom<String> for Shard {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// The blocks of a part of a campaign, in order: every n-th from some first one on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blocks {
    /// The first block of the whole campaign.
    pub(crate) from: u64,
    /// Whose share.
    pub(crate) shard: Shard,
}

impl Blocks {
    /// The block that comes in a round, from 0; `None` beyond every campaign.
    pub(crate) fn nth(self, round: u64) -> Option<u64> {
        let ahead = round.checked_mul(self.shard.of)?.checked_add(self.shard.index)?;
        self.from.checked_add(ahead)
    }

    /// The round in which one of these blocks comes.
    pub(crate) fn round_of(self, block: u64) -> u64 {
        (block - self.from) / self.shard.of
    }

    /// True if the first `ours` of these blocks and the first `theirs` of others have one in common.
    pub(crate) fn meet(self, ours: u64, other: Blocks, theirs: u64) -> bool {
        let end = |blocks: Blocks, count: u64| blocks.nth(count).unwrap_or(u64::MAX);
        let (Some(first), Some(start)) = (self.nth(0), other.nth(0)) else { return false };
        let (step, their_step) = (self.shard.of, other.shard.of);
        // Of our blocks from their first one on, the remainders by their step repeat after as many.
        let skipped = start.saturating_sub(first).div_ceil(step);
        let candidates = (skipped..ours).take(their_step as usize);
        candidates.filter_map(|round| self.nth(round)).any(|block| {
            block >= start
                && block < end(other, theirs)
                && (block - start).is_multiple_of(their_step)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn shards_are_read_and_refused() {
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        assert_eq!("3/4".parse::<Shard>().map(|shard| shard.to_string()), Ok("3/4".to_owned()));
        for (text, why) in [
            ("4/4", "the last is 3/4"),
            ("1/0", "at least one"),
            ("", "looks like 0/4"),
            ("1", "looks like 0/4"),
            ("-1/2", "looks like 0/4"),
            ("0/9999999", "at most 1048576"),
        ] {
            let refused = text.parse::<Shard>().expect_err("no shard");
            assert!(refused.contains(why), "{text:?}: {refused}");
        }
    }

    fn shards() -> impl Strategy<Value = Shard> {
        (1u64..7).prop_flat_map(|of| (0..of).prop_map(move |index| Shard { index, of }))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_shards_of_a_campaign_do_each_block_once(from in 0u64..50, of in 1u64..9, blocks in 1u64..60) {
            let of_shard = |index| {
                let ours = Blocks { from, shard: Shard { index, of } };
                (0..blocks).filter_map(move |round| ours.nth(round)).take_while(move |&b| b < from + blocks)
            };
            let mut all: Vec<u64> = (0..of).flat_map(of_shard).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (from..from + blocks).collect::<Vec<_>>());
        }

        #[test]
        fn parts_meet_where_they_share_a_block(
            (from, shard, ours) in (0u64..12, shards(), 0u64..12),
            (their_from, their_shard, theirs) in (0u64..12, shards(), 0u64..12),
        ) {
            let one = Blocks { from, shard };
            let other = Blocks { from: their_from, shard: their_shard };
            let set = |blocks: Blocks, count: u64| (0..count).filter_map(move |r| blocks.nth(r)).collect::<BTreeSet<_>>();
            let common = set(one, ours).intersection(&set(other, theirs)).count();
            prop_assert_eq!(one.meet(ours, other, theirs), common > 0);
            prop_assert_eq!(other.meet(theirs, one, ours), common > 0);
        }
    }
}
