#![doc = include_str!("../README.md")]

mod authority;
mod behaviors;
mod builder;
mod catalog;
#[doc(hidden)]
pub mod check;
mod clock;
mod content_negotiation;
mod continuation_token;
mod customer_list;
mod customers;
mod emulator;
mod error_response;
mod fault;
mod filter;
mod item_filter;
mod json_fields;
mod judge;
mod lifecycle;
mod origin;
mod pages;
#[cfg(any(feature = "tls", feature = "webhooks"))]
mod pem;
#[cfg(feature = "persistence")]
mod persistence;
mod query;
mod quirks;
mod random;
mod rate_limit;
mod recording;
mod rendered_pages;
mod request_body;
mod request_handler;
mod request_log;
mod request_parameters;
mod resource;
mod resource_path;
mod response_headers;
mod response_writer;
mod routing;
mod scheduled_response;
mod server;
mod service;
mod service_response;
mod settings;
mod steering;
mod store;
mod test_credentials;
mod timestamp;
mod transport;
#[cfg(feature = "webhooks")]
mod webhook_sender;

pub use builder::EmulatorBuilder;
pub use emulator::Emulator;
pub use fault::{Fault, ParseFaultError};
pub use judge::{Misbehavior, Verdict};
#[cfg(feature = "persistence")]
pub use persistence::{DataFileError, DataFileErrorKind};
pub use quirks::{ContinuationIn, Encoding, ErrorCodes, LinkStyle, ListEnd, Quirks, TotalCount};
pub use recording::{JsonType, ParseRecordingError, RecordedExchange, Recording};
pub use server::Server;
pub use steering::{
    Delivery, Exchange, ExchangeHeader, ExchangeResponse, ParseSnapshotError, Snapshot, SteeringError,
    SteeringErrorKind,
};
pub use transport::EmulatorTransport;
#[cfg(feature = "webhooks")]
pub use webhook_sender::WebhookFault;
