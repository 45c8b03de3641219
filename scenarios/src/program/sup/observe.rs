//! What a run of a program of kind `sup` came to, in the words of the BEAM vectors.
//!
//! [`observed`] reads the tables of a world that has come to its end; [`canonical`] brings that, or
//! what a real BEAM observed, into the one form in which observations are compared.

use super::{
    interpret::{ROOT, TRACER},
    model::SupProgram,
};
use crate::program::observe::{atom, sort_maps};
use atropos::process::{Cue, Fate, Pid, ProcessWorld, Shape, Term, Terms};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The observation of a run that has ended: `start`, `steps`, `trace`, `exits`, `alive` and
/// `root_mailbox`.
pub fn observed(program: &SupProgram, world: &ProcessWorld) -> Value {
    Observer::new(world).observe(program)
}

struct Observer<'w> {
    world: &'w ProcessWorld,
    /// What the tracer was told, in order.
    events: Vec<Term>,
    /// `a#1`, by pid.
    names: BTreeMap<Pid, String>,
}

impl<'w> Observer<'w> {
    fn new(world: &'w ProcessWorld) -> Self {
        let mut events = {
            let (terms, kept) = (world.terms(), world.process(TRACER).state());
            kept.and_then(|kept| terms.items(kept)).unwrap_or_default().to_vec()
        };
        events.reverse();
        let mut observer = Observer { world, events, names: BTreeMap::new() };
        observer.names = observer.starts().collect();
        observer
    }

    /// The processes that told of their start, each with its name.
    fn starts(&self) -> impl Iterator<Item = (Pid, String)> + '_ {
        self.events.iter().filter_map(|&event| {
            let terms = self.world.terms();
            match *terms.elements(event)? {
                [word, id, number, pid] if word == Term::atom("init") => {
                    Some((pid.as_pid()?, numbered(&terms, id, number)))
                }
                _ => None,
            }
        })
    }

    fn observe(&self, program: &SupProgram) -> Value {
        let cues = self.world.cues();
        let result = |at: usize| cues.get(at).map_or(Value::Null, |cue| self.result(*cue));
        let exits = self.names.iter().filter_map(|(&pid, name)| {
            let reason = self.world.process(pid).exit_reason()?;
            Some((name.clone(), self.json(reason, Some(ROOT))))
        });
        let living = self.names.iter().filter(|&(&pid, _)| self.world.process(pid).is_alive());
        let mut alive: Vec<&String> = living.map(|(_, name)| name).collect();
        alive.sort();
        let mailbox = self.world.messages(ROOT).into_iter();
        json!({
            "start": result(0),
            "steps": (1..=program.steps.len()).map(result).collect::<Value>(),
            "trace": self.events.iter().map(|&event| self.event(event)).collect::<Value>(),
            "exits": exits.collect::<Map<String, Value>>(),
            "alive": alive,
            "root_mailbox": mailbox.map(|message| self.json(message, Some(ROOT))).collect::<Value>(),
        })
    }

    fn result(&self, cue: Cue) -> Value {
        match cue.fate {
            // Results were told before anybody asked for the root.
            Fate::Reported(report) => self.json(report, None),
            Fate::Open | Fate::Died | Fate::NoProcess => json!("blocked"),
        }
    }

    /// `[init, a#1]` and `[terminate, a#1, Reason]`.
    fn event(&self, event: Term) -> Value {
        let parts = self.world.terms().elements(event).unwrap_or_default().to_vec();
        let &[word, id, number, last] = parts.as_slice() else { return Value::Null };
        let (word, name) = {
            let terms = self.world.terms();
            (terms.atom_name(word), numbered(&terms, id, number))
        };
        match word.as_str() {
            "init" => json!([word, name]),
            _ => json!([word, name, self.json(last, Some(ROOT))]),
        }
    }

    fn name(&self, pid: Pid, root: Option<Pid>) -> String {
        let known = self.names.get(&pid).cloned();
        known.unwrap_or_else(|| if root == Some(pid) { "@root" } else { "@other" }.to_owned())
    }

    /// A term as the vectors write it; the root has a name only if it is given here.
    fn json(&self, term: Term, root: Option<Pid>) -> Value {
        let terms = self.world.terms();
        let all = |parts: &[Term]| parts.iter().map(|&part| self.json(part, root)).collect();
        match terms.shape(term) {
            Shape::Int(value) => json!(value),
            Shape::Pid(pid) => json!(self.name(pid, root)),
            Shape::Ref(_) => json!("$ref"),
            Shape::Tuple(parts) if is_child_record(&terms, parts) => json!("$child_record"),
            Shape::Tuple(parts) => all(parts),
            Shape::List(items) => {
                let items: Value = all(items);
                json!({"list": items})
            }
            Shape::Map(parts) => json!({"map": parts.chunks(2).map(all).collect::<Value>()}),
            Shape::ShortAtom(_) | Shape::LongAtom(_) => atom(&terms.atom_name(term)),
            Shape::Foreign => Value::Null,
        }
    }
}

/// `a#1`
fn numbered(terms: &Terms, id: Term, number: Term) -> String {
    format!("{}#{}", terms.atom_name(id), number.as_int().unwrap_or_default())
}

/// `#child{}`, the record of a child that a supervisor keeps: what else is in it is its own affair.
fn is_child_record(terms: &Terms, parts: &[Term]) -> bool {
    parts.len() > 5 && parts.first().is_some_and(|&word| terms.atom_name(word) == "child")
}

/// An observation of a program in the form in which two of them are compared, as JSON text.
pub fn canonical(program: &SupProgram, observed: &Value) -> String {
    let mut observed = observed.clone();
    if let Some(Value::Array(events)) = observed.get_mut("trace") {
        sort_ends(program, events);
    }
    sort_maps(&mut observed);
    forget_specs(&mut observed);
    observed.to_string()
}

/// The children of a DynamicSupervisor end at once, in no order (`terminate_children/2`): their ends
/// in a row are sorted.
fn sort_ends(program: &SupProgram, events: &mut [Value]) {
    let parent = |event: &Value| match (event[0].as_str()?, event[1].as_str()?) {
        ("terminate", name) => program.dynamic_parent(name.split('#').next()?),
        _ => None,
    };
    for row in events.chunk_by_mut(|one, next| {
        let parent = (parent(one), parent(next));
        parent.0.is_some() && parent.0 == parent.1
    }) {
        row.sort_by_key(Value::to_string);
    }
}

/// The request of a failed `start_child` carries a child specification, whose form is nobody's rule.
fn forget_specs(value: &mut Value) {
    match value {
        Value::Array(parts) => match parts.as_mut_slice() {
            [Value::String(word), spec] if word == "start_child" => *spec = json!("$spec"),
            parts => parts.iter_mut().for_each(forget_specs),
        },
        Value::Object(fields) => fields.values_mut().for_each(forget_specs),
        _ => {}
    }
}
