//! The tables of the process world: plain data, changed only while a move is played.

use super::{
    director::Director,
    kind::{alias, effect},
    term::{Pid, Ref, Term},
};
use crate::{name::Path, word::Words};
use serde::{Serialize, Serializer};
use std::{borrow::Cow, cmp::Ordering, collections::VecDeque, hash::Hash, ops};

/// Where a process is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Phase {
    /// Its announced effect can be performed.
    #[default]
    Running,
    /// It waits for a message.
    Waiting,
    /// Dead, with notifications still to make, one a step.
    Exiting,
    /// Dead and done.
    Dead,
}

impl Phase {
    pub(super) fn is_alive(self) -> bool {
        matches!(self, Phase::Running | Phase::Waiting)
    }
}

/// What a step of a process reads and writes each time; two of these fill a cache line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Hot {
    /// The announced effect.
    pub(super) pending: Words,
    /// Hash of all answers the body has seen: with the tables, the whole state.
    pub(super) history: u64,
    pub(super) phase: Phase,
    pub(super) trapping: bool,
    /// An exit signal has hit; the next step is the exit.
    pub(super) doomed: bool,
    /// The time-out of its receive has fired.
    pub(super) timed_out: bool,
    /// It was told of somebody's death.
    pub(super) mourning: bool,
    /// A noproc that it brought upon itself waits to be fetched.
    pub(super) unfetched: bool,
}

/// One end of a link, or one monitor on a process; in AtomVM these are one list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) enum Tie {
    /// `pending` is the id of an unlink that waits for its acknowledgement; 0: the link is active.
    Link { peer: u32, pending: u32 },
    /// Somebody's monitor on this process.
    Watch { monitor: u32 },
}

impl Tie {
    pub(super) fn is_link_to(self, other: u32) -> bool {
        matches!(self, Tie::Link { peer, .. } if peer == other)
    }

    pub(super) fn is_active_link_to(self, other: u32) -> bool {
        matches!(self, Tie::Link { peer, pending: 0 } if peer == other)
    }
}

/// A process, apart from what is [`Hot`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Process {
    /// Its schedule-independent id.
    pub(super) id: u64,
    /// Its spawner; itself for a root.
    pub(super) parent: u32,
    /// Which child of its spawner it is, from 1.
    pub(super) ordinal: u32,
    pub(super) label: Cow<'static, str>,
    /// Must be done when the run ends.
    pub(super) client: bool,
    /// How many children, references, timers and unlinks it has made: the next ordinal of each.
    pub(super) children: u32,
    pub(super) references_made: u32,
    pub(super) timers_made: u32,
    pub(super) unlinks_made: u32,
    pub(super) mailbox: VecDeque<Words>,
    /// The second value of its announced effect, if that has one.
    pub(super) extra: u64,
    /// Where in the mailbox the awaited message stands, if the process is enabled by one.
    pub(super) found: Option<u32>,
    /// The timer of its receive.
    pub(super) timeout: Option<u32>,
    // invariant: in OTP's profile sorted by kind and party, so that the order between parties is no
    // state
    pub(super) ties: Vec<Tie>,
    /// How far the notifications of its death have come; with links first, counted in two passes.
    pub(super) cursor: u32,
    /// Its monitors are told of its death before its links.
    pub(super) monitors_first: bool,
    /// Why it died or is about to.
    pub(super) reason: Option<Term>,
    pub(super) registered: Option<Term>,
    /// Channels to others, by receiver.
    // invariant: sorted by receiver
    pub(super) outgoing: Vec<(u32, u32)>,
    /// Channels from others.
    pub(super) incoming: Vec<u32>,
    /// Peers of whom an EXIT may come: what the calls that returned say, whatever the tables do.
    /// A ghost: no rule reads it, invariants do.
    // invariant: sorted
    pub(super) owed: Vec<u32>,
    /// Processes whose death it has been told of; a ghost, too.
    // invariant: sorted
    pub(super) mourned: Vec<u32>,
    /// What it declared to keep.
    pub(super) holds: Vec<(Cow<'static, str>, u32)>,
    /// The cue that it follows.
    pub(super) following: Option<u32>,
    /// Cues that it has not begun with.
    pub(super) cued: VecDeque<u32>,
    /// The state that it declared, if it is a server.
    pub(super) state: Option<Term>,
    /// What its history was when it was started.
    pub(super) birth: u64,
    /// Nobody else links to it or sends it an exit signal: see Ctx::shelter.
    pub(super) sheltered: bool,
    /// Nobody but its spawner knows of it: see Ctx::hide.
    pub(super) hidden: bool,
    /// Why its body panicked.
    pub(super) panic: Option<String>,
}

impl Process {
    /// Makes a used row as good as new, keeping its memory.
    fn renew(&mut self) {
        self.client = false;
        self.extra = 0;
        (self.children, self.references_made, self.timers_made, self.unlinks_made) = (0, 0, 0, 0);
        self.mailbox.clear();
        self.found = None;
        self.timeout = None;
        self.ties.clear();
        self.cursor = 0;
        self.reason = None;
        self.registered = None;
        self.outgoing.clear();
        self.incoming.clear();
        self.owed.clear();
        self.mourned.clear();
        self.holds.clear();
        self.monitors_first = false;
        (self.sheltered, self.hidden) = (false, false);
        self.following = None;
        self.cued.clear();
        self.state = None;
        self.panic = None;
    }
}

/// Signals on their way from one process to another, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Channel {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) queue: VecDeque<Words>,
}

/// A reference that is no timer: a monitor, an alias, both, or neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub(super) struct Reference {
    pub(super) owner: u32,
    /// Whom it monitors; its owner if nobody.
    pub(super) target: u32,
    /// Which reference of its owner it is, from 1.
    pub(super) ordinal: u32,
    /// It is a monitor that was not ended and whose DOWN has not arrived.
    pub(super) active: bool,
    /// When it ends as an alias, one of [`alias`].
    pub(super) alias: u32,
    /// What a DOWN of it names: a pid or `{Name, Node}`; `undefined` if it never was a monitor.
    pub(super) object: Term,
}

impl Reference {
    pub(super) fn is_monitor(&self) -> bool {
        self.object != Term::UNDEFINED
    }

    /// The end of the monitor is that of an alias that was made with it.
    pub(super) fn end_monitor(&mut self) {
        self.active = false;
        if matches!(self.alias, alias::DEMONITOR | alias::REPLY_DEMONITOR) {
            self.alias = alias::NONE;
        }
    }
}

/// A vector whose rows are kept for the next run.
#[derive(Clone, Debug, Default)]
pub(super) struct Pool<T> {
    rows: Vec<T>,
    used: usize,
}

impl<T: Default> Pool<T> {
    pub(super) fn clear(&mut self) {
        self.used = 0;
    }

    /// Adds a row: a used one as `renew` leaves it, or a new one.
    pub(super) fn add(&mut self, renew: impl FnOnce(&mut T)) -> (u32, &mut T) {
        if self.used == self.rows.len() {
            self.rows.push(T::default());
        }
        let at = self.used;
        self.used += 1;
        renew(&mut self.rows[at]);
        (at as u32, &mut self.rows[at])
    }
}

impl<T> ops::Index<usize> for Pool<T> {
    type Output = T;

    #[inline(always)]
    fn index(&self, at: usize) -> &T {
        &self.rows[at]
    }
}

impl<T> ops::IndexMut<usize> for Pool<T> {
    #[inline(always)]
    fn index_mut(&mut self, at: usize) -> &mut T {
        &mut self.rows[at]
    }
}

impl<T> ops::Deref for Pool<T> {
    type Target = [T];

    #[inline]
    fn deref(&self) -> &[T] {
        &self.rows[..self.used]
    }
}

impl<T> ops::DerefMut for Pool<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.rows[..self.used]
    }
}

impl<T: PartialEq> PartialEq for Pool<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq> Eq for Pool<T> {}

impl<T: Hash> Hash for Pool<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (**self).hash(state);
    }
}

impl<T: Serialize> Serialize for Pool<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(serializer)
    }
}

/// All tables of a process world.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Tables {
    pub(super) hot: Vec<Hot>,
    pub(super) processes: Pool<Process>,
    pub(super) channels: Pool<Channel>,
    pub(super) references: Vec<Reference>,
    /// Registered names.
    // invariant: sorted by name; each pid at most once
    pub(super) names: Vec<(Term, u32)>,
    pub(super) timers: super::timers::Timers,
    /// How many root processes there are.
    pub(super) roots: u32,
    /// How many faults are left.
    pub(super) faults: u32,
    /// Who tells the others what to do, if somebody does.
    pub(super) director: Option<Director>,
}

impl Tables {
    pub(super) fn clear(&mut self, faults: u32) {
        self.hot.clear();
        self.processes.clear();
        self.channels.clear();
        self.references.clear();
        self.names.clear();
        self.timers.clear();
        self.roots = 0;
        self.faults = faults;
        self.director = None;
    }

    /// Adds a process in its first phase; `None` as parent makes a root.
    pub(super) fn add_process(&mut self, parent: Option<u32>, label: Cow<'static, str>) -> u32 {
        let index = self.hot.len() as u32;
        assert!(index < Words::MAX_WHO, "a run holds at most {} processes", Words::MAX_WHO);
        let (parent_id, counter) = match parent {
            Some(parent) => {
                let parent = &mut self.processes[parent as usize];
                (parent.id, &mut parent.children)
            }
            None => (crate::name::root_id(), &mut self.roots),
        };
        *counter += 1;
        let ordinal = *counter;
        let (_, row) = self.processes.add(Process::renew);
        row.id = crate::name::child_id(parent_id, ordinal);
        row.parent = parent.unwrap_or(index);
        row.ordinal = ordinal;
        row.label = label;
        row.birth = row.id;
        self.hot.push(Hot { history: row.id, ..Hot::default() });
        index
    }

    pub(super) fn is_alive(&self, process: u32) -> bool {
        self.hot[process as usize].phase.is_alive()
    }

    pub(super) fn id(&self, process: u32) -> u64 {
        self.processes[process as usize].id
    }

    /// The id of a reference that is no timer, from its owner's.
    pub(super) fn reference_id(&self, reference: u32) -> u64 {
        let Reference { owner, ordinal, .. } = self.references[reference as usize];
        crate::word::mix(self.id(owner) ^ 0x6d6f_6e69, u64::from(ordinal))
    }

    /// The ordinals down to a process.
    pub(super) fn path(&self, process: u32) -> Path {
        let row = &self.processes[process as usize];
        let mut path = if row.parent == process { Path::new() } else { self.path(row.parent) };
        path.push(row.ordinal);
        path
    }

    /// Who comes first by descent: a spawner before its offspring, siblings by age. As ERTS orders
    /// pids, as far as that does not depend on the schedule.
    pub(super) fn by_descent(&self, a: u32, b: u32) -> Ordering {
        let row = |process: u32| &self.processes[process as usize];
        let (mut one, mut other) = (a, b);
        let (mut one_depth, mut other_depth) = (self.depth(a), self.depth(b));
        let ancestor_first = one_depth.cmp(&other_depth);
        while one_depth > other_depth {
            (one, one_depth) = (row(one).parent, one_depth - 1);
        }
        while other_depth > one_depth {
            (other, other_depth) = (row(other).parent, other_depth - 1);
        }
        if one == other {
            return ancestor_first;
        }
        while one_depth > 0 && row(one).parent != row(other).parent {
            (one, other, one_depth) = (row(one).parent, row(other).parent, one_depth - 1);
        }
        row(one).ordinal.cmp(&row(other).ordinal)
    }

    /// How many spawners stand above a process.
    fn depth(&self, process: u32) -> u32 {
        let (mut process, mut depth) = (process, 0);
        while self.processes[process as usize].parent != process {
            (process, depth) = (self.processes[process as usize].parent, depth + 1);
        }
        depth
    }

    pub(super) fn registered(&self, name: Term) -> Option<u32> {
        self.name_at(name).ok().map(|at| self.names[at].1)
    }

    pub(super) fn name_at(&self, name: Term) -> Result<usize, usize> {
        self.names.binary_search_by_key(&name.0, |(name, _)| name.0)
    }

    /// The filter of the receive that a process has announced.
    pub(super) fn awaited(&self, process: u32) -> Option<Words> {
        let pending = self.hot[process as usize].pending;
        (pending.kind() == effect::RECEIVE).then_some(pending)
    }
}

/// A living process as an invariant sees it.
#[derive(Clone, Copy, Debug)]
pub struct ProcessView<'w> {
    pub(super) tables: &'w Tables,
    pub(super) index: u32,
}

impl ProcessView<'_> {
    fn row(&self) -> &Process {
        &self.tables.processes[self.index as usize]
    }

    /// Its pid.
    pub fn pid(&self) -> Pid {
        Pid(self.index)
    }

    /// True until its exit event.
    pub fn is_alive(&self) -> bool {
        self.tables.is_alive(self.index)
    }

    /// Why its exit event is to come, if an exit signal has hit it: it does nothing more, and whoever
    /// asks is told that it is dead.
    pub fn doom(&self) -> Option<Term> {
        self.tables.hot[self.index as usize].doomed.then(|| self.row().reason).flatten()
    }

    /// True if nobody spawned it: it was there before the run began.
    pub fn is_root(&self) -> bool {
        self.row().parent == self.index
    }

    /// Who spawned it; nobody for a root.
    pub fn spawner(&self) -> Option<Pid> {
        (!self.is_root()).then(|| Pid(self.row().parent))
    }

    /// Why it died, if it did.
    pub fn exit_reason(&self) -> Option<Term> {
        (!self.is_alive()).then(|| self.row().reason).flatten()
    }

    /// The peers of its active links, one for each entry.
    pub fn links(&self) -> impl Iterator<Item = Pid> + '_ {
        self.row().ties.iter().filter_map(|tie| match tie {
            Tie::Link { peer, pending: 0 } => Some(Pid(*peer)),
            _ => None,
        })
    }

    /// The peers of links that it has unlinked and that have not acknowledged it.
    pub fn pending_unlinks(&self) -> impl Iterator<Item = Pid> + '_ {
        self.row().ties.iter().filter_map(|tie| match tie {
            Tie::Link { peer, pending } if *pending != 0 => Some(Pid(*peer)),
            _ => None,
        })
    }

    /// Those of whom an EXIT may come, going by what link/1, unlink/1 and spawn_link/1 returned.
    pub fn owed(&self) -> impl Iterator<Item = Pid> + '_ {
        self.row().owed.iter().map(|&peer| Pid(peer))
    }

    /// True if it was told that `pid` died: it took the EXIT or DOWN, or got noproc.
    #[inline]
    pub fn mourns(&self, pid: Pid) -> bool {
        self.row().mourned.binary_search(&pid.0).is_ok()
    }

    /// What it declared to keep.
    pub fn holds(&self) -> impl Iterator<Item = (&str, Pid)> + '_ {
        self.row().holds.iter().map(|(label, pid)| (label.as_ref(), Pid(*pid)))
    }

    /// The state that it declared last, if it is a server ([`super::Ctx::state`]).
    pub fn state(&self) -> Option<Term> {
        self.row().state
    }

    /// How many messages wait for it.
    pub fn mailbox_len(&self) -> usize {
        self.row().mailbox.len()
    }

    /// The name it is registered under.
    pub fn registered(&self) -> Option<Term> {
        self.row().registered
    }

    /// Its monitors on others, ended ones included.
    pub fn monitors(&self) -> impl Iterator<Item = MonitorView> + '_ {
        let rows = self.tables.references.iter().enumerate();
        let mine = rows.filter(|(_, row)| row.owner == self.index && row.is_monitor());
        mine.map(|(index, row)| {
            let tie = Tie::Watch { monitor: index as u32 };
            let known = self.tables.processes[row.target as usize].ties.contains(&tie);
            let (target, object) = (Pid(row.target), row.object);
            MonitorView { reference: Ref(index as u32), target, object, active: row.active, known }
        })
    }

    /// Those who monitor it, one for each monitor.
    pub fn monitored_by(&self) -> impl Iterator<Item = Pid> + '_ {
        self.row().ties.iter().filter_map(|tie| match tie {
            Tie::Watch { monitor } => Some(Pid(self.tables.references[*monitor as usize].owner)),
            Tie::Link { .. } => None,
        })
    }

    /// Its trap_exit flag.
    pub fn is_trapping(&self) -> bool {
        self.tables.hot[self.index as usize].trapping
    }

    /// What it is called for people.
    pub fn label(&self) -> &str {
        &self.row().label
    }
}

/// A monitor as an invariant sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MonitorView {
    /// Its reference.
    pub reference: Ref,
    /// Who is monitored; the owner itself if the name was not bound.
    pub target: Pid,
    /// What its DOWN names.
    pub object: Term,
    /// It was not ended and no DOWN of it has arrived.
    pub active: bool,
    /// The target knows of it.
    pub known: bool,
}
