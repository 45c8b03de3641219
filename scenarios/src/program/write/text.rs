//! Steps, operations and terms as compact lines.

use super::{
    super::{
        model::{Act, Command, Data, Item, MonitorAlias, Op, Slot, Spawn, Step, Timer},
        parse::{ITEMS, LIMIT, MONITOR_ALIASES},
    },
    act_name, can_raise, name, otp,
};

/// A step as a line: `@p1: link @p2`, `par: @p0: exit boom | @p1: recv _`, `wait 20 ms`.
///
/// # Panics
///
/// If a slot has no name.
pub fn step_text(step: &Step, names: &[String]) -> String {
    let command = |command: &Command| {
        format!("{}: {}", name(names, command.actor), op_text(&command.op, names))
    };
    let unsettled = |settle: &bool| if *settle { "" } else { " (no settle)" };
    match step {
        Step::One { command: one, settle, limit } => {
            let limit = match *limit {
                LIMIT => String::new(),
                ms => format!(" (limit {ms} ms)"),
            };
            format!("{}{limit}{}", command(one), unsettled(settle))
        }
        Step::Par { commands, settle } => {
            let all: Vec<String> = commands.iter().map(command).collect();
            format!("par: {}{}", all.join(" | "), unsettled(settle))
        }
        Step::Wait { ms } => format!("wait {ms} ms"),
    }
}

/// An operation as a line: `link @p2`, `spawn @p1 [link] { recv _; exit boom }`.
///
/// # Panics
///
/// If a slot has no name.
pub fn op_text(op: &Op, names: &[String]) -> String {
    let mut words = vec![act_name(&op.act).to_owned()];
    Words { names, words: &mut words }.act(&op.act);
    if op.uncaught && can_raise(&op.act) {
        words.push("(uncaught)".to_owned());
    }
    words.join(" ")
}

/// A term as Erlang writes it, with names for pids and references: `{reply, #r1, [1, @p0]}`.
///
/// # Panics
///
/// If a slot has no name.
pub fn data_text(data: &Data, names: &[String]) -> String {
    let inner = |elements: &[Data]| {
        let all: Vec<String> = elements.iter().map(|data| data_text(data, names)).collect();
        all.join(", ")
    };
    match data {
        Data::Int(integer) => integer.to_string(),
        Data::Atom(atom) => atom_text(atom),
        Data::Name(slot) => name(names, *slot).to_owned(),
        Data::Tuple(elements) => format!("{{{}}}", inner(elements)),
        Data::List(elements) => format!("[{}]", inner(elements)),
        Data::Map(pairs) => {
            let pair = |(key, value): &(Data, Data)| {
                format!("{} => {}", data_text(key, names), data_text(value, names))
            };
            let all: Vec<String> = pairs.iter().map(pair).collect();
            format!("#{{{}}}", all.join(", "))
        }
    }
}

/// An atom, in quotes if Erlang would quote it; `_` stands for the pattern.
fn atom_text(atom: &str) -> String {
    let plain = atom.starts_with(|first: char| first.is_ascii_lowercase())
        && atom.chars().all(|letter| letter.is_ascii_alphanumeric() || "_@".contains(letter));
    if plain || atom == "_" {
        return atom.to_owned();
    }
    format!("'{}'", atom.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// The words after the name of an operation.
pub(super) struct Words<'w> {
    names: &'w [String],
    words: &'w mut Vec<String>,
}

impl Words<'_> {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Me | Act::Return | Act::Mailbox | Act::Yield => {}
            Act::Seq(ops) => self.ops(ops),
            Act::Spawn(spawn) => self.spawn(spawn),
            Act::Link { to } | Act::Unlink { to } | Act::Alive { to } => self.terms(&[to]),
            Act::Exit { reason } | Act::Error { reason } | Act::Throw { reason } => {
                self.terms(&[reason]);
            }
            Act::Exit2 { to, reason } => self.terms(&[to, reason]),
            Act::Trap { on } => self.word(on.to_string()),
            Act::Monitor { to, alias, bind } => self.monitor(to, *alias, *bind),
            Act::Demonitor { reference, flush, info } => {
                self.terms(&[reference]);
                self.options(&[("flush", *flush), ("info", *info)]);
            }
            Act::Register { name, to } => self.terms(&[name, to]),
            Act::Unregister { name } | Act::Whereis { name } => self.terms(&[name]),
            Act::Send { to, message } => self.terms(&[to, message]),
            Act::Recv { pattern, after } => {
                self.terms(&[pattern]);
                after.iter().for_each(|ms| self.word(format!("after {ms} ms")));
            }
            Act::Info { to, item } => self.info(to, *item),
            Act::MakeRef { bind } => self.bind(*bind),
            Act::Alias { reply, bind } => {
                self.options(&[("reply", *reply)]);
                self.bind(*bind);
            }
            Act::Unalias { reference } | Act::CancelTimer { reference } => {
                self.terms(&[reference]);
            }
            Act::SendAfter(timer) | Act::StartTimer(timer) => self.timer(timer),
            Act::Sleep { ms } => self.word(format!("{ms} ms")),
            Act::GroupLeaderTo { to: term } | Act::Value { value: term } => self.terms(&[term]),
            Act::Server(op) => otp::server_words(self, op),
            Act::Agent(op) => otp::agent_words(self, op),
            Act::Task(op) => otp::task_words(self, op),
        }
    }

    fn spawn(&mut self, spawn: &Spawn) {
        for slot in [spawn.bind, spawn.bind_ref].into_iter().flatten() {
            self.word(name(self.names, slot).to_owned());
        }
        self.options(&[("link", spawn.link), ("monitor", spawn.monitor)]);
        if !spawn.body.is_empty() {
            self.ops(&spawn.body);
        }
    }

    fn monitor(&mut self, to: &Data, alias: Option<MonitorAlias>, bind: Option<Slot>) {
        self.terms(&[to]);
        let alias = MONITOR_ALIASES.iter().find(|(_, known)| Some(*known) == alias);
        alias.into_iter().for_each(|(word, _)| self.word(format!("[alias {word}]")));
        self.bind(bind);
    }

    fn info(&mut self, to: &Data, item: Item) {
        self.terms(&[to]);
        let item = ITEMS.iter().find(|(_, known)| *known == item);
        item.into_iter().for_each(|&(word, _)| self.word(word.to_owned()));
    }

    fn timer(&mut self, timer: &Timer) {
        self.word(format!("{} ms", timer.ms));
        self.terms(&[&timer.to, &timer.message]);
        self.bind(timer.bind);
    }

    pub(super) fn word(&mut self, word: String) {
        self.words.push(word);
    }

    /// A time limit that is not the usual one.
    pub(super) fn limit(&mut self, ms: u32, usual: u32) {
        if ms != usual {
            self.word(format!("within {ms} ms"));
        }
    }

    pub(super) fn terms(&mut self, terms: &[&Data]) {
        terms.iter().for_each(|data| self.word(data_text(data, self.names)));
    }

    pub(super) fn bind(&mut self, slot: Option<Slot>) {
        if let Some(slot) = slot {
            self.word(format!("as {}", name(self.names, slot)));
        }
    }

    pub(super) fn options(&mut self, options: &[(&str, bool)]) {
        let set = options.iter().filter(|(_, set)| *set);
        let set: Vec<&str> = set.map(|&(option, _)| option).collect();
        if !set.is_empty() {
            self.word(format!("[{}]", set.join(", ")));
        }
    }

    pub(super) fn ops(&mut self, ops: &[Op]) {
        let all: Vec<String> = ops.iter().map(|op| op_text(op, self.names)).collect();
        self.word(match all.is_empty() {
            true => "{}".to_owned(),
            false => format!("{{ {} }}", all.join("; ")),
        });
    }
}
