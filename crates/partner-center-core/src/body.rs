//! Bodies: from bytes in whatever encoding the service chose to text, and from text to values.

use crate::Response;
use http::{
    HeaderMap, StatusCode, Version,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
};
use partner_center_models::{Replacement, from_json};
use serde::de::DeserializeOwned;
use std::{borrow::Cow, fmt, str::Utf8Error};

/// What a successful answer holds.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Answer<T> {
    Value(T),
    /// Nothing; the status says whether that was meant.
    Empty(StatusCode),
}

impl<T: DeserializeOwned> Answer<T> {
    /// The value. Nothing is one where nothing was promised.
    pub(crate) fn into_value(self) -> Result<T, Malformed> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Empty(_) => serde_json::from_str("null").map_err(|_| Malformed::Empty),
        }
    }
}

/// Reads a successful answer. What no value can hold is replaced, and handed to `report`.
pub(crate) fn decode<T: DeserializeOwned>(
    response: &Response,
    report: impl FnMut(&Replacement),
) -> Result<Answer<T>, Malformed> {
    // A label that a proxy forgot to take off does no harm. Where it is true, the bytes make no sense, however often they
    // are fetched.
    decode_plain(response, report)
        .map_err(|malformed| if is_encoded(response.headers()) { Malformed::Coding } else { malformed })
}

/// Whether the transport could not undo all codings of the body.
fn is_encoded(headers: &HeaderMap) -> bool {
    let codings =
        headers.get_all(CONTENT_ENCODING).iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.map(<[u8]>::trim_ascii).any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

fn decode_plain<T: DeserializeOwned>(
    response: &Response,
    report: impl FnMut(&Replacement),
) -> Result<Answer<T>, Malformed> {
    let Text { text, is_damaged } = decoded(response)?;
    if text.trim_ascii().is_empty() {
        return if says_where_it_ends(response) { Ok(Answer::Empty(response.status())) } else { Err(Malformed::Short) };
    }
    match from_json(&text) {
        Ok(parsed) => {
            parsed.replacements.iter().for_each(report);
            Ok(Answer::Value(parsed.value))
        }
        Err(error) if error.is_eof() => Err(Malformed::Short),
        Err(_) if text.trim_ascii_start().starts_with('<') => Err(Malformed::Markup),
        Err(_) if is_damaged => Err(Malformed::Encoding),
        Err(error) => Err(Malformed::Json { line: error.line(), column: error.column(), shape: error.is_data() }),
    }
}

/// Why a body makes no sense. What stands there is not shown: it may be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    Coding,
    Encoding,
    Short,
    Markup,
    Json { line: usize, column: usize, shape: bool },
    Empty,
    NotReady,
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Coding => formatter.write_str(
                "the body has a content encoding that was not requested and cannot be undone: a proxy may have added it",
            ),
            Self::Encoding => formatter.write_str("the body is not text in the encoding it claims"),
            Self::Short => formatter.write_str("the body ends in the middle of a value"),
            Self::Markup => formatter.write_str(
                "the body is HTML or XML where JSON is due: a proxy may have answered in the service's place",
            ),
            Self::Json { line, column, shape: false } => {
                write!(formatter, "the body is no JSON at line {line}, column {column}")
            }
            Self::Json { line, column, shape: true } => {
                write!(formatter, "the body is not what the specification says at line {line}, column {column}")
            }
            Self::Empty => formatter.write_str("the body is empty"),
            Self::NotReady => formatter.write_str("the service has no answer yet, and asks to come back later"),
        }
    }
}

impl std::error::Error for Malformed {}

/// Reads what is of use if it is JSON, and else nothing.
pub(crate) fn lenient<T: DeserializeOwned>(text: &str) -> Option<T> {
    from_json(text).ok().map(|parsed| parsed.value)
}

/// The body as text.
pub(crate) fn text(response: &Response) -> Result<Cow<'_, str>, Malformed> {
    decoded(response).map(|decoded| decoded.text)
}

struct Text<'a> {
    text: Cow<'a, str>,
    /// Whether there are halves of surrogate pairs in it, which JSON allows and nothing else does. They are written as JSON
    /// escapes them.
    is_damaged: bool,
}

/// The body as text: a byte order mark counts most, then the charset parameter, then the pattern of the first bytes.
fn decoded(response: &Response) -> Result<Text<'_>, Malformed> {
    let body = &response.body()[..];
    match body {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => match charset(response.headers()).as_deref() {
            Some("utf-16le") => utf16(body, u16::from_le_bytes),
            Some("utf-16be") => utf16(body, u16::from_be_bytes),
            Some("iso-8859-1" | "latin1") => {
                Ok(Text { text: body.iter().copied().map(char::from).collect(), is_damaged: false })
            }
            // JSON begins with an ASCII character, so a zero byte gives UTF-16 and its byte order away.
            _ => match body {
                [0, 1..=255, ..] => utf16(body, u16::from_be_bytes),
                [1..=255, 0, ..] => utf16(body, u16::from_le_bytes),
                _ => utf8(body),
            },
        },
    }
}

/// Whether the service says where the body ends, so that an empty one is meant to be empty. Without that it ends where
/// the connection does, and may as well have been cut short.
fn says_where_it_ends(response: &Response) -> bool {
    response.status() == StatusCode::NO_CONTENT
        || response.version() > Version::HTTP_11
        || response.headers().contains_key(CONTENT_LENGTH)
        || response.headers().contains_key(TRANSFER_ENCODING)
}

fn utf8(bytes: &[u8]) -> Result<Text<'_>, Malformed> {
    // Text that ends within a character has been cut there.
    let malformed = |error: Utf8Error| if error.error_len().is_none() { Malformed::Short } else { Malformed::Encoding };
    let text = std::str::from_utf8(bytes).map_err(malformed)?;
    Ok(Text { text: Cow::Borrowed(text), is_damaged: false })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Text<'static>, Malformed> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units = || pairs.iter().copied().map(unit);
    let is_cut = !rest.is_empty() || units().next_back().is_some_and(|unit| (0xD800..0xDC00).contains(&unit));
    if is_cut {
        return Err(Malformed::Short);
    }
    let (mut text, mut is_damaged) = (String::with_capacity(bytes.len()), false);
    for character in char::decode_utf16(units()) {
        match character {
            Ok(character) => text.push(character),
            Err(half) => {
                is_damaged = true;
                // Behind a backslash it is not JSON, and may not become so.
                let is_escaped = text.ends_with('\\');
                let escape = format!("\\u{:04x}", half.unpaired_surrogate());
                text.push_str(if is_escaped { "\u{fffd}" } else { &escape });
            }
        }
    }
    Ok(Text { text: Cow::Owned(text), is_damaged })
}

/// The charset parameter of the content type, in lower case.
fn charset(headers: &HeaderMap) -> Option<String> {
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

    fn decode<T: DeserializeOwned>(response: &Response) -> Result<Answer<T>, Malformed> {
        super::decode(response, |_| {})
    }

    fn response(content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let body = Bytes::from(body.into());
        let builder = http::Response::builder().header(CONTENT_TYPE, content_type).header(CONTENT_LENGTH, body.len());
        builder.body(body).unwrap()
    }

    fn encode(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn text_is_read_in_every_encoding() {
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
            assert_eq!(text(&response(content_type, body)).as_deref(), Ok(json), "{name}");
        }
        // Where the first character does not give it away, the charset counts.
        let prose = "žluť";
        let (le, be) = (encode(prose, u16::to_le_bytes), encode(prose, u16::to_be_bytes));
        assert_eq!(text(&response("text/plain; charset=utf-16le", le)).as_deref(), Ok(prose));
        assert_eq!(text(&response("text/plain; charset=utf-16be", be)).as_deref(), Ok(prose));
        assert_eq!(text(&response("text/plain; charset=iso-8859-1", *b"caf\xE9")).as_deref(), Ok("café"));
    }

    #[test]
    fn what_makes_no_sense_is_named_and_not_shown() {
        for (body, expected) in [
            (&b"\xC3\x28"[..], "the body is not text in the encoding it claims"),
            (b"\xFF\xFE\x00\xDC", "the body is not text in the encoding it claims"),
            (b"\xFF\xFEa", "the body ends in the middle of a value"),
            (b"\xFF\xFE\x00\xD8", "the body ends in the middle of a value"),
            (b"[1, 2", "the body ends in the middle of a value"),
            (b"[\"\xC3", "the body ends in the middle of a value"),
            (
                b"<html>secret</html>",
                "the body is HTML or XML where JSON is due: a proxy may have answered in the service's place",
            ),
            (b"[1, secret]", "the body is no JSON at line 1, column 5"),
            (br#"["secret"]"#, "the body is not what the specification says at line 1, column 9"),
        ] {
            let malformed = decode::<Vec<u32>>(&response("application/json", body)).unwrap_err();
            assert_eq!(malformed.to_string(), expected);
        }
        assert_eq!(decode::<u32>(&response("application/json", *b" \r\n")), Ok(Answer::Empty(StatusCode::OK)));
        assert_eq!(decode::<u32>(&response("application/json", *b"\xEF\xBB\xBF")), Ok(Answer::Empty(StatusCode::OK)));
    }

    #[test]
    fn body_that_cannot_be_decompressed_is_named() {
        let decoded = |coding: &'static str, body: &'static [u8]| {
            let mut response = response("application/json", body);
            response.headers_mut().append(CONTENT_ENCODING, http::HeaderValue::from_static(coding));
            decode::<Vec<u32>>(&response)
        };
        for body in [&b"\x8b\x00\x80[1]\x03"[..], b"[1, 2", b"[\xC3"] {
            assert_eq!(decoded("br", body), Err(Malformed::Coding));
            assert_eq!(decoded("identity, gzip, deflate", body), Err(Malformed::Coding));
            assert_ne!(decoded("identity,, Identity", body), Err(Malformed::Coding));
        }
        assert_eq!(decoded("utf-8", b"[1]"), Ok(Answer::Value(vec![1])));
    }

    #[test]
    fn half_a_surrogate_pair_ends_nothing_in_whatever_encoding() {
        let name = [0x42, 0xD83E, 0x43];
        let units: Vec<u16> = "[\"".encode_utf16().chain(name).chain("\", \"🥐\"]".encode_utf16()).collect();
        let be: Vec<u8> = units.iter().flat_map(|unit| unit.to_be_bytes()).collect();
        let le: Vec<u8> = units.iter().flat_map(|unit| unit.to_le_bytes()).collect();
        for body in [br#"["B\ud83eC", "\uD83E\udd50"]"#.to_vec(), be, le] {
            let mut told = Vec::new();
            let read =
                super::decode(&response("application/json", body), |replacement| told.push(replacement.to_string()));
            assert_eq!(read, Ok(Answer::Value(["B\u{fffd}C".to_owned(), "🥐".to_owned()])));
            assert_eq!(told, ["[0]: half of a surrogate pair was replaced by U+FFFD"]);
        }
        let escaped: Vec<u8> =
            [0x5B, 0x22, 0x5C, 0xD83E, 0x22, 0x5D].iter().flat_map(|unit: &u16| unit.to_le_bytes()).collect();
        assert_eq!(decode::<Vec<String>>(&response("application/json", escaped)), Err(Malformed::Encoding));
    }

    #[test]
    fn an_empty_body_is_empty_only_if_it_says_so() {
        let mut cut_short = response("application/json", *b"");
        cut_short.headers_mut().remove(CONTENT_LENGTH);
        assert_eq!(decode::<u32>(&cut_short), Err(Malformed::Short));
        // A stream of HTTP/2 says where it ends.
        *cut_short.version_mut() = Version::HTTP_2;
        assert_eq!(decode::<u32>(&cut_short), Ok(Answer::Empty(StatusCode::OK)));
        *cut_short.version_mut() = Version::HTTP_11;
        *cut_short.status_mut() = StatusCode::NO_CONTENT;
        assert_eq!(decode::<u32>(&cut_short), Ok(Answer::Empty(StatusCode::NO_CONTENT)));
    }

    #[test]
    fn depth_is_bounded() {
        let deep = "[".repeat(1_000_000);
        let malformed = decode::<serde_json::Value>(&response("application/json", deep)).unwrap_err();
        assert!(matches!(malformed, Malformed::Json { .. }), "{malformed}");
    }
}
