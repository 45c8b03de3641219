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

static VARIANTS: [Variant; 2] = [
    Variant::breaks("long", "two write in a row after a long run", &["no-overwrite"]),
    Variant::breaks("endless", "the store asks itself for ever", &[NO_LIVELOCK]),
];

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
        let is_endless = variant.name == "endless";
        world.root("store", move |ctx| store(ctx, is_endless));
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
            true => ctx.send(Pid::root(WRITERS.into()), Term::from(ctx.me())).await,
            false => ctx.yield_now().await,
        }
    }
    Ok(())
}

/// Marks a second writer. An endless one then goes on for ever.
async fn store(ctx: Ctx, is_endless: bool) -> Ending {
    let first = ctx.receive(Filter::User).await.user();
    while ctx.receive(Filter::User).await.user() == first {}
    if is_endless {
        loop {
            ctx.yield_now().await;
        }
    }
    ctx.mark("overwritten");
    ctx.yield_now().await;
    Ok(())
}

/// A failure of about so many steps.
fn failure(variant: &Variant) -> Found {
    let limit = if variant.name == "endless" { STEPS } else { 4 * STEPS };
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
