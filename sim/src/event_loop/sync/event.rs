//! `asyncio.Event`.

use super::{
    super::{
        exception::Exception,
        heap::Node,
        kind::What,
        refs::{Ref, object},
        table::Primitive,
        value::Value,
    },
    wait_in, waiters,
};
use std::{future::Future, panic::Location};

impl Ref<object::Event> {
    /// `is_set()`.
    pub fn is_set(&self) -> bool {
        self.desk().flush();
        let set = self
            .desk()
            .look(self.node(), |event| matches!(event, Primitive::Event { set: true, .. }));
        self.desk().sees(self.frame(), u64::from(set) + 50);
        set
    }

    /// `set()`: wakes all who wait, in order (ord-09).
    pub fn set(&self) {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        let waiting: Vec<Node> = match desk.tables.borrow_mut().primitive_mut(node) {
            Primitive::Event { set: true, .. } => return,
            Primitive::Event { set, waiters } => {
                *set = true;
                waiters.iter().map(|&(future, _)| future).collect()
            }
            _ => return,
        };
        for future in waiting {
            if !desk.is_done(future) {
                let _ = desk.set_result(future, &Value::Bool(true));
            }
        }
    }

    /// `clear()`.
    pub fn clear(&self) {
        self.desk().flush();
        if let Primitive::Event { set, .. } =
            self.desk().tables.borrow_mut().primitive_mut(self.node())
        {
            *set = false;
        }
    }

    /// `wait()`.
    ///
    /// # Errors
    /// What is raised at this await.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = Result<(), Exception>> + use<> {
        let (event, site) = (self.clone(), Location::caller());
        async move {
            if event.is_set() {
                return Ok(());
            }
            let why = (What::EventWait, site);
            let (turn, waited) = wait_in(&event.of_frame(), event.node(), waiters, why).await;
            turn.leave();
            waited
        }
    }
}
