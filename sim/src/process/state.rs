//! The state of a process world as one digest that does not depend on the schedule.
//!
//! Processes, monitors and timers are put in the order of their names, and every pid and reference
//! counts by its name. A body is a function of the answers it has seen, so its history of answers
//! stands for its locals. What invariants read (ghosts included) is part of the state; the clock is
//! not until somebody looks at it, deadlines count from now.

use super::{
    Fate, Mover, Pid, ProcessWorld, Ref, Term,
    kind::{effect, message, reply, spawn},
    table::Tie,
    timers::{Purpose, Timer},
};
use crate::{
    name,
    trace::{Digest, digest_bytes, digest_words},
    word::Words,
};

/// Marks the end of a list, so that two neighbours cannot be read as one.
const END: u64 = u64::MAX;

pub(super) fn digest(world: &ProcessWorld) -> Digest {
    let mut words = Vec::with_capacity(256);
    let mut order: Vec<u32> = (0..world.len() as u32).collect();
    order.sort_unstable_by_key(|&process| world.tables.id(process));
    order.iter().for_each(|&process| world.process_words(process, &mut words));
    world.channel_words(&order, &mut words);
    let names = world.tables.names.iter();
    names.for_each(|&(name, process)| words.extend([name.0, world.tables.id(process)]));
    world.timer_words(&mut words);
    words.extend(Some(world.tables.timers.now).filter(|_| world.tables.timers.was_read));
    words.push(u64::from(world.tables.faults));
    world.director_words(&mut words);
    digest_words(&words)
}

impl ProcessWorld {
    /// The hash of a term under names.
    pub(super) fn stable(&self, term: Term) -> u64 {
        if !term.is_bound() {
            return term.0;
        }
        self.desk.terms.borrow().stable(term, &|t| match (t.as_pid(), t.as_ref()) {
            (Some(Pid(process)), _) if (process as usize) < self.len() => self.tables.id(process),
            (_, Some(reference)) => self.ref_id(reference),
            _ => t.0,
        })
    }

    fn ref_id(&self, Ref(reference): Ref) -> u64 {
        let timer = self.tables.timers.get(reference & !super::step::TIMER_REF);
        match timer {
            Some(timer) if reference & super::step::TIMER_REF != 0 => {
                name::timer_id(self.tables.id(timer.owner), timer.ordinal)
            }
            _ if (reference as usize) < self.tables.references.len() => {
                self.tables.reference_id(reference)
            }
            _ => u64::from(reference),
        }
    }

    /// The fields of the answer to an effect under names: who, arg, value.
    pub(super) fn stable_words(&self, op: Words, answer: Words) -> (u64, u64, u64) {
        let who = self.tables.processes.get(answer.who() as usize).map_or(0, |row| row.id);
        let names_a_ref = match op.kind() {
            effect::MONITOR | effect::MONITOR_NAME | effect::MAKE_REF => true,
            effect::SEND_AFTER | effect::SEND_AFTER_NAME => true,
            effect::START_TIMER | effect::START_TIMER_NAME => true,
            effect::SPAWN => op.arg() & spawn::MONITOR != 0,
            _ => answer.kind() == reply::MESSAGE + message::DOWN,
        };
        let arg = if names_a_ref { self.ref_id(Ref(answer.arg())) } else { answer.arg().into() };
        (who, arg, self.stable(Term(answer.value())))
    }

    fn message_words(&self, entry: Words, words: &mut Vec<u64>) {
        let nobody = entry.kind() == message::USER || entry.who() == message::NO_ONE;
        let from = if nobody { 0 } else { self.tables.id(entry.who()) };
        let arg = match entry.kind() {
            message::DOWN => self.tables.reference_id(entry.arg()),
            _ => u64::from(entry.arg()),
        };
        words.extend([u64::from(entry.kind()), from, arg, self.stable(Term(entry.value()))]);
    }

    fn process_words(&self, process: u32, words: &mut Vec<u64>) {
        let (hot, row) =
            (&self.tables.hot[process as usize], &self.tables.processes[process as usize]);
        let id = |&process: &u32| self.tables.id(process);
        let waits = row.timeout.is_some();
        let flags = [hot.trapping, hot.doomed, hot.timed_out, waits, row.monitors_first];
        let bits = flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag));
        // Where a director asks, all that is told stands in its table: what the dead have seen has no
        // bearing on it.
        let forgets = self.tables.director.is_some() && !hot.phase.is_alive();
        let history = if forgets { 0 } else { hot.history };
        words.extend([row.id, history, hot.phase as u64, bits, u64::from(row.cursor)]);
        words.push(row.reason.map_or(0, |reason| self.stable(reason)));
        words.push(row.registered.map_or(0, |name| name.0));
        row.mailbox.iter().for_each(|&entry| self.message_words(entry, words));
        words.push(END);
        for tie in &row.ties {
            match *tie {
                Tie::Link { peer, pending } => words.extend([1, id(&peer), u64::from(pending)]),
                Tie::Watch { monitor } => words.extend([2, self.tables.reference_id(monitor), 0]),
            }
        }
        words.push(END);
        self.sorted_words(row.owed.iter().map(id), words);
        self.sorted_words(row.mourned.iter().map(id), words);
        for (label, pid) in &row.holds {
            words.extend([digest_bytes(label.as_bytes()).0 as u64, id(pid)]);
        }
        words.push(END);
        for row in self.tables.references.iter().filter(|row| row.owner == process) {
            let flags = u64::from(row.alias) << 1 | u64::from(row.active);
            words.extend([u64::from(row.ordinal) << 8 | flags, id(&row.target)]);
            words.push(self.stable(row.object));
        }
        words.push(END);
        // The history stands for these until a turn forgets it.
        words.extend([row.children, row.references_made, row.timers_made].map(u64::from));
        words.extend([row.unlinks_made, row.following.map_or(0, |cue| cue + 1)].map(u64::from));
        words.extend(row.cued.iter().map(|&cue| u64::from(cue)));
        words.push(END);
        words.extend(row.state.map(|state| self.stable(state)));
    }

    fn sorted_words(&self, ids: impl Iterator<Item = u64>, words: &mut Vec<u64>) {
        let from = words.len();
        words.extend(ids);
        words[from..].sort_unstable();
        words.push(END);
    }

    fn channel_words(&self, order: &[u32], words: &mut Vec<u64>) {
        for &from in order {
            let mut outgoing: Vec<(u64, u32)> = self.tables.processes[from as usize]
                .outgoing
                .iter()
                .filter(|&&(_, channel)| !self.tables.channels[channel as usize].queue.is_empty())
                .map(|&(to, channel)| (self.tables.id(to), channel))
                .collect();
            outgoing.sort_unstable();
            for (to, channel) in outgoing {
                words.extend([self.tables.id(from), to]);
                for &signal in &self.tables.channels[channel as usize].queue {
                    let arg = self.signal_arg(signal);
                    let who = self.tables.id(signal.who());
                    let value = self.stable(Term(signal.value()));
                    words.extend([u64::from(signal.kind()), who, arg, value]);
                }
                words.push(END);
            }
        }
        words.push(END);
    }

    fn signal_arg(&self, signal: Words) -> u64 {
        use super::kind::signal::{ALIAS_MESSAGE, DEMONITOR, DOWN, MONITOR};
        match signal.kind() {
            MONITOR | DEMONITOR | DOWN | ALIAS_MESSAGE => self.tables.reference_id(signal.arg()),
            _ => u64::from(signal.arg()),
        }
    }

    fn timer_words(&self, words: &mut Vec<u64>) {
        let mut timers: Vec<[u64; 4]> =
            self.tables.timers.armed().map(|(index, t)| self.timer_row(index, t)).collect();
        timers.sort_unstable();
        words.extend(timers.iter().flatten());
        words.push(END);
    }

    /// The director's table: what was told, what came of it, what is waited for.
    fn director_words(&self, words: &mut Vec<u64>) {
        let Some(director) = &self.tables.director else { return };
        words.extend(director.progress(self.tables.timers.now));
        for cue in &director.cues {
            let (fate, report) = match cue.fate {
                Fate::Open => (0, 0),
                Fate::Reported(report) => (1, self.stable(report)),
                Fate::Died => (2, 0),
                Fate::NoProcess => (3, 0),
            };
            let learned = cue.learned.map_or(0, |stage| u64::from(stage) + 1);
            let stage = u64::from(cue.stage);
            words.extend([self.tables.id(cue.actor.0), stage, learned, report]);
            words.push(fate << 1 | u64::from(cue.blocked));
        }
    }

    fn timer_row(&self, index: u32, timer: &Timer) -> [u64; 4] {
        let id = name::timer_id(self.tables.id(timer.owner), timer.ordinal);
        // One of 0 ms is due at once, and may fire once time has passed.
        let can_fire = self.moves.position(Mover::Timer(index).to_move()).is_some();
        let left = timer.deadline.saturating_sub(self.tables.timers.now) << 1 | u64::from(can_fire);
        match timer.purpose {
            Purpose::Timeout => [id, left, 0, 0],
            Purpose::Send { to, message } => [id, left, self.tables.id(to), self.stable(message)],
            Purpose::SendName { name, message } => [id, left, name.0, self.stable(message)],
        }
    }
}
