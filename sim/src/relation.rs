//! The equivalences under which schedules count as one.
//!
//! Two schedules are of one class if they differ only in the order of events that do not conflict. A
//! coarser relation lets fewer events conflict, so it has fewer classes to look at. What conflicts
//! is for each world to say ([`World::observed`](crate::world::World::observed)).

use crate::footprint::Footprint;
use std::fmt;

/// An event as a relation sees it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Which event it is, whatever the schedule.
    pub id: u64,
    /// What it was and what came of it.
    pub label: u64,
    /// What of it counts.
    pub footprint: Footprint,
}

/// An equivalence of schedules.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Traces of Mazurkiewicz: events whose footprints conflict keep their order.
    #[default]
    Full,
    /// A receive depends on the message that it took, not on the mailbox.
    Arrival,
    /// What nobody observed has no order.
    Observer,
}

impl Relation {
    /// From the finest to the coarsest.
    pub const ALL: [Relation; 3] = [Relation::Full, Relation::Arrival, Relation::Observer];

    /// True if the label of an event carries its result.
    pub fn labels_results(self) -> bool {
        self != Relation::Full
    }
}

impl fmt::Display for Relation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Relation::Full => "full",
            Relation::Arrival => "arrival",
            Relation::Observer => "observer",
        })
    }
}
