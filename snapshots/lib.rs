//! The reviewed timelines live beside this file; the test in `review.rs` asserts them.
