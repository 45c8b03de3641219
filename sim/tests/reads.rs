//! What an invariant reads belongs to the footprints: without it the reduction leaves out the order
//! that breaks it.
//!
//! Each bug here is told twice, by an invariant that declares what it reads and by its twin that keeps
//! it to itself. The twin is said to hold by a search that left nothing out.

use atropos::{
    check::{
        Search,
        audit::{Lie, audit},
        prove::{self, Proof},
    },
    invariant::{Invariant, Invariants},
    plan::{Conditions, Delivery, Plan, Spec},
    process::{Filter, Pid, ProcessScenario, ProcessWorld, event, invariants},
    relation::Relation,
    scenario::Scenario,
    trace::EventMask,
    world::World,
};

type Rule = Invariant<ProcessWorld>;

const INSTANT: Conditions = Conditions {
    delivery: Delivery::Instant,
    timers: atropos::plan::TimerRule::Idle,
    faults: 0,
    ..Conditions::PLAIN
};
const PAIRWISE: Conditions = Conditions { delivery: Delivery::Pairwise, ..INSTANT };

fn prove(scenario: &ProcessScenario, conditions: Conditions) -> Proof {
    let search = Search { executions: 10_000, steps: 100, ..Search::default() };
    let variant = &scenario.variants()[0];
    prove::check(scenario, variant, (conditions, &[]), search, |_| true)
}

/// It holds in all of so many schedules.
fn holds(scenario: &ProcessScenario, conditions: Conditions, executions: u64) {
    let Proof { covered, found, .. } = prove(scenario, conditions);
    assert!(covered.closed && found.is_none(), "{found:?}");
    assert_eq!(covered.executions, executions);
}

/// A schedule breaks this invariant.
fn breaks(scenario: &ProcessScenario, conditions: Conditions, invariant: &str) {
    let (violation, case) = prove(scenario, conditions).found.expect("a schedule that breaks it");
    assert_eq!(violation.invariant, invariant);
    let again = scenario.replay(&case).expect("a case of this scenario");
    assert_eq!((again.violation, again.divergence), (Some(violation), None));
}

/// Nobody sends to one that is dead, whether he could know it or not.
fn no_use_of_the_dead() -> Rule {
    Invariant::always(
        "no-use-of-the-dead",
        "nobody sends to one that is dead",
        EventMask::of(&[event::SEND]),
        |world: &ProcessWorld, event| {
            let target = world.process(Pid::party(event));
            (!target.is_alive()).then(|| world.shown(target.pid()).into())
        },
    )
}

fn declared_use() -> Rule {
    no_use_of_the_dead().reading(|world, event, into| world.reads_life(Pid::party(event), into))
}

/// A session ends while somebody who has its pid sends to it.
fn session(rule: fn() -> Rule) -> ProcessScenario {
    ProcessScenario::new("session", |world| {
        let session = world.root("session", |ctx| async move {
            ctx.yield_now().await;
            Ok(())
        });
        world.client("user", move |ctx| async move {
            ctx.send(session, "job").await;
            Ok(())
        });
    })
    .invariant(rule)
}

#[test]
fn a_use_of_a_stale_pid_is_found_since_the_use_reads_the_life_of_its_target() {
    // Where signals travel, to send and to die are independent: the send only fills its channel.
    // Two classes are left, by whether the delivery finds the session alive.
    holds(&session(no_use_of_the_dead), PAIRWISE, 2);
    breaks(&session(declared_use), PAIRWISE, "no-use-of-the-dead");
    // Where a signal acts at once the send touches the life itself.
    breaks(&session(no_use_of_the_dead), INSTANT, "no-use-of-the-dead");
}

/// The handle of a session may be used as long as its owner holds it.
fn no_use_out_of_scope() -> Rule {
    Invariant::always(
        "no-use-out-of-scope",
        "nobody sends to a session that its owner has let go of",
        EventMask::of(&[event::SEND]),
        |world: &ProcessWorld, event| {
            let session = Pid::party(event);
            let is_session = world.process(session).label() == "session";
            let held = world.processes().any(|p| p.holds().any(|(_, held)| held == session));
            (is_session && !held).then(|| world.shown(session).into())
        },
    )
}

fn declared_scope() -> Rule {
    no_use_out_of_scope().reading(|world, event, into| world.reads_holders(Pid::party(event), into))
}

/// An owner lends its session and lets go of it, without waiting for whom it lent it to.
fn lent(rule: fn() -> Rule) -> ProcessScenario {
    ProcessScenario::new("lent", |world| {
        let session = world.root("session", |ctx| async move {
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        let user = world.client("user", move |ctx| async move {
            ctx.receive(Filter::User).await;
            ctx.send(session, "job").await;
            Ok(())
        });
        world.client("owner", move |ctx| async move {
            ctx.hold("session", session);
            ctx.send(user, "yours").await;
            ctx.yield_now().await;
            ctx.release("session");
            ctx.yield_now().await;
            Ok(())
        });
    })
    .invariant(rule)
}

#[test]
fn a_use_after_the_scope_of_its_handle_is_found_since_it_reads_who_holds_the_target() {
    // The death of the user is told to nobody: one class.
    holds(&lent(no_use_out_of_scope), INSTANT, 1);
    breaks(&lent(declared_scope), INSTANT, "no-use-out-of-scope");
}

/// At most one at a time holds the slot.
fn one_holder() -> Rule {
    Invariant::always(
        "one-holder",
        "at most one at a time holds the slot",
        EventMask::of(&[event::HOLD]),
        |world: &ProcessWorld, event| {
            let slot = Pid::party(event);
            let holders = world.processes().filter(|p| p.holds().any(|(_, held)| held == slot));
            (holders.count() > 1).then(|| world.shown(slot).into())
        },
    )
}

fn declared_holder() -> Rule {
    one_holder().reading(|world, event, into| world.reads_holders(Pid::party(event), into))
}

/// Two take the slot without asking.
fn slot(rule: fn() -> Rule) -> ProcessScenario {
    ProcessScenario::new("slot", |world| {
        let slot = world.root("slot", |ctx| async move {
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        for _ in 0..2 {
            world.client("taker", move |ctx| async move {
                ctx.yield_now().await;
                ctx.hold("slot", slot);
                ctx.yield_now().await;
                ctx.release("slot");
                ctx.yield_now().await;
                Ok(())
            });
        }
    })
    .invariant(rule)
}

#[test]
fn two_at_once_are_found_since_the_check_reads_who_holds() {
    holds(&slot(one_holder), INSTANT, 1);
    breaks(&slot(declared_holder), INSTANT, "one-holder");
}

/// Somebody learns of a death and sends all the same; another may send before and after.
fn told(rule: Option<fn() -> Rule>) -> ProcessScenario {
    let scenario = ProcessScenario::new("told", |world| {
        let server = world.root("server", |ctx| async move {
            ctx.receive(Filter::Any).await;
            Ok(())
        });
        for again in [true, false] {
            world.client("user", move |ctx| async move {
                let monitor = ctx.monitor(server).await;
                ctx.send(server, "job").await;
                if again {
                    ctx.receive(Filter::DownOf(monitor)).await;
                    ctx.send(server, "job").await;
                }
                Ok(())
            });
        }
    });
    match rule {
        Some(rule) => scenario.invariant(rule),
        None => scenario,
    }
}

#[test]
fn no_stale_pid_reads_nothing_that_is_not_in_order_already() {
    for conditions in [INSTANT, PAIRWISE] {
        breaks(&told(Some(invariants::no_stale_pid)), conditions, "no-stale-pid");
    }
    // Who races with the death was not told. The same classes with the invariant and without: both
    // jobs come in time in either order, one of them does, or none, whose order nobody sees.
    let racing = |rules: bool| {
        let scenario = ProcessScenario::new("racing", |world| {
            let server = world.root("server", |_| async move { Ok(()) });
            for _ in 0..2 {
                world.client("user", move |ctx| async move {
                    ctx.send(server, "job").await;
                    Ok(())
                });
            }
        });
        if rules { scenario.invariant(invariants::no_stale_pid) } else { scenario }
    };
    for (conditions, executions) in [(INSTANT, 5), (PAIRWISE, 5)] {
        holds(&racing(false), conditions, executions);
        holds(&racing(true), conditions, executions);
    }
}

/// Audits runs of a scenario until one lies.
fn audited(scenario: &ProcessScenario, conditions: Conditions) -> Option<Lie> {
    let variant = &scenario.variants()[0];
    let rules = Invariants::new(scenario.invariants(variant));
    let mut world = scenario.world(variant);
    let plans: Vec<Plan> = (0..4).flat_map(|block| Spec::default().block(block)).collect();
    plans.into_iter().find_map(|plan| {
        let plan = Plan { conditions, ..plan };
        let start = |world: &mut ProcessWorld| {
            world.reset(&plan.conditions, plan.strategy.wants_arrivals());
            scenario.start(variant, &[], world);
        };
        audit(&mut world, &rules, &plan, start).err()
    })
}

#[test]
fn an_invariant_that_keeps_its_reads_to_itself_is_caught_by_the_audit() {
    let is_caught = |scenario, conditions| {
        let lie = audited(&scenario, conditions);
        assert!(matches!(lie, Some(Lie::Verdict { .. })), "{lie:?}");
    };
    is_caught(session(no_use_of_the_dead), PAIRWISE);
    is_caught(lent(no_use_out_of_scope), INSTANT);
    is_caught(slot(one_holder), INSTANT);
    assert_eq!(audited(&session(declared_use), PAIRWISE), None);
    assert_eq!(audited(&lent(declared_scope), INSTANT), None);
    assert_eq!(audited(&slot(declared_holder), INSTANT), None);
}

/// As `mailbox-bounded:1`, but tells nobody that it looks at the mailbox.
fn one_message() -> Rule {
    Invariant::always(
        "one-message",
        "no mailbox holds two messages",
        EventMask::of(&[event::SEND]),
        |world: &ProcessWorld, event| {
            let receiver = world.process(Pid::party(event));
            (receiver.mailbox_len() > 1).then(|| world.shown(receiver.pid()).into())
        },
    )
}

/// One sends two messages and the other takes them.
fn queue(rule: fn() -> Rule) -> ProcessScenario {
    ProcessScenario::new("queue", |world| {
        world.client("sender", |ctx| async move {
            ctx.send(Pid::root(1), "one").await;
            ctx.send(Pid::root(1), "two").await;
            Ok(())
        });
        world.client("receiver", |ctx| async move {
            ctx.receive(Filter::User).await;
            ctx.receive(Filter::User).await;
            Ok(())
        });
    })
    .invariant(rule)
}

#[test]
fn a_full_mailbox_is_found_by_arrival_since_the_check_reads_it() {
    let search = Search { relation: Relation::Arrival, steps: 100, ..Search::default() };
    let prove = |rule| {
        let scenario = queue(rule);
        let variant = &scenario.variants()[0];
        prove::check(&scenario, variant, (INSTANT, &[]), search, |_| true)
    };
    let silent = prove(one_message);
    assert_eq!((silent.covered.executions, silent.covered.closed), (1, true));
    assert!(silent.found.is_none(), "it is not by chance the schedule that was run");
    let told = prove(|| invariants::mailbox_bounded(1));
    assert_eq!(
        told.found.expect("both come before the first is taken").0.invariant,
        "mailbox-bounded"
    );
}
