//! The registration of the address that events are sent to, of which a partner has one.

use super::{OperationCall, ResponseWithChanges, stored};
use crate::{
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    service_response::ResourceKind,
    store::StateChange,
};
use http::{StatusCode, Uri};

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

/// Checks that events can be sent to the address.
fn check_address(call: &OperationCall<'_>) -> Result<(), ErrorResponse> {
    let address = string_at_path(&call.body, &["webhookUrl"]).unwrap_or_default();
    let is_url = address.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.host().is_some());
    if is_url { Ok(()) } else { Err(ErrorResponse::invalid_property_error("The webhookUrl must be a URL.")) }
}
