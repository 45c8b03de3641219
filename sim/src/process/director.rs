//! The director: a root process that tells others what to do, stage by stage.
//!
//! A program given as data is a list of steps, each begun when the world has come to rest. The
//! director is the body that reads it. Its one effect is the *stage*: it cues some actors, each with
//! a command, and goes on when the stage is over. An actor's one effect is its *turn*: it reports on
//! its last command and waits for the next. Cues and reports are no signals: they take no channel,
//! stand in no mailbox, and nobody can link to them.
//!
//! A stage that settles is over when nothing can happen within [`QUIET`] ms of virtual time, so its
//! end is an idle step. One that does not is over with its last report, and the director's next step
//! is a move among others. Either gives up on reports after its limit: the command is then blocked,
//! and its report comes late.
//!
//! A real clock comes no further than that. So where timers fire at any time, one whose deadline lies
//! beyond the stage does not fire in it: the 5 s of a call are no race within a stage of 150 ms.
//!
//! Time ends with the director: what a timer would have brought later is no part of the program.
//!
//! Leaves out: what commands and reports mean. They are terms of whoever wrote the bodies.

use super::{
    Mover, Pid, ProcessWorld, Term,
    kind::{effect, event, reply},
    step::{OVER, Outcome},
    table::Phase,
    term::Terms,
};
use crate::{plan::TimerRule, trace::Trace, word::Words};
use serde::Serialize;

/// A world at rest for this long has settled, in ms of virtual time. The reference interpreter on
/// the BEAM looks four times, a millisecond apart.
const QUIET: u64 = 4;

/// How a stage goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Pace {
    /// Whether the world comes to rest before the next stage.
    pub settles: bool,
    /// How long reports are waited for, in ms; without cues, how long the stage lasts. At most
    /// 2^31 - 1.
    pub limit: u32,
}

impl Pace {
    pub(super) fn packed(self) -> u64 {
        u64::from(self.limit) << 1 | u64::from(self.settles)
    }

    fn unpacked(word: u64) -> Self {
        Pace { settles: word & 1 == 1, limit: (word >> 1) as u32 }
    }
}

/// What became of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub enum Fate {
    /// Nothing yet: the actor is at it, or has not begun.
    Open,
    /// The actor reported.
    Reported(Term),
    /// The actor died before it reported.
    Died,
    /// The actor was dead when it was cued.
    NoProcess,
}

/// A command that an actor was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Cue {
    /// To whom.
    pub actor: Pid,
    /// In which stage, from 0.
    pub stage: u32,
    /// What came of it.
    pub fate: Fate,
    /// The director gave up on it in its stage.
    pub blocked: bool,
    /// The stage in which the director learned of the report.
    pub learned: Option<u32>,
    /// What it was told.
    pub command: Term,
}

/// What the director waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
enum Waits {
    /// Nothing: its next step is due, or it is not in a stage.
    No,
    /// For reports or for time, up to this moment.
    Until(u64),
    /// For quiet.
    Quiet,
}

/// The director's table.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Director {
    pub(super) process: u32,
    pub(super) cues: Vec<Cue>,
    /// How many stages have begun.
    stages: u32,
    /// Cues of the current stage that the director still waits for.
    open: u32,
    settles: bool,
    waits: Waits,
    /// It has come to its end.
    over: bool,
}

impl Director {
    pub(super) fn new(process: u32) -> Self {
        let (settles, waits) = (true, Waits::No);
        Director { process, cues: Vec::new(), stages: 0, open: 0, settles, waits, over: false }
    }

    fn stage(&self) -> u32 {
        self.stages.wrapping_sub(1)
    }

    /// A cue comes to its end.
    fn close(&mut self, cue: u32, fate: Fate) {
        let stage = self.stage();
        let cue = &mut self.cues[cue as usize];
        cue.fate = fate;
        if cue.stage == stage && !cue.blocked {
            self.open -= 1;
        }
    }

    /// The moment up to which it waits for reports or, without cues, for time to pass.
    fn awaits(&self) -> Option<u64> {
        match self.waits {
            Waits::Until(time) if self.open > 0 || self.waits_for_time() => Some(time),
            _ => None,
        }
    }

    fn waits_for_time(&self) -> bool {
        self.stage_cues().next().is_none()
    }

    /// How far it has come, for the state; time counts from now.
    pub(super) fn progress(&self, now: u64) -> [u64; 2] {
        let waits = match self.waits {
            Waits::No => 0,
            Waits::Quiet => 1,
            Waits::Until(time) => 2 + time.saturating_sub(now),
        };
        [u64::from(self.stages) << 1 | u64::from(self.settles), waits]
    }

    fn stage_cues(&self) -> impl Iterator<Item = &Cue> {
        let stage = self.stage();
        self.cues.iter().rev().take_while(move |cue| cue.stage == stage)
    }

    /// The director's patience is over: what is open is blocked.
    fn give_up(&mut self) {
        let stage = self.stage();
        let open = |cue: &&mut Cue| cue.stage == stage && cue.fate == Fate::Open;
        self.cues.iter_mut().filter(open).for_each(|cue| cue.blocked = true);
        self.open = 0;
        self.waits = Waits::Quiet;
    }

    /// Reports that the director learns of now, late ones first as they come, by cue.
    fn learn(&mut self) -> Vec<(u32, Term)> {
        let stage = self.stage();
        let mut news = Vec::new();
        for (index, cue) in self.cues.iter_mut().enumerate() {
            if let (Fate::Reported(report), None) = (cue.fate, cue.learned) {
                cue.learned = Some(stage);
                news.push((index as u32, report));
            }
        }
        news
    }
}

impl ProcessWorld {
    /// Makes the process that was started last the director. There is at most one.
    pub(super) fn appoint(&mut self, process: u32) {
        assert!(self.tables.director.is_none(), "a world has at most one director");
        self.tables.director = Some(Director::new(process));
    }

    /// What the director told others to do, in order.
    pub fn cues(&self) -> &[Cue] {
        self.tables.director.as_ref().map_or(&[], |director| &director.cues)
    }

    /// The director, if there is one.
    pub fn director_pid(&self) -> Option<Pid> {
        self.tables.director.as_ref().map(|director| Pid(director.process))
    }

    /// The director announced a stage: it begins at once.
    pub(super) fn begin_stage(&mut self, me: u32, op: Words, trace: &mut Trace) {
        self.tables.hot[me as usize].phase = Phase::Waiting;
        self.disable(Mover::Process(me));
        self.touches_anything();
        let pace = Pace::unpacked(self.desk.extra());
        let to_whom = |actor: Term| actor.as_pid().map(|pid| pid.0);
        let cues = pairs(&self.desk.terms.borrow(), Term(op.value()), to_whom);
        let now = self.tables.timers.now;
        let Some(director) = self.tables.director.as_mut().filter(|d| d.process == me) else {
            return;
        };
        let reach = now + u64::from(pace.limit);
        director.stages += 1;
        director.settles = pace.settles;
        director.waits = Waits::Until(reach);
        if self.fires_any_time() {
            self.reach_timers(reach);
        }
        for (actor, command) in cues {
            self.cue(me, actor, command, trace);
        }
        self.close_stage_early();
    }

    /// The moment beyond which no timer fires in the stage at hand; `None` in a world without stages.
    pub(super) fn stage_reach(&self) -> Option<u64> {
        let now = self.tables.timers.now;
        self.tables.director.as_ref().map(|director| match director.waits {
            Waits::Until(reach) => reach,
            Waits::Quiet => now + QUIET,
            Waits::No => now,
        })
    }

    fn cue(&mut self, me: u32, actor: u32, command: Term, trace: &mut Trace) {
        trace.push(Words::new(event::CUE, me, actor, command.0));
        let alive = self.counts_as_alive(actor);
        let director = self.tables.director.as_mut().expect("a stage has a director");
        let index = director.cues.len() as u32;
        let fate = if alive { Fate::Open } else { Fate::NoProcess };
        let stage = director.stage();
        let actor_pid = Pid(actor);
        director.cues.push(Cue {
            actor: actor_pid,
            stage,
            fate,
            blocked: false,
            learned: None,
            command,
        });
        if alive {
            director.open += 1;
            self.tables.processes[actor as usize].cued.push_back(index);
            let hot = &self.tables.hot[actor as usize];
            if hot.phase == Phase::Waiting && hot.pending.kind() == effect::TURN {
                self.wake(actor);
            }
        }
    }

    /// A body announced its turn: its report is in, and it waits for a cue.
    pub(super) fn await_turn(&mut self, me: u32, op: Words, trace: &mut Trace) {
        self.fetch(me, trace);
        if let Some(cue) = self.tables.processes[me as usize].following.take() {
            self.report(cue, Fate::Reported(Term(op.value())));
        }
        if self.tables.processes[me as usize].cued.is_empty() {
            self.tables.hot[me as usize].phase = Phase::Waiting;
            self.disable(Mover::Process(me));
        }
    }

    /// A body begins with the command of its oldest cue.
    pub(super) fn turn(&mut self, me: u32, trace: &mut Trace) -> Outcome {
        self.touches_director();
        let cued = self.tables.processes[me as usize].cued.pop_front();
        let cue = cued.expect("a turn is played when there is a cue");
        self.tables.processes[me as usize].following = Some(cue);
        let command = self.cues()[cue as usize].command;
        trace.push(Words::new(event::TURN, me, cue, command.0));
        Words::new(reply::VALUE, 0, 0, command.0)
    }

    /// The commands of a dead actor are over.
    pub(super) fn drop_cues(&mut self, me: u32) {
        if self.tables.director.is_none() {
            return;
        }
        if self.director_pid() == Some(Pid(me)) {
            self.end_time();
        }
        let row = &mut self.tables.processes[me as usize];
        let mut over: Vec<u32> = row.following.take().into_iter().collect();
        over.extend(row.cued.drain(..));
        over.into_iter().for_each(|cue| self.report(cue, Fate::Died));
    }

    /// No timer fires any more.
    fn end_time(&mut self) {
        self.touches_anything();
        if let Some(director) = &mut self.tables.director {
            director.over = true;
        }
        let armed: Vec<u32> = self.tables.timers.armed().map(|(index, _)| index).collect();
        armed.into_iter().for_each(|timer| self.disable(Mover::Timer(timer)));
    }

    /// True once the director has come to its end.
    pub(super) fn time_is_over(&self) -> bool {
        self.tables.director.as_ref().is_some_and(|director| director.over)
    }

    fn report(&mut self, cue: u32, fate: Fate) {
        self.touches_director();
        let Some(director) = &mut self.tables.director else { return };
        director.close(cue, fate);
        self.close_stage_early();
    }

    /// A stage that need not settle is over with its last report.
    fn close_stage_early(&mut self) {
        let Some(director) = &mut self.tables.director else { return };
        if !director.settles && director.open == 0 && !director.waits_for_time() {
            self.end_stage();
        }
    }

    fn end_stage(&mut self) {
        let Some(director) = &mut self.tables.director else { return };
        director.waits = Waits::No;
        let process = director.process;
        self.tables.hot[process as usize].phase = Phase::Running;
        self.enable(Mover::Process(process));
    }

    /// The director's step: the answer is what it learned, a list of `{Cue, Report}`.
    pub(super) fn answer_stage(&mut self, me: u32, trace: &mut Trace) -> Outcome {
        self.touches_anything();
        let now = self.tables.timers.now;
        let Some(director) = &mut self.tables.director else { return OVER };
        trace.push(Words::new(event::STAGE, me, director.stage(), now));
        let news = director.learn();
        let mut terms = self.desk.terms.borrow_mut();
        let news: Vec<Term> = news
            .into_iter()
            .map(|(cue, report)| terms.tuple(&[Term::int(i64::from(cue)), report]))
            .collect();
        Words::new(reply::VALUE, 0, 0, terms.list(&news).0)
    }

    /// Nothing else can happen now: true if that ends the stage, false if a timer is due before.
    pub(super) fn stage_ends(&mut self) -> bool {
        let Some(director) = &mut self.tables.director else { return false };
        let timers = &mut self.tables.timers;
        while director.waits != Waits::No {
            let awaited = director.awaits();
            let quiet = if director.settles { QUIET } else { 0 };
            let horizon = awaited.unwrap_or(timers.now + quiet);
            if timers.earliest().is_some_and(|deadline| deadline <= horizon) {
                return false;
            }
            timers.now = timers.now.max(horizon);
            director.give_up();
            if awaited.is_none() || !director.settles {
                self.end_stage();
                return true;
            }
        }
        false
    }

    /// After a move of a directed world: what is left may be only faults and timers that lie beyond
    /// the stage. Neither shall hold it up.
    #[inline(never)]
    pub(super) fn direct(&mut self) {
        let waits = |director: &Director| director.waits != Waits::No;
        if self.moves.is_empty() || !self.tables.director.as_ref().is_some_and(waits) {
            return;
        }
        let idle = |mv: &crate::moves::Move| match Mover::of(*mv) {
            Mover::Process(_) | Mover::Channel(_) => false,
            Mover::Timer(_) | Mover::Fault => true,
        };
        if !self.moves.all().iter().all(idle) {
            return;
        }
        // It comes behind all that happened before.
        self.touches_anything();
        if !self.stage_ends() && self.conditions.timers == TimerRule::Idle {
            self.let_time_pass();
        }
    }

    /// Actors that will never finish a command: they wait, and no time-out ends it.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = Pid> + '_ {
        let open = self.cues().iter().filter(|cue| cue.fate == Fate::Open);
        let waits = |pid: &Pid| self.tables.processes[pid.index()].timeout.is_none();
        open.map(|cue| cue.actor).filter(waits)
    }
}

/// A list of pairs whose first element `key` reads.
fn pairs(terms: &Terms, list: Term, key: impl Fn(Term) -> Option<u32>) -> Vec<(u32, Term)> {
    let items = terms.items(list).unwrap_or_default().iter();
    let pair = |item: &Term| match terms.elements(*item) {
        Some(&[first, second]) => Some((key(first)?, second)),
        _ => None,
    };
    items.filter_map(pair).collect()
}

/// The cue of a piece of news and its report, as [`super::Ctx::stage`] answers them.
pub(super) fn news(terms: &Terms, list: Term) -> Vec<(u32, Term)> {
    pairs(terms, list, |cue| cue.as_int().map(|cue| cue as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_survives_its_word() {
        for pace in [Pace { settles: true, limit: 150 }, Pace { settles: false, limit: 0 }] {
            assert_eq!(Pace::unpacked(pace.packed()), pace);
        }
    }
}
