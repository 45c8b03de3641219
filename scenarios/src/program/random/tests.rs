//! Random programs are what the module promises.

use super::*;
use crate::program::model::{Act, Data, Op, Slot, Spawn, Step};
use std::collections::BTreeSet;

/// Enough programs for the rare.
const PROGRAMS: u64 = 10_000;

/// Follows names through a program.
#[derive(Default)]
struct Checker {
    bound: BTreeSet<Slot>,
    processes: usize,
}

type Names = BTreeSet<Slot>;

impl Checker {
    fn bind(&mut self, slot: Option<Slot>, known: &mut Names) {
        if let Some(slot) = slot {
            assert!(self.bound.insert(slot), "{slot:?} is bound twice");
            known.insert(slot);
        }
    }

    fn op(&mut self, op: &Op, known: &mut Names) {
        for data in arguments(&op.act) {
            check_data(data, known);
        }
        match &op.act {
            Act::Seq(ops) => ops.iter().for_each(|op| self.op(op, known)),
            Act::Spawn(spawn) => self.spawn(spawn, known),
            Act::Monitor { bind, .. } | Act::MakeRef { bind } | Act::Alias { bind, .. } => {
                self.bind(*bind, known);
            }
            Act::SendAfter(timer) | Act::StartTimer(timer) => {
                assert!(timer.ms <= 1 || timer.ms >= 60);
                self.bind(timer.bind, known);
            }
            Act::Recv { after, .. } => assert!(after.is_some_and(|ms| ms <= 3)),
            Act::Sleep { ms } => assert!(*ms <= 2),
            _ => {}
        }
    }

    fn spawn(&mut self, spawn: &Spawn, known: &mut Names) {
        self.processes += 1;
        assert!(spawn.body.len() <= BODY);
        assert_eq!(spawn.bind_ref.is_some(), spawn.monitor);
        let mut inner = known.clone();
        self.bind(spawn.bind, &mut inner);
        known.extend(spawn.bind);
        spawn.body.iter().for_each(|op| self.op(op, &mut inner));
        self.bind(spawn.bind_ref, known);
    }

    fn step(&mut self, step: &Step, known: &mut Names) -> usize {
        let commands = match step {
            Step::Wait { ms } => {
                assert!((3..=10).contains(ms) || *ms == 120);
                return 0;
            }
            Step::One { command, .. } => std::slice::from_ref(command),
            Step::Par { commands, .. } => commands,
        };
        let before = known.clone();
        let actors: BTreeSet<Slot> = commands.iter().map(|command| command.actor).collect();
        assert_eq!(actors.len(), commands.len(), "an actor has one command at a time");
        assert!(actors.is_subset(&before), "the driver does not know an actor");
        let mut operations = 0;
        for command in commands {
            let mut local = before.clone();
            self.op(&command.op, &mut local);
            known.append(&mut local);
            operations += match &command.op.act {
                Act::Seq(ops) => ops.len(),
                _ => 1,
            };
        }
        operations
    }
}

fn arguments(act: &Act) -> Vec<&Data> {
    match act {
        Act::Link { to } | Act::Unlink { to } | Act::Info { to, .. } | Act::Alive { to } => {
            vec![to]
        }
        Act::Monitor { to, .. } => vec![to],
        Act::Exit2 { to, reason } => vec![to, reason],
        Act::Demonitor { reference, .. }
        | Act::Unalias { reference }
        | Act::CancelTimer { reference } => vec![reference],
        Act::Register { name, to } => vec![name, to],
        Act::Send { to, message } => vec![to, message],
        Act::Recv { pattern, .. } => vec![pattern],
        Act::SendAfter(timer) | Act::StartTimer(timer) => vec![&timer.to, &timer.message],
        _ => Vec::new(),
    }
}

fn check_data(data: &Data, known: &Names) {
    match data {
        Data::Name(slot) => assert!(known.contains(slot), "{slot:?} is used before it is bound"),
        Data::Tuple(parts) => parts.iter().for_each(|part| check_data(part, known)),
        _ => {}
    }
}

#[test]
fn programs_are_well_formed() {
    for index in 0..PROGRAMS {
        let program = nth(7, index);
        let mut checker = Checker { bound: BTreeSet::from([Slot::FIRST]), processes: 1 };
        let mut known = BTreeSet::from([Slot::FIRST]);
        let steps = program.steps.iter().map(|step| checker.step(step, &mut known));
        let operations: usize = steps.sum();
        assert!((1..=OPERATIONS).contains(&operations), "{operations} operations in {program:?}");
        assert!(checker.processes <= ACTORS, "too many processes in {program:?}");
        let names = u16::try_from(program.names.len()).unwrap();
        assert_eq!(checker.bound, (0..names).map(Slot).collect(), "in {program:?}");
    }
}

#[test]
fn a_seed_and_an_index_name_a_program() {
    assert_eq!(nth(1, 2), nth(1, 2));
    assert_ne!(nth(1, 2), nth(1, 3));
    assert_ne!(nth(1, 2), nth(2, 2));
}

/// What is drawn, by the debug name of the operation.
fn kinds(op: &Op, into: &mut BTreeSet<String>) {
    let text = format!("{:?}", op.act);
    let name = text.split([' ', '(', '{']).next().unwrap_or_default();
    into.insert(name.to_owned());
    match &op.act {
        Act::Seq(ops) => ops.iter().for_each(|op| kinds(op, into)),
        Act::Spawn(spawn) => spawn.body.iter().for_each(|op| kinds(op, into)),
        _ => {}
    }
}

#[test]
fn every_operation_occurs() {
    let mut seen = BTreeSet::new();
    for step in (0..1_000).flat_map(|index| nth(3, index).steps) {
        match step {
            Step::One { command, .. } => kinds(&command.op, &mut seen),
            Step::Par { commands, .. } => {
                commands.iter().for_each(|command| kinds(&command.op, &mut seen));
            }
            Step::Wait { .. } => {}
        }
    }
    assert_eq!(seen.len(), 29, "{seen:?}");
}
