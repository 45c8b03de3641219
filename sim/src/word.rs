//! The one stored form of effects, replies, messages, signals and events: two words.
//!
//! A record is written and read at one width, so it never stalls on store forwarding; this halves
//! the cost of a step against copying Rust enums through memory. The enums that people read are
//! made from these words when somebody looks.

use serde::Serialize;

/// A record of two 64-bit words: `kind` (8 bits), `who` (24), `arg` (32) and `value` (64).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize)]
pub struct Words(pub(crate) u64, pub(crate) u64);

impl Words {
    /// The record that stands for "nothing"; its kind is 0.
    pub const NONE: Words = Words(0, 0);
    /// The largest `who`: a run names at most this many processes.
    pub const MAX_WHO: u32 = (1 << 24) - 1;

    /// Packs a record. `who` is cut to 24 bits; worlds refuse to grow past [`Words::MAX_WHO`].
    #[inline(always)]
    pub const fn new(kind: u8, who: u32, arg: u32, value: u64) -> Self {
        Words((kind as u64) << 56 | ((who & Self::MAX_WHO) as u64) << 32 | arg as u64, value)
    }

    /// What kind of record this is; each world has its own table of kinds.
    #[inline(always)]
    pub const fn kind(self) -> u8 {
        (self.0 >> 56) as u8
    }

    /// The index of whom the record is about, 0..2^24.
    #[inline(always)]
    pub const fn who(self) -> u32 {
        (self.0 >> 32) as u32 & Self::MAX_WHO
    }

    /// A second index or a small number.
    #[inline(always)]
    pub const fn arg(self) -> u32 {
        self.0 as u32
    }

    /// The value carried.
    #[inline(always)]
    pub const fn value(self) -> u64 {
        self.1
    }
}

/// Mixes `value` into `state`: one multiply and one rotation, for name and history hashes.
///
/// Not a digest: what is published uses XXH3-128 (see [`crate::trace`]).
#[inline(always)]
pub(crate) const fn mix(state: u64, value: u64) -> u64 {
    let x = (state ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (x ^ (x >> 32)).rotate_left(23).wrapping_mul(0xd6e8_feb8_6659_fd93)
}
