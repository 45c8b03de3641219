//! Random programs of tasks: who does what with a channel, a semaphore, a clock and its children.

use atropos::{
    check::dpor::{Draws as Values, Steps},
    decisions::Draws,
    moves::Move,
    plan::{Budget, Conditions, Scheduler, Tasks, TimerRule},
    task::{
        Handle, TOKIO_1_54, TaskWorld,
        sync::{Semaphore, SemaphorePermit, mpsc},
    },
    trace::{Digest, Trace},
    world::World,
};
use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};

/// What a task does.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    Yield,
    /// Sends to a task and waits for room.
    Send(u32),
    TrySend(u32),
    Receive,
    TryReceive,
    Acquire,
    TryAcquire,
    Release,
    Sleep(u32),
    /// Starts a child that does one thing.
    Spawn(u32),
    Join,
    Abort,
    Detach,
    IsFinished,
}

/// What each task does.
pub(crate) type TaskProgram = Vec<Vec<Act>>;

pub(crate) fn random(draws: &mut Draws, tasks: u32, most: u32) -> TaskProgram {
    (0..tasks)
        .map(|_| {
            let acts = 1 + draws.below(most);
            (0..acts).map(|_| act(draws, tasks)).collect()
        })
        .collect()
}

fn act(draws: &mut Draws, tasks: u32) -> Act {
    match draws.below(14) {
        0 => Act::Yield,
        1 => Act::Send(draws.below(tasks)),
        2 => Act::TrySend(draws.below(tasks)),
        3 | 4 => Act::Receive,
        5 => Act::TryReceive,
        6 => Act::Acquire,
        7 => Act::TryAcquire,
        8 => Act::Release,
        9 => Act::Sleep(1 + draws.below(2)),
        10 => Act::Spawn(draws.below(4)),
        11 => Act::Join,
        12 => [Act::Abort, Act::Detach][draws.below(2) as usize],
        _ => Act::IsFinished,
    }
}

pub(crate) fn random_conditions(draws: &mut Draws, faults: u32, budget: Budget) -> Conditions {
    let scheduler = [Scheduler::CurrentThread, Scheduler::MultiThread, Scheduler::MultiThread];
    Conditions {
        timers: [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize],
        faults: draws.below(faults + 1),
        tasks: Some(Tasks { scheduler: scheduler[draws.below(3) as usize], budget }),
        ..Conditions::default()
    }
}

/// What the tasks share.
#[derive(Clone)]
struct Shared {
    handle: Handle,
    /// Each task has its own: who drops the last of a shared one would touch what no footprint tells.
    senders: Vec<mpsc::Sender<u32>>,
    semaphore: Rc<Semaphore>,
}

pub(crate) fn start(world: &mut TaskWorld, program: &TaskProgram) {
    let handle = world.handle();
    let (senders, receivers): (Vec<_>, Vec<_>) =
        program.iter().map(|_| handle.channel::<u32>(1)).unzip();
    let semaphore = Rc::new(handle.semaphore(1));
    let shared = Shared { handle, senders, semaphore };
    for (acts, receiver) in program.iter().zip(receivers) {
        world.spawn("t", perform(shared.clone(), acts.clone(), receiver));
    }
}

async fn perform(shared: Shared, acts: Vec<Act>, mut receiver: mpsc::Receiver<u32>) {
    let mut children = Vec::new();
    let mut permits: Vec<SemaphorePermit> = Vec::new();
    for act in acts {
        match act {
            Act::Yield => shared.handle.yield_now().await,
            Act::Send(to) => drop(shared.senders[to as usize].send(to).await),
            Act::TrySend(to) => drop(shared.senders[to as usize].try_send(to)),
            Act::Receive => drop(receiver.recv().await),
            Act::TryReceive => drop(receiver.try_recv()),
            Act::Acquire => permits.extend(shared.semaphore.acquire().await),
            Act::TryAcquire => permits.extend(shared.semaphore.try_acquire()),
            Act::Release => drop(permits.pop()),
            Act::Sleep(ms) => shared.handle.sleep(Duration::from_millis(ms.into())).await,
            Act::Spawn(what) => children.push(shared.handle.spawn(child(shared.clone(), what))),
            Act::Join => {
                if let Some(child) = children.pop() {
                    drop(child.await);
                }
            }
            Act::Abort => children.iter().for_each(|child| child.abort()),
            Act::Detach => drop(children.pop()),
            Act::IsFinished => children.iter().for_each(|child| {
                let _ = child.is_finished();
            }),
        }
    }
}

async fn child(shared: Shared, what: u32) {
    match what {
        0 => drop(shared.senders[0].try_send(7)),
        1 => drop(shared.semaphore.acquire().await),
        2 => shared.handle.yield_now().await,
        _ => {}
    }
}

/// A random program at some point of its run, and the ends that it came to.
pub(crate) struct TaskRuns<'p> {
    pub(crate) world: TaskWorld,
    pub(crate) conditions: Conditions,
    pub(crate) program: &'p TaskProgram,
    /// The last states of the runs that ended.
    pub(crate) ends: RefCell<BTreeSet<Digest>>,
}

impl<'p> TaskRuns<'p> {
    pub(crate) fn new(conditions: Conditions, program: &'p TaskProgram) -> Self {
        let ends = RefCell::default();
        TaskRuns { world: TaskWorld::new(&TOKIO_1_54), conditions, program, ends }
    }
}

impl Steps for TaskRuns<'_> {
    type World = TaskWorld;

    fn start(&mut self) {
        self.world.reset(&self.conditions, false);
        start(&mut self.world, self.program);
    }

    fn world(&mut self) -> &mut TaskWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Values) -> bool {
        self.world.play(mv, draws, &mut Trace::default());
        true
    }

    fn ended(&mut self) -> bool {
        self.ends.borrow_mut().insert(self.world.state());
        true
    }
}
