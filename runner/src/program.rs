//! A program file as a catalogue of one scenario.

use crate::{
    catalog::Catalog,
    exit::{Exit, Stop},
};
use atropos_scenarios::program::{Program, ProgramScenario};
use std::{fs, path::Path};

/// Reads a program and makes a scenario of it.
pub(crate) fn catalog(file: &Path) -> Result<Catalog, Stop> {
    let text = fs::read_to_string(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::InvalidData => refused(file, "not UTF-8 text"),
        _ => Stop::io("read", file, &error),
    })?;
    let program = Program::from_json(&text).map_err(|error| refused(file, error))?;
    let source = Some(file.display().to_string());
    let scenario = ProgramScenario::new(program, source).map_err(|error| refused(file, error))?;
    Ok(vec![Box::new(scenario)])
}

fn refused(file: &Path, why: impl std::fmt::Display) -> Stop {
    Stop::new(Exit::Usage, format!("{}: {why}", file.display()))
}
