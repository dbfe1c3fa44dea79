//! From the body of a successful response to a value.

use super::{
    DecodeError,
    charset::{DecodedBody, decode_body},
};
use crate::{
    Response,
    request::{PreparedRequest, ResponseOutcome},
    retry::RetryAfter,
};
use http::{
    HeaderMap, Method, StatusCode, Version,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING},
};
use partner_center_models::{Replacement, ResponseReader, from_json, from_json_with};
use serde::de::DeserializeOwned;
use std::{cell::OnceCell, time::Duration};

/// A page, or the response of a call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum DecodedOrEmpty<T> {
    Value(T),
    /// An empty body in place of a page, with the status of the response.
    Empty(StatusCode),
}

impl<T> DecodedOrEmpty<T> {
    /// Returns the value of a call that is not for a page.
    pub(crate) fn into_value(self) -> Result<T, DecodeError> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Empty(_) => Err(DecodeError::Empty),
        }
    }
}

/// A response whose status is a result, as [`FromResponse`](crate::FromResponse) reads it.
pub(crate) struct BodyReader<'a> {
    response: &'a Response,
    /// Path and query of the request.
    target: &'a str,
    /// Called for each character that no string can hold and that is replaced.
    report: &'a dyn Fn(&Replacement),
    has_no_body: bool,
    is_absent: bool,
    may_be_absent: bool,
    /// The body as a string, once it was needed.
    decoded: OnceCell<Result<DecodedBody<'a>, DecodeError>>,
}

impl<'a> BodyReader<'a> {
    pub(crate) fn new(response: &'a Response, target: &'a str, report: &'a dyn Fn(&Replacement)) -> Self {
        let decoded = OnceCell::new();
        Self { response, target, report, has_no_body: false, is_absent: false, may_be_absent: false, decoded }
    }

    /// Returns the reader of the response to `request`, whose status has this `outcome`.
    pub(crate) fn for_request(
        response: &'a Response,
        request: &'a PreparedRequest,
        outcome: ResponseOutcome,
        report: &'a dyn Fn(&Replacement),
    ) -> Self {
        let is_absent = outcome == ResponseOutcome::Absent;
        Self {
            // Whatever the headers of a response to HEAD say about a body, they mean that of a GET (RFC 9110, section 9.3.2).
            has_no_body: request.method == Method::HEAD || is_absent,
            is_absent,
            may_be_absent: request.accepts_absent_resource(),
            ..Self::new(response, &request.target, report)
        }
    }

    pub(crate) fn response(&self) -> &'a Response {
        self.response
    }

    /// Returns the body as a string, which is decoded once.
    pub(crate) fn body_string(&self) -> Result<&str, DecodeError> {
        self.decoded_body().map(|decoded| &*decoded.string)
    }

    fn decoded_body(&self) -> Result<&DecodedBody<'a>, DecodeError> {
        self.decoded.get_or_init(|| decode_body(self.response)).as_ref().map_err(|error| *error)
    }

    /// Whether the body is empty, and meant to be so.
    pub(crate) fn is_body_declared_empty(&self) -> Result<bool, DecodeError> {
        // Those of a byte order mark, and of blanks in any charset.
        let may_be_blank = |byte: &u8| byte.is_ascii_whitespace() || b"\0\xEF\xBB\xBF\xFE\xFF".contains(byte);
        if self.has_no_body {
            return Ok(true);
        }
        if !self.response.body().iter().all(may_be_blank) || !self.body_string()?.trim_ascii().is_empty() {
            return Ok(false);
        }
        if has_declared_body_end(self.response) { Ok(true) } else { Err(DecodeError::Truncated) }
    }
}

impl ResponseReader for BodyReader<'_> {
    type Error = DecodeError;

    fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    fn retry_after(&self) -> Option<Duration> {
        RetryAfter::from_headers(self.response.headers()).map(|wait| wait.delay)
    }

    fn request_target(&self) -> &str {
        self.target
    }

    fn json<T>(&mut self, parse: impl Fn(&str) -> serde_json::Result<T>) -> Result<T, DecodeError> {
        if self.is_absent {
            return parse("null").or_else(|_| parse("false")).map_err(|_| DecodeError::Empty);
        }
        if self.is_body_declared_empty()? {
            return parse(if self.may_be_absent { "true" } else { "null" }).map_err(|_| DecodeError::Empty);
        }
        parse_json_replacing_lone_surrogates(self.decoded_body()?, parse, self.report)
    }

    fn text(&mut self) -> Result<String, DecodeError> {
        if self.is_body_declared_empty()? { Ok(String::new()) } else { self.body_string().map(str::to_owned) }
    }

    fn bytes(&mut self) -> Result<Vec<u8>, DecodeError> {
        if self.is_body_declared_empty()? { Ok(Vec::new()) } else { Ok(self.response.body().to_vec()) }
    }
}

/// Decodes a response with `read`. An empty body is no page.
pub(crate) fn decode_response<T>(
    reader: &mut BodyReader<'_>,
    is_page: bool,
    read: impl FnOnce(&mut BodyReader<'_>) -> Result<T, DecodeError>,
) -> Result<DecodedOrEmpty<T>, DecodeError> {
    let (response, has_no_body) = (reader.response, reader.has_no_body);
    let is_empty_page = if is_page { reader.is_body_declared_empty() } else { Ok(false) };
    let decoded = match is_empty_page {
        Ok(true) => Ok(DecodedOrEmpty::Empty(response.status())),
        Ok(false) => read(reader).map(DecodedOrEmpty::Value),
        Err(error) => Err(error),
    };
    // A content encoding that a proxy undid without removing the header is harmless. Where the header is true, the body is
    // unreadable, and a retry does not change that.
    decoded.map_err(|error| {
        if !has_no_body && has_content_encoding(response.headers()) { DecodeError::ContentEncoding } else { error }
    })
}

/// Whether the body has a content encoding that the transport did not undo.
fn has_content_encoding(headers: &HeaderMap) -> bool {
    let encodings =
        headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    encodings.map(<[u8]>::trim_ascii).any(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
}

fn parse_json_replacing_lone_surrogates<T>(
    DecodedBody { string, has_lone_surrogates }: &DecodedBody<'_>,
    parse: impl Fn(&str) -> serde_json::Result<T>,
    report: &dyn Fn(&Replacement),
) -> Result<T, DecodeError> {
    match from_json_with(string, parse) {
        Ok(parsed) => {
            parsed.replacements.iter().for_each(report);
            Ok(parsed.value)
        }
        Err(error) if error.is_eof() => Err(DecodeError::Truncated),
        Err(_) if string.trim_ascii_start().starts_with('<') => Err(DecodeError::Markup),
        Err(_) if *has_lone_surrogates => Err(DecodeError::Charset),
        Err(error) => {
            Err(DecodeError::Json { line: error.line(), column: error.column(), is_schema_mismatch: error.is_data() })
        }
    }
}

/// Whether the response declares where its body ends, so that an empty body is meant to be empty. Otherwise it ends where the
/// connection does, and may be truncated.
fn has_declared_body_end(response: &Response) -> bool {
    response.status() == StatusCode::NO_CONTENT
        || response.version() > Version::HTTP_11
        || response.headers().contains_key(CONTENT_LENGTH)
        || response.headers().contains_key(TRANSFER_ENCODING)
}

/// Parses JSON of which any part may be missing; `None` if it is not JSON of that shape.
pub(crate) fn parse_json_or_none<T: DeserializeOwned>(json: &str) -> Option<T> {
    from_json(json).ok().map(|parsed| parsed.value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http::header::CONTENT_TYPE;
    use partner_center_models::FromResponse;
    use std::cell::{Cell, RefCell};

    fn decode<T: DeserializeOwned + Send + 'static>(response: &Response) -> Result<DecodedOrEmpty<T>, DecodeError> {
        decode_with(response, &|_| {})
    }

    fn decode_with<T: DeserializeOwned + Send + 'static>(
        response: &Response,
        report: &dyn Fn(&Replacement),
    ) -> Result<DecodedOrEmpty<T>, DecodeError> {
        decode_response(&mut BodyReader::new(response, "", report), true, |reader| T::from_response(reader))
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
        assert_eq!(decode::<u32>(&response("application/json", *b" \r\n")), Ok(DecodedOrEmpty::Empty(StatusCode::OK)));
        assert_eq!(
            decode::<u32>(&response("application/json", *b"\xEF\xBB\xBF")),
            Ok(DecodedOrEmpty::Empty(StatusCode::OK))
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
        assert_eq!(decoded("utf-8", b"[1]"), Ok(DecodedOrEmpty::Value(vec![1])));
    }

    #[test]
    fn lone_surrogate_is_replaced_in_every_charset() {
        let name = [0x42, 0xD83E, 0x43];
        let units: Vec<u16> = "[\"".encode_utf16().chain(name).chain("\", \"🥐\"]".encode_utf16()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        for body in [br#"["B\ud83eC", "\uD83E\udd50"]"#.to_vec(), be, le] {
            let reported = RefCell::new(Vec::new());
            let decoded = decode_with(&response("application/json", body), &|replacement| {
                reported.borrow_mut().push(replacement.to_string());
            });
            assert_eq!(decoded, Ok(DecodedOrEmpty::Value(["B\u{fffd}C".to_owned(), "🥐".to_owned()])));
            assert_eq!(reported.take(), ["[0]: half of a surrogate pair was replaced by U+FFFD"]);
        }
        // An escaped backslash does not escape what follows it.
        let after_escaped_backslash: Vec<u8> =
            [0x5B, 0x22, 0x5C, 0x5C, 0xD83E, 0x22, 0x5D].iter().flat_map(|unit: &u16| unit.to_le_bytes()).collect();
        let reported = Cell::new(0);
        let count = |_: &Replacement| reported.set(reported.get() + 1);
        let decoded = decode_with(&response("application/json", after_escaped_backslash), &count);
        assert_eq!((decoded, reported.get()), (Ok(DecodedOrEmpty::Value(["\\\u{fffd}".to_owned()])), 1));
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
        assert_eq!(decode::<u32>(&without_end), Ok(DecodedOrEmpty::Empty(StatusCode::OK)));
        *without_end.version_mut() = Version::HTTP_11;
        *without_end.status_mut() = StatusCode::NO_CONTENT;
        assert_eq!(decode::<u32>(&without_end), Ok(DecodedOrEmpty::Empty(StatusCode::NO_CONTENT)));
    }

    #[test]
    fn nesting_depth_is_bounded() {
        let deep = "[".repeat(1_000_000);
        let error = decode::<serde_json::Value>(&response("application/json", deep)).unwrap_err();
        assert!(matches!(error, DecodeError::Json { .. }), "{error}");
    }
}
