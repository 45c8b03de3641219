//! A client keeps the pid of a limiter across a rerun, though the limiter stops when it is idle.
//!
//! `cargo run --package atropos --example stale_handle` finds the bug, prints the smallest run that
//! shows it, replays it from its tape, and then shows that the repaired client holds under every
//! schedule of the same system.

use atropos::{
    check::enumerate::{Bounds, enumerate},
    invariant::Invariants,
    plan::{Conditions, TimerRule},
    process::{Ctx, Ending, Filter, Message, OTP_25, ProcessScenario, ProcessWorld, invariants},
    world::World,
};

/// Serves one slot at a time and stops after 10 ms without work.
async fn limiter(ctx: Ctx) -> Ending {
    while ctx.receive_after(Filter::User, 10).await.is_some() {}
    Ok(())
}

/// Reads twice. The second read trusts the pid of the first, unless it is careful.
async fn client(ctx: Ctx, careful: bool) -> Ending {
    let (mut pid, mut monitor) = ctx.spawn_monitor("limiter", limiter).await;
    for _read in 0..2 {
        ctx.send(pid, "claim").await;
        // Anything may happen between two reads: here the client waits for news for a while.
        let news = ctx.receive_after(Filter::DownOf(monitor), 50).await;
        if careful && matches!(news, Some(Message::Down { .. })) {
            (pid, monitor) = ctx.spawn_monitor("limiter", limiter).await;
        }
    }
    Ok(())
}

fn system(world: &mut ProcessWorld, careful: bool) {
    world.client("client", move |ctx| client(ctx, careful));
}

fn main() {
    let scenario = ProcessScenario::new("stale-handle", |world| system(world, false))
        .invariant(invariants::no_stale_pid);
    let found = scenario.fuzz(1_000).expect("the limiter stops between the two reads");
    let again = scenario.replay(&found.case).expect("a case of this scenario");
    assert_eq!(again.divergence, None, "the same run, to the letter");
    print(&format!(
        "{}: {}\n\n{}",
        found.violation.invariant, found.violation.evidence, again.timeline
    ));

    let mut rules = invariants::basics();
    rules.push(invariants::no_stale_pid());
    let rules = Invariants::new(rules);
    let conditions = Conditions { timers: TimerRule::Any, ..Conditions::default() };
    let start = |world: &mut ProcessWorld| {
        world.reset(&conditions, false);
        system(world, true);
    };
    let bounds = Bounds { runs: 1_000_000, steps: 1_000 };
    let all = enumerate(&mut ProcessWorld::new(&OTP_25), &rules, bounds, start, |_, _| {});
    assert!(all.closed && all.first.is_none(), "the careful client holds: {:?}", all.first);
    print(&format!("the careful client holds in all {} schedules", all.interleavings));
}

#[expect(clippy::print_stdout, reason = "an example talks to a person")]
fn print(text: &str) {
    println!("{text}");
}
