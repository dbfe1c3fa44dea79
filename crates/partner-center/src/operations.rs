//! The operations of the service, generated from its specification, and the traits they implement.
//!
//! An operation is a value: its parameters are set by methods, and a `Client` runs it. One that returns a
//! single response is a [`SingleResponse`], for `Client::call`; one that returns a list is
//! [`Paginated`](crate::pagination::Paginated), for `Client::items` and `Client::pages`. The GET of a resource that can be replaced
//! is [`Updatable`], for `Client::update`, and what the service completes later is [`LongRunning`], for `Client::start`.

#[doc(inline)]
pub use partner_center_models::operations::*;
#[doc(inline)]
pub use partner_center_models::{
    InvalidParameter, LongRunning, Method, NoContent, Operation, Parameters, Polling, ResponseAs, SingleResponse,
    Updatable,
};
