//! A program file as a catalogue of one scenario.

use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
};
use atropos_scenarios::{
    program::{Program, ProgramScenario},
    steps::StepsScenario,
};
use std::{fs, path::Path};

/// Reads a program and makes a scenario of it.
pub(crate) fn catalog(file: &Path) -> Result<Catalog, Stop> {
    let text = fs::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => refused(file, "not UTF-8 text"),
        _ => Stop::io("read", file, &error),
    })?;
    let source = Some(file.display().to_string());
    if is_of_steps(&text) {
        let scenario = StepsScenario::from_text(&text, source);
        return Ok(vec![Box::new(scenario.map_err(|error| refused(file, error))?)]);
    }
    let program = Program::from_json(&text).map_err(|error| refused(file, error))?;
    let scenario = ProgramScenario::new(program, source).map_err(|error| refused(file, error))?;
    Ok(vec![Box::new(scenario)])
}

/// True for a step program of asyncio.
fn is_of_steps(text: &str) -> bool {
    let file: Option<serde_json::Value> = serde_json::from_str(text).ok();
    file.is_some_and(|file| file.get("kind").and_then(|kind| kind.as_str()) == Some("steps"))
}

fn refused(file: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::new(Exit::Usage, format!("{}: {why}", file.display()))
}
