//! The service requests of customers: what a note adds, and how one is closed. The list of a customer shows the state of each.

use super::{OperationCall, ResponseWithChanges, stored};
use crate::{
    error_response::ErrorResponse, json_fields::string_at_path, pages::PageRequest, resource_path::ResourcePath,
    service_response::ResourceKind, store::StateChange,
};
use serde_json::{Value, json};

/// Lists the service requests of a customer, with status and severity as numbers.
pub(super) fn list_service_requests(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut requests = stored::collection_items(call);
    for (_, request) in &mut requests {
        let id = string_at_path(request, &["id"]).unwrap_or_default();
        let path = ResourcePath::from_segments(["v1", "servicerequests", id]);
        let Some(changed) = call.state.get_resource(&path, call.now) else { continue };
        for (name, values) in [("status", STATUS_NAMES_BY_NUMBER), ("severity", SEVERITY_NAMES_BY_NUMBER)] {
            let value = string_at_path(&changed, &[name]).unwrap_or_default();
            if let Some(number) = values.iter().position(|known| *known == value) {
                request[name] = number.into();
            }
        }
        for name in ["title", "lastModifiedDate", "lastClosedDate"] {
            if let Some(value) = string_at_path(&changed, &[name]) {
                // Dates are without a zone here.
                request[name] = if name == "title" { value } else { value.trim_end_matches('Z') }.into();
            }
        }
    }
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    PageRequest::from_call(call)?.respond_with_page(call, response, requests).map(ResponseWithChanges::without_changes)
}

/// Changes a service request. A note that is sent joins the others, and a request that is closed gets its date.
pub(super) fn update_service_request(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut done = stored::respond_from_store(call)?;
    let Some(StateChange::Put(_, request)) = done.changes.first_mut() else { return Ok(done) };
    let moment = call.now.to_string_in_seconds();
    let note = request.as_object_mut().and_then(|fields| fields.remove("newNote"));
    if let Some(note) = note.filter(|note| note["text"].is_string()) {
        let note = json!({
            "createdByName": "Partner Administrator",
            "createdDate": moment.trim_end_matches('Z'),
            "text": note["text"],
        });
        let mut notes = request["notes"].as_array().cloned().unwrap_or_default();
        notes.push(note);
        request["notes"] = notes.into();
    }
    if string_at_path(&call.body, &["status"]) == Some("closed") {
        request["lastClosedDate"] = moment.into();
    }
    let changed: Value = request.clone();
    done.response = call.respond_with_resource(changed, ResourceKind::Other, false);
    Ok(done)
}

/// The values of the status by their numbers.
const STATUS_NAMES_BY_NUMBER: [&str; 4] = ["none", "open", "closed", "attention_needed"];

/// The values of the severity by their numbers.
const SEVERITY_NAMES_BY_NUMBER: [&str; 4] = ["unknown", "critical", "moderate", "minimal"];
