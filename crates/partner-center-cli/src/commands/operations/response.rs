//! Responses, as they are printed.

use partner_center::{
    models::JsonValue,
    request::{FromResponse, ResponseReader},
};
use partner_center_spec::{Operation, Outcome};

/// A response that is JSON, or has no body.
#[derive(Debug)]
pub(super) struct ReceivedResponse {
    pub(super) status: u16,
    /// Where and when to look for what the service does after `202 Accepted`, as JSON, if the response says either.
    pub(super) accepted: Option<JsonValue>,
    pub(super) body: ReceivedBody,
    headers: Vec<(&'static str, String)>,
}

/// The body of a response.
#[derive(Debug)]
pub(super) enum ReceivedBody {
    None,
    Json(JsonValue),
    Bytes(Vec<u8>),
}

/// A response that is text or bytes.
#[derive(Debug)]
pub(super) struct TextOrBinaryResponse(pub(super) ReceivedResponse);

/// The headers that can be part of a result.
const RESULT_HEADERS: [&str; 5] = ["ETag", "Location", "MS-ContinuationToken", "Retry-After", "Content-Disposition"];

fn to_received_response<R: ResponseReader>(response: &R, body: ReceivedBody) -> ReceivedResponse {
    let location = response.header("location").map(|location| ("location".to_owned(), location.into()));
    let seconds = response.retry_after().map(|wait| ("retryAfter".to_owned(), wait.as_secs().into()));
    let accepted: serde_json::Map<String, serde_json::Value> = location.into_iter().chain(seconds).collect();
    ReceivedResponse {
        status: response.status(),
        accepted: (!accepted.is_empty()).then(|| parse_own_json(&serde_json::Value::from(accepted).to_string())),
        body,
        headers: RESULT_HEADERS
            .into_iter()
            .filter_map(|name| Some((name, response.header(name)?.to_owned())))
            .collect(),
    }
}

impl FromResponse for ReceivedResponse {
    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        let value: JsonValue = response.json(|json| serde_json::from_str(json))?;
        let body = if value.json() == "null" { ReceivedBody::None } else { ReceivedBody::Json(value) };
        Ok(to_received_response(response, body))
    }
}

impl FromResponse for TextOrBinaryResponse {
    const ACCEPT: &'static str = "*/*";

    fn from_response<R: ResponseReader>(response: &mut R) -> Result<Self, R::Error> {
        let bytes = response.bytes()?;
        Ok(Self(to_received_response(response, ReceivedBody::Bytes(bytes))))
    }
}

impl ReceivedResponse {
    /// Returns what the response means.
    pub(super) fn response_outcome(&self, operation: &Operation) -> Outcome {
        let described = operation.responses.iter().find(|response| response.status == self.status);
        match (described, self.status) {
            (Some(response), _) => response.outcome,
            (None, 202) => Outcome::Accepted,
            (None, _) => Outcome::Done,
        }
    }

    /// Returns the headers that the specification calls a part of the result.
    pub(super) fn result_headers(&self, operation: &Operation) -> impl Iterator<Item = (&'static str, &str)> {
        let described = operation.responses.iter().find(|response| response.status == self.status);
        let is_accepted = self.response_outcome(operation) == Outcome::Accepted;
        let names = described.filter(|_| !is_accepted).map_or(&[][..], |response| response.headers);
        let is_field = |name: &str| names.iter().any(|header| header.name.eq_ignore_ascii_case(name));
        self.headers.iter().filter(move |(name, _)| is_field(name)).map(|(name, value)| (*name, value.as_str()))
    }
}

/// Reads JSON that was made by this command.
pub(super) fn parse_own_json(json: &str) -> JsonValue {
    serde_json::from_str(json).unwrap_or_else(|error| unreachable!("what was serialized is JSON: {error}"))
}

pub(super) fn boolean_json_value(value: bool) -> JsonValue {
    parse_own_json(if value { "true" } else { "false" })
}

pub(super) fn null_json_value() -> JsonValue {
    parse_own_json("null")
}
