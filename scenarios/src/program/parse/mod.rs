//! Programs from JSON.
//!
//! Reading is strict: what is not understood is refused with its place and with what was meant, if
//! something is near. Whatever can be seen without running is seen here: names that nothing binds,
//! numbers out of range, keys that would do nothing. Whether a profile or an invariant exists is
//! for whoever runs the program.

mod data;
mod error;
mod fields;
mod json;
mod kv;
mod names;
mod ops;
mod otp;
pub(in crate::program) mod sup;

use super::model::{Command, Program, Slot, Step};
use error::{Place, Read};
pub(crate) use error::{hint, listed};
use fields::{Fields, object};
use names::{Names, Sort, name_of};
use serde_json::{Map, Value};

pub use error::ProgramError;
pub(super) use ops::{ITEMS, MONITOR_ALIASES};
pub use ops::{Operation, operations};

/// How long a result is waited for, in ms, unless the step says otherwise.
pub const LIMIT: u32 = 150;
/// The most steps in a program.
pub const STEPS: usize = 1000;
/// How deep brackets may nest in a step; with those around it, JSON readers bear that.
pub const NESTING: usize = 64;

/// The kinds of programs that are no list of what actors do.
const OTHER_KINDS: [&str; 2] = ["sup", "kv"];
/// What a file may say.
const KEYS: [&str; 10] = [
    "$schema",
    "about",
    "breaks",
    "id",
    "invariants",
    "kind",
    "linger",
    "profile",
    "program",
    "rule",
];
/// What recorded vectors say beside: how the BEAM behaved. It has no bearing on the program.
const RECORDED: [&str; 8] =
    ["deterministic", "observed", "observed_set", "platform", "race", "race_note", "runs", "topic"];

impl Program {
    /// Reads a program from the text of its file.
    ///
    /// # Errors
    ///
    /// With line and column if the text is no JSON or an object has a key twice; otherwise as
    /// [`Program::from_value`].
    pub fn from_json(text: &str) -> Result<Program, ProgramError> {
        let json::Unique(value) = serde_json::from_str(text)?;
        Program::from_value(&value)
    }

    /// Reads a program from JSON.
    ///
    /// Names get their slots in the order in which they are first met.
    ///
    /// # Errors
    ///
    /// [`ProgramError`] with the first thing that is not as it should be. A program of another kind is
    /// refused: `SupProgram` and `KvProgram` read those.
    pub fn from_value(value: &Value) -> Result<Program, ProgramError> {
        let place = Place::File;
        let file = object(&place, value, "an object with `program`")?;
        only_processes(&place, file)?;
        let mut names = Names::new();
        let what = "a program".to_owned();
        let fields = Fields { what, object: file, place: &place, names: &mut names };
        fields.only(&[&KEYS, &RECORDED])?;
        let mut program = program(fields)?;
        program.names = names.finish()?;
        Ok(program)
    }
}

/// Refuses the kinds that are judged as vectors alone.
fn only_processes(place: &Place<'_>, file: &Map<String, Value>) -> Read<()> {
    let Some(value) = file.get("kind") else { return Ok(()) };
    let place = place.key("kind");
    match value.as_str().ok_or_else(|| place.expected("`proc`", value))? {
        "proc" => Ok(()),
        kind if OTHER_KINDS.contains(&kind) => Err(place.refuse(format!(
            "a program of kind `{kind}` is a vector: `atropos conform` judges it, it is not hunted"
        ))),
        kind => {
            let hint = hint(kind, ["proc"], || ": expected `proc`".to_owned());
            Err(place.refuse(format!("there is no kind `{kind}`{hint}")))
        }
    }
}

/// Reads all but the names.
fn program(mut fields: Fields<'_>) -> Read<Program> {
    if fields.optional("rule").is_some() && fields.optional("about").is_some() {
        return Err(fields.place.refuse("`rule` and `about` mean the same: only one may be there"));
    }
    sound(&fields)?;
    let about = if fields.optional("about").is_some() { "about" } else { "rule" };
    Ok(Program {
        id: fields.text_or("id", "program")?,
        about: fields.text_or(about, "")?,
        profile: fields.text_or("profile", "otp-25")?,
        names: Vec::new(),
        steps: fields.each("program", step)?,
        linger: fields.ms_if("linger")?.unwrap_or(0),
        invariants: fields.strings("invariants")?,
        breaks: fields.strings("breaks")?,
    })
}

/// Refuses what is too large to be read.
fn sound(fields: &Fields<'_>) -> Read<()> {
    fields.required("program")?;
    let place = fields.place.key("program");
    let steps = fields.array("program")?;
    if steps.len() > STEPS {
        let found = steps.len();
        return Err(place.refuse(format!("a program has at most {STEPS} steps, found {found}")));
    }
    if let Some(index) = steps.iter().position(|step| deeper(step, NESTING)) {
        let why = format!("brackets nest at most {NESTING} deep in a step");
        return Err(place.index(index).refuse(why));
    }
    Ok(())
}

/// Whether brackets nest deeper than this. Looks no deeper itself, so no value is too deep for it.
fn deeper(value: &Value, most: usize) -> bool {
    let below = |value: &Value| deeper(value, most - 1);
    match value {
        Value::Array(_) | Value::Object(_) if most == 0 => true,
        Value::Array(elements) => elements.iter().any(below),
        Value::Object(object) => object.values().any(below),
        _ => false,
    }
}

fn step(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<Step> {
    let object = object(place, value, "a step, an object with `op`")?;
    let name = ops::name(place, object)?;
    let fields = Fields { what: format!("`{name}`"), object, place, names };
    match name {
        "par" => par(fields),
        "wait" => {
            // Recorded waits name an actor, which has no part in it.
            fields.only(&[&["ms", "op", "p"]])?;
            Ok(Step::Wait { ms: fields.ms("ms")? })
        }
        _ => Ok(Step::One {
            settle: fields.truth_or("settle", true)?,
            limit: fields.ms_if("limit")?.unwrap_or(LIMIT),
            command: one(fields)?,
        }),
    }
}

fn one(fields: Fields<'_>) -> Read<Command> {
    let Fields { object, place, names, .. } = fields;
    let actor = object.get("p").map_or(Ok(Slot::FIRST), |value| actor(names, place, value))?;
    let op = ops::operation(names, place, object, &["p", "settle", "limit"])?;
    Ok(Command { actor, op })
}

fn par(mut fields: Fields<'_>) -> Read<Step> {
    fields.only(&[&["op", "settle", "steps"]])?;
    fields.required("steps")?;
    let commands = fields.each("steps", command)?;
    if commands.is_empty() {
        return Err(fields.place.key("steps").refuse("nobody does anything: a `par` has steps"));
    }
    Ok(Step::Par { commands, settle: fields.truth_or("settle", true)? })
}

fn command(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<Command> {
    let object = object(place, value, "a step, an object with `op`")?;
    let Some(actor) = object.get("p") else {
        return Err(place.refuse("`p` is missing: in a `par` each step says who does it"));
    };
    let actor = self::actor(names, place, actor)?;
    Ok(Command { actor, op: ops::operation(names, place, object, &["p"])? })
}

/// Who `p` says.
fn actor(names: &mut Names, place: &Place<'_>, value: &Value) -> Read<Slot> {
    let place = place.key("p");
    let name = name_of(&place, value, Sort::Process)?;
    names.used(&place, name)
}
