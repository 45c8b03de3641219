//! A run queue: first in, first out.
//!
//! A list with a moving front, cheaper than a ring: a task goes in and out of it at each poll.

/// The tasks that are ready, in the order in which they were woken.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    tasks: Vec<u32>,
    // invariant: at most `tasks.len()`; 0 if nobody is left
    front: usize,
}

/// So many that have left may stand before the front.
const SLACK: usize = 1024;

impl Queue {
    #[inline]
    pub(super) fn push_back(&mut self, task: u32) {
        self.tasks.push(task);
    }

    #[inline]
    pub(super) fn front(&self) -> Option<u32> {
        self.tasks.get(self.front).copied()
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<u32> {
        let task = self.front()?;
        self.front += 1;
        if self.front == self.tasks.len() {
            self.tasks.clear();
            self.front = 0;
        } else if self.front >= SLACK {
            self.closes_up();
        }
        Some(task)
    }

    #[cold]
    fn closes_up(&mut self) {
        self.tasks.drain(..self.front);
        self.front = 0;
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.tasks[self.front..].iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_leave_in_the_order_in_which_they_came() {
        let mut queue = Queue::default();
        (0..3).for_each(|task| queue.push_back(task));
        for task in 3..5_000 {
            queue.push_back(task);
            assert_eq!(queue.front(), Some(task - 3));
            assert_eq!(queue.pop_front(), Some(task - 3));
            assert_eq!(queue.iter().collect::<Vec<_>>(), [task - 2, task - 1, task]);
        }
        (0..3).for_each(|_| assert!(queue.pop_front().is_some()));
        assert_eq!((queue.front(), queue.pop_front()), (None, None));
    }
}
