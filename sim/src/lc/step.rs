//! What each event of lc-v1 does, what it touches and what it is called.

use super::{
    order::{ANY, Entry, Took},
    program::{Code, Compiled, Operand, Value},
    relation::{Nature, kind},
    state::{Message, Monitor, Signal, State, Task, Timer},
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
    /// The message that arrived in it: to whom, and which.
    pub(super) arrived: Option<(u32, u64)>,
    /// The choice not to wait for a message, whether it was made or not: whose, and which.
    pub(super) timeout: Option<(u32, u64)>,
    /// The receive that it was.
    pub(super) took: Option<Took>,
    /// The link or monitor that was made.
    pub(super) made: Vec<Entry>,
}

/// One step of a program.
pub(super) struct Step<'a> {
    pub(super) program: &'a Compiled,
    pub(super) state: &'a mut State,
    pub(super) played: Played,
    /// What a receive takes: what it is told, else the first message that it can match.
    pub(super) choice: Option<u64>,
    /// Whether what nobody observed has no order.
    pub(super) observer: bool,
}

impl Step<'_> {
    pub(super) fn reads(&mut self, kind: u8, id: u32) {
        self.played.full.read(Resource::new(kind, u64::from(id)));
    }

    pub(super) fn writes(&mut self, kind: u8, id: u32) {
        self.played.full.write(Resource::new(kind, u64::from(id)));
    }

    pub(super) fn writes_link(&mut self, a: u32, b: u32) {
        self.played.full.write(link_of(a, b));
    }

    /// Makes or breaks a link: the exit of either end comes to something else from now on.
    pub(super) fn changes_link(&mut self, a: u32, b: u32, linked: bool) {
        if self.state.are_linked(a, b) == linked {
            return;
        }
        for end in [a, b].into_iter().filter(|_| !self.observer) {
            self.played.ties.read(Resource::new(kind::LINKS, u64::from(end)));
        }
        if linked {
            self.played.made.push(Entry::Link(a.min(b), a.max(b)));
            self.state.link(a, b);
        } else {
            self.state.unlink(a, b);
        }
    }

    /// Whatever the relation, the event depends on those that change this.
    pub(super) fn ties_to(&mut self, kind: u8, id: u32) {
        self.played.ties.read(Resource::new(kind, u64::from(id)));
    }

    pub(super) fn writes_monitor(&mut self, monitor: u32) {
        let id = self.state.monitor_id(monitor);
        self.played.full.write(Resource::new(kind::MONITOR, id));
    }

    pub(super) fn ties_to_monitor(&mut self, monitor: u32) {
        let id = self.state.monitor_id(monitor);
        self.played.ties.write(Resource::new(kind::MONITOR, id));
    }

    /// Ties the event to the one that sent a message.
    pub(super) fn tie(&mut self, message: u64) {
        self.played.ties.write(Resource::new(kind::MESSAGE, message));
    }

    /// It is the one that sent it.
    pub(super) fn tie_put(&mut self, message: u64) {
        self.played.ties.put(Resource::new(kind::MESSAGE, message));
    }

    pub(super) fn writes_channel(&mut self, from: u32, to: u32) {
        let id = u64::from(from) << 32 | u64::from(to);
        self.played.full.write(Resource::new(kind::CHANNEL, id));
    }

    pub(super) fn name(&self, process: u32) -> &str {
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
        self.played.id = mix(u64::from(me) << 8, u64::from(row.steps)) & !ANY;
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

    pub(super) fn said(&mut self, text: &str, result: impl Into<String>) {
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
        if matches!(
            code,
            Code::Read { .. }
                | Code::Write { .. }
                | Code::Send { .. }
                | Code::Recv { .. }
                | Code::Nop
        ) {
            self.played.full.make_plain();
        }
        match code {
            Code::Read { var, into } => {
                self.reads(kind::VAR, var);
                let value = self.state.vars[var as usize].clone().unwrap_or(Value::Int(0));
                self.said("read", value.to_string());
                self.keep(me, into, value);
            }
            Code::Write { var, operand } => {
                self.played.full.put(Resource::new(kind::VAR, u64::from(var)));
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
            Code::Recv { tag, into, blocks } => self.receive(me, tag, into, blocks),
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
        self.played.ties.write(Resource::new(kind::BIRTH, u64::from(child)));
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

    pub(super) fn travels(&self, from: u32, to: u32) -> bool {
        self.program.is_async && from != to
    }

    pub(super) fn put(&mut self, from: u32, to: u32, signal: Signal) {
        self.writes_channel(from, to);
        self.state.channels.entry((from, to)).or_default().push_back(signal);
    }

    pub(super) fn message_arrives(&mut self, to: u32, message: Message) {
        self.reads(kind::LIFE, to);
        self.ties_to(kind::BIRTH, to);
        if self.takes_messages(to) {
            self.tie_put(message.identity);
            self.put_in_mailbox(to, message);
        }
    }

    /// Whether a message may reach a process: one that has died may have got it before.
    pub(super) fn takes_messages(&self, to: u32) -> bool {
        self.state.is_alive(to) || self.observer && self.state.processes[to as usize].born
    }

    pub(super) fn put_in_mailbox(&mut self, to: u32, message: Message) {
        self.played.full.put(Resource::new(kind::MAILBOX, u64::from(to)));
        self.played.arrived = Some((to, message.identity));
        self.state.processes[to as usize].mailbox.push_back(message);
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

    fn receive(&mut self, me: u32, tag: Option<u32>, into: Option<u32>, blocks: bool) {
        let matching = self.state.matching(self.program, me, tag);
        // A choice that is no message is not to wait for one.
        let identity = match self.choice {
            Some(choice) => matching.iter().copied().find(|&message| message == choice),
            None => matching.first().copied(),
        };
        let left = matching.into_iter().filter(|&other| Some(other) != identity).collect();
        if !blocks {
            self.played.timeout = Some((me, self.state.timeout_of(me, 0)));
        }
        self.played.took = Some(Took { process: me, tag, message: identity, left });
        let mailbox = &mut self.state.processes[me as usize].mailbox;
        let at = mailbox.iter().position(|message| Some(message.identity) == identity);
        match at.and_then(|at| mailbox.remove(at)) {
            Some(taken) => {
                self.writes(kind::MAILBOX, me);
                self.played.nature.received = true;
                self.tie(taken.identity);
                self.said("recv", format!("{:016x}", taken.identity));
                self.keep(me, into, Value::Text(taken.text));
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
            self.put_in_mailbox(me, Message { text, identity: self.played.id });
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
        self.state.monitors.push(Monitor {
            watcher,
            target,
            ordinal,
            active: true,
            taken_back: false,
        });
        self.played.made.push(Entry::Monitor(monitor));
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
            let text = format!("DOWN:{}:noproc", self.name(to));
            self.put_in_mailbox(me, Message { text, identity: self.played.id });
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
        let monitor = &mut self.state.monitors[at];
        let was = std::mem::take(&mut monitor.active);
        // Once it was taken back, nothing observes when it is taken back again.
        if !std::mem::replace(&mut monitor.taken_back, true) {
            self.ties_to_monitor(at as u32);
        }
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
}

pub(super) fn link_of(a: u32, b: u32) -> Resource {
    Resource::new(kind::LINK, u64::from(a.min(b)) << 32 | u64::from(a.max(b)))
}

impl State {
    /// The messages that a receive can match, in the order of the mailbox.
    pub(super) fn matching(&self, program: &Compiled, me: u32, tag: Option<u32>) -> Vec<u64> {
        let mailbox = &self.processes[me as usize].mailbox;
        let matching = mailbox.iter().filter(|message| fits(program, tag, &message.text));
        matching.map(|message| message.identity).collect()
    }

    /// Whether there is one.
    pub(super) fn matches(&self, program: &Compiled, me: u32, tag: Option<u32>) -> bool {
        self.processes[me as usize].mailbox.iter().any(|m| fits(program, tag, &m.text))
    }
}

/// A tag matches itself and whatever begins with it and a colon.
pub(super) fn fits(program: &Compiled, tag: Option<u32>, text: &str) -> bool {
    tag.is_none_or(|tag| {
        let rest = text.strip_prefix(program.words.name(tag));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    })
}
