//! A step program as a scenario: hunted, replayed and shrunk like any other.
//!
//! Its workload is the main task's operations, the same in every block; what varies is when the
//! collector runs, which timer fires, and who is next. The shrinker drops operations of the main task.

use super::{interpret, model::Program, play::Played, write::text_of};
use crate::program::parse::ProgramError;
use atropos::{
    check::Claim,
    event_loop::{
        CPYTHON_3_11, EventLoopWorld, Profile,
        invariants::{self, LoopInvariant},
        profile,
    },
    plan::{Collect, Conditions, Loop},
    scenario::{Expectation, Scenario, Variant},
};
use serde_json::Value;
use std::{borrow::Cow, cell::RefCell, rc::Rc, sync::Arc};

/// A step program under test.
#[derive(Debug)]
pub struct StepsScenario {
    program: Program,
    main: Vec<String>,
    name: String,
    about: String,
    source: Option<String>,
    profile: &'static Profile,
    variants: [Variant; 1],
}

fn refuse(place: &str, reason: String) -> ProgramError {
    ProgramError { place: place.to_owned(), reason }
}

impl StepsScenario {
    /// A scenario of a file of kind `steps`: `program`, and if there are such `id`, `rule`, `profile`
    /// and `breaks`; `source` is the file that it was read from.
    ///
    /// # Errors
    /// If it is no step program, or names a profile or an invariant that does not exist.
    pub fn from_text(text: &str, source: Option<String>) -> Result<Self, ProgramError> {
        let program = Program::from_vector(text)?;
        let file: Value = serde_json::from_str(text)?;
        let said = |key: &str| file.get(key).and_then(Value::as_str).map(str::to_owned);
        let mut scenario = StepsScenario {
            main: program.main.iter().map(text_of).collect(),
            program,
            name: said("id").unwrap_or_else(|| "steps".to_owned()),
            about: said("rule").unwrap_or_else(|| "a step program".to_owned()),
            source,
            profile: profile_of(said("profile"))?,
            variants: [Variant::holds("main", "the program as it is written")],
        };
        scenario.variants[0].expectation = expectation(&file)?;
        Ok(scenario)
    }

    /// The program with other operations of its main task.
    fn with(&self, main: &[String]) -> Option<Program> {
        Program::from_text(&self.program.to_text_with(&format!("[{}]", main.join(", ")))).ok()
    }
}

fn profile_of(name: Option<String>) -> Result<&'static Profile, ProgramError> {
    let Some(name) = name else { return Ok(&CPYTHON_3_11) };
    profile(&name).ok_or_else(|| {
        let known: Vec<&str> =
            atropos::event_loop::PROFILES.iter().map(|profile| profile.name).collect();
        refuse("profile", format!("there is no {name:?}; there are {}", known.join(", ")))
    })
}

/// What `breaks` says must be broken; without it, nothing may be.
fn expectation(file: &Value) -> Result<Expectation, ProgramError> {
    let Some(breaks) = file.get("breaks") else { return Ok(Expectation::Holds) };
    let expected = || refuse("breaks", format!("expected a list of names, found {breaks}"));
    let names: Result<Vec<&'static str>, ProgramError> = breaks
        .as_array()
        .ok_or_else(expected)?
        .iter()
        .map(|name| {
            let name = name.as_str().ok_or_else(expected)?;
            invariants::names().find(|known| *known == name).ok_or_else(|| {
                let known: Vec<&str> = invariants::names().collect();
                refuse("breaks", format!("there is no {name:?}; there are {}", known.join(", ")))
            })
        })
        .collect();
    let names = names?;
    Ok(if names.is_empty() { Expectation::Holds } else { Expectation::Breaks(Cow::Owned(names)) })
}

impl Scenario for StepsScenario {
    type World = EventLoopWorld;
    type Op = String;

    fn name(&self) -> &str {
        &self.name
    }

    fn about(&self) -> &str {
        &self.about
    }

    fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn variants(&self) -> &[Variant] {
        &self.variants
    }

    fn world(&self, _: &Variant) -> EventLoopWorld {
        EventLoopWorld::new(self.profile)
    }

    fn fixed(&self, _: &Variant) -> Vec<String> {
        self.main.clone()
    }

    fn workload(&self, _: &Variant, _: [u8; 32]) -> Vec<String> {
        self.main.clone()
    }

    fn start(&self, _: &Variant, workload: &[String], world: &mut EventLoopWorld) {
        let program = Arc::new(self.with(workload).expect("a workload is asked for its validity"));
        let played = Rc::new(RefCell::new(Played::default()));
        let kept = interpret::Kept::default();
        let held = kept.clone();
        world.program(|outside| interpret::program(outside, program, played, held));
        world.keep(kept);
    }

    fn invariants(&self, variant: &Variant) -> Vec<LoopInvariant> {
        let mut list = invariants::basics();
        for &name in variant.expectation.breaks() {
            if list.iter().all(|known| known.name != name) {
                list.extend(invariants::ready_made(name));
            }
        }
        list
    }

    /// In every schedule, the collector coming at any time.
    fn claims(&self, _: &Variant) -> Vec<Claim> {
        let event_loop = Some(Loop { collect: Collect::Asked, ..Loop::default() });
        let conditions = Conditions { event_loop, ..Conditions::default() };
        vec![Claim::of(&self.main).under(conditions).by_states(None)]
    }

    fn is_valid(&self, workload: &[String]) -> bool {
        self.with(workload).is_some()
    }

    fn operation_text(&self, op: &String) -> String {
        op.clone()
    }
}
