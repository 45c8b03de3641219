//! Who is not done among tasks, what each waits for and on whom.
//!
//! Whom a task waits for is known of handles, join sets, locks and semaphores. Who might send into a
//! channel or tell a `Notify` is known to nobody: a sender may be anywhere.

use super::{
    TaskWorld,
    desk::{Held, Wait},
    kind::Op,
    lines::site,
    table::{Phase, Role},
};
use crate::waiting::Waiting;
use std::rc::Rc;

impl TaskWorld {
    /// A task that must be done is not.
    pub(super) fn is_stuck(&self) -> bool {
        let tables = self.desk.tables.borrow();
        tables.tasks.iter().any(|row| row.role == Role::Client && row.phase != Phase::Done)
    }

    pub(super) fn who_waits(&self) -> Vec<Waiting> {
        self.unfinished().into_iter().map(|task| self.waiting_of(task)).collect()
    }

    /// A task that has not ended: where it was spawned, and what it waits for.
    pub(super) fn waiting_of(&self, task: u32) -> Waiting {
        let (phase, role) = {
            let row = &self.desk.tables.borrow().tasks[task as usize];
            (row.phase, row.role)
        };
        let waits = phase == Phase::Waiting;
        let on = if waits { self.awaited_by(task) } else { Vec::new() };
        Waiting {
            who: self.shown(task),
            born: format!("spawned at {}", self.spawned_at(task)),
            what: match waits {
                true => format!("waits for {}", self.waits_for(task)),
                false => "is not done".to_owned(),
            },
            on: on.into_iter().map(|task| self.shown(task)).collect(),
            client: role == Role::Client,
        }
    }

    /// The waits of which a task will be told through its own waker; all of them if there is none.
    fn waits_of(&self, task: u32) -> Vec<Wait> {
        let mut waits = self.desk.waits_of(task);
        if waits.iter().any(|wait| wait.own) {
            waits.retain(|wait| wait.own);
        }
        waits
    }

    /// What a task noted that it waits for.
    pub(super) fn waits_for(&self, task: u32) -> String {
        let waits = self.waits_of(task);
        let texts: Vec<String> = waits.iter().map(|wait| self.wait_text(wait)).collect();
        match texts.as_slice() {
            [] => "something that is none of the runtime's".to_owned(),
            all => all.join(" or "),
        }
    }

    fn wait_text(&self, wait: &Wait) -> String {
        let at = wait.site.map(|place| format!(" at {}", site(place))).unwrap_or_default();
        match wait.op {
            Op::Join => {
                let ended =
                    self.ending(wait.on).map_or("which has not ended", |_| "which has ended");
                format!("the handle of {}, {ended}", self.shown(wait.on))
            }
            Op::Sleep => format!("a sleep{at}"),
            op => format!("{}{at} on {}", Op::text(op as u32), self.thing_in_full(wait.on, op)),
        }
    }

    /// A primitive, and who has it in hand, or what is in it.
    fn thing_in_full(&self, thing: u32, op: Op) -> String {
        let (how, holders) = self.holders(thing, op);
        let state = match holders.as_slice() {
            [] => self.held(thing).and_then(|held| held.text()),
            _ if how.is_empty() => None,
            all => {
                let all: Vec<String> = all.iter().map(|&task| self.shown(task)).collect();
                Some(format!("{how} by {}", all.join(" and ")))
            }
        };
        let state = state.map(|state| format!(", {state}")).unwrap_or_default();
        format!("{}{state}", self.thing_text(thing))
    }

    fn held(&self, thing: u32) -> Option<Rc<dyn Held>> {
        self.desk.things.borrow().get(thing as usize)?.held.upgrade()
    }

    /// Who alone could end a wait for a primitive, and by what.
    fn holders(&self, thing: u32, op: Op) -> (&'static str, Vec<u32>) {
        let (how, mut all) = self.held(thing).map(|held| held.holders(op)).unwrap_or_default();
        all.sort_unstable();
        all.dedup();
        (how, all)
    }

    /// Who alone could end what a task waits for.
    fn awaited_by(&self, task: u32) -> Vec<u32> {
        let mut on = Vec::new();
        for wait in self.waits_of(task) {
            match wait.op {
                Op::Join => on.push(wait.on),
                Op::Sleep => {}
                op => on.extend(self.holders(wait.on, op).1),
            }
        }
        on.sort_unstable();
        on.dedup();
        on
    }

    /// The tasks that have not ended.
    pub(super) fn unfinished(&self) -> Vec<u32> {
        let tables = self.desk.tables.borrow();
        let alive = |task: &u32| tables.tasks[*task as usize].phase != Phase::Done;
        (0..tables.tasks.len() as u32).filter(alive).collect()
    }
}
