//! What becomes of validation events: the result of each attempt is noted in the resource that the partner reads.

use crate::{
    lifecycle::FAILED_VALIDATION_STATUS,
    resource_path::ResourcePath,
    store::{ResourceStore, StateChange, StoreFull},
    timestamp::Timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};
use std::fmt;

/// The status of a validation event that was delivered, which is the only one that the documentation shows.
const DELIVERED_STATUS: &str = "completed";

/// The result of one attempt to deliver an event.
pub(super) enum AttemptResult {
    Response(StatusCode),
    /// There was no response, for this reason.
    NoResponse(String),
}

impl AttemptResult {
    pub(super) fn is_delivered(&self) -> bool {
        matches!(self, Self::Response(status) if status.is_success())
    }

    fn to_json(&self, moment: Timestamp) -> Value {
        let moment = moment.to_string_in_ticks();
        match self {
            Self::Response(status) => json!({
                "responseCode": status_name(*status),
                "responseMessage": "",
                "systemError": false,
                "dateTimeUtc": moment,
            }),
            Self::NoResponse(reason) => {
                json!({ "responseMessage": reason, "systemError": true, "dateTimeUtc": moment })
            }
        }
    }
}

impl fmt::Display for AttemptResult {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(status) => status.fmt(formatter),
            Self::NoResponse(reason) => reason.fmt(formatter),
        }
    }
}

/// Adds the result of an attempt to the validation event at `path`, unless it is no longer there.
pub(super) fn note_attempt(
    store: &ResourceStore,
    path: &ResourcePath,
    moment: Timestamp,
    result: &AttemptResult,
    is_last: bool,
) {
    let noted: Result<(), StoreFull> = store.update_state(|state| {
        let Some(mut event) = state.get_resource_with_internal_fields(path, moment) else {
            return Ok(((), Vec::new()));
        };
        if let Some(results) = event["results"].as_array_mut() {
            results.push(result.to_json(moment));
        }
        if result.is_delivered() {
            event["status"] = DELIVERED_STATUS.into();
        } else if is_last && event["status"] != DELIVERED_STATUS {
            event["status"] = FAILED_VALIDATION_STATUS.into();
        }
        Ok(((), vec![StateChange::Put(path.clone(), event)]))
    });
    if noted.is_err() {
        tracing::warn!("the result of a validation event is not noted: the store is full");
    }
}

/// Returns the name of a status as .NET spells it, such as `NotFound`; its number if it has no name.
fn status_name(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => reason.chars().filter(char::is_ascii_alphanumeric).collect(),
        None => status.as_str().to_owned(),
    }
}
