//! The world: tables of plain data, the moves they enable, and what each move does.
//!
//! A world owns no clock, no thread, no global and no I/O. It asks [`Decisions`] whenever something
//! is open and pushes an [`Event`] for whatever happens. The kernel knows
//! nothing else of it, so a fourth world needs no change outside its own folder.

use crate::{
    decisions::{Decisions, Names},
    facts::Fact,
    footprint::{Footprint, Resource},
    moves::{Move, MoveSet},
    name::Name,
    plan::Conditions,
    relation::{Relation, Sight},
    timeline::Line,
    trace::{Digest, Event, Trace},
    waiting::Waiting,
};

/// A world that can be run, explored and explained.
pub trait World: Names {
    /// The conditions without those that this world does not know: one without tasks has no
    /// scheduler, one without signals no delivery.
    fn known(drawn: Conditions) -> Conditions
    where
        Self: Sized,
    {
        Conditions { tasks: None, event_loop: None, ..drawn }
    }

    /// Makes the world empty for a new run under these conditions, keeping its memory. `arrivals`
    /// says whether the strategy wants [`MoveSet::arrivals`].
    fn reset(&mut self, conditions: &Conditions, arrivals: bool);

    /// The moves possible now; none means that nothing can happen without time passing.
    fn moves(&self) -> &MoveSet;

    /// The same, for the scheduler to say that arrivals were seen.
    fn moves_mut(&mut self) -> &mut MoveSet;

    /// Whether a move is a step of a process: a delivery, a timer or a fault is none.
    fn is_turn(&self, mv: Move) -> bool {
        matches!(self.name(mv), Name::Process(_))
    }

    /// Plays an enabled move and pushes at least one event.
    fn play(&mut self, mv: Move, decisions: &mut dyn Decisions, trace: &mut Trace);

    /// Called when no move is enabled: lets time pass to whatever comes next. False if nothing
    /// comes: the world has settled. An idle step is a barrier; it is no decision.
    fn wait(&mut self) -> bool;

    /// What a move would touch, as far as its announcement tells.
    fn announced(&self, mv: Move, into: &mut Footprint);

    /// Switches the recording of observed footprints on or off; off costs nothing.
    fn observe(&mut self, on: bool);

    /// Says under which relation footprints are observed from now on, [`Relation::Full`] at first;
    /// false if the world does not know it.
    fn relate(&mut self, relation: Relation) -> bool {
        relation == Relation::Full
    }

    /// What the last played move touched. Meaningful while recording is on.
    fn observed(&self) -> &Footprint;

    /// The last played move as one sees it who goes by what was observed, [`Relation::Observer`]:
    /// `events` are those of the move. `None` if it is no event to him. Meaningful while recording
    /// is on.
    fn sight(&self, _mv: Move, _events: &[Event]) -> Option<Sight> {
        None
    }

    /// Adds what invariants read of the last played move to what it touched, and what it changed that
    /// they alone read. Where nobody calls this, footprints tell of behaviour alone.
    fn join(&mut self, _reads: &Footprint) {}

    /// Who cannot move any more since somebody holds what it wants or has called it off, by its name's
    /// id, with what its step would touch; asked when the world has settled. A receive that waits for
    /// a message wants nothing.
    fn wanted(&self, _into: &mut Vec<(u64, Footprint)>) {}

    /// What a move chooses, among enabled ones of the same mover that exclude each other, whatever the
    /// schedule; 0 where a mover has one move only. Where a choice with its highest bit set cannot be
    /// made, any other of the mover stands for it.
    fn choice(&self, _mv: Move) -> u64 {
        0
    }

    /// What the last played move made possible in place of what may be chosen without it: whose
    /// choices, by their names' ids, and which.
    fn offered(&self, _into: &mut Vec<(u64, u64)>) {}

    /// A stable digest of the whole state: tables and reply histories, under names that do not
    /// depend on the schedule. Two equal digests mean the same future.
    fn state(&self) -> Digest;

    /// A move that stays possible and comes to the same whatever others do before it, if one is known:
    /// where only the ends of runs count, it may go first, alone.
    fn leading(&self) -> Option<Move> {
        None
    }

    /// True if somebody who should be done is not, asked when the world has settled.
    fn stuck(&self) -> bool;

    /// Who is not done and what each waits for: asked of a world that is stuck, and of a run that was
    /// cut.
    fn waiting(&self) -> Vec<Waiting>;

    /// An event as a line for people; `None` for one not worth a line.
    fn line(&self, event: Event) -> Option<Line>;

    /// Adds what is true now, for people: who is alive, who holds whom, what waits where. Asked
    /// between steps, and only by those who tell a run.
    fn facts(&self, _into: &mut Vec<Fact>) {}

    /// What a resource of a footprint is called, for people; `None` for one that tells nothing.
    fn called(&self, _: Resource) -> Option<String> {
        None
    }

    /// True of what every step touches, so that it tells nothing of what led to what.
    fn is_everyones(&self, _: Resource) -> bool {
        false
    }
}
