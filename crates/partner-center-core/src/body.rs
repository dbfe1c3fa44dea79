//! Response bodies: decompressed, decoded from their charset to a string, and parsed as JSON.

mod charset;
#[cfg(feature = "gzip")]
pub mod compression;
mod decode;
mod decode_error;
mod json_fields;

pub(crate) use charset::decode_body_as_string;
pub(crate) use decode::{BodyReader, DecodedOrEmpty, decode_response, parse_json_or_none};
pub(crate) use decode_error::DecodeError;
pub(crate) use json_fields::{FieldNames, NamedJsonFields};
