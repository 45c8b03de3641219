//! Who is not done among the tasks of a loop, what each awaits and whose end that needs.
//!
//! Whose end an await needs is known of tasks, of what is made of them (`gather`, `shield`, a
//! TaskGroup) and of locks; who might put into a queue or set an event is known to nobody.

use super::{
    EventLoopWorld,
    heap::Node,
    kind::What,
    table::{Future, Group, Kind, Primitive, Tables, Waiters},
    texts::Text,
};
use crate::{
    site::{self, Place},
    waiting::Waiting,
};

impl EventLoopWorld {
    /// Why the program does not come to its end: all of its tasks that are not done are missed.
    pub(super) fn who_waits(&self) -> Vec<Waiting> {
        let tables = self.desk.tables.borrow();
        let all = (0..tables.tasks.len() as u32).filter(|&task| {
            let row = &tables.tasks[task as usize];
            !row.is_quiet && !tables.future(row.node).is_done()
        });
        let mut waits: Vec<Waiting> = all.map(|task| tables.waiting_of(task)).collect();
        if waits.is_empty() && self.is_stuck() {
            waits.push(Waiting {
                who: "the program".to_owned(),
                born: String::new(),
                what: "goes on for ever: the loop has nothing to do".to_owned(),
                on: Vec::new(),
                client: true,
            });
        }
        waits
    }

    /// The program has not come to its end.
    pub(super) fn is_stuck(&self) -> bool {
        self.desk.program.borrow().is_some()
    }
}

impl Tables {
    /// A task that is not done.
    fn waiting_of(&self, task: u32) -> Waiting {
        match self.tasks[task as usize].destroyed {
            Some(step) => {
                let what = format!("was destroyed in step {step}");
                Waiting { what, on: Vec::new(), ..self.was_waiting(task) }
            }
            None => self.was_waiting(task),
        }
    }

    /// A task that is not done, as it waits, or waited when it was destroyed.
    pub(super) fn was_waiting(&self, task: u32) -> Waiting {
        let row = &self.tasks[task as usize];
        let made = self.object(row.node).site.map(site::text).unwrap_or_default();
        let awaited = row.waiter.map(|(future, _)| future);
        let awaited = awaited.or(row.lost.as_ref().and_then(|lost| lost.awaited));
        let on = awaited.map(|future| self.needed_by(future)).unwrap_or_default();
        Waiting {
            who: self.shown_task(task),
            born: format!("created at {made}"),
            what: match row.awaits {
                None => "has not run yet".to_owned(),
                Some(why) => self.awaits_text(why, awaited),
            },
            on: on.into_iter().map(|task| self.shown_task(task)).collect(),
            client: true,
        }
    }

    /// What is awaited where, on which primitive, and who took that.
    fn awaits_text(&self, (what, at): (What, Place), awaited: Option<Node>) -> String {
        let named = awaited.and_then(|future| self.named(future));
        let what = named.unwrap_or_else(|| what.text().to_owned());
        let mut text = format!("awaits {what} at {}", site::text(at));
        if let Some(object) = awaited.and_then(|future| self.object_of(future)) {
            text.push_str(&format!(" on {}", self.described(object)));
            if let Some(task) = self.taker(object) {
                text.push_str(&format!(", taken by {}", self.shown_task(task)));
            }
        }
        text
    }

    /// A future that has a name, or is a task.
    fn named(&self, future: Node) -> Option<String> {
        let named = self.task_of(future).is_some() || self.object(future).name != Text::NONE;
        named.then(|| self.described(future))
    }

    /// The primitive in whose list a future stands.
    fn object_of(&self, future: Node) -> Option<Node> {
        let waits = |waiters: &Waiters| waiters.iter().any(|&(node, _)| node == future);
        PRIMITIVES.into_iter().flat_map(|kind| self.there(kind)).find(|&node| {
            match self.primitive(node) {
                Primitive::Queue { getters, putters, .. } => waits(getters) || waits(putters),
                Primitive::Event { waiters, .. }
                | Primitive::Lock { waiters, .. }
                | Primitive::Semaphore { waiters, .. } => waits(waiters),
                Primitive::Set { .. } | Primitive::Plain { .. } => false,
            }
        })
    }

    /// Who took a lock that is locked.
    fn taker(&self, object: Node) -> Option<u32> {
        match self.primitive(object) {
            Primitive::Lock { locked: true, taker, .. } => *taker,
            _ => None,
        }
    }

    /// The tasks whose end a future needs, or the step of whoever has its lock.
    fn needed_by(&self, future: Node) -> Vec<u32> {
        let mut tasks = Vec::new();
        let (mut open, mut seen) = (vec![future], vec![future]);
        while let Some(future) = open.pop() {
            match self.task_of(future) {
                Some(task) => tasks.push(task),
                None => {
                    let mut below = self.made_of(future);
                    below.retain(|node| !seen.contains(node));
                    seen.extend(&below);
                    open.extend(below);
                    tasks.extend(self.object_of(future).and_then(|object| self.taker(object)));
                }
            }
        }
        tasks.sort_unstable();
        tasks.dedup();
        tasks
    }

    /// The futures that are not done and will tell this one: what it gathers or shields, the tasks of
    /// the group whose end it is.
    fn made_of(&self, future: Node) -> Vec<Node> {
        let tells = |other: &&Future| {
            !other.is_done() && other.callbacks.iter().any(|kept| kept.callback.on == future)
        };
        let told_by = self.futures.iter().filter(tells).map(|other| other.node);
        let ends = |group: &&Group| group.completed.is_some_and(|(node, _)| node == future);
        let of_group = self.groups.iter().filter(ends).flat_map(|group| &group.tasks);
        told_by.chain(of_group.map(|&(node, _)| node)).collect()
    }
}

/// Kinds of objects in which one may wait.
const PRIMITIVES: [Kind; 4] = [Kind::Queue, Kind::Event, Kind::Lock, Kind::Semaphore];
