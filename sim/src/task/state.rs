//! The state of a task world as one digest that does not depend on the schedule.
//!
//! Tasks, primitives and timers are put in the order of their ids. A task's future is a function of
//! what its polls have seen, so its history stands for its locals. What a message carries is a
//! function of what its sender had seen, so a message counts by that.

use super::{TaskWorld, table::Stage};
use crate::{
    footprint::{Footprint, Resource},
    trace::{Digest, digest_bytes, digest_words},
};

/// Marks the end of a list, so that two neighbours cannot be read as one.
const END: u64 = u64::MAX;

pub(super) fn digest(world: &TaskWorld) -> Digest {
    let mut words = Vec::with_capacity(128);
    world.task_words(&mut words);
    world.thing_words(&mut words);
    world.queue_words(&mut words);
    world.timer_words(&mut words);
    digest_words(&words)
}

impl TaskWorld {
    fn task_words(&self, words: &mut Vec<u64>) {
        let tables = self.desk.tables.borrow();
        let mut order: Vec<usize> = (0..tables.tasks.len()).collect();
        order.sort_unstable_by_key(|&task| tables.tasks[task].id);
        for (task, row) in order.into_iter().map(|task| (task, &tables.tasks[task])) {
            let ending = row.ending.map_or(0, |ending| ending as u64 + 1);
            let flags = (row.phase as u64) << 2 | u64::from(row.aborted) << 1 | u64::from(row.owed);
            let flags = flags << 1 | u64::from(row.gave_way);
            let joiner = tables.joiner_word(row);
            words.extend([row.id, row.history, flags << 4 | ending, joiner]);
            let holds = tables.held_by(task as u32);
            words.extend(holds.map(|label| digest_bytes(label.as_bytes()).0 as u64));
            words.push(END);
        }
        words.push(u64::from(tables.faults));
    }

    fn thing_words(&self, words: &mut Vec<u64>) {
        let things = self.desk.things.borrow();
        let mut order: Vec<usize> = (0..things.len()).collect();
        order.sort_unstable_by_key(|&thing| things[thing].id);
        for thing in order.into_iter().map(|thing| &things[thing]) {
            let Some(held) = thing.held.upgrade() else { continue };
            words.push(thing.id);
            held.words(words);
            words.push(END);
        }
    }

    /// The order in which a current-thread runtime goes on.
    fn queue_words(&self, words: &mut Vec<u64>) {
        let tables = self.desk.tables.borrow();
        let mut order: Vec<usize> = (0..tables.cores.len()).collect();
        order.sort_unstable_by_key(|&at| tables.cores[at].id);
        for at in order {
            let core = &tables.cores[at];
            words.push(core.id);
            words.extend(core.queue.iter().map(|task| tables.tasks[task as usize].id));
            words.push(END);
            words.push(match core.stage {
                Stage::Root => 0,
                Stage::Tasks(left) => u64::from(left) + 2,
                Stage::Driver => 1,
            });
            words.extend(core.due.iter().map(|&timer| self.desk.timer_id(timer)));
            words.push(END);
            self.desk.deferred_words(at, words);
        }
    }

    fn timer_words(&self, words: &mut Vec<u64>) {
        let tables = self.desk.tables.borrow();
        let mut rows: Vec<[u64; 3]> = Vec::new();
        for (index, timer) in tables.timers.iter().enumerate().filter(|(_, row)| !row.gone) {
            let sleeper = self.desk.sleepers.borrow()[index].word(&self.desk);
            let left = timer.deadline.saturating_sub(tables.now) << 2;
            let stage = u64::from(timer.armed) << 1 | u64::from(timer.fired);
            rows.push([self.desk.timer_id(index as u32), left | stage, sleeper]);
        }
        rows.sort_unstable();
        words.extend(rows.iter().flatten());
        words.push(END);
        words.extend(Some(tables.now).filter(|_| tables.clock_read));
    }

    /// Timers that somebody disarmed although they could have fired, with what keeps them from it.
    pub(super) fn missed_timers(&self, into: &mut Vec<(u64, Footprint)>) {
        for &timer in &self.desk.recorder.borrow().missed {
            let mut print = Footprint::default();
            print.write(Resource::new(b't', timer));
            into.push((timer, print));
        }
    }
}
