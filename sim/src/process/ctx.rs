//! What a body can do: the effects, in the words of Erlang.

use super::{
    desk::{Answer, Body, Desk, Effect, Ending, Note, Raise, Spawn},
    director::{self, Pace},
    kind::{NO_TIMEOUT, alias, demonitor, effect, filter, item, message, reply, spawn},
    term::{Pid, Ref, Shape, Term},
    wrong::Wrong,
};
use crate::word::Words;
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, future::Future, rc::Rc};

/// The handle through which a body reaches its world. Cheap to clone; there is one desk a world.
#[derive(Clone)]
pub struct Ctx {
    desk: Rc<Desk>,
}

/// What a receive waits for.
///
/// The filter is data and not a closure, so that the world knows whether a message wakes the
/// process before it chooses who moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Any message.
    Any,
    /// A message that is no EXIT and no DOWN.
    User,
    /// A message that matches this pattern; [`Term::ANY`] matches anything. An EXIT and a DOWN are
    /// the tuples that they are in Erlang.
    Matching(Term),
    /// A message that matches one of the patterns in this list: a `receive` of several clauses.
    OneOf(Term),
    /// An `{'EXIT', Pid, Reason}`.
    Exit,
    /// The EXIT of this process.
    ExitOf(Pid),
    /// A `{'DOWN', ..}`.
    Down,
    /// The DOWN of this monitor.
    DownOf(Ref),
}

impl Filter {
    fn packed(self) -> Words {
        let (who, arg, value) = match self {
            Filter::Any => (0, filter::ANY, 0),
            Filter::User => (0, filter::USER, 0),
            Filter::Matching(pattern) => (0, filter::TERM, pattern.0),
            Filter::OneOf(patterns) => (0, filter::ONE_OF, patterns.0),
            Filter::Exit => (0, filter::EXIT, 0),
            Filter::ExitOf(pid) => (pid.0, filter::EXIT_FROM, 0),
            Filter::Down => (0, filter::DOWN, 0),
            Filter::DownOf(reference) => (0, filter::DOWN_OF, u64::from(reference.0)),
        };
        Words::new(effect::RECEIVE, who, arg, value)
    }
}

/// A message taken from the mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message {
    /// What somebody sent.
    User(Term),
    /// `{'EXIT', from, reason}`: an exit signal that was trapped.
    Exit {
        /// Whose signal it was.
        from: Pid,
        /// Why.
        reason: Term,
    },
    /// `{'DOWN', monitor, process, object, reason}`.
    Down {
        /// Which monitor.
        monitor: Ref,
        /// Who died; `None` for a monitor by name, whose object is `{Name, Node}`.
        object: Option<Pid>,
        /// Why.
        reason: Term,
    },
}

impl Message {
    /// The term, if somebody sent it.
    pub fn user(self) -> Option<Term> {
        match self {
            Message::User(term) => Some(term),
            _ => None,
        }
    }
}

/// When an alias ends; erlang:alias/1 and monitor/3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alias {
    /// With [`Ctx::unalias`] alone.
    ExplicitUnalias,
    /// With the monitor it was made with, too. An alias of its own has none: it is as the first.
    Demonitor,
    /// With the monitor or the first message, which ends the monitor, too. An alias of its own ends
    /// with the first message.
    Reply,
}

impl Alias {
    fn of_monitor(self) -> u32 {
        match self {
            Alias::ExplicitUnalias => alias::EXPLICIT_UNALIAS,
            Alias::Demonitor => alias::DEMONITOR,
            Alias::Reply => alias::REPLY_DEMONITOR,
        }
    }

    fn of_its_own(self) -> u32 {
        match self {
            Alias::ExplicitUnalias | Alias::Demonitor => alias::EXPLICIT_UNALIAS,
            Alias::Reply => alias::REPLY,
        }
    }
}

/// What `process_info/2` is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Item {
    /// A list of the peers of its links.
    Links,
    /// A list of `{process, Pid}` or `{process, {Name, Node}}`.
    Monitors,
    /// A list of those who monitor it, one for each monitor.
    MonitoredBy,
    /// Its trap_exit flag.
    TrapExit,
    /// Its name, `[]` if it has none.
    RegisteredName,
    /// A list of the messages in its mailbox.
    Messages,
    /// How many messages there are.
    MessageQueueLen,
}

impl Item {
    fn code(self) -> u32 {
        match self {
            Item::Links => item::LINKS,
            Item::Monitors => item::MONITORS,
            Item::MonitoredBy => item::MONITORED_BY,
            Item::TrapExit => item::TRAP_EXIT,
            Item::RegisteredName => item::REGISTERED_NAME,
            Item::Messages => item::MESSAGES,
            Item::MessageQueueLen => item::MESSAGE_QUEUE_LEN,
        }
    }
}

/// Whether a name is bound to a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereis {
    /// It is.
    At(Pid),
    /// It is not.
    Undefined,
}

impl Whereis {
    /// The pid, if the name is bound.
    pub fn pid(self) -> Option<Pid> {
        match self {
            Whereis::At(pid) => Some(pid),
            Whereis::Undefined => None,
        }
    }
}

impl Ctx {
    pub(super) fn new(desk: Rc<Desk>) -> Self {
        Ctx { desk }
    }

    /// True if this rule of OTP is wrong here, on purpose.
    pub(super) fn is_wrong(&self, rule: Wrong) -> bool {
        self.desk.wrong.get() == Some(rule)
    }

    fn announce<T>(&self, op: Words) -> Effect<'_, T> {
        Effect::new(&self.desk, op)
    }

    /// `self()`: the process whose body runs.
    pub fn me(&self) -> Pid {
        self.desk.me()
    }

    /// An atom of any length; no effect.
    pub fn atom(&self, name: &str) -> Term {
        self.desk.terms.borrow_mut().atom(name)
    }

    /// A tuple; no effect.
    pub fn tuple(&self, elements: &[Term]) -> Term {
        self.desk.terms.borrow_mut().tuple(elements)
    }

    /// A proper list; no effect.
    pub fn list(&self, items: &[Term]) -> Term {
        self.desk.terms.borrow_mut().list(items)
    }

    /// A map; no effect.
    pub fn map(&self, pairs: &[(Term, Term)]) -> Term {
        self.desk.terms.borrow_mut().map(pairs)
    }

    /// Looks into a term; no effect.
    pub fn look<T>(&self, term: Term, at: impl FnOnce(Shape<'_>) -> T) -> T {
        at(self.desk.terms.borrow().shape(term))
    }

    /// The elements of a tuple; empty if it is none. No effect.
    pub fn elements(&self, term: Term) -> Vec<Term> {
        self.desk.terms.borrow().elements(term).unwrap_or_default().to_vec()
    }

    /// The items of a list; empty if it is none. No effect.
    pub fn items(&self, list: Term) -> Vec<Term> {
        self.desk.terms.borrow().items(list).unwrap_or_default().to_vec()
    }

    /// Gives way: one step that touches nothing.
    pub fn yield_now(&self) -> Effect<'_, ()> {
        self.announce(Words::new(effect::YIELD, 0, 0, 0))
    }

    #[track_caller]
    fn start<T, F, Fut>(&self, label: Cow<'static, str>, options: u32, code: F) -> Spawn<'_, T>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        let body: Body = Box::pin(code(self.clone()));
        let effect = self.announce(Words::new(effect::SPAWN, 0, options, 0));
        Spawn::new(effect, label, body)
    }

    /// `spawn/1`: starts a process. The label is for people; identity is the spawner and the
    /// ordinal there.
    #[track_caller]
    pub fn spawn<F, Fut>(&self, label: impl Into<Cow<'static, str>>, code: F) -> Spawn<'_, Pid>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.start(label.into(), 0, code)
    }

    /// A process that must come to its end for the run to be no deadlock.
    #[track_caller]
    pub fn spawn_client<F, Fut>(
        &self,
        label: impl Into<Cow<'static, str>>,
        code: F,
    ) -> Spawn<'_, Pid>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.start(label.into(), spawn::CLIENT, code)
    }

    /// `spawn_link/1`: starts a process linked to the caller, atomically.
    #[track_caller]
    pub fn spawn_link<F, Fut>(&self, label: impl Into<Cow<'static, str>>, code: F) -> Spawn<'_, Pid>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.start(label.into(), spawn::LINK, code)
    }

    /// `spawn_monitor/1`: starts a process monitored by the caller, atomically.
    #[track_caller]
    pub fn spawn_monitor<F, Fut>(
        &self,
        label: impl Into<Cow<'static, str>>,
        code: F,
    ) -> Spawn<'_, (Pid, Ref)>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        self.start(label.into(), spawn::MONITOR, code)
    }

    /// `spawn_opt/2` with any of the options link and monitor; the reference is that of the monitor,
    /// if it was asked for.
    #[track_caller]
    pub fn spawn_opt<F, Fut>(
        &self,
        label: impl Into<Cow<'static, str>>,
        link: bool,
        monitor: bool,
        code: F,
    ) -> Spawn<'_, (Pid, Ref)>
    where
        F: FnOnce(Ctx) -> Fut,
        Fut: Future<Output = Ending> + 'static,
    {
        let options = (u32::from(link) * spawn::LINK) | (u32::from(monitor) * spawn::MONITOR);
        self.start(label.into(), options, code)
    }

    /// `link/1`. Raises `error:noproc` where the profile says so.
    pub fn link(&self, peer: Pid) -> Effect<'_, Result<(), Raise>> {
        self.announce(Words::new(effect::LINK, peer.0, 0, 0))
    }

    /// `unlink/1`.
    pub fn unlink(&self, peer: Pid) -> Effect<'_, ()> {
        self.announce(Words::new(effect::UNLINK, peer.0, 0, 0))
    }

    /// `exit(Pid, Reason)`: sends an exit signal.
    pub fn exit2(&self, target: Pid, reason: impl Into<Term>) -> Effect<'_, ()> {
        self.announce(Words::new(effect::EXIT2, target.0, 0, reason.into().0))
    }

    /// `process_flag(trap_exit, On)`; answers the old value.
    pub fn trap_exit(&self, on: bool) -> Effect<'_, bool> {
        self.announce(Words::new(effect::TRAP, 0, u32::from(on), 0))
    }

    /// `monitor(process, Pid)`.
    pub fn monitor(&self, target: Pid) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::MONITOR, target.0, 0, 0))
    }

    /// `monitor(process, Pid, [{alias, Alias}])`.
    pub fn monitor_with_alias(&self, target: Pid, alias: Alias) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::MONITOR, target.0, alias.of_monitor(), 0))
    }

    /// `monitor(process, Name)`, with an alias if one is asked for. The DOWN names `{Name, Node}`;
    /// a name that is not bound gives one with reason noproc.
    pub fn monitor_name(&self, name: impl Into<Term>, with: Option<Alias>) -> Effect<'_, Ref> {
        let alias = with.map_or(alias::NONE, Alias::of_monitor);
        self.announce(Words::new(effect::MONITOR_NAME, 0, alias, name.into().0))
    }

    /// `make_ref()`.
    pub fn make_ref(&self) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::MAKE_REF, 0, alias::NONE, 0))
    }

    /// `alias/1`.
    pub fn alias(&self, until: Alias) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::MAKE_REF, 0, until.of_its_own(), 0))
    }

    /// `unalias(Ref)`; answers whether it was an alias of the caller.
    pub fn unalias(&self, alias: Ref) -> Effect<'_, bool> {
        self.announce(Words::new(effect::UNALIAS, 0, alias.0, 0))
    }

    /// `Ref ! Message`: to the owner of an alias; dropped if the reference is none.
    pub fn send_ref(&self, to: Ref, message: impl Into<Term>) -> Effect<'_, ()> {
        self.announce(Words::new(effect::SEND_REF, 0, to.0, message.into().0))
    }

    /// `demonitor(Ref)`; answers whether the monitor still existed.
    pub fn demonitor(&self, monitor: Ref) -> Effect<'_, bool> {
        self.announce(Words::new(effect::DEMONITOR, 0, monitor.0, 0))
    }

    /// `demonitor(Ref, [flush])`: a DOWN that has arrived already is removed.
    pub fn demonitor_flush(&self, monitor: Ref) -> Effect<'_, bool> {
        self.announce(Words::new(effect::DEMONITOR, 0, monitor.0, demonitor::FLUSH))
    }

    /// `demonitor(Ref, [flush])` by one who does not ask what it answers.
    pub fn drop_monitor(&self, monitor: Ref) -> Effect<'_, ()> {
        self.announce(Words::new(
            effect::DEMONITOR,
            0,
            monitor.0,
            demonitor::FLUSH | demonitor::UNTOLD,
        ))
    }

    /// `register(Name, Pid)`. Raises `error:badarg` if the name is taken or `undefined`, the
    /// process is dead or has a name.
    pub fn register(&self, name: impl Into<Term>, pid: Pid) -> Effect<'_, Result<(), Raise>> {
        self.announce(Words::new(effect::REGISTER, pid.0, 0, name.into().0))
    }

    /// `unregister(Name)`. Raises `error:badarg` if the name is not bound.
    pub fn unregister(&self, name: impl Into<Term>) -> Effect<'_, Result<(), Raise>> {
        self.announce(Words::new(effect::UNREGISTER, 0, 0, name.into().0))
    }

    /// `whereis(Name)`.
    pub fn whereis(&self, name: impl Into<Term>) -> Effect<'_, Whereis> {
        self.announce(Words::new(effect::WHEREIS, 0, 0, name.into().0))
    }

    /// `Pid ! Message`; silent if the receiver is dead.
    #[inline]
    pub fn send(&self, to: Pid, message: impl Into<Term>) -> Effect<'_, ()> {
        self.announce(Words::new(effect::SEND, to.0, 0, message.into().0))
    }

    /// `Name ! Message`. Raises `error:badarg` if the name is not bound.
    pub fn send_name(
        &self,
        name: impl Into<Term>,
        message: impl Into<Term>,
    ) -> Effect<'_, Result<(), Raise>, u64> {
        let op = Words::new(effect::SEND_NAME, 0, 0, message.into().0);
        Effect::with_extra(&self.desk, op, name.into().0)
    }

    /// `{Name, node()} ! Message`; silent if the name is not bound.
    pub fn send_name_at_node(
        &self,
        name: impl Into<Term>,
        message: impl Into<Term>,
    ) -> Effect<'_, Result<(), Raise>, u64> {
        let op = Words::new(effect::SEND_NAME, 0, 1, message.into().0);
        Effect::with_extra(&self.desk, op, name.into().0)
    }

    /// `receive`: the first message in the mailbox that the filter takes; waits for one.
    #[inline]
    pub fn receive(&self, wanted: Filter) -> Effect<'_, Message, u64> {
        Effect::with_extra(&self.desk, wanted.packed(), NO_TIMEOUT)
    }

    /// `receive .. after Ms`: `None` when the time is over. 0 still looks through the whole
    /// mailbox once.
    pub fn receive_after(&self, wanted: Filter, ms: u32) -> Effect<'_, Option<Message>, u64> {
        Effect::with_extra(&self.desk, wanted.packed(), u64::from(ms) + 1)
    }

    /// Waits up to `ms` for a message that matches, looking only at what
    /// `process_info(self(), messages)` shows, and takes it as a term; `None` when the time is over.
    /// Unlike a receive it does not fetch what the process brought upon itself through somebody
    /// dead. `u32::MAX` waits for ever.
    pub fn poll_after(&self, pattern: Term, ms: u32) -> Effect<'_, Option<Message>, u64> {
        let arg = filter::TERM | filter::INSPECT;
        let timeout = if ms == u32::MAX { NO_TIMEOUT } else { u64::from(ms) + 1 };
        Effect::with_extra(&self.desk, Words::new(effect::RECEIVE, 0, arg, pattern.0), timeout)
    }

    /// `timer:sleep(Ms)`: takes no message.
    pub fn sleep(&self, ms: u32) -> Effect<'_, Option<Message>, u64> {
        self.poll_after(Term::NOTHING, ms)
    }

    /// `erlang:send_after(Ms, Pid, Message)`.
    pub fn send_after(&self, ms: u32, to: Pid, message: impl Into<Term>) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::SEND_AFTER, to.0, ms, message.into().0))
    }

    /// `erlang:send_after(Ms, Name, Message)`: the name is looked up when the timer fires.
    pub fn send_after_name(
        &self,
        ms: u32,
        name: impl Into<Term>,
        message: impl Into<Term>,
    ) -> Effect<'_, Ref, u64> {
        let op = Words::new(effect::SEND_AFTER_NAME, 0, ms, message.into().0);
        Effect::with_extra(&self.desk, op, name.into().0)
    }

    /// `erlang:start_timer(Ms, Pid, Message)`: what comes is `{timeout, Ref, Message}`.
    pub fn start_timer(&self, ms: u32, to: Pid, message: impl Into<Term>) -> Effect<'_, Ref> {
        self.announce(Words::new(effect::START_TIMER, to.0, ms, message.into().0))
    }

    /// `erlang:start_timer(Ms, Name, Message)`.
    pub fn start_timer_name(
        &self,
        ms: u32,
        name: impl Into<Term>,
        message: impl Into<Term>,
    ) -> Effect<'_, Ref, u64> {
        let op = Words::new(effect::START_TIMER_NAME, 0, ms, message.into().0);
        Effect::with_extra(&self.desk, op, name.into().0)
    }

    /// `erlang:cancel_timer(Ref)`; answers whether the timer was still armed.
    pub fn cancel_timer(&self, timer: Ref) -> Effect<'_, bool> {
        self.announce(Words::new(effect::CANCEL, 0, timer.0, 0))
    }

    /// `process_info(Pid, links)` of a living process, in the order in which the links were made;
    /// empty for a dead one.
    pub async fn links(&self, pid: Pid) -> Vec<Pid> {
        let list = self.info(pid, Item::Links).await;
        let terms = self.desk.terms.borrow();
        terms.items(list).unwrap_or_default().iter().filter_map(|item| item.as_pid()).collect()
    }

    /// `process_info(Pid, Item)`: the item's value; `undefined` of a dead process.
    pub fn info(&self, pid: Pid, item: Item) -> Effect<'_, Term> {
        self.announce(Words::new(effect::INFO, pid.0, item.code(), 0))
    }

    /// `is_process_alive(Pid)`.
    pub fn is_alive(&self, pid: Pid) -> Effect<'_, bool> {
        self.announce(Words::new(effect::ALIVE, pid.0, 0, 0))
    }

    /// `erlang:monotonic_time(millisecond)`: ms of virtual time since the run began.
    pub fn monotonic_time(&self) -> Effect<'_, u64> {
        self.announce(Words::new(effect::MONOTONIC_TIME, 0, 0, 0))
    }

    /// A value below `options`, decided by the run; 0 is the harmless one.
    pub fn choose(&self, options: u32) -> Effect<'_, u32> {
        self.announce(Words::new(effect::CHOOSE, 0, options, 0))
    }

    /// The director's effect: gives each of these processes its command and waits until the stage is
    /// over. Answers what it learned: the number of a cue, counted over the run, and the report on
    /// it, late ones of earlier stages included.
    pub async fn stage(&self, cues: &[(Pid, Term)], pace: Pace) -> Vec<(u32, Term)> {
        let cues: Vec<Term> =
            cues.iter().map(|&(actor, command)| self.tuple(&[actor.into(), command])).collect();
        let op = Words::new(effect::STAGE, 0, 0, self.list(&cues).0);
        let news: Term = Effect::<Term, u64>::with_extra(&self.desk, op, pace.packed()).await;
        director::news(&self.desk.terms.borrow(), news)
    }

    /// An actor's effect: reports on its last command (the first time on nothing) and waits for the
    /// next. With it the body declares that all it will do depends on the next command alone: what
    /// it has seen before no longer counts for the state of the world.
    pub fn turn(&self, report: impl Into<Term>) -> Effect<'_, Term> {
        self.announce(Words::new(effect::TURN, 0, 0, report.into().0))
    }

    /// Declares that this process keeps `pid` under a label, for invariants to see; no effect.
    pub fn hold(&self, label: impl Into<Cow<'static, str>>, pid: Pid) {
        self.desk.note(Note::Hold(label.into(), pid));
    }

    /// Declares that this process no longer uses what it kept under a label; no effect.
    pub fn release(&self, label: impl Into<Cow<'static, str>>) {
        self.desk.note(Note::Release(label.into()));
    }

    /// Declares the state of a server; no effect. With it the body declares that all it will do
    /// depends on this term alone, and on what it was started with: what it has seen before no longer
    /// counts for the state of the world. A server calls it before it waits for a request.
    pub fn state(&self, state: impl Into<Term>) {
        self.desk.note(Note::State(state.into()));
    }

    /// Declares that nobody else will ever link to a process or call `exit/2` on it: only the links
    /// that it makes itself, and that of its birth, can end it. No effect: one who explores need not
    /// try when it does what nobody can keep it from. An exit signal of another kind is a panic.
    pub fn shelter(&self, pid: Pid) {
        self.desk.note(Note::Shelter(pid));
    }

    /// Declares of a process what [`Ctx::shelter`] does, and that nobody will monitor it, look for it
    /// or wait for its end.
    pub fn hide(&self, pid: Pid) {
        self.desk.note(Note::Hide(pid));
    }

    /// Declares that this process passed a point; no effect. `sometimes` points can wait for it.
    pub fn mark(&self, label: impl Into<Cow<'static, str>>) {
        self.desk.note(Note::Mark(label.into()));
    }
}

impl Answer for () {
    #[inline(always)]
    fn read(_: Words) -> Self {}
}

impl Answer for bool {
    #[inline(always)]
    fn read(reply: Words) -> Self {
        reply.value() != 0
    }
}

impl Answer for u32 {
    fn read(reply: Words) -> Self {
        reply.value() as u32
    }
}

impl Answer for u64 {
    fn read(reply: Words) -> Self {
        Term(reply.value()).as_int().unwrap_or_default() as u64
    }
}

impl Answer for Term {
    fn read(reply: Words) -> Self {
        Term(reply.value())
    }
}

impl Answer for Pid {
    fn read(reply: Words) -> Self {
        Pid(reply.who())
    }
}

impl Answer for Ref {
    fn read(reply: Words) -> Self {
        Ref(reply.arg())
    }
}

impl Answer for (Pid, Ref) {
    fn read(reply: Words) -> Self {
        (Pid(reply.who()), Ref(reply.arg()))
    }
}

impl Answer for Result<(), Raise> {
    fn read(answer: Words) -> Self {
        match answer.kind() {
            reply::RAISED => Err(Raise::error(Term(answer.value()))),
            _ => Ok(()),
        }
    }
}

impl Answer for Whereis {
    fn read(answer: Words) -> Self {
        match answer.value() {
            0 => Whereis::Undefined,
            _ => Whereis::At(Pid(answer.who())),
        }
    }
}

impl Answer for Message {
    #[inline]
    fn read(answer: Words) -> Self {
        let value = Term(answer.value());
        match answer.kind() - reply::MESSAGE {
            message::EXIT => Message::Exit { from: Pid(answer.who()), reason: value },
            message::DOWN => Message::Down {
                monitor: Ref(answer.arg()),
                object: Some(Pid(answer.who())).filter(|pid| pid.0 != message::NO_ONE),
                reason: value,
            },
            _ => Message::User(value),
        }
    }
}

impl Answer for Option<Message> {
    fn read(answer: Words) -> Self {
        (answer.kind() != reply::TIMEOUT).then(|| Message::read(answer))
    }
}
