//! From the body of a successful response to a value.

use super::{
    DecodeError,
    charset::{Decoded, decode_charset},
};
use crate::Response;
use http::{
    HeaderMap, StatusCode, Version,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use partner_center_models::{Replacement, from_json};
use serde::de::DeserializeOwned;

/// The body of a successful response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ResponseBody<T> {
    Value(T),
    /// An empty body, with the status of the response.
    Empty(StatusCode),
}

impl<T: DeserializeOwned> ResponseBody<T> {
    /// Returns the value; for an empty body, that of a type without one, such as `NoContent`.
    pub(crate) fn into_value(self) -> Result<T, DecodeError> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Empty(_) => serde_json::from_str("null").map_err(|_| DecodeError::Empty),
        }
    }
}

/// Decodes the body of a successful response. Characters that no string can hold are replaced, and passed to `report`.
pub(crate) fn decode<T: DeserializeOwned>(
    response: &Response,
    report: impl FnMut(&Replacement),
) -> Result<ResponseBody<T>, DecodeError> {
    // A content encoding that a proxy undid without removing the header is harmless. Where the header is true, the body is
    // unreadable, and a retry does not change that.
    decode_plain(response, report)
        .map_err(|error| if is_encoded(response.headers()) { DecodeError::ContentEncoding } else { error })
}

/// Whether the body has a content encoding that the transport did not undo.
fn is_encoded(headers: &HeaderMap) -> bool {
    let encodings =
        headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    encodings.map(<[u8]>::trim_ascii).any(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
}

fn decode_plain<T: DeserializeOwned>(
    response: &Response,
    report: impl FnMut(&Replacement),
) -> Result<ResponseBody<T>, DecodeError> {
    let Decoded { string, has_lone_surrogates } = decode_charset(response)?;
    if string.trim_ascii().is_empty() {
        return if has_declared_end(response) {
            Ok(ResponseBody::Empty(response.status()))
        } else {
            Err(DecodeError::Truncated)
        };
    }
    match from_json(&string) {
        Ok(parsed) => {
            parsed.replacements.iter().for_each(report);
            Ok(ResponseBody::Value(parsed.value))
        }
        Err(error) if error.is_eof() => Err(DecodeError::Truncated),
        Err(_) if string.trim_ascii_start().starts_with('<') => Err(DecodeError::Markup),
        Err(_) if has_lone_surrogates => Err(DecodeError::Charset),
        Err(error) => {
            Err(DecodeError::Json { line: error.line(), column: error.column(), is_schema_mismatch: error.is_data() })
        }
    }
}

/// Whether the response declares where its body ends, so that an empty body is meant to be empty. Otherwise it ends where the
/// connection does, and may be truncated.
fn has_declared_end(response: &Response) -> bool {
    response.status() == StatusCode::NO_CONTENT
        || response.version() > Version::HTTP_11
        || response.headers().contains_key(CONTENT_LENGTH)
        || response.headers().contains_key(TRANSFER_ENCODING)
}

/// Parses JSON of which any part may be missing; `None` if it is not JSON of that shape.
pub(crate) fn from_json_or_none<T: DeserializeOwned>(json: &str) -> Option<T> {
    from_json(json).ok().map(|parsed| parsed.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::header::CONTENT_TYPE;

    fn decode<T: DeserializeOwned>(response: &Response) -> Result<ResponseBody<T>, DecodeError> {
        super::decode(response, |_| {})
    }

    fn response(content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let body = Bytes::from(body.into());
        let builder = http::Response::builder().header(CONTENT_TYPE, content_type).header(CONTENT_LENGTH, body.len());
        builder.body(body).unwrap()
    }

    #[test]
    fn invalid_body_is_described_and_not_shown() {
        for (body, expected) in [
            (&b"\xC3\x28"[..], "the body is invalid in the charset that it declares"),
            (b"\xFF\xFE\x00\xDC", "the body is invalid in the charset that it declares"),
            (b"\xFF\xFEa", "the body is truncated"),
            (b"\xFF\xFE\x00\xD8", "the body is truncated"),
            (b"[1, 2", "the body is truncated"),
            (b"[\"\xC3", "the body is truncated"),
            (
                b"<html>secret</html>",
                "the body is HTML or XML instead of JSON: a proxy may have responded in place of the service",
            ),
            (b"[1, secret]", "the body is not valid JSON at line 1, column 5"),
            (br#"["secret"]"#, "the body does not match the specification at line 1, column 9"),
        ] {
            let error = decode::<Vec<u32>>(&response("application/json", body)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        assert_eq!(decode::<u32>(&response("application/json", *b" \r\n")), Ok(ResponseBody::Empty(StatusCode::OK)));
        assert_eq!(
            decode::<u32>(&response("application/json", *b"\xEF\xBB\xBF")),
            Ok(ResponseBody::Empty(StatusCode::OK))
        );
    }

    #[test]
    fn unknown_content_encoding_is_described() {
        let decoded = |coding: &'static str, body: &'static [u8]| {
            let mut response = response("application/json", body);
            response.headers_mut().append(CONTENT_ENCODING, http::HeaderValue::from_static(coding));
            decode::<Vec<u32>>(&response)
        };
        for body in [&b"\x8b\x00\x80[1]\x03"[..], b"[1, 2", b"[\xC3"] {
            assert_eq!(decoded("br", body), Err(DecodeError::ContentEncoding));
            assert_eq!(decoded("identity, gzip, deflate", body), Err(DecodeError::ContentEncoding));
            assert_ne!(decoded("identity,, Identity", body), Err(DecodeError::ContentEncoding));
        }
        assert_eq!(decoded("utf-8", b"[1]"), Ok(ResponseBody::Value(vec![1])));
    }

    #[test]
    fn lone_surrogate_is_replaced_in_every_charset() {
        let name = [0x42, 0xD83E, 0x43];
        let units: Vec<u16> = "[\"".encode_utf16().chain(name).chain("\", \"🥐\"]".encode_utf16()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        for body in [br#"["B\ud83eC", "\uD83E\udd50"]"#.to_vec(), be, le] {
            let mut reported = Vec::new();
            let decoded = super::decode(&response("application/json", body), |replacement| {
                reported.push(replacement.to_string());
            });
            assert_eq!(decoded, Ok(ResponseBody::Value(["B\u{fffd}C".to_owned(), "🥐".to_owned()])));
            assert_eq!(reported, ["[0]: half of a surrogate pair was replaced by U+FFFD"]);
        }
        // An escaped backslash does not escape what follows it.
        let after_escaped_backslash: Vec<u8> =
            [0x5B, 0x22, 0x5C, 0x5C, 0xD83E, 0x22, 0x5D].iter().flat_map(|unit: &u16| unit.to_le_bytes()).collect();
        let mut reported = 0;
        let decoded = super::decode(&response("application/json", after_escaped_backslash), |_| reported += 1);
        assert_eq!((decoded, reported), (Ok(ResponseBody::Value(["\\\u{fffd}".to_owned()])), 1));
        let escaped: Vec<u8> =
            [0x5B, 0x22, 0x5C, 0xD83E, 0x22, 0x5D].iter().flat_map(|unit: &u16| unit.to_le_bytes()).collect();
        assert_eq!(decode::<Vec<String>>(&response("application/json", escaped)), Err(DecodeError::Charset));
    }

    #[test]
    fn empty_body_is_empty_only_if_its_end_is_declared() {
        let mut without_end = response("application/json", *b"");
        without_end.headers_mut().remove(CONTENT_LENGTH);
        assert_eq!(decode::<u32>(&without_end), Err(DecodeError::Truncated));
        // A stream of HTTP/2 declares its end.
        *without_end.version_mut() = Version::HTTP_2;
        assert_eq!(decode::<u32>(&without_end), Ok(ResponseBody::Empty(StatusCode::OK)));
        *without_end.version_mut() = Version::HTTP_11;
        *without_end.status_mut() = StatusCode::NO_CONTENT;
        assert_eq!(decode::<u32>(&without_end), Ok(ResponseBody::Empty(StatusCode::NO_CONTENT)));
    }

    #[test]
    fn nesting_depth_is_bounded() {
        let deep = "[".repeat(1_000_000);
        let error = decode::<serde_json::Value>(&response("application/json", deep)).unwrap_err();
        assert!(matches!(error, DecodeError::Json { .. }), "{error}");
    }
}
