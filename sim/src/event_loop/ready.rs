//! The loop: the ready queue, turns, timers, and whoever answers from outside.
//!
//! Truth: `BaseEventLoop._run_once` of CPython 3.11 to 3.13. A turn calls what stood in the ready
//! queue when it began (ord-03); timers that are due and answers from outside enter between turns;
//! `stop` is looked at when a turn is over.

use super::{
    callback::{Callback, NOTHING, Run},
    desk::Desk,
    heap::{NONE, Node},
    kind::event,
    label::{Hold, Label},
    table::{Handle, Kind, Ready, Reply, root},
    value::Value,
};
use std::{rc::Rc, time::Duration};

impl Desk {
    /// `call_soon` or `call_later` with a handle that can be cancelled.
    pub(super) fn schedule(
        self: &Rc<Self>,
        maker: Node,
        time: Option<Duration>,
        callback: Callback,
    ) -> u32 {
        let owner = self.who(maker);
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let node = tables.make(maker, Kind::Handle);
        let handle = tables.handles.len() as u32;
        tables.objects[node as usize].row = handle;
        let hold = if time.is_some() { Hold::Timer } else { Hold::Ready };
        let edge = tables.heap.hold(root::LOOP, Label::plain(hold), node);
        let grip = (callback.on != NOTHING)
            .then(|| tables.heap.hold(node, Label::plain(Hold::Callback), callback.on));
        let due = time.map(|time| {
            tables.sequence += 1;
            let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
            (tables.now.saturating_add(nanos), tables.sequence)
        });
        let ordinal = tables.tasks.get_mut(owner as usize).map_or_else(
            || tables.sequence,
            |task| {
                task.asked += 1;
                task.asked
            },
        );
        tables.handles.push(Handle {
            node,
            callback: Some(callback),
            grip,
            edge,
            due,
            owner,
            ordinal,
            cancelled: false,
        });
        match due {
            Some(due) => {
                tables.timers.insert(due, handle);
            }
            None => tables.ready.push_back(Ready::Handle(handle)),
        }
        handle
    }

    /// A timer that gives a future its result.
    pub(super) fn release_later(self: &Rc<Self>, maker: Node, time: Duration, future: Node) -> u32 {
        self.schedule(maker, Some(time), Callback::new(Run::Release, future))
    }

    /// `Handle.cancel`: what it held goes at once (ref-16).
    pub(super) fn cancel_handle(self: &Rc<Self>, handle: u32) {
        let (grip, edge) = {
            let mut tables = self.tables.borrow_mut();
            let tables = &mut *tables;
            let row = &mut tables.handles[handle as usize];
            if std::mem::replace(&mut row.cancelled, true) {
                return;
            }
            row.callback = None;
            let timer = row.due.and_then(|due| tables.timers.remove(&due));
            let edge = timer.map(|_| std::mem::replace(&mut row.edge, NONE));
            (row.grip.take(), edge)
        };
        self.let_go_of(grip);
        self.let_go_of(edge);
    }

    /// Somebody outside will answer a future.
    pub(super) fn add_reply(
        self: &Rc<Self>,
        maker: Node,
        future: Node,
        holds: bool,
        value: &Value,
    ) {
        self.flush();
        let owner = self.who(maker);
        let value = self.store(root::OUTSIDE, Hold::Result, value);
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let label = Label::plain(Hold::Callback);
        let edge = holds.then(|| tables.heap.hold(root::OUTSIDE, label, future));
        let ordinal = tables.tasks.get_mut(owner as usize).map_or(0, |task| {
            task.asked += 1;
            task.asked
        });
        tables.open_replies.push(tables.replies.len() as u32);
        tables.replies.push(Reply { future, edge, value, owner, ordinal, open: true });
    }

    /// Whoever is outside answers.
    pub(super) fn play_reply(self: &Rc<Self>, reply: u32) {
        let (future, edge, value, owner) = {
            let row = &mut self.tables.borrow_mut().replies[reply as usize];
            row.open = false;
            (row.future, row.edge.take(), row.value.clone(), row.owner)
        };
        self.tells(event::REPLY, owner, future, 0);
        let waits = self.tables.borrow().is_pending(future);
        if waits {
            let value = self.load(root::OUTSIDE, &value);
            let _ = self.set_result(future, &value);
        }
        self.let_go_of(edge);
        self.let_go_of_value(&value);
        self.flush();
    }

    /// Replies that were given, or have nobody left whom they could reach, are offered no more: a
    /// future that has gone or is done stays so.
    pub(super) fn forget_void_replies(&self) {
        let mut tables = self.tables.borrow_mut();
        let mut open = std::mem::take(&mut tables.open_replies);
        open.retain(|&reply| {
            let row = &tables.replies[reply as usize];
            row.open && tables.is_pending(row.future)
        });
        tables.open_replies = open;
    }

    /// A new turn begins with what stands in the ready queue, and the timers that are due by now
    /// behind that: `call_later(0, ..)`.
    pub(super) fn begin_turn(self: &Rc<Self>) {
        while let Some(due) = {
            let tables = self.tables.borrow();
            tables.timers.first_key_value().map(|(&due, _)| due).filter(|due| due.0 <= tables.now)
        } {
            self.fire(due);
        }
        let mut tables = self.tables.borrow_mut();
        tables.turn = tables.ready.len();
    }

    /// Handles at the front that were cancelled are skipped, as the loop does.
    pub(super) fn skip_cancelled(self: &Rc<Self>) {
        loop {
            let edge = {
                let mut tables = self.tables.borrow_mut();
                let tables = &mut *tables;
                match tables.ready.front() {
                    Some(Ready::Handle(handle)) if tables.handles[*handle as usize].cancelled => {
                        let edge = tables.handles[*handle as usize].edge;
                        tables.ready.pop_front();
                        tables.turn = tables.turn.saturating_sub(1);
                        edge
                    }
                    _ => return,
                }
            };
            self.let_go(edge);
        }
    }

    /// Calls the entry at a place of the ready queue.
    pub(super) fn call(self: &Rc<Self>, at: usize) {
        let entry = {
            let mut tables = self.tables.borrow_mut();
            tables.turn -= 1;
            tables.ready.remove(at).expect("an entry of this turn")
        };
        match entry {
            Ready::Direct { callback, grip, told } => {
                self.run(&callback, told.map(|(node, _)| node));
                self.flush();
                // The handle at hand holds what it calls and tells until the next one (exc-03).
                self.let_go_of(grip);
                self.let_go_of(told.map(|(_, edge)| edge));
            }
            Ready::Handle(handle) => {
                let (callback, edge) = {
                    let row = &mut self.tables.borrow_mut().handles[handle as usize];
                    (row.callback.clone(), row.edge)
                };
                if let Some(callback) = callback {
                    self.run(&callback, None);
                }
                self.flush();
                self.let_go(edge);
            }
        }
    }

    /// Calls a callback.
    fn run(self: &Rc<Self>, callback: &Callback, told: Option<Node>) {
        let on = callback.on;
        let task = || self.tables.borrow().object(on).row;
        if !callback.is_step() && !matches!(callback.run, Run::Program) {
            self.tells(event::CALLBACK, event::LOOP, on, callback.run.number() & 0xff);
        }
        let done = told.unwrap_or(NONE);
        match &callback.run {
            Run::Step => self.step(task(), None),
            Run::Wakeup => self.wake(task(), done),
            Run::Release => self.release(on),
            Run::GatherChild => self.gather_child(on, done),
            Run::ShieldInner => self.shield_inner(on, done),
            Run::ShieldOuter => self.shield_outer(on, done),
            Run::WaitOne(count) => self.wait_one(count, on, done),
            Run::GroupDone => self.group_task_done(on, done),
            Run::Expires => self.expire(on),
            Run::Discard => self.discard(on, done),
            Run::Stop => self.tables.borrow_mut().stopping = true,
            Run::CloseGenerator => self.start_closing(on),
            Run::Program => self.run_program(on, told),
        }
    }

    /// A timer is due: its handle goes into the ready queue.
    pub(super) fn fire(self: &Rc<Self>, due: (u64, u32)) {
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let Some(handle) = tables.timers.remove(&due) else { return };
        tables.now = tables.now.max(due.0);
        let (owner, ordinal) = {
            let row = &tables.handles[handle as usize];
            (row.owner, row.ordinal)
        };
        self.tells(event::TIMER, owner, handle, u64::from(ordinal));
        tables.ready.push_back(Ready::Handle(handle));
    }

    /// A timer fires by itself.
    pub(super) fn fire_handle(self: &Rc<Self>, handle: u32) {
        let due = self.tables.borrow().handles[handle as usize].due;
        if let Some(due) = due {
            self.fire(due);
        }
    }

    /// Lets time pass to the timers that are due next; false if there are none.
    pub(super) fn pass_time(self: &Rc<Self>) -> bool {
        let Some(due) = self.tables.borrow().timers.first_key_value().map(|(due, _)| due.0) else {
            return false;
        };
        while let Some(next) = {
            let tables = self.tables.borrow();
            tables.timers.first_key_value().map(|(&key, _)| key).filter(|key| key.0 <= due)
        } {
            self.fire(next);
        }
        true
    }

    /// `loop.close()`: what stands in its queues is dropped.
    pub(super) fn close_loop(self: &Rc<Self>) {
        let (ready, timers) = {
            let mut tables = self.tables.borrow_mut();
            tables.closed = true;
            tables.turn = 0;
            (std::mem::take(&mut tables.ready), std::mem::take(&mut tables.timers))
        };
        for entry in ready {
            match entry {
                Ready::Direct { grip, told, .. } => {
                    self.let_go_of(grip);
                    self.let_go_of(told.map(|(_, edge)| edge));
                }
                Ready::Handle(handle) => self.drop_handle(handle),
            }
        }
        timers.into_values().for_each(|handle| self.drop_handle(handle));
    }

    fn drop_handle(self: &Rc<Self>, handle: u32) {
        let edge = self.tables.borrow().handles[handle as usize].edge;
        self.let_go(edge);
    }
}
