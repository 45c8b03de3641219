//! The Elixir guide's key-value store: a registry that gives buckets their names, and the
//! supervisors above both.
//!
//! Source: the chapters on `GenServer`, supervisors and `DynamicSupervisor` of the guide "Mix and
//! OTP", as they were before its revision of 2025-07-11 (elixir commit ce64fc364d). The guide builds
//! the store step by step; each step but the last has a bug that the next one repairs. A variant is
//! a [`System`] and the manners of its clients, and differs from what the guide comes to in one
//! thing. One set of bodies serves the story and the programs of kind `kv`, which a real BEAM has run.
//!
//! Facts: `docs/stories/kv-registry.md`. Left out: tables of `ets`, nodes.

pub(crate) mod api;
mod bucket;
mod client;
mod invariants;
mod registry;
pub mod system;
mod workload;

pub use workload::{Act, CLIENTS, Mood, Op, Reason, workloads};

use crate::generate;
use atropos::{
    check::Claim,
    invariant::Invariant,
    plan::{Conditions, Delivery, TimerRule},
    process::{
        Ctx, Ending, Filter, OTP_25, ProcessWorld, Term, invariants as ready,
        otp::{child::Restart, supervisor::Strategy},
    },
    scenario::{Scenario, Variant},
};
use client::Manners;
use system::{Buckets, Part, System};

/// The story.
#[derive(Clone, Copy, Debug, Default)]
pub struct KvRegistry;

static VARIANTS: [Variant; 11] = [
    Variant::breaks(
        "linked",
        "the registry starts buckets linked to itself, and dies with the first that crashes",
        &["registry-survives"],
    ),
    Variant::breaks(
        "permanent",
        "buckets are permanent: each that ends is started again, and no name leads to it",
        &["no-orphaned-bucket"],
    ),
    Variant::breaks(
        "transient",
        "buckets are transient: each that crashes is started again, and no name leads to it",
        &["no-orphaned-bucket"],
    ),
    Variant::breaks(
        "one-for-one",
        "a registry that died is started again without its names, its buckets live on",
        &["no-orphaned-bucket"],
    ),
    Variant::breaks(
        "rest-for-one-supervisor-first",
        "rest_for_one spares the bucket supervisor, which was started before the registry",
        &["no-orphaned-bucket"],
    ),
    Variant::breaks(
        "registry-first",
        "the registry is up before the bucket supervisor that it calls",
        &["create-answers"],
    ),
    Variant::breaks(
        "rest-for-one-registry-first",
        "rest_for_one leaves no orphan, if the registry is up before the bucket supervisor",
        &["create-answers"],
    ),
    Variant::breaks(
        "no-monitor",
        "the registry does not monitor buckets, and keeps the names of the dead",
        &["names-live"],
    ),
    Variant::breaks(
        "stop-then-lookup",
        "a client stops a bucket, looks its name up, and uses what it gets",
        &["no-stale-pid"],
    ),
    Variant::breaks(
        "synchronous-call",
        "a client calls the registry once between the stop and the lookup: found by Atropos",
        &["no-stale-pid"],
    ),
    Variant::holds(
        "guide",
        "temporary buckets, one_for_all, the bucket supervisor first, clients that believe a DOWN",
    ),
];

/// How the store of a variant is built.
fn system(variant: &Variant) -> System {
    let guide = System::default();
    let registry_first = vec![Part::Registry, Part::BucketSupervisor];
    match &*variant.name {
        "linked" => System {
            buckets: Buckets::Linked,
            strategy: Strategy::OneForOne,
            order: vec![Part::Registry],
            ..guide
        },
        "permanent" => System { buckets: Buckets::Supervised(Restart::Permanent), ..guide },
        "transient" => System { buckets: Buckets::Supervised(Restart::Transient), ..guide },
        "one-for-one" => System { strategy: Strategy::OneForOne, ..guide },
        "rest-for-one-supervisor-first" => System { strategy: Strategy::RestForOne, ..guide },
        "registry-first" => System { order: registry_first, ..guide },
        "rest-for-one-registry-first" => {
            System { strategy: Strategy::RestForOne, order: registry_first, ..guide }
        }
        "no-monitor" => System { monitors: false, ..guide },
        _ => guide,
    }
}

fn manners(variant: &Variant) -> Manners {
    match &*variant.name {
        "stop-then-lookup" => Manners { synchronises: false, remembers: false },
        "synchronous-call" => Manners { synchronises: true, remembers: false },
        _ => Manners { synchronises: true, remembers: true },
    }
}

fn mood(variant: &Variant) -> Mood {
    match &*variant.name {
        "stop-then-lookup" | "synchronous-call" => Mood::Stops,
        "registry-first" | "rest-for-one-registry-first" => Mood::Creates,
        _ => Mood::All,
    }
}

const fn op(who: u8, act: Act) -> Op {
    Op { who, act }
}

/// A client creates a bucket and stops it once the store is up.
const fn stopped(why: Reason) -> [Op; 3] {
    [op(0, Act::Wait(1)), op(0, Act::Create(0)), op(0, Act::Stop(0, why))]
}

/// A registry dies that knows a bucket.
const REGISTRY_KILLED: [Op; 4] =
    [op(0, Act::Wait(1)), op(0, Act::Create(0)), op(0, Act::Wait(1)), op(0, Act::KillRegistry)];

/// A client creates buckets and does not wait for the store.
const CREATED_EARLY: [Op; 4] = [op(0, Act::Create(0)); 4];

/// A client creates buckets while another kills the registry.
const CREATED_AGAIN: [Op; 6] = [
    op(0, Act::Wait(1)),
    op(0, Act::KillRegistry),
    op(1, Act::Wait(1)),
    op(1, Act::Create(0)),
    op(1, Act::Create(0)),
    op(1, Act::Create(0)),
];

/// A client creates a bucket and stops it, again and again.
const STOPPED_AGAIN: [Op; 9] = {
    let (create, stop) = (op(0, Act::Create(0)), op(0, Act::Stop(0, Reason::Normal)));
    [op(0, Act::Wait(1)), create, stop, create, stop, create, stop, create, stop]
};

/// All of these in one: what a holding variant must stand.
const EVERYTHING: [Op; 9] = [
    op(0, Act::Wait(1)),
    op(0, Act::Create(0)),
    op(0, Act::Stop(0, Reason::Normal)),
    op(0, Act::Create(0)),
    op(0, Act::Get(0)),
    op(1, Act::Wait(1)),
    op(1, Act::Crash(0)),
    op(1, Act::Get(0)),
    op(1, Act::KillRegistry),
];

/// Two clients and two buckets.
const CREATED_BY_TWO: [Op; 4] =
    [op(0, Act::Wait(1)), op(0, Act::Create(0)), op(1, Act::Wait(1)), op(1, Act::Create(1))];

/// Two clients and two buckets; one client stops the bucket of the other.
const CREATED_AND_STOPPED: [Op; 5] = [
    op(0, Act::Wait(1)),
    op(0, Act::Create(0)),
    op(1, Act::Wait(1)),
    op(1, Act::Create(1)),
    op(1, Act::Stop(0, Reason::Normal)),
];

/// One of two buckets is stopped while it crashes.
const STOPPED_AND_CRASHED: [Op; 6] = [
    op(0, Act::Wait(1)),
    op(0, Act::Create(0)),
    op(0, Act::Create(1)),
    op(0, Act::Stop(0, Reason::Normal)),
    op(1, Act::Wait(1)),
    op(1, Act::Crash(0)),
];

/// Two clients create buckets before the store is up.
const CREATED_AT_ONCE: [Op; 2] = [op(0, Act::Create(0)), op(1, Act::Create(1))];

/// What the story tells of a variant.
fn told(variant: &Variant) -> Vec<Op> {
    match &*variant.name {
        "linked" | "transient" => stopped(Reason::Boom).to_vec(),
        "one-for-one" | "rest-for-one-supervisor-first" => REGISTRY_KILLED.to_vec(),
        "registry-first" => CREATED_EARLY.to_vec(),
        "rest-for-one-registry-first" => CREATED_AGAIN.to_vec(),
        "stop-then-lookup" | "synchronous-call" => STOPPED_AGAIN.to_vec(),
        "guide" => EVERYTHING.to_vec(),
        _ => stopped(Reason::Normal).to_vec(),
    }
}

/// The application: it starts the store and lives on.
async fn application(ctx: Ctx, system: System) -> Ending {
    ctx.trap_exit(true).await;
    system::start_link(&ctx, system).await;
    ctx.receive(Filter::Matching(Term::atom("never"))).await;
    Ok(())
}

impl Scenario for KvRegistry {
    type World = ProcessWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "kv-registry"
    }

    fn about(&self) -> &str {
        "the key-value store of the Elixir guide, step by step"
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
        generate::from_seed(&workloads(mood(variant)), seed)
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut ProcessWorld) {
        let system = system(variant);
        world.root("app", move |ctx| application(ctx, system));
        for who in 0..workload::clients(workload) {
            let acts = workload.iter().filter(|op| op.who == who).map(|op| op.act).collect();
            let manners = manners(variant);
            let label = workload::CLIENT_LABELS[usize::from(who) % workload::CLIENT_LABELS.len()];
            world.client(label, move |ctx| client::client(ctx, manners, acts));
        }
    }

    fn invariants(&self, variant: &Variant) -> Vec<Invariant<ProcessWorld>> {
        let mut all = ready::basics();
        all.push(ready::no_stale_pid());
        all.extend(invariants::rules());
        all.extend(invariants::windows(&variant.name));
        all
    }

    fn claims(&self, variant: &Variant) -> Vec<Claim> {
        let fixed = Claim::of(&self.fixed(variant));
        match &*variant.name {
            // Where a DOWN comes at once, a client that was told of a death is told after the registry.
            "stop-then-lookup" | "synchronous-call" => {
                let delivery = Delivery::Pairwise;
                vec![fixed.under(Conditions { delivery, ..Conditions::default() })]
            }
            "guide" => vec![
                Claim::of(&CREATED_BY_TWO).with_faults(1).by_states(Some(2)),
                Claim::of(&CREATED_AND_STOPPED).with_faults(1).by_states(Some(1)),
                Claim::of(&STOPPED_AND_CRASHED).by_states(None),
                Claim::of(&CREATED_AT_ONCE).by_states(None),
            ],
            _ => vec![fixed],
        }
    }

    /// Timers fire when idle. Where any timer could fire at any time, most calls of a run would be over
    /// before their answers; and Elixir's DynamicSupervisor, whose children did not end in time, kills
    /// those that did with the others, which is a use of the dead that does no harm.
    fn conditions(&self, _: &Variant, drawn: Conditions) -> Conditions {
        Conditions { timers: TimerRule::Idle, ..drawn }
    }

    fn is_valid(&self, workload: &[Op]) -> bool {
        workload::is_valid(workload)
    }

    fn operation_text(&self, op: &Op) -> String {
        op.to_string()
    }

    fn actors(&self, op: &Op) -> Vec<u32> {
        vec![op.who.into()]
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        workload::simpler(workload)
    }
}
