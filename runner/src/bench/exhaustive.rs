//! A small program for the engines that search all schedules.

use atropos::{
    check::{
        Engine, Search,
        dpor::{Draws, Steps},
    },
    moves::Move,
    plan::Conditions,
    process::{Filter, OTP_25, ProcessWorld, Term},
    trace::Trace,
    world::World,
};

/// How many send.
const SENDERS: u32 = 5;

/// Processes that give way and send, and one that receives from all.
pub(super) struct Senders {
    world: ProcessWorld,
    trace: Trace,
}

impl Senders {
    pub(super) fn new() -> Self {
        Senders { world: ProcessWorld::new(&OTP_25), trace: Trace::default() }
    }

    /// Searches all schedules; returns how many runs that took.
    ///
    /// # Panics
    /// If it does not close.
    pub(super) fn search(&mut self, engine: Engine) -> u64 {
        let covered = Search { engine, ..Search::default() }.run(self);
        assert!(covered.closed, "a small program closes");
        covered.runs
    }
}

impl Steps for Senders {
    type World = ProcessWorld;

    fn start(&mut self) {
        self.trace.clear();
        self.world.reset(&Conditions::default(), false);
        let receiver = self.world.root("receiver", |ctx| async move {
            for _ in 0..SENDERS {
                ctx.receive(Filter::Any).await;
            }
            Ok(())
        });
        for sender in 0..SENDERS {
            self.world.root("sender", move |ctx| async move {
                ctx.yield_now().await;
                ctx.send(receiver, Term::int(sender.into())).await;
                Ok(())
            });
        }
    }

    fn world(&mut self) -> &mut ProcessWorld {
        &mut self.world
    }

    fn play(&mut self, mv: Move, draws: &mut Draws) -> bool {
        self.world.play(mv, draws, &mut self.trace);
        true
    }

    fn ended(&mut self) -> bool {
        true
    }
}
