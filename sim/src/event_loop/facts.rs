//! What is true of an event loop between two steps, for people: tasks and what keeps each alive, the
//! queues, what the outside still owes.

use super::{
    EventLoopWorld,
    heap::{NONE, Node},
    table::{Kind, Primitive, Ready, State, Tables},
};
use crate::facts::{Fact, READY, few};

impl EventLoopWorld {
    pub(super) fn facts_now(&self, into: &mut Vec<Fact>) {
        let tables = self.desk.tables.borrow();
        let tasks =
            (0..tables.tasks.len() as u32).filter(|&task| !tables.tasks[task as usize].is_quiet);
        tasks.for_each(|task| tables.task_facts(task, into));
        tables.queue_facts(into);
        tables.primitive_facts(into);
        tables.owed_facts(into);
    }
}

impl Tables {
    fn task_facts(&self, task: u32, into: &mut Vec<Fact>) {
        let row = &self.tasks[task as usize];
        let who = self.shown_task(task);
        if row.destroyed.is_some() {
            return into
                .push(Fact::new("alive", who, "destroyed, pending".to_owned()).dead_if(true));
        }
        let future = self.future(row.node);
        let text = match &future.state {
            State::Pending => match row.awaits {
                None => "has not run yet".to_owned(),
                Some((what, _)) => {
                    let awaited = row.waiter.map(|(future, _)| self.awaited_text(future));
                    format!(
                        "awaits {}",
                        awaited.flatten().unwrap_or_else(|| what.text().to_owned())
                    )
                }
            },
            State::Cancelled => "cancelled".to_owned(),
            State::Result(_) => "returned".to_owned(),
            State::Error(error) => format!("raised {error}"),
        };
        into.push(Fact::new("alive", who.clone(), text).dead_if(future.is_done()));
        if future.unretrieved {
            into.push(Fact::new("exception", who.clone(), "not retrieved".to_owned()));
        }
        if !future.is_done() {
            into.push(self.heap_fact(row.node, who));
        }
    }

    /// What somebody awaits, if it has a name.
    fn awaited_text(&self, future: Node) -> Option<String> {
        match self.task_of(future) {
            Some(task) => Some(self.shown_task(task)),
            None => Some(self.texts.text(self.object(future).name).to_owned())
                .filter(|name| !name.is_empty()),
        }
    }

    /// What keeps a pending task alive: the way from a root to it, or who holds it in vain.
    fn heap_fact(&self, node: Node, who: String) -> Fact {
        let way = self.heap.way_to(node);
        if !way.is_empty() {
            let mut steps = Vec::new();
            for edge in way {
                let reference = self.heap.reference(edge);
                steps.push(format!(
                    "{}: {}",
                    self.owner(reference.from),
                    self.label_text(reference.label)
                ));
            }
            return Fact::new("heap", who, steps.join(" → "));
        }
        let holders = self.holders(node).into_iter();
        let holders: Vec<String> = holders
            .map(|(label, of)| format!("{} of {}", self.label_text(label), self.owner(of)))
            .collect();
        let text = match holders.as_slice() {
            [] => "nothing holds it".to_owned(),
            all => format!("no root leads to it; held by {}", all.join(" and ")),
        };
        Fact::new("heap", who, text).dead_if(true)
    }

    /// The ready queue in order, and timers by when they are due.
    fn queue_facts(&self, into: &mut Vec<Fact>) {
        let ready: Vec<String> =
            self.ready.iter().filter_map(|entry| self.ready_text(entry)).collect();
        if !ready.is_empty() {
            into.push(Fact::new("queue", "loop".to_owned(), few(ready.into_iter())));
        }
        for entry in &self.ready {
            if let Ready::Direct { callback, .. } = entry
                && callback.is_step()
            {
                let who = self.shown_task(self.object(callback.on).row);
                into.push(Fact::new(READY, who, String::new()));
            }
        }
        for (&(due, _), &handle) in &self.timers {
            let row = &self.handles[handle as usize];
            let at = due / 1_000_000;
            let text = format!("timer {} at {at} ms", row.ordinal);
            let owner = self.tasks.get(row.owner as usize);
            let who = owner.map_or("loop".to_owned(), |_| self.shown_task(row.owner));
            into.push(Fact::new("timer", who, text));
        }
    }

    fn ready_text(&self, entry: &Ready) -> Option<String> {
        let callback = match entry {
            Ready::Direct { callback, .. } => callback,
            Ready::Handle(handle) => {
                let row = &self.handles[*handle as usize];
                row.callback.as_ref().filter(|_| !row.cancelled)?
            }
        };
        Some(match callback.is_step() {
            true => self.shown_task(self.object(callback.on).row),
            false if callback.on == NONE => "callback".to_owned(),
            false => format!("callback on {}", self.short(callback.on)),
        })
    }

    fn primitive_facts(&self, into: &mut Vec<Fact>) {
        for kind in [Kind::Queue, Kind::Event, Kind::Lock, Kind::Semaphore, Kind::Set] {
            for node in self.there(kind) {
                let text = primitive_text(self.primitive(node));
                into.push(Fact::new("channel", self.described(node), text));
            }
        }
    }

    /// Answers that are still to come from outside.
    fn owed_facts(&self, into: &mut Vec<Fact>) {
        for &reply in &self.open_replies {
            let row = &self.replies[reply as usize];
            let who = match self.tasks.get(row.owner as usize) {
                Some(_) => self.shown_task(row.owner),
                None => "program".to_owned(),
            };
            into.push(Fact::new("reply", who, "to be answered from outside".to_owned()));
        }
    }
}

fn primitive_text(primitive: &Primitive) -> String {
    match primitive {
        Primitive::Queue { items, getters, putters, .. } => format!(
            "{} inside, {} waiting to get, {} to put",
            items.len(),
            getters.len(),
            putters.len()
        ),
        Primitive::Event { set, waiters } => {
            format!("{}, {} waiting", if *set { "set" } else { "not set" }, waiters.len())
        }
        Primitive::Lock { locked, waiters, .. } => {
            format!("{}, {} waiting", if *locked { "locked" } else { "free" }, waiters.len())
        }
        Primitive::Semaphore { value, waiters } => {
            format!("{value} free, {} waiting", waiters.len())
        }
        Primitive::Set { items } => format!("{} inside", items.len()),
        Primitive::Plain { attributes } => format!("{} attributes", attributes.len()),
    }
}
