//! The operations of servers, agents and tasks.

use super::{Keys, text::Words};
use crate::program::model::{
    AgentOp, CALL_TIMEOUT, Data, STOP_TIMEOUT, ServerOp, ServerStart, Stop, TaskOp,
};

pub(super) fn server_name(op: &ServerOp) -> &'static str {
    match op {
        ServerOp::Start(ServerStart { link: false, .. }) => "gs_start",
        ServerOp::Start(_) => "gs_start_link",
        ServerOp::Call { .. } => "gs_call",
        ServerOp::Cast { .. } => "gs_cast",
        ServerOp::Stop(_) => "gs_stop",
    }
}

pub(super) fn agent_name(op: &AgentOp) -> &'static str {
    match op {
        AgentOp::Start { link: false, .. } => "agent_start",
        AgentOp::Start { .. } => "agent_start_link",
        AgentOp::Get { .. } => "agent_get",
        AgentOp::Claim { .. } => "agent_claim",
        AgentOp::Release { .. } => "agent_release",
        AgentOp::Crash { .. } => "agent_crash_in_fun",
        AgentOp::Stop(_) => "agent_stop",
    }
}

pub(super) fn task_name(op: &TaskOp) -> &'static str {
    match op {
        TaskOp::Async { .. } => "task_async",
        TaskOp::Await { .. } => "task_await",
        TaskOp::Yield { .. } => "task_yield",
        TaskOp::Shutdown { .. } => "task_shutdown",
    }
}

fn is(data: &Data, word: &str) -> bool {
    matches!(data, Data::Atom(atom) if atom == word)
}

pub(super) fn server_keys(keys: &mut Keys<'_>, op: &ServerOp) {
    match op {
        ServerOp::Start(start) => {
            keys.bind("as", start.bind);
            keys.set_if(start.trap, "trap", true);
            for (key, plan) in [("init", &start.init), ("term", &start.terminate)] {
                if !is(plan, "ok") {
                    keys.term(key, plan);
                }
            }
            start.name.iter().for_each(|name| keys.term("name", name));
        }
        ServerOp::Call { to, request, timeout } => {
            keys.terms([("to", to), ("req", request)]);
            keys.set_if(*timeout != CALL_TIMEOUT, "timeout", *timeout);
        }
        ServerOp::Cast { to, request } => keys.terms([("to", to), ("req", request)]),
        ServerOp::Stop(stop) => stop_keys(keys, stop),
    }
}

fn stop_keys(keys: &mut Keys<'_>, stop: &Stop) {
    keys.term("to", &stop.to);
    if !is(&stop.reason, "normal") {
        keys.term("reason", &stop.reason);
    }
    keys.set_if(stop.timeout != STOP_TIMEOUT, "timeout", stop.timeout);
}

pub(super) fn agent_keys(keys: &mut Keys<'_>, op: &AgentOp) {
    match op {
        AgentOp::Start { bind, state, .. } => {
            keys.bind("as", *bind);
            if *state != Data::Int(0) {
                keys.term("state", state);
            }
        }
        AgentOp::Get { to } | AgentOp::Claim { to } | AgentOp::Release { to } => {
            keys.term("to", to);
        }
        AgentOp::Crash { to, reason } => keys.terms([("to", to), ("reason", reason)]),
        AgentOp::Stop(stop) => stop_keys(keys, stop),
    }
}

pub(super) fn task_keys(keys: &mut Keys<'_>, op: &TaskOp) {
    match op {
        TaskOp::Async { bind, bind_ref, body } => {
            keys.bind("as", *bind);
            keys.bind("ref", *bind_ref);
            if !body.is_empty() {
                keys.ops("body", body);
            }
        }
        TaskOp::Await { task, timeout } => {
            keys.term("task", task);
            keys.set_if(*timeout != CALL_TIMEOUT, "timeout", *timeout);
        }
        TaskOp::Yield { task, timeout } => {
            keys.term("task", task);
            keys.set_if(*timeout != 0, "timeout", *timeout);
        }
        TaskOp::Shutdown { task, timeout } => {
            keys.term("task", task);
            timeout.iter().for_each(|&ms| keys.set("how", ms));
        }
    }
}

pub(super) fn server_words(words: &mut Words<'_>, op: &ServerOp) {
    match op {
        ServerOp::Start(start) => {
            start.name.iter().for_each(|name| words.terms(&[name]));
            words.options(&[("trap", start.trap)]);
            for (what, plan) in [("init", &start.init), ("terminate", &start.terminate)] {
                if !is(plan, "ok") {
                    words.word(what.to_owned());
                    words.terms(&[plan]);
                }
            }
            words.bind(start.bind);
        }
        ServerOp::Call { to, request, timeout } => {
            words.terms(&[to, request]);
            words.limit(*timeout, CALL_TIMEOUT);
        }
        ServerOp::Cast { to, request } => words.terms(&[to, request]),
        ServerOp::Stop(stop) => stop_words(words, stop),
    }
}

fn stop_words(words: &mut Words<'_>, stop: &Stop) {
    words.terms(&[&stop.to, &stop.reason]);
    words.limit(stop.timeout, STOP_TIMEOUT);
}

pub(super) fn agent_words(words: &mut Words<'_>, op: &AgentOp) {
    match op {
        AgentOp::Start { bind, state, .. } => {
            words.terms(&[state]);
            words.bind(*bind);
        }
        AgentOp::Get { to } | AgentOp::Claim { to } | AgentOp::Release { to } => {
            words.terms(&[to]);
        }
        AgentOp::Crash { to, reason } => words.terms(&[to, reason]),
        AgentOp::Stop(stop) => stop_words(words, stop),
    }
}

pub(super) fn task_words(words: &mut Words<'_>, op: &TaskOp) {
    match op {
        TaskOp::Async { bind, bind_ref, body } => {
            words.ops(body);
            words.bind(*bind);
            words.bind(*bind_ref);
        }
        TaskOp::Await { task, timeout } => {
            words.terms(&[task]);
            words.limit(*timeout, CALL_TIMEOUT);
        }
        TaskOp::Yield { task, timeout } => {
            words.terms(&[task]);
            words.limit(*timeout, 0);
        }
        TaskOp::Shutdown { task, timeout } => {
            words.terms(&[task]);
            words.word(timeout.map_or("brutal_kill".to_owned(), |ms| format!("within {ms} ms")));
        }
    }
}
