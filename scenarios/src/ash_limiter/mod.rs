//! Ash's AsyncLimiter, as released in v3.5.24 and v3.5.26, its first fix, and its neighbouring
//! mistakes.
//!
//! Issue #2178 (July 2025): a read of Ash starts an Agent that limits its concurrent loads, and stops
//! it at its end. The page that the read answers holds the query to be read again, and that query
//! still held the pid of the dead Agent: clearing it had become a no-op three weeks before, when
//! merging a nil into a context began to keep what was there. 8fa052582 moved the clearing to another
//! copy of the query, b92dca394 (v3.5.26) puts the nil into the copy that the page gets.
//!
//! A variant is a row of `Rules`. Facts: `docs/stories/ash-limiter.md`. Left out: the queries
//! themselves, transactions, the data layer, `disable_async?`.

mod invariants;
mod limiter;
mod read;
mod workload;

pub use workload::{Act, After, Fate, Load, Mood, Op, READERS, Read, workloads};

use crate::generate;
use atropos::{
    check::Claim,
    invariant::Invariant,
    plan::{Conditions, TimerRule},
    process::{OTP_25, ProcessWorld, invariants as ready},
    scenario::{Scenario, Variant},
};

/// How the limiter is taken out of the query that a page holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clearing {
    /// A nil is merged into the page's copy, and a merged nil clears nothing: v3.5.16 to v3.5.25.
    MergedNil,
    /// A nil is merged into a copy that the page does not get: 8fa052582.
    OtherCopy,
    /// A nil is put into the page's copy: b92dca394.
    Put,
}

/// When a slot is given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Release {
    /// By the claimer, once `Task.async` has returned: every release of Ash.
    AtSpawn,
    /// By the task at its end.
    InTask,
    /// By the claimer, once it has seen the task's end.
    WhenDone,
}

/// What a load that failed means for the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Abandon {
    /// The read returns at once: `do_run_calculations/5`.
    OnFailure,
    /// They are waited for.
    Never,
}

/// How a dead limiter is met by who claims or releases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Calls {
    /// The exit of the call goes on.
    Plain,
    /// `Process.alive?/1` is asked first; the exit of the call goes on.
    AliveFirst,
    /// A limiter that is dead has no slot.
    Tolerant,
}

/// How a dead limiter is met by who stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stop {
    /// The exit of `Agent.stop/1` goes on.
    Plain,
    /// What is dead need not be stopped.
    Tolerant,
}

/// Where the stop stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unwinding {
    /// In an `after`: every end passes it.
    After,
    /// Behind the result and in a `rescue`: an exit does not pass it.
    Rescue,
}

/// How tasks are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// By a receive.
    Receive,
    /// By `Task.yield(task, 0)` in a loop: `await_at_least_one/1`.
    Spin,
}

/// What a variant does with its limiter.
#[derive(Clone, Copy, Debug)]
struct Rules {
    clearing: Clearing,
    release: Release,
    abandon: Abandon,
    calls: Calls,
    stop: Stop,
    unwinding: Unwinding,
    wait: Wait,
    /// A release that nobody claimed for leaves the count at 1.
    clamps: bool,
    /// How many processes may be killed: what the bug needs.
    kills: u32,
}

/// As it should be.
const FIXED: Rules = Rules {
    clearing: Clearing::Put,
    release: Release::WhenDone,
    abandon: Abandon::Never,
    calls: Calls::Tolerant,
    stop: Stop::Tolerant,
    unwinding: Unwinding::After,
    wait: Wait::Receive,
    clamps: true,
    kills: 1,
};

/// As shipped in v3.5.26, as far as reads load relationships.
const V3_5_26: Rules = Rules {
    release: Release::AtSpawn,
    calls: Calls::Plain,
    stop: Stop::Plain,
    clamps: false,
    kills: 0,
    ..FIXED
};

static V3_5_24: Rules = Rules { clearing: Clearing::MergedNil, ..V3_5_26 };
static FIRST_FIX: Rules = Rules { clearing: Clearing::OtherCopy, ..V3_5_26 };
static SHIPPED: Rules = V3_5_26;
static RELEASE_AFTER_STOP: Rules = Rules {
    release: Release::InTask,
    abandon: Abandon::OnFailure,
    calls: Calls::Plain,
    kills: 0,
    ..FIXED
};
static STOP_DEAD: Rules = Rules { stop: Stop::Plain, ..FIXED };
static ALIVE_THEN_CALL: Rules = Rules { calls: Calls::AliveFirst, ..FIXED };
static RELEASE_AT_SPAWN: Rules = Rules { release: Release::AtSpawn, kills: 0, ..FIXED };
static BUSY_WAIT: Rules = Rules { wait: Wait::Spin, kills: 0, ..FIXED };
static NORMAL_EXIT_LEAK: Rules = Rules { unwinding: Unwinding::Rescue, kills: 0, ..FIXED };
static HOLDS: Rules = FIXED;

fn rules(variant: &Variant) -> &'static Rules {
    match &*variant.name {
        "v3.5.24" => &V3_5_24,
        "first-fix" => &FIRST_FIX,
        "v3.5.26" => &SHIPPED,
        "release-after-stop" => &RELEASE_AFTER_STOP,
        "stop-dead" => &STOP_DEAD,
        "alive-then-call" => &ALIVE_THEN_CALL,
        "release-at-spawn" => &RELEASE_AT_SPAWN,
        "busy-wait" => &BUSY_WAIT,
        "normal-exit-leak" => &NORMAL_EXIT_LEAK,
        _ => &HOLDS,
    }
}

/// The story.
#[derive(Clone, Copy, Debug, Default)]
pub struct AshLimiter;

static VARIANTS: [Variant; 10] = [
    Variant::breaks(
        "v3.5.24",
        "a page is read again with the pid of a limiter that has stopped (#2178)",
        &["no-stale-pid", "read-answers", "limiter-bounds"],
    ),
    Variant::breaks(
        "first-fix",
        "8fa052582: the copy of the query that is cleared is not the one that the page gets",
        &["no-stale-pid", "read-answers", "limiter-bounds"],
    ),
    Variant::breaks(
        "v3.5.26",
        "no stale pid any more; slots are still given back before their tasks are done",
        &["limiter-bounds"],
    ),
    Variant::breaks(
        "release-after-stop",
        "a task gives its slot back to a limiter that its reader has stopped (#1421)",
        &["read-answers", "no-lost-slot"],
    ),
    Variant::breaks(
        "stop-dead",
        "stopping a limiter that was killed takes the place of the result",
        &["read-answers"],
    ),
    Variant::breaks(
        "alive-then-call",
        "the limiter dies between the question whether it is alive and the call",
        &["read-answers"],
    ),
    Variant::breaks(
        "release-at-spawn",
        "slots are given back before their tasks are done: the limiter does not limit",
        &["limiter-bounds"],
    ),
    Variant::breaks(
        "busy-wait",
        "the reader asks its tasks again and again, so that time never passes for them",
        &["no-livelock"],
    ),
    Variant::breaks(
        "normal-exit-leak",
        "a reader exits normally past the stop, and its limiter lives on",
        &["no-unsupervised-survivor"],
    ),
    Variant::holds(
        "fixed",
        "a cleared copy, a fresh limiter, slots given back when their tasks are done",
    ),
];

const fn op(who: u8, act: Act) -> Op {
    Op { who, act }
}

fn page(limit: u8, loads: &[Load]) -> Act {
    Act::Read(Read { limit, page: true, loads: loads.to_vec(), after: After::Return })
}

const fn failing(takes: u8) -> Load {
    Load { takes, fate: Fate::Error, nested: 0 }
}

/// What the story tells of a variant.
fn told(variant: &Variant) -> Vec<Op> {
    let plain = Load::plain;
    match &*variant.name {
        "release-at-spawn" | "v3.5.26" => vec![op(0, page(2, &[plain(1), plain(1), plain(0)]))],
        "release-after-stop" => {
            vec![op(0, page(3, &[failing(0), plain(2), plain(0)])), op(0, Act::Wait(4))]
        }
        "stop-dead" => vec![
            op(0, Act::Trap),
            op(0, page(1, &[plain(0), plain(2)])),
            op(1, Act::Wait(1)),
            op(1, Act::Kill(0)),
        ],
        "alive-then-call" => vec![
            op(0, Act::Trap),
            op(0, page(1, &[plain(0), plain(0), plain(0), plain(0)])),
            op(1, Act::Kill(0)),
        ],
        "busy-wait" => vec![op(0, page(2, &[plain(1), plain(0)]))],
        "normal-exit-leak" => vec![op(
            0,
            Act::Read(Read {
                limit: 2,
                page: false,
                loads: vec![plain(0); 2],
                after: After::Leave,
            }),
        )],
        "fixed" => vec![
            op(0, Act::Trap),
            op(0, page(2, &[plain(1), Load { takes: 0, fate: Fate::Rows, nested: 2 }])),
            op(0, Act::Rerun),
        ],
        _ => vec![op(0, page(2, &[plain(1), plain(0)])), op(0, Act::Rerun)],
    }
}

/// What is proved of the variant that holds: workloads that pass every window between them.
fn holding() -> [Vec<Op>; 5] {
    let read = |loads: &[Load], after| {
        Act::Read(Read { limit: 3, page: false, loads: loads.to_vec(), after })
    };
    let (plain, nested) = (Load::plain(0), Load { nested: 2, ..Load::plain(0) });
    let two = [plain.clone(), plain.clone()];
    let killed = op(1, Act::Kill(0));
    [
        vec![op(0, read(&two, After::Return)), op(1, read(&two, After::Return))],
        vec![
            op(0, Act::Trap),
            op(0, read(&[plain.clone(), plain.clone(), plain.clone()], After::Return)),
            killed.clone(),
        ],
        vec![
            op(0, read(&[failing(0), plain.clone(), plain.clone()], After::Return)),
            killed.clone(),
        ],
        vec![op(0, Act::Trap), op(0, page(2, &[plain, nested])), op(0, Act::Rerun)],
        vec![op(0, read(&two, After::Leave)), killed],
    ]
}

impl Scenario for AshLimiter {
    type World = ProcessWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "ash-limiter"
    }

    fn about(&self) -> &str {
        "Ash's AsyncLimiter: who may still hold the pid of an Agent, and for how long"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    fn world(&self, _: &Variant) -> ProcessWorld {
        ProcessWorld::new(&OTP_25)
    }

    fn fixed(&self, variant: &Variant) -> Vec<Op> {
        told(variant)
    }

    fn workload(&self, variant: &Variant, seed: [u8; 32]) -> Vec<Op> {
        let mood = match *rules(variant) {
            // A livelock costs all the steps that a run may take: few workloads can have one.
            Rules { wait: Wait::Spin, .. } if seed[0] >= 16 => Mood::Fast,
            Rules { kills: 1.., .. } if seed[0] < 128 => Mood::Hunted,
            _ => Mood::Slow,
        };
        generate::from_seed(&workloads(mood), seed)
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut ProcessWorld) {
        for who in 0..workload::readers(workload) {
            let acts = workload.iter().filter(|op| op.who == who).map(|op| op.act.clone());
            let (acts, rules) = (acts.collect(), rules(variant));
            let label = workload::LABELS[usize::from(who) % workload::LABELS.len()];
            world.client(label, move |ctx| read::reader(ctx, rules, acts));
        }
    }

    fn invariants(&self, variant: &Variant) -> Vec<Invariant<ProcessWorld>> {
        let mut all = ready::basics();
        all.extend([ready::no_stale_pid(), ready::no_unsupervised_survivor()]);
        all.extend(invariants::rules());
        all.extend(invariants::windows(&variant.name));
        all
    }

    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        match &*variant.name {
            "fixed" => {
                holding().iter().map(|w| Claim::of(w).with_faults(1).by_states(Some(2))).collect()
            }
            _ => vec![Claim::of(&self.fixed(variant))],
        }
    }

    /// Timers fire when idle: a call waits 5 s at most, and where any timer could fire at any time it
    /// would be over before its answer. Half of the runs of a variant that has to do with kills, those
    /// drawn for the other rule, get its kills.
    fn conditions(&self, variant: &Variant, drawn: Conditions) -> Conditions {
        let kills = match drawn.timers {
            TimerRule::Idle => 0,
            TimerRule::Any => rules(variant).kills,
        };
        Conditions { timers: TimerRule::Idle, faults: drawn.faults.max(kills), ..drawn }
    }

    fn is_valid(&self, workload: &[Op]) -> bool {
        workload::is_valid(workload)
    }

    fn operation_text(&self, op: &Op) -> String {
        op.to_string()
    }

    fn actors(&self, op: &Op) -> Vec<u32> {
        std::iter::once(op.who).chain(op.victim()).map(u32::from).collect()
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        workload::simpler(workload)
    }
}
