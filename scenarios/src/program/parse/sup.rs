//! Programs of kind `sup`: a tree, and what is done to it.
//!
//! An operation that the reference interpreter cannot do is refused: a cast to a supervisor, a child
//! of which no tree and no earlier `start_child` knows.

use super::{
    KEYS, RECORDED,
    error::{Place, ProgramError, Read, hint, listed},
    fields::{Fields, object},
    json::Unique,
    names::Names,
    ops, sound,
};
use crate::program::{
    model::Data,
    sup::{
        AutoShutdown, Call, Node, Op, PATIENCE, Restart, Shutdown, Step, Strategy, SupProgram, What,
    },
};
use serde_json::{Map, Value};

/// The most supervisors and workers in a program.
const NODES: usize = 1000;

pub(in crate::program) const RESTARTS: [(&str, Restart); 3] = [
    ("permanent", Restart::Permanent),
    ("transient", Restart::Transient),
    ("temporary", Restart::Temporary),
];
pub(in crate::program) const AUTO_SHUTDOWNS: [(&str, AutoShutdown); 3] = [
    ("never", AutoShutdown::Never),
    ("any_significant", AutoShutdown::AnySignificant),
    ("all_significant", AutoShutdown::AllSignificant),
];
/// `None` is the DynamicSupervisor.
pub(in crate::program) const STRATEGIES: [(&str, Option<Strategy>); 4] = [
    ("one_for_one", Some(Strategy::OneForOne)),
    ("one_for_all", Some(Strategy::OneForAll)),
    ("rest_for_one", Some(Strategy::RestForOne)),
    ("dynamic", None),
];
/// What a supervisor does unless it says otherwise.
pub(in crate::program) const INTENSITY: u32 = 3;
pub(in crate::program) const PERIOD: u32 = 60;

/// What every child specification may say.
const CHILD: [&str; 4] = ["id", "restart", "shutdown", "significant"];
const WORKER: [&str; 5] = ["trap", "init", "term", "fail_on", "name"];
const SUPERVISOR: [&str; 5] = ["strategy", "intensity", "period", "auto_shutdown", "children"];
const DYNAMIC: [&str; 4] = ["strategy", "intensity", "period", "max_children"];

/// An operation and the keys that it needs beside `op`. None has keys that may be absent but `dyn`.
struct Operation {
    name: &'static str,
    keys: &'static [&'static str],
    read: fn(&mut Reader<'_, '_>) -> Read<Op>,
}

const OPERATIONS: [Operation; 13] = [
    op("child_exit", &["id", "reason"], |r| {
        Ok(Op::ChildExit { id: r.worker("id")?, reason: r.reason()? })
    }),
    op("child_stop", &["id", "reason"], |r| {
        Ok(Op::ChildStop { id: r.worker("id")?, reason: r.reason()? })
    }),
    op("child_link", &["id", "to"], |r| {
        Ok(Op::ChildLink { id: r.worker("id")?, to: r.known("to")?.id.clone() })
    }),
    op("signal", &["id", "reason"], |r| {
        Ok(Op::Signal { id: r.known("id")?.id.clone(), reason: r.reason()? })
    }),
    op("root_exit", &["id", "reason"], |r| {
        Ok(Op::RootExit { id: r.known("id")?.id.clone(), reason: r.reason()? })
    }),
    op("which", &["sup"], |r| r.call(Call::Which)),
    op("count", &["sup"], |r| r.call(Call::Count)),
    op("terminate_child", &["sup", "child"], |r| {
        let child = r.id("child")?;
        r.call(Call::TerminateChild { child })
    }),
    op("restart_child", &["sup", "child"], |r| {
        r.not_dynamic()?;
        let child = r.id("child")?;
        r.call(Call::RestartChild { child })
    }),
    op("delete_child", &["sup", "child"], |r| {
        r.not_dynamic()?;
        let child = r.id("child")?;
        r.call(Call::DeleteChild { child })
    }),
    op("start_child", &["sup", "child"], start_child),
    op("batch", &["ops"], batch),
    op("wait", &["ms"], |r| Ok(Op::Wait { ms: r.fields.ms("ms")? })),
];

const fn op(
    name: &'static str,
    keys: &'static [&'static str],
    read: fn(&mut Reader<'_, '_>) -> Read<Op>,
) -> Operation {
    Operation { name, keys, read }
}

impl SupProgram {
    /// Reads a program from the text of its file.
    ///
    /// # Errors
    /// With line and column if the text is no JSON or an object has a key twice; otherwise as
    /// [`SupProgram::from_value`].
    pub fn from_json(text: &str) -> Result<SupProgram, ProgramError> {
        let Unique(value) = serde_json::from_str(text)?;
        SupProgram::from_value(&value)
    }

    /// Reads a program from JSON.
    ///
    /// # Errors
    /// [`ProgramError`] with the first thing that is not as it should be.
    pub fn from_value(value: &Value) -> Result<SupProgram, ProgramError> {
        let place = Place::File;
        let file = object(&place, value, "an object with `tree` and `program`")?;
        let mut names = Names::new();
        let what = "a program of kind `sup`".to_owned();
        let fields = Fields { what, object: file, place: &place, names: &mut names };
        fields.only(&[&["tree"], &KEYS, &RECORDED])?;
        sound(&fields)?;
        let tree = fields.required("tree")?;
        let place = place.key("tree");
        if super::deeper(tree, super::NESTING) {
            let why = format!("brackets nest at most {} deep in a tree", super::NESTING);
            return Err(place.refuse(why));
        }
        let mut nodes = Vec::new();
        let top = node(&mut nodes, fields.names, &place, tree)?;
        if !nodes[top].what.is_supervisor() {
            return Err(place.refuse("the top is a supervisor: `strategy` is missing"));
        }
        let steps = steps(&mut nodes, &fields)?;
        let about = if fields.optional("about").is_some() { "about" } else { "rule" };
        Ok(SupProgram {
            id: fields.text_or("id", "program")?,
            about: fields.text_or(about, "")?,
            profile: fields.text_or("profile", "otp-25")?,
            nodes,
            steps,
        })
    }
}

// The tree

/// Reads a node and those below it; the node stands before them.
fn node(nodes: &mut Vec<Node>, names: &mut Names, place: &Place<'_>, value: &Value) -> Read<usize> {
    let at = nodes.len();
    if at == NODES {
        return Err(place.refuse(format!("a program has at most {NODES} supervisors and workers")));
    }
    let object = object(place, value, "a supervisor or worker, an object with `id`")?;
    let is_supervisor = object.contains_key("strategy");
    let what = if is_supervisor { "a supervisor" } else { "a worker" }.to_owned();
    let mut fields = Fields { what, object, place, names };
    let strategy = match is_supervisor {
        true => Some(fields.word("strategy", &STRATEGIES)?),
        false => None,
    };
    fields.required("id")?;
    nodes.push(Node {
        id: fields.text_or("id", "")?,
        restart: word_or(&fields, "restart", &RESTARTS, Restart::Permanent)?,
        shutdown: shutdown(&fields, is_supervisor)?,
        significant: fields.truth_or("significant", false)?,
        // Until what is below is read, too.
        what: What::Dynamic { intensity: INTENSITY, period: PERIOD, max_children: None },
    });
    let what = match strategy {
        None => worker(&mut fields)?,
        Some(None) => dynamic(&fields)?,
        Some(Some(strategy)) => supervisor(nodes, &mut fields, strategy)?,
    };
    nodes[at].what = what;
    Ok(at)
}

fn supervisor(nodes: &mut Vec<Node>, fields: &mut Fields<'_>, strategy: Strategy) -> Read<What> {
    fields.only(&[&CHILD, &SUPERVISOR])?;
    let children =
        fields.each("children", |names, place, value| node(nodes, names, place, value))?;
    Ok(What::Supervisor {
        strategy,
        intensity: number_or(fields, "intensity", INTENSITY)?,
        period: period(fields)?,
        auto_shutdown: word_or(fields, "auto_shutdown", &AUTO_SHUTDOWNS, AutoShutdown::Never)?,
        children,
    })
}

fn dynamic(fields: &Fields<'_>) -> Read<What> {
    fields.only(&[&CHILD, &DYNAMIC])?;
    let max_children = match fields.optional("max_children") {
        Some(_) => Some(number_or(fields, "max_children", 0)?),
        None => None,
    };
    let intensity = number_or(fields, "intensity", INTENSITY)?;
    Ok(What::Dynamic { intensity, period: period(fields)?, max_children })
}

fn worker(fields: &mut Fields<'_>) -> Read<What> {
    fields.only(&[&CHILD, &WORKER])?;
    let fail_on = fields.each("fail_on", |_, place, value| number(place, value))?;
    let name = match fields.optional("name") {
        Some(_) => Some(fields.text_or("name", "")?),
        None => None,
    };
    Ok(What::Worker {
        trap: fields.truth_or("trap", true)?,
        init: plain(fields, "init")?,
        terminate: plain(fields, "term")?,
        fail_on,
        name,
    })
}

/// A term in which nothing is named: a program of this kind binds no names.
fn plain(fields: &mut Fields<'_>, key: &str) -> Read<Data> {
    let data = fields.term_or(key, "ok")?;
    if names_something(&data) {
        let why = "a program of kind `sup` has no names of processes and references";
        return Err(fields.place.key(key).refuse(why));
    }
    Ok(data)
}

fn names_something(data: &Data) -> bool {
    match data {
        Data::Int(_) | Data::Atom(_) => false,
        Data::Name(_) => true,
        Data::Tuple(parts) | Data::List(parts) => parts.iter().any(names_something),
        Data::Map(pairs) => {
            pairs.iter().any(|(key, value)| names_something(key) || names_something(value))
        }
    }
}

fn shutdown(fields: &Fields<'_>, is_supervisor: bool) -> Read<Shutdown> {
    let Some(value) = fields.optional("shutdown") else {
        return Ok(if is_supervisor { Shutdown::Infinity } else { Shutdown::Within(PATIENCE) });
    };
    match value.as_str() {
        Some("brutal_kill") => Ok(Shutdown::BrutalKill),
        Some("infinity") => Ok(Shutdown::Infinity),
        _ => fields.ms("shutdown").map(Shutdown::Within).map_err(|_| {
            let expected = listed(["brutal_kill", "infinity", "milliseconds"], "or");
            fields.place.key("shutdown").expected(&expected, value)
        }),
    }
}

fn word_or<T: Copy>(fields: &Fields<'_>, key: &str, words: &[(&str, T)], otherwise: T) -> Read<T> {
    fields.optional(key).map_or(Ok(otherwise), |_| fields.word(key, words))
}

fn number(place: &Place<'_>, value: &Value) -> Read<u32> {
    let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
    number.ok_or_else(|| place.expected("an integer from 0 to 4294967295", value))
}

fn number_or(fields: &Fields<'_>, key: &str, otherwise: u32) -> Read<u32> {
    fields.optional(key).map_or(Ok(otherwise), |value| number(&fields.place.key(key), value))
}

fn period(fields: &Fields<'_>) -> Read<u32> {
    match number_or(fields, "period", PERIOD)? {
        0 => Err(fields.place.key("period").refuse("a period lasts one second at least")),
        period => Ok(period),
    }
}

// The steps

/// What reads an operation: its object, and the nodes that are known before it.
struct Reader<'r, 'f> {
    fields: Fields<'f>,
    nodes: &'r mut Vec<Node>,
    in_batch: bool,
}

fn steps(nodes: &mut Vec<Node>, file: &Fields<'_>) -> Read<Vec<Step>> {
    let place = file.place.key("program");
    let mut names = Names::new();
    super::data::each(&place, file.array("program")?, |place, value| {
        let object = object(place, value, "a step, an object with `op`")?;
        let op = operation(nodes, &mut names, place, object, false)?;
        let fields = Fields { what: "a step".to_owned(), object, place, names: &mut names };
        Ok(Step { op, settle: fields.truth_or("settle", true)? })
    })
}

fn operation(
    nodes: &mut Vec<Node>,
    names: &mut Names,
    place: &Place<'_>,
    object: &Map<String, Value>,
    in_batch: bool,
) -> Read<Op> {
    let name = ops::name(place, object)?;
    let Some(row) = OPERATIONS.iter().find(|row| row.name == name) else {
        let known = OPERATIONS.iter().map(|row| row.name);
        let hint = hint(name, known, || ": docs/program.md lists them".to_owned());
        return Err(place.key("op").refuse(format!("there is no operation `{name}`{hint}")));
    };
    let fields = Fields { what: format!("`{name}`"), object, place, names };
    let dynamic: &[&str] = if row.keys.contains(&"sup") { &["dyn"] } else { &[] };
    let settle: &[&str] = if in_batch { &[] } else { &["settle"] };
    fields.only(&[row.keys, dynamic, settle, &["op"]])?;
    for key in row.keys {
        fields.required(key)?;
    }
    (row.read)(&mut Reader { fields, nodes, in_batch })
}

fn batch(r: &mut Reader<'_, '_>) -> Read<Op> {
    if r.in_batch {
        return Err(r.fields.place.refuse("a `batch` holds no other `batch`"));
    }
    let nodes = &mut *r.nodes;
    r.fields
        .each("ops", |names, place, value| {
            let object = object(place, value, "an operation, an object with `op`")?;
            operation(nodes, names, place, object, true)
        })
        .map(Op::Batch)
}

fn start_child(r: &mut Reader<'_, '_>) -> Read<Op> {
    // Who is asked is checked before there are more nodes.
    let Op::Call { sup, dynamic, .. } = r.call(Call::Count)? else { unreachable!("it is a call") };
    let place = r.fields.place.key("child");
    let value = r.fields.required("child")?;
    let child = node(r.nodes, r.fields.names, &place, value)?;
    Ok(Op::Call { sup, dynamic, call: Call::StartChild { child } })
}

impl Reader<'_, '_> {
    fn id(&self, key: &str) -> Read<String> {
        self.fields.text_or(key, "")
    }

    fn reason(&mut self) -> Read<Data> {
        plain(&mut self.fields, "reason")
    }

    /// The node of an id that was met before.
    fn known(&self, key: &str) -> Read<&Node> {
        let id = self.id(key)?;
        self.nodes.iter().find(|node| node.id == id).ok_or_else(|| {
            let known = self.nodes.iter().map(|node| node.id.as_str());
            let hint =
                hint(&id, known, || ": no tree and no earlier `start_child` does".to_owned());
            self.fields.place.key(key).refuse(format!("nothing has the id `{id}`{hint}"))
        })
    }

    fn worker(&self, key: &str) -> Read<String> {
        let node = self.known(key)?;
        if node.what.is_supervisor() {
            let why = format!("`{}` is a supervisor: only workers are told what to do", node.id);
            return Err(self.fields.place.key(key).refuse(why));
        }
        Ok(node.id.clone())
    }

    fn is_dynamic(&self) -> Read<bool> {
        self.fields.truth_or("dyn", false)
    }

    fn not_dynamic(&self) -> Read<()> {
        match self.is_dynamic()? {
            true => Err(self.fields.place.refuse(format!(
                "a DynamicSupervisor does not know {}: its children have no ids",
                self.fields.what
            ))),
            false => Ok(()),
        }
    }

    /// A call of the supervisor in `sup`.
    fn call(&self, call: Call) -> Read<Op> {
        let (sup, dynamic) = (self.known("sup")?, self.is_dynamic()?);
        let place = self.fields.place;
        match sup.what {
            What::Worker { .. } => {
                let why = format!("`{}` is a worker: it has no children", sup.id);
                Err(place.key("sup").refuse(why))
            }
            What::Supervisor { .. } if dynamic => {
                let why = format!("`{}` is no DynamicSupervisor", sup.id);
                Err(place.key("dyn").refuse(why))
            }
            What::Dynamic { .. } if !dynamic => {
                let why = format!("`{}` is a DynamicSupervisor: `\"dyn\": true` says so", sup.id);
                Err(place.refuse(why))
            }
            _ => Ok(Op::Call { sup: sup.id.clone(), dynamic, call }),
        }
    }
}
