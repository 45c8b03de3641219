//! How a dynamic supervisor ends children: all at once.

use super::serve::Child;
use crate::process::{
    Ctx, Filter, Message, Pid, Ref, Term,
    otp::{call::down_of, child::Shutdown, supervisor::unlink_flush},
};

/// `DynamicSupervisor.terminate_children/2`: asks each in turn, then waits for all. The reasons are
/// for the log alone.
pub(super) async fn shutdown(ctx: &Ctx, children: &[Child]) {
    let mut waits = Waits::default();
    for child in children.iter().filter(|child| !child.restarting) {
        if let Some(monitor) = monitor_child(ctx, child.pid).await {
            waits.downs.push((monitor, child.pid));
            ctx.exit2(child.pid, child.spec.shutdown.signal()).await;
            if let Shutdown::Within(ms) = child.spec.shutdown {
                waits.impatient(ms, child.pid);
            }
        }
    }
    waits.start_timers(ctx).await;
    waits.wait(ctx).await;
}

/// `DynamicSupervisor.monitor_child/1`: none if its EXIT has come already.
async fn monitor_child(ctx: &Ctx, child: Pid) -> Option<Ref> {
    let monitor = ctx.monitor(child).await;
    match unlink_flush(ctx, child).await {
        None => Some(monitor),
        Some(_) => {
            ctx.receive(Filter::Matching(down_of(ctx, monitor))).await;
            None
        }
    }
}

/// Whom it waits for.
#[derive(Default)]
struct Waits {
    downs: Vec<(Ref, Pid)>,
    /// Who is killed after how many ms, by time.
    times: Vec<(u32, Vec<Pid>)>,
    /// The running timers of these.
    timers: Vec<(Ref, Vec<Pid>)>,
}

impl Waits {
    fn impatient(&mut self, ms: u32, child: Pid) {
        match self.times.binary_search_by_key(&ms, |&(time, _)| time) {
            Ok(at) => self.times[at].1.insert(0, child),
            Err(at) => self.times.insert(at, (ms, vec![child])),
        }
    }

    async fn start_timers(&mut self, ctx: &Ctx) {
        for (ms, children) in std::mem::take(&mut self.times) {
            let timer = ctx.start_timer(ms, ctx.me(), Term::KILL).await;
            self.timers.push((timer, children));
        }
    }

    /// `DynamicSupervisor.wait_children/4`
    async fn wait(mut self, ctx: &Ctx) {
        while !self.downs.is_empty() {
            match ctx.receive(self.awaited(ctx)).await {
                Message::Down { monitor, .. } => self.downs.retain(|&(of, _)| of != monitor),
                Message::User(timeout) => self.time_is_over(ctx, timeout).await,
                Message::Exit { .. } => {}
            }
        }
        for (timer, _) in self.timers {
            ctx.cancel_timer(timer).await;
            ctx.receive_after(Filter::Matching(timeout_of(ctx, timer)), 0).await;
        }
    }

    /// The DOWN of any, or a timer.
    fn awaited(&self, ctx: &Ctx) -> Filter {
        let downs = self.downs.iter().map(|&(monitor, _)| down_of(ctx, monitor));
        let timers = self.timers.iter().map(|&(timer, _)| timeout_of(ctx, timer));
        let clauses: Vec<Term> = downs.chain(timers).collect();
        Filter::OneOf(ctx.list(&clauses))
    }

    async fn time_is_over(&mut self, ctx: &Ctx, timeout: Term) {
        let over = |&(timer, _): &(Ref, Vec<Pid>)| timeout_of(ctx, timer) == timeout;
        let Some(at) = self.timers.iter().position(over) else { return };
        for child in self.timers.remove(at).1 {
            ctx.exit2(child, Term::KILL).await;
        }
    }
}

/// What a timer of `erlang:start_timer/3` sends.
fn timeout_of(ctx: &Ctx, timer: Ref) -> Term {
    ctx.tuple(&[Term::atom("timeout"), timer.into(), Term::KILL])
}
