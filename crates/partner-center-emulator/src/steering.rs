//! Steering: what tests do with an emulator while it runs. Rust programs call methods of [`Emulator`](crate::Emulator), and all
//! others make requests to `/_emulator/` ([`http`]), which call the same methods.

mod clock;
mod error;
mod exchange;
pub(crate) mod http;
mod log;
mod redaction;
mod reset;
mod resources;
mod settings;
mod snapshot;
mod snapshot_names;
mod verdicts;

pub use error::{SteeringError, SteeringErrorKind};
pub use exchange::{Delivery, Exchange, ExchangeHeader, ExchangeResponse};
pub(crate) use redaction::decode_text;
pub use snapshot::{ParseSnapshotError, Snapshot};
pub(crate) use snapshot_names::NamedSnapshots;

/// The header of a continuation token.
const CONTINUATION_TOKEN_HEADER: ::http::HeaderName = ::http::HeaderName::from_static("ms-continuationtoken");
