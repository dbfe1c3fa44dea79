//! Subscriptions: their list, and the request that changes everything about them.

use super::{
    azure_entitlements::check_plan_suspension,
    bad_request_error,
    cancellation::{check_subscription_changeable, check_subscription_status_change},
    change_in_progress_error,
    legacy_changes::count_version,
    scheduled_changes::check_and_set_scheduled_changes,
    seats::{check_seat_change_and_update_refundable, check_seat_limit_of_customer},
};
use crate::{
    behaviors::{
        OperationCall, ResponseWithChanges,
        etag::check_etag,
        stored::{collection_items, not_found_response},
    },
    catalog::find_catalog_item,
    error_response::ErrorResponse,
    json_fields::{merge_fields, string_at_path},
    lifecycle::{SubscriptionKind, internal_field, set_internal_field, subscription_kind, without_internal_fields},
    pages::PageRequest,
    service_response::ResourceKind,
    store::StateChange,
    timestamp::Timestamp,
};
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
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?
        .respond_with_page(call, response, subscriptions)
        .map(ResponseWithChanges::without_changes)
}

/// Changes a subscription. Its method is PATCH, but what is left out counts: automatic renewal is then off, and what was scheduled
/// is deleted.
pub(super) fn update_subscription(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref path, now, ref body, .. } = *call;
    let Some(current) = state.get_resource_with_internal_fields(path, now) else { return not_found_response(call) };
    if state.is_write_pending(path, now) {
        return Err(change_in_progress_error());
    }
    check_etag(call, string_at_path(&current, &["attributes", "etag"]))?;
    check_subscription_changeable(&current, now)?;

    let mut next = current.clone();
    for name in CHANGEABLE_SUBSCRIPTION_FIELDS {
        if let Some(value) = body.get(name) {
            merge_fields(&mut next, json!({ name: value }));
        }
    }
    if body.get("autoRenewEnabled").is_none_or(Value::is_null) {
        next["autoRenewEnabled"] = false.into();
    }
    check_subscription_status_change(&current, &next, body, now)?;
    check_plan_suspension(call, &current, &next)?;
    check_product_allows_changes(&current, &next, body)?;
    let added_seats = check_seat_change_and_update_refundable(&current, &mut next, now)?;
    if added_seats > 0 {
        check_seat_limit_of_customer(call, &next)?;
    }
    check_and_set_scheduled_changes(call, &current, &mut next)?;
    apply_effects_of_new_status(&current, &mut next, now);
    count_subscription_change(&mut next)?;
    if subscription_kind(&current) == SubscriptionKind::Legacy {
        count_version(&mut next);
    }

    let has_accepted = call.operation.responses.iter().any(|response| response.status == 202);
    if added_seats.abs() > MAX_IMMEDIATE_SEATS && has_accepted {
        let change = StateChange::PutLater(path.clone(), next, now + SLOW_CHANGE_DELAY);
        return Ok(ResponseWithChanges { response: call.accepted_response(), changes: vec![change] });
    }
    let change = StateChange::Put(path.clone(), next.clone());
    let shown = crate::lifecycle::resource_at_time(path, next, now).map(without_internal_fields).unwrap_or_default();
    let response = call.respond_with_resource(shown, ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![change] })
}

/// The fields that a request changes. All others are as the service has them, whatever is sent back.
const CHANGEABLE_SUBSCRIPTION_FIELDS: [&str; 6] =
    ["autoRenewEnabled", "billingCycle", "friendlyName", "partnerId", "quantity", "status"];

/// The number of seats up to which a change takes effect immediately. Larger ones are accepted with 202.
const MAX_IMMEDIATE_SEATS: i64 = 100;

/// The time until a larger change takes effect.
const SLOW_CHANGE_DELAY: Duration = Duration::from_secs(5);

/// The number of changes after which the service wants its support to be contacted.
const MAX_CHANGES_OF_SUBSCRIPTION: u64 = 5000;

/// Checks what the product of a subscription does not let change: the billing, the term of a trial, the renewal and the reseller.
fn check_product_allows_changes(current: &Value, next: &Value, body: &Value) -> Result<(), ErrorResponse> {
    let kind = subscription_kind(current);
    let is_changed = |name: &str| current[name] != next[name];
    let item = string_at_path(current, &["offerId"]).and_then(find_catalog_item);
    if is_changed("billingCycle") {
        if kind == SubscriptionKind::Legacy {
            return Err(bad_request_error(2054, "The billing cycle of this subscription is changed by its order."));
        }
        let term = item.and_then(|item| item.term(string_at_path(current, &["termDuration"])?));
        let billing_cycle = string_at_path(next, &["billingCycle"]).unwrap_or_default();
        if term.is_none_or(|term| !term.billing_cycles.contains(&billing_cycle)) {
            let description = format!("The billing cycle {billing_cycle:?} is not available for this term.");
            return Err(bad_request_error(800_097, description));
        }
    }
    let sent_term = string_at_path(body, &["termDuration"]);
    if current["isTrial"] == true && sent_term.is_some_and(|sent| current["termDuration"] != sent) {
        return Err(bad_request_error(800_107, "The term of a trial cannot be changed."));
    }
    if is_changed("autoRenewEnabled") && next["autoRenewEnabled"] == true && current["isTrial"] == true {
        return Err(bad_request_error(800_093, "A trial cannot renew by itself."));
    }
    if is_changed("partnerId") && !is_partner_id_or_empty(string_at_path(next, &["partnerId"]).unwrap_or_default()) {
        return Err(bad_request_error(800_098, "The partner ID is not that of a reseller."));
    }
    Ok(())
}

/// Whether `text` is the partner ID of a reseller, or none.
pub(super) fn is_partner_id_or_empty(text: &str) -> bool {
    text.is_empty() || (text.len() == 7 && text.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Does what a new status brings with it.
pub(super) fn apply_effects_of_new_status(current: &Value, next: &mut Value, now: Timestamp) {
    if current["status"] == next["status"] {
        return;
    }
    let status = string_at_path(next, &["status"]).unwrap_or_default().to_owned();
    set_internal_field(next, "suspendedAt", (status == "suspended").then(|| now.to_string_in_microseconds()));
    if status == "active" {
        return;
    }
    let Some(fields) = next.as_object_mut() else { return };
    // What was scheduled for the next term is gone; a change of the billing stays, as suspended ones are billed.
    fields.remove("scheduledActions");
    fields.remove("scheduledNextTermInstructions");
    if status == "deleted" {
        fields.remove("nextChargeInstructions");
        fields.remove("cancellationAllowedUntilDate");
        fields.insert("autoRenewEnabled".to_owned(), false.into());
    }
}

fn count_subscription_change(next: &mut Value) -> Result<(), ErrorResponse> {
    let changes = internal_field(next, "changes").and_then(Value::as_u64).unwrap_or_default() + 1;
    if changes > MAX_CHANGES_OF_SUBSCRIPTION {
        return Err(bad_request_error(900_311, "The subscription was changed too many times. Contact the support."));
    }
    set_internal_field(next, "changes", changes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{MAX_CHANGES_OF_SUBSCRIPTION, count_subscription_change};
    use crate::{behaviors::commerce::tests::code, lifecycle::set_internal_field};
    use serde_json::json;

    #[test]
    fn too_many_changes_are_rejected() {
        let mut subscription = json!({});
        set_internal_field(&mut subscription, "changes", MAX_CHANGES_OF_SUBSCRIPTION - 1);
        assert_eq!(code(count_subscription_change(&mut subscription)), 0);
        assert_eq!(code(count_subscription_change(&mut subscription)), 900_311);
    }
}
