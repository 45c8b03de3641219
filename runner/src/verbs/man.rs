//! `atropos man`: manual pages, made of the arguments themselves.
//!
//! The page of `atropos` to stdout, or a file a verb. A page carries the version and no date, so
//! that the same build gives the same pages.

use crate::{
    args::{self, ManArgs},
    exit::{Exit, Stop},
    files,
    output::say,
};
use clap::Command;
use clap_mangen::Man;
use std::path::Path;

pub(crate) fn run(args: &ManArgs) -> Result<Exit, Stop> {
    let mut command = args::command().disable_help_subcommand(true);
    command.build();
    match &args.out {
        Some(folder) => write_all(&command, folder)?,
        None => {
            say(page(&command).1.trim_end())?;
        }
    }
    Ok(Exit::Held)
}

/// The file name of a command's page, and the page.
fn page(command: &Command) -> (String, String) {
    let source = concat!("atropos ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(command.clone()).source(source).manual("Atropos");
    let mut page = Vec::new();
    man.render(&mut page).expect("a vector takes what is written");
    (man.get_filename(), String::from_utf8_lossy(&page).into_owned())
}

/// Writes the pages of a command and of the verbs below it.
fn write_all(command: &Command, folder: &Path) -> Result<(), Stop> {
    let (name, text) = page(command);
    let path = folder.join(name);
    files::write(&path, &text)?;
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    verbs.into_iter().try_for_each(|verb| write_all(verb, folder))
}
