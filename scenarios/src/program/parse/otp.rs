//! The operations of servers, agents and tasks.

use super::{
    error::{Read, listed},
    fields::Fields,
    names::Sort,
};
use crate::program::model::{
    Act, AgentOp, CALL_TIMEOUT, Data, STOP_TIMEOUT, ServerOp, ServerStart, Stop, TaskOp,
};

/// What a start of a server may say.
pub(super) const SERVER: &[&str] = &["as", "trap", "init", "term", "name", "uncaught"];

pub(super) fn server(f: &mut Fields<'_>, link: bool) -> Read<Act> {
    Ok(Act::Server(ServerOp::Start(ServerStart {
        bind: f.bind("as", Sort::Process)?,
        link,
        trap: f.truth_or("trap", false)?,
        init: f.term_or("init", "ok")?,
        terminate: f.term_or("term", "ok")?,
        name: f.optional("name").map(|_| f.atom("name")).transpose()?,
    })))
}

pub(super) fn call(f: &mut Fields<'_>) -> Read<Act> {
    let (to, request) = (f.process("to")?, f.term("req")?);
    Ok(Act::Server(ServerOp::Call { to, request, timeout: timeout(f, CALL_TIMEOUT)? }))
}

pub(super) fn cast(f: &mut Fields<'_>) -> Read<Act> {
    Ok(Act::Server(ServerOp::Cast { to: f.process("to")?, request: f.term("req")? }))
}

pub(super) fn stop(f: &mut Fields<'_>) -> Read<Stop> {
    let (to, reason) = (f.process("to")?, f.term_or("reason", "normal")?);
    Ok(Stop { to, reason, timeout: timeout(f, STOP_TIMEOUT)? })
}

pub(super) fn agent(f: &mut Fields<'_>, link: bool) -> Read<Act> {
    let bind = f.bind("as", Sort::Process)?;
    let state = match f.optional("state") {
        Some(_) => f.term("state")?,
        None => Data::Int(0),
    };
    Ok(Act::Agent(AgentOp::Start { bind, link, state }))
}

pub(super) fn task(f: &mut Fields<'_>) -> Read<Act> {
    let (bind, bind_ref) = (f.bind("as", Sort::Process)?, f.bind("ref", Sort::Reference)?);
    Ok(Act::Task(TaskOp::Async { bind, bind_ref, body: f.operations("body")? }))
}

pub(super) fn task_await(f: &mut Fields<'_>) -> Read<Act> {
    let task = f.process("task")?;
    Ok(Act::Task(TaskOp::Await { task, timeout: timeout(f, CALL_TIMEOUT)? }))
}

pub(super) fn task_yield(f: &mut Fields<'_>) -> Read<Act> {
    let task = f.process("task")?;
    Ok(Act::Task(TaskOp::Yield { task, timeout: timeout(f, 0)? }))
}

pub(super) fn task_shutdown(f: &mut Fields<'_>) -> Read<Act> {
    let task = f.process("task")?;
    let brutal = f.optional("how").is_none_or(|how| how == "brutal_kill");
    let timeout = match brutal {
        true => None,
        false => Some(f.ms("how").map_err(|_| {
            let found = f.optional("how").expect("it was there");
            f.place.key("how").expected(&listed(["brutal_kill", "milliseconds"], "or"), found)
        })?),
    };
    Ok(Act::Task(TaskOp::Shutdown { task, timeout }))
}

fn timeout(f: &Fields<'_>, otherwise: u32) -> Read<u32> {
    Ok(f.ms_if("timeout")?.unwrap_or(otherwise))
}
