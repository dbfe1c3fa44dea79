//! Many calls: several at the same time, and the rate that all of a client keep to.
//!
//! [`Client::for_each`](crate::Client::for_each) works on the items of a list, in threads or as a stream.
//! [`Client::rate_limit_status`](crate::Client::rate_limit_status) tells how fast the client may send requests now.

#[doc(inline)]
pub use partner_center_core::{ForEach, ItemOutcome, RateLimitScope, RateLimitStatus};
