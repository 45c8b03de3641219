use super::{Log, poll, run};
use std::{io::ErrorKind, pin::pin, task::Poll};

#[test]
fn a_set_gives_the_ends_in_their_order() {
    run(async |h| {
        let mut set = h.join_set();
        for (name, turns) in [("slow", 3), ("quick", 1), ("ready", 0)] {
            let handle = h.clone();
            set.spawn(async move {
                for _ in 0..turns {
                    handle.yield_now().await;
                }
                name
            });
        }
        let aborted = set.spawn(std::future::pending());
        assert!(set.try_join_next().is_none());
        assert_eq!(set.join_next().await.unwrap().unwrap(), "ready");
        assert_eq!(set.join_next().await.unwrap().unwrap(), "quick");
        aborted.abort();
        assert!(set.join_next().await.unwrap().unwrap_err().is_cancelled());
        assert_eq!(set.join_all().await, ["slow"]);
    });
}

#[test]
fn a_set_without_budget_is_pending_and_comes_back() {
    run(async |h| {
        let mut set = h.join_set();
        for at in 0..200 {
            set.spawn(async move { at });
        }
        h.yield_now().await;
        for at in 0..200 {
            assert_eq!(set.join_next().await.unwrap().unwrap(), at);
        }
        assert!(set.join_next().await.is_none());
    });
}

#[test]
fn a_tracker_waits_for_the_close_and_the_last_task() {
    run(async |h| {
        let tracker = h.task_tracker();
        let mut early = pin!(tracker.wait());
        assert!(poll(early.as_mut()).is_pending());
        let handle = h.clone();
        let task = tracker.spawn(async move { handle.yield_now().await });
        assert!(tracker.close());
        assert!(!tracker.close());
        assert!(poll(early.as_mut()).is_pending());
        early.as_mut().await;
        assert!(tracker.is_empty());
        task.await.unwrap();
        // Done before it was opened again: that counts for those who waited.
        assert!(tracker.reopen());
        early.await;
        assert!(poll(pin!(tracker.wait())).is_pending());
    });
}

#[test]
fn cancelling_wakes_the_whole_tree() {
    run(async |h| {
        let log = Log::default();
        let root = h.cancellation_token();
        let middle = root.child_token();
        let (left, right) = (middle.child_token(), middle.child_token());
        drop(middle);
        for (name, token) in [("root", &root), ("left", &left), ("right", &right)] {
            let (token, log) = (token.clone(), log.clone());
            let waits = async move {
                token.cancelled().await;
                log.borrow_mut().push(name);
            };
            drop(h.spawn(waits));
        }
        let guarded = right.child_token();
        h.yield_now().await;
        drop(left.clone().drop_guard());
        assert!(left.is_cancelled() && !right.is_cancelled());
        root.cancel();
        h.yield_now().await;
        assert_eq!(*log.borrow(), ["left", "right", "root"]);
        assert!(guarded.is_cancelled() && root.child_token().is_cancelled());
        assert_eq!(root.run_until_cancelled(async { 1 }).await, None);
        let open = h.cancellation_token();
        assert_eq!(open.run_until_cancelled(async { 1 }).await, Some(1));
        let disarmed = open.drop_guard().disarm();
        assert!(!disarmed.is_cancelled());
    });
}

#[test]
fn a_pipe_gives_bytes_in_order_and_room_as_it_comes() {
    run(async |h| {
        let (mut left, mut right) = h.duplex(4);
        let writes = h.spawn(async move {
            left.write_all(b"more than four").await.unwrap();
            let mut answer = [0; 2];
            left.read_exact(&mut answer).await.unwrap();
            answer
        });
        let mut some = [0; 14];
        assert_eq!(right.read_exact(&mut some).await.unwrap(), 14);
        assert_eq!(&some, b"more than four");
        right.write_all(b"ok").await.unwrap();
        assert_eq!(&writes.await.unwrap(), b"ok");
        assert_eq!(right.read(&mut some).await.unwrap(), 0);
        let error = right.write(b"x").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        let mut none = [];
        assert!(matches!(poll(pin!(right.read(&mut none))), Poll::Ready(Ok(0))));
    });
}
