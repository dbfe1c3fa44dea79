//! Requests and responses beyond the generated operations.
//!
//! A [`RawRequest`] is any request to the service: `Client::request` sends it, `Client::request_as` reads the response as any
//! type that is [`FromResponse`], `Client::request_pages` and `Client::request_items` read a list.

#[cfg(any(feature = "async", feature = "sync"))]
#[doc(inline)]
pub use partner_center_core::{RawRequest, RequestIds};
#[doc(inline)]
pub use partner_center_models::{
    Accepted, Binary, Body, Completion, FromResponse, Idempotency, Method, MultipartForm, NoContent, ResponseReader,
    Text, UnknownMethod, UploadFile,
};
