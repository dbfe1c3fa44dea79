//! Reads and checks the body of a request against the tables of the specification.

use crate::{
    check::{BodyDirection, Problem, ProblemKind, check_value_of_type},
    error_response::ErrorResponse,
    json_fields::normalize_value,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderMap, StatusCode, header::CONTENT_TYPE};
use partner_center_core::Request;
use partner_center_spec::{MediaType, Operation, RequestBody, Type};
use serde_json::{Map, Value, json};

/// Returns the body of `request` as the service stores it; `null` if it has none. Of a body in parts, each list of files is one of
/// their names and contents, the latter in Base64.
pub(crate) fn read_request_body(operation: &Operation, request: &Request) -> Result<Value, ErrorResponse> {
    // Not every client leaves out the body of a request that takes none.
    let Some(body) = operation.body else { return Ok(Value::Null) };
    let bytes = request.body().as_slice();
    if bytes.is_empty() {
        return if body.is_required {
            Err(ErrorResponse::invalid_input_error("The request has no body."))
        } else {
            Ok(Value::Null)
        };
    }
    let media_type = request_media_type(request.headers());
    match body.media_type {
        MediaType::Json => {
            // Without a type the service takes it for JSON.
            if media_type.as_deref().is_some_and(|media_type| !is_json_media_type(media_type)) {
                return Err(ErrorResponse::UnsupportedMediaType("application/json"));
            }
            let value = parse_json_body(bytes)?;
            check_body_value(operation, body.value, &value)?;
            Ok(normalize_value(body.value, value))
        }
        MediaType::Multipart => {
            let boundary =
                request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).and_then(multipart_boundary);
            let boundary = boundary.filter(|_| media_type.as_deref() == Some("multipart/form-data"));
            let boundary =
                boundary.ok_or(ErrorResponse::UnsupportedMediaType("multipart/form-data with a boundary"))?;
            read_multipart_parts(operation, &body, &split_multipart_body(bytes, &boundary))
        }
        _ => Ok(Value::Null),
    }
}

fn check_body_value(operation: &Operation, of: Type, value: &Value) -> Result<(), ErrorResponse> {
    let Err(problems) = check_value_of_type(of, value, BodyDirection::Request) else { return Ok(()) };
    let code = match problems.first().map(|problem| problem.kind) {
        // The only enum of a cancellation is its reason, which has a code of its own.
        Some(ProblemKind::UnknownValue) if operation.id == "cancelAzureEntitlement" => 900_307,
        Some(ProblemKind::UnknownValue) => 900_126,
        _ => 3000,
    };
    let problems: Vec<_> = problems.iter().take(MAX_PROBLEMS_IN_MESSAGE).map(Problem::to_string).collect();
    Err(ErrorResponse::documented_error(
        StatusCode::BAD_REQUEST,
        code,
        format!("The body is invalid. {}", problems.join("; ")),
    ))
}

/// The maximum number of problems in a message.
const MAX_PROBLEMS_IN_MESSAGE: usize = 10;

fn parse_json_body(bytes: &[u8]) -> Result<Value, ErrorResponse> {
    parse_json_ignoring_byte_order_mark(bytes)
        .map_err(|error| ErrorResponse::invalid_input_error(format!("The body is not JSON: {error}")))
}

/// Returns the JSON of a body, which may begin with a byte order mark.
pub(crate) fn parse_json_ignoring_byte_order_mark(bytes: &[u8]) -> serde_json::Result<Value> {
    serde_json::from_slice(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes))
}

fn request_media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Whether a media type is JSON: `application/json`, `text/json`, or one such as `application/merge-patch+json`.
fn is_json_media_type(media_type: &str) -> bool {
    media_type.ends_with("/json") || media_type.ends_with("+json")
}

fn multipart_boundary(content_type: &str) -> Option<String> {
    let parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, boundary) = parameters.into_iter().find(|(name, _)| name.trim().eq_ignore_ascii_case("boundary"))?;
    Some(boundary.trim().trim_matches('"').to_owned()).filter(|boundary| !boundary.is_empty())
}

/// A part of a body.
#[derive(Debug, PartialEq)]
struct BodyPart<'a> {
    name: String,
    file_name: Option<String>,
    content: &'a [u8],
}

/// Returns the parts of a body that have a name.
fn split_multipart_body<'a>(body: &'a [u8], boundary: &str) -> Vec<BodyPart<'a>> {
    let delimiter = format!("--{boundary}");
    let mut starts = find_all_positions(body, delimiter.as_bytes()).into_iter().peekable();
    let mut parts = Vec::new();
    while let (Some(start), Some(end)) = (starts.next(), starts.peek()) {
        // Delimiters may overlap.
        let Some(part) = body.get(start + delimiter.len()..*end) else { continue };
        let Some(head_end) = find_all_positions(part, b"\r\n\r\n").first().copied() else { continue };
        let head = String::from_utf8_lossy(&part[..head_end]);
        let parameter = |prefix: &str| {
            let value = head.split(['\n', ';']).find_map(|piece| piece.trim().strip_prefix(prefix));
            value.map(|value| value.trim_matches('"').to_owned())
        };
        let content = &part[head_end + 4..];
        let content = content.strip_suffix(b"\r\n").unwrap_or(content);
        let file_name = parameter("filename=");
        parts.extend(parameter("name=").map(|name| BodyPart { name, file_name, content }));
    }
    parts
}

impl BodyPart<'_> {
    /// Returns a file as it is stored.
    fn to_json(&self) -> Value {
        json!({ "fileName": self.file_name.as_deref().unwrap_or("file"), "content": BASE64_STANDARD.encode(self.content) })
    }
}

fn find_all_positions(bytes: &[u8], pattern: &[u8]) -> Vec<usize> {
    bytes.windows(pattern.len()).enumerate().filter(|(_, window)| *window == pattern).map(|(index, _)| index).collect()
}

fn read_multipart_parts(
    operation: &Operation,
    body: &RequestBody,
    parts: &[BodyPart<'_>],
) -> Result<Value, ErrorResponse> {
    let Some(object) = body.value.object() else { return Ok(Value::Null) };
    let mut fields = Map::new();
    for property in object.properties {
        let mut named = parts.iter().filter(|part| part.name.eq_ignore_ascii_case(property.name));
        if matches!(property.value, Type::List(Type::Binary)) {
            // Whether there are enough is up to the operation.
            fields.insert(property.name.to_owned(), named.map(BodyPart::to_json).collect());
            continue;
        }
        match (named.next(), property.value) {
            (None, _) if property.is_required => {
                return Err(ErrorResponse::invalid_input_error(format!("The part {} is required.", property.name)));
            }
            (Some(part), Type::Schema(_)) => {
                let value = parse_json_body(part.content)?;
                check_body_value(operation, property.value, &value)?;
                fields.insert(property.name.to_owned(), normalize_value(property.value, value));
            }
            _ => {}
        }
    }
    Ok(fields.into())
}

#[cfg(test)]
mod tests {
    use super::{is_json_media_type, multipart_boundary, split_multipart_body};

    #[test]
    fn parts_of_a_body_have_names() {
        let body = "--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n{}\r\n--x\r\n\
                    Content-Disposition: form-data; name=file; filename=\"f\"\r\n\r\n1\r\n2\r\n--x--\r\n";
        let [json, file] = &split_multipart_body(body.as_bytes(), "x")[..] else { panic!("there are two") };
        assert_eq!((json.name.as_str(), &json.file_name, json.content), ("a", &None, &b"{}"[..]));
        let file_name = Some("f".to_owned());
        assert_eq!((file.name.as_str(), &file.file_name, file.content), ("file", &file_name, &b"1\r\n2"[..]));
        assert_eq!(split_multipart_body(b"--x", "x"), []);
        assert_eq!(split_multipart_body(b"--x\r\n--x--", "x"), []);
        assert_eq!(split_multipart_body(b"-----\r\n\r\n-----", "-"), []);
    }

    #[test]
    fn media_types_are_recognized() {
        assert!(
            is_json_media_type("application/json")
                && is_json_media_type("application/merge-patch+json")
                && !is_json_media_type("text/plain")
        );
        assert_eq!(multipart_boundary("multipart/form-data; Boundary=\"a b\"").as_deref(), Some("a b"));
        assert_eq!(multipart_boundary("multipart/form-data; boundary="), None);
        assert_eq!(multipart_boundary("multipart/form-data"), None);
    }
}
