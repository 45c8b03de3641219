//! Programs of lc-v1 told as bodies of the process world: both worlds have as many classes of
//! observers, but for the listed exceptions.

use atropos::{
    check::{
        dpor::Bounds,
        observers::{self, Classes},
    },
    lc,
    plan::{Conditions, Delivery, TimerRule},
    process::{OTP_25, ProcessWorld, Profile},
    relation::Relation,
    world::World,
};
use atropos_scenarios::exact::{Row, bodies};

/// A program with another number of classes here, that number, and why.
type Exception = (&'static str, u64, &'static str);

const EXCEPTIONS: [Exception; 2] = [
    (
        "limiter-rerun",
        6,
        "monitor of the dead: in OTP one that an exit signal has hit counts as dead, so a monitor \
         between the signal and the exit event is a class of its own; lc-v1 asks for the exit event",
    ),
    (
        "link-twice-trap",
        4,
        "link to the dead: in OTP a link whose own entry still stands is none anew, even if the peer \
         has died and its EXIT is to come; lc-v1 answers noproc",
    ),
];

/// How many programs can be told.
const TOLD: usize = 34;

fn rows() -> Vec<(String, lc::Program, u64)> {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/conformance/exploration/exact_counts_public.jsonl");
    let text = std::fs::read_to_string(file).expect("the file is there");
    let rows = text.lines().map(|line| serde_json::from_str::<Row>(line).expect("a row"));
    let told = rows.filter_map(|row| {
        let program = row.program.filter(bodies::can_tell)?;
        Some((row.id, program, row.expected["classes_observer"]))
    });
    told.collect()
}

/// The classes of a program, each run once under a relation.
fn count(program: &lc::Program, profile: &'static Profile, relation: Relation) -> Classes {
    let delivery = match program.delivery {
        lc::Delivery::Instant => Delivery::Instant,
        lc::Delivery::Async => Delivery::Pairwise,
    };
    let conditions = Conditions { delivery, timers: TimerRule::Idle, ..Conditions::PLAIN };
    let start = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        bodies::start(world, program);
    };
    let mut world = ProcessWorld::new(profile);
    assert!(world.relate(relation));
    let bounds = Bounds { executions: 10_000, steps: 100 };
    observers::count(&mut world, start, bounds).expect("all of it fits the bounds")
}

#[test]
fn programs_told_as_bodies_have_the_same_classes_of_observers() {
    let rows = rows();
    assert_eq!(rows.len(), TOLD);
    let mut excepted = 0;
    for (id, program, expected) in &rows {
        let exception = EXCEPTIONS.iter().find(|(name, ..)| name == id);
        excepted += usize::from(exception.is_some());
        let wanted = exception.map_or(*expected, |&(_, counted, _)| counted);
        assert!(exception.is_none() || wanted != *expected, "{id} is no exception");
        let full = count(program, &OTP_25, Relation::Full);
        assert_eq!(full.observers, wanted, "{id}: {:?}", exception.map(|&(.., why)| why));
        // What is seen does not depend on how much is run to see it.
        let arrival = count(program, &OTP_25, Relation::Arrival);
        assert_eq!(arrival.observers, wanted, "{id}, by arrival");
        assert!(wanted <= arrival.related && arrival.related <= full.related, "{id}: {arrival:?}");
    }
    assert_eq!(excepted, EXCEPTIONS.len());
}

/// OTP 25 if an exit signal that has hit were no death yet.
const HIT_IS_ALIVE: Profile = Profile { name: "hit-is-alive", doom_is_death: false, ..OTP_25 };

#[test]
fn the_rule_that_an_exception_names_makes_it_one() {
    let rows = rows();
    let (_, program, expected) = rows.iter().find(|(id, ..)| id == "limiter-rerun").expect("a row");
    static PROFILE: Profile = HIT_IS_ALIVE;
    assert_eq!(count(program, &PROFILE, Relation::Full).observers, *expected);
}
