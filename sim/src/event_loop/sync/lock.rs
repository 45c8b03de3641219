//! `asyncio.Lock`.

use super::{
    super::{
        exception::Exception,
        kind::What,
        refs::{Lock, Ref},
        table::Primitive,
        value::Value,
    },
    someone_waits, wait_in, waiters,
};
use std::{future::Future, panic::Location};

impl Ref<Lock> {
    /// `locked()`.
    pub fn is_locked(&self) -> bool {
        self.desk().flush();
        let locked = self.locked();
        self.desk().sees(self.frame(), u64::from(locked) + 60);
        locked
    }

    fn locked(&self) -> bool {
        self.desk().look(self.node(), |lock| matches!(lock, Primitive::Lock { locked: true, .. }))
    }

    fn set_locked(&self, to: bool) {
        let me = self.desk().current_task();
        if let Primitive::Lock { locked, taker, .. } =
            self.desk().tables.borrow_mut().primitive_mut(self.node())
        {
            (*locked, *taker) = (to, me);
        }
    }

    /// `acquire()`.
    ///
    /// # Errors
    /// What is raised at this await.
    #[track_caller]
    pub fn acquire(&self) -> impl Future<Output = Result<(), Exception>> + use<> {
        let (lock, site) = (self.clone(), Location::caller());
        async move {
            lock.desk().flush();
            if lock.locked() || someone_waits(lock.desk(), lock.node()) {
                lock.desk().sees(lock.frame(), 61);
                let why = (What::LockAcquire, site);
                let (turn, waited) = wait_in(&lock.of_frame(), lock.node(), waiters, why).await;
                turn.leave();
                if let Err(error) = waited {
                    if error.is_cancelled() && !lock.locked() {
                        lock.wake_first();
                    }
                    return Err(error);
                }
            }
            lock.set_locked(true);
            Ok(())
        }
    }

    /// The first who waits is told, and stays in the list.
    fn wake_first(&self) {
        let desk = self.desk();
        let first = desk.look(self.node(), |lock| match lock {
            Primitive::Lock { waiters, .. } => waiters.front().map(|&(future, _)| future),
            _ => None,
        });
        if let Some(future) = first.filter(|&future| !desk.is_done(future)) {
            let _ = desk.set_result(future, &Value::Bool(true));
        }
    }

    /// `release()`.
    ///
    /// # Errors
    /// `RuntimeError` if it is not locked.
    pub fn release(&self) -> Result<(), Exception> {
        self.desk().flush();
        if !self.locked() {
            self.desk().sees(self.frame(), 62);
            return Err(Exception::runtime_error("Lock is not acquired."));
        }
        self.set_locked(false);
        self.wake_first();
        Ok(())
    }
}
