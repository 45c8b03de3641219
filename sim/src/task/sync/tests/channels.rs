use super::{Log, lost, poll, run};
use crate::task::sync::mpsc::{SendError, TryRecvError, TrySendError};
use std::{pin::pin, task::Poll};

#[test]
fn what_nobody_received_is_lost() {
    run(async |h| {
        let (sender, receiver) = h.channel(4);
        sender.send(1).await.unwrap();
        sender.send(2).await.unwrap();
        drop(receiver);
        assert_eq!(lost(&h), 2);
        assert_eq!(sender.send(3).await, Err(SendError(3)));
        let (sender, receiver) = h.oneshot();
        sender.send(1).unwrap();
        drop(receiver);
        assert_eq!(lost(&h), 3);
    });
}

#[test]
fn what_came_back_is_not_lost() {
    run(async |h| {
        let (sender, mut receiver) = h.channel(1);
        sender.try_send(1).unwrap();
        assert_eq!(sender.try_send(2), Err(TrySendError::Full(2)));
        assert_eq!(receiver.recv().await, Some(1));
        drop(receiver);
        assert_eq!(sender.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!(lost(&h), 0);
    });
}

#[test]
fn a_message_under_a_permit_outlives_its_receiver() {
    run(async |h| {
        let (sender, receiver) = h.channel(1);
        let permit = sender.reserve().await.unwrap();
        drop(receiver);
        permit.send(1);
        assert_eq!(lost(&h), 0);
        drop(sender);
        assert_eq!(lost(&h), 1);
    });
}

#[test]
fn senders_and_reservations_are_served_as_they_came() {
    run(async |h| {
        let log = Log::default();
        let (sender, mut receiver) = h.channel(1);
        sender.send(0).await.unwrap();
        for at in 1..4 {
            let (sender, log) = (sender.clone(), log.clone());
            let sends = async move {
                match at {
                    2 => sender.reserve().await.unwrap().send(at),
                    _ => sender.send(at).await.unwrap(),
                }
                log.borrow_mut().push("sent");
            };
            drop(h.spawn(sends));
        }
        h.yield_now().await;
        for at in 0..4 {
            assert_eq!(receiver.recv().await, Some(at));
        }
        h.yield_now().await;
        assert_eq!(log.borrow().len(), 3);
    });
}

#[test]
fn a_send_that_was_given_room_and_is_dropped_gives_it_back() {
    run(async |h| {
        let (sender, mut receiver) = h.channel(1);
        sender.send(1).await.unwrap();
        {
            let mut second = pin!(sender.send(2));
            assert!(poll(second.as_mut()).is_pending());
            assert_eq!(receiver.recv().await, Some(1));
            assert_eq!(sender.capacity(), 0);
        }
        assert_eq!(sender.capacity(), 1);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
    });
}

#[test]
fn a_closed_channel_ends_when_its_last_permit_is_gone() {
    run(async |h| {
        let (sender, mut receiver) = h.channel::<u8>(2);
        let permit = sender.reserve().await.unwrap();
        receiver.close();
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Empty));
        assert!(poll(pin!(receiver.recv())).is_pending());
        drop(permit);
        assert_eq!(receiver.try_recv(), Err(TryRecvError::Disconnected));
        assert_eq!(receiver.recv().await, None);
        sender.closed().await;
    });
}

#[test]
fn a_pending_send_ends_with_its_value_when_the_receiver_goes() {
    run(async |h| {
        let (sender, mut receiver) = h.channel(1);
        sender.send(1).await.unwrap();
        let mut second = pin!(sender.send(2));
        assert!(poll(second.as_mut()).is_pending());
        // Given its room before the close: it fails all the same, and the room goes back.
        assert_eq!(receiver.recv().await, Some(1));
        receiver.close();
        assert_eq!(second.await, Err(SendError(2)));
        assert_eq!(sender.capacity(), 1);
        assert_eq!(receiver.recv().await, None);
    });
}

#[test]
fn unbounded_senders_end_the_channel() {
    run(async |h| {
        let (sender, mut receiver) = h.unbounded_channel();
        let weak = sender.downgrade();
        sender.send(1).unwrap();
        drop(sender);
        assert!(weak.upgrade().is_none());
        let mut many = Vec::new();
        assert_eq!(receiver.recv_many(&mut many, 8).await, 1);
        assert_eq!(receiver.recv_many(&mut many, 8).await, 0);
        assert_eq!(many, [1]);
    });
}

#[test]
fn a_oneshot_sender_learns_that_nobody_listens() {
    run(async |h| {
        let (mut sender, mut receiver) = h.oneshot::<u8>();
        assert!(poll(pin!(sender.closed())).is_pending());
        receiver.close();
        sender.closed().await;
        assert_eq!(sender.send(1), Err(1));
        assert!(receiver.await.is_err());
        assert_eq!(lost(&h), 0);
    });
}

#[test]
fn watchers_see_the_last_value_and_then_the_end() {
    run(async |h| {
        let (sender, mut receiver) = h.watch(0);
        let other = sender.subscribe();
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!(*other.borrow(), 2);
        assert_eq!(other.has_changed(), Ok(true));
        receiver.changed().await.unwrap();
        assert_eq!(*receiver.borrow_and_update(), 2);
        let searching =
            h.spawn(async move { receiver.wait_for(|&value| value > 3).await.map(|v| *v) });
        h.yield_now().await;
        sender.send(3).unwrap();
        h.yield_now().await;
        sender.send_modify(|value| *value += 1);
        assert_eq!(searching.await.unwrap().unwrap(), 4);
        let mut last = other.clone();
        drop(other);
        drop(sender);
        assert_eq!(last.wait_for(|&value| value == 4).await.map(|v| *v).unwrap(), 4);
        assert!(last.wait_for(|&value| value == 5).await.is_err());
        assert!(last.changed().await.is_err());
        assert_eq!(poll(pin!(last.changed())), Poll::Ready(last_error()));
    });

    fn last_error() -> Result<(), crate::task::sync::watch::RecvError> {
        let h = crate::task::Handle::outside();
        let (sender, receiver) = h.watch(());
        drop(sender);
        Err(receiver.has_changed().unwrap_err())
    }
}

#[test]
fn a_watch_is_closed_without_receivers() {
    run(async |h| {
        let (sender, receiver) = h.watch(0);
        assert!(poll(pin!(sender.closed())).is_pending());
        let closing = async move {
            sender.closed().await;
            sender.receiver_count()
        };
        let closing = h.spawn(closing);
        h.yield_now().await;
        drop(receiver);
        assert_eq!(closing.await.unwrap(), 0);
    });
}
