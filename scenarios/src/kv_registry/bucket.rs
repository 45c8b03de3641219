//! `KV.Bucket`: an agent over a map.

use super::system::{label, start_function};
use atropos::process::{
    Ctx, Raise, Shape, Term,
    otp::{
        Options, ServerRef, Started,
        agent::{self, Functions, function},
        child::{ChildSpec, Restart, StartFunctions, Starting},
    },
};

/// How long a call of an agent waits, in ms.
const PATIENCE: Option<u32> = Some(5_000);

/// `KV.Bucket.start_link/1`
pub(super) async fn start_link(ctx: &Ctx) -> Started {
    let options = Options { label: label::BUCKET.into(), name: None };
    agent::start_link(ctx, options, ctx.map(&[]), OverMap).await
}

/// `KV.Bucket.child_spec/1`
pub(super) fn spec(ctx: &Ctx, restart: Restart) -> ChildSpec {
    let module = "Elixir.KV.Bucket";
    ChildSpec { restart, ..ChildSpec::worker(ctx.atom(module), start_function(ctx, module)) }
}

/// What the bucket supervisor starts.
pub(super) struct Buckets;

impl StartFunctions for Buckets {
    fn start<'a>(&'a self, ctx: &'a Ctx, _: Term) -> Starting<'a> {
        Box::pin(async move { Ok(start_link(ctx).await) })
    }
}

/// `KV.Bucket.get/2`: `nil` if the key is not there.
pub(crate) async fn get(ctx: &Ctx, bucket: ServerRef, key: Term) -> Result<Term, Raise> {
    agent::get(ctx, bucket, function(ctx, "get", &[key]), PATIENCE).await
}

/// `KV.Bucket.put/3`
pub(crate) async fn put(
    ctx: &Ctx,
    bucket: ServerRef,
    key: Term,
    value: Term,
) -> Result<Term, Raise> {
    agent::update(ctx, bucket, function(ctx, "put", &[key, value]), PATIENCE).await
}

/// A function that raises, as one with a mistake in it does: the bucket dies of it.
pub(crate) async fn crash(ctx: &Ctx, bucket: ServerRef, reason: Term) -> Result<Term, Raise> {
    agent::get(ctx, bucket, function(ctx, "crash", &[reason]), PATIENCE).await
}

/// The functions that buckets are sent.
struct OverMap;

impl Functions for OverMap {
    fn apply(&self, ctx: &Ctx, function: Term, state: Term) -> Result<Term, Raise> {
        let parts = ctx.elements(function);
        let is = |name: &str| parts.get(1) == Some(&ctx.atom(name));
        match *parts.get(2..).unwrap_or_default() {
            [key, value] if is("put") => {
                let mut pairs = pairs(ctx, state);
                pairs.push((key, value));
                Ok(ctx.map(&pairs))
            }
            [key] if is("get") => {
                let pairs = pairs(ctx, state);
                let found = pairs.into_iter().find(|&(known, _)| known == key);
                Ok(found.map_or(Term::atom("nil"), |(_, value)| value))
            }
            [reason] if is("crash") => Err(Raise::exit(reason)),
            _ => Err(Raise::error(ctx.atom("function_clause"))),
        }
    }
}

/// The keys of a map with their values.
pub(crate) fn pairs(ctx: &Ctx, map: Term) -> Vec<(Term, Term)> {
    ctx.look(map, |shape| match shape {
        Shape::Map(parts) => parts.chunks(2).map(|pair| (pair[0], pair[1])).collect(),
        _ => Vec::new(),
    })
}
