//! One probe program over four profiles: what AtomVM's releases and OTP 25 answered when it was run
//! on them, and what the process world answers under the profile of each.
//!
//! The table was measured on builds of AtomVM v0.6.2, v0.6.3 and v0.6.6 and on OTP 25.2.3.

use atropos::{
    decisions::{RunIndex, Seeded},
    invariant::Invariants,
    plan::{Conditions, Delivery},
    process::{
        ATOMVM_0_6_2, ATOMVM_0_6_3, ATOMVM_0_6_6, Ctx, Ending, Filter, Message, OTP_25, Pid,
        ProcessWorld, Profile, Raise, Term,
    },
    scheduler::{self, End, Record},
    strategy::StrategyKind,
    world::World,
};
use std::{cell::RefCell, future::Future, pin::Pin, rc::Rc};

type Answers = Rc<RefCell<String>>;
type Probe = fn(Ctx, Answers) -> Pin<Box<dyn Future<Output = Ending>>>;

/// Long enough for everything that is on its way: timers fire when nothing else moves.
const QUIET: u32 = 1_000;

/// A process that ends with the reason it is sent; `unlink` makes it unlink its sender's root first.
async fn peer(ctx: Ctx) -> Ending {
    loop {
        let order = ctx.receive(Filter::User).await.user();
        match order {
            Some(order) if order == Term::atom("unlink") => ctx.unlink(Pid::root(0)).await,
            Some(reason) => return Err(Raise::exit(reason)),
            None => {}
        }
    }
}

async fn settle(ctx: &Ctx) {
    ctx.receive_after(Filter::Matching(Term::atom("never")), QUIET).await;
}

/// EXIT messages in the mailbox.
async fn exits(ctx: &Ctx) -> usize {
    let mut count = 0;
    while ctx.receive_after(Filter::Exit, 0).await.is_some() {
        count += 1;
    }
    count
}

async fn link_times(ctx: &Ctx, peer: Pid, times: u32) {
    for _ in 0..times {
        ctx.link(peer).await.expect("the peer lives");
    }
}

async fn linked_to(ctx: &Ctx, peer: Pid) -> usize {
    ctx.links(ctx.me()).await.into_iter().filter(|&linked| linked == peer).count()
}

async fn links_after_three(ctx: Ctx, answers: Answers) -> Ending {
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 3).await;
    *answers.borrow_mut() = linked_to(&ctx, peer).await.to_string();
    Ok(())
}

async fn exits_after_three(ctx: Ctx, answers: Answers) -> Ending {
    ctx.trap_exit(true).await;
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 3).await;
    ctx.send(peer, "boom").await;
    settle(&ctx).await;
    *answers.borrow_mut() = exits(&ctx).await.to_string();
    Ok(())
}

async fn links_after_trapped(ctx: Ctx, answers: Answers) -> Ending {
    ctx.trap_exit(true).await;
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 1).await;
    ctx.send(peer, "boom").await;
    settle(&ctx).await;
    *answers.borrow_mut() = linked_to(&ctx, peer).await.to_string();
    Ok(())
}

async fn links_after_normal(ctx: Ctx, answers: Answers) -> Ending {
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 1).await;
    ctx.send(peer, "normal").await;
    settle(&ctx).await;
    *answers.borrow_mut() = linked_to(&ctx, peer).await.to_string();
    Ok(())
}

async fn links_after_children(ctx: Ctx, answers: Answers) -> Ending {
    for _ in 0..50 {
        ctx.spawn_link("child", |_| async { Ok(()) }).await;
    }
    settle(&ctx).await;
    *answers.borrow_mut() = ctx.links(ctx.me()).await.len().to_string();
    Ok(())
}

async fn links_after_unlink(ctx: Ctx, answers: Answers) -> Ending {
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 2).await;
    ctx.unlink(peer).await;
    settle(&ctx).await;
    *answers.borrow_mut() = linked_to(&ctx, peer).await.to_string();
    Ok(())
}

async fn killed_after_unlink(ctx: Ctx, answers: Answers) -> Ending {
    let peer = ctx.spawn("peer", peer).await;
    let victim = ctx
        .spawn("victim", move |ctx| async move {
            link_times(&ctx, peer, 2).await;
            ctx.unlink(peer).await;
            ctx.send(peer, "boom").await;
            ctx.receive(Filter::Matching(Term::atom("never"))).await;
            Ok(())
        })
        .await;
    settle(&ctx).await;
    *answers.borrow_mut() = if ctx.is_alive(victim).await { "no" } else { "yes" }.to_owned();
    Ok(())
}

async fn peer_unlinks_one_of_two(ctx: Ctx, answers: Answers) -> Ending {
    ctx.trap_exit(true).await;
    let peer = ctx.spawn("peer", peer).await;
    link_times(&ctx, peer, 2).await;
    ctx.send(peer, "unlink").await;
    settle(&ctx).await;
    let links = linked_to(&ctx, peer).await;
    ctx.send(peer, "boom").await;
    settle(&ctx).await;
    *answers.borrow_mut() = format!("{links}/{}", exits(&ctx).await);
    Ok(())
}

async fn link_to_self(ctx: Ctx, answers: Answers) -> Ending {
    ctx.link(ctx.me()).await.expect("one lives");
    *answers.borrow_mut() = linked_to(&ctx, ctx.me()).await.to_string();
    Ok(())
}

async fn link_to_dead(ctx: Ctx, answers: Answers) -> Ending {
    ctx.trap_exit(true).await;
    let peer = ctx.spawn("peer", |_| async { Ok(()) }).await;
    settle(&ctx).await;
    let linked = ctx.link(peer).await;
    settle(&ctx).await;
    let message = ctx.receive_after(Filter::Exit, 0).await;
    *answers.borrow_mut() = match (linked, message) {
        (Ok(()), Some(Message::Exit { reason: Term::NOPROC, .. })) => "true, EXIT noproc",
        (Err(raise), None) if raise.reason == Term::NOPROC => "error noproc",
        _ => "something else",
    }
    .to_owned();
    Ok(())
}

async fn monitor_then_link(ctx: Ctx, answers: Answers) -> Ending {
    ctx.trap_exit(true).await;
    let peer = ctx.spawn("peer", peer).await;
    ctx.monitor(peer).await;
    ctx.link(peer).await.expect("the peer lives");
    ctx.send(peer, "boom").await;
    settle(&ctx).await;
    let mut order = Vec::new();
    while let Some(message) = ctx.receive_after(Filter::Any, 0).await {
        order.push(match message {
            Message::Exit { .. } => "EXIT",
            Message::Down { .. } => "DOWN",
            Message::User(_) => "?",
        });
    }
    *answers.borrow_mut() = order.join(", ");
    Ok(())
}

macro_rules! probe {
    ($name:ident) => {
        |ctx, answers| Box::pin($name(ctx, answers))
    };
}

/// Probe, then the answers of OTP 25, v0.6.2, v0.6.3, v0.6.6.
const TABLE: [(&str, Probe, [&str; 4]); 11] = [
    ("links after 3x link", probe!(links_after_three), ["1", "3", "1", "1"]),
    ("EXITs after 3x link, trapping", probe!(exits_after_three), ["1", "3", "1", "1"]),
    ("links to the dead after a trapped EXIT", probe!(links_after_trapped), ["0", "1", "0", "0"]),
    ("links to the dead after its normal exit", probe!(links_after_normal), ["0", "1", "1", "0"]),
    ("links after 50 normal children", probe!(links_after_children), ["0", "50", "50", "0"]),
    ("links after 2x link + unlink", probe!(links_after_unlink), ["0", "1", "0", "0"]),
    ("killed after 2x link + unlink", probe!(killed_after_unlink), ["no", "yes", "no", "no"]),
    (
        "peer unlinks one of two: links/EXITs",
        probe!(peer_unlinks_one_of_two),
        ["0/0", "1/1", "0/0", "0/0"],
    ),
    ("link(self()) entries", probe!(link_to_self), ["0", "2", "1", "1"]),
    (
        "link(dead), trapping",
        probe!(link_to_dead),
        ["true, EXIT noproc", "error noproc", "error noproc", "error noproc"],
    ),
    (
        "monitor then link, order on death",
        probe!(monitor_then_link),
        ["EXIT, DOWN", "DOWN, EXIT", "DOWN, EXIT", "DOWN, EXIT"],
    ),
];

const PROFILES: [&Profile; 4] = [&OTP_25, &ATOMVM_0_6_2, &ATOMVM_0_6_3, &ATOMVM_0_6_6];

fn answer(profile: &'static Profile, probe: Probe, delivery: Delivery, run: u64) -> String {
    let answers = Answers::default();
    let mut world = ProcessWorld::new(profile);
    world.reset(&Conditions { delivery, ..Conditions::default() }, false);
    let out = Rc::clone(&answers);
    world.root("probe", move |ctx| probe(ctx, out));
    let mut decisions = Seeded::new(0);
    decisions.start(RunIndex::nth(run), StrategyKind::Uniform, 0, 10_000);
    let invariants = Invariants::new(Vec::new());
    let end =
        scheduler::run(&mut world, &mut decisions, &invariants, 10_000, &mut Record::default());
    assert_eq!(end, End::Settled);
    answers.take()
}

fn check(delivery: Delivery) {
    for (name, probe, expected) in TABLE {
        for (profile, expected) in PROFILES.into_iter().zip(expected) {
            for run in 0..20 {
                let got = answer(profile, probe, delivery, run);
                assert_eq!(
                    got, expected,
                    "{name}, {}, {delivery} delivery, run {run}",
                    profile.name
                );
            }
        }
    }
}

#[test]
fn the_probes_answer_as_the_real_runtimes_under_instant_delivery() {
    check(Delivery::Instant);
}

/// A probe waits until all is quiet before it looks, so delivery makes no difference, but for one:
/// who reads its own links right after it called link or unlink.
#[test]
fn the_probes_answer_the_same_when_signals_travel() {
    check(Delivery::Pairwise);
}
