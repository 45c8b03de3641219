//! The tree: `KV.Supervisor` over `KV.Registry` and `KV.BucketSupervisor`, and what may differ in it.

use super::{bucket, registry};
use atropos::process::{
    Ctx, Raise, Term,
    otp::{
        Options, Started,
        child::{ChildSpec, Restart, StartFunctions, Starting},
        dynamic,
        supervisor::{self, Flags, Strategy, Tree},
    },
};

/// How the registry starts buckets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buckets {
    /// By itself, linked to it.
    Linked,
    /// Under the bucket supervisor, to be started again like this.
    Supervised(Restart),
}

/// A child of the top supervisor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// `KV.Registry`
    Registry,
    /// `KV.BucketSupervisor`
    BucketSupervisor,
}

/// One way to build the system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct System {
    /// How buckets are started.
    pub buckets: Buckets,
    /// What the top supervisor does when one of its children fails.
    pub strategy: Strategy,
    /// Its children in the order of their start.
    pub order: Vec<Part>,
    /// Whether the registry monitors buckets, and so forgets the names of the dead.
    pub monitors: bool,
    /// Whether the registry creates a bucket in its `init`.
    pub creates_in_init: bool,
}

/// What the guide comes to in the end.
impl Default for System {
    fn default() -> Self {
        System {
            buckets: Buckets::Supervised(Restart::Temporary),
            strategy: Strategy::OneForAll,
            order: vec![Part::BucketSupervisor, Part::Registry],
            monitors: true,
            creates_in_init: false,
        }
    }
}

/// The registered names.
pub(crate) const TOP: &str = "Elixir.KV.Supervisor";
pub(crate) const REGISTRY: &str = "Elixir.KV.Registry";
pub(crate) const BUCKET_SUPERVISOR: &str = "Elixir.KV.BucketSupervisor";

/// What the processes are called for people.
pub(crate) mod label {
    pub(crate) const TOP: &str = "top";
    pub(crate) const REGISTRY: &str = "registry";
    pub(crate) const BUCKET_SUPERVISOR: &str = "bucket_sup";
    pub(crate) const BUCKET: &str = "bucket";
}

/// `KV.Supervisor.start_link/1`
pub(crate) async fn start_link(ctx: &Ctx, system: System) -> Started {
    let options = Options { label: label::TOP.into(), name: Some(ctx.atom(TOP)) };
    supervisor::start_link(ctx, options, Top { system }).await
}

/// `KV.Supervisor`
struct Top {
    system: System,
}

impl Part {
    fn module(self) -> &'static str {
        match self {
            Part::Registry => REGISTRY,
            Part::BucketSupervisor => "Elixir.DynamicSupervisor",
        }
    }

    fn spec(self, ctx: &Ctx) -> ChildSpec {
        let start = start_function(ctx, self.module());
        match self {
            Part::Registry => ChildSpec::worker(Term::atom("registry"), start),
            Part::BucketSupervisor => ChildSpec::supervisor(ctx.atom(BUCKET_SUPERVISOR), start),
        }
    }
}

/// `{Module, start_link, [[]]}`
pub(super) fn start_function(ctx: &Ctx, module: &str) -> Term {
    let arguments = ctx.list(&[ctx.list(&[])]);
    ctx.tuple(&[ctx.atom(module), ctx.atom("start_link"), arguments])
}

impl Tree for Top {
    /// `Supervisor.init/2`: three restarts in 5 s are Elixir's default.
    async fn init(&self, ctx: &Ctx) -> Result<(Flags, Vec<ChildSpec>), Raise> {
        let flags = Flags { strategy: self.system.strategy, intensity: 3, ..Flags::default() };
        Ok((flags, self.system.order.iter().map(|part| part.spec(ctx)).collect()))
    }
}

impl StartFunctions for Top {
    fn start<'a>(&'a self, ctx: &'a Ctx, start: Term) -> Starting<'a> {
        Box::pin(async move {
            Ok(match start == Part::Registry.spec(ctx).start {
                true => registry::start_link(ctx, self.system.clone()).await,
                false => {
                    let name = Some(ctx.atom(BUCKET_SUPERVISOR));
                    let options = Options { label: label::BUCKET_SUPERVISOR.into(), name };
                    let flags = dynamic::Flags::default();
                    dynamic::start_link(ctx, options, flags, bucket::Buckets).await
                }
            })
        })
    }
}
