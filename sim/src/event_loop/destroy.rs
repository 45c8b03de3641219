//! How objects go: by reference count at once, or by the collector.
//!
//! Truth: a finaliser runs once and may resurrect its object (PEP 442); a coroutine's closes it, with
//! `GeneratorExit` at the await (des-01 to des-07); a task's tells the loop's exception handler that
//! it was pending (ref-02), or that nobody looked at its exception (exc-01). By reference count the
//! task comes first and its coroutine after it (ref-28). The collector goes through its list, in
//! which a coroutine stands before its task, until both have survived a collection (ref-07, can-10):
//! that order is CPython's habit and no rule, so it is a decision.

use super::{
    desk::Desk,
    exception::Exception,
    heap::{NONE, Node},
    kind::{Message, event},
    label::{Hold, Label},
    step::Left,
    table::{Kind, Primitive, Registered, Role, State, root},
};
use std::rc::Rc;

/// Says for a task whether its message and its `finally` come in the other order.
pub(super) type Order<'o> = &'o mut dyn FnMut() -> bool;

impl Desk {
    /// Nobody holds the object any more.
    pub(super) fn free(self: &Rc<Self>, node: Node) {
        if self.finalize_dead(node) {
            return;
        }
        self.tables.borrow_mut().object_mut(node).forgotten = true;
        self.clear(node);
        let mut tables = self.tables.borrow_mut();
        if tables.heap.count(node) == 0 && !tables.heap.is_freed(node) {
            tables.heap.free(node);
        }
    }

    /// Runs its finaliser, while it counts as held; true if somebody holds it since, or it was
    /// freed on the way.
    fn finalize_dead(self: &Rc<Self>, node: Node) -> bool {
        {
            let tables = self.tables.borrow();
            let object = tables.object(node);
            if object.finalized || !object.kind.has_finalizer() {
                return false;
            }
        }
        let held = self.hold(root::LOOP, Label::plain(Hold::Local), node);
        self.finalize(node);
        let mut tables = self.tables.borrow_mut();
        !tables.heap.drop_reference(held)
    }

    /// `tp_finalize`, once.
    fn finalize(self: &Rc<Self>, node: Node) {
        let (kind, row) = {
            let mut tables = self.tables.borrow_mut();
            let object = tables.object_mut(node);
            if std::mem::replace(&mut object.finalized, true) {
                return;
            }
            (object.kind, object.row)
        };
        match kind {
            Kind::Task => self.finalize_task(node, row),
            Kind::Future => self.tell_unretrieved(node),
            Kind::Coroutine => self.close_coroutine(node, row),
            Kind::Generator => self.finalize_generator(node, row),
            _ => {}
        }
    }

    fn finalize_task(self: &Rc<Self>, node: Node, task: u32) {
        if !self.is_done(node) {
            let step = {
                let mut tables = self.tables.borrow_mut();
                let step = tables.steps;
                tables.tasks[task as usize].destroyed = Some(step);
                step
            };
            self.tells(event::DESTROYED, task, 0, u64::from(step));
            self.report(Message::Destroyed, Some(node), None);
        }
        self.tell_unretrieved(node);
    }

    fn tell_unretrieved(self: &Rc<Self>, node: Node) {
        let (message, error) = {
            let tables = self.tables.borrow();
            let future = tables.future(node);
            let State::Error(error) = &future.state else { return };
            if !future.unretrieved {
                return;
            }
            let message = match future.role {
                Role::Task(_) => Message::TaskUnretrieved,
                Role::Gather { .. } => Message::GatherUnretrieved,
                Role::Plain => Message::FutureUnretrieved,
            };
            (message, error.clone())
        };
        {
            let mut tables = self.tables.borrow_mut();
            let name = tables.described(node);
            tables.unretrieved.push((message, name, error.clone()));
        }
        self.report(message, Some(node), Some(&error));
    }

    /// `coroutine.close()`, by whoever destroys it.
    fn close_coroutine(self: &Rc<Self>, node: Node, task: u32) {
        let body = {
            let mut tables = self.tables.borrow_mut();
            let row = &mut tables.tasks[task as usize];
            let suspended = row.started && !std::mem::replace(&mut row.over, true);
            if !suspended {
                return;
            }
            self.bodies.borrow_mut()[task as usize].take()
        };
        let Some(mut body) = body else { return };
        self.tells(event::GENERATOR_EXIT, task, 0, 0);
        match self.close(&mut body, node) {
            Left::Returned(_) => {}
            Left::Raised(error) if *error.class() == super::Class::GeneratorExit => {}
            Left::Raised(error) => self.unraisable(node, &error),
            Left::Suspended(_) | Left::Yielded(_) => {
                self.unraisable(node, &ignored());
                // It stays where it is until its frame goes.
                self.bodies.borrow_mut()[task as usize] = Some(body);
                return;
            }
        }
        drop(body);
        self.flush();
    }

    /// The hook of the loop: an abandoned generator is closed by a task (PEP 525).
    fn finalize_generator(self: &Rc<Self>, node: Node, row: u32) {
        let open = {
            let tables = self.tables.borrow();
            let generator = &tables.generators[row as usize];
            generator.is_open() && !tables.closed
        };
        if open {
            self.tells(event::CLOSE_GENERATOR, event::LOOP, node, 0);
            let close = super::callback::Callback::new(super::callback::Run::CloseGenerator, node);
            self.call_soon(close, None);
        }
    }

    /// `tp_clear`: lets go of all that the object holds.
    fn clear(self: &Rc<Self>, node: Node) {
        let (kind, row) = {
            let mut tables = self.tables.borrow_mut();
            let object = tables.object_mut(node);
            if std::mem::replace(&mut object.cleared, true) {
                return;
            }
            (object.kind, object.row)
        };
        self.clear_links(node);
        match kind {
            Kind::Task => {
                self.clear_future(node);
                let (coroutine, waiter) = {
                    let mut tables = self.tables.borrow_mut();
                    let task = &mut tables.tasks[row as usize];
                    (std::mem::replace(&mut task.coroutine_edge, NONE), task.waiter.take())
                };
                self.let_go_of((coroutine != NONE).then_some(coroutine));
                self.let_go_of(waiter.map(|(_, edge)| edge));
            }
            Kind::Future => self.clear_future(node),
            Kind::Coroutine => {
                let body = self.bodies.borrow_mut().get_mut(row as usize).and_then(Option::take);
                drop(body);
                self.flush();
                self.close_ignorers(node);
            }
            Kind::Generator => {
                drop(self.generators.borrow_mut()[row as usize].take());
                self.flush();
            }
            Kind::Callback => {
                drop(self.codes.borrow_mut()[row as usize].take());
                self.flush();
            }
            Kind::Handle => {
                let grip = self.tables.borrow_mut().handles[row as usize].grip.take();
                self.let_go_of(grip);
            }
            Kind::Group => self.clear_group(row),
            Kind::Timeout => {
                let edge = self.tables.borrow().timeouts[row as usize].1;
                self.let_go(edge);
            }
            Kind::Queue | Kind::Event | Kind::Lock | Kind::Semaphore | Kind::Set | Kind::Plain => {
                self.clear_primitive(node, row);
            }
            Kind::Root => {}
        }
    }

    /// Coroutines that went on awaiting when they were closed are closed again with the frame that
    /// awaited them.
    fn close_ignorers(self: &Rc<Self>, frame: Node) {
        loop {
            let next = {
                let mut ignorers = self.ignorers.borrow_mut();
                let at = ignorers.iter().position(|(by, _)| *by == frame);
                at.map(|at| ignorers.remove(at).1)
            };
            let Some(mut body) = next else { return };
            match self.close(&mut body, frame) {
                Left::Raised(error) if *error.class() != super::Class::GeneratorExit => {
                    self.unraisable(frame, &error);
                }
                Left::Suspended(_) | Left::Yielded(_) => self.unraisable(frame, &ignored()),
                _ => {}
            }
            drop(body);
            self.flush();
        }
    }

    fn clear_future(self: &Rc<Self>, node: Node) {
        let (callbacks, result, children) = {
            let mut tables = self.tables.borrow_mut();
            let future = tables.future_mut(node);
            let children = match &mut future.role {
                Role::Gather { children, .. } => std::mem::take(children),
                _ => Vec::new(),
            };
            let result = match &future.state {
                State::Result(stored) => Some(stored.clone()),
                _ => None,
            };
            (std::mem::take(&mut future.callbacks), result, children)
        };
        callbacks.into_iter().for_each(|Registered { grip, .. }| self.let_go_of(grip));
        if let Some(stored) = result {
            self.let_go_of_value(&stored);
        }
        children.into_iter().for_each(|(_, edge)| self.let_go(edge));
        let kept = std::mem::take(&mut self.tables.borrow_mut().future_mut(node).kept);
        kept.into_iter().for_each(|edge| self.let_go(edge));
    }

    fn clear_links(self: &Rc<Self>, node: Node) {
        let links: Vec<_> = {
            let links = &mut self.tables.borrow_mut().links;
            links.extract_if(.., |(from, _)| *from == node).collect()
        };
        links.into_iter().for_each(|(_, edge)| self.let_go(edge));
    }

    fn clear_group(self: &Rc<Self>, row: u32) {
        let (tasks, completed, parent) = {
            let mut tables = self.tables.borrow_mut();
            let group = &mut tables.groups[row as usize];
            (std::mem::take(&mut group.tasks), group.completed.take(), group.parent.1)
        };
        tasks.into_iter().chain(completed).for_each(|(_, edge)| self.let_go(edge));
        self.let_go(parent);
    }

    fn clear_primitive(self: &Rc<Self>, node: Node, row: u32) {
        let primitive = {
            let primitives = &mut self.tables.borrow_mut().primitives;
            let nothing = Primitive::Plain { attributes: Vec::new() };
            std::mem::replace(&mut primitives[row as usize], nothing)
        };
        match primitive {
            Primitive::Queue { items, getters, putters, .. } => {
                if !items.is_empty() {
                    let count = items.len() as u64;
                    self.tables.borrow_mut().items_lost.push((node, count));
                    self.tells(event::ITEMS_LOST, event::LOOP, node, count);
                }
                items.iter().for_each(|item| self.let_go_of_value(item));
                getters.into_iter().chain(putters).for_each(|(_, edge)| self.let_go(edge));
            }
            Primitive::Event { waiters, .. }
            | Primitive::Lock { waiters, .. }
            | Primitive::Semaphore { waiters, .. } => {
                waiters.into_iter().for_each(|(_, edge)| self.let_go(edge));
            }
            Primitive::Set { items } => items.into_iter().for_each(|(_, edge)| self.let_go(edge)),
            Primitive::Plain { attributes } => {
                attributes.iter().for_each(|(_, value)| self.let_go_of_value(value));
            }
        }
    }

    /// `gc.collect()`: all that no root reaches is finalised, and what is lost still is cleared.
    pub(super) fn collect(self: &Rc<Self>, order: Order<'_>) {
        // A collection in a finaliser of another one does nothing, as in CPython.
        if self.collecting.replace(true) {
            return;
        }
        self.flush();
        self.settle();
        let lost = self.tables.borrow_mut().heap.all_lost();
        let lost: Vec<Node> = {
            let mut tables = self.tables.borrow_mut();
            let tables = &mut *tables;
            let lost = lost.into_iter().filter(|&node| !tables.objects[node as usize].cleared);
            let lost: Vec<Node> = lost.collect();
            lost.iter().for_each(|&node| tables.objects[node as usize].forgotten = true);
            lost
        };
        let who = event::LOOP;
        self.tells(event::COLLECT, who, 0, lost.len() as u64);
        lost.iter().for_each(|&node| self.finalize_lost(node, order));
        self.flush();
        for node in lost {
            let is_garbage = self.tables.borrow().heap.is_lost(node);
            if is_garbage {
                self.clear(node);
            }
        }
        self.flush();
        self.tables.borrow_mut().collections += 1;
        self.collecting.set(false);
    }

    /// Finalises an object of the collector's list; of a coroutine and its task, one comes first.
    fn finalize_lost(self: &Rc<Self>, node: Node, order: Order<'_>) {
        let task = {
            let tables = self.tables.borrow();
            let object = tables.object(node);
            if object.finalized {
                return;
            }
            let task = (object.kind == Kind::Coroutine).then(|| &tables.tasks[object.row as usize]);
            let pending = task
                .filter(|task| task.started && !task.over && tables.object(task.node).forgotten);
            pending.map(|task| (task.node, object.born < tables.collections))
        };
        if let Some((task, survived)) = task
            && survived != order()
        {
            self.finalize(task);
        }
        self.finalize(node);
    }
}

/// What `close()` raises of a coroutine that goes on awaiting.
pub(super) fn ignored() -> Exception {
    Exception::runtime_error("coroutine ignored GeneratorExit")
}

impl Kind {
    pub(super) fn has_finalizer(self) -> bool {
        matches!(self, Kind::Task | Kind::Future | Kind::Coroutine | Kind::Generator)
    }
}
