//! The JSON form of programs: what the parser reads, refuses and writes, and that the schema and
//! the documentation say the same.

#![recursion_limit = "256"]

use atropos_scenarios::program::{Program, parse::operations, sup::SupProgram, write::step_text};
use jsonschema::Validator;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fs};

fn read(path: &str) -> String {
    let path = format!("{}/{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn schema() -> Value {
    json(&read("../docs/program.schema.json"))
}

fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is one")
}

/// The vectors of kind `proc`: those that are programs.
fn vectors() -> Vec<Value> {
    let vectors = read("conformance/beam/vectors_public.jsonl");
    let all = vectors.lines().map(json);
    all.filter(|vector| vector.get("kind").is_none_or(|kind| kind == "proc")).collect()
}

#[test]
fn every_vector_of_kind_proc_is_read() {
    let vectors = vectors();
    assert_eq!(vectors.len(), 147);
    for vector in vectors {
        if let Err(error) = Program::from_value(&vector) {
            panic!("{}: {error}", vector["id"]);
        }
    }
}

#[test]
fn what_is_written_is_read_back() {
    let schema = validator();
    for vector in vectors().iter().chain(&[everything()]) {
        let Ok(program) = Program::from_value(vector) else { continue };
        let written = program.to_value();
        assert_eq!(Program::from_value(&written).as_ref(), Ok(&program), "{written}");
        assert_eq!(Program::from_json(&written.to_string()).as_ref(), Ok(&program), "{written}");
        assert!(schema.is_valid(&written), "{written}");
    }
}

#[test]
fn the_schema_takes_what_the_parser_takes() {
    let schema = validator();
    for vector in vectors() {
        if Program::from_value(&vector).is_ok()
            && let Err(error) = schema.validate(&vector)
        {
            panic!("{}: {error} at {}", vector["id"], error.instance_path());
        }
    }
}

#[test]
fn the_schema_takes_the_vectors_of_the_other_kinds() {
    let (schema, mut taken) = (validator(), 0);
    let files = ["conformance/beam/vectors_public.jsonl", "conformance/beam/recorded_sup.jsonl"];
    for line in files.iter().flat_map(|file| read(file).lines().map(json).collect::<Vec<_>>()) {
        if line["kind"] == "sup" || line["kind"] == "kv" {
            let valid = schema.validate(&line);
            assert!(valid.is_ok(), "{}: {valid:?}", line["id"]);
            taken += 1;
        }
    }
    assert!(taken > 63, "{taken}");
}

#[test]
fn what_is_written_of_a_program_of_supervisors_is_read_back() {
    let schema = validator();
    for line in read("conformance/beam/vectors_public.jsonl").lines().map(json) {
        if line["kind"] != "sup" {
            continue;
        }
        let program = SupProgram::from_value(&line).unwrap_or_else(|error| panic!("{error}"));
        let written = program.to_value();
        assert_eq!(SupProgram::from_value(&written).as_ref(), Ok(&program), "{written}");
        assert!(schema.is_valid(&written), "{written}");
    }
}

/// Programs of supervisors that are none, each with its complaint.
#[test]
fn what_is_wrong_with_a_program_of_supervisors_is_told_with_its_place() {
    let refused = |tree: Value, step: Value| {
        let file = json!({ "kind": "sup", "tree": tree, "program": [step] });
        SupProgram::from_value(&file).expect_err("it is none").to_string()
    };
    let tree = || json!({ "id": "top", "strategy": "one_for_one", "children": [{ "id": "a" }] });
    let which = || json!({ "op": "which", "sup": "top" });
    let cases = [
        (json!({ "id": "top" }), which(), "tree: the top is a supervisor: `strategy` is missing"),
        (
            json!({ "id": "top", "strategy": "one_for_al" }),
            which(),
            "tree.strategy: there is no `one_for_al` here; did you mean `one_for_all`?",
        ),
        (
            json!({ "id": "top", "strategy": "one_for_one", "children": [{ "id": "a", "shutdown": "never" }] }),
            which(),
            "tree.children[0].shutdown: expected `brutal_kill`, `infinity` or `milliseconds`, found \"never\"",
        ),
        (
            json!({ "id": "top", "strategy": "dynamic", "children": [] }),
            which(),
            "tree: a supervisor takes no `children`; did you mean `max_children`?",
        ),
        (
            tree(),
            json!({ "op": "child_ext", "id": "a", "reason": "boom" }),
            "program[0].op: there is no operation `child_ext`; did you mean `child_exit`?",
        ),
        (
            tree(),
            json!({ "op": "child_exit", "id": "a" }),
            "program[0]: `child_exit` needs `reason`",
        ),
        (
            tree(),
            json!({ "op": "child_exit", "id": "top", "reason": "boom" }),
            "program[0].id: `top` is a supervisor: only workers are told what to do",
        ),
        (
            tree(),
            json!({ "op": "signal", "id": "z", "reason": "kill" }),
            "program[0].id: nothing has the id `z`: no tree and no earlier `start_child` does",
        ),
        (
            tree(),
            json!({ "op": "which", "sup": "top", "dyn": true }),
            "program[0].dyn: `top` is no DynamicSupervisor",
        ),
        (
            tree(),
            json!({ "op": "batch", "ops": [{ "op": "batch", "ops": [] }] }),
            "program[0].ops[0]: a `batch` holds no other `batch`",
        ),
        (
            tree(),
            json!({ "op": "signal", "id": "a", "reason": "@p1" }),
            "program[0].reason: a program of kind `sup` has no names of processes and references",
        ),
    ];
    for (tree, step, complaint) in cases {
        assert_eq!(refused(tree, step), complaint);
    }
}

#[test]
fn the_schema_has_the_operations_of_the_parser() {
    let schema = schema();
    let defs = &schema["$defs"];
    let listed = defs["any"]["oneOf"].as_array().expect("one of the operations");
    let ours: Vec<Value> = operations()
        .iter()
        .map(|row| json!({ "$ref": format!("#/$defs/op_{}", row.name) }))
        .collect();
    assert_eq!(*listed, ours);
    for row in operations() {
        let def = &defs[format!("op_{}", row.name)];
        assert_eq!(def["properties"]["op"], json!({ "const": row.name }));
        let properties = def["properties"].as_object().expect("properties");
        let keys: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        let ours = ["op"].iter().chain(row.required).chain(row.optional);
        assert_eq!(keys, ours.copied().collect(), "{}", row.name);
        let required = ["op"].iter().chain(row.required).collect::<Vec<_>>();
        assert_eq!(def["required"], json!(required), "{}", row.name);
    }
}

#[test]
fn the_documentation_has_the_operations_of_the_parser() {
    let documentation = read("../docs/program.md");
    let rows = documentation.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows: Vec<(&str, &str)> = rows.filter_map(|row| row.split_once("` | ")).collect();
    for row in operations() {
        let optional: Vec<String> = row.optional.iter().map(|key| format!("{key}?")).collect();
        let keys = row.required.iter().map(|key| (*key).to_owned()).chain(optional);
        let keys = keys.map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", ");
        let told = rows.iter().any(|&(name, rest)| {
            name == row.name && rest.split(" | ").next() == Some(keys.as_str())
        });
        assert!(told, "docs/program.md has no row | `{}` | {keys} | ..", row.name);
    }
}

#[test]
fn the_example_of_the_documentation_is_a_program() {
    let documentation = read("../docs/program.md");
    let example = documentation.split("```json\n").nth(1).expect("an example");
    let example = json(example.split("```").next().expect("its end"));
    let program = Program::from_value(&example).unwrap_or_else(|error| panic!("{error}"));
    assert!(validator().is_valid(&example));
    assert_eq!(program.invariants, ["no-stale-pid"]);
}

#[test]
fn every_required_key_is_required() {
    for row in operations() {
        let file = format!(r#"{{"program": [{{"op": "{}"}}]}}"#, row.name);
        let error = Program::from_json(&file).err().map(|error| error.to_string());
        let needs = |key| format!("program[0]: `{}` needs `{key}`", row.name);
        match error {
            None => assert!(row.required.is_empty(), "{}", row.name),
            Some(error) => {
                assert!(row.required.iter().any(|key| needs(key) == error), "{error}");
            }
        }
    }
}

/// Calls back with values that differ from this one in one place.
fn mutants(value: &Value, then: &mut dyn FnMut(Value)) {
    let odd = json!([null, -1, 1.5, "x", "@p1", "#r1", [], {}]);
    odd.as_array().into_iter().flatten().cloned().for_each(&mut *then);
    match value {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                mutants(element, &mut |mutant| {
                    let mut elements = elements.clone();
                    elements[index] = mutant;
                    then(Value::Array(elements));
                });
            }
        }
        Value::Object(object) => {
            for (key, value) in object {
                let mut without = object.clone();
                without.remove(key);
                then(Value::Object(without.clone()));
                without.insert(format!("{key}x"), value.clone());
                then(Value::Object(without));
                mutants(value, &mut |mutant| {
                    let mut object = object.clone();
                    object.insert(key.clone(), mutant);
                    then(Value::Object(object));
                });
            }
        }
        _ => {}
    }
}

/// What the schema cannot know.
const SENSE: [&str; 3] = ["is bound", "cannot be bound", "in the map already"];

#[test]
fn parser_and_schema_agree_on_what_is_nearly_a_program() {
    let schema = validator();
    let sound = vectors().into_iter().filter(|vector| Program::from_value(vector).is_ok());
    let mut tried = 0;
    for vector in sound.chain([everything()]) {
        mutants(&vector["program"], &mut |program| {
            tried += 1;
            let file = json!({ "program": program });
            let valid = schema.is_valid(&file);
            match Program::from_value(&file) {
                Ok(program) => {
                    assert!(valid, "the schema refuses {file}");
                    assert_eq!(Program::from_value(&program.to_value()), Ok(program));
                }
                Err(error) => {
                    let error = error.to_string();
                    let sense = SENSE.iter().any(|sense| error.contains(sense));
                    assert!(sense || !valid, "the schema takes {file}, which is refused: {error}");
                }
            }
        });
    }
    assert!(tried > 10_000, "{tried}");
}

/// A program with every operation, every key and every form of term.
fn everything() -> Value {
    json!({
        "id": "everything",
        "about": "each operation with all its keys",
        "profile": "otp-25",
        "linger": 10,
        "invariants": ["no-stale-pid"],
        "breaks": ["no-stale-pid"],
        "program": [
            { "op": "spawn", "as": "@a", "ref": "#down", "opts": ["monitor", "link"], "body": [
                { "op": "recv", "match": ["go", "_"], "after": 5 },
                { "op": "spawn", "as": "@b.1" },
                { "op": "yield" },
            ] },
            { "p": "@a", "op": "seq", "ops": [{ "op": "self" }, { "op": "seq", "ops": [] }] },
            { "op": "link", "to": "@a", "uncaught": true, "settle": false, "limit": 300 },
            { "op": "unlink", "to": "@a" },
            { "op": "trap", "on": true },
            { "op": "monitor", "to": "@a", "as": "#m", "alias": "reply_demonitor" },
            { "op": "monitor", "to": ["name", "nonode@nohost"], "alias": "explicit_unalias" },
            { "op": "demonitor", "ref": "#m", "opts": ["info", "flush"] },
            { "op": "register", "name": "cache", "to": "@a" },
            { "op": "whereis", "name": "cache" },
            { "op": "unregister", "name": "cache" },
            { "op": "send", "to": "#m", "msg": { "map": [["k", { "list": [1, -2] }], [true, null]] } },
            { "op": "recv" },
            { "op": "mailbox" },
            { "op": "info", "to": "@a", "item": "message_queue_len" },
            { "op": "alive", "to": "@a" },
            { "op": "make_ref", "as": "#r" },
            { "op": "alias", "as": "#l", "opts": ["reply"] },
            { "op": "alias", "opts": ["explicit_unalias"] },
            { "op": "unalias", "ref": "#l" },
            { "op": "send_after", "ms": 4294967295u32, "to": "@p0", "msg": ["quoted atom", "#r"] },
            { "op": "start_timer", "ms": 0, "to": "@p0", "msg": "it's", "as": "#t" },
            { "op": "cancel_timer", "ref": "#t" },
            { "op": "sleep", "ms": 1 },
            { "op": "wait", "ms": 20 },
            { "op": "par", "settle": false, "steps": [
                { "p": "@a", "op": "exit2", "to": "@p0", "reason": 576460752303423487i64 },
                { "p": "@p0", "op": "error", "reason": -576460752303423488i64 },
                { "p": "@b.1", "op": "throw", "reason": [] },
            ] },
            { "op": "gs_start", "as": "@s", "trap": true, "init": "ok", "term": ["slow", 5],
              "name": "srv" },
            { "op": "gs_start_link", "init": "ignore", "uncaught": true },
            { "op": "gs_call", "to": "@s", "req": ["defer", "k"], "timeout": 20 },
            { "op": "gs_cast", "to": "srv", "req": ["release", "k", 1] },
            { "op": "gs_stop", "to": "@s", "reason": "shutdown", "timeout": 30 },
            { "op": "agent_start", "as": "@l", "state": [1, 2] },
            { "op": "agent_start_link" },
            { "op": "agent_get", "to": "@l" },
            { "op": "agent_claim", "to": "@l" },
            { "op": "agent_release", "to": "@l" },
            { "op": "agent_crash_in_fun", "to": "@l", "reason": "boom" },
            { "op": "agent_stop", "to": "@l" },
            { "op": "task_async", "as": "@t", "ref": "#t1", "body": [{ "op": "value", "v": 1 }] },
            { "op": "task_await", "task": "@t", "timeout": 7 },
            { "op": "task_yield", "task": "@t" },
            { "op": "task_shutdown", "task": "@t", "how": 10 },
            { "op": "task_shutdown", "task": "@t", "how": "brutal_kill" },
            { "op": "group_leader_to", "to": "@t" },
            { "op": "exit", "reason": "boom" },
            { "op": "return" },
        ],
    })
}

#[test]
fn lines_for_people() {
    let program = Program::from_value(&everything()).expect("a program");
    let lines: Vec<String> =
        program.steps.iter().map(|step| step_text(step, &program.names)).collect();
    let expected = "\
@p0: spawn @a #down [link, monitor] { recv {go, _} after 5 ms; spawn @b.1; yield }
@a: seq { self; seq {} }
@p0: link @a (uncaught) (limit 300 ms) (no settle)
@p0: unlink @a
@p0: trap true
@p0: monitor @a [alias reply_demonitor] as #m
@p0: monitor {name, nonode@nohost} [alias explicit_unalias]
@p0: demonitor #m [flush, info]
@p0: register cache @a
@p0: whereis cache
@p0: unregister cache
@p0: send #m #{k => [1, -2], true => null}
@p0: recv _
@p0: mailbox
@p0: info @a message_queue_len
@p0: alive @a
@p0: make_ref as #r
@p0: alias [reply] as #l
@p0: alias
@p0: unalias #l
@p0: send_after 4294967295 ms @p0 {'quoted atom', #r}
@p0: start_timer 0 ms @p0 'it\\'s' as #t
@p0: cancel_timer #t
@p0: sleep 1 ms
wait 20 ms
par: @a: exit2 @p0 576460752303423487 | @p0: error -576460752303423488 | @b.1: throw {} (no settle)
@p0: gs_start srv [trap] terminate {slow, 5} as @s
@p0: gs_start_link init ignore (uncaught)
@p0: gs_call @s {defer, k} within 20 ms
@p0: gs_cast srv {release, k, 1}
@p0: gs_stop @s shutdown within 30 ms
@p0: agent_start {1, 2} as @l
@p0: agent_start_link 0
@p0: agent_get @l
@p0: agent_claim @l
@p0: agent_release @l
@p0: agent_crash_in_fun @l boom
@p0: agent_stop @l normal
@p0: task_async { value 1 } as @t as #t1
@p0: task_await @t within 7 ms
@p0: task_yield @t
@p0: task_shutdown @t within 10 ms
@p0: task_shutdown @t brutal_kill
@p0: group_leader_to @t
@p0: exit boom
@p0: return";
    assert_eq!(lines.join("\n"), expected);
}

#[test]
fn other_kinds_are_for_those_who_judge_vectors() {
    let error = Program::from_value(&json!({ "kind": "sup", "tree": {} })).expect_err("it is one");
    let told =
        "kind: a program of kind `sup` is a vector: `atropos conform` judges it, it is not hunted";
    assert_eq!(error.to_string(), told);
}

/// Files and why they are refused. `shape`: the schema refuses them, too. `sense`: the schema cannot
/// know, for it knows neither names nor sums.
const FILES: &str = r##"
[]
  shape: the file: expected an object with `program`, found an array
{}
  shape: the file: a program needs `program`
{"program": {}}
  shape: program: expected an array, found an object
{"program": [], "invarients": []}
  shape: the file: a program takes no `invarients`; did you mean `invariants`?
{"program": [], "kind": "process"}
  shape: kind: there is no kind `process`; did you mean `proc`?
{"program": [], "linger": -1}
  shape: linger: expected milliseconds, an integer from 0 to 4294967295, found -1
{"program": [], "breaks": "no-stale-pid"}
  shape: breaks: expected an array, found "no-stale-pid"
{"program": [], "rule": "a", "about": "b"}
  shape: the file: `rule` and `about` mean the same: only one may be there
"##;

/// Steps after one that starts `@p1`.
const STEPS: &str = r##"
"link"
  shape: program[1]: expected a step, an object with `op`, found "link"
{"p": "@p1"}
  shape: program[1]: `op` is missing: it says what is done
{"op": 5}
  shape: program[1].op: expected the name of an operation, found 5
{"op": "montior", "to": "@p1"}
  shape: program[1].op: there is no operation `montior`; did you mean `monitor`?
{"op": "launch"}
  shape: program[1].op: there is no operation `launch`: docs/program.md lists them
{"op": "exit"}
  shape: program[1]: `exit` needs `reason`
{"op": "exit", "raeson": "boom"}
  shape: program[1]: `exit` takes no `raeson`; did you mean `reason`?
{"op": "self", "uncaught": true}
  shape: program[1]: `self` takes no `uncaught`: it raises nothing, or nothing that is ever caught
{"p": "#r0", "op": "self"}
  shape: program[1].p: expected the name of a process such as `@p1`, found "#r0"
{"op": "wait"}
  shape: program[1]: `wait` needs `ms`
{"op": "wait", "ms": 5, "settle": false}
  shape: program[1]: `wait` takes no `settle`: only a step of one actor and a `par` take it
{"op": "par"}
  shape: program[1]: `par` needs `steps`
{"op": "par", "steps": []}
  shape: program[1].steps: nobody does anything: a `par` has steps
{"op": "par", "steps": [], "limit": 5}
  shape: program[1]: `par` takes no `limit`: only a step of one actor takes it
{"op": "par", "steps": [{"op": "self"}]}
  shape: program[1].steps[0]: `p` is missing: in a `par` each step says who does it
{"op": "par", "steps": [{"p": "@p0", "op": "self", "settle": false}]}
  shape: program[1].steps[0]: `self` takes no `settle`: only a step of one actor and a `par` take it
{"op": "par", "steps": [{"p": "@p0", "op": "par", "steps": []}]}
  shape: program[1].steps[0].op: `par` is a step of its own, it cannot stand in a `par`, a `seq` or a body
{"op": "seq"}
  shape: program[1]: `seq` needs `ops`
{"op": "seq", "ops": [{"op": "wait", "ms": 5}]}
  shape: program[1].ops[0].op: `wait` is a step of its own, it cannot stand in a `par`, a `seq` or a body
{"op": "seq", "ops": [{"p": "@p1", "op": "self"}]}
  shape: program[1].ops[0]: `self` takes no `p`: a `seq` and a body are done by one actor
{"op": "spawn", "body": [{"op": "self", "limit": 5}]}
  shape: program[1].body[0]: `self` takes no `limit`: only a step of one actor takes it
{"op": "trap", "on": "yes"}
  shape: program[1].on: expected true or false, found "yes"
{"op": "sleep", "ms": -5}
  shape: program[1].ms: expected milliseconds, an integer from 0 to 4294967295, found -5
{"op": "sleep", "ms": 4294967296}
  shape: program[1].ms: expected milliseconds, an integer from 0 to 4294967295, found 4294967296
{"op": "recv", "after": "infinity"}
  shape: program[1].after: expected milliseconds, an integer from 0 to 4294967295, found "infinity"
{"op": "spawn", "opts": ["linked"]}
  shape: program[1].opts[0]: there is no `linked` here; did you mean `link`?
{"op": "spawn", "opts": ["link", "link"]}
  shape: program[1].opts[1]: `link` is there twice
{"op": "spawn", "ref": "#r0"}
  shape: program[1].ref: it names the reference of the monitor, but `opts` has no `monitor`
{"op": "alias", "opts": ["explicit_unalias", "reply"]}
  shape: program[1].opts: `explicit_unalias` and `reply` exclude each other
{"op": "monitor", "to": "@p1", "alias": "on"}
  shape: program[1].alias: there is no `on` here: expected `explicit_unalias`, `demonitor` or `reply_demonitor`
{"op": "info", "to": "@p1", "item": "link"}
  shape: program[1].item: there is no `link` here; did you mean `links`?
{"op": "exit", "reason": 1.5}
  shape: program[1].reason: 1.5 is a float: a number is an integer of 60 bits
{"op": "exit", "reason": 576460752303423488}
  shape: program[1].reason: 576460752303423488 is beyond 60 bits: integers go from -576460752303423488 to 576460752303423487
{"op": "exit", "reason": {"lists": []}}
  shape: program[1].reason: no term has the key `lists`; did you mean `list`?
{"op": "exit", "reason": {}}
  shape: program[1].reason: expected `{"list": [..]}` or `{"map": [[key, value], ..]}`, found 0 keys
{"op": "exit", "reason": ["a", {"map": [["k"]]}]}
  shape: program[1].reason[1].map[0]: expected a pair `[key, value]`, found an array
{"op": "exit", "reason": {"map": [[1, 2], [1, 3]]}}
  sense: program[1].reason.map[1]: this key is in the map already
{"op": "link", "to": "@p2"}
  sense: program[1].to: `@p2` is bound nowhere in the program: `as` of a `spawn` would bind it
{"op": "demonitor", "ref": "#down"}
  sense: program[1].ref: `#down` is bound nowhere in the program: `as` of what makes a reference, or `ref` of a `spawn`, would bind it
{"op": "spawn", "as": "@worker"}, {"op": "seq", "ops": [{"op": "exit", "reason": ["@wroker"]}]}
  sense: program[2].ops[0].reason[0]: `@wroker` is bound nowhere in the program; did you mean `@worker`?
{"op": "spawn", "as": "@p1"}
  sense: program[1].as: `@p1` is bound already, at program[0].as
{"op": "spawn", "as": "@p0"}
  sense: program[1].as: `@p0` exists from the start, it cannot be bound
{"op": "spawn", "as": "#p2"}
  shape: program[1].as: expected the name of a process such as `@p1`, found "#p2"
{"op": "monitor", "to": "@p1", "as": "@r0"}
  shape: program[1].as: expected the name of a reference such as `#r1`, found "@r0"
{"op": "make_ref", "as": "r0"}
  shape: program[1].as: expected the name of a reference such as `#r1`, found "r0"
{"op": "unalias", "ref": "@p1"}
  shape: program[1].ref: expected the name of a reference such as `#r1`, found "@p1"
{"op": "link", "to": "#r0"}
  shape: program[1].to: expected the name of a process such as `@p1`, found "#r0"
{"op": "exit", "reason": "@"}
  shape: program[1].reason: "@" is no name: after the sigil come letters, digits, `_`, `.` or `-`
{"op": "exit", "reason": "@p 1"}
  shape: program[1].reason: "@p 1" is no name: after the sigil come letters, digits, `_`, `.` or `-`
"##;

/// Refuses each file of a table, with its complaint.
fn refuses(table: &str, file_of: impl Fn(&str) -> String) {
    let schema = validator();
    let lines: Vec<&str> = table.lines().skip(1).collect();
    for row in lines.chunks(2) {
        let (given, (by, complaint)) = (row[0], row[1].trim().split_once(": ").expect("a row"));
        let file = file_of(given);
        let error = Program::from_json(&file).expect_err(&file);
        assert_eq!(error.to_string(), complaint, "{given}");
        assert_eq!(schema.is_valid(&json(&file)), by == "sense", "{given}");
    }
}

#[test]
fn malformed_files() {
    refuses(FILES, str::to_owned);
}

#[test]
fn malformed_steps() {
    refuses(STEPS, |step| format!(r#"{{"program": [{{"op": "spawn", "as": "@p1"}}, {step}]}}"#));
}

fn complaint(file: &str) -> String {
    Program::from_json(file).expect_err(file).to_string()
}

#[test]
fn what_is_no_json_is_refused_by_line_and_column() {
    assert_eq!(
        complaint("{\n \"program\": [}"),
        "line 2, column 14: this is no JSON: expected value"
    );
    let twice = complaint(r#"{"program": [{"op": "exit", "reason": "a", "reason": "b"}]}"#);
    assert_eq!(twice, "line 1, column 51: the key `reason` is in this object already");
    assert_eq!(complaint(""), "line 1, column 0: this is no JSON: EOF while parsing a value");
}

#[test]
fn what_is_too_large_is_refused() {
    let steps = |most| format!(r#"{{"program": [{}]}}"#, vec![r#"{"op": "self"}"#; most].join(","));
    assert!(Program::from_json(&steps(1000)).is_ok());
    assert!(validator().is_valid(&json(&steps(1000))));
    let many = steps(1001);
    assert_eq!(complaint(&many), "program: a program has at most 1000 steps, found 1001");
    assert!(!validator().is_valid(&json(&many)));

    // The brackets of the step itself count.
    let nested = |deep| format!("{}{}", "[".repeat(deep), "]".repeat(deep));
    let exit = |deep| format!(r#"{{"program": [{{"op": "exit", "reason": {}}}]}}"#, nested(deep));
    assert!(Program::from_json(&exit(63)).is_ok());
    assert_eq!(complaint(&exit(64)), "program[0]: brackets nest at most 64 deep in a step");
    let deep = complaint(&exit(200));
    assert_eq!(deep, "line 1, column 163: this is no JSON: recursion limit exceeded");
}
