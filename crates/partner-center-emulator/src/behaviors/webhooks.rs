//! The registration of the address that events are sent to, of which a partner has one.

use super::{OperationCall, ResponseWithChanges};
use crate::{
    error_response::ErrorResponse, json_fields::without_null_fields, service_response::ResourceKind, store::StateChange,
};
use http::StatusCode;

/// Registers an address. A second registration is rejected, as the first can only be replaced.
pub(super) fn create_registration(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if call.state.get_resource(&call.path, call.now).is_some() {
        let description = "The partner has a registration already. Replace it instead.";
        return Err(ErrorResponse::documented_error(StatusCode::CONFLICT, 3000, description));
    }
    let mut registration = without_null_fields(call.body.clone());
    if let Some(fields) = registration.as_object_mut() {
        let id = call.state.random_for_next_change("created").random_guid().to_string();
        fields.insert("subscriberId".to_owned(), id.into());
        fields.insert("lastModifiedTimestamp".to_owned(), call.now.to_string_in_microseconds().into());
    }
    let response = call.respond_with_resource(registration.clone(), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), registration)] })
}
