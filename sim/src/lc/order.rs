//! In which orders messages may have arrived, as far as events so far tell.
//!
//! Under [`Relation::Observer`](crate::relation::Relation::Observer) a mailbox has no order but the one
//! that receives have shown: each took the first message that it could match. So a receive may choose
//! any message that can still have been the first, and no two sends conflict. What is kept is the
//! order of events that follows from what they touched and from what was chosen; a choice that would
//! close a circle is none.

use crate::{check::dpor::Set, footprint::Footprint};

/// The choices that any other of the same mover can stand for.
pub(super) const ANY: u64 = 1 << 63;
/// What a process chose that was killed where it would have received.
pub(super) const KILLED: u64 = 2;

/// A receive: what it could match, and what it chose.
#[derive(Clone, Debug)]
struct Taking {
    process: u32,
    tag: Option<u32>,
    /// The event that the others came after: the arrival of what was taken, or the receive itself.
    first: usize,
}

/// A message that arrived.
#[derive(Clone, Debug)]
struct Arrival {
    message: u64,
    event: usize,
}

/// A link between two processes, the lower first, or a monitor: what an exit event finds in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Link(u32, u32),
    Monitor(u32),
}

/// What an order rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// What was chosen so far.
    Chosen,
    /// What depends on what, whatever was chosen.
    Caused,
}

/// What is known of the order of events.
#[derive(Clone, Debug, Default)]
pub(super) struct Order {
    prints: Vec<Footprint>,
    movers: Vec<u32>,
    /// Events that came before each, in every order that fits.
    before: Vec<Set>,
    /// Those of them that it depends on, whatever was chosen.
    causes: Vec<Set>,
    takings: Vec<Taking>,
    arrivals: Vec<Arrival>,
    /// Links and monitors, and the event that made each.
    entries: Vec<(Entry, usize)>,
}

/// What happened in an event, as far as the order cares.
pub(super) struct Happened<'e> {
    pub(super) mover: u32,
    pub(super) print: &'e Footprint,
    /// A message that arrived: to whom, and which.
    pub(super) arrived: Option<(u32, u64)>,
    /// The receive that it was.
    pub(super) took: Option<&'e Took>,
    /// The link or monitor that was made.
    pub(super) made: &'e [Entry],
}

/// A receive.
#[derive(Clone, Debug)]
pub(super) struct Took {
    pub(super) process: u32,
    pub(super) tag: Option<u32>,
    /// What it took; none if it did not wait for a message.
    pub(super) message: Option<u64>,
    /// What it could have matched and did not take.
    pub(super) left: Vec<u64>,
}

impl Order {
    fn arrival(&self, message: u64) -> usize {
        let found = self.arrivals.iter().find(|arrival| arrival.message == message);
        found.expect("a message in a mailbox arrived").event
    }

    /// Whether a message can have been the first of those that a receive could match.
    pub(super) fn may_be_first(&self, message: u64, matching: &[u64]) -> bool {
        let before = &self.before[self.arrival(message)];
        matching.iter().all(|&other| other == message || !before.has(self.arrival(other)))
    }

    /// Whether all messages that a mover's receive could match can have arrived after it.
    pub(super) fn may_be_late(&self, mover: u32, matching: &[u64]) -> bool {
        let Some(own) = self.movers.iter().rposition(|&other| other == mover) else {
            return true;
        };
        matching.iter().all(|&message| {
            let arrival = self.arrival(message);
            arrival != own && !self.before[own].has(arrival)
        })
    }

    /// Adds an event. `fits` says whether a receive of some tag could match the message that arrived.
    pub(super) fn add(&mut self, happened: &Happened<'_>, fits: impl Fn(Option<u32>) -> bool) {
        let event = self.movers.len();
        self.movers.push(happened.mover);
        self.prints.push(happened.print.clone());
        self.before.push(Set::default());
        let mut causes = Set::default();
        for other in (0..event).rev() {
            let same = self.movers[other] == happened.mover;
            if same || self.prints[other].conflicts(happened.print) {
                causes.add(other);
                causes.join(&self.causes[other]);
                self.precede(other, event);
            }
        }
        self.causes.push(causes);
        self.entries.extend(happened.made.iter().map(|&entry| (entry, event)));
        if let Some((to, message)) = happened.arrived {
            self.arrivals.push(Arrival { message, event });
            let missed = |taking: &&Taking| taking.process == to && fits(taking.tag);
            let earlier: Vec<usize> =
                self.takings.iter().filter(missed).map(|taking| taking.first).collect();
            earlier.into_iter().for_each(|first| self.precede(first, event));
        }
        if let Some(Took { process, tag, message, left }) = happened.took {
            let first = message.map_or(event, |message| self.arrival(message));
            self.takings.push(Taking { process: *process, tag: *tag, first });
            for &other in left {
                self.precede(first, self.arrival(other));
            }
        }
    }

    fn making(&self, entry: Entry) -> usize {
        let found = self.entries.iter().rfind(|&&(known, _)| known == entry);
        found.expect("an entry was made").1
    }

    /// The orders in which a list may have been made.
    pub(super) fn arrangements(
        &self,
        list: &[u32],
        known: Known,
        entry: impl Fn(u32) -> Entry,
    ) -> Vec<Vec<u32>> {
        let before = match known {
            Known::Chosen => &self.before,
            Known::Caused => &self.causes,
        };
        let made = |one: &u32| self.making(entry(*one));
        let mut orders = vec![Vec::new()];
        for _ in list {
            let longer = |order: &Vec<u32>| {
                let left: Vec<u32> =
                    list.iter().copied().filter(|one| !order.contains(one)).collect();
                let leads =
                    |one: &u32| !left.iter().any(|other| before[made(one)].has(made(other)));
                let may_lead = left.iter().copied().filter(leads);
                may_lead.map(|one| [order.as_slice(), &[one]].concat()).collect::<Vec<_>>()
            };
            orders = orders.iter().flat_map(longer).collect();
        }
        orders
    }

    /// A list was made in this order.
    pub(super) fn arranged(&mut self, list: &[u32], entry: impl Fn(u32) -> Entry) {
        for pair in list.windows(2) {
            self.precede(self.making(entry(pair[0])), self.making(entry(pair[1])));
        }
    }

    /// An event came before another, and so before all that the other came before.
    fn precede(&mut self, earlier: usize, later: usize) {
        if earlier == later || self.before[later].has(earlier) {
            return;
        }
        let mut added = self.before[earlier].clone();
        added.add(earlier);
        for event in 0..self.before.len() {
            if event == later || self.before[event].has(later) {
                self.before[event].join(&added);
            }
        }
    }
}
