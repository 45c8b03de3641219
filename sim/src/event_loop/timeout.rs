//! `asyncio.timeout`: cancels the task at hand when the time is over, and makes a `TimeoutError` of
//! that.
//!
//! Truth: CPython 3.11 to 3.13, `asyncio.Timeout` (can-14, des-11). Its timer holds the time-out, and
//! that the task: a task in a time-out is held by the loop.

use super::{
    awaits::Armed,
    callback::{Callback, Run},
    desk::{Desk, Dropped},
    exception::Exception,
    frame::Frame,
    heap::Node,
    label::{Hold, Label},
    table::{Expiry, Kind},
};
use std::{future::Future, rc::Rc, time::Duration};

impl Frame {
    /// `async with asyncio.timeout(time)`: `body` inside of it.
    ///
    /// # Errors
    /// What `body` raises; `TimeoutError` instead of the cancellation that the time-out asked for;
    /// `RuntimeError` outside of a task.
    pub async fn timeout<T>(
        &self,
        time: Duration,
        body: impl Future<Output = Result<T, Exception>>,
    ) -> Result<T, Exception> {
        let desk = self.desk();
        desk.flush();
        desk.running_loop()?;
        let Some(task) = desk.current_task() else {
            return Err(Exception::runtime_error("Timeout should be used inside a task"));
        };
        let before = desk.tables.borrow().tasks[task as usize].cancels;
        let (timeout, held) = desk.make_timeout(self.node(), task);
        let callback = Callback::new(Run::Expires, timeout);
        let wait = (!time.is_zero()).then_some(time);
        let armed = Armed::new(desk, desk.schedule(self.node(), wait, callback));
        let held = Held { desk: Rc::clone(desk), edge: held, run: desk.run.get() };
        let result = body.await;
        drop(armed);
        desk.flush();
        let expired = desk.end_timeout(timeout);
        drop(held);
        if expired && desk.uncancel(task) <= before {
            return result.map_err(|error| match error.is_cancelled() {
                true => {
                    // The frame that raises it holds the time-out, and that the task.
                    let timeout = Exception::timeout();
                    let node = desk.tables.borrow().tasks[task as usize].node;
                    desk.keep_in(&timeout, node);
                    timeout
                }
                false => error,
            });
        }
        result
    }
}

/// A variable of a frame.
pub(super) struct Held {
    pub(super) desk: Rc<Desk>,
    pub(super) edge: super::heap::Edge,
    pub(super) run: u32,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.desk.drops(self.run, Dropped::Reference(self.edge));
    }
}

impl Desk {
    fn make_timeout(&self, frame: Node, task: u32) -> (Node, super::heap::Edge) {
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let node = tables.make(frame, Kind::Timeout);
        let held = tables.heap.hold(frame, Label::plain(Hold::Local), node);
        let parent = tables.tasks[task as usize].node;
        let edge = tables.heap.hold(node, Label::plain(Hold::Parent), parent);
        tables.objects[node as usize].row = tables.timeouts.len() as u32;
        tables.timeouts.push((parent, edge, Expiry::Armed));
        (node, held)
    }

    /// The time is over.
    pub(super) fn expire(self: &Rc<Self>, timeout: Node) {
        let task = {
            let mut tables = self.tables.borrow_mut();
            let row = tables.object(timeout).row as usize;
            tables.timeouts[row].2 = Expiry::Expiring;
            tables.timeouts[row].0
        };
        self.cancel(task, None);
    }

    /// Its block is left; true if it had cancelled the task.
    fn end_timeout(&self, timeout: Node) -> bool {
        let mut tables = self.tables.borrow_mut();
        let row = tables.object(timeout).row as usize;
        std::mem::replace(&mut tables.timeouts[row].2, Expiry::Over) == Expiry::Expiring
    }
}
