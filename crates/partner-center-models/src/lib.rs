#![doc = include_str!("../README.md")]
// So that docs.rs says which feature an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod continuation;
mod conveniences;
mod described;
mod fault_code;
#[rustfmt::skip]
mod generated;
mod json;
mod json_value;
mod open_enum;
mod operation;
mod raw;
mod read_as;
mod reading;
mod resource;
mod secret;
mod unknown_fields;

// In the signatures of this crate, so that users need not match versions.
pub use uuid;

pub use continuation::{Continuation, UnreadableContinuation};
pub use fault_code::FaultCode;
pub use generated::{operations::*, schemas::*};
pub use json::{ParsedJson, Replacement, ReplacementKind, from_json};
pub use json_value::JsonValue;
pub use open_enum::Unrecognized;
pub use operation::{
    InvalidParameter, Method, NoContent, Operation, PageMark, Paged, Parameters, Seek, SingleResponse,
};
pub use raw::Raw;
pub use read_as::{ItemsAs, PageAs, ResponseAs};
pub use resource::Resource;
pub use secret::Secret;
pub use unknown_fields::UnknownFields;
