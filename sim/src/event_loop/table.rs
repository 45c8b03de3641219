//! The tables of an event loop: plain data about objects, futures, tasks, handles and the queues.

use super::{
    callback::{Callback, Grip},
    exception::Exception,
    heap::{Edge, Heap, NONE, Node},
    kind::{Message, What},
    label::Label,
    texts::{Text, Texts},
    value::Stored,
};
use crate::name::{Path, child_id, root_id};
use std::{
    collections::{BTreeMap, VecDeque},
    panic::Location,
    rc::Rc,
};

/// What an object is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub(super) enum Kind {
    Root,
    Task,
    Coroutine,
    Future,
    Handle,
    Callback,
    Generator,
    Group,
    Timeout,
    Queue,
    Event,
    Lock,
    Semaphore,
    Set,
    Plain,
}

impl Kind {
    /// As people call it.
    pub(super) fn text(self) -> &'static str {
        match self {
            Kind::Root => "the program",
            Kind::Task => "task",
            Kind::Coroutine => "coroutine",
            Kind::Future => "future",
            Kind::Handle => "handle",
            Kind::Callback => "callback",
            Kind::Generator => "asynchronous generator",
            Kind::Group => "TaskGroup",
            Kind::Timeout => "timeout",
            Kind::Queue => "Queue",
            Kind::Event => "Event",
            Kind::Lock => "Lock",
            Kind::Semaphore => "Semaphore",
            Kind::Set => "set",
            Kind::Plain => "object",
        }
    }
}

/// The objects that are always there.
pub(super) mod root {
    use super::Node;

    /// Code outside of any coroutine: what starts the loop.
    pub(in super::super) const PROGRAM: Node = 0;
    /// Global variables.
    pub(in super::super) const GLOBALS: Node = 1;
    /// The loop: its queues and what it runs at the moment.
    pub(in super::super) const LOOP: Node = 2;
    /// What stands outside and holds futures: transports, the selector.
    pub(in super::super) const OUTSIDE: Node = 3;
}

/// An object.
#[derive(Clone, Debug)]
pub(super) struct Object {
    pub(super) kind: Kind,
    /// Which it is, whatever the schedule.
    pub(super) id: u64,
    pub(super) name: Text,
    pub(super) site: Option<&'static Location<'static>>,
    /// Its place in the table of its kind.
    pub(super) row: u32,
    /// Its place in the table of futures; a task is one.
    pub(super) future: u32,
    /// How many objects its code has made.
    pub(super) made: u32,
    /// What its code has seen.
    pub(super) seen: u64,
    /// Weak references to it are cleared.
    pub(super) forgotten: bool,
    /// Its finaliser has run; it does so once (PEP 442).
    pub(super) finalized: bool,
    /// What it held was let go: nothing is left of it.
    pub(super) cleared: bool,
    /// How many collections there had been when it was made.
    pub(super) born: u32,
    /// The last time that the program let go of it.
    pub(super) let_go: Option<LetGo>,
}

/// A reference that went.
#[derive(Clone, Copy, Debug)]
pub(super) struct LetGo {
    pub(super) step: u32,
    /// Its place among all that went.
    pub(super) nth: u32,
    pub(super) from: Node,
    pub(super) label: Label,
    pub(super) to: Node,
}

/// What became of a future.
#[derive(Clone, Debug)]
pub(super) enum State {
    Pending,
    Cancelled,
    Result(Stored),
    Error(Exception),
}

/// A done callback with the references by which the future holds it.
#[derive(Clone, Debug)]
pub(super) struct Registered {
    pub(super) callback: Callback,
    pub(super) grip: Grip,
}

/// What a future is beside a future.
#[derive(Clone, Debug)]
pub(super) enum Role {
    Plain,
    Task(u32),
    /// Of a `gather`.
    Gather {
        children: Vec<(Node, Edge)>,
        /// How many of them, each counted once, are not done.
        left: usize,
        returns_exceptions: bool,
        requested: bool,
    },
}

/// A future.
#[derive(Clone, Debug)]
pub(super) struct Future {
    pub(super) node: Node,
    pub(super) state: State,
    pub(super) callbacks: Vec<Registered>,
    /// It carries an exception at which nobody has looked: `_log_traceback`.
    pub(super) unretrieved: bool,
    pub(super) message: Option<Rc<str>>,
    /// The exception with which a task ended as cancelled, until somebody asks: `_cancelled_exc`.
    pub(super) cancelled_error: Option<Exception>,
    /// What its exception keeps.
    pub(super) kept: Vec<Edge>,
    pub(super) role: Role,
}

impl Future {
    pub(super) fn is_done(&self) -> bool {
        !matches!(self.state, State::Pending)
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(self.state, State::Cancelled)
    }
}

/// How a task was lost.
#[derive(Clone, Debug)]
pub(super) struct Lost {
    /// In which step.
    pub(super) step: u32,
    /// Who let go of what in that step, and to whom it led, if anybody did.
    pub(super) last: Option<(Node, Label, Node)>,
    /// Who of the program holds it: what that is, and whose it is. No root reaches any of them.
    pub(super) holders: Vec<(Label, Node)>,
    /// The last reference of the program into what was lost.
    pub(super) outside: Option<LetGo>,
    /// What it awaits.
    pub(super) awaited: Option<Node>,
}

/// A task.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) node: Node,
    pub(super) coroutine: Node,
    pub(super) coroutine_edge: Edge,
    pub(super) waiter: Option<(Node, Edge)>,
    /// `_must_cancel`, and `_num_cancels_requested`.
    pub(super) must_cancel: bool,
    pub(super) cancels: u32,
    /// It has made its first step.
    pub(super) started: bool,
    /// Its coroutine has ended or was closed.
    pub(super) over: bool,
    pub(super) parent: u32,
    pub(super) ordinal: u32,
    pub(super) children: u32,
    /// Timers and replies that it asked for.
    pub(super) asked: u32,
    pub(super) id: u64,
    /// It belongs to the loop itself: reports do not mention it.
    pub(super) is_quiet: bool,
    pub(super) lost: Option<Lost>,
    pub(super) destroyed: Option<u32>,
    /// Where it awaits.
    pub(super) awaits: Option<(What, &'static Location<'static>)>,
}

/// A handle: of `call_soon` if it stands in the ready queue, of `call_later` otherwise.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    pub(super) node: Node,
    pub(super) callback: Option<Callback>,
    pub(super) grip: Grip,
    /// The reference by which the loop holds it, while it does.
    pub(super) edge: Edge,
    /// When it is due, in nanoseconds; and its place among those that are due at once.
    pub(super) due: Option<(u64, u32)>,
    /// Who asked for it, and its ordinal there.
    pub(super) owner: u32,
    pub(super) ordinal: u32,
    pub(super) cancelled: bool,
}

/// An entry of the ready queue.
#[derive(Clone, Debug)]
pub(super) enum Ready {
    /// A callback that nobody can cancel, with the future that it is told of.
    Direct {
        callback: Callback,
        grip: Grip,
        told: Option<(Node, Edge)>,
    },
    Handle(u32),
}

/// Somebody outside who will answer a future.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    pub(super) future: Node,
    /// The reference by which the outside holds it, unless it does so weakly.
    pub(super) edge: Option<Edge>,
    pub(super) value: Stored,
    pub(super) owner: u32,
    pub(super) ordinal: u32,
    pub(super) open: bool,
}

/// The data of a primitive.
#[derive(Clone, Debug)]
pub(super) enum Primitive {
    Queue {
        size: usize,
        items: VecDeque<Stored>,
        getters: Waiters,
        putters: Waiters,
    },
    Event {
        set: bool,
        waiters: Waiters,
    },
    Lock {
        locked: bool,
        /// The task that took it last; a ghost, for reports.
        taker: Option<u32>,
        waiters: Waiters,
    },
    Semaphore {
        value: u32,
        waiters: Waiters,
    },
    Set {
        items: Vec<(Node, Edge)>,
    },
    Plain {
        attributes: Vec<(Text, Stored)>,
    },
}

/// Futures in the order in which they wait.
pub(super) type Waiters = VecDeque<(Node, Edge)>;

/// A task group.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) parent: (Node, Edge),
    pub(super) tasks: Vec<(Node, Edge)>,
    pub(super) errors: Vec<Exception>,
    pub(super) base_error: Option<Exception>,
    pub(super) completed: Option<(Node, Edge)>,
    pub(super) parent_cancel_requested: bool,
    pub(super) exiting: bool,
    pub(super) aborting: bool,
}

/// An `asyncio.timeout`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Expiry {
    Armed,
    Expiring,
    Over,
}

/// An asynchronous generator.
#[derive(Clone, Debug)]
pub(super) struct Generator {
    pub(super) started: bool,
    /// It has returned, raised or was closed.
    pub(super) over: bool,
    /// Somebody is suspended inside: `ag_running_async`.
    pub(super) running: bool,
    pub(super) closed: bool,
}

impl Handle {
    pub(super) fn asked_by(&self) -> (u32, u32) {
        (self.owner, self.ordinal)
    }
}

impl Reply {
    pub(super) fn asked_by(&self) -> (u32, u32) {
        (self.owner, self.ordinal)
    }
}

impl Generator {
    /// It has begun, and would have to be closed.
    pub(super) fn is_open(&self) -> bool {
        self.started && !self.over && !self.closed
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct Tables {
    pub(super) heap: Heap,
    pub(super) objects: Vec<Object>,
    pub(super) futures: Vec<Future>,
    pub(super) tasks: Vec<Task>,
    pub(super) handles: Vec<Handle>,
    pub(super) primitives: Vec<Primitive>,
    pub(super) groups: Vec<Group>,
    pub(super) timeouts: Vec<(Node, Edge, Expiry)>,
    pub(super) generators: Vec<Generator>,
    pub(super) replies: Vec<Reply>,
    /// Those that can still be given, and some that could.
    pub(super) open_replies: Vec<u32>,
    /// Attributes of objects that are no plain ones.
    pub(super) links: Vec<(Node, Edge)>,
    /// Tasks that no root reaches, and some that were.
    pub(super) lost_tasks: Vec<u32>,
    pub(super) ready: VecDeque<Ready>,
    pub(super) timers: BTreeMap<(u64, u32), u32>,
    /// Entries of the ready queue that still belong to the turn at hand.
    pub(super) turn: usize,
    pub(super) now: u64,
    pub(super) sequence: u32,
    /// How many references of the program went.
    pub(super) let_go: u32,
    /// Tasks that were started from outside of any task.
    pub(super) roots: u32,
    pub(super) unnamed: u32,
    pub(super) collections: u32,
    pub(super) steps: u32,
    pub(super) faults: u32,
    pub(super) stopping: bool,
    pub(super) stopped: bool,
    pub(super) closed: bool,
    /// What goes through the loop instead of staying in its task.
    pub(super) escape: Option<Exception>,
    pub(super) errors: Vec<Exception>,
    /// Exceptions that went without anybody having looked: of what, and which.
    pub(super) unretrieved: Vec<(Message, String, Exception)>,
    /// Queues that went with items, and how many.
    pub(super) items_lost: Vec<(Node, u64)>,
    pub(super) texts: Texts,
}

impl Tables {
    /// Empty for a new run, keeping the memory.
    pub(super) fn clear(&mut self) {
        let Tables { heap, objects, futures, tasks, handles, primitives, groups, .. } = self;
        heap.clear();
        objects.clear();
        futures.clear();
        tasks.clear();
        handles.clear();
        primitives.clear();
        groups.clear();
        self.timeouts.clear();
        self.generators.clear();
        self.replies.clear();
        self.open_replies.clear();
        self.links.clear();
        self.lost_tasks.clear();
        self.ready.clear();
        self.timers.clear();
        self.errors.clear();
        self.unretrieved.clear();
        self.items_lost.clear();
        (self.turn, self.now, self.sequence, self.let_go) = (0, 0, 0, 0);
        (self.roots, self.unnamed, self.collections) = (0, 0, 0);
        (self.steps, self.faults) = (0, 0);
        (self.stopping, self.stopped, self.closed) = (false, true, false);
        self.escape = None;
        for nth in 0..4 {
            let node = self.heap.add_root();
            let id = child_id(root_id(), u32::MAX - nth);
            self.objects.push(Object { id, ..Object::new(Kind::Root, 0) });
            assert_eq!(node, nth, "roots come first");
        }
    }

    pub(super) fn object(&self, node: Node) -> &Object {
        &self.objects[node as usize]
    }

    pub(super) fn object_mut(&mut self, node: Node) -> &mut Object {
        &mut self.objects[node as usize]
    }

    /// A new object that the code of `maker` makes; somebody must hold it at once.
    pub(super) fn make(&mut self, maker: Node, kind: Kind) -> Node {
        let by = &mut self.objects[maker as usize];
        by.made += 1;
        let id = child_id(by.id, by.made);
        let node = self.heap.add();
        self.objects.push(Object { id, ..Object::new(kind, self.collections) });
        node
    }

    /// A new future.
    pub(super) fn make_future(&mut self, maker: Node, kind: Kind, role: Role) -> Node {
        let node = self.make(maker, kind);
        self.objects[node as usize].future = self.futures.len() as u32;
        self.futures.push(Future {
            node,
            state: State::Pending,
            callbacks: Vec::new(),
            unretrieved: false,
            message: None,
            cancelled_error: None,
            kept: Vec::new(),
            role,
        });
        node
    }

    /// True if a weak reference still finds the future, and it is not done.
    pub(super) fn is_pending(&self, node: Node) -> bool {
        self.is_there(node) && !self.future(node).is_done()
    }

    /// The future of an object that is one.
    pub(super) fn future(&self, node: Node) -> &Future {
        &self.futures[self.objects[node as usize].future as usize]
    }

    pub(super) fn future_mut(&mut self, node: Node) -> &mut Future {
        &mut self.futures[self.objects[node as usize].future as usize]
    }

    /// The name of its type, as CPython's complaints have it.
    pub(super) fn type_name(&self, node: Node) -> &'static str {
        let object = self.object(node);
        match object.kind {
            Kind::Task => "_asyncio.Task",
            Kind::Future => match self.future(node).role {
                Role::Gather { .. } => "_GatheringFuture",
                _ => "_asyncio.Future",
            },
            Kind::Handle if self.handles[object.row as usize].due.is_some() => "TimerHandle",
            Kind::Handle => "Handle",
            Kind::Coroutine => "coroutine",
            Kind::Generator => "async_generator",
            Kind::Set => "set",
            Kind::Plain => "object",
            kind => kind.text(),
        }
    }

    /// The task of an object that is one.
    pub(super) fn task_of(&self, node: Node) -> Option<u32> {
        let object = &self.objects[node as usize];
        (object.kind == Kind::Task).then_some(object.row)
    }

    pub(super) fn primitive(&self, node: Node) -> &Primitive {
        &self.primitives[self.objects[node as usize].row as usize]
    }

    pub(super) fn primitive_mut(&mut self, node: Node) -> &mut Primitive {
        &mut self.primitives[self.objects[node as usize].row as usize]
    }

    pub(super) fn group_mut(&mut self, node: Node) -> &mut Group {
        &mut self.groups[self.objects[node as usize].row as usize]
    }

    /// The ordinals on the way to a task.
    pub(super) fn path(&self, task: u32) -> Path {
        let mut path = Vec::new();
        let mut at = task;
        while at != NONE {
            let row = &self.tasks[at as usize];
            path.push(row.ordinal);
            at = row.parent;
        }
        path.reverse();
        path
    }

    /// True if a weak reference to it still finds it.
    pub(super) fn is_there(&self, node: Node) -> bool {
        !self.objects[node as usize].forgotten && !self.heap.is_freed(node)
    }
}

impl Object {
    fn new(kind: Kind, born: u32) -> Self {
        Object {
            kind,
            id: 0,
            name: Text::NONE,
            site: None,
            row: NONE,
            future: NONE,
            made: 0,
            seen: 0,
            forgotten: false,
            finalized: false,
            cleared: false,
            born,
            let_go: None,
        }
    }
}
