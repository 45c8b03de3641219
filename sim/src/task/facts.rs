//! What is true of tasks between two steps, for people.

use super::{
    TaskWorld,
    desk::NOBODY,
    table::{Ending, NS_PER_MS, Phase, Timer},
    turn::INITIAL,
};
use crate::facts::{Fact, READY};

impl TaskWorld {
    pub(super) fn facts_now(&self, into: &mut Vec<Fact>) {
        let tasks = self.len() as u32;
        for task in 0..tasks {
            self.life_of(task, into);
            self.handle_of(task, into);
            self.holds_of(task, into);
        }
        self.queued(into);
        self.things(into);
        let tables = self.desk.tables.borrow();
        let armed = tables.armed.iter().map(|&(_, row)| &tables.timers[row as usize]);
        into.extend(armed.map(|timer| self.timer_fact(timer)));
        if let Some((task, left)) = self.desk.recorder.borrow().budget {
            let text = format!("{left} of {INITIAL} left in its last poll");
            into.push(Fact::new("budget", self.shown(task), text).dead_if(left == 0));
        }
    }

    fn life_of(&self, task: u32, into: &mut Vec<Fact>) {
        let (phase, ending, aborted) = {
            let row = &self.desk.tables.borrow().tasks[task as usize];
            (row.phase, row.ending, row.aborted)
        };
        let aborted = if aborted && phase != Phase::Done { ", aborted" } else { "" };
        let text = match (phase, ending) {
            (Phase::Done, Some(Ending::Cancelled)) => "dropped".to_owned(),
            (Phase::Done, Some(Ending::Panicked)) => "panicked".to_owned(),
            (Phase::Done, _) => "returned".to_owned(),
            (Phase::Waiting, _) => format!("waits for {}{aborted}", self.waits_for(task)),
            _ => format!("ready{aborted}"),
        };
        let who = self.shown(task);
        if phase == Phase::Ready {
            into.push(Fact::new(READY, who.clone(), String::new()));
        }
        into.push(Fact::new("alive", who, text).dead_if(phase == Phase::Done));
    }

    /// Who can still ask what became of it.
    fn handle_of(&self, task: u32, into: &mut Vec<Fact>) {
        let (wanted, joiner, done) = {
            let row = &self.desk.tables.borrow().tasks[task as usize];
            (row.wanted, row.joiner, row.phase == Phase::Done)
        };
        if !wanted {
            return;
        }
        let who = self.shown(task);
        let text = match joiner {
            NOBODY if done => "kept, its result is unread".to_owned(),
            NOBODY => "kept".to_owned(),
            joiner if (joiner as usize) < self.len() => {
                format!("awaited by {}", self.shown(joiner))
            }
            _ => "awaited".to_owned(),
        };
        into.push(Fact::new("handle", who, text).dead_if(done));
    }

    fn holds_of(&self, task: u32, into: &mut Vec<Fact>) {
        let who = self.shown(task);
        let tables = self.desk.tables.borrow();
        let held = tables.held_by(task).map(|label| label.to_string());
        into.extend(held.map(|label| Fact::new("hold", who.clone(), label)));
    }

    /// Run queues with somebody in them, the next one first.
    fn queued(&self, into: &mut Vec<Fact>) {
        if !self.is_current_thread() {
            return;
        }
        let queues: Vec<Vec<u32>> = self
            .desk
            .tables
            .borrow()
            .cores
            .iter()
            .map(|core| core.queue.iter().collect())
            .collect();
        for (core, queue) in queues.into_iter().enumerate().filter(|(_, queue)| !queue.is_empty()) {
            let who = if core == 0 { "runtime".to_owned() } else { format!("runtime {core}") };
            let text = crate::facts::few(queue.into_iter().map(|task| self.shown(task)));
            into.push(Fact::new("queue", who, text));
        }
    }

    /// What tasks share, where it has something to say.
    fn things(&self, into: &mut Vec<Fact>) {
        let held = {
            let things = self.desk.things.borrow();
            let there = things.iter().enumerate();
            there
                .filter_map(|(at, thing)| Some((at as u32, thing.held.upgrade()?)))
                .collect::<Vec<_>>()
        };
        for (thing, held) in held {
            if let Some(text) = held.text() {
                into.push(Fact::new("channel", self.thing_text(thing), text));
            }
        }
    }

    fn timer_fact(&self, timer: &Timer) -> Fact {
        let text = format!("timer {} at {} ms", timer.ordinal, timer.deadline / NS_PER_MS);
        Fact::new("timer", self.shown(timer.owner), text)
    }
}
