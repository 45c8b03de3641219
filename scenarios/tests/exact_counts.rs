//! lc-v1 and its enumeration, held to the exact counts of two independent enumerators.

use atropos::{
    check::dpor::{self, Bounds, Reduced, Reduction},
    lc::{LcWorld, Program, Relation},
};
use atropos_scenarios::exact::{Checked, Row};
use serde_json::json;

const ROWS: &str = include_str!("../conformance/exploration/exact_counts_public.jsonl");
/// The largest of the public programs has 22,049 traces.
const MOST: u64 = 100_000;

#[test]
fn every_figure_of_every_row_with_a_program() {
    let (mut wrong, mut compared, mut without) = (Vec::new(), 0, 0);
    for row in rows() {
        match row.check(MOST).expect("a program of lc-v1") {
            Checked::Compared(differences) => {
                compared += 1;
                wrong.extend(differences.iter().map(|other| format!("{}: {other}", row.id)));
            }
            Checked::NoProgram => without += 1,
            Checked::TooLarge => wrong.push(format!("{}: too large", row.id)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!((compared, without), (55, 6));
}

fn rows() -> impl Iterator<Item = Row> {
    ROWS.lines().map(|line| serde_json::from_str(line).expect("a row"))
}

fn reduce(program: &Program, relation: Relation, reduction: Reduction) -> Reduced {
    let mut world = LcWorld::new(program).expect("a program of lc-v1").under(relation);
    dpor::explore(&mut world, reduction, Bounds { executions: 1_000_000, steps: 1_000 })
}

#[test]
fn the_optimal_engine_runs_one_schedule_of_each_class_and_source_sets_come_to_the_same() {
    let mut wrong = Vec::new();
    for row in rows() {
        let Some(program) = &row.program else { continue };
        for relation in Relation::ALL {
            let optimal = reduce(program, relation, Reduction::Optimal);
            let source = reduce(program, relation, Reduction::Source);
            let expected = row.classes(relation).expect("a row says how many classes there are");
            let same = optimal.executions == expected && source.executions == expected;
            if !same || optimal.blocked > 0 || !optimal.closed || !source.closed {
                let id = &row.id;
                wrong.push(format!("{id}: {relation} {expected}: {optimal:?}, {source:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// lastzero(n) of POPL 2014: n writers, each of which counts on from its neighbour, and a reader that
/// looks for the last zero. (n + 3) * 2^(n - 2) classes.
fn lastzero(n: u32) -> Program {
    let mut search = json!([]);
    for at in 1..=n {
        let read = json!({"op": "read", "v": format!("a{at}"), "into": "q"});
        let more = json!({"op": "when", "var": "q", "not": 0, "then": search, "else": []});
        search = json!([read, more]);
    }
    let writers: serde_json::Map<String, serde_json::Value> = (1..=n)
        .map(|at| {
            let read = json!({"op": "read", "v": format!("a{}", at - 1), "into": "r"});
            let write = json!({"op": "write", "v": format!("a{at}"), "val": "$r", "plus": 1});
            (format!("w{at}"), json!([read, write]))
        })
        .collect();
    let program = json!({"implicit_exit": false, "main": search, "procs": writers});
    serde_json::from_value(program).expect("a program of lc-v1")
}

/// One writer of x and n readers of it: 2^n classes.
fn readers(n: u32) -> Program {
    let mut processes = serde_json::Map::new();
    processes.insert("w".to_owned(), json!([{"op": "write", "v": "x", "val": 42}]));
    for at in 0..n {
        let own = json!({"op": "read", "v": format!("y{at}"), "into": "l"});
        processes.insert(format!("r{at}"), json!([own, {"op": "read", "v": "x", "into": "m"}]));
    }
    let program = json!({"implicit_exit": false, "main": [], "procs": processes});
    serde_json::from_value(program).expect("a program of lc-v1")
}

fn sizes(lastzeros: &[u32], readers_of: &[u32]) {
    let executions = |program: &Program| {
        let Reduced { executions, blocked, closed, .. } =
            reduce(program, Relation::Observer, Reduction::Optimal);
        assert!(closed && blocked == 0);
        executions
    };
    for &n in lastzeros {
        assert_eq!(executions(&lastzero(n)), u64::from(n + 3) << (n - 2), "lastzero({n})");
    }
    for &n in readers_of {
        assert_eq!(executions(&readers(n)), 1 << n, "readers({n})");
    }
}

#[test]
fn sizes_that_no_enumeration_reaches() {
    sizes(&[3, 6, 8], &[3, 6, 8]);
}

#[test]
#[ignore = "the largest published sizes, for make soak"]
fn sizes_that_no_enumeration_reaches_holds() {
    sizes(&[10, 12], &[10, 12]);
}
