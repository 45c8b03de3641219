//! Random programs: a few processes that do every effect there is to each other.

#![allow(dead_code, reason = "each test file uses its own part")]

pub(crate) mod random_tasks;
pub(crate) mod runs;
pub(crate) mod swaps;
pub(crate) mod task_programs;

use atropos::{
    decisions::Draws,
    plan::{Conditions, Delivery, TimerRule},
    process::{Alias, Ctx, Ending, Filter, Item, Pid, ProcessWorld, Raise, Ref, Term},
};

/// One effect of a random program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    /// Which effect.
    what: u32,
    /// To which root process.
    who: u32,
    /// In which of its ways.
    how: u32,
}

/// Kinds of effects that a random program draws from.
const KINDS: u32 = 34;

/// What each of the root processes does.
pub(crate) type Program = Vec<Vec<Act>>;

/// A program of `processes` processes that do at most `most` effects each.
pub(crate) fn random_program(draws: &mut Draws, processes: u32, most: u32) -> Program {
    let act = |draws: &mut Draws| Act {
        what: draws.below(KINDS),
        who: draws.below(processes),
        how: draws.below(4),
    };
    (0..processes).map(|_| (0..draws.below(most + 1)).map(|_| act(draws)).collect()).collect()
}

/// Any delivery, any timers, at most `faults` faults.
pub(crate) fn random_conditions(draws: &mut Draws, faults: u32) -> Conditions {
    Conditions {
        delivery: [Delivery::Instant, Delivery::Pairwise][draws.below(2) as usize],
        timers: [TimerRule::Idle, TimerRule::Any][draws.below(2) as usize],
        faults: draws.below(faults + 1),
        tasks: None,
        event_loop: None,
    }
}

/// Starts the processes of a program.
pub(crate) fn start(world: &mut ProcessWorld, program: &Program) {
    for acts in program.clone() {
        world.root("p", move |ctx| perform(ctx, acts));
    }
}

/// What a process has in hand.
#[derive(Default)]
struct Hand {
    monitor: Option<Ref>,
    timer: Option<Ref>,
    child: Option<Pid>,
}

async fn perform(ctx: Ctx, acts: Vec<Act>) -> Ending {
    let mut hand = Hand::default();
    for act in acts {
        // A child now and then takes the place of the root process.
        let who = hand.child.filter(|_| act.how == 3).unwrap_or(Pid::root(act.who));
        match act.what {
            0..=7 => relate(&ctx, &mut hand, act, who).await?,
            8..=15 => talk(&ctx, &mut hand, act, who).await?,
            24..=33 => refer(&ctx, &mut hand, act, who).await?,
            _ => live(&ctx, &mut hand, act, who).await?,
        }
    }
    Ok(())
}

/// Links, monitors and exit signals.
async fn relate(ctx: &Ctx, hand: &mut Hand, act: Act, who: Pid) -> Ending {
    match act.what {
        0 | 1 => ctx.link(who).await.unwrap_or_default(),
        2 => ctx.unlink(who).await,
        3 => hand.monitor = Some(ctx.monitor(who).await),
        4 => match hand.monitor {
            Some(monitor) if act.how < 2 => drop(ctx.demonitor(monitor).await),
            Some(monitor) => drop(ctx.demonitor_flush(monitor).await),
            None => ctx.yield_now().await,
        },
        5 => drop(ctx.trap_exit(act.how > 0).await),
        6 => drop(ctx.links(who).await),
        _ => {
            let reason = ["boom", "kill", "normal", "shutdown"][act.how as usize];
            ctx.exit2(who, reason).await;
        }
    }
    Ok(())
}

/// Messages and names.
async fn talk(ctx: &Ctx, hand: &mut Hand, act: Act, who: Pid) -> Ending {
    let name = ["one", "two"][(act.how % 2) as usize];
    match act.what {
        8 => ctx.send(who, i64::from(act.how)).await,
        9 => drop(ctx.send_name(name, "by_name").await),
        10 => drop(ctx.register(name, who).await),
        11 => drop(ctx.unregister(name).await),
        12 => hand.child = ctx.whereis(name).await.pid().or(hand.child),
        13 => drop(ctx.receive_after(Filter::Any, 0).await),
        14 => drop(ctx.receive_after(Filter::User, 1 + act.how).await),
        _ => {
            let wanted = [Filter::Exit, Filter::Down, Filter::ExitOf(who), Filter::Any];
            let _ = ctx.receive_after(wanted[act.how as usize], 2).await;
        }
    }
    Ok(())
}

/// Aliases, monitors by name, timers by name, and what there is to read.
async fn refer(ctx: &Ctx, hand: &mut Hand, act: Act, who: Pid) -> Ending {
    let name = ["one", "two"][(act.how % 2) as usize];
    let until = [Alias::ExplicitUnalias, Alias::Demonitor, Alias::Reply][act.how as usize % 3];
    let items = [Item::Monitors, Item::MonitoredBy, Item::Messages, Item::TrapExit];
    match act.what {
        24 => hand.monitor = Some(ctx.monitor_with_alias(who, until).await),
        25 => hand.monitor = Some(ctx.monitor_name(name, Some(until)).await),
        26 if act.how == 3 => hand.monitor = Some(ctx.make_ref().await),
        26 => hand.monitor = Some(ctx.alias(until).await),
        27 => match hand.monitor {
            Some(alias) if act.how < 2 => drop(ctx.unalias(alias).await),
            Some(alias) => ctx.send(who, Term::from(alias)).await,
            None => ctx.yield_now().await,
        },
        28 => {
            // Whatever reference somebody sent comes in handy.
            let alias = ctx.poll_after(Term::ANY, 1).await.and_then(|message| message.user());
            if let Some(alias) = alias.and_then(Term::as_ref) {
                ctx.send_ref(alias, "through").await;
            }
        }
        29 => hand.timer = Some(ctx.start_timer_name(act.how, name, "tick").await),
        30 => drop(ctx.info(who, items[act.how as usize]).await),
        31 => ctx.send_name_at_node(name, "at_node").await.unwrap_or_default(),
        32 => {
            let (pid, monitor) = ctx
                .spawn_opt("child", act.how > 0, act.how > 1, |ctx| async move {
                    ctx.sleep(1).await;
                    Ok(())
                })
                .await;
            (hand.child, hand.monitor) = (Some(pid), Some(monitor).filter(|_| act.how > 1));
        }
        _ => hand.timer = Some(ctx.start_timer(act.how, who, "tick").await),
    }
    Ok(())
}

/// Births, deaths and timers.
async fn live(ctx: &Ctx, hand: &mut Hand, act: Act, who: Pid) -> Ending {
    let child = move |ctx: Ctx| async move {
        ctx.send(who, "born").await;
        if act.how == 2 { Err(Raise::exit("bang")) } else { Ok(()) }
    };
    match act.what {
        16 => hand.child = Some(ctx.spawn("child", child).await),
        17 => hand.child = Some(ctx.spawn_link("child", child).await),
        18 => {
            let (pid, monitor) = ctx.spawn_monitor("child", child).await;
            (hand.child, hand.monitor) = (Some(pid), Some(monitor));
        }
        19 => hand.timer = Some(ctx.send_after(act.how, who, "tick").await),
        20 => match hand.timer {
            Some(timer) => drop(ctx.cancel_timer(timer).await),
            None => ctx.yield_now().await,
        },
        21 if act.how == 0 => drop(ctx.monotonic_time().await),
        21 => drop(ctx.is_alive(who).await),
        22 => match ctx.choose(2).await {
            0 => ctx.yield_now().await,
            _ => ctx.send(who, Term::from(who)).await,
        },
        _ if act.how == 3 => return Err(Raise::error("bad")),
        _ => {
            ctx.hold("it", who);
            ctx.mark("here");
            ctx.yield_now().await;
            ctx.release("it");
        }
    }
    Ok(())
}
