//! A handle that somebody keeps past the end of its run touches nothing of the next one.

use atropos::{
    decisions::Enumerated,
    invariant::Invariants,
    plan::{Conditions, Scheduler, Tasks},
    scheduler::{self, End, Record},
    task::{JoinHandle, TOKIO_1_54, TaskWorld, invariants},
    trace::Digest,
    world::World,
};
use std::{
    cell::RefCell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

type Kept = Rc<RefCell<Vec<JoinHandle<u64>>>>;

/// Plays a program to its end; what it came to.
fn played(
    world: &mut TaskWorld,
    scheduler: Scheduler,
    program: impl FnOnce(&mut TaskWorld),
) -> (Digest, Digest) {
    let tasks = Some(Tasks { scheduler, ..Tasks::default() });
    world.reset(&Conditions { tasks, ..Conditions::default() }, false);
    program(world);
    // What a run touches is recorded, too.
    world.observe(true);
    let rules = Invariants::new(invariants::basics());
    let mut record = Record::default();
    let end = scheduler::run(world, &mut Enumerated::default(), &rules, 1_000, &mut record);
    assert_eq!(end, End::Settled);
    (record.trace.digest(), world.state())
}

/// The handles of one task that ends, unread, and of one that does not end.
fn keeps(world: &mut TaskWorld, kept: Kept) {
    let handle = world.handle();
    world.spawn("keeper", async move {
        let mut kept = kept.borrow_mut();
        kept.push(handle.spawn(async { 1 }));
        kept.push(handle.spawn(std::future::pending()));
    });
}

/// A task that joins two others, and one that does something with what was kept while they live.
fn joins(world: &mut TaskWorld, act: impl FnOnce() + 'static) {
    let handle = world.handle();
    world.client("joiner", async move {
        let children = [10, 20].map(|n| {
            let own = handle.clone();
            handle.spawn(async move {
                own.yield_now().await;
                n
            })
        });
        let acts = handle.spawn(async move { act() });
        for (child, n) in children.into_iter().zip([10, 20]) {
            assert_eq!(child.await.expect("nobody aborts it"), n);
        }
        acts.await.expect("it does not panic");
    });
}

fn is_cancelled(handle: &mut JoinHandle<u64>) -> bool {
    let polled = Pin::new(handle).poll(&mut Context::from_waker(Waker::noop()));
    matches!(polled, Poll::Ready(Err(error)) if error.is_cancelled())
}

/// What can be done with a handle.
const ACTS: [fn(&mut Vec<JoinHandle<u64>>); 5] = [
    Vec::clear,
    |kept| kept.iter().for_each(JoinHandle::abort),
    |kept| kept.iter().for_each(|handle| handle.abort_handle().abort()),
    |kept| assert!(kept.iter().all(|handle| handle.is_finished())),
    |kept| assert!(kept.iter_mut().all(is_cancelled)),
];

#[test]
fn a_handle_that_is_kept_touches_nothing_of_the_next_run() {
    for scheduler in [Scheduler::CurrentThread, Scheduler::MultiThread] {
        let fresh =
            played(&mut TaskWorld::new(&TOKIO_1_54), scheduler, |world| joins(world, || ()));
        for (number, act) in ACTS.into_iter().enumerate() {
            let kept = Kept::default();
            let mut world = TaskWorld::new(&TOKIO_1_54);
            played(&mut world, scheduler, |world| keeps(world, Rc::clone(&kept)));
            assert_eq!(kept.borrow().len(), 2);
            let uses = Rc::clone(&kept);
            let second = played(&mut world, scheduler, |world| {
                joins(world, move || act(&mut uses.borrow_mut()));
            });
            assert_eq!(second, fresh, "act {number}, {scheduler}");
        }
    }
}
