//! A program as a scenario: hunted, replayed and shrunk like any other.
//!
//! Its workload is its steps, the same in every block; what varies is the schedule. The shrinker
//! drops steps, operations and actors.

use super::{
    interpret::commands,
    model::{Act, AgentOp, Command, Data, Op, Program, ServerOp, Slot, Step, TaskOp},
    script::Script,
    write::step_text,
};
use atropos::{
    invariant::Invariant,
    plan::{Conditions, Delivery},
    process::{
        ProcessWorld, Profile,
        invariants::{self, ProcessInvariant},
        profile,
    },
    scenario::{Expectation, Scenario, Variant},
};
use std::{borrow::Cow, fmt, rc::Rc};

/// A program under test.
#[derive(Debug)]
pub struct ProgramScenario {
    program: Program,
    name: String,
    about: String,
    source: Option<String>,
    profile: &'static Profile,
    variants: [Variant; 1],
}

/// A program that names something that does not exist.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unknown {
    /// No such profile.
    Profile(String),
    /// No such invariant.
    Invariant(String),
    /// An invariant is to be broken that the program does not list.
    Unlisted(String),
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unknown::Profile(name) => {
                let known: Vec<&str> =
                    atropos::process::PROFILES.iter().map(|profile| profile.name).collect();
                write!(f, "profile: there is no {name:?}; there are {}", known.join(", "))
            }
            Unknown::Invariant(name) => {
                let known: Vec<&str> = invariants::names().collect();
                write!(f, "invariants: there is no {name:?}; there are {}", known.join(", "))
            }
            Unknown::Unlisted(name) => {
                write!(f, "breaks: {name:?} is not among the program's invariants")
            }
        }
    }
}

impl std::error::Error for Unknown {}

impl ProgramScenario {
    /// A scenario of a program; `source` is the file it was read from.
    ///
    /// # Errors
    /// If its profile or one of its invariants does not exist.
    pub fn new(program: Program, source: Option<String>) -> Result<Self, Unknown> {
        let profile =
            profile(&program.profile).ok_or_else(|| Unknown::Profile(program.profile.clone()))?;
        for name in &program.invariants {
            invariants::ready_made(name).ok_or_else(|| Unknown::Invariant(name.clone()))?;
        }
        let mut scenario = ProgramScenario {
            name: plain_name(&program.id),
            about: program.about.clone(),
            source,
            profile,
            variants: [Variant::holds("main", "the program as it is written")],
            program,
        };
        scenario.variants[0].expectation = scenario.expectation()?;
        Ok(scenario)
    }

    fn expectation(&self) -> Result<Expectation, Unknown> {
        if self.program.breaks.is_empty() {
            return Ok(Expectation::Holds);
        }
        let all = self.list();
        let named = |wanted: &String| {
            let found = all.iter().find(|invariant| invariant.name == wanted);
            found.map(|inv| inv.name).ok_or_else(|| Unknown::Unlisted(wanted.clone()))
        };
        let names: Result<Vec<&'static str>, Unknown> =
            self.program.breaks.iter().map(named).collect();
        Ok(Expectation::Breaks(Cow::Owned(names?)))
    }

    /// What is always asked, and what the program lists.
    fn list(&self) -> Vec<ProcessInvariant> {
        let mut list = invariants::basics();
        for name in &self.program.invariants {
            let invariant = invariants::ready_made(name).expect("checked when it was made");
            if list.iter().all(|other| other.name != invariant.name) {
                list.push(invariant);
            }
        }
        list
    }
}

/// A name that can stand in tokens: letters, digits, dots, dashes and underscores.
fn plain_name(id: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '-' };
    let name: String = id.chars().map(plain).collect();
    if name.is_empty() { "program".to_owned() } else { name }
}

impl Scenario for ProgramScenario {
    type World = ProcessWorld;
    type Op = Step;

    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn variants(&self) -> &[Variant] {
        &self.variants
    }

    fn world(&self, _: &Variant) -> ProcessWorld {
        ProcessWorld::new(self.profile)
    }

    fn fixed(&self, _: &Variant) -> Vec<Step> {
        self.program.steps.clone()
    }

    fn workload(&self, _: &Variant, _: [u8; 32]) -> Vec<Step> {
        self.program.steps.clone()
    }

    fn start(&self, _: &Variant, workload: &[Step], world: &mut ProcessWorld) {
        Rc::new(Script::new(&self.program, workload)).start(world);
    }

    fn invariants(&self, _: &Variant) -> Vec<Invariant<ProcessWorld>> {
        self.list()
    }

    fn conditions(&self, _: &Variant, drawn: Conditions) -> Conditions {
        match self.profile.instant_only {
            true => Conditions { delivery: Delivery::Instant, ..drawn },
            false => drawn,
        }
    }

    fn is_valid(&self, workload: &[Step]) -> bool {
        let known = self.program.names.len();
        workload.iter().all(|step| mentioned(step).iter().all(|slot| usize::from(slot.0) < known))
    }

    fn operation_text(&self, step: &Step) -> String {
        step_text(step, &self.program.names)
    }

    fn simpler(&self, workload: &[Step]) -> Vec<Vec<Step>> {
        let actors = (1..self.program.names.len() as u16).map(Slot);
        let without = actors.map(|slot| without(workload, slot));
        let shorter = workload.iter().enumerate().flat_map(|(at, step)| {
            shorter(step).into_iter().map(move |step| {
                let mut steps = workload.to_vec();
                steps[at] = step;
                steps
            })
        });
        without.chain(shorter).filter(|steps| steps != workload).collect()
    }
}

/// The workload without the commands that name a process or reference.
fn without(workload: &[Step], slot: Slot) -> Vec<Step> {
    let names = |command: &Command| {
        let mut slots = vec![command.actor];
        mentions(&command.op, &mut slots);
        slots.contains(&slot)
    };
    let keep = |step: &Step| match step {
        Step::One { command, .. } => (!names(command)).then(|| step.clone()),
        Step::Wait { .. } => Some(step.clone()),
        Step::Par { commands, settle } => {
            let commands: Vec<Command> =
                commands.iter().filter(|command| !names(command)).cloned().collect();
            (!commands.is_empty()).then_some(Step::Par { commands, settle: *settle })
        }
    };
    workload.iter().filter_map(keep).collect()
}

/// The step with one of its operations left out.
fn shorter(step: &Step) -> Vec<Step> {
    match step {
        Step::Wait { .. } => Vec::new(),
        Step::One { command, settle, limit } => shorter_op(&command.op)
            .into_iter()
            .map(|op| {
                let command = Command { op, ..command.clone() };
                Step::One { command, settle: *settle, limit: *limit }
            })
            .collect(),
        Step::Par { commands, settle } => {
            let settle = *settle;
            let fewer = (0..commands.len()).filter(|_| commands.len() > 1).map(|at| {
                let mut commands = commands.clone();
                commands.remove(at);
                Step::Par { commands, settle }
            });
            let smaller = commands.iter().enumerate().flat_map(|(at, command)| {
                shorter_op(&command.op).into_iter().map(move |op| {
                    let mut commands = commands.clone();
                    commands[at].op = op;
                    Step::Par { commands, settle }
                })
            });
            fewer.chain(smaller).collect()
        }
    }
}

/// The operation with one of its own left out.
fn shorter_op(op: &Op) -> Vec<Op> {
    let fewer = |ops: &[Op]| -> Vec<Vec<Op>> {
        let cut = |at: usize| ops[..at].iter().chain(&ops[at + 1..]).cloned().collect();
        (0..ops.len()).map(cut).collect()
    };
    let with = |act: Act| Op { act, uncaught: op.uncaught };
    match &op.act {
        Act::Seq(ops) => fewer(ops).into_iter().map(|ops| with(Act::Seq(ops))).collect(),
        act => match act.body() {
            Some(body) => fewer(body).into_iter().map(|body| with(act.with_body(body))).collect(),
            None => Vec::new(),
        },
    }
}

/// The names that a step mentions.
fn mentioned(step: &Step) -> Vec<Slot> {
    let mut slots = Vec::new();
    for command in commands(step) {
        slots.push(command.actor);
        mentions(&command.op, &mut slots);
    }
    slots
}

fn mentions(op: &Op, slots: &mut Vec<Slot>) {
    let (data, bound): (Vec<&Data>, Option<Slot>) = match &op.act {
        Act::Seq(ops) => return ops.iter().for_each(|op| mentions(op, slots)),
        Act::Spawn(spawn) => {
            slots.extend(spawn.bind.iter().chain(&spawn.bind_ref));
            return spawn.body.iter().for_each(|op| mentions(op, slots));
        }
        Act::Link { to } | Act::Unlink { to } | Act::Info { to, .. } => (vec![to], None),
        Act::Alive { to } => (vec![to], None),
        Act::Exit { reason } | Act::Error { reason } | Act::Throw { reason } => {
            (vec![reason], None)
        }
        Act::Exit2 { to, reason } => (vec![to, reason], None),
        Act::Monitor { to, bind, .. } => (vec![to], *bind),
        Act::Demonitor { reference, .. } => (vec![reference], None),
        Act::Unalias { reference } | Act::CancelTimer { reference } => (vec![reference], None),
        Act::Register { name, to } => (vec![name, to], None),
        Act::Unregister { name } | Act::Whereis { name } => (vec![name], None),
        Act::Send { to, message } => (vec![to, message], None),
        Act::Recv { pattern, .. } => (vec![pattern], None),
        Act::MakeRef { bind } | Act::Alias { bind, .. } => (vec![], *bind),
        Act::SendAfter(timer) | Act::StartTimer(timer) => {
            (vec![&timer.to, &timer.message], timer.bind)
        }
        Act::Me | Act::Return | Act::Trap { .. } | Act::Mailbox => (vec![], None),
        Act::Sleep { .. } | Act::Yield => (vec![], None),
        Act::GroupLeaderTo { to: term } | Act::Value { value: term } => (vec![term], None),
        Act::Server(op) => in_server(op),
        Act::Agent(op) => in_agent(op),
        Act::Task(TaskOp::Async { bind, bind_ref, body }) => {
            slots.extend(bind.iter().chain(bind_ref));
            return body.iter().for_each(|op| mentions(op, slots));
        }
        Act::Task(TaskOp::Await { task, .. } | TaskOp::Yield { task, .. }) => (vec![task], None),
        Act::Task(TaskOp::Shutdown { task, .. }) => (vec![task], None),
    };
    slots.extend(bound);
    data.into_iter().for_each(|data| names_in(data, slots));
}

fn in_server(op: &ServerOp) -> (Vec<&Data>, Option<Slot>) {
    match op {
        ServerOp::Start(start) => (vec![&start.init, &start.terminate], start.bind),
        ServerOp::Call { to, request, .. } | ServerOp::Cast { to, request } => {
            (vec![to, request], None)
        }
        ServerOp::Stop(stop) => (vec![&stop.to, &stop.reason], None),
    }
}

fn in_agent(op: &AgentOp) -> (Vec<&Data>, Option<Slot>) {
    match op {
        AgentOp::Start { bind, state, .. } => (vec![state], *bind),
        AgentOp::Get { to } | AgentOp::Claim { to } | AgentOp::Release { to } => (vec![to], None),
        AgentOp::Crash { to, reason } => (vec![to, reason], None),
        AgentOp::Stop(stop) => (vec![&stop.to, &stop.reason], None),
    }
}

fn names_in(data: &Data, slots: &mut Vec<Slot>) {
    match data {
        Data::Int(_) | Data::Atom(_) => {}
        Data::Name(slot) => slots.push(*slot),
        Data::Tuple(parts) | Data::List(parts) => {
            parts.iter().for_each(|part| names_in(part, slots));
        }
        Data::Map(pairs) => pairs.iter().for_each(|(key, value)| {
            names_in(key, slots);
            names_in(value, slots);
        }),
    }
}
