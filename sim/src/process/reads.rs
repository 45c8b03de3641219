//! What invariants read of the tables, as footprints.
//!
//! An invariant that looks at more than its event declares it ([`Invariant::reading`]) by these. Each
//! adds what a look reads; whatever changes it conflicts with the look.
//!
//! Two kinds of things nobody but invariants reads, so their changes stand apart from what a move
//! touches and count only where an invariant asks: what a process has declared and knows (`s`), and
//! who holds a process (`h`).
//!
//! [`Invariant::reading`]: crate::invariant::Invariant::reading

use super::{Pid, ProcessWorld, Term};
use crate::footprint::{Footprint, Resource};

impl ProcessWorld {
    /// Whether a process is alive, and why it ended.
    pub fn reads_life(&self, of: Pid, into: &mut Footprint) {
        into.read(self.of_process(b'l', of.0));
    }

    /// Whether an exit signal has hit a process.
    pub fn reads_doom(&self, of: Pid, into: &mut Footprint) {
        into.read(self.of_process(b'd', of.0));
    }

    /// Whether two processes are linked, at either end.
    pub fn reads_link(&self, a: Pid, b: Pid, into: &mut Footprint) {
        into.read(self.link_of(a.0, b.0));
    }

    /// All links of a process.
    pub fn reads_links(&self, of: Pid, into: &mut Footprint) {
        // Its changes read it, see `footprints`.
        into.write(self.of_process(b'o', of.0));
    }

    /// What stands in a mailbox.
    pub fn reads_mailbox(&self, of: Pid, into: &mut Footprint) {
        into.read(self.of_process(b'm', of.0));
        // By arrival its changes read this: see `footprints`.
        into.write(self.of_process(b'b', of.0));
    }

    /// To whom a name belongs.
    pub fn reads_owner(&self, name: Term, into: &mut Footprint) {
        into.read(Resource::new(b'n', name.0));
    }

    /// What a process has declared (its state, what it holds), whom it has started and whose death it
    /// knows of.
    pub fn reads_declared(&self, of: Pid, into: &mut Footprint) {
        into.read(self.of_process(b's', of.0));
    }

    /// Who holds a process.
    pub fn reads_holders(&self, of: Pid, into: &mut Footprint) {
        // Two who take hold of it do not conflict, so they read and the look writes.
        into.write(self.of_process(b'h', of.0));
    }

    /// A process declares or learns something that only invariants read.
    pub(super) fn declares(&mut self, me: u32) {
        if self.recorder.on {
            let resource = self.of_process(b's', me);
            self.recorder.told.write(resource);
        }
    }

    /// It takes hold of another or lets go of it.
    pub(super) fn holds_otherwise(&mut self, me: u32, held: u32) {
        if self.recorder.on {
            self.declares(me);
            // A root may hold one that is started after it, before any step.
            if (held as usize) < self.len() {
                let resource = self.of_process(b'h', held);
                self.recorder.told.read(resource);
            }
        }
    }

    /// It lets go of all that it holds, as the dead do.
    pub(super) fn holds_nothing(&mut self, me: u32) {
        for at in 0..self.tables.processes[me as usize].holds.len() {
            let held = self.tables.processes[me as usize].holds[at].1;
            self.holds_otherwise(me, held);
        }
        self.tables.processes[me as usize].holds.clear();
    }
}
