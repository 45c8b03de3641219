//! The connections of the metadata server, and attempts to connect, by peer.
//!
//! Told after crates/metadata-server/src/raft/network/networking.rs of Restate, `try_send`: a
//! synchronous function that looks for a connection, else for an attempt that has come to its end,
//! else starts one. The variants differ in what they do with an attempt's handle.

use super::Behavior;
use atropos::task::{
    Handle, JoinError, JoinHandle,
    sync::mpsc::{self, Sender},
};
use futures::FutureExt;
use std::{
    collections::BTreeMap,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

/// Messages that a connection holds before it is full.
const CAPACITY: usize = 32;

/// What is sent to a peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message;

/// What an attempt comes to: a connection, unless the peer refuses.
type Attempt = JoinHandle<Option<Sender<Message>>>;

/// Why a message was not sent; raft sends it again in its own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotSent {
    Connecting,
    Full,
}

/// How a peer answers.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Peer {
    pub(super) delay: Duration,
    pub(super) refuses: bool,
}

/// See the module.
pub(super) struct Networking {
    handle: Handle,
    behavior: Behavior,
    peers: BTreeMap<u8, Peer>,
    connections: BTreeMap<u8, Sender<Message>>,
    attempts: BTreeMap<u8, Attempt>,
}

impl Networking {
    pub(super) fn new(handle: Handle, behavior: Behavior, peers: BTreeMap<u8, Peer>) -> Self {
        let (connections, attempts) = (BTreeMap::new(), BTreeMap::new());
        Networking { handle, behavior, peers, connections, attempts }
    }

    /// Sends a message to a peer if it is connected; else sees to it that it will be.
    pub(super) fn try_send(&mut self, peer: u8, message: Message) -> Result<(), NotSent> {
        if let Some(connection) = self.connections.get(&peer) {
            match connection.try_send(message) {
                Ok(()) => return Ok(()),
                Err(mpsc::TrySendError::Full(_)) => return Err(NotSent::Full),
                Err(mpsc::TrySendError::Closed(_)) => drop(self.connections.remove(&peer)),
            }
        }
        let connected = match self.behavior {
            Behavior::Removes { expects } => self.take_attempt(peer, expects),
            Behavior::PollsAnyway => self.poll_attempt(peer),
            Behavior::Keeps => self.look_at_attempt(peer),
        };
        match connected? {
            Some(connection) => {
                let sent = connection.try_send(message).map_err(|_| NotSent::Full);
                self.connections.insert(peer, connection);
                sent
            }
            None => {
                self.connect(peer);
                Err(NotSent::Connecting)
            }
        }
    }

    /// v1.2.0: the handle is taken out of the map before anybody knows whether it is needed there.
    fn take_attempt(
        &mut self,
        peer: u8,
        expects: bool,
    ) -> Result<Option<Sender<Message>>, NotSent> {
        let Some(attempt) = self.attempts.remove(&peer) else { return Ok(None) };
        if !attempt.is_finished() {
            // The handle is dropped here: the attempt goes on, and nobody knows of it any more.
            return Err(NotSent::Connecting);
        }
        match attempt.now_or_never() {
            Some(result) => Ok(connection_of(result)),
            None if expects => panic!("should be finished"),
            None => Err(NotSent::Connecting),
        }
    }

    /// v1.2.2: the handle stays while the attempt runs, and as long as it cannot be read.
    fn look_at_attempt(&mut self, peer: u8) -> Result<Option<Sender<Message>>, NotSent> {
        let Some(attempt) = self.attempts.get_mut(&peer) else { return Ok(None) };
        if !attempt.is_finished() {
            self.handle.mark("kept-while-running");
            return Err(NotSent::Connecting);
        }
        let Some(result) = attempt.now_or_never() else {
            self.handle.mark("finished-but-pending");
            return Err(NotSent::Connecting);
        };
        self.attempts.remove(&peer);
        Ok(connection_of(result))
    }

    /// The neighbouring mistake: the handle is polled whether the attempt has ended or not.
    fn poll_attempt(&mut self, peer: u8) -> Result<Option<Sender<Message>>, NotSent> {
        let Some(attempt) = self.attempts.get_mut(&peer) else { return Ok(None) };
        let Some(result) = attempt.now_or_never() else { return Err(NotSent::Connecting) };
        self.attempts.remove(&peer);
        Ok(connection_of(result))
    }

    /// Starts an attempt to connect.
    fn connect(&mut self, peer: u8) {
        let how = self.peers.get(&peer).copied().unwrap_or_default();
        self.peers.entry(peer).or_default().refuses = false;
        let attempt = self.handle.spawn_named("attempt", attempt(self.handle.clone(), peer, how));
        self.attempts.insert(peer, attempt);
    }

    /// Ready once a peer is connected; whoever polls is woken when an attempt has ended.
    pub(super) fn poll_connected(&mut self, peer: u8, cx: &mut Context<'_>) -> Poll<()> {
        while !self.connections.contains_key(&peer) {
            if !self.attempts.contains_key(&peer) {
                self.connect(peer);
            }
            let attempt = self.attempts.get_mut(&peer).expect("there is an attempt");
            let result = std::task::ready!(Pin::new(attempt).poll(cx));
            self.attempts.remove(&peer);
            connection_of(result).map(|connection| self.connections.insert(peer, connection));
        }
        Poll::Ready(())
    }
}

fn connection_of(result: Result<Option<Sender<Message>>, JoinError>) -> Option<Sender<Message>> {
    result.ok().flatten()
}

/// Connects to a peer; what connects is a task that reads what it is sent.
async fn attempt(handle: Handle, peer: u8, how: Peer) -> Option<Sender<Message>> {
    handle.hold(format!("the connection to peer {peer}"));
    if !how.delay.is_zero() {
        handle.sleep(how.delay).await;
    }
    if how.refuses {
        return None;
    }
    let (sender, mut receiver) = handle.named("connection").channel::<Message>(CAPACITY);
    drop(handle.spawn_named("connection", async move { while receiver.recv().await.is_some() {} }));
    Some(sender)
}
