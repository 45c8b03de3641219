//! Every short duel of links and unlinks, in every schedule, with signals that travel.
//!
//! Two processes do up to three link or unlink each; then one of them exits or not. OTP's protocol
//! holds in all of them. AtomVM v0.6.6 breaks in exactly the ways that its source lets one expect,
//! and in no other: no duplicate, no half link, no active entry for the dead.

use atropos::{
    check::enumerate::{Bounds, enumerate},
    invariant::Invariants,
    plan::{Conditions, Delivery},
    process::{
        ATOMVM_0_6_6, Ctx, Ending, Filter, OTP_25, Pid, ProcessWorld, Profile, Raise, Term,
        invariants,
    },
    world::World,
};
use std::collections::BTreeSet;

#[derive(Clone, Copy, Debug)]
enum Act {
    Link,
    Unlink,
}

async fn duellist(ctx: Ctx, peer: Pid, acts: Vec<Act>, exits: bool) -> Ending {
    ctx.trap_exit(true).await;
    for act in acts {
        match act {
            Act::Link => ctx.link(peer).await.unwrap_or_default(),
            Act::Unlink => ctx.unlink(peer).await,
        }
    }
    if exits {
        return Err(Raise::exit("boom"));
    }
    ctx.receive(Filter::Matching(Term::atom("never"))).await;
    Ok(())
}

/// All sequences of at most `most` acts.
fn sequences(most: usize) -> Vec<Vec<Act>> {
    let mut all = vec![Vec::new()];
    let mut last = all.clone();
    for _ in 0..most {
        let longer = |acts: &Vec<Act>| {
            [Act::Link, Act::Unlink].map(|act| [acts.clone(), vec![act]].concat())
        };
        last = last.iter().flat_map(longer).collect();
        all.extend(last.clone());
    }
    all
}

/// The invariants that some schedule of some duel breaks.
fn broken(profile: &'static Profile, delivery: Delivery, most: usize) -> BTreeSet<String> {
    let conditions = Conditions { delivery, ..Conditions::default() };
    let mut world = ProcessWorld::new(profile);
    let mut broken = BTreeSet::new();
    for first in sequences(most) {
        for second in sequences(most) {
            for exits in [false, true] {
                // Each invariant by itself, so that the first one violated hides no other.
                for rule in invariants::links() {
                    if broken.contains(rule.name) {
                        continue;
                    }
                    let start = |world: &mut ProcessWorld| {
                        world.reset(&conditions, false);
                        let (first, second) = (first.clone(), second.clone());
                        world.root("a", move |ctx| duellist(ctx, Pid::root(1), first, false));
                        world.root("b", move |ctx| duellist(ctx, Pid::root(0), second, exits));
                    };
                    let bounds = Bounds { runs: 1_000_000, steps: 1_000 };
                    let rules = Invariants::new(vec![rule]);
                    let all = enumerate(&mut world, &rules, bounds, start, |_, _| {});
                    assert!(all.closed, "{first:?} against {second:?} is too large");
                    broken.extend(all.violations.into_keys());
                }
            }
        }
    }
    broken
}

#[test]
fn the_link_protocol_of_otp_holds_in_every_schedule_of_every_duel() {
    assert_eq!(broken(&OTP_25, Delivery::Pairwise, 3), BTreeSet::new());
    assert_eq!(broken(&OTP_25, Delivery::Instant, 3), BTreeSet::new());
}

#[test]
fn v0_6_6_loses_links_and_acknowledgements_and_lets_an_exit_through() {
    let expected = ["no-lost-link", "no-pending-unlink", "one-exit-per-link"];
    assert_eq!(
        broken(&ATOMVM_0_6_6, Delivery::Pairwise, 2),
        expected.map(str::to_owned).into(),
        "relink before the acknowledgement; crossed unlinks; an exit that was on its way at unlink"
    );
}

#[test]
fn v0_6_6_holds_where_every_signal_is_handled_at_once() {
    assert_eq!(broken(&ATOMVM_0_6_6, Delivery::Instant, 3), BTreeSet::new());
}
