//! Child specifications: what a supervisor knows of a child before it starts it.
//!
//! A specification is data. Its `start` is a term, as `{Module, Function, Arguments}` is, and
//! [`StartFunctions`] says what it does; so the state of a supervisor is a term, too.

use super::start::Started;
use crate::process::{Ctx, Raise, Term};
use std::{future::Future, pin::Pin};

/// When a child is started again after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After an end that is not `normal`, `shutdown` or `{shutdown, _}`.
    Transient,
    /// Never; its specification goes with it.
    Temporary,
}

/// How a supervisor ends a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shutdown {
    /// `exit(Child, kill)`.
    BrutalKill,
    /// `exit(Child, shutdown)`, and after so many ms `exit(Child, kill)`.
    Within(u32),
    /// `exit(Child, shutdown)`, and all the time it takes.
    Infinity,
}

/// What a child is, for those who count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChildType {
    /// Any process that is no supervisor.
    Worker,
    /// A supervisor.
    Supervisor,
}

/// A child specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ChildSpec {
    /// What its supervisor calls it.
    pub id: Term,
    /// How it is started: what the [`StartFunctions`] are given.
    pub start: Term,
    /// When it is started again.
    pub restart: Restart,
    /// How it is ended.
    pub shutdown: Shutdown,
    /// What it is.
    pub kind: ChildType,
    /// Whether its end may end its supervisor (auto_shutdown).
    pub significant: bool,
}

/// The words of a specification, each with what it stands for.
const RESTARTS: [(&str, Restart); 3] = [
    ("permanent", Restart::Permanent),
    ("transient", Restart::Transient),
    ("temporary", Restart::Temporary),
];
const TYPES: [(&str, ChildType); 2] =
    [("worker", ChildType::Worker), ("supervisor", ChildType::Supervisor)];

fn word<T: Copy + PartialEq>(table: &[(&'static str, T)], value: T) -> Term {
    let row = table.iter().find(|&&(_, of)| of == value);
    Term::atom(row.expect("each value has its word").0)
}

fn value<T: Copy>(table: &[(&'static str, T)], word: Term) -> Option<T> {
    table.iter().find(|(of, _)| Term::atom(of) == word).map(|&(_, value)| value)
}

impl ChildSpec {
    /// A permanent worker with 5,000 ms to shut down: OTP's defaults.
    pub fn worker(id: Term, start: Term) -> Self {
        let (restart, shutdown) = (Restart::Permanent, Shutdown::Within(5_000));
        ChildSpec { id, start, restart, shutdown, kind: ChildType::Worker, significant: false }
    }

    /// A permanent supervisor with all the time to shut down: OTP's defaults.
    pub fn supervisor(id: Term, start: Term) -> Self {
        let (kind, shutdown) = (ChildType::Supervisor, Shutdown::Infinity);
        ChildSpec { kind, shutdown, ..ChildSpec::worker(id, start) }
    }

    /// `{child, Id, Start, Restart, Shutdown, Type, Significant}`.
    pub fn term(&self, ctx: &Ctx) -> Term {
        ctx.tuple(&[
            Term::atom("child"),
            self.id,
            self.start,
            word(&RESTARTS, self.restart),
            self.shutdown.term(ctx),
            self.kind.term(),
            Term::atom(if self.significant { "true" } else { "false" }),
        ])
    }

    /// Reads what [`ChildSpec::term`] made.
    pub(super) fn of(ctx: &Ctx, term: Term) -> Option<ChildSpec> {
        let [head, id, start, restart, shutdown, kind, significant] = *ctx.elements(term) else {
            return None;
        };
        let spec = ChildSpec {
            id,
            start,
            restart: value(&RESTARTS, restart)?,
            shutdown: Shutdown::of(ctx, shutdown)?,
            kind: value(&TYPES, kind)?,
            significant: significant == Term::atom("true"),
        };
        (head == Term::atom("child")).then_some(spec)
    }
}

impl ChildType {
    /// `worker` or `supervisor`.
    pub(super) fn term(self) -> Term {
        word(&TYPES, self)
    }
}

impl Shutdown {
    fn term(self, ctx: &Ctx) -> Term {
        match self {
            Shutdown::BrutalKill => ctx.atom("brutal_kill"),
            Shutdown::Within(ms) => Term::int(i64::from(ms)),
            Shutdown::Infinity => Term::atom("infinity"),
        }
    }

    fn of(ctx: &Ctx, term: Term) -> Option<Shutdown> {
        match term.as_int() {
            Some(ms) => u32::try_from(ms).ok().map(Shutdown::Within),
            None if term == ctx.atom("brutal_kill") => Some(Shutdown::BrutalKill),
            None => (term == Term::atom("infinity")).then_some(Shutdown::Infinity),
        }
    }

    /// The reason of the first exit signal.
    pub(super) fn signal(self) -> Term {
        match self {
            Shutdown::BrutalKill => Term::KILL,
            Shutdown::Within(_) | Shutdown::Infinity => Term::SHUTDOWN,
        }
    }

    /// How long the end is waited for before the child is killed, in ms.
    pub(super) fn patience(self) -> Option<u32> {
        match self {
            Shutdown::Within(ms) => Some(ms),
            Shutdown::BrutalKill | Shutdown::Infinity => None,
        }
    }
}

/// What `count_children` answers of children of these types.
pub(super) fn counts(ctx: &Ctx, active: usize, kinds: impl Iterator<Item = ChildType>) -> Term {
    let kinds: Vec<ChildType> = kinds.collect();
    let of = |kind: ChildType| kinds.iter().filter(|&&other| other == kind).count();
    let counts = [
        ("specs", kinds.len()),
        ("active", active),
        ("supervisors", of(ChildType::Supervisor)),
        ("workers", of(ChildType::Worker)),
    ];
    ctx.list(&counts.map(|(what, n)| ctx.tuple(&[ctx.atom(what), Term::int(n as i64)])))
}

/// What a start function does. Boxed, since a supervisor may start a supervisor.
pub type Starting<'a> = Pin<Box<dyn Future<Output = Result<Started, Raise>> + 'a>>;

/// The functions that child specifications name.
pub trait StartFunctions: 'static {
    /// Starts a child, linked to the caller, as `apply(M, F, A)` would.
    fn start<'a>(&'a self, ctx: &'a Ctx, start: Term) -> Starting<'a>;
}
