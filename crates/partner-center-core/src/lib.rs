#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod base_url;
mod body;
mod call;
mod certificate;
mod client;
mod cloud;
mod credential;
mod engine;
mod error;
#[cfg(feature = "gzip")]
#[cfg_attr(docsrs, doc(cfg(feature = "gzip")))]
pub mod gzip;
mod mode;
mod monitor;
mod next_page;
mod pages;
mod proxy;
mod rate_limit;
mod retry;
mod service_error;
mod transport;

// In the signatures of this crate, so that users need not match versions.
pub use bytes::Bytes;
pub use http;

pub use certificate::CertificateProblem;
pub use client::{Client, ClientBuilder};
pub use cloud::Cloud;
pub use credential::{
    AccessToken, AppRegistration, Credential, RefreshTokenLease, TokenError, TokenErrorReason, TokenRequest,
    TokenSource,
};
pub use error::{Error, ErrorKind};
pub use mode::{Async, Blocking, Mode};
pub use pages::{Items, Pages};
pub use partner_center_models::*;
pub use proxy::{EnvironmentProxy, ProxyServer};
pub use retry::RetryPolicy;
pub use service_error::{ErrorReason, ServiceError};
pub use transport::{
    CallOutput, DefaultTransport, Limits, Output, Request, Response, Transport, TransportError, TransportErrorKind,
};
