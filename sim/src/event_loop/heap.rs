//! The heap as a graph: objects, the strong references between them, and whether a root reaches
//! them.
//!
//! Two things that CPython keeps apart stay apart here. A *reference count* is the number of edges
//! that lead to an object; at zero it is freed at once. *Reachability* is what the cyclic collector
//! looks at; here it is kept from step to step instead of being computed again: every object that a
//! root reaches has a certificate, the edge by which it is reached, and following certificates ends
//! at a root. An edge that goes away puts only those in doubt whose certificate it was, and a doubt
//! is settled by looking backwards for another way in. So a step costs what it changes, not what is
//! alive.
//!
//! Leaves out: what objects are, and what happens when one goes.

use super::label::Label;

/// An object, by its number in this run; numbers are not used twice.
pub(super) type Node = u32;
/// A reference, by its place.
pub(super) type Edge = u32;
/// No object, no reference.
pub(super) const NONE: u32 = u32::MAX;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    Root,
    Live,
    /// No root reaches it.
    Lost,
    Freed,
}

#[derive(Clone, Debug)]
struct Cell {
    standing: Standing,
    /// How many references lead here.
    count: u32,
    /// By which of them a root reaches it.
    certificate: Edge,
    first_in: Edge,
    first_out: Edge,
    last_out: Edge,
    /// The search that was here last, and whether certificates from here led nowhere in it.
    visited: u32,
    astray: u32,
}

/// A strong reference.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reference {
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) label: Label,
    next_in: Edge,
    previous_in: Edge,
    next_out: Edge,
    previous_out: Edge,
}

/// The graph.
#[derive(Clone, Debug, Default)]
pub(super) struct Heap {
    cells: Vec<Cell>,
    edges: Vec<Reference>,
    free: Vec<Edge>,
    /// Objects whose certificate went away.
    doubts: Vec<Node>,
    /// Objects that are lost, and some that were.
    lost: Vec<Node>,
    search: u32,
    /// Scratch of a search: the way back, and all that it saw.
    way: Vec<(Node, Edge)>,
    seen: Vec<Node>,
}

impl Heap {
    pub(super) fn clear(&mut self) {
        self.cells.clear();
        self.edges.clear();
        self.free.clear();
        self.doubts.clear();
        self.lost.clear();
        self.search = 0;
    }

    /// How many objects there ever were.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// An object that is there for ever.
    pub(super) fn add_root(&mut self) -> Node {
        self.add_cell(Standing::Root)
    }

    /// A new object, which somebody must hold at once.
    #[inline]
    pub(super) fn add(&mut self) -> Node {
        self.add_cell(Standing::Live)
    }

    fn add_cell(&mut self, standing: Standing) -> Node {
        self.cells.push(Cell {
            standing,
            count: 0,
            certificate: NONE,
            first_in: NONE,
            first_out: NONE,
            last_out: NONE,
            visited: 0,
            astray: 0,
        });
        self.cells.len() as u32 - 1
    }

    pub(super) fn count(&self, node: Node) -> u32 {
        self.cells[node as usize].count
    }

    pub(super) fn is_freed(&self, node: Node) -> bool {
        self.cells[node as usize].standing == Standing::Freed
    }

    /// True if no root reaches it: the cyclic collector would take it.
    pub(super) fn is_lost(&self, node: Node) -> bool {
        self.cells[node as usize].standing == Standing::Lost
    }

    pub(super) fn reference(&self, edge: Edge) -> &Reference {
        &self.edges[edge as usize]
    }

    /// Adds a reference, behind the others of its holder.
    #[inline]
    pub(super) fn hold(&mut self, from: Node, label: Label, to: Node) -> Edge {
        let reference = Reference {
            from,
            to,
            label,
            next_in: self.cells[to as usize].first_in,
            previous_in: NONE,
            next_out: NONE,
            previous_out: self.cells[from as usize].last_out,
        };
        let edge = match self.free.pop() {
            Some(edge) => {
                self.edges[edge as usize] = reference;
                edge
            }
            None => {
                self.edges.push(reference);
                self.edges.len() as u32 - 1
            }
        };
        if reference.next_in != NONE {
            self.edges[reference.next_in as usize].previous_in = edge;
        }
        match reference.previous_out {
            NONE => self.cells[from as usize].first_out = edge,
            before => self.edges[before as usize].next_out = edge,
        }
        self.cells[from as usize].last_out = edge;
        let from_standing = self.cells[from as usize].standing;
        let target = &mut self.cells[to as usize];
        target.first_in = edge;
        target.count += 1;
        match (from_standing, target.standing) {
            // Held by a root is the shortest certificate there is.
            (Standing::Root, Standing::Live) => target.certificate = edge,
            (Standing::Live, Standing::Live) if target.count == 1 => target.certificate = edge,
            (Standing::Root | Standing::Live, Standing::Lost) => self.revive(edge),
            (Standing::Lost | Standing::Freed, Standing::Live) if target.count == 1 => {
                target.standing = Standing::Lost;
                self.lost.push(to);
            }
            _ => {}
        }
        edge
    }

    /// Removes a reference; true if it was the last one to its object.
    #[inline]
    pub(super) fn drop_reference(&mut self, edge: Edge) -> bool {
        let Reference { from, to, next_in, previous_in, next_out, previous_out, .. } =
            self.edges[edge as usize];
        match previous_in {
            NONE => self.cells[to as usize].first_in = next_in,
            before => self.edges[before as usize].next_in = next_in,
        }
        if next_in != NONE {
            self.edges[next_in as usize].previous_in = previous_in;
        }
        match previous_out {
            NONE => self.cells[from as usize].first_out = next_out,
            before => self.edges[before as usize].next_out = next_out,
        }
        match next_out {
            NONE => self.cells[from as usize].last_out = previous_out,
            after => self.edges[after as usize].previous_out = previous_out,
        }
        self.free.push(edge);
        let target = &mut self.cells[to as usize];
        target.count -= 1;
        if target.certificate == edge {
            target.certificate = NONE;
            if target.standing == Standing::Live {
                self.doubts.push(to);
            }
        }
        target.count == 0 && target.standing != Standing::Root
    }

    /// The object is no more; its references must be gone.
    pub(super) fn free(&mut self, node: Node) {
        self.cells[node as usize].standing = Standing::Freed;
    }

    /// Whom an object holds, in the order in which it took hold.
    pub(super) fn holds(&self, node: Node) -> impl Iterator<Item = Edge> + '_ {
        let first = self.cells[node as usize].first_out;
        chain(first, |edge| self.edges[edge as usize].next_out)
    }

    /// The way from a root to an object that one reaches, by its certificates; empty if none does.
    pub(super) fn way_to(&self, node: Node) -> Vec<Edge> {
        let mut way = Vec::new();
        let mut at = node;
        while self.cells[at as usize].standing == Standing::Live {
            let edge = self.cells[at as usize].certificate;
            if edge == NONE || way.len() > self.cells.len() {
                return Vec::new();
            }
            way.push(edge);
            at = self.edges[edge as usize].from;
        }
        way.reverse();
        if self.cells[at as usize].standing == Standing::Root { way } else { Vec::new() }
    }

    /// Who holds an object, the latest first.
    pub(super) fn held_by(&self, node: Node) -> impl Iterator<Item = Edge> + '_ {
        let first = self.cells[node as usize].first_in;
        chain(first, |edge| self.edges[edge as usize].next_in)
    }

    /// True if there is anything to settle.
    #[inline]
    pub(super) fn has_doubts(&self) -> bool {
        !self.doubts.is_empty()
    }

    /// Settles every doubt; what no root reaches any more is appended to `lost`.
    pub(super) fn settle(&mut self, lost: &mut Vec<Node>) {
        while let Some(node) = self.doubts.pop() {
            let cell = &self.cells[node as usize];
            if cell.standing != Standing::Live || cell.certificate != NONE {
                continue;
            }
            if !self.certify(node) {
                self.lose(lost);
            }
        }
    }

    /// What is lost now, in the order in which it was made.
    pub(super) fn all_lost(&mut self) -> Vec<Node> {
        let cells = &self.cells;
        self.lost.retain(|&node| cells[node as usize].standing == Standing::Lost);
        self.lost.sort_unstable();
        self.lost.dedup();
        self.lost.clone()
    }

    /// Looks backwards for a way to a root. If there is none, all that was seen is unreachable.
    fn certify(&mut self, start: Node) -> bool {
        self.search += 1;
        self.seen.clear();
        self.way.clear();
        self.enter(start);
        while let Some(&(node, cursor)) = self.way.last() {
            if let Some(edge) = self.sound_way_in(node) {
                self.certify_way(edge);
                return true;
            }
            if !self.step_back(cursor) {
                self.way.pop();
            }
        }
        false
    }

    fn enter(&mut self, node: Node) {
        self.cells[node as usize].visited = self.search;
        self.seen.push(node);
        self.way.push((node, self.cells[node as usize].first_in));
    }

    /// Goes on to a holder that was not visited yet.
    fn step_back(&mut self, mut cursor: Edge) -> bool {
        while cursor != NONE {
            let Reference { from, next_in, .. } = self.edges[cursor as usize];
            let holder = &self.cells[from as usize];
            if holder.standing == Standing::Live && holder.visited != self.search {
                // The cursor stays at the edge by which the search went on.
                self.way.last_mut().expect("a way").1 = cursor;
                self.enter(from);
                return true;
            }
            cursor = next_in;
        }
        false
    }

    /// An edge from somebody whose certificates lead to a root.
    fn sound_way_in(&mut self, node: Node) -> Option<Edge> {
        let mut edge = self.cells[node as usize].first_in;
        while edge != NONE {
            let Reference { from, next_in, .. } = self.edges[edge as usize];
            if self.is_sound(from) {
                return Some(edge);
            }
            edge = next_in;
        }
        None
    }

    fn is_sound(&mut self, node: Node) -> bool {
        let mut at = node;
        let sound = loop {
            let cell = &self.cells[at as usize];
            match cell.standing {
                Standing::Root => break true,
                Standing::Lost | Standing::Freed => break false,
                Standing::Live if cell.astray == self.search || cell.certificate == NONE => {
                    break false;
                }
                Standing::Live => at = self.edges[cell.certificate as usize].from,
            }
        };
        if !sound {
            self.mark_astray(node, at);
        }
        sound
    }

    /// Certificates from here to there led nowhere: they need not be followed again in this search.
    fn mark_astray(&mut self, from: Node, to: Node) {
        let mut at = from;
        while at != to {
            let cell = &mut self.cells[at as usize];
            cell.astray = self.search;
            at = self.edges[cell.certificate as usize].from;
        }
    }

    /// The last of the way is reached by `edge`, and each other one by the one behind it.
    fn certify_way(&mut self, edge: Edge) {
        let mut edge = edge;
        while let Some((node, _)) = self.way.pop() {
            self.cells[node as usize].certificate = edge;
            edge = self.way.last().map_or(NONE, |&(_, cursor)| cursor);
        }
    }

    /// All that the last search saw is lost, and whom it held is in doubt.
    fn lose(&mut self, lost: &mut Vec<Node>) {
        let seen = std::mem::take(&mut self.seen);
        for &node in &seen {
            self.cells[node as usize].standing = Standing::Lost;
            self.cells[node as usize].certificate = NONE;
            let mut edge = self.cells[node as usize].first_out;
            while edge != NONE {
                let Reference { to, next_out, .. } = self.edges[edge as usize];
                let target = &mut self.cells[to as usize];
                if target.certificate == edge && target.standing == Standing::Live {
                    target.certificate = NONE;
                    self.doubts.push(to);
                }
                edge = next_out;
            }
        }
        lost.extend_from_slice(&seen);
        self.lost.extend_from_slice(&seen);
        self.seen = seen;
    }

    /// Somebody whom a root reaches takes hold of what was lost.
    fn revive(&mut self, edge: Edge) {
        let mut reached = vec![edge];
        while let Some(edge) = reached.pop() {
            let to = self.edges[edge as usize].to;
            if self.cells[to as usize].standing != Standing::Lost {
                continue;
            }
            self.cells[to as usize].standing = Standing::Live;
            self.cells[to as usize].certificate = edge;
            reached.extend(self.holds(to));
        }
    }

    /// Who is neither freed nor reached by a root, by a look at the whole graph: what the
    /// certificates are held against.
    #[cfg(test)]
    pub(super) fn unreachable_by_marking(&self) -> Vec<Node> {
        let nodes = 0..self.cells.len() as u32;
        let standing = |node: Node| self.cells[node as usize].standing;
        let mut marked = vec![false; self.cells.len()];
        let mut todo: Vec<Node> =
            nodes.clone().filter(|&node| standing(node) == Standing::Root).collect();
        while let Some(node) = todo.pop() {
            if !std::mem::replace(&mut marked[node as usize], true) {
                todo.extend(self.holds(node).map(|edge| self.reference(edge).to));
            }
        }
        nodes.filter(|&node| !marked[node as usize] && standing(node) != Standing::Freed).collect()
    }
}

fn chain(first: Edge, next: impl Fn(Edge) -> Edge) -> impl Iterator<Item = Edge> {
    std::iter::successors((first != NONE).then_some(first), move |&edge| {
        Some(next(edge)).filter(|&edge| edge != NONE)
    })
}

#[cfg(test)]
mod tests {
    use super::{super::label::Hold, *};
    use crate::decisions::{Draws, Purpose, RunIndex};

    const LABEL: Label = Label::plain(Hold::Item);

    fn settled(heap: &mut Heap) -> Vec<Node> {
        heap.settle(&mut Vec::new());
        heap.all_lost()
    }

    #[test]
    fn a_cycle_is_lost_with_the_last_way_in_and_not_before() {
        let mut heap = Heap::default();
        let root = heap.add_root();
        let (a, b) = (heap.add(), heap.add());
        let first = heap.hold(root, LABEL, a);
        heap.hold(a, LABEL, b);
        heap.hold(b, LABEL, a);
        let second = heap.hold(root, LABEL, b);
        assert!(!heap.drop_reference(first), "b holds it");
        assert_eq!(settled(&mut heap), [0_u32; 0]);
        assert!(!heap.drop_reference(second), "a holds it");
        assert_eq!(settled(&mut heap), [a, b]);
        let again = heap.hold(root, LABEL, b);
        assert_eq!(
            settled(&mut heap),
            [0_u32; 0],
            "somebody had a weak reference and made it strong"
        );
        heap.drop_reference(again);
        assert_eq!(settled(&mut heap), [a, b]);
    }

    /// Certificates say what a full mark says, whatever is held and let go.
    #[test]
    fn certificates_agree_with_marking() {
        for block in 0..2_000 {
            let mut draws = Draws::new(7, RunIndex { block, run: 0 }, Purpose::Workload);
            let mut below = |n: usize| draws.below(n as u32) as usize;
            let mut heap = Heap::default();
            let mut nodes = vec![heap.add_root()];
            let mut edges: Vec<Edge> = Vec::new();
            for _ in 0..120 {
                match below(8) {
                    0 | 1 => {
                        let from = nodes[below(nodes.len())];
                        let node = heap.add();
                        edges.push(heap.hold(from, LABEL, node));
                        nodes.push(node);
                    }
                    2..5 if nodes.len() > 1 => {
                        let (from, to) = (nodes[below(nodes.len())], 1 + below(nodes.len() - 1));
                        edges.push(heap.hold(from, LABEL, nodes[to]));
                    }
                    _ if !edges.is_empty() => {
                        let edge = edges.swap_remove(below(edges.len()));
                        heap.drop_reference(edge);
                    }
                    _ => {}
                }
                // An object that nobody holds stays: the graph frees nothing by itself.
                assert_eq!(settled(&mut heap), heap.unreachable_by_marking(), "block {block}");
            }
        }
    }
}
