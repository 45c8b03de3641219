//! Random programs of tasks that do everything there is to do with each other.

use atropos::{
    decisions::Draws,
    task::{
        AbortOnDropHandle, Handle, JoinHandle, TaskWorld, join, select,
        sync::{
            Barrier, CancellationToken, DuplexStream, JoinSet, Mutex, MutexGuard, Notify, OnceCell,
            RwLock, RwLockReadGuard, RwLockWriteGuard, Semaphore, SemaphorePermit, TaskTracker,
            broadcast, mpsc, oneshot, watch,
        },
    },
};
use std::{
    future::poll_fn,
    pin::pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Wake, Waker},
    time::Duration,
};

/// One thing that a task does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Act {
    /// Which.
    what: u32,
    /// To which task.
    who: usize,
    /// In which of its ways.
    how: u32,
}

/// Kinds of things that a random program draws from.
const KINDS: u32 = 46;

pub(crate) type Program = Vec<Vec<Act>>;

/// Every other program does only a few kinds of things, and those often.
pub(crate) fn random_program(draws: &mut Draws, tasks: u32, most: u32) -> Program {
    let kinds: Vec<u32> = match draws.below(2) {
        0 => (0..KINDS).collect(),
        _ => (0..4).map(|_| draws.below(KINDS)).collect(),
    };
    let act = |draws: &mut Draws| Act {
        what: kinds[draws.below(kinds.len() as u32) as usize],
        who: draws.below(tasks) as usize,
        how: draws.below(4),
    };
    (0..tasks).map(|_| (0..=draws.below(most)).map(|_| act(draws)).collect()).collect()
}

/// What all tasks have. Each has senders of its own: whose drop is the last is told by none of them.
#[derive(Clone)]
struct Common {
    h: Handle,
    senders: Vec<mpsc::Sender<u32>>,
    endless: mpsc::UnboundedSender<u32>,
    news: broadcast::Sender<u32>,
    mutex: Rc<Mutex<u32>>,
    semaphore: Rc<Semaphore>,
    notify: Rc<Notify>,
    lock: Rc<RwLock<u32>>,
    barrier: Rc<Barrier>,
    cell: Rc<OnceCell<u32>>,
    token: CancellationToken,
    tracker: TaskTracker,
}

impl Common {
    fn new(h: &Handle, senders: Vec<mpsc::Sender<u32>>) -> (Self, mpsc::UnboundedReceiver<u32>) {
        let (endless, receiver) = h.unbounded_channel();
        let common = Common {
            h: h.clone(),
            senders,
            endless,
            news: h.broadcast(2).0,
            mutex: Rc::new(h.mutex(0)),
            semaphore: Rc::new(h.semaphore(2)),
            notify: Rc::new(h.notify()),
            lock: Rc::new(h.rwlock(0)),
            barrier: Rc::new(h.barrier(2)),
            cell: Rc::new(h.once_cell()),
            token: h.cancellation_token(),
            tracker: h.task_tracker(),
        };
        (common, receiver)
    }
}

/// What one task has.
struct Hand {
    inbox: mpsc::Receiver<u32>,
    endless: Option<mpsc::UnboundedReceiver<u32>>,
    news: broadcast::Receiver<u32>,
    ask: Option<oneshot::Sender<u32>>,
    answer: Option<oneshot::Receiver<u32>>,
    show: Option<watch::Sender<u32>>,
    seen: watch::Receiver<u32>,
    near: DuplexStream,
    far: DuplexStream,
    set: JoinSet<()>,
    children: Vec<JoinHandle<u32>>,
    permits: Vec<SemaphorePermit>,
    locks: Vec<MutexGuard<u32>>,
    reads: Vec<RwLockReadGuard<u32>>,
    writes: Vec<RwLockWriteGuard<u32>>,
}

pub(crate) fn start(world: &mut TaskWorld, program: &Program) {
    let h = world.handle();
    let (senders, inboxes): (Vec<_>, Vec<_>) = program.iter().map(|_| h.channel::<u32>(1)).unzip();
    let (mut asks, mut answers): (Vec<_>, Vec<_>) =
        program.iter().map(|_| h.oneshot::<u32>()).unzip();
    // Each asks the one before.
    answers.rotate_left(1);
    let (mut nears, mut fars): (Vec<_>, Vec<_>) = program.iter().map(|_| h.duplex(2)).unzip();
    fars.rotate_left(1);
    let (common, endless) = Common::new(&h, senders);
    let (show, seen) = h.watch(0);
    let (mut endless, mut show) = (Some(endless), Some(show));
    for (acts, inbox) in program.iter().zip(inboxes) {
        let hand = Hand {
            inbox,
            endless: endless.take(),
            news: common.news.subscribe(),
            ask: asks.pop(),
            answer: answers.pop(),
            show: show.take(),
            seen: seen.clone(),
            near: nears.pop().expect("one each"),
            far: fars.pop().expect("one each"),
            set: h.join_set(),
            children: Vec::new(),
            permits: Vec::new(),
            locks: Vec::new(),
            reads: Vec::new(),
            writes: Vec::new(),
        };
        world.spawn("t", perform(common.clone(), hand, acts.clone()));
    }
}

async fn perform(common: Common, mut hand: Hand, acts: Vec<Act>) {
    for act in acts {
        match act.what {
            0..=11 => talk(&common, &mut hand, act).await,
            12..=22 => lock(&common, &mut hand, act).await,
            23..=35 => live(&common, &mut hand, act).await,
            _ => combine(&common, &mut hand, act).await,
        }
    }
}

/// Channels.
async fn talk(common: &Common, hand: &mut Hand, act: Act) {
    let Act { what, who, how } = act;
    match what {
        0 => drop(common.senders[who].send(how).await),
        1 => drop(common.senders[who].try_send(how)),
        2 => drop(hand.inbox.recv().await),
        3 if how == 0 => hand.inbox.close(),
        3 => drop(hand.inbox.try_recv()),
        4 => drop(common.endless.send(how)),
        5 => match &mut hand.endless {
            Some(endless) if how == 0 => drop(endless.recv_many(&mut Vec::new(), 2).await),
            Some(endless) => drop(endless.recv().await),
            None => drop(common.senders[who].reserve().await.map(|permit| permit.send(how))),
        },
        6 => match (hand.ask.take(), hand.answer.take()) {
            (Some(ask), None) if how == 0 => drop(ask),
            (Some(ask), _) if how < 3 => drop(ask.send(how)),
            (_, Some(answer)) => drop(answer.await),
            _ => {}
        },
        7 => drop(common.news.send(how)),
        8 if how == 0 => drop(hand.news.recv().await),
        8 => drop(hand.news.try_recv()),
        9 => match &hand.show {
            Some(show) => drop(show.send(how)),
            None if how == 0 => drop(hand.seen.has_changed()),
            None => drop(hand.seen.changed().await),
        },
        10 if how == 0 => hand.show = None,
        10 => drop(hand.seen.wait_for(|seen| *seen >= how).await),
        _ if how == 0 => drop(common.senders[who].is_closed()),
        _ => {
            let closed = common.senders[who].closed();
            let _ = common.h.timeout(ms(2), closed).await;
        }
    }
}

/// Locks, permits, notifications.
async fn lock(common: &Common, hand: &mut Hand, act: Act) {
    let how = act.how;
    match act.what {
        12 => hand.locks.push(common.mutex.lock().await),
        13 if how == 0 => hand.locks.extend(common.mutex.try_lock()),
        13 => drop(hand.locks.pop()),
        14 => hand.permits.extend(common.semaphore.acquire_many(1 + how % 2).await),
        15 if how == 0 => hand.permits.extend(common.semaphore.try_acquire()),
        15 if how == 1 => drop(common.semaphore.available_permits()),
        15 => drop(hand.permits.pop()),
        16 if how == 0 => common.notify.notify_waiters(),
        16 => common.notify.notify_one(),
        17 => common.notify.notified().await,
        18 if how < 2 => hand.reads.push(common.lock.read().await),
        18 => hand.writes.push(common.lock.write().await),
        19 => drop((hand.reads.pop(), hand.writes.pop())),
        20 => {
            let wait = common.barrier.wait();
            let _ = common.h.timeout(ms(2), wait).await;
        }
        21 => {
            let make = || async {
                common.h.yield_now().await;
                how
            };
            let _ = common.cell.get_or_init(make).await;
        }
        _ if how == 0 => common.token.cancel(),
        _ if how == 1 => drop(common.token.is_cancelled()),
        _ => drop(common.token.run_until_cancelled(common.h.sleep(ms(how))).await),
    }
}

/// Children, time, and several things at once.
async fn live(common: &Common, hand: &mut Hand, act: Act) {
    let (h, how) = (&common.h, act.how);
    match act.what {
        23 | 24 => hand.children.push(h.spawn(child(common.clone(), act))),
        25 => {
            if let Some(child) = hand.children.pop() {
                drop(child.await);
            }
        }
        26 if how == 0 => drop(hand.children.pop()),
        26 => hand.children.iter().for_each(|child| child.abort()),
        27 => hand.children.retain(|child| !child.is_finished()),
        28 => drop(hand.set.spawn(drop_output(child(common.clone(), act)))),
        29 if how == 0 => drop(hand.set.try_join_next()),
        29 if how == 1 => hand.set.abort_all(),
        29 => drop(hand.set.join_next().await),
        30 => h.sleep(ms(how)).await,
        31 => h.yield_now().await,
        32 => {
            select!(h; _ = hand.inbox.recv() => (), () = h.sleep(ms(1 + how)) => ());
        }
        33 => {
            let notified = common.notify.notified();
            let both = async { join!(h; h.yield_now(), notified) };
            let _ = h.timeout(ms(1 + how), both).await;
        }
        34 if how == 0 => drop(common.tracker.close()),
        34 if how == 1 => common.tracker.wait().await,
        34 => drop(common.tracker.spawn(child(common.clone(), act))),
        _ if how == 0 => drop(h.now()),
        _ => {
            h.hold("it");
            h.yield_now().await;
            h.release("it");
        }
    }
}

/// What is left: pipes, sets of local tasks, clocks, budgets, handles that abort.
async fn combine(common: &Common, hand: &mut Hand, act: Act) {
    let (h, how) = (&common.h, act.how);
    match act.what {
        36 => drop(hand.near.write_all(&[1, 2, 3][..how as usize]).await),
        37 => drop(hand.far.read(&mut [0; 2]).await),
        38 => {
            let mut interval = h.interval(ms(1 + how));
            interval.tick().await;
            interval.tick().await;
        }
        39 => {
            let handle = AbortOnDropHandle::new(h.spawn(child(common.clone(), act)));
            let _ = h.timeout(ms(1), handle).await;
        }
        40 => {
            let set = h.local_set();
            let local = set.spawn_local(child(common.clone(), Act { how: how % 2, ..act }));
            let _ = h.timeout(ms(3), set.run_until(local)).await;
        }
        41 => {
            let mut sleep = Box::pin(h.sleep(ms(2)));
            let _ = h.timeout(ms(1), &mut sleep).await;
            sleep.as_mut().reset(h.now() + ms(how));
            sleep.await;
        }
        42 => {
            let asleep = h.unconstrained(common.senders[act.who].send(how));
            let _ = h.timeout(ms(1), h.cooperative(asleep)).await;
        }
        43 => {
            let token = common.token.child_token();
            let _ = h.timeout(ms(1 + how), token.cancelled()).await;
        }
        44 => {
            let weak = common.senders[act.who].downgrade();
            h.consume_budget().await;
            drop(weak.upgrade());
        }
        _ if how == 0 => through(common.notify.notified()).await,
        _ if how == 1 => drop(through(common.semaphore.acquire()).await),
        _ => {
            if let Some(child) = hand.children.pop() {
                drop(through(child).await);
            }
        }
    }
}

/// Wakes another waker: what combinators do.
struct Forward(Waker);

impl Wake for Forward {
    fn wake(self: Arc<Self>) {
        self.0.wake_by_ref();
    }
}

/// Polls with a waker of its own.
async fn through<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|cx| {
        let waker = Waker::from(Arc::new(Forward(cx.waker().clone())));
        future.as_mut().poll(&mut Context::from_waker(&waker))
    })
    .await
}

fn ms(ms: u32) -> Duration {
    Duration::from_millis(ms.into())
}

async fn drop_output<T>(future: impl Future<Output = T>) {
    drop(future.await);
}

async fn child(common: Common, act: Act) -> u32 {
    match act.how {
        0 => drop(common.senders[act.who].send(7).await),
        1 => drop(common.semaphore.acquire().await),
        2 => std::panic::resume_unwind(Box::new("boom")),
        _ => common.h.yield_now().await,
    }
    act.how
}
