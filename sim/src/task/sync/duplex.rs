//! A pipe in memory, both ways: rules `cost-duplex-read`, `cost-unix-read`; tokio 1.54,
//! io/util/mem.rs.

use super::{
    super::{
        desk::{Desk, Held, Place},
        handle::Handle,
        kind::Op,
        waker::Waiter,
    },
    crowd::{register, wake},
};
use crate::word::mix;
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    fmt,
    future::{Future, poll_fn},
    io,
    panic::Location,
    rc::Rc,
    task::{Context, Poll, ready},
};

/// One way.
struct Pipe {
    place: Place,
    room: usize,
    bytes: RefCell<VecDeque<u8>>,
    closed: Cell<bool>,
    /// What those had seen who wrote and read, up to now.
    passed: Cell<u64>,
    reader: RefCell<Waiter>,
    writer: RefCell<Waiter>,
}

impl Pipe {
    fn new(handle: &Handle, site: &'static Location<'static>, room: usize) -> Rc<Self> {
        Rc::new_cyclic(|me: &std::rc::Weak<Pipe>| Pipe {
            place: handle.place(handle.desk.adopt("pipe", site, me.clone())),
            room,
            bytes: RefCell::default(),
            closed: Cell::new(false),
            passed: Cell::new(0),
            reader: RefCell::default(),
            writer: RefCell::default(),
        })
    }

    fn desk(&self) -> &Desk {
        &self.place.desk
    }

    fn poll_read(&self, cx: &mut Context<'_>, into: &mut [u8], at: At) -> Poll<usize> {
        let coop = ready!(self.desk().proceed(cx, Op::StreamRead));
        let many = self.bytes.borrow().len().min(into.len());
        if many == 0 && !into.is_empty() && !self.closed.get() {
            return self.waits(cx, &self.reader, (Op::StreamRead, at));
        }
        coop.made_progress();
        self.place.acts(Op::StreamRead);
        self.desk().sees(self.passed.get());
        let mut bytes = self.bytes.borrow_mut();
        into.iter_mut().zip(bytes.drain(..many)).for_each(|(into, byte)| *into = byte);
        drop(bytes);
        if many > 0 {
            self.passed.set(mix(self.passed.get(), many as u64));
            wake(&self.writer, self.desk());
        }
        Poll::Ready(many)
    }

    fn poll_write(&self, cx: &mut Context<'_>, from: &[u8], at: At) -> Poll<io::Result<usize>> {
        let coop = ready!(self.desk().proceed(cx, Op::StreamWrite));
        let many = (self.room - self.bytes.borrow().len()).min(from.len());
        if !self.closed.get() && many == 0 && !from.is_empty() {
            return self.waits(cx, &self.writer, (Op::StreamWrite, at));
        }
        coop.made_progress();
        self.place.acts(Op::StreamWrite);
        if self.closed.get() {
            self.desk().sees(0);
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        self.desk().sees(many as u64);
        self.passed.set(mix(self.passed.get(), self.desk().seen()));
        self.bytes.borrow_mut().extend(&from[..many]);
        wake(&self.reader, self.desk());
        Poll::Ready(Ok(many))
    }

    fn waits<R>(&self, cx: &Context<'_>, who: &RefCell<Waiter>, (op, at): (Op, At)) -> Poll<R> {
        self.place.changes();
        register(who, self.desk(), cx);
        self.desk().waits_for(op, self.place.index, Some(at), cx);
        Poll::Pending
    }

    /// One of its ends is gone: the other one is told.
    fn close(&self) {
        self.place.changes();
        self.desk().acts();
        self.closed.set(true);
        wake(&self.reader, self.desk());
        wake(&self.writer, self.desk());
    }
}

type At = &'static Location<'static>;

impl Held for Pipe {
    fn words(&self, words: &mut Vec<u64>) {
        words.extend([self.bytes.borrow().len() as u64, self.passed.get()]);
        words.push(u64::from(self.closed.get()));
        words.push(self.reader.borrow().word(self.desk()));
        words.push(self.writer.borrow().word(self.desk()));
    }

    fn is_there(&self, op: Op) -> bool {
        let len = self.bytes.borrow().len();
        self.closed.get() || if op == Op::StreamRead { len > 0 } else { len < self.room }
    }
}

/// One end of a pipe both ways.
pub struct DuplexStream {
    reads: Rc<Pipe>,
    writes: Rc<Pipe>,
}

impl Handle {
    /// A pipe in memory, both ways, with room for so many bytes each.
    #[track_caller]
    pub fn duplex(&self, room: usize) -> (DuplexStream, DuplexStream) {
        let site = Location::caller();
        let (one, two) = (Pipe::new(self, site, room), Pipe::new(self, site, room));
        let left = DuplexStream { reads: Rc::clone(&one), writes: Rc::clone(&two) };
        (left, DuplexStream { reads: two, writes: one })
    }
}

impl DuplexStream {
    /// Reads what is there, at most as much as there is room for; 0 at the end.
    #[track_caller]
    pub fn read<'s>(
        &'s mut self,
        into: &'s mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + use<'s> {
        let site = Location::caller();
        poll_fn(move |cx| self.reads.poll_read(cx, into, site).map(Ok))
    }

    /// Reads until it is full.
    #[track_caller]
    pub fn read_exact<'s>(
        &'s mut self,
        into: &'s mut [u8],
    ) -> impl Future<Output = io::Result<usize>> + use<'s> {
        let site = Location::caller();
        let mut done = 0;
        poll_fn(move |cx| {
            while done < into.len() {
                match ready!(self.reads.poll_read(cx, &mut into[done..], site)) {
                    0 => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                    many => done += many,
                }
            }
            Poll::Ready(Ok(done))
        })
    }

    /// Writes as much as there is room for.
    #[track_caller]
    pub fn write<'s>(
        &'s mut self,
        from: &'s [u8],
    ) -> impl Future<Output = io::Result<usize>> + use<'s> {
        let site = Location::caller();
        poll_fn(move |cx| self.writes.poll_write(cx, from, site))
    }

    /// Writes everything, as room comes.
    #[track_caller]
    pub fn write_all<'s>(
        &'s mut self,
        from: &'s [u8],
    ) -> impl Future<Output = io::Result<()>> + use<'s> {
        let site = Location::caller();
        let mut done = 0;
        poll_fn(move |cx| {
            while done < from.len() {
                match ready!(self.writes.poll_write(cx, &from[done..], site)) {
                    Ok(many) => done += many,
                    Err(error) => return Poll::Ready(Err(error)),
                }
            }
            Poll::Ready(Ok(()))
        })
    }
}

impl Drop for DuplexStream {
    fn drop(&mut self) {
        if !self.reads.desk().closing.get() {
            self.writes.close();
            self.reads.close();
        }
    }
}

impl fmt::Debug for DuplexStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DuplexStream").finish_non_exhaustive()
    }
}
