//! Schedules of migrations, which run at their date, or when the subscription renews.

use super::{bad_request_error, invalid_property_error, migrations::MigrationContext};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, example_items, item_exists, stored::not_found_response},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{DUE_FIELD, set_internal_field, without_internal_fields},
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::{State, StateChange},
    timestamp::Timestamp,
};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// The path of a schedule, as the specification has it.
const SCHEDULE_PATH_TEMPLATE: &str =
    "/v1/customers/{customer-tenant-id}/migrations/newcommerce/schedules/{migration-schedule-id}";

/// The fields of a schedule that a request sets.
const CHANGEABLE_FIELDS: [&str; 9] = [
    "addOnMigrationSchedules",
    "billingCycle",
    "customTermEndDate",
    "externalReferenceId",
    "migrateOnRenewal",
    "purchaseFullTerm",
    "quantity",
    "targetDate",
    "termDuration",
];

pub(super) fn create_schedule(call: &OperationCall<'_>) -> Response {
    let id = call.state.random_for_next_change("migration schedule").random_guid().to_string();
    let created = call.now.to_string_in_microseconds();
    let schedule = json!({
        "id": id,
        "currentSubscriptionId": call.body["currentSubscriptionId"],
        "status": "Created",
        "customerTenantId": call.path.segments().get(2),
        "createdTime": created,
    });
    check_and_store_schedule(call, &call.path.child_path(&id), schedule)
}

/// Replaces what is scheduled. The subscription stays the same.
pub(super) fn update_schedule(call: &OperationCall<'_>) -> Response {
    let Some(mut schedule) = current_schedule(call, &call.path) else { return not_found_response(call) };
    let id = |schedule: &Value| string_at_path(schedule, &["currentSubscriptionId"]).map(str::to_ascii_lowercase);
    if id(&call.body).is_some_and(|sent| id(&schedule) != Some(sent)) {
        return Err(invalid_property_error("The currentSubscriptionId of a schedule cannot change."));
    }
    check_pending(&schedule)?;
    if let Some(fields) = schedule.as_object_mut() {
        fields.retain(|name, _| !CHANGEABLE_FIELDS.contains(&name.as_str()));
    }
    check_and_store_schedule(call, &call.path, schedule)
}

pub(super) fn cancel_schedule(call: &OperationCall<'_>) -> Response {
    let Some((path, _)) = call.path.split_last_segment() else { return not_found_response(call) };
    let Some(mut schedule) = current_schedule(call, &path) else { return not_found_response(call) };
    check_pending(&schedule)?;
    schedule["status"] = "Cancelled".into();
    schedule["lastModifiedTime"] = call.now.to_string_in_microseconds().into();
    let schedule = without_internal_fields(schedule);
    let response = call.respond_with_resource(schedule.clone(), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, schedule)] })
}

/// Returns what happens when the schedule at `path`, which is due, runs: the subscription is migrated as it is by then, or the
/// schedule has the error.
pub(crate) fn run_schedule(state: &State, path: &ResourcePath, due: Timestamp) -> Vec<StateChange> {
    let Some(mut schedule) = state.get_resource(path, due) else { return vec![StateChange::Delete(path.clone())] };
    let customer = ResourcePath::from_segments(path.segments().into_iter().take(3));
    let mut wanted = schedule.clone();
    wanted["addOnMigrations"] = schedule["addOnMigrationSchedules"].clone();
    let mut changes = match (MigrationContext { state, now: due, customer }).start_migration_of_subscriptions(&wanted) {
        Ok((migration, changes)) => {
            schedule["newCommerceMigrationId"] = migration["id"].clone();
            changes
        }
        Err(error) => {
            let (code, description) = match error {
                ErrorResponse::Rejected(_, code, description) => (code, description),
                _ => (900_225, "The migration failed unexpectedly.".to_owned()),
            };
            schedule["errorCode"] = code.into();
            schedule["errorDescription"] = description.into();
            Vec::new()
        }
    };
    schedule["lastModifiedTime"] = due.to_string_in_microseconds().into();
    changes.push(StateChange::Put(path.clone(), schedule));
    changes
}

/// Returns the schedule at a path, also that of the documentation, which no request has written.
fn current_schedule(call: &OperationCall<'_>, path: &ResourcePath) -> Option<Value> {
    call.state.get_resource_with_internal_fields(path, call.now).or_else(|| {
        let is_there = item_exists(call.state, SCHEDULE_PATH_TEMPLATE, path, call.now);
        let documented = example_items("listMigrationSchedules").into_iter().filter(|_| is_there);
        let (_, id) = path.split_last_segment()?;
        documented.into_iter().find(|schedule| schedule["id"] == id)
    })
}

/// Checks that a schedule has neither run nor was cancelled.
fn check_pending(schedule: &Value) -> Result<(), ErrorResponse> {
    let has_run = schedule.get("newCommerceMigrationId").is_some() || schedule.get("errorCode").is_some();
    if has_run || schedule["status"] != "Created" {
        return Err(bad_request_error(800_002, "The schedule has run or was cancelled, and cannot change any more."));
    }
    Ok(())
}

/// Checks a schedule as the request has it, and stores it with the moment at which it runs.
fn check_and_store_schedule(call: &OperationCall<'_>, path: &ResourcePath, mut schedule: Value) -> Response {
    for name in CHANGEABLE_FIELDS {
        if let Some(value) = call.body.get(name) {
            schedule[name] = value.clone();
        }
    }
    let subscription = MigrationContext::from_call(call).plan_scheduled_migration(&schedule)?;
    let date = string_at_path(&schedule, &["targetDate"]).and_then(Timestamp::parse_with_or_without_zone);
    let due = if schedule["migrateOnRenewal"] == true { subscription.renewal } else { date };
    let due =
        due.ok_or_else(|| invalid_property_error("A targetDate is needed, or a migrateOnRenewal that is true."))?;
    if let Some(date) = date {
        schedule["targetDate"] = date.to_string_in_seconds().trim_end_matches('Z').into();
    }
    for (name, value) in subscription.fields {
        schedule[name] = value;
    }
    for (name, default) in [("purchaseFullTerm", false), ("migrateOnRenewal", false)] {
        if schedule[name].is_null() {
            schedule[name] = default.into();
        }
    }
    schedule["lastModifiedTime"] = call.now.to_string_in_microseconds().into();
    let mut schedule = without_null_fields(schedule);
    // A day that has passed, as that of an example does some day, is now.
    set_internal_field(&mut schedule, DUE_FIELD, due.max(call.now).to_string_in_microseconds());
    let created = call.operation.method == partner_center_spec::Method::Post;
    let response = call.respond_with_resource(without_internal_fields(schedule.clone()), ResourceKind::Other, created);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path.clone(), schedule)] })
}
