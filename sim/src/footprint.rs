//! What a move reads and writes.
//!
//! Two moves of different processes with disjoint footprints commute: playing them in either order
//! gives the same state. Reduction, partial-order sampling and race reports all rest on this, so
//! every world is audited ([`crate::check::audit`]): a footprint that lies fails there.
//!
//! A footprint comes in two kinds: *announced*, before the move, and *observed*, recorded while the
//! move is played. Resources go by schedule-independent ids, so footprints of two runs compare.

use std::fmt;

/// A thing that moves touch: its kind, from the world's table, and an id within that kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Resource {
    /// The kind of thing, a letter or sign that its world documents.
    pub kind: u8,
    /// Which one, independent of the schedule.
    pub id: u64,
}

impl Resource {
    /// The resource of this kind and id.
    pub const fn new(kind: u8, id: u64) -> Self {
        Resource { kind, id }
    }

    /// One bit of 64 that stands for the resource; different bits, different resources.
    fn bit(self) -> u64 {
        1 << ((self.id ^ u64::from(self.kind).wrapping_mul(0x9e37_79b9)) & 63)
    }
}

/// The resources that a move reads and writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Footprint {
    reads: Vec<Resource>,
    writes: Vec<Resource>,
    // invariant: the union of the resources' bits, so that most pairs are told apart by masks
    read_mask: u64,
    write_mask: u64,
    /// The first 64 of `writes` that were put, one bit each.
    put: u64,
    plain: bool,
    opaque: bool,
}

impl Footprint {
    /// Forgets everything, keeping the memory.
    pub fn clear(&mut self) {
        self.reads.clear();
        self.writes.clear();
        (self.read_mask, self.write_mask, self.put) = (0, 0, 0);
        (self.plain, self.opaque) = (false, false);
    }

    /// Adds a read.
    pub fn read(&mut self, resource: Resource) {
        self.read_mask |= resource.bit();
        if !self.reads.contains(&resource) {
            self.reads.push(resource);
        }
    }

    /// Adds a write; what was there may have decided what the move did.
    pub fn write(&mut self, resource: Resource) {
        let at = self.written(resource);
        self.put &= !(1 << (at & 63));
    }

    /// Adds a write of a move that did not look: a message behind all others, a value over another.
    pub fn put(&mut self, resource: Resource) {
        let (known, at) = (self.writes.len(), self.written(resource));
        if at == known && at < 64 {
            self.put |= 1 << at;
        }
    }

    /// Where a write stands in the list.
    fn written(&mut self, resource: Resource) -> usize {
        self.write_mask |= resource.bit();
        let known = self.writes.iter().position(|&other| other == resource);
        known.unwrap_or_else(|| {
            self.writes.push(resource);
            self.writes.len() - 1
        })
    }

    /// Says that nothing but what the move reads decides what it touches.
    pub fn make_plain(&mut self) {
        self.plain = true;
    }

    /// True if [`Footprint::make_plain`] was said of it.
    pub(crate) fn is_plain(&self) -> bool {
        self.plain
    }

    /// True if without the other before it the move may touch something else.
    pub fn depends_on(&self, other: &Footprint) -> bool {
        let reads = || self.reads.iter().any(|read| other.writes.contains(read));
        let writes = || {
            let mut looked = self.writes.iter().enumerate().filter(|&(at, _)| !self.was_put(at));
            looked.any(|(_, write)| other.writes.contains(write))
        };
        !self.plain
            || self.opaque
            || other.opaque
            || self.read_mask & other.write_mask != 0 && reads()
            || writes()
    }

    /// Adds all that another touches.
    pub fn join(&mut self, other: &Footprint) {
        self.join_some(other, |_| true);
        self.opaque |= other.opaque;
    }

    /// Adds what another touches of some resources.
    pub(crate) fn join_some(&mut self, other: &Footprint, keeps: impl Fn(Resource) -> bool) {
        other.reads.iter().filter(|&&r| keeps(r)).for_each(|&resource| self.read(resource));
        for (at, &resource) in other.writes.iter().enumerate().filter(|&(_, &r)| keeps(r)) {
            if other.was_put(at) { self.put(resource) } else { self.write(resource) }
        }
    }

    /// True if the write at this place of the list did not look at what was there.
    pub(crate) fn was_put(&self, at: usize) -> bool {
        at < 64 && self.put >> at & 1 == 1
    }

    /// Says that the move may touch anything: it conflicts with every other.
    pub fn make_opaque(&mut self) {
        self.opaque = true;
    }

    /// True if the move may touch anything.
    pub fn is_opaque(&self) -> bool {
        self.opaque
    }

    /// What is read.
    pub fn reads(&self) -> &[Resource] {
        &self.reads
    }

    /// What is written.
    pub fn writes(&self) -> &[Resource] {
        &self.writes
    }

    /// True if one writes what the other touches: the two moves may not be swapped.
    pub fn conflicts(&self, other: &Footprint) -> bool {
        if self.opaque || other.opaque {
            return true;
        }
        let touched = other.read_mask | other.write_mask;
        if self.write_mask & touched == 0 && self.read_mask & other.write_mask == 0 {
            return false;
        }
        let touches = |footprint: &Footprint, resource: &Resource| {
            footprint.reads.contains(resource) || footprint.writes.contains(resource)
        };
        self.writes.iter().any(|w| touches(other, w))
            || other.writes.iter().any(|w| touches(self, w))
    }

    /// True if everything that `observed` touched was announced here.
    pub fn covers(&self, observed: &Footprint) -> bool {
        self.opaque
            || (observed.writes.iter().all(|w| self.writes.contains(w))
                && observed.reads.iter().all(|r| self.reads.contains(r) || self.writes.contains(r)))
    }
}

impl fmt::Display for Footprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.opaque {
            return f.write_str("anything");
        }
        for (sign, list) in [("R", &self.reads), ("W", &self.writes)] {
            for resource in list {
                write!(f, " {sign} {}:{:04x}", char::from(resource.kind), resource.id & 0xffff)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conflict_needs_a_write_on_a_shared_resource() {
        let (x, y) = (Resource::new(b'x', 1), Resource::new(b'y', 1));
        let of = |reads: &[Resource], writes: &[Resource]| {
            let mut footprint = Footprint::default();
            reads.iter().for_each(|&r| footprint.read(r));
            writes.iter().for_each(|&w| footprint.write(w));
            footprint
        };
        assert!(!of(&[x], &[]).conflicts(&of(&[x], &[])), "two reads");
        assert!(of(&[x], &[]).conflicts(&of(&[], &[x])), "read and write");
        assert!(of(&[], &[x]).conflicts(&of(&[x], &[])), "write and read");
        assert!(!of(&[y], &[y]).conflicts(&of(&[x], &[x])), "different resources");
        let mut opaque = Footprint::default();
        opaque.make_opaque();
        assert!(opaque.conflicts(&of(&[], &[])), "opaque conflicts with all");
    }
}
