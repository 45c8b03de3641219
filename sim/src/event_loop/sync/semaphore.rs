//! `asyncio.Semaphore`.

use super::{
    super::{
        exception::Exception,
        kind::What,
        refs::{Ref, Semaphore},
        table::Primitive,
        value::Value,
    },
    Turn, someone_waits, wait_in, waiters,
};
use std::{future::Future, panic::Location};

impl Ref<Semaphore> {
    fn value(&self) -> u32 {
        self.desk().look(self.node(), |semaphore| match semaphore {
            Primitive::Semaphore { value, .. } => *value,
            _ => 0,
        })
    }

    fn change(&self, by: i32) {
        if let Primitive::Semaphore { value, .. } =
            self.desk().tables.borrow_mut().primitive_mut(self.node())
        {
            *value = value.saturating_add_signed(by);
        }
    }

    /// `locked()`: it cannot be acquired at once.
    pub fn is_locked(&self) -> bool {
        self.desk().flush();
        let locked = self.value() == 0 || someone_waits(self.desk(), self.node());
        self.desk().sees(self.frame(), u64::from(locked) + 70);
        locked
    }

    /// `acquire()`.
    ///
    /// # Errors
    /// What is raised at this await.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<(), Exception>> + use<> {
        let (semaphore, site) = (self.clone(), Location::caller());
        async move {
            if !semaphore.is_locked() {
                semaphore.change(-1);
                return Ok(());
            }
            let why = (What::SemaphoreAcquire, site);
            let frame = semaphore.of_frame();
            let (turn, waited) = wait_in(&frame, semaphore.node(), waiters, why).await;
            turn.leave();
            semaphore.waited(&turn, waited)
        }
    }

    fn waited(&self, turn: &Turn, waited: Result<(), Exception>) -> Result<(), Exception> {
        let wakes_all = self.desk().profile.semaphore_wakes_all;
        let cancelled = waited.as_ref().is_err_and(Exception::is_cancelled);
        if cancelled
            && (wakes_all && turn.was_given()
                || !wakes_all && !self.desk().is_cancelled(turn.future))
        {
            self.change(1);
            if !wakes_all {
                self.wake_one();
            }
        }
        if wakes_all {
            // In a `finally`, whatever was raised.
            while self.value() > 0 && self.wake_one() {}
            return waited;
        }
        waited?;
        if self.value() > 0 {
            self.wake_one();
        }
        Ok(())
    }

    /// The first who waits gets a permit, and stays in the list; false if there is nobody.
    fn wake_one(&self) -> bool {
        let desk = self.desk();
        let next = {
            let tables = desk.tables.borrow();
            match tables.primitive(self.node()) {
                Primitive::Semaphore { waiters, .. } => waiters
                    .iter()
                    .map(|&(future, _)| future)
                    .find(|&future| !tables.future(future).is_done()),
                _ => None,
            }
        };
        let Some(future) = next else { return false };
        self.change(-1);
        let _ = desk.set_result(future, &Value::Bool(true));
        true
    }

    /// `release()`.
    pub fn release(&self) {
        self.desk().flush();
        self.change(1);
        self.wake_one();
    }
}
