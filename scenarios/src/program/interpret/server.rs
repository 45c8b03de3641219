//! The server of programs: it does what its requests say.

use atropos::process::{
    Ctx, Filter, Message, Pid, Raise, Term,
    otp::{Answered, Behaviour, Caller, Handled, Init, ServerState, message_term, reply},
};

/// A server that is told with each request what to do.
pub(in crate::program) struct Scripted {
    pub(in crate::program) trap: bool,
    /// `ok`, `ignore`, `{stop, R}`, `{exit, R}`, `{error, R}`, `{throw, R}` or `{return, V}`.
    pub(in crate::program) init: Term,
    /// `ok`, `{slow, Ms}` or `{exit, R}`.
    pub(in crate::program) terminate: Term,
    /// For a child of a supervisor.
    pub(in crate::program) watched: Option<Watched>,
}

/// Who is told of the init and the terminate of a server, and by what id.
pub(in crate::program) struct Watched {
    pub(in crate::program) tracer: Pid,
    pub(in crate::program) id: Term,
    /// The starts, from 1, whose init fails.
    pub(in crate::program) fail_on: Vec<u32>,
}

/// Tells a tracer something and waits for its answer.
pub(in crate::program) async fn tell(ctx: &Ctx, tracer: Pid, what: Term) -> Term {
    let tag = ctx.make_ref().await;
    ctx.send(tracer, ctx.tuple(&[ctx.me().into(), tag.into(), what])).await;
    let answer = ctx.tuple(&[tag.into(), Term::ANY]);
    let answer = ctx.receive(Filter::Matching(answer)).await;
    ctx.elements(answer.user().expect("only terms match"))[1]
}

/// What the server keeps.
#[derive(Clone, Default)]
pub(in crate::program) struct Kept {
    /// Which start of its id this is, from 1; 0 if nobody counts.
    number: u32,
    /// Notes and messages, in order.
    seen: Vec<Term>,
    /// Whom it owes a reply, by key.
    deferred: Vec<(Term, Caller)>,
}

impl Kept {
    fn defer(&mut self, key: Term, caller: Caller) {
        match self.deferred.iter_mut().find(|(other, _)| *other == key) {
            Some(entry) => entry.1 = caller,
            None => self.deferred.push((key, caller)),
        }
    }

    fn owed(&self, key: Term) -> Option<Caller> {
        self.deferred.iter().find(|(other, _)| *other == key).map(|&(_, caller)| caller)
    }
}

impl ServerState for Kept {
    fn term(&self, ctx: &Ctx) -> Term {
        let owed = |&(key, caller): &(Term, Caller)| ctx.tuple(&[key, caller.term(ctx)]);
        let deferred: Vec<Term> = self.deferred.iter().map(owed).collect();
        let number = Term::int(i64::from(self.number));
        ctx.tuple(&[number, ctx.list(&self.seen), ctx.list(&deferred)])
    }
}

impl Watched {
    /// The number of this start.
    async fn begins(&self, ctx: &Ctx) -> u32 {
        let what = [Term::atom("init"), self.id, ctx.me().into()];
        let number = tell(ctx, self.tracer, ctx.tuple(&what)).await;
        number.as_int().and_then(|number| u32::try_from(number).ok()).unwrap_or_default()
    }

    async fn ends(&self, ctx: &Ctx, number: u32, reason: Term) {
        let number = Term::int(i64::from(number));
        let what = [ctx.atom("terminate"), self.id, number, reason];
        tell(ctx, self.tracer, ctx.tuple(&what)).await;
    }
}

/// A request taken apart: its word and its arguments.
struct Told {
    word: Term,
    arguments: Vec<Term>,
}

impl Told {
    fn of(ctx: &Ctx, request: Term) -> Told {
        let mut arguments = ctx.elements(request);
        let word = if arguments.is_empty() { request } else { arguments.remove(0) };
        Told { word, arguments }
    }

    /// The arguments, if this is the word and there are so many.
    fn is<const N: usize>(&self, ctx: &Ctx, word: &str) -> Option<[Term; N]> {
        (self.word == ctx.atom(word)).then(|| self.arguments.as_slice().try_into().ok()).flatten()
    }

    /// `{exit, R}`, `{error, R}` and `{throw, R}`.
    fn raise(&self, ctx: &Ctx) -> Option<Raise> {
        let kinds = [("exit", Raise::exit as fn(Term) -> Raise), ("error", Raise::error)];
        let kinds = kinds.into_iter().chain([("throw", Raise::throw as fn(Term) -> Raise)]);
        kinds.into_iter().find_map(|(word, raise)| {
            let [reason] = self.is(ctx, word)?;
            Some(raise(reason))
        })
    }
}

/// What a call does that is answered without a wait.
fn at_once(ctx: &Ctx, told: &Told, kept: &Kept) -> Option<Answered> {
    if let Some([value]) = told.is(ctx, "reply") {
        return Some(Answered::Reply(value));
    }
    if let Some([why]) = told.is(ctx, "stop") {
        return Some(Answered::Stop(why));
    }
    if let Some([why, value]) = told.is(ctx, "stop_reply") {
        return Some(Answered::StopReply(why, value));
    }
    if let Some([]) = told.is(ctx, "seen") {
        return Some(Answered::Reply(ctx.list(&kept.seen)));
    }
    told.is(ctx, "noreply").map(|[]| Answered::NoReply)
}

fn error(ctx: &Ctx, reason: &str) -> Raise {
    Raise::error(ctx.atom(reason))
}

async fn sleep(ctx: &Ctx, ms: Term) {
    let ms = ms.as_int().and_then(|ms| u32::try_from(ms).ok());
    ctx.sleep(ms.unwrap_or_default()).await;
}

impl Behaviour for Scripted {
    type State = Kept;

    async fn init(&self, ctx: &Ctx) -> Result<Init<Kept>, Raise> {
        ctx.trap_exit(self.trap).await;
        let number = match &self.watched {
            Some(watched) => watched.begins(ctx).await,
            None => 0,
        };
        if self.watched.as_ref().is_some_and(|watched| watched.fail_on.contains(&number)) {
            return Ok(Init::Stop(ctx.atom("init_failed")));
        }
        let plan = Told::of(ctx, self.init);
        if let Some(raise) = plan.raise(ctx) {
            return Err(raise);
        }
        if let Some([why]) = plan.is(ctx, "stop") {
            return Ok(Init::Stop(why));
        }
        if let Some([value]) = plan.is(ctx, "return") {
            return Ok(match value == ctx.atom("ignore") {
                true => Init::Ignore,
                false => Init::Other(value),
            });
        }
        match plan.word {
            word if word == ctx.atom("ignore") => Ok(Init::Ignore),
            word if word == ctx.atom("ok") => Ok(Init::Ok(Kept { number, ..Kept::default() })),
            _ => Err(Raise::error(ctx.tuple(&[ctx.atom("case_clause"), self.init]))),
        }
    }

    async fn handle_call(
        &self,
        ctx: &Ctx,
        request: Term,
        caller: Caller,
        kept: &mut Kept,
    ) -> Result<Answered, Raise> {
        let told = Told::of(ctx, request);
        if let Some(answered) = at_once(ctx, &told, kept) {
            return Ok(answered);
        }
        if let Some(raise) = told.raise(ctx) {
            return Err(raise);
        }
        if let Some([ms, value]) = told.is(ctx, "sleep_reply") {
            sleep(ctx, ms).await;
            return Ok(Answered::Reply(value));
        }
        if let Some([value, why]) = told.is(ctx, "reply_then_exit") {
            reply(ctx, caller, value).await;
            return Err(Raise::exit(why));
        }
        let [key] = told.is(ctx, "defer").ok_or_else(|| error(ctx, "function_clause"))?;
        kept.defer(key, caller);
        Ok(Answered::NoReply)
    }

    async fn handle_cast(
        &self,
        ctx: &Ctx,
        request: Term,
        kept: &mut Kept,
    ) -> Result<Handled, Raise> {
        let told = Told::of(ctx, request);
        if let Some(raise) = told.raise(ctx) {
            return Err(raise);
        }
        if let Some([why]) = told.is(ctx, "stop") {
            return Ok(Handled::Stop(why));
        }
        if let Some([note]) = told.is(ctx, "note") {
            kept.seen.push(note);
        } else if let Some([key, value]) = told.is(ctx, "release") {
            // The reference server keeps it under the key `{d, Key}`.
            let missing = || ctx.tuple(&[ctx.atom("badkey"), ctx.tuple(&[ctx.atom("d"), key])]);
            let badkey = || Raise::error(missing());
            let caller = kept.owed(key).ok_or_else(badkey)?;
            reply(ctx, caller, value).await;
        } else if let Some([pid]) = told.is(ctx, "link") {
            ctx.link(pid.as_pid().ok_or_else(|| error(ctx, "badarg"))?).await?;
        } else if let Some([ms]) = told.is(ctx, "sleep") {
            sleep(ctx, ms).await;
        } else {
            let [name] = told.is(ctx, "unregister").ok_or_else(|| error(ctx, "function_clause"))?;
            ctx.unregister(name).await?;
        }
        Ok(Handled::NoReply)
    }

    async fn handle_info(
        &self,
        ctx: &Ctx,
        message: Message,
        kept: &mut Kept,
    ) -> Result<Handled, Raise> {
        kept.seen.push(ctx.tuple(&[ctx.atom("info"), message_term(ctx, message)]));
        Ok(Handled::NoReply)
    }

    async fn terminate(&self, ctx: &Ctx, reason: Term, kept: &mut Kept) -> Result<(), Raise> {
        if let Some(watched) = &self.watched {
            watched.ends(ctx, kept.number, reason).await;
        }
        let plan = Told::of(ctx, self.terminate);
        if let Some(raise) = plan.raise(ctx) {
            return Err(raise);
        }
        if let Some([ms]) = plan.is(ctx, "slow") {
            sleep(ctx, ms).await;
        }
        Ok(())
    }
}
