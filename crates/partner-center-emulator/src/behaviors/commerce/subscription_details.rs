//! What belongs to a subscription: its add-ons, its provisioning, its registration and its activation; and the days on which new
//! ones can end.

use super::{
    bad_request_error, customer_path, invalid_property_error, respond_with_list,
    scheduled_changes::is_term_end_alignment_target, subscriptions_of_customer_in_path,
};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges},
    catalog::months_of_term,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{ORDER_PROVISIONING_DURATION, Term, get_internal_field, last_day_of_subscription, set_internal_field},
    pages::PageRequest,
    random::RandomGenerator,
    service_response::ResourceKind,
    store::StateChange,
    timestamp::{Timestamp, add_months_to_date},
};
use serde_json::{Value, json};
use time::Date;

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// Returns the path of the subscription whose sub-resource a request is for.
fn subscription_path(call: &OperationCall<'_>) -> crate::resource_path::ResourcePath {
    customer_path(call)
        .child_path("subscriptions")
        .child_path(call.route.path_parameter("subscription-id").unwrap_or_default())
}

/// Lists the add-ons of a legacy subscription. Those of new commerce are not attached to another one.
pub(super) fn list_add_ons(call: &OperationCall<'_>) -> Response {
    let path = subscription_path(call);
    let Some(base) = call.state.get_resource(&path, call.now) else {
        return Err(super::subscription_not_found_error());
    };
    let id = string_at_path(&base, &["id"]).unwrap_or_default();
    let mut add_ons = subscriptions_of_customer_in_path(call);
    add_ons.retain(|add_on| {
        string_at_path(add_on, &["parentSubscriptionId"]).is_some_and(|parent| parent.eq_ignore_ascii_case(id))
    });
    respond_with_list(call, add_ons)
}

pub(super) fn get_provisioning_status(call: &OperationCall<'_>) -> Response {
    let path = subscription_path(call);
    let Some(subscription) = call.state.get_resource(&path, call.now) else {
        return Err(super::subscription_not_found_error());
    };
    let is_pending = subscription["status"] == "pending" || call.state.is_write_pending(&path, call.now);
    let offer = string_at_path(&subscription, &["offerId"]).unwrap_or_default();
    // The SKU as the directory knows it, which is a GUID.
    let key = crate::random::keyed_hash(0, offer.as_bytes());
    let sku = RandomGenerator::for_purpose(0, "SKU in the directory", key).random_guid();
    let status = without_null_fields(json!({
        "skuId": sku,
        "status": if is_pending { "pending" } else { "success" },
        "quantity": subscription["quantity"],
        "endDate": subscription["commitmentEndDate"],
        "attributes": { "objectType": "SubscriptionProvisioningStatus" },
    }));
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(status, ResourceKind::Other, false)))
}

/// Registers a subscription for reservations, which takes a moment.
pub(super) fn register_subscription(call: &OperationCall<'_>) -> Response {
    let path = subscription_path(call);
    let Some(subscription) = call.state.get_resource(&path, call.now) else {
        return Err(super::subscription_not_found_error());
    };
    let status = |status: &str| registration_status(&subscription, status);
    let status_path = path.child_path("registrationstatus");
    let changes = vec![
        StateChange::Put(status_path.clone(), status("registering")),
        StateChange::PutLater(status_path, status("registered"), call.now + ORDER_PROVISIONING_DURATION),
    ];
    let location = call.route.link_path().replace("/registrations", "/registrationstatus");
    let mut response = call.accepted_response();
    if let Ok(location) = http::HeaderValue::try_from(location) {
        response = response.with_header(http::header::LOCATION, location);
    }
    Ok(ResponseWithChanges { response, changes })
}

fn registration_status(subscription: &Value, status: &str) -> Value {
    json!({
        "subscriptionId": subscription["id"],
        "status": status,
        "attributes": { "objectType": "SubscriptionRegistrationStatus" },
    })
}

pub(super) fn get_registration_status(call: &OperationCall<'_>) -> Response {
    let Some(subscription) = call.state.get_resource(&subscription_path(call), call.now) else {
        return Err(super::subscription_not_found_error());
    };
    let status = call.state.get_resource(&call.path, call.now);
    let status = status.unwrap_or_else(|| registration_status(&subscription, "NotRegistered"));
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(status, ResourceKind::Other, false)))
}

/// Activates a subscription of the marketplace, once. Others are active from the beginning.
pub(super) fn activate_subscription(call: &OperationCall<'_>) -> Response {
    let path = subscription_path(call);
    let Some(mut subscription) = call.state.get_resource_with_internal_fields(&path, call.now) else {
        return Err(super::subscription_not_found_error());
    };
    let result = json!({ "subscriptionId": subscription["id"], "status": "Success" });
    let response = call.respond_with_resource(result, ResourceKind::Other, false);
    match get_internal_field(&subscription, "activated").cloned() {
        Some(Value::Bool(false)) => {
            set_internal_field(&mut subscription, "activated", true);
            Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, subscription)] })
        }
        Some(_) => Err(bad_request_error(800_041, "The subscription is active already.")),
        None => Ok(ResponseWithChanges::without_changes(response)),
    }
}

/// Lists the days on which the first term of a new subscription can end: those of months, and of other subscriptions.
pub(super) fn list_custom_term_end_dates(call: &OperationCall<'_>) -> Response {
    let mut page = PageRequest::from_call(call)?;
    // A client that has a token for the next page sends nothing else.
    if page.filter.is_empty() {
        let query = |name: &str| call.query.first_value(name).unwrap_or_default();
        let names = ["term_duration", "term_start_date", "target_coterm_subscription_id"];
        page.filter = names.map(query).join("|");
    }
    let mut wanted = page.filter.split('|').map(str::to_owned);
    let mut next = || wanted.next().unwrap_or_default();
    let (duration, start, target) = (next(), next(), next());
    let Some(months) = months_of_term(&duration) else {
        return Err(invalid_property_error(format!("The term {duration:?} is not P1M, P1Y or P3Y.")));
    };
    let first_day = Timestamp::parse_with_or_without_zone(&start).unwrap_or(call.now).date();
    let term = Term::new(first_day, &duration, None);
    let subscriptions: Vec<_> =
        subscriptions_of_customer_in_path(call).into_iter().filter(is_term_end_alignment_target).collect();
    let mut days: Vec<Date> = subscriptions.iter().filter_map(last_day_of_subscription).collect();
    // The ends of the months that the term touches.
    let months = (0..=months).map(|month| add_months_to_date(first_day, month));
    days.extend(months.filter_map(|day| day.replace_day(day.month().length(day.year())).ok()));
    days.retain(|day| (first_day..=term.last_day).contains(day));
    days.sort_unstable();
    days.dedup();
    let items = days.into_iter().filter_map(|day| custom_term_end_date(&subscriptions, day, &target));
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, (0..).zip(items).collect()).map(ResponseWithChanges::without_changes)
}

/// Returns a day on which a term can end, unless it is not that of the `target` that is wanted.
fn custom_term_end_date(subscriptions: &[Value], day: Date, target: &str) -> Option<Value> {
    let coterm: Vec<_> = subscriptions
        .iter()
        .filter(|subscription| last_day_of_subscription(subscription) == Some(day))
        .filter_map(|subscription| string_at_path(subscription, &["id"]))
        .collect();
    if !target.is_empty() && !coterm.iter().any(|id| id.eq_ignore_ascii_case(target)) {
        return None;
    }
    let date = format!("{:04}-{:02}-{:02}T00:00:00", day.year(), u8::from(day.month()), day.day());
    Some(if coterm.is_empty() {
        json!({ "allowedCustomTermEndDateType": "calendarMonthAligned", "allowedCustomTermEndDate": date })
    } else {
        json!({
            "allowedCustomTermEndDateType": "subscriptionAligned",
            "allowedCustomTermEndDate": date,
            "cotermSubscriptionIds": coterm,
        })
    })
}
