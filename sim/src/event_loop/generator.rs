//! Asynchronous generators, and the loop's hook that closes abandoned ones.
//!
//! Truth: PEP 525 and CPython 3.11 to 3.13 (agen-01 to agen-04, ref-32). Whoever iterates holds the
//! generator, and its frame holds what it awaits; an abandoned one is closed by a task, so its
//! `finally` may await; one that its consumer was destroyed inside of stays "already running" up to
//! 3.12 and is closed with the consumer since 3.13.

use super::{
    args::Args,
    desk::{Body, Desk},
    exception::{Class, Exception},
    frame::Frame,
    heap::Node,
    label::Hold,
    refs::{self, Ref},
    step::{Birth, Left},
    table::{Generator, Kind, root},
    value::{Stored, Value},
};
use crate::word::mix;
use std::{
    future::Future,
    panic::Location,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

/// What a generator yields through.
#[derive(Clone, Debug)]
pub struct Yields(Frame);

impl Yields {
    /// `yield value`.
    ///
    /// # Errors
    /// What is raised here when the generator is closed: `GeneratorExit`.
    pub fn item<V: Into<Value>>(
        &self,
        value: V,
    ) -> impl Future<Output = Result<(), Exception>> + use<V> {
        let frame = self.0.clone();
        let value = value.into();
        Item { frame, value: Some(value) }
    }
}

struct Item {
    frame: Frame,
    value: Option<Value>,
}

impl Unpin for Item {}

impl Future for Item {
    type Output = Result<(), Exception>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let desk = Rc::clone(self.frame.desk());
        desk.flush();
        if let Some(value) = self.value.take() {
            let stored = desk.store(self.frame.node(), Hold::Result, &value);
            desk.item.replace(Some(stored));
            return Poll::Pending;
        }
        if !desk.resumed.take() {
            return Poll::Pending;
        }
        Poll::Ready(desk.thrown.take().map_or(Ok(()), Err))
    }
}

impl Frame {
    /// An asynchronous generator: `body` yields through [`Yields`].
    #[track_caller]
    pub fn generator<A, F, R>(&self, args: A, body: F) -> Ref<refs::Generator>
    where
        A: Args,
        F: FnOnce(Frame, Yields, A) -> R + Copy,
        R: Future<Output = Result<(), Exception>> + 'static,
    {
        let desk = self.desk();
        desk.flush();
        let node = {
            let mut tables = desk.tables.borrow_mut();
            let node = tables.make(self.node(), Kind::Generator);
            let row = tables.generators.len() as u32;
            let (started, over, running, closed) = (false, false, false, false);
            tables.generators.push(Generator { started, over, running, closed });
            let object = tables.object_mut(node);
            (object.row, object.site) = (row, Some(Location::caller()));
            node
        };
        let held = Ref::new(desk, self.node(), node);
        let frame = Frame::new(desk, node);
        let args = args.held_by(&frame);
        let future = body(frame.clone(), Yields(frame), args);
        let body: Body = Box::pin(async move { future.await.map(Into::into) });
        desk.generators.borrow_mut().push(Some(body));
        held
    }
}

impl Ref<refs::Generator> {
    /// `anext(generator)`: the next item; `None` when it has returned.
    ///
    /// # Errors
    /// What it raises, or what is raised at this await; `RuntimeError` if somebody else is suspended
    /// inside of it.
    pub fn next(&self) -> impl Future<Output = Result<Option<Value>, Exception>> + use<> {
        Next { generator: self.clone(), throws: None, inside: false }
    }

    /// `aclose()`: raises `GeneratorExit` where it stands and waits for its `finally`.
    ///
    /// # Errors
    /// What it raises; `RuntimeError` if somebody is suspended inside of it.
    pub fn close(&self) -> impl Future<Output = Result<(), Exception>> + use<> {
        let generator = self.clone();
        async move { close(generator).await }
    }
}

async fn close(generator: Ref<refs::Generator>) -> Result<(), Exception> {
    let (desk, node) = (Rc::clone(generator.desk()), generator.node());
    let (fresh, running) = desk.with_generator(node, |row| {
        let state = (!row.started || row.over, row.running);
        row.closed = true;
        state
    });
    if fresh {
        desk.with_generator(node, |row| row.over = true);
        return Ok(());
    }
    if running {
        let text = "aclose(): asynchronous generator is already running";
        return Err(Exception::runtime_error(text));
    }
    let throws = Some(Exception::generator_exit());
    match (Next { generator, throws, inside: false }).await {
        Ok(Some(_)) => Err(Exception::runtime_error("async generator ignored GeneratorExit")),
        Ok(None) => Ok(()),
        Err(error) if *error.class() == Class::GeneratorExit => Ok(()),
        Err(error) => Err(error),
    }
}

/// Runs a generator up to its next item.
struct Next {
    generator: Ref<refs::Generator>,
    /// What is raised where it stands.
    throws: Option<Exception>,
    /// Its body has suspended inside of this.
    inside: bool,
}

impl Unpin for Next {}

impl Future for Next {
    type Output = Result<Option<Value>, Exception>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let (desk, node) = (Rc::clone(self.generator.desk()), self.generator.node());
        desk.flush();
        if !self.inside {
            let (running, over) = desk.with_generator(node, |row| (row.running, row.over));
            if running {
                let text = "anext(): asynchronous generator is already running";
                return Poll::Ready(Err(Exception::runtime_error(text)));
            }
            if over {
                return Poll::Ready(Ok(None));
            }
            let throws = self.throws.take();
            return self.run(&desk, node, throws);
        }
        if !desk.resumed.take() {
            return Poll::Pending;
        }
        let thrown = desk.thrown.take();
        let closed = desk.closing.get()
            && thrown.as_ref().is_some_and(|error| *error.class() == Class::GeneratorExit);
        if closed && !desk.profile.close_reaches_generator {
            // It stays "running" for ever.
            self.inside = false;
            return Poll::Ready(Err(Exception::generator_exit()));
        }
        self.run(&desk, node, thrown)
    }
}

impl Next {
    fn run(
        &mut self,
        desk: &Rc<Desk>,
        node: Node,
        thrown: Option<Exception>,
    ) -> Poll<Result<Option<Value>, Exception>> {
        let row = desk.tables.borrow().object(node).row;
        let Some(mut body) = desk.generators.borrow_mut()[row as usize].take() else {
            return Poll::Ready(Ok(None));
        };
        desk.with_generator(node, |row| (row.started, row.running) = (true, true));
        desk.sees(node, thrown.as_ref().map_or(1, |error| mix(2, error.hash())));
        let left = desk.resume(&mut body, thrown);
        let goes_on = matches!(left, Left::Suspended(_) | Left::Yielded(_));
        if goes_on {
            desk.generators.borrow_mut()[row as usize] = Some(body);
        } else {
            desk.with_generator(node, |row| row.over = true);
            drop(body);
        }
        desk.flush();
        let inside = matches!(left, Left::Suspended(_));
        desk.with_generator(node, |row| row.running = inside);
        self.inside = inside;
        match left {
            Left::Suspended(yielded) => {
                desk.yielded.set(Some(yielded));
                Poll::Pending
            }
            Left::Yielded(item) => Poll::Ready(Ok(Some(self.take(desk, &item)))),
            Left::Returned(_) => Poll::Ready(Ok(None)),
            Left::Raised(error) => Poll::Ready(Err(error)),
        }
    }

    fn take(&self, desk: &Rc<Desk>, item: &Stored) -> Value {
        let frame = self.generator.frame();
        desk.sees(frame, desk.hash_of(item));
        let value = desk.load(frame, item);
        desk.let_go_of_value(item);
        value
    }
}

impl Desk {
    fn with_generator<T>(&self, node: Node, look: impl FnOnce(&mut Generator) -> T) -> T {
        let mut tables = self.tables.borrow_mut();
        let row = tables.object(node).row;
        look(&mut tables.generators[row as usize])
    }

    /// `loop.create_task(generator.aclose())`, as the loop's hook has it.
    pub(super) fn start_closing(self: &Rc<Self>, generator: Node) {
        let held: Ref<refs::Generator> = Ref::new(self, root::LOOP, generator);
        let birth = Birth { maker: root::LOOP, name: None, site: Location::caller() };
        let body = |_: Frame, generator: Ref<refs::Generator>| close(generator);
        self.create_task(birth, held, body);
    }
}
