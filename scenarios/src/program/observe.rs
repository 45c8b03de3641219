//! What a run of a program came to, in the words of the BEAM vectors.
//!
//! [`observed`] reads the tables of a world that has come to its end; [`canonical`] brings that, or
//! what a real BEAM observed, into the one form in which observations are compared: processes and
//! references that no step named are numbered anew, and lists whose order no rule gives are sorted.

use super::{
    interpret::commands,
    model::{Act, Item, Op, Program, Slot, Step},
};
use atropos::process::{Cue, Fate, Pid, ProcessView, ProcessWorld, Ref, Shape, Term, Terms};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// The observation of a run that has ended: `steps`, `late` if there is any, `final` and `exits`.
///
/// Processes and references without a name are `@x` and `#y` with a number of this run.
pub fn observed(program: &Program, steps: &[Step], world: &ProcessWorld) -> Value {
    Observer::new(program, steps, world).observe()
}

struct Observer<'w> {
    world: &'w ProcessWorld,
    steps: &'w [Step],
    /// The name of a pid or reference: the first that was bound to it.
    names: BTreeMap<u64, String>,
    /// What is bound to each name at the end.
    bound: BTreeMap<String, Term>,
    /// For each step the cues by their place.
    cues: Vec<Vec<Option<Cue>>>,
    /// For each cue in the order in which they were given: its step and place.
    places: Vec<(usize, usize)>,
}

fn key(terms: &Terms, term: Term) -> Option<u64> {
    match terms.shape(term) {
        Shape::Pid(Pid { .. }) | Shape::Ref(Ref { .. }) => Some(term.word()),
        _ => None,
    }
}

impl<'w> Observer<'w> {
    fn new(program: &'w Program, steps: &'w [Step], world: &'w ProcessWorld) -> Self {
        let first = program.names[0].clone();
        let p0 = Term::from(Pid::root(0));
        let mut observer = Observer {
            world,
            steps,
            names: BTreeMap::from([(p0.word(), first.clone())]),
            bound: BTreeMap::from([(first, p0)]),
            cues: steps.iter().map(|step| vec![None; commands(step).len()]).collect(),
            places: Vec::new(),
        };
        observer.read_cues();
        observer.read_bindings(program);
        observer
    }

    fn read_cues(&mut self) {
        let terms = self.world.terms();
        for &cue in self.world.cues() {
            let number = |at: usize| terms.elements(cue.command)?.get(at)?.as_int();
            let (Some(step), Some(place)) = (number(1), number(2)) else { continue };
            self.cues[step as usize][place as usize] = Some(cue);
            self.places.push((step as usize, place as usize));
        }
    }

    /// Names as the director learned them: stage by stage.
    fn read_bindings(&mut self, program: &Program) {
        let terms = self.world.terms();
        let mut learned: Vec<(u32, Term)> = self
            .world
            .cues()
            .iter()
            .filter_map(|cue| match cue.fate {
                Fate::Reported(report) => Some((cue.learned?, report)),
                _ => None,
            })
            .collect();
        learned.sort_by_key(|&(stage, _)| stage);
        for (_, report) in learned {
            let made = terms.elements(report).map(|parts| parts[1]);
            for pair in made.and_then(|made| terms.items(made)).unwrap_or_default() {
                let Some(&[slot, term]) = terms.elements(*pair) else { continue };
                let slot = Slot(slot.as_int().unwrap_or_default() as u16);
                // Past the names are the tasks behind them.
                let Some(name) = program.names.get(usize::from(slot.0)) else { continue };
                self.bound.insert(name.clone(), term);
                if let Some(key) = key(&terms, term) {
                    self.names.entry(key).or_insert_with(|| name.clone());
                }
            }
        }
    }

    fn observe(&self) -> Value {
        let mut observed = Map::new();
        let steps = self.steps.iter().enumerate().map(|(at, step)| self.step(at, step));
        observed.insert("steps".into(), steps.collect());
        let late = self.late();
        if !late.is_empty() {
            observed.insert("late".into(), Value::Array(late));
        }
        observed.insert("final".into(), self.states());
        observed.insert("exits".into(), self.exits());
        Value::Object(observed)
    }

    fn step(&self, at: usize, step: &Step) -> Value {
        let result = |place: usize| self.result(self.cues[at][place], step);
        match step {
            Step::Wait { .. } => json!("ok"),
            Step::One { .. } => result(0),
            Step::Par { commands, .. } => (0..commands.len()).map(result).collect(),
        }
    }

    fn result(&self, cue: Option<Cue>, step: &Step) -> Value {
        // The reference interpreter asks after an actor only where it is alone.
        let absent = if matches!(step, Step::Par { .. }) { "dead" } else { "no_process" };
        match cue {
            Some(Cue { blocked: true, .. }) => json!("blocked"),
            Some(Cue { fate: Fate::Reported(report), .. }) => self.report(report),
            Some(Cue { fate: Fate::NoProcess, .. }) | None => json!(absent),
            Some(Cue { fate: Fate::Died, .. }) => json!("dead"),
            Some(Cue { fate: Fate::Open, .. }) => json!("blocked"),
        }
    }

    fn report(&self, report: Term) -> Value {
        let result = self.world.terms().elements(report).map(|parts| parts[0]);
        result.map_or(Value::Null, |result| self.outcome(result))
    }

    /// `{ok, Value}`, `{seq, Results}` or `{raise, Class, Reason}`.
    fn outcome(&self, result: Term) -> Value {
        let terms = self.world.terms();
        match terms.elements(result) {
            Some(&[_, value]) if terms.elements(result).map(|p| p[0]) == Some(Term::atom("ok")) => {
                self.json(value)
            }
            Some(&[_, results]) => {
                let results = terms.items(results).unwrap_or_default();
                results.iter().map(|&result| self.outcome(result)).collect()
            }
            Some(&[_, class, reason]) => json!({"raise": [self.json(class), self.json(reason)]}),
            _ => Value::Null,
        }
    }

    /// Reports on commands that were blocked, as the director came to know them: the newest command
    /// first.
    fn late(&self) -> Vec<Value> {
        let cues = self.world.cues().iter().enumerate().rev();
        let mut late: Vec<(u32, Value)> = cues
            .filter_map(|(index, cue)| match (cue.blocked, cue.fate, cue.learned) {
                (true, Fate::Reported(report), Some(learned)) => {
                    let (step, place) = self.places[index];
                    let step = match self.steps[step] {
                        Step::Par { .. } => json!([step, place]),
                        _ => json!(step),
                    };
                    let result = self.report(report);
                    let seen = json!({"step": step, "seen_after_step": learned, "result": result});
                    Some((learned, seen))
                }
                _ => None,
            })
            .collect();
        late.sort_by_key(|&(learned, _)| learned);
        late.into_iter().map(|(_, value)| value).collect()
    }

    /// The state of every process that has a name.
    fn states(&self) -> Value {
        let processes = self.bound.iter().filter_map(|(name, term)| Some((name, term.as_pid()?)));
        processes.map(|(name, pid)| (name.clone(), self.state(self.world.process(pid)))).collect()
    }

    fn state(&self, process: ProcessView<'_>) -> Value {
        if !process.is_alive() {
            return json!("dead");
        }
        let names = |pids: Vec<Pid>| sorted(pids.into_iter().map(|pid| self.json(pid.into())));
        let monitors = process.monitors().filter(|monitor| monitor.active);
        let objects = sorted(monitors.map(|monitor| {
            // By name: the name alone.
            let terms = self.world.terms();
            let name = terms.elements(monitor.object).map(|parts| parts[0]);
            self.json(name.unwrap_or(monitor.object))
        }));
        let mailbox = self.world.messages(process.pid());
        json!({
            "links": names(process.links().collect()),
            "monitors": objects,
            "monitored_by": names(process.monitored_by().collect()),
            "mailbox": mailbox.into_iter().map(|message| self.json(message)).collect::<Value>(),
            "trap_exit": process.is_trapping(),
            "name": process.registered().map(|name| self.json(name)),
        })
    }

    /// The exit reason of every process that has died.
    fn exits(&self) -> Value {
        let dead = self.world.processes().filter_map(|process| {
            let reason = process.exit_reason()?;
            Some((self.name(process.pid().into()), self.json(reason)))
        });
        let director = self.world.director_pid().map(|pid| self.name(pid.into()));
        dead.filter(|(name, _)| Some(name) != director.as_ref()).collect()
    }

    fn name(&self, term: Term) -> String {
        if let Some(name) = self.names.get(&term.word()) {
            return name.clone();
        }
        match term.as_pid() {
            Some(_) => format!("@x{}", term.word()),
            None => format!("#y{}", term.word()),
        }
    }

    /// A term as the vectors write it.
    fn json(&self, term: Term) -> Value {
        let terms = self.world.terms();
        let all = |parts: &[Term]| parts.iter().map(|&part| self.json(part)).collect::<Value>();
        match terms.shape(term) {
            Shape::Int(value) => json!(value),
            Shape::Pid(_) | Shape::Ref(_) => json!(self.name(term)),
            Shape::Tuple(parts) if is_function(&terms, parts) => json!("$fun"),
            Shape::Tuple(parts) => all(parts),
            Shape::List(items) => json!({"list": all(items)}),
            Shape::Map(parts) if let Some(name) = structure(&terms, parts) => {
                json!({"struct": self.json(name)})
            }
            Shape::Map(parts) => json!({"map": parts.chunks(2).map(all).collect::<Value>()}),
            Shape::ShortAtom(_) | Shape::LongAtom(_) => atom(&terms.atom_name(term)),
            Shape::Foreign => Value::Null,
        }
    }
}

/// Whether a tuple stands for a function.
pub(super) fn is_function(terms: &Terms, parts: &[Term]) -> bool {
    parts.first().is_some_and(|&word| terms.atom_name(word) == "$fun")
}

/// The name of the struct that a map is.
fn structure(terms: &Terms, parts: &[Term]) -> Option<Term> {
    let mut pairs = parts.chunks(2);
    pairs.find(|pair| *terms.atom_name(pair[0]) == *"__struct__").map(|pair| pair[1])
}

/// An atom as JSON has it.
pub(super) fn atom(name: &str) -> Value {
    match name {
        "true" => json!(true),
        "false" => json!(false),
        "null" => Value::Null,
        name => json!(name),
    }
}

fn sorted(values: impl Iterator<Item = Value>) -> Value {
    let mut values: Vec<Value> = values.collect();
    values.sort_by_key(Value::to_string);
    Value::Array(values)
}

/// An observation of a program in the form in which two of them are compared, as JSON text.
pub fn canonical(program: &Program, observed: &Value) -> String {
    let mut observed = observed.clone();
    if let Some(Value::Array(results)) = observed.get_mut("steps") {
        for (step, result) in program.steps.iter().zip(results) {
            sort_step(step, result);
        }
    }
    if let Some(Value::Array(late)) = observed.get_mut("late") {
        late.iter_mut().for_each(|entry| sort_late(program, entry));
    }
    sort_maps(&mut observed);
    let mut renaming = Renaming::default();
    for part in ["steps", "late", "final"] {
        if let Some(value) = observed.get_mut(part) {
            renaming.rename(value);
        }
    }
    if let Some(Value::Object(exits)) = observed.get_mut("exits") {
        *exits = renaming.exits(std::mem::take(exits));
    }
    // After the renaming names stand in another order.
    if let Some(Value::Object(states)) = observed.get_mut("final") {
        states.values_mut().for_each(sort_state);
    }
    observed.to_string()
}

/// A result that came late: of a step, or of one place in a step.
fn sort_late(program: &Program, entry: &mut Value) {
    let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let at = match &entry["step"] {
        Value::Array(at) => at.first().and_then(number).zip(at.get(1).and_then(number)),
        at => number(at).map(|step| (step, 0)),
    };
    let command = at.and_then(|(step, place)| commands(program.steps.get(step)?).get(place));
    if let Some(command) = command {
        sort_result(&command.op, &mut entry["result"]);
    }
}

fn sort_step(step: &Step, result: &mut Value) {
    match (step, result) {
        (Step::One { command, .. }, result) => sort_result(&command.op, result),
        (Step::Par { commands, .. }, Value::Array(results)) => {
            for (command, result) in commands.iter().zip(results) {
                sort_result(&command.op, result);
            }
        }
        _ => {}
    }
}

fn sort_result(op: &Op, result: &mut Value) {
    match (&op.act, result) {
        (Act::Seq(ops), Value::Array(results)) => {
            ops.iter().zip(results).for_each(|(op, result)| sort_result(op, result));
        }
        (Act::Info { item, .. }, Value::Array(items)) if is_set(*item) => {
            items.sort_by_key(Value::to_string);
        }
        _ => {}
    }
}

/// The order within these lists says how a runtime stores them: it is free.
fn is_set(item: Item) -> bool {
    matches!(item, Item::Links | Item::Monitors | Item::MonitoredBy)
}

fn sort_state(state: &mut Value) {
    for list in ["links", "monitors", "monitored_by"] {
        if let Some(Value::Array(items)) = state.get_mut(list) {
            items.sort_by_key(Value::to_string);
        }
    }
}

/// The pairs of a map in the order of their texts.
pub(super) fn sort_maps(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(sort_maps),
        Value::Object(fields) => {
            fields.values_mut().for_each(sort_maps);
            if let (1, Some(Value::Array(pairs))) = (fields.len(), fields.get_mut("map")) {
                pairs.sort_by_key(Value::to_string);
            }
        }
        _ => {}
    }
}

/// New numbers for what has no name, in the order in which it is met.
#[derive(Default)]
struct Renaming {
    names: BTreeMap<String, String>,
    processes: u32,
    references: u32,
}

impl Renaming {
    fn name(&mut self, old: &str) -> Option<String> {
        let counter = match old.get(..2) {
            Some("@x") => &mut self.processes,
            Some("#y") => &mut self.references,
            _ => return None,
        };
        let new = self.names.entry(old.to_owned()).or_insert_with(|| {
            *counter += 1;
            format!("{}{}", &old[..2], *counter - 1)
        });
        Some(new.clone())
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if let Some(new) = self.name(text) {
                    *text = new;
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.rename(field)),
            _ => {}
        }
    }

    /// Those who only ever died are told apart by nothing but their reasons.
    fn exits(&mut self, exits: Map<String, Value>) -> Map<String, Value> {
        let mut rows: Vec<(String, Value)> = exits.into_iter().collect();
        let met = |name: &String| self.names.contains_key(name) || !name.starts_with("@x");
        rows.sort_by_cached_key(|(name, reason)| (!met(name), reason.to_string()));
        let mut renamed = Map::new();
        for (name, mut reason) in rows {
            self.rename(&mut reason);
            renamed.insert(self.name(&name).unwrap_or(name), reason);
        }
        renamed
    }
}
