//! Channels: what is still received when one side is gone, and what is lost.

use super::{
    Rule,
    tools::{Log, run},
};
use futures::FutureExt;
use serde_json::{Value, json};

pub(crate) const RULES: &[Rule] = &[
    ("ch-001", buffered_first_then_none),
    ("ch-003", a_reserved_permit_keeps_a_closed_channel),
    ("ch-004", a_dropped_receiver_drops_its_messages),
    ("ch-005", a_message_after_the_last_drain_is_lost),
    ("ch-006", a_weak_sender_keeps_nothing_open),
    ("ch-007", blocked_senders_are_served_in_order),
    ("ch-008", a_cancelled_send_did_not_send),
    ("ch-009", a_send_without_a_receiver_gives_back),
    ("ch-010", a_oneshot_with_one_side_gone),
    ("ch-011", a_closed_oneshot_still_gives_its_value),
    ("ch-014", a_watch_without_receivers),
    ("ch-017", receiving_many_takes_what_is_there),
];

fn buffered_first_then_none() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel(2);
        tx.send(1).await.expect("the receiver is there");
        tx.send(2).await.expect("the receiver is there");
        drop(tx);
        json!([rx.recv().await, rx.recv().await, rx.recv().await])
    })
}

fn a_reserved_permit_keeps_a_closed_channel() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel(1);
        let permit = tx.reserve().await.expect("the receiver is there");
        rx.close();
        let waits = rx.recv().now_or_never().is_none();
        permit.send(9);
        json!([waits, rx.recv().await, rx.recv().await])
    })
}

fn a_dropped_receiver_drops_its_messages() -> Value {
    run(|h| async move {
        let (mailbox, rx) = h.channel(1);
        let (reply, answer) = h.oneshot::<()>();
        mailbox.send(reply).await.expect("the receiver is there");
        drop(rx);
        json!({"reply": answer.await.is_err()})
    })
}

fn a_message_after_the_last_drain_is_lost() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (tx, mut rx) = h.channel(1);
        assert!(rx.try_recv().is_err(), "nothing is left to drain");
        let sent = tx.send(log.guard("drop msg")).await.is_ok();
        log.add(format!("send ok={sent}"));
        drop(rx);
        log.json()
    })
}

fn a_weak_sender_keeps_nothing_open() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel::<u8>(1);
        let weak = tx.downgrade();
        drop(tx);
        json!({"recv": rx.recv().await, "upgrade": weak.upgrade().is_some()})
    })
}

fn blocked_senders_are_served_in_order() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel(1);
        tx.send("x").await.expect("the receiver is there");
        for name in ["A", "B"] {
            let tx = tx.clone();
            h.spawn(async move { tx.send(name).await.expect("the receiver is there") });
        }
        h.yield_now().await;
        json!([rx.recv().await, rx.recv().await, rx.recv().await])
    })
}

fn a_cancelled_send_did_not_send() -> Value {
    run(|h| async move {
        let log = Log::default();
        let (tx, mut rx) = h.channel(1);
        assert!(tx.send(log.guard("drop first")).await.is_ok(), "there is room");
        let mut send = Box::pin(tx.send(log.guard("drop second")));
        assert!(futures::poll!(&mut send).is_pending(), "there is no room");
        drop(send);
        log.add("dropped send future");
        drop(rx.recv().await);
        log.add(format!("empty={}", rx.try_recv().is_err()));
        log.json()
    })
}

fn a_send_without_a_receiver_gives_back() -> Value {
    run(|h| async move {
        let (tx, rx) = h.channel(1);
        drop(rx);
        let closed = tx.is_closed();
        json!({"is_closed": closed, "send_returns": tx.send(5).await.expect_err("no receiver").0})
    })
}

fn a_oneshot_with_one_side_gone() -> Value {
    run(|h| async move {
        let (tx, rx) = h.oneshot::<u8>();
        drop(tx);
        let failed = rx.await.is_err();
        let (tx, rx) = h.oneshot();
        drop(rx);
        json!([failed, tx.send(3).expect_err("no receiver")])
    })
}

fn a_closed_oneshot_still_gives_its_value() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.oneshot();
        tx.send(1).expect("the receiver is there");
        rx.close();
        let got = rx.try_recv().ok();
        let (late, mut closed) = h.oneshot();
        closed.close();
        late.send(2).expect_err("it is closed");
        json!(got)
    })
}

fn a_watch_without_receivers() -> Value {
    run(|h| async move {
        let (tx, rx) = h.watch(0);
        drop(rx);
        let failed = tx.send(1).is_err();
        let kept = *tx.borrow();
        tx.send_replace(2);
        json!([failed, kept, *tx.borrow()])
    })
}

fn receiving_many_takes_what_is_there() -> Value {
    run(|h| async move {
        let (tx, mut rx) = h.channel(3);
        for item in 0..3 {
            tx.send(item).await.expect("the receiver is there");
        }
        let mut items = Vec::new();
        let some = rx.recv_many(&mut items, 2).await;
        let rest = rx.recv_many(&mut items, 5).await;
        drop(tx);
        json!([some, rest, rx.recv_many(&mut items, 5).await])
    })
}
