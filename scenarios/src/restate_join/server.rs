//! The metadata server's loop: one `select!` over all that can arrive, then what raft answers.
//!
//! Told after crates/metadata-server/src/raft/server.rs of Restate: the loop receives, and in the
//! same poll sends what raft has to say. So an operation that takes the last unit of the budget
//! stands right before `try_send`.

use super::networking::{Message, Networking, NotSent};
use atropos::task::{
    Handle, select,
    sync::{
        CancellationToken, Mutex,
        mpsc::{Receiver, UnboundedReceiver},
        oneshot, watch,
    },
};
use std::{rc::Rc, time::Duration};

/// The period of heartbeats.
const TICK: Duration = Duration::from_millis(25);

/// A raft message: whom its answer goes to.
pub(super) type Raft = Option<u8>;

/// A client's request.
pub(super) struct Request {
    pub(super) peer: u8,
    pub(super) answer: oneshot::Sender<Result<(), NotSent>>,
}

/// What the server listens to.
pub(super) struct Inputs {
    pub(super) requests: Receiver<Request>,
    pub(super) raft: UnboundedReceiver<Raft>,
    pub(super) configuration: watch::Receiver<u32>,
    pub(super) stop: CancellationToken,
}

/// Runs until it is told to stop.
pub(super) async fn server(
    handle: Handle,
    networking: Rc<Mutex<Networking>>,
    peers: Vec<u8>,
    heartbeats: bool,
    mut inputs: Inputs,
) {
    let mut interval = handle.interval(TICK);
    loop {
        select!(handle;
            Some(raft) = inputs.raft.recv() => {
                if let Some(peer) = raft {
                    let _ = send(&networking, peer);
                }
            },
            Some(request) = inputs.requests.recv() => {
                let sent = send(&networking, request.peer);
                let _ = request.answer.send(sent);
            },
            Ok(()) = inputs.configuration.changed() => {},
            _ = interval.tick(), if heartbeats => {
                for &peer in &peers {
                    let _ = send(&networking, peer);
                }
            },
            () = inputs.stop.cancelled() => break,
        );
    }
}

/// The networking is locked for the length of a synchronous call: nobody ever waits for it.
fn send(networking: &Mutex<Networking>, peer: u8) -> Result<(), NotSent> {
    let mut networking = networking.try_lock().expect("nobody holds it across an await");
    networking.try_send(peer, Message)
}
