//! Rows of exact counts: programs of lc-v1 with the numbers of their schedules and classes.
//!
//! Two independent enumerators found them. Leaves out how they are counted: [`atropos::check`].

pub mod bodies;

use atropos::{
    check::{
        classes::{self, Counts},
        dpor::{self, Bounds, Reduced, Reduction},
    },
    lc::{BadProgram, LcWorld, Program, Relation},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt};

/// A row of a file of exact counts.
#[derive(Clone, Debug, Deserialize)]
pub struct Row {
    /// What it is called.
    pub id: String,
    /// The program; a row without one states a published figure of a larger source.
    pub program: Option<Program>,
    /// Its figures by name.
    pub expected: BTreeMap<String, u64>,
}

/// A figure that is not what the row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// Which figure.
    pub figure: String,
    /// What the row says.
    pub expected: u64,
    /// What was counted; `None` for a figure that nobody here counts.
    pub counted: Option<u128>,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, ", self.figure, self.expected)?;
        match self.counted {
            Some(counted) => write!(f, "counted {counted}"),
            None => f.write_str("which is no figure that can be counted"),
        }
    }
}

/// What came of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// These figures differ; none if all agree.
    Compared(Vec<Mismatch>),
    /// It carries no program.
    NoProgram,
    /// Its program has more traces than the bound.
    TooLarge,
}

impl Row {
    /// Counts the schedules of the row's program, of at most so many traces, and compares each
    /// figure.
    ///
    /// # Errors
    /// If the program names what is not there.
    pub fn check(&self, most: u64) -> Result<Checked, BadProgram> {
        let Some(program) = &self.program else { return Ok(Checked::NoProgram) };
        let world = LcWorld::new(program)?;
        Ok(match classes::count(&world, most) {
            Some(counts) => Checked::Compared(self.compare(&counts)),
            None => Checked::TooLarge,
        })
    }

    /// Runs the row's program by reduction; `None` if there is none, or it has more than so many
    /// schedules.
    ///
    /// # Errors
    /// If the program names what is not there.
    pub fn reduce(
        &self,
        relation: Relation,
        reduction: Reduction,
        most: u64,
    ) -> Result<Option<Reduced>, BadProgram> {
        let Some(program) = &self.program else { return Ok(None) };
        let mut world = LcWorld::new(program)?.under(relation);
        let bounds = Bounds { executions: most, steps: u32::MAX };
        let reduced = dpor::explore(&mut world, reduction, bounds);
        Ok(reduced.closed.then_some(reduced))
    }

    /// How many classes the row says that there are.
    pub fn classes(&self, relation: Relation) -> Option<u64> {
        self.expected.get(figure_of(relation)).copied()
    }

    fn compare(&self, counts: &Counts) -> Vec<Mismatch> {
        let known = figures(counts);
        let differs = |(figure, &expected): (&String, &u64)| {
            let counted = known.iter().find(|(name, _)| name == figure).map(|&(_, n)| n);
            (counted != Some(u128::from(expected))).then(|| Mismatch {
                figure: figure.clone(),
                expected,
                counted,
            })
        };
        self.expected.iter().filter_map(differs).collect()
    }
}

/// The figure that is the number of classes.
fn figure_of(relation: Relation) -> &'static str {
    match relation {
        Relation::Full => "classes_full_mazurkiewicz",
        Relation::Arrival => "classes_arrival",
        Relation::Observer => "classes_observer",
    }
}

/// The figures under the names that rows give them.
fn figures(counts: &Counts) -> [(&'static str, u128); 10] {
    let [full, arrival, observer] = counts.classes.map(u128::from);
    [
        ("total_interleavings", counts.interleavings),
        (figure_of(Relation::Full), full),
        (figure_of(Relation::Arrival), arrival),
        (figure_of(Relation::Observer), observer),
        ("classes_view", counts.views.into()),
        ("distinct_final_states", counts.outcomes.into()),
        ("trace_prefixes_full", counts.prefixes.into()),
        ("full_classes_ending_blocked", counts.blocked.into()),
        ("events_min", counts.fewest.into()),
        ("events_max", counts.most.into()),
    ]
}
