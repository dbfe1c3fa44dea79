//! Transports, which send one request and return its response.
//!
//! `Ureq` (feature `sync`) blocks, `Reqwest` (feature `async`) returns futures. A custom one implements [`Transport`]; its
//! [`Mode`] decides which of the two a client over it does. The crate
//! [`partner-center-conformance`](https://docs.rs/partner-center-conformance) tests a transport.

#[doc(inline)]
pub use partner_center_core::{
    Async, Blocking, CallOutput, CertificateProblem, DefaultTransport, EnvironmentProxy, Limits, Mode, Output,
    ProxyServer, Request, Response, Transport, TransportError, TransportErrorKind, gzip,
};
// In signatures of this crate, so that programs need not match their versions.
#[doc(no_inline)]
pub use partner_center_core::{Bytes, http};

#[cfg(feature = "async")]
#[doc(inline)]
pub use partner_center_reqwest::Reqwest;
#[cfg(feature = "sync")]
#[doc(inline)]
pub use partner_center_ureq::Ureq;
