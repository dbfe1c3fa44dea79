//! Error bodies: how they are told from other bodies, and read in each of their shapes.
//!
//! Why: the service documents an error with status 200 (code 400072). Such a response must pass neither for the resource, nor
//! for a write that succeeded, nor for an empty page. But a resource may have a code and a description, too. So the test
//! depends on what was expected: in place of a value that could not be decoded, a code is enough; a body that was decoded is
//! an error only if it has no field that errors do not have; and in a page without items the error may have other fields
//! beside it.

use crate::{
    Response,
    body::{self, FieldNames, NamedJsonFields},
};
use partner_center_models::{ErrorBody, ErrorCode};
use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, Visitor},
};
use std::{borrow::Cow, fmt};

/// Maximum size of an error body, in bytes. Longer bodies are not parsed: leniently parsed they may take many times their size in
/// memory.
const MAX_ERROR_BODY_SIZE: usize = 1 << 20;

/// Returns the body of `response` as a string; `None` if it is too long for an error, or not a string.
pub(super) fn decode_error_body_as_string(response: &Response) -> Option<Cow<'_, str>> {
    if is_body_small_enough_for_error(response) { body::decode_body_as_string(response).ok() } else { None }
}

/// Whether the body of `response` is short enough for an error.
pub(super) fn is_body_small_enough_for_error(response: &Response) -> bool {
    response.body().len() <= MAX_ERROR_BODY_SIZE
}

/// Parses an error body, which some parts of the service wrap in `error`; without any field if it is not one.
pub(super) fn parse_error_body_or_default(json: &str) -> ErrorBody {
    parse_error_fields(json).body
}

/// Returns the error in a body that could not be decoded as a value. A code without a description is enough there.
pub(super) fn error_in_undecodable_body(json: &str) -> Option<ErrorBody> {
    let found = parse_error_fields(json);
    let is_error = found.has_code() && (found.has_explanation() || has_only_error_fields(json));
    is_error.then_some(found.body)
}

/// Returns the error in a body that was decoded as a value. An object with any other field is the value.
///
/// This is cheap for most bodies, as it ends at the first field that errors do not have.
pub(super) fn error_in_decoded_body(json: &str) -> Option<ErrorBody> {
    if has_only_error_fields(json) { error_in_empty_page(json) } else { None }
}

/// Returns the error in a page without items, whatever other fields it has.
pub(super) fn error_in_empty_page(json: &str) -> Option<ErrorBody> {
    let found = parse_error_fields(json);
    found.is_error().then_some(found.body)
}

/// A body, parsed as an error body.
struct ParsedErrorBody {
    body: ErrorBody,
    /// Whether the error is in a field `error`.
    is_wrapped: bool,
}

impl ParsedErrorBody {
    fn is_error(&self) -> bool {
        let (has_code, has_explanation) = (self.has_code(), self.has_explanation());
        if self.is_wrapped { has_code || has_explanation } else { has_code && has_explanation }
    }

    /// Whether it has a code, other than those that mean success in some services.
    fn has_code(&self) -> bool {
        let code = self.body.code.as_ref();
        code.is_some_and(|code| !matches!(code.number(), Some(0 | 200..300)))
            || self.body.status_code.is_some_and(|status| status >= 400)
    }

    fn has_explanation(&self) -> bool {
        self.body.description.is_some() || self.body.message.is_some()
    }
}

fn parse_error_fields(json: &str) -> ParsedErrorBody {
    let Some(wrapper) = body::parse_json_or_none::<NamedJsonFields<ErrorWrapperFields>>(json) else {
        return ParsedErrorBody { body: ErrorBody::default(), is_wrapped: false };
    };
    // Of a duplicate field the last one counts, as in all JSON that is parsed.
    let error = wrapper.values_of_field("error").next_back().unwrap_or_default();
    if error.starts_with('{') {
        return ParsedErrorBody { body: body::parse_json_or_none(error).unwrap_or_default(), is_wrapped: true };
    }
    let mut body: ErrorBody = body::parse_json_or_none(json).unwrap_or_default();
    // In OAuth 2.0 (RFC 6750, section 3.1) the string is a code; in other services it may be a sentence.
    let error = body::parse_json_or_none::<String>(error).filter(|error| !error.trim().is_empty());
    let is_wrapped = error.is_some();
    let (sentence, code): (Option<_>, Option<_>) = match error {
        Some(error) if error.contains(char::is_whitespace) => (Some(error), None),
        error => (None, error),
    };
    body.code = body.code.or_else(|| code.as_deref().map(ErrorCode::from));
    if body.description.is_none() && body.message.is_none() {
        let description = wrapper.values_of_field("error_description").next_back().and_then(body::parse_json_or_none);
        body.description = description.or(sentence);
    }
    ParsedErrorBody { body, is_wrapped }
}

/// The fields around an error. They stay unparsed until their shape is known.
struct ErrorWrapperFields;

impl FieldNames for ErrorWrapperFields {
    const NAMES: &'static [&'static str] = &["error", "error_description"];
}

/// The fields of errors: those of [`ErrorBody`], and those of Entra.
const ERROR_FIELDS: [&str; 18] = [
    "code",
    "description",
    "data",
    "source",
    "message",
    "errorName",
    "isRetryable",
    "parameters",
    "errorMessageExtended",
    "statusCode",
    "error",
    "error_description",
    "error_codes",
    "error_uri",
    "suberror",
    "timestamp",
    "trace_id",
    "correlation_id",
];

/// Whether `json` is an object that has only fields of errors.
fn has_only_error_fields(json: &str) -> bool {
    let object = json.trim_start_matches('\u{feff}').trim_ascii_start();
    let Some(fields) = object.strip_prefix('{') else { return false };
    // The first field tells most bodies from errors, without parsing.
    let first_field = fields.trim_ascii_start().strip_prefix('"').and_then(|name| name.split_once('"'));
    if first_field.is_some_and(|(name, _)| !name.contains('\\') && !is_error_field(name)) {
        return false;
    }
    match serde_json::from_str(object) {
        Ok(ObjectWithOnlyErrorFields) => true,
        // Perhaps for a field name that `serde_json` does not accept; `from_json` does.
        Err(error) if error.is_syntax() => body::parse_json_or_none::<ObjectWithOnlyErrorFields>(json).is_some(),
        Err(_) => false,
    }
}

fn is_error_field(name: &str) -> bool {
    ERROR_FIELDS.iter().any(|field| field.eq_ignore_ascii_case(name))
}

/// An object that has only fields of errors; any other field fails its deserialization.
struct ObjectWithOnlyErrorFields;

impl<'de> Deserialize<'de> for ObjectWithOnlyErrorFields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = ObjectWithOnlyErrorFields;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an error body")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<ObjectWithOnlyErrorFields, A::Error> {
                while let Some(name) = object.next_key::<String>()? {
                    if !is_error_field(&name) {
                        return Err(de::Error::custom("a field that errors do not have"));
                    }
                    object.next_value::<IgnoredAny>()?;
                }
                Ok(ObjectWithOnlyErrorFields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code_and_description(body: &ErrorBody) -> (Option<String>, Option<&str>) {
        let description = body.description.as_deref().or(body.message.as_deref());
        (body.code.as_ref().map(ToString::to_string), description)
    }

    #[test]
    fn error_body_is_parsed_in_every_shape() {
        for (json, code, description) in [
            (r#"{"code":400072,"description":"No."}"#, Some("400072"), Some("No.")),
            (r#"{"error":{"code":"conflict","message":"No."}}"#, Some("conflict"), Some("No.")),
            (r#"{"Error":{"Code":"conflict","Message":"No."}}"#, Some("conflict"), Some("No.")),
            (r#"{"error":"invalid_token","error_description":"No."}"#, Some("invalid_token"), Some("No.")),
            (r#"{"error":"invalid_token"}"#, Some("invalid_token"), None),
            (r#"{"error":"That is not allowed"}"#, None, Some("That is not allowed")),
            (r#"{"error":"Unauthorized","code":7,"message":"No."}"#, Some("7"), Some("No.")),
            (r#"{"error":"invalid_token","error_description":7}"#, Some("invalid_token"), None),
            (r#"{"error":"odd","error_description":"No \ud83e"}"#, Some("odd"), Some("No \u{fffd}")),
            (r#"{"error":{"code":1},"error":{"code":2}}"#, Some("2"), None),
            (r#"{"error":null,"code":1}"#, Some("1"), None),
            (r#"{"error":[1]}"#, None, None),
            ("[1]", None, None),
            ("", None, None),
        ] {
            let expected = (code.map(str::to_owned), description);
            assert_eq!(code_and_description(&parse_error_body_or_default(json)), expected, "{json}");
        }
    }

    #[test]
    fn error_in_decoded_body_has_no_other_fields() {
        for (json, is_error) in [
            (r#"{"code":400072,"description":"No."}"#, true),
            (r#" {"Code":"400072","Description":"No.","Data":[],"Source":7}"#, true),
            ("\u{feff}{\"code\":400072,\"description\":\"No.\"}", true),
            (r#"{"code":600061,"message":"No.","errorName":"X","isRetryable":false,"parameters":{}}"#, true),
            (r#"{"statusCode":429,"message":"No."}"#, true),
            (r#"{"error":{"code":"conflict"}}"#, true),
            (r#"{"error":{"message":"No."}}"#, true),
            (r#"{"error":"invalid_token","error_description":"No.","error_codes":[1],"trace_id":"t"}"#, true),
            (r#"{"code":400072,"description":"No \ud83e"}"#, true),
            // A resource.
            (r#"{"code":400072,"description":"No.","id":"7"}"#, false),
            (r#"{"\ud83e":1,"code":400072,"description":"No."}"#, false),
            (r#"{"id":"7","code":400072,"description":"No."}"#, false),
            (r#"{"error":{"code":"conflict"},"status":"failed"}"#, false),
            (r#"{"code":"US"}"#, false),
            (r#"{"description":"A product."}"#, false),
            (r#"{"error":null,"message":"Fine."}"#, false),
            (r#"{"error":{}}"#, false),
            (r#"{"code":0,"message":"Fine."}"#, false),
            (r#"{"statusCode":200,"message":"Fine."}"#, false),
            (r#"[{"code":400072,"description":"No."}]"#, false),
            (r#""code""#, false),
            ("{}", false),
            ("null", false),
        ] {
            assert_eq!(error_in_decoded_body(json).is_some(), is_error, "{json}");
        }
    }

    #[test]
    fn error_in_empty_page_is_found_beside_other_fields() {
        for (json, is_error) in [
            (r#"{"items":null,"code":400072,"description":"No."}"#, true),
            (r#"{"totalCount":0,"items":[],"error":{"code":"conflict"}}"#, true),
            (r#"{"items":[],"error":"invalid_token","error_description":"No."}"#, true),
            (r#"{"\ud83e":1,"items":[],"code":400072,"description":"No."}"#, true),
            (r#"{"items":[],"totalCount":0,"links":{}}"#, false),
            (r#"{"items":[],"error":null}"#, false),
            (r#"{"items":[],"code":7}"#, false),
            (r#"{"items":[],"description":"None."}"#, false),
            (r#"{"items":[],"code":0,"message":"Fine."}"#, false),
        ] {
            assert_eq!(error_in_empty_page(json).is_some(), is_error, "{json}");
        }
    }
}
