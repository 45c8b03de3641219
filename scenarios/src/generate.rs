//! Workloads from proptest strategies: a function of 32 bytes and nothing else.

use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

/// The value that a strategy makes of a seed.
///
/// # Panics
/// If the strategy rejects too many values; ours reject none.
pub(crate) fn from_seed<T>(strategy: &impl Strategy<Value = T>, seed: [u8; 32]) -> T {
    // Persistence is off: what is kept of a failure is the case, not proptest's seed.
    let config = Config { failure_persistence: None, ..Config::default() };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let tree = strategy.new_tree(&mut TestRunner::new_with_rng(config, rng));
    tree.expect("a strategy that rejects nothing").current()
}
