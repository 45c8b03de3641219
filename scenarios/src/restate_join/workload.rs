//! Workloads of the metadata server: what arrives, in which order, and how its peers behave.

use proptest::{collection::vec, prelude::*};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One operation: something that arrives at the server, or how a peer behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// A raft message whose answer goes to a peer.
    Message(u8),
    /// So many raft messages that need no answer.
    Local(u8),
    /// A client's request, whose answer goes to a peer and back to the client.
    Request(u8),
    /// A client waits until a peer is connected.
    Wait(u8),
    /// The configuration changes.
    Configure,
    /// The server's interval ticks from now on: each tick sends a heartbeat to every peer.
    Heartbeats,
    /// Nothing arrives for 10 ms.
    Pause,
    /// Connecting to a peer takes so many ms.
    Slow(u8, u8),
    /// The first attempt to connect to a peer fails.
    Refuses(u8),
}

/// The most peers.
pub const PEERS: u8 = 3;
/// The most operations.
pub(super) const OPERATIONS: usize = 14;
/// The most messages of one [`Op::Local`].
pub(super) const LOCALS: u8 = 140;
/// The slowest connection, in ms.
pub(super) const SLOWEST: u8 = 30;

impl Op {
    /// The peer that it names.
    pub(super) fn peer(self) -> Option<u8> {
        match self {
            Op::Message(peer) | Op::Request(peer) | Op::Wait(peer) => Some(peer),
            Op::Slow(peer, _) | Op::Refuses(peer) => Some(peer),
            Op::Local(_) | Op::Configure | Op::Heartbeats | Op::Pause => None,
        }
    }

    /// The same with another peer.
    pub(super) fn renamed(self, name: impl Fn(u8) -> u8) -> Op {
        match self {
            Op::Message(peer) => Op::Message(name(peer)),
            Op::Request(peer) => Op::Request(name(peer)),
            Op::Wait(peer) => Op::Wait(name(peer)),
            Op::Slow(peer, ms) => Op::Slow(name(peer), ms),
            Op::Refuses(peer) => Op::Refuses(name(peer)),
            other => other,
        }
    }

    pub(super) fn is_valid(self) -> bool {
        let sized = match self {
            Op::Local(messages) => messages <= LOCALS,
            Op::Slow(_, ms) => ms <= SLOWEST,
            _ => true,
        };
        sized && self.peer().is_none_or(|peer| peer < PEERS)
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Op::Message(peer) => write!(f, "a raft message, to be answered to peer {peer}"),
            Op::Local(1) => f.write_str("a raft message that needs no answer"),
            Op::Local(messages) => write!(f, "{messages} raft messages that need no answer"),
            Op::Request(peer) => write!(f, "a client's request, to be sent to peer {peer}"),
            Op::Wait(peer) => write!(f, "a client waits for the connection to peer {peer}"),
            Op::Configure => f.write_str("the configuration changes"),
            Op::Heartbeats => f.write_str("the server sends heartbeats"),
            Op::Pause => f.write_str("nothing for 10 ms"),
            Op::Slow(peer, ms) => write!(f, "connecting to peer {peer} takes {ms} ms"),
            Op::Refuses(peer) => write!(f, "peer {peer} refuses the first connection"),
        }
    }
}

/// Workloads of one to three peers; `waits` says whether clients wait for connections.
pub fn workloads(waits: bool) -> impl Strategy<Value = Vec<Op>> {
    (1..=PEERS).prop_flat_map(move |peers| vec(op(peers, waits), 2..=OPERATIONS))
}

fn op(peers: u8, waits: bool) -> impl Strategy<Value = Op> {
    let peer = move || 0..peers;
    prop_oneof![
        8 => peer().prop_map(Op::Message),
        2 => (1..=3_u8).prop_map(Op::Local),
        1 => (100..=LOCALS).prop_map(Op::Local),
        2 => peer().prop_map(Op::Request),
        if waits { 3 } else { 0 } => peer().prop_map(Op::Wait),
        1 => Just(Op::Configure),
        1 => Just(Op::Heartbeats),
        3 => Just(Op::Pause),
        2 => (peer(), 1..=SLOWEST).prop_map(|(peer, ms)| Op::Slow(peer, ms)),
        1 => peer().prop_map(Op::Refuses),
    ]
}
