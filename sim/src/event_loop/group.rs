//! `asyncio.TaskGroup`.
//!
//! Truth: CPython 3.11 to 3.13 (tg-01 to tg-06). A group holds its tasks, and each task's callback
//! holds the group, which holds the parent: whoever holds one of them holds all (tg-05). CPython
//! cancels the tasks of a group in the order of a set, which is none; here in the order of their
//! birth.

use super::{
    args::Args,
    callback::{Callback, Run},
    desk::Desk,
    exception::Exception,
    frame::Frame,
    heap::Node,
    kind::{Message, What},
    label::{Hold, Label},
    refs::{self, Ref, Task},
    table::{Group, Kind, State},
    value::Value,
};
use std::{borrow::Cow, future::Future, panic::Location, rc::Rc};

impl Frame {
    /// `async with asyncio.TaskGroup() as group`: `body` inside of it, then the end of all its tasks.
    ///
    /// # Errors
    /// A group of all that `body` and the tasks raised; what is raised at this await; `RuntimeError`
    /// outside of a task.
    #[track_caller]
    pub fn task_group<F, R>(
        &self,
        body: F,
    ) -> impl Future<Output = Result<(), Exception>> + use<F, R>
    where
        F: FnOnce(Ref<refs::Group>) -> R,
        R: Future<Output = Result<(), Exception>>,
    {
        let (frame, site) = (self.clone(), Location::caller());
        async move {
            let desk = frame.desk();
            desk.flush();
            desk.running_loop()?;
            let Some(task) = desk.current_task() else {
                let text = "TaskGroup <TaskGroup> cannot determine the parent task";
                return Err(Exception::runtime_error(text));
            };
            let group = desk.make_group(frame.node(), task);
            let held: Ref<refs::Group> = Ref::new(desk, frame.node(), group);
            let raised = body(held.clone()).await.err();
            desk.flush();
            let left = frame.leave_group(group, task, raised, site).await;
            if let Err(error) = &left {
                // The frame that raises it holds the group, and that its task; it also holds what it
                // raises: a cycle, which only a collection frees.
                let parent = desk.tables.borrow().tasks[task as usize].node;
                desk.keep_in(error, parent);
                if *error.class() != super::Class::GeneratorExit {
                    desk.keep_cycle(parent, parent);
                }
            }
            left
        }
    }

    async fn leave_group(
        &self,
        group: Node,
        task: u32,
        raised: Option<Exception>,
        site: &'static Location<'static>,
    ) -> Result<(), Exception> {
        let desk = self.desk();
        desk.with_group(group, |row| row.exiting = true);
        if let Some(error) = raised.as_ref().filter(|error| error.class().leaves_the_loop()) {
            desk.with_group(group, |row| {
                row.base_error.get_or_insert_with(|| error.clone());
            });
        }
        let mut cancelled = raised.clone().filter(Exception::is_cancelled);
        let early = !desk.profile.group_keeps_cancellation;
        if early && desk.takes_cancellation_back(group, task) {
            cancelled = None;
        }
        if raised.is_some() && !desk.with_group(group, |row| row.aborting) {
            desk.abort_group(group);
        }
        while desk.with_group(group, |row| !row.tasks.is_empty()) {
            let completed = desk.completed_of(group, self.node());
            match self.awaits(completed, What::TaskGroup, site).await {
                Err(error) if error.is_cancelled() => {
                    if !desk.with_group(group, |row| row.aborting) {
                        cancelled = Some(error);
                        desk.abort_group(group);
                    }
                }
                Err(error) => return Err(error),
                Ok(_) => {}
            }
            desk.forget_completed(group);
        }
        if let Some(error) = desk.with_group(group, |row| row.base_error.clone()) {
            return Err(error);
        }
        if !early && desk.takes_cancellation_back(group, task) {
            cancelled = None;
        }
        if let Some(error) = cancelled
            && desk.with_group(group, |row| row.errors.is_empty())
        {
            return Err(error);
        }
        if let Some(error) = raised.filter(|error| !error.is_cancelled()) {
            desk.with_group(group, |row| row.errors.push(error));
        }
        let errors = desk.with_group(group, |row| std::mem::take(&mut row.errors));
        if errors.is_empty() {
            return Ok(());
        }
        if !early && desk.tables.borrow().tasks[task as usize].cancels > 0 {
            desk.uncancel(task);
            desk.cancel_task(task, None);
        }
        Err(Exception::group("unhandled errors in a TaskGroup", errors))
    }
}

impl Ref<refs::Group> {
    /// `create_task`.
    ///
    /// # Errors
    /// `RuntimeError` if the group has ended or is being shut down.
    #[track_caller]
    pub fn create_task<A, F, R, T>(
        &self,
        name: Option<Cow<'static, str>>,
        args: A,
        body: F,
    ) -> Result<Ref<Task>, Exception>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R + Copy,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        self.start_task(name, Location::caller(), args, body)
    }

    pub(super) fn start_task<A, F, R, T>(
        &self,
        name: Option<Cow<'static, str>>,
        site: &'static Location<'static>,
        args: A,
        body: F,
    ) -> Result<Ref<Task>, Exception>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R,
        R: Future<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        let (desk, group) = (self.desk(), self.node());
        desk.flush();
        let (finished, aborting) =
            desk.with_group(group, |row| (row.exiting && row.tasks.is_empty(), row.aborting));
        if finished {
            return Err(Exception::runtime_error("TaskGroup is finished"));
        }
        if aborting {
            return Err(Exception::runtime_error("TaskGroup is shutting down"));
        }
        let task = self.of_frame().start_task(name, site, args, body);
        if desk.is_done(task.node()) {
            desk.group_task_done(group, task.node());
            return Ok(task);
        }
        let edge = desk.hold(group, Label::plain(Hold::Child), task.node());
        desk.with_group(group, |row| row.tasks.push((task.node(), edge)));
        desk.add_done_callback(task.node(), Callback::new(Run::GroupDone, group));
        Ok(task)
    }
}

impl Desk {
    fn make_group(&self, frame: Node, task: u32) -> Node {
        let mut tables = self.tables.borrow_mut();
        let tables = &mut *tables;
        let node = tables.make(frame, Kind::Group);
        let parent = tables.tasks[task as usize].node;
        // The frame takes hold of it before anybody looks.
        let edge = tables.heap.hold(node, Label::plain(Hold::Parent), parent);
        tables.objects[node as usize].row = tables.groups.len() as u32;
        tables.groups.push(Group {
            parent: (parent, edge),
            tasks: Vec::new(),
            errors: Vec::new(),
            base_error: None,
            completed: None,
            parent_cancel_requested: false,
            exiting: false,
            aborting: false,
        });
        node
    }

    fn with_group<T>(&self, group: Node, look: impl FnOnce(&mut Group) -> T) -> T {
        look(self.tables.borrow_mut().group_mut(group))
    }

    /// A cancellation that the group asked for is taken back; true if no other one is left.
    fn takes_cancellation_back(&self, group: Node, task: u32) -> bool {
        self.with_group(group, |row| row.parent_cancel_requested) && self.uncancel(task) == 0
    }

    /// The future that is done when the last task is.
    fn completed_of(&self, group: Node, frame: Node) -> Node {
        if let Some((node, _)) = self.with_group(group, |row| row.completed) {
            return node;
        }
        let node = self.make_future(frame);
        let edge = self.hold(group, Label::plain(Hold::Waiter), node);
        self.with_group(group, |row| row.completed = Some((node, edge)));
        node
    }

    fn forget_completed(self: &Rc<Self>, group: Node) {
        let completed = self.with_group(group, |row| row.completed.take());
        self.let_go_of(completed.map(|(_, edge)| edge));
    }

    /// Cancels what is left of a group.
    fn abort_group(self: &Rc<Self>, group: Node) {
        let tasks = self.with_group(group, |row| {
            row.aborting = true;
            row.tasks.clone()
        });
        for (task, _) in tasks {
            if !self.is_done(task) {
                self.cancel(task, None);
            }
        }
    }

    /// A task of a group is done.
    pub(super) fn group_task_done(self: &Rc<Self>, group: Node, task: Node) {
        let (edge, completed) = self.with_group(group, |row| {
            let at = row.tasks.iter().position(|&(node, _)| node == task);
            let edge = at.map(|at| row.tasks.remove(at).1);
            (edge, row.completed.filter(|_| row.tasks.is_empty()))
        });
        self.let_go_of(edge);
        if let Some((completed, _)) = completed
            && !self.is_done(completed)
        {
            let _ = self.set_result(completed, &Value::Bool(true));
        }
        if self.is_cancelled(task) {
            return;
        }
        let Ok(Some(error)) = self.exception(task) else { return };
        let parent = self.with_group(group, |row| {
            row.errors.push(error.clone());
            if error.class().leaves_the_loop() {
                row.base_error.get_or_insert_with(|| error.clone());
            }
            row.parent.0
        });
        if !matches!(self.tables.borrow().future(parent).state, State::Pending) {
            return self.report(Message::ParentCompleted, Some(task), Some(&error));
        }
        let aborts = self.with_group(group, |row| !row.aborting && !row.parent_cancel_requested);
        if aborts {
            self.abort_group(group);
            self.with_group(group, |row| row.parent_cancel_requested = true);
            self.cancel(parent, None);
        }
    }
}
