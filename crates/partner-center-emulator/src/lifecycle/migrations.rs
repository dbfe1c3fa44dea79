//! A migration goes through its events one after the other, and is completed with the last.

use super::{get_internal_field, internal_moment};
use crate::timestamp::Timestamp;
use serde_json::{Value, json};
use std::time::Duration;

/// The events of a migration, with the time from its start.
const MIGRATION_EVENTS: [(&str, Duration); 4] = [
    ("MigrationStarted", Duration::ZERO),
    ("NewCommerceSubscriptionCreated", Duration::from_secs(5)),
    ("NewCommerceSubscriptionProvisioned", Duration::from_secs(10)),
    ("MigrationCompleted", MIGRATION_DURATION),
];

/// The time that a migration takes.
pub(crate) const MIGRATION_DURATION: Duration = Duration::from_secs(15);

/// Returns the events of a migration that have happened, with their moments.
pub(crate) fn migration_events(migration: &Value, now: Timestamp) -> Vec<(&'static str, Timestamp)> {
    let Some(started) = internal_moment(migration, "startedAt") else { return Vec::new() };
    MIGRATION_EVENTS
        .iter()
        .map(|(name, after)| (*name, started + *after))
        .filter(|(_, moment)| now >= *moment)
        .collect()
}

pub(super) fn advance(migration: &mut Value, now: Timestamp) {
    let events = migration_events(migration, now);
    if events.len() >= 2 {
        for (name, internal) in [("newCommerceSubscriptionId", "subscription"), ("newCommerceOrderId", "order")] {
            if let Some(value) = get_internal_field(migration, internal).cloned() {
                migration[name] = value;
            }
        }
    }
    if let Some((_, completed)) = events.get(3) {
        migration["status"] = "Completed".into();
        migration["completedTime"] = completed.to_string_in_microseconds().into();
    }
}

/// Returns a migration in progress with its start in the internal fields.
pub(crate) fn start_migration(migration: &mut Value, started: Timestamp) {
    migration["status"] = "Processing".into();
    migration["startedTime"] = started.to_string_in_microseconds().into();
    migration[super::INTERNAL_FIELDS_PROPERTY] = json!({ "startedAt": started.to_string_in_microseconds() });
}
