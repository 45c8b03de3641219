//! Failures shrink to minima that are known, stay the failure that they were, and replay.
//!
//! A workshop of three processes does deeds amid noise; what a deed is and what it can break differs
//! from variant to variant, and so does the smallest failure: one deed or two, a value, a delivery
//! model, a timer rule, a fault.

use atropos::{
    case,
    decisions::{Draws, Purpose, RunIndex},
    hunt::{Found, Hunt},
    invariant::Invariant,
    plan::{Conditions, Delivery, Spec, TimerRule},
    process::{Ctx, Ending, Filter, OTP_25, Pid, ProcessWorld, Term, event, invariants},
    scenario::{Scenario, Variant},
    shrink::{Effort, Ended, Shrunk, shrink, shrink_while},
    trace::EventMask,
};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
enum Op {
    Noise(u8),
    Deed(u8),
}

use Op::{Deed, Noise};

/// How many processes take part; whom they tell and ask comes behind them.
const WORKERS: u8 = 3;
const SINK: Pid = Pid::root(WORKERS as u32);
const RELAY: Pid = Pid::root(WORKERS as u32 + 1);

static VARIANTS: [Variant; 7] = [
    Variant::breaks("taken", "a deed takes a name that may be taken", &["no-badarg"]),
    Variant::breaks("dice", "a deed throws a dice, and three of ten is bad", &["no-mark"]),
    Variant::breaks("overtaken", "a message comes before an older one", &["no-mark"]),
    Variant::breaks("late", "an answer comes after the time-out", &["no-mark"]),
    Variant::breaks("killed", "a server is killed", &["no-mark"]),
    Variant::breaks("either", "what a deed breaks is chosen, one of it unexpected", &["no-mark"]),
    Variant::breaks("both", "a name is taken, and then marked", &["no-badarg", "no-mark"]),
];

struct Workshop;

impl Scenario for Workshop {
    type World = ProcessWorld;
    type Op = Op;

    fn name(&self) -> &str {
        "workshop"
    }

    fn about(&self) -> &str {
        "deeds amid noise"
    }

    fn variants(&self) -> &[Variant] {
        &VARIANTS
    }

    fn world(&self, _: &Variant) -> ProcessWorld {
        ProcessWorld::new(&OTP_25)
    }

    fn fixed(&self, _: &Variant) -> Vec<Op> {
        vec![Noise(0), Deed(2), Noise(1), Deed(1), Noise(2), Deed(0), Noise(0)]
    }

    fn workload(&self, _: &Variant, seed: [u8; 32]) -> Vec<Op> {
        let seed = seed.iter().fold(0, |sum: u64, &byte| sum << 5 ^ u64::from(byte) ^ sum >> 59);
        let mut draws = Draws::new(seed, RunIndex::default(), Purpose::Workload);
        let op = |draws: &mut Draws| {
            [Noise, Deed][draws.below(2) as usize](draws.below(u32::from(WORKERS)) as u8)
        };
        (0..4 + draws.below(8)).map(|_| op(&mut draws)).collect()
    }

    fn start(&self, variant: &Variant, workload: &[Op], world: &mut ProcessWorld) {
        for me in 0..WORKERS {
            let mine = |op: &&Op| matches!(op, Noise(who) | Deed(who) if *who == me);
            let ops: Vec<Op> = workload.iter().filter(mine).copied().collect();
            let name = variant.name.clone();
            world.root("worker", move |ctx| async move {
                for op in ops {
                    match op {
                        Noise(_) => ctx.yield_now().await,
                        Deed(_) => deed(&ctx, &name).await?,
                    }
                }
                Ok(())
            });
        }
        world.root("sink", sink);
        world.root("relay", relay);
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<ProcessWorld>> {
        let rule = |name, kind: u8| {
            Invariant::always(name, "no such event", EventMask::of(&[kind]), move |_, event| {
                Some(format!("process {} did it", event.who()).into())
            })
        };
        vec![rule("no-badarg", event::RAISED), rule("no-mark", event::MARK), invariants::no_panic()]
    }

    fn simpler(&self, workload: &[Op]) -> Vec<Vec<Op>> {
        let lower = |op: Op| match op {
            Noise(who) => Noise(who.saturating_sub(1)),
            Deed(who) => Deed(who.saturating_sub(1)),
        };
        let mut one_lower: Vec<Vec<Op>> = Vec::new();
        for at in 0..workload.len() {
            let mut simpler = workload.to_vec();
            simpler[at] = lower(simpler[at]);
            one_lower.push(simpler);
        }
        one_lower
    }
}

async fn deed(ctx: &Ctx, variant: &str) -> Ending {
    match variant {
        "taken" => drop(ctx.register("name", ctx.me()).await),
        "dice" => {
            if ctx.choose(10).await >= 3 {
                ctx.mark("three or more");
                ctx.yield_now().await;
            }
        }
        "overtaken" => {
            ctx.send(SINK, "old").await;
            ctx.send(RELAY, "new").await;
        }
        "late" => {
            ctx.send(RELAY, Term::from(ctx.me())).await;
            if ctx.receive_after(Filter::User, 5).await.is_none() {
                ctx.mark("late");
                ctx.yield_now().await;
            }
        }
        "either" => {
            if ctx.choose(3).await == 1 {
                ctx.yield_now().await;
                ctx.mark("chosen");
                ctx.yield_now().await;
            } else {
                ctx.unregister("nothing").await.unwrap_or_default();
            }
        }
        "killed" => {
            let server = |ctx: Ctx| async move {
                ctx.receive_after(Filter::User, 10).await;
                Ok(())
            };
            let (_, monitor) = ctx.spawn_monitor("server", server).await;
            if ctx.receive_after(Filter::DownOf(monitor), 5).await.is_some() {
                ctx.mark("killed");
                ctx.yield_now().await;
            }
        }
        _ => {
            if ctx.register("name", ctx.me()).await.is_err() {
                ctx.mark("taken");
                ctx.yield_now().await;
            }
        }
    }
    Ok(())
}

/// Marks a new message that comes while no old one has.
async fn sink(ctx: Ctx) -> Ending {
    let mut old = 0;
    loop {
        match ctx.receive(Filter::User).await.user() {
            Some(word) if word == Term::atom("old") => old += 1,
            _ if old == 0 => {
                ctx.mark("overtaken");
                ctx.yield_now().await;
            }
            _ => old -= 1,
        }
    }
}

/// Passes words on and answers pids.
async fn relay(ctx: Ctx) -> Ending {
    loop {
        let Some(word) = ctx.receive(Filter::User).await.user() else { continue };
        match word.as_pid() {
            Some(pid) => ctx.send(pid, "answer").await,
            None => ctx.send(SINK, word).await,
        }
    }
}

fn variant(name: &str) -> &'static Variant {
    VARIANTS.iter().find(|variant| variant.name == name).expect("a variant of the workshop")
}

/// The failures that some blocks find.
fn failures(name: &str, spec: Spec, blocks: u64) -> Vec<Found> {
    let mut hunt = Hunt::new(&Workshop, variant(name), spec);
    (0..blocks).flat_map(|block| hunt.block(block, 64).found).collect()
}

/// Shrinks all failures of a variant; each must stay what it was, shrink no further, and replay.
fn shrunk(name: &str, faults: u32) -> Vec<Found> {
    let found = failures(name, Spec { faults, ..Spec::default() }, 12);
    assert!(found.len() >= 8, "{name}: only {} failures", found.len());
    found
        .into_iter()
        .map(|found| {
            let (invariant, steps) = (found.violation.invariant.clone(), found.case.tape.steps());
            let Shrunk { found: small, steps: told, ended, tries, .. } =
                shrink(&Workshop, found, Effort::default());
            assert_eq!(ended, Ended::Proved, "{name}: a small failure is proved minimal");
            assert!(tries <= Effort::default().tries, "{name}: {tries} tries");
            assert_eq!(small.violation.invariant, invariant, "{name}: another invariant");
            assert_eq!(small.case.invariant.as_deref(), Some(&*invariant));
            assert_eq!(told, (steps, small.case.tape.steps()));
            let replay = case::replay(&Workshop, &small.case).expect("a case of the workshop");
            assert_eq!(replay.divergence, None, "{name}: the shrunk failure does not replay");
            assert_eq!(replay.violation.as_ref(), Some(&small.violation));
            small
        })
        .collect()
}

fn workload(found: &Found) -> Vec<Op> {
    case::decode(&found.case.workload).expect("a workload of the workshop")
}

const KIND: Conditions = Conditions {
    delivery: Delivery::Instant,
    timers: TimerRule::Idle,
    faults: 0,
    ..Conditions::PLAIN
};

#[test]
fn two_deeds_of_the_first_worker_are_enough_for_a_taken_name() {
    for found in shrunk("taken", 2) {
        assert_eq!(workload(&found), [Deed(0), Deed(0)]);
        assert_eq!(found.case.tape.to_string(), "1×2");
        assert_eq!(found.case.conditions, KIND, "nothing unkind is needed");
    }
}

#[test]
fn the_least_bad_value_is_found() {
    for found in shrunk("dice", 0) {
        assert_eq!(workload(&found), [Deed(0)]);
        assert_eq!(found.case.tape.to_string(), "1×1 | [3]");
        assert_eq!(found.case.conditions, KIND);
    }
}

#[test]
fn a_message_overtakes_only_where_signals_travel() {
    for found in shrunk("overtaken", 1) {
        assert_eq!(workload(&found), [Deed(0)]);
        assert_eq!(found.case.conditions, Conditions { delivery: Delivery::Pairwise, ..KIND });
        // Two sends and the end, so that nobody is preempted; the new word's way, the relay that takes
        // it and passes it on, its way, the sink.
        assert_eq!(found.case.tape.to_string(), "1×3 1>5×1 5×2 5>4×1 4×1");
    }
}

#[test]
fn an_answer_is_late_only_where_timers_fire_at_any_time() {
    for found in shrunk("late", 0) {
        assert_eq!(workload(&found), [Deed(0)]);
        assert_eq!(found.case.conditions, Conditions { timers: TimerRule::Any, ..KIND });
        assert_eq!(found.case.tape.to_string(), "1×1 1~1×1 1×1");
    }
}

#[test]
fn one_fault_is_kept_where_it_is_needed() {
    for found in shrunk("killed", 3) {
        assert_eq!(workload(&found), [Deed(0)]);
        assert_eq!(found.case.conditions, Conditions { faults: 1, ..KIND });
        assert_eq!(
            found.case.tape.segments.iter().filter(|s| s.who.to_string() == "!fault").count(),
            1
        );
    }
}

#[test]
fn a_failure_never_turns_into_one_that_is_smaller() {
    // Value 0 breaks no-badarg in as many steps; only value 1 breaks what was found.
    let found = failures("either", Spec::default(), 12);
    let marked: Vec<_> =
        found.into_iter().filter(|found| found.violation.invariant == "no-mark").collect();
    assert!(marked.len() >= 8, "only {} failures", marked.len());
    for found in marked {
        let small = shrink(&Workshop, found, Effort::default()).found;
        assert_eq!(small.violation.invariant, "no-mark");
        assert_eq!(workload(&small), [Deed(0)]);
        assert_eq!(small.case.tape.to_string(), "1×2 | [1]");
    }
}

#[test]
fn a_failure_never_turns_into_another() {
    let small = shrunk("both", 0);
    for name in ["no-badarg", "no-mark"] {
        let of_it: Vec<_> =
            small.iter().filter(|found| found.violation.invariant == name).collect();
        assert!(!of_it.is_empty(), "no failure of {name}");
        assert!(of_it.iter().all(|found| workload(found) == [Deed(0), Deed(0)]));
    }
}

#[test]
fn the_same_failure_shrinks_to_the_same_bytes() {
    let found = failures("overtaken", Spec::default(), 4).remove(0);
    let small = |found: &Found| shrink(&Workshop, found.clone(), Effort::default()).found;
    assert_eq!(small(&found), small(&found));
    assert_eq!(small(&small(&found)), small(&found), "what is minimal stays as it is");
}

#[test]
fn a_failure_that_does_not_fail_comes_back_as_it_is() {
    let mut found = failures("taken", Spec::default(), 1).remove(0);
    found.case.workload = case::encode(&[Noise(0)]);
    let Shrunk { found: same, ended, .. } = shrink(&Workshop, found.clone(), Effort::default());
    assert_eq!((same, ended), (found, Ended::NotShown));
}

#[test]
fn an_effort_that_ends_is_told_and_what_was_won_is_kept() {
    let found = failures("taken", Spec::default(), 1).remove(0);
    let effort = Effort { tries: 3, chances: 0, ..Effort::default() };
    let Shrunk { found: small, tries, ended, .. } = shrink(&Workshop, found, effort);
    assert!(ended == Ended::EffortSpent && tries <= 3, "{ended}: {tries} tries");
    let replay = case::replay(&Workshop, &small.case).expect("a case of the workshop");
    assert_eq!((replay.divergence, replay.violation), (None, Some(small.violation)));
}

#[test]
fn a_shrink_that_is_ended_keeps_what_was_won() {
    let found = failures("overtaken", Spec::default(), 4).remove(0);
    let mut left = 0;
    for asked in [0, 1, 5, 40] {
        left = asked;
        let mut goes_on = || {
            left -= u32::from(left > 0);
            left > 0
        };
        let small = shrink_while(&Workshop, found.clone(), Effort::default(), &mut goes_on);
        assert_eq!(small.ended, Ended::Stopped, "after {asked} candidates");
        let replay = case::replay(&Workshop, &small.found.case).expect("a case of the workshop");
        assert_eq!((replay.divergence, replay.violation), (None, Some(small.found.violation)));
    }
    assert_eq!(left, 0);
}

#[test]
fn a_search_that_comes_to_its_bound_leaves_it_at_1_minimal() {
    let found = failures("overtaken", Spec::default(), 4).remove(0);
    for (nodes, ended) in [(0, Ended::OneMinimal), (3, Ended::OneMinimal), (1_000, Ended::Proved)] {
        let effort = Effort { nodes, ..Effort::default() };
        let small = shrink(&Workshop, found.clone(), effort);
        assert_eq!(small.ended, ended, "{nodes} points");
        assert!(small.nodes <= 2 * nodes, "{} points of {nodes}", small.nodes);
    }
}

#[test]
fn another_failure_that_is_met_is_kept_and_replays() {
    // Value 0 unregisters what is not there, which no variant expects; value 1 is looked for.
    let found = failures("either", Spec::default(), 12);
    let marked = found.into_iter().filter(|found| found.violation.invariant == "no-mark");
    for found in marked {
        let others = shrink(&Workshop, found, Effort::default()).others;
        let names: Vec<_> = others.iter().map(|other| &*other.violation.invariant).collect();
        assert_eq!(names, ["no-badarg"]);
        for other in others {
            let replay = case::replay(&Workshop, &other.case).expect("a case of the workshop");
            assert_eq!((replay.divergence, replay.violation), (None, Some(other.violation)));
        }
    }
}

#[test]
fn a_failure_that_is_expected_is_not_another_one() {
    for found in failures("both", Spec::default(), 4) {
        let others = shrink(&Workshop, found, Effort::default()).others;
        assert_eq!(others, [], "both of its failures are expected");
    }
}
