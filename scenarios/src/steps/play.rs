//! Plays a step program in CPython's own schedule: the ready queue in order, time when nothing else
//! can happen, collections only where the program asks for them.

use super::{interpret, model::Program};
use atropos::{
    decisions::{Ahead, Decisions, Names},
    event_loop::{EventLoopWorld, Profile},
    invariant::Invariants,
    moves::{Move, MoveSet},
    name::Name,
    plan::{Collect, Conditions, Loop, Order},
    scheduler::{self, End, Record},
    world::World,
};
use std::{cell::RefCell, ops::Range, rc::Rc, sync::Arc};

/// More steps than any program of the vectors makes by far.
const STEPS: u32 = 100_000;

/// What came of a program.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Played {
    /// Its trace.
    pub lines: Vec<String>,
    /// Which lines came while a collection ran: what a collection finalises first is CPython's habit
    /// and no rule.
    pub collections: Vec<Range<usize>>,
    /// An exception left a frame that had variables. In CPython its traceback keeps them, as long as
    /// anybody keeps the exception; in the world in part. Only the world says so.
    pub keeps_frames: bool,
}

impl Played {
    /// The lines, with those of each collection in the order of the alphabet: what two traces are
    /// compared by.
    pub fn canonical(&self) -> Vec<String> {
        let mut lines = self.lines.clone();
        for range in &self.collections {
            lines[range.clone()].sort_unstable();
        }
        lines
    }
}

/// The trace of a program under a profile. A program that can go on no more, or will not end, has the
/// trace that it has by then; one whose tasks are eager where there are no such tasks says
/// `not available`.
pub fn run(program: &Program, profile: &'static Profile) -> Vec<String> {
    play(program, profile).lines
}

/// The same, with what came in collections.
pub fn play(program: &Program, profile: &'static Profile) -> Played {
    let played = Rc::new(RefCell::new(Played::default()));
    let mut world = EventLoopWorld::new(profile);
    set_up(&mut world);
    let (program, trace) = (Arc::new(program.clone()), Rc::clone(&played));
    let kept = interpret::Kept::default();
    let held = kept.clone();
    world.program(|outside| interpret::program(outside, program, trace, held));
    in_order(&mut world);
    // What the world lets go of when it is dropped is no part of the trace.
    let told = played.borrow().clone();
    drop(kept);
    told
}

/// Makes a world ready for a run in CPython's own schedule.
pub fn set_up(world: &mut EventLoopWorld) {
    let event_loop = Some(Loop { order: Order::Fifo, collect: Collect::Off });
    world.reset(&Conditions { event_loop, ..Conditions::PLAIN }, false);
}

/// Plays a world in CPython's own schedule; who is outside answers when the loop has nothing to do.
pub fn in_order(world: &mut EventLoopWorld) -> End {
    let invariants = Invariants::new(Vec::new());
    scheduler::run(world, &mut First, &invariants, STEPS, &mut Record::default())
}

/// The first move of the loop, the harmless value.
struct First;

impl Decisions for First {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let answers = |mv: &Move| matches!(names.name(*mv), Name::Timer(..) | Name::LoopTimer(_));
        let own = moves.all().iter().position(|mv| !answers(mv));
        Some(own.unwrap_or(0))
    }

    fn value(&mut self, _: u32) -> u32 {
        0
    }

    fn ahead(&mut self) -> Ahead {
        Ahead::Harmless
    }
}
