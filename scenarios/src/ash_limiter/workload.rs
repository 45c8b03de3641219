//! What the readers of the story are asked to do: plain data, its text, its random making, and the
//! smaller workloads that the shrinker tries.

use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One operation: which reader does what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// The reader, from 0.
    pub who: u8,
    /// What it does.
    pub act: Act,
}

/// What a reader does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// `Ash.page!(page, :self)`: reads the query again that its last page holds. Without a page it
    /// does nothing.
    Rerun,
    /// Traps exits from now on, as a process does that must outlive its links.
    Trap,
    /// Waits, in ms.
    Wait(u8),
    /// `exit(pid, :kill)` to the first process that this reader is linked to, if there is one: its
    /// limiter, while it reads.
    Kill(u8),
    /// `Ash.read`.
    Read(Read),
}

/// A read: a query, and what its action does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Read {
    /// `max_concurrency`, the limit of its limiter. The reader counts as one; 0 is no limit.
    pub limit: u8,
    /// True if it answers a page, which can be read again.
    pub page: bool,
    /// What it loads beside its own rows.
    pub loads: Vec<Load>,
    /// What its action does after the loads.
    pub after: After,
}

/// Something that a read loads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// How long it takes, in ms.
    pub takes: u8,
    /// What comes of it.
    pub fate: Fate,
    /// How many loads of its own it has: it is a read itself.
    pub nested: u8,
}

/// What comes of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Rows.
    Rows,
    /// `{:error, _}`.
    Error,
    /// An exception. `Ash.ProcessHelpers.async/2` carries it from a task to the reader.
    Raise,
}

/// What the action of a read does after its loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum After {
    /// Nothing: the read returns.
    Return,
    /// `exit(:normal)`.
    Leave,
    /// `exit(:boom)`.
    Crash,
}

/// The most readers of a workload.
pub const READERS: u8 = 3;
/// The most turns of a reader.
const TURNS: usize = 3;
const LOADS: usize = 4;
const LIMIT: u8 = 3;
const TAKES: u8 = 4;
const NESTED: u8 = 2;

/// What the readers are called.
pub(super) const LABELS: [&str; READERS as usize] = ["ann", "ben", "cat"];

/// What a read answers, as data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `{:ok, _}`: so many rows.
    Rows(u8),
    /// `{:error, _}` of the load at this place, from 1.
    Error(u8),
    /// The exception of the load at this place.
    Raised(u8),
}

impl Load {
    pub(super) const fn plain(takes: u8) -> Self {
        Load { takes, fate: Fate::Rows, nested: 0 }
    }

    /// The rows of a load that goes well.
    pub(super) fn rows(&self) -> u8 {
        1 + self.nested
    }
}

impl Read {
    /// The answer that the read owes to its reader, whatever runs where and when: all rows, or the
    /// first of its loads that fails.
    pub(super) fn own_answer(&self) -> Answer {
        let failed = self.loads.iter().zip(1..).find_map(|(load, place)| match load.fate {
            Fate::Rows => None,
            Fate::Error => Some(Answer::Error(place)),
            Fate::Raise => Some(Answer::Raised(place)),
        });
        failed.unwrap_or(Answer::Rows(self.loads.iter().map(Load::rows).sum()))
    }

    /// A load as the read that it is itself.
    pub(super) fn nested(&self, load: &Load) -> Read {
        let loads = vec![Load::plain(load.takes); usize::from(load.nested)];
        Read { limit: self.limit, page: false, loads, after: After::Return }
    }

    fn is_valid(&self) -> bool {
        let known = |load: &Load| load.takes <= TAKES && load.nested <= NESTED;
        self.limit <= LIMIT
            && (1..=LOADS).contains(&self.loads.len())
            && self.loads.iter().all(known)
    }

    fn simpler(&self) -> Vec<Read> {
        let mut simpler = Vec::new();
        let mut with = |change: &dyn Fn(&mut Read)| {
            let mut read = self.clone();
            change(&mut read);
            simpler.push(read);
        };
        for at in 0..self.loads.len() {
            if self.loads.len() > 1 {
                with(&|read| {
                    read.loads.remove(at);
                });
            }
            let Load { takes, fate, nested } = self.loads[at];
            if fate != Fate::Rows {
                with(&|read| read.loads[at].fate = Fate::Rows);
            }
            if fate == Fate::Raise {
                with(&|read| read.loads[at].fate = Fate::Error);
            }
            if nested > 0 {
                with(&|read| read.loads[at].nested -= 1);
            }
            if takes > 0 {
                with(&|read| read.loads[at].takes = 0);
                with(&|read| read.loads[at].takes -= 1);
            }
        }
        if self.after != After::Return {
            with(&|read| read.after = After::Return);
        }
        if self.page {
            with(&|read| read.page = false);
        }
        for limit in 0..self.limit {
            with(&|read| read.limit = limit);
        }
        simpler
    }
}

impl Op {
    /// Whom it kills, if anybody.
    pub(super) fn victim(&self) -> Option<u8> {
        match self.act {
            Act::Kill(whom) => Some(whom),
            _ => None,
        }
    }

    fn names(&self, reader: u8) -> bool {
        self.who == reader || self.victim() == Some(reader)
    }

    fn renamed(&self, name: &dyn Fn(u8) -> u8) -> Op {
        let act = match &self.act {
            Act::Kill(whom) => Act::Kill(name(*whom)),
            other => other.clone(),
        };
        Op { who: name(self.who), act }
    }
}

/// How many readers a workload needs.
pub(super) fn readers(workload: &[Op]) -> u8 {
    let named = workload.iter().flat_map(|op| op.victim().into_iter().chain([op.who]));
    named.max().map_or(0, |last| last + 1)
}

pub(super) fn is_valid(workload: &[Op]) -> bool {
    workload.iter().all(|op| {
        op.who < READERS
            && match &op.act {
                Act::Read(read) => read.is_valid(),
                Act::Wait(ms) => *ms <= TAKES,
                Act::Kill(whom) => *whom < READERS && *whom != op.who,
                Act::Rerun | Act::Trap => true,
            }
    })
}

/// Workloads without a reader, with one operation simpler, with two readers made one.
pub(super) fn simpler(workload: &[Op]) -> Vec<Vec<Op>> {
    let count = readers(workload);
    let renamed = |name: &dyn Fn(u8) -> u8| {
        let renamed = workload.iter().map(|op| op.renamed(name));
        renamed.collect::<Vec<_>>()
    };
    let mut simpler = Vec::new();
    for gone in 0..count {
        let moved_up = renamed(&|who| if who > gone { who - 1 } else { who });
        let kept = workload.iter().zip(moved_up).filter(|(op, _)| !op.names(gone));
        simpler.push(kept.map(|(_, op)| op).collect());
    }
    for who in 1..count {
        let mut merged = renamed(&|other| if other == who { who - 1 } else { other });
        merged.retain(|op| op.act != Act::Kill(op.who));
        simpler.push(merged);
    }
    for (at, op) in workload.iter().enumerate() {
        let acts = match &op.act {
            Act::Read(read) => read.simpler().into_iter().map(Act::Read).collect(),
            Act::Wait(ms) => (0..*ms).map(Act::Wait).collect(),
            Act::Rerun | Act::Trap | Act::Kill(_) => Vec::new(),
        };
        for act in acts {
            let mut with = workload.to_vec();
            with[at].act = act;
            simpler.push(with);
        }
    }
    simpler
}

/// What the workloads of a variant are drawn to bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Loads take their time, and readers wait.
    Slow,
    /// Nothing takes time.
    Fast,
    /// One reader, which traps exits and does its slow last load itself, and one that kills its
    /// limiters.
    Hunted,
}

/// Workloads of 1 to 3 readers, mostly 2, each with up to 3 turns.
pub fn workloads(mood: Mood) -> BoxedStrategy<Vec<Op>> {
    if mood == Mood::Hunted {
        let hunted = (reader(0, mood), hunter(1, 0));
        return hunted.prop_map(|(reader, hunter)| [reader, hunter].concat()).boxed();
    }
    let readers = prop_oneof![1 => Just(1_u8), 4 => Just(2), 1 => Just(3)];
    readers
        .prop_flat_map(move |readers| (0..readers).map(|who| reader(who, mood)).collect::<Vec<_>>())
        .prop_map(|readers| readers.concat())
        .boxed()
}

/// Waits and kills, up to three times.
fn hunter(who: u8, whom: u8) -> impl Strategy<Value = Vec<Op>> {
    let turn = (0..=2_u8).prop_map(move |ms| match ms {
        0 => vec![Act::Kill(whom)],
        ms => vec![Act::Wait(ms), Act::Kill(whom)],
    });
    let acts = vec(turn, 1..=TURNS).prop_map(|turns| turns.concat());
    acts.prop_map(move |acts| acts.into_iter().map(|act| Op { who, act }).collect())
}

/// What a reader does; it may trap exits first.
fn reader(who: u8, mood: Mood) -> impl Strategy<Value = Vec<Op>> {
    let traps = proptest::bool::weighted(if mood == Mood::Hunted { 1.0 } else { 0.5 });
    let acts = (traps, vec(turn(mood), 1..=TURNS));
    acts.prop_map(move |(traps, turns)| {
        let first = traps.then_some(Act::Trap);
        first.into_iter().chain(turns.concat()).map(|act| Op { who, act }).collect()
    })
}

/// A read, a page that is read again, or some time.
fn turn(mood: Mood) -> impl Strategy<Value = Vec<Act>> {
    let wait = if mood == Mood::Slow { TAKES } else { 0 };
    prop_oneof![
        4 => read(mood).prop_map(|read| vec![Act::Read(read)]),
        4 => read(mood).prop_map(|read| vec![Act::Read(Read { page: true, ..read }), Act::Rerun]),
        1 => (0..=wait).prop_map(|ms| vec![Act::Wait(ms)]),
    ]
}

fn read(mood: Mood) -> impl Strategy<Value = Read> {
    let after = prop_oneof![
        10 => Just(After::Return),
        1 => Just(After::Leave),
        1 => Just(After::Crash),
    ];
    let takes = if mood == Mood::Slow { TAKES } else { 0 };
    let read = (0..=LIMIT, any::<bool>(), vec(load(takes), 1..=LOADS), after);
    read.prop_map(move |(limit, page, mut loads, after)| {
        if let (Mood::Hunted, Some(last)) = (mood, loads.last_mut()) {
            last.takes = 2;
        }
        Read { limit, page, loads, after }
    })
}

fn load(takes: u8) -> impl Strategy<Value = Load> {
    let fate = prop_oneof![14 => Just(Fate::Rows), 1 => Just(Fate::Error), 1 => Just(Fate::Raise)];
    let nested = prop_oneof![3 => Just(0), 2 => 1..=NESTED];
    (0..=takes, fate, nested).prop_map(|(takes, fate, nested)| Load { takes, fate, nested })
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let label = |reader: u8| LABELS.get(usize::from(reader)).copied().unwrap_or("?");
        let name = label(self.who);
        match &self.act {
            Act::Rerun => write!(f, "{name}: read the last page again"),
            Act::Trap => write!(f, "{name}: trap_exit on"),
            Act::Wait(ms) => write!(f, "{name}: wait {ms} ms"),
            Act::Kill(whom) => write!(f, "{name}: kill the first link of {}", label(*whom)),
            Act::Read(read) => write!(f, "{name}: {read}"),
        }
    }
}

impl fmt::Display for Read {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.page { "read a page" } else { "read" })?;
        match self.limit {
            0 => f.write_str(", no limit")?,
            limit => write!(f, ", limit {limit}")?,
        }
        let loads: Vec<String> = self.loads.iter().map(ToString::to_string).collect();
        write!(f, ", loads: {}", loads.join("; "))?;
        f.write_str(match self.after {
            After::Return => "",
            After::Leave => "; then exit normal",
            After::Crash => "; then exit boom",
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.fate {
            Fate::Rows => "rows",
            Fate::Error => "an error",
            Fate::Raise => "an exception",
        })?;
        if self.takes > 0 {
            write!(f, " after {} ms", self.takes)?;
        }
        match self.nested {
            0 => Ok(()),
            nested => write!(f, " with {nested} nested"),
        }
    }
}
