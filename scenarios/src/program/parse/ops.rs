//! The operations: one row of a table each.

use super::{
    error::{Place, ProgramError, Read, hint},
    fields::Fields,
    names::{Names, Sort},
    otp,
};
use crate::program::model::{Act, AgentOp, Item, MonitorAlias, Op, ServerOp, Spawn, Timer};
use serde_json::{Map, Value};

/// An operation and the keys that it takes beside `op`.
pub struct Operation {
    /// What `op` says.
    pub name: &'static str,
    /// The keys that must be there.
    pub required: &'static [&'static str],
    /// The keys that may be there.
    pub optional: &'static [&'static str],
    read: fn(&mut Fields<'_>) -> Read<Act>,
}

/// The operations, in the order in which the documentation lists them.
pub fn operations() -> &'static [Operation] {
    &OPERATIONS
}

/// What `process_info/2` may be asked for.
pub(in crate::program) const ITEMS: [(&str, Item); 7] = [
    ("links", Item::Links),
    ("monitors", Item::Monitors),
    ("monitored_by", Item::MonitoredBy),
    ("trap_exit", Item::TrapExit),
    ("registered_name", Item::RegisteredName),
    ("messages", Item::Messages),
    ("message_queue_len", Item::MessageQueueLen),
];

/// What the alias of a monitor may be.
pub(in crate::program) const MONITOR_ALIASES: [(&str, MonitorAlias); 3] = [
    ("explicit_unalias", MonitorAlias::ExplicitUnalias),
    ("demonitor", MonitorAlias::Demonitor),
    ("reply_demonitor", MonitorAlias::ReplyDemonitor),
];

/// Only what can raise takes `uncaught`; `exit`, `error` and `throw` are never caught.
static OPERATIONS: [Operation; 47] = [
    op("self", &[], &[], |_| Ok(Act::Me)),
    op("seq", &["ops"], &[], |f| {
        f.required("ops")?;
        f.operations("ops").map(Act::Seq)
    }),
    op("spawn", &[], &["as", "ref", "opts", "body"], spawn),
    op("link", &["to"], &["uncaught"], |f| Ok(Act::Link { to: f.process("to")? })),
    op("unlink", &["to"], &["uncaught"], |f| Ok(Act::Unlink { to: f.process("to")? })),
    op("exit", &["reason"], &[], |f| Ok(Act::Exit { reason: f.term("reason")? })),
    op("error", &["reason"], &[], |f| Ok(Act::Error { reason: f.term("reason")? })),
    op("throw", &["reason"], &[], |f| Ok(Act::Throw { reason: f.term("reason")? })),
    op("return", &[], &[], |_| Ok(Act::Return)),
    op("exit2", &["to", "reason"], &["uncaught"], |f| {
        Ok(Act::Exit2 { to: f.process("to")?, reason: f.term("reason")? })
    }),
    op("trap", &["on"], &[], |f| Ok(Act::Trap { on: f.truth("on")? })),
    op("monitor", &["to"], &["as", "alias", "uncaught"], monitor),
    op("demonitor", &["ref"], &["opts", "uncaught"], |f| {
        let [flush, info] = f.options("opts", ["flush", "info"])?;
        Ok(Act::Demonitor { reference: f.reference("ref")?, flush, info })
    }),
    op("register", &["name", "to"], &["uncaught"], |f| {
        Ok(Act::Register { name: f.term("name")?, to: f.process("to")? })
    }),
    op("unregister", &["name"], &["uncaught"], |f| Ok(Act::Unregister { name: f.term("name")? })),
    op("whereis", &["name"], &["uncaught"], |f| Ok(Act::Whereis { name: f.term("name")? })),
    op("send", &["to", "msg"], &["uncaught"], |f| {
        Ok(Act::Send { to: f.term("to")?, message: f.term("msg")? })
    }),
    op("recv", &[], &["match", "after"], |f| {
        Ok(Act::Recv { pattern: f.term_or("match", "_")?, after: f.ms_if("after")? })
    }),
    op("mailbox", &[], &[], |_| Ok(Act::Mailbox)),
    op("info", &["to", "item"], &["uncaught"], |f| {
        Ok(Act::Info { to: f.process("to")?, item: f.word("item", &ITEMS)? })
    }),
    op("alive", &["to"], &["uncaught"], |f| Ok(Act::Alive { to: f.process("to")? })),
    op("make_ref", &[], &["as"], |f| Ok(Act::MakeRef { bind: f.bind("as", Sort::Reference)? })),
    op("alias", &[], &["as", "opts"], alias),
    op("unalias", &["ref"], &["uncaught"], |f| Ok(Act::Unalias { reference: f.reference("ref")? })),
    op("send_after", &["ms", "to", "msg"], &["as", "uncaught"], |f| timer(f).map(Act::SendAfter)),
    op("start_timer", &["ms", "to", "msg"], &["as", "uncaught"], |f| timer(f).map(Act::StartTimer)),
    op("cancel_timer", &["ref"], &["uncaught"], |f| {
        Ok(Act::CancelTimer { reference: f.reference("ref")? })
    }),
    op("sleep", &["ms"], &[], |f| Ok(Act::Sleep { ms: f.ms("ms")? })),
    op("yield", &[], &[], |_| Ok(Act::Yield)),
    op("gs_start", &[], otp::SERVER, |f| otp::server(f, false)),
    op("gs_start_link", &[], otp::SERVER, |f| otp::server(f, true)),
    op("gs_call", &["to", "req"], &["timeout", "uncaught"], otp::call),
    op("gs_cast", &["to", "req"], &["uncaught"], otp::cast),
    op("gs_stop", &["to"], &["reason", "timeout", "uncaught"], |f| {
        otp::stop(f).map(|stop| Act::Server(ServerOp::Stop(stop)))
    }),
    op("agent_start", &[], &["as", "state", "uncaught"], |f| otp::agent(f, false)),
    op("agent_start_link", &[], &["as", "state", "uncaught"], |f| otp::agent(f, true)),
    op("agent_get", &["to"], &["uncaught"], |f| {
        Ok(Act::Agent(AgentOp::Get { to: f.process("to")? }))
    }),
    op("agent_claim", &["to"], &["uncaught"], |f| {
        Ok(Act::Agent(AgentOp::Claim { to: f.process("to")? }))
    }),
    op("agent_release", &["to"], &["uncaught"], |f| {
        Ok(Act::Agent(AgentOp::Release { to: f.process("to")? }))
    }),
    op("agent_crash_in_fun", &["to", "reason"], &["uncaught"], |f| {
        Ok(Act::Agent(AgentOp::Crash { to: f.process("to")?, reason: f.term("reason")? }))
    }),
    op("agent_stop", &["to"], &["reason", "timeout", "uncaught"], |f| {
        otp::stop(f).map(|stop| Act::Agent(AgentOp::Stop(stop)))
    }),
    op("task_async", &[], &["as", "ref", "body"], otp::task),
    op("task_await", &["task"], &["timeout", "uncaught"], otp::task_await),
    op("task_yield", &["task"], &["timeout", "uncaught"], otp::task_yield),
    op("task_shutdown", &["task"], &["how", "uncaught"], otp::task_shutdown),
    op("group_leader_to", &["to"], &["uncaught"], |f| {
        Ok(Act::GroupLeaderTo { to: f.process("to")? })
    }),
    op("value", &["v"], &["uncaught"], |f| Ok(Act::Value { value: f.term("v")? })),
];

const fn op(
    name: &'static str,
    required: &'static [&'static str],
    optional: &'static [&'static str],
    read: fn(&mut Fields<'_>) -> Read<Act>,
) -> Operation {
    Operation { name, required, optional, read }
}

fn spawn(f: &mut Fields<'_>) -> Read<Act> {
    let [link, monitor] = f.options("opts", ["link", "monitor"])?;
    if f.optional("ref").is_some() && !monitor {
        let why = "it names the reference of the monitor, but `opts` has no `monitor`";
        return Err(f.place.key("ref").refuse(why));
    }
    Ok(Act::Spawn(Spawn {
        bind: f.bind("as", Sort::Process)?,
        bind_ref: f.bind("ref", Sort::Reference)?,
        link,
        monitor,
        body: f.operations("body")?,
    }))
}

fn monitor(f: &mut Fields<'_>) -> Read<Act> {
    let alias = f.optional("alias").map(|_| f.word("alias", &MONITOR_ALIASES)).transpose()?;
    Ok(Act::Monitor { to: f.process("to")?, alias, bind: f.bind("as", Sort::Reference)? })
}

fn alias(f: &mut Fields<'_>) -> Read<Act> {
    let [explicit, reply] = f.options("opts", ["explicit_unalias", "reply"])?;
    if explicit && reply {
        // The BEAM takes the last of them, which a set of options cannot say.
        let why = "`explicit_unalias` and `reply` exclude each other";
        return Err(f.place.key("opts").refuse(why));
    }
    Ok(Act::Alias { reply, bind: f.bind("as", Sort::Reference)? })
}

fn timer(f: &mut Fields<'_>) -> Read<Timer> {
    Ok(Timer {
        ms: f.ms("ms")?,
        to: f.term("to")?,
        message: f.term("msg")?,
        bind: f.bind("as", Sort::Reference)?,
    })
}

/// Reads an operation. Its object may have the keys of `around`, too, which are not read here.
pub(super) fn operation(
    names: &mut Names,
    place: &Place<'_>,
    object: &Map<String, Value>,
    around: &[&str],
) -> Read<Op> {
    let name = name(place, object)?;
    let Some(row) = OPERATIONS.iter().find(|row| row.name == name) else {
        return Err(unknown(place, name));
    };
    let mut fields = Fields { what: format!("`{name}`"), object, place, names };
    fields.only(&[row.required, row.optional, around, &["op"]])?;
    let uncaught = fields.truth_or("uncaught", false)?;
    Ok(Op { act: (row.read)(&mut fields)?, uncaught })
}

/// What `op` says.
pub(super) fn name<'v>(place: &Place<'_>, object: &'v Map<String, Value>) -> Read<&'v str> {
    let Some(name) = object.get("op") else {
        return Err(place.refuse("`op` is missing: it says what is done"));
    };
    name.as_str().ok_or_else(|| place.key("op").expected("the name of an operation", name))
}

fn unknown(place: &Place<'_>, name: &str) -> ProgramError {
    let place = place.key("op");
    if ["par", "wait"].contains(&name) {
        return place.refuse(format!(
            "`{name}` is a step of its own, it cannot stand in a `par`, a `seq` or a body"
        ));
    }
    let known = OPERATIONS.iter().map(|row| row.name).chain(["par", "wait"]);
    let hint = hint(name, known, || ": docs/program.md lists them".to_owned());
    place.refuse(format!("there is no operation `{name}`{hint}"))
}
