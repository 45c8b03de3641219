//! Flags of every verb.

use clap::{
    ArgAction, Args, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use std::path::PathBuf;

/// Flags of every verb.
#[derive(Clone, Debug, Args)]
pub(crate) struct Common {
    /// Work in this folder
    #[arg(short = 'C', long, global = true, value_name = "DIR")]
    pub(crate) directory: Option<PathBuf>,

    /// How results are written to stdout
    #[arg(long, global = true, default_value = "human", value_parser = Format::of_any_verb())]
    pub(crate) format: Format,

    /// Say less
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,

    /// Say more: the panics of bodies with their backtraces
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// When to colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,

    /// How progress is shown on stderr
    #[arg(long, global = true, value_enum, default_value_t = Progress::Auto, env = "ATROPOS_PROGRESS")]
    pub(crate) progress: Progress,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text; free to change
    Human,
    /// One JSON object a line; a promise
    Json,
    /// Lanes of text
    Text,
    /// A page of its own
    Html,
    /// A drawing
    Svg,
    /// A sequence diagram of Mermaid
    Mermaid,
    /// For Perfetto
    ChromeTrace,
    /// A log with vector clocks, for ShiViz
    Shiviz,
}

impl Format {
    /// The forms of every verb.
    fn of_any_verb() -> impl TypedValueParser<Value = Format> {
        Format::among(|format| matches!(format, Format::Human | Format::Json))
    }

    /// The forms of a timeline.
    pub(super) fn of_a_timeline() -> impl TypedValueParser<Value = Format> {
        Format::among(|_| true)
    }

    fn among(is_one: fn(Format) -> bool) -> impl TypedValueParser<Value = Format> {
        let known = Format::value_variants().iter().filter(move |format| is_one(**format));
        let values: Vec<PossibleValue> = known.filter_map(ValueEnum::to_possible_value).collect();
        PossibleValuesParser::new(values).map(|name| {
            Format::from_str(&name, false).expect("the parser lets nothing else through")
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl Color {
    pub(crate) fn write_global(self) {
        match self {
            Color::Auto => anstream::ColorChoice::Auto,
            Color::Always => anstream::ColorChoice::AlwaysAnsi,
            Color::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// A bar on a terminal, a line every ten seconds elsewhere
    Auto,
    /// A bar
    Bar,
    /// A line every ten seconds
    Plain,
    /// Nothing
    None,
}
