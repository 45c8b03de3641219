//! Restate's metadata server: a task that has ended is not always a handle that is ready.
//!
//! Issue #2879 (March 2025): `is_finished()` was true, and polling the handle gave `Pending` all the
//! same, since the loop's last receive had used up the coop budget; an `expect` made a panic of it.
//! In v1.2.0 (e87d3f4b9), fixed in v1.2.2 (38772b49c). The same lines took the handle of a running
//! attempt out of the map and dropped it, so that the next message started a second one.
//!
//! Told from the facts of the issue and the fix: `docs/stories/restate-join.md`. Left out: raft
//! itself, the storage, connections that break.

mod networking;
mod server;
mod workload;

pub use workload::{Op, PEERS, workloads};

use crate::generate;
use atropos::{
    check::Claim,
    invariant::{Invariant, no_deadlock},
    plan::{Budget, Conditions, Scheduler, Tasks},
    scenario::{Scenario, Variant},
    task::{
        Handle, TOKIO_1_47, TaskWorld, invariants as ready,
        sync::{
            Mutex,
            mpsc::{Sender, UnboundedSender},
            watch,
        },
    },
};
use networking::{Networking, Peer};
use server::{Inputs, Raft, Request};
use std::{collections::BTreeMap, rc::Rc, time::Duration};

/// What a variant does with the handle of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Behavior {
    /// Takes it out of the map before it knows whether the attempt has ended; `expects` that one
    /// that has ended is ready.
    Removes { expects: bool },
    /// Polls it with a waker that does nothing whether the attempt has ended or not.
    PollsAnyway,
    /// Keeps it until it has given its result.
    Keeps,
}

/// The story.
#[derive(Clone, Copy, Debug, Default)]
pub struct RestateJoin;

static VARIANTS: [Variant; 4] = [
    Variant::breaks(
        "v1.2.0",
        "a finished handle is expected to be ready, and that of a running attempt is dropped (#2879)",
        &["no-panic", "one-attempt-per-key"],
    ),
    Variant::breaks(
        "forgotten-attempt",
        "the panic alone is repaired: a running attempt is forgotten, and started a second time",
        &["one-attempt-per-key"],
    ),
    Variant::breaks(
        "noop-waker",
        "a running attempt's handle is polled with a waker that does nothing, in the place of another",
        &["no-lost-wakeup"],
    ),
    Variant::holds("v1.2.2", "a handle that is not ready is kept and asked again"),
];

fn behavior(variant: &Variant) -> Behavior {
    match &*variant.name {
        "v1.2.0" => Behavior::Removes { expects: true },
        "forgotten-attempt" => Behavior::Removes { expects: false },
        "noop-waker" => Behavior::PollsAnyway,
        _ => Behavior::Keeps,
    }
}

/// Three messages for a peer that is slow to connect; and for another one that is the 128th of its
/// poll, after the attempt to connect has ended.
const AS_SHIPPED: [Op; 8] = [
    Op::Slow(1, 30),
    Op::Message(1),
    Op::Message(1),
    Op::Message(1),
    Op::Message(0),
    Op::Pause,
    Op::Local(127),
    Op::Message(0),
];

/// Two messages for a peer while the attempt to connect is under way, and a third.
const FORGOTTEN: [Op; 4] = [Op::Slow(0, 20), Op::Message(0), Op::Message(0), Op::Message(0)];

/// A client waits for a connection, and a message for the same peer arrives meanwhile.
const REPLACED: [Op; 4] = [Op::Slow(0, 20), Op::Wait(0), Op::Pause, Op::Message(0)];

/// All of it: what a variant that holds must stand.
const EVERYTHING: [Op; 9] = [
    Op::Slow(0, 15),
    Op::Message(0),
    Op::Message(0),
    Op::Wait(0),
    Op::Pause,
    Op::Message(0),
    Op::Pause,
    Op::Local(127),
    Op::Message(0),
];

/// What `check` shows of the variant that holds, with every schedule: attempts that have ended, ..
const ENDED: [Op; 4] = [Op::Message(0), Op::Pause, Op::Message(0), Op::Message(0)];

/// .. that are waited for by somebody else, ..
const AWAITED: [Op; 3] = [Op::Message(0), Op::Wait(0), Op::Message(0)];

/// .. and of two peers.
const TWO_PEERS: [Op; 3] = [Op::Message(0), Op::Message(1), Op::Message(0)];

/// What arrives, one after the other; then the server is told to stop.
struct Feeder {
    handle: Handle,
    ops: Vec<Op>,
    requests: Sender<Request>,
    raft: UnboundedSender<Raft>,
    configuration: watch::Sender<u32>,
    networking: Rc<Mutex<Networking>>,
}

impl Feeder {
    async fn feed(&self) {
        for &op in &self.ops {
            self.play(op).await;
        }
    }

    async fn play(&self, op: Op) {
        match op {
            Op::Message(peer) => self.raft.send(Some(peer)).unwrap_or_default(),
            Op::Local(messages) => {
                for _ in 0..messages {
                    let _ = self.raft.send(None);
                }
            }
            Op::Request(peer) => {
                let (answer, answered) = self.handle.oneshot();
                let _ = self.requests.send(Request { peer, answer }).await;
                let _ = answered.await;
            }
            Op::Wait(peer) => {
                let networking = Rc::clone(&self.networking);
                drop(self.handle.spawn_client("client", connected(networking, peer)));
            }
            Op::Configure => self.configuration.send_modify(|version| *version += 1),
            Op::Pause => self.handle.sleep(Duration::from_millis(10)).await,
            Op::Heartbeats | Op::Slow(..) | Op::Refuses(_) => {}
        }
    }
}

/// A handle has one place for a waker, so one client waits for each peer; what is more than that is
/// left out.
fn one_waits(workload: &[Op]) -> Vec<Op> {
    let mut waited = Vec::new();
    let mut ops = workload.to_vec();
    ops.retain(|&op| {
        let again = matches!(op, Op::Wait(_)) && waited.contains(&op);
        waited.push(op);
        !again
    });
    ops
}

/// Waits until a peer is connected.
async fn connected(networking: Rc<Mutex<Networking>>, peer: u8) {
    std::future::poll_fn(|cx| {
        let mut networking = networking.try_lock().expect("nobody holds it across an await");
        networking.poll_connected(peer, cx)
    })
    .await;
}

/// How the peers of a workload behave.
fn peers(workload: &[Op]) -> BTreeMap<u8, Peer> {
    let mut peers: BTreeMap<u8, Peer> = BTreeMap::new();
    for &op in workload {
        match op {
            Op::Slow(peer, ms) => {
                peers.entry(peer).or_default().delay = Duration::from_millis(ms.into());
            }
            Op::Refuses(peer) => peers.entry(peer).or_default().refuses = true,
            op => {
                op.peer().map(|peer| peers.entry(peer).or_default());
            }
        }
    }
    peers
}

/// Longer than any connection takes.
const QUIET: Duration = Duration::from_millis(100);

impl Scenario for RestateJoin {
    type World = TaskWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "restate-join"
    }

    fn about(&self) -> &str {
        "Restate's metadata server: tokio's join handles and the coop budget"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    /// Restate v1.2 was built with tokio 1.43, whose rules are those of 1.47.
    fn world(&self, _: &Variant) -> TaskWorld {
        TaskWorld::new(&TOKIO_1_47)
    }

    fn fixed(&self, variant: &Variant) -> Vec<Op> {
        let told: &[Op] = match &*variant.name {
            "v1.2.0" => &AS_SHIPPED,
            "forgotten-attempt" => &FORGOTTEN,
            "noop-waker" => &REPLACED,
            _ => &EVERYTHING,
        };
        told.to_vec()
    }

    /// The variant that holds does so on many threads, wherever the budget is used up and whichever
    /// task is aborted.
    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        if !variant.expectation.breaks().is_empty() {
            return vec![Claim::of(&self.fixed(variant))];
        }
        let workloads: [&[Op]; 3] = [&ENDED, &AWAITED, &TWO_PEERS];
        let schedulers = [Scheduler::CurrentThread, Scheduler::MultiThread];
        let claims = workloads.iter().flat_map(|workload| {
            schedulers.map(|scheduler| {
                let tasks = Some(Tasks { scheduler, budget: Budget::Asked });
                let conditions = Conditions { tasks, faults: 1, ..Conditions::default() };
                Claim::of(workload).under(conditions).by_states(None)
            })
        });
        claims.collect()
    }

    /// Clients that wait belong to the variants in which handles stay: where they are dropped, nobody
    /// can wait for them.
    fn workload(&self, variant: &Variant, seed: [u8; 32]) -> Vec<Op> {
        let removes = matches!(behavior(variant), Behavior::Removes { .. });
        generate::from_seed(&workloads(!removes), seed)
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut TaskWorld) {
        let handle = world.handle();
        let peers = peers(workload);
        let known: Vec<u8> = peers.keys().copied().collect();
        let networking = Networking::new(handle.clone(), behavior(variant), peers);
        let networking = Rc::new(handle.named("networking").mutex(networking));
        let (requests, requested) = handle.named("requests").channel(4);
        let (raft, messages) = handle.named("raft messages").unbounded_channel();
        let (configuration, configured) = handle.named("configuration").watch(0);
        let stop = handle.named("stop").cancellation_token();
        let inputs = Inputs {
            requests: requested,
            raft: messages,
            configuration: configured,
            stop: stop.clone(),
        };
        let heartbeats = workload.contains(&Op::Heartbeats);
        let server =
            server::server(handle.clone(), Rc::clone(&networking), known, heartbeats, inputs);
        world.client("server", server);
        let ops = one_waits(workload);
        let feeder = Feeder { handle, ops, requests, raft, configuration, networking };
        // The server stops whatever becomes of the feeder.
        let stops = stop.drop_guard();
        world.client("feeder", async move {
            let _stops = stops;
            feeder.feed().await;
            feeder.handle.sleep(QUIET).await;
        });
    }

    fn invariants(&self, variant: &Variant) -> Vec<Invariant<TaskWorld>> {
        let mut all = vec![ready::no_panic(), ready::one_attempt_per_key()];
        all.extend([ready::no_lost_wakeup(), no_deadlock()]);
        if behavior(variant) == Behavior::Keeps {
            all.push(ready::finished_is_ready_or_retried());
            all.push(ready::reached(
                "finished-but-pending",
                "an attempt had ended and its handle was pending: the budget was used up",
            ));
            all.push(ready::reached(
                "kept-while-running",
                "a message for a peer came while the attempt to connect was under way",
            ));
        }
        all
    }

    fn is_valid(&self, workload: &[Op]) -> bool {
        workload.iter().all(|op| op.is_valid())
    }

    fn operation_text(&self, op: &Op) -> String {
        op.to_string()
    }

    fn actors(&self, op: &Op) -> Vec<u32> {
        op.peer().into_iter().map(u32::from).collect()
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        let mut simpler = Vec::new();
        for high in 1..PEERS {
            let merged = |peer| if peer == high { high - 1 } else { peer };
            simpler.push(workload.iter().map(|op| op.renamed(merged)).collect());
        }
        for (at, &op) in workload.iter().enumerate() {
            let smaller: &[Op] = match op {
                Op::Local(messages) if messages > 1 => {
                    &[Op::Local(messages / 2), Op::Local(messages - 1)]
                }
                Op::Slow(peer, ms) if ms > 1 => &[Op::Slow(peer, ms / 2), Op::Slow(peer, ms - 1)],
                Op::Request(peer) => &[Op::Message(peer)],
                _ => &[],
            };
            for &op in smaller {
                let mut with = workload.to_vec();
                with[at] = op;
                simpler.push(with);
            }
        }
        simpler
    }
}
