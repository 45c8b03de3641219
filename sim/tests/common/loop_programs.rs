//! Random programs of an event loop: tasks with queues, events, replies from outside, children that
//! are held or not.

use atropos::{
    decisions::Draws,
    event_loop::{EventLoopWorld, Exception, Frame, Plain, Ref, object},
    plan::{Collect, Conditions, Loop, Order, TimerRule},
};
use std::{rc::Rc, time::Duration};

/// What a coroutine does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Gives way.
    Turn,
    /// Sleeps so many ms.
    Sleep(u8),
    /// Waits for somebody outside, who holds it or not.
    Reply(bool),
    /// Waits for a future of its own.
    Forever,
    Put,
    Get,
    Set,
    WaitEvent,
    /// Starts a task that does what the next list says, and keeps it or not.
    Start(bool),
    /// Cancels the task that it has kept.
    Cancel,
    /// Awaits the task that it has kept.
    Join,
}

/// What the main task does, and then its children.
pub(crate) type Program = Vec<Vec<Act>>;

const ACTS: [Act; 15] = [
    Act::Turn,
    Act::Sleep(1),
    Act::Sleep(2),
    Act::Reply(true),
    Act::Reply(false),
    Act::Reply(false),
    Act::Forever,
    Act::Put,
    Act::Get,
    Act::Set,
    Act::WaitEvent,
    Act::Start(true),
    Act::Start(false),
    Act::Cancel,
    Act::Join,
];

/// `lists` lists of at most `most` acts; the first begins with a start.
pub(crate) fn random(draws: &mut Draws, lists: u32, most: u32) -> Program {
    let act = |draws: &mut Draws| ACTS[draws.below(ACTS.len() as u32) as usize];
    let mut program: Program =
        (0..lists).map(|_| (0..=draws.below(most)).map(|_| act(draws)).collect()).collect();
    program[0].insert(0, Act::Start(draws.below(2) == 0));
    program
}

/// Any order, any timers, a collector that is asked for, at most `faults` faults.
pub(crate) fn random_conditions(draws: &mut Draws, faults: u32) -> Conditions {
    let order = [Order::Fifo, Order::Tasks][draws.below(2) as usize];
    let collect = [Collect::Asked, Collect::Asked, Collect::Every][draws.below(3) as usize];
    Conditions {
        timers: [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize],
        faults: draws.below(faults + 1),
        event_loop: Some(Loop { order, collect }),
        ..Conditions::default()
    }
}

#[derive(Clone)]
struct Shared {
    program: Plain<Rc<Program>>,
    queue: Ref<object::Queue>,
    event: Ref<object::Event>,
}

impl atropos::event_loop::Args for Shared {
    fn held_by(self, frame: &Frame) -> Self {
        Shared { queue: frame.hold(&self.queue), event: frame.hold(&self.event), ..self }
    }
}

/// Starts the main task of a program.
pub(crate) fn start(world: &mut EventLoopWorld, program: &Program) {
    let program = Plain(Rc::new(program.clone()));
    world.main(program, |frame, program| async move {
        let shared = Shared { program, queue: frame.queue(0), event: frame.event() };
        perform(frame, (shared, 0)).await
    });
}

async fn perform(frame: Frame, (shared, list): (Shared, usize)) -> Result<(), Exception> {
    let mut kept: Option<Ref<object::Task>> = None;
    let acts = shared.program.0.get(list).cloned().unwrap_or_default();
    let done = act_all(&frame, &shared, list, &acts, &mut kept).await;
    // finally
    shared.event.set();
    done
}

async fn act_all(
    frame: &Frame,
    shared: &Shared,
    list: usize,
    acts: &[Act],
    kept: &mut Option<Ref<object::Task>>,
) -> Result<(), Exception> {
    for &act in acts {
        match act {
            Act::Turn => frame.sleep(Duration::ZERO).await?,
            Act::Sleep(ms) => frame.sleep(Duration::from_millis(ms.into())).await?,
            Act::Reply(holds) => {
                let future = frame.future();
                match holds {
                    true => frame.answer(&future, 1),
                    false => frame.answer_weakly(&future, 1),
                }
                (&future).await?;
            }
            Act::Forever => {
                frame.forever().await?;
            }
            Act::Put => shared.queue.put_nowait(list as i64)?,
            Act::Get => {
                shared.queue.get().await?;
            }
            Act::Set => shared.event.set(),
            Act::WaitEvent => shared.event.wait().await?,
            Act::Start(keeps) => {
                let task = frame.create_task((shared.clone(), list + 1), perform_boxed);
                *kept = keeps.then_some(task).or(kept.take());
            }
            Act::Cancel => {
                if let Some(task) = kept.as_ref() {
                    task.cancel();
                }
            }
            Act::Join => {
                if let Some(task) = kept.take() {
                    (&task).await?;
                }
            }
        }
    }
    Ok(())
}

type Boxed = std::pin::Pin<Box<dyn Future<Output = Result<(), Exception>>>>;

fn perform_boxed(frame: Frame, args: (Shared, usize)) -> Boxed {
    Box::pin(perform(frame, args))
}
