//! Requests and responses beyond the generated operations.
//!
//! A [`RawRequest`] is any request to the service: `Client::request` sends it, `Client::request_as` reads the response as any
//! type that is [`FromResponse`], `Client::request_pages` and `Client::request_items` read a list.
//!
//! A `Poller` follows what the service completes later. `CallOptions` are settings of single calls, `CallMetadata` is the response
//! beside the value, and `Hooks` see every call.

#[cfg(any(feature = "async", feature = "sync"))]
#[doc(inline)]
pub use partner_center_core::{
    AttemptDescription, CallDescription, CallMetadata, CallOptions, Hooks, InvalidPollToken, PollState, PollToken,
    Poller, RawRequest, RequestIds, WithMetadata,
};
#[doc(inline)]
pub use partner_center_models::{
    Accepted, Binary, Body, Completion, FromResponse, Idempotency, Method, MultipartForm, NoContent, ResponseReader,
    Text, UnknownMethod, UploadFile,
};
