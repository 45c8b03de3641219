//! Random programs of tasks that share one kind of thing.

use atropos::{
    decisions::Draws,
    task::{
        Handle, TaskWorld, select,
        sync::{
            Barrier, CancellationToken, DuplexStream, JoinSet, Mutex, MutexGuard, Notify, OnceCell,
            RwLock, RwLockReadGuard, RwLockWriteGuard, TaskTracker, broadcast, mpsc, oneshot,
            watch,
        },
    },
};
use std::{future::ready, rc::Rc};

/// What the tasks of a program share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Theme {
    Notify,
    Mutex,
    RwLock,
    Watch,
    Broadcast,
    Barrier,
    Cell,
    Token,
    Tracker,
    Set,
    Select,
    Pipe,
    Oneshot,
    Permits,
}

pub(crate) const THEMES: [Theme; 14] = [
    Theme::Notify,
    Theme::Mutex,
    Theme::RwLock,
    Theme::Watch,
    Theme::Broadcast,
    Theme::Barrier,
    Theme::Cell,
    Theme::Token,
    Theme::Tracker,
    Theme::Set,
    Theme::Select,
    Theme::Pipe,
    Theme::Oneshot,
    Theme::Permits,
];

/// What each task does: one of four acts each time.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) theme: Theme,
    pub(crate) tasks: Vec<Vec<u32>>,
}

pub(crate) fn random(draws: &mut Draws, theme: Theme) -> Program {
    let tasks = 2 + draws.below(2);
    let acts = |draws: &mut Draws| {
        let many = 1 + draws.below(3);
        (0..many).map(|_| draws.below(4)).collect()
    };
    Program { theme, tasks: (0..tasks).map(|_| acts(draws)).collect() }
}

/// Things whose end changes nothing: whoever drops the last handle touches no footprint.
struct Common {
    notify: Notify,
    mutex: Mutex<u32>,
    lock: RwLock<u32>,
    barrier: Barrier,
    cell: OnceCell<u32>,
    token: CancellationToken,
    tracker: TaskTracker,
}

/// What one task has.
struct Mine {
    h: Handle,
    me: u32,
    common: Rc<Common>,
    watch: (watch::Sender<u32>, watch::Receiver<u32>),
    broadcast: (broadcast::Sender<u32>, broadcast::Receiver<u32>),
    send: mpsc::Sender<u32>,
    receive: mpsc::Receiver<u32>,
    reply: Option<oneshot::Sender<u32>>,
    /// Gone once it has come.
    answer: Option<oneshot::Receiver<u32>>,
    pipe: DuplexStream,
    set: JoinSet<u32>,
    tokens: Vec<CancellationToken>,
    held: Held,
}

#[derive(Default)]
struct Held {
    guards: Vec<MutexGuard<u32>>,
    reads: Vec<RwLockReadGuard<u32>>,
    writes: Vec<RwLockWriteGuard<u32>>,
    permits: Vec<mpsc::Permit<u32>>,
}

pub(crate) fn start(world: &mut TaskWorld, program: &Program) {
    let h = world.handle();
    let common = Rc::new(Common {
        notify: h.notify(),
        mutex: h.mutex(0),
        lock: h.rwlock(0),
        barrier: h.barrier(2),
        cell: h.once_cell(),
        token: h.cancellation_token(),
        tracker: h.task_tracker(),
    });
    let (watch, seen) = h.watch(0);
    let (broadcast, _) = h.broadcast(2);
    let many = program.tasks.len();
    // Each sends to the next.
    let (mut sends, receives): (Vec<_>, Vec<_>) = (0..many).map(|_| h.channel(1)).unzip();
    sends.rotate_left(1);
    let (mut replies, answers): (Vec<_>, Vec<_>) = (0..many).map(|_| h.oneshot()).unzip();
    replies.rotate_left(1);
    let ends = (0..many.div_ceil(2)).map(|_| h.duplex(2)).flat_map(|(one, two)| [one, two]);
    let ends: Vec<_> = ends.collect();
    let parts = sends.into_iter().zip(receives).zip(replies.into_iter().zip(answers)).zip(ends);
    for ((me, acts), (((send, receive), (reply, answer)), pipe)) in
        program.tasks.iter().enumerate().zip(parts)
    {
        let mine = Mine {
            h: h.clone(),
            me: me as u32,
            common: Rc::clone(&common),
            watch: (watch.clone(), seen.clone()),
            broadcast: (broadcast.clone(), broadcast.subscribe()),
            send,
            receive,
            reply: Some(reply),
            answer: Some(answer),
            pipe,
            set: h.join_set(),
            tokens: Vec::new(),
            held: Held::default(),
        };
        world.spawn("t", perform(mine, program.theme, acts.clone()));
    }
}

async fn perform(mut mine: Mine, theme: Theme, acts: Vec<u32>) {
    for act in acts {
        match theme {
            Theme::Notify => mine.notify(act).await,
            Theme::Mutex => mine.mutex(act).await,
            Theme::RwLock => mine.lock(act).await,
            Theme::Watch => mine.watch(act).await,
            Theme::Broadcast => mine.broadcast(act).await,
            Theme::Barrier => mine.barrier(act).await,
            Theme::Cell => mine.cell(act).await,
            Theme::Token => mine.token(act).await,
            Theme::Tracker => mine.tracker(act).await,
            Theme::Set => mine.set(act).await,
            Theme::Select => mine.select(act).await,
            Theme::Pipe => mine.pipe(act).await,
            Theme::Oneshot => mine.oneshot(act).await,
            Theme::Permits => mine.permits(act).await,
        }
    }
}

impl Mine {
    async fn notify(&mut self, act: u32) {
        let notify = &self.common.notify;
        match act {
            0 => notify.notify_one(),
            1 => notify.notify_waiters(),
            2 => notify.notified().await,
            _ => {
                let notified = notify.notified();
                self.h.yield_now().await;
                notified.await;
            }
        }
    }

    async fn mutex(&mut self, act: u32) {
        let Common { mutex, .. } = &*self.common;
        match act {
            0 => self.held.guards.push(mutex.lock().await),
            1 => drop(self.held.guards.pop()),
            2 => self.held.guards.extend(mutex.try_lock()),
            _ => *mutex.lock().await += self.me,
        }
    }

    async fn lock(&mut self, act: u32) {
        let Common { lock, .. } = &*self.common;
        match act {
            0 => self.held.reads.push(lock.read().await),
            1 => *lock.write().await += self.me,
            2 => drop(self.held.reads.pop()),
            _ => self.held.writes.extend(lock.try_write()),
        }
    }

    async fn watch(&mut self, act: u32) {
        let (sender, receiver) = &mut self.watch;
        match act {
            0 => drop(sender.send(self.me)),
            1 => drop(receiver.changed().await),
            2 => drop(receiver.borrow_and_update()),
            _ => drop(receiver.wait_for(|&value| value > 0).await),
        }
    }

    async fn broadcast(&mut self, act: u32) {
        let (sender, receiver) = &mut self.broadcast;
        match act {
            0 => drop(sender.send(self.me)),
            1 => drop(receiver.recv().await),
            2 => drop(receiver.try_recv()),
            _ => *receiver = receiver.resubscribe(),
        }
    }

    async fn barrier(&mut self, act: u32) {
        let wait = self.common.barrier.wait();
        match act {
            0 | 1 => drop(Some(wait.await)),
            2 => self.h.yield_now().await,
            _ => select!(self.h; biased; _ = wait => {}, () = ready(()) => {}),
        }
    }

    async fn cell(&mut self, act: u32) {
        let Common { cell, .. } = &*self.common;
        let make = async || {
            self.h.yield_now().await;
            self.me
        };
        match act {
            0 => assert!(*cell.get_or_init(make).await < 9),
            1 => assert!(cell.get().is_none_or(|&value| value < 9)),
            2 => drop(cell.set(self.me)),
            _ => drop(cell.get_or_try_init(async || Err(make().await)).await),
        }
    }

    async fn token(&mut self, act: u32) {
        let token = self.tokens.last().unwrap_or(&self.common.token);
        match act {
            0 => token.cancel(),
            1 => token.cancelled().await,
            2 => self.tokens.push(token.child_token()),
            _ => drop(token.run_until_cancelled(self.h.yield_now()).await),
        }
    }

    async fn tracker(&mut self, act: u32) {
        let Common { tracker, .. } = &*self.common;
        match act {
            0 => drop(tracker.spawn(self.h.yield_now())),
            1 => drop(Some(tracker.close())),
            2 => tracker.wait().await,
            _ => drop(Some(tracker.reopen())),
        }
    }

    async fn set(&mut self, act: u32) {
        match act {
            0 => drop(self.set.spawn(ready(1))),
            1 => drop(self.set.join_next().await),
            2 => drop(self.set.try_join_next()),
            _ => {
                let h = self.h.clone();
                self.set.spawn(async move {
                    h.yield_now().await;
                    2
                });
            }
        }
    }

    async fn select(&mut self, act: u32) {
        let notify = &self.common.notify;
        match act {
            0 => select!(self.h;
                _ = self.receive.recv() => {},
                () = notify.notified() => {},
            ),
            1 => drop(self.send.try_send(self.me)),
            2 => notify.notify_one(),
            _ => select!(self.h; biased;
                _ = self.send.send(self.me) => {},
                () = notify.notified() => {},
            ),
        }
    }

    async fn pipe(&mut self, act: u32) {
        let mut into = [0; 2];
        match act {
            0 => drop(self.pipe.read(&mut into).await),
            1 => drop(self.pipe.write_all(b"abc").await),
            2 => drop(self.pipe.write(b"d").await),
            _ => self.h.yield_now().await,
        }
    }

    async fn oneshot(&mut self, act: u32) {
        match act {
            0 => drop(self.reply.take().map(|reply| reply.send(self.me))),
            1 => {
                if let Some(reply) = &mut self.reply {
                    reply.closed().await;
                }
            }
            2 => drop(self.answer.as_mut().map(oneshot::Receiver::try_recv)),
            _ => {
                let Some(answer) = &mut self.answer else { return };
                let came = select!(self.h; biased;
                    _ = answer => true,
                    () = self.common.notify.notified() => false,
                );
                if came {
                    self.answer = None;
                }
            }
        }
    }

    async fn permits(&mut self, act: u32) {
        match act {
            0 => self.held.permits.extend(self.send.reserve().await),
            1 => match self.held.permits.pop() {
                Some(permit) => permit.send(self.me),
                None => self.send.closed().await,
            },
            2 => drop(self.receive.recv().await),
            _ => self.receive.close(),
        }
    }
}
