//! Who may be dead: a judgement that errs on the safe side.
//!
//! The driver learns of a name from the result of the operation that binds it, and a dead process
//! gives no result. So names may only be used if their binder is proven alive. [`Fates`] follows
//! what could end a process, in any interleaving and with any delay of signals: its own exit, an
//! exception that is not caught, an exit signal, a link to one that may end abnormally.
//!
//! Leaves out `unlink`: a link that once was may still kill.

/// A process, named or not, in order of its making.
pub(super) type Process = usize;

#[derive(Clone, Debug, Default)]
struct Fate {
    /// It may be dead, now or without another deed.
    frail: bool,
    /// Its death may kill those it is linked to.
    violent: bool,
    /// It is known to trap exits.
    traps: bool,
    /// It will hardly live: a hint for what is worth doing, never a proof.
    doomed: bool,
}

#[derive(Clone, Copy, Debug)]
struct Link {
    ends: [Process; 2],
    /// It may not stand yet: the death of one end, even a normal one, can bring a `noproc`.
    fresh: bool,
}

/// What is known of all processes between two steps, and what the step at hand adds.
#[derive(Clone, Debug, Default)]
pub(super) struct Fates {
    fates: Vec<Fate>,
    links: Vec<Link>,
    /// Signals since the world last rested: judged at the end of each step, the flag may change.
    signals: Vec<(Process, Lethal)>,
    /// Changes of the flag since the world last rested.
    flags: Vec<Flag>,
}

/// What an exit signal does to one that traps exits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lethal {
    /// It becomes a message.
    UnlessTrapped,
    /// It kills: `kill`.
    Always,
}

#[derive(Clone, Copy, Debug)]
struct Flag {
    process: Process,
    on: bool,
    /// Its result is awaited before the next step.
    awaited: bool,
}

impl Fates {
    /// A process begins.
    pub(super) fn begin(&mut self) -> Process {
        self.fates.push(Fate::default());
        self.fates.len() - 1
    }

    /// Whether it may be dead.
    pub(super) fn frail(&self, process: Process) -> bool {
        self.fates[process].frail
    }

    /// Whether it will hardly live.
    pub(super) fn doomed(&self, process: Process) -> bool {
        self.fates[process].doomed
    }

    /// It will hardly live.
    pub(super) fn doom(&mut self, process: Process) {
        self.fates[process].doomed = true;
    }

    /// It may end, normally.
    pub(super) fn may_return(&mut self, process: Process) {
        self.fates[process].frail = true;
    }

    /// It may end, with another reason.
    pub(super) fn may_crash(&mut self, process: Process) {
        self.fates[process].frail = true;
        self.fates[process].violent = true;
    }

    /// It may get an exit signal that is not an ignored `normal`.
    pub(super) fn may_get(&mut self, process: Process, lethal: Lethal) {
        self.signals.push((process, lethal));
    }

    /// It may be linked; a link that comes with a spawn stands at once.
    pub(super) fn may_link(&mut self, ends: [Process; 2], with_spawn: bool) {
        self.links.push(Link { ends, fresh: !with_spawn });
    }

    /// It sets its flag.
    pub(super) fn traps(&mut self, process: Process, on: bool, awaited: bool) {
        self.flags.push(Flag { process, on, awaited });
    }

    /// The step ends.
    pub(super) fn end_step(&mut self, settled: bool) {
        let off = self.flags.iter().filter(|flag| !flag.on).map(|flag| flag.process);
        for process in off.collect::<Vec<_>>() {
            self.fates[process].traps = false;
            self.flags.retain(|flag| flag.process != process || !flag.on);
        }
        for (process, lethal) in self.signals.clone() {
            if lethal == Lethal::Always || !self.fates[process].traps {
                self.may_crash(process);
                self.doom(process);
            }
        }
        while self.spread() {}
        self.rest(settled);
    }

    /// Deaths go along links; says whether any went.
    fn spread(&mut self) -> bool {
        let mut spread = false;
        for link in self.links.clone() {
            let [one, other] = link.ends;
            for (dying, linked) in [(one, other), (other, one)] {
                let kills = self.fates[dying].violent || (link.fresh && self.frail(dying));
                if kills && !self.fates[linked].traps && !self.fates[linked].violent {
                    self.may_crash(linked);
                    spread = true;
                }
            }
        }
        spread
    }

    /// What was begun in the step is known to be done: all of it if the world came to rest.
    fn rest(&mut self, settled: bool) {
        let (done, open): (Vec<Flag>, Vec<Flag>) =
            self.flags.iter().partition(|flag| settled || flag.awaited);
        for flag in done.iter().filter(|flag| flag.on) {
            self.fates[flag.process].traps = true;
        }
        self.flags = open;
        if settled {
            self.signals.clear();
            self.links.iter_mut().for_each(|link| link.fresh = false);
        }
    }
}
