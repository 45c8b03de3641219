//! Every short duel of links and unlinks, in every schedule, with signals that travel.
//!
//! Two processes, linked or not, do up to three link or unlink each; then one, both or none of them
//! exit. OTP's protocol holds in all of them. AtomVM v0.6.6 breaks in exactly the ways that its
//! source lets one expect (each told by a small program of its own below), and in no other: no
//! duplicate, no half link, no active entry for the dead, no two EXITs for one link.

use atropos::{
    check::enumerate::{Bounds, enumerate},
    invariant::Invariants,
    plan::{Conditions, Delivery},
    process::{
        ATOMVM_0_6_2, ATOMVM_0_6_3, ATOMVM_0_6_6, Ctx, Ending, Filter, Message, OTP_25, Pid,
        ProcessWorld, Profile, Raise, Term, invariants,
    },
    world::World,
};
use std::{cell::RefCell, collections::BTreeSet, future::Future, pin::Pin, rc::Rc};

const NEVER: Filter = Filter::Matching(Term::atom("never"));
const ALL: Bounds = Bounds { runs: 1_000_000, steps: 1_000 };

#[derive(Clone, Copy, Debug)]
enum Act {
    Link,
    Unlink,
}

/// What one of two processes does.
#[derive(Clone, Debug)]
struct Part {
    acts: Vec<Act>,
    exits: bool,
}

impl Part {
    async fn play(self, ctx: Ctx, peer: Pid) -> Ending {
        ctx.trap_exit(true).await;
        for act in self.acts {
            match act {
                Act::Link => ctx.link(peer).await.unwrap_or_default(),
                Act::Unlink => ctx.unlink(peer).await,
            }
        }
        if self.exits {
            return Err(Raise::exit("boom"));
        }
        ctx.receive(NEVER).await;
        Ok(())
    }
}

/// Two processes, the second a child of the first.
#[derive(Clone, Debug)]
struct Duel {
    linked: bool,
    parts: [Part; 2],
}

impl Duel {
    fn start(&self, world: &mut ProcessWorld) {
        let Duel { linked, parts: [first, second] } = self.clone();
        world.root("a", move |ctx| async move {
            let second = |ctx: Ctx| second.play(ctx, Pid::root(0));
            let peer = match linked {
                true => ctx.spawn_link("b", second).await,
                false => ctx.spawn("b", second).await,
            };
            first.play(ctx, peer).await
        });
    }
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

/// All duels of at most `most` acts a side.
fn duels(most: usize) -> impl Iterator<Item = Duel> {
    let part = |acts: &Vec<Act>, exits| Part { acts: acts.clone(), exits };
    let ends = [(false, false), (false, true), (true, false), (true, true)];
    let sequences = sequences(most);
    let pairs: Vec<_> =
        sequences.iter().flat_map(|a| sequences.iter().map(move |b| (a, b))).collect();
    let duels: Vec<_> = pairs
        .into_iter()
        .flat_map(|(a, b)| ends.map(|(first, second)| [part(a, first), part(b, second)]))
        .flat_map(|parts| [false, true].map(|linked| Duel { linked, parts: parts.clone() }))
        .collect();
    duels.into_iter()
}

/// The invariants that some schedule of some duel breaks. Each is watched by itself, so that the
/// first one violated hides no other.
fn broken(profile: &'static Profile, delivery: Delivery, most: usize) -> BTreeSet<String> {
    let conditions = Conditions { delivery, ..Conditions::default() };
    let mut world = ProcessWorld::new(profile);
    let mut broken = BTreeSet::new();
    for rule in 0..invariants::links().len() {
        let rules = Invariants::new(invariants::links().into_iter().skip(rule).take(1).collect());
        for duel in duels(most) {
            let start = |world: &mut ProcessWorld| {
                world.reset(&conditions, false);
                duel.start(world);
            };
            let all = enumerate(&mut world, &rules, ALL, start, |_, _| {});
            assert!(all.closed, "{duel:?} is too large");
            broken.extend(all.violations.into_keys());
            if broken.contains(rules.all()[0].name) {
                break;
            }
        }
    }
    broken
}

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn the_link_protocol_of_otp_holds_in_every_schedule_of_every_duel() {
    assert_eq!(broken(&OTP_25, Delivery::Instant, 3), set(&[]));
    assert_eq!(broken(&OTP_25, Delivery::Pairwise, 3), set(&[]));
}

#[test]
fn v0_6_6_loses_links_and_acknowledgements_and_lets_an_exit_through_and_nothing_else() {
    assert_eq!(
        broken(&ATOMVM_0_6_6, Delivery::Pairwise, 3),
        set(&["no-lost-link", "no-pending-unlink", "one-exit-per-link"]),
        "relink before the acknowledgement; crossed unlinks; an exit that was on its way at unlink"
    );
}

#[test]
fn v0_6_6_holds_where_every_signal_is_handled_at_once() {
    assert_eq!(broken(&ATOMVM_0_6_6, Delivery::Instant, 3), set(&[]));
}

#[test]
fn v0_6_3_keeps_entries_of_the_dead_and_breaks_nothing_else() {
    // In a process that traps the entry goes with the EXIT; an unlink that comes too late keeps it.
    assert_eq!(broken(&ATOMVM_0_6_3, Delivery::Instant, 2), set(&[]));
    assert_eq!(
        broken(&ATOMVM_0_6_2, Delivery::Instant, 2),
        set(&["no-duplicate-link", "no-link-to-dead", "one-exit-per-link"])
    );
}

type Notes = Rc<RefCell<Vec<String>>>;
type Code = Pin<Box<dyn Future<Output = Ending>>>;

/// The notes of a program over every schedule (schedules that lead to one state count as one, so
/// notes of two processes must be ordered by what happens), and the invariants of links that it breaks.
fn told(
    profile: &'static Profile,
    delivery: Delivery,
    program: impl Fn(Ctx, Notes) -> Code,
) -> [BTreeSet<String>; 2] {
    let conditions = Conditions { delivery, ..Conditions::default() };
    let notes = Notes::default();
    let (mut outcomes, mut broken) = (BTreeSet::new(), BTreeSet::new());
    for rule in 0..=invariants::links().len() {
        let rules = Invariants::new(invariants::links().into_iter().skip(rule).take(1).collect());
        let start = |world: &mut ProcessWorld| {
            notes.borrow_mut().clear();
            world.reset(&conditions, false);
            world.root("a", |ctx| program(ctx, Rc::clone(&notes)));
        };
        let all = enumerate(&mut ProcessWorld::new(profile), &rules, ALL, start, |_, _| {
            // Without a rule every run goes to its end.
            if rules.all().is_empty() {
                outcomes.insert(notes.borrow().join(" "));
            }
        });
        assert!(all.closed, "the program is too large to explore");
        broken.extend(all.violations.into_keys());
    }
    [outcomes, broken]
}

fn note(notes: &Notes, text: impl Into<String>) {
    notes.borrow_mut().push(text.into());
}

/// Waits until it is quiet and notes the EXITs that came.
async fn note_exits(ctx: &Ctx, notes: &Notes) {
    ctx.receive_after(NEVER, 1_000).await;
    while let Some(Message::Exit { reason, .. }) = ctx.receive_after(Filter::Exit, 0).await {
        let is_boom = reason == Term::atom("boom");
        note(notes, if is_boom { "EXIT:boom" } else { "EXIT:other" });
    }
}

async fn stays(ctx: Ctx) -> Ending {
    ctx.trap_exit(true).await;
    ctx.receive(NEVER).await;
    Ok(())
}

fn boom(_: Ctx) -> std::future::Ready<Ending> {
    std::future::ready(Err(Raise::exit("boom")))
}

fn link_unlink_link(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        ctx.trap_exit(true).await;
        let peer = ctx.spawn_link("b", stays).await;
        ctx.unlink(peer).await;
        ctx.link(peer).await.expect("the peer lives");
        ctx.receive_after(NEVER, 1_000).await;
        note(&notes, ctx.links(ctx.me()).await.len().to_string());
        ctx.exit2(peer, "kill").await;
        note_exits(&ctx, &notes).await;
        ctx.receive(NEVER).await;
        Ok(())
    })
}

#[test]
fn v0_6_6_loses_a_link_that_is_made_again_before_the_acknowledgement() {
    let [outcomes, broken] = told(&ATOMVM_0_6_6, Delivery::Pairwise, link_unlink_link);
    assert_eq!(outcomes, set(&["0", "1 EXIT:other"]), "lost, or the acknowledgement came first");
    assert_eq!(broken, set(&["no-lost-link"]));
    let [outcomes, broken] = told(&OTP_25, Delivery::Pairwise, link_unlink_link);
    assert_eq!((outcomes, broken), (set(&["1 EXIT:other"]), set(&[])));
}

fn crossed_unlinks(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        ctx.trap_exit(true).await;
        let me = ctx.me();
        let peer = ctx
            .spawn_link("b", move |ctx| async move {
                ctx.unlink(me).await;
                stays(ctx).await
            })
            .await;
        ctx.unlink(peer).await;
        ctx.receive_after(NEVER, 1_000).await;
        // A tombstone makes each later link a silent nothing.
        ctx.link(peer).await.expect("the peer lives");
        ctx.receive_after(NEVER, 1_000).await;
        note(&notes, ctx.links(me).await.len().to_string());
        ctx.receive(NEVER).await;
        Ok(())
    })
}

#[test]
fn v0_6_6_keeps_tombstones_of_crossed_unlinks() {
    let [outcomes, broken] = told(&ATOMVM_0_6_6, Delivery::Pairwise, crossed_unlinks);
    assert_eq!(outcomes, set(&["0", "1"]));
    assert_eq!(broken, set(&["no-lost-link", "no-pending-unlink"]));
    let [outcomes, broken] = told(&OTP_25, Delivery::Pairwise, crossed_unlinks);
    assert_eq!((outcomes, broken), (set(&["1"]), set(&[])));
}

fn link_and_unlink_oneself(ctx: Ctx, _: Notes) -> Code {
    Box::pin(async move {
        ctx.link(ctx.me()).await.expect("one lives");
        ctx.unlink(ctx.me()).await;
        ctx.receive(NEVER).await;
        Ok(())
    })
}

#[test]
fn v0_6_6_keeps_a_tombstone_of_a_link_to_oneself() {
    for delivery in [Delivery::Instant, Delivery::Pairwise] {
        let [_, broken] = told(&ATOMVM_0_6_6, delivery, link_and_unlink_oneself);
        assert_eq!(broken, set(&["no-pending-unlink"]), "{delivery}");
        for profile in [&OTP_25, &ATOMVM_0_6_3] {
            let [_, broken] = told(profile, delivery, link_and_unlink_oneself);
            assert_eq!(broken, set(&[]), "{}, {delivery}", profile.name);
        }
    }
}

fn unlink_against_exit(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        ctx.trap_exit(true).await;
        let peer = ctx.spawn_link("b", boom).await;
        ctx.unlink(peer).await;
        while ctx.receive_after(Filter::Exit, 0).await.is_some() {
            note(&notes, "before");
        }
        note(&notes, "unlinked");
        note_exits(&ctx, &notes).await;
        Ok(())
    })
}

#[test]
fn v0_6_6_lets_an_exit_come_after_unlink_returned() {
    let [outcomes, broken] = told(&ATOMVM_0_6_6, Delivery::Pairwise, unlink_against_exit);
    assert_eq!(outcomes, set(&["unlinked", "before unlinked", "unlinked EXIT:boom"]));
    assert_eq!(broken, set(&["one-exit-per-link"]));
    let [outcomes, broken] = told(&OTP_25, Delivery::Pairwise, unlink_against_exit);
    assert_eq!((outcomes, broken), (set(&["unlinked", "before unlinked"]), set(&[])));
}

fn unlink_then_killed(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        let (_, monitor) = ctx
            .spawn_monitor("victim", |ctx| async move {
                let peer = ctx.spawn_link("b", boom).await;
                ctx.unlink(peer).await;
                ctx.hold("unlinked", peer);
                ctx.receive_after(NEVER, 10).await;
                Ok(())
            })
            .await;
        let Message::Down { reason, .. } = ctx.receive(Filter::DownOf(monitor)).await else {
            unreachable!("a DOWN was awaited")
        };
        note(&notes, if reason == Term::NORMAL { "lived" } else { "killed" });
        Ok(())
    })
}

#[test]
fn v0_6_6_kills_who_has_unlinked() {
    let [outcomes, broken] = told(&ATOMVM_0_6_6, Delivery::Pairwise, unlink_then_killed);
    assert_eq!(outcomes, set(&["lived", "killed"]));
    assert_eq!(broken, set(&["one-exit-per-link"]));
    let [outcomes, broken] = told(&OTP_25, Delivery::Pairwise, unlink_then_killed);
    assert_eq!(outcomes, set(&["lived", "killed"]), "killed before unlink was called");
    assert_eq!(broken, set(&[]));
}

fn link_against_exit(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        ctx.trap_exit(true).await;
        let peer = ctx.spawn("b", boom).await;
        if ctx.link(peer).await.is_err() {
            note(&notes, "noproc");
        }
        note_exits(&ctx, &notes).await;
        Ok(())
    })
}

#[test]
fn a_link_before_the_death_brings_its_reason_and_after_it_an_error_in_atomvm() {
    for profile in [&ATOMVM_0_6_2, &ATOMVM_0_6_3, &ATOMVM_0_6_6] {
        for delivery in [Delivery::Instant, Delivery::Pairwise] {
            let [outcomes, _] = told(profile, delivery, link_against_exit);
            assert_eq!(outcomes, set(&["EXIT:boom", "noproc"]), "{}, {delivery}", profile.name);
        }
    }
}

fn link_again_against_exit(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        ctx.trap_exit(true).await;
        let peer = ctx.spawn_link("b", boom).await;
        if ctx.link(peer).await.is_err() {
            note(&notes, "noproc");
        }
        note_exits(&ctx, &notes).await;
        Ok(())
    })
}

#[test]
fn one_exit_comes_for_one_link_also_where_the_second_link_raises() {
    let [outcomes, broken] = told(&ATOMVM_0_6_6, Delivery::Pairwise, link_again_against_exit);
    assert_eq!((outcomes, broken), (set(&["EXIT:boom", "noproc EXIT:boom"]), set(&[])));
}

fn unlink_of_the_dead(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        let peer = ctx.spawn_link("b", |_| async { Ok(()) }).await;
        ctx.receive_after(NEVER, 1_000).await;
        ctx.unlink(peer).await;
        note(&notes, ctx.links(ctx.me()).await.len().to_string());
        Ok(())
    })
}

#[test]
fn an_unlink_of_the_dead_removes_nothing_before_v0_6_6() {
    let expected =
        [(&OTP_25, "0"), (&ATOMVM_0_6_2, "1"), (&ATOMVM_0_6_3, "1"), (&ATOMVM_0_6_6, "0")];
    for (profile, left) in expected {
        let [outcomes, _] = told(profile, Delivery::Instant, unlink_of_the_dead);
        assert_eq!(outcomes, set(&[left]), "{}", profile.name);
    }
}

fn exit2_against_trap_exit(ctx: Ctx, notes: Notes) -> Code {
    Box::pin(async move {
        let mine = Rc::clone(&notes);
        let (peer, monitor) = ctx
            .spawn_monitor("b", |ctx| async move {
                ctx.trap_exit(true).await;
                note(&mine, "traps");
                note_exits(&ctx, &mine).await;
                Ok(())
            })
            .await;
        ctx.exit2(peer, "boom").await;
        ctx.receive(Filter::DownOf(monitor)).await;
        Ok(())
    })
}

#[test]
fn in_atomvm_the_sender_of_an_exit2_decides_what_it_does() {
    let [outcomes, _] = told(&ATOMVM_0_6_6, Delivery::Pairwise, exit2_against_trap_exit);
    assert_eq!(outcomes, set(&["", "traps", "traps EXIT:boom"]), "it dies although it traps");
    let [outcomes, _] = told(&OTP_25, Delivery::Pairwise, exit2_against_trap_exit);
    assert_eq!(outcomes, set(&["", "traps EXIT:boom"]));
}
