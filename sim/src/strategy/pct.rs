//! PCT: random priorities, and d - 1 random points at which the running one falls to the bottom.
//!
//! Burckhardt, Kothari, Musuvathi, Nagarakatte: "A randomized scheduler with probabilistic
//! guarantees of finding bugs", ASPLOS 2010. A bug of depth d among n processes and k steps is
//! found with probability at least 1/(n k^(d-1)) a run. Deviations: whatever moves (a process, a
//! channel, a timer) draws its priority when it is first enabled; k is what the block has seen.
//!
//! A heap of (priority, move) instead of a scan makes the pick as cheap at 1,000 ready as at 10:
//! entries of moves that are no longer enabled are dropped when they are met.

use super::Strategy;
use crate::{
    decisions::Draws,
    moves::{Move, MoveSet},
};
use std::collections::BinaryHeap;

/// The PCT scheduler.
#[derive(Clone, Debug, Default)]
pub struct Pct {
    depth: u32,
    // invariant: each enabled move that arrived is in the heap exactly once
    heap: BinaryHeap<(u32, Move)>,
    /// Priority of each move, by index; 0 until it is first enabled.
    priority: Vec<u32>,
    queued: Vec<bool>,
    // invariant: sorted downwards, so the next point is the last
    change_points: Vec<u32>,
    step: u32,
}

/// Priorities drawn at random lie above all that change points hand out.
const DRAWN: u32 = 1 << 31;

impl Pct {
    /// Sets the depth of the bugs looked for, at least 1.
    pub fn set_depth(&mut self, depth: u32) {
        self.depth = depth.max(1);
    }

    fn welcome(&mut self, mv: Move, draws: &mut Draws) {
        let index = mv.0 as usize;
        if index >= self.priority.len() {
            self.priority.resize(index + 1, 0);
            self.queued.resize(index + 1, false);
        }
        if self.priority[index] == 0 {
            self.priority[index] = DRAWN | draws.bits();
        }
        if !self.queued[index] {
            self.queued[index] = true;
            self.heap.push((self.priority[index], mv));
        }
    }

    /// The enabled move of highest priority, and its position.
    fn highest(&mut self, moves: &MoveSet) -> (Move, usize) {
        loop {
            let &(_, mv) =
                self.heap.peek().expect("an enabled move has arrived before it is picked");
            match moves.position(mv) {
                Some(at) => return (mv, at),
                None => {
                    self.queued[mv.0 as usize] = false;
                    self.heap.pop();
                }
            }
        }
    }

    /// Lowers the move that would run next; later change points go lower still.
    fn lower_highest(&mut self, moves: &MoveSet) {
        let (mv, _) = self.highest(moves);
        let low = self.change_points.len() as u32 + 1;
        self.heap.pop();
        self.priority[mv.0 as usize] = low;
        self.heap.push((low, mv));
    }
}

impl Strategy for Pct {
    fn begin(&mut self, steps: u32, draws: &mut Draws) {
        self.heap.clear();
        self.priority.clear();
        self.queued.clear();
        self.step = 0;
        self.change_points.clear();
        self.change_points.extend((1..self.depth).map(|_| 1 + draws.below(steps.max(1))));
        self.change_points.sort_unstable_by(|a, b| b.cmp(a));
    }

    fn pick(&mut self, moves: &MoveSet, draws: &mut Draws) -> usize {
        for &mv in moves.arrivals() {
            self.welcome(mv, draws);
        }
        self.step += 1;
        while self.change_points.last().is_some_and(|&point| point <= self.step) {
            self.change_points.pop();
            self.lower_highest(moves);
        }
        self.highest(moves).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decisions::{Purpose, RunIndex};

    /// Two processes of `steps` steps each; returns who took each step.
    fn schedule(seed: u64, depth: u32, steps: u32) -> Vec<u32> {
        let mut draws = Draws::new(seed, RunIndex::default(), Purpose::Schedule);
        let mut moves = MoveSet::default();
        moves.reset(true);
        moves.enable(Move(0));
        moves.enable(Move(1));
        let mut pct = Pct::default();
        pct.set_depth(depth);
        pct.begin(2 * steps, &mut draws);
        let mut left = [steps; 2];
        let mut taken = Vec::new();
        while !moves.is_empty() {
            let at = pct.pick(&moves, &mut draws);
            moves.forget_arrivals();
            let Move(who) = moves.all()[at];
            taken.push(who);
            left[who as usize] -= 1;
            if left[who as usize] == 0 {
                moves.disable(Move(who));
            }
        }
        taken
    }

    #[test]
    fn depth_one_runs_one_process_to_its_end() {
        let firsts: Vec<u32> = (0..20)
            .map(|seed| {
                let taken = schedule(seed, 1, 20);
                assert!(
                    taken.is_sorted() || taken.is_sorted_by(|a, b| a >= b),
                    "a switch at depth 1"
                );
                taken[0]
            })
            .collect();
        assert!(firsts.contains(&0) && firsts.contains(&1), "priorities are not random");
    }

    #[test]
    fn depth_two_switches_at_most_twice() {
        let switches = |taken: &[u32]| taken.windows(2).filter(|w| w[0] != w[1]).count();
        let most = (0..200).map(|seed| switches(&schedule(seed, 2, 20))).max();
        assert_eq!(most, Some(2), "one preemption, and the end of the one that was let through");
    }
}
