use super::{Log, lost, poll, run};
use crate::task::{Handle, join, select};
use std::{
    future::{pending, ready},
    pin::pin,
};

struct Noted(&'static str, Log);

impl Drop for Noted {
    fn drop(&mut self) {
        self.1.borrow_mut().push(self.0);
    }
}

async fn noted(name: &'static str, log: &Log, done: bool) -> &'static str {
    let _noted = Noted(name, log.clone());
    if !done {
        pending::<()>().await;
    }
    name
}

#[test]
fn losers_are_dropped_in_their_order_before_the_handler() {
    run(async |h| {
        let log = Log::default();
        let [a, c] = ["drop a", "drop c"].map(|name| Noted(name, log.clone()));
        let waits = async |noted: Noted| {
            pending::<()>().await;
            drop(noted);
        };
        select!(h; biased;
            () = waits(a) => unreachable!(),
            name = noted("drop b", &log, true) => log.borrow_mut().push(name.trim_start_matches("drop ")),
            () = waits(c) => unreachable!(),
        );
        assert_eq!(*log.borrow(), ["drop b", "drop a", "drop c", "b"]);
    });
}

#[test]
fn a_branch_is_left_out_by_its_condition_or_its_pattern() {
    run(async |h| {
        let some = select!(h;
            Some(value) = ready(None::<u8>) => value,
            value = ready(1), if false => value,
            mut value = async { 2 } => {
                value += 1;
                value
            }
            else => 9,
        );
        assert_eq!(some, 3);
        let none = select! { h; Ok(value) = ready(Err::<u8, u8>(1)) => value, else => 9 };
        assert_eq!(none, 9);
    });
}

#[test]
fn handlers_may_leave_the_loop_around_them() {
    async fn sums(h: &Handle) -> Result<u32, ()> {
        let (sender, mut receiver) = h.channel(8);
        for value in 1..4 {
            sender.send(value).await.map_err(|_| ())?;
        }
        drop(sender);
        let mut sum = 0;
        loop {
            select!(*h;
                value = receiver.recv() => match value {
                    Some(value) => sum += value,
                    None => break,
                },
                () = pending() => return Err(()),
            );
        }
        Ok(sum)
    }
    assert_eq!(run(async |h| sums(&h).await), Ok(6));
}

#[test]
fn who_loses_takes_no_message() {
    run(async |h| {
        let (sender, mut receiver) = h.channel(1);
        select!(h; biased; _ = receiver.recv() => unreachable!(), () = ready(()) => {});
        sender.send(7).await.unwrap();
        assert_eq!(receiver.recv().await, Some(7));
        assert_eq!(lost(&h), 0);
    });
}

#[test]
fn without_budget_no_branch_is_polled() {
    run(async |h| {
        let polled = std::cell::Cell::new(false);
        while h.has_budget_remaining() {
            h.consume_budget().await;
        }
        let chosen = async {
            select!(h; biased; () = async { polled.set(true) } => {});
        };
        let mut chosen = pin!(chosen);
        assert!(poll(chosen.as_mut()).is_pending());
        assert!(!polled.get());
        chosen.await;
        assert!(polled.get());
    });
}

#[test]
fn all_are_joined_and_each_poll_begins_one_later() {
    run(async |h| {
        let log = Log::default();
        let turns = async |name, log: Log| {
            for _ in 0..2 {
                log.borrow_mut().push(name);
                h.yield_now().await;
            }
            name
        };
        let all = join!(h; turns("a", log.clone()), turns("b", log.clone()), ready(3));
        assert_eq!(all, ("a", "b", 3));
        assert_eq!(*log.borrow(), ["a", "b", "b", "a"]);
    });
}

#[test]
fn who_loses_waits_no_longer() {
    run(async |h| {
        let (_sender, mut receiver) = h.channel::<u8>(1);
        let token = h.cancellation_token();
        let waits = || h.desk.waits_of_this_poll();
        select!(h; biased; _ = receiver.recv() => unreachable!(), () = ready(()) => {});
        assert_eq!(waits(), 0);
        let all = async { join!(h; receiver.recv(), async { token.cancel() }) };
        assert!(token.run_until_cancelled(all).await.is_none());
        assert_eq!(waits(), 0);
    });
}

#[test]
fn a_panic_in_a_branch_leaves_the_others_as_they_were() {
    run(async |h| {
        let handle = h.clone();
        let panics = async move { select!(handle; () = async { panic!("in a branch") } => {}) };
        assert!(h.spawn(panics).await.unwrap_err().is_panic());
        assert_eq!(h.desk.together.get(), 0);
    });
}
