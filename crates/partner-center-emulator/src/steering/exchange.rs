use super::redaction::{is_secret_header, redacted_body, redacted_uri};
use crate::request_log::{LoggedBody, LoggedExchange, LoggedResponse};
use http::HeaderMap;
use serde::Serialize;

/// A request that an emulator received, with its response. Secrets are hidden: tokens, passwords, client secrets, codes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Exchange {
    /// The number of the request, from 1.
    pub number: u64,
    /// The time by the emulator's clock, such as `2026-01-31T12:00:00.123456Z`.
    pub received: String,
    /// The method, in upper case.
    pub method: String,
    /// The URI as it was sent, as a rule the path and the query.
    pub uri: String,
    /// The headers of the request.
    pub headers: Vec<ExchangeHeader>,
    /// The body of the request as text, or `None` if it is not text, is larger than 64 KiB, or had to make room for newer ones.
    pub body: Option<String>,
    /// The size of the body as it was sent, in bytes.
    pub body_size: usize,
    /// The response, or `None` if there is none yet, or if a fault withheld it.
    pub response: Option<ExchangeResponse>,
    /// What became of the response.
    pub delivery: Delivery,
}

/// The response of an [`Exchange`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ExchangeResponse {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: Vec<ExchangeHeader>,
    /// The body as text, as that of the request.
    pub body: Option<String>,
    /// The size of the body, in bytes.
    pub body_size: usize,
}

/// A header of an [`Exchange`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExchangeHeader {
    /// The name, in lower case.
    pub name: String,
    /// The value.
    pub value: String,
}

/// What became of the response to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Delivery {
    /// It is being made, or waits until it is time to send it.
    Pending,
    /// It was sent.
    Sent,
    /// It was sent in part, by a fault.
    Truncated,
    /// Nothing was sent: by a fault, or because the client did not wait for it.
    NotSent,
}

impl Exchange {
    /// Returns the exchange without its bodies, which take long to read.
    pub(super) fn without_bodies(logged: &LoggedExchange) -> Self {
        Self::with_bodies_read_by(logged, |_| None)
    }

    pub(crate) fn with_bodies(logged: &LoggedExchange) -> Self {
        Self::with_bodies_read_by(logged, |body| redacted_body(body.bytes.as_ref()?))
    }

    fn with_bodies_read_by(logged: &LoggedExchange, read_body: fn(&LoggedBody) -> Option<String>) -> Self {
        let request = &logged.request;
        Self {
            number: logged.number,
            received: logged.received.to_string_in_microseconds(),
            method: request.method().to_string(),
            uri: redacted_uri(&request.uri().to_string()),
            headers: redacted_headers(request.headers()),
            body: read_body(request.body()),
            body_size: request.body().size,
            response: logged.response.as_ref().map(|LoggedResponse { status, headers, body }| ExchangeResponse {
                status: status.as_u16(),
                headers: redacted_headers(headers),
                body: read_body(body),
                body_size: body.size,
            }),
            delivery: logged.delivery,
        }
    }
}

fn redacted_headers(headers: &HeaderMap) -> Vec<ExchangeHeader> {
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let text = String::from_utf8_lossy(value.as_bytes());
        let value = match name.as_str() {
            // It may have the code of a sign-in.
            "location" | "referer" => redacted_uri(&text),
            name if is_secret_header(name) => super::redaction::HIDDEN_SECRET_PLACEHOLDER.to_owned(),
            _ => text.into_owned(),
        };
        ExchangeHeader { name: name.as_str().to_owned(), value }
    };
    headers.iter().map(header).collect()
}
