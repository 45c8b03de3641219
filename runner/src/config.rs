//! Profiles: named lists of flags for `fuzz` and `ci`, in `atropos.toml`.
//!
//! A profile is data that becomes the defaults of the command line, so its values are read, checked
//! and refused as flags are, and the command line and the environment go before it. Under a profile
//! stand, in this order: what this build says of `ci` and `nightly`, then the file's `default`, then
//! the flags' own defaults.
//!
//! ```toml
//! [profile.ci]
//! runs = 50_000
//! faults = 1
//! ```

use crate::{
    args::FuzzArgs,
    exit::{Exit, Stop},
    output::{cut, cut_at},
};
use clap::{Arg, ArgAction, Args, Command};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};
use toml::{Spanned, Value};

/// Where a configuration is looked for.
const PLACES: [&str; 2] = ["atropos.toml", ".config/atropos.toml"];
/// No configuration of ours comes near.
const LONGEST: u64 = 1 << 20;

/// What this build says of the profiles that have a meaning of their own.
const BUILT_IN: &str = r#"
[profile.default]

[profile.ci]
seed = "commit"
runs = 20_000
show = "first"
check-determinism = true

[profile.nightly]
time = "45m"
continue = true
demand = "always"
check-determinism = true
widen-check = "10m"
"#;

/// Flags that no profile may hold, since they say where profiles come from.
const NOT_IN_A_PROFILE: [&str; 4] = ["config", "profile", "program", "help"];

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    profile: BTreeMap<String, BTreeMap<Spanned<String>, Spanned<Value>>>,
}

/// A flag and its value as it would be typed, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Setting {
    flag: String,
    value: String,
    place: String,
}

/// The profiles that are known.
#[derive(Debug, Default)]
pub(crate) struct Config {
    place: Option<String>,
    profiles: BTreeMap<String, Vec<Setting>>,
    built_in: BTreeMap<String, Vec<Setting>>,
}

impl Config {
    /// Reads the file that was named, or the one that is there, or none.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, Stop> {
        let there = || PLACES.iter().map(PathBuf::from).find(|path| path.exists());
        let Some(path) = named.map(Path::to_owned).or_else(there) else {
            return Config::from_text(None, "").map_err(refused);
        };
        let text = crate::files::read_text(&path, LONGEST).map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => refused(format!("{}: {error}", path.display())),
            _ => Stop::io("read", &path, &error),
        })?;
        Config::from_text(Some(&path.display().to_string()), &text).map_err(refused)
    }

    /// Reads the text of a file. Any text gives profiles or a reason with its place.
    pub(crate) fn from_text(place: Option<&str>, text: &str) -> Result<Self, String> {
        Ok(Config {
            place: place.map(str::to_owned),
            profiles: profiles(place.unwrap_or("the configuration"), text)?,
            built_in: profiles("this build", BUILT_IN).expect("a sound configuration"),
        })
    }

    /// The command with the settings of a profile as its defaults.
    pub(crate) fn apply(&self, profile: &str, command: Command) -> Result<Command, Stop> {
        let settings = self.layered(profile).map_err(refused)?;
        let mut command = command;
        for Setting { flag, value, .. } in settings {
            let id = id_of(&command, &flag).expect("a setting names a flag");
            command = command.mut_arg(id, |arg| arg.default_value(value));
        }
        Ok(command)
    }

    /// Flag by flag what counts: of `runs` and `time` the one that was said last.
    fn layered(&self, profile: &str) -> Result<Vec<Setting>, String> {
        let known = self.built_in.contains_key(profile) || self.profiles.contains_key(profile);
        if !known {
            return Err(self.unknown(profile));
        }
        let layers = [
            self.profiles.get("default"),
            self.built_in.get(profile),
            self.profiles.get(profile).filter(|_| profile != "default"),
        ];
        let mut settings: BTreeMap<String, Setting> = BTreeMap::new();
        for setting in layers.into_iter().flatten().flatten() {
            let rivals = match setting.flag.as_str() {
                "runs" => &["time"][..],
                "time" => &["runs"],
                "from" => &["continue"],
                "continue" => &["from"],
                _ => &[],
            };
            rivals.iter().for_each(|rival| drop(settings.remove(*rival)));
            settings.insert(setting.flag.clone(), setting.clone());
        }
        Ok(settings.into_values().filter(|setting| setting.value != "false").collect())
    }

    fn unknown(&self, profile: &str) -> String {
        let names = self.built_in.keys().chain(self.profiles.keys());
        let mut names: Vec<&str> = names.map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        let place = self.place.as_deref().map_or_else(
            || format!("there is no {}", PLACES.join(" and no ")),
            |place| format!("{place} was read"),
        );
        format!("no profile is called {profile:?}; there are {} ({place})", names.join(", "))
    }
}

fn refused(why: String) -> Stop {
    Stop::new(Exit::Tool, why)
}

/// The flags of a campaign, as a command of its own.
fn flags() -> Command {
    FuzzArgs::augment_args(Command::new("profile").no_binary_name(true).disable_help_flag(true))
}

fn id_of(command: &Command, flag: &str) -> Option<clap::Id> {
    let arg = command.get_arguments().find(|arg| arg.get_long() == Some(flag));
    arg.map(|arg| arg.get_id().clone())
}

fn profiles(place: &str, text: &str) -> Result<BTreeMap<String, Vec<Setting>>, String> {
    let file: File = toml::from_str(text).map_err(|error| {
        let line = error.span().map(|span| line_of(text, span.start));
        let line = line.map_or_else(String::new, |line| format!("line {line}: "));
        format!("{place}: {line}{}", cut_at(error.message(), 300))
    })?;
    let flags = flags();
    let mut profiles = BTreeMap::new();
    for (name, settings) in file.profile {
        let read = settings.into_iter().map(|(flag, value)| {
            let place = format!(
                "{place}: line {}: profile {}",
                line_of(text, flag.span().start),
                cut(&name)
            );
            setting(&flags, &flag.into_inner(), value.into_inner(), place)
        });
        let settings = read.collect::<Result<Vec<_>, _>>()?;
        both_or_neither(&settings)?;
        profiles.insert(name, settings);
    }
    Ok(profiles)
}

/// Refuses what excludes each other within one profile.
fn both_or_neither(settings: &[Setting]) -> Result<(), String> {
    for (one, other) in [("runs", "time"), ("from", "continue")] {
        let find = |flag: &str| settings.iter().find(|setting| setting.flag == flag);
        if let (Some(_), Some(second)) = (find(one), find(other)) {
            return Err(format!("{}: {one} and {other} exclude each other", second.place));
        }
    }
    Ok(())
}

fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count() + 1
}

fn setting(flags: &Command, flag: &str, value: Value, place: String) -> Result<Setting, String> {
    let known = flags.get_arguments().filter(|arg| {
        arg.get_long().is_some_and(|long| !NOT_IN_A_PROFILE.contains(&long)) && !arg.is_global_set()
    });
    let names: Vec<(&str, &Arg)> = known.filter_map(|arg| Some((arg.get_long()?, arg))).collect();
    let Some((_, arg)) = names.iter().find(|(name, _)| *name == flag) else {
        return Err(format!("{place}: {}", unknown_flag(flag, &names)));
    };
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let value = match value {
        Value::Boolean(on) if is_switch => on.to_string(),
        _ if is_switch => return Err(format!("{place}: {flag} is true or false")),
        Value::String(text) => text,
        Value::Integer(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        _ => return Err(format!("{place}: {flag} is one value, a text or a number")),
    };
    if !is_switch {
        let typed = [format!("--{flag}={value}")];
        flags.clone().try_get_matches_from(typed).map_err(|error| {
            let text = error.to_string();
            let why = text.lines().next().unwrap_or_default().trim_start_matches("error: ");
            format!("{place}: {}", cut_at(why, 300))
        })?;
    }
    Ok(Setting { flag: flag.to_owned(), value, place })
}

fn unknown_flag(flag: &str, names: &[(&str, &Arg)]) -> String {
    if NOT_IN_A_PROFILE.contains(&flag) {
        return format!("{flag} stands on the command line, not in a profile");
    }
    let likeness = |name: &str| strsim::jaro_winkler(name, flag);
    let near =
        names.iter().map(|(name, _)| *name).max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match near.filter(|name| likeness(name) > 0.75) {
        Some(near) => format!("no flag of fuzz is called {:?}; did you mean {near:?}?", cut(flag)),
        None => {
            format!("no flag of fuzz is called {:?}; `atropos fuzz --help` shows them", cut(flag))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, profile: &str) -> Vec<(String, String)> {
        let config = Config::from_text(Some("atropos.toml"), text).expect("a sound configuration");
        let settings = config.layered(profile).expect("a known profile");
        settings.into_iter().map(|setting| (setting.flag, setting.value)).collect()
    }

    fn value<'s>(settings: &'s [(String, String)], flag: &str) -> Option<&'s str> {
        settings.iter().find(|(known, _)| known == flag).map(|(_, value)| value.as_str())
    }

    #[test]
    fn the_file_goes_before_this_build_and_a_profile_before_the_default() {
        let text = "[profile.default]\nruns = 7\nfaults = 1\n\n[profile.ci]\nshow = \"all\"\n\n[profile.mine]\ntime = \"3s\"\n";
        let ci = settings(text, "ci");
        assert_eq!(value(&ci, "show"), Some("all"), "the file's ci goes first");
        assert_eq!(value(&ci, "runs"), Some("20000"), "then this build's ci");
        assert_eq!(value(&ci, "faults"), Some("1"), "then the file's default");
        let mine = settings(text, "mine");
        assert_eq!((value(&mine, "time"), value(&mine, "runs")), (Some("3s"), None));
        assert_eq!(value(&settings(text, "default"), "runs"), Some("7"));
        assert_eq!(value(&settings("", "nightly"), "continue"), Some("true"));
        let off = settings("[profile.ci]\ncheck-determinism = false\n", "ci");
        assert_eq!(value(&off, "check-determinism"), None, "false switches off");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let rows = [
            ("x", "atropos.toml: line 1: "),
            ("profiles = 3", "unknown field `profiles`"),
            (
                "[profile.ci]\nrums = 3",
                "line 2: profile ci: no flag of fuzz is called \"rums\"; did you mean \"runs\"?",
            ),
            ("[profile.ci]\n\nruns = 0", "line 3: profile ci: invalid value '0' for '--runs <N>'"),
            ("[profile.ci]\nruns = true", "runs is one value"),
            ("[profile.ci]\nruns = [1]", "runs is one value"),
            ("[profile.ci]\nno-shrink = 1", "no-shrink is true or false"),
            ("[profile.ci]\nprogram = \"x\"", "stands on the command line"),
            ("[profile.ci]\nruns = 1\ntime = \"1s\"", "runs and time exclude each other"),
            ("[profile.ci]\nseed = \"somehow\"", "`random` or `commit`"),
            ("[profile.ci]\nzzz = 1", "`atropos fuzz --help`"),
        ];
        for (text, why) in rows {
            let refused = Config::from_text(Some("atropos.toml"), text).expect_err("unsound");
            assert!(
                refused.contains(why) && refused.starts_with("atropos.toml: line "),
                "{text:?}: {refused}"
            );
        }
        let config = Config::from_text(Some("atropos.toml"), "[profile.mine]").expect("sound");
        let refused = config.layered("yours").expect_err("no such profile");
        assert!(
            refused.contains("ci, default, mine, nightly (atropos.toml was read)"),
            "{refused}"
        );
    }
}
