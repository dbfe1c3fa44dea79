//! Retries: which failures are transient, and whether and when a request is sent again.
//!
//! In three steps: [`Retryability`] classifies the outcome of an attempt (its status, or how the connection failed);
//! [`decide_retry`] turns that, the [`RetryPolicy`], the deadline and the attempts so far into a [`RetryDecision`]; the engine
//! carries the decision out. [`may_send_again`] says which writes may be sent twice, and [`RetryBudget`] ends storms of retries.

mod budget;
mod classification;
mod decision;
mod policy;
mod retry_after;

pub(crate) use budget::RetryBudget;
pub(crate) use classification::{AttemptError, Retryability};
pub(crate) use decision::{RetryDecision, decide_retry, may_send_again};
pub use policy::RetryPolicy;
pub(crate) use retry_after::RetryAfter;
