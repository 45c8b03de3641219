//! Random programs of kind `sup`.
//!
//! A tree of one or two levels, then a few steps. Workers rarely take time, and if they do then 2 ms,
//! or far longer than anybody waits: the reference interpreter guesses when the world rests.
//!
//! Promises that whoever is sent a signal has been started: the reference interpreter fails over
//! others. Leaves out periods of restarts, which take their time on a real BEAM, and names.

use super::make::{Numbers, atom, tagged};
use crate::program::{
    model::Data,
    sup::{
        self, AutoShutdown, Call, Node, Op, PATIENCE, Restart, Shutdown, Step, SupProgram, What,
    },
};
use proptest::{collection::vec, prelude::*};

/// What settles the details of something, taken one after another.
type Wish = [[u16; 6]; 2];

/// The ids of the top's children, of those below `m`, and of those that steps start.
const UPPER: [&str; 3] = ["a", "b", "c"];
const LOWER: [&str; 2] = ["d", "e"];
const LATER: [&str; 3] = ["f", "g", "h"];
const MIDDLE: &str = "m";
const TOP: &str = "top";
const STRATEGIES: [sup::Strategy; 3] =
    [sup::Strategy::OneForOne, sup::Strategy::OneForAll, sup::Strategy::RestForOne];
/// So long that whoever has less time is killed, in ms.
const SLOW: i64 = 200;
/// Less time than the reference interpreter takes to see that the world rests, in ms.
const SHORT: u32 = 3;

/// The most supervisors and workers of a tree in which there is a race.
const RACERS: usize = 3;

/// Well-formed programs.
pub(super) fn programs() -> impl Strategy<Value = SupProgram> {
    let wish = any::<Wish>;
    (wish(), vec(wish(), 6), vec(wish(), 1..=5)).prop_map(|(top, nodes, steps)| {
        let mut maker = Maker::new(top, &nodes);
        let steps = maker.steps(&steps);
        maker.program(steps)
    })
}

struct Maker {
    nodes: Vec<Node>,
    /// Steps that start the children of a DynamicSupervisor.
    begun: Vec<Step>,
    is_dynamic: bool,
    /// Every supervisor and worker of the tree is sure to have been started.
    is_sound: bool,
    /// A step is a race.
    has_raced: bool,
    later: usize,
}

impl Maker {
    fn new(top: Wish, wishes: &[Wish]) -> Maker {
        let mut numbers = Numbers::new(top[0]);
        let is_dynamic = numbers.once_in(4);
        let mut maker = Maker {
            nodes: Vec::new(),
            begun: Vec::new(),
            is_dynamic,
            is_sound: true,
            has_raced: false,
            later: 0,
        };
        let count = 1 + numbers.below(3);
        if is_dynamic {
            maker.dynamic(&mut numbers, &wishes[..count]);
        } else {
            maker.tree(top, &wishes[..count], &wishes[3..]);
        }
        maker
    }

    fn dynamic(&mut self, numbers: &mut Numbers, wishes: &[Wish]) {
        let intensity = numbers.one_of(&[0, 1, 1, 2, 3]);
        let max_children = numbers.once_in(4).then_some(2);
        let what = What::Dynamic { intensity, period: 60, max_children };
        self.add(TOP, what);
        for (id, wish) in UPPER.iter().zip(wishes) {
            let child = self.worker(id, *wish, false, false);
            self.begun.push(settled(Op::Call {
                sup: TOP.to_owned(),
                dynamic: true,
                call: Call::StartChild { child },
            }));
        }
    }

    fn tree(&mut self, top: Wish, upper: &[Wish], lower: &[Wish]) {
        let mut numbers = Numbers::new(top[1]);
        let shape = supervisor(&mut numbers);
        let at = self.add(TOP, shape.clone());
        let nested = numbers.below(6);
        let mut children = Vec::new();
        for (place, (id, wish)) in UPPER.iter().zip(upper).enumerate() {
            if place == nested {
                children.push(self.middle(*wish, lower));
            }
            children.push(self.worker(id, *wish, shuts_down(&shape), true));
        }
        self.nodes[at].what = with_children(shape, children);
    }

    /// A supervisor below the top.
    fn middle(&mut self, wish: Wish, lower: &[Wish]) -> usize {
        let [first, second] = wish;
        let mut numbers = Numbers::new([second[5], second[4], first[3], first[2], first[1], 0]);
        let shape = supervisor(&mut numbers);
        let at = self.add(MIDDLE, shape.clone());
        self.nodes[at].restart = restart(&mut numbers);
        let count = 1 + numbers.below(2);
        let ids = LOWER.iter().zip(lower).take(count);
        let children =
            ids.map(|(id, wish)| self.worker(id, *wish, shuts_down(&shape), true)).collect();
        self.nodes[at].what = with_children(shape, children);
        at
    }

    fn add(&mut self, id: &str, what: What) -> usize {
        let (restart, shutdown) = (Restart::Permanent, Shutdown::Infinity);
        let node = Node { id: id.to_owned(), restart, shutdown, significant: false, what };
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn worker(&mut self, id: &str, wish: Wish, may_be_significant: bool, in_tree: bool) -> usize {
        let (mut life, mut plan) = (Numbers::new(wish[0]), Numbers::new(wish[1]));
        let restart = restart(&mut life);
        let significant = may_be_significant && restart != Restart::Permanent && life.once_in(2);
        let trap = !life.once_in(4);
        let (shutdown, terminate) = ending(&mut life);
        let fails = plan.once_in(if in_tree { 24 } else { 6 });
        self.is_sound &= !(in_tree && fails);
        let init = match fails {
            true => plan.one_of(&[tagged("stop", [atom("bad")]), atom("ignore")]),
            false => atom("ok"),
        };
        let fail_on = plan.one_of(&[vec![], vec![], vec![], vec![], vec![2], vec![2, 3]]);
        let what = What::Worker { trap, init, terminate, fail_on, name: None };
        self.nodes.push(Node { id: id.to_owned(), restart, shutdown, significant, what });
        self.nodes.len() - 1
    }

    // Steps

    /// At most one of them is a race, in a small tree, and at most one follows it: more have too many
    /// schedules.
    fn steps(&mut self, wishes: &[Wish]) -> Vec<Step> {
        let mut steps = Vec::new();
        for wish in wishes {
            let follows = self.has_raced;
            steps.push(self.step(*wish));
            if follows {
                break;
            }
        }
        steps
    }

    fn may_race(&self) -> bool {
        !self.has_raced && self.nodes.len() <= RACERS
    }

    fn step(&mut self, wish: Wish) -> Step {
        let [first, second] = wish;
        let mut numbers = Numbers::new(first);
        let may_race = self.may_race();
        let settle = !numbers.once_in(8) || !may_race;
        let op = match numbers.once_in(5) && may_race {
            true => {
                let rest = [first[2], first[3], first[4], first[5], second[0], second[1]];
                let ops =
                    [self.op(Numbers::new(rest), second), self.op(Numbers::new(second), first)];
                Op::Batch(ops.to_vec())
            }
            false => {
                let rest = [first[2], first[3], first[4], first[5], second[5], second[4]];
                self.op(Numbers::new(rest), second)
            }
        };
        self.has_raced |= !settle || matches!(op, Op::Batch(_));
        Step { op, settle }
    }

    fn op(&mut self, mut numbers: Numbers, child: [u16; 6]) -> Op {
        match numbers.below(20) {
            0..=3 => Op::ChildExit { id: self.told(&mut numbers), reason: reason(&mut numbers) },
            4..=6 => Op::ChildStop { id: self.told(&mut numbers), reason: reason(&mut numbers) },
            7..=9 if self.is_sound => self.signal(&mut numbers),
            10 => {
                let (id, to) = (self.told(&mut numbers), self.told(&mut numbers));
                Op::ChildLink { id, to }
            }
            11 if numbers.once_in(2) => {
                Op::RootExit { id: TOP.to_owned(), reason: reason(&mut numbers) }
            }
            11 => Op::Wait { ms: 6 },
            _ => self.call(&mut numbers, child),
        }
    }

    fn signal(&self, numbers: &mut Numbers) -> Op {
        let reason = atom(numbers.one_of(&["kill", "kill", "boom", "shutdown", "normal"]));
        let kills = reason == atom("kill");
        let sup = numbers.below(8);
        let id = match self.sup(sup) {
            // A supervisor hears nothing else.
            Some(id) if kills && sup < 2 => id.to_owned(),
            _ if self.is_dynamic => UPPER[0].to_owned(),
            _ => self.told(numbers),
        };
        // The first child of a DynamicSupervisor may have failed to start.
        if self.is_dynamic && id != TOP {
            return Op::ChildExit { id, reason: atom("boom") };
        }
        Op::Signal { id, reason }
    }

    /// A worker of the tree, or one that was started.
    fn told(&self, numbers: &mut Numbers) -> String {
        let ids = self.nodes.iter().filter(|node| !node.what.is_supervisor());
        let ids: Vec<&String> =
            ids.map(|node| &node.id).filter(|id| !LATER.contains(&&***id)).collect();
        ids[numbers.below(ids.len())].clone()
    }

    /// 0 is the top, 1 the supervisor below it.
    fn sup(&self, number: usize) -> Option<&'static str> {
        let has_middle = self.nodes.iter().any(|node| node.id == MIDDLE);
        Some(if number == 1 && has_middle { MIDDLE } else { TOP })
    }

    fn call(&mut self, numbers: &mut Numbers, child: [u16; 6]) -> Op {
        let number = numbers.below(3);
        let sup = self.sup(number).unwrap_or(TOP);
        let ids: &[&str] = if sup == MIDDLE { &LOWER } else { &UPPER };
        let dynamic = self.is_dynamic;
        let id = || numbers_id(ids, child[0]);
        let call = match numbers.below(9) {
            0..=2 => Call::Which,
            3 => Call::Count,
            4 | 5 => Call::TerminateChild { child: id() },
            6 if !dynamic => Call::RestartChild { child: id() },
            7 if !dynamic => Call::DeleteChild { child: id() },
            _ => return self.start(sup, child),
        };
        Op::Call { sup: sup.to_owned(), dynamic, call }
    }

    /// A child more; it may have the id of another.
    fn start(&mut self, sup: &str, child: [u16; 6]) -> Op {
        let again = child[1].is_multiple_of(4) || self.later == LATER.len();
        let id = if again { UPPER[usize::from(child[2]) % 2] } else { LATER[self.later] };
        self.later += usize::from(!again);
        let [one, two, three, four, five, six] = child;
        let node = self.worker(id, [child, [three, one, five, two, six, four]], false, false);
        Op::Call {
            sup: sup.to_owned(),
            dynamic: self.is_dynamic,
            call: Call::StartChild { child: node },
        }
    }

    fn program(self, steps: Vec<Step>) -> SupProgram {
        SupProgram {
            id: "random".to_owned(),
            about: String::new(),
            profile: "otp-25".to_owned(),
            nodes: self.nodes,
            steps: self.begun.into_iter().chain(steps).collect(),
        }
    }
}

fn numbers_id(ids: &[&str], number: u16) -> String {
    ids[usize::from(number) % ids.len()].to_owned()
}

fn settled(op: Op) -> Step {
    Step { op, settle: true }
}

fn supervisor(numbers: &mut Numbers) -> What {
    let auto = [AutoShutdown::Never, AutoShutdown::AnySignificant, AutoShutdown::AllSignificant];
    What::Supervisor {
        strategy: numbers.one_of(&STRATEGIES),
        intensity: numbers.one_of(&[0, 1, 1, 2, 2, 3]),
        period: 60,
        auto_shutdown: auto[numbers.one_of(&[0, 0, 0, 1, 2])],
        children: Vec::new(),
    }
}

fn with_children(shape: What, children: Vec<usize>) -> What {
    match shape {
        What::Supervisor { strategy, intensity, period, auto_shutdown, .. } => {
            What::Supervisor { strategy, intensity, period, auto_shutdown, children }
        }
        other => other,
    }
}

fn shuts_down(shape: &What) -> bool {
    let never = AutoShutdown::Never;
    matches!(shape, What::Supervisor { auto_shutdown, .. } if *auto_shutdown != never)
}

fn restart(numbers: &mut Numbers) -> Restart {
    let (permanent, transient) = (Restart::Permanent, Restart::Transient);
    numbers.one_of(&[permanent, permanent, permanent, transient, transient, Restart::Temporary])
}

/// How a worker is ended, and what it does then.
fn ending(numbers: &mut Numbers) -> (Shutdown, Data) {
    let within = Shutdown::Within(PATIENCE);
    match numbers.below(16) {
        0 | 1 => (Shutdown::BrutalKill, atom("ok")),
        2 => (Shutdown::Infinity, atom("ok")),
        3 => (Shutdown::Within(SHORT), tagged("slow", [Data::Int(SLOW)])),
        4 => (within, tagged("slow", [Data::Int(2)])),
        5 => (within, tagged("exit", [atom("bad")])),
        _ => (within, atom("ok")),
    }
}

fn reason(numbers: &mut Numbers) -> Data {
    let special = tagged("shutdown", [atom("x")]);
    let boom = || atom("boom");
    numbers.one_of(&[boom(), boom(), boom(), atom("normal"), atom("shutdown"), special])
}

#[cfg(test)]
mod tests {
    use crate::program::{
        conform::Subject,
        random::{Layer, subject},
        sup::SupProgram,
    };
    use std::collections::BTreeSet;

    const OPERATIONS: [&str; 13] = [
        "batch",
        "child_exit",
        "child_link",
        "child_stop",
        "count",
        "delete_child",
        "restart_child",
        "root_exit",
        "signal",
        "start_child",
        "terminate_child",
        "wait",
        "which",
    ];

    /// What a key is set to anywhere in the program.
    fn values(text: &str, key: &str) -> Vec<String> {
        let key = format!("\"{key}\":\"");
        let parts = text.split(&key).skip(1);
        parts.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
    }

    #[test]
    fn programs_are_well_formed_and_have_every_operation_and_strategy() {
        let mut seen = [(); 5].map(|()| BTreeSet::new());
        for index in 0..2000 {
            let Subject::Sup(program) = subject(Layer::Sup, 7, index) else {
                panic!("programs of supervisors are of kind sup");
            };
            let value = program.to_value();
            let read = SupProgram::from_value(&value).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(read.to_value(), value);
            let text = value.to_string();
            let keys = ["op", "strategy", "restart", "shutdown", "auto_shutdown"];
            for (seen, key) in seen.iter_mut().zip(keys) {
                seen.extend(values(&text, key));
            }
        }
        let [ops, strategies, restarts, shutdowns, auto] = seen;
        assert_eq!(ops, BTreeSet::from(OPERATIONS.map(str::to_owned)));
        let all = ["dynamic", "one_for_all", "one_for_one", "rest_for_one"];
        assert_eq!(strategies, BTreeSet::from(all.map(str::to_owned)));
        assert_eq!(restarts, BTreeSet::from(["temporary", "transient"].map(str::to_owned)));
        assert_eq!(shutdowns, BTreeSet::from(["brutal_kill", "infinity"].map(str::to_owned)));
        let all = ["all_significant", "any_significant"];
        assert_eq!(auto, BTreeSet::from(all.map(str::to_owned)));
    }
}
