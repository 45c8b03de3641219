//! What happened: events of two words, and the digest that stands for a whole trace.
//!
//! The digest is XXH3-128 over the little-endian words of the trace, computed once at the end: a
//! published, stable hash, equal across processes, builds and machines. Texts are made only when a
//! person looks; see [`crate::timeline`].

use crate::word::Words;
use serde::{Deserialize, Serialize};
use std::{fmt, hint::black_box};

/// One thing that happened, in the packed form of its world.
pub type Event = Words;

/// A set of event kinds, one bit each. Kinds are below 64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventMask(u64);

impl EventMask {
    /// No event at all.
    pub const NONE: EventMask = EventMask(0);
    /// Every event.
    pub const ALL: EventMask = EventMask(u64::MAX);

    /// The set of the given kinds.
    pub const fn of(kinds: &[u8]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < kinds.len() {
            bits |= 1 << kinds[i];
            i += 1;
        }
        EventMask(bits)
    }

    /// The union of two sets.
    pub const fn or(self, other: EventMask) -> Self {
        EventMask(self.0 | other.0)
    }

    /// The kinds in the set.
    pub fn kinds(self) -> impl Iterator<Item = usize> {
        (0..64).filter(move |kind| self.0 >> kind & 1 == 1)
    }

    /// True if the two sets share a kind.
    #[inline(always)]
    pub const fn meets(self, other: EventMask) -> bool {
        self.0 & other.0 != 0
    }

    /// True if the event's kind is in the set.
    #[inline(always)]
    pub const fn has(self, event: Event) -> bool {
        self.0 >> (event.kind() & 63) & 1 == 1
    }
}

/// The events of one run, in order, with the step in which each happened.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    events: Vec<[u64; 2]>,
    /// What was pushed since the step began: most steps leave nothing that any invariant reads, and
    /// one test of this says so.
    fresh: EventMask,
}

impl Trace {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.events.clear();
    }

    /// Appends an event.
    #[inline]
    pub fn push(&mut self, event: Event) {
        self.events.push([event.0, event.1]);
        // Written as one word: a bit that is known would be written as a byte, and whoever reads the
        // word next would wait for that.
        self.fresh = self.fresh.or(EventMask(black_box(1 << (event.kind() & 63))));
    }

    /// Appends events, whose kinds are known.
    #[inline]
    pub fn extend(&mut self, events: &[Event], kinds: EventMask) {
        // Each word by itself: read as one, they would wait for both writes to be over.
        self.events.extend(events.iter().map(|event| [black_box(event.0), event.1]));
        self.fresh = self.fresh.or(kinds);
    }

    /// Begins a step: nothing is fresh.
    #[inline]
    pub fn begin_step(&mut self) {
        self.fresh = EventMask::NONE;
    }

    /// The kinds of events pushed since the step began.
    #[inline]
    pub fn fresh(&self) -> EventMask {
        self.fresh
    }

    /// How many events there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// True if nothing happened yet.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event at a position.
    ///
    /// # Panics
    /// If there are not that many events.
    #[inline]
    pub fn at(&self, index: usize) -> Event {
        let [head, value] = self.events[index];
        Words(head, value)
    }

    /// All events in order.
    pub fn events(&self) -> impl Iterator<Item = Event> + '_ {
        self.since(0)
    }

    /// The events from a position on, in order.
    #[inline]
    pub fn since(&self, index: usize) -> impl Iterator<Item = Event> + '_ {
        self.events[index..].iter().map(|&[head, value]| Words(head, value))
    }

    /// The digest of all events so far.
    pub fn digest(&self) -> Digest {
        digest_words(self.events.as_flattened())
    }
}

/// A stable 128-bit digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest(pub u128);

impl Digest {
    /// The low 32 bits: enough to tell that a run is not the one that was recorded.
    pub const fn check(self) -> u32 {
        self.0 as u32
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

/// XXH3-128 over words in little-endian order.
pub fn digest_words(words: &[u64]) -> Digest {
    if cfg!(target_endian = "little") {
        Digest(xxhash_rust::xxh3::xxh3_128(bytemuck::cast_slice(words)))
    } else {
        let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        digest_bytes(&bytes)
    }
}

/// XXH3-128 over bytes.
pub fn digest_bytes(bytes: &[u8]) -> Digest {
    Digest(xxhash_rust::xxh3::xxh3_128(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_the_published_xxh3_128() {
        // Reference value of XXH3-128 for the empty input, from the xxHash specification's test suite.
        assert_eq!(Trace::default().digest().to_string(), "99aa06d3014798d86001c324468d497f");
    }

    #[test]
    fn order_and_value_of_events_count() {
        let (a, b) = (Words::new(1, 2, 3, 4), Words::new(1, 2, 3, 5));
        let digest = |events: &[Event]| {
            let mut trace = Trace::default();
            events.iter().for_each(|&event| trace.push(event));
            trace.digest()
        };
        assert_ne!(digest(&[a, b]), digest(&[b, a]));
        assert_ne!(digest(&[a]), digest(&[b]));
        assert_eq!(digest(&[a, b]), digest(&[a, b]));
    }
}
