//! Transitions: seats of a subscription move to another product, in the same, in a new or in another subscription.

use super::{
    bad_request_error, change_in_progress_error, country_of_query_or_customer, forbidden_error, invalid_property_error,
    respond_with_list, seats::quantity_of_subscription, subscriptions_of_customer_in_path,
};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, stored::not_found_response},
    catalog::{CatalogItem, find_catalog_item, months_of_billing_cycle, months_of_term},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{
        NewSubscription, SubscriptionKind, Term, last_day_of_subscription, open_cancellation_window,
        set_last_day_of_term, set_product_of_subscription, subscription_kind,
    },
    random::{RandomGenerator, keyed_hash},
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::StateChange,
    timestamp::Timestamp,
};
use serde_json::{Value, json};

/// Returns the subscription whose sub-resource a request is for, as it is stored, with its path.
fn source_subscription_of_call(call: &OperationCall<'_>) -> Option<(ResourcePath, Value)> {
    let (path, _) = call.path.split_last_segment()?;
    let subscription = call.state.get_resource_with_internal_fields(&path, call.now)?;
    Some((path, subscription))
}

fn legacy_subscription_error() -> ErrorResponse {
    forbidden_error(900_263, "The operation is not for legacy subscriptions.")
}

/// Lists the products that a subscription can move to, and the subscriptions of them that can take its seats.
pub(super) fn list_transition_eligibilities(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some((_, source)) = source_subscription_of_call(call) else { return not_found_response(call) };
    if subscription_kind(&source) == SubscriptionKind::Legacy {
        return Err(legacy_subscription_error());
    }
    let item = string_at_path(&source, &["offerId"]).and_then(find_catalog_item);
    let targets = item.map_or(&[][..], |item| item.sku.transition_targets);
    let is_scheduled =
        call.query.first_value("eligibilityType").is_some_and(|kind| kind.eq_ignore_ascii_case("scheduled"));
    let subscriptions = subscriptions_of_customer_in_path(call);
    let errors: Vec<_> = match string_at_path(&source, &["status"]) {
        Some("active") => Vec::new(),
        Some("pending") => vec![json!({ "code": 9, "description": "The subscription is not provisioned." })],
        _ => vec![json!({ "code": 2, "description": "The subscription is not active." })],
    };
    let types: &[&str] =
        if is_scheduled { &["transition_only"] } else { &["transition_only", "transition_with_license_transfer"] };
    let eligibilities: Vec<_> = types
        .iter()
        .map(|kind| json!({ "isEligible": errors.is_empty(), "transitionType": kind, "errors": errors }))
        .collect();
    let key = keyed_hash(call.state.population.seed, call.path.to_string().as_bytes());
    let operation_id = RandomGenerator::for_purpose(key, "transition eligibility", 0_u64).random_guid();
    let items = targets.iter().filter_map(|id| find_catalog_item(id)).map(|target| {
        let is_target = |other: &&Value| !is_scheduled && source["isTrial"] != true && is_subscription_of_item(other, target);
        let others = subscriptions.iter().filter(is_target).filter(|other| other["id"] != source["id"]);
        json!({
            "operationId": operation_id,
            "catalogItemId": target.id(),
            "title": target.sku.title,
            "description": target.product.description,
            "quantity": source["quantity"],
            "eligibilities": eligibilities,
            "subscriptionEligibilities": others.map(|other| subscription_eligibility(&source, other, call.now)).collect::<Vec<_>>(),
            "attributes": { "objectType": "TransitionEligibility" },
        })
    });
    respond_with_list(call, items.collect())
}

/// Whether a subscription is of the product and the SKU of a catalog item.
fn is_subscription_of_item(subscription: &Value, item: CatalogItem) -> bool {
    let offer = string_at_path(subscription, &["offerId"]).and_then(find_catalog_item);
    offer.is_some_and(|offer| offer.product.id == item.product.id && offer.sku.id == item.sku.id)
}

fn term_months_of_subscription(subscription: &Value) -> u32 {
    string_at_path(subscription, &["termDuration"]).and_then(months_of_term).unwrap_or_default()
}

fn subscription_eligibility(source: &Value, target: &Value, now: Timestamp) -> Value {
    let window = string_at_path(target, &["cancellationAllowedUntilDate"]).and_then(Timestamp::parse);
    let checks = [
        (target["status"] != "active", 1, "The target subscription is not active."),
        (window.is_some_and(|until| now <= until), 2, "The target subscription is within its cancellation window."),
        (
            term_months_of_subscription(target) < term_months_of_subscription(source),
            3,
            "The term of the target is shorter than that of the source.",
        ),
        (ends_before_source(target, source), 4, "The term of the target ends before that of the source."),
    ];
    let errors: Vec<_> = checks
        .iter()
        .filter(|(is_wrong, ..)| *is_wrong)
        .map(|(_, code, description)| json!({ "code": code, "description": description }))
        .collect();
    json!({
        "isEligible": errors.is_empty(),
        "subscriptionId": target["id"],
        "subscriptionFriendlyName": target["friendlyName"],
        "subscriptionTermDuration": target["termDuration"],
        "subscriptionBillingCycle": target["billingCycle"],
        "errors": errors,
    })
}

fn ends_before_source(target: &Value, source: &Value) -> bool {
    last_day_of_subscription(target) < last_day_of_subscription(source)
}

/// Lists the transitions of a subscription, or the one that is named.
pub(super) fn list_transitions(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some((_, source)) = source_subscription_of_call(call) else { return not_found_response(call) };
    if subscription_kind(&source) == SubscriptionKind::Legacy {
        return Err(legacy_subscription_error());
    }
    let wanted = call.query.first_value("operationId").map(str::to_ascii_lowercase);
    let written = call.state.written_or_deleted_collection_items(&call.path, call.now).into_iter();
    let transitions = written.filter(|(id, ..)| wanted.as_deref().is_none_or(|wanted| wanted == *id));
    respond_with_list(call, transitions.filter_map(|(.., transition)| transition).collect())
}

/// The target of a transition, which was checked.
struct TransitionTarget {
    item: CatalogItem,
    term: String,
    billing_cycle: String,
    quantity: i64,
    /// The subscription that takes the seats, if it is another one.
    subscription: Option<(ResourcePath, Value)>,
}

/// Moves seats to another product. The response is the transition with its first event.
pub(super) fn create_transition(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some((path, source)) = source_subscription_of_call(call) else { return not_found_response(call) };
    if subscription_kind(&source) == SubscriptionKind::Legacy {
        return Err(legacy_subscription_error());
    }
    if call.state.is_write_pending(&path, call.now) {
        return Err(change_in_progress_error());
    }
    super::cancellation::check_subscription_changeable(&source, call.now)?;
    if source["status"] != "active" {
        return Err(bad_request_error(800_002, "Only an active subscription can move to another product."));
    }
    let target = read_transition_target(call, &source)?;
    let (to_subscription, mut changes) = move_seats_to_target(call, &path, &source, &target);
    let operation_id = call.state.random_for_next_change("transition").random_guid().to_string();
    let transition = without_null_fields(json!({
        "operationId": operation_id,
        "fromCatalogItemId": source["offerId"],
        "fromSubscriptionId": source["id"],
        "toCatalogItemId": target.item.id(),
        "toSubscriptionId": to_subscription,
        "quantity": target.quantity,
        "termDuration": target.term,
        "billingCycle": target.billing_cycle,
        "transitionType": call.body["transitionType"],
        "promotionId": call.body.get("promotionId"),
        "events": [{
            "name": "Conversion",
            "status": "Started",
            "timestamp": call.now.to_string_in_microseconds(),
            "attributes": { "objectType": "TransitionEvent" },
        }],
        "attributes": { "objectType": "Transition" },
    }));
    changes.push(StateChange::Put(call.path.child_path(&operation_id), transition.clone()));
    let response = call.respond_with_resource(transition, ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes })
}

fn read_transition_target(call: &OperationCall<'_>, source: &Value) -> Result<TransitionTarget, ErrorResponse> {
    let text = |name: &str| string_at_path(&call.body, &[name]).filter(|text| !text.is_empty());
    let present = string_at_path(source, &["offerId"]).and_then(find_catalog_item);
    let targets = present.map_or(&[][..], |item| item.sku.transition_targets);
    let item = text("toCatalogItemId").and_then(find_catalog_item);
    let item = item.filter(|item| targets.contains(&item.id().as_str()));
    let item = item.ok_or_else(|| invalid_property_error("The subscription cannot move to this toCatalogItemId."))?;
    let quantity = call.body["quantity"].as_i64().unwrap_or_default();
    let (_, max) = item.sku.quantities;
    if !(1..=quantity_of_subscription(source).min(max)).contains(&quantity) {
        return Err(invalid_property_error(
            "The quantity must be from 1 to that of the subscription and of the product.",
        ));
    }
    let subscription =
        text("toSubscriptionId").map(|id| find_valid_target_subscription(call, source, item, id)).transpose()?;
    let owner = subscription.as_ref().map_or(source, |(_, target)| target);
    let inherited = |name: &str| string_at_path(owner, &[name]).unwrap_or_default().to_owned();
    let term = text("termDuration").map_or_else(|| inherited("termDuration"), str::to_ascii_uppercase);
    let billing_cycle = text("billingCycle").map_or_else(|| inherited("billingCycle"), str::to_ascii_lowercase);
    let months = item.term(&term).and_then(|term| months_of_term(term.duration));
    let months = months.ok_or_else(|| bad_request_error(900_268, "The term of the target is not valid."))?;
    if months < term_months_of_subscription(source) {
        return Err(bad_request_error(900_267, "The term of the target is shorter than that of the source."));
    }
    let billed = months_of_billing_cycle(&billing_cycle);
    let billed = billed.ok_or_else(|| bad_request_error(900_269, "The billing cycle is not valid."))?;
    if billed > months {
        return Err(bad_request_error(900_270, "The billing cycle is longer than the term."));
    }
    Ok(TransitionTarget { item, term, billing_cycle, quantity, subscription })
}

fn find_valid_target_subscription(
    call: &OperationCall<'_>,
    source: &Value,
    item: CatalogItem,
    id: &str,
) -> Result<(ResourcePath, Value), ErrorResponse> {
    let path = super::customer_path(call).child_path("subscriptions").child_path(id);
    let not_active = || bad_request_error(900_258, "The target subscription is not active.");
    let target = call.state.get_resource_with_internal_fields(&path, call.now).ok_or_else(not_active)?;
    if source["id"].as_str().is_some_and(|source| source.eq_ignore_ascii_case(id)) {
        return Err(bad_request_error(900_259, "The target subscription is the source itself."));
    }
    if target["status"] == "pending" || call.state.is_write_pending(&path, call.now) {
        return Err(bad_request_error(900_261, "The target subscription is not ready. Retry later."));
    }
    if target["status"] != "active" || super::cancellation::check_subscription_changeable(&target, call.now).is_err() {
        return Err(not_active());
    }
    if !is_subscription_of_item(&target, item) {
        let description = "The target subscription is of another product than toCatalogItemId.";
        return Err(bad_request_error(900_260, description));
    }
    if ends_before_source(&target, source) {
        return Err(bad_request_error(900_236, "The target subscription does not end later than the source."));
    }
    if quantity_of_subscription(&target) + call.body["quantity"].as_i64().unwrap_or_default() > item.sku.quantities.1 {
        return Err(invalid_property_error("The target subscription cannot have that many seats."));
    }
    Ok((path, target))
}

/// Moves the seats. Returns the subscription that has them now, if it is not the source, and what changes.
fn move_seats_to_target(
    call: &OperationCall<'_>,
    path: &ResourcePath,
    source: &Value,
    target: &TransitionTarget,
) -> (Option<Value>, Vec<StateChange>) {
    let left = quantity_of_subscription(source) - target.quantity;
    if let Some((target_path, subscription)) = &target.subscription {
        let mut grown = subscription.clone();
        grown["quantity"] = (quantity_of_subscription(subscription) + target.quantity).into();
        let changes = vec![
            StateChange::Put(path.clone(), source_with_remaining_seats(source, left)),
            StateChange::Put(target_path.clone(), grown),
        ];
        return (Some(subscription["id"].clone()), changes);
    }
    if left == 0 {
        return (
            None,
            vec![StateChange::Put(path.clone(), subscription_moved_to_target(call, source.clone(), target))],
        );
    }
    let id = call.state.random_for_next_change("subscription of a transition").random_guid();
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default().to_ascii_lowercase();
    let text = |name: &str| string_at_path(source, &[name]).unwrap_or_default();
    let new = NewSubscription {
        customer_id: &customer,
        country: &country_of_query_or_customer(call),
        id,
        order_id: text("orderId"),
        item: target.item,
        friendly_name: target.item.sku.title,
        quantity: target.quantity,
        term_duration: text("termDuration"),
        billing_cycle: text("billingCycle"),
        custom_last_day: None,
        partner_id: text("partnerId"),
        promotion_id: string_at_path(&call.body, &["promotionId"]),
        renews: source["autoRenewEnabled"] == true,
        created: call.now,
        provisioned: call.now,
    };
    let mut subscription = new.to_record();
    // It inherits the term and the window of the source.
    for name in FIELDS_INHERITED_FROM_SOURCE {
        match source.get(name) {
            Some(value) => subscription[name] = value.clone(),
            None => {
                subscription.as_object_mut().and_then(|fields| fields.remove(name));
            }
        }
    }
    subscription["refundableQuantity"] = json!({ "totalQuantity": 0, "details": [] });
    let subscription = subscription_moved_to_target(call, subscription, target);
    let new_path = super::customer_path(call).child_path("subscriptions").child_path(&id.to_string());
    let changes = vec![
        StateChange::Put(path.clone(), source_with_remaining_seats(source, left)),
        StateChange::Put(new_path, subscription),
    ];
    (Some(id.to_string().into()), changes)
}

const FIELDS_INHERITED_FROM_SOURCE: [&str; 5] = [
    "cancellationAllowedUntilDate",
    "commitmentEndDate",
    "commitmentEndDateTime",
    "effectiveStartDate",
    "refundOptions",
];

/// Returns the source with the seats that are left. What was scheduled for it is gone; without seats it has ended.
fn source_with_remaining_seats(source: &Value, left: i64) -> Value {
    let mut source = source.clone();
    if let Some(fields) = source.as_object_mut() {
        fields.remove("scheduledActions");
        fields.remove("scheduledNextTermInstructions");
    }
    if left == 0 {
        source["status"] = "deleted".into();
        source["autoRenewEnabled"] = false.into();
        source.as_object_mut().and_then(|fields| fields.remove("cancellationAllowedUntilDate"));
        return source;
    }
    source["quantity"] = left.into();
    // No more seats can be removed than there are.
    let mut room = left;
    if let Some(details) = source.pointer_mut("/refundableQuantity/details").and_then(Value::as_array_mut) {
        for detail in details.iter_mut() {
            let seats = quantity_of_subscription(detail).min(room);
            room -= seats;
            detail["quantity"] = seats.into();
        }
        details.retain(|detail| quantity_of_subscription(detail) > 0);
        source["refundableQuantity"]["totalQuantity"] = (left - room).into();
    }
    source
}

/// Returns a subscription as one of the target. A longer term begins today, and so does that of a trial, which is paid from now on.
fn subscription_moved_to_target(call: &OperationCall<'_>, mut subscription: Value, target: &TransitionTarget) -> Value {
    let was_trial = subscription["isTrial"] == true;
    let is_longer = months_of_term(&target.term).unwrap_or_default() > term_months_of_subscription(&subscription);
    if let Some(fields) = subscription.as_object_mut() {
        fields.remove("scheduledActions");
        fields.remove("scheduledNextTermInstructions");
    }
    set_product_of_subscription(&mut subscription, target.item);
    subscription["billingCycle"] = target.billing_cycle.as_str().into();
    subscription["termDuration"] = target.term.as_str().into();
    if was_trial || is_longer {
        subscription["effectiveStartDate"] = call.now.to_string_in_microseconds().into();
        set_last_day_of_term(&mut subscription, Term::new(call.now.date(), &target.term, None));
        open_cancellation_window(&mut subscription, call.now);
    }
    if was_trial {
        subscription["autoRenewEnabled"] = true.into();
    }
    subscription
}
