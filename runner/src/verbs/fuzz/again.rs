//! The same runs in another process: what depends on an address, on a seed of a hash or on the
//! environment may well be the same twice in one process, and differs in the next.
//!
//! One in a hundred blocks is played again by a child, `atropos again`, which is told the runs on
//! stdin and answers with their digests. Where they differ, both play the block run by run, and the
//! first step that differs is named.

use super::Hunt;
use crate::{
    campaign::{Results, file::Part},
    catalog::{self, Catalog, Target},
    exit::{Exit, Stop},
    progress::counted,
};
use atropos::{decisions::RunIndex, hunt::Unstable, plan::Spec, timeline::Entry};
use serde::{Deserialize, Serialize};
use std::{
    io::Write,
    process::{Command, Stdio},
};

/// What a child is asked to play.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Asked {
    blocks: Vec<Block>,
    /// Tell each run, not only the whole block.
    by_run: bool,
}

/// The first runs of a block of a variant.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Block {
    /// `scenario/variant`.
    name: String,
    spec: Spec,
    block: u64,
    runs: u32,
}

/// What came of the blocks, one for each.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Played {
    digests: Vec<String>,
    /// The runs of the blocks one after the other, if they were asked for.
    runs: Vec<Run>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Run {
    number: u64,
    plan: String,
    digest: String,
    timeline: Vec<Entry>,
}

/// Plays what is asked.
pub(crate) fn play(catalog: &Catalog, asked: &Asked) -> Result<Played, Stop> {
    let mut played = Played { digests: Vec::new(), runs: Vec::new() };
    for block in &asked.blocks {
        let target = catalog::target(catalog, &block.name)?;
        if asked.by_run {
            played.runs.extend(by_run(&target, block));
        } else {
            let report = target.subject.hunter(target.variant, block.spec)(block.block, block.runs);
            played.digests.push(report.digest.to_string());
        }
    }
    Ok(played)
}

fn by_run<'b>(target: &Target<'b>, block: &'b Block) -> impl Iterator<Item = Run> + use<'b> {
    let Target { subject, variant, .. } = *target;
    (0..block.runs).map(move |run| {
        let index = RunIndex { block: block.block, run };
        let (plan, _, replay) = subject.run(variant, block.spec, index);
        Run {
            number: index.number(),
            plan: plan.to_string(),
            digest: replay.digest.to_string(),
            timeline: replay.timeline.entries,
        }
    })
}

/// Has a share of the campaign played again by a child, and says of each variant how it differs.
pub(super) fn compare(hunt: &Hunt<'_>, results: &Results, part: &mut Part) -> Result<(), Stop> {
    let sampled = hunt.targets.iter().zip(&results.tallies).enumerate();
    let (mut blocks, mut expected) = (Vec::new(), Vec::new());
    for (at, (target, tally)) in sampled {
        for (&block, (runs, digest)) in &tally.samples {
            blocks.push(Block { name: target.name(), spec: hunt.specs[at], block, runs: *runs });
            expected.push((at, digest.to_string()));
        }
    }
    let asked = Asked { blocks, by_run: false };
    let played = ask(hunt, &asked)?;
    for ((block, (at, digest)), theirs) in asked.blocks.iter().zip(&expected).zip(&played.digests) {
        if digest != theirs && part.variants[*at].unstable.is_none() {
            part.variants[*at].unstable = Some(difference(hunt, &hunt.targets[*at], block)?);
        }
    }
    Ok(())
}

/// Where a block differs from process to process.
fn difference(hunt: &Hunt<'_>, target: &Target<'_>, block: &Block) -> Result<String, Stop> {
    let asked = Asked { blocks: vec![block.clone()], by_run: true };
    let theirs = ask(hunt, &asked)?.runs;
    let ours = by_run(target, block);
    let name = target.name();
    let head = format!("{name} is not deterministic: another process gave another run");
    let differing = ours.zip(&theirs).find(|(ours, theirs)| ours != *theirs);
    let Some((ours, theirs)) = differing else {
        let (first, last) = (block.block * u64::from(RunIndex::BLOCK), block.runs);
        return Ok(format!("{head} among {} from {first} on", counted(last.into(), "run", "runs")));
    };
    let entries = ours.timeline.len().max(theirs.timeline.len());
    let at = (0..entries).find(|&at| ours.timeline.get(at) != theirs.timeline.get(at));
    let (one, other) =
        (at.and_then(|at| ours.timeline.get(at)), at.and_then(|at| theirs.timeline.get(at)));
    let step = one.or(other).map_or(1, |entry| entry.step);
    Ok(format!(
        "{head} for {}; first difference in step {step}: {} / {}",
        ours.plan,
        said(one),
        said(other)
    ))
}

fn said(entry: Option<&Entry>) -> String {
    entry.map_or("nothing that shows".to_owned(), |entry| {
        format!("{}: {}", entry.line.who, entry.line.text)
    })
}

/// How a variant is not deterministic within one process.
pub(super) fn unstable(target: &Target<'_>, unstable: &Unstable) -> String {
    let [first, second] = &unstable.events;
    let text = |event: &Option<String>| event.clone().unwrap_or_else(|| "nothing".to_owned());
    format!(
        "{} is not deterministic: {} gave another run the second time; first difference in step {}: {} / {}",
        target.name(),
        unstable.plan,
        unstable.step,
        text(first),
        text(second)
    )
}

/// Asks a child.
fn ask(hunt: &Hunt<'_>, asked: &Asked) -> Result<Played, Stop> {
    let failed = |why: String| {
        Stop::new(Exit::Tool, format!("cannot play runs again in another process: {why}"))
    };
    let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
    let mut command = Command::new(program);
    command.arg("again");
    if let Some(file) = &hunt.args.source.program {
        command.arg("--program").arg(file);
    }
    let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = pipes.spawn().map_err(|error| failed(error.to_string()))?;
    let question = serde_json::to_string(asked).expect("plain data");
    let stdin = child.stdin.take();
    // A child that ends early says why on stderr.
    let _ = stdin.map(|mut stdin| stdin.write_all(question.as_bytes()));
    let output = child.wait_with_output().map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    serde_json::from_slice(&output.stdout).map_err(|error| failed(error.to_string()))
}
