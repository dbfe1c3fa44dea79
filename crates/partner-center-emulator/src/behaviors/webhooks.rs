//! The registration of the address that events are sent to, of which a partner has one, and the validation events, which show
//! whether events arrive there.

use super::{OperationCall, ResponseWithChanges, documented::documented_example, stored};
use crate::{
    error_response::ErrorResponse,
    fault::rate_limit_response,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{
        FAILED_VALIDATION_STATUS, PENDING_VALIDATION_STATUS, VALIDATION_EVENT_CREATED_FIELD, internal_moment,
        set_internal_field,
    },
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::StateChange,
    test_credentials::TENANT_ID,
    timestamp::Timestamp,
};
use http::{StatusCode, Uri};
use serde_json::{Value, json};
use std::time::Duration;

/// The name of the event that shows whether events arrive.
pub(crate) const TEST_EVENT: &str = "test-created";

/// The validation events that may be created in a [`VALIDATION_PERIOD`].
const MAX_VALIDATION_EVENTS: usize = 2;

const VALIDATION_PERIOD: Duration = Duration::from_secs(60);

/// Registers an address. A second registration is rejected, as the first can only be replaced.
pub(super) fn create_webhook_registration(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if call.state.get_resource(&call.path, call.now).is_some() {
        let description = "The partner has a registration already. Replace it instead.";
        return Err(ErrorResponse::documented_error(StatusCode::CONFLICT, 3000, description));
    }
    check_address(call)?;
    let mut registration = without_null_fields(call.body.clone());
    if let Some(fields) = registration.as_object_mut() {
        let id = call.state.random_for_next_change("created").random_guid().to_string();
        fields.insert("subscriberId".to_owned(), id.into());
        fields.insert("lastModifiedTimestamp".to_owned(), call.now.to_string_in_microseconds().into());
    }
    let response = call.respond_with_resource(registration.clone(), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), registration)] })
}

pub(super) fn update_registration(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    check_address(call)?;
    stored::respond_from_store(call)
}

/// Creates a validation event, which is sent to the registered address and to none else: not to that of the documentation, which a
/// partner has who has not registered one.
pub(super) fn create_validation_event(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if let Some(wait) = time_until_next_validation_event(call) {
        return Ok(ResponseWithChanges::without_changes(rate_limit_response(wait).service_response(call.request)));
    }
    let registration = get_registration_or_documented_example(call);
    let names = registration["webhookEvents"].as_array().map_or(&[][..], Vec::as_slice);
    if !names.iter().filter_map(Value::as_str).any(|name| name.eq_ignore_ascii_case(TEST_EVENT)) {
        let description = format!("Add the event {TEST_EVENT} to the registration first.");
        return Err(ErrorResponse::invalid_property_error(description));
    }
    let id = call.state.random_for_next_change("validation event").random_guid().to_string();
    let (status, results) = match reason_not_to_send(call) {
        None => (PENDING_VALIDATION_STATUS, Vec::new()),
        Some(reason) => {
            let moment = call.now.to_string_in_ticks();
            let result = json!({ "responseMessage": reason, "systemError": true, "dateTimeUtc": moment });
            (FAILED_VALIDATION_STATUS, vec![result])
        }
    };
    let mut event = json!({
        "correlationId": id,
        "partnerId": TENANT_ID,
        "status": status,
        "callbackUrl": registration["webhookUrl"],
        "results": results,
    });
    set_internal_field(&mut event, VALIDATION_EVENT_CREATED_FIELD, call.now.to_string_in_microseconds());
    let response = call.respond_with_resource(json!({ "correlationId": id }), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.child_path(&id), event)] })
}

/// Returns the time to wait if the last minute has had as many validation events as it may have.
fn time_until_next_validation_event(call: &OperationCall<'_>) -> Option<Duration> {
    let events = call.state.written_or_deleted_collection_items(&call.path, call.now);
    let created = |(id, ..): &(&str, u64, Option<Value>)| -> Option<Timestamp> {
        let event = call.state.get_resource_with_internal_fields(&call.path.child_path(id), call.now)?;
        internal_moment(&event, VALIDATION_EVENT_CREATED_FIELD)
    };
    let is_recent = |moment: &Timestamp| *moment <= call.now && call.now < *moment + VALIDATION_PERIOD;
    let mut recent: Vec<_> = events.iter().filter_map(created).filter(is_recent).collect();
    recent.sort_unstable();
    let oldest_that_counts = recent.len().checked_sub(MAX_VALIDATION_EVENTS).and_then(|index| recent.get(index))?;
    Some((*oldest_that_counts + VALIDATION_PERIOD).duration_since(call.now))
}

/// Returns the reason for which the emulator sends no validation event, if there is one.
fn reason_not_to_send(call: &OperationCall<'_>) -> Option<&'static str> {
    if !cfg!(feature = "webhooks") {
        return Some("The emulator was built without the feature `webhooks`.");
    }
    match call.state.get_resource(&registration_path(), call.now) {
        None => Some("No request has registered an address: nothing is sent to that of the documentation."),
        Some(registration) if address_of_registration(&registration).is_none() => {
            Some("Events are sent to addresses of https and http.")
        }
        Some(_) => None,
    }
}

/// Returns the address of a registration, if events can be sent to it.
pub(crate) fn address_of_registration(registration: &Value) -> Option<&str> {
    let address = string_at_path(registration, &["webhookUrl"])?;
    let (scheme, _) = address.split_once("://")?;
    ["https", "http"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(address)
}

/// Returns the path of the registration, of which there is one.
pub(crate) fn registration_path() -> ResourcePath {
    ResourcePath::from_segments(["webhooks", "v1", "registration"])
}

/// Returns the registration: that of the documentation if no request has made one.
fn get_registration_or_documented_example(call: &OperationCall<'_>) -> Value {
    let documented = || {
        let get = partner_center_spec::operation("getWebhookRegistration")?;
        get.responses.first().and_then(documented_example)
    };
    call.state.get_resource(&registration_path(), call.now).or_else(documented).unwrap_or_default()
}

/// Checks that events can be sent to the address.
fn check_address(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    let address = string_at_path(&call.body, &["webhookUrl"]).unwrap_or_default();
    let is_url = address.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
    if is_url { Ok(()) } else { Err(ErrorResponse::invalid_property_error("The webhookUrl must be a URL.")) }
}
