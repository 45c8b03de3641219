//! Step programs from JSON.
//!
//! Reading is strict: what is not understood is refused with its place, `main[3]` or
//! `tasks.T[0][1][2]`, and with what is expected there. Leaves out whether objects are there when they
//! are named: that depends on the run, and the program then raises `KeyError`.

use super::{
    json::Json,
    model::{
        After, Block, CLASSES, Data, Guarded, Mode, Op, Place, Primitive, Program, RETURN_WHEN,
        Raised, Time,
    },
};
use crate::program::parse::{ProgramError, hint, listed};
use std::{collections::BTreeMap, ops::RangeInclusive};

type Read<T> = Result<T, ProgramError>;

/// How deep operations may nest.
const NESTING: usize = 32;
/// The most `sleep(0)` of one operation.
const YIELDS: i64 = 10_000;
/// The largest size of a queue or value of a semaphore.
const SIZE: i64 = 1_000_000;
/// The longest time, in units.
const LONGEST: f64 = 4_000_000.0;

/// Every operation with the number of its arguments.
const OPERATIONS: [(&str, RangeInclusive<usize>); 43] = [
    ("log", 1..=1),
    ("gc", 0..=0),
    ("state", 1..=1),
    ("spawn", 2..=2),
    ("tg_spawn", 2..=2),
    ("future", 2..=2),
    ("set_result", 2..=2),
    ("set_exception", 2..=2),
    ("retrieve", 1..=1),
    ("drop", 1..=1),
    ("copy", 3..=3),
    ("link", 3..=3),
    ("new", 3..=4),
    ("put_nowait", 2..=2),
    ("set", 1..=1),
    ("release", 1..=1),
    ("call_soon", 1..=2),
    ("call_later", 2..=4),
    ("cancel_handle", 1..=1),
    ("add_cb", 2..=2),
    ("cancel", 1..=2),
    ("cancelling", 1..=1),
    ("uncancel", 1..=1),
    ("shield", 3..=3),
    ("gather", 3..=4),
    ("all_tasks", 0..=0),
    ("stop", 0..=0),
    ("raise", 1..=1),
    ("sleep", 1..=1),
    ("yield", 1..=1),
    ("await", 1..=2),
    ("await_private", 0..=0),
    ("get", 1..=1),
    ("put", 2..=2),
    ("wait_event", 1..=1),
    ("acquire", 1..=1),
    ("tg", 1..=1),
    ("timeout", 2..=2),
    ("wait_for", 2..=2),
    ("wait", 2..=3),
    ("try", 2..=4),
    ("call", 1..=1),
    ("return", 1..=1),
];

/// What may be done when the loop has returned, beside operations.
const AFTER: [(&str, RangeInclusive<usize>); 3] =
    [("close", 0..=0), ("forget_loop", 0..=0), ("run_again", 1..=1)];

impl Program {
    /// Reads a program: the object under `program` of a vector.
    ///
    /// # Errors
    /// If it is none, with the place.
    pub fn from_text(text: &str) -> Result<Program, ProgramError> {
        let json: Json = serde_json::from_str(text)?;
        Program::from_json("", &json)
    }

    /// The same of the line of a vector.
    ///
    /// # Errors
    /// If it holds no program, with the place.
    pub fn from_vector(line: &str) -> Result<Program, ProgramError> {
        let json: Json = serde_json::from_str(line)?;
        let program = json.get("program");
        let program = program.ok_or_else(|| refuse("the vector", "it has no key `program`"))?;
        Program::from_json("", program)
    }

    fn from_json(place: &str, json: &Json) -> Read<Program> {
        let Json::Object(rows) = json else {
            return Err(expected("the program", "an object", json));
        };
        const KEYS: [&str; 6] = ["tasks", "main", "mode", "after", "debug", "eager"];
        if let Some((key, _)) = rows.iter().find(|(key, _)| !KEYS.contains(&key.as_str())) {
            let near = hint(key, KEYS, || format!(": it has {}", listed(KEYS, "and")));
            return Err(refuse("the program", format!("it has no key `{key}`{near}")));
        }
        let none = Json::Object(Vec::new());
        let Json::Object(bodies) = json.get("tasks").unwrap_or(&none) else {
            return Err(expected("tasks", "an object", json.get("tasks").unwrap_or(&none)));
        };
        let reader = Reader { tasks: bodies.iter().map(|(name, _)| name.as_str()).collect() };
        let mut tasks = BTreeMap::new();
        for (name, body) in bodies {
            let place = format!("{place}tasks.{name}");
            if name.is_empty() || name.contains('#') {
                return Err(refuse(&place, "the name of a body is not empty and has no `#`"));
            }
            if tasks.insert(name.clone(), reader.block(&place, body, 0)?).is_some() {
                return Err(refuse(&place, "this body is there already"));
            }
        }
        let main = json.get("main").ok_or_else(|| refuse("the program", "it has no key `main`"))?;
        let main = reader.block("main", main, 0)?;
        let mode = mode(json)?;
        let after = reader.after(json.get("after"))?;
        if mode == Mode::Run && !after.is_empty() {
            return Err(refuse("after", "nothing is left to do after `asyncio.run`"));
        }
        let (debug, eager) = (flag(json, "debug")?, flag(json, "eager")?);
        if mode == Mode::Run && eager {
            return Err(refuse("eager", "tasks are eager under `run_until_complete` only"));
        }
        Ok(Program { tasks, main, mode, after, debug, eager })
    }
}

fn mode(json: &Json) -> Read<Mode> {
    match json.get("mode") {
        None => Ok(Mode::Loop),
        Some(Json::Text(text)) if text == "loop" => Ok(Mode::Loop),
        Some(Json::Text(text)) if text == "asyncio.run" => Ok(Mode::Run),
        Some(other) => Err(expected("mode", "`loop` or `asyncio.run`", other)),
    }
}

fn flag(json: &Json, key: &str) -> Read<bool> {
    match json.get(key) {
        None => Ok(false),
        Some(Json::Bool(truth)) => Ok(*truth),
        Some(other) => Err(expected(key, "a boolean", other)),
    }
}

fn refuse(place: &str, reason: impl Into<String>) -> ProgramError {
    ProgramError { place: place.to_owned(), reason: reason.into() }
}

fn expected(place: &str, what: &str, found: &Json) -> ProgramError {
    refuse(place, format!("expected {what}, found {}", found.shown()))
}

/// What is known of the program while it is read.
struct Reader<'j> {
    tasks: Vec<&'j str>,
}

/// An operation: where it stands, and its arguments.
struct Call<'j> {
    place: &'j str,
    args: &'j [Json],
    depth: usize,
}

impl Reader<'_> {
    fn block(&self, place: &str, json: &Json, depth: usize) -> Read<Block> {
        let Json::Array(ops) = json else {
            return Err(expected(place, "an array of operations", json));
        };
        if depth > NESTING {
            return Err(refuse(place, format!("operations nest at most {NESTING} deep")));
        }
        let ops = ops.iter().enumerate();
        ops.map(|(at, op)| self.op(&format!("{place}[{at}]"), op, depth)).collect()
    }

    /// Operations of a callback.
    fn callback(&self, place: &str, json: &Json, depth: usize) -> Read<Block> {
        let block = self.block(place, json, depth)?;
        match block.iter().position(Op::waits) {
            Some(at) => Err(refuse(
                &format!("{place}[{at}]"),
                "a callback cannot wait: this stands in coroutines only",
            )),
            None => Ok(block),
        }
    }

    fn after(&self, json: Option<&Json>) -> Read<Vec<After>> {
        let Some(json) = json else { return Ok(Vec::new()) };
        let Json::Array(ops) = json else {
            return Err(expected("after", "an array of operations", json));
        };
        let ops = ops.iter().enumerate();
        ops.map(|(at, op)| self.after_op(&format!("after[{at}]"), op)).collect()
    }

    fn after_op(&self, place: &str, json: &Json) -> Read<After> {
        let (name, args) = head(place, json)?;
        if let Some((_, arity)) = AFTER.iter().find(|(known, _)| *known == name) {
            let call = Call { place, args, depth: 0 };
            call.takes(name, arity)?;
            return Ok(match name {
                "close" => After::Close,
                "forget_loop" => After::ForgetLoop,
                _ => After::RunAgain(call.time(0)?),
            });
        }
        let op = self.op(place, json, 0)?;
        if op.waits() || op.needs_running_loop() && op != Op::AllTasks {
            return Err(refuse(place, format!("`{name}` needs a loop that runs")));
        }
        Ok(After::Op(op))
    }

    fn op(&self, place: &str, json: &Json, depth: usize) -> Read<Op> {
        let (name, args) = head(place, json)?;
        let Some((_, arity)) = OPERATIONS.iter().find(|(known, _)| *known == name) else {
            let near = hint(name, OPERATIONS.iter().map(|(known, _)| *known), String::new);
            return Err(refuse(place, format!("there is no operation `{name}`{near}")));
        };
        let call = Call { place, args, depth };
        call.takes(name, arity)?;
        self.known(name, &call)
    }

    /// An operation that exists, with the right number of arguments.
    fn known(&self, name: &str, call: &Call<'_>) -> Read<Op> {
        Ok(match name {
            "log" => Op::Log(call.text(0)?),
            "gc" => Op::Collect,
            "state" => Op::State(call.name(0)?),
            "spawn" => Op::Spawn(self.task(call, 0)?, call.holder(1)?),
            "tg_spawn" => Op::GroupSpawn(self.task(call, 0)?, call.holder(1)?),
            "future" => Op::Future(call.name(0)?, call.holder(1)?),
            "set_result" => Op::SetResult(call.name(0)?, call.data(1)?),
            "set_exception" => Op::SetException(call.name(0)?, call.raised(1)?),
            "retrieve" => Op::Retrieve(call.name(0)?),
            "drop" => Op::Drop(call.name(0)?),
            "copy" => Op::Copy(call.name(0)?, call.name(1)?, call.holder(2)?),
            "link" => Op::Link(call.name(0)?, call.name(1)?, call.name(2)?),
            "new" => call.primitive()?,
            "put_nowait" => Op::PutNowait(call.name(0)?, call.data(1)?),
            "set" => Op::Set(call.name(0)?),
            "release" => Op::Release(call.name(0)?),
            "call_soon" => Op::CallSoon(self.callback_of(call, 0)?, call.optional_names(1)?),
            "call_later" => Op::CallLater(
                call.time(0)?,
                self.callback_of(call, 1)?,
                call.optional_names(2)?,
                call.optional(3, Call::name)?,
            ),
            "cancel_handle" => Op::CancelHandle(call.name(0)?),
            "add_cb" => Op::AddCallback(call.name(0)?, self.callback_of(call, 1)?),
            "cancel" => Op::Cancel(call.name(0)?, call.optional(1, Call::text)?),
            "cancelling" => Op::Cancelling(call.name(0)?),
            "uncancel" => Op::Uncancel(call.name(0)?),
            "shield" => Op::Shield(call.name(0)?, call.name(1)?, call.holder(2)?),
            "gather" => Op::Gather(
                call.names(0)?,
                call.name(1)?,
                call.holder(2)?,
                call.optional(3, Call::flag)?.unwrap_or(false),
            ),
            "all_tasks" => Op::AllTasks,
            "stop" => Op::Stop,
            "raise" => Op::Raise(call.raised(0)?),
            _ => self.waiting(name, call)?,
        })
    }

    /// An operation of coroutines only.
    fn waiting(&self, name: &str, call: &Call<'_>) -> Read<Op> {
        Ok(match name {
            "sleep" => Op::Sleep(call.time(0)?),
            "yield" => Op::Yield(call.number(0, YIELDS)?),
            "await" => Op::Await(call.name(0)?, call.optional(1, Call::text)?),
            "await_private" => Op::AwaitPrivate,
            "get" => Op::Get(call.name(0)?),
            "put" => Op::Put(call.name(0)?, call.data(1)?),
            "wait_event" => Op::WaitEvent(call.name(0)?),
            "acquire" => Op::Acquire(call.name(0)?),
            "tg" => Op::Group(self.block_of(call, 0)?),
            "timeout" => Op::Timeout(call.time(0)?, self.block_of(call, 1)?),
            "wait_for" => Op::WaitFor(call.name(0)?, call.time(1)?),
            "wait" => self.wait(call)?,
            "try" => Op::Try(Box::new(self.guarded(call)?)),
            "call" => Op::Call(self.block_of(call, 0)?),
            _ => Op::Return(call.data(0)?),
        })
    }

    fn wait(&self, call: &Call<'_>) -> Read<Op> {
        let time = match call.args[1] {
            Json::Null => None,
            _ => Some(call.time(1)?),
        };
        let when = call.optional(2, |call, at| call.one_of(at, &RETURN_WHEN))?.unwrap_or_default();
        Ok(Op::Wait(call.names(0)?, time, when))
    }

    fn guarded(&self, call: &Call<'_>) -> Read<Guarded> {
        let Json::Object(rows) = &call.args[1] else {
            return Err(expected(&call.at(1), "an object of handlers", &call.args[1]));
        };
        let mut handlers = Vec::new();
        for (class, ops) in rows {
            let place = format!("{}.{class}", call.at(1));
            if !CLASSES.contains(&class.as_str()) {
                return Err(refuse(&place, no_class(class)));
            }
            handlers.push((class.clone(), self.block(&place, ops, call.depth + 1)?));
        }
        let finally = match call.args.get(2) {
            Some(_) => self.block_of(call, 2)?,
            None => Block::from([]),
        };
        let reraises = call.optional(3, Call::flag)?.unwrap_or(false);
        Ok(Guarded { body: self.block_of(call, 0)?, handlers, finally, reraises })
    }

    fn block_of(&self, call: &Call<'_>, at: usize) -> Read<Block> {
        self.block(&call.at(at), &call.args[at], call.depth + 1)
    }

    fn callback_of(&self, call: &Call<'_>, at: usize) -> Read<Block> {
        self.callback(&call.at(at), &call.args[at], call.depth + 1)
    }

    /// The name of a task whose body is there.
    fn task(&self, call: &Call<'_>, at: usize) -> Read<String> {
        let name = call.name(at)?;
        let body = name.split('#').next().unwrap_or_default();
        if self.tasks.contains(&body) {
            return Ok(name);
        }
        let known = || format!(": there is {}", listed(self.tasks.iter().copied(), "and"));
        let near = hint(body, self.tasks.iter().copied(), known);
        Err(refuse(&call.at(at), format!("no task has a body `{body}`{near}")))
    }
}

/// The name of an operation and its arguments.
fn head<'j>(place: &str, json: &'j Json) -> Read<(&'j str, &'j [Json])> {
    match json {
        Json::Array(items) => match items.as_slice() {
            [Json::Text(name), args @ ..] => Ok((name, args)),
            _ => Err(refuse(place, "an operation begins with its name")),
        },
        other => Err(expected(place, "an operation `[name, ..]`", other)),
    }
}

fn no_class(class: &str) -> String {
    let near = hint(class, CLASSES, || format!(": there is {}", listed(CLASSES, "and")));
    format!("there is no class `{class}`{near}")
}

impl Call<'_> {
    /// Where an argument stands; the name of the operation is number 0.
    fn at(&self, at: usize) -> String {
        format!("{}[{}]", self.place, at + 1)
    }

    fn takes(&self, name: &str, arity: &RangeInclusive<usize>) -> Read<()> {
        if arity.contains(&self.args.len()) {
            return Ok(());
        }
        let (least, most) = (arity.start(), arity.end());
        let plural = if *most == 1 { "" } else { "s" };
        let wanted = match (least, most) {
            (0, 0) => "no arguments".to_owned(),
            (least, most) if least == most => format!("{most} argument{plural}"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        Err(refuse(self.place, format!("`{name}` takes {wanted}, found {}", self.args.len())))
    }

    fn optional<T>(&self, at: usize, read: impl Fn(&Self, usize) -> Read<T>) -> Read<Option<T>> {
        (at < self.args.len()).then(|| read(self, at)).transpose()
    }

    fn text(&self, at: usize) -> Read<String> {
        match &self.args[at] {
            Json::Text(text) => Ok(text.clone()),
            other => Err(expected(&self.at(at), "a string", other)),
        }
    }

    fn name(&self, at: usize) -> Read<String> {
        match &self.args[at] {
            Json::Text(text) if !text.is_empty() => Ok(text.clone()),
            other => Err(expected(&self.at(at), "a name", other)),
        }
    }

    fn names(&self, at: usize) -> Read<Vec<String>> {
        let Json::Array(items) = &self.args[at] else {
            return Err(expected(&self.at(at), "an array of names", &self.args[at]));
        };
        let place = self.at(at);
        let inner = Call { place: &place, args: items, depth: self.depth };
        (0..items.len())
            .map(|nth| match &items[nth] {
                Json::Text(text) if !text.is_empty() => Ok(text.clone()),
                other => Err(expected(&format!("{}[{nth}]", inner.place), "a name", other)),
            })
            .collect()
    }

    fn optional_names(&self, at: usize) -> Read<Vec<String>> {
        Ok(self.optional(at, Call::names)?.unwrap_or_default())
    }

    fn flag(&self, at: usize) -> Read<bool> {
        match &self.args[at] {
            Json::Bool(truth) => Ok(*truth),
            other => Err(expected(&self.at(at), "a boolean", other)),
        }
    }

    fn number(&self, at: usize, most: i64) -> Read<u32> {
        match &self.args[at] {
            Json::Int(number) if (0..=most).contains(number) => Ok(*number as u32),
            other => Err(expected(&self.at(at), &format!("an integer from 0 to {most}"), other)),
        }
    }

    fn time(&self, at: usize) -> Read<Time> {
        let units = match &self.args[at] {
            Json::Int(units) => *units as f64,
            Json::Float(units) => *units,
            other => return Err(expected(&self.at(at), "a time in units", other)),
        };
        let thousandths = units * 1000.0;
        if !(0.0..=LONGEST).contains(&units) || thousandths.fract() != 0.0 {
            let what = "a time in units, 0 or more, with three decimals at most";
            return Err(expected(&self.at(at), what, &self.args[at]));
        }
        Ok(Time(thousandths as u32))
    }

    fn one_of<T: Copy>(&self, at: usize, known: &[(&str, T)]) -> Read<T> {
        let name = self.text(at)?;
        let found = known.iter().find(|(known, _)| *known == name);
        found.map(|&(_, one)| one).ok_or_else(|| {
            let names = listed(known.iter().map(|(known, _)| *known), "or");
            expected(&self.at(at), &names, &self.args[at])
        })
    }

    fn holder(&self, at: usize) -> Read<Place> {
        self.one_of(at, &Place::ALL)
    }

    fn primitive(&self) -> Read<Op> {
        let kind = self.one_of(0, &Primitive::ALL)?;
        let holder = self.holder(2)?;
        if holder == Place::Set {
            return Err(refuse(&self.at(2), "the background set is for tasks and futures"));
        }
        let size = self.optional(3, |call, at| call.number(at, SIZE))?;
        if size.is_some() && !matches!(kind, Primitive::Queue | Primitive::Semaphore) {
            return Err(refuse(&self.at(3), "only a queue has a size, and a semaphore a value"));
        }
        Ok(Op::New(kind, self.name(1)?, holder, size))
    }

    fn raised(&self, at: usize) -> Read<Raised> {
        let text = self.text(at)?;
        let (class, text) = text.split_once(':').unwrap_or((&text, ""));
        if !CLASSES.contains(&class) {
            return Err(refuse(&self.at(at), no_class(class)));
        }
        if class.ends_with("Group") {
            return Err(refuse(&self.at(at), "a group is raised by a TaskGroup only"));
        }
        Ok(Raised { class: class.to_owned(), text: text.to_owned() })
    }

    fn data(&self, at: usize) -> Read<Data> {
        data(&self.at(at), &self.args[at])
    }
}

fn data(place: &str, json: &Json) -> Read<Data> {
    Ok(match json {
        Json::Null => Data::None,
        Json::Bool(truth) => Data::Bool(*truth),
        Json::Int(number) => Data::Int(*number),
        Json::Text(text) => Data::Text(text.clone()),
        Json::Array(items) => {
            let items = items.iter().enumerate();
            let items = items.map(|(at, item)| data(&format!("{place}[{at}]"), item));
            Data::List(items.collect::<Read<_>>()?)
        }
        other => {
            let what = "null, a boolean, an integer, a string or an array of these";
            return Err(expected(place, what, other));
        }
    })
}
