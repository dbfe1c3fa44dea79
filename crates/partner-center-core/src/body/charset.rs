//! From the bytes of a body to a string. Parts of the service send UTF-16, with and without a byte order mark or a charset.

use super::DecodeError;
use crate::Response;
use http::{HeaderMap, header::CONTENT_TYPE};
use std::{borrow::Cow, str::Utf8Error};

/// Returns the body as a string.
pub(crate) fn decode_body_as_string(response: &Response) -> Result<Cow<'_, str>, DecodeError> {
    decode_body(response).map(|decoded| decoded.string)
}

/// A body as a string.
pub(super) struct DecodedBody<'a> {
    pub(super) string: Cow<'a, str>,
    /// Whether it has halves of surrogate pairs, which are valid in JSON and nowhere else. They are written as JSON escapes.
    pub(super) has_lone_surrogates: bool,
}

/// Decodes the body by, in this order: its byte order mark, the charset of the content type, the pattern of its first bytes.
pub(super) fn decode_body(response: &Response) -> Result<DecodedBody<'_>, DecodeError> {
    let body = &response.body()[..];
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => decode_utf8(rest),
        [0xFF, 0xFE, rest @ ..] => decode_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => decode_utf16(rest, u16::from_be_bytes),
        _ => match charset_parameter(response.headers()).as_deref() {
            Some("utf-16le") => decode_utf16(body, u16::from_le_bytes),
            Some("utf-16be") => decode_utf16(body, u16::from_be_bytes),
            Some("iso-8859-1" | "latin1") => {
                Ok(DecodedBody { string: body.iter().copied().map(char::from).collect(), has_lone_surrogates: false })
            }
            // JSON begins with an ASCII character, so a zero byte tells UTF-16 and its byte order.
            _ => match body {
                [0, 1..=255, ..] => decode_utf16(body, u16::from_be_bytes),
                [1..=255, 0, ..] => decode_utf16(body, u16::from_le_bytes),
                _ => decode_utf8(body),
            },
        },
    }
}

fn decode_utf8(bytes: &[u8]) -> Result<DecodedBody<'_>, DecodeError> {
    // A string that ends within a character is truncated there.
    let to_error =
        |error: Utf8Error| if error.error_len().is_none() { DecodeError::Truncated } else { DecodeError::Charset };
    let string = std::str::from_utf8(bytes).map_err(to_error)?;
    Ok(DecodedBody { string: Cow::Borrowed(string), has_lone_surrogates: false })
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<DecodedBody<'static>, DecodeError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = || pairs.iter().copied().map(unit);
    let is_truncated = !rest.is_empty() || units().next_back().is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
    if is_truncated {
        return Err(DecodeError::Truncated);
    }
    let (mut string, mut has_lone_surrogates) = (String::with_capacity(bytes.len()), false);
    for character in char::decode_utf16(units()) {
        match character {
            Ok(character) => string.push(character),
            Err(surrogate) => {
                has_lone_surrogates = true;
                // After a backslash the escape would not be JSON, and the string must not become valid by accident.
                let is_escaped = string.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1;
                let escape = format!("\\u{:04x}", surrogate.unpaired_surrogate());
                string.push_str(if is_escaped { "\u{fffd}" } else { &escape });
            }
        }
    }
    Ok(DecodedBody { string: Cow::Owned(string), has_lone_surrogates })
}

/// Returns the charset parameter of the content type, in lower case.
fn charset_parameter(headers: &HeaderMap) -> Option<String> {
    let content_type = headers.get(CONTENT_TYPE)?.to_str().ok()?.to_ascii_lowercase();
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        (name.trim() == "charset").then(|| value.trim().trim_matches('"').to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn response(content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let body = Bytes::from(body.into());
        http::Response::builder().header(CONTENT_TYPE, content_type).body(body).unwrap()
    }

    fn encode(string: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        string.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn string_is_decoded_from_every_charset() {
        let json = r#"{"name":"Žluťoučký 🐎"}"#;
        let le = encode(json, u16::to_le_bytes);
        let be = encode(json, u16::to_be_bytes);
        for (name, content_type, body) in [
            ("plain", "application/json", json.as_bytes().to_vec()),
            ("byte order mark", "application/json", [b"\xEF\xBB\xBF", json.as_bytes()].concat()),
            ("utf-16 le, mark", "application/json", [b"\xFF\xFE", &le[..]].concat()),
            ("utf-16 be, mark", "application/json", [b"\xFE\xFF", &be[..]].concat()),
            ("utf-16 le, charset", "application/json; charset=\"UTF-16LE\"", le.clone()),
            ("utf-16 be, charset", "application/json;charset=utf-16be", be.clone()),
            ("utf-16 le, sniffed", "application/json", le),
            ("utf-16 be, sniffed", "application/json; charset=utf-16", be),
        ] {
            assert_eq!(decode_body_as_string(&response(content_type, body)).as_deref(), Ok(json), "{name}");
        }
        // Where the first character does not tell, the charset counts.
        let prose = "žluť";
        let (le, be) = (encode(prose, u16::to_le_bytes), encode(prose, u16::to_be_bytes));
        assert_eq!(decode_body_as_string(&response("text/plain; charset=utf-16le", le)).as_deref(), Ok(prose));
        assert_eq!(decode_body_as_string(&response("text/plain; charset=utf-16be", be)).as_deref(), Ok(prose));
        assert_eq!(
            decode_body_as_string(&response("text/plain; charset=iso-8859-1", *b"caf\xE9")).as_deref(),
            Ok("café")
        );
    }
}
