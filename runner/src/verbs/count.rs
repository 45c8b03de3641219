//! `atropos count`: the engines against programs whose numbers of schedules are known.
//!
//! One line a figure that differs, then the totals. With `--engines` the reducing engines run each
//! program under each relation: optimal reduction one schedule of each class and none in vain.

use crate::{
    args::{Common, CountArgs},
    exit::{Exit, Stop},
    output::{BAD, Output},
    progress::{Meter, counted},
};
use atropos::{
    check::dpor::Reduction,
    lc::{BadProgram, Relation},
};
use atropos_scenarios::exact::{Checked, Row};
use serde::Serialize;
use std::fs;

#[derive(Serialize)]
#[serde(rename_all = "kebab-case", tag = "verdict")]
enum Line<'a> {
    Passed { id: &'a str, figures: usize },
    Failed { id: &'a str, differences: Vec<String> },
    Skipped { id: &'a str },
}

#[derive(Default, Serialize)]
struct Totals {
    passed: u64,
    failed: u64,
    /// Rows that carry no program.
    skipped: u64,
    /// Figures that agree.
    figures: u64,
    /// What the engines ran, if they did.
    engines: Option<Engines>,
}

/// Schedules of the reducing engines, of all programs under all relations.
#[derive(Clone, Copy, Default, Serialize)]
struct Engines {
    /// That optimal reduction ran to their end, and that it gave up.
    executions: u64,
    blocked: u64,
    /// Classes that the rows say there are.
    classes: u64,
    /// That source sets gave up.
    source_blocked: u64,
}

pub(crate) fn run(args: &CountArgs, common: &Common, out: &mut Output) -> Result<Exit, Stop> {
    let rows = read(args)?;
    let wanted = |row: &&Row| args.only.as_ref().is_none_or(|part| row.id.contains(part.as_str()));
    let rows: Vec<&Row> = rows.iter().filter(wanted).collect();
    if rows.is_empty() {
        let why = format!("{} holds no row that was asked for", args.file.display());
        return Err(Stop::new(Exit::NoMatch, why));
    }
    let engines = args.engines.then(Engines::default);
    let mut totals = Totals { engines, ..Totals::default() };
    let mut meter = Meter::new(common.progress, common.quiet);
    for (done, row) in rows.iter().enumerate() {
        meter.count("rows", done as u64, rows.len() as u64);
        check(row, args, &mut totals, out)?;
    }
    meter.clear();
    finish(&totals, out)
}

fn read(args: &CountArgs) -> Result<Vec<Row>, Stop> {
    let file = &args.file;
    let text = fs::read_to_string(file).map_err(|error| Stop::io("read", file, &error))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_str(line).map_err(|error| {
                let why = format!("{}: line {}: {error}", file.display(), at + 1);
                Stop::new(Exit::Usage, why)
            })
        })
        .collect()
}

fn check(row: &Row, args: &CountArgs, totals: &mut Totals, out: &mut Output) -> Result<(), Stop> {
    let (id, most) = (row.id.as_str(), args.most);
    let bad = |error| Stop::new(Exit::Usage, format!("{id}: {error}"));
    let checked = row.check(most).map_err(bad)?;
    let mut differences: Vec<String> = match checked {
        Checked::NoProgram => {
            totals.skipped += 1;
            return out.tell("row", &Line::Skipped { id });
        }
        Checked::TooLarge => {
            vec![format!("not counted: more than {}", counted(most, "trace", "traces"))]
        }
        Checked::Compared(differences) => differences.iter().map(ToString::to_string).collect(),
    };
    if let Some(engines) = &mut totals.engines {
        differences.extend(engines.run(row, most).map_err(bad)?);
    }
    if differences.is_empty() {
        totals.passed += 1;
        totals.figures += row.expected.len() as u64;
        return out.tell("row", &Line::Passed { id, figures: row.expected.len() });
    }
    totals.failed += 1;
    let (on, off) = (BAD.render(), BAD.render_reset());
    for difference in &differences {
        out.say(&format!("{on}FAIL{off}  {id}: {difference}"))?;
    }
    out.tell("row", &Line::Failed { id, differences })
}

fn finish(totals: &Totals, out: &mut Output) -> Result<Exit, Stop> {
    let Totals { passed, failed, skipped, figures, engines } = totals;
    let figures = counted(*figures, "figure agrees", "figures agree");
    out.say_more(&figures)?;
    if *skipped > 0 {
        let rows = counted(*skipped, "row carries", "rows carry");
        out.say_more(&format!("{rows} no program: figures published of larger sources"))?;
    }
    if let Some(engines) = engines {
        let Engines { executions, blocked, classes, source_blocked } = engines;
        let ran = counted(*executions, "execution", "executions");
        let of = counted(*classes, "class", "classes");
        out.say_more(&format!("optimal reduction: {ran} of {of}, {blocked} blocked"))?;
        out.say_more(&format!("source sets: {source_blocked} blocked"))?;
    }
    out.tell("end", totals)?;
    out.say(&format!("{passed} passed, {failed} failed"))?;
    Ok(if *failed == 0 { Exit::Held } else { Exit::Violated })
}

impl Engines {
    /// Runs a row's program; says where an engine does not run one schedule of each class.
    fn run(&mut self, row: &Row, most: u64) -> Result<Vec<String>, BadProgram> {
        let mut wrong = Vec::new();
        for relation in Relation::ALL {
            let Some(classes) = row.classes(relation) else { continue };
            self.classes += classes;
            for reduction in [Reduction::Optimal, Reduction::Source] {
                let Some(reduced) = row.reduce(relation, reduction, most)? else {
                    wrong.push(format!("{relation}: {reduction} does not end within {most}"));
                    continue;
                };
                let blocked = reduced.blocked;
                match reduction {
                    Reduction::Optimal => {
                        self.executions += reduced.executions;
                        self.blocked += blocked;
                    }
                    Reduction::Source => self.source_blocked += blocked,
                }
                let in_vain = reduction == Reduction::Optimal && blocked > 0;
                if reduced.executions != classes || in_vain {
                    let ran = counted(reduced.executions, "execution", "executions");
                    let of = counted(classes, "class", "classes");
                    wrong
                        .push(format!("{relation}: {reduction}: {ran} of {of}, {blocked} blocked"));
                }
            }
        }
        Ok(wrong)
    }
}
