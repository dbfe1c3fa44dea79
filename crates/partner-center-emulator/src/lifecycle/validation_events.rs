//! A validation event is delivered or fails within ten minutes, and is kept for seven days.

use super::internal_moment;
use crate::timestamp::{ONE_DAY, Timestamp};
use serde_json::Value;
use std::time::Duration;

/// The internal field with the moment at which a validation event was created.
pub(crate) const VALIDATION_EVENT_CREATED_FIELD: &str = "createdAt";

/// The status of a validation event that has not been delivered so far.
pub(crate) const PENDING_VALIDATION_STATUS: &str = "pending";

/// The status of a validation event that no attempt has delivered.
pub(crate) const FAILED_VALIDATION_STATUS: &str = "failed";

const DAYS_KEPT: u32 = 7;

/// The time after which nothing sends a pending event any more: longer than all attempts take together by default. One that was
/// dropped from the queue, by a restored snapshot or by the end of the process, fails then.
const MAX_PENDING_TIME: Duration = Duration::from_secs(600);

pub(super) fn is_validation_event_present(event: &Value, now: Timestamp) -> bool {
    internal_moment(event, VALIDATION_EVENT_CREATED_FIELD).is_none_or(|created| now < created + ONE_DAY * DAYS_KEPT)
}

/// Lets a pending event fail when its time is over.
pub(super) fn advance(event: &mut Value, now: Timestamp) {
    let created = internal_moment(event, VALIDATION_EVENT_CREATED_FIELD);
    if event["status"] == PENDING_VALIDATION_STATUS && created.is_some_and(|created| created + MAX_PENDING_TIME <= now)
    {
        event["status"] = FAILED_VALIDATION_STATUS.into();
    }
}
