//! What a program never does, seen without running it: to which processes nobody links or sends an
//! exit signal ([`Ctx::shelter`](atropos::process::Ctx::shelter)), and what is not asked after.
//!
//! Errs on the safe side: an operation that it does not know may do anything. Leaves out what time
//! does: one `exit/2` anywhere, and its target is no longer sheltered.

use super::{
    interpret::commands,
    model::{Act, Data, Item, Op, ServerOp, Slot, Step},
};
use atropos::process::Questions;
use std::collections::BTreeSet;

/// What the steps of a program may do.
#[derive(Debug, Default)]
pub(super) struct Reach {
    /// To whom somebody may link or send an exit signal.
    reached: BTreeSet<Slot>,
    asks: Asks,
    /// There is an operation of which nothing is known.
    unknown: bool,
}

/// What is asked after.
#[derive(Debug, Default)]
struct Asks {
    ties: bool,
    mailboxes: bool,
}

impl Reach {
    /// What these steps may do.
    pub(super) fn of(steps: &[Step]) -> Reach {
        let mut reach = Reach::default();
        steps.iter().flat_map(commands).for_each(|command| reach.op(&command.op));
        reach
    }

    /// Whether nobody links to a process or sends it an exit signal.
    pub(super) fn shelters(&self, process: Slot) -> bool {
        !self.unknown && !self.reached.contains(&process)
    }

    /// What the processes ask after one another.
    pub(super) fn questions(&self) -> Questions {
        match (self.unknown || self.asks.mailboxes, self.asks.ties) {
            (true, _) => Questions::Anything,
            (false, true) => Questions::Ties,
            (false, false) => Questions::Nothing,
        }
    }

    fn op(&mut self, op: &Op) {
        match &op.act {
            Act::Seq(ops) => ops.iter().for_each(|op| self.op(op)),
            Act::Link { to } => {
                self.asks.ties = true;
                self.names_in(to);
            }
            Act::Exit2 { to, .. } => self.names_in(to),
            Act::Info { item: Item::Messages | Item::MessageQueueLen, .. } => {
                self.asks.mailboxes = true;
            }
            Act::Info { .. } | Act::Alive { .. } => self.asks.ties = true,
            Act::Server(ServerOp::Call { request, .. } | ServerOp::Cast { request, .. }) => {
                self.message(request);
            }
            Act::Send { message, .. } => self.message(message),
            Act::SendAfter(timer) | Act::StartTimer(timer) => self.message(&timer.message),
            act => self.unknown |= !is_harmless(act),
        }
        op.act.body().into_iter().flatten().for_each(|op| self.op(op));
    }

    /// A message may be a request to link.
    fn message(&mut self, message: &Data) {
        if says_link(message) {
            self.asks.ties = true;
            self.names_in(message);
        }
    }

    fn names_in(&mut self, data: &Data) {
        match data {
            Data::Name(slot) => {
                self.reached.insert(*slot);
            }
            data => parts(data).for_each(|part| self.names_in(part)),
        }
    }
}

fn says_link(data: &Data) -> bool {
    matches!(data, Data::Atom(name) if name == "link") || parts(data).any(says_link)
}

fn parts(data: &Data) -> Box<dyn Iterator<Item = &Data> + '_> {
    match data {
        Data::Tuple(parts) | Data::List(parts) => Box::new(parts.iter()),
        Data::Map(pairs) => Box::new(pairs.iter().flat_map(|(key, value)| [key, value])),
        Data::Int(_) | Data::Atom(_) | Data::Name(_) => Box::new(std::iter::empty()),
    }
}

/// What links to nobody but what it starts, sends no exit signal but those of its own end, and asks
/// after nobody else.
fn is_harmless(act: &Act) -> bool {
    let own = matches!(
        act,
        Act::Me
            | Act::MakeRef { .. }
            | Act::Value { .. }
            | Act::Exit { .. }
            | Act::Error { .. }
            | Act::Throw { .. }
            | Act::Return
            | Act::Trap { .. }
            | Act::Recv { .. }
            | Act::Mailbox
            | Act::Sleep { .. }
            | Act::Yield
    );
    let of_others = matches!(
        act,
        Act::Unlink { .. }
            | Act::Monitor { .. }
            | Act::Demonitor { .. }
            | Act::Register { .. }
            | Act::Unregister { .. }
            | Act::Whereis { .. }
            | Act::Alias { .. }
            | Act::Unalias { .. }
            | Act::CancelTimer { .. }
            | Act::GroupLeaderTo { .. }
            | Act::Spawn(_)
            | Act::Server(_)
            | Act::Agent(_)
            | Act::Task(_)
    );
    own || of_others
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::Program;
    use serde_json::json;

    fn read(program: serde_json::Value) -> (Vec<String>, Questions) {
        let program = Program::from_value(&json!({ "program": program })).expect("a program");
        let reach = Reach::of(&program.steps);
        let names = program.names.iter().enumerate();
        let sheltered = names.filter(|&(at, _)| reach.shelters(Slot(at as u16)));
        (sheltered.map(|(_, name)| name.clone()).collect(), reach.questions())
    }

    #[test]
    fn who_gets_no_exit_signal_but_by_its_own_links_is_sheltered() {
        let start = json!({ "op": "gs_start_link", "as": "@s" });
        let call = json!({ "op": "gs_call", "to": "@s", "req": "seen" });
        let both = vec!["@p0".to_owned(), "@s".to_owned()];
        assert_eq!(read(json!([start, call])), (both, Questions::Nothing));
        let signal = json!({ "op": "exit2", "to": "@s", "reason": "boom" });
        assert_eq!(read(json!([start, signal])).0, ["@p0"]);
    }

    #[test]
    fn who_may_be_linked_to_by_another_is_not() {
        let start = json!({ "op": "gs_start", "as": "@s" });
        let cast = json!({ "op": "gs_cast", "to": "@s", "req": ["link", "@p0"] });
        assert_eq!(read(json!([start, cast])), (vec!["@s".to_owned()], Questions::Ties));
        let inner = json!({ "op": "link", "to": "@p0" });
        let spawn = json!({ "op": "spawn", "as": "@p1", "body": [inner] });
        assert_eq!(read(json!([spawn])), (vec!["@p1".to_owned()], Questions::Ties));
    }

    #[test]
    fn a_look_into_a_mailbox_of_another_is_a_question() {
        let own = json!({ "op": "mailbox" });
        assert_eq!(read(json!([own])).1, Questions::Nothing);
        let ask = json!({ "op": "info", "to": "@p0", "item": "message_queue_len" });
        assert_eq!(read(json!([ask])).1, Questions::Anything);
        let ask = json!({ "op": "alive", "to": "@p0" });
        assert_eq!(read(json!([ask])).1, Questions::Ties);
    }
}
