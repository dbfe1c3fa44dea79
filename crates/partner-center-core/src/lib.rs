#![doc = include_str!("../README.md")]
// docs.rs shows which feature an item requires.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod auth;
mod base_url;
mod body;
mod call_metadata;
mod call_options;
mod client;
mod cloud;
mod concurrency;
mod engine;
mod error;
mod hooks;
mod link;
mod pagination;
mod request;
mod request_ids;
mod response_headers;
mod retry;
mod transport;
#[cfg(feature = "webhook-events")]
#[cfg_attr(docsrs, doc(cfg(feature = "webhook-events")))]
pub mod webhooks;

// Re-exported because they are in signatures of this crate: users need no dependency of a matching version.
pub use bytes::Bytes;
pub use http;

pub use auth::{
    AccessToken, AppRegistration, Credential, RefreshTokenLease, TokenError, TokenErrorReason, TokenRequest,
    TokenSource,
};
#[cfg(feature = "sign-in")]
#[cfg_attr(docsrs, doc(cfg(feature = "sign-in")))]
pub use auth::{AuthorizationRequest, DeviceCode, SignIn, SignInBuilder, SignedIn};
#[cfg(feature = "gzip")]
#[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
pub use body::compression as gzip;
pub use call_metadata::{CallMetadata, WithMetadata};
pub use call_options::CallOptions;
pub use client::{Client, ClientBuilder, InvalidPollToken, PollState, PollToken, Poller};
pub use cloud::Cloud;
pub use concurrency::{ForEach, ItemOutcome};
pub use engine::rate_limiter::{RateLimitScope, RateLimitStatus};
pub use error::{Error, ErrorKind, ErrorReason, ServiceError, WriteOutcome};
pub use hooks::{AttemptDescription, CallDescription, Hooks};
pub use pagination::{Items, Pages, PagesWithMetadata};
pub use partner_center_models::*;
pub use request::RawRequest;
pub use request_ids::RequestIds;
pub use retry::RetryPolicy;
pub use transport::{
    Async, Blocking, CallOutput, CertificateProblem, DefaultTransport, EnvironmentProxy, Limits, Mode, Output,
    ProxyServer, Request, Response, Transport, TransportError, TransportErrorKind,
};
