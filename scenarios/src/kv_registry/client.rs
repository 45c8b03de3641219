//! The clients: what they do with names and buckets, and what they make of a death.
//!
//! An exit of a call is caught and the client goes on: it is told, and that is all.

use super::{
    api,
    system::REGISTRY,
    workload::{Act, NAMES},
};
use atropos::process::{Ctx, Ending, Pid, Raise, Term};

/// What a client does once it was told of the death of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manners {
    /// It calls the registry once, so that a DOWN that is there already is handled: the guide's cure.
    pub(super) synchronises: bool,
    /// It does not use a pid whose death it was told of, whatever the registry says.
    pub(super) remembers: bool,
}

/// Marks that a client passed.
pub(super) mod mark {
    /// The name of a bucket that this client had stopped gave nothing.
    pub(in super::super) const GONE: &str = "gone";
    /// The name of a bucket that this client knows to be dead still gave that bucket.
    pub(in super::super) const STILL_NAMED: &str = "still-named";
}

/// The body of a client.
pub(super) async fn client(ctx: Ctx, manners: Manners, acts: Vec<Act>) -> Ending {
    let mut client = Client { ctx: &ctx, manners, dead: Vec::new(), kept: [None; NAMES.len()] };
    for act in acts {
        // What a call exits with is the client's own error.
        let _ = client.perform(act).await;
    }
    Ok(())
}

struct Client<'a> {
    ctx: &'a Ctx,
    manners: Manners,
    /// Buckets whose death it was told of.
    dead: Vec<Pid>,
    /// The pid that it keeps of each name.
    kept: [Option<Pid>; NAMES.len()],
}

fn name(ctx: &Ctx, name: u8) -> Term {
    ctx.atom(NAMES[usize::from(name) % NAMES.len()])
}

impl Client<'_> {
    async fn perform(&mut self, act: Act) -> Result<(), Raise> {
        let ctx = self.ctx;
        let (key, value) = (Term::atom("milk"), Term::int(1));
        match act {
            Act::Create(bucket) => {
                api::create(ctx, name(ctx, bucket)).await?;
            }
            Act::Lookup(bucket) => {
                self.look_up(bucket).await?;
            }
            Act::Put(bucket) => {
                let Some(pid) = self.bucket(bucket).await? else { return Ok(()) };
                let put = api::put(ctx, pid.into(), key, value).await;
                self.learn(pid, put).await?;
            }
            Act::Get(bucket) => {
                let Some(pid) = self.bucket(bucket).await? else { return Ok(()) };
                self.get_from(pid).await?;
            }
            Act::Stop(bucket, why) => {
                let Some(pid) = self.bucket(bucket).await? else { return Ok(()) };
                // Whether it is this stop or another: the bucket is dead when it returns.
                let _ = api::stop_server(ctx, pid, why.term()).await;
                self.mourn(pid).await?;
                match self.look_up(bucket).await? {
                    None => ctx.mark(mark::GONE),
                    Some(pid) if self.would_use(pid) => self.get_from(pid).await?,
                    Some(_) => {}
                }
            }
            Act::Crash(bucket) => {
                let Some(pid) = self.bucket(bucket).await? else { return Ok(()) };
                let crashed = api::crash(ctx, pid.into(), Term::atom("boom")).await;
                self.learn(pid, crashed).await?;
            }
            Act::Kill(bucket) => {
                let Some(pid) = self.bucket(bucket).await? else { return Ok(()) };
                ctx.exit2(pid, Term::KILL).await;
            }
            Act::StopRegistry(why) => {
                api::stop_server(ctx, api::registry(ctx), why.term()).await?;
            }
            Act::KillRegistry => {
                if let Some(pid) = ctx.whereis(ctx.atom(REGISTRY)).await.pid() {
                    ctx.exit2(pid, Term::KILL).await;
                }
            }
            Act::Wait(ms) => {
                ctx.sleep(u32::from(ms)).await;
            }
        }
        Ok(())
    }

    /// The bucket of a name, if it is one that this client would use.
    async fn bucket(&mut self, bucket: u8) -> Result<Option<Pid>, Raise> {
        let found = self.look_up(bucket).await?;
        Ok(found.filter(|&pid| self.would_use(pid)))
    }

    fn would_use(&self, pid: Pid) -> bool {
        !self.manners.remembers || !self.dead.contains(&pid)
    }

    /// What the registry says of a name; the client keeps the pid until it says something else.
    async fn look_up(&mut self, bucket: u8) -> Result<Option<Pid>, Raise> {
        let found = api::lookup(self.ctx, name(self.ctx, bucket)).await?;
        let pid = self.ctx.elements(found).last().and_then(|pid| pid.as_pid());
        if pid.is_some_and(|pid| self.dead.contains(&pid)) {
            self.ctx.mark(mark::STILL_NAMED);
        }
        self.keep(bucket, pid);
        Ok(pid)
    }

    fn keep(&mut self, bucket: u8, pid: Option<Pid>) {
        let at = usize::from(bucket) % NAMES.len();
        let kept = std::mem::replace(&mut self.kept[at], pid);
        if kept == pid {
            return;
        }
        if kept.is_some() {
            self.ctx.release(NAMES[at]);
        }
        if let Some(pid) = pid {
            self.ctx.hold(NAMES[at], pid);
        }
    }

    async fn get_from(&mut self, bucket: Pid) -> Result<(), Raise> {
        let got = api::get(self.ctx, bucket.into(), Term::atom("milk")).await;
        self.learn(bucket, got).await
    }

    /// What a call of a bucket came to: any exit but a time-out tells of a death.
    async fn learn(&mut self, bucket: Pid, called: Result<Term, Raise>) -> Result<(), Raise> {
        let Err(raise) = called else { return Ok(()) };
        let why = self.ctx.elements(raise.reason).first().copied();
        match why {
            Some(why) if why == Term::atom("timeout") => Ok(()),
            _ => self.mourn(bucket).await,
        }
    }

    async fn mourn(&mut self, bucket: Pid) -> Result<(), Raise> {
        self.dead.push(bucket);
        if self.manners.synchronises {
            api::lookup(self.ctx, Term::atom("bogus")).await?;
        }
        Ok(())
    }
}
