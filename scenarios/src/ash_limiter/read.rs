//! The bodies: a reader, its reads, and the tasks that they start.
//!
//! Follows `lib/ash/actions/read/read.ex` (`do_run`, `add_async_limiter`, `clear_async_limiter`,
//! `to_page`), `read/relationships.ex`, `read/async_limiter.ex` and `process_helpers.ex` of Ash
//! v3.5.24, as far as they touch the limiter.

use super::{
    Abandon, Clearing, Release, Rules, Unwinding, Wait,
    limiter::{Limiter, SLOT},
    workload::{Act, After, Answer, Fate, Load, Read},
};
use atropos::process::{
    Class, Ctx, Ending, Pid, Raise, Term,
    otp::task::{self, Task, Yielded},
};
use std::{future::Future, pin::Pin, rc::Rc};

/// The first word of the state that a reader declares after each read.
pub(super) const ANSWERED: &str = "answered";
/// What a read answers one of whose tasks was killed.
pub(super) const LOST: &str = "task_killed";
/// The reason of a reader that crashes of its own accord.
pub(super) const BOOM: &str = "boom";

/// A query: what to read, and the limiter in `query.context.private`.
#[derive(Clone)]
pub(super) struct Query {
    read: Rc<Read>,
    limiter: Option<Pid>,
}

impl Query {
    /// `Ash.Query.set_context(query, %{private: %{async_limiter: limiter}})`. Since b01aaed18
    /// (v3.5.16) `deep_merge_maps(left, nil) = left`: a nil clears nothing.
    fn set_context(&mut self, limiter: Option<Pid>) {
        self.limiter = limiter.or(self.limiter);
    }

    /// `clear_async_limiter/1`: v3.5.24 merges a nil into the context, v3.5.26 puts it there.
    fn clear(&mut self, merges: bool) {
        match merges {
            true => self.set_context(None),
            false => self.limiter = None,
        }
    }
}

/// `to_page/7`: the query that a page holds to be read again. A read has several copies of its
/// query; the page gets `query`.
pub(super) fn rerun_of(query: &Query, clearing: Clearing) -> Query {
    let (mut query, mut new_query) = (query.clone(), query.clone());
    match clearing {
        Clearing::MergedNil => query.clear(true),
        Clearing::OtherCopy => new_query.clear(true),
        Clearing::Put => query.clear(false),
    }
    query
}

/// What a load came to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Came {
    Rows(u8),
    Error,
    Raised,
    /// Its task was killed.
    Lost,
}

impl Came {
    /// As it crosses from a task: `Ash.ProcessHelpers.async/2` wraps an exception.
    fn term(self, ctx: &Ctx) -> Term {
        match self {
            Came::Rows(rows) => ctx.tuple(&[Term::atom("ok"), Term::int(i64::from(rows))]),
            Came::Error => Term::atom("error"),
            Came::Raised => ctx.tuple(&[ctx.atom("__exception__"), ctx.atom("load")]),
            Came::Lost => ctx.atom(LOST),
        }
    }

    fn of(ctx: &Ctx, term: Term) -> Came {
        match *ctx.elements(term) {
            [ok, rows] if ok == Term::atom("ok") => {
                Came::Rows(rows.as_int().and_then(|rows| u8::try_from(rows).ok()).unwrap_or(0))
            }
            [_, _] => Came::Raised,
            _ if term == ctx.atom(LOST) => Came::Lost,
            _ => Came::Error,
        }
    }
}

/// An item of a list of loads: done already, or a task.
enum Item {
    Done(Came),
    Running(Task),
}

/// Plays a reader's operations in order, and tells after each read what it got.
pub(super) async fn reader(ctx: Ctx, rules: &'static Rules, acts: Vec<Act>) -> Ending {
    let mut page: Option<Query> = None;
    for (place, act) in acts.into_iter().enumerate() {
        let query = match act {
            Act::Trap => {
                ctx.trap_exit(true).await;
                continue;
            }
            Act::Wait(ms) => {
                ctx.sleep(ms.into()).await;
                continue;
            }
            Act::Kill(whom) => {
                if let Some(&victim) = ctx.links(Pid::root(whom.into())).await.first() {
                    ctx.exit2(victim, Term::KILL).await;
                }
                continue;
            }
            Act::Read(read) => Query { read: Rc::new(read), limiter: None },
            Act::Rerun => match &page {
                Some(query) => {
                    if query.read.loads.len() > 1 {
                        ctx.mark("rerun-after-stop");
                    }
                    query.clone()
                }
                None => continue,
            },
        };
        // The data layer reads the rows.
        ctx.yield_now().await;
        let own = answer_term(&ctx, query.read.own_answer());
        let got = match (Reading { ctx: &ctx, rules }).run(query.clone(), None).await {
            Ok(Answered { got, page: next }) => {
                keep_page(&ctx, &mut page, next);
                got
            }
            // What its action decided is not caught.
            Err(raise) if query.read.after != After::Return && is_own(&ctx, raise) => {
                return Err(raise);
            }
            Err(raise) => ctx.tuple(&[Term::atom("exit"), raise.reason]),
        };
        declare(&ctx, place, own, got, page.as_ref());
    }
    Ok(())
}

fn is_own(ctx: &Ctx, raise: Raise) -> bool {
    raise.class == Class::Exit && (raise.reason == Term::NORMAL || raise.reason == ctx.atom(BOOM))
}

/// Keeps a new page in the place of the last; a limiter in its query is declared to be kept.
fn keep_page(ctx: &Ctx, page: &mut Option<Query>, next: Option<Query>) {
    const LABEL: &str = "page.rerun";
    let Some(next) = next else { return };
    if page.as_ref().is_some_and(|page| page.limiter.is_some()) {
        ctx.release(LABEL);
    }
    if let Some(limiter) = next.limiter {
        ctx.hold(LABEL, limiter);
    }
    *page = Some(next);
}

/// `{answered, Place, Own, Got, Context}`: all that the reader will do depends on how far it has
/// come and on what its page holds.
fn declare(ctx: &Ctx, place: usize, own: Term, got: Term, page: Option<&Query>) {
    let context = match page.map(|page| page.limiter) {
        None => ctx.atom("no_page"),
        Some(None) => ctx.atom("page"),
        Some(Some(limiter)) => limiter.into(),
    };
    let place = Term::int(place as i64 + 1);
    ctx.state(ctx.tuple(&[ctx.atom(ANSWERED), place, own, got, context]));
}

fn answer_term(ctx: &Ctx, answer: Answer) -> Term {
    let (word, number) = match answer {
        Answer::Rows(rows) => ("ok", rows),
        Answer::Error(place) => ("error", place),
        Answer::Raised(place) => ("raised", place),
    };
    ctx.tuple(&[ctx.atom(word), Term::int(number.into())])
}

/// What a read came to.
struct Answered {
    got: Term,
    page: Option<Query>,
}

/// The limiter of a read, as all reads in one process know it.
type Shared = Option<Rc<Limiter>>;

/// A process at its reads.
#[derive(Clone, Copy)]
struct Reading<'c> {
    ctx: &'c Ctx,
    rules: &'static Rules,
}

impl Reading<'_> {
    /// `do_run/3`: the loads between the start of a limiter and its stop. A read within a read
    /// inherits the limiter, and what its process knows of it.
    async fn run(self, mut query: Query, inherited: Shared) -> Result<Answered, Raise> {
        let (limiter, owned) = self.add_limiter(&mut query, inherited).await;
        let ended = self.guarded(&query, &limiter).await;
        if let Some(limiter) = limiter.filter(|_| owned)
            && !self.unwinds_past_stop(&ended)
        {
            // In an `after` block: an exit of the stop takes the place of the result.
            limiter.stop(self.ctx).await?;
        }
        ended
    }

    /// `add_async_limiter/3`: a pid in the context is taken for a limiter that somebody else stops;
    /// one is started for two loads or more.
    async fn add_limiter(self, query: &mut Query, inherited: Shared) -> (Shared, bool) {
        if let Some(pid) = query.limiter {
            let found = || Rc::new(Limiter::found(self.rules, pid));
            return (Some(inherited.unwrap_or_else(found)), false);
        }
        if query.read.loads.len() < 2 {
            return (None, false);
        }
        let limiter = Limiter::start_link(self.ctx, self.rules, query.read.limit).await;
        query.set_context(limiter.as_ref().map(|limiter| limiter.pid));
        (limiter.map(Rc::new), true)
    }

    /// True for an exit that runs past the place where the limiter is stopped.
    fn unwinds_past_stop(self, ended: &Result<Answered, Raise>) -> bool {
        self.rules.unwinding == Unwinding::Rescue && ended.is_err()
    }

    /// What stands in the `try`.
    async fn guarded(self, query: &Query, limiter: &Shared) -> Result<Answered, Raise> {
        let came = self.load_all(query, limiter).await?;
        let answer = first_failure(&came).unwrap_or_else(|| {
            let rows = came.iter().map(|came| if let Came::Rows(rows) = came { *rows } else { 0 });
            (Answer::Rows(rows.sum()), false)
        });
        let got = match answer {
            (_, true) => self.ctx.atom(LOST),
            (answer, false) => answer_term(self.ctx, answer),
        };
        if let Answer::Error(_) | Answer::Raised(_) = answer.0 {
            return Ok(Answered { got, page: None });
        }
        match query.read.after {
            After::Return => {}
            After::Leave => {
                self.ctx.mark("left-normally");
                return Err(Raise::exit(Term::NORMAL));
            }
            After::Crash => return Err(Raise::exit(self.ctx.atom(BOOM))),
        }
        let page = query.read.page.then(|| rerun_of(query, self.rules.clearing));
        Ok(Answered { got, page })
    }

    /// Starts each load, then waits for all of them.
    async fn load_all(self, query: &Query, limiter: &Shared) -> Result<Vec<Came>, Raise> {
        let mut items = Vec::new();
        let last = query.read.loads.len() - 1;
        for (at, load) in query.read.loads.iter().enumerate() {
            items.push(self.async_or_inline(query, load, at == last, limiter).await?);
        }
        self.gather(items, limiter).await
    }

    /// `AsyncLimiter.async_or_inline/4`: a task if there is a slot, else here and now.
    async fn async_or_inline(
        self,
        query: &Query,
        load: &Load,
        is_last: bool,
        limiter: &Shared,
    ) -> Result<Item, Raise> {
        let slot = match limiter {
            Some(limiter) if !is_last && limiter.claim(self.ctx).await? => limiter,
            _ => return Ok(Item::Done(self.load(query, load, limiter).await?)),
        };
        let (rules, pid) = (self.rules, slot.pid);
        let (query, load) = (query.clone(), load.clone());
        let task = task::start_async(self.ctx, "task", move |ctx| async move {
            work(ctx, rules, pid, query, load).await
        });
        let task = task.await;
        if self.rules.release == Release::AtSpawn {
            slot.release(self.ctx).await?;
        }
        Ok(Item::Running(task))
    }

    /// A load, here: it takes its time, and its own loads are a read under the same context.
    fn load<'a>(
        self,
        query: &'a Query,
        load: &'a Load,
        limiter: &'a Shared,
    ) -> Pin<Box<dyn Future<Output = Result<Came, Raise>> + 'a>>
    where
        Self: 'a,
    {
        Box::pin(async move {
            if load.takes > 0 {
                self.ctx.sleep(load.takes.into()).await;
            }
            if load.nested > 0 {
                if query.limiter.is_some() {
                    self.ctx.mark("limiter-shared");
                }
                let read = Rc::new(query.read.nested(load));
                let nested = Query { read, limiter: query.limiter };
                if self.run(nested, limiter.clone()).await?.got == self.ctx.atom(LOST) {
                    return Ok(Came::Lost);
                }
            }
            Ok(match load.fate {
                Fate::Rows => Came::Rows(load.rows()),
                Fate::Error => Came::Error,
                Fate::Raise => Came::Raised,
            })
        })
    }

    /// `await_all/1` or `await_at_least_one/1` until nothing remains; a slot of this process is
    /// given back as its task is seen to be done.
    async fn gather(self, items: Vec<Item>, limiter: &Shared) -> Result<Vec<Came>, Raise> {
        let mut came: Vec<Option<Came>> = Vec::new();
        let mut running = Vec::new();
        for (at, item) in items.into_iter().enumerate() {
            match item {
                Item::Done(done) => came.push(Some(done)),
                Item::Running(task) => {
                    came.push(None);
                    running.push((at, task));
                }
            }
        }
        let mut failed = false;
        while !running.is_empty() {
            let known: Vec<Came> = came.iter().map_while(|came| *came).collect();
            if !failed && first_failure(&known).is_some() {
                failed = true;
                self.ctx.mark("failed-while-a-task-runs");
                if self.rules.abandon == Abandon::OnFailure {
                    // do_run_calculations/5 returns at once on {:error, _}.
                    return Ok(known);
                }
            }
            for (at, done) in self.at_least_one(&mut running).await? {
                came[at] = Some(done);
                if let (Release::WhenDone, Some(limiter)) = (self.rules.release, limiter) {
                    limiter.release(self.ctx).await?;
                }
            }
        }
        Ok(came.into_iter().flatten().collect())
    }

    /// Waits until one of the tasks is done and takes it from the list, by the variant's way.
    async fn at_least_one(
        self,
        running: &mut Vec<(usize, Task)>,
    ) -> Result<Vec<(usize, Came)>, Raise> {
        if self.rules.wait == Wait::Receive {
            let (at, task) = running.remove(0);
            return Ok(vec![(at, self.awaited(task).await?)]);
        }
        // Task.yield(task, 0) on each, again and again.
        let mut in_vain = false;
        loop {
            let mut done = Vec::new();
            for &(at, task) in &*running {
                match task::yield_reply(self.ctx, task, Some(0)).await? {
                    Yielded::Nothing => {}
                    Yielded::Reply(reply) => done.push((at, Came::of(self.ctx, reply))),
                    Yielded::Exit(reason) => done.push((at, self.lost(reason)?)),
                }
            }
            if !done.is_empty() {
                running.retain(|(at, _)| done.iter().all(|(other, _)| other != at));
                return Ok(done);
            }
            if !in_vain {
                in_vain = true;
                self.ctx.mark("polled-in-vain");
            }
        }
    }

    /// `Task.await(task, :infinity)`
    async fn awaited(self, task: Task) -> Result<Came, Raise> {
        match task::await_reply(self.ctx, task, None).await {
            Ok(reply) => Ok(Came::of(self.ctx, reply)),
            // {Reason, {Task, await, [..]}}
            Err(raise) => match *self.ctx.elements(raise.reason) {
                // noproc: it was killed before the monitor had come to it.
                [Term::KILLED | Term::NOPROC, _] => Ok(Came::Lost),
                _ => Err(raise),
            },
        }
    }

    /// Of its own accord a task ends with a reply; one that was killed is the read's own loss.
    fn lost(self, reason: Term) -> Result<Came, Raise> {
        match reason {
            Term::KILLED | Term::NOPROC => Ok(Came::Lost),
            reason => Err(Raise::exit(reason)),
        }
    }
}

/// The first load that did not go well, and whether its task was killed.
fn first_failure(came: &[Came]) -> Option<(Answer, bool)> {
    came.iter().zip(1..).find_map(|(came, place)| match came {
        Came::Rows(_) => None,
        Came::Error => Some((Answer::Error(place), false)),
        Came::Raised => Some((Answer::Raised(place), false)),
        Came::Lost => Some((Answer::Error(place), true)),
    })
}

/// The body of a task: a load, in a slot of the limiter.
async fn work(
    ctx: Ctx,
    rules: &'static Rules,
    limiter: Pid,
    query: Query,
    load: Load,
) -> Result<Term, Raise> {
    ctx.hold(SLOT, limiter);
    let own = Some(Rc::new(Limiter::found(rules, limiter)));
    let came = Reading { ctx: &ctx, rules }.load(&query, &load, &own).await?;
    ctx.release(SLOT);
    if let (Release::InTask, Some(limiter)) = (rules.release, own) {
        limiter.release(&ctx).await?;
    }
    Ok(came.term(&ctx))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Rc<Read> {
        let loads = vec![Load::plain(0); 2];
        Rc::new(Read { limit: 1, page: true, loads, after: After::Return })
    }

    #[test]
    fn only_a_nil_put_into_the_copy_that_the_page_gets_clears_it() {
        let query = Query { read: read(), limiter: Some(Pid::root(7)) };
        let kept = |clearing| rerun_of(&query, clearing).limiter;
        assert_eq!(kept(Clearing::MergedNil), Some(Pid::root(7)), "a merged nil clears nothing");
        assert_eq!(kept(Clearing::OtherCopy), Some(Pid::root(7)), "new_query goes nowhere");
        assert_eq!(kept(Clearing::Put), None);
    }
}
