//! The same work on the floor, on the process world and on the task world; set-ups of each world.

use super::floor::{Floor, Mailbox, Receive, Yield};
use atropos::{
    decisions::{RunIndex, Seeded},
    event_loop::{CPYTHON_3_11, EventLoopWorld, invariants as of_loops},
    invariant::{Invariant, Invariants, no_deadlock},
    plan::{Budget, Collect, Conditions, Delivery, Loop, Order, Scheduler, Tasks},
    process::{Ctx, Filter, OTP_25, Pid, ProcessWorld, Raise, Term, invariants},
    scheduler::{self, End, Record},
    strategy::StrategyKind,
    task::{TOKIO_1_54, TaskWorld, invariants as of_tasks},
    world::World,
};
use std::rc::Rc;

/// A world with everything on that a campaign has on: trace, digest, invariants.
pub(super) struct Kernel<W: World = ProcessWorld> {
    world: W,
    decisions: Seeded,
    invariants: Invariants<W>,
    record: Record,
    conditions: Conditions,
    strategy: StrategyKind,
    run: u64,
    expected: u32,
}

const NO_LIMIT: u32 = u32::MAX;

impl Kernel {
    pub(super) fn new(delivery: Delivery, strategy: StrategyKind) -> Self {
        let mut rules = invariants::basics();
        rules.extend(invariants::links());
        rules.push(invariants::no_stale_pid());
        let conditions = Conditions { delivery, ..Conditions::default() };
        Kernel::of(ProcessWorld::new(&OTP_25), rules, conditions, strategy)
    }
}

impl Kernel<TaskWorld> {
    pub(super) fn tasks(scheduler: Scheduler) -> Self {
        let mut rules = of_tasks::basics();
        rules.extend([of_tasks::one_attempt_per_key(), of_tasks::no_lost_wakeup()]);
        let tasks = Some(Tasks { scheduler, budget: Budget::Full });
        let conditions = Conditions { tasks, ..Conditions::default() };
        Kernel::of(TaskWorld::new(&TOKIO_1_54), rules, conditions, StrategyKind::Uniform)
    }
}

impl Kernel<EventLoopWorld> {
    /// The collector comes in every step in which a task is lost; that one is lost is no violation.
    pub(super) fn event_loop() -> Self {
        let rules = vec![of_loops::no_panic(), of_loops::exceptions_retrieved(), no_deadlock()];
        let event_loop = Some(Loop { order: Order::Fifo, collect: Collect::Every });
        let conditions = Conditions { event_loop, ..Conditions::default() };
        Kernel::of(EventLoopWorld::new(&CPYTHON_3_11), rules, conditions, StrategyKind::Uniform)
    }
}

impl<W: World> Kernel<W> {
    fn of(
        world: W,
        rules: Vec<Invariant<W>>,
        conditions: Conditions,
        strategy: StrategyKind,
    ) -> Self {
        Kernel {
            world,
            decisions: Seeded::new(7),
            invariants: Invariants::new(rules),
            record: Record::default(),
            conditions,
            strategy,
            run: 0,
            expected: 0,
        }
    }

    /// One run, set-up and tear-down included; returns its steps.
    pub(super) fn run(&mut self, start: impl FnOnce(&mut W)) -> u64 {
        self.set_up(start);
        self.play()
    }

    /// Everything before the first step.
    pub(super) fn set_up(&mut self, start: impl FnOnce(&mut W)) {
        self.world.reset(&self.conditions, self.strategy.wants_arrivals());
        start(&mut self.world);
    }

    /// A run that is set up; returns its steps.
    ///
    /// # Panics
    /// If an invariant is violated: the workloads hold.
    pub(super) fn play(&mut self) -> u64 {
        self.decisions.start(RunIndex::nth(self.run), self.strategy, self.expected, NO_LIMIT);
        self.run += 1;
        let Kernel { world, decisions, invariants, record, .. } = self;
        let end = scheduler::run(world, decisions, invariants, NO_LIMIT, record);
        assert_eq!(end, End::Settled, "the workloads hold");
        std::hint::black_box(record.trace.digest());
        let steps = record.tape.len();
        self.expected = steps as u32;
        steps as u64
    }
}

/// `tasks` tasks that give way `yields` times each.
pub(super) fn floor_yields(floor: &mut Floor, tasks: u32, yields: u32) -> u64 {
    for _ in 0..tasks {
        let shared = Rc::clone(&floor.shared);
        floor.shared.spawn(async move {
            for _ in 0..yields {
                Yield(&shared, false).await;
            }
            0
        });
    }
    floor.run()
}

/// The same as processes, all started before the run.
pub(super) fn yields(world: &mut ProcessWorld, processes: u32, yields: u32) {
    for _ in 0..processes {
        world.root("p", move |ctx| async move {
            for _ in 0..yields {
                ctx.yield_now().await;
            }
            Ok(())
        });
    }
}

/// The same as tasks.
pub(super) fn task_yields(world: &mut TaskWorld, tasks: u32, yields: u32) {
    for _ in 0..tasks {
        let handle = world.handle();
        world.spawn("t", async move {
            for _ in 0..yields {
                handle.yield_now().await;
            }
        });
    }
}

/// Two tasks that send each other `messages` messages in turn.
pub(super) fn floor_ping_pong(floor: &mut Floor, messages: u32) -> u64 {
    let (ping, pong) = (Rc::new(Mailbox::default()), Rc::new(Mailbox::default()));
    for first in [true, false] {
        let shared = Rc::clone(&floor.shared);
        let (mine, theirs) = if first { (&ping, &pong) } else { (&pong, &ping) };
        let (mine, theirs) = (Rc::clone(mine), Rc::clone(theirs));
        floor.shared.spawn(async move {
            for n in 0..messages / 2 {
                if first {
                    theirs.send(&shared, u64::from(n));
                }
                std::hint::black_box(Receive(&shared, &mine).await);
                if !first {
                    theirs.send(&shared, u64::from(n));
                }
            }
            0
        });
    }
    floor.run()
}

/// The same as processes.
pub(super) fn ping_pong(world: &mut ProcessWorld, messages: u32) {
    for me in [0, 1] {
        world.root("p", move |ctx| async move {
            let peer = Pid::root(1 - me);
            for n in 0..messages / 2 {
                if me == 0 {
                    ctx.send(peer, i64::from(n)).await;
                }
                std::hint::black_box(ctx.receive(Filter::Any).await);
                if me == 1 {
                    ctx.send(peer, i64::from(n)).await;
                }
            }
            Ok(())
        });
    }
}

/// What a child does: something, so that its future is no empty type that needs no memory.
async fn newborn(n: u32) -> u64 {
    u64::from(std::hint::black_box(n))
}

/// A task that spawns and joins `children` tasks, one after the other.
pub(super) fn floor_children(floor: &mut Floor, children: u32) -> u64 {
    let shared = Rc::clone(&floor.shared);
    floor.shared.spawn(async move {
        for n in 0..children {
            let child = shared.spawn(newborn(n));
            std::hint::black_box(child.await);
        }
        0
    });
    floor.run()
}

/// The same as processes: spawn_monitor, exit, DOWN.
pub(super) fn children(world: &mut ProcessWorld, children: u32) {
    world.root("parent", move |ctx| async move {
        for n in 0..children {
            let child = move |_| async move {
                newborn(n).await;
                Ok(())
            };
            let (_, monitor) = ctx.spawn_monitor("child", child).await;
            ctx.receive(Filter::DownOf(monitor)).await;
        }
        Ok(())
    });
}

/// The same as tasks: spawn, return, join.
pub(super) fn task_children(world: &mut TaskWorld, children: u32) {
    let handle = world.handle();
    world.spawn("parent", async move {
        for n in 0..children {
            std::hint::black_box(handle.spawn(newborn(n)).await).expect("a child returns");
        }
    });
}

/// A small life: a trapping parent, four linked children that report, one of which crashes.
pub(super) fn lifecycle(world: &mut ProcessWorld) {
    world.root("parent", |ctx| async move {
        ctx.trap_exit(true).await;
        for n in 0..4 {
            ctx.spawn_link("child", move |ctx| child(ctx, n)).await;
        }
        for _ in 0..4 {
            ctx.receive(Filter::User).await;
        }
        for _ in 0..4 {
            ctx.receive(Filter::Exit).await;
        }
        Ok(())
    });
}

async fn child(ctx: Ctx, n: i64) -> Result<(), Raise> {
    let parent = Pid::root(0);
    ctx.monitor(parent).await;
    ctx.yield_now().await;
    ctx.send(parent, n).await;
    if n == 3 { Err(Raise::exit(Term::atom("boom"))) } else { Ok(()) }
}
