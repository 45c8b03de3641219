//! What can be played next, and what a process chooses where nobody observed an order.
//!
//! Under [`Relation::Observer`] a receive chooses a message that may have been the first, and a poll
//! may choose not to see what may have come later. Under every relation an exit chooses in which
//! order others made its links and monitors. What may have been is what [`order`](super::order) knows.

use super::{
    LcWorld,
    order::{ANY, Entry, Happened, KILLED, Known},
    program::Code,
    step::{Actor, Played, fits},
};
use crate::{moves::Move, relation::Relation, word::mix};

/// Whom an exit tells: links, and monitors on it.
#[derive(Clone, Debug)]
pub(super) struct Lists {
    links: Vec<u32>,
    watched: Vec<u32>,
}

impl LcWorld {
    /// What a process can do next.
    pub(super) fn moves_of(&mut self, process: u32, into: &mut Vec<Move>) {
        let actor = Actor::Process(process);
        if self.exit_is_a_choice(process) {
            for lists in self.exits(process, Known::Chosen) {
                let choice = self.choice_of(&lists);
                into.push(self.move_of_choice(actor, choice));
            }
            return;
        }
        match self.receiving(process) {
            Some((tag, blocks)) if self.relation == Relation::Observer => {
                let row = &self.state.processes[process as usize];
                if row.doomed.is_some() {
                    return into.push(self.move_of_choice(actor, KILLED));
                }
                let choices = self.messages_for(process, tag, blocks);
                into.extend(choices.into_iter().map(|choice| self.move_of_choice(actor, choice)));
            }
            _ if self.can_move(process) => into.push(self.to_move(actor)),
            _ => {}
        }
    }

    /// The receive that a process stands at, unless it has something to tell or its own failure to
    /// die of: of what, and whether it waits.
    fn receiving(&self, process: u32) -> Option<(Option<u32>, bool)> {
        let row = &self.state.processes[process as usize];
        if !row.notices.is_empty() || !row.is_alive() || row.failed.is_some() {
            return None;
        }
        match self.next_code(process) {
            Some(&Code::Recv { tag, blocks, .. }) => Some((tag, blocks)),
            _ => None,
        }
    }

    /// What a receive can choose.
    fn messages_for(&self, process: u32, tag: Option<u32>, blocks: bool) -> Vec<u64> {
        let matching = self.state.matching(&self.program, process, tag);
        let first = |&message: &u64| self.order.may_be_first(message, &matching);
        let mut choices: Vec<u64> = matching.iter().copied().filter(first).collect();
        let mover = self.to_move(Actor::Process(process)).0;
        if !blocks && self.order.may_be_late(mover, &matching) {
            choices.push(self.state.timeout_of(process, 1));
        }
        choices
    }

    /// Whether the next step of a process is its exit.
    fn is_dying(&self, process: u32) -> bool {
        let row = &self.state.processes[process as usize];
        let exits = || match self.next_code(process) {
            Some(code) => matches!(code, Code::Exit(_)),
            None => self.program.implicit_exit,
        };
        row.is_alive() && (row.doomed.is_some() || row.failed.is_some() || exits())
    }

    /// Whether its exit may find its lists in more than one order.
    fn exit_is_a_choice(&self, process: u32) -> bool {
        self.program.makes_entries
            && self.is_dying(process)
            && self.exits(process, Known::Caused).len() > 1
    }

    /// What the exit of a process may find in its lists, as far as is known: the order in which they
    /// were made.
    pub(super) fn exits(&self, process: u32, known: Known) -> Vec<Lists> {
        let row = &self.state.processes[process as usize];
        let links = if self.relation == Relation::Observer { &row.ever_linked } else { &row.links };
        let link = |peer: u32| Entry::Link(process.min(peer), process.max(peer));
        let links = self.order.arrangements(links, known, link);
        let watched = self.order.arrangements(&row.watched, known, Entry::Monitor);
        let all = links.iter().flat_map(|links| {
            watched.iter().map(|watched| Lists { links: links.clone(), watched: watched.clone() })
        });
        all.collect()
    }

    /// The order of lists as a choice; where it cannot be made, any other of its mover will do.
    pub(super) fn choice_of(&self, lists: &Lists) -> u64 {
        let monitors = lists.watched.iter().map(|&monitor| self.state.monitor_id(monitor));
        let links = lists.links.iter().map(|&peer| u64::from(peer));
        links.chain([u64::MAX]).chain(monitors).fold(0, mix) | ANY
    }

    /// The exit of a process finds its lists in the order that was chosen.
    pub(super) fn arrange(&mut self, process: u32, choice: u64) {
        let mut exits = self.exits(process, Known::Chosen).into_iter();
        let lists = exits.find(|lists| self.choice_of(lists) == choice).expect("an enabled choice");
        self.order.arranged(&lists.links, |peer| Entry::Link(process.min(peer), process.max(peer)));
        self.order.arranged(&lists.watched, Entry::Monitor);
        let row = &mut self.state.processes[process as usize];
        row.watched = lists.watched;
        if self.relation == Relation::Observer {
            row.ever_linked = lists.links;
        } else {
            row.links = lists.links;
        }
    }

    fn move_of_choice(&mut self, actor: Actor, choice: u64) -> Move {
        let known = self.choices.iter().position(|&known| known == choice);
        let slot = known.unwrap_or_else(|| {
            self.choices.push(choice);
            self.choices.len() - 1
        });
        Move(self.to_move(actor).0 + (slot as u32 + 1) * self.stride())
    }

    /// Keeps what the event that was played tells of the order of arrivals.
    pub(super) fn order(&mut self, mv: Move) {
        self.see();
        let Played { arrived, ref took, ref made, .. } = self.played;
        let text = arrived.map(|(to, _)| {
            let mailbox = &self.state.processes[to as usize].mailbox;
            &mailbox.back().expect("what arrived stands last").text
        });
        let (mover, print) = (mv.0 % self.stride(), &self.observed);
        let happened = Happened { mover, print, arrived, took: took.as_ref(), made };
        let program = &self.program;
        self.order.add(&happened, |tag| text.is_some_and(|text| fits(program, tag, text)));
    }
}
