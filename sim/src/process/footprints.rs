//! Footprints of the process world.
//!
//! | kind | resource | written by | read by |
//! |---|---|---|---|
//! | `l` | life of a process | its birth and its exit event | whoever asks or sends |
//! | `d` | doom of a process | what will end it | each of its own steps |
//! | `t` | its trap_exit flag | process_flag | exit signals |
//! | `m` | its mailbox | messages, its receives, its exit | |
//! | `k` | the link of a pair | link, unlink, their signals, the link's exit | |
//! | `o` | the list of its links | reading the list; where order counts, each change | each change |
//! | `r` | a monitor or an alias | monitor, demonitor, DOWN, alias, unalias, messages to it | |
//! | `n` | a registered name | register, unregister, its owner's exit | whereis, send by name |
//! | `g` | the name of a process | the same | |
//! | `i` | a timer of send_after | arming, firing, cancelling | |
//! | `w` | the time-outs of a process | arming and firing one | |
//! | `c` | a channel | sending and delivering | |
//! | `u` | what a process brought upon itself and has not fetched | that, and the fetch | signals, its receives |
//! | `q` | the director's table | turns, reports | |
//! | `s` | what a process has declared and knows | its own steps | invariants |
//! | `h` | who holds a process | invariants that look | hold, release, the holder's exit |

use super::{
    Mover, ProcessWorld, Term,
    kind::{effect, item},
    table::Phase,
    timers::Purpose,
};
use crate::{
    footprint::{Footprint, Resource},
    moves::Move,
    name,
    word::mix,
};

/// Records what a move touches, if somebody wants to know.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    pub(super) on: bool,
    pub(super) print: Footprint,
    /// What it changes that only invariants read: see `reads`.
    pub(super) told: Footprint,
}

impl Recorder {
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        if self.on {
            self.print.clear();
            self.told.clear();
        }
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

    fn channel_of(&self, from: u32, to: u32) -> Resource {
        Resource::new(b'c', name::channel_id(self.tables.id(from), self.tables.id(to)))
    }

    fn timer_of(&self, timer: u32) -> Resource {
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
            Mover::Process(me) => self.announce_step(me, into),
            _ => into.make_opaque(),
        }
    }

    fn announce_step(&self, me: u32, into: &mut Footprint) {
        let hot = &self.tables.hot[me as usize];
        into.read(self.of_process(b'd', me));
        into.read(self.of_process(b'u', me));
        // Each step may end at a receive whose time-out it arms.
        into.write(self.of_process(b'w', me));
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
