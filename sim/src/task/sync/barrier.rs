//! `Barrier`: rule `cost-barrier`; tokio 1.54, sync/barrier.rs.
//!
//! Whoever comes last leads and goes on without a budget; the others wait as for a `watch`. Who has
//! come and goes away has come all the same.

use super::{
    super::{
        desk::{Held, Place},
        handle::Handle,
        kind::Op,
    },
    crowd::{Crowd, Seat},
};
use std::{
    cell::Cell,
    fmt,
    future::{Future, poll_fn},
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

struct Shared {
    place: Place,
    needed: usize,
    arrived: Cell<usize>,
    /// How often all had come.
    round: Cell<u64>,
    crowd: Rc<Crowd>,
}

impl Shared {
    /// Somebody comes; true if he is the last.
    fn arrive(&self) -> bool {
        self.place.acts(Op::Barrier);
        self.arrived.set(self.arrived.get() + 1);
        self.place.desk.sees(self.arrived.get() as u64);
        self.place.desk.sees(self.round.get());
        let last = self.arrived.get() == self.needed;
        if last {
            self.arrived.set(0);
            self.round.set(self.round.get() + 1);
            self.crowd.wake_all(&self.place.desk);
        }
        last
    }
}

impl Held for Shared {
    fn words(&self, words: &mut Vec<u64>) {
        words.extend([self.arrived.get() as u64, self.round.get()]);
        self.crowd.words(&self.place.desk, words);
    }

    fn is_there(&self, _: Op) -> bool {
        false
    }
}

/// Lets tasks go on once so many have come.
pub struct Barrier {
    shared: Rc<Shared>,
}

impl Handle {
    /// A barrier for so many tasks; for none it is as for one.
    #[track_caller]
    pub fn barrier(&self, needed: usize) -> Barrier {
        let site = Location::caller();
        let shared = Rc::new_cyclic(|me: &std::rc::Weak<Shared>| Shared {
            place: self.place(self.desk.adopt("barrier", site, me.clone())),
            needed: needed.max(1),
            arrived: Cell::new(0),
            round: Cell::new(0),
            crowd: Rc::default(),
        });
        Barrier { shared }
    }
}

impl Barrier {
    /// Comes, at the first poll, and waits for the others.
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = BarrierWaitResult> + use<'_> {
        let site = Location::caller();
        let shared = &self.shared;
        let mut seat = Seat::new(&shared.crowd);
        let mut mine = None;
        poll_fn(move |cx: &mut Context<'_>| {
            let Place { desk, index, .. } = &shared.place;
            ready!(desk.gives_way(cx));
            if mine.is_none() {
                mine = Some(shared.round.get());
                if shared.arrive() {
                    return Poll::Ready(BarrierWaitResult(true));
                }
            }
            let coop = ready!(desk.takes_unit(cx, Op::Barrier));
            if mine.is_some_and(|mine| mine < shared.round.get()) {
                coop.made_progress();
                shared.place.acts(Op::Barrier);
                return Poll::Ready(BarrierWaitResult(false));
            }
            shared.place.changes();
            seat.sit(desk, cx);
            desk.waits_for(Op::Barrier, *index, Some(site), cx);
            Poll::Pending
        })
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier").finish_non_exhaustive()
    }
}

/// How somebody came through a barrier.
#[derive(Clone, Copy, Debug)]
pub struct BarrierWaitResult(bool);

impl BarrierWaitResult {
    /// True for the one who came last.
    pub fn is_leader(&self) -> bool {
        self.0
    }
}
