//! A program of kind `sup` as data: a tree and what is done to it.
//!
//! Nodes stand in one list and name each other by their place in it, so that the start of a child
//! is a number. Leaves out: what an operation does (see `interpret`), and the JSON form (see `parse`,
//! `write`).

use crate::program::model::Data;

pub use atropos::process::otp::{
    child::{Restart, Shutdown},
    supervisor::{AutoShutdown, Strategy},
};

/// How long a worker has to shut down, in ms, unless it says otherwise.
pub const PATIENCE: u32 = 5000;

/// A program with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupProgram {
    /// What it is called; `program` if nobody named it.
    pub id: String,
    /// What it shows, in a sentence; may be empty.
    pub about: String,
    /// The name of the profile it runs under, `otp-25`.
    pub profile: String,
    /// The supervisor at the top, those below it, and the children that steps start.
    pub nodes: Vec<Node>,
    /// What is done.
    pub steps: Vec<Step>,
}

/// A supervisor or a worker, as its child specification tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What its supervisor calls it, and its part of the name `id#n`.
    pub id: String,
    /// When it is started again.
    pub restart: Restart,
    /// How it is ended.
    pub shutdown: Shutdown,
    /// Whether its end may end its supervisor.
    pub significant: bool,
    /// What it is.
    pub what: What,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A scripted server that tells the tracer of its `init` and its `terminate`.
    Worker {
        /// Whether it traps exits.
        trap: bool,
        /// What its `init/1` does.
        init: Data,
        /// What its `terminate/2` does.
        terminate: Data,
        /// The starts of this id, from 1, whose `init/1` fails.
        fail_on: Vec<u32>,
        /// The name that it registers.
        name: Option<String>,
    },
    /// A `supervisor`.
    Supervisor {
        /// Who is started again with a child that failed.
        strategy: Strategy,
        /// So many restarts within the period are allowed.
        intensity: u32,
        /// In s.
        period: u32,
        /// Whether it ends with its significant children.
        auto_shutdown: AutoShutdown,
        /// Its children, in the order of their start.
        children: Vec<usize>,
    },
    /// A `DynamicSupervisor`.
    Dynamic {
        /// So many restarts within the period are allowed.
        intensity: u32,
        /// In s.
        period: u32,
        /// The most children at a time.
        max_children: Option<u32>,
    },
}

impl What {
    /// Whether it is a supervisor of any kind.
    pub fn is_supervisor(&self) -> bool {
        !matches!(self, What::Worker { .. })
    }
}

/// A step: something is done, then the world comes to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub op: Op,
    /// Whether the world comes to rest before the next step.
    pub settle: bool,
}

/// What can be done. An id stands for the process of that id that was started last.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum Op {
    /// Several operations without rest in between. It holds no other batch.
    Batch(Vec<Op>),
    /// Time passes, in ms.
    Wait { ms: u32 },
    /// The worker exits in a callback.
    ChildExit { id: String, reason: Data },
    /// The worker returns `{stop, Reason, State}` from a callback.
    ChildStop { id: String, reason: Data },
    /// The worker calls `link(To)`.
    ChildLink { id: String, to: String },
    /// A stranger calls `exit(Id, Reason)`.
    Signal { id: String, reason: Data },
    /// The root, parent of the top, calls `exit(Id, Reason)`, and the end is waited for.
    RootExit { id: String, reason: Data },
    /// The root calls a function of `supervisor`, or of `DynamicSupervisor`.
    Call { sup: String, dynamic: bool, call: Call },
}

/// The functions of supervisors.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum Call {
    /// `which_children/1`, without the modules
    Which,
    /// `count_children/1`
    Count,
    /// `terminate_child/2`
    TerminateChild { child: String },
    /// `restart_child/2`
    RestartChild { child: String },
    /// `delete_child/2`
    DeleteChild { child: String },
    /// `start_child/2` of a node
    StartChild { child: usize },
}

impl SupProgram {
    /// The operations that can be met: steps, and what is in batches.
    pub fn ops(&self) -> impl Iterator<Item = &Op> {
        self.steps.iter().flat_map(|step| match &step.op {
            Op::Batch(ops) => ops.as_slice(),
            op => std::slice::from_ref(op),
        })
    }

    /// The first node of an id.
    pub fn node(&self, id: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == id)
    }

    /// The dynamic supervisor whose children have this id, if it has such children.
    pub(super) fn dynamic_parent(&self, id: &str) -> Option<&str> {
        self.ops().find_map(|op| match op {
            Op::Call { sup, dynamic: true, call: Call::StartChild { child } }
                if self.nodes[*child].id == id =>
            {
                Some(sup.as_str())
            }
            _ => None,
        })
    }

    /// Whether children are counted, or linked to others than their supervisor.
    pub(super) fn counts_or_links(&self) -> bool {
        let does =
            |op: &Op| matches!(op, Op::ChildLink { .. } | Op::Call { call: Call::Count, .. });
        self.ops().any(does)
    }

    /// Whether something in it lasts, or has a limit that can be reached; the usual time to shut down
    /// is no such limit.
    pub fn knows_time(&self) -> bool {
        let lasts = |node: &Node| match (&node.what, node.shutdown) {
            (_, Shutdown::Within(ms)) if ms < PATIENCE => true,
            (What::Worker { terminate, .. }, _) => matches!(terminate, Data::Tuple(_)),
            _ => false,
        };
        let waits = |op: &Op| matches!(op, Op::Wait { .. });
        self.nodes.iter().any(lasts) || self.ops().any(waits)
    }

    /// Whether several things are done at once, so that their order is nobody's.
    pub fn is_race(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.op, Op::Batch(_)) || !step.settle)
    }
}
