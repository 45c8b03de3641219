//! lc-v1 and its enumeration, held to the exact counts of two independent enumerators.

use atropos_scenarios::exact::{Checked, Row};

const ROWS: &str = include_str!("../conformance/exploration/exact_counts_public.jsonl");
/// The largest of the public programs has 22,049 traces.
const MOST: u64 = 100_000;

#[test]
fn every_figure_of_every_row_with_a_program() {
    let (mut wrong, mut compared, mut without) = (Vec::new(), 0, 0);
    for line in ROWS.lines() {
        let row: Row = serde_json::from_str(line).expect("a row");
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
