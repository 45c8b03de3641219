//! A step as those see it who go by what was observed.
//!
//! That is [`Relation::Observer`](crate::relation::Relation::Observer). The rule is that of lc-v1
//! (docs/exploration.md), told in the resources of this world:
//!
//! | step | what of its footprint counts |
//! |---|---|
//! | any | not mailboxes, messages, monitors, lists of links, time-outs, what waits to be fetched |
//! | a message on its way: send, timer, an exit signal that dooms nobody | no lives, no links, no doom but its own |
//! | an exit event | its own life and name; no links |
//! | unlink, demonitor, a receive | no lives: what they answer does not depend on them |
//! | a register that fails | it only reads |
//! | a link or a monitor is told of a death, without effect; a DOWN | no event |
//!
//! A DOWN is no event since whoever takes it has its identity in the label. Labels carry what came of
//! a step: the answers that its body has seen so far, and which message it took.

use super::{BY_LINK, Mover, PARTY, ProcessWorld, kind::event};
use crate::{
    footprint::{Footprint, Resource},
    moves::Move,
    relation::Sight,
    trace::{Event, digest_words},
};

/// What a step was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// An operation whose whole footprint counts.
    Plain,
    /// A message on its way.
    Message,
    /// An exit/2 to one that is doomed already.
    TooLate,
    /// An operation that does not depend on who lives.
    Blind,
    /// An exit event.
    Exit,
    /// An operation that failed and changed nothing.
    Failed,
    /// Told of a death, with effect.
    Notice { dooms: bool },
    /// No event.
    Nothing,
}

impl ProcessWorld {
    /// The step that was played last, by its events; `None` if it is no event to an observer.
    pub(super) fn sight_of(&self, mv: Move, events: &[Event]) -> Option<Sight> {
        let nature = self.nature(mv, events);
        if nature == Nature::Nothing {
            return None;
        }
        let own = match Mover::of(mv) {
            Mover::Process(me) => Some(me),
            _ => None,
        };
        let told = events.iter().find(|event| is_exit_signal(event));
        let id = match (nature, told) {
            // Earlier notices that made no difference may have been steps or not.
            (Nature::Notice { .. }, Some(told)) => {
                let words = [self.last_mover(mv), self.tables.id(told.who())];
                digest_words(&words).0 as u64
            }
            _ => self.last_step(),
        };
        let footprint = self.narrowed(nature, own);
        Some(Sight { id, label: self.outcome(own), footprint })
    }

    fn last_mover(&self, mv: Move) -> u64 {
        crate::decisions::Names::id(self, mv)
    }

    fn nature(&self, mv: Move, events: &[Event]) -> Nature {
        let has = |kind: u8| events.iter().any(|event| event.kind() == kind);
        let Mover::Process(me) = Mover::of(mv) else {
            return if has(event::EXIT_FATAL) { Nature::Plain } else { Nature::Message };
        };
        if events.iter().any(|event| event.kind() == event::EXIT && event.who() == me) {
            return Nature::Exit;
        }
        if !self.tables.is_alive(me) {
            return match has(event::EXIT_FATAL) {
                true => Nature::Notice { dooms: true },
                false if has(event::EXIT_TRAPPED) => Nature::Notice { dooms: false },
                false => Nature::Nothing,
            };
        }
        match events.first().map_or(event::YIELD, |first| first.kind()) {
            event::SEND => Nature::Message,
            event::EXIT2 if has(event::EXIT_FATAL) => Nature::Plain,
            event::EXIT2 if has(event::EXIT_DROPPED) => Nature::TooLate,
            event::EXIT2 => Nature::Message,
            event::UNLINK | event::DEMONITOR => Nature::Blind,
            event::RECEIVE | event::RECEIVE_EXIT | event::RECEIVE_DOWN => Nature::Blind,
            event::REGISTER if has(event::RAISED) => Nature::Failed,
            _ => Nature::Plain,
        }
    }

    fn narrowed(&self, nature: Nature, own: Option<u32>) -> Footprint {
        let id = own.map(|me| self.tables.id(me));
        let counts = |resource: &Resource, writes: bool| {
            let is_own = Some(resource.id) == id;
            match (resource.kind, nature) {
                (b'm' | b'b' | b'e' | b'r' | b'o' | b'w' | b'u' | b'p', _) => false,
                (b'l', Nature::Message | Nature::TooLate | Nature::Blind) => false,
                (b'l', Nature::Notice { dooms }) => dooms,
                (b'l', Nature::Exit) => writes,
                (b'd', Nature::Message | Nature::Blind | Nature::Exit) => is_own,
                (b'd', Nature::Notice { dooms }) => dooms,
                (b'k', Nature::Message | Nature::TooLate | Nature::Exit) => false,
                (b'k', Nature::Notice { dooms }) => dooms,
                _ => true,
            }
        };
        let mut into = Footprint::default();
        let print = &self.recorder.print;
        print.reads().iter().filter(|r| counts(r, false)).for_each(|&r| into.read(r));
        for &resource in print.writes().iter().filter(|r| counts(r, true)) {
            match nature {
                Nature::Failed => into.read(resource),
                _ => into.write(resource),
            }
        }
        if print.is_opaque() {
            into.make_opaque();
        }
        into
    }

    /// What came of a step, for the process whose step it was.
    fn outcome(&self, own: Option<u32>) -> u64 {
        let taken = self.recorder.messages.taken.unwrap_or(0);
        let Some(me) = own else { return taken };
        let reason = self.tables.processes[me as usize].reason;
        let reason = reason.filter(|_| !self.tables.is_alive(me)).map_or(0, |r| self.stable(r));
        digest_words(&[self.tables.hot[me as usize].history, taken, reason]).0 as u64
    }
}

fn is_exit_signal(event: &Event) -> bool {
    let kinds = [event::EXIT_TRAPPED, event::EXIT_FATAL];
    kinds.contains(&event.kind())
        && event.arg() & BY_LINK != 0
        && event.arg() & PARTY != event.who()
}
