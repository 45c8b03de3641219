//! Random step programs, for the comparison with a real CPython.
//!
//! A program makes some shared objects, spawns tasks under various holders, and then does things to
//! them; its tasks wait in every way that the language has. The same seed and index give the same
//! program.
//!
//! Leaves out what the programs of the vectors do by hand: `stop`, `KeyboardInterrupt`, `SystemExit`,
//! eager tasks.

use super::model::{
    After, Block, Data, Guarded, Mode, Op, Place, Primitive, Program, Raised, Time,
};
use atropos::{
    decisions::{Draws, Purpose, RunIndex},
    event_loop::ReturnWhen,
};
use std::collections::BTreeMap;

/// The names of bodies.
const BODIES: [&str; 4] = ["A", "B", "C", "D"];
/// The names of shared futures.
const FUTURES: [&str; 3] = ["F", "G", "H"];
/// How deep operations nest.
const DEPTH: u32 = 3;

/// The program of a seed and an index.
pub fn program(seed: u64, index: u64) -> Program {
    let draws = Draws::new(seed, RunIndex::nth(index), Purpose::Workload);
    Maker {
        draws,
        bodies: 0,
        futures: Vec::new(),
        primitives: Vec::new(),
        tasks: Vec::new(),
        made: 0,
        has_locals: false,
    }
    .program()
}

/// Where operations stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    Main,
    /// A body, by its number: it spawns later ones only, so that there is an end.
    Body(usize),
}

impl Within {
    /// The first body that may be spawned here.
    fn spawns(self) -> usize {
        match self {
            Within::Main => 0,
            Within::Body(nth) => nth + 1,
        }
    }
}

struct Maker {
    draws: Draws,
    bodies: usize,
    /// Names of futures, of primitives, and of tasks, that may be there. With each the first body that
    /// it waits for: who is that or a later one does not wait for it, so that nobody waits for himself.
    futures: Vec<(String, usize)>,
    primitives: Vec<(Primitive, &'static str)>,
    tasks: Vec<(String, usize)>,
    /// How many names were made.
    made: u32,
    /// There are local variables: CPython's exceptions keep those of frames that they leave, so in
    /// most programs there are none.
    has_locals: bool,
}

impl Maker {
    fn below(&mut self, options: u32) -> u32 {
        self.draws.below(options)
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u32) as usize].clone()
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{prefix}{}", self.made)
    }

    fn time(&mut self) -> Time {
        Time::units(1 + self.below(6))
    }

    /// No time at all, now and then.
    fn deadline(&mut self) -> Time {
        Time::units(self.below(7))
    }

    fn place(&mut self) -> Place {
        use Place::{Global, Local, Nowhere, Set};
        match self.one(&[Local, Local, Global, Set, Nowhere, Nowhere, Nowhere]) {
            Local if !self.has_locals => Global,
            place => place,
        }
    }

    fn program(&mut self) -> Program {
        self.bodies = 1 + self.below(4) as usize;
        self.has_locals = self.chance(45);
        let mut main = self.prologue();
        for _ in 0..1 + self.below(3) {
            main.push(self.spawn(Within::Main));
            if self.chance(30) {
                main.push(Op::Yield(1));
            }
        }
        let spawned: Vec<String> = self.tasks.iter().map(|(name, _)| name.clone()).collect();
        let mut tasks = BTreeMap::new();
        for (nth, body) in BODIES.iter().enumerate().take(self.bodies) {
            let length = 1 + self.below(5);
            tasks.insert((*body).to_owned(), self.block(Within::Body(nth), length, 0));
        }
        let length = 3 + self.below(9);
        main.extend(self.ops(Within::Main, length, 0));
        main.extend(self.epilogue(&spawned));
        let mode = if self.chance(20) { Mode::Run } else { Mode::Loop };
        let is_loop = mode == Mode::Loop;
        let after = if is_loop && self.chance(30) { self.after(&spawned) } else { Vec::new() };
        let main = main.into();
        Program { tasks, main, mode, after, debug: self.chance(4), eager: false }
    }

    /// Makes what is shared.
    fn prologue(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        for name in FUTURES {
            if self.chance(60) {
                let place =
                    if self.has_locals && self.chance(25) { Place::Local } else { Place::Global };
                ops.push(Op::Future(name.to_owned(), place));
                self.futures.push((name.to_owned(), usize::MAX));
            }
        }
        let primitives = [
            (Primitive::Queue, "q"),
            (Primitive::Event, "e"),
            (Primitive::Lock, "l"),
            (Primitive::Semaphore, "s"),
        ];
        for (kind, name) in primitives {
            if self.chance(45) {
                let size = match kind {
                    Primitive::Queue if self.chance(50) => Some(1 + self.below(2)),
                    Primitive::Semaphore if self.chance(70) => Some(self.below(3)),
                    _ => None,
                };
                let place =
                    if self.has_locals && self.chance(20) { Place::Local } else { Place::Global };
                ops.push(Op::New(kind, name.to_owned(), place, size));
                self.primitives.push((kind, name));
            }
        }
        ops
    }

    /// Looks at what has become of the tasks.
    fn epilogue(&mut self, spawned: &[String]) -> Vec<Op> {
        let mut ops = Vec::new();
        if self.chance(50) {
            ops.push(Op::Sleep(self.time()));
        }
        if self.chance(60) {
            ops.push(Op::Collect);
        }
        ops.extend(spawned.iter().cloned().map(Op::State));
        ops
    }

    fn after(&mut self, spawned: &[String]) -> Vec<After> {
        let mut closed = false;
        let mut steps = Vec::new();
        for _ in 0..1 + self.below(5) {
            let task = self.one(spawned);
            steps.push(match self.below(7) {
                0 if !closed => {
                    closed = true;
                    After::Close
                }
                1 | 2 if !closed => After::RunAgain(self.time()),
                3 => After::Op(Op::AllTasks),
                4 => After::Op(Op::Drop(task)),
                5 => After::Op(Op::Collect),
                _ => After::Op(Op::State(task)),
            });
        }
        steps
    }

    fn block(&mut self, within: Within, length: u32, depth: u32) -> Block {
        self.ops(within, length, depth).into()
    }

    fn ops(&mut self, within: Within, length: u32, depth: u32) -> Vec<Op> {
        (0..length).map(|_| self.op(within, depth)).collect()
    }

    fn small(&mut self, within: Within, depth: u32) -> Block {
        let length = 1 + self.below(3);
        self.block(within, length, depth + 1)
    }

    fn op(&mut self, within: Within, depth: u32) -> Op {
        match self.below(100) {
            0..28 => self.sync(within),
            28..50 => self.wait(within),
            50..62 => self.pause(),
            62..72 => self.watch(),
            _ if depth < DEPTH => self.nest(within, depth),
            _ => self.pause(),
        }
    }

    /// Lets others run.
    fn pause(&mut self) -> Op {
        match self.below(3) {
            0 => Op::Sleep(self.time()),
            _ => Op::Yield(1 + self.below(3)),
        }
    }

    /// Looks at something.
    fn watch(&mut self) -> Op {
        match self.below(8) {
            0..4 => Op::Collect,
            4 => Op::AllTasks,
            5 => Op::Cancelling("@current".to_owned()),
            6 => Op::State(self.task()),
            _ => Op::Log(self.fresh("m")),
        }
    }

    /// A task that may be there.
    fn task(&mut self) -> String {
        match self.tasks.clone().as_slice() {
            [] => "@current".to_owned(),
            tasks => self.one(tasks).0,
        }
    }

    /// A future that may be there, and is no task.
    fn future(&mut self) -> Option<String> {
        let futures = self.futures.clone();
        (!futures.is_empty()).then(|| self.one(&futures).0)
    }

    /// A task or a future.
    fn anything(&mut self) -> String {
        match self.future() {
            Some(future) if self.chance(55) => future,
            _ => self.task(),
        }
    }

    /// Something to wait for.
    fn target(&mut self, within: Within) -> Option<(String, usize)> {
        let may = |(_, first): &&(String, usize)| *first >= within.spawns();
        let futures: Vec<_> = self.futures.iter().filter(may).cloned().collect();
        let tasks: Vec<_> = self.tasks.iter().filter(may).cloned().collect();
        match (futures.is_empty(), tasks.is_empty()) {
            (true, true) => None,
            (false, true) => Some(self.one(&futures)),
            (true, false) => Some(self.one(&tasks)),
            _ if self.chance(55) => Some(self.one(&futures)),
            _ => Some(self.one(&tasks)),
        }
    }

    fn targets(&mut self, within: Within) -> (Vec<String>, usize) {
        let wanted = 1 + self.below(3);
        let some: Vec<_> = (0..wanted).filter_map(|_| self.target(within)).collect();
        let first = some.iter().map(|(_, first)| *first).min().unwrap_or(usize::MAX);
        (some.into_iter().map(|(name, _)| name).collect(), first)
    }

    fn primitive(&mut self, kind: Primitive) -> Option<String> {
        let found = self.primitives.iter().find(|(known, _)| *known == kind);
        found.map(|(_, name)| (*name).to_owned())
    }

    fn spawn(&mut self, within: Within) -> Op {
        let first = within.spawns();
        if first >= self.bodies {
            return Op::Log(self.fresh("m"));
        }
        let name = self.task_name(first);
        Op::Spawn(name, self.place())
    }

    fn task_name(&mut self, first: usize) -> String {
        let body = first + self.below((self.bodies - first) as u32) as usize;
        let name = self.fresh(&format!("{}#", BODIES[body]));
        self.tasks.push((name.clone(), body));
        name
    }

    fn data(&mut self) -> Data {
        Data::Int(i64::from(self.below(9)))
    }

    fn raised(&mut self) -> Raised {
        let class =
            self.one(&["ValueError", "ValueError", "KeyError", "RuntimeError", "BaseException"]);
        let text = if self.chance(60) { self.fresh("x") } else { String::new() };
        Raised { class: class.to_owned(), text }
    }

    /// An operation that does not wait.
    fn sync(&mut self, within: Within) -> Op {
        let log = Op::Log(self.fresh("m"));
        let of = |name: Option<String>, make: &dyn Fn(String) -> Op| name.map_or(log.clone(), make);
        match self.below(30) {
            0..4 => self.spawn(within),
            4..8 => {
                let message = self.chance(25).then(|| self.fresh("c"));
                Op::Cancel(self.anything(), message)
            }
            8..11 => {
                let value = self.data();
                of(self.future(), &|name| Op::SetResult(name, value.clone()))
            }
            11 => {
                let error = self.raised();
                of(self.future(), &|name| Op::SetException(name, error.clone()))
            }
            12..15 => Op::Drop(self.anything()),
            15 => of(self.primitive(Primitive::Event), &Op::Set),
            16 | 17 => {
                let value = self.data();
                of(self.primitive(Primitive::Queue), &|name| Op::PutNowait(name, value.clone()))
            }
            18 => of(self.primitive(Primitive::Semaphore), &Op::Release),
            19 => of(self.primitive(Primitive::Lock), &Op::Release),
            20 => Op::Retrieve(self.anything()),
            21 => {
                let (of, name) = (self.anything(), self.fresh("k"));
                Op::Copy(of, name, self.place())
            }
            22 => {
                let (to, name) = (self.anything(), self.fresh("a"));
                of(self.primitive(Primitive::Event), &|of| Op::Link(of, name.clone(), to.clone()))
            }
            23 => Op::CallSoon(self.callback(within), self.captures()),
            24 => {
                let time = self.deadline();
                Op::CallLater(time, self.callback(within), self.captures(), None)
            }
            25 => {
                let target = self.anything();
                Op::AddCallback(target, self.callback(within))
            }
            26 => Op::Uncancel("@current".to_owned()),
            27 => Op::Raise(self.raised()),
            28 => {
                let name = self.fresh("f");
                let place = self.place();
                self.futures.push((name.clone(), usize::MAX));
                Op::Future(name, place)
            }
            _ => log,
        }
    }

    fn captures(&mut self) -> Vec<String> {
        if self.chance(40) { vec![self.anything()] } else { Vec::new() }
    }

    /// What a callback does.
    fn callback(&mut self, within: Within) -> Block {
        let mut ops = Vec::new();
        for _ in 0..1 + self.below(2) {
            ops.push(match self.below(5) {
                0 => self.watch(),
                1 => Op::Log(self.fresh("m")),
                _ => self.sync(within),
            });
        }
        ops.into_iter().filter(|op| !mentions_current(op)).collect()
    }

    /// An operation that waits.
    fn wait(&mut self, within: Within) -> Op {
        let private = Op::AwaitPrivate;
        let of =
            |name: Option<String>, make: &dyn Fn(String) -> Op| name.map_or(private.clone(), make);
        match self.below(26) {
            0..5 if within != Within::Main => private,
            0..10 => {
                let label = self.chance(60).then(|| self.fresh("v"));
                of(self.target(within).map(|(name, _)| name), &|name| {
                    Op::Await(name, label.clone())
                })
            }
            10..13 => of(self.primitive(Primitive::Queue), &Op::Get),
            13 | 14 => {
                let value = self.data();
                of(self.primitive(Primitive::Queue), &|name| Op::Put(name, value.clone()))
            }
            15 | 16 => of(self.primitive(Primitive::Event), &Op::WaitEvent),
            17 => of(self.primitive(Primitive::Lock), &Op::Acquire),
            18 | 19 => of(self.primitive(Primitive::Semaphore), &Op::Acquire),
            20..23 => {
                let time = self.deadline();
                of(self.target(within).map(|(name, _)| name), &|name| Op::WaitFor(name, time))
            }
            23 => Op::Return(self.data()),
            _ => {
                let time = (within == Within::Main || self.chance(60)).then(|| self.deadline());
                let when = self.one(&[
                    ReturnWhen::AllCompleted,
                    ReturnWhen::FirstCompleted,
                    ReturnWhen::FirstException,
                ]);
                Op::Wait(self.targets(within).0, time, when)
            }
        }
    }

    /// An operation with others in it, or of several parts.
    fn nest(&mut self, within: Within, depth: u32) -> Op {
        match self.below(12) {
            0..5 => Op::Try(Box::new(self.guarded(within, depth))),
            5 => Op::Call(self.small(within, depth)),
            6 => Op::Timeout(self.deadline(), self.small(within, depth)),
            7 | 8 => self.group(within, depth),
            9 => {
                let Some((of, first)) = self.target(within) else { return Op::Yield(1) };
                let (name, place) = (self.fresh("s"), self.place());
                self.futures.push((name.clone(), first));
                let make = Op::Shield(of, name.clone(), place);
                self.then_await(make, name)
            }
            _ => {
                let ((of, first), name) = (self.targets(within), self.fresh("g"));
                let (place, returns) = (self.place(), self.chance(35));
                let make = Op::Gather(of, name.clone(), place, returns);
                self.futures.push((name.clone(), first));
                self.then_await(make, name)
            }
        }
    }

    /// What `shield` and `gather` make is awaited at once, mostly.
    fn then_await(&mut self, make: Op, name: String) -> Op {
        if self.chance(70) {
            let label = self.chance(50).then(|| self.fresh("v"));
            return Op::Call([make, Op::Await(name, label)].into());
        }
        make
    }

    fn group(&mut self, within: Within, depth: u32) -> Op {
        let mut ops = Vec::new();
        if within.spawns() < self.bodies {
            for _ in 0..1 + self.below(2) {
                let name = self.task_name(within.spawns());
                ops.push(Op::GroupSpawn(name, self.place()));
            }
        }
        let length = 1 + self.below(2);
        ops.extend(self.ops(within, length, depth + 1));
        Op::Group(ops.into())
    }

    fn guarded(&mut self, within: Within, depth: u32) -> Guarded {
        let body = self.small(within, depth);
        let mut handlers = Vec::new();
        for _ in 0..self.below(3) {
            let class = self.one(&[
                "CancelledError",
                "CancelledError",
                "Exception",
                "BaseException",
                "GeneratorExit",
                "TimeoutError",
                "ValueError",
                "ExceptionGroup",
                "KeyError",
            ]);
            if handlers.iter().all(|(known, _): &(String, Block)| known != class) {
                let ops = self.small(within, depth + 1);
                handlers.push((class.to_owned(), ops));
            }
        }
        let finally = match self.below(3) {
            0 => Block::from([]),
            1 => Block::from([Op::Log(self.fresh("finally"))]),
            _ => self.small(within, depth + 1),
        };
        Guarded { body, handlers, finally, reraises: self.chance(15) }
    }
}

/// True if an operation asks for the running task, which a callback has not.
fn mentions_current(op: &Op) -> bool {
    super::write::text_of(op).contains("@current")
}
