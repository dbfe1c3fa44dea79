//! The subscriptions of customers.

use super::{
    Call, Reply,
    etag::check_etag,
    stored::{absent, collection_items},
};
use crate::{
    error_response::ErrorResponse,
    json_fields::{merge, text_at},
    pages::PageRequest,
    service_response::ResourceKind,
    store::{
        Change,
        population::{subscription_etag, subscription_version},
    },
    timestamp::{DAY, Timestamp},
};
use http::StatusCode;
use serde_json::{Value, json};
use std::time::Duration;

/// Lists the subscriptions of a customer, or those of an order or of a reseller.
pub(super) fn list_subscriptions(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let mut subscriptions = collection_items(call);
    for (parameter, field) in [("order_id", "orderId"), ("mpn_id", "partnerId")] {
        if let Some(value) = call.query.get(parameter) {
            let is_same = |subscription: &Value| {
                text_at(subscription, &[field]).is_some_and(|actual| actual.eq_ignore_ascii_case(value))
            };
            subscriptions.retain(|(_, subscription)| is_same(subscription));
        }
    }
    let response = call.done(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::read(call)?.respond(call, response, subscriptions).map(Reply::unchanged)
}

/// Changes a subscription. Its method is PATCH, but what is left out counts: automatic renewal is then off, and what was scheduled
/// is deleted.
pub(super) fn update_subscription(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let Call { state, ref path, now, ref body, .. } = *call;
    let Some(current) = state.get(path, now) else { return absent(call) };
    if state.is_pending(path, now) {
        let description = "Another change of the subscription is in progress.";
        return Err(ErrorResponse::rejected(StatusCode::CONFLICT, 900_278, description));
    }
    check_etag(call, text_at(&current, &["attributes", "etag"]))?;

    let mut next = current.clone();
    for name in CHANGEABLE {
        if let Some(value) = body.get(name) {
            merge(&mut next, json!({ name: value }));
        }
    }
    if body.get("autoRenewEnabled").is_none_or(Value::is_null) {
        next["autoRenewEnabled"] = false.into();
    }
    if let Some(fields) = next.as_object_mut() {
        for name in SCHEDULED {
            // Not merged: what was scheduled before is gone.
            fields.remove(name);
            fields
                .extend(body.get(name).filter(|value| !value.is_null()).map(|value| (name.to_owned(), value.clone())));
        }
    }
    check_status(&current, &next, now)?;
    let seats = change_seats(&current, &mut next, now)?;
    if let Some(etag) = text_at(&current, &["attributes", "etag"]).filter(|etag| !etag.is_empty()) {
        let version = subscription_version(etag).unwrap_or_default().saturating_add(1);
        let id = text_at(&current, &["id"]).unwrap_or_default();
        next["attributes"]["etag"] = subscription_etag(id, version).into();
    }

    let has_accepted = call.operation.responses.iter().any(|response| response.status == 202);
    if seats.abs() > MAX_IMMEDIATE_SEATS && has_accepted {
        let change = Change::PutLater(path.clone(), next, now + SLOW_CHANGE);
        return Ok(Reply { response: call.accepted(), changes: vec![change] });
    }
    let response = call.respond_with(next.clone(), ResourceKind::Other, false);
    Ok(Reply { response, changes: vec![Change::Put(path.clone(), next)] })
}

/// The fields that a request changes. All others are as the service has them, whatever is sent back.
const CHANGEABLE: [&str; 7] =
    ["autoRenewEnabled", "billingCycle", "customTermEndDate", "friendlyName", "partnerId", "quantity", "status"];

/// The fields of what happens at the end of the term, or with the next charge.
const SCHEDULED: [&str; 3] = ["nextChargeInstructions", "scheduledActions", "scheduledNextTermInstructions"];

/// The number of seats up to which a change takes effect at once. Larger ones are accepted with 202.
const MAX_IMMEDIATE_SEATS: i64 = 100;

/// The time until a larger change takes effect.
const SLOW_CHANGE: Duration = Duration::from_secs(5);

/// The time for which a new subscription can be cancelled, and added seats can be removed.
const CANCELLATION_DAYS: u32 = 7;

/// The maximum number of seats.
const MAX_SEATS: i64 = 10_000;

fn rejected(code: u32, description: impl Into<String>) -> ErrorResponse {
    ErrorResponse::rejected(StatusCode::BAD_REQUEST, code, description)
}

/// Checks that the status may change in this way, and that a suspended subscription changes in nothing else.
fn check_status(current: &Value, next: &Value, now: Timestamp) -> Result<(), ErrorResponse> {
    let status = |subscription| text_at(subscription, &["status"]).unwrap_or_default();
    match (status(current), status(next)) {
        ("deleted", _) => Err(rejected(2011, "The subscription is deleted and can no longer be changed.")),
        ("suspended", "suspended") if ["quantity", "friendlyName"].iter().any(|name| current[name] != next[name]) => {
            Err(rejected(800_091, "The subscription is suspended. Activate it before it is changed."))
        }
        ("active" | "suspended", "active" | "suspended") => Ok(()),
        ("active" | "suspended", "deleted") if is_new_commerce(current) => {
            let created = text_at(current, &["creationDate"]).and_then(Timestamp::parse).unwrap_or_default();
            if now < created + DAY * CANCELLATION_DAYS {
                return Ok(());
            }
            let description = format!("The {CANCELLATION_DAYS}-day window for a cancellation has passed.");
            Err(rejected(900_117, description))
        }
        (from, to) => Err(rejected(800_040, format!("The status cannot change from {from:?} to {to:?}."))),
    }
}

/// Checks the quantity and keeps account of the seats that can be removed again. Returns the number of seats added.
fn change_seats(current: &Value, next: &mut Value, now: Timestamp) -> Result<i64, ErrorResponse> {
    let quantity = |subscription: &Value| subscription["quantity"].as_i64().unwrap_or_default();
    let added = quantity(next) - quantity(current);
    if added == 0 {
        return Ok(0);
    }
    if !(1..=MAX_SEATS).contains(&quantity(next)) {
        return Err(rejected(2002, format!("The quantity must be from 1 to {MAX_SEATS}.")));
    }
    if !is_new_commerce(current) {
        return Ok(added);
    }
    let details = current.pointer("/refundableQuantity/details").and_then(Value::as_array);
    let until = |detail: &Value| text_at(detail, &["allowedUntilDateTime"]).and_then(Timestamp::parse);
    let mut details: Vec<Value> = details
        .into_iter()
        .flatten()
        .filter(|detail| until(detail).is_some_and(|until| now < until))
        .cloned()
        .collect();
    if added > 0 {
        let until = (now + DAY * CANCELLATION_DAYS).to_text();
        details.push(json!({ "quantity": added, "allowedUntilDateTime": until }));
    } else {
        let mut removed = -added;
        // The newest seats are removed first.
        while removed > 0 {
            let Some(mut detail) = details.pop() else {
                return Err(rejected(800_090, "Subscription quantity cannot be decreased."));
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
fn is_new_commerce(subscription: &Value) -> bool {
    text_at(subscription, &["attributes", "etag"]).is_none()
}

#[cfg(test)]
mod tests {
    use super::{change_seats, check_status};
    use crate::{
        error_response::ErrorResponse,
        timestamp::{DAY, Timestamp},
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
            change_seats(subscription, &mut next, now).map(|_| next)
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
        assert_eq!(code(seats(&fewer, 11, now + DAY * 7)), 800_090);
        let legacy = json!({ "quantity": 10, "attributes": { "etag": "x" } });
        assert_eq!(code(seats(&legacy, 1, now)), 0);
    }

    #[test]
    fn status_changes_as_documented() {
        let created = Timestamp::parse("2026-03-01T00:00:00Z").unwrap();
        let subscription = |status: &str| json!({ "status": status, "creationDate": created.to_text() });
        for (from, to, expected) in [
            ("active", "suspended", 0),
            ("suspended", "active", 0),
            ("active", "deleted", 0),
            ("active", "expired", 800_040),
            ("deleted", "active", 2011),
        ] {
            let result = check_status(&subscription(from), &subscription(to), created + DAY);
            assert_eq!(code(result), expected, "{from} to {to}");
        }
        let late = check_status(&subscription("active"), &subscription("deleted"), created + DAY * 7);
        assert_eq!(code(late), 900_117);
        let mut more = subscription("suspended");
        more["quantity"] = 2.into();
        assert_eq!(code(check_status(&subscription("suspended"), &more, created)), 800_091);
    }
}
