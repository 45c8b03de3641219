//! The ready-made lifecycle invariants that can be stated on processes.
//!
//! Each is a plain function of the world (and an event); the real bug behind each is told in
//! `docs/invariants.md`.

use super::{PARTY, Pid, ProcessView, ProcessWorld, UNOWED, event};
use crate::{
    invariant::{Evidence, Invariant, no_deadlock},
    trace::{Event, EventMask},
};

/// An invariant of the process world.
pub type ProcessInvariant = Invariant<ProcessWorld>;

/// How many messages `mailbox-bounded` allows where nobody says.
const MAILBOX_BOUND: usize = 1000;

/// A name and what makes the invariant.
type ReadyMade = (&'static str, fn() -> ProcessInvariant);

/// Ready-made invariants, by name.
const READY_MADE: [ReadyMade; 14] = [
    ("no-panic", no_panic),
    ("no-effect-from-drop", no_effect_from_drop),
    ("no-deadlock", no_deadlock),
    ("no-stale-pid", no_stale_pid),
    ("no-duplicate-link", no_duplicate_link),
    ("one-exit-per-link", one_exit_per_link),
    ("no-link-to-dead", no_link_to_dead),
    ("links-symmetric", links_symmetric),
    ("no-lost-link", no_lost_link),
    ("no-pending-unlink", no_pending_unlink),
    ("monitors-balanced", monitors_balanced),
    ("names-live", names_live),
    ("no-unsupervised-survivor", no_unsupervised_survivor),
    ("mailbox-bounded", || mailbox_bounded(MAILBOX_BOUND)),
];

/// The names of the ready-made invariants.
pub fn names() -> impl Iterator<Item = &'static str> {
    READY_MADE.iter().map(|(name, _)| *name)
}

/// The ready-made invariant of this name. `mailbox-bounded:N` sets the bound of `mailbox-bounded`,
/// which is 1000 otherwise.
pub fn ready_made(name: &str) -> Option<ProcessInvariant> {
    if let Some(bound) = name.strip_prefix("mailbox-bounded:") {
        return bound.parse().ok().map(mailbox_bounded);
    }
    READY_MADE.iter().find(|(known, _)| *known == name).map(|(_, make)| make())
}

/// Those that hold of every sane program: no panic, no effect from a drop, no deadlock.
pub fn basics() -> Vec<ProcessInvariant> {
    vec![no_panic(), no_effect_from_drop(), no_deadlock()]
}

/// The invariants of links.
pub fn links() -> Vec<ProcessInvariant> {
    vec![
        no_duplicate_link(),
        one_exit_per_link(),
        no_link_to_dead(),
        links_symmetric(),
        no_lost_link(),
        no_pending_unlink(),
    ]
}

/// No body panics.
pub fn no_panic() -> ProcessInvariant {
    Invariant::always(
        "no-panic",
        "no body panics",
        EventMask::of(&[event::PANICKED]),
        |world: &ProcessWorld, event: Event| {
            let pid = Pid(event.who());
            Some(format!("{} panicked: {}", world.shown(pid), world.panic_of(pid)).into())
        },
    )
}

/// A body that is dropped announces no effect: it is dead already.
pub fn no_effect_from_drop() -> ProcessInvariant {
    Invariant::always(
        "no-effect-from-drop",
        "a body that is dropped announces no effect",
        EventMask::of(&[event::REFUSED]),
        |world: &ProcessWorld, event: Event| {
            let name = world.shown(Pid(event.who()));
            Some(format!("the body of {name} announced an effect while it was dropped").into())
        },
    )
}

/// A link is one relation however often it is made.
pub fn no_duplicate_link() -> ProcessInvariant {
    Invariant::always(
        "no-duplicate-link",
        "a link is one relation however often it is made",
        EventMask::of(&[event::LINK, event::LINKED, event::SPAWN]),
        |world: &ProcessWorld, event: Event| {
            let (who, other) = (Pid::who(event), Pid::party(event));
            duplicate_link(world, who, other).or_else(|| duplicate_link(world, other, who))
        },
    )
    .reading(|world, event, into| world.reads_link(Pid::who(event), Pid::party(event), into))
}

fn duplicate_link(world: &ProcessWorld, pid: Pid, peer: Pid) -> Option<Evidence> {
    let times = world.process(pid).links().filter(|&other| other == peer).count();
    (times > 1).then(|| {
        let (who, peer) = (world.shown(pid), world.shown(peer));
        format!("{who} lists {peer} {times} times among its links").into()
    })
}

/// Each establishment of a link brings at most one EXIT, and none once it was unlinked. "At most
/// one EXIT for each pid" would be wrong: linking again after a death brings another noproc.
pub fn one_exit_per_link() -> ProcessInvariant {
    Invariant::always(
        "one-exit-per-link",
        "each establishment of a link brings at most one EXIT, and none once unlink/1 has returned",
        EventMask::of(&[event::EXIT_TRAPPED, event::EXIT_IGNORED, event::EXIT_FATAL]),
        |world: &ProcessWorld, event: Event| {
            (event.arg() & UNOWED != 0).then(|| {
                let (who, from) =
                    (world.shown(Pid(event.who())), world.shown(Pid(event.arg() & PARTY)));
                format!("{who} got an EXIT of {from} that no standing link accounts for").into()
            })
        },
    )
}

/// No living process lists a dead one among its links.
pub fn no_link_to_dead() -> ProcessInvariant {
    Invariant::settled(
        "no-link-to-dead",
        "no living process lists a dead one among its links",
        |world: &ProcessWorld| {
            world.processes().filter(|process| process.is_alive()).find_map(|process| {
                let dead = process.links().find(|&peer| !world.process(peer).is_alive())?;
                let (who, peer) = (world.shown(process.pid()), world.shown(dead));
                let reason =
                    world.process(dead).exit_reason().map(|r| world.text(r)).unwrap_or_default();
                Some(format!("{who} still lists {peer}, which exited with reason {reason}").into())
            })
        },
    )
}

/// A link between two living processes stands at both ends or at neither.
pub fn links_symmetric() -> ProcessInvariant {
    Invariant::settled(
        "links-symmetric",
        "a link between two living processes stands at both ends or at neither",
        |world: &ProcessWorld| {
            world.processes().filter(|process| process.is_alive()).find_map(|process| {
                let half = process.links().find(|&peer| {
                    let peer = world.process(peer);
                    peer.is_alive() && !peer.links().any(|back| back == process.pid())
                })?;
                let (who, peer) = (world.shown(process.pid()), world.shown(half));
                Some(
                    format!("{who} lists {peer} among its links, {peer} does not list {who}")
                        .into(),
                )
            })
        },
    )
}

/// What link/1 made and nobody unmade stands, or its EXIT has come.
pub fn no_lost_link() -> ProcessInvariant {
    Invariant::settled(
        "no-lost-link",
        "a link that was made and not unmade stands, or its EXIT has come",
        |world: &ProcessWorld| {
            world.processes().filter(|process| process.is_alive()).find_map(|process| {
                let lost = process.owed().find(|&peer| {
                    let stands = process.links().any(|linked| linked == peer);
                    !stands || !world.process(peer).is_alive()
                })?;
                let (who, peer) = (world.shown(process.pid()), world.shown(lost));
                let fate =
                    if world.process(lost).is_alive() { "no link stands" } else { "no EXIT came" };
                Some(format!("{who} linked to {peer} and never unlinked, yet {fate}").into())
            })
        },
    )
}

/// No unlink waits for ever to be acknowledged.
pub fn no_pending_unlink() -> ProcessInvariant {
    Invariant::settled(
        "no-pending-unlink",
        "no unlink waits for ever for its acknowledgement",
        |world: &ProcessWorld| {
            world.processes().filter(|process| process.is_alive()).find_map(|process| {
                let peer = process.pending_unlinks().next()?;
                let (who, peer) = (world.shown(process.pid()), world.shown(peer));
                Some(
                    format!("{who} unlinked {peer} and waits for the acknowledgement for ever")
                        .into(),
                )
            })
        },
    )
}

/// Nobody uses a process after being told of its death: sends to it, or asks it to die. A use that
/// merely races with the death is no violation.
pub fn no_stale_pid() -> ProcessInvariant {
    Invariant::always(
        "no-stale-pid",
        "nobody uses a process after being told of its death",
        EventMask::of(&[event::STALE_USE]),
        |world: &ProcessWorld, event: Event| {
            let (who, target) = (Pid(event.who()), Pid(event.arg()));
            let reason = world.process(target).exit_reason().map(|r| world.text(r));
            let (who, target) = (world.shown(who), world.shown(target));
            let reason = reason.unwrap_or_default();
            Some(
                format!(
                    "{who} uses {target}, which exited with reason {reason}, as {who} was told"
                )
                .into(),
            )
        },
    )
    // Who mourns was told, so the death comes before the use in each order: nothing new.
    .reading(|world, event, into| world.reads_life(Pid::party(event), into))
}

/// Every registered name belongs to a living process.
pub fn names_live() -> ProcessInvariant {
    Invariant::settled(
        "names-live",
        "every registered name belongs to a living process",
        |world: &ProcessWorld| {
            let (name, dead) = world.names().find(|&(_, pid)| !world.process(pid).is_alive())?;
            Some(
                format!(
                    "the name {} belongs to {}, which is dead",
                    world.text(name),
                    world.shown(dead)
                )
                .into(),
            )
        },
    )
}

/// Who is alive at the end is a root, or somebody answers for it: a root or another that is answered
/// for is linked to it or holds it ([`super::Ctx::hold`]).
pub fn no_unsupervised_survivor() -> ProcessInvariant {
    Invariant::settled(
        "no-unsupervised-survivor",
        "no process is alive that nobody living is linked to or holds",
        |world: &ProcessWorld| {
            let mut answered: Vec<Pid> =
                alive(world).filter(|p| p.is_root()).map(|p| p.pid()).collect();
            let mut at = 0;
            while at < answered.len() {
                let process = world.process(answered[at]);
                let known = process.links().chain(process.holds().map(|(_, pid)| pid));
                let known: Vec<Pid> = known.filter(|pid| !answered.contains(pid)).collect();
                answered.extend(known.into_iter().filter(|&pid| world.process(pid).is_alive()));
                at += 1;
            }
            let survivor = alive(world).find(|process| !answered.contains(&process.pid()))?;
            let spawner = survivor.spawner().map(|pid| world.shown(pid)).unwrap_or_default();
            let survivor = world.shown(survivor.pid());
            Some(format!("{survivor} is alive, and nobody living is linked to it or holds it; {spawner} spawned it").into())
        },
    )
}

fn alive(world: &ProcessWorld) -> impl Iterator<Item = ProcessView<'_>> {
    world.processes().filter(|process| process.is_alive())
}

/// A monitor stands at both ends or at neither.
pub fn monitors_balanced() -> ProcessInvariant {
    Invariant::settled(
        "monitors-balanced",
        "a monitor between two living processes stands at both ends or at neither",
        |world: &ProcessWorld| {
            world.processes().filter(|process| process.is_alive()).find_map(|process| {
                let own = process.pid();
                let one_sided = process.monitors().find(|monitor| {
                    let alive = world.process(monitor.target).is_alive();
                    let lost = !alive && monitor.active;
                    monitor.target != own && (lost || (alive && monitor.active != monitor.known))
                })?;
                let (who, target) = (world.shown(own), world.shown(one_sided.target));
                let side = if one_sided.active {
                    "holds a monitor that"
                } else {
                    "ended a monitor that still stands at"
                };
                Some(format!("{who} {side} {target} does not know of").into())
            })
        },
    )
}

/// No mailbox ever holds more messages than this.
pub fn mailbox_bounded(most: usize) -> ProcessInvariant {
    Invariant::always(
        "mailbox-bounded",
        "no mailbox grows past its bound",
        EventMask::of(&[
            event::SEND,
            event::DELIVER,
            event::EXIT_TRAPPED,
            event::DOWN,
            event::TIMER_FIRED,
        ]),
        move |world: &ProcessWorld, event: Event| {
            let receiver = receiver(world, event)?;
            let held = world.process(receiver).mailbox_len();
            (held > most).then(|| {
                let receiver = world.shown(receiver);
                format!("{receiver} holds {held} messages, at most {most} are allowed").into()
            })
        },
    )
    .reading(|world, event, into| {
        if let Some(receiver) = receiver(world, event) {
            world.reads_mailbox(receiver, into);
        }
    })
}

/// Whose mailbox a message has reached.
fn receiver(world: &ProcessWorld, event: Event) -> Option<Pid> {
    let (who, other) = (Pid::who(event), Pid::party(event));
    match event.kind() {
        event::SEND => (who == other || world.is_instant()).then_some(other),
        event::TIMER_FIRED => Some(other),
        _ => Some(who),
    }
}
