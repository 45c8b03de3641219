use super::{Log, lost, poll, run};
use crate::task::sync::{SetError, broadcast::RecvError};
use std::{pin::pin, rc::Rc, task::Poll};

#[test]
fn a_lock_that_was_given_to_somebody_who_goes_away_goes_on() {
    run(async |h| {
        let mutex = h.mutex(1);
        let guard = mutex.lock().await;
        let mut next = Box::pin(mutex.lock());
        assert!(poll(next.as_mut()).is_pending());
        let mut last = pin!(mutex.lock());
        assert!(poll(last.as_mut()).is_pending());
        drop(guard);
        assert!(mutex.try_lock().is_err());
        drop(next);
        assert_eq!(*last.await, 1);
    });
}

#[test]
fn readers_and_writers_go_as_they_came() {
    run(async |h| {
        let lock = h.rwlock(Vec::new());
        let first = lock.read().await;
        let _second = lock.read().await;
        let mut writer = pin!(lock.write());
        assert!(poll(writer.as_mut()).is_pending());
        let mut late = pin!(lock.read());
        assert!(poll(late.as_mut()).is_pending(), "a writer waits before it");
        assert!(lock.try_read().is_err());
        drop(first);
        assert!(poll(writer.as_mut()).is_pending());
        drop(_second);
        let mut writing = writer.await;
        writing.push(1);
        drop(writing);
        assert_eq!(*late.await, [1]);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn what_one_was_told_goes_on_if_he_goes_away() {
    run(async |h| {
        let notify = h.notify();
        let mut first = Box::pin(notify.notified());
        let mut second = pin!(notify.notified());
        assert!(!first.as_mut().enable());
        assert!(poll(second.as_mut()).is_pending());
        notify.notify_one();
        drop(first);
        assert!(poll(second.as_mut()).is_ready());
        // And is kept if nobody waits.
        let mut third = Box::pin(notify.notified());
        assert!(poll(third.as_mut()).is_pending());
        notify.notify_one();
        drop(third);
        notify.notified().await;
        assert!(poll(pin!(notify.notified())).is_pending());
    });
}

#[test]
fn what_all_were_told_does_not_go_on() {
    run(async |h| {
        let notify = h.notify();
        let early = notify.notified();
        let mut waiting = Box::pin(notify.notified());
        assert!(poll(waiting.as_mut()).is_pending());
        notify.notify_waiters();
        let mut late = pin!(notify.notified());
        assert!(poll(late.as_mut()).is_pending());
        drop(waiting);
        assert!(poll(late.as_mut()).is_pending());
        early.await;
    });
}

#[test]
fn who_falls_behind_is_told_how_far() {
    run(async |h| {
        let (sender, mut receiver) = h.broadcast(2);
        let mut other = sender.subscribe();
        for value in 0..5 {
            assert_eq!(sender.send(value), Ok(2));
        }
        assert_eq!(receiver.recv().await, Err(RecvError::Lagged(3)));
        assert_eq!(receiver.recv().await, Ok(3));
        assert_eq!(receiver.recv().await, Ok(4));
        assert!(poll(pin!(receiver.recv())).is_pending());
        let waiting = h.spawn(async move { (receiver.recv().await, receiver.recv().await) });
        h.yield_now().await;
        sender.send(5).unwrap();
        assert_eq!(other.len(), 6);
        assert_eq!(other.try_recv().map_err(|_| ()), Err(()));
        assert_eq!(other.recv().await, Ok(4));
        drop(other);
        h.yield_now().await;
        assert_eq!(lost(&h), 0, "somebody had received it");
        let (alone, receiver) = h.broadcast(2);
        alone.send(1).unwrap();
        drop(receiver);
        alone.closed().await;
        assert_eq!(lost(&h), 1);
        drop(sender);
        assert_eq!(waiting.await.unwrap(), (Ok(5), Err(RecvError::Closed)));
    });
}

#[test]
fn the_last_to_come_leads() {
    run(async |h| {
        let barrier = Rc::new(h.barrier(3));
        let log = Log::default();
        for name in ["first", "second"] {
            let (barrier, log) = (barrier.clone(), log.clone());
            let comes = async move {
                assert!(!barrier.wait().await.is_leader());
                log.borrow_mut().push(name);
            };
            drop(h.spawn(comes));
        }
        h.yield_now().await;
        assert!(log.borrow().is_empty());
        assert!(barrier.wait().await.is_leader());
        h.yield_now().await;
        assert_eq!(*log.borrow(), ["first", "second"]);
        assert!(poll(pin!(barrier.wait())).is_pending(), "another round");
    });
}

#[test]
fn a_value_is_made_once_and_by_the_next_if_the_first_gives_up() {
    run(async |h| {
        let cell = h.once_cell::<u8>();
        let mut first = Box::pin(cell.get_or_init(async || std::future::pending().await));
        assert!(poll(first.as_mut()).is_pending());
        assert_eq!(cell.set(9), Err(SetError::InitializingError(9)));
        let mut second = pin!(cell.get_or_try_init(async || Ok::<_, ()>(2)));
        assert!(poll(second.as_mut()).is_pending());
        drop(first);
        assert_eq!(second.await, Ok(&2));
        assert_eq!(cell.set(9), Err(SetError::AlreadyInitializedError(9)));
        assert_eq!(poll(pin!(cell.get_or_init(async || 3))), Poll::Ready(&2));
        let empty = h.once_cell();
        assert_eq!(empty.get_or_try_init(async || Err(1)).await, Err(1));
        assert!(!empty.initialized());
        empty.set(5).unwrap();
        assert_eq!(empty.get(), Some(&5));
    });
}
