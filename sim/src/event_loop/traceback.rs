//! What an exception keeps alive, by the frames that it went through.
//!
//! Truth: `__traceback__` leads to frames and these to their variables, as long as anybody holds the
//! exception: a task that failed holds it, and a cancelled one until somebody asks for the result. So
//! a task whose time-out struck is a cycle, which reference counts alone do not free.

use super::{
    desk::{Desk, Dropped},
    exception::Exception,
    frame::Frame,
    heap::Node,
    label::{Hold, Label},
    refs::Ref,
    table::root,
};

impl Frame {
    /// The exception leaves a frame that has this variable.
    pub fn keeps<T>(&self, error: &Exception, variable: &Ref<T>) {
        self.desk().keep_in(error, variable.node());
    }
}

impl Frame {
    /// The exception was raised while another one was handled: its `__context__`.
    pub fn keeps_context(&self, error: &Exception, context: &Exception) {
        let run = self.desk().run.get();
        let held: Vec<_> = context.traceback().keeps.borrow().clone();
        for (of, node) in held {
            if of == run && !self.desk().tables.borrow().heap.is_freed(node) {
                self.desk().keep_in(error, node);
            }
        }
    }
}

impl Desk {
    /// An exception in a callback holds what the callback does, by the context of the exception
    /// handler, and that context itself: only a collection frees it.
    pub(super) fn keep_callback(&self, callback: Node, told: Option<Node>) {
        for node in [Some(callback), told].into_iter().flatten() {
            self.keep_cycle(callback, node);
        }
    }

    /// One object holds another one until it is cleared itself, by something that nobody sees.
    pub(super) fn keep_cycle(&self, holder: Node, node: Node) {
        let edge = self.hold(holder, Label::plain(Hold::Callback), node);
        self.tables.borrow_mut().links.push((holder, edge));
    }

    /// The exception went through a frame that holds an object.
    pub(super) fn keep_in(&self, error: &Exception, node: Node) {
        let run = self.run.get();
        let known = error.traceback().keeps.borrow().contains(&(run, node));
        if known {
            return;
        }
        error.traceback().keeps.borrow_mut().push((run, node));
        // Whoever is to hold the exception has not got it yet.
        let edge = self.hold(root::LOOP, Label::plain(Hold::Local), node);
        self.in_flight.borrow_mut().push(edge);
        for &(of, future) in error.traceback().kept_by.borrow().iter() {
            if of == run {
                self.keep_for(future, node);
            }
        }
    }

    fn keep_for(&self, future: Node, node: Node) {
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let gone = |node: Node| tables.heap.is_freed(node) || tables.objects[node as usize].cleared;
        if gone(future) || tables.heap.is_freed(node) {
            return;
        }
        let edge = tables.heap.hold(future, Label::plain(Hold::Result), node);
        tables.future_mut(future).kept.push(edge);
    }

    /// A future holds the exception from now on.
    pub(super) fn keep_error(&self, future: Node, error: &Exception) {
        let run = self.run.get();
        error.traceback().kept_by.borrow_mut().push((run, future));
        for &(of, node) in error.traceback().keeps.borrow().iter() {
            if of == run {
                self.keep_for(future, node);
            }
        }
    }

    /// A future gives the exception away.
    pub(super) fn give_error(&self, future: Node, error: &Exception) {
        let run = self.run.get();
        error.traceback().kept_by.borrow_mut().retain(|&row| row != (run, future));
        let kept = std::mem::take(&mut self.tables.borrow_mut().future_mut(future).kept);
        let held: Vec<_> = error.traceback().keeps.borrow().clone();
        for (of, node) in held {
            if of == run && !self.tables.borrow().heap.is_freed(node) {
                let edge = self.hold(root::LOOP, Label::plain(Hold::Local), node);
                self.in_flight.borrow_mut().push(edge);
            }
        }
        kept.into_iter().for_each(|edge| self.drops(run, Dropped::Reference(edge)));
    }

    /// Whoever was to hold an exception does.
    pub(super) fn land(self: &std::rc::Rc<Self>) {
        if !self.in_flight.borrow().is_empty() {
            let edges = std::mem::take(&mut *self.in_flight.borrow_mut());
            edges.into_iter().for_each(|edge| self.let_go(edge));
        }
    }
}
