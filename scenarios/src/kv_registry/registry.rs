//! `KV.Registry`: a server that gives buckets their names.

use super::{
    bucket,
    system::{BUCKET_SUPERVISOR, Buckets, REGISTRY, System, label},
};
use atropos::process::{
    Ctx, Message, Pid, Raise, Ref, Term,
    otp::{
        Answered, Behaviour, Caller, Handled, Init, Options, ServerRef, ServerState, Started,
        dynamic, start_server_link,
    },
};

/// `KV.Registry.start_link/1`
pub(super) async fn start_link(ctx: &Ctx, system: System) -> Started {
    let options = Options { label: label::REGISTRY.into(), name: Some(ctx.atom(REGISTRY)) };
    start_server_link(ctx, options, Registry { system }).await
}

struct Registry {
    system: System,
}

/// What the registry knows.
#[derive(Clone, Default)]
struct Known {
    names: Vec<(Term, Pid)>,
    /// Monitors of buckets, and the name that goes with each.
    refs: Vec<(Ref, Term)>,
}

impl ServerState for Known {
    /// `{Names, Refs}`, a map each.
    fn term(&self, ctx: &Ctx) -> Term {
        let refs: Vec<(Term, Term)> = self.refs.iter().map(|&(r, name)| (r.into(), name)).collect();
        ctx.tuple(&[self.names_term(ctx), ctx.map(&refs)])
    }
}

impl Known {
    fn pid(&self, name: Term) -> Option<Pid> {
        self.names.iter().find(|&&(known, _)| known == name).map(|&(_, pid)| pid)
    }

    fn names_term(&self, ctx: &Ctx) -> Term {
        let names: Vec<(Term, Term)> = self.names.iter().map(|&(n, pid)| (n, pid.into())).collect();
        ctx.map(&names)
    }

    /// The name whose monitor this is goes with its bucket.
    fn forget(&mut self, monitor: Ref) {
        let Some(at) = self.refs.iter().position(|&(known, _)| known == monitor) else { return };
        let (_, name) = self.refs.remove(at);
        self.names.retain(|&(known, _)| known != name);
    }
}

impl Registry {
    /// A name that is taken stays with its bucket.
    async fn create(&self, ctx: &Ctx, name: Term, known: &mut Known) -> Result<(), Raise> {
        if known.pid(name).is_some() {
            return Ok(());
        }
        let started = match self.system.buckets {
            Buckets::Linked => bucket::start_link(ctx).await.term(ctx),
            Buckets::Supervised(restart) => {
                let supervisor = ServerRef::Name(ctx.atom(BUCKET_SUPERVISOR));
                dynamic::start_child(ctx, supervisor, bucket::spec(ctx, restart)).await?
            }
        };
        let pid = match *ctx.elements(started) {
            [ok, pid] if ok == Term::atom("ok") => pid.as_pid(),
            _ => None,
        };
        let pid = pid.ok_or_else(|| Raise::error(ctx.tuple(&[ctx.atom("badmatch"), started])))?;
        if self.system.monitors {
            known.refs.push((ctx.monitor(pid).await, name));
        }
        known.names.push((name, pid));
        Ok(())
    }
}

impl Behaviour for Registry {
    type State = Known;

    async fn init(&self, ctx: &Ctx) -> Result<Init<Known>, Raise> {
        let mut known = Known::default();
        if self.system.creates_in_init {
            self.create(ctx, Term::atom("eager"), &mut known).await?;
        }
        Ok(Init::Ok(known))
    }

    /// `{lookup, Name}`, as `Map.fetch/2` answers; `names`: what is known, and how many monitors.
    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        _: Caller,
        known: &mut Known,
    ) -> Result<Answered, Raise> {
        if request == Term::atom("names") {
            let monitors = Term::int(known.refs.len() as i64);
            return Ok(Answered::Reply(ctx.tuple(&[known.names_term(ctx), monitors])));
        }
        match *ctx.elements(request) {
            [lookup, name] if lookup == Term::atom("lookup") => {
                let found = known.pid(name).map(|pid| ctx.tuple(&[Term::atom("ok"), pid.into()]));
                Ok(Answered::Reply(found.unwrap_or(Term::atom("error"))))
            }
            _ => Err(Raise::error(ctx.atom("function_clause"))),
        }
    }

    /// `{create, Name}`
    async fn handle_cast(
        &self,
        ctx: &Ctx,
        request: Term,
        known: &mut Known,
    ) -> Result<Handled, Raise> {
        match *ctx.elements(request) {
            [create, name] if create == Term::atom("create") => {
                self.create(ctx, name, known).await?;
                Ok(Handled::NoReply)
            }
            _ => Err(Raise::error(ctx.atom("function_clause"))),
        }
    }

    async fn handle_info(
        &self,
        _: &Ctx,
        message: Message,
        known: &mut Known,
    ) -> Result<Handled, Raise> {
        if let Message::Down { monitor, .. } = message {
            known.forget(monitor);
        }
        Ok(Handled::NoReply)
    }
}
