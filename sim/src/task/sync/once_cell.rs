//! `OnceCell`: rule `cost-oncecell`; tokio 1.54, sync/once_cell.rs.
//!
//! One at a time tries to make the value; if that fails or goes away, the next one tries.

use super::{
    super::{
        desk::{Held, Place},
        handle::Handle,
        kind::Op,
    },
    batch::{Acquire, Batch},
};
use std::{
    cell::{self, Cell},
    convert::Infallible,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
};

struct Shared {
    place: Place,
    batch: Rc<Batch>,
    /// What the task had seen that made the value; 0 if there is none.
    made: Cell<u64>,
}

impl Held for Shared {
    fn words(&self, words: &mut Vec<u64>) {
        words.push(self.made.get());
        self.batch.words(words);
    }

    fn is_there(&self, op: Op) -> bool {
        self.batch.is_there(op)
    }
}

/// A value that is made once.
pub struct OnceCell<T> {
    shared: Rc<Shared>,
    value: cell::OnceCell<T>,
}

impl Handle {
    /// A place for a value that is made later.
    #[track_caller]
    pub fn once_cell<T>(&self) -> OnceCell<T> {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared>| {
            let place = self.place(self.desk.adopt("once cell", site, me.clone()));
            let made = Cell::new(0);
            Shared { batch: Batch::within(place.clone(), 1), place, made }
        });
        OnceCell { shared, value: cell::OnceCell::new() }
    }
}

impl<T> OnceCell<T> {
    /// The value; made now if there is none.
    #[track_caller]
    pub fn get_or_init<F: FnOnce() -> Fut, Fut: Future<Output = T>>(
        &self,
        init: F,
    ) -> impl Future<Output = &T> + use<'_, T, F, Fut> {
        let site = Location::caller();
        async move {
            let made = async move || Ok::<T, Infallible>(init().await);
            match self.get_or_make(made, site).await {
                Ok(value) => value,
                Err(never) => match never {},
            }
        }
    }

    /// The same; an error leaves the place empty.
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(
        &self,
        init: F,
    ) -> impl Future<Output = Result<&T, E>> + use<'_, T, E, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let site = Location::caller();
        async move { self.get_or_make(async move || init().await, site).await }
    }

    async fn get_or_make<E>(
        &self,
        make: impl AsyncFnOnce() -> Result<T, E>,
        site: &'static Location<'static>,
    ) -> Result<&T, E> {
        let Shared { place, batch, .. } = &*self.shared;
        poll_fn(|cx| place.desk.gives_way(cx)).await;
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let mut acquire = Acquire::new(batch, Op::OnceCell, 1, site);
        // Giving way was seen to; the look at the cell is part of this await.
        let turn = poll_fn(|cx| place.desk.as_one(|| acquire.poll(cx)).map(|turn| turn.is_ok()));
        if turn.await {
            let turn = Turn(batch);
            let value = make().await?;
            self.put(value);
            drop(turn);
        }
        Ok(self.value.get().expect("it is closed with the value"))
    }

    /// The value, if it was made.
    pub fn get(&self) -> Option<&T> {
        self.shared.place.looks(self.shared.made.get());
        self.value.get()
    }

    /// True if the value was made.
    pub fn initialized(&self) -> bool {
        self.get().is_some()
    }

    /// Puts a value in, if there is none and nobody makes one.
    pub fn set(&self, value: T) -> Result<(), SetError<T>> {
        match self.shared.batch.try_acquire(Op::OnceCell, 1) {
            Ok(true) => {
                self.put(value);
                Ok(())
            }
            Ok(false) => Err(SetError::InitializingError(value)),
            Err(_) => Err(SetError::AlreadyInitializedError(value)),
        }
    }

    fn put(&self, value: T) {
        let Shared { place, batch, made } = &*self.shared;
        assert!(self.value.set(value).is_ok(), "who makes the value is alone");
        made.set(place.desk.seen() | 1);
        batch.close();
    }
}

/// The turn to make the value; dropped, it is the next one's.
struct Turn<'c>(&'c Batch);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.0.place.desk.closing.get() {
            self.0.add(1);
        }
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnceCell").field("value", &self.value.get()).finish()
    }
}

/// Why a value was not put in: it comes back.
#[derive(Debug, PartialEq, Eq)]
pub enum SetError<T> {
    /// There is one.
    AlreadyInitializedError(T),
    /// Somebody makes one.
    InitializingError(T),
}

impl<T> fmt::Display for SetError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SetError::AlreadyInitializedError(_) => "AlreadyInitializedError",
            SetError::InitializingError(_) => "InitializingError",
        })
    }
}

impl<T: fmt::Debug> std::error::Error for SetError<T> {}
