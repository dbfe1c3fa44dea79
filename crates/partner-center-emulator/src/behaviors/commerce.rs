//! The subscriptions of customers.

use super::{
    OperationCall, ResponseWithChanges,
    etag::check_etag,
    stored::{collection_items, not_found_response},
};
use crate::{
    error_response::ErrorResponse,
    json_fields::{merge_fields, string_at_path},
    pages::PageRequest,
    service_response::ResourceKind,
    store::{
        StateChange,
        population::{legacy_subscription_etag, version_in_subscription_etag},
    },
    timestamp::{ONE_DAY, Timestamp},
};
use http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Lists the subscriptions of a customer, or those of an order or of a reseller.
pub(super) fn list_subscriptions(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut subscriptions = collection_items(call);
    for (parameter, field) in [("order_id", "orderId"), ("mpn_id", "partnerId")] {
        if let Some(value) = call.query.first_value(parameter) {
            let is_same = |subscription: &Value| {
                string_at_path(subscription, &[field]).is_some_and(|actual| actual.eq_ignore_ascii_case(value))
            };
            subscriptions.retain(|(_, subscription)| is_same(subscription));
        }
    }
    let response = call.documented_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, subscriptions)
        .map(ResponseWithChanges::without_changes)
}

/// Changes a subscription. Its method is PATCH, but what is left out counts: automatic renewal is then off, and what was scheduled
/// is deleted.
pub(super) fn update_subscription(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, ref body, .. } = *call;
    let Some(current) = state.get_resource(path, now) else { return not_found_response(call) };
    if state.is_write_pending(path, now) {
        let description = "Another change of the subscription is in progress.";
        return Err(ErrorResponse::documented_error(StatusCode::CONFLICT, 900_278, description));
    }
    check_etag(call, string_at_path(&current, &["attributes", "etag"]))?;

    let mut next = current.clone();
    for name in CHANGEABLE_FIELDS {
        if let Some(value) = body.get(name) {
            merge_fields(&mut next, json!({ name: value }));
        }
    }
    if body.get("autoRenewEnabled").is_none_or(Value::is_null) {
        next["autoRenewEnabled"] = false.into();
    }
    if let Some(fields) = next.as_object_mut() {
        for name in SCHEDULED_CHANGE_FIELDS {
            // Not merged: what was scheduled before is gone.
            fields.remove(name);
            fields
                .extend(body.get(name).filter(|value| !value.is_null()).map(|value| (name.to_owned(), value.clone())));
        }
    }
    check_status_change(&current, &next, now)?;
    let seats = change_seat_count(&current, &mut next, now)?;
    if let Some(etag) = string_at_path(&current, &["attributes", "etag"]).filter(|etag| !etag.is_empty()) {
        let version = version_in_subscription_etag(etag).unwrap_or_default().saturating_add(1);
        let id = string_at_path(&current, &["id"]).unwrap_or_default();
        next["attributes"]["etag"] = legacy_subscription_etag(id, version).into();
    }

    let has_accepted = call.operation.responses.iter().any(|response| response.status == 202);
    if seats.abs() > MAX_IMMEDIATE_SEATS && has_accepted {
        let change = StateChange::PutLater(path.clone(), next, now + SLOW_CHANGE_DELAY);
        return Ok(ResponseWithChanges { response: call.accepted_response(), changes: vec![change] });
    }
    let response = call.respond_with_resource(next.clone(), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path.clone(), next)] })
}

/// The fields that a request changes. All others are as the service has them, whatever is sent back.
const CHANGEABLE_FIELDS: [&str; 7] =
    ["autoRenewEnabled", "billingCycle", "customTermEndDate", "friendlyName", "partnerId", "quantity", "status"];

/// The fields of what happens at the end of the term, or with the next charge.
const SCHEDULED_CHANGE_FIELDS: [&str; 3] =
    ["nextChargeInstructions", "scheduledActions", "scheduledNextTermInstructions"];

/// The number of seats up to which a change takes effect at once. Larger ones are accepted with 202.
const MAX_IMMEDIATE_SEATS: i64 = 100;

/// The time until a larger change takes effect.
const SLOW_CHANGE_DELAY: Duration = Duration::from_secs(5);

/// The time for which a new subscription can be cancelled, and added seats can be removed.
const CANCELLATION_WINDOW_DAYS: u32 = 7;

/// The maximum number of seats.
const MAX_SEATS: i64 = 10_000;

fn bad_request_error(code: u32, description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::BAD_REQUEST, code, description)
}

/// Checks that the status may change in this way, and that a suspended subscription changes in nothing else.
fn check_status_change(current: &Value, next: &Value, now: Timestamp) -> Result<(), ErrorResponse> {
    let status = |subscription| string_at_path(subscription, &["status"]).unwrap_or_default();
    match (status(current), status(next)) {
        ("deleted", _) => Err(bad_request_error(2011, "The subscription is deleted and can no longer be changed.")),
        ("suspended", "suspended") if ["quantity", "friendlyName"].iter().any(|name| current[name] != next[name]) => {
            Err(bad_request_error(800_091, "The subscription is suspended. Activate it before it is changed."))
        }
        ("active" | "suspended", "active" | "suspended") => Ok(()),
        ("active" | "suspended", "deleted") if is_new_commerce_subscription(current) => {
            let created = string_at_path(current, &["creationDate"]).and_then(Timestamp::parse).unwrap_or_default();
            if now < created + ONE_DAY * CANCELLATION_WINDOW_DAYS {
                return Ok(());
            }
            let description = format!("The {CANCELLATION_WINDOW_DAYS}-day window for a cancellation has passed.");
            Err(bad_request_error(900_117, description))
        }
        (from, to) => Err(bad_request_error(800_040, format!("The status cannot change from {from:?} to {to:?}."))),
    }
}

/// Checks the quantity and keeps account of the seats that can be removed again. Returns the number of seats added.
fn change_seat_count(current: &Value, next: &mut Value, now: Timestamp) -> Result<i64, ErrorResponse> {
    let quantity = |subscription: &Value| subscription["quantity"].as_i64().unwrap_or_default();
    let added = quantity(next) - quantity(current);
    if added == 0 {
        return Ok(0);
    }
    if !(1..=MAX_SEATS).contains(&quantity(next)) {
        return Err(bad_request_error(2002, format!("The quantity must be from 1 to {MAX_SEATS}.")));
    }
    if !is_new_commerce_subscription(current) {
        return Ok(added);
    }
    let details = current.pointer("/refundableQuantity/details").and_then(Value::as_array);
    let until = |detail: &Value| string_at_path(detail, &["allowedUntilDateTime"]).and_then(Timestamp::parse);
    let mut details: Vec<Value> = details
        .into_iter()
        .flatten()
        .filter(|detail| until(detail).is_some_and(|until| now < until))
        .cloned()
        .collect();
    if added > 0 {
        let until = (now + ONE_DAY * CANCELLATION_WINDOW_DAYS).to_string_in_microseconds();
        details.push(json!({ "quantity": added, "allowedUntilDateTime": until }));
    } else {
        let mut removed = -added;
        // The newest seats are removed first.
        while removed > 0 {
            let Some(mut detail) = details.pop() else {
                return Err(bad_request_error(800_090, "Subscription quantity cannot be decreased."));
            };
            let seats = quantity(&detail);
            if seats > removed {
                detail["quantity"] = (seats - removed).into();
                details.push(detail);
            }
            removed -= seats;
        }
    }
    let total: i64 = details.iter().map(quantity).sum();
    next["refundableQuantity"] = json!({ "totalQuantity": total, "details": details });
    Ok(added)
}

/// Whether a subscription is of new commerce: those of before have an etag.
fn is_new_commerce_subscription(subscription: &Value) -> bool {
    string_at_path(subscription, &["attributes", "etag"]).is_none()
}

#[cfg(test)]
mod tests {
    use super::{change_seat_count, check_status_change};
    use crate::{
        error_response::ErrorResponse,
        timestamp::{ONE_DAY, Timestamp},
    };
    use serde_json::{Value, json};

    fn code<T>(result: Result<T, ErrorResponse>) -> u32 {
        match result {
            Ok(_) => 0,
            Err(ErrorResponse::Rejected(_, code, _)) => code,
            Err(error) => panic!("{error:?}"),
        }
    }

    #[test]
    fn added_seats_can_be_removed_for_a_week() {
        let now = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let seats = |subscription: &Value, quantity: i64, now| {
            let mut next = subscription.clone();
            next["quantity"] = quantity.into();
            change_seat_count(subscription, &mut next, now).map(|_| next)
        };
        let old = json!({ "quantity": 10 });
        assert_eq!(code(seats(&old, 9, now)), 800_090);
        assert_eq!(code(seats(&old, 0, now)), 2002);
        let more = seats(&seats(&old, 13, now).unwrap(), 15, now).unwrap();
        assert_eq!(more["refundableQuantity"]["totalQuantity"], 5);
        let fewer = seats(&more, 12, now).unwrap();
        assert_eq!(fewer["refundableQuantity"]["totalQuantity"], 2);
        assert_eq!(code(seats(&more, 9, now)), 800_090);
        assert_eq!(code(seats(&fewer, 10, now)), 0);
        assert_eq!(code(seats(&fewer, 11, now + ONE_DAY * 7)), 800_090);
        let legacy = json!({ "quantity": 10, "attributes": { "etag": "x" } });
        assert_eq!(code(seats(&legacy, 1, now)), 0);
    }

    #[test]
    fn status_changes_as_documented() {
        let created = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let subscription =
            |status: &str| json!({ "status": status, "creationDate": created.to_string_in_microseconds() });
        for (from, to, expected) in [
            ("active", "suspended", 0),
            ("suspended", "active", 0),
            ("active", "deleted", 0),
            ("active", "expired", 800_040),
            ("deleted", "active", 2011),
        ] {
            let result = check_status_change(&subscription(from), &subscription(to), created + ONE_DAY);
            assert_eq!(code(result), expected, "{from} to {to}");
        }
        let late = check_status_change(&subscription("active"), &subscription("deleted"), created + ONE_DAY * 7);
        assert_eq!(code(late), 900_117);
        let mut more = subscription("suspended");
        more["quantity"] = 2.into();
        assert_eq!(code(check_status_change(&subscription("suspended"), &more, created)), 800_091);
    }
}
