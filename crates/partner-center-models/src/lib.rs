#![doc = include_str!("../README.md")]
// docs.rs shows which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod body;
mod continuation;
mod copy;
mod date_time;
mod decimal;
mod error_code;
mod ext;
#[allow(
    clippy::needless_pass_by_value,
    clippy::struct_field_names,
    reason = "names are those of the service, and setters take values, whatever they do with them"
)]
#[rustfmt::skip]
#[allow(clippy::doc_markdown, clippy::unreadable_literal, reason = "names and bounds are those of the specification")]
mod generated;
mod invalid_value;
mod json;
mod json_value;
mod loss_mode;
mod nullable;
mod object;
mod open_enum;
mod operation;
mod pagination;
mod parameters;
mod polling;
mod projection;
mod raw_json;
mod raw_page;
mod read_page;
mod reader;
mod resource;
mod response;
mod scalar;
mod secret;
mod union;
mod unknown_fields;
mod update;
mod value;
#[cfg(test)]
mod value_tests;
mod writer;

// Re-exported because signatures of this crate use it: callers need not match its version.
pub use uuid;

pub use body::{Body, MultipartForm, UploadFile};
pub use continuation::{ContinuationToken, InvalidContinuationToken};
pub use date_time::{CivilDateTime, Date, DateTime};
pub use decimal::Decimal;
pub use error_code::ErrorCode;
#[cfg(feature = "commerce")]
#[cfg_attr(docsrs, doc(cfg(feature = "commerce")))]
pub use ext::{CartOutcome, CheckoutOutcome};
pub use generated::{operations::*, schemas::*};
pub use invalid_value::InvalidValue;
#[doc(hidden)]
pub use json::from_json_with;
pub use json::{ParsedJson, Replacement, ReplacementKind, from_json};
pub use json_value::JsonValue;
pub use nullable::Nullable;
pub use open_enum::{UnknownInteger, UnknownVariant};
pub use operation::{Idempotency, Method, Operation, SingleResponse, UnknownMethod};
pub use pagination::{PageFingerprint, PagePosition, Paginated, Pagination, PositionedPage};
pub use parameters::{InvalidParameter, Parameters};
pub use polling::{LongRunning, Polling};
#[doc(hidden)]
pub use projection::find_continuation;
pub use projection::{DynamicList, ItemsAs, PageAs, ResponseAs};
pub use raw_json::RawJson;
pub use raw_page::{RawList, RawPage};
pub use resource::Resource;
pub use response::{Accepted, Binary, Completion, FromResponse, NoContent, ResponseReader, Text};
pub use secret::Secret;
pub use unknown_fields::UnknownFields;
pub use update::Updatable;

/// The generated operations, for crates that re-export them as a module.
#[doc(hidden)]
pub mod operations {
    pub use crate::generated::operations::*;
}

/// The generated schemas, for crates that re-export them as a module.
#[doc(hidden)]
pub mod schemas {
    pub use crate::generated::schemas::*;
}
