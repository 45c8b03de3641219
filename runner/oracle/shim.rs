//! SHIM: to be deleted when `atropos_scenarios::program::{explore, observe, write}` are merged.

use atropos::plan::Conditions;
use atropos_scenarios::program::{
    Program,
    model::{Act, Command, Data, Item, MonitorAlias, Op, Slot, Step},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

pub(crate) struct Explored {
    pub(crate) outcomes: BTreeSet<String>,
    pub(crate) closed: bool,
    pub(crate) states: u64,
    pub(crate) runs: u64,
}

#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) runs: u64,
    pub(crate) states: u64,
}

pub(crate) fn explore(_: &Program, _: &Conditions, bounds: Bounds) -> Explored {
    let closed = bounds.runs > 0 && bounds.states > 0;
    Explored { outcomes: BTreeSet::new(), closed, states: 0, runs: 0 }
}

pub(crate) fn canonical(observed: &Value) -> String {
    observed.to_string()
}

pub(crate) trait ToValue {
    fn to_value(&self) -> Value;
}

impl ToValue for Program {
    fn to_value(&self) -> Value {
        let steps: Vec<Value> = self.steps.iter().map(|s| step(&self.names, s)).collect();
        json!({ "id": self.id, "profile": self.profile, "program": steps })
    }
}

type Names = [String];

fn step(names: &Names, step: &Step) -> Value {
    let mut value = match step {
        Step::Wait { ms } => return json!({ "op": "wait", "ms": ms }),
        Step::One { command: c, .. } => command(names, c),
        Step::Par { commands, .. } => {
            let steps: Vec<Value> = commands.iter().map(|c| command(names, c)).collect();
            json!({ "op": "par", "steps": steps })
        }
    };
    if let Step::One { settle: false, .. } | Step::Par { settle: false, .. } = step {
        value["settle"] = json!(false);
    }
    value
}

fn command(names: &Names, command: &Command) -> Value {
    let mut value = op(names, &command.op);
    value["p"] = name(names, command.actor);
    value
}

fn name(names: &Names, slot: Slot) -> Value {
    json!(names[usize::from(slot.0)])
}

fn data(names: &Names, it: &Data) -> Value {
    match it {
        Data::Int(n) => json!(n),
        Data::Atom(a) => json!(a),
        Data::Name(slot) => name(names, *slot),
        Data::Tuple(parts) => parts.iter().map(|d| data(names, d)).collect(),
        Data::List(parts) => {
            json!({ "list": parts.iter().map(|d| data(names, d)).collect::<Vec<_>>() })
        }
        Data::Map(pairs) => {
            let pair = |(k, v): &(Data, Data)| json!([data(names, k), data(names, v)]);
            json!({ "map": pairs.iter().map(pair).collect::<Vec<_>>() })
        }
    }
}

fn op(names: &Names, it: &Op) -> Value {
    let d = |it: &Data| data(names, it);
    let ops = |ops: &[Op]| ops.iter().map(|o| op(names, o)).collect::<Vec<_>>();
    let opts = |list: &[(bool, &str)]| -> Vec<String> {
        list.iter().filter(|(on, _)| *on).map(|(_, opt)| (*opt).to_owned()).collect()
    };
    let mut bound: Vec<(&str, Slot)> = Vec::new();
    let mut value = match &it.act {
        Act::Seq(list) => json!({ "op": "seq", "ops": ops(list) }),
        Act::Me => json!({ "op": "self" }),
        Act::Link { to } => json!({ "op": "link", "to": d(to) }),
        Act::Unlink { to } => json!({ "op": "unlink", "to": d(to) }),
        Act::Spawn(spawn) => {
            bound.extend(spawn.bind.map(|slot| ("as", slot)));
            bound.extend(spawn.bind_ref.map(|slot| ("ref", slot)));
            let opts = opts(&[(spawn.link, "link"), (spawn.monitor, "monitor")]);
            json!({ "op": "spawn", "opts": opts, "body": ops(&spawn.body) })
        }
        Act::Exit { reason } => json!({ "op": "exit", "reason": d(reason) }),
        Act::Error { reason } => json!({ "op": "error", "reason": d(reason) }),
        Act::Throw { reason } => json!({ "op": "throw", "reason": d(reason) }),
        Act::Return => json!({ "op": "return" }),
        Act::Exit2 { to, reason } => json!({ "op": "exit2", "to": d(to), "reason": d(reason) }),
        Act::Trap { on } => json!({ "op": "trap", "on": on }),
        Act::Monitor { to, alias, bind } => {
            bound.extend(bind.map(|slot| ("as", slot)));
            let mut value = json!({ "op": "monitor", "to": d(to) });
            if let Some(alias) = alias {
                value["alias"] = json!(match alias {
                    MonitorAlias::ExplicitUnalias => "explicit_unalias",
                    MonitorAlias::Demonitor => "demonitor",
                    MonitorAlias::ReplyDemonitor => "reply_demonitor",
                });
            }
            value
        }
        Act::Demonitor { reference, flush, info } => {
            let opts = opts(&[(*flush, "flush"), (*info, "info")]);
            json!({ "op": "demonitor", "ref": d(reference), "opts": opts })
        }
        Act::Register { name, to } => json!({ "op": "register", "name": d(name), "to": d(to) }),
        Act::Unregister { name } => json!({ "op": "unregister", "name": d(name) }),
        Act::Whereis { name } => json!({ "op": "whereis", "name": d(name) }),
        Act::Send { to, message } => json!({ "op": "send", "to": d(to), "msg": d(message) }),
        Act::Recv { pattern, after } => {
            let mut value = json!({ "op": "recv", "match": d(pattern) });
            if let Some(after) = after {
                value["after"] = json!(after);
            }
            value
        }
        Act::Mailbox => json!({ "op": "mailbox" }),
        Act::Info { to, item } => {
            let item = match item {
                Item::Links => "links",
                Item::Monitors => "monitors",
                Item::MonitoredBy => "monitored_by",
                Item::TrapExit => "trap_exit",
                Item::RegisteredName => "registered_name",
                Item::Messages => "messages",
                Item::MessageQueueLen => "message_queue_len",
            };
            json!({ "op": "info", "to": d(to), "item": item })
        }
        Act::Alive { to } => json!({ "op": "alive", "to": d(to) }),
        Act::MakeRef { bind } => {
            bound.extend(bind.map(|slot| ("as", slot)));
            json!({ "op": "make_ref" })
        }
        Act::Alias { reply, bind } => {
            bound.extend(bind.map(|slot| ("as", slot)));
            json!({ "op": "alias", "opts": opts(&[(*reply, "reply")]) })
        }
        Act::Unalias { reference } => json!({ "op": "unalias", "ref": d(reference) }),
        Act::SendAfter(timer) | Act::StartTimer(timer) => {
            bound.extend(timer.bind.map(|slot| ("as", slot)));
            let after = matches!(it.act, Act::SendAfter(_));
            let op = if after { "send_after" } else { "start_timer" };
            json!({ "op": op, "ms": timer.ms, "to": d(&timer.to), "msg": d(&timer.message) })
        }
        Act::CancelTimer { reference } => json!({ "op": "cancel_timer", "ref": d(reference) }),
        Act::Sleep { ms } => json!({ "op": "sleep", "ms": ms }),
        Act::Yield => json!({ "op": "yield" }),
    };
    let object: &mut Map<String, Value> = value.as_object_mut().expect("an operation is an object");
    for (key, slot) in bound {
        object.insert(key.to_owned(), name(names, slot));
    }
    if it.uncaught {
        object.insert("uncaught".to_owned(), json!(true));
    }
    value
}
