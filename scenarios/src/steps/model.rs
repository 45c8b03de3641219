//! What a step program is made of.

use atropos::event_loop::ReturnWhen;
use std::{collections::BTreeMap, sync::Arc};

/// Operations, one after another.
pub type Block = Arc<[Op]>;

/// A step program.
#[derive(Clone, Debug, PartialEq)]
pub struct Program {
    /// The bodies of its tasks, by name; `T#1` and `T#2` are two tasks with the body `T`.
    pub tasks: BTreeMap<String, Block>,
    /// The main task.
    pub main: Block,
    /// How the main task is run.
    pub mode: Mode,
    /// What the program does when `run_until_complete` has returned; `asyncio.run` leaves nothing to
    /// do.
    pub after: Vec<After>,
    /// The loop is in debug mode.
    pub debug: bool,
    /// Tasks make their first step when they are created (3.12).
    pub eager: bool,
}

/// How the main task is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// `loop.run_until_complete(main)`.
    #[default]
    Loop,
    /// `asyncio.run(main)`.
    Run,
}

/// Who holds a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// A local variable of the coroutine.
    Local,
    /// A global variable.
    Global,
    /// A background set with a discard callback.
    Set,
    /// Nobody.
    Nowhere,
}

impl Place {
    /// All of them with their names in a program.
    pub const ALL: [(&'static str, Place); 4] = [
        ("local", Place::Local),
        ("global", Place::Global),
        ("set", Place::Set),
        ("none", Place::Nowhere),
    ];
}

/// A primitive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Primitive {
    /// `asyncio.Queue`.
    Queue,
    /// `asyncio.Event`.
    Event,
    /// `asyncio.Lock`.
    Lock,
    /// `asyncio.Semaphore`.
    Semaphore,
    /// `asyncio.Condition`, of which programs use the lock.
    Condition,
}

impl Primitive {
    /// All of them with their names in a program.
    pub const ALL: [(&'static str, Primitive); 5] = [
        ("queue", Primitive::Queue),
        ("event", Primitive::Event),
        ("lock", Primitive::Lock),
        ("sem", Primitive::Semaphore),
        ("cond", Primitive::Condition),
    ];
}

/// Data that programs pass around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// `null`.
    None,
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Data>),
}

/// A time, in thousandths of a unit; a unit is 4 ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u32);

impl Time {
    /// So many units.
    pub fn units(units: u32) -> Time {
        Time(units.saturating_mul(1000))
    }
}

/// An exception to raise: its class and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raised {
    /// The name of the class.
    pub class: String,
    /// Its text; may be empty.
    pub text: String,
}

/// The classes that programs name; those of groups cannot be raised, only caught.
pub const CLASSES: [&str; 15] = [
    "BaseException",
    "BaseExceptionGroup",
    "CancelledError",
    "Exception",
    "ExceptionGroup",
    "GeneratorExit",
    "InvalidStateError",
    "KeyError",
    "KeyboardInterrupt",
    "QueueFull",
    "RuntimeError",
    "SystemExit",
    "TimeoutError",
    "ValueError",
    "ZeroDivisionError",
];

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub enum Op {
    /// A line of the trace.
    Log(String),
    /// A collection.
    Collect,
    /// A line that says what became of an object.
    State(String),
    /// `create_task`: the name and who holds it.
    Spawn(String, Place),
    /// `create_task` of the task group.
    GroupSpawn(String, Place),
    /// `create_future`.
    Future(String, Place),
    /// `set_result`.
    SetResult(String, Data),
    /// `set_exception`.
    SetException(String, Raised),
    /// `exception()`.
    Retrieve(String),
    /// Lets go of the local and the global variable.
    Drop(String),
    /// Another reference: of what, its name, who holds it.
    Copy(String, String, Place),
    /// An attribute of an object: of which, its name, to what it leads.
    Link(String, String, String),
    /// A primitive: its kind, name and holder, and its size or value if one is given.
    New(Primitive, String, Place, Option<u32>),
    /// `Queue.put_nowait`.
    PutNowait(String, Data),
    /// `Event.set`.
    Set(String),
    /// `release` of a lock or semaphore.
    Release(String),
    /// `call_soon` with what the callback captures.
    CallSoon(Block, Vec<String>),
    /// `call_later` with what the callback captures, and the variable of its handle.
    CallLater(Time, Block, Vec<String>, Option<String>),
    /// `Handle.cancel`.
    CancelHandle(String),
    /// `add_done_callback`.
    AddCallback(String, Block),
    /// `cancel`, with a message.
    Cancel(String, Option<String>),
    /// `cancelling`.
    Cancelling(String),
    /// `uncancel`.
    Uncancel(String),
    /// `shield`: of what, its name, who holds it.
    Shield(String, String, Place),
    /// `gather`: of what, its name, who holds it, and whether it returns exceptions.
    Gather(Vec<String>, String, Place, bool),
    /// A line with the names of all tasks.
    AllTasks,
    /// `loop.stop`.
    Stop,
    /// Raises.
    Raise(Raised),
    /// `sleep`.
    Sleep(Time),
    /// So many `sleep(0)`.
    Yield(u32),
    /// Awaits a future; with a label, its value is a line.
    Await(String, Option<String>),
    /// Awaits a future that nobody else holds.
    AwaitPrivate,
    /// `Queue.get`.
    Get(String),
    /// `Queue.put`.
    Put(String, Data),
    /// `Event.wait`.
    WaitEvent(String),
    /// `acquire` of a lock or semaphore.
    Acquire(String),
    /// A `TaskGroup`.
    Group(Block),
    /// `asyncio.timeout`.
    Timeout(Time, Block),
    /// `wait_for`.
    WaitFor(String, Time),
    /// `wait`.
    Wait(Vec<String>, Option<Time>, ReturnWhen),
    /// `try`.
    Try(Box<Guarded>),
    /// A sub-coroutine with variables of its own.
    Call(Block),
    /// `return`.
    Return(Data),
}

/// A `try`.
#[derive(Clone, Debug, PartialEq)]
pub struct Guarded {
    /// What is tried.
    pub body: Block,
    /// What is done for which class; the first that fits counts.
    pub handlers: Vec<(String, Block)>,
    /// What is done in any case.
    pub finally: Block,
    /// Whoever catches raises again.
    pub reraises: bool,
}

/// What a program does when `run_until_complete` has returned.
#[derive(Clone, Debug, PartialEq)]
pub enum After {
    /// `loop.close()`.
    Close,
    /// Nothing.
    ForgetLoop,
    /// `run_until_complete(sleep(..))`.
    RunAgain(Time),
    /// An operation outside of any coroutine.
    Op(Op),
}

/// The names of `return_when`.
pub const RETURN_WHEN: [(&str, ReturnWhen); 3] = [
    ("ALL_COMPLETED", ReturnWhen::AllCompleted),
    ("FIRST_COMPLETED", ReturnWhen::FirstCompleted),
    ("FIRST_EXCEPTION", ReturnWhen::FirstException),
];

impl Op {
    /// True if it waits, so that only a coroutine can do it.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Op::GroupSpawn(..)
                | Op::Sleep(_)
                | Op::Yield(_)
                | Op::Await(..)
                | Op::AwaitPrivate
                | Op::Get(_)
                | Op::Put(..)
                | Op::WaitEvent(_)
                | Op::Acquire(_)
                | Op::Group(_)
                | Op::Timeout(..)
                | Op::WaitFor(..)
                | Op::Wait(..)
                | Op::Try(_)
                | Op::Call(_)
                | Op::Return(_)
        )
    }

    /// True if it asks for the loop that runs.
    pub fn needs_running_loop(&self) -> bool {
        matches!(
            self,
            Op::Spawn(..)
                | Op::Future(..)
                | Op::CallSoon(..)
                | Op::CallLater(..)
                | Op::Stop
                | Op::AllTasks
                | Op::AwaitPrivate
                | Op::Wait(..)
                | Op::WaitFor(..)
        ) || matches!(self, Op::Sleep(time) if time.0 > 0)
    }
}
