//! `asyncio.Queue`.

use super::{
    super::{
        exception::{Class, Exception},
        kind::{What, event},
        label::Hold,
        refs::{Queue, Ref},
        table::{Primitive, Waiters},
        value::{Stored, Value},
    },
    List, wait_in, waiters,
};
use std::{future::Future, panic::Location};

fn getters(primitive: &mut Primitive) -> &mut Waiters {
    match primitive {
        Primitive::Queue { getters, .. } => getters,
        other => waiters(other),
    }
}

fn putters(primitive: &mut Primitive) -> &mut Waiters {
    match primitive {
        Primitive::Queue { putters, .. } => putters,
        other => waiters(other),
    }
}

impl Ref<Queue> {
    /// `qsize()`.
    pub fn len(&self) -> usize {
        self.desk().flush();
        let len = self.desk().look(self.node(), |queue| match queue {
            Primitive::Queue { items, .. } => items.len(),
            _ => 0,
        });
        self.desk().sees(self.frame(), len as u64);
        len
    }

    /// `empty()`.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn is_full(&self) -> bool {
        self.desk().look(self.node(), |queue| match queue {
            Primitive::Queue { size, items, .. } => *size > 0 && items.len() >= *size,
            _ => false,
        })
    }

    /// `put_nowait`.
    ///
    /// # Errors
    /// `QueueFull`.
    pub fn put_nowait(&self, value: impl Into<Value>) -> Result<(), Exception> {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        if self.is_full() {
            desk.sees(self.frame(), 40);
            return Err(Exception::new(Class::QueueFull, ""));
        }
        let stored = desk.store(node, Hold::Item, &value.into());
        if let Primitive::Queue { items, .. } = desk.tables.borrow_mut().primitive_mut(node) {
            items.push_back(stored);
        }
        desk.tells(event::PUT, desk.who(self.frame()), node, 0);
        desk.wake_next(node, getters);
        Ok(())
    }

    /// `get_nowait`.
    ///
    /// # Errors
    /// `QueueEmpty`.
    pub fn get_nowait(&self) -> Result<Value, Exception> {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        let item: Option<Stored> = match desk.tables.borrow_mut().primitive_mut(node) {
            Primitive::Queue { items, .. } => items.pop_front(),
            _ => None,
        };
        let Some(item) = item else {
            desk.sees(self.frame(), 41);
            return Err(Exception::new(Class::QueueEmpty, ""));
        };
        desk.sees(self.frame(), desk.hash_of(&item));
        let value = desk.load(self.frame(), &item);
        desk.let_go_of_value(&item);
        desk.tells(event::GOT, desk.who(self.frame()), node, 0);
        desk.wake_next(node, putters);
        Ok(value)
    }

    /// `get()`: it does not suspend if there is an item (ord-08).
    ///
    /// # Errors
    /// What is raised at this await.
    #[track_caller]
    pub fn get(&self) -> impl Future<Output = Result<Value, Exception>> + use<> {
        let (queue, site) = (self.clone(), Location::caller());
        async move {
            while queue.is_empty() {
                queue.wait(getters, (What::QueueGet, site)).await?;
            }
            queue.get_nowait()
        }
    }

    /// `put()`: it suspends while the queue is full.
    ///
    /// # Errors
    /// What is raised at this await.
    #[track_caller]
    pub fn put<V: Into<Value>>(
        &self,
        value: V,
    ) -> impl Future<Output = Result<(), Exception>> + use<V> {
        let (queue, value, site) = (self.clone(), value.into(), Location::caller());
        async move {
            queue.desk().flush();
            while queue.is_full() {
                queue.wait(putters, (What::QueuePut, site)).await?;
            }
            queue.put_nowait(value)
        }
    }

    async fn wait(
        &self,
        list: List,
        why: (What, &'static Location<'static>),
    ) -> Result<(), Exception> {
        let desk = self.desk();
        let (turn, waited) = wait_in(&self.of_frame(), self.node(), list, why).await;
        if waited.is_err() {
            desk.cancel_future(turn.future, None);
            turn.leave();
            let there = if std::ptr::fn_addr_eq(list, getters as List) {
                !self.is_empty()
            } else {
                !self.is_full()
            };
            if there && turn.was_given() {
                desk.wake_next(self.node(), list);
            }
        }
        waited
    }
}
