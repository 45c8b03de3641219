//! Random programs of servers, agents and tasks.
//!
//! Each begins with the same cast: `@p0`, two processes, a server and an agent that are started in
//! one of several ways. All names are bound in these first steps, which nobody disturbs; those of a
//! task are bound and used in one `seq`. So no step uses a name that the driver may lack.
//!
//! Small, so that all of their schedules can be explored: the world rests after all steps but one,
//! tasks do not overlap with what follows them, and a program has tasks or asks after links, not both.
//! A shutdown alone has thousands: one that takes its time is a program of its own.
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
    let theme = prop_oneof![2 => Just(Theme::Tasks), 1 => Just(Theme::Ties)];
    (any::<Wish>(), theme, vec(step, 1..=3))
        .prop_map(|(cast, theme, steps)| program(cast, theme, &steps))
}

fn program(cast: Wish, theme: Theme, steps: &[(Vec<Wish>, bool)]) -> Program {
    let names = NAMES.map(str::to_owned).to_vec();
    let mut maker = Maker { names, theme, only: steps.len() == 1, hurried: false };
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

/// What a program has of two things that make many schedules, but for the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Theme {
    Tasks,
    /// Links of one's own, and questions about them.
    Ties,
}

/// A program in the making.
struct Maker {
    names: Vec<String>,
    theme: Theme,
    /// There is one step beside the beginning.
    only: bool,
    /// A step was followed by the next without rest.
    hurried: bool,
}

impl Maker {
    /// A step of as many actors as there are wishes.
    fn step(&mut self, wishes: &[Wish], settle: bool) -> Step {
        let first = usize::from(wishes[0][0]) % CLIENTS.len();
        let (mut commands, mut room) = (Vec::new(), Room::of(wishes.len(), self.only));
        for (at, wish) in wishes.iter().enumerate() {
            let actor = CLIENTS[(first + at) % CLIENTS.len()];
            let op = self.op(&mut Numbers::new(*wish), room);
            if is_task(&op) {
                room = Room::NoTask;
            }
            commands.push(Command { actor, op });
        }
        let settle = settle || self.hurried || room == Room::NoTask;
        self.hurried |= !settle;
        match commands.len() {
            1 => one(commands.remove(0), settle),
            _ => Step::Par { commands, settle },
        }
    }

    fn op(&mut self, numbers: &mut Numbers, room: Room) -> Op {
        match numbers.below(16) {
            0..=3 => Act::Server(call(numbers)),
            4 | 5 => Act::Server(cast(self.theme, numbers)),
            6 => {
                let to = server(by_name(numbers));
                Act::Server(ServerOp::Stop(stop(numbers, to)))
            }
            7..=9 => Act::Agent(agent(numbers)),
            10 => Act::Server(ServerOp::Start(start(numbers))),
            11 | 12 if self.theme == Theme::Tasks && room != Room::NoTask => {
                return self.task(numbers, room);
            }
            _ => plain(self.theme, numbers),
        }
        .into()
    }

    /// A task and what its owner does with it, in one go.
    fn task(&mut self, numbers: &mut Numbers, room: Room) -> Op {
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
        let wait = match numbers.below(6) {
            0 => TaskOp::Yield { task, timeout: 0 },
            1 | 2 if room == Room::AnyTask => TaskOp::Shutdown { task, timeout: Some(5) },
            1..=3 if room >= Room::Shutdown => TaskOp::Shutdown { task, timeout: None },
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

/// What a step has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Room {
    NoTask,
    /// A task that is waited for.
    Task,
    /// One that is shut down at once, too.
    Shutdown,
    AnyTask,
}

impl Room {
    /// That of a step of so many commands.
    fn of(commands: usize, only: bool) -> Room {
        match (commands, only) {
            (1, true) => Room::AnyTask,
            (1, false) | (_, true) => Room::Shutdown,
            _ => Room::Task,
        }
    }
}

/// Whether a command starts a task.
fn is_task(op: &Op) -> bool {
    matches!(op.act, Act::Seq(_))
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
    let (request, timeout) = match numbers.below(13) {
        0 => (atom("noreply"), 5),
        12 => (tagged("defer", [atom("k")]), 5),
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

fn cast(theme: Theme, numbers: &mut Numbers) -> ServerOp {
    let to = server(by_name(numbers));
    let request = match numbers.below(10) {
        8 => tagged("error", [atom("bad")]),
        9 => tagged("release", [atom("k"), Data::Int(2)]),
        0 => tagged("stop", [reason(numbers)]),
        1 => tagged("exit", [reason(numbers)]),
        2 | 3 if theme == Theme::Ties => tagged("link", [Data::Name(CLIENTS[2])]),
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
    let init = match numbers.below(7) {
        5 => tagged("throw", [atom("oops")]),
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
fn plain(theme: Theme, numbers: &mut Numbers) -> Act {
    let to = Data::Name(Slot(numbers.one_of(&[0, 1, 2, 3, 3, 3, 4, 4])));
    match numbers.below(7) {
        0 => Act::Trap { on: true },
        1 if theme == Theme::Ties => Act::Link { to },
        2 if theme == Theme::Ties => Act::Info { to, item: Item::Links },
        3 => Act::Exit { reason: reason(numbers) },
        1 | 4 => Act::Mailbox,
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
    use serde_json::Value;
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

    /// The words of requests, as `call:stop`.
    fn requests(op: &Value, into: &mut BTreeSet<String>) {
        let word = |data: &Value| data.as_str().or_else(|| data[0].as_str()).map(str::to_owned);
        for (name, key) in [("gs_call", "req"), ("gs_cast", "req"), ("gs_start", "init")] {
            if op["op"].as_str().is_some_and(|op| op.starts_with(name)) {
                into.extend(word(&op[key]).map(|word| format!("{name}:{word}")));
            }
        }
        if op["op"] == "task_shutdown" {
            into.insert(format!("task_shutdown:{}", op["how"]));
        }
        for list in ["ops", "steps"] {
            op[list].as_array().into_iter().flatten().for_each(|op| requests(op, into));
        }
    }

    #[test]
    fn every_request_occurs() {
        let mut seen = BTreeSet::new();
        for index in 0..2000 {
            let value = nth_of(Layer::Otp, 7, index).to_value();
            let steps = value["program"].as_array().expect("steps");
            steps.iter().for_each(|step| requests(step, &mut seen));
        }
        let calls = "reply noreply stop stop_reply exit error throw sleep_reply reply_then_exit \
                     defer seen";
        let casts = "note release stop exit error link sleep unregister";
        let inits = "ignore stop exit error throw return";
        let of = |kind: &'static str, words: &'static str| {
            words.split_whitespace().map(move |word| format!("{kind}:{word}"))
        };
        let shutdowns = ["task_shutdown:null", "task_shutdown:5"].map(str::to_owned);
        let all = of("gs_call", calls).chain(of("gs_cast", casts)).chain(of("gs_start", inits));
        let all: BTreeSet<String> = all.chain(shutdowns).collect();
        assert_eq!(seen, all);
    }
}
