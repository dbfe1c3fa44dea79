//! Recordings: responses of a service with every value hidden, and the replay of them.

mod body;
mod replay;
mod shape;

pub(crate) use replay::Replay;
pub use shape::JsonType;

use crate::{routing::route_request, steering::decode_utf8_or_utf16};
use http::HeaderName;
use partner_center_core::Response;
use partner_center_spec::{OPERATIONS, Operation, Type};
use serde::{Deserialize, Serialize};
use shape::{BodyShape, shape_of_json};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt,
};

/// The responses of a service to the requests of a program, in their order, without any value: statuses, names of headers, and of
/// the bodies the names of fields with the types of their values.
///
/// `partner-center --record FILE` writes one as JSON, and [`EmulatorBuilder::replay`](crate::EmulatorBuilder::replay) lets an
/// emulator respond alike.
///
/// ```
/// use http::Method;
/// use partner_center_core::{Blocking, Transport};
/// use partner_center_emulator::{Emulator, RecordedExchange, Recording};
///
/// let emulator = Emulator::builder().customers(3).build();
/// let request = http::Request::get("/v1/customers").header("Authorization", format!("Bearer {}", Emulator::TOKEN));
/// let response = emulator.transport::<Blocking>().send(request.body(Vec::new())?)?;
///
/// let mut recording = Recording::default();
/// recording.extend(RecordedExchange::new(&Method::GET, "/v1/customers", &response));
/// assert!(recording.to_json().contains("items[].companyProfile.domain"));
/// assert_eq!(Recording::from_json(&recording.to_json())?, recording);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recording {
    exchanges: Vec<RecordedExchange>,
}

/// A request and its response without any value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct RecordedExchange {
    /// The method, in upper case.
    pub method: String,
    /// The path as the specification has it, such as `/v1/customers/{customer-tenant-id}`.
    pub path: String,
    /// The status of the response.
    pub status: u16,
    /// The names of the headers of the response in lower case, without those of the connection.
    pub headers: BTreeSet<String>,
    /// The paths of all fields of the body, such as `items[].id`, with the types of their values; `None` if it is not JSON. A name
    /// that may be data is `*`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<BTreeMap<String, BTreeSet<JsonType>>>,
}

/// An error of reading a [`Recording`] from JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseRecordingError(String);

/// A recording as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordingDocument<'a> {
    format: Cow<'a, str>,
    exchanges: Cow<'a, [RecordedExchange]>,
}

/// The format of the JSON, which a change that older versions cannot read gets a new number.
const RECORDING_FORMAT: &str = "partner-center-recording/1";

/// Headers of the connection, which an emulator has only as a server.
const CONNECTION_HEADERS: [&str; 6] =
    ["connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"];

/// The maximum number of fields and lists around a value. JSON that is read has no more.
const MAX_DEPTH: usize = 128;

impl Recording {
    /// Returns the exchanges, in their order.
    #[must_use]
    pub fn exchanges(&self) -> &[RecordedExchange] {
        &self.exchanges
    }

    /// Returns the recording as JSON.
    #[must_use]
    #[expect(
        clippy::expect_used,
        clippy::missing_panics_doc,
        reason = "types of this crate, whose keys are strings and whose `Serialize` cannot fail"
    )]
    pub fn to_json(&self) -> String {
        let exchanges = Cow::Borrowed(&self.exchanges[..]);
        let document = RecordingDocument { format: RECORDING_FORMAT.into(), exchanges };
        serde_json::to_string_pretty(&document).expect("a recording can be written as JSON") + "\n"
    }

    /// Reads a recording that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    /// `json` is not a recording, or not one of this version.
    pub fn from_json(json: &str) -> Result<Self, ParseRecordingError> {
        let document: RecordingDocument<'_> = serde_json::from_str(json).map_err(|error| {
            ParseRecordingError(format!("it is not a recording of this version of the emulator: {error}"))
        })?;
        if document.format != RECORDING_FORMAT {
            let format = &document.format;
            return Err(ParseRecordingError(format!(
                "its format is {format:?}, and this version reads {RECORDING_FORMAT:?}"
            )));
        }
        let exchanges = document.exchanges.into_owned();
        for (index, exchange) in exchanges.iter().enumerate() {
            exchange.check().map_err(|problem| ParseRecordingError(format!("exchange {}: {problem}", index + 1)))?;
        }
        Ok(Self { exchanges })
    }
}

impl Extend<RecordedExchange> for Recording {
    fn extend<T: IntoIterator<Item = RecordedExchange>>(&mut self, exchanges: T) {
        self.exchanges.extend(exchanges);
    }
}

impl RecordedExchange {
    /// Returns the exchange of a request with `method` and `path`, or `None` if the specification has no such operation. The body of
    /// the response must not be compressed.
    #[must_use]
    pub fn new(method: &http::Method, path: &str, response: &Response) -> Option<Self> {
        let operation = route_request(method, path).ok()?.operation;
        let status = response.status().as_u16();
        let names = response.headers().keys().map(|name| name.as_str().to_owned());
        let json = decode_utf8_or_utf16(response.body()).and_then(|text| serde_json::from_str(&text).ok());
        Some(Self {
            method: operation.method.as_str().to_owned(),
            path: operation.path.to_owned(),
            status,
            headers: names.filter(|name| !CONNECTION_HEADERS.contains(&name.as_str())).collect(),
            body: json.map(|json| shape_of_json(body_type(operation, status), &json)),
        })
    }

    /// Returns the operation of the exchange.
    fn operation(&self) -> Option<&'static Operation> {
        OPERATIONS.iter().find(|operation| operation.method.as_str() == self.method && operation.path == self.path)
    }

    /// Checks what was read from a file; returns what is wrong with it.
    fn check(&self) -> Result<(), String> {
        let Self { method, path, status, headers, body } = self;
        if self.operation().is_none() {
            return Err(format!("the specification of this version has no {method} {path:?}"));
        }
        if !(200..600).contains(status) {
            return Err(format!("{status} is not the status of a response"));
        }
        if let Some(name) = headers.iter().find(|name| HeaderName::from_bytes(name.as_bytes()).is_err()) {
            return Err(format!("{name:?} is not the name of a header"));
        }
        let is_too_deep = |path: &&String| path.matches(['.', '[']).count() >= MAX_DEPTH;
        match body.iter().flat_map(BodyShape::keys).find(is_too_deep) {
            Some(_) => Err(format!("a field of the body is below more than {MAX_DEPTH} others")),
            None => Ok(()),
        }
    }
}

/// Returns the type of the body of a response with this status.
fn body_type(operation: &Operation, status: u16) -> Type {
    let described = operation.responses.iter().find(|described| described.status == status);
    let otherwise = if status >= 400 { Type::Schema("ErrorBody") } else { Type::Any };
    described.and_then(|described| described.body).map_or(otherwise, |(_, of)| of)
}

impl fmt::Display for ParseRecordingError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Error for ParseRecordingError {}
