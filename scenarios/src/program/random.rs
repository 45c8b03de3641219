//! Random programs, for the comparison with a real BEAM.
//!
//! A strategy draws *wishes* (what kind of operation, and numbers that settle its details); `make`
//! turns them into a program that is well formed whatever was drawn, so shrinking keeps it so.
//!
//! Servers, agents and tasks have programs of their own, and so have supervisors: see [`Layer`].
//!
//! Promises, of every program of processes: at most [`ACTORS`] processes and [`OPERATIONS`] operations in steps,
//! where a `seq` counts as what is in it; no loop; each name is bound once. A step uses a name only
//! if the driver is sure to have it: its binder is proven alive when the binding's result is due
//! (see `fate`). A body uses what its spawner knew and what it bound itself. The same seed and index
//! give the same program.
//!
//! Leaves out what the reference interpreter (`runner/oracle/beam/bo.erl`) cannot say
//! deterministically: a `recv` without `after`, `process_info` of mailboxes and names.

mod fate;
mod make;
mod otp;
mod sup;

use super::{conform::Subject, model::Program, sup::SupProgram};
use proptest::{collection::vec, prelude::*};
use std::ops::RangeInclusive;

/// The most processes of a program, `@p0` included.
pub const ACTORS: usize = 4;
/// The most operations in steps.
pub const OPERATIONS: usize = 10;
/// The most operations in a body.
pub const BODY: usize = 3;

/// A kind of operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Me,
    Link,
    Unlink,
    Spawn,
    Exit,
    Error,
    Throw,
    Return,
    Exit2,
    Trap,
    Monitor,
    Demonitor,
    Register,
    Unregister,
    Whereis,
    Send,
    Recv,
    Mailbox,
    Info,
    Alive,
    MakeRef,
    Alias,
    Unalias,
    SendAfter,
    StartTimer,
    CancelTimer,
    Sleep,
    Yield,
}

/// An operation that is wished for: its details are taken from the numbers, one after another.
#[derive(Clone, Debug)]
struct Wish {
    kind: Kind,
    numbers: [u16; 6],
    body: Vec<Wish>,
}

/// One actor's share of a step.
#[derive(Clone, Debug)]
struct CommandWish {
    actor: u16,
    ops: Vec<Wish>,
}

/// A step that is wished for.
#[derive(Clone, Debug)]
enum StepWish {
    One { command: CommandWish, settle: bool },
    Par { commands: Vec<CommandWish>, settle: bool },
    Wait { ms: u32 },
}

/// How far a program is: what ends processes belongs to its second half, when there is something
/// that their deaths can be told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Early,
    Late,
}

/// Well-formed programs.
pub fn programs() -> impl Strategy<Value = Program> {
    let steps =
        (vec(birth(), 1..=2), vec(step(Stage::Early), 1..=5), vec(step(Stage::Late), 1..=4));
    steps.prop_map(|(births, early, late)| make::program([births, early, late].concat()))
}

/// What random programs are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layer {
    /// What processes do: see [`programs`].
    #[default]
    Processes,
    /// Servers, agents and tasks. These programs start a few processes more than [`ACTORS`] says.
    Otp,
    /// Trees of supervisors; these are programs of another kind.
    Sup,
}

/// The program of an index under a seed.
pub fn nth(seed: u64, index: u64) -> Program {
    nth_of(Layer::Processes, seed, index)
}

/// The program of an index under a seed, of a layer of processes.
///
/// # Panics
/// If the layer's programs are of another kind: see [`subject`].
pub fn nth_of(layer: Layer, seed: u64, index: u64) -> Program {
    match layer {
        Layer::Processes => of_processes(&programs(), seed, index),
        Layer::Otp => of_processes(&otp::programs(), seed, index),
        Layer::Sup => panic!("programs of supervisors are of kind sup"),
    }
}

/// The program of an index under a seed, of any layer.
pub fn subject(layer: Layer, seed: u64, index: u64) -> Subject {
    match layer {
        Layer::Processes | Layer::Otp => Subject::Proc(nth_of(layer, seed, index)),
        Layer::Sup => {
            let program = crate::generate::from_seed(&sup::programs(), bytes(seed, index));
            Subject::Sup(SupProgram { id: format!("random-{index}"), ..program })
        }
    }
}

fn of_processes(programs: &impl Strategy<Value = Program>, seed: u64, index: u64) -> Program {
    let program = crate::generate::from_seed(programs, bytes(seed, index));
    Program { id: format!("random-{index}"), ..program }
}

fn bytes(seed: u64, index: u64) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    bytes[8..16].copy_from_slice(&index.to_le_bytes());
    bytes[16..24].copy_from_slice(b"programs");
    bytes
}

/// A step of `@p0` that starts a process: without others there is little to do.
fn birth() -> impl Strategy<Value = StepWish> {
    let ops = prop_oneof![
        4 => spawn(Stage::Early).prop_map(|spawn| vec![spawn]),
        1 => (act(Stage::Early), spawn(Stage::Early)).prop_map(|(act, spawn)| vec![act, spawn]),
    ];
    (ops, settle())
        .prop_map(|(ops, settle)| StepWish::One { command: CommandWish { actor: 0, ops }, settle })
}

fn step(stage: Stage) -> impl Strategy<Value = StepWish> {
    let one = |ops| (command(stage, ops), settle());
    prop_oneof![
        10 => one(1..=1).prop_map(|(command, settle)| StepWish::One { command, settle }),
        3 => one(2..=3).prop_map(|(command, settle)| StepWish::One { command, settle }),
        4 => (vec(command(stage, 1..=2), 2..=3), settle())
            .prop_map(|(commands, settle)| StepWish::Par { commands, settle }),
        1 => wait().prop_map(|ms| StepWish::Wait { ms }),
    ]
}

fn settle() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.75)
}

/// Each costs as much on the real BEAM: the long one is rare.
fn wait() -> impl Strategy<Value = u32> {
    prop_oneof![9 => 3..=10_u32, 1 => Just(120)]
}

fn command(stage: Stage, ops: RangeInclusive<usize>) -> impl Strategy<Value = CommandWish> {
    let op = prop_oneof![9 => act(stage).boxed(), 1 => spawn(stage).boxed()];
    (any::<u16>(), vec(op, ops)).prop_map(|(actor, ops)| CommandWish { actor, ops })
}

/// A process to start. What it starts in turn does nothing but simple things.
fn spawn(stage: Stage) -> impl Strategy<Value = Wish> {
    let grandchild = spawn_of(vec(act(stage), 0..=1)).boxed();
    let op = prop_oneof![9 => act(stage).boxed(), 1 => grandchild];
    spawn_of(prop_oneof![1 => Just(Vec::new()), 1 => vec(op, 1..=BODY)])
}

fn spawn_of(body: impl Strategy<Value = Vec<Wish>>) -> impl Strategy<Value = Wish> {
    (any::<[u16; 6]>(), body).prop_map(|(numbers, body)| Wish { kind: Kind::Spawn, numbers, body })
}

/// Anything but a spawn.
fn act(stage: Stage) -> impl Strategy<Value = Wish> {
    (kind(stage), any::<[u16; 6]>()).prop_map(|(kind, numbers)| Wish {
        kind,
        numbers,
        body: Vec::new(),
    })
}

fn kind(stage: Stage) -> impl Strategy<Value = Kind> {
    let often: u32 = if stage == Stage::Early { 1 } else { 4 };
    let lives = prop_oneof![
        12 => Just(Kind::Link),
        6 => Just(Kind::Unlink),
        2 * often => Just(Kind::Exit),
        often => Just(Kind::Error),
        often.div_ceil(2) => Just(Kind::Throw),
        often => Just(Kind::Return),
        3 * often - 2 => Just(Kind::Exit2),
        8 => Just(Kind::Trap),
        9 => Just(Kind::Monitor),
        6 => Just(Kind::Demonitor),
    ];
    let names_and_messages = prop_oneof![
        6 => Just(Kind::Register),
        2 => Just(Kind::Unregister),
        2 => Just(Kind::Whereis),
        8 => Just(Kind::Send),
        5 => Just(Kind::Recv),
        4 => Just(Kind::Mailbox),
        3 => Just(Kind::Alias),
        3 => Just(Kind::Unalias),
    ];
    let questions = prop_oneof![
        6 => Just(Kind::Info),
        2 => Just(Kind::Alive),
        1 => Just(Kind::Me),
        1 => Just(Kind::MakeRef),
        1 => Just(Kind::Yield),
    ];
    let timers = prop_oneof![
        3 => Just(Kind::SendAfter),
        2 => Just(Kind::StartTimer),
        3 => Just(Kind::CancelTimer),
        1 => Just(Kind::Sleep),
    ];
    prop_oneof![11 => lives, 6 => names_and_messages, 2 => questions, 1 => timers]
}

#[cfg(test)]
mod tests;
