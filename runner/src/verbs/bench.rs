//! `atropos bench`: the kernel against a hand-written executor, in one run.

use crate::{
    args::BenchArgs,
    bench,
    exit::{Exit, Stop},
    output::Output,
};

pub(crate) fn run(args: &BenchArgs, out: &mut Output) -> Result<Exit, Stop> {
    let rows = bench::rows(args.rounds, &mut |doing| crate::output::remark(doing));
    for row in &rows {
        out.tell("bench", row)?;
    }
    out.say(&bench::table(&rows))?;
    Ok(Exit::Held)
}
