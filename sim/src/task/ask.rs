//! Questions within a poll, where the source of decisions is out of reach: see [`Ahead`].

use super::desk::Desk;
use crate::decisions::{Ahead, Decisions};
use std::task::Poll;

/// A question that was answered ahead.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) value: u32,
    pub(super) options: u32,
    /// The values from here on come to the same as another.
    pub(super) tried: u32,
}

impl Desk {
    /// A value, in a place where the source of decisions is out of reach: see [`Ahead`].
    pub(super) fn ask(&self, options: u32) -> u32 {
        if options < 2 {
            return 0;
        }
        let value = self.ahead.borrow_mut().answer(options);
        self.asked.borrow_mut().push(Asked { value, options, tried: options });
        self.was_asked.set(true);
        self.todo.set(true);
        value
    }

    /// One of several branches to begin with; what it comes to says what there was to choose.
    pub(super) fn ask_first<T>(
        &self,
        options: usize,
        poll: impl FnOnce(usize) -> Poll<(usize, T)>,
    ) -> Poll<T> {
        if options < 2 {
            return poll(0).map(|(_, output)| output);
        }
        let at = self.asked.borrow().len();
        let first = self.ask(options as u32);
        let polled = poll(first as usize);
        let mut asked = self.asked.borrow_mut();
        match polled {
            // Whichever is first, all are pending.
            Poll::Pending if asked.len() == at + 1 => {
                asked.pop();
                self.ahead.borrow_mut().put_back();
            }
            // From the first on none was ready: so it is from any later one on.
            Poll::Ready((winner, _)) if winner < first as usize => asked[at].tried = first + 1,
            _ => {}
        }
        drop(asked);
        polled.map(|(_, output)| output)
    }

    /// Takes answers along for what is asked from now on.
    #[inline(never)]
    pub(super) fn take_ahead(&self, ahead: Ahead) {
        self.ahead_lasts.set(ahead.lasts());
        *self.ahead.borrow_mut() = ahead;
        self.prepares.set(self.records.get() || !self.ahead_lasts.get());
    }

    /// What a move begins with, beside its poll.
    #[inline(never)]
    pub(super) fn prepare(&self, decisions: &mut dyn Decisions) {
        self.clear_records();
        if !self.ahead_lasts.get() {
            self.take_ahead(decisions.ahead());
        }
    }

    /// Asks the source for the values that were taken ahead.
    #[cold]
    pub(super) fn ask_again(&self, decisions: &mut dyn Decisions) {
        for Asked { value, options, tried } in std::mem::take(&mut *self.asked.borrow_mut()) {
            let told = decisions.value(options);
            assert_eq!(told, value, "the source answers otherwise than it had said");
            if tried < options {
                decisions.spares(tried);
            }
        }
    }

    /// The lazy question after a unit was spent: was it the last of the 128? At most once a poll the
    /// answer is yes.
    #[inline]
    pub(super) fn may_be_used_up(&self) {
        if self.asks.get() && self.ask(2) == 1 {
            self.asks.set(false);
            self.budget.set(0);
        }
    }
}
