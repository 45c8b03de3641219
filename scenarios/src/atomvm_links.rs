//! AtomVM's links, as released in v0.6.2, v0.6.3 and v0.6.6, and as OTP has them.
//!
//! Issue #1193 (June 2024): each `link/1` appended another entry on both sides, so a process linked
//! three times got three EXITs, `unlink/1` removed one of three, and entries for the dead stayed.
//! v0.6.3 (commit 353ae55e) checks before it appends and removes the entry of a trapping process;
//! the entry of a process that ignores a normal exit stayed until v0.6.6 (a639cbc6, issue #1384),
//! which also brought unlink ids (9f299e7e). The rules of each release are a profile of the process
//! world; this file only calls link, unlink and exit.

use crate::generate;
use atropos::{
    check::Claim,
    invariant::Invariant,
    plan::{Conditions, Delivery},
    process::{
        ATOMVM_0_6_2, ATOMVM_0_6_3, ATOMVM_0_6_6, BY_LINK, Ctx, Ending, Filter, OTP_25, Pid,
        ProcessWorld, Profile, Raise, Term, event, invariants,
    },
    scenario::{Scenario, Variant},
    trace::{Event, EventMask},
};
use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One operation: who does what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// The actor, from 0.
    pub who: u8,
    /// What it does.
    pub act: Act,
}

/// What an actor does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    /// `link/1`.
    Link(u8),
    /// `unlink/1`.
    Unlink(u8),
    /// `process_flag(trap_exit, _)`.
    Trap(bool),
    /// `spawn_link/1` of a child that ends at once.
    SpawnLink(Reason),
    /// `exit/2`.
    Exit2(u8, Reason),
    /// `exit/1`; what the actor would do later is not done.
    Exit(Reason),
}

/// An exit reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reason {
    /// `normal`
    Normal,
    /// An ordinary crash.
    Boom,
    /// `kill`
    Kill,
}

impl Reason {
    fn term(self) -> Term {
        match self {
            Reason::Normal => Term::NORMAL,
            Reason::Boom => Term::atom("boom"),
            Reason::Kill => Term::KILL,
        }
    }
}

/// The most actors in a workload.
const ACTORS: u8 = 4;
/// The most operations in a workload.
const OPERATIONS: usize = 12;

const LABELS: [&str; ACTORS as usize] = ["a", "b", "c", "d"];

/// The story.
#[derive(Clone, Copy, Debug, Default)]
pub struct AtomvmLinks;

static VARIANTS: [Variant; 4] = [
    Variant::breaks(
        "v0.6.2",
        "every link/1 adds an entry, no entry is removed when a peer dies (#1193)",
        &["no-duplicate-link", "one-exit-per-link", "no-link-to-dead"],
    ),
    Variant::breaks(
        "v0.6.3",
        "the first fix: a process that ignores a normal exit still lists the dead (#1384)",
        &["no-link-to-dead"],
    ),
    Variant::breaks(
        "v0.6.6",
        "signals with unlink ids: found by Atropos, see docs/stories/atomvm-links.md",
        &["no-lost-link", "no-pending-unlink", "one-exit-per-link"],
    ),
    Variant::holds("fixed", "the link protocol of OTP 25"),
];

const fn op(who: u8, act: Act) -> Op {
    Op { who, act }
}

/// A trapping process links twice to one that crashes; another has a child that ends normally.
const LINKED_TWICE: [Op; 5] = [
    op(0, Act::Trap(true)),
    op(0, Act::Link(1)),
    op(0, Act::Link(1)),
    op(1, Act::Exit(Reason::Boom)),
    op(2, Act::SpawnLink(Reason::Normal)),
];

/// A process unlinks and links again while its peer unlinks, too; another unlinks one that crashes.
const CROSSED: [Op; 8] = [
    op(0, Act::Link(1)),
    op(0, Act::Unlink(1)),
    op(0, Act::Link(1)),
    op(1, Act::Link(0)),
    op(1, Act::Unlink(0)),
    op(2, Act::Link(3)),
    op(2, Act::Unlink(3)),
    op(3, Act::Exit(Reason::Boom)),
];

/// Both in one: what a holding variant must stand.
const EVERYTHING: [Op; 7] = [
    op(0, Act::Trap(true)),
    op(0, Act::Link(1)),
    op(0, Act::Link(1)),
    op(0, Act::Unlink(1)),
    op(0, Act::Link(1)),
    op(1, Act::Exit(Reason::Boom)),
    op(2, Act::SpawnLink(Reason::Normal)),
];

fn profile(variant: &Variant) -> &'static Profile {
    match &*variant.name {
        "v0.6.2" => &ATOMVM_0_6_2,
        "v0.6.3" => &ATOMVM_0_6_3,
        "v0.6.6" => &ATOMVM_0_6_6,
        _ => &OTP_25,
    }
}

/// Plays an actor's operations in order, then lives on without looking at its mailbox.
async fn actor(ctx: Ctx, acts: Vec<Act>) -> Ending {
    let pid = |actor: u8| Pid::root(u32::from(actor));
    for act in acts {
        match act {
            // A link to the dead raises noproc on AtomVM; the actor catches it and goes on.
            Act::Link(peer) => ctx.link(pid(peer)).await.unwrap_or_default(),
            Act::Unlink(peer) => ctx.unlink(pid(peer)).await,
            Act::Trap(on) => {
                ctx.trap_exit(on).await;
            }
            Act::SpawnLink(reason) => {
                let child = move |_| async move { Err(Raise::exit(reason.term())) };
                ctx.spawn_link("child", child).await;
            }
            Act::Exit2(target, reason) => ctx.exit2(pid(target), reason.term()).await,
            Act::Exit(reason) => return Err(Raise::exit(reason.term())),
        }
    }
    ctx.receive(Filter::Matching(Term::atom("never"))).await;
    Ok(())
}

fn reason() -> impl Strategy<Value = Reason> {
    prop_oneof![2 => Just(Reason::Normal), 2 => Just(Reason::Boom), 1 => Just(Reason::Kill)]
}

/// What one of several actors does. It links to others only: what `link(self())` does stands in the
/// probes of the process world, and would be every shrunk story.
fn act(who: u8, actors: u8) -> impl Strategy<Value = Act> {
    let other = move || (1..actors).prop_map(move |step| (who + step) % actors);
    prop_oneof![
        6 => other().prop_map(Act::Link),
        4 => other().prop_map(Act::Unlink),
        2 => any::<bool>().prop_map(Act::Trap),
        2 => reason().prop_map(Act::SpawnLink),
        1 => (other(), reason()).prop_map(|(target, reason)| Act::Exit2(target, reason)),
        2 => reason().prop_map(Act::Exit),
    ]
}

/// Workloads of 2 to 4 actors and 3 to 12 operations, the last of which is an exit. Half of them are
/// duels: two actors that link and unlink each other, since most races are between two.
pub fn workloads() -> impl Strategy<Value = Vec<Op>> {
    let crowd = (2..=ACTORS).prop_flat_map(|actors| {
        let op = (0..actors)
            .prop_flat_map(move |who| act(who, actors).prop_map(move |act| op(who, act)));
        ended(vec(op, 2..OPERATIONS), actors)
    });
    prop_oneof![crowd, ended(vec(round(), 2..=7), 2)]
}

/// A round of a duel.
fn round() -> impl Strategy<Value = Op> {
    (0..2_u8).prop_flat_map(|who| {
        let act = prop_oneof![
            5 => Just(Act::Link(1 - who)),
            3 => Just(Act::Unlink(1 - who)),
            1 => any::<bool>().prop_map(Act::Trap),
        ];
        act.prop_map(move |act| op(who, act))
    })
}

/// The same operations, and an exit.
fn ended(ops: impl Strategy<Value = Vec<Op>>, actors: u8) -> impl Strategy<Value = Vec<Op>> {
    (ops, 0..actors, reason()).prop_map(|(mut ops, who, reason)| {
        ops.push(op(who, Act::Exit(reason)));
        ops
    })
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |actor: u8| LABELS.get(usize::from(actor)).copied().unwrap_or("?");
        write!(f, "{}: ", name(self.who))?;
        match self.act {
            Act::Link(peer) => write!(f, "link {}", name(peer)),
            Act::Unlink(peer) => write!(f, "unlink {}", name(peer)),
            Act::Trap(on) => write!(f, "trap_exit {}", if on { "on" } else { "off" }),
            Act::SpawnLink(reason) => write!(f, "spawn_link a child that exits {reason}"),
            Act::Exit2(peer, reason) => write!(f, "send {} an exit signal {reason}", name(peer)),
            Act::Exit(reason) => write!(f, "exit {reason}"),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Reason::Normal => "normal",
            Reason::Boom => "boom",
            Reason::Kill => "kill",
        })
    }
}

impl Op {
    /// True for a process that names itself as the other party.
    fn is_reflexive(self) -> bool {
        self.actors().skip(1).any(|other| other == self.who)
    }

    fn actors(self) -> impl Iterator<Item = u8> {
        let named = match self.act {
            Act::Link(peer) | Act::Unlink(peer) | Act::Exit2(peer, _) => Some(peer),
            Act::Trap(_) | Act::SpawnLink(_) | Act::Exit(_) => None,
        };
        std::iter::once(self.who).chain(named)
    }

    /// The same done by an actor before, or to one.
    fn by_earlier_actors(self) -> impl Iterator<Item = Op> {
        let by = (0..self.who).map(move |who| Op { who, ..self });
        let peer = self.actors().nth(1).unwrap_or(0);
        let to = (0..peer).map(move |lower| Op { who: self.who, ..self.renamed(|_| lower) });
        by.chain(to).filter(|op| !op.is_reflexive())
    }

    fn renamed(self, name: impl Fn(u8) -> u8) -> Op {
        let act = match self.act {
            Act::Link(peer) => Act::Link(name(peer)),
            Act::Unlink(peer) => Act::Unlink(name(peer)),
            Act::Exit2(peer, reason) => Act::Exit2(name(peer), reason),
            other => other,
        };
        Op { who: name(self.who), act }
    }

    /// The operation with a simpler reason, if it has one that is not the simplest.
    fn with_simpler_reason(self) -> Option<Op> {
        let simpler = |reason| match reason {
            Reason::Normal => None,
            Reason::Boom => Some(Reason::Normal),
            Reason::Kill => Some(Reason::Boom),
        };
        let act = match self.act {
            Act::SpawnLink(reason) => Act::SpawnLink(simpler(reason)?),
            Act::Exit2(peer, reason) => Act::Exit2(peer, simpler(reason)?),
            Act::Exit(reason) => Act::Exit(simpler(reason)?),
            _ => return None,
        };
        Some(Op { act, ..self })
    }
}

/// How many actors a workload needs.
fn actors(workload: &[Op]) -> u8 {
    workload.iter().flat_map(|op| op.actors()).max().map_or(0, |last| last + 1)
}

impl Scenario for AtomvmLinks {
    type World = ProcessWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "atomvm-links"
    }

    fn about(&self) -> &str {
        "AtomVM's process links, release by release"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    fn world(&self, variant: &Variant) -> ProcessWorld {
        ProcessWorld::new(profile(variant))
    }

    fn fixed(&self, variant: &Variant) -> Vec<Op> {
        let told: &[Op] = match &*variant.name {
            "v0.6.6" => &CROSSED,
            "fixed" => &EVERYTHING,
            _ => &LINKED_TWICE,
        };
        told.to_vec()
    }

    /// The variant that holds does so whoever is killed, and however signals travel.
    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        let fixed = Claim::of(&self.fixed(variant));
        if !variant.expectation.breaks().is_empty() {
            return vec![fixed];
        }
        let pairwise = Conditions { delivery: Delivery::Pairwise, ..Conditions::default() };
        vec![fixed.clone().with_faults(1), fixed.under(pairwise).with_faults(1)]
    }

    fn workload(&self, _: &Variant, seed: [u8; 32]) -> Vec<Op> {
        generate::from_seed(&workloads(), seed)
    }

    fn start(&self, _: &Variant, workload: &[Op], world: &mut ProcessWorld) {
        for who in 0..actors(workload) {
            let acts = workload.iter().filter(|op| op.who == who).map(|op| op.act).collect();
            let label = LABELS[usize::from(who) % LABELS.len()];
            world.root(label, move |ctx| actor(ctx, acts));
        }
    }

    fn invariants(&self, variant: &Variant) -> Vec<Invariant<ProcessWorld>> {
        let mut all = invariants::basics();
        all.extend(invariants::links());
        if variant.name == "fixed" {
            all.extend(dangerous_windows());
        }
        all
    }

    /// Before v0.6.6 AtomVM edits both ends of a link under a lock: nothing travels. Since then every
    /// signal waits in a mailbox until its receiver is scheduled: all of them travel.
    fn conditions(&self, variant: &Variant, drawn: Conditions) -> Conditions {
        match &*variant.name {
            "fixed" => drawn,
            _ if profile(variant).instant_only => {
                Conditions { delivery: Delivery::Instant, ..drawn }
            }
            _ => Conditions { delivery: Delivery::Pairwise, ..drawn },
        }
    }

    fn is_valid(&self, workload: &[Op]) -> bool {
        let known = workload.iter().flat_map(|op| op.actors()).all(|actor| actor < ACTORS);
        known && workload.iter().all(|op| !op.is_reflexive())
    }

    fn operation_text(&self, op: &Op) -> String {
        op.to_string()
    }

    fn actors(&self, op: &Op) -> Vec<u32> {
        op.actors().map(u32::from).collect()
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        let count = actors(workload);
        let mut simpler = Vec::new();
        for gone in 0..count {
            let rest = workload.iter().filter(|op| op.actors().all(|actor| actor != gone));
            let name = move |actor| if actor > gone { actor - 1 } else { actor };
            simpler.push(rest.map(|op| op.renamed(name)).collect());
        }
        for low in 0..count {
            for high in low + 1..count {
                let merged = move |actor| if actor == high { low } else { actor };
                let merged = workload.iter().map(|op| op.renamed(merged));
                simpler.push(merged.filter(|op| !op.is_reflexive()).collect());
                let swapped = move |actor| match actor {
                    actor if actor == high => low,
                    actor if actor == low => high,
                    actor => actor,
                };
                simpler.push(workload.iter().map(|op| op.renamed(swapped)).collect());
            }
        }
        for (at, op) in workload.iter().enumerate() {
            for op in op.with_simpler_reason().into_iter().chain(op.by_earlier_actors()) {
                let mut with = workload.to_vec();
                with[at] = op;
                simpler.push(with);
            }
        }
        simpler
    }
}

/// What the bug variants trip over, and a holding variant must have gone through.
fn dangerous_windows() -> Vec<Invariant<ProcessWorld>> {
    let linked = EventMask::of(&[event::LINK]);
    let exits = EventMask::of(&[event::EXIT_TRAPPED, event::EXIT_IGNORED]);
    let by_link = |event: Event| event.arg() & BY_LINK != 0;
    vec![
        Invariant::sometimes(
            "linked-again",
            "link/1 was called on a linked peer",
            linked,
            |_: &ProcessWorld, event| event.value() == event::LINK_AGAIN,
        ),
        Invariant::sometimes(
            "relinked-early",
            "link/1 was called while an unlink waited for its acknowledgement",
            linked,
            |_: &ProcessWorld, event| event.value() == event::LINK_WHILE_PENDING,
        ),
        Invariant::sometimes(
            "exit-trapped",
            "a trapping process got the EXIT of a linked peer",
            exits,
            move |_: &ProcessWorld, event| event.kind() == event::EXIT_TRAPPED && by_link(event),
        ),
        Invariant::sometimes(
            "normal-exit-ignored",
            "a process ignored the normal exit of a linked peer",
            exits,
            move |_: &ProcessWorld, event| event.kind() == event::EXIT_IGNORED && by_link(event),
        ),
    ]
}
