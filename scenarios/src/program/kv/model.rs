//! A program of kind `kv` as data: how the store is built, and what is done to it, step by step.

use crate::kv_registry::system::System;
use crate::program::model::Data;

/// A program of kind `kv`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KvProgram {
    /// What it is called; `program` if nobody named it.
    pub id: String,
    /// What it shows, in a sentence; may be empty.
    pub about: String,
    /// The name of the profile it runs under, `otp-25`.
    pub profile: String,
    /// How the store is built.
    pub system: System,
    /// What happens.
    pub steps: Vec<Step>,
}

/// One step: the root does it, then the world comes to rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A bucket is asked for, by a cast.
    Create {
        /// What it shall be called.
        name: String,
    },
    /// A name is looked up.
    Lookup {
        /// Which.
        name: String,
    },
    /// `Agent.stop/2`
    BucketStop {
        /// Of which bucket.
        name: String,
        /// Why.
        reason: Data,
    },
    /// `Process.exit/2`
    BucketSignal {
        /// To which bucket.
        name: String,
        /// Why.
        reason: Data,
    },
    /// A value is put into a bucket.
    Put {
        /// Which bucket.
        name: String,
        /// Under which key.
        key: Data,
        /// Which value.
        value: Data,
    },
    /// A value is read from a bucket.
    Get {
        /// Which bucket.
        name: String,
        /// Under which key.
        key: Data,
    },
    /// `GenServer.stop/2` of the registry.
    RegistryStop {
        /// Why.
        reason: Data,
    },
    /// `Process.exit/2` to the owner of a name.
    Signal {
        /// Whose.
        to: Owner,
        /// Why.
        reason: Data,
    },
    /// The root tells the top supervisor, whose parent it is, to exit, and waits for its end.
    StopTop {
        /// Why.
        reason: Data,
    },
    /// Who lives, who is known, who is an orphan.
    State,
}

/// A process that is known by a registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// `KV.Registry`
    Registry,
    /// `KV.BucketSupervisor`
    BucketSupervisor,
}
