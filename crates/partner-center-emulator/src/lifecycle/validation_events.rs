//! A validation event is kept for seven days.

use super::internal_moment;
use crate::timestamp::{ONE_DAY, Timestamp};
use serde_json::Value;

/// The internal field with the moment at which a validation event was created.
pub(crate) const VALIDATION_EVENT_CREATED_FIELD: &str = "createdAt";

const DAYS_KEPT: u32 = 7;

pub(super) fn is_validation_event_present(event: &Value, now: Timestamp) -> bool {
    internal_moment(event, VALIDATION_EVENT_CREATED_FIELD).is_none_or(|created| now < created + ONE_DAY * DAYS_KEPT)
}
