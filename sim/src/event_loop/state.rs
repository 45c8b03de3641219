//! A digest of the whole state, under names that do not depend on the schedule.
//!
//! It covers all that decides what comes: objects with what they hold, futures with their callbacks,
//! tasks, primitives, the queues of the loop, and what each frame has seen.

use super::{
    EventLoopWorld,
    exception::Exception,
    heap::{NONE, Node},
    table::{Expiry, Primitive, Ready, Role, State, Tables},
};
use crate::{
    trace::{Digest, digest_words},
    word::mix,
};

impl EventLoopWorld {
    pub(super) fn digest(&self) -> Digest {
        let tables = self.desk.tables.borrow();
        let mut rows: Vec<u64> = Vec::new();
        for node in 0..tables.objects.len() as Node {
            if !tables.heap.is_freed(node) {
                rows.push(tables.object_hash(node));
            }
        }
        rows.sort_unstable();
        rows.extend(tables.finalizing_words());
        rows.extend(tables.queue_words());
        rows.push(u64::from(self.desk.program.borrow().is_some()) << 1 | u64::from(self.collects));
        rows.push(self.desk.ignorers.borrow().len() as u64);
        digest_words(&rows)
    }
}

impl Tables {
    fn id(&self, node: Node) -> u64 {
        if node == NONE { 0 } else { self.object(node).id }
    }

    fn object_hash(&self, node: Node) -> u64 {
        let object = self.object(node);
        let flags = [object.forgotten, object.finalized, object.cleared];
        let flags = flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag));
        // Whether it has survived a collection decides about an order.
        let survived = u64::from(object.born < self.collections);
        let mut hash = mix(object.id, object.kind as u64);
        for word in [flags, survived, object.seen, u64::from(object.made)] {
            hash = mix(hash, word);
        }
        for edge in self.heap.holds(node) {
            let reference = self.heap.reference(edge);
            hash = mix(hash, reference.label.hold as u64);
            hash = mix(hash, self.texts.hash(reference.label.text));
            hash = mix(hash, self.id(reference.to));
        }
        if object.future != NONE {
            hash = mix(hash, self.future_hash(object.future));
        }
        mix(hash, self.row_hash(node))
    }

    fn future_hash(&self, future: u32) -> u64 {
        let future = &self.futures[future as usize];
        let mut hash = match &future.state {
            State::Pending => 1,
            State::Cancelled => 2,
            State::Result(stored) => mix(3, stored.hash(&|node| self.id(node))),
            State::Error(error) => mix(4, error.hash()),
        };
        hash = mix(hash, u64::from(future.unretrieved));
        let message = future.message.as_deref().unwrap_or_default();
        hash = mix(hash, crate::trace::digest_bytes(message.as_bytes()).0 as u64);
        hash = mix(hash, future.cancelled_error.as_ref().map_or(0, Exception::hash));
        for one in &future.callbacks {
            hash = mix(hash, one.callback.run.number());
            hash = mix(hash, self.id(one.callback.on));
        }
        match &future.role {
            Role::Plain => hash,
            Role::Gather { left, requested, returns_exceptions, .. } => {
                let flags = u64::from(*requested) << 1 | u64::from(*returns_exceptions);
                mix(mix(hash, *left as u64), flags)
            }
            Role::Task(task) => {
                let row = &self.tasks[*task as usize];
                let flags = [row.must_cancel, row.started, row.over, row.destroyed.is_some()];
                let flags = flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag));
                let counts = [row.cancels, row.children, row.asked].map(u64::from);
                counts.iter().fold(mix(hash, flags), |hash, &count| mix(hash, count))
            }
        }
    }

    /// What the table of its kind says.
    fn row_hash(&self, node: Node) -> u64 {
        use super::table::Kind;
        let object = self.object(node);
        let row = object.row as usize;
        match object.kind {
            Kind::Handle => {
                let handle = &self.handles[row];
                u64::from(handle.cancelled) << 1 | u64::from(handle.callback.is_some())
            }
            Kind::Generator => {
                let generator = &self.generators[row];
                let flags =
                    [generator.started, generator.over, generator.running, generator.closed];
                flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag))
            }
            Kind::Timeout => match self.timeouts[row].2 {
                Expiry::Armed => 1,
                Expiry::Expiring => 2,
                Expiry::Over => 3,
            },
            Kind::Group => {
                let group = &self.groups[row];
                let flags = [group.parent_cancel_requested, group.exiting, group.aborting];
                let flags = flags.iter().fold(0, |bits, &flag| bits << 1 | u64::from(flag));
                group.errors.iter().fold(flags, |hash, error| mix(hash, error.hash()))
            }
            Kind::Queue | Kind::Event | Kind::Lock | Kind::Semaphore | Kind::Set | Kind::Plain => {
                self.primitive_hash(&self.primitives[row])
            }
            _ => 0,
        }
    }

    fn primitive_hash(&self, primitive: &Primitive) -> u64 {
        let id = |node: Node| self.id(node);
        let list = |hash: u64, nodes: &super::table::Waiters| {
            nodes.iter().fold(mix(hash, 9), |hash, &(node, _)| mix(hash, id(node)))
        };
        match primitive {
            Primitive::Queue { items, getters, putters, .. } => {
                let hash = items.iter().fold(1, |hash, item| mix(hash, item.hash(&id)));
                list(list(hash, getters), putters)
            }
            Primitive::Event { set, waiters } => list(mix(2, u64::from(*set)), waiters),
            Primitive::Lock { locked, waiters, .. } => list(mix(3, u64::from(*locked)), waiters),
            Primitive::Semaphore { value, waiters } => list(mix(4, u64::from(*value)), waiters),
            Primitive::Set { items } => {
                items.iter().fold(5, |hash, &(node, _)| mix(hash, id(node)))
            }
            Primitive::Plain { attributes } => attributes.iter().fold(6, |hash, (text, value)| {
                mix(mix(hash, self.texts.hash(*text)), value.hash(&id))
            }),
        }
    }

    /// Which objects have finalisers, in the order in which the collector would come to them.
    fn finalizing_words(&self) -> impl Iterator<Item = u64> + '_ {
        let all = 0..self.objects.len() as Node;
        let finalizing = all.filter(|&node| {
            let object = self.object(node);
            object.kind.has_finalizer() && !object.finalized && !self.heap.is_freed(node)
        });
        // A future that has nothing to tell is finalised in silence.
        let tells = |&node: &Node| {
            let object = self.object(node);
            object.kind != super::table::Kind::Future || self.future(node).unretrieved
        };
        finalizing.filter(tells).map(|node| self.id(node))
    }

    /// The queues of the loop, and who is outside.
    fn queue_words(&self) -> Vec<u64> {
        let mut words = vec![u64::MAX, self.turn as u64, self.now, u64::from(self.faults)];
        words.push(u64::from(self.stopping) << 2 | u64::from(self.stopped) << 1);
        words.push(u64::from(self.closed));
        for entry in &self.ready {
            words.push(match entry {
                Ready::Direct { callback, told, .. } => {
                    let told = told.map_or(0, |(node, _)| self.id(node));
                    mix(mix(callback.run.number(), self.id(callback.on)), told)
                }
                Ready::Handle(handle) => self.id(self.handles[*handle as usize].node),
            });
        }
        for (&(due, _), &handle) in &self.timers {
            words.push(mix(due, self.id(self.handles[handle as usize].node)));
        }
        for reply in self.replies.iter().filter(|reply| reply.open) {
            words.push(mix(self.id(reply.future), u64::from(reply.edge.is_some())));
        }
        words.push(self.unretrieved.len() as u64);
        words.push(self.items_lost.iter().map(|&(_, items)| items).sum());
        words
    }
}
