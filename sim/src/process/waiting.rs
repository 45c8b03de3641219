//! Who is not done among processes, what each waits for and on whom.
//!
//! Whom a receive waits for is known where it can be answered by one process only: the EXIT or the
//! DOWN of somebody, or an answer that bears the reference of a monitor, as `gen_server:call/3`
//! waits for it (OTP 25, gen.erl, do_call/4).

use super::{Pid, ProcessWorld, Ref, Term, kind::filter, table::Phase};
use crate::{site, waiting::Waiting, word::Words};

impl ProcessWorld {
    /// Somebody who must be done is not.
    pub(super) fn is_stuck(&self) -> bool {
        self.missed().next().is_some()
    }

    /// Clients that live, and who plays a cue that is open.
    fn missed(&self) -> impl Iterator<Item = Pid> + '_ {
        let clients = self.processes().filter(|p| self.tables.processes[p.pid().index()].client);
        clients.filter(|p| p.is_alive()).map(|p| p.pid()).chain(self.unfinished())
    }

    pub(super) fn who_waits(&self) -> Vec<Waiting> {
        let missed: Vec<Pid> = self.missed().collect();
        let director = self.director_pid();
        let alive = self.processes().filter(|p| p.is_alive() && Some(p.pid()) != director);
        alive.map(|p| self.waiting_of(p.pid(), missed.contains(&p.pid()))).collect()
    }

    fn waiting_of(&self, pid: Pid, client: bool) -> Waiting {
        let hot = &self.tables.hot[pid.index()];
        let wanted = self.tables.awaited(pid.0).filter(|_| hot.phase == Phase::Waiting);
        let on = wanted.map(|wanted| self.awaited_of(wanted)).unwrap_or_default();
        let on: Vec<String> = on.into_iter().map(|pid| self.shown(pid)).collect();
        let what = match (hot.phase, wanted) {
            (Phase::Waiting, Some(wanted)) => self.receive_text(pid, wanted, &on),
            (Phase::Waiting, None) => "waits for something that is no effect".to_owned(),
            _ => "is not done".to_owned(),
        };
        Waiting { who: self.shown(pid), born: self.born(pid), what, on, client }
    }

    fn receive_text(&self, pid: Pid, wanted: Words, on: &[String]) -> String {
        let what = self.wanted_text(wanted);
        let of = match on {
            [] => String::new(),
            all => format!(" of {}", all.join(" or ")),
        };
        let others = match self.tables.processes[pid.index()].mailbox.len() {
            0 => "an empty mailbox".to_owned(),
            1 => "1 other message in its mailbox".to_owned(),
            n => format!("{n} other messages in its mailbox"),
        };
        let named = matches!(wanted.arg() & filter::KIND, filter::EXIT_FROM);
        let of = if named { "" } else { &of };
        let armed = self.tables.processes[pid.index()].timeout.is_some();
        let until = if armed { "until its time is over" } else { "for ever" };
        format!("waits for {what}{of} {until}, with {others}")
    }

    /// Who alone can answer a receive.
    fn awaited_of(&self, wanted: Words) -> Vec<Pid> {
        let mut whom = match wanted.arg() & filter::KIND {
            filter::EXIT_FROM => vec![Pid(wanted.who())],
            filter::DOWN_OF => self.monitored(Ref(wanted.value() as u32)).into_iter().collect(),
            filter::TERM | filter::ONE_OF => {
                let references = self.desk.terms.borrow().references(Term(wanted.value()));
                references.into_iter().filter_map(|reference| self.monitored(reference)).collect()
            }
            _ => Vec::new(),
        };
        whom.dedup();
        whom
    }

    /// Whom a monitor watches.
    fn monitored(&self, reference: Ref) -> Option<Pid> {
        let row = self.tables.references.get(reference.0 as usize)?;
        row.is_monitor().then_some(Pid(row.target))
    }

    /// Who spawned a process, and where in the code; empty for a root, which is where the scenario
    /// starts.
    fn born(&self, pid: Pid) -> String {
        let parent = self.tables.processes[pid.index()].parent;
        let place = self.places[pid.index()].map(|place| format!(" at {}", site::text(place)));
        match parent == pid.0 {
            true => String::new(),
            false => {
                format!("spawned by {}{}", self.shown(Pid(parent)), place.unwrap_or_default())
            }
        }
    }
}
