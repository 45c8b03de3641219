//! The heart: moves, choose, play, observe.
//!
//! One loop serves seeds, tapes and enumeration. It promises that nothing is decided outside
//! [`Decisions`], that each step leaves at least one event, and that every armed invariant has seen
//! every event. It leaves out where answers come from and what a move does.

use crate::{
    decisions::{Ahead, Decisions, Names, RawTape},
    invariant::{Invariants, NO_LIVELOCK, Violation},
    moves::MoveSet,
    rounds,
    timeline::Line,
    trace::{EventMask, Trace},
    waiting,
    world::World,
};

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Nothing more can happen, and everything holds.
    Settled,
    /// An invariant does not hold.
    Violated(Violation),
    /// The decision source had no answer.
    Stopped,
}

impl End {
    /// The violation, if there was one.
    pub fn violation(self) -> Option<Violation> {
        match self {
            End::Violated(violation) => Some(violation),
            End::Settled | End::Stopped => None,
        }
    }
}

/// What a run leaves behind, kept from run to run so that its memory is reused.
#[derive(Clone, Debug, Default)]
pub struct Record {
    /// The events.
    pub trace: Trace,
    /// The decisions.
    pub tape: RawTape,
    /// The `sometimes` points reached, one bit each, by place in the list of invariants.
    pub reached: u64,
}

impl Record {
    pub(crate) fn clear(&mut self) {
        self.trace.clear();
        self.tape.clear();
        self.reached = 0;
    }
}

/// Plays a world that is set up, from its start to its end.
pub fn run<W: World, D: Decisions>(
    world: &mut W,
    decisions: &mut D,
    invariants: &Invariants<W>,
    step_limit: u32,
    record: &mut Record,
) -> End {
    record.clear();
    loop {
        if record.tape.len() >= step_limit as usize && can_move(world) {
            return End::Violated(livelock(world, &record.trace, step_limit));
        }
        if let Some(end) = step(world, decisions, invariants, record) {
            return end;
        }
    }
}

/// Lets time pass until somebody can move; false if the world has settled.
#[inline]
pub(crate) fn can_move<W: World>(world: &mut W) -> bool {
    while world.moves().is_empty() {
        if !world.wait() {
            return false;
        }
    }
    true
}

/// One step: `None` to go on.
#[inline]
pub(crate) fn step<W: World, D: Decisions>(
    world: &mut W,
    decisions: &mut D,
    invariants: &Invariants<W>,
    record: &mut Record,
) -> Option<End> {
    if !can_move(world) {
        return Some(invariants.settled(world).map_or(End::Settled, End::Violated));
    }
    let Some(at) = decisions.next_move(world.moves(), world) else { return Some(End::Stopped) };
    let mv = world.moves().all()[at];
    world.moves_mut().forget_arrivals();
    let seen = record.trace.len();
    record.tape.push(mv, seen);
    record.trace.begin_step();
    world.play(mv, &mut Noting { decisions, values: &mut record.tape.values }, &mut record.trace);
    let fresh = record.trace.fresh();
    assert!(fresh != EventMask::NONE, "a move was played and left no event");
    if !invariants.want(fresh) {
        return None;
    }
    let Record { trace, reached, .. } = record;
    invariants.after_step(world, trace.since(seen), reached).map(End::Violated)
}

/// The verdict on a run that took so many steps, the second half of them round-robin, and has not
/// ended: what goes round at its end, and who is not done.
pub(crate) fn livelock<W: World>(world: &W, trace: &Trace, step_limit: u32) -> Violation {
    let mut evidence = vec![format!(
        "still running after {step_limit} steps, the last {} of them round-robin",
        step_limit.div_ceil(2)
    )];
    let last = trace.since(trace.len().saturating_sub(TAIL));
    let lines: Vec<Line> = last.filter_map(|event| world.line(event)).collect();
    if let Some(round) = rounds::last_round(&lines) {
        evidence.push("again and again:".to_owned());
        evidence.extend(round.iter().map(|line| format!("  {} {}", line.who, line.with_arrow())));
    }
    evidence.extend(waiting::unfinished(&world.waiting()));
    Violation { invariant: NO_LIVELOCK.to_owned(), evidence: evidence.join("\n").into() }
}

/// Of so many of the last events it is seen what comes again and again.
const TAIL: usize = 512;

/// Writes down the values that a move draws.
struct Noting<'a, D> {
    decisions: &'a mut D,
    values: &'a mut Vec<u32>,
}

impl<D: Decisions> Decisions for Noting<'_, D> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        self.decisions.next_move(moves, names)
    }

    fn value(&mut self, options: u32) -> u32 {
        let value = self.decisions.value(options);
        if options > 1 {
            self.values.push(value);
        }
        value
    }

    fn spares(&mut self, from: u32) {
        self.decisions.spares(from);
    }

    fn ahead(&mut self) -> Ahead {
        self.decisions.ahead()
    }
}
