//! A world for each ready-made invariant that breaks it: an invariant that nothing can break is no
//! invariant.

use atropos::process::{
    ATOMVM_0_6_2, ATOMVM_0_6_6, Ctx, Ending, Filter, OTP_25, Pid, ProcessScenario, ProcessWorld,
    Profile, Wrong, invariants,
};
use std::collections::BTreeSet;

/// OTP 25 with a rule that is wrong.
fn wrong(rule: Wrong) -> &'static Profile {
    Box::leak(Box::new(Profile { wrong: Some(rule), ..OTP_25 }))
}

/// The invariant that a world breaks first when only this one is asked beside the basics.
fn broken(
    invariant: &'static str,
    profile: &'static Profile,
    start: fn(&mut ProcessWorld),
) -> Option<String> {
    let scenario = ProcessScenario::new("broken", start).profile(profile).invariant(move || {
        // Basics are there already; a second one of that name would be refused.
        let basics = ["no-panic", "no-effect-from-drop", "no-deadlock"];
        let name = if basics.contains(&invariant) { "names-live" } else { invariant };
        invariants::ready_made(name).expect("a ready-made invariant")
    });
    scenario.fuzz(2_000).map(|found| found.violation.invariant)
}

async fn dies(_: Ctx) -> Ending {
    Ok(())
}

async fn waits(ctx: Ctx) -> Ending {
    ctx.receive(Filter::Any).await;
    Ok(())
}

fn panics(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        ctx.yield_now().await;
        panic!("as it is told");
    });
}

/// Sends a message when it is dropped.
struct LastWord(Ctx);

impl Drop for LastWord {
    fn drop(&mut self) {
        use std::{future::Future, pin::pin, task};
        let mut context = task::Context::from_waker(task::Waker::noop());
        let _ = pin!(self.0.send(Pid::root(0), "farewell")).poll(&mut context);
    }
}

fn speaks_from_a_drop(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let _word = LastWord(ctx.clone());
        ctx.receive(Filter::Any).await;
        Ok(())
    });
    world.root("killer", |ctx| async move {
        ctx.exit2(Pid::root(0), "kill").await;
        Ok(())
    });
}

fn waits_for_ever(world: &mut ProcessWorld) {
    world.client("client", waits);
}

fn uses_the_dead(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let (child, _) = ctx.spawn_monitor("child", dies).await;
        ctx.receive(Filter::Down).await;
        ctx.send(child, "late").await;
        Ok(())
    });
}

fn links_twice(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        ctx.trap_exit(true).await;
        let child = ctx.spawn("child", waits).await;
        for _ in 0..2 {
            ctx.link(child).await?;
        }
        ctx.exit2(child, "kill").await;
        ctx.receive(Filter::Exit).await;
        ctx.receive(Filter::Any).await;
        Ok(())
    });
}

fn outlives_a_link(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        ctx.trap_exit(true).await;
        ctx.spawn_link("child", dies).await;
        ctx.receive(Filter::Exit).await;
        waits(ctx).await
    });
}

fn unlinks_one_side(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let child = ctx.spawn_link("child", waits).await;
        ctx.unlink(child).await;
        waits(ctx).await
    });
}

fn unlinks_and_links_again(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let child = ctx.spawn_link("child", waits).await;
        ctx.unlink(child).await;
        ctx.link(child).await?;
        waits(ctx).await
    });
}

fn unlinks_from_both_sides(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let parent = ctx.me();
        let child = ctx.spawn_link("child", move |ctx| async move {
            ctx.unlink(parent).await;
            waits(ctx).await
        });
        let child = child.await;
        ctx.unlink(child).await;
        waits(ctx).await
    });
}

fn demonitors(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        let (_, monitor) = ctx.spawn_monitor("child", waits).await;
        ctx.demonitor(monitor).await;
        waits(ctx).await
    });
}

fn dies_with_a_name(world: &mut ProcessWorld) {
    world.root("p", |ctx| async move {
        ctx.register("server", ctx.me()).await?;
        Ok(())
    });
}

fn floods(world: &mut ProcessWorld) {
    world.root("sink", waits);
    world.root("source", |ctx| async move {
        for n in 0..4 {
            ctx.send(Pid::root(0), n).await;
        }
        Ok(())
    });
}

/// A child that waits for ever, linked to a parent that exits normally.
fn leaves_a_child(world: &mut ProcessWorld) {
    world.root("parent", |ctx| async move {
        ctx.spawn_link("child", waits).await;
        Ok(())
    });
}

/// The child and what it is linked to are kept by a root that lives.
fn hands_a_child_over(world: &mut ProcessWorld) {
    world.root("keeper", |ctx| async move {
        let child = ctx.spawn_link("child", |ctx| async move {
            ctx.spawn_link("grandchild", waits).await;
            waits(ctx).await
        });
        let child = child.await;
        ctx.unlink(child).await;
        ctx.hold("child", child);
        waits(ctx).await
    });
}

/// Starts the processes of a world.
type Start = fn(&mut ProcessWorld);

#[test]
fn each_ready_made_invariant_is_broken_by_a_world() {
    let worlds: [(&str, &Profile, Start); 14] = [
        ("no-panic", &OTP_25, panics),
        ("no-effect-from-drop", &OTP_25, speaks_from_a_drop),
        ("no-deadlock", &OTP_25, waits_for_ever),
        ("no-stale-pid", &OTP_25, uses_the_dead),
        ("no-duplicate-link", &ATOMVM_0_6_2, links_twice),
        ("one-exit-per-link", &ATOMVM_0_6_2, links_twice),
        ("no-link-to-dead", &ATOMVM_0_6_2, outlives_a_link),
        ("links-symmetric", wrong(Wrong::UnlinkWithoutFlush), unlinks_one_side),
        ("no-lost-link", &ATOMVM_0_6_6, unlinks_and_links_again),
        ("no-pending-unlink", &ATOMVM_0_6_6, unlinks_from_both_sides),
        ("monitors-balanced", wrong(Wrong::DemonitorUntold), demonitors),
        ("names-live", wrong(Wrong::NameKept), dies_with_a_name),
        ("no-unsupervised-survivor", &OTP_25, leaves_a_child),
        ("mailbox-bounded:3", &OTP_25, floods),
    ];
    for (invariant, profile, start) in worlds {
        let name = invariant.split(':').next().expect("a name");
        assert_eq!(broken(invariant, profile, start).as_deref(), Some(name), "{invariant}");
    }
    let told: BTreeSet<&str> =
        worlds.iter().map(|(name, ..)| name.split(':').next().expect("a name")).collect();
    let all: BTreeSet<&str> = invariants::names().collect();
    assert_eq!(told, all, "every ready-made invariant has a world that breaks it");
}

#[test]
fn the_same_worlds_break_nothing_under_the_right_rules() {
    let rightful: [(&str, Start); 9] = [
        ("no-duplicate-link", unlinks_and_links_again),
        ("one-exit-per-link", unlinks_and_links_again),
        ("links-symmetric", unlinks_one_side),
        ("no-lost-link", unlinks_and_links_again),
        ("no-pending-unlink", unlinks_from_both_sides),
        ("monitors-balanced", demonitors),
        ("names-live", dies_with_a_name),
        ("no-unsupervised-survivor", hands_a_child_over),
        ("mailbox-bounded:4", floods),
    ];
    for (invariant, start) in rightful {
        assert_eq!(broken(invariant, &OTP_25, start), None, "{invariant}");
    }
}

#[test]
fn a_name_that_is_no_invariant_is_none() {
    assert!(invariants::ready_made("no-such-thing").is_none());
    assert!(invariants::ready_made("mailbox-bounded:many").is_none());
}
