#![doc = include_str!("../README.md")]
// docs.rs shows which feature an item requires.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod base_url;
mod body;
mod certificate;
mod client;
mod cloud;
mod credential;
mod engine;
mod error;
mod mode;
mod monitor;
mod pagination;
mod proxy;
mod rate_limit;
mod request;
mod retry;
mod transport;

// Re-exported because they are in signatures of this crate: users need no dependency of a matching version.
pub use bytes::Bytes;
pub use http;

#[cfg(feature = "gzip")]
#[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
pub use body::compression as gzip;
pub use certificate::CertificateProblem;
pub use client::{Client, ClientBuilder};
pub use cloud::Cloud;
pub use credential::{
    AccessToken, AppRegistration, Credential, RefreshTokenLease, TokenError, TokenErrorReason, TokenRequest,
    TokenSource,
};
pub use error::{Error, ErrorKind, ErrorReason, ServiceError};
pub use mode::{Async, Blocking, Mode};
pub use pagination::{Items, Pages};
pub use partner_center_models::*;
pub use proxy::{EnvironmentProxy, ProxyServer};
pub use retry::RetryPolicy;
pub use transport::{
    CallOutput, DefaultTransport, Limits, Output, Request, Response, Transport, TransportError, TransportErrorKind,
};
