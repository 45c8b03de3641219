//! What a run of a program of kind `kv` came to, in the words of the BEAM vectors.
//!
//! [`observed`] reads the tables of a world that has come to its end; [`canonical`] brings that, or
//! what a real BEAM observed, into the one form in which observations are compared.

use super::{
    interpret::{ROOT, commands},
    model::KvProgram,
};
use crate::{
    kv_registry::system::label,
    program::observe::{atom, is_function},
};
use atropos::process::{Cue, Fate, Pid, ProcessWorld, Shape, Term};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// The observation of a run that has ended: `start`, `steps`, `end`, `exits` and `root_mailbox`.
pub fn observed(program: &KvProgram, world: &ProcessWorld) -> Value {
    Observer { world, names: names(world) }.observe(program)
}

struct Observer<'w> {
    world: &'w ProcessWorld,
    /// `registry#1`, by pid.
    names: BTreeMap<Pid, String>,
}

/// The names of all processes but the root: a role and a number in the order of their start. Who was
/// never seen alive at rest has the role `proc`, since the reference interpreter asks a living one.
fn names(world: &ProcessWorld) -> BTreeMap<Pid, String> {
    let seen = seen(world);
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    let others = world
        .processes()
        .filter(|process| process.pid() != ROOT && Some(process.pid()) != world.director_pid());
    let name = |(pid, role): (Pid, &'static str)| {
        let count = counts.entry(role).or_default();
        *count += 1;
        (pid, format!("{role}#{count}"))
    };
    let roles = others.map(|process| {
        let role = [label::TOP, label::REGISTRY, label::BUCKET_SUPERVISOR, label::BUCKET];
        let role = role.into_iter().find(|&role| role == process.label());
        let role = role.filter(|_| seen.contains(&process.pid()));
        (process.pid(), role.unwrap_or("proc"))
    });
    roles.map(name).collect()
}

/// Who was alive after one of the steps.
fn seen(world: &ProcessWorld) -> BTreeSet<Pid> {
    let terms = world.terms();
    let looks = world.cues().iter().filter(|cue| cue.command.as_int().is_none());
    let reports = looks.filter_map(|cue| match cue.fate {
        Fate::Reported(report) => terms.items(report),
        _ => None,
    });
    reports.flatten().filter_map(|pid| pid.as_pid()).collect()
}

impl Observer<'_> {
    fn observe(&self, program: &KvProgram) -> Value {
        let told = self.world.cues().iter().filter(|cue| cue.command.as_int().is_some());
        let results: Vec<Value> = told.map(|&cue| self.result(cue)).collect();
        let last = commands(program.steps.len()).count() - 1;
        let result = |at: usize| results.get(at).cloned().unwrap_or_default();
        let exits = self.names.iter().filter_map(|(&pid, name)| {
            let reason = self.world.process(pid).exit_reason()?;
            Some((name.clone(), self.json(reason)))
        });
        let mailbox = self.world.messages(ROOT).into_iter();
        json!({
            "start": result(0),
            "steps": (1..last).map(result).collect::<Value>(),
            "end": result(last),
            "exits": exits.collect::<Map<String, Value>>(),
            "root_mailbox": mailbox.map(|message| self.json(message)).collect::<Value>(),
        })
    }

    fn result(&self, cue: Cue) -> Value {
        match cue.fate {
            Fate::Reported(report) if !cue.blocked => self.json(report),
            _ => json!("timeout"),
        }
    }

    /// A term as the vectors write it.
    fn json(&self, term: Term) -> Value {
        let terms = self.world.terms();
        let all = |parts: &[Term]| parts.iter().map(|&part| self.json(part)).collect::<Value>();
        match terms.shape(term) {
            Shape::Int(value) => json!(value),
            Shape::Pid(ROOT) => json!("@root"),
            Shape::Pid(pid) => json!(self.names.get(&pid).map_or("@other", String::as_str)),
            Shape::Ref(_) => json!("$ref"),
            Shape::Tuple(parts) if is_function(&terms, parts) => json!("$fun"),
            Shape::Tuple(parts) => all(parts),
            Shape::List(items) => json!({"list": all(items)}),
            Shape::Map(parts) => json!({"map": parts.chunks(2).map(all).collect::<Value>()}),
            Shape::ShortAtom(_) | Shape::LongAtom(_) => atom(&terms.atom_name(term)),
            Shape::Foreign => Value::Null,
        }
    }
}

/// An observation of a program in the form in which two of them are compared, as JSON text.
pub fn canonical(observed: &Value) -> String {
    let mut observed = observed.clone();
    bring_in_order(&mut observed);
    observed.to_string()
}

/// Sorts the pairs of maps by their texts. The request of a failed `start_child` carries a child
/// specification, whose form is nobody's rule: it is left out.
fn bring_in_order(value: &mut Value) {
    match value {
        Value::Array(parts) => {
            if let [Value::String(word), spec] = parts.as_mut_slice()
                && word == "start_child"
            {
                *spec = json!("$spec");
            }
            parts.iter_mut().for_each(bring_in_order);
        }
        Value::Object(fields) => {
            fields.values_mut().for_each(bring_in_order);
            if let (1, Some(Value::Array(pairs))) = (fields.len(), fields.get_mut("map")) {
                pairs.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}
