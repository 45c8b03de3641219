//! The children of a supervisor, in the order of their start.

use crate::process::{
    Ctx, Pid, Term,
    otp::child::{ChildSpec, Restart},
};

/// Who a child is at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Held {
    /// Nobody: it has ended, or its start was ignored.
    Nobody,
    /// This process.
    Pid(Pid),
    /// Its restart failed and is tried again; who it was, if that is known.
    Restarting(Option<Pid>),
}

impl Held {
    pub(super) fn pid(self) -> Option<Pid> {
        match self {
            Held::Pid(pid) => Some(pid),
            Held::Nobody | Held::Restarting(_) => None,
        }
    }

    /// `supervisor:restarting/1`
    pub(super) fn restarting(self) -> Held {
        match self {
            Held::Pid(pid) => Held::Restarting(Some(pid)),
            Held::Nobody => Held::Restarting(None),
            Held::Restarting(_) => self,
        }
    }

    /// As `which_children` tells it.
    pub(super) fn shown(self) -> Term {
        match self {
            Held::Nobody => Term::UNDEFINED,
            Held::Pid(pid) => pid.into(),
            Held::Restarting(_) => Term::atom("restarting"),
        }
    }

    fn term(self, ctx: &Ctx) -> Term {
        match self {
            Held::Restarting(was) => {
                let was = was.map_or(Term::UNDEFINED, Term::from);
                ctx.tuple(&[Term::atom("restarting"), was])
            }
            other => other.shown(),
        }
    }
}

/// A child: its specification and who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) spec: ChildSpec,
    pub(super) held: Held,
}

impl Child {
    pub(super) fn new(spec: ChildSpec) -> Child {
        Child { spec, held: Held::Nobody }
    }

    pub(super) fn is_temporary(&self) -> bool {
        self.spec.restart == Restart::Temporary
    }
}

/// The children of a supervisor.
#[derive(Clone, Debug, Default)]
pub(super) struct Children {
    /// In the order of their start.
    pub(super) rows: Vec<Child>,
}

impl Children {
    pub(super) fn find(&self, id: Term) -> Option<Child> {
        self.rows.iter().find(|child| child.spec.id == id).copied()
    }

    pub(super) fn find_pid(&self, pid: Pid) -> Option<Child> {
        self.rows.iter().find(|child| child.held == Held::Pid(pid)).copied()
    }

    /// `supervisor:set_pid/3`
    pub(super) fn set(&mut self, id: Term, held: Held) {
        let rows = self.rows.iter_mut().filter(|child| child.spec.id == id);
        rows.for_each(|child| child.held = held);
    }

    /// `supervisor:del_child/2`: the specification stays, unless the child is temporary.
    pub(super) fn end(&mut self, id: Term) {
        self.set(id, Held::Nobody);
        self.rows.retain(|child| child.spec.id != id || !child.is_temporary());
    }

    /// `supervisor:remove_child/2`
    pub(super) fn remove(&mut self, id: Term) {
        self.rows.retain(|child| child.spec.id != id);
    }

    /// The place of a child; the end if there is none.
    pub(super) fn place(&self, id: Term) -> usize {
        let at = self.rows.iter().position(|child| child.spec.id == id);
        at.unwrap_or(self.rows.len())
    }

    /// A list of `{Child, Who}`.
    pub(super) fn term(&self, ctx: &Ctx) -> Term {
        let row = |child: &Child| ctx.tuple(&[child.spec.term(ctx), child.held.term(ctx)]);
        let rows: Vec<Term> = self.rows.iter().map(row).collect();
        ctx.list(&rows)
    }
}
