//! `atropos bench`: what a step costs, against a hand-written executor in the same run.
//!
//! Every row has its variants interleaved round by round, so that a machine that slows down slows
//! all of them: read the ratios. The minimum of the rounds is the figure, the median stands beside
//! it. Trace, 128-bit digest and all invariants are on in every row of the kernel.

mod exhaustive;
mod floor;
mod loops;
mod measure;
mod shrinking;
mod workloads;

use atropos::{
    check::Engine,
    plan::{Delivery, Scheduler},
    strategy::StrategyKind,
};
use floor::Floor;
use measure::{Figure, measure, timed};
use serde::Serialize;
use std::fmt::Write as _;
use workloads::Kernel;

/// One line of the table.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What was done.
    pub name: String,
    /// What one unit is.
    pub unit: &'static str,
    /// The floor's figure for the same work, in ns a unit, or what the row is compared with.
    pub floor: Option<f64>,
    /// The kernel's figure, in ns a unit: the least of all rounds.
    pub measured: f64,
    /// The median of all rounds.
    pub median: f64,
    /// Kernel over floor.
    pub ratio: Option<f64>,
    /// The ratio (or figure) aimed at.
    pub target: Option<f64>,
    /// The ratio (or figure) that is a fault.
    pub alarm: Option<f64>,
}

impl Row {
    fn ratio(
        name: &str,
        unit: &'static str,
        floor: f64,
        kernel: Figure,
        target: f64,
        alarm: f64,
    ) -> Self {
        Row {
            name: name.to_owned(),
            unit,
            floor: Some(floor),
            measured: kernel.least,
            median: kernel.median,
            ratio: Some(kernel.least / floor),
            target: Some(target),
            alarm: Some(alarm),
        }
    }

    fn figure(name: &str, unit: &'static str, kernel: Figure, target: f64, alarm: f64) -> Self {
        Row {
            name: name.to_owned(),
            unit,
            floor: None,
            measured: kernel.least,
            median: kernel.median,
            ratio: None,
            target: Some(target),
            alarm: Some(alarm),
        }
    }
}

/// Rows whose variants are measured against each other.
type Group = fn(u32) -> Vec<Row>;

/// Measures all rows, with so many rounds each.
pub fn rows(rounds: u32, progress: &mut dyn FnMut(&str)) -> Vec<Row> {
    let groups: [(&str, Group); 10] = [
        ("process steps", steps),
        ("task steps", tasks),
        ("event loops", loops::rows),
        ("messages", messages),
        ("births and deaths", births),
        ("small runs", small_runs),
        ("ready processes", ready),
        ("exhaustive checks", exhaustive),
        ("shrinking", shrinking::rows),
        ("threads", threads),
    ];
    groups
        .into_iter()
        .flat_map(|(name, rows)| {
            progress(&format!("  measuring {name}"));
            rows(rounds)
        })
        .collect()
}

const UNIFORM: StrategyKind = StrategyKind::Uniform;
const BOTH: [Delivery; 2] = [Delivery::Instant, Delivery::Pairwise];

fn steps(rounds: u32) -> Vec<Row> {
    let mut floor = Floor::new();
    let mut kernel = Kernel::new(Delivery::Instant, UNIFORM);
    let [floor, kernel] = measure(
        rounds,
        [&mut || timed(|| workloads::floor_yields(&mut floor, 100, 100)), &mut || {
            timed(|| kernel.run(|world| workloads::yields(world, 100, 100)))
        }],
    );
    vec![Row::ratio("100 processes x 100 yields", "step", floor.least, kernel, 1.5, 2.0)]
}

fn tasks(rounds: u32) -> Vec<Row> {
    let [mut floor, mut nursery] = [Floor::new(), Floor::new()];
    let mut many = Kernel::tasks(Scheduler::MultiThread);
    let mut children = Kernel::tasks(Scheduler::MultiThread);
    let mut current = Kernel::tasks(Scheduler::CurrentThread);
    let start = |world: &mut _| workloads::task_children(world, CHILDREN);
    let [floor, yields, nursery, child, step] = measure(
        rounds,
        [
            &mut || timed(|| workloads::floor_yields(&mut floor, 100, 100)),
            &mut || timed(|| many.run(|world| workloads::task_yields(world, 100, 100))),
            &mut || timed(|| workloads::floor_children(&mut nursery, CHILDREN)),
            &mut || timed(|| current.run(start)),
            &mut || timed(|| children.run(start)),
        ],
    );
    vec![
        Row::ratio("100 tasks x 100 yields", "step", floor.least, yields, 1.5, 2.0),
        Row::ratio("spawn and join, current-thread", "step", nursery.least, child, 1.5, 2.0),
        Row::ratio("spawn and join, multi-thread", "step", nursery.least, step, 1.5, 2.0),
    ]
}

const MESSAGES: u32 = 1_000;

fn messages(rounds: u32) -> Vec<Row> {
    let mut floor = Floor::new();
    let [mut instant, mut pairwise] = BOTH.map(|delivery| Kernel::new(delivery, UNIFORM));
    let [mut per_instant, mut per_pairwise] = BOTH.map(|delivery| Kernel::new(delivery, UNIFORM));
    let start = |world: &mut _| workloads::ping_pong(world, MESSAGES);
    let [floor, step, step_pairwise, message, message_pairwise] = measure(
        rounds,
        [
            &mut || timed(|| workloads::floor_ping_pong(&mut floor, MESSAGES)),
            &mut || timed(|| instant.run(start)),
            &mut || timed(|| pairwise.run(start)),
            &mut || timed(|| per(&mut per_instant, start, MESSAGES)),
            &mut || timed(|| per(&mut per_pairwise, start, MESSAGES)),
        ],
    );
    vec![
        Row::ratio("ping-pong, instant", "step", floor.least, step, 1.5, 2.0),
        Row::ratio("ping-pong, pairwise", "step", floor.least, step_pairwise, 1.5, 2.0),
        Row::ratio("ping-pong, instant", "message", floor.least, message, 2.5, 3.5),
        Row::ratio("ping-pong, pairwise", "message", floor.least, message_pairwise, 4.0, 5.0),
    ]
}

/// A run, counted in other units than steps.
fn per(
    kernel: &mut Kernel,
    start: impl FnOnce(&mut atropos::process::ProcessWorld),
    units: u32,
) -> u64 {
    kernel.run(start);
    u64::from(units)
}

const CHILDREN: u32 = 1_000;

fn births(rounds: u32) -> Vec<Row> {
    let mut floor = Floor::new();
    let [mut instant, mut pairwise] = BOTH.map(|delivery| Kernel::new(delivery, UNIFORM));
    let start = |world: &mut _| workloads::children(world, CHILDREN);
    let [floor, instant, pairwise] = measure(
        rounds,
        [
            &mut || {
                timed(|| {
                    workloads::floor_children(&mut floor, CHILDREN);
                    u64::from(CHILDREN)
                })
            },
            &mut || timed(|| per(&mut instant, start, CHILDREN)),
            &mut || timed(|| per(&mut pairwise, start, CHILDREN)),
        ],
    );
    vec![
        Row::ratio("birth to DOWN, instant", "child", floor.least, instant, 3.0, 4.0),
        Row::ratio("birth to DOWN, pairwise", "child", floor.least, pairwise, 3.0, 4.0),
    ]
}

fn small_runs(rounds: u32) -> Vec<Row> {
    let [mut instant, mut pairwise] = BOTH.map(|delivery| Kernel::new(delivery, UNIFORM));
    let steps = BOTH.map(|delivery| Kernel::new(delivery, UNIFORM).run(workloads::lifecycle));
    let [instant, pairwise] = measure(
        rounds,
        [&mut || timed(|| per(&mut instant, workloads::lifecycle, 1)), &mut || {
            timed(|| per(&mut pairwise, workloads::lifecycle, 1))
        }],
    );
    let name = |delivery, steps| format!("5 processes, {steps} steps, {delivery}");
    vec![
        Row::figure(&name("instant", steps[0]), "run", instant, 2_000.0, 5_000.0),
        Row::figure(&name("pairwise", steps[1]), "run", pairwise, 3_000.0, 5_000.0),
    ]
}

/// About this many steps in each run, whatever the number of processes: 100 each of 10,000, so that
/// their deaths are no more than one step in a hundred. Starting them is not counted.
const READY_STEPS: u32 = 1_000_000;

/// How many processes are ready at once.
const READY: [u32; 4] = [10, 100, 1_000, 10_000];

/// How many ns a run may take, by engine: aimed at, and a fault.
const EXHAUSTIVE: [(Engine, f64, f64); 4] = [
    (Engine::Dpor, 2_000.0, 4_000.0),
    (Engine::Source, 2_000.0, 4_000.0),
    (Engine::States, 1_000.0, 2_000.0),
    (Engine::Enumerate, 500.0, 1_000.0),
];

/// All schedules of five senders and a receiver: 23 events, 5,040 classes.
fn exhaustive(rounds: u32) -> Vec<Row> {
    let rows = EXHAUSTIVE.map(|(engine, target, alarm)| {
        let mut senders = exhaustive::Senders::new();
        let mut run = || timed(|| senders.search(engine));
        let [figure] = measure(rounds, [&mut run]);
        Row::figure(&format!("all schedules by {engine}"), "run", figure, target, alarm)
    });
    rows.into()
}

fn ready(rounds: u32) -> Vec<Row> {
    let mut rows = ready_floor(rounds);
    for strategy in [UNIFORM, StrategyKind::Pct(3)] {
        let [mut a, mut b, mut c, mut d] =
            READY.map(|n| (n, Kernel::new(Delivery::Instant, strategy)));
        let run = |(n, kernel): &mut (u32, Kernel)| {
            let n = *n;
            kernel.set_up(|world| workloads::yields(world, n, READY_STEPS / n));
            timed(|| kernel.play())
        };
        let figures = measure(
            rounds,
            [&mut || run(&mut a), &mut || run(&mut b), &mut || run(&mut c), &mut || run(&mut d)],
        );
        rows.extend(over_ten(&strategy.to_string(), figures));
    }
    rows
}

/// What memory alone makes of it: the floor with as many tasks.
fn ready_floor(rounds: u32) -> Vec<Row> {
    let [mut a, mut b, mut c, mut d] = READY.map(|n| (n, Floor::new()));
    let run = |(n, floor): &mut (u32, Floor)| {
        timed(|| workloads::floor_yields(floor, *n, READY_STEPS / *n))
    };
    let figures = measure(
        rounds,
        [&mut || run(&mut a), &mut || run(&mut b), &mut || run(&mut c), &mut || run(&mut d)],
    );
    let unjudged = |row| Row { target: None, alarm: None, ..row };
    over_ten("the floor", figures).map(unjudged).collect()
}

fn over_ten(who: &str, figures: [Figure; READY.len()]) -> impl Iterator<Item = Row> {
    READY.into_iter().zip(figures).map(move |(n, figure)| {
        let name = format!("{n} ready, {who}, over 10");
        Row::ratio(&name, "step", figures[0].least, figure, 1.5, 2.0)
    })
}

fn threads(rounds: u32) -> Vec<Row> {
    let work = || {
        let mut kernel = Kernel::new(Delivery::Instant, UNIFORM);
        (0..2_000).map(|_| per(&mut kernel, workloads::lifecycle, 1)).sum::<u64>()
    };
    let both = move || {
        std::thread::scope(|scope| {
            let other = scope.spawn(work);
            work() + other.join().expect("the workload holds")
        })
    };
    let [one, two] = measure(rounds, [&mut || timed(work), &mut || timed(both)]);
    let mut row = Row::figure("two threads over one", "times", two, 1.9, 1.8);
    (row.measured, row.median) = (one.least / two.least, one.median / two.median);
    vec![row]
}

/// The rows as an aligned table.
pub fn table(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<34} {:>8} {:>10} {:>10} {:>10} {:>7} {:>7} {:>7}\n",
        "", "unit", "floor ns", "ns", "median ns", "ratio", "target", "alarm"
    );
    let shown = |figure: Option<f64>| figure.map_or(String::new(), |figure| format!("{figure:.2}"));
    for row in rows {
        let _ = writeln!(
            text,
            "{:<34} {:>8} {:>10} {:>10.2} {:>10.2} {:>7} {:>7} {:>7}",
            row.name,
            row.unit,
            shown(row.floor),
            row.measured,
            row.median,
            shown(row.ratio),
            shown(row.target),
            shown(row.alarm)
        );
    }
    text
}
