//! The stories under the relations that the process world knows: the same verdicts, with no more
//! schedules by arrival than under the full relation.

use atropos::{
    check::{
        Search,
        prove::{self, Proof},
    },
    plan::{Conditions, Delivery, TimerRule},
    relation::Relation,
    scenario::{self, Scenario, Variant},
};
use atropos_scenarios::{
    ash_limiter::AshLimiter,
    atomvm_links::AtomvmLinks,
    kv_registry::{Act, KvRegistry, Op, Reason},
};

const INSTANT: Conditions = Conditions {
    delivery: Delivery::Instant,
    timers: TimerRule::Idle,
    faults: 0,
    ..Conditions::PLAIN
};
const PAIRWISE: Conditions = Conditions { delivery: Delivery::Pairwise, ..INSTANT };

/// What a search came to: the schedules that it ran, whether it left nothing out, and what broke.
#[derive(Debug, PartialEq, Eq)]
struct Told {
    executions: u64,
    closed: bool,
    found: Option<String>,
}

fn prove<S: Scenario>(
    scenario: S,
    relation: Relation,
    variant: &str,
    (conditions, workload): (Conditions, Option<&[S::Op]>),
) -> Told {
    let variant = scenario::variant(&scenario, variant).expect("a variant of that name");
    let fixed = scenario.fixed(variant);
    let search = Search { relation, executions: 2_000, steps: 300, ..Search::default() };
    let workload = (conditions, workload.unwrap_or(&fixed));
    let Proof { covered, found, .. } = prove::check(&scenario, variant, workload, search, |_| true);
    let found = found.map(|(violation, _)| violation.invariant);
    Told { executions: covered.executions, closed: covered.closed, found }
}

/// The same verdict under both relations, with no more schedules by arrival; how many each ran.
fn compared<S: Scenario>(
    make: fn() -> S,
    variant: &str,
    workload: (Conditions, Option<&[S::Op]>),
) -> [u64; 2] {
    let [full, arrival] = [Relation::Full, Relation::Arrival]
        .map(|relation| prove(make(), relation, variant, workload));
    let what = format!("{variant}, {:?}: {full:?}, by arrival {arrival:?}", workload.0);
    assert!(full.closed || full.found.is_some(), "{what}: too large to compare");
    assert_eq!((arrival.closed, &arrival.found), (full.closed, &full.found), "{what}");
    assert!(arrival.executions <= full.executions, "{what}");
    [full.executions, arrival.executions]
}

#[test]
fn links_hold_and_break_under_both_relations() {
    let kill = Conditions { faults: 1, ..INSTANT };
    for conditions in [INSTANT, PAIRWISE, kill] {
        for variant in AtomvmLinks.variants() {
            compared(|| AtomvmLinks, &variant.name, (conditions, None));
        }
    }
}

#[test]
fn bugs_of_the_other_stories_are_found_under_both_relations() {
    // Their counts grow with the mailboxes: what neither relation closes here is left to `check`.
    let breaks = |variant: &Variant| !variant.expectation.breaks().is_empty();
    for variant in KvRegistry.variants().iter().filter(|variant| breaks(variant)) {
        let late = ["stop-then-lookup", "synchronous-call"].contains(&&*variant.name);
        let conditions = if late { PAIRWISE } else { INSTANT };
        compared(|| KvRegistry, &variant.name, (conditions, None));
    }
    for variant in AshLimiter.variants().iter().filter(|variant| breaks(variant)) {
        if variant.name != "busy-wait" {
            compared(|| AshLimiter, &variant.name, (INSTANT, None));
        }
    }
}

#[test]
fn a_server_that_is_asked_and_stopped_has_fewer_classes_by_arrival() {
    let op = |act| Op { who: 0, act };
    let stopped = Act::Stop(0, Reason::Normal);
    let workload =
        [op(Act::Wait(1)), op(Act::Create(0)), op(stopped), op(Act::Create(0)), op(Act::Get(0))];
    let executions = compared(|| KvRegistry, "guide", (INSTANT, Some(&workload)));
    assert_eq!(executions, [1000, 54]);
}
