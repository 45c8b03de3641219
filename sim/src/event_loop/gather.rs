//! `gather` and `shield`: futures made of futures.
//!
//! Truth: CPython 3.11 to 3.13, `asyncio.gather` (exc-10, exc-11, can-17) and `asyncio.shield`, which
//! lets go of the inner future when the outer one is cancelled (gh-94972, can-10).

use super::{
    callback::{Callback, Run},
    desk::Desk,
    exception::Exception,
    frame::Frame,
    heap::Node,
    label::{Hold, Label},
    refs::{Future, Ref},
    table::{Kind, Role, State},
    value::{Stored, Value},
};
use std::rc::Rc;

impl Frame {
    /// `gather(*futures, return_exceptions=...)`: a future of all results, in order.
    pub fn gather(&self, futures: &[Ref<Future>], return_exceptions: bool) -> Ref<Future> {
        let desk = self.desk();
        desk.flush();
        let nodes: Vec<Node> = futures.iter().map(Ref::node).collect();
        desk.gather(self.node(), &nodes, return_exceptions)
    }

    /// `shield(future)`: cancelling what it returns does not cancel the future.
    pub fn shield(&self, inner: &Ref<Future>) -> Ref<Future> {
        let desk = self.desk();
        desk.flush();
        let node = inner.node();
        if desk.is_done(node) {
            return Ref::new(desk, self.node(), node);
        }
        let outer = desk.make_future(self.node());
        let held = Ref::new(desk, self.node(), outer);
        desk.add_done_callback(node, Callback::new(Run::ShieldInner, outer));
        desk.add_done_callback(outer, Callback::new(Run::ShieldOuter, node));
        held
    }
}

impl Desk {
    pub(super) fn gather(
        self: &Rc<Self>,
        frame: Node,
        futures: &[Node],
        returns_exceptions: bool,
    ) -> Ref<Future> {
        let mut told = futures.to_vec();
        told.sort_unstable();
        told.dedup();
        let (children, left, requested) = (Vec::new(), told.len(), false);
        let role = Role::Gather { children, left, returns_exceptions, requested };
        let outer = self.tables.borrow_mut().make_future(frame, Kind::Future, role);
        let held = Ref::new(self, frame, outer);
        if futures.is_empty() {
            self.set_stored(outer, Stored::List([].into()));
            return held;
        }
        let label = Label::plain(Hold::Child);
        let kept = futures.iter().map(|&child| (child, self.hold(outer, label, child))).collect();
        if let Role::Gather { children, .. } = &mut self.tables.borrow_mut().future_mut(outer).role
        {
            *children = kept;
        }
        let mut done = Vec::new();
        // A future that is given twice is told of once, at its first place.
        for &child in futures {
            if let Ok(at) = told.binary_search(&child) {
                told.remove(at);
                if self.profile.gather_counts_at_once && self.is_done(child) {
                    done.push(child);
                    continue;
                }
                self.add_done_callback(child, Callback::new(Run::GatherChild, outer));
            }
        }
        done.into_iter().for_each(|child| self.gather_child(outer, child));
        held
    }

    /// A child is done.
    pub(super) fn gather_child(self: &Rc<Self>, outer: Node, child: Node) {
        let (all, plain) = {
            let mut tables = self.tables.borrow_mut();
            let future = tables.future_mut(outer);
            let Role::Gather { left, returns_exceptions, .. } = &mut future.role else { return };
            *left -= 1;
            (*left == 0, !*returns_exceptions)
        };
        if self.is_done(outer) {
            if !self.is_cancelled(child) {
                // It counts as retrieved.
                let _ = self.exception(child);
            }
            return;
        }
        if plain {
            let failed = match self.exception(child) {
                Err(cancelled) => Some(cancelled),
                Ok(error) => error,
            };
            if let Some(error) = failed {
                let _ = self.set_exception(outer, error);
                return;
            }
        }
        if all {
            self.gathered(outer, child);
        }
    }

    fn gathered(self: &Rc<Self>, outer: Node, last: Node) {
        let (children, requested) = match &self.tables.borrow().future(outer).role {
            Role::Gather { children, requested, .. } => (children.clone(), *requested),
            _ => return,
        };
        if requested {
            let error = self.result(last).err().filter(Exception::is_cancelled);
            let _ = self.set_exception(outer, error.unwrap_or_else(|| Exception::cancelled(None)));
            return;
        }
        let results = children.iter().map(|&(child, _)| match self.result_in_gather(child) {
            Ok(stored) => {
                let value = self.load(outer, &stored);
                self.store(outer, Hold::Result, &value)
            }
            Err(error) => Stored::Error(error),
        });
        let results: Rc<[Stored]> = results.collect();
        self.set_stored(outer, Stored::List(results));
    }

    /// The result of a child. Of a cancelled one the list has an exception of its own.
    fn result_in_gather(&self, child: Node) -> Result<Stored, Exception> {
        if self.is_cancelled(child) {
            let message = self.tables.borrow().future(child).message.clone();
            return Err(Exception::cancelled_in_gather(message));
        }
        self.result(child)
    }

    /// Cancelling a `gather` cancels its children; it ends when they have.
    pub(super) fn cancel_gather(
        self: &Rc<Self>,
        outer: Node,
        children: &[Node],
        message: Option<Rc<str>>,
    ) -> bool {
        if self.is_done(outer) {
            return false;
        }
        let mut any = false;
        for &child in children {
            any |= self.cancel(child, message.clone());
        }
        if any
            && let Role::Gather { requested, .. } =
                &mut self.tables.borrow_mut().future_mut(outer).role
        {
            *requested = true;
        }
        any
    }

    /// The inner future of a `shield` is done.
    pub(super) fn shield_inner(self: &Rc<Self>, outer: Node, inner: Node) {
        if self.is_cancelled(outer) {
            if !self.is_cancelled(inner) {
                let _ = self.exception(inner);
            }
            return;
        }
        let state = self.tables.borrow().future(inner).state.clone();
        match state {
            State::Cancelled => {
                self.cancel(outer, None);
            }
            State::Error(error) => {
                let _ = self.exception(inner);
                self.shield_ends(outer, inner, self.set_exception(outer, error));
            }
            State::Result(stored) => {
                let value: Value = self.load(outer, &stored);
                self.shield_ends(outer, inner, self.set_result(outer, &value));
            }
            State::Pending => {}
        }
    }

    /// Somebody may have set the outer future meanwhile: then the callback raises.
    fn shield_ends(self: &Rc<Self>, outer: Node, inner: Node, set: Result<(), Exception>) {
        if let Err(error) = set {
            self.keep_callback(outer, Some(inner));
            self.callback_raised(&error);
        }
    }

    /// The outer future of a `shield` is done: it lets go of the inner one.
    pub(super) fn shield_outer(self: &Rc<Self>, inner: Node, outer: Node) {
        if !self.is_done(inner) {
            self.remove_done_callback(inner, &Callback::new(Run::ShieldInner, outer));
        }
    }
}
