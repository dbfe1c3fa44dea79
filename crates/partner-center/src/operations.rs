//! The operations of the service, generated from its specification, and the traits they implement.
//!
//! An operation is a value: its parameters are set by methods, and a `Client` runs it. One that returns a
//! single response is a [`SingleResponse`], for `Client::call`; one that returns a list is
//! [`Paginated`](crate::pagination::Paginated), for `Client::items` and `Client::pages`.

#[doc(inline)]
pub use partner_center_models::operations::*;
#[doc(inline)]
pub use partner_center_models::{
    InvalidParameter, Method, NoContent, Operation, Parameters, ResponseAs, SingleResponse,
};
