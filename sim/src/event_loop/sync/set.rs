//! Sets of tasks: the way to keep one until it is done.

use super::super::{
    callback::{Callback, Run},
    desk::Desk,
    heap::Node,
    label::{Hold, Label},
    refs::{IsFuture, Ref, Set},
    table::Primitive,
};
use std::rc::Rc;

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
    pub(in super::super) fn discard(self: &Rc<Self>, set: Node, item: Node) {
        let edge = match self.tables.borrow_mut().primitive_mut(set) {
            Primitive::Set { items } => {
                let at = items.iter().position(|&(known, _)| known == item);
                at.map(|at| items.swap_remove(at).1)
            }
            _ => None,
        };
        self.let_go_of(edge);
    }
}
