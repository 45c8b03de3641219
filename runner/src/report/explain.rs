//! An explanation for people: what led to the violation, the decision that settled it, and how
//! likely it was all along.

use super::{evidence, indented, sentence};
use crate::{
    output::BAD,
    progress::{counted, grouped},
};
use atropos::{
    case::Case,
    explain::{Chance, Explanation, Link, Passing, Race, Racer, Turn},
    name::Name,
    subject::Subject,
    timeline::Entry,
};

/// Bars of the chance are so many cells wide.
const CELLS: usize = 20;

/// The explanation.
pub(crate) fn explanation(subject: &dyn Subject, case: &Case, explained: &Explanation) -> String {
    let (on, off) = (BAD.render(), BAD.render_reset());
    let violation = &explained.violation;
    let head = format!("{on}{}{off}: {}:", violation.invariant, sentence(subject, case));
    let parts = [
        format!("{head}\n{}", evidence(violation)),
        format!("What led to it\n{}", chain(&explained.chain)),
        decision(explained),
        explained.race.as_ref().map(race).unwrap_or_default(),
        format!("Chance of this failure by decisions kept\n{}", chances(&explained.chance)),
        settled(explained),
    ];
    let told = parts.iter().filter(|part| !part.is_empty());
    let shown: Vec<String> = told.map(|part| indented(part.trim_end(), 2)).collect();
    format!("\n{}\n", shown.join("\n\n"))
}

/// The decision and the race that decide a run, a paragraph each.
pub(crate) fn decided(explained: &Explanation) -> Vec<String> {
    let Some(passing) = &explained.passing else { return Vec::new() };
    let (step, [here, there]) = (passing.step, sides(passing));
    let alone = match passing.alone {
        true => {
            format!("Deciding is step {step}: there {here}. Had {there} instead, the run passes.")
        }
        false => format!(
            "No run that differs in one decision passes. Of those drawn the nearest that passes parts at step {step}: there {here}; in that one {there}, and what follows differs, too."
        ),
    };
    let race = explained.race.as_ref().map(|race| {
        let [first, second] = [&race.first, &race.second].map(|racer| {
            let there = racer.passing.map_or("never".to_owned(), |step| step.to_string());
            format!("step {} ({there} there): {}", racer.failing, said(&racer.name, &racer.lines))
        });
        format!("The race is over {}: {first}, and {second}.", race.over.join(", "))
    });
    [Some(alone), race].into_iter().flatten().collect()
}

fn chain(chain: &[Link]) -> String {
    let width = |text: &dyn Fn(&Link) -> usize| chain.iter().map(text).max().unwrap_or(0);
    let (roles, names) = (width(&|link| link.role.len()), width(&|link| link.who.chars().count()));
    let line = |link: &Link| {
        format!("{:>4}  {:<roles$}  {:<names$}  {}\n", link.step, link.role, link.who, link.text)
    };
    chain.iter().map(line).collect()
}

/// The nearest run that passes, told by the decision in which it differs.
fn decision(explained: &Explanation) -> String {
    let tried = counted(explained.flips, "other decision was", "other decisions were");
    let passing = explained.passing.as_ref().map(|passing| (passing, sides(passing)));
    match passing {
        Some((Passing { step, alone: true, .. }, [here, there])) => format!(
            "Deciding: step {step}\n  there {here}\n  had {there} instead, the run passes\n  ({tried} tried, from the last one back)"
        ),
        Some((Passing { step, .. }, [here, there])) => format!(
            "No run that differs in one decision passes ({tried} tried)\nOf those drawn the nearest that passes parts at step {step}\n  there {here}\n  in that one {there}, and what follows differs, too"
        ),
        None if explained.all_flips => {
            format!("No run that differs in one decision passes ({tried} tried, which is all)")
        }
        None => format!(
            "No run that differs in one decision passes, of those looked at ({tried} tried)"
        ),
    }
}

/// What was decided where two runs part, in the failing one and in the other.
fn sides(passing: &Passing) -> [String; 2] {
    let would = if passing.alone { "moved" } else { "moves" };
    [turn(&passing.failing, "moves"), turn(&passing.passing, would)]
}

/// The two steps whose order decides, and what they race for.
fn race(race: &Race) -> String {
    let racer = |racer: &Racer| {
        let there = match racer.passing {
            Some(step) => format!("step {step} in the run that passes"),
            None => "not in the run that passes".to_owned(),
        };
        format!("  step {}, {there}: {}\n", racer.failing, said(&racer.name, &racer.lines))
    };
    let over = race.over.join(", ");
    format!("The race is over {over}\n{}{}", racer(&race.first), racer(&race.second))
}

/// What happens in a step, or who moves if that tells nothing.
fn said(name: &Name, lines: &[Entry]) -> String {
    let line = |entry: &Entry| format!("{}: {}", entry.line.who, entry.line.with_arrow());
    let said: Vec<String> = lines.iter().map(line).collect();
    if said.is_empty() { name.to_string() } else { said.join(", ") }
}

fn turn(turn: &Turn, moves: &str) -> String {
    let said = said(&turn.name, &turn.lines);
    match turn.value {
        Some(value) => format!("value {value} is drawn ({said})"),
        None => format!("{} {moves} ({said})", turn.name),
    }
}

/// A bar a point; of points in a row that say the same the first and the last.
fn chances(points: &[Chance]) -> String {
    let percent = |share: f64| format!("{:.0}", share * 100.0);
    let line = |point: &Chance| {
        let full = (point.chance * CELLS as f64).round() as usize;
        let bar = "█".repeat(full) + &"░".repeat(CELLS - full);
        let (low, high) = (percent(point.low), percent(point.high));
        format!("{:>4}  {bar} {:>3} %  ({low} to {high})\n", point.kept, percent(point.chance))
    };
    let alike = points.chunk_by(|one, next| one.failed == next.failed && one.runs == next.runs);
    let shown = alike.flat_map(|alike| match alike {
        [first, .., last] => vec![first, last],
        few => few.iter().collect(),
    });
    shown.map(line).collect()
}

fn settled(explained: &Explanation) -> String {
    let runs = explained.chance.iter().map(|point| u64::from(point.runs)).sum::<u64>();
    let each = explained.chance.first().map_or(0, |point| point.runs);
    let runs = format!("({} runs, {each} a point; bounds hold with 95 %)", grouped(runs));
    match explained.inevitable_from {
        Some(0) => format!("It comes whatever is decided {runs}"),
        Some(kept) => format!("Inevitable from decision {kept} on {runs}"),
        None => format!("Not known from when on it is inevitable {runs}"),
    }
}
