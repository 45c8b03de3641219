//! What each event of lc-v1 does, what it touches and what it is called.

use super::{
    program::{Code, Compiled, Operand, TimerCode, Value},
    relation::{Nature, kind},
    state::{Message, Monitor, Notice, Signal, State, Task, Timer},
};
use crate::{
    footprint::{Footprint, Resource},
    word::mix,
};

/// Who acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Actor {
    Process(u32),
    Timer(u32),
    Channel(u32, u32),
}

/// An event that was played.
#[derive(Clone, Debug, Default)]
pub(super) struct Played {
    /// The hash of its id.
    pub(super) id: u64,
    pub(super) full: Footprint,
    pub(super) nature: Nature,
    /// What it was.
    pub(super) text: String,
    /// What came of it, for the process that did it.
    pub(super) result: String,
    /// An event on which it depends beside the one before it: a spawn, an arming.
    pub(super) origin: Option<u64>,
    /// What ties it to others whatever the relation: the first event of a process to its spawn, a
    /// receive to the event that sent its message, an exit to the links that it would have had.
    pub(super) ties: Footprint,
    /// An operation or an exit, not a notification.
    pub(super) is_own: bool,
}

/// One step of a program.
pub(super) struct Step<'a> {
    pub(super) program: &'a Compiled,
    pub(super) state: &'a mut State,
    pub(super) played: Played,
}

impl Step<'_> {
    fn reads(&mut self, kind: u8, id: u32) {
        self.played.full.read(Resource::new(kind, u64::from(id)));
    }

    fn writes(&mut self, kind: u8, id: u32) {
        self.played.full.write(Resource::new(kind, u64::from(id)));
    }

    fn writes_link(&mut self, a: u32, b: u32) {
        self.played.full.write(link_of(a, b));
    }

    /// Makes or breaks a link: the exit of either end comes to something else from now on.
    fn changes_link(&mut self, a: u32, b: u32, linked: bool) {
        if self.state.are_linked(a, b) == linked {
            return;
        }
        for end in [a, b] {
            self.played.ties.read(Resource::new(kind::LINKS, u64::from(end)));
        }
        if linked { self.state.link(a, b) } else { self.state.unlink(a, b) }
    }

    fn writes_monitor(&mut self, monitor: u32) {
        let Monitor { watcher, target, ordinal, .. } = self.state.monitors[monitor as usize];
        let id = mix(mix(u64::from(watcher), u64::from(target)), u64::from(ordinal));
        self.played.full.write(Resource::new(kind::MONITOR, id));
    }

    /// Ties the event to the one that sent a message.
    fn tie(&mut self, message: u64) {
        self.played.ties.write(Resource::new(kind::MESSAGE, message));
    }

    fn writes_channel(&mut self, from: u32, to: u32) {
        let id = u64::from(from) << 32 | u64::from(to);
        self.played.full.write(Resource::new(kind::CHANNEL, id));
    }

    fn name(&self, process: u32) -> &str {
        self.program.processes.name(process)
    }

    /// Plays the next event of an actor.
    pub(super) fn play(&mut self, actor: Actor) {
        match actor {
            Actor::Process(me) => self.process(me),
            Actor::Timer(timer) => self.fire(timer),
            Actor::Channel(from, to) => self.deliver(from, to),
        }
    }

    fn process(&mut self, me: u32) {
        let row = &mut self.state.processes[me as usize];
        row.steps += 1;
        self.played.origin = row.origin.filter(|_| row.steps == 1);
        self.played.id = mix(u64::from(me) << 8, u64::from(row.steps));
        if let Some(notice) = row.notices.pop_front() {
            return self.notify(me, notice);
        }
        self.played.is_own = true;
        self.reads(kind::DOOM, me);
        let row = &self.state.processes[me as usize];
        if let Some(reason) = row.doomed.or(row.failed) {
            return self.exit(me, reason);
        }
        match self.program.code[me as usize].get(row.place as usize).cloned() {
            Some(code) => {
                self.state.processes[me as usize].place += 1;
                self.operation(me, code);
                self.settle(me);
            }
            None => self.exit(me, self.program.reasons.normal),
        }
    }

    /// Follows branches up to the next operation.
    pub(super) fn settle(&mut self, me: u32) {
        loop {
            let row = &mut self.state.processes[me as usize];
            match self.program.code[me as usize].get(row.place as usize) {
                Some(Code::Branch { register, value, equal, place }) => {
                    let holds = (row.registers.get(register) == value.as_ref()) == *equal;
                    row.place = if holds { row.place + 1 } else { *place };
                }
                Some(Code::Jump(place)) => row.place = *place,
                Some(Code::Return) => row.place = self.program.code[me as usize].len() as u32,
                _ => return,
            }
        }
    }

    fn said(&mut self, text: &str, result: impl Into<String>) {
        self.played.text = text.to_owned();
        self.played.result = result.into();
    }

    fn keep(&mut self, me: u32, into: Option<u32>, value: Value) {
        if let Some(register) = into {
            self.state.processes[me as usize].registers.insert(register, value);
        }
    }

    fn value(&self, me: u32, operand: &Operand) -> Value {
        let registers = &self.state.processes[me as usize].registers;
        let value = match operand.register {
            Some(register) => registers.get(&register).cloned().unwrap_or(Value::Int(0)),
            None => operand.value.clone(),
        };
        match value {
            Value::Int(n) => Value::Int(n + operand.plus),
            other => other,
        }
    }

    fn operation(&mut self, me: u32, code: Code) {
        match code {
            Code::Read { var, into } => {
                self.reads(kind::VAR, var);
                let value = self.state.vars[var as usize].clone().unwrap_or(Value::Int(0));
                self.said("read", value.to_string());
                self.keep(me, into, value);
            }
            Code::Write { var, operand } => {
                self.writes(kind::VAR, var);
                let value = self.value(me, &operand);
                self.said("write", "ok");
                self.state.vars[var as usize] = Some(value);
            }
            Code::CasNew { var, operand, into } => self.cas_new(me, var, &operand, into),
            Code::Lock(lock) => {
                self.writes(kind::LOCK, lock);
                self.state.locks[lock as usize] = Some(me);
                self.said("lock", "ok");
            }
            Code::Unlock(lock) => {
                self.writes(kind::LOCK, lock);
                self.state.locks[lock as usize] = None;
                self.said("unlock", "ok");
            }
            Code::Spawn { child, link, monitor } => self.spawn(me, child, link, monitor),
            Code::Send { to, tag } => {
                let text = self.program.words.name(tag).to_owned();
                self.said(&format!("send {} {text}", self.name(to)), "ok");
                self.send(me, to, text);
            }
            Code::SendName { name, tag } => self.send_name(me, name, tag),
            Code::Recv { tag, into, .. } => self.receive(me, tag, into),
            Code::Trap(on) => {
                self.writes(kind::TRAP, me);
                self.state.processes[me as usize].trapping = on;
                self.said("trap", "ok");
            }
            Code::Link(to) => self.link(me, to),
            Code::Unlink(to) => {
                self.writes_link(me, to);
                self.changes_link(me, to, false);
                self.said("unlink", "ok");
            }
            Code::Monitor { to, into } => self.monitor(me, to, into),
            Code::Demonitor { to, flush, into } => self.demonitor(me, to, flush, into),
            Code::Exit(reason) => self.exit(me, reason),
            Code::Exit2 { to, reason } => self.exit2(me, to, reason),
            Code::Register { name, pid, catch, into } => {
                let done = self.register(name, pid);
                self.keep(me, into, Value::Bool(done));
                self.said("register", if done { "ok" } else { "badarg" });
                if !done && !catch {
                    self.fail(me, self.program.reasons.badarg);
                }
            }
            Code::Unregister(name) => self.unregister(me, name),
            Code::Whereis { name, into } => {
                self.reads(kind::NAME, name);
                let found = self.state.names[name as usize].map(|pid| self.name(pid).to_owned());
                let found = found.unwrap_or_else(|| "undefined".to_owned());
                self.said("whereis", found.clone());
                self.keep(me, into, Value::Text(found));
            }
            Code::Alive { of, into } => {
                self.reads(kind::LIFE, of);
                let alive = self.state.is_alive(of);
                self.said("alive", alive.to_string());
                self.keep(me, into, Value::Bool(alive));
            }
            Code::Timer { timer } => {
                self.writes(kind::TIMER, timer);
                self.state.timers[timer as usize] = Timer::Armed;
                self.said("timer", "ok");
            }
            Code::Cancel { timer, into } => {
                self.writes(kind::TIMER, timer);
                let armed = self.state.timers[timer as usize] == Timer::Armed;
                if armed {
                    self.state.timers[timer as usize] = Timer::Cancelled;
                }
                self.said("cancel", armed.to_string());
                self.keep(me, into, Value::Bool(armed));
            }
            Code::Task(task) => {
                self.writes(kind::TASK, task);
                self.writes(kind::ROOT, task);
                let (exists, held) = (true, true);
                self.state.tasks[task as usize] = Task { exists, held, ..Task::default() };
                self.said("task", "ok");
            }
            Code::Dropref(task) => {
                self.writes(kind::ROOT, task);
                self.state.tasks[task as usize].held = false;
                self.said("dropref", "ok");
            }
            Code::Gc => self.collect(),
            Code::RunTask { task, into } => {
                self.writes(kind::TASK, task);
                let row = &mut self.state.tasks[task as usize];
                let runs = row.exists && !row.collected;
                row.ran |= runs;
                self.said("run_task", if runs { "ran" } else { "collected" });
                self.keep(me, into, Value::Bool(runs));
            }
            Code::Nop => self.said("nop", "ok"),
            Code::Branch { .. } | Code::Jump(_) | Code::Return => {
                unreachable!("a settled process stands at an operation")
            }
        }
    }

    /// Takes a variable that is 0.
    fn cas_new(&mut self, me: u32, var: u32, operand: &Operand, into: Option<u32>) {
        let free = matches!(self.state.vars[var as usize], None | Some(Value::Int(0)));
        if free {
            self.writes(kind::VAR, var);
            self.state.vars[var as usize] = Some(self.value(me, operand));
        } else {
            self.reads(kind::VAR, var);
        }
        self.said("cas_new", free.to_string());
        self.keep(me, into, Value::Bool(free));
    }

    fn spawn(&mut self, me: u32, child: u32, link: bool, monitor: bool) {
        self.writes(kind::LIFE, child);
        self.played.ties.write(Resource::new(kind::DOOM, u64::from(child)));
        let row = &mut self.state.processes[child as usize];
        row.born = true;
        row.origin = Some(self.played.id);
        if link {
            self.writes_link(me, child);
            self.changes_link(me, child, true);
        }
        if monitor {
            let monitor = self.new_monitor(me, child);
            self.state.processes[child as usize].watched.push(monitor);
        }
        self.said(&format!("spawn {}", self.name(child)), "ok");
        self.settle(child);
    }

    /// A message from one process to another, or to itself.
    fn send(&mut self, me: u32, to: u32, text: String) {
        self.played.nature.is_message = true;
        let message = Message { text, identity: self.played.id };
        if self.travels(me, to) {
            return self.put(me, to, Signal::Message(message));
        }
        self.message_arrives(to, message);
    }

    fn travels(&self, from: u32, to: u32) -> bool {
        self.program.is_async && from != to
    }

    fn put(&mut self, from: u32, to: u32, signal: Signal) {
        self.writes_channel(from, to);
        self.state.channels.entry((from, to)).or_default().push_back(signal);
    }

    fn message_arrives(&mut self, to: u32, message: Message) {
        self.reads(kind::LIFE, to);
        if self.state.is_alive(to) {
            self.writes(kind::MAILBOX, to);
            self.tie(message.identity);
            self.state.processes[to as usize].mailbox.push_back(message);
        }
    }

    fn send_name(&mut self, me: u32, name: u32, tag: u32) {
        self.reads(kind::NAME, name);
        let text = self.program.words.name(tag).to_owned();
        match self.state.names[name as usize] {
            Some(to) => {
                self.said(&format!("send_name {text}"), "ok");
                self.send(me, to, text);
            }
            None => {
                self.said(&format!("send_name {text}"), "badarg");
                self.played.nature.is_message = true;
                self.fail(me, self.program.reasons.badarg);
            }
        }
    }

    /// Its next step is its exit.
    fn fail(&mut self, me: u32, reason: u32) {
        self.state.processes[me as usize].failed = Some(reason);
    }

    fn receive(&mut self, me: u32, tag: Option<u32>, into: Option<u32>) {
        match self.state.matching(self.program, me, tag) {
            Some(at) => {
                self.writes(kind::MAILBOX, me);
                let taken = self.state.processes[me as usize].mailbox.remove(at);
                let message = taken.expect("the message stands where it was found");
                self.played.nature.received = true;
                self.tie(message.identity);
                self.said("recv", format!("{:016x}", message.identity));
                self.keep(me, into, Value::Text(message.text));
            }
            None => {
                self.reads(kind::MAILBOX, me);
                self.said("recv", "timeout");
                self.keep(me, into, Value::Text("timeout".to_owned()));
            }
        }
    }

    fn link(&mut self, me: u32, to: u32) {
        self.reads(kind::LIFE, to);
        self.writes_link(me, to);
        let mut result = "ok";
        if self.state.is_alive(to) {
            if me != to {
                self.changes_link(me, to, true);
            }
        } else if self.state.processes[me as usize].trapping {
            let text = format!("EXIT:{}:noproc", self.name(to));
            self.writes(kind::MAILBOX, me);
            let message = Message { text, identity: self.played.id };
            self.state.processes[me as usize].mailbox.push_back(message);
            result = "noproc";
        } else {
            self.fail(me, self.program.reasons.noproc);
            result = "noproc";
        }
        self.said("link", result);
    }

    fn new_monitor(&mut self, watcher: u32, target: u32) -> u32 {
        let same = |m: &&Monitor| m.watcher == watcher && m.target == target;
        let ordinal = self.state.monitors.iter().filter(same).count() as u32;
        let monitor = self.state.monitors.len() as u32;
        self.state.monitors.push(Monitor { watcher, target, ordinal, active: true });
        self.writes_monitor(monitor);
        monitor
    }

    fn monitor(&mut self, me: u32, to: u32, into: Option<u32>) {
        self.reads(kind::LIFE, to);
        let monitor = self.new_monitor(me, to);
        let alive = self.state.is_alive(to);
        if alive {
            self.state.processes[to as usize].watched.push(monitor);
        } else {
            self.state.monitors[monitor as usize].active = false;
            self.writes(kind::MAILBOX, me);
            let text = format!("DOWN:{}:noproc", self.name(to));
            let message = Message { text, identity: self.played.id };
            self.state.processes[me as usize].mailbox.push_back(message);
        }
        self.said("monitor", if alive { "ok" } else { "noproc" });
        self.keep(me, into, Value::Int(i64::from(monitor)));
    }

    /// The youngest monitor of a process on another.
    fn demonitor(&mut self, me: u32, to: u32, flush: bool, into: Option<u32>) {
        let mine = |m: &Monitor| m.watcher == me && m.target == to;
        let Some(at) = self.state.monitors.iter().rposition(mine) else {
            return self.said("demonitor", "false");
        };
        self.writes_monitor(at as u32);
        let was = std::mem::take(&mut self.state.monitors[at].active);
        if flush {
            self.writes(kind::MAILBOX, me);
            let down = format!("DOWN:{}:", self.name(to));
            let mailbox = &mut self.state.processes[me as usize].mailbox;
            if let Some(place) = mailbox.iter().position(|m| m.text.starts_with(&down)) {
                mailbox.remove(place);
            }
        }
        self.said("demonitor", was.to_string());
        self.keep(me, into, Value::Bool(was));
    }

    fn register(&mut self, name: u32, pid: u32) -> bool {
        self.reads(kind::LIFE, pid);
        let row = &self.state.processes[pid as usize];
        let free = row.is_alive() && row.name.is_none();
        if free && self.state.names[name as usize].is_none() {
            self.writes(kind::NAME, name);
            self.writes(kind::NAME_OF, pid);
            self.state.names[name as usize] = Some(pid);
            self.state.processes[pid as usize].name = Some(name);
            return true;
        }
        self.reads(kind::NAME, name);
        self.reads(kind::NAME_OF, pid);
        false
    }

    fn unregister(&mut self, me: u32, name: u32) {
        match self.state.names[name as usize].take() {
            Some(pid) => {
                self.writes(kind::NAME, name);
                self.writes(kind::NAME_OF, pid);
                self.state.processes[pid as usize].name = None;
                self.said("unregister", "ok");
            }
            None => {
                self.reads(kind::NAME, name);
                self.said("unregister", "badarg");
                self.fail(me, self.program.reasons.badarg);
            }
        }
    }

    /// Takes every task that nobody holds and that has not run.
    fn collect(&mut self) {
        let mut collected = Vec::new();
        for task in 0..self.state.tasks.len() as u32 {
            self.reads(kind::ROOT, task);
            self.reads(kind::TASK, task);
            let row = &mut self.state.tasks[task as usize];
            if row.exists && !row.held && !row.collected && !row.ran {
                row.collected = true;
                self.writes(kind::TASK, task);
                collected.push(self.program.tasks.name(task));
            }
        }
        self.said("gc", collected.join(" "));
    }

    /// E0: dead, name free, and a list of whom to tell.
    fn exit(&mut self, me: u32, reason: u32) {
        self.writes(kind::LIFE, me);
        self.played.ties.write(Resource::new(kind::LINKS, u64::from(me)));
        self.played.nature.drops_links = true;
        let row = &mut self.state.processes[me as usize];
        row.reason = Some(reason);
        let links = std::mem::take(&mut row.links);
        let watched = std::mem::take(&mut row.watched);
        let told = links.iter().map(|&peer| Notice::Link(peer));
        row.notices = told.chain(watched.iter().map(|&monitor| Notice::Down(monitor))).collect();
        // The other ends keep their entries until they are told.
        row.links.clone_from(&links);
        let name = row.name.take();
        for peer in links {
            self.played.full.read(link_of(me, peer));
        }
        match name {
            Some(name) => {
                self.writes(kind::NAME, name);
                self.writes(kind::NAME_OF, me);
                self.state.names[name as usize] = None;
            }
            None => self.reads(kind::NAME_OF, me),
        }
        let reason = self.program.words.name(reason).to_owned();
        self.said(&format!("exit {reason}"), reason);
    }

    fn notify(&mut self, me: u32, notice: Notice) {
        let reason = self.state.processes[me as usize].reason;
        let reason = reason.expect("who tells its death is dead");
        let identity = self.played.id;
        match notice {
            Notice::Link(peer) => {
                self.said(&format!("tell {}", self.name(peer)), "");
                if self.travels(me, peer) {
                    self.played.nature.is_message = true;
                    self.put(me, peer, Signal::Exit { reason, of_link: true, identity });
                } else {
                    self.link_exit_arrives(me, peer, reason, identity);
                }
            }
            Notice::Down(monitor) => {
                let watcher = self.state.monitors[monitor as usize].watcher;
                self.said(&format!("down {}", self.name(watcher)), "");
                if self.travels(me, watcher) {
                    self.played.nature.is_message = true;
                    self.put(me, watcher, Signal::Down { monitor, reason, identity });
                } else {
                    self.down_arrives(me, monitor, reason, identity);
                }
            }
        }
    }

    fn link_exit_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) {
        self.writes_link(from, to);
        self.reads(kind::LIFE, to);
        if !self.state.is_alive(to) || !self.state.are_linked(from, to) {
            self.played.nature = Nature { is_idle_notice: true, ..self.neutral() };
            return;
        }
        self.changes_link(from, to, false);
        if !self.exit_arrives(from, to, reason, identity) {
            self.played.nature.is_idle_notice = true;
        }
    }

    /// What an exit signal that dooms nobody is.
    fn neutral(&self) -> Nature {
        Nature { is_message: true, drops_links: true, ..self.played.nature }
    }

    /// An exit signal reaches a living process; false if that makes no difference to it.
    fn exit_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) -> bool {
        self.reads(kind::TRAP, to);
        let text = self.program.words.name(reason);
        let row = &self.state.processes[to as usize];
        if row.doomed.is_some() {
            self.reads(kind::DOOM, to);
            self.played.nature = self.neutral();
            return false;
        }
        if row.trapping {
            let text = format!("EXIT:{}:{text}", self.name(from));
            self.writes(kind::MAILBOX, to);
            self.tie(identity);
            self.state.processes[to as usize].mailbox.push_back(Message { text, identity });
            self.played.nature = self.neutral();
        } else if text == "normal" {
            self.played.nature = self.neutral();
            return false;
        } else {
            self.doom(to, reason);
        }
        true
    }

    fn doom(&mut self, to: u32, reason: u32) {
        self.writes(kind::DOOM, to);
        self.state.processes[to as usize].doomed = Some(reason);
    }

    fn exit2(&mut self, me: u32, to: u32, reason: u32) {
        let text = self.program.words.name(reason).to_owned();
        self.said(&format!("exit2 {} {text}", self.name(to)), "ok");
        let identity = self.played.id;
        if self.travels(me, to) {
            self.played.nature.is_message = true;
            return self.put(me, to, Signal::Exit { reason, of_link: false, identity });
        }
        self.signal_arrives(me, to, reason, identity);
    }

    /// The signal of exit2 arrives.
    fn signal_arrives(&mut self, from: u32, to: u32, reason: u32, identity: u64) {
        self.reads(kind::LIFE, to);
        if !self.state.is_alive(to) {
            self.played.nature = self.neutral();
            return;
        }
        let doomed = self.state.processes[to as usize].doomed.is_some();
        if self.program.words.name(reason) == "kill" && !doomed {
            self.reads(kind::TRAP, to);
            return self.doom(to, self.program.reasons.killed);
        }
        self.exit_arrives(from, to, reason, identity);
    }

    fn down_arrives(&mut self, from: u32, monitor: u32, reason: u32, identity: u64) {
        self.played.nature.is_message = true;
        self.writes_monitor(monitor);
        let Monitor { watcher, active, .. } = self.state.monitors[monitor as usize];
        self.reads(kind::LIFE, watcher);
        self.state.monitors[monitor as usize].active = false;
        if active && self.state.is_alive(watcher) {
            let reason = self.program.words.name(reason);
            let text = format!("DOWN:{}:{reason}", self.name(from));
            self.tie(identity);
            self.writes(kind::MAILBOX, watcher);
            self.state.processes[watcher as usize].mailbox.push_back(Message { text, identity });
        }
    }

    fn fire(&mut self, timer: u32) {
        let TimerCode { to, tag, .. } = self.program.timers[timer as usize];
        self.played.id = mix(0x7e, u64::from(timer));
        self.played.nature.is_message = true;
        self.writes(kind::TIMER, timer);
        self.state.timers[timer as usize] = Timer::Fired;
        let text = self.program.words.name(tag).to_owned();
        self.said("fire", "");
        self.message_arrives(to, Message { text, identity: self.played.id });
    }

    fn deliver(&mut self, from: u32, to: u32) {
        self.writes_channel(from, to);
        let queue = self.state.channels.get_mut(&(from, to)).expect("the channel is known");
        let signal = queue.pop_front().expect("a delivery finds a signal");
        if queue.is_empty() {
            self.state.channels.remove(&(from, to));
        }
        let identity = match &signal {
            Signal::Message(message) => message.identity,
            Signal::Exit { identity, .. } | Signal::Down { identity, .. } => *identity,
        };
        self.played.id = mix(0xc4, mix(identity, u64::from(to)));
        self.said("deliver", "");
        match signal {
            Signal::Message(message) => {
                self.played.nature.is_message = true;
                self.message_arrives(to, message);
            }
            Signal::Exit { reason, of_link: true, identity } => {
                self.link_exit_arrives(from, to, reason, identity);
            }
            Signal::Exit { reason, of_link: false, identity } => {
                self.signal_arrives(from, to, reason, identity);
            }
            Signal::Down { monitor, reason, identity } => {
                self.down_arrives(from, monitor, reason, identity);
            }
        }
    }
}

fn link_of(a: u32, b: u32) -> Resource {
    Resource::new(kind::LINK, u64::from(a.min(b)) << 32 | u64::from(a.max(b)))
}

impl State {
    /// Where the first message stands that a receive takes.
    pub(super) fn matching(&self, program: &Compiled, me: u32, tag: Option<u32>) -> Option<usize> {
        let wanted = tag.map(|tag| program.words.name(tag));
        let fits = |text: &str| match wanted {
            None => true,
            Some(wanted) => {
                let rest = text.strip_prefix(wanted);
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            }
        };
        self.processes[me as usize].mailbox.iter().position(|message| fits(&message.text))
    }
}
