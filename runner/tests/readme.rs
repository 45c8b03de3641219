//! The failing output in the README is real: this runs its command and compares.

mod common;

use common::Place;
use std::fs;

/// The line above the block and how a fenced block of shell begins.
const COMMAND: &str = "$ atropos fuzz atomvm-links/";

/// The command of the README's first campaign, and what it shows below it.
fn told() -> (String, String) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let readme = fs::read_to_string(path).unwrap_or_else(|error| {
        panic!(
            "{path} is not there ({error}): it must show a failing `atropos fuzz`, see this file"
        )
    });
    let blocks = readme.split("```").skip(1).step_by(2);
    let block = blocks.filter_map(|block| block.split_once('\n').map(|(_, text)| text));
    let block = block.into_iter().find(|text| {
        // A list of commands is not what is meant: the first line is one, the second none.
        text.starts_with(COMMAND) && text.lines().nth(1).is_some_and(|line| !line.starts_with('$'))
    });
    let block = block.unwrap_or_else(|| panic!("README.md has no block that begins {COMMAND:?}"));
    let (command, output) = block.split_once('\n').expect("a command and its output");
    (command["$ ".len()..].trim().to_owned(), output.to_owned())
}

/// The output without spaces at the ends of lines.
fn comparable(output: &str) -> Vec<String> {
    let line = |line: &str| line.trim_end().to_owned();
    output.trim_end().lines().map(line).collect()
}

#[test]
fn the_failing_output_is_real() {
    let (command, output) = told();
    let arguments: Vec<&str> = command.split_whitespace().skip(1).collect();
    let said = Place::new().run(&arguments).ended(100);
    assert_eq!(
        comparable(&output),
        comparable(&said.stdout),
        "the README is stale: paste what `{command}` prints now:\n{}",
        said.stdout
    );
}
