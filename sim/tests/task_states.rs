//! Two states of a task world that can go on differently are two states: each note in the digest of
//! what tasks share is there for a pair of schedules that nothing else tells apart.

use atropos::{
    decisions::{Enumerated, Names},
    name::Name,
    plan::{Conditions, Scheduler, Tasks},
    task::{Handle, TOKIO_1_54, TaskWorld},
    trace::{Digest, Trace},
    world::World,
};
use std::{cell::Cell, rc::Rc};

/// What the last task of a program reads.
type Seen = Rc<Cell<Option<usize>>>;

/// A program, whose tasks are named 1, 2, and so on.
type Program = fn(&mut TaskWorld, &Handle, Seen);

/// Polls these tasks in turn, each once.
fn polls(world: &mut TaskWorld, tasks: &[u32]) {
    for &task in tasks {
        let name = Name::Process(vec![task]);
        let mut moves = world.moves().all().iter().copied();
        let mv = moves.find(|&mv| world.name(mv) == name).expect("it is ready");
        world.play(mv, &mut Enumerated::default(), &mut Trace::default());
    }
}

/// The state after some polls, and what is read if it goes on with others.
fn after(program: Program, polled: &[u32], goes_on: &[u32]) -> (Digest, usize) {
    let tasks = Some(Tasks { scheduler: Scheduler::MultiThread, ..Tasks::default() });
    let mut world = TaskWorld::new(&TOKIO_1_54);
    world.reset(&Conditions { tasks, ..Conditions::default() }, false);
    let (seen, handle) = (Seen::default(), world.handle());
    program(&mut world, &handle, Rc::clone(&seen));
    polls(&mut world, polled);
    let state = world.state();
    polls(&mut world, goes_on);
    (state, seen.get().expect("the last task has read it"))
}

/// Two orders of the same polls come to states that go on alike to two ends.
fn are_two(program: Program, one: &[u32], other: &[u32], goes_on: &[u32]) {
    let [one, other] = [one, other].map(|polled| after(program, polled, goes_on));
    assert_ne!(one.1, other.1, "the orders do not matter");
    assert_ne!(one.0, other.0, "two futures, {} and {}, of one state", one.1, other.1);
}

/// Two tasks wait for two permits each; three come, and the semaphore is closed. Who came first gives
/// back two, the other one.
fn granted(world: &mut TaskWorld, handle: &Handle, seen: Seen) {
    let semaphore = Rc::new(handle.semaphore(0));
    for _ in 0..2 {
        let semaphore = Rc::clone(&semaphore);
        world.spawn("taker", async move {
            assert!(semaphore.acquire_many(2).await.is_err());
        });
    }
    let closed = Rc::clone(&semaphore);
    world.spawn("closer", async move {
        closed.add_permits(3);
        closed.close();
    });
    world.spawn("reader", async move { seen.set(Some(semaphore.available_permits())) });
}

#[test]
fn what_was_granted_and_not_fetched_is_part_of_the_state() {
    are_two(granted, &[1, 2, 3], &[2, 1, 3], &[1, 4]);
}

/// Two closures on threads of their own write a value; a task reads it.
fn left(world: &mut TaskWorld, handle: &Handle, seen: Seen) {
    let value = Rc::new(handle.mutex(0));
    for looks in [1, 2] {
        let value = Rc::clone(&value);
        drop(handle.spawn_blocking(move || {
            for _ in 0..looks {
                *value.try_lock().expect("nobody holds it") = looks;
            }
        }));
    }
    world.spawn("reader", async move { seen.set(Some(*value.lock().await)) });
}

#[test]
fn what_the_last_holder_of_a_lock_left_is_part_of_the_state() {
    are_two(left, &[1, 2], &[2, 1], &[3]);
}

/// A task writes a value, another one reads it and tells of it later; a third one holds it last.
fn read(world: &mut TaskWorld, handle: &Handle, seen: Seen) {
    let value = Rc::new(handle.mutex(0));
    let [written, last] = [(); 2].map(|()| Rc::clone(&value));
    world.spawn("writer", async move { *written.lock().await = 1 });
    let handle = handle.clone();
    world.spawn("reader", async move {
        let read = *value.lock().await;
        handle.yield_now().await;
        seen.set(Some(read));
    });
    world.spawn("last", async move { drop(last.lock().await) });
}

#[test]
fn who_takes_a_lock_has_seen_what_the_last_holder_left() {
    are_two(read, &[1, 2, 3], &[2, 1, 3], &[2]);
}

/// Two tasks send a message each; a task reads the first.
fn sent(world: &mut TaskWorld, handle: &Handle, seen: Seen) {
    let (sender, mut receiver) = handle.channel(2);
    for number in [1, 2] {
        let sender = sender.clone();
        world.spawn("sender", async move { sender.send(number).await.expect("it is open") });
    }
    drop(sender);
    world.spawn("reader", async move { seen.set(receiver.recv().await) });
}

#[test]
fn whose_message_is_first_is_part_of_the_state() {
    are_two(sent, &[1, 2], &[2, 1], &[3]);
}

/// Two closures on threads of their own, which do the same, write a value each; a task reads it.
fn written(world: &mut TaskWorld, handle: &Handle, seen: Seen) {
    let value = Rc::new(handle.mutex(0));
    for number in [1, 2] {
        let value = Rc::clone(&value);
        drop(handle.spawn_blocking(move || {
            *value.try_lock().expect("nobody holds it") = number;
        }));
    }
    world.spawn("reader", async move { seen.set(Some(*value.lock().await)) });
}

#[test]
fn which_closure_wrote_last_is_part_of_the_state() {
    are_two(written, &[1, 2], &[2, 1], &[3]);
}
