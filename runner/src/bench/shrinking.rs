//! How long it takes to make a failure of 10,000 steps small.

use super::{
    Row,
    measure::{Figure, timed},
};
use atropos::{
    case::Case,
    decisions::RunIndex,
    hunt::Found,
    invariant::{Invariant, NO_LIVELOCK},
    plan::{Plan, Spec},
    process::{Ctx, Ending, Filter, OTP_25, Pid, ProcessWorld, Term, event},
    scenario::{Scenario, Variant},
    shrink::{Effort, Shrunk},
    subject::Subject,
    trace::EventMask,
};
use serde::{Deserialize, Serialize};

/// How long the failure is, in steps, or a little longer.
const STEPS: u32 = 10_000;
/// How many write.
const WRITERS: u8 = 8;
/// The roots behind them.
const STORE: u32 = WRITERS as u32;
const PLAYER: u32 = STORE + 1;
/// Seconds aimed at, and a fault.
const SECONDS: [f64; 2] = [10.0, 30.0];

/// What a writer does.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Op {
    who: u8,
    /// It writes; else it gives way.
    writes: bool,
}

/// Writers of a store that must not be written to by two in a row.
struct Store;

static VARIANTS: [Variant; 3] = [
    Variant::breaks("long", "two write in a row after a long run", &["no-overwrite"]),
    Variant::breaks("endless", "the store asks itself for ever", &[NO_LIVELOCK]),
    Variant::breaks("rally", "store and player hand a ball to and fro for ever", &[NO_LIVELOCK]),
];

/// What a store does once two have written in a row.
#[derive(Clone, Copy)]
enum Then {
    Marks,
    Spins,
    Plays,
}

impl Then {
    fn of(variant: &Variant) -> Self {
        match &*variant.name {
            "endless" => Then::Spins,
            "rally" => Then::Plays,
            _ => Then::Marks,
        }
    }
}

impl Scenario for Store {
    type World = ProcessWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "store"
    }

    fn about(&self) -> &str {
        "a store is written to amid noise"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    fn world(&self, _: &Variant) -> ProcessWorld {
        ProcessWorld::new(&OTP_25)
    }

    /// Noise, and two that write at the end of it.
    fn fixed(&self, _: &Variant) -> Vec<Op> {
        let op = |at: u32| Op { who: (at % u32::from(WRITERS)) as u8, writes: false };
        let mut ops: Vec<Op> = (0..STEPS - 10).map(op).collect();
        ops.extend([Op { who: 3, writes: true }, Op { who: 6, writes: true }]);
        ops
    }

    fn workload(&self, variant: &Variant, _: [u8; 32]) -> Vec<Op> {
        self.fixed(variant)
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut ProcessWorld) {
        for me in 0..WRITERS {
            let ops: Vec<Op> = workload.iter().filter(|op| op.who == me).copied().collect();
            world.root("writer", move |ctx| write(ctx, ops));
        }
        let then = Then::of(variant);
        world.root("store", move |ctx| store(ctx, then));
        world.root("player", |ctx| hit(ctx, STORE));
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<ProcessWorld>> {
        let marks = EventMask::of(&[event::MARK]);
        let sentence = "nobody writes over what another has just written";
        vec![Invariant::always("no-overwrite", sentence, marks, |_, event| {
            Some(format!("process {} was written over", event.who()).into())
        })]
    }

    fn actors(&self, op: &Op) -> Vec<u32> {
        vec![op.who.into()]
    }
}

async fn write(ctx: Ctx, ops: Vec<Op>) -> Ending {
    for op in ops {
        match op.writes {
            true => ctx.send(Pid::root(STORE), Term::from(ctx.me())).await,
            false => ctx.yield_now().await,
        }
    }
    Ok(())
}

/// Sends back whatever comes.
async fn hit(ctx: Ctx, to: u32) -> Ending {
    loop {
        ctx.receive(Filter::User).await;
        ctx.send(Pid::root(to), "ball").await;
    }
}

async fn store(ctx: Ctx, then: Then) -> Ending {
    let first = ctx.receive(Filter::User).await.user();
    while ctx.receive(Filter::User).await.user() == first {}
    match then {
        Then::Marks => {
            ctx.mark("overwritten");
            ctx.yield_now().await;
            Ok(())
        }
        Then::Spins => loop {
            ctx.yield_now().await;
        },
        Then::Plays => {
            ctx.send(Pid::root(PLAYER), "ball").await;
            hit(ctx, PLAYER).await
        }
    }
}

/// A failure of about so many steps.
fn failure(variant: &Variant) -> Found {
    let limit = if matches!(Then::of(variant), Then::Marks) { 4 * STEPS } else { STEPS };
    let spec = Spec { step_limit: limit, ..Spec::default() };
    let (plan, case, replay): (Plan, Case, _) =
        Subject::run(&Store, variant, spec, RunIndex::default());
    let violation = replay.violation.expect("two write in every run");
    Found { violation, case, plan }
}

pub(super) fn rows(rounds: u32) -> Vec<Row> {
    VARIANTS.iter().map(|variant| row(variant, rounds.min(3))).collect()
}

fn row(variant: &Variant, rounds: u32) -> Row {
    let found = failure(variant);
    let mut told = String::new();
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let sample = timed(|| {
                let Shrunk { steps: (before, after), tries, .. } =
                    Subject::shrink(&Store, found.clone(), Effort::default());
                told = format!("{before} → {after} steps, {tries} tries");
                1
            });
            sample.time.as_nanos() as f64
        })
        .collect();
    times.sort_by(f64::total_cmp);
    let figure = Figure { least: times[0], median: times[times.len() / 2] };
    let [target, alarm] = SECONDS.map(|seconds| seconds * 1e9);
    Row::figure(&format!("{}: {told}", variant.name), "shrink", figure, target, alarm)
}
