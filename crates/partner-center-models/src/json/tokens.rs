//! JSON split into tokens, without building values: strings with their escapes, unpaired surrogates, compact JSON.

use crate::loss_mode;
use serde_json::Value;
use std::borrow::Cow;

/// A token of JSON; all tokens of a document together are the document.
#[derive(Clone, Copy)]
pub(super) enum JsonToken<'a> {
    /// `[` or `{`.
    Open(&'a str),
    /// `]` or `}`.
    Close(&'a str),
    /// A string with its quotes.
    String(&'a str),
    /// A number, `true`, `false`, `null`, or what is not JSON.
    Scalar(&'a str),
    /// A comma, a colon, or white space.
    Other(&'a str),
}

/// The tokens of JSON. Their order is not validated.
pub(super) struct JsonTokens<'a>(pub(super) &'a str);

impl<'a> Iterator for JsonTokens<'a> {
    type Item = JsonToken<'a>;

    #[inline]
    fn next(&mut self) -> Option<JsonToken<'a>> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b'\n' | b'\r');
        let is_delimiter = |byte: &u8| is_space(byte) || b"[]{}:,\"".contains(byte);
        let bytes = self.0.as_bytes();
        let until = |is_end: &dyn Fn(&u8) -> bool| bytes.iter().position(is_end).unwrap_or(bytes.len());
        let (length, token): (_, fn(&'a str) -> JsonToken<'a>) = match bytes.first()? {
            b'[' | b'{' => (1, JsonToken::Open),
            b']' | b'}' => (1, JsonToken::Close),
            b',' | b':' => (1, JsonToken::Other),
            b'"' => (json_string_length(bytes), JsonToken::String),
            byte if is_space(byte) => (until(&|byte| !is_space(byte)), JsonToken::Other),
            _ => (until(&is_delimiter), JsonToken::Scalar),
        };
        let (written, rest) = self.0.split_at(length);
        self.0 = rest;
        Some(token(written))
    }
}

/// Returns the length of the string at the beginning of `bytes`, with its quotes.
#[inline]
fn json_string_length(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(length) = bytes.get(at..).and_then(|rest| rest.iter().position(|byte| matches!(byte, b'"' | b'\\')))
    {
        at += length;
        if bytes[at] == b'"' {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// Whether JSON of a single value is a number.
#[inline]
pub(crate) fn has_json_number_start(json: &str) -> bool {
    json.starts_with(|character: char| character == '-' || character.is_ascii_digit())
}

/// Returns the characters of a JSON string; an unpaired surrogate is U+FFFD.
#[inline]
pub(crate) fn unescape_string(json: &str) -> Cow<'_, str> {
    let inner = json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default();
    if !inner.contains('\\') {
        return Cow::Borrowed(inner);
    }
    Cow::Owned(serde_json::from_str(&replace_unpaired_surrogates(json)).unwrap_or_default())
}

/// Returns the JSON without white space, its strings as `serde_json` serializes them; an unpaired surrogate is U+FFFD.
#[inline]
pub(crate) fn compact_json(json: &str) -> String {
    let mut compact = String::with_capacity(json.len());
    for token in JsonTokens(json) {
        match token {
            JsonToken::String(written) if written.contains('\\') => {
                if unpaired_surrogates(written).next().is_some() {
                    loss_mode::report_loss();
                }
                compact.push_str(&Value::from(unescape_string(written)).to_string());
            }
            JsonToken::Other(written) if written != "," && written != ":" => {}
            JsonToken::Open(written)
            | JsonToken::Close(written)
            | JsonToken::String(written)
            | JsonToken::Scalar(written)
            | JsonToken::Other(written) => compact.push_str(written),
        }
    }
    compact
}

/// Whether valid JSON has a string with an unpaired surrogate.
#[inline]
pub(crate) fn has_unpaired_surrogate(json: &str) -> bool {
    // Almost all JSON has no escapes.
    json.contains('\\')
        && JsonTokens(json).any(|token| match token {
            JsonToken::String(string) => unpaired_surrogates(string).next().is_some(),
            _ => false,
        })
}

/// The length of a `\u` escape.
const SURROGATE_ESCAPE_LENGTH: usize = r"\ud83e".len();

/// Returns the JSON of a string with U+FFFD for each unpaired surrogate.
#[inline]
pub(super) fn replace_unpaired_surrogates(string: &str) -> Cow<'_, str> {
    let mut replaced = Cow::Borrowed(string);
    for start in unpaired_surrogates(string) {
        // An escape of the same length, so that the positions that follow stay valid.
        replaced.to_mut().replace_range(start..start + SURROGATE_ESCAPE_LENGTH, r"\ufffd");
    }
    replaced
}

/// Returns the positions of the escapes in a JSON string that are one half of a surrogate pair without the other half.
#[inline]
fn unpaired_surrogates(string: &str) -> impl Iterator<Item = usize> {
    let bytes = string.as_bytes();
    let code_unit = move |at: usize| {
        let digits = bytes.get(at..at + SURROGATE_ESCAPE_LENGTH)?.strip_prefix(br"\u")?;
        u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += string.get(at..)?.find('\\')?;
            let escape = at;
            match code_unit(at) {
                None => at += 2,
                Some(0xD800..0xDC00) if matches!(code_unit(at + SURROGATE_ESCAPE_LENGTH), Some(0xDC00..0xE000)) => {
                    at += 2 * SURROGATE_ESCAPE_LENGTH;
                }
                Some(0xD800..0xE000) => {
                    at += SURROGATE_ESCAPE_LENGTH;
                    return Some(escape);
                }
                Some(_) => at += SURROGATE_ESCAPE_LENGTH,
            }
        }
    })
}
