//! A program file as a catalogue of one scenario.

use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
    files,
    output::cut_at,
};
use atropos::subject::Subject;
use atropos_scenarios::{
    program::{Program, ProgramScenario},
    steps::StepsScenario,
};
use std::path::Path;

/// No program comes near.
const LONGEST: u64 = 16 << 20;

/// Reads a program and makes a scenario of it.
pub(crate) fn catalog(file: &Path) -> Result<Catalog, Stop> {
    let text = files::read_text(file, LONGEST).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => refused(file, error),
        _ => Stop::io("read", file, &error),
    })?;
    let scenario = from_text(&text, Some(file.display().to_string()));
    Ok(vec![scenario.map_err(|why| refused(file, why))?])
}

/// A program of either kind as a scenario. Any text gives one or a reason with its place.
pub(crate) fn from_text(text: &str, source: Option<String>) -> Result<Box<dyn Subject>, String> {
    if is_of_steps(text) {
        let scenario = StepsScenario::from_text(text, source).map_err(|error| error.to_string())?;
        return Ok(Box::new(scenario));
    }
    let program = Program::from_json(text).map_err(|error| error.to_string())?;
    let scenario = ProgramScenario::new(program, source).map_err(|error| error.to_string())?;
    Ok(Box::new(scenario))
}

/// True for a step program of asyncio.
fn is_of_steps(text: &str) -> bool {
    let file: Option<serde_json::Value> = serde_json::from_str(text).ok();
    file.is_some_and(|file| file.get("kind").and_then(|kind| kind.as_str()) == Some("steps"))
}

fn refused(file: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::new(Exit::Usage, format!("{}: {}", file.display(), cut_at(&why.to_string(), 600)))
}
