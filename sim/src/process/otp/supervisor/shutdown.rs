//! How a supervisor ends a child.

use crate::process::{
    Ctx, Filter, Message, Pid, Term, Wrong,
    otp::{
        call::{down_of, receive_within},
        child::Shutdown,
    },
};

/// `supervisor:shutdown/1`: asks, waits, and in the end kills. Which reason it ends with is for the
/// log alone.
pub(super) async fn shutdown(ctx: &Ctx, child: Pid, how: Shutdown) {
    let how = as_it_should_be(ctx, how);
    let monitor = ctx.monitor(child).await;
    ctx.exit2(child, how.signal()).await;
    let down = Filter::Matching(down_of(ctx, monitor));
    if receive_within(ctx, down, how.patience()).await.is_none() {
        ctx.exit2(child, Term::KILL).await;
        ctx.receive(down).await;
    }
    unlink_flush(ctx, child).await;
}

/// What the specification says, unless a rule is wrong on purpose.
fn as_it_should_be(ctx: &Ctx, how: Shutdown) -> Shutdown {
    match how {
        Shutdown::BrutalKill if ctx.is_wrong(Wrong::BrutalKillAsks) => Shutdown::Infinity,
        Shutdown::Within(_) if ctx.is_wrong(Wrong::ShutdownNeverKills) => Shutdown::Infinity,
        how => how,
    }
}

/// `supervisor:unlink_flush/2`: no EXIT of the child is left; the one that had come, if any.
pub(in crate::process::otp) async fn unlink_flush(ctx: &Ctx, child: Pid) -> Option<Message> {
    ctx.unlink(child).await;
    ctx.receive_after(Filter::ExitOf(child), 0).await
}
