//! What is scheduled for the end of the term, or for the next charge.

use super::{bad_request_error, invalid_property_error};
use crate::{
    behaviors::OperationCall,
    catalog::{CatalogItem, ProductKind, find_catalog_item},
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{Term, last_day_of_subscription, set_internal_field},
    store::generated_and_written_collection_items,
    timestamp::Timestamp,
};
use serde_json::Value;
use time::Date;

/// Checks what a request schedules, and puts it in place of what was scheduled before. What is left out is deleted.
pub(super) fn check_and_set_scheduled_changes(
    call: &OperationCall<'_>,
    current: &Value,
    next: &mut Value,
) -> Result<(), ErrorResponse> {
    let sent = |name: &str| call.body.get(name).filter(|value| !value.is_null() && **value != Value::Array(Vec::new()));
    // Seats that change now make the service forget what was scheduled. A client that sends back what it has read did not
    // schedule it again.
    let is_immediate_change = current["quantity"] != next["quantity"];
    let is_kept = |name: &str| !(is_immediate_change && current.get(name) == sent(name));
    // A trial does not renew, but becomes what is scheduled.
    let renews = next["autoRenewEnabled"] == true || current["isTrial"] == true;
    for name in ["scheduledNextTermInstructions", "scheduledActions"] {
        let value = sent(name).filter(|_| renews && is_kept(name));
        if let Some(value) = value.filter(|value| current.get(name) != Some(value)) {
            for instructions in renewal_instructions_in(value) {
                check_renewal_instructions(call, current, instructions)?;
            }
        }
        set_or_remove_field(next, name, value);
    }
    let charge = sent("nextChargeInstructions");
    if let Some(charge) = charge.filter(|charge| current.get("nextChargeInstructions") != Some(charge)) {
        check_charge_instructions(current, charge)?;
        set_internal_field(next, "nextChargeChangedAt", call.now.to_string_in_microseconds());
    }
    set_or_remove_field(next, "nextChargeInstructions", charge);
    Ok(())
}

/// Checks that the term of a subscription can be billed as a request wants from the next charge on.
fn check_charge_instructions(current: &Value, instructions: &Value) -> Result<(), ErrorResponse> {
    let item = string_at_path(current, &["offerId"]).and_then(find_catalog_item);
    let term = item.and_then(|item| item.term(string_at_path(current, &["termDuration"])?));
    let Some(billing_cycle) = string_at_path(instructions, &["product", "billingCycle"]) else { return Ok(()) };
    if term.is_some_and(|term| term.billing_cycles.iter().any(|known| known.eq_ignore_ascii_case(billing_cycle))) {
        return Ok(());
    }
    Err(bad_request_error(800_097, format!("The billing cycle {billing_cycle:?} is not available for this term.")))
}

fn set_or_remove_field(subscription: &mut Value, name: &str, value: Option<&Value>) {
    let Some(fields) = subscription.as_object_mut() else { return };
    fields.remove(name);
    fields.extend(value.map(|value| (name.to_owned(), value.clone())));
}

fn renewal_instructions_in(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(actions) => actions.iter().filter_map(|action| action.get("instructions")).collect(),
        instructions => vec![instructions],
    }
}

/// Checks the product, the term and the number of seats of the next term.
fn check_renewal_instructions(
    call: &OperationCall<'_>,
    current: &Value,
    instructions: &Value,
) -> Result<(), ErrorResponse> {
    let product = &instructions["product"];
    let part = |name: &str| string_at_path(product, &[name]).filter(|part| !part.is_empty());
    let present = string_at_path(current, &["offerId"]).and_then(find_catalog_item);
    let item = match (part("productId"), part("skuId"), part("availabilityId")) {
        (None, None, None) => present,
        (product, sku, availability) => {
            let id = [product, sku, availability].map(Option::unwrap_or_default).join(":");
            let item = find_catalog_item(&id);
            Some(item.ok_or_else(|| invalid_property_error(format!("The catalog has no item {id:?} to renew to.")))?)
        }
    };
    let Some((item, present)) = item.zip(present) else { return Ok(()) };
    let is_same = item.product.id == present.product.id && item.sku.id == present.sku.id;
    let is_trial = current["isTrial"] == true;
    if !is_same && !present.sku.transition_targets.contains(&item.id().as_str()) {
        let description = format!("A subscription of {} cannot become one of {}.", present.sku.title, item.sku.title);
        return Err(if is_trial {
            bad_request_error(800_121, description)
        } else {
            invalid_property_error(description)
        });
    }
    let duration = part("termDuration").or_else(|| string_at_path(current, &["termDuration"])).unwrap_or_default();
    let Some(term) = item.term(duration) else {
        let description = format!("The term {duration:?} is not available for {}.", item.sku.title);
        return Err(if is_trial {
            bad_request_error(800_122, description)
        } else {
            invalid_property_error(description)
        });
    };
    let billing_cycle = part("billingCycle").or_else(|| string_at_path(current, &["billingCycle"])).unwrap_or_default();
    if !term.billing_cycles.iter().any(|known| known.eq_ignore_ascii_case(billing_cycle)) {
        let description = format!("The billing cycle {billing_cycle:?} is not available for this term.");
        return Err(bad_request_error(800_097, description));
    }
    let (min, max) = item.sku.quantities;
    if instructions["quantity"].as_i64().is_some_and(|quantity| quantity != 0 && !(min..=max).contains(&quantity)) {
        return Err(bad_request_error(900_275, format!("The quantity must be from {min} to {max} for this product.")));
    }
    let custom = string_at_path(instructions, &["customTermEndDate"]).and_then(Timestamp::parse_with_or_without_zone);
    let first_day = last_day_of_subscription(current).and_then(Date::next_day);
    match (custom, first_day) {
        (Some(custom), Some(first_day)) => {
            check_custom_term_end(call, item, Term::new(first_day, duration, None), custom.date())
        }
        _ => Ok(()),
    }
}

/// Checks the day that a term shall end on: it is in the term, and that of another subscription or of a month.
fn check_custom_term_end(
    call: &OperationCall<'_>,
    item: CatalogItem,
    term: Term,
    custom_end: Date,
) -> Result<(), ErrorResponse> {
    if item.product.kind != ProductKind::OnlineServices {
        return Err(bad_request_error(900_244, "The term of this product cannot end on a chosen date."));
    }
    if !(term.first_day..=term.last_day).contains(&custom_end) {
        return Err(bad_request_error(900_245, "The chosen date is not within the first term after the renewal."));
    }
    let Some((collection, _)) = call.path.split_last_segment() else { return Ok(()) };
    let subscriptions = generated_and_written_collection_items(call.state, &collection, call.now);
    if !is_aligned_date(&subscriptions, custom_end) {
        return Err(bad_request_error(
            900_246,
            "The chosen date is neither the end of another subscription nor of a month.",
        ));
    }
    Ok(())
}

/// Whether a day is the last one of a month, or of an active subscription of an online service that is no trial.
pub(super) fn is_aligned_date(subscriptions: &[Value], day: Date) -> bool {
    let is_end_of_month = day.day() == day.month().length(day.year());
    is_end_of_month
        || subscriptions
            .iter()
            .any(|other| is_term_end_alignment_target(other) && last_day_of_subscription(other) == Some(day))
}

/// Whether the terms of other subscriptions can end with that of this one.
pub(super) fn is_term_end_alignment_target(subscription: &Value) -> bool {
    subscription["status"] == "active"
        && subscription["isTrial"] != true
        && string_at_path(subscription, &["productType", "id"]) == Some("OnlineServicesNCE")
}
