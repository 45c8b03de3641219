//! A program as data: what actors do, step by step.
//!
//! Plain data in the words of Erlang, so it can be generated, stored, shrunk and sent to a real
//! BEAM. Names of processes and references (`@p1`, `#r0`) are slots: indices into
//! [`Program::names`].
//!
//! Leaves out: what an operation does (see `interpret`), and its JSON form (see `parse`, `write`).

mod otp;

pub use otp::{AgentOp, CALL_TIMEOUT, STOP_TIMEOUT, ServerOp, ServerStart, Stop, TaskOp};

pub use atropos::process::Item;
use serde::{Deserialize, Serialize};

/// A program with all that belongs to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Program {
    /// What it is called; `program` if nobody named it.
    pub id: String,
    /// What it shows, in a sentence; may be empty.
    pub about: String,
    /// The name of the profile it runs under, `otp-25`.
    pub profile: String,
    /// The names of its processes and references, with their sigil; slot 0 is `@p0`.
    pub names: Vec<String>,
    /// What happens.
    pub steps: Vec<Step>,
    /// Virtual time to let pass after the last step, in ms.
    pub linger: u32,
    /// Ready-made invariants, by name.
    pub invariants: Vec<String>,
    /// The invariants among them that it must break; none: all must hold.
    pub breaks: Vec<String>,
}

/// The index of a name in [`Program::names`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Slot(pub u16);

impl Slot {
    /// `@p0`, the process that exists at the start.
    pub const FIRST: Slot = Slot(0);
}

/// One step: commands, then quiescence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// One actor does something.
    One {
        /// Who and what.
        command: Command,
        /// Whether the world comes to rest before the next step.
        settle: bool,
        /// How long the result is waited for, in ms, before the step is called blocked.
        limit: u32,
    },
    /// Several actors do something at once, in any interleaving.
    Par {
        /// Who and what.
        commands: Vec<Command>,
        /// Whether the world comes to rest before the next step.
        settle: bool,
    },
    /// Time passes.
    Wait {
        /// How much, in ms.
        ms: u32,
    },
}

/// Something that an actor is told to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Command {
    /// Who.
    pub actor: Slot,
    /// What.
    pub op: Op,
}

/// An operation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Op {
    /// What is done.
    pub act: Act,
    /// An exception that it raises ends the process instead of being its result.
    pub uncaught: bool,
}

impl From<Act> for Op {
    fn from(act: Act) -> Op {
        Op { act, uncaught: false }
    }
}

/// What can be done, in the words of the module `erlang` and of what stands on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum Act {
    /// Several operations in one go; the result is the list of theirs.
    Seq(Vec<Op>),
    /// `self()`
    Me,
    /// `link(to)`
    Link { to: Data },
    /// `unlink(to)`
    Unlink { to: Data },
    /// `spawn_opt(Body, [link, monitor])`
    Spawn(Spawn),
    /// `exit(reason)`
    Exit { reason: Data },
    /// `error(reason)`
    Error { reason: Data },
    /// `throw(reason)`
    Throw { reason: Data },
    /// The process ends normally.
    Return,
    /// `exit(to, reason)`
    Exit2 { to: Data, reason: Data },
    /// `process_flag(trap_exit, on)`
    Trap { on: bool },
    /// `monitor(process, to, [{alias, Alias}])`
    Monitor { to: Data, alias: Option<MonitorAlias>, bind: Option<Slot> },
    /// `demonitor(reference, [flush, info])`
    Demonitor { reference: Data, flush: bool, info: bool },
    /// `register(name, to)`
    Register { name: Data, to: Data },
    /// `unregister(name)`
    Unregister { name: Data },
    /// `whereis(name)`
    Whereis { name: Data },
    /// `to ! message`: to a pid, a name, a `{Name, Node}`, a reference.
    Send { to: Data, message: Data },
    /// `receive pattern -> .. after ms -> timeout end`
    Recv { pattern: Data, after: Option<u32> },
    /// `process_info(self(), messages)`, as a tuple.
    Mailbox,
    /// `process_info(to, item)`; links in the order of their pids, lists as tuples.
    Info { to: Data, item: Item },
    /// `is_process_alive(to)`
    Alive { to: Data },
    /// `make_ref()`
    MakeRef { bind: Option<Slot> },
    /// `alias([explicit_unalias | reply])`
    Alias { reply: bool, bind: Option<Slot> },
    /// `unalias(reference)`
    Unalias { reference: Data },
    /// `erlang:send_after(ms, to, message)`
    SendAfter(Timer),
    /// `erlang:start_timer(ms, to, message)`
    StartTimer(Timer),
    /// `cancel_timer(reference)`
    CancelTimer { reference: Data },
    /// `timer:sleep(ms)`
    Sleep { ms: u32 },
    /// `erlang:yield()`
    Yield,
    /// `group_leader(to, self())`
    GroupLeaderTo { to: Data },
    /// The term itself: what a task returns.
    Value { value: Data },
    /// Something with a `gen_server`.
    Server(ServerOp),
    /// Something with an `Agent`.
    Agent(AgentOp),
    /// Something with a `Task`.
    Task(TaskOp),
}

impl Act {
    /// The operations of another process that it starts.
    pub fn body(&self) -> Option<&[Op]> {
        match self {
            Act::Spawn(spawn) => Some(&spawn.body),
            Act::Task(TaskOp::Async { body, .. }) => Some(body),
            _ => None,
        }
    }

    /// The same with another body.
    #[must_use]
    pub fn with_body(&self, body: Vec<Op>) -> Act {
        match self.clone() {
            Act::Spawn(spawn) => Act::Spawn(Spawn { body, ..spawn }),
            Act::Task(TaskOp::Async { bind, bind_ref, .. }) => {
                Act::Task(TaskOp::Async { bind, bind_ref, body })
            }
            other => other,
        }
    }
}

/// A process to start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spawn {
    /// The name of its pid.
    pub bind: Option<Slot>,
    /// The name of the monitor's reference.
    pub bind_ref: Option<Slot>,
    /// Linked to its spawner.
    pub link: bool,
    /// Monitored by its spawner.
    pub monitor: bool,
    /// What it does before it waits for commands.
    pub body: Vec<Op>,
}

/// A message to come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timer {
    /// When, in ms.
    pub ms: u32,
    /// To whom.
    pub to: Data,
    /// What.
    pub message: Data,
    /// The name of the timer's reference.
    pub bind: Option<Slot>,
}

/// When the alias of a monitor ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MonitorAlias {
    /// With `unalias/1` alone.
    ExplicitUnalias,
    /// With the monitor, too.
    Demonitor,
    /// With the monitor or the first message; the monitor ends with that message, too.
    ReplyDemonitor,
}

/// A term as a program writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Data {
    /// An integer of at most 60 bits.
    Int(i64),
    /// An atom; in a pattern `_` matches anything.
    Atom(String),
    /// What a name is bound to.
    Name(Slot),
    /// A tuple.
    Tuple(Vec<Data>),
    /// A proper list.
    List(Vec<Data>),
    /// A map.
    Map(Vec<(Data, Data)>),
}
