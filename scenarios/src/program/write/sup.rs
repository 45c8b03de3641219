//! Programs of kind `sup`.

use super::{Keys, data_value, values};
use crate::program::{
    model::Data,
    parse::sup::{AUTO_SHUTDOWNS, INTENSITY, PERIOD, RESTARTS, STRATEGIES},
    sup::{AutoShutdown, Call, Node, Op, PATIENCE, Restart, Shutdown, Step, SupProgram, What},
};
use serde_json::Value;

impl SupProgram {
    /// The program as JSON; [`SupProgram::from_value`] reads it back equal.
    pub fn to_value(&self) -> Value {
        let mut keys = Keys::new(&[]);
        keys.set("kind", "sup");
        keys.set("id", &*self.id);
        keys.set_if(!self.about.is_empty(), "rule", &*self.about);
        keys.set("profile", &*self.profile);
        keys.set("tree", node(&self.nodes, 0));
        keys.set("program", values(&self.steps, |step| self.step(step)));
        Value::Object(keys.map)
    }

    fn step(&self, step: &Step) -> Value {
        let mut keys = self.op(&step.op);
        keys.set_if(!step.settle, "settle", false);
        Value::Object(keys.map)
    }

    fn op(&self, op: &Op) -> Keys<'static> {
        let mut keys = Keys::of(op_name(op), &[]);
        match op {
            Op::Batch(ops) => keys.set("ops", values(ops, |op| Value::Object(self.op(op).map))),
            Op::Wait { ms } => keys.set("ms", *ms),
            Op::ChildLink { id, to } => {
                keys.set("id", &**id);
                keys.set("to", &**to);
            }
            Op::ChildExit { id, reason }
            | Op::ChildStop { id, reason }
            | Op::Signal { id, reason }
            | Op::RootExit { id, reason } => {
                keys.set("id", &**id);
                keys.set("reason", data_value(reason, &[]));
            }
            Op::Call { sup, dynamic, call } => {
                keys.set("sup", &**sup);
                keys.set_if(*dynamic, "dyn", true);
                match call {
                    Call::Which | Call::Count => {}
                    Call::TerminateChild { child }
                    | Call::RestartChild { child }
                    | Call::DeleteChild { child } => keys.set("child", &**child),
                    Call::StartChild { child } => keys.set("child", node(&self.nodes, *child)),
                }
            }
        }
        keys
    }
}

/// What `op` calls it.
fn op_name(op: &Op) -> &'static str {
    match op {
        Op::Batch(_) => "batch",
        Op::Wait { .. } => "wait",
        Op::ChildExit { .. } => "child_exit",
        Op::ChildStop { .. } => "child_stop",
        Op::ChildLink { .. } => "child_link",
        Op::Signal { .. } => "signal",
        Op::RootExit { .. } => "root_exit",
        Op::Call { call, .. } => match call {
            Call::Which => "which",
            Call::Count => "count",
            Call::TerminateChild { .. } => "terminate_child",
            Call::RestartChild { .. } => "restart_child",
            Call::DeleteChild { .. } => "delete_child",
            Call::StartChild { .. } => "start_child",
        },
    }
}

fn node(nodes: &[Node], at: usize) -> Value {
    let node = &nodes[at];
    let mut keys = Keys::new(&[]);
    keys.set("id", &*node.id);
    keys.set_if(node.restart != Restart::Permanent, "restart", word(&RESTARTS, node.restart));
    if let Some(shutdown) = shutdown(node) {
        keys.set("shutdown", shutdown);
    }
    keys.set_if(node.significant, "significant", true);
    what(&mut keys, nodes, &node.what);
    Value::Object(keys.map)
}

fn what(keys: &mut Keys<'_>, nodes: &[Node], what: &What) {
    match what {
        What::Worker { trap, init, terminate, fail_on, name } => {
            keys.set_if(!trap, "trap", false);
            term(keys, "init", init);
            term(keys, "term", terminate);
            keys.set_if(!fail_on.is_empty(), "fail_on", fail_on.as_slice());
            if let Some(name) = name {
                keys.set("name", &**name);
            }
        }
        What::Supervisor { strategy, intensity, period, auto_shutdown, children } => {
            keys.set("strategy", word(&STRATEGIES, Some(*strategy)));
            limits(keys, *intensity, *period);
            let never = *auto_shutdown == AutoShutdown::Never;
            keys.set_if(!never, "auto_shutdown", word(&AUTO_SHUTDOWNS, *auto_shutdown));
            keys.set("children", values(children, |&child| node(nodes, child)));
        }
        What::Dynamic { intensity, period, max_children } => {
            keys.set("strategy", word(&STRATEGIES, None));
            limits(keys, *intensity, *period);
            if let Some(most) = max_children {
                keys.set("max_children", *most);
            }
        }
    }
}

fn limits(keys: &mut Keys<'_>, intensity: u32, period: u32) {
    keys.set_if(intensity != INTENSITY, "intensity", intensity);
    keys.set_if(period != PERIOD, "period", period);
}

fn term(keys: &mut Keys<'_>, key: &str, data: &Data) {
    keys.set_if(*data != Data::Atom("ok".to_owned()), key, data_value(data, &[]));
}

/// `None` for what is not said.
fn shutdown(node: &Node) -> Option<Value> {
    match (node.shutdown, node.what.is_supervisor()) {
        (Shutdown::Within(PATIENCE), false) | (Shutdown::Infinity, true) => None,
        (Shutdown::BrutalKill, _) => Some("brutal_kill".into()),
        (Shutdown::Infinity, _) => Some("infinity".into()),
        (Shutdown::Within(ms), _) => Some(ms.into()),
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    let row = words.iter().find(|(_, of)| *of == value);
    row.expect("each value has its word").0
}
