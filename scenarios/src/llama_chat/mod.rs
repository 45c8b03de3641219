//! LlamaIndex's chat engines: a task that writes the answer to the history, and nobody who holds it.
//!
//! Issue #17801 (February 2025): `asyncio.create_task(...)` without a reference; the event loop holds
//! tasks only weakly, so the collector may destroy one that waits. Last release with it 0.12.17,
//! first with the fix 0.12.18 (#17812): the task became an attribute of the response, which the task
//! itself holds, so that a client that drops the response loses both.
//!
//! Told from the facts of the issue and the fix: `docs/stories/llama-chat.md`. Left out: the agent
//! loop, tools, the synchronous half of the response.

mod client;
mod engine;
mod outside;
mod workload;

pub use workload::{Op, Reply, workloads};

use crate::generate;
use atropos::{
    check::Claim,
    event_loop::{
        Args, CPYTHON_3_11, EventLoopWorld, Exception, Frame, Ref, invariants as ready, object,
    },
    invariant::{Invariant, no_deadlock},
    plan::{Collect, Conditions, Loop, Order, TimerRule},
    scenario::{Scenario, Variant},
};
use std::time::Duration;

/// Who holds the task that writes the answer to the history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    /// Nobody, and nobody holds the stream that it reads either.
    Nothing,
    /// Nobody; the response holds the stream.
    Stream,
    /// An attribute of the response.
    Attribute,
    /// Nobody, and nobody holds the consumer of the tokens either.
    ForgetsConsumer,
    /// Nobody; its `finally` awaits the store.
    AwaitsInFinally,
    /// A background set, and nobody looks at its exception.
    SetUnread,
    /// A background set, and a done callback that looks at its exception.
    Set,
    /// The task group of the client's handler.
    Group,
}

impl Args for Keeps {
    fn held_by(self, _: &Frame) -> Self {
        self
    }
}

impl Args for Op {
    fn held_by(self, _: &Frame) -> Self {
        self
    }
}

/// The story.
#[derive(Clone, Copy, Debug, Default)]
pub struct LlamaChat;

static VARIANTS: [Variant; 8] = [
    Variant::breaks(
        "no-reference",
        "nobody holds the task that reads the stream and writes it to the history",
        &["no-pending-task-collected"],
    ),
    Variant::breaks(
        "v0.12.17",
        "the response holds the stream, and so the task while it streams; not while it stores (#17801)",
        &["no-pending-task-collected"],
    ),
    Variant::breaks(
        "v0.12.18",
        "an attribute of the response holds the task, which holds the response (#17812)",
        &["no-pending-task-collected"],
    ),
    Variant::breaks(
        "forgotten-consumer",
        "nobody holds the task that takes the tokens out of the queue",
        &["no-lost-message"],
    ),
    Variant::breaks(
        "await-in-finally",
        "nobody holds the task, and its finally awaits, which a destroyed task cannot",
        &["no-pending-task-collected"],
    ),
    Variant::breaks(
        "unretrieved",
        "a background set holds the task, and nobody looks at its exception",
        &["exceptions-retrieved"],
    ),
    Variant::holds("background-set", "a background set holds the task until it is done"),
    Variant::holds("task-group", "the client's handler is a task group and waits for the task"),
];

fn keeps(variant: &Variant) -> Keeps {
    match &*variant.name {
        "no-reference" => Keeps::Nothing,
        "v0.12.17" => Keeps::Stream,
        "v0.12.18" => Keeps::Attribute,
        "forgotten-consumer" => Keeps::ForgetsConsumer,
        "await-in-finally" => Keeps::AwaitsInFinally,
        "unretrieved" => Keeps::SetUnread,
        "background-set" => Keeps::Set,
        _ => Keeps::Group,
    }
}

/// An answer of two tokens, heard to its end.
const HEARD: [Op; 1] = [Op::chat(2)];
/// A client that leaves after the first of two tokens.
const LEFT: [Op; 1] = [Op { leaves: Some(1), ..Op::chat(2) }];
/// A store that refuses.
const REFUSED: [Op; 1] = [Op { refuses: true, ..Op::chat(1) }];
/// Both at once: what a variant that holds must stand.
const EVERYTHING: [Op; 2] = [
    Op { leaves: Some(1), ..Op::chat(2) },
    Op { refuses: true, store: Reply::After(5), ..Op::chat(2) },
];

/// Longer than anything takes.
const QUIET: Duration = Duration::from_millis(200);

/// The server: a task for each client, and time for what they leave behind.
async fn server(
    frame: Frame,
    (chats, keeps, tasks): (Vec<Op>, Keeps, Ref<object::Set>),
) -> Result<(), Exception> {
    let start = |&chat: &Op| {
        let task = frame.create_named("client", (chat, keeps, tasks.clone()), client::handle);
        task.future()
    };
    let clients: Vec<Ref<object::Future>> = chats.iter().map(start).collect();
    frame.gather(&clients, true).await?;
    frame.sleep(QUIET).await
}

impl Scenario for LlamaChat {
    type World = EventLoopWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "llama-chat"
    }

    fn about(&self) -> &str {
        "LlamaIndex's chat engines: asyncio's weakly held tasks and the collector"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    fn world(&self, _: &Variant) -> EventLoopWorld {
        EventLoopWorld::new(&CPYTHON_3_11)
    }

    fn fixed(&self, variant: &Variant) -> Vec<Op> {
        let told: &[Op] = match keeps(variant) {
            Keeps::Attribute => &LEFT,
            Keeps::SetUnread => &REFUSED,
            Keeps::Set | Keeps::Group => &EVERYTHING,
            _ => &HEARD,
        };
        told.to_vec()
    }

    /// The collector is a move of its own: it may come in any step in which a task is lost. Variants
    /// that hold do so whatever the order of tasks and timers, and whichever task is cancelled.
    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        let claim = |workload: &[Op], order, timers, faults| {
            let event_loop = Some(Loop { order, collect: Collect::Asked });
            let conditions = Conditions { event_loop, timers, faults, ..Conditions::default() };
            Claim::of(workload).under(conditions).by_states(None)
        };
        if !variant.expectation.breaks().is_empty() {
            return vec![claim(&self.fixed(variant), Order::Fifo, TimerRule::Idle, 0)];
        }
        let workloads: [&[Op]; 4] = [&HEARD, &LEFT, &REFUSED, &EVERYTHING];
        let claims = workloads.iter().flat_map(|workload| {
            let hard = |order| claim(workload, order, TimerRule::Any, 1);
            [Order::Fifo, Order::Tasks].map(hard)
        });
        claims.collect()
    }

    fn workload(&self, _: &Variant, seed: [u8; 32]) -> Vec<Op> {
        generate::from_seed(&workloads(), seed)
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut EventLoopWorld) {
        let tasks = world.globals().set().named("background_tasks");
        let args = (workload.to_vec(), keeps(variant), tasks.clone());
        world.main(args, server);
        // The module keeps its global variable.
        world.keep(tasks);
    }

    fn invariants(&self, variant: &Variant) -> Vec<Invariant<EventLoopWorld>> {
        let keeps = keeps(variant);
        let mut all = vec![ready::no_panic()];
        if keeps == Keeps::ForgetsConsumer {
            all.push(ready::no_lost_message());
        } else {
            all.extend([ready::no_pending_task_collected(), no_deadlock()]);
        }
        all.push(ready::exceptions_retrieved());
        if matches!(keeps, Keeps::Set | Keeps::Group) {
            all.push(ready::reached("left early", "a client left before the end of its answer"));
            all.push(ready::reached("stored", "a message was stored"));
        }
        all
    }

    fn is_valid(&self, workload: &[Op]) -> bool {
        workload.iter().all(|op| op.is_valid())
    }

    fn operation_text(&self, op: &Op) -> String {
        op.to_string()
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        let places = workload.iter().enumerate();
        let with = |at: usize, op: Op| {
            let mut ops = workload.to_vec();
            ops[at] = op;
            ops
        };
        places.flat_map(|(at, op)| op.simpler().into_iter().map(move |op| with(at, op))).collect()
    }
}
