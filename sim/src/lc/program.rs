//! Programs of lc-v1 as data, and the code that they are compiled to.

use crate::name::Path;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};

/// A program.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Program {
    /// What the process `main` does.
    #[serde(default)]
    pub main: Vec<Op>,
    /// Other processes that are there from the beginning.
    #[serde(default)]
    pub procs: BTreeMap<String, Vec<Op>>,
    /// Variables with their first values; all others begin as 0.
    #[serde(default)]
    pub vars: BTreeMap<String, Value>,
    /// Whether the end of the code is an event `exit normal`.
    #[serde(default = "yes")]
    pub implicit_exit: bool,
    /// How signals travel.
    #[serde(default)]
    pub delivery: Delivery,
}

fn yes() -> bool {
    true
}

/// How signals travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// They act in the event that sends them.
    #[default]
    Instant,
    /// They stand in a channel for each pair of processes and are delivered by events of their own.
    Async,
}

/// A value of a variable or a register.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// A text; one that begins with `$` names a register where an operation takes a value.
    Text(String),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Text(value) => f.write_str(value),
        }
    }
}

/// An operation. Each is one event, but for [`Op::When`] and [`Op::Return`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
#[expect(missing_docs, reason = "the words of the format, told in docs/exploration.md")]
pub enum Op {
    Read {
        v: String,
        into: Option<String>,
    },
    Write {
        v: String,
        val: Value,
        plus: Option<i64>,
    },
    CasNew {
        v: String,
        val: Value,
        into: Option<String>,
    },
    Lock {
        l: String,
    },
    Unlock {
        l: String,
    },
    Spawn {
        #[serde(rename = "as")]
        child: String,
        body: Vec<Op>,
        #[serde(default)]
        link: bool,
        #[serde(default)]
        monitor: bool,
    },
    Send {
        to: String,
        tag: String,
    },
    SendName {
        name: String,
        tag: String,
    },
    Recv {
        tag: Option<String>,
        into: Option<String>,
    },
    Recv0 {
        tag: Option<String>,
        into: Option<String>,
    },
    Trap {
        on: bool,
    },
    Link {
        to: String,
    },
    Unlink {
        to: String,
    },
    Monitor {
        to: String,
        into: Option<String>,
    },
    Demonitor {
        to: String,
        #[serde(default)]
        flush: bool,
        into: Option<String>,
    },
    Exit {
        reason: String,
    },
    Exit2 {
        to: String,
        reason: String,
    },
    Register {
        name: String,
        pid: Option<String>,
        #[serde(default)]
        catch: bool,
        into: Option<String>,
    },
    Unregister {
        name: String,
    },
    Whereis {
        name: String,
        into: Option<String>,
    },
    Alive {
        of: String,
        into: Option<String>,
    },
    Timer {
        #[serde(rename = "as")]
        timer: String,
        tag: String,
        to: Option<String>,
    },
    Cancel {
        #[serde(alias = "t", alias = "timer")]
        of: String,
        into: Option<String>,
    },
    Task {
        t: String,
    },
    Dropref {
        t: String,
    },
    Gc,
    RunTask {
        t: String,
        into: Option<String>,
    },
    Nop,
    When {
        var: String,
        is: Option<Value>,
        not: Option<Value>,
        #[serde(default)]
        then: Vec<Op>,
        #[serde(default, rename = "else")]
        otherwise: Vec<Op>,
    },
    Return,
}

/// A program that names something that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadProgram(pub(super) String);

impl fmt::Display for BadProgram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadProgram {}

/// Names in the order in which they were met; an index stands for each.
#[derive(Clone, Debug, Default)]
pub(super) struct Table(pub(super) Vec<String>);

impl Table {
    pub(super) fn index(&mut self, name: &str) -> u32 {
        let at = self.0.iter().position(|known| known == name).unwrap_or_else(|| {
            self.0.push(name.to_owned());
            self.0.len() - 1
        });
        at as u32
    }

    pub(super) fn find(&self, name: &str) -> Option<u32> {
        self.0.iter().position(|known| known == name).map(|at| at as u32)
    }

    pub(super) fn name(&self, index: u32) -> &str {
        &self.0[index as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// What an operation takes: a value or a register, and a number to add.
#[derive(Clone, Debug)]
pub(super) struct Operand {
    pub(super) value: Value,
    pub(super) register: Option<u32>,
    pub(super) plus: i64,
}

/// An instruction with names made indices.
#[derive(Clone, Debug)]
pub(super) enum Code {
    Read {
        var: u32,
        into: Option<u32>,
    },
    Write {
        var: u32,
        operand: Operand,
    },
    CasNew {
        var: u32,
        operand: Operand,
        into: Option<u32>,
    },
    Lock(u32),
    Unlock(u32),
    Spawn {
        child: u32,
        link: bool,
        monitor: bool,
    },
    Send {
        to: u32,
        tag: u32,
    },
    SendName {
        name: u32,
        tag: u32,
    },
    Recv {
        tag: Option<u32>,
        into: Option<u32>,
        blocks: bool,
    },
    Trap(bool),
    Link(u32),
    Unlink(u32),
    Monitor {
        to: u32,
        into: Option<u32>,
    },
    Demonitor {
        to: u32,
        flush: bool,
        into: Option<u32>,
    },
    Exit(u32),
    Exit2 {
        to: u32,
        reason: u32,
    },
    Register {
        name: u32,
        pid: u32,
        catch: bool,
        into: Option<u32>,
    },
    Unregister(u32),
    Whereis {
        name: u32,
        into: Option<u32>,
    },
    Alive {
        of: u32,
        into: Option<u32>,
    },
    Timer {
        timer: u32,
    },
    Cancel {
        timer: u32,
        into: Option<u32>,
    },
    Task(u32),
    Dropref(u32),
    Gc,
    RunTask {
        task: u32,
        into: Option<u32>,
    },
    Nop,
    /// Goes on at the place unless the register is (or is not) this value.
    Branch {
        register: u32,
        value: Option<Value>,
        equal: bool,
        place: u32,
    },
    Jump(u32),
    Return,
}

/// A timer: whom it is for and what it brings.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimerCode {
    pub(super) to: u32,
    pub(super) tag: u32,
    pub(super) owner: u32,
}

/// The reasons that lc-v1 itself knows.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Reasons {
    pub(super) normal: u32,
    pub(super) killed: u32,
    pub(super) noproc: u32,
    pub(super) badarg: u32,
}

/// A compiled program.
#[derive(Clone, Debug, Default)]
pub(super) struct Compiled {
    /// The code of each process.
    pub(super) code: Vec<Vec<Code>>,
    pub(super) processes: Table,
    pub(super) vars: Table,
    pub(super) locks: Table,
    pub(super) registers: Table,
    /// Tags and reasons.
    pub(super) words: Table,
    pub(super) names: Table,
    pub(super) timer_names: Table,
    pub(super) timers: Vec<TimerCode>,
    pub(super) tasks: Table,
    pub(super) first: Vec<Option<Value>>,
    pub(super) reasons: Reasons,
    /// The name of each process.
    pub(super) paths: Vec<Path>,
    /// How many processes are there from the beginning.
    pub(super) roots: usize,
    pub(super) implicit_exit: bool,
    /// Whether processes link to and monitor each other: exits observe in which order.
    pub(super) makes_entries: bool,
    pub(super) is_async: bool,
}

impl Compiled {
    pub(super) fn new(program: &Program) -> Result<Compiled, BadProgram> {
        let mut compiled = Compiled {
            implicit_exit: program.implicit_exit,
            is_async: program.delivery == Delivery::Async,
            ..Compiled::default()
        };
        let roots: Vec<(&str, &[Op])> = std::iter::once(("main", program.main.as_slice()))
            .chain(program.procs.iter().map(|(name, body)| (name.as_str(), body.as_slice())))
            .collect();
        for (at, (name, _)) in roots.iter().enumerate() {
            compiled.declare(name, vec![at as u32 + 1])?;
        }
        compiled.roots = roots.len();
        for (at, (_, body)) in roots.iter().enumerate() {
            compiled.declare_children(body, &[at as u32 + 1], &mut 0)?;
        }
        let words = &mut compiled.words;
        let [normal, killed, noproc, badarg] =
            ["normal", "killed", "noproc", "badarg"].map(|reason| words.index(reason));
        compiled.reasons = Reasons { normal, killed, noproc, badarg };
        compiled.code.resize(compiled.processes.len(), Vec::new());
        for (name, body) in roots {
            compiled.compile(name, body)?;
        }
        for (name, value) in &program.vars {
            let var = compiled.vars.index(name) as usize;
            compiled.first.resize(compiled.first.len().max(var + 1), None);
            compiled.first[var] = Some(value.clone());
        }
        compiled.first.resize(compiled.vars.len(), None);
        Ok(compiled)
    }

    /// Names a process.
    fn declare(&mut self, name: &str, path: Path) -> Result<(), BadProgram> {
        if self.processes.0.iter().any(|known| known == name) {
            return Err(BadProgram(format!("two processes are called {name:?}")));
        }
        self.processes.index(name);
        self.paths.push(path);
        Ok(())
    }

    /// Names what a body spawns.
    fn declare_children(
        &mut self,
        body: &[Op],
        path: &[u32],
        ordinal: &mut u32,
    ) -> Result<(), BadProgram> {
        for op in body {
            match op {
                Op::Spawn { child, body, .. } => {
                    *ordinal += 1;
                    let path = [path, &[*ordinal]].concat();
                    self.declare(child, path.clone())?;
                    self.declare_children(body, &path, &mut 0)?;
                }
                Op::When { then, otherwise, .. } => {
                    self.declare_children(then, path, ordinal)?;
                    self.declare_children(otherwise, path, ordinal)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn compile(&mut self, name: &str, body: &[Op]) -> Result<(), BadProgram> {
        let me = self.process(name)?;
        let mut code = Vec::new();
        self.block(me, body, &mut code)?;
        self.code[me as usize] = code;
        Ok(())
    }

    fn process(&mut self, name: &str) -> Result<u32, BadProgram> {
        let known = self.processes.0.iter().position(|known| known == name);
        known
            .map(|at| at as u32)
            .ok_or_else(|| BadProgram(format!("there is no process called {name:?}")))
    }

    fn block(&mut self, me: u32, body: &[Op], code: &mut Vec<Code>) -> Result<(), BadProgram> {
        for op in body {
            if let Op::When { var, is, not, then, otherwise } = op {
                self.when(me, (var, is, not), [then, otherwise], code)?;
            } else {
                let instruction = self.instruction(me, op)?;
                self.makes_entries |= matches!(
                    instruction,
                    Code::Link(_)
                        | Code::Monitor { .. }
                        | Code::Spawn { link: true, .. }
                        | Code::Spawn { monitor: true, .. }
                );
                code.push(instruction);
            }
        }
        Ok(())
    }

    fn when(
        &mut self,
        me: u32,
        (var, is, not): (&str, &Option<Value>, &Option<Value>),
        [then, otherwise]: [&Vec<Op>; 2],
        code: &mut Vec<Code>,
    ) -> Result<(), BadProgram> {
        let (value, equal) = match (is, not) {
            (Some(value), None) => (Some(value.clone()), true),
            (None, Some(value)) => (Some(value.clone()), false),
            (None, None) => (None, true),
            (Some(_), Some(_)) => {
                return Err(BadProgram("`when` takes `is` or `not`, not both".to_owned()));
            }
        };
        let register = self.registers.index(var);
        let branch = code.len();
        code.push(Code::Nop);
        self.block(me, then, code)?;
        let jump = code.len();
        code.push(Code::Nop);
        code[branch] = Code::Branch { register, value, equal, place: code.len() as u32 };
        self.block(me, otherwise, code)?;
        code[jump] = Code::Jump(code.len() as u32);
        Ok(())
    }

    fn operand(&mut self, value: &Value, plus: Option<i64>) -> Operand {
        let register = match value {
            Value::Text(text) => text.strip_prefix('$').map(|name| self.registers.index(name)),
            _ => None,
        };
        Operand { value: value.clone(), register, plus: plus.unwrap_or(0) }
    }

    fn instruction(&mut self, me: u32, op: &Op) -> Result<Code, BadProgram> {
        let into = |table: &mut Table, into: &Option<String>| {
            into.as_deref().map(|name| table.index(name))
        };
        Ok(match op {
            Op::Read { v, into: to } => {
                Code::Read { var: self.vars.index(v), into: into(&mut self.registers, to) }
            }
            Op::Write { v, val, plus } => {
                Code::Write { var: self.vars.index(v), operand: self.operand(val, *plus) }
            }
            Op::CasNew { v, val, into: to } => Code::CasNew {
                var: self.vars.index(v),
                operand: self.operand(val, None),
                into: into(&mut self.registers, to),
            },
            Op::Lock { l } => Code::Lock(self.locks.index(l)),
            Op::Unlock { l } => Code::Unlock(self.locks.index(l)),
            Op::Spawn { child, body, link, monitor } => {
                self.compile(child, body)?;
                Code::Spawn { child: self.process(child)?, link: *link, monitor: *monitor }
            }
            Op::Send { to, tag } => {
                Code::Send { to: self.process(to)?, tag: self.words.index(tag) }
            }
            Op::SendName { name, tag } => {
                Code::SendName { name: self.names.index(name), tag: self.words.index(tag) }
            }
            Op::Recv { tag, into: to } => Code::Recv {
                tag: into(&mut self.words, tag),
                into: into(&mut self.registers, to),
                blocks: true,
            },
            Op::Recv0 { tag, into: to } => Code::Recv {
                tag: into(&mut self.words, tag),
                into: into(&mut self.registers, to),
                blocks: false,
            },
            Op::Trap { on } => Code::Trap(*on),
            Op::Link { to } => Code::Link(self.process(to)?),
            Op::Unlink { to } => Code::Unlink(self.process(to)?),
            Op::Monitor { to, into: register } => {
                Code::Monitor { to: self.process(to)?, into: into(&mut self.registers, register) }
            }
            Op::Demonitor { to, flush, into: register } => Code::Demonitor {
                to: self.process(to)?,
                flush: *flush,
                into: into(&mut self.registers, register),
            },
            Op::Exit { reason } => Code::Exit(self.words.index(reason)),
            Op::Exit2 { to, reason } => {
                Code::Exit2 { to: self.process(to)?, reason: self.words.index(reason) }
            }
            Op::Register { name, pid, catch, into: register } => Code::Register {
                name: self.names.index(name),
                pid: match pid {
                    Some(pid) => self.process(pid)?,
                    None => me,
                },
                catch: *catch,
                into: into(&mut self.registers, register),
            },
            Op::Unregister { name } => Code::Unregister(self.names.index(name)),
            Op::Whereis { name, into: register } => Code::Whereis {
                name: self.names.index(name),
                into: into(&mut self.registers, register),
            },
            Op::Alive { of, into: register } => {
                Code::Alive { of: self.process(of)?, into: into(&mut self.registers, register) }
            }
            Op::Timer { timer, tag, to } => {
                let known = self.timer_names.len();
                let index = self.timer_names.index(timer);
                if (index as usize) < known {
                    return Err(BadProgram(format!("two timers are called {timer:?}")));
                }
                let to = match to {
                    Some(to) => self.process(to)?,
                    None => me,
                };
                self.timers.push(TimerCode { to, tag: self.words.index(tag), owner: me });
                Code::Timer { timer: index }
            }
            Op::Cancel { of, into: register } => {
                let at = self.timer_names.0.iter().position(|known| known == of);
                let timer = at.ok_or_else(|| {
                    BadProgram(format!("a timer called {of:?} is cancelled before it is set"))
                })?;
                Code::Cancel { timer: timer as u32, into: into(&mut self.registers, register) }
            }
            Op::Task { t } => Code::Task(self.tasks.index(t)),
            Op::Dropref { t } => Code::Dropref(self.tasks.index(t)),
            Op::Gc => Code::Gc,
            Op::RunTask { t, into: register } => Code::RunTask {
                task: self.tasks.index(t),
                into: into(&mut self.registers, register),
            },
            Op::Nop => Code::Nop,
            Op::Return => Code::Return,
            Op::When { .. } => unreachable!("a block compiles its own branches"),
        })
    }
}
