//! Random programs of servers, agents and tasks.
//!
//! Each begins with the same cast: `@p0`, two processes, a server and an agent that are started in
//! one of several ways. All names are bound in these first steps, which nobody disturbs; those of a
//! task are bound and used in one `seq`. So no step uses a name that the driver may lack.
//!
//! Every call is answered, fails, or has a time limit of a few milliseconds.

use super::make::{Numbers, atom, one, tagged};
use crate::program::model::{
    Act, AgentOp, CALL_TIMEOUT, Command, Data, Item, Op, Program, STOP_TIMEOUT, ServerOp,
    ServerStart, Slot, Spawn, Step, Stop, TaskOp,
};
use proptest::{collection::vec, prelude::*};

const CLIENTS: [Slot; 3] = [Slot::FIRST, Slot(1), Slot(2)];
const SERVER: Slot = Slot(3);
const AGENT: Slot = Slot(4);
const NAMES: [&str; 5] = ["@p0", "@p1", "@p2", "@s", "@a"];

/// What settles the details of something, taken one after another.
type Wish = [u16; 6];

/// Well-formed programs.
pub(super) fn programs() -> impl Strategy<Value = Program> {
    let step = (vec(any::<Wish>(), 1..=2), prop::bool::weighted(0.75));
    (any::<Wish>(), vec(step, 1..=3)).prop_map(|(cast, steps)| program(cast, &steps))
}

fn program(cast: Wish, steps: &[(Vec<Wish>, bool)]) -> Program {
    let mut maker = Maker { names: NAMES.map(str::to_owned).to_vec() };
    let mut all = beginning(&mut Numbers::new(cast));
    all.extend(steps.iter().map(|(wishes, settle)| maker.step(wishes, *settle)));
    Program {
        id: "random".to_owned(),
        profile: "otp-25".to_owned(),
        names: maker.names,
        steps: all,
        ..Program::default()
    }
}

/// The steps that start the cast.
fn beginning(numbers: &mut Numbers) -> Vec<Step> {
    let traps = numbers.once_in(2);
    let body = if traps { vec![Act::Trap { on: true }.into()] } else { Vec::new() };
    let client =
        |bind: Slot, body| Act::Spawn(Spawn { bind: Some(bind), body, ..Spawn::default() });
    let link = numbers.once_in(4);
    let server = ServerStart {
        bind: Some(SERVER),
        link,
        trap: numbers.once_in(2),
        init: atom("ok"),
        terminate: match numbers.below(6) {
            0 => tagged("exit", [atom("bad")]),
            1 => tagged("slow", [Data::Int(3)]),
            _ => atom("ok"),
        },
        name: numbers.once_in(2).then(|| atom("srv")),
    };
    let state = Data::Tuple(vec![Data::Int(1), Data::Int(2)]);
    let link = numbers.once_in(2);
    let agent = AgentOp::Start { bind: Some(AGENT), link, state };
    vec![
        alone(Slot::FIRST, client(CLIENTS[1], body)),
        alone(Slot::FIRST, client(CLIENTS[2], Vec::new())),
        alone(CLIENTS[1], Act::Server(ServerOp::Start(server))),
        alone(CLIENTS[1], Act::Agent(agent)),
    ]
}

fn alone(actor: Slot, act: Act) -> Step {
    one(Command { actor, op: act.into() }, true)
}

/// A program in the making.
struct Maker {
    names: Vec<String>,
}

impl Maker {
    /// A step of as many actors as there are wishes.
    fn step(&mut self, wishes: &[Wish], settle: bool) -> Step {
        let first = usize::from(wishes[0][0]) % CLIENTS.len();
        let mut commands: Vec<Command> = wishes
            .iter()
            .enumerate()
            .map(|(at, wish)| Command {
                actor: CLIENTS[(first + at) % CLIENTS.len()],
                op: self.op(&mut Numbers::new(*wish)),
            })
            .collect();
        match commands.len() {
            1 => one(commands.remove(0), settle),
            _ => Step::Par { commands, settle },
        }
    }

    fn op(&mut self, numbers: &mut Numbers) -> Op {
        match numbers.below(16) {
            0..=3 => Act::Server(call(numbers)),
            4 | 5 => Act::Server(cast(numbers)),
            6 => {
                let to = server(by_name(numbers));
                Act::Server(ServerOp::Stop(stop(numbers, to)))
            }
            7..=9 => Act::Agent(agent(numbers)),
            10 => Act::Server(ServerOp::Start(start(numbers))),
            11 | 12 => return self.task(numbers),
            _ => plain(numbers),
        }
        .into()
    }

    /// A task and what its owner does with it, in one go.
    fn task(&mut self, numbers: &mut Numbers) -> Op {
        let (pid, reference) = (self.name("@t"), self.name("#t"));
        let body = match numbers.below(6) {
            0 => vec![Act::Exit { reason: reason(numbers) }],
            1 => vec![Act::Sleep { ms: 3 }, Act::Value { value: Data::Int(2) }],
            // Longer than anybody waits; a `recv` would keep the reference interpreter busy.
            2 => vec![Act::Sleep { ms: 60 }],
            3 => vec![Act::Trap { on: true }, Act::Sleep { ms: 60 }],
            4 => vec![Act::Error { reason: atom("bad") }],
            _ => vec![Act::Value { value: Data::Int(1) }],
        };
        let body = body.into_iter().map(Op::from).collect();
        let task = Data::Name(pid);
        let wait = match numbers.below(5) {
            0 => TaskOp::Yield { task, timeout: 0 },
            1 => TaskOp::Shutdown { task, timeout: None },
            2 => TaskOp::Shutdown { task, timeout: Some(5) },
            _ => TaskOp::Await { task, timeout: 10 },
        };
        let begin = TaskOp::Async { bind: Some(pid), bind_ref: Some(reference), body };
        Act::Seq(vec![Act::Task(begin).into(), Act::Task(wait).into()]).into()
    }

    fn name(&mut self, kind: &str) -> Slot {
        let slot = Slot(u16::try_from(self.names.len()).expect("a program has few names"));
        self.names.push(format!("{kind}{}", slot.0));
        slot
    }
}

/// Whether the server is meant by its name.
fn by_name(numbers: &mut Numbers) -> bool {
    numbers.once_in(4)
}

fn server(named: bool) -> Data {
    if named { atom("srv") } else { Data::Name(SERVER) }
}

fn call(numbers: &mut Numbers) -> ServerOp {
    let to = server(by_name(numbers));
    let value = || Data::Int(1);
    let (request, timeout) = match numbers.below(12) {
        0 => (atom("noreply"), 5),
        1 => (tagged("stop", [reason(numbers)]), CALL_TIMEOUT),
        2 => (tagged("stop_reply", [reason(numbers), value()]), CALL_TIMEOUT),
        3 => (tagged("exit", [reason(numbers)]), CALL_TIMEOUT),
        4 => (tagged("error", [atom("bad")]), CALL_TIMEOUT),
        5 => (tagged("throw", [atom("oops")]), CALL_TIMEOUT),
        6 => (tagged("sleep_reply", [Data::Int(6), value()]), 3),
        7 => (tagged("reply_then_exit", [value(), reason(numbers)]), CALL_TIMEOUT),
        8 => (atom("seen"), CALL_TIMEOUT),
        _ => (tagged("reply", [value()]), CALL_TIMEOUT),
    };
    ServerOp::Call { to, request, timeout }
}

fn cast(numbers: &mut Numbers) -> ServerOp {
    let to = server(by_name(numbers));
    let request = match numbers.below(8) {
        0 => tagged("stop", [reason(numbers)]),
        1 => tagged("exit", [reason(numbers)]),
        2 | 3 => tagged("link", [Data::Name(CLIENTS[2])]),
        4 => tagged("sleep", [Data::Int(3)]),
        5 => tagged("unregister", [atom("srv")]),
        _ => tagged("note", [Data::Int(1)]),
    };
    ServerOp::Cast { to, request }
}

fn stop(numbers: &mut Numbers, to: Data) -> Stop {
    Stop { to, reason: reason(numbers), timeout: STOP_TIMEOUT }
}

fn agent(numbers: &mut Numbers) -> AgentOp {
    let to = Data::Name(AGENT);
    match numbers.below(8) {
        0 | 1 => AgentOp::Get { to },
        2 | 3 => AgentOp::Claim { to },
        4 | 5 => AgentOp::Release { to },
        6 => AgentOp::Crash { to, reason: reason(numbers) },
        _ => AgentOp::Stop(stop(numbers, to)),
    }
}

/// A server that has no name in the program, for the most part one whose start fails.
fn start(numbers: &mut Numbers) -> ServerStart {
    let init = match numbers.below(6) {
        0 => atom("ignore"),
        1 => tagged("stop", [reason(numbers)]),
        2 => tagged("exit", [reason(numbers)]),
        3 => tagged("error", [atom("bad")]),
        4 => tagged("return", [atom("junk")]),
        _ => atom("ok"),
    };
    let link = numbers.once_in(2);
    let name = numbers.once_in(2).then(|| atom("srv"));
    ServerStart { bind: None, link, trap: false, init, terminate: atom("ok"), name }
}

/// What processes do to each other.
fn plain(numbers: &mut Numbers) -> Act {
    let to = Data::Name(Slot(numbers.one_of(&[0, 1, 2, 3, 3, 3, 4, 4])));
    match numbers.below(7) {
        0 => Act::Trap { on: true },
        1 => Act::Link { to },
        2 => Act::Exit { reason: reason(numbers) },
        3 => Act::Info { to, item: Item::Links },
        4 => Act::Mailbox,
        _ => Act::Exit2 { to, reason: reason(numbers) },
    }
}

fn reason(numbers: &mut Numbers) -> Data {
    atom(numbers.one_of(&["normal", "normal", "boom", "boom", "shutdown", "kill"]))
}

#[cfg(test)]
mod tests {
    use crate::program::{
        Program,
        random::{Layer, nth_of},
    };
    use std::collections::BTreeSet;

    #[test]
    fn programs_are_well_formed_and_have_every_operation() {
        let mut seen = BTreeSet::new();
        for index in 0..1000 {
            let program = nth_of(Layer::Otp, 7, index);
            let value = program.to_value();
            let read = Program::from_value(&value).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.to_value(), value);
            let text = value.to_string();
            let ops = text.split("\"op\":\"").skip(1).filter_map(|rest| rest.split('"').next());
            seen.extend(ops.map(str::to_owned));
        }
        let of_this_layer =
            |name: &&String| ["gs_", "agent_", "task_"].iter().any(|kind| name.starts_with(kind));
        assert_eq!(seen.iter().filter(of_this_layer).count(), 16, "{seen:?}");
    }
}
