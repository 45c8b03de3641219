//! Queues, events, locks and semaphores; sets, and objects with attributes.
//!
//! Truth: `asyncio/queues.py` and `locks.py` of CPython 3.11 to 3.13. All of them are lists of
//! futures: whoever waits holds the primitive, and the primitive holds the future of whoever waits
//! (ref-18, ref-20, can-19). What runs when a wait is broken off runs when its task is destroyed, too.

use super::{
    callback::{Callback, Run},
    desk::Desk,
    exception::{Class, Exception},
    frame::Frame,
    heap::{Edge, Node},
    kind::{What, event},
    label::{Hold, Label},
    refs::{Any, IsFuture, Lock, Plain, Queue, Ref, Semaphore, Set, object},
    table::{Primitive, Waiters},
    value::{Stored, Value},
};
use std::{borrow::Cow, future::Future, panic::Location, rc::Rc};

/// One of the lists of who waits.
type List = fn(&mut Primitive) -> &mut Waiters;

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

fn waiters(primitive: &mut Primitive) -> &mut Waiters {
    match primitive {
        Primitive::Event { waiters, .. }
        | Primitive::Lock { waiters, .. }
        | Primitive::Semaphore { waiters, .. } => waiters,
        _ => unreachable!("nobody waits for this kind of object"),
    }
}

/// The task at hand waits in a list of a primitive.
struct Turn {
    desk: Rc<Desk>,
    node: Node,
    list: List,
    future: Node,
    edge: Edge,
}

impl Turn {
    /// Leaves the list; a queue's may have been left already.
    fn leave(&self) {
        let edge = {
            let mut tables = self.desk.tables.borrow_mut();
            let list = (self.list)(tables.primitive_mut(self.node));
            let at = list.iter().position(|&(future, _)| future == self.future);
            at.and_then(|at| list.remove(at)).map(|(_, edge)| edge)
        };
        self.desk.let_go_of(edge);
    }

    /// True if it was its turn: its future has a result.
    fn was_given(&self) -> bool {
        self.desk.is_done(self.future) && !self.desk.is_cancelled(self.future)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.desk.drops(self.desk.run.get(), super::desk::Dropped::Reference(self.edge));
    }
}

/// Waits in a list; the list is not left.
async fn wait_in(
    frame: &Frame,
    node: Node,
    list: List,
    why: (What, &'static Location<'static>),
) -> (Turn, Result<(), Exception>) {
    let desk = frame.desk();
    let runs = desk.running_loop();
    let future = desk.make_future(frame.node());
    let edge = desk.hold(frame.node(), Label::plain(Hold::Local), future);
    let in_list = desk.hold(node, Label::plain(Hold::Waiter), future);
    list(desk.tables.borrow_mut().primitive_mut(node)).push_back((future, in_list));
    let turn = Turn { desk: Rc::clone(desk), node, list, future, edge };
    let waited = match runs {
        Ok(()) => frame.awaits(future, why.0, why.1).await.map(drop),
        outside => outside,
    };
    desk.flush();
    (turn, waited)
}

impl Desk {
    /// The first in the list that is not done gets its turn, and those before it leave.
    fn wake_next(self: &Rc<Self>, node: Node, list: List) {
        loop {
            let next = list(self.tables.borrow_mut().primitive_mut(node)).pop_front();
            let Some((future, edge)) = next else { return };
            let pending = !self.is_done(future);
            self.release(future);
            self.let_go(edge);
            if pending {
                return;
            }
        }
    }

    /// What `look` says of a primitive, which the frame sees.
    fn look<T>(&self, node: Node, look: impl FnOnce(&Primitive) -> T) -> T {
        look(self.tables.borrow().primitive(node))
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
        if let Primitive::Lock { locked, .. } =
            self.desk().tables.borrow_mut().primitive_mut(self.node())
        {
            *locked = to;
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
            if lock.locked() || lock.someone_waits() {
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

    /// Somebody waits who was not cancelled.
    fn someone_waits(&self) -> bool {
        someone_waits(self.desk(), self.node())
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

fn someone_waits(desk: &Desk, node: Node) -> bool {
    let tables = desk.tables.borrow();
    let list = match tables.primitive(node) {
        Primitive::Lock { waiters, .. } | Primitive::Semaphore { waiters, .. } => waiters,
        _ => return false,
    };
    list.iter().any(|&(future, _)| !tables.future(future).is_cancelled())
}

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

impl Ref<Set> {
    /// `add(task)`, and `task.add_done_callback(set.discard)`: the way to keep a task until it is
    /// done (ref-11).
    pub fn keep<T: IsFuture>(&self, task: &Ref<T>) {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        self.add(task);
        desk.add_done_callback(task.node(), Callback::new(Run::Discard, node));
    }

    /// `add(object)`.
    pub fn add<T>(&self, object: &Ref<T>) {
        let (desk, node, item) = (self.desk(), self.node(), object.node());
        desk.flush();
        let known = desk.look(node, |set| match set {
            Primitive::Set { items } => items.iter().any(|&(known, _)| known == item),
            _ => true,
        });
        if known {
            return;
        }
        let edge = desk.hold(node, Label::plain(Hold::Item), item);
        if let Primitive::Set { items } = desk.tables.borrow_mut().primitive_mut(node) {
            items.push((item, edge));
        }
    }

    /// `len(set)`.
    pub fn len(&self) -> usize {
        self.desk().flush();
        let len = self.desk().look(self.node(), |set| match set {
            Primitive::Set { items } => items.len(),
            _ => 0,
        });
        self.desk().sees(self.frame(), len as u64);
        len
    }

    /// True if there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Desk {
    /// What is done leaves a set.
    pub(super) fn discard(self: &Rc<Self>, set: Node, item: Node) {
        let edge = match self.tables.borrow_mut().primitive_mut(set) {
            Primitive::Set { items } => {
                let at = items.iter().position(|&(known, _)| known == item);
                at.map(|at| items.swap_remove(at).1)
            }
            _ => None,
        };
        self.let_go_of(edge);
    }

    /// Any object may be given attributes, as a program may have it in Python.
    fn set_attribute_of(self: &Rc<Self>, node: Node, name: &'static str, value: &Value) {
        let text = self.text(name);
        let stored = match value {
            Value::Object(object) => {
                let label = Label::named(Hold::Attribute, text);
                Stored::Object(object.node(), self.hold(node, label, object.node()))
            }
            other => self.store(node, Hold::Attribute, other),
        };
        let before = {
            let mut tables = self.tables.borrow_mut();
            let Primitive::Plain { attributes } = tables.primitive_mut(node) else { return };
            match attributes.iter_mut().find(|(known, _)| *known == text) {
                Some((_, value)) => Some(std::mem::replace(value, stored)),
                None => {
                    attributes.push((text, stored));
                    None
                }
            }
        };
        if let Some(before) = before {
            self.let_go_of_value(&before);
        }
    }
}

impl Ref<Plain> {
    /// `object.name = value`.
    pub fn set_attribute(&self, name: &'static str, value: impl Into<Value>) {
        self.desk().flush();
        self.desk().set_attribute_of(self.node(), name, &value.into());
    }

    /// `object.name`; `None` if there is no such attribute.
    pub fn attribute(&self, name: &'static str) -> Value {
        let desk = self.desk();
        desk.flush();
        let text = desk.text(name);
        let stored = desk.look(self.node(), |object| match object {
            Primitive::Plain { attributes } => {
                attributes.iter().find(|(known, _)| *known == text).map(|(_, value)| value.clone())
            }
            _ => None,
        });
        let stored = stored.unwrap_or(Stored::None);
        desk.sees(self.frame(), desk.hash_of(&stored));
        desk.load(self.frame(), &stored)
    }
}

impl Ref<Any> {
    /// A reference from one object to another one that is none of the above, such as
    /// `event.task = task`: it is there as long as the first one is.
    pub fn link<T>(&self, name: impl Into<Cow<'static, str>>, to: &Ref<T>) {
        let (desk, node) = (self.desk(), self.node());
        desk.flush();
        let label = Label::named(Hold::Attribute, desk.text(name));
        let edge = desk.hold(node, label, to.node());
        let before = {
            let mut tables = desk.tables.borrow_mut();
            let tables = &mut *tables;
            let is_it = |&(from, edge): &(Node, Edge)| {
                from == node && tables.heap.reference(edge).label == label
            };
            match tables.links.iter().position(is_it) {
                Some(at) => Some(std::mem::replace(&mut tables.links[at].1, edge)),
                None => {
                    tables.links.push((node, edge));
                    None
                }
            }
        };
        desk.let_go_of(before);
    }
}
