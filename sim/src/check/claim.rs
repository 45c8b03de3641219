//! What a check is to show of a variant, as data: of which workload, under which conditions, how far.

use super::{Engine, Search};
use crate::{case::encode, plan::Conditions};
use serde::Serialize;

/// A claim about a variant: of its workload every schedule within the bounds does what the variant is
/// expected to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The workload, encoded by [`encode`].
    pub workload: Vec<u8>,
    /// The conditions.
    pub conditions: Conditions,
    /// The engine and its bounds.
    pub search: Search,
}

impl Claim {
    /// All schedules of a workload, under default conditions, one of each class.
    pub fn of<Op: Serialize>(workload: &[Op]) -> Self {
        let (conditions, search) = (Conditions::default(), Search::default());
        Claim { workload: encode(workload), conditions, search }
    }

    /// The same under other conditions.
    #[must_use]
    pub fn under(self, conditions: Conditions) -> Self {
        Claim { conditions, ..self }
    }

    /// The same with up to so many faults.
    #[must_use]
    pub fn with_faults(self, faults: u32) -> Self {
        let conditions = Conditions { faults, ..self.conditions };
        self.under(conditions)
    }

    /// The same, each state once, perhaps of at most so many preemptions.
    #[must_use]
    pub fn by_states(self, preemptions: Option<u32>) -> Self {
        let search = Search { engine: Engine::States, preemptions, ..self.search };
        Claim { search, ..self }
    }
}
