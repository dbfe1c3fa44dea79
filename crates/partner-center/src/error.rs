//! Errors of calls.
//!
//! Every failed call returns an [`Error`]. Its [`ErrorKind`] decides what can be done; [`Error::reason`] tells well-known causes
//! apart, and [`Error::service_error`] has the error response of the service. The errors of the parts are in their modules:
//! [`TokenError`](crate::auth::TokenError) and [`TransportError`](crate::transport::TransportError).

#[doc(inline)]
pub use partner_center_core::{Error, ErrorKind, ErrorReason, ServiceError, WriteOutcome};
