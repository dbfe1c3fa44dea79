//! Response bodies: decompressed, decoded from their charset to a string, and parsed as JSON.

mod charset;
#[cfg(feature = "gzip")]
pub mod compression;
mod decode;

pub(crate) use charset::decode_string;
pub(crate) use decode::{DecodeError, ResponseBody, decode, from_json_or_none};
