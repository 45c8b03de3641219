//! A project's own scenarios behind the command line of Atropos.
//!
//! A binary of a project is [`atropos_runner::main`] with a list of scenarios. All verbs, exit codes
//! and files are there:
//!
//! ```text
//! cargo run --package atropos-runner --example own_catalog -- list
//! cargo run --package atropos-runner --example own_catalog -- fuzz lost-job
//! ```
//!
//! The first is what one would write: a client that looks up a worker and then uses it. The others
//! each end a campaign in one of the ways in which it can end; `tests/custom.rs` runs them all.

use atropos::{
    invariant::Invariant,
    process::{
        Ctx, Ending, Filter, OTP_25, Pid, ProcessScenario, ProcessWorld, Whereis, event, invariants,
    },
    scenario::{Scenario, Variant},
    subject::Subject,
    trace::{Event, EventMask},
};
use std::{
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

fn main() -> ExitCode {
    atropos_runner::main(&catalog())
}

fn catalog() -> Vec<Box<dyn Subject>> {
    vec![
        Box::new(ProcessScenario::new("lost-job", lost_job)),
        Box::new(ProcessScenario::new("waits-for-ever", waits_for_ever)),
        Box::new(ProcessScenario::new("ping-pong", ping_pong)),
        Box::new(ProcessScenario::new("two-faced", two_faced)),
        Box::new(ProcessScenario::new("homesick", homesick)),
        Box::new(ProcessScenario::new("numbered", numbered)),
        Box::new(ProcessScenario::new("greedy", greedy)),
        Box::new(
            ProcessScenario::new("never-there", |world| {
                world.root("idler", |_| async { Ok(()) });
            })
            .invariant(linked),
        ),
        Box::new(Zoo),
    ]
}

/// The worker ends after one job; between the look and the use another client may have had it.
fn lost_job(world: &mut ProcessWorld) {
    world.root("worker", |ctx| async move {
        ctx.register("worker", ctx.me()).await?;
        ctx.receive(Filter::Any).await;
        Ok(())
    });
    for _ in 0..2 {
        world.client("client", |ctx| async move {
            if let Whereis::At(_) = ctx.whereis("worker").await {
                ctx.send_name("worker", "job").await.expect("it was there a moment ago");
            }
            Ok(())
        });
    }
}

/// A client whose answer never comes.
fn waits_for_ever(world: &mut ProcessWorld) {
    world.client("client", |ctx| async move {
        ctx.receive(Filter::User).await;
        Ok(())
    });
}

/// Two processes that send each other the same ball: a run without end.
fn ping_pong(world: &mut ProcessWorld) {
    async fn player(ctx: Ctx, other: Pid) -> Ending {
        loop {
            ctx.send(other, "ball").await;
            ctx.receive(Filter::Any).await;
        }
    }
    world.root("ping", |ctx| player(ctx, Pid::root(1)));
    world.root("pong", |ctx| player(ctx, Pid::root(0)));
}

/// A body that decides by something outside its run: the same seed gives other runs.
fn two_faced(world: &mut ProcessWorld) {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    world.root("judge", |ctx| async move {
        ctx.yield_now().await;
        if CALLS.fetch_add(1, Relaxed).is_multiple_of(2) {
            ctx.trap_exit(true).await;
        } else {
            ctx.yield_now().await;
        }
        Ok(())
    });
}

/// A body that decides by where its memory lies, which is elsewhere each time.
fn homesick(world: &mut ProcessWorld) {
    world.root("judge", |ctx| async move {
        ctx.yield_now().await;
        // Left where it is, so that the next run is given another place.
        let home = std::ptr::from_ref(Box::leak(Box::new(0_u64)));
        by_number(&ctx, home.addr() / align_of::<u64>()).await;
        Ok(())
    });
}

/// A body that decides by the number of its process: all runs of one process agree.
#[expect(clippy::disallowed_methods, reason = "this scenario is there to be caught")]
fn numbered(world: &mut ProcessWorld) {
    let number = std::process::id() as usize;
    world.root("judge", move |ctx| async move {
        ctx.yield_now().await;
        by_number(&ctx, number).await;
        Ok(())
    });
}

async fn by_number(ctx: &Ctx, number: usize) {
    for bit in 0..usize::BITS {
        ctx.trap_exit(number >> bit & 1 == 1).await;
    }
}

/// A body that in some runs never gives way: only the watchdog ends it.
fn greedy(world: &mut ProcessWorld) {
    world.root("glutton", |ctx| async move {
        while ctx.choose(2).await == 1 {
            while std::hint::black_box(true) {}
        }
        Ok(())
    });
}

/// A point that no run of its scenario reaches.
fn linked() -> Invariant<ProcessWorld> {
    Invariant::sometimes(
        "linked",
        "two processes were linked",
        EventMask::of(&[event::LINK]),
        |_: &ProcessWorld, _: Event| true,
    )
}

/// A scenario of its own kind: variants, expectations and drawn workloads.
struct Zoo;

static ANIMALS: [Variant; 2] = [
    Variant::breaks("tiger", "said to panic, but tame", &["no-panic"]),
    Variant::holds("dodo", "cannot be started from a drawn workload"),
];

impl Scenario for Zoo {
    type World = ProcessWorld;
    type Op = u8;

    fn name(&self) -> &str {
        "zoo"
    }

    fn about(&self) -> &str {
        "variants that are not what they are said to be"
    }

    fn variants(&self) -> &[Variant] {
        &ANIMALS
    }

    fn world(&self, _: &Variant) -> ProcessWorld {
        ProcessWorld::new(&OTP_25)
    }

    fn fixed(&self, _: &Variant) -> Vec<u8> {
        Vec::new()
    }

    fn workload(&self, _: &Variant, seed: [u8; 32]) -> Vec<u8> {
        seed[..1].to_vec()
    }

    fn start(&self, variant: &Variant, workload: &[u8], world: &mut ProcessWorld) {
        assert!(variant.name == "tiger" || workload.is_empty(), "no dodo left");
        world.root("animal", |_| async { Ok(()) });
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<ProcessWorld>> {
        invariants::basics()
    }
}
