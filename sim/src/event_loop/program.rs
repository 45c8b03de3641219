//! What stands outside of the loop: `run_until_complete`, and `asyncio.run` with what it does at the
//! end.
//!
//! Truth: `asyncio/runners.py` and `base_events.py` of CPython 3.11 to 3.13 (shu-01 to shu-06). The
//! tasks that are left are cancelled and awaited, abandoned generators are closed, and the loop is
//! closed. CPython cancels in the order of a set, which is none; here in the order of their birth.

use super::{
    args::Args,
    callback::{Callback, NOTHING, Run},
    desk::Desk,
    exception::{Exception, caught},
    frame::Frame,
    heap::Node,
    kind::{Message, event},
    refs::{self, Future, Ref},
    table::{Kind, root},
    value::Value,
};
use std::{
    future::Future as RustFuture,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// The program: code outside of any coroutine.
#[derive(Clone, Debug)]
pub struct Program(Frame);

/// The loop runs until it is stopped.
struct Running {
    desk: Rc<Desk>,
    started: bool,
}

impl RustFuture for Running {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        self.desk.flush();
        let mut tables = self.desk.tables.borrow_mut();
        if !self.started {
            tables.stopped = false;
            drop(tables);
            self.started = true;
            return Poll::Pending;
        }
        if tables.stopped { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Program {
    pub(super) fn new(desk: &Rc<Desk>) -> Self {
        Program(Frame::new(desk, root::PROGRAM))
    }

    /// Its frame, to make what coroutines will share.
    pub fn frame(&self) -> &Frame {
        &self.0
    }

    /// `loop.run_until_complete(future)`: cancels nothing of what is left (shu-01).
    ///
    /// # Errors
    /// What the future raises, what went through the loop, `RuntimeError` if that was stopped before.
    pub async fn run_until_complete(&self, future: &Ref<Future>) -> Result<Value, Exception> {
        let desk = self.0.desk();
        if desk.tables.borrow().closed {
            return Err(Exception::runtime_error("Event loop is closed"));
        }
        let stop = Callback::new(Run::Stop, NOTHING);
        desk.add_done_callback(future.node(), stop.clone());
        Running { desk: Rc::clone(desk), started: false }.await;
        desk.remove_done_callback(future.node(), &stop);
        let escaped = desk.tables.borrow_mut().escape.take();
        if let Some(error) = escaped {
            if desk.is_done(future.node()) {
                // It counts as retrieved.
                let _ = desk.exception(future.node());
            }
            return Err(error);
        }
        if !future.is_done() {
            let text = "Event loop stopped before Future completed.";
            return Err(Exception::runtime_error(text));
        }
        let result = desk.result(future.node());
        if let Err(error) = &result {
            // The frame of `run_until_complete` holds the future.
            desk.keep_in(error, future.node());
        }
        result.map(|stored| desk.load(root::PROGRAM, &stored))
    }

    /// `asyncio.run(body(..))`.
    ///
    /// # Errors
    /// What the coroutine raises, or what went through the loop.
    #[track_caller]
    pub fn run<A, F, R, T>(
        &self,
        name: &'static str,
        args: A,
        body: F,
    ) -> impl RustFuture<Output = Result<Value, Exception>> + use<A, F, R, T>
    where
        A: Args,
        F: FnOnce(Frame, A) -> R,
        R: RustFuture<Output = Result<T, Exception>> + 'static,
        T: Into<Value> + 'static,
    {
        // It is renamed after it was given a number (up to 3.13).
        self.0.desk().tables.borrow_mut().unnamed += 1;
        let name = Some(name.into());
        let main = self.0.start_task(name, Location::caller(), args, body);
        self.clone().run_main(main)
    }

    async fn run_main(self, main: Ref<refs::Task>) -> Result<Value, Exception> {
        let result = self.run_until_complete(&main.future()).await;
        drop(main);
        self.shut_down().await;
        result
    }

    /// What `asyncio.run` does when its coroutine has ended.
    async fn shut_down(&self) {
        let desk = self.0.desk();
        desk.flush();
        self.cancel_all().await;
        let generators = desk.open_generators();
        self.run_quietly(generators, |frame, generators| async move {
            let tasks: Vec<Ref<Future>> = generators
                .iter()
                .map(|generator| {
                    let body = |_: Frame, generator: Ref<refs::Generator>| generator.close();
                    frame.create_task(generator.clone(), body).future()
                })
                .collect();
            let closed = frame.gather(&tasks, true).await?;
            if let Value::List(results) = closed {
                results.iter().for_each(|result| frame.desk().tell_closing(result));
            }
            Ok(())
        })
        .await;
        // `shutdown_default_executor`, which finds none.
        self.run_quietly((), |_, ()| async { Ok(()) }).await;
        desk.close_loop();
    }

    /// A task of the loop itself.
    async fn run_quietly<A, F, R>(&self, args: A, body: F)
    where
        A: Args,
        F: FnOnce(Frame, A) -> R + Copy,
        R: RustFuture<Output = Result<(), Exception>> + 'static,
    {
        let task = self.0.create_task(args, body);
        self.0.desk().make_quiet(task.node());
        let _ = self.run_until_complete(&task.future()).await;
    }

    /// Cancels the tasks that are left, waits for them, and tells of those that raised.
    async fn cancel_all(&self) {
        let desk = self.0.desk();
        let left: Vec<Ref<Future>> = desk
            .pending_tasks()
            .into_iter()
            .map(|node| Ref::new(desk, root::PROGRAM, node))
            .collect();
        if left.is_empty() {
            return;
        }
        left.iter().for_each(|task| {
            desk.cancel(task.node(), None);
        });
        let all = self.0.gather(&left, true);
        let _ = self.run_until_complete(&all).await;
        for task in &left {
            if desk.is_done(task.node())
                && let Ok(Some(error)) = desk.exception(task.node())
            {
                desk.report(Message::Shutdown, Some(task.node()), Some(&error));
            }
        }
    }

    /// `loop.close()`.
    pub fn close(&self) {
        self.0.desk().flush();
        self.0.desk().close_loop();
    }
}

impl Desk {
    /// The tasks that are not done and still there: `all_tasks()`.
    fn pending_tasks(&self) -> Vec<Node> {
        let tables = self.tables.borrow();
        let tasks = tables.tasks.iter().map(|task| task.node);
        tasks.filter(|&node| tables.is_pending(node)).collect()
    }

    fn open_generators(self: &Rc<Self>) -> Vec<Ref<refs::Generator>> {
        let nodes: Vec<Node> = {
            let tables = self.tables.borrow();
            let is_open = |&node: &Node| {
                let object = tables.object(node);
                tables.generators[object.row as usize].is_open()
            };
            tables.there(Kind::Generator).filter(is_open).collect()
        };
        nodes.into_iter().map(|node| Ref::new(self, root::PROGRAM, node)).collect()
    }

    fn tell_closing(self: &Rc<Self>, result: &Value) {
        if let Value::Error(error) = result
            && error.class().is_exception()
        {
            self.report(Message::GeneratorClosing, None, Some(error));
        }
    }

    fn make_quiet(&self, node: Node) {
        let mut tables = self.tables.borrow_mut();
        if let Some(task) = tables.task_of(node) {
            tables.tasks[task as usize].is_quiet = true;
        }
    }

    /// Runs the program up to where it runs the loop.
    pub(super) fn run_program_on(self: &Rc<Self>) {
        let Some(mut program) = self.program.take() else { return };
        match caught(|| program.as_mut().poll(&mut Context::from_waker(Waker::noop()))) {
            Ok(Poll::Pending) => {
                self.program.replace(Some(program));
            }
            Ok(Poll::Ready(())) => drop(program),
            Err(panic) => {
                let number = self.note_error(&panic);
                self.tells(event::PANICKED, event::PROGRAM, 0, number);
            }
        }
        self.flush();
    }

    /// The program goes on if the loop has stopped.
    pub(super) fn after_turn(self: &Rc<Self>) {
        let stops = {
            let mut tables = self.tables.borrow_mut();
            let stops =
                !tables.stopped && (tables.escape.is_some() || tables.stopping && tables.turn == 0);
            if stops {
                (tables.stopping, tables.stopped, tables.turn) = (false, true, 0);
            }
            stops
        };
        if stops {
            self.tells(event::STOPPED, event::LOOP, 0, 0);
            self.run_program_on();
        }
    }
}
