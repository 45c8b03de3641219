//! Programs as JSON, and as lines for people.
//!
//! The JSON is what [`parse`](super::parse) reads; keys at their defaults are left out. The lines
//! are for timelines and complaints and are not read back.

mod otp;
mod sup;
mod text;

use super::{
    model::{Act, Command, Data, Op, Program, Slot, Spawn, Step, Timer},
    parse::{ITEMS, LIMIT, MONITOR_ALIASES, operations},
};
use serde_json::{Map, Value, json};

pub use text::{data_text, op_text, step_text};

impl Program {
    /// The program as JSON.
    ///
    /// A program that was read comes back equal from [`Program::from_value`]. One that was built
    /// otherwise comes back with its slots numbered by first sight, and without what means nothing:
    /// names that nothing mentions, [`Op::uncaught`] on what cannot raise.
    ///
    /// # Panics
    ///
    /// If a slot has no name.
    pub fn to_value(&self) -> Value {
        let mut keys = Keys::new(&self.names);
        keys.set("id", &*self.id);
        keys.set_if(!self.about.is_empty(), "rule", &*self.about);
        keys.set("profile", &*self.profile);
        keys.set("program", values(&self.steps, |step| step_value(step, &self.names)));
        keys.set_if(self.linger > 0, "linger", self.linger);
        keys.set_if(!self.invariants.is_empty(), "invariants", &*self.invariants);
        keys.set_if(!self.breaks.is_empty(), "breaks", &*self.breaks);
        Value::Object(keys.map)
    }
}

/// A step as JSON.
///
/// # Panics
///
/// If a slot has no name.
pub fn step_value(step: &Step, names: &[String]) -> Value {
    let mut keys = match step {
        Step::One { command, limit, .. } => {
            let mut keys = command_keys(command, names);
            keys.set_if(*limit != LIMIT, "limit", *limit);
            keys
        }
        Step::Par { commands, .. } => {
            let mut keys = Keys::of("par", names);
            keys.set(
                "steps",
                values(commands, |command| Value::Object(command_keys(command, names).map)),
            );
            keys
        }
        Step::Wait { ms } => {
            let mut keys = Keys::of("wait", names);
            keys.set("ms", *ms);
            keys
        }
    };
    let settles =
        !matches!(step, Step::One { settle: false, .. } | Step::Par { settle: false, .. });
    keys.set_if(!settles, "settle", false);
    Value::Object(keys.map)
}

/// An operation as JSON.
///
/// # Panics
///
/// If a slot has no name.
pub fn op_value(op: &Op, names: &[String]) -> Value {
    Value::Object(op_keys(op, names).map)
}

fn command_keys<'n>(command: &Command, names: &'n [String]) -> Keys<'n> {
    let mut keys = op_keys(&command.op, names);
    keys.set("p", name(names, command.actor));
    keys
}

fn op_keys<'n>(op: &Op, names: &'n [String]) -> Keys<'n> {
    let mut keys = Keys::of(act_name(&op.act), names);
    act_keys(&mut keys, &op.act);
    keys.set_if(op.uncaught && can_raise(&op.act), "uncaught", true);
    keys
}

/// Whether an exception of it can be caught, so that `uncaught` says something.
fn can_raise(act: &Act) -> bool {
    let row = operations().iter().find(|row| row.name == act_name(act));
    row.is_some_and(|row| row.optional.contains(&"uncaught"))
}

/// What a slot is called.
fn name(names: &[String], slot: Slot) -> &str {
    &names[usize::from(slot.0)]
}

/// What `op` calls it.
fn act_name(act: &Act) -> &'static str {
    match act {
        Act::Seq(_) => "seq",
        Act::Me => "self",
        Act::Link { .. } => "link",
        Act::Unlink { .. } => "unlink",
        Act::Spawn(_) => "spawn",
        Act::Exit { .. } => "exit",
        Act::Error { .. } => "error",
        Act::Throw { .. } => "throw",
        Act::Return => "return",
        Act::Exit2 { .. } => "exit2",
        Act::Trap { .. } => "trap",
        Act::Monitor { .. } => "monitor",
        Act::Demonitor { .. } => "demonitor",
        Act::Register { .. } => "register",
        Act::Unregister { .. } => "unregister",
        Act::Whereis { .. } => "whereis",
        Act::Send { .. } => "send",
        Act::Recv { .. } => "recv",
        Act::Mailbox => "mailbox",
        Act::Info { .. } => "info",
        Act::Alive { .. } => "alive",
        Act::MakeRef { .. } => "make_ref",
        Act::Alias { .. } => "alias",
        Act::Unalias { .. } => "unalias",
        Act::SendAfter(_) => "send_after",
        Act::StartTimer(_) => "start_timer",
        Act::CancelTimer { .. } => "cancel_timer",
        Act::Sleep { .. } => "sleep",
        Act::Yield => "yield",
        Act::GroupLeaderTo { .. } => "group_leader_to",
        Act::Value { .. } => "value",
        Act::Server(op) => otp::server_name(op),
        Act::Agent(op) => otp::agent_name(op),
        Act::Task(op) => otp::task_name(op),
    }
}

/// What stands beside `op`.
fn act_keys(keys: &mut Keys<'_>, act: &Act) {
    match act {
        Act::Me | Act::Return | Act::Mailbox | Act::Yield => {}
        Act::Seq(ops) => keys.ops("ops", ops),
        Act::Spawn(spawn) => spawn_keys(keys, spawn),
        Act::Link { to } | Act::Unlink { to } | Act::Alive { to } => keys.term("to", to),
        Act::Exit { reason } | Act::Error { reason } | Act::Throw { reason } => {
            keys.term("reason", reason);
        }
        Act::Exit2 { to, reason } => keys.terms([("to", to), ("reason", reason)]),
        Act::Trap { on } => keys.set("on", *on),
        Act::Monitor { to, alias, bind } => {
            keys.term("to", to);
            let alias = MONITOR_ALIASES.iter().find(|(_, known)| Some(*known) == *alias);
            alias.into_iter().for_each(|&(word, _)| keys.set("alias", word));
            keys.bind("as", *bind);
        }
        Act::Demonitor { reference, flush, info } => {
            keys.term("ref", reference);
            keys.options([("flush", *flush), ("info", *info)]);
        }
        Act::Register { name, to } => keys.terms([("name", name), ("to", to)]),
        Act::Unregister { name } | Act::Whereis { name } => keys.term("name", name),
        Act::Send { to, message } => keys.terms([("to", to), ("msg", message)]),
        Act::Recv { pattern, after } => {
            if !matches!(pattern, Data::Atom(any) if any == "_") {
                keys.term("match", pattern);
            }
            after.iter().for_each(|&ms| keys.set("after", ms));
        }
        Act::Info { to, item } => {
            keys.term("to", to);
            let item = ITEMS.iter().find(|(_, known)| known == item);
            item.into_iter().for_each(|&(word, _)| keys.set("item", word));
        }
        Act::MakeRef { bind } => keys.bind("as", *bind),
        Act::Alias { reply, bind } => {
            keys.options([("reply", *reply)]);
            keys.bind("as", *bind);
        }
        Act::Unalias { reference } | Act::CancelTimer { reference } => keys.term("ref", reference),
        Act::SendAfter(timer) | Act::StartTimer(timer) => timer_keys(keys, timer),
        Act::Sleep { ms } => keys.set("ms", *ms),
        Act::GroupLeaderTo { to } => keys.term("to", to),
        Act::Value { value } => keys.term("v", value),
        Act::Server(op) => otp::server_keys(keys, op),
        Act::Agent(op) => otp::agent_keys(keys, op),
        Act::Task(op) => otp::task_keys(keys, op),
    }
}

fn spawn_keys(keys: &mut Keys<'_>, spawn: &Spawn) {
    keys.bind("as", spawn.bind);
    // Without a monitor there is no reference to name.
    keys.bind("ref", spawn.bind_ref.filter(|_| spawn.monitor));
    keys.options([("link", spawn.link), ("monitor", spawn.monitor)]);
    if !spawn.body.is_empty() {
        keys.ops("body", &spawn.body);
    }
}

fn timer_keys(keys: &mut Keys<'_>, timer: &Timer) {
    keys.set("ms", timer.ms);
    keys.terms([("to", &timer.to), ("msg", &timer.message)]);
    keys.bind("as", timer.bind);
}

/// A term as JSON.
///
/// # Panics
///
/// If a slot has no name.
pub fn data_value(data: &Data, names: &[String]) -> Value {
    let inner = |elements: &[Data]| values(elements, |element| data_value(element, names));
    match data {
        Data::Int(integer) => json!(integer),
        Data::Atom(atom) => atom_value(atom),
        Data::Name(slot) => json!(name(names, *slot)),
        Data::Tuple(elements) => inner(elements),
        Data::List(elements) => json!({ "list": inner(elements) }),
        Data::Map(pairs) => {
            let pair = |(key, value): &(Data, Data)| {
                json!([data_value(key, names), data_value(value, names)])
            };
            json!({ "map": values(pairs, pair) })
        }
    }
}

fn atom_value(atom: &str) -> Value {
    match atom {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "null" => Value::Null,
        _ => json!(atom),
    }
}

fn values<T>(elements: &[T], value: impl FnMut(&T) -> Value) -> Value {
    Value::Array(elements.iter().map(value).collect())
}

/// The keys of an object that is being written.
struct Keys<'n> {
    names: &'n [String],
    map: Map<String, Value>,
}

impl<'n> Keys<'n> {
    fn new(names: &'n [String]) -> Keys<'n> {
        Keys { names, map: Map::new() }
    }

    fn of(op: &str, names: &'n [String]) -> Keys<'n> {
        let mut keys = Keys::new(names);
        keys.set("op", op);
        keys
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.map.insert(key.to_owned(), value.into());
    }

    fn set_if(&mut self, wanted: bool, key: &str, value: impl Into<Value>) {
        if wanted {
            self.set(key, value);
        }
    }

    fn term(&mut self, key: &str, data: &Data) {
        self.set(key, data_value(data, self.names));
    }

    fn terms(&mut self, terms: [(&str, &Data); 2]) {
        terms.into_iter().for_each(|(key, data)| self.term(key, data));
    }

    fn bind(&mut self, key: &str, slot: Option<Slot>) {
        if let Some(slot) = slot {
            self.set(key, name(self.names, slot));
        }
    }

    fn options<const N: usize>(&mut self, options: [(&str, bool); N]) {
        let set = options.into_iter().filter(|&(_, set)| set);
        let set: Vec<&str> = set.map(|(option, _)| option).collect();
        self.set_if(!set.is_empty(), "opts", set);
    }

    fn ops(&mut self, key: &str, ops: &[Op]) {
        self.set(key, values(ops, |op| op_value(op, self.names)));
    }
}
