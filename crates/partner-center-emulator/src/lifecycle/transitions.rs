//! A transition is completed a little after its start.

use super::ORDER_PROVISIONING_DURATION;
use crate::{json_fields::string_at_path, timestamp::Timestamp};
use serde_json::{Value, json};

/// Completes the event that the transition began with, and adds that of the licenses of users if they move, too.
pub(super) fn advance(transition: &mut Value, now: Timestamp) {
    let started = transition.pointer("/events/0/timestamp").and_then(Value::as_str).and_then(Timestamp::parse);
    let Some(done) = started.map(|started| started + ORDER_PROVISIONING_DURATION).filter(|done| now >= *done) else {
        return;
    };
    let moves_licenses = string_at_path(transition, &["transitionType"]) == Some("transition_with_license_transfer");
    let names = if moves_licenses { &["Conversion", "LicenseReassignment"][..] } else { &["Conversion"] };
    let event = |name: &&str| {
        json!({
            "name": name,
            "status": "Completed",
            "timestamp": done.to_string_in_microseconds(),
            "attributes": { "objectType": "TransitionEvent" },
        })
    };
    transition["events"] = names.iter().map(event).collect();
}
