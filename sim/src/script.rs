//! A run by names alone, step by step: what a regression file holds.
//!
//! A case promises the same run or none. A script promises less and lives longer: it is resolved by
//! names against whatever the scenario has become, and either it plays and tells what came of it, or
//! it tells the step where it no longer fits. There is no fingerprint and no digest in it.
//!
//! Leaves out: files, and what a verdict means for a campaign.

use crate::{
    case::{Case, Player, Replay, Unplayable, prepared, workload_of},
    decisions::{Ahead, Decision, Decisions, Names, Recorded, Scripted},
    moves::MoveSet,
    name::Name,
    plan::Conditions,
    scenario::{Scenario, variant},
    timeline::Timeline,
};
use std::collections::BTreeMap;

/// A run to be resolved by names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// The variant's name.
    pub variant: String,
    /// The invariant that it violated when it was written down.
    pub invariant: String,
    /// The conditions of the run.
    pub conditions: Conditions,
    /// Its step limit.
    pub step_limit: u32,
    /// Its workload, encoded by [`crate::case::encode`].
    pub workload: Vec<u8>,
    /// Its decisions, one a step.
    pub decisions: Vec<Decision>,
}

/// What came of a script.
#[derive(Clone, Debug)]
pub struct Followed {
    /// The run that was played, as a case. Where the script did not fit, it ends there.
    pub case: Case,
    /// What came of it; a divergence is where the script did not fit.
    pub replay: Replay,
    /// What the processes of the run are called.
    pub called: Called,
}

/// One step for people: the decision, who that is, and what it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// Who moves, as timelines call it: `limiter#1`.
    pub called: String,
    /// What happened in the step; empty if nothing is worth a line.
    pub why: String,
}

/// What processes are called in a timeline, by their paths.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Called(BTreeMap<String, String>);

impl Called {
    /// The names in a timeline: each ends in its path, `limiter#1.2`.
    pub fn in_timeline(timeline: &Timeline) -> Self {
        let lines = timeline.entries.iter().map(|entry| &entry.line);
        let names = lines.flat_map(|line| std::iter::once(&line.who).chain(&line.to));
        let by_path = |name: &String| {
            let (_, path) = name.rsplit_once('#')?;
            Some((path.to_owned(), name.clone()))
        };
        Called(names.filter_map(by_path).collect())
    }

    /// What a mover is called; its name, if no line speaks of it.
    pub fn call(&self, name: &Name) -> String {
        let process = |path: &[u32]| {
            let path = Name::Process(path.to_vec()).to_string();
            self.0.get(&path).cloned().unwrap_or(path)
        };
        match name {
            Name::Process(path) => process(path),
            Name::Channel(from, to) => format!("{} → {}", process(from), process(to)),
            Name::Timer(owner, ordinal) => format!("timer {ordinal} of {}", process(owner)),
            Name::Loop => "the loop".to_owned(),
            Name::LoopTimer(ordinal) => format!("timer {ordinal} of the loop"),
            Name::Collect => "the collector".to_owned(),
            Name::Fault => "a fault".to_owned(),
        }
    }
}

/// Plays a script by names and says what came of it.
pub fn follow<S: Scenario>(scenario: &S, script: &Script) -> Result<Followed, Unplayable> {
    let mut player = player(scenario, script)?;
    let workload = workload_of(scenario, &script.workload).ok_or(Unplayable::BadWorkload)?;
    let mut source = Scripted::new(&script.decisions, script.step_limit);
    let set_up = (&script.conditions, &workload[..]);
    let end = player.drive(set_up, false, &mut source, script.step_limit);
    let violation = end.violation();
    let conditions = (script.conditions, script.step_limit);
    let invariant = violation.as_ref().map(|violation| violation.invariant.clone());
    let case = player.case(conditions, &workload, invariant);
    let replay = player.came_to(violation, source.divergence());
    let called = Called::in_timeline(&replay.timeline);
    Ok(Followed { case, replay, called })
}

/// A player that looks for what the script is there for.
pub(crate) fn player<'s, S: Scenario>(
    scenario: &'s S,
    script: &Script,
) -> Result<Player<'s, S>, Unplayable> {
    let variant = variant(scenario, &script.variant).ok_or(Unplayable::NoVariant)?;
    let mut player = Player::new(scenario, variant);
    if !player.knows(&script.invariant) {
        return Err(Unplayable::NoInvariant);
    }
    player.aim(Some(&script.invariant));
    Ok(player)
}

/// A case step by step: each decision with its values and with what it did. A case that diverges is
/// told as far as it goes.
pub fn decided<S: Scenario>(scenario: &S, case: &Case) -> Result<Vec<Decided>, Unplayable> {
    let (mut player, workload) = prepared(scenario, case)?;
    let mut source = Marking { tape: Recorded::strict(&case.tape), drawn: 0, marks: Vec::new() };
    player.drive((&case.conditions, &workload), false, &mut source, case.step_limit);
    let timeline = player.timeline();
    let called = Called::in_timeline(&timeline);
    let mut whys = whys(&timeline);
    let values = &player.record.tape.values;
    let tape = player.tape();
    let step = |(at, who): (usize, &Name)| {
        let last = source.marks.get(at + 1).copied().unwrap_or(values.len());
        Decided {
            called: called.call(who),
            why: whys.remove(&(at as u32 + 1)).unwrap_or_default(),
            decision: Decision {
                kind: who.kind(),
                who: who.clone(),
                values: values[source.marks[at]..last].to_vec(),
            },
        }
    };
    Ok(tape.movers().enumerate().map(step).collect())
}

/// Of each step, what its first lines say.
fn whys(timeline: &Timeline) -> BTreeMap<u32, String> {
    const LINES: usize = 3;
    let mut whys = BTreeMap::new();
    for step in timeline.entries.chunk_by(|a, b| a.step == b.step) {
        let lines = step.iter().take(LINES).map(|entry| entry.line.with_arrow());
        whys.insert(step[0].step, lines.collect::<Vec<_>>().join("; "));
    }
    whys
}

/// A tape that notes how many values were drawn before each step.
struct Marking<'t> {
    tape: Recorded<'t>,
    drawn: usize,
    marks: Vec<usize>,
}

impl Decisions for Marking<'_> {
    fn next_move(&mut self, moves: &MoveSet, names: &dyn Names) -> Option<usize> {
        let at = self.tape.next_move(moves, names)?;
        self.marks.push(self.drawn);
        Some(at)
    }

    fn value(&mut self, options: u32) -> u32 {
        self.drawn += usize::from(options > 1);
        self.tape.value(options)
    }

    fn ahead(&mut self) -> Ahead {
        self.tape.ahead()
    }
}
