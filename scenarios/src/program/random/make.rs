//! From wishes to a well-formed program.

use super::{
    ACTORS, CommandWish, Kind, OPERATIONS, StepWish, Wish,
    fate::{Fates, Lethal, Process},
};
use crate::program::model::{
    Act, Command, Data, Item, MonitorAlias, Op, Program, Slot, Spawn, Step, Timer,
};

/// A name of a process, and which.
#[derive(Clone, Copy, Debug)]
struct PidName {
    slot: Slot,
    process: Process,
}

/// What made a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Monitor,
    Alias,
    AliasedMonitor,
    Timer,
    Plain,
}

/// A name of a reference.
#[derive(Clone, Copy, Debug)]
struct RefName {
    slot: Slot,
    origin: Origin,
}

/// The names that an operation may use.
#[derive(Clone, Debug, Default)]
struct Scope {
    pids: Vec<PidName>,
    refs: Vec<RefName>,
}

/// Numbers, taken one after another; the last for ever.
pub(super) struct Numbers {
    numbers: [u16; 6],
    next: usize,
}

impl Numbers {
    pub(super) fn new(numbers: [u16; 6]) -> Self {
        Numbers { numbers, next: 0 }
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers[self.next.min(self.numbers.len() - 1)];
        self.next += 1;
        (usize::from(number) * bound) >> 16
    }

    /// True once in so many times.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) + 1 == times
    }

    pub(super) fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())].clone()
    }
}

/// A program in the making.
struct Maker {
    names: Vec<String>,
    pids: usize,
    refs: usize,
    processes: usize,
    operations: usize,
    fates: Fates,
    /// What the driver knows for sure.
    known: Scope,
}

/// Where an operation is done.
struct Place {
    actor: Process,
    scope: Scope,
    /// Its result is awaited by the driver.
    awaited: bool,
}

/// Makes the program.
pub(super) fn program(wishes: Vec<StepWish>) -> Program {
    let mut maker = Maker::new();
    let steps = wishes.iter().filter_map(|wish| maker.step(wish)).collect();
    Program {
        id: "random".to_owned(),
        about: String::new(),
        profile: "otp-25".to_owned(),
        names: maker.names,
        steps,
        ..Program::default()
    }
}

impl Maker {
    fn new() -> Self {
        let mut fates = Fates::default();
        let first = PidName { slot: Slot::FIRST, process: fates.begin() };
        Maker {
            names: vec!["@p0".to_owned()],
            pids: 1,
            refs: 0,
            processes: 1,
            operations: 0,
            fates,
            known: Scope { pids: vec![first], refs: Vec::new() },
        }
    }

    fn step(&mut self, wish: &StepWish) -> Option<Step> {
        match wish {
            StepWish::Wait { ms } => {
                self.fates.end_step(true);
                Some(Step::Wait { ms: *ms })
            }
            StepWish::One { command, settle } => {
                let actor = self.actor(command.actor, &[])?;
                let (command, place) = self.command(command, actor)?;
                self.end_step(&[place], *settle);
                Some(one(command, *settle))
            }
            StepWish::Par { commands, settle } => {
                let mut actors = Vec::new();
                let mut made = Vec::new();
                for wish in commands {
                    let Some(actor) = self.actor(wish.actor, &actors) else { continue };
                    actors.push(actor.slot);
                    made.extend(self.command(wish, actor));
                }
                let (mut commands, places): (Vec<Command>, Vec<Place>) = made.into_iter().unzip();
                self.end_step(&places, *settle);
                match commands.len() {
                    0 => None,
                    1 => Some(one(commands.remove(0), *settle)),
                    _ => Some(Step::Par { commands, settle: *settle }),
                }
            }
        }
    }

    /// Ends a step: what those bound who are surely alive is known from now on.
    fn end_step(&mut self, places: &[Place], settle: bool) {
        self.fates.end_step(settle);
        for place in places.iter().filter(|place| !self.fates.frail(place.actor)) {
            let old = &self.known;
            let is_new = |slot| {
                old.pids.iter().all(|name| name.slot != slot)
                    && old.refs.iter().all(|name| name.slot != slot)
            };
            let pids = place.scope.pids.iter().filter(|name| is_new(name.slot)).copied();
            let refs = place.scope.refs.iter().filter(|name| is_new(name.slot)).copied();
            let (pids, refs) = (pids.collect::<Vec<_>>(), refs.collect::<Vec<_>>());
            self.known.pids.extend(pids);
            self.known.refs.extend(refs);
        }
    }

    /// Who acts: one of those that have nothing to do yet, mostly one that is surely alive, rarely
    /// one that is as good as dead. `None` if nobody is left: the step is not worth doing.
    fn actor(&self, number: u16, busy: &[Slot]) -> Option<PidName> {
        let free = || self.known.pids.iter().filter(|name| !busy.contains(&name.slot)).copied();
        let all: Vec<PidName> = free().collect();
        let alive: Vec<PidName> = free().filter(|name| !self.fates.doomed(name.process)).collect();
        let sturdy: Vec<PidName> = free().filter(|name| !self.fates.frail(name.process)).collect();
        let by_taste = match number % 16 {
            0 => [&all, &alive, &sturdy],
            1..=5 => [&alive, &alive, &sturdy],
            _ => [&sturdy, &alive, &alive],
        };
        let choices = by_taste.into_iter().find(|choices| !choices.is_empty())?;
        choices.get((usize::from(number) * choices.len()) >> 16).copied()
    }

    fn command(&mut self, wish: &CommandWish, actor: PidName) -> Option<(Command, Place)> {
        let room = OPERATIONS - self.operations;
        let mut place = Place { actor: actor.process, scope: self.known.clone(), awaited: true };
        let wishes = wish.ops.iter().take(room);
        let mut ops: Vec<Op> = wishes.map(|wish| self.op(wish, &mut place)).collect();
        self.operations += ops.len();
        let op = match ops.len() {
            0 => return None,
            1 => ops.remove(0),
            _ => Act::Seq(ops).into(),
        };
        Some((Command { actor: actor.slot, op }, place))
    }

    /// An operation as wished for, or another where that is not possible.
    fn op(&mut self, wish: &Wish, place: &mut Place) -> Op {
        let mut numbers = Numbers::new(wish.numbers);
        let act = match wish.kind {
            Kind::Spawn => self.spawn(wish, &mut numbers, place),
            Kind::Link | Kind::Unlink | Kind::Exit2 | Kind::Trap => {
                self.life(wish.kind, &mut numbers, place)
            }
            Kind::Exit | Kind::Error | Kind::Throw | Kind::Return => {
                self.ending(wish.kind, &mut numbers, place)
            }
            Kind::Monitor => self.monitor(&mut numbers, place),
            Kind::Alias => {
                let bind = self.bind_ref(Origin::Alias, place);
                Act::Alias { reply: numbers.once_in(2), bind }
            }
            Kind::MakeRef => Act::MakeRef { bind: self.bind_ref(Origin::Plain, place) },
            Kind::SendAfter | Kind::StartTimer => self.timer(wish.kind, &mut numbers, place),
            Kind::Demonitor | Kind::Unalias | Kind::CancelTimer => {
                on_reference(wish.kind, &mut numbers, place)
                    .unwrap_or_else(|| self.monitor(&mut numbers, place))
            }
            kind => other(kind, &mut numbers, place),
        };
        let uncaught = can_raise(&act) && numbers.once_in(10);
        if uncaught {
            self.fates.may_crash(place.actor);
        }
        Op { act, uncaught }
    }

    fn spawn(&mut self, wish: &Wish, numbers: &mut Numbers, place: &mut Place) -> Act {
        if self.processes == ACTORS {
            return self.life(Kind::Link, numbers, place);
        }
        self.processes += 1;
        let child = self.fates.begin();
        let link = numbers.once_in(2);
        let monitor = numbers.once_in(3);
        if link {
            self.fates.may_link([place.actor, child], true);
        }
        let named = !numbers.once_in(10);
        let bind = named.then(|| self.name('@'));
        let pid = bind.map(|slot| PidName { slot, process: child });
        let mut inner = Place { actor: child, scope: place.scope.clone(), awaited: false };
        inner.scope.pids.extend(pid);
        let body = wish.body.iter().map(|wish| self.op(wish, &mut inner)).collect();
        place.scope.pids.extend(pid);
        let bind_ref = match monitor {
            true => self.bind_ref(Origin::Monitor, place),
            false => None,
        };
        Act::Spawn(Spawn { bind, bind_ref, link, monitor, body })
    }

    fn life(&mut self, kind: Kind, numbers: &mut Numbers, place: &Place) -> Act {
        if kind == Kind::Trap {
            let on = !numbers.once_in(4);
            self.fates.traps(place.actor, on, place.awaited);
            return Act::Trap { on };
        }
        let target = target(numbers, place);
        let to = Data::Name(target.slot);
        match kind {
            Kind::Link => {
                self.fates.may_link([place.actor, target.process], false);
                Act::Link { to }
            }
            Kind::Unlink => Act::Unlink { to },
            _ => {
                let reason = reason(numbers);
                let itself = target.process == place.actor;
                if reason != atom("normal") || itself {
                    let always = reason == atom("kill");
                    let lethal = if always { Lethal::Always } else { Lethal::UnlessTrapped };
                    self.fates.may_get(target.process, lethal);
                }
                Act::Exit2 { to, reason }
            }
        }
    }

    fn ending(&mut self, kind: Kind, numbers: &mut Numbers, place: &Place) -> Act {
        let reason = reason(numbers);
        self.fates.doom(place.actor);
        let quiet = kind == Kind::Return || kind == Kind::Exit && reason == atom("normal");
        match quiet {
            true => self.fates.may_return(place.actor),
            false => self.fates.may_crash(place.actor),
        }
        match kind {
            Kind::Exit => Act::Exit { reason },
            Kind::Error => Act::Error { reason },
            Kind::Throw => Act::Throw { reason },
            _ => Act::Return,
        }
    }

    fn monitor(&mut self, numbers: &mut Numbers, place: &mut Place) -> Act {
        let to = match numbers.below(8) {
            0 => registered(numbers),
            1 => away(numbers),
            _ => Data::Name(target(numbers, place).slot),
        };
        let alias = match numbers.below(12) {
            0 => Some(MonitorAlias::ExplicitUnalias),
            1 | 2 => Some(MonitorAlias::Demonitor),
            3 | 4 => Some(MonitorAlias::ReplyDemonitor),
            _ => None,
        };
        let origin = if alias.is_some() { Origin::AliasedMonitor } else { Origin::Monitor };
        Act::Monitor { to, alias, bind: self.bind_ref(origin, place) }
    }

    fn timer(&mut self, kind: Kind, numbers: &mut Numbers, place: &mut Place) -> Act {
        let ms = numbers.one_of(&[0, 0, 0, 1, 1, 1, 60, 100]);
        let to = match numbers.once_in(4) {
            true => registered(numbers),
            false => Data::Name(numbers.one_of(&place.scope.pids).slot),
        };
        let message = message(numbers, place);
        let timer = Timer { ms, to, message, bind: self.bind_ref(Origin::Timer, place) };
        match kind {
            Kind::SendAfter => Act::SendAfter(timer),
            _ => Act::StartTimer(timer),
        }
    }

    fn bind_ref(&mut self, origin: Origin, place: &mut Place) -> Option<Slot> {
        let slot = self.name('#');
        place.scope.refs.push(RefName { slot, origin });
        Some(slot)
    }

    fn name(&mut self, sigil: char) -> Slot {
        let slot = Slot(u16::try_from(self.names.len()).expect("a program has few names"));
        let (letter, count) = match sigil {
            '@' => ('p', &mut self.pids),
            _ => ('r', &mut self.refs),
        };
        self.names.push(format!("{sigil}{letter}{count}"));
        *count += 1;
        slot
    }
}

/// A step of one command, with the limit that programs have if they name none.
pub(super) fn one(command: Command, settle: bool) -> Step {
    Step::One { command, settle, limit: 150 }
}

/// What leaves nothing behind that the maker must know of.
fn other(kind: Kind, numbers: &mut Numbers, place: &Place) -> Act {
    let somebody = Data::Name(numbers.one_of(&place.scope.pids).slot);
    match kind {
        Kind::Register => Act::Register { name: new_name(numbers), to: somebody },
        Kind::Unregister => Act::Unregister { name: registered(numbers) },
        Kind::Whereis => Act::Whereis { name: registered(numbers) },
        Kind::Send => send(numbers, place),
        Kind::Recv => {
            let after = u32::try_from(numbers.below(4)).expect("a small number");
            Act::Recv { pattern: pattern(numbers, place), after: Some(after) }
        }
        Kind::Mailbox => Act::Mailbox,
        Kind::Info => {
            let items = [Item::Links, Item::Monitors, Item::MonitoredBy, Item::TrapExit];
            Act::Info { to: somebody, item: numbers.one_of(&items) }
        }
        Kind::Alive => Act::Alive { to: somebody },
        Kind::Sleep => Act::Sleep { ms: u32::try_from(numbers.below(3)).expect("a small number") },
        Kind::Yield => Act::Yield,
        _ => Act::Me,
    }
}

/// Something that is done to a reference, mostly of the right kind; `None` if there is none.
fn on_reference(kind: Kind, numbers: &mut Numbers, place: &Place) -> Option<Act> {
    let fits = |name: &&RefName| match kind {
        Kind::Demonitor => matches!(name.origin, Origin::Monitor | Origin::AliasedMonitor),
        Kind::Unalias => matches!(name.origin, Origin::Alias | Origin::AliasedMonitor),
        _ => name.origin == Origin::Timer,
    };
    let all = &place.scope.refs;
    let fitting: Vec<RefName> = all.iter().filter(fits).copied().collect();
    let any = all.is_empty() || (!fitting.is_empty() && !numbers.once_in(12));
    let choices = if any { &fitting } else { all };
    if choices.is_empty() {
        return None;
    }
    let reference = Data::Name(numbers.one_of(choices).slot);
    Some(match kind {
        Kind::Demonitor => {
            let (flush, info) = (numbers.once_in(2), numbers.once_in(3));
            Act::Demonitor { reference, flush, info }
        }
        Kind::Unalias => Act::Unalias { reference },
        _ => Act::CancelTimer { reference },
    })
}

fn can_raise(act: &Act) -> bool {
    matches!(
        act,
        Act::Link { .. } | Act::Register { .. } | Act::Unregister { .. } | Act::Send { .. }
    )
}

/// Whom something is done to: mostly another.
fn target(numbers: &mut Numbers, place: &Place) -> PidName {
    let others: Vec<PidName> =
        place.scope.pids.iter().filter(|name| name.process != place.actor).copied().collect();
    let itself = others.is_empty() || numbers.once_in(12);
    numbers.one_of(if itself { &place.scope.pids } else { &others })
}

fn send(numbers: &mut Numbers, place: &Place) -> Act {
    let aliases: Vec<RefName> = place
        .scope
        .refs
        .iter()
        .filter(|name| matches!(name.origin, Origin::Alias | Origin::AliasedMonitor))
        .copied()
        .collect();
    let to = match numbers.below(8) {
        0 => registered(numbers),
        1 => away(numbers),
        2..=5 if !aliases.is_empty() => Data::Name(numbers.one_of(&aliases).slot),
        2 if !place.scope.refs.is_empty() => Data::Name(numbers.one_of(&place.scope.refs).slot),
        _ => Data::Name(numbers.one_of(&place.scope.pids).slot),
    };
    Act::Send { to, message: message(numbers, place) }
}

pub(super) fn atom(name: &str) -> Data {
    Data::Atom(name.to_owned())
}

pub(super) fn tagged<const N: usize>(tag: &str, rest: [Data; N]) -> Data {
    Data::Tuple(std::iter::once(atom(tag)).chain(rest).collect())
}

fn reason(numbers: &mut Numbers) -> Data {
    match numbers.below(11) {
        0..=2 => atom("normal"),
        3..=5 => atom("boom"),
        6 | 7 => atom("kill"),
        8 => atom("killed"),
        9 => atom("shutdown"),
        _ => tagged("shutdown", [atom("x")]),
    }
}

/// A name that is looked for.
fn registered(numbers: &mut Numbers) -> Data {
    atom(numbers.one_of(&["srv", "srv", "srv", "reg", "reg", "nobody"]))
}

/// A name that is given.
fn new_name(numbers: &mut Numbers) -> Data {
    let once_in_24 = numbers.once_in(24);
    atom(if once_in_24 { "undefined" } else { numbers.one_of(&["srv", "srv", "reg"]) })
}

/// A name with its node.
fn away(numbers: &mut Numbers) -> Data {
    Data::Tuple(vec![registered(numbers), atom("nonode@nohost")])
}

fn message(numbers: &mut Numbers, place: &Place) -> Data {
    let pid = Data::Name(numbers.one_of(&place.scope.pids).slot);
    match numbers.below(8) {
        0..=2 => atom("a"),
        3 => atom("b"),
        4 | 5 => tagged("k", [Data::Int(1)]),
        6 if !place.scope.refs.is_empty() => Data::Name(numbers.one_of(&place.scope.refs).slot),
        6 => pid,
        _ => tagged("k", [pid]),
    }
}

fn pattern(numbers: &mut Numbers, place: &Place) -> Data {
    let any = || atom("_");
    let pid = Data::Name(numbers.one_of(&place.scope.pids).slot);
    let reference = match place.scope.refs.is_empty() {
        true => any(),
        false => Data::Name(numbers.one_of(&place.scope.refs).slot),
    };
    match numbers.below(9) {
        0..=2 => any(),
        3 => atom("a"),
        4 => tagged("k", [any()]),
        5 => tagged("EXIT", [pid, any()]),
        6 => tagged("EXIT", [any(), any()]),
        7 => tagged("DOWN", [reference, any(), any(), any()]),
        _ => tagged("timeout", [reference, any()]),
    }
}
