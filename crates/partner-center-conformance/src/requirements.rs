//! How each requirement is held, by what it is about; `requirement.rs` has the table of them.

pub(crate) mod answers;
pub(crate) mod bodies;
pub(crate) mod concurrency;
pub(crate) mod connections;
pub(crate) mod limits;
pub(crate) mod requests;
pub(crate) mod secrets;
pub(crate) mod timeouts;
