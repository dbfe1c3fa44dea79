//! Many calls at the same time, a bounded number of them: for each item of a list one piece of work and one outcome.
//!
//! [`ForEach`] is the same in both modes. It starts work until `concurrency` is under way, waits for the next that is done,
//! and starts one more. What differs is a [`Mode`](crate::Mode)'s set of tasks: threads (`thread_set`), or futures that the
//! caller's own task polls (`future_set`), which ties it to no runtime.

mod for_each;
pub(crate) mod future_set;
pub(crate) mod thread_set;

pub use for_each::{ForEach, ItemOutcome};
