//! Devices, in batches that are uploaded by jobs. A device that is wrong has a status of its own in a job that is finished.

use super::{customer_path, respond_with_list};
use crate::{
    behaviors::{OperationCall, ResponseWithChanges, stored::collection_items},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    lifecycle::{is_batch_finished, set_internal_field},
    random::RandomGenerator,
    resource::ResourceLink,
    resource_path::{ResourcePath, escape_uri_component},
    store::StateChange,
};
use http::{HeaderValue, header::LOCATION};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// Creates a batch with its devices. The job that does it says what has become of each.
pub(super) fn create_device_batch(call: &OperationCall<'_>) -> ResponseWithChanges {
    let id = string_at_path(&call.body, &["batchId"]).unwrap_or_default();
    let path = call.path.child_path(id);
    let devices = call.body["devices"].as_array().cloned().unwrap_or_default();
    let link = format!("{}/{}/devices", call.route.link_path(), escape_uri_component(id));
    let mut batch = json!({
        "id": id,
        "createdBy": "Fabrikam",
        "creationDate": current_date_time_without_zone(call),
        "devicesCount": devices.len(),
        "devicesLink": ResourceLink::new(link),
        "attributes": { "objectType": "DeviceBatch" },
    });
    set_internal_field(&mut batch, "startedAt", call.now.to_string_in_microseconds());
    let mut changes = vec![StateChange::Put(path.clone(), batch)];
    let response = start_device_upload_job(call, &path.child_path("devices"), &devices, &mut changes);
    ResponseWithChanges { response, changes }
}

/// Adds devices to a batch that is there.
pub(super) fn add_devices_to_batch(call: &OperationCall<'_>) -> ResponseWithChanges {
    let devices = call.body.as_array().cloned().unwrap_or_default();
    let mut changes = Vec::new();
    let response = start_device_upload_job(call, &call.path, &devices, &mut changes);
    ResponseWithChanges { response, changes }
}

/// Gives devices other policies.
pub(super) fn update_device_policies(call: &OperationCall<'_>) -> ResponseWithChanges {
    let batches = customer_path(call).child_path("devicebatches");
    let sent = call.body["devices"].as_array().cloned().unwrap_or_default();
    let mut changes = Vec::new();
    let mut statuses = Vec::new();
    for device in &sent {
        let id = string_at_path(device, &["id"]).unwrap_or_default();
        // The devices of the documentation are in no batch that was written, and stay as they are.
        for batch in call.state.written_or_deleted_collection_items(&batches, call.now) {
            let path = batches.child_path(batch.0).child_path("devices").child_path(id);
            if let Some(mut known) = call.state.get_resource_with_internal_fields(&path, call.now) {
                known["policies"] = device["policies"].clone();
                changes.push(StateChange::Put(path, known));
            }
        }
        let attributes = json!({ "objectType": "DeviceUploadDetails" });
        statuses.push(json!({ "deviceId": id, "status": "finished", "attributes": attributes }));
    }
    let response = store_device_job(call, statuses, &mut changes);
    ResponseWithChanges { response, changes }
}

/// Lists the devices of a batch, once the job that uploads them is finished.
pub(super) fn list_devices(call: &OperationCall<'_>) -> Response {
    let items = collection_items(call).into_iter().map(|(_, device)| device).filter(|device| {
        let uploaded = string_at_path(device, &["uploadedDate"]).and_then(crate::timestamp::Timestamp::parse);
        uploaded.is_none_or(|uploaded| is_batch_finished(uploaded, call.now))
    });
    respond_with_list(call, items.collect())
}

fn current_date_time_without_zone(call: &OperationCall<'_>) -> String {
    call.now.to_string_in_seconds().trim_end_matches('Z').to_owned()
}

/// Puts those devices into a batch that can be identified, and starts the job that tells of all.
fn start_device_upload_job(
    call: &OperationCall<'_>,
    collection: &ResourcePath,
    devices: &[Value],
    changes: &mut Vec<StateChange>,
) -> crate::service_response::ServiceResponse {
    let mut random = call.state.random_for_next_change("device");
    let mut known_keys: Vec<String> = Vec::new();
    let mut statuses = Vec::new();
    for device in devices {
        let key = product_key_of_device(device);
        let error = if !is_device_identified(device) {
            Some(("806", "ZtdDeviceNotIdentified"))
        } else if key.as_ref().is_some_and(|key| known_keys.contains(key)) {
            Some(("808", "ZtdDeviceAlreadyAssigned"))
        } else {
            None
        };
        known_keys.extend(key);
        let id = error.is_none().then(|| random.random_guid().to_string());
        statuses.push(without_null_fields(json!({
            "deviceId": id,
            "serialNumber": device.get("serialNumber"),
            "productKey": device.get("productKey"),
            "status": if error.is_some() { "finished_with_errors" } else { "finished" },
            "errorCode": error.map(|(code, _)| code),
            "errorDescription": error.map(|(_, description)| description),
            "attributes": { "objectType": "DeviceUploadDetails" },
        })));
        if let Some(id) = id {
            changes.push(StateChange::Put(collection.child_path(&id), device_record(call, device, &id)));
        }
    }
    store_device_job(call, statuses, changes)
}

fn device_record(call: &OperationCall<'_>, device: &Value, id: &str) -> Value {
    let mut record = without_null_fields(device.clone());
    record["id"] = id.into();
    record["uploadedDate"] = call.now.to_string_in_microseconds().into();
    record["allowedOperations"] = json!(["GET", "PATCH", "DELETE"]);
    record["attributes"] = json!({ "objectType": "Device" });
    if record.get("policies").is_none() {
        record["policies"] = json!([]);
    }
    record
}

fn product_key_of_device(device: &Value) -> Option<String> {
    string_at_path(device, &["productKey"]).filter(|key| !key.is_empty()).map(str::to_ascii_lowercase)
}

/// Whether a device has what identifies it: a hardware hash, a product key, or serial number, manufacturer and model.
fn is_device_identified(device: &Value) -> bool {
    let has = |name: &str| string_at_path(device, &[name]).is_some_and(|text| !text.is_empty());
    has("hardwareHash") || has("productKey") || (has("serialNumber") && has("oemManufacturerName") && has("modelName"))
}

/// Stores a job with the status that its devices will have, and returns 202 with its address.
fn store_device_job(
    call: &OperationCall<'_>,
    statuses: Vec<Value>,
    changes: &mut Vec<StateChange>,
) -> crate::service_response::ServiceResponse {
    let id =
        RandomGenerator::for_purpose(call.state.population.seed, "job", call.state.next_change_number()).random_guid();
    let has_errors = statuses.iter().any(|status| status["status"] == "finished_with_errors");
    let mut job = json!({
        "batchTrackingId": id,
        "status": "queued",
        "startedTime": current_date_time_without_zone(call),
        "devicesStatus": [],
        "attributes": { "objectType": "BatchUploadDetails" },
    });
    set_internal_field(&mut job, "startedAt", call.now.to_string_in_microseconds());
    set_internal_field(&mut job, "finalStatus", if has_errors { "finished_with_errors" } else { "finished" });
    set_internal_field(&mut job, "devicesStatus", statuses);
    changes.push(StateChange::Put(customer_path(call).child_path("batchjobstatus").child_path(&id.to_string()), job));
    let customer = call.route.path_parameter("customer-tenant-id").unwrap_or_default();
    let response = call.accepted_response();
    match HeaderValue::try_from(format!("/customers/{customer}/batchJobStatus/{id}")) {
        Ok(location) => response.with_header(LOCATION, location),
        Err(_) => response,
    }
}
