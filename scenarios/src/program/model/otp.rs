//! Servers, agents and tasks: what OTP and Elixir do on top of processes.

use super::{Data, Op, Slot};
use serde::{Deserialize, Serialize};

/// How long a call waits, in ms, unless it says otherwise.
pub const CALL_TIMEOUT: u32 = 5000;
/// How long a stop waits, in ms, unless it says otherwise.
pub const STOP_TIMEOUT: u32 = 1000;

/// What is done with a scripted `gen_server`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum ServerOp {
    /// `gen_server:start/3` and `gen_server:start_link/3`
    Start(ServerStart),
    /// `gen_server:call(to, request, timeout)`
    Call { to: Data, request: Data, timeout: u32 },
    /// `gen_server:cast(to, request)`
    Cast { to: Data, request: Data },
    /// `gen_server:stop(to, reason, timeout)`
    Stop(Stop),
}

/// A server to start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerStart {
    /// The name of its pid.
    pub bind: Option<Slot>,
    /// Linked to who starts it.
    pub link: bool,
    /// Whether it traps exits.
    pub trap: bool,
    /// What its `init/1` does.
    pub init: Data,
    /// What its `terminate/2` does.
    pub terminate: Data,
    /// The name that it registers.
    pub name: Option<Data>,
}

/// A server to stop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Which.
    pub to: Data,
    /// Why.
    pub reason: Data,
    /// How long its end is waited for, in ms.
    pub timeout: u32,
}

/// What is done with an `Agent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum AgentOp {
    /// `Agent.start(fn -> state end)` and `Agent.start_link`
    Start { bind: Option<Slot>, link: bool, state: Data },
    /// `Agent.get(to, fn state -> state end)`
    Get { to: Data },
    /// `Agent.get_and_update` of a limiter `{Count, Limit}`: true and one more, false at the limit.
    Claim { to: Data },
    /// `Agent.update` of a limiter: one less.
    Release { to: Data },
    /// `Agent.get(to, fn _ -> exit(reason) end)`
    Crash { to: Data, reason: Data },
    /// `Agent.stop(to, reason, timeout)`
    Stop(Stop),
}

/// What is done with a `Task`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the fields are the arguments of the call beside them")]
pub enum TaskOp {
    /// `Task.async(fn -> body end)`
    Async { bind: Option<Slot>, bind_ref: Option<Slot>, body: Vec<Op> },
    /// `Task.await(task, timeout)`
    Await { task: Data, timeout: u32 },
    /// `Task.yield(task, timeout)`
    Yield { task: Data, timeout: u32 },
    /// `Task.shutdown(task, timeout)`; without a time `brutal_kill`.
    Shutdown { task: Data, timeout: Option<u32> },
}
