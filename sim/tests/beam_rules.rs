//! The rules of the BEAM, each over every schedule of a small program: what must always come out,
//! and for races the exact set of what can.
//!
//! The rules and the outcomes of races are those measured on OTP 25.2.3; the names of the tests say
//! them. `both` explores instant and pairwise delivery: what the language guarantees holds in both.

use atropos::{
    check::enumerate::{Bounds, enumerate},
    invariant::Invariants,
    plan::{Conditions, Delivery, TimerRule},
    process::{
        Ctx, Ending, Filter, Message, OTP_25, Pid, ProcessWorld, Raise, Term, Whereis, invariants,
    },
    world::World,
};
use std::{cell::RefCell, collections::BTreeSet, future::Future, rc::Rc};

/// What the first process of a program says of its run.
type Notes = Rc<RefCell<Vec<String>>>;

const INSTANT: Conditions =
    Conditions { delivery: Delivery::Instant, timers: TimerRule::Idle, faults: 0 };
const PAIRWISE: Conditions = Conditions { delivery: Delivery::Pairwise, ..INSTANT };

/// The outcomes of a program over every schedule: the notes of the observer, joined.
fn outcomes<F, Fut>(conditions: Conditions, program: F) -> BTreeSet<String>
where
    F: Fn(Ctx, Notes) -> Fut + Copy + 'static,
    Fut: Future<Output = Ending> + 'static,
{
    let notes = Notes::default();
    let mut all = BTreeSet::new();
    let begin = |world: &mut ProcessWorld| {
        notes.borrow_mut().clear();
        world.reset(&conditions, false);
        let mine = Rc::clone(&notes);
        world.root("observer", move |ctx| program(ctx, mine));
    };
    let rules: Vec<_> = invariants::basics()
        .into_iter()
        .chain(invariants::links())
        .chain([invariants::monitors_balanced()])
        .collect();
    let bounds = Bounds { runs: 1_000_000, steps: 1_000 };
    let result = enumerate(
        &mut ProcessWorld::new(&OTP_25),
        &Invariants::new(rules),
        bounds,
        begin,
        |_, _| {
            all.insert(notes.borrow().join(" "));
        },
    );
    assert!(result.closed, "the program is too large to explore");
    assert_eq!(result.first, None, "an invariant of links or monitors is broken");
    all
}

fn set(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(|&outcome| outcome.to_owned()).collect()
}

/// Asserts the outcomes under both delivery models.
macro_rules! both {
    ($program:expr, $expected:expr) => {
        for conditions in [INSTANT, PAIRWISE] {
            assert_eq!(outcomes(conditions, $program), set(&$expected), "{conditions}");
        }
    };
}

fn note(notes: &Notes, text: impl Into<String>) {
    notes.borrow_mut().push(text.into());
}

const NEVER: Term = Term::atom("never");

/// A process that waits to be told why to end.
async fn waiter(ctx: Ctx) -> Ending {
    match ctx.receive(Filter::User).await.user() {
        Some(reason) => Err(Raise::exit(reason)),
        None => Ok(()),
    }
}

/// Ends at once with a reason.
fn ending(reason: &'static str) -> impl Fn(Ctx) -> std::future::Ready<Ending> + Copy {
    move |_| std::future::ready(Err(Raise::exit(reason)))
}

fn reason(term: Term) -> &'static str {
    let known = ["boom", "normal", "noproc", "kill", "killed", "shutdown"];
    known.into_iter().find(|&name| Term::atom(name) == term).unwrap_or("{..}")
}

fn shown(message: Message) -> String {
    match message {
        Message::User(_) => "msg".to_owned(),
        Message::Exit { reason: why, .. } => format!("EXIT:{}", reason(why)),
        Message::Down { reason: why, .. } => format!("DOWN:{}", reason(why)),
    }
}

/// Notes all messages that come until it is quiet.
async fn note_mailbox(ctx: &Ctx, notes: &Notes) {
    ctx.receive_after(Filter::Matching(NEVER), 100).await;
    while let Some(message) = ctx.receive_after(Filter::Any, 0).await {
        note(notes, shown(message));
    }
}

#[test]
fn a_link_is_one_relation_one_exit() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", waiter).await;
            for _ in 0..3 {
                ctx.link(peer).await?;
            }
            ctx.send(peer, "boom").await;
            note_mailbox(&ctx, &notes).await;
            note(&notes, ctx.links(ctx.me()).await.len().to_string());
            Ok(())
        },
        ["EXIT:boom 0"]
    );
}

#[test]
fn one_unlink_removes_a_link_that_was_made_twice() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", waiter).await;
            ctx.link(peer).await?;
            ctx.link(peer).await?;
            ctx.unlink(peer).await;
            ctx.send(peer, "boom").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        [""]
    );
}

#[test]
fn link_unlink_link_leaves_one_working_link() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", waiter).await;
            ctx.link(peer).await?;
            ctx.unlink(peer).await;
            ctx.link(peer).await?;
            ctx.send(peer, "boom").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:boom"]
    );
}

#[test]
fn linking_to_the_dead_while_trapping_brings_noproc_once_a_call() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", ending("boom")).await;
            ctx.receive_after(Filter::Matching(NEVER), 100).await;
            ctx.link(peer).await?;
            ctx.receive_after(Filter::Matching(NEVER), 100).await;
            ctx.link(peer).await?;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:noproc EXIT:noproc"]
    );
}

#[test]
fn linking_to_the_dead_without_trapping_raises_noproc() {
    let program = |ctx: Ctx, notes: Notes| async move {
        let peer = ctx.spawn("peer", ending("boom")).await;
        ctx.receive_after(Filter::Matching(NEVER), 100).await;
        let raised = ctx.link(peer).await.expect_err("the peer is dead");
        note(&notes, reason(raised.reason));
        Ok(())
    };
    assert_eq!(outcomes(INSTANT, program), set(&["noproc"]));
}

#[test]
fn a_link_against_the_exit_gives_the_real_reason_or_noproc() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", ending("boom")).await;
            ctx.link(peer).await?;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:boom", "EXIT:noproc"]
    );
}

#[test]
fn spawn_link_and_spawn_monitor_give_the_real_reason_only() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            ctx.spawn_link("linked", ending("boom")).await;
            note_mailbox(&ctx, &notes).await;
            ctx.spawn_monitor("monitored", ending("shutdown")).await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:boom DOWN:shutdown"]
    );
}

#[test]
fn an_unlink_against_the_exit_gives_no_exit_or_one_that_came_before() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn_link("peer", ending("boom")).await;
            ctx.unlink(peer).await;
            // What has come by now may be there; afterwards nothing arrives.
            while let Some(message) = ctx.receive_after(Filter::Any, 0).await {
                note(&notes, shown(message));
            }
            note(&notes, "then");
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["then", "EXIT:boom then"]
    );
}

#[test]
fn a_normal_exit_kills_nobody_and_any_other_does() {
    both!(
        |ctx, notes| async move {
            for why in ["normal", "boom", "shutdown", "kill"] {
                let linked = ctx
                    .spawn("linked", move |ctx| async move {
                        ctx.spawn_link("ending", ending(why)).await;
                        ctx.receive(Filter::Matching(NEVER)).await;
                        Ok(())
                    })
                    .await;
                let monitor = ctx.monitor(linked).await;
                let down = ctx.receive_after(Filter::DownOf(monitor), 50).await;
                note(&notes, down.map_or("lives".to_owned(), shown));
            }
            Ok(())
        },
        // The reason of exit(kill) spreads as it is: only exit/2 makes `killed` of it.
        ["lives DOWN:boom DOWN:shutdown DOWN:kill", "lives DOWN:noproc DOWN:shutdown DOWN:kill"]
            .iter()
            .chain(&[
                "lives DOWN:boom DOWN:noproc DOWN:kill",
                "lives DOWN:boom DOWN:shutdown DOWN:noproc"
            ])
            .chain(&[
                "lives DOWN:noproc DOWN:noproc DOWN:kill",
                "lives DOWN:noproc DOWN:shutdown DOWN:noproc"
            ])
            .chain(&[
                "lives DOWN:boom DOWN:noproc DOWN:noproc",
                "lives DOWN:noproc DOWN:noproc DOWN:noproc"
            ])
            .copied()
            .collect::<Vec<_>>()
    );
}

#[test]
fn kill_is_untrappable_and_shows_as_killed() {
    both!(
        |ctx, notes| async move {
            let (peer, _) = ctx
                .spawn_monitor("peer", |ctx| async move {
                    ctx.trap_exit(true).await;
                    ctx.receive(Filter::Matching(NEVER)).await;
                    Ok(())
                })
                .await;
            ctx.exit2(peer, "kill").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["DOWN:killed"]
    );
}

#[test]
fn killed_is_an_ordinary_reason() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn_link("peer", waiter).await;
            ctx.send(peer, "killed").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:killed"]
    );
}

#[test]
fn exit2_normal_ends_only_oneself() {
    both!(
        |ctx, notes| async move {
            let other = ctx.spawn("other", waiter).await;
            ctx.exit2(other, "normal").await;
            let (_, monitor) = ctx
                .spawn_monitor("suicide", |ctx| async move {
                    ctx.exit2(ctx.me(), "normal").await;
                    unreachable!(
                        "exit(self(), normal) does not return to a process that does not trap"
                    )
                })
                .await;
            note(&notes, shown(ctx.receive(Filter::DownOf(monitor)).await));
            ctx.receive_after(Filter::Matching(NEVER), 100).await;
            note(&notes, ctx.is_alive(other).await.to_string());
            Ok(())
        },
        ["DOWN:normal true"]
    );
}

#[test]
fn a_trapped_signal_of_exit2_does_not_unlink() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            ctx.spawn_link("peer", |ctx| async move {
                ctx.exit2(Pid::root(0), "shutdown").await;
                ctx.receive(Filter::Matching(NEVER)).await;
                Ok(())
            })
            .await;
            note_mailbox(&ctx, &notes).await;
            note(&notes, ctx.links(ctx.me()).await.len().to_string());
            Ok(())
        },
        ["EXIT:shutdown 1"]
    );
}

#[test]
fn the_first_of_two_exit_signals_of_one_sender_decides() {
    both!(
        |ctx, notes| async move {
            let (peer, _) = ctx.spawn_monitor("peer", waiter).await;
            ctx.exit2(peer, "boom").await;
            ctx.exit2(peer, "shutdown").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["DOWN:boom"]
    );
}

#[test]
fn two_senders_race() {
    both!(
        |ctx, notes| async move {
            let (peer, _) = ctx.spawn_monitor("peer", waiter).await;
            for why in ["boom", "shutdown"] {
                ctx.spawn("sender", move |ctx| async move {
                    ctx.exit2(peer, why).await;
                    Ok(())
                })
                .await;
            }
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["DOWN:boom", "DOWN:shutdown"]
    );
}

#[test]
fn what_a_process_sends_before_it_dies_comes_before_its_exit() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let parent = ctx.me();
            ctx.spawn_link("child", move |ctx| async move {
                ctx.send(parent, "last").await;
                Err(Raise::exit("boom"))
            })
            .await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["msg EXIT:boom"]
    );
}

#[test]
fn link_and_monitor_tell_exit_before_down() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn("peer", waiter).await;
            ctx.monitor(peer).await;
            ctx.link(peer).await?;
            ctx.send(peer, "boom").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["EXIT:boom DOWN:boom"]
    );
}

#[test]
fn monitors_stack() {
    both!(
        |ctx, notes| async move {
            let peer = ctx.spawn("peer", waiter).await;
            let (first, second) = (ctx.monitor(peer).await, ctx.monitor(peer).await);
            ctx.monitor(peer).await;
            note(&notes, ctx.demonitor(second).await.to_string());
            note(&notes, ctx.demonitor(second).await.to_string());
            ctx.send(peer, "normal").await;
            note_mailbox(&ctx, &notes).await;
            note(&notes, ctx.demonitor(first).await.to_string());
            Ok(())
        },
        ["true false DOWN:normal DOWN:normal false"]
    );
}

#[test]
fn monitoring_the_dead_gives_noproc() {
    both!(
        |ctx, notes| async move {
            let peer = ctx.spawn("peer", ending("boom")).await;
            ctx.receive_after(Filter::Matching(NEVER), 100).await;
            ctx.monitor(peer).await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["DOWN:noproc"]
    );
}

#[test]
fn demonitor_with_flush_leaves_no_down() {
    both!(
        |ctx, notes| async move {
            let (_, monitor) = ctx.spawn_monitor("peer", ending("boom")).await;
            ctx.demonitor_flush(monitor).await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        [""]
    );
}

#[test]
fn a_dead_process_is_no_name_before_its_exit_is_seen() {
    both!(
        |ctx, notes| async move {
            ctx.trap_exit(true).await;
            let peer = ctx.spawn_link("peer", waiter).await;
            ctx.register("name", peer).await?;
            ctx.send(peer, "boom").await;
            ctx.receive(Filter::Exit).await;
            note(
                &notes,
                if ctx.whereis("name").await == Whereis::Undefined { "free" } else { "taken" },
            );
            ctx.register("name", ctx.me()).await?;
            Ok(())
        },
        ["free"]
    );
}

#[test]
fn names_that_are_taken_second_or_undefined_are_badarg() {
    both!(
        |ctx, notes| async move {
            let peer = ctx.spawn("peer", waiter).await;
            ctx.register("one", peer).await?;
            for (name, pid) in
                [("one", ctx.me()), ("two", peer), ("one", peer), ("undefined", ctx.me())]
            {
                note(
                    &notes,
                    if ctx.register(name, pid).await.is_err() { "badarg" } else { "true" },
                );
            }
            note(
                &notes,
                if ctx.send_name("nobody", "x").await.is_err() { "badarg" } else { "sent" },
            );
            ctx.unregister("one").await?;
            note(&notes, if ctx.unregister("one").await.is_err() { "badarg" } else { "true" });
            Ok(())
        },
        ["badarg badarg badarg badarg badarg badarg"]
    );
}

#[test]
fn of_two_registrations_of_one_name_one_wins() {
    both!(
        |ctx, notes| async move {
            let parent = ctx.me();
            for _ in 0..2 {
                ctx.spawn("child", move |ctx| async move {
                    let won = ctx.register("name", ctx.me()).await.is_ok();
                    ctx.send(parent, won).await;
                    ctx.receive(Filter::Matching(NEVER)).await;
                    Ok(())
                })
                .await;
            }
            let mut won = 0;
            for _ in 0..2 {
                won += i64::from(ctx.receive(Filter::User).await.user() == Some(Term::from(true)));
            }
            note(&notes, won.to_string());
            Ok(())
        },
        ["1"]
    );
}

#[test]
fn selective_receive_takes_the_first_match_and_keeps_the_rest_in_order() {
    both!(
        |ctx, notes| async move {
            for n in [1, 2, 3, 2] {
                ctx.send(ctx.me(), n).await;
            }
            ctx.receive(Filter::Matching(Term::int(2))).await;
            while let Some(message) = ctx.receive_after(Filter::Any, 0).await {
                note(&notes, message.user().and_then(Term::as_int).unwrap_or(0).to_string());
            }
            Ok(())
        },
        ["1 3 2"]
    );
}

#[test]
fn a_message_followed_by_kill_is_never_read() {
    both!(
        |ctx, notes| async move {
            let parent = ctx.me();
            let peer = ctx
                .spawn("peer", move |ctx| async move {
                    ctx.receive(Filter::User).await;
                    ctx.send(parent, "read").await;
                    Ok(())
                })
                .await;
            ctx.exit2(peer, "kill").await;
            ctx.send(peer, "read").await;
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        [""]
    );
}

#[test]
fn cancel_against_firing_is_cancelled_and_silent_or_fired_and_heard() {
    let program = |ctx: Ctx, notes: Notes| async move {
        let timer = ctx.send_after(10, ctx.me(), "tick").await;
        note(&notes, ctx.cancel_timer(timer).await.to_string());
        note_mailbox(&ctx, &notes).await;
        Ok(())
    };
    assert_eq!(outcomes(INSTANT, program), set(&["true"]));
    let any = Conditions { timers: TimerRule::Any, ..INSTANT };
    assert_eq!(outcomes(any, program), set(&["true", "false msg"]));
}

#[test]
fn timers_fire_in_the_order_of_their_times() {
    both!(
        |ctx, notes| async move {
            for ms in [30, 10, 20] {
                ctx.send_after(ms, ctx.me(), i64::from(ms)).await;
            }
            for _ in 0..3 {
                let tick = ctx.receive(Filter::User).await.user().and_then(Term::as_int);
                note(&notes, tick.unwrap_or(0).to_string());
            }
            Ok(())
        },
        ["10 20 30"]
    );
}

#[test]
fn a_timer_dies_with_its_target_and_survives_its_maker() {
    both!(
        |ctx, notes| async move {
            let (parent, peer) = (ctx.me(), ctx.spawn("peer", waiter).await);
            let doomed = ctx.send_after(50, peer, "tick").await;
            ctx.spawn("maker", move |ctx| async move {
                ctx.send_after(50, parent, "tick").await;
                Ok(())
            })
            .await;
            ctx.send(peer, "boom").await;
            ctx.receive_after(Filter::Matching(NEVER), 10).await;
            note(&notes, ctx.cancel_timer(doomed).await.to_string());
            note_mailbox(&ctx, &notes).await;
            Ok(())
        },
        ["false msg"]
    );
}

#[test]
fn a_link_from_one_side_against_an_unlink_from_the_other_is_never_half() {
    // The invariants of links watch this program: both sides or neither, and no EXIT is lost.
    both!(
        |ctx, notes| async move {
            let parent = ctx.me();
            let peer = ctx
                .spawn_link("peer", move |ctx| async move {
                    ctx.unlink(parent).await;
                    ctx.link(parent).await?;
                    ctx.receive(Filter::Matching(NEVER)).await;
                    Ok(())
                })
                .await;
            ctx.link(peer).await?;
            ctx.unlink(peer).await;
            ctx.receive_after(Filter::Matching(NEVER), 100).await;
            let (mine, theirs) = (ctx.links(parent).await.len(), ctx.links(peer).await.len());
            note(&notes, format!("{mine}{theirs}"));
            ctx.receive(Filter::Matching(NEVER)).await;
            Ok(())
        },
        ["00", "11"]
    );
}

#[test]
fn trap_exit_is_not_inherited_and_answers_the_old_value() {
    both!(
        |ctx, notes| async move {
            note(&notes, ctx.trap_exit(true).await.to_string());
            note(&notes, ctx.trap_exit(true).await.to_string());
            let mine = Rc::clone(&notes);
            ctx.spawn("child", move |ctx| async move {
                note(&mine, ctx.trap_exit(true).await.to_string());
                Ok(())
            })
            .await;
            Ok(())
        },
        ["false true false"]
    );
}
