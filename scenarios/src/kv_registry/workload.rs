//! What the clients of the story are asked to do: plain data, its text, its random making, and the
//! smaller workloads that the shrinker tries.

use atropos::process::Term;
use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One operation: which client does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// The client, from 0.
    pub who: u8,
    /// What it does.
    pub act: Act,
}

/// What a client does. A number is that of a bucket's name, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// `KV.Registry.create/2`: a cast.
    Create(u8),
    /// `KV.Registry.lookup/2`.
    Lookup(u8),
    /// Puts a value into a bucket.
    Put(u8),
    /// Reads a value from a bucket.
    Get(u8),
    /// `Agent.stop/2`, and a look at what the name gives now.
    Stop(u8, Reason),
    /// Sends a bucket a function that raises.
    Crash(u8),
    /// `Process.exit(bucket, :kill)`.
    Kill(u8),
    /// `GenServer.stop/2` of the registry.
    StopRegistry(Reason),
    /// `Process.exit(registry, :kill)`.
    KillRegistry,
    /// Waits, in ms.
    Wait(u8),
}

/// Why something is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// `normal`
    Normal,
    /// `shutdown`
    Shutdown,
    /// Any other.
    Boom,
}

impl Reason {
    pub(super) fn term(self) -> Term {
        match self {
            Reason::Normal => Term::NORMAL,
            Reason::Shutdown => Term::SHUTDOWN,
            Reason::Boom => Term::atom("boom"),
        }
    }
}

/// The most clients of a workload.
pub const CLIENTS: u8 = 3;
/// The most operations of a client, a wait for the store before them not counted.
const TURNS: usize = 5;
/// The longest wait, in ms.
const WAIT: u8 = 3;

/// What clients and buckets are called.
pub(super) const CLIENT_LABELS: [&str; CLIENTS as usize] = ["ann", "ben", "cat"];
pub(super) const NAMES: [&str; 2] = ["shopping", "work"];

impl Act {
    fn name(self) -> Option<u8> {
        match self {
            Act::Create(name) | Act::Lookup(name) | Act::Put(name) | Act::Get(name) => Some(name),
            Act::Stop(name, _) | Act::Crash(name) | Act::Kill(name) => Some(name),
            Act::StopRegistry(_) | Act::KillRegistry | Act::Wait(_) => None,
        }
    }

    fn simpler(self) -> Vec<Act> {
        let reasons = |reason: Reason| match reason {
            Reason::Normal => vec![],
            Reason::Shutdown => vec![Reason::Normal],
            Reason::Boom => vec![Reason::Normal, Reason::Shutdown],
        };
        match self {
            Act::Stop(name, why) => {
                reasons(why).into_iter().map(|why| Act::Stop(name, why)).collect()
            }
            Act::Crash(name) | Act::Kill(name) => vec![Act::Stop(name, Reason::Boom)],
            Act::StopRegistry(why) => reasons(why).into_iter().map(Act::StopRegistry).collect(),
            Act::Wait(ms) => (1..ms).map(Act::Wait).collect(),
            _ => Vec::new(),
        }
    }
}

/// How many clients a workload needs.
pub(super) fn clients(workload: &[Op]) -> u8 {
    workload.iter().map(|op| op.who).max().map_or(0, |last| last + 1)
}

pub(super) fn is_valid(workload: &[Op]) -> bool {
    workload.iter().all(|op| {
        let named = op.act.name().is_none_or(|name| usize::from(name) < NAMES.len());
        let waits = !matches!(op.act, Act::Wait(ms) if ms > WAIT);
        op.who < CLIENTS && named && waits
    })
}

/// Workloads without a client, with two clients made one, with one name, with a simpler operation.
pub(super) fn simpler(workload: &[Op]) -> Vec<Vec<Op>> {
    let count = clients(workload);
    let renamed = |who: &dyn Fn(u8) -> u8| -> Vec<Op> {
        workload.iter().map(|op| Op { who: who(op.who), ..*op }).collect()
    };
    let mut simpler = Vec::new();
    for gone in 0..count {
        let moved_up = renamed(&|who| if who > gone { who - 1 } else { who });
        let kept = workload.iter().zip(moved_up).filter(|(op, _)| op.who != gone);
        simpler.push(kept.map(|(_, op)| op).collect());
    }
    for who in 1..count {
        simpler.push(renamed(&|other| if other >= who { other - 1 } else { other }));
    }
    simpler.push(workload.iter().map(|op| Op { act: op.act.with_first_name(), ..*op }).collect());
    for (at, op) in workload.iter().enumerate() {
        for act in op.act.simpler() {
            let mut with = workload.to_vec();
            with[at].act = act;
            simpler.push(with);
        }
    }
    simpler.retain(|simpler| simpler != workload);
    simpler
}

impl Act {
    fn with_first_name(self) -> Act {
        match self {
            Act::Create(_) => Act::Create(0),
            Act::Lookup(_) => Act::Lookup(0),
            Act::Put(_) => Act::Put(0),
            Act::Get(_) => Act::Get(0),
            Act::Stop(_, why) => Act::Stop(0, why),
            Act::Crash(_) => Act::Crash(0),
            Act::Kill(_) => Act::Kill(0),
            other => other,
        }
    }
}

/// What the workloads of a variant are drawn to bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Anybody may die.
    All,
    /// Several clients create and stop the same buckets; the registry is left alone.
    Stops,
    /// Clients that do not wait for the store create buckets, and the registry dies.
    Creates,
}

/// Workloads of 1 to 3 clients, mostly 2.
pub fn workloads(mood: Mood) -> impl Strategy<Value = Vec<Op>> {
    let alone = if mood == Mood::Stops { 0 } else { 1 };
    let clients = prop_oneof![alone => Just(1_u8), 4 => Just(2), 1 => Just(3)];
    clients
        .prop_flat_map(move |clients| (0..clients).map(|who| client(who, mood)).collect::<Vec<_>>())
        .prop_map(|clients| clients.concat())
}

/// What a client does; it may wait first until the store is up.
fn client(who: u8, mood: Mood) -> impl Strategy<Value = Vec<Op>> {
    let waits = match mood {
        Mood::All => 0.5,
        Mood::Stops => 1.0,
        Mood::Creates => 0.1,
    };
    let acts = (proptest::bool::weighted(waits), vec(act(mood), 1..=TURNS));
    acts.prop_map(move |(waits, acts)| {
        let first = waits.then_some(Act::Wait(1));
        first.into_iter().chain(acts).map(|act| Op { who, act }).collect()
    })
}

fn act(mood: Mood) -> impl Strategy<Value = Act> {
    let (creates, stops, deaths) = match mood {
        Mood::All => (6, 4, 1),
        Mood::Stops => (6, 8, 0),
        Mood::Creates => (20, 2, 2),
    };
    let second = if mood == Mood::Stops { 0 } else { 1 };
    let name = move || prop_oneof![3 => Just(0_u8), second => Just(1)];
    prop_oneof![
        creates => name().prop_map(Act::Create),
        1 => name().prop_map(Act::Lookup),
        1 => name().prop_map(Act::Put),
        2 => name().prop_map(Act::Get),
        stops => (name(), reason()).prop_map(|(name, why)| Act::Stop(name, why)),
        2 => name().prop_map(Act::Crash),
        1 => name().prop_map(Act::Kill),
        deaths => reason().prop_map(Act::StopRegistry),
        2 * deaths => Just(Act::KillRegistry),
        deaths => (1..=WAIT).prop_map(Act::Wait),
    ]
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![Just(Reason::Normal), Just(Reason::Shutdown), Just(Reason::Boom)]
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let client = CLIENT_LABELS.get(usize::from(self.who)).copied().unwrap_or("?");
        write!(f, "{client}: {}", self.act)
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bucket = |name: u8| NAMES.get(usize::from(name)).copied().unwrap_or("?");
        match *self {
            Act::Create(name) => write!(f, "create {}", bucket(name)),
            Act::Lookup(name) => write!(f, "look up {}", bucket(name)),
            Act::Put(name) => write!(f, "put into {}", bucket(name)),
            Act::Get(name) => write!(f, "get from {}", bucket(name)),
            Act::Stop(name, why) => write!(f, "stop {}, {why}, and look it up", bucket(name)),
            Act::Crash(name) => write!(f, "crash {}", bucket(name)),
            Act::Kill(name) => write!(f, "kill {}", bucket(name)),
            Act::StopRegistry(why) => write!(f, "stop the registry, {why}"),
            Act::KillRegistry => f.write_str("kill the registry"),
            Act::Wait(ms) => write!(f, "wait {ms} ms"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Normal => "normal",
            Reason::Shutdown => "shutdown",
            Reason::Boom => "boom",
        })
    }
}
