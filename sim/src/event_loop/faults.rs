//! The fault process: it cancels a task, as whoever owns a request does.

use super::{EventLoopWorld, Mover, desk::Desk, kind::event};
use crate::{decisions::Decisions, word::Words};
use std::rc::Rc;

impl EventLoopWorld {
    /// Answer 0 cancels nobody; the others one of the pending tasks, in the order of their names.
    pub(super) fn fault(&mut self, decisions: &mut dyn Decisions) {
        let living = self.desk.can_be_cancelled();
        let answer = decisions.value(living.len() as u32 + 1);
        let victim = answer.checked_sub(1).map(|nth| living[nth as usize]);
        let is_alone = self.moves.len() == 1;
        if victim.is_some() || !is_alone || !self.desk.pass_time() {
            self.desk.tables.borrow_mut().faults -= 1;
        }
        if self.desk.tables.borrow().faults == 0 {
            self.moves.disable(Mover::Fault.to_move());
        }
        match victim {
            None => self.desk.tells(event::NO_FAULT, Words::MAX_WHO, 0, 0),
            Some(task) => {
                self.desk.tells(event::FAULT, task, 0, 0);
                self.desk.cancel_task(task, None);
            }
        }
    }
}

impl Desk {
    fn can_be_cancelled(self: &Rc<Self>) -> Vec<u32> {
        let tables = self.tables.borrow();
        let alive = |task: &u32| {
            let row = &tables.tasks[*task as usize];
            !row.is_quiet && tables.is_pending(row.node)
        };
        let mut living: Vec<u32> = (0..tables.tasks.len() as u32).filter(alive).collect();
        living.sort_by_cached_key(|&task| tables.path(task));
        living
    }
}
