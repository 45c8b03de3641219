//! Names that do not depend on the schedule.
//!
//! A process is named by the ordinals on the way to it: the second child of the first root is
//! `1.2`, whatever ran in between. Channels, timers and the fault process are named after the
//! processes that they belong to. What leaves memory (tapes, tokens, regressions) speaks these
//! names; the hot loop uses indices, and compares names by their 64-bit [`Name::id`].

use crate::word::mix;
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Ordinals from a root process down to a process, each from 1.
pub type Path = Vec<u32>;

/// Who moves: a process, a channel between two, a part of one, or a pseudo-process.
///
/// The derived order is the canonical order of moves: processes first, faults last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Name {
    /// A process or task, `1.2`.
    Process(Path),
    /// What travels from one process to another, `1>1.2`.
    Channel(Path, Path),
    /// A timer that a process made, by its ordinal there, `1~3`.
    Timer(Path, u32),
    /// What an event loop does for nobody in particular, `!loop`.
    Loop,
    /// A timer of it, by its ordinal, `!loop~3`.
    LoopTimer(u32),
    /// The pseudo-process that collects garbage, `!collect`.
    Collect,
    /// The pseudo-process that plays the faults of the plan, `!fault`.
    Fault,
}

/// What kind of move a [`Name`] makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MoveKind {
    /// A process or task goes on.
    Step,
    /// A signal arrives.
    Delivery,
    /// A timer fires.
    Timer,
    /// The event loop does something for nobody in particular.
    Loop,
    /// Garbage is collected.
    Collect,
    /// A fault of the plan.
    Fault,
}

impl fmt::Display for MoveKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MoveKind::Step => "step",
            MoveKind::Delivery => "delivery",
            MoveKind::Timer => "timer",
            MoveKind::Loop => "loop",
            MoveKind::Collect => "collect",
            MoveKind::Fault => "fault",
        })
    }
}

const ROOT: u64 = 0x6174_726f_706f_7321;
const CHANNEL: u64 = 0x3e;
const TIMER: u64 = 0x7e;
const FAULT: u64 = 0x21;
const LOOP: u64 = 0x40;
const COLLECT: u64 = 0x23;

/// The id of a child, from its parent's id and its ordinal (from 1) there.
#[inline]
pub(crate) const fn child_id(parent: u64, ordinal: u32) -> u64 {
    mix(parent, ordinal as u64)
}

/// The id that the root processes are children of.
#[inline]
pub(crate) const fn root_id() -> u64 {
    ROOT
}

/// The id of the channel between two processes.
#[inline]
pub(crate) const fn channel_id(from: u64, to: u64) -> u64 {
    mix(mix(from, CHANNEL), to)
}

/// The id of a process's n-th timer.
#[inline]
pub(crate) const fn timer_id(owner: u64, ordinal: u32) -> u64 {
    mix(mix(owner, TIMER), ordinal as u64)
}

/// The id of the fault process.
#[inline]
pub(crate) const fn fault_id() -> u64 {
    mix(ROOT, FAULT)
}

/// The id of an event loop.
#[inline]
pub(crate) const fn loop_id() -> u64 {
    mix(ROOT, LOOP)
}

/// The id of the garbage collector.
#[inline]
pub(crate) const fn collect_id() -> u64 {
    mix(ROOT, COLLECT)
}

fn path_id(path: &[u32]) -> u64 {
    path.iter().fold(root_id(), |id, &ordinal| child_id(id, ordinal))
}

impl Name {
    /// What kind of move it makes.
    pub fn kind(&self) -> MoveKind {
        match self {
            Name::Process(_) => MoveKind::Step,
            Name::Channel(..) => MoveKind::Delivery,
            Name::Timer(..) | Name::LoopTimer(_) => MoveKind::Timer,
            Name::Loop => MoveKind::Loop,
            Name::Collect => MoveKind::Collect,
            Name::Fault => MoveKind::Fault,
        }
    }

    /// The 64-bit hash by which names are compared while a run is played.
    pub fn id(&self) -> u64 {
        match self {
            Name::Process(path) => path_id(path),
            Name::Channel(from, to) => channel_id(path_id(from), path_id(to)),
            Name::Timer(owner, ordinal) => timer_id(path_id(owner), *ordinal),
            Name::Loop => loop_id(),
            Name::LoopTimer(ordinal) => timer_id(loop_id(), *ordinal),
            Name::Collect => collect_id(),
            Name::Fault => fault_id(),
        }
    }
}

fn write_path(f: &mut fmt::Formatter<'_>, path: &[u32]) -> fmt::Result {
    for (i, ordinal) in path.iter().enumerate() {
        write!(f, "{}{ordinal}", if i == 0 { "" } else { "." })?;
    }
    Ok(())
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Name::Process(path) => write_path(f, path),
            Name::Channel(from, to) => {
                write_path(f, from)?;
                f.write_str(">")?;
                write_path(f, to)
            }
            Name::Timer(owner, ordinal) => {
                write_path(f, owner)?;
                write!(f, "~{ordinal}")
            }
            Name::Loop => f.write_str("!loop"),
            Name::LoopTimer(ordinal) => write!(f, "!loop~{ordinal}"),
            Name::Collect => f.write_str("!collect"),
            Name::Fault => f.write_str("!fault"),
        }
    }
}

/// A text that is no [`Name`]: what was read, and what a name looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadName(String);

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a name: expected a path like 1.2, a channel like 1>2, a timer like 1~3, !loop, !collect or !fault",
            self.0
        )
    }
}

impl std::error::Error for BadName {}

fn parse_path(text: &str) -> Option<Path> {
    text.split('.').map(parse_ordinal).collect()
}

/// An ordinal as it is written: decimal, from 1, without sign or leading zero.
fn parse_ordinal(text: &str) -> Option<u32> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    plain.then(|| text.parse().ok()).flatten()
}

fn parse_pseudo(name: &str) -> Option<Name> {
    match name {
        "fault" => Some(Name::Fault),
        "loop" => Some(Name::Loop),
        "collect" => Some(Name::Collect),
        other => other.strip_prefix("loop~").and_then(parse_ordinal).map(Name::LoopTimer),
    }
}

impl FromStr for Name {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let parsed = if let Some(name) = text.strip_prefix('!') {
            parse_pseudo(name)
        } else if let Some((from, to)) = text.split_once('>') {
            parse_path(from).zip(parse_path(to)).map(|(from, to)| Name::Channel(from, to))
        } else if let Some((owner, ordinal)) = text.split_once('~') {
            parse_path(owner).zip(parse_ordinal(ordinal)).map(|(path, n)| Name::Timer(path, n))
        } else {
            parse_path(text).map(Name::Process)
        };
        parsed.ok_or_else(|| BadName(text.chars().take(80).collect()))
    }
}

impl From<Name> for String {
    fn from(name: Name) -> String {
        name.to_string()
    }
}

impl TryFrom<String> for Name {
    type Error = BadName;

    fn try_from(text: String) -> Result<Self, BadName> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_survives_its_text() {
        for text in [
            "1", "1.2", "12.1.7", "1>2", "1.1>3.2", "2~1", "!loop", "!loop~3", "!collect", "!fault",
        ] {
            let name: Name = text.parse().expect("a well-formed name");
            assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            "0",
            "01",
            "1>",
            ">1",
            "1~",
            "1~0",
            "-1",
            "+1",
            "fault",
            "!",
            "!faults",
            "!loop~",
            "!loop~0",
            "1>2>3",
            "1.99999999999",
        ] {
            assert!(text.parse::<Name>().is_err(), "{text:?} was taken for a name");
        }
    }

    #[test]
    fn canonical_order_puts_processes_first_and_faults_last() {
        let mut names: Vec<Name> = ["!fault", "!collect", "!loop", "1~1", "2", "1>2", "1.1", "1"]
            .iter()
            .map(|t| t.parse().unwrap())
            .collect();
        names.sort();
        let texts: Vec<String> = names.iter().map(Name::to_string).collect();
        assert_eq!(texts, ["1", "1.1", "2", "1>2", "1~1", "!loop", "!collect", "!fault"]);
    }
}
