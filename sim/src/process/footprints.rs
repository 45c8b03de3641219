//! Footprints of the process world.
//!
//! Under [`Relation::Arrival`] a receive that takes a message depends on that message instead of its
//! mailbox: what is put behind it in the meantime makes no difference to it.
//!
//! | kind | resource | written by | read by |
//! |---|---|---|---|
//! | `l` | life of a process | its birth and its exit event | whoever asks or sends |
//! | `d` | doom of a process | what will end it | each of its own steps |
//! | `t` | its trap_exit flag | process_flag | exit signals |
//! | `m` | its mailbox | messages, its receives, its exit | whoever looks at it |
//! | `e` | a message; by arrival alone | what puts it, what takes it | |
//! | `b` | what stands in a mailbox; by arrival alone | whoever looks at it | what puts and takes |
//! | `k` | the link of a pair | link, unlink, their signals, the link's exit | |
//! | `o` | the list of its links | reading the list; where order counts, each change | each change |
//! | `r` | a monitor or an alias | monitor, demonitor, DOWN, alias, unalias, messages to it | |
//! | `n` | a registered name | register, unregister, its owner's exit | whereis, send by name |
//! | `g` | the name of a process | the same | |
//! | `i` | a timer of send_after | arming, firing, cancelling | |
//! | `w` | the time-outs of a process | arming and firing one | |
//! | `c` | a channel | sending and delivering | |
//! | `u` | what a process brought upon itself and has not fetched | that, and the fetch | signals, its receives |
//! | `p` | who lives | faults, which choose among the living | each birth and exit event |
//! | `q` | the director's table | turns, reports | |
//! | `s` | what a process has declared and knows | its own steps | invariants |
//! | `h` | who holds a process | invariants that look | hold, release, the holder's exit |

use super::{
    Mover, ProcessWorld, Term,
    identity::Identities,
    kind::{effect, item},
    table::Phase,
    timers::Purpose,
};
use crate::{
    footprint::{Footprint, Resource},
    moves::Move,
    name,
    relation::Relation,
    word::mix,
};

/// All that live.
const LIVING: Resource = Resource::new(b'p', 0);

/// Records what a move touches, if somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) on: bool,
    pub(super) print: Footprint,
    /// What it changes that only invariants read: see `reads`.
    pub(super) told: Footprint,
    pub(super) relation: Relation,
    pub(super) messages: Identities,
    /// Channels that a dying process drained: they could have delivered before.
    pub(super) drained: Vec<u32>,
}

impl Recorder {
    pub(super) fn begin(&mut self) {
        self.print.clear();
        self.told.clear();
    }
}

fn pair(a: u64, b: u64) -> u64 {
    mix(a.min(b), a.max(b))
}

impl ProcessWorld {
    #[inline(always)]
    pub(super) fn reads(&mut self, kind: u8, process: u32) {
        if self.recorder.on {
            let resource = self.of_process(kind, process);
            self.recorder.print.read(resource);
        }
    }

    #[inline(always)]
    pub(super) fn writes(&mut self, kind: u8, process: u32) {
        if self.recorder.on {
            let resource = self.of_process(kind, process);
            self.recorder.print.write(resource);
        }
    }

    #[inline(always)]
    fn writes_resource(&mut self, resource: impl FnOnce(&Self) -> Resource) {
        if self.recorder.on {
            let resource = resource(self);
            self.recorder.print.write(resource);
        }
    }

    /// Nothing but what the step reads decides what it touches.
    #[inline(always)]
    pub(super) fn is_plain(&mut self) {
        if self.recorder.on {
            self.recorder.print.make_plain();
        }
    }

    /// What was on its way to a dying process is handled by its exit event.
    pub(super) fn drains(&mut self, channel: u32) {
        self.writes_channel(channel);
        let waits = !self.tables.channels[channel as usize].queue.is_empty();
        if self.recorder.on && waits && !self.recorder.drained.contains(&channel) {
            self.recorder.drained.push(channel);
        }
    }

    /// Deliveries that an exit event made needless.
    pub(super) fn missed_deliveries(&self, into: &mut Vec<(u64, Footprint)>) {
        for &channel in &self.recorder.drained {
            let row = &self.tables.channels[channel as usize];
            let mut print = Footprint::default();
            print.write(self.channel_of(row.from, row.to));
            into.push((name::channel_id(self.tables.id(row.from), self.tables.id(row.to)), print));
        }
    }

    /// A message is put into a mailbox: it comes behind all that stands there.
    #[inline(always)]
    pub(super) fn puts_message(&mut self, to: u32) {
        if self.recorder.on {
            let mailbox = self.of_process(b'm', to);
            self.recorder.print.put(mailbox);
            let message = self.identify(to);
            if self.is_by_arrival() {
                self.reads(b'b', to);
                self.recorder.print.put(Resource::new(b'e', message));
            }
        }
    }

    /// The message that stands there is taken. By arrival that depends on the message alone.
    #[inline(always)]
    pub(super) fn takes_message(&mut self, me: u32, place: usize) {
        if self.recorder.on {
            let message = self.take_identity(me, place);
            if self.is_by_arrival() {
                self.reads(b'b', me);
                self.recorder.print.write(Resource::new(b'e', message.unwrap_or(0)));
            } else {
                self.writes(b'm', me);
            }
        }
    }

    /// A receive finds nothing.
    pub(super) fn finds_nothing(&mut self, me: u32) {
        if self.is_by_arrival() { self.reads(b'm', me) } else { self.writes(b'm', me) }
    }

    /// Somebody looks at a whole mailbox.
    pub(super) fn sees_mailbox(&mut self, of: u32) {
        self.reads(b'm', of);
        if self.is_by_arrival() {
            // What takes and puts reads it, so that the two do not conflict.
            self.writes(b'b', of);
        }
    }

    /// A rule that is wrong may look anywhere in a mailbox.
    fn is_by_arrival(&self) -> bool {
        self.recorder.relation == Relation::Arrival && self.profile.wrong.is_none()
    }

    pub(super) fn writes_link(&mut self, a: u32, b: u32) {
        self.writes_resource(|world| world.link_of(a, b));
        self.reads(b'o', a);
        self.reads(b'o', b);
    }

    /// Reading the whole list excludes every change of it.
    pub(super) fn reads_ties(&mut self, of: u32) {
        self.writes(b'o', of);
    }

    pub(super) fn writes_reference(&mut self, monitor: u32) {
        self.writes_resource(|world| Resource::new(b'r', world.tables.reference_id(monitor)));
    }

    /// The move may touch anything.
    pub(super) fn touches_anything(&mut self) {
        if self.recorder.on {
            self.recorder.print.make_opaque();
        }
    }

    /// A birth or a death: whoever counts the living comes before it or after it.
    pub(super) fn changes_the_living(&mut self) {
        if self.recorder.on {
            self.recorder.print.read(LIVING);
        }
    }

    pub(super) fn counts_the_living(&mut self) {
        self.writes_resource(|_| LIVING);
    }

    pub(super) fn touches_director(&mut self) {
        self.writes_resource(|_| Resource::new(b'q', 0));
    }

    pub(super) fn writes_name(&mut self, name: Term) {
        self.writes_resource(|_| Resource::new(b'n', name.0));
    }

    pub(super) fn reads_name(&mut self, name: Term) {
        if self.recorder.on {
            self.recorder.print.read(Resource::new(b'n', name.0));
        }
    }

    pub(super) fn writes_timer(&mut self, timer: u32) {
        self.writes_resource(|world| world.timer_of(timer));
    }

    #[inline]
    pub(super) fn writes_channel(&mut self, channel: u32) {
        self.writes_resource(|world| {
            let channel = &world.tables.channels[channel as usize];
            world.channel_of(channel.from, channel.to)
        });
    }

    pub(super) fn writes_channel_of(&mut self, from: u32, to: u32) {
        if !self.is_instant() {
            self.writes_resource(|world| world.channel_of(from, to));
        }
    }

    pub(super) fn of_process(&self, kind: u8, process: u32) -> Resource {
        Resource::new(kind, self.tables.id(process))
    }

    pub(super) fn link_of(&self, a: u32, b: u32) -> Resource {
        Resource::new(b'k', pair(self.tables.id(a), self.tables.id(b)))
    }

    pub(super) fn channel_of(&self, from: u32, to: u32) -> Resource {
        Resource::new(b'c', name::channel_id(self.tables.id(from), self.tables.id(to)))
    }

    pub(super) fn timer_of(&self, timer: u32) -> Resource {
        let Some(timer) = self.tables.timers.get(timer) else { return Resource::new(b'i', 0) };
        match timer.purpose {
            Purpose::Timeout => self.of_process(b'w', timer.owner),
            Purpose::Send { .. } | Purpose::SendName { .. } => {
                let id = name::timer_id(self.tables.id(timer.owner), timer.ordinal);
                Resource::new(b'i', id)
            }
        }
    }

    /// What a move would touch. Exact for the frequent effects; what depends on tables that the
    /// move itself changes is opaque.
    pub(super) fn announce(&self, mv: Move, into: &mut Footprint) {
        into.clear();
        match Mover::of(mv) {
            Mover::Process(me) => self.announce_step(mv, me, into),
            _ => into.make_opaque(),
        }
    }

    /// A message that is put or taken, by arrival.
    fn announce_message(&self, mailbox: u32, message: Option<u64>, into: &mut Footprint) {
        if self.recorder.on && self.is_by_arrival() {
            into.read(self.of_process(b'b', mailbox));
            into.write(Resource::new(b'e', message.unwrap_or(0)));
        }
    }

    fn announce_step(&self, mv: Move, me: u32, into: &mut Footprint) {
        let hot = &self.tables.hot[me as usize];
        into.read(self.of_process(b'd', me));
        into.read(self.of_process(b'u', me));
        // Each step may end at a receive whose time-out it arms.
        into.write(self.of_process(b'w', me));
        if self.fires_any_time() {
            into.read(self.of_process(b'm', me));
        }
        if self.tables.director.is_some() {
            // And each may end with a turn, which reports.
            into.write(Resource::new(b'q', 0));
        }
        let (op, value) = (hot.pending, Term(hot.pending.value()));
        let brings =
            |process: u32| self.tables.hot.get(process as usize).is_some_and(|hot| hot.unfetched);
        if hot.doomed || hot.phase == Phase::Exiting || brings(me) || brings(op.who()) {
            return into.make_opaque();
        }
        match op.kind() {
            effect::YIELD | effect::CHOOSE => {}
            effect::SEND => {
                if self.is_instant() || op.who() == me {
                    into.read(self.of_process(b'u', op.who()));
                    into.read(self.of_process(b'l', op.who()));
                    into.write(self.of_process(b'm', op.who()));
                    self.announce_message(op.who(), Some(self.next_message(mv)), into);
                } else {
                    into.write(self.channel_of(me, op.who()));
                    if self.profile.drains_at_death {
                        into.read(self.of_process(b'l', op.who()));
                    }
                }
            }
            // What it has yet to fetch may be what it takes.
            effect::RECEIVE if self.tables.hot[me as usize].unfetched => into.make_opaque(),
            effect::RECEIVE => {
                into.write(self.of_process(b'm', me));
                let found = self.place_found(me);
                self.announce_message(me, found.and_then(|at| self.message_at(me, at)), into);
                if let Some(dead) = self.death_found(me) {
                    into.read(self.of_process(b'l', dead));
                }
            }
            effect::TRAP => into.write(self.of_process(b't', me)),
            effect::ALIVE if self.is_instant() => {
                into.read(self.of_process(b'u', op.who()));
                into.read(self.of_process(b'l', op.who()));
                into.read(self.of_process(b'd', op.who()));
            }
            effect::WHEREIS => into.read(Resource::new(b'n', value.0)),
            effect::INFO if self.is_instant() && op.arg() == item::LINKS => {
                into.read(self.of_process(b'u', op.who()));
                into.read(self.of_process(b'l', op.who()));
                into.read(self.of_process(b'd', op.who()));
                into.write(self.of_process(b'o', op.who()));
            }
            effect::REGISTER => {
                into.write(Resource::new(b'n', value.0));
                into.read(self.of_process(b'l', op.who()));
                into.write(self.of_process(b'g', op.who()));
            }
            _ => into.make_opaque(),
        }
    }
}
