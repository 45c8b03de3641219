//! One file a verb, or one folder.

pub(crate) mod again;
pub(crate) mod bench;
pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod conform;
pub(crate) mod count;
pub(crate) mod explain;
pub(crate) mod fuzz;
pub(crate) mod list;
pub(crate) mod man;
pub(crate) mod merge;
pub(crate) mod regressions;
pub(crate) mod replay;
pub(crate) mod run;
pub(crate) mod shrink;
pub(crate) mod snapshots;
pub(crate) mod source;
pub(crate) mod timeline;
pub(crate) mod version;
