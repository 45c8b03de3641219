//! Steps as the search knows them, and the sequences of them that are still to be played.

use crate::footprint::Footprint;
use std::rc::Rc;

/// Which step of which mover: the id of its name, and what it chose among moves that exclude each
/// other ([`World::choice`](crate::world::World::choice)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Who {
    pub(super) mover: u64,
    pub(super) choice: u64,
}

impl Who {
    /// Whether it stands for whatever its mover can do.
    pub(super) fn is_any(self) -> bool {
        self.choice == 0 || self.choice >> 63 == 1
    }
}

/// A step: whose it is, what it drew, and what it touched.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) who: Who,
    pub(super) values: Vec<u32>,
    pub(super) print: Footprint,
    /// Steps that it makes possible, in place of others that can be made without it.
    pub(super) offers: Vec<Who>,
}

impl Step {
    /// Whether it draws the same values as another; those not told are 0.
    pub(super) fn draws(&self, other: &Step) -> bool {
        let most = self.values.len().max(other.values.len());
        let drawn = |values: &[u32], at: usize| values.get(at).copied().unwrap_or(0);
        (0..most).all(|at| drawn(&self.values, at) == drawn(&other.values, at))
    }

    pub(super) fn conflicts(&self, other: &Step) -> bool {
        self.who.mover == other.who.mover || self.print.conflicts(&other.print)
    }

    /// Whether it may be a choice that one of a sequence, of another mover, leaves no room for.
    pub(super) fn excludes(&self, sequence: &[Rc<Step>]) -> bool {
        self.who.choice != 0 && sequence.iter().any(|step| step.who.choice != 0)
    }
}

/// A path, a step and what follows.
pub(super) fn joined(path: &[Rc<Step>], step: &Rc<Step>, rest: &[Rc<Step>]) -> Vec<Rc<Step>> {
    path.iter().chain([step]).chain(rest).cloned().collect()
}

/// Whether a step may come first in some order of a sequence ("weak initial"), and where it stands in
/// it, if it does.
pub(super) fn initial<'s>(
    step: &Step,
    sequence: impl IntoIterator<Item = &'s Rc<Step>> + Clone,
) -> Option<Option<usize>> {
    for (at, other) in sequence.clone().into_iter().enumerate() {
        if other.who.mover == step.who.mover {
            let mut earlier = sequence.into_iter().take(at);
            let free = earlier.all(|earlier| !earlier.conflicts(other));
            return (free && other.who == step.who).then_some(Some(at));
        }
        if step.print.conflicts(&other.print) {
            return None;
        }
    }
    Some(None)
}

/// Steps planned from some point on, as a tree; each branch in the order of planning.
#[derive(Clone, Debug, Default)]
pub(super) struct Wakeup {
    pub(super) branches: Vec<(Rc<Step>, Wakeup)>,
}

impl Wakeup {
    /// Plans a sequence, unless one that is planned already leads to all that it leads to. `fits` says
    /// whether a longer sequence can be played: choices of different movers may exclude each other.
    pub(super) fn insert(
        &mut self,
        mut sequence: Vec<Rc<Step>>,
        mut fits: impl FnMut(&[Rc<Step>]) -> bool,
    ) {
        let (mut tree, mut path) = (self, Vec::new());
        loop {
            let found = tree.branches.iter().position(|(step, _)| match initial(step, &sequence) {
                Some(Some(at)) => {
                    // With another value it is another step.
                    let same = sequence[at].draws(step);
                    if same {
                        sequence.remove(at);
                    }
                    same
                }
                Some(None) => !step.excludes(&sequence) || fits(&joined(&path, step, &sequence)),
                None => false,
            });
            let Some(found) = found else { return tree.append(sequence) };
            path.push(Rc::clone(&tree.branches[found].0));
            tree = &mut tree.branches[found].1;
            // A leaf: whatever follows it will be found from there.
            if sequence.is_empty() || tree.branches.is_empty() {
                return;
            }
        }
    }

    pub(super) fn append(&mut self, sequence: Vec<Rc<Step>>) {
        let mut tree = self;
        for step in sequence {
            tree.branches.push((step, Wakeup::default()));
            tree = &mut tree.branches.last_mut().expect("a branch was added").1;
        }
    }
}
