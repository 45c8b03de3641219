//! Queues, events, locks and semaphores; sets, and objects with attributes.
//!
//! Truth: `asyncio/queues.py` and `locks.py` of CPython 3.11 to 3.13. All of them are lists of
//! futures: whoever waits holds the primitive, and the primitive holds the future of whoever waits
//! (ref-18, ref-20, can-19). What runs when a wait is broken off runs when its task is destroyed, too.

mod event;
mod lock;
mod object;
mod queue;
mod semaphore;
mod set;

use super::{
    desk::{Desk, Dropped},
    exception::Exception,
    frame::Frame,
    heap::{Edge, Node},
    kind::What,
    label::{Hold, Label},
    table::{Primitive, Waiters},
};
use std::{panic::Location, rc::Rc};

/// One of the lists of who waits.
type List = fn(&mut Primitive) -> &mut Waiters;

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
        self.desk.drops(self.desk.run.get(), Dropped::Reference(self.edge));
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

/// Somebody waits who was not cancelled.
fn someone_waits(desk: &Desk, node: Node) -> bool {
    let tables = desk.tables.borrow();
    let list = match tables.primitive(node) {
        Primitive::Lock { waiters, .. } | Primitive::Semaphore { waiters, .. } => waiters,
        _ => return false,
    };
    list.iter().any(|&(future, _)| !tables.future(future).is_cancelled())
}
