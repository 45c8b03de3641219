//! The cost of a step of an event loop, collection at every step, by the number of tasks alive.
//!
//! Reachability is kept from step to step, so a step should cost what it changes, whatever is alive.

use super::{
    Row,
    measure::{Figure, measure, timed},
    workloads::Kernel,
};
use atropos::event_loop::{EventLoopWorld, Exception, Frame, Ref, object};
use std::time::Duration;

/// How many tasks are alive.
const ALIVE: [u32; 3] = [10, 100, 1_000];
/// About this many steps in each run.
const STEPS: u32 = 20_000;

/// What the tasks do, by how many there are.
type Work = fn(&mut EventLoopWorld, u32);

pub(super) fn rows(rounds: u32) -> Vec<Row> {
    let works: [(&str, Work); 3] =
        [("sleep(0)", giving_way), ("one queue", queueing), ("one lost a turn", losing)];
    works.into_iter().flat_map(|(name, work)| by_number(rounds, name, work)).collect()
}

fn by_number(rounds: u32, name: &str, work: Work) -> impl Iterator<Item = Row> {
    let [mut a, mut b, mut c] = ALIVE.map(|n| (n, Kernel::event_loop()));
    let run = |(n, kernel): &mut (u32, Kernel<EventLoopWorld>)| {
        let n = *n;
        kernel.set_up(|world| work(world, n));
        timed(|| kernel.play())
    };
    let figures: [Figure; 3] =
        measure(rounds, [&mut || run(&mut a), &mut || run(&mut b), &mut || run(&mut c)]);
    ALIVE.into_iter().zip(figures).map(move |(n, figure)| {
        let name = format!("{n} alive, {name}, over 10");
        Row::ratio(&name, "step", figures[0].least, figure, 1.5, 3.0)
    })
}

/// Tasks that give way, each held by the main task.
fn giving_way(world: &mut EventLoopWorld, alive: u32) {
    world.main((alive, STEPS / alive), |frame, (alive, turns)| async move {
        let start = |_: u32| frame.create_task(turns, give_way);
        let tasks: Vec<Ref<object::Task>> = (0..alive).map(start).collect();
        for task in &tasks {
            task.await?;
        }
        Ok::<_, Exception>(())
    });
}

async fn give_way(frame: Frame, turns: u32) -> Result<(), Exception> {
    for _ in 0..turns {
        frame.sleep(Duration::ZERO).await?;
    }
    Ok(())
}

/// Tasks that wait for one queue, all of which hold it.
fn queueing(world: &mut EventLoopWorld, alive: u32) {
    world.main((alive, STEPS / 2), |frame, (alive, items)| async move {
        let queue = frame.queue(0);
        let start = |_: u32| frame.create_task(queue.clone(), get_all);
        let tasks: Vec<Ref<object::Task>> = (0..alive).map(start).collect();
        for item in 0..items {
            queue.put_nowait(i64::from(item))?;
            frame.sleep(Duration::ZERO).await?;
        }
        drop(tasks);
        Ok::<_, Exception>(())
    });
}

async fn get_all(_: Frame, queue: Ref<object::Queue>) -> Result<(), Exception> {
    loop {
        queue.get().await?;
    }
}

/// Tasks that wait for an event, and in each turn another one that nothing holds.
fn losing(world: &mut EventLoopWorld, alive: u32) {
    world.main((alive, STEPS / 3), |frame, (alive, turns)| async move {
        let event = frame.event();
        let start = |_: u32| {
            let body = |_: Frame, event: Ref<object::Event>| async move { event.wait().await };
            frame.create_task(event.clone(), body)
        };
        let tasks: Vec<Ref<object::Task>> = (0..alive).map(start).collect();
        for _ in 0..turns {
            frame.create_task((), |frame, ()| async move { frame.forever().await });
            frame.sleep(Duration::ZERO).await?;
        }
        event.set();
        drop(tasks);
        Ok::<_, Exception>(())
    });
}
