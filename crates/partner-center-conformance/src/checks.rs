//! The check of each requirement, by subject. `requirement.rs` has the table of requirements.

pub(crate) mod concurrency;
pub(crate) mod connections;
pub(crate) mod limits;
pub(crate) mod requests;
pub(crate) mod response_bodies;
pub(crate) mod response_heads;
pub(crate) mod secrets;
pub(crate) mod timeouts;
