//! Random programs of lc-v1: a few short processes of one family each.

use atropos::lc::{Delivery, Op, Program, Value};
use proptest::{
    collection::vec,
    option,
    strategy::{Just, Strategy, Union},
};

/// What the processes of a program do.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Family {
    /// Variables, locks and weakly held tasks.
    Memory,
    /// Messages, polls, timers and spawns.
    Messages,
    /// Names and what lives behind them.
    Names,
    /// Monitors and exits.
    Monitors,
    /// Links, signals and flags.
    Signals,
}

fn name_of(process: usize) -> String {
    format!("p{process}")
}

fn operation(family: Family, processes: usize) -> Union<proptest::strategy::BoxedStrategy<Op>> {
    let process = move || (0..processes).prop_map(name_of);
    let tag = || Union::new([Just("m"), Just("n")]).prop_map(str::to_owned);
    let reason = || Union::new(["boom", "normal", "kill"].map(Just)).prop_map(str::to_owned);
    let register = || Some("x".to_owned());
    let one = |op: Op| Just(op).boxed();
    let text = |word: &str| word.to_owned();
    let sends = (process(), tag()).prop_map(|(to, tag)| Op::Send { to, tag }).boxed();
    let receives =
        option::of(tag()).prop_map(move |tag| Op::Recv { tag, into: register() }).boxed();
    let exits = reason().prop_map(|reason| Op::Exit { reason }).boxed();
    let alive = process().prop_map(move |of| Op::Alive { of, into: register() }).boxed();
    let told = |what: &str| one(Op::Recv { tag: Some(text(what)), into: register() });
    Union::new(match family {
        Family::Memory => vec![
            one(Op::Read { v: text("v"), into: register() }),
            one(Op::Write { v: text("v"), val: Value::Int(1), plus: None }),
            one(Op::Write { v: text("v"), val: Value::Text(text("$x")), plus: Some(1) }),
            one(Op::CasNew { v: text("w"), val: Value::Int(1), into: register() }),
            one(Op::Lock { l: text("l") }),
            one(Op::Unlock { l: text("l") }),
            one(Op::Task { t: text("t") }),
            one(Op::Dropref { t: text("t") }),
            one(Op::Gc),
            one(Op::RunTask { t: text("t"), into: register() }),
        ],
        Family::Messages => vec![
            sends.clone(),
            sends,
            receives,
            option::of(tag()).prop_map(move |tag| Op::Recv0 { tag, into: register() }).boxed(),
            one(Op::Read { v: text("v"), into: register() }),
            one(Op::Write { v: text("v"), val: Value::Int(1), plus: None }),
            exits,
        ],
        Family::Names => vec![
            (process(), proptest::bool::ANY)
                .prop_map(|(pid, catch)| {
                    let (name, pid) = ("n".to_owned(), Some(pid));
                    Op::Register { name, pid, catch, into: None }
                })
                .boxed(),
            one(Op::Unregister { name: text("n") }),
            one(Op::Whereis { name: text("n"), into: register() }),
            tag().prop_map(|tag| Op::SendName { name: "n".to_owned(), tag }).boxed(),
            receives,
            exits,
        ],
        Family::Monitors => vec![
            process().prop_map(|to| Op::Monitor { to, into: None }).boxed(),
            process()
                .prop_map(move |to| Op::Demonitor { to, flush: false, into: register() })
                .boxed(),
            exits,
            alive,
            told("DOWN"),
        ],
        Family::Signals => vec![
            process().prop_map(|to| Op::Link { to }).boxed(),
            process().prop_map(|to| Op::Unlink { to }).boxed(),
            (process(), reason()).prop_map(|(to, reason)| Op::Exit2 { to, reason }).boxed(),
            proptest::bool::ANY.prop_map(|on| Op::Trap { on }).boxed(),
            exits,
            told("EXIT"),
        ],
    })
}

/// A program of a few short processes.
pub(crate) fn program(family: Family) -> impl Strategy<Value = Program> {
    let shape = (2..=4usize, proptest::bool::ANY, proptest::bool::weighted(0.2));
    shape.prop_flat_map(move |(processes, implicit_exit, slow)| {
        let length = if processes == 4 { 2 } else { 3 };
        vec(vec(operation(family, processes), 1..=length), processes).prop_map(move |bodies| {
            let named = bodies.into_iter().enumerate();
            Program {
                procs: named.map(|(at, body)| (name_of(at), body)).collect(),
                implicit_exit,
                delivery: if slow { Delivery::Async } else { Delivery::Instant },
                ..Program::default()
            }
        })
    })
}
