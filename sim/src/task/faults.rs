//! The fault process: it aborts a task wherever that waits.
//!
//! On tokio anybody with a handle may abort a task, a runtime may shut down, a `select!` may drop a
//! future: at each await a task may be gone. What is awaited in the place of a blocked thread and
//! what runs on a thread of its own cannot be aborted.

use super::{
    CORE, Mover, TaskWorld, event,
    table::{Phase, Role},
};
use crate::{trace::Trace, word::Words};

impl TaskWorld {
    /// A step of the fault process: it aborts a task that lives, or none. Where nobody else can move
    /// it lets time pass instead of aborting none, and may strike later.
    pub(super) fn fault(&mut self, trace: &mut Trace) {
        self.desk.counts_the_living();
        let living = self.can_be_aborted();
        let answer = self.desk.ask(living.len() as u32 + 1);
        let victim = answer.checked_sub(1).map(|nth| living[nth as usize]);
        let is_alone = self.moves.len() == 1;
        if victim.is_none() {
            // Whether time passes depends on who else can move.
            self.desk.touches_anything();
        }
        if victim.is_some() || !is_alone || !self.desk.pass_time() {
            self.desk.tables.borrow_mut().faults -= 1;
        }
        if self.desk.tables.borrow().faults == 0 {
            self.moves.disable(Mover::Fault.to_move());
        }
        let Some(victim) = victim else {
            return trace.push(Words::new(event::NO_FAULT, Words::MAX_WHO, 0, 0));
        };
        trace.push(Words::new(event::FAULT, victim, 0, 0));
        if self.is_current_thread() {
            self.desk.touches_queue(CORE);
        }
        self.desk.abort(victim);
    }

    /// In the order of their names, so that an answer means the same in each schedule.
    fn can_be_aborted(&self) -> Vec<u32> {
        let tables = self.desk.tables.borrow();
        let alive = |task: &u32| {
            let row = &tables.tasks[*task as usize];
            row.phase != Phase::Done
                && !row.aborted
                && !matches!(row.role, Role::Root | Role::Blocking)
        };
        let mut living: Vec<u32> = (0..tables.tasks.len() as u32).filter(alive).collect();
        living.sort_by_cached_key(|&task| tables.path(task));
        living
    }
}
