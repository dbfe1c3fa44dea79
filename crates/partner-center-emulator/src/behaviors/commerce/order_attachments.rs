//! The documents of an order: those of the purchase and of a tender, which customers of the public sector need.

use super::{bad_request_error, customer_path, respond_with_list};
use crate::{
    behaviors::{
        OperationCall, ResponseWithChanges, example_items,
        stored::{not_found_response, respond_from_store},
    },
    error_response::ErrorResponse,
    json_fields::string_at_path,
    lifecycle::{get_internal_field, set_internal_field, without_internal_fields},
    resource_path::{ResourcePath, escape_uri_component},
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    store::{StateChange, items_with_writes},
};
use base64::{Engine, prelude::BASE64_STANDARD};
use http::{HeaderValue, StatusCode, header::CONTENT_DISPOSITION};
use serde_json::{Value, json};

type Response = Result<ResponseWithChanges, ErrorResponse>;

/// Stores the documents of an order, which then is reviewed if it was waiting for them.
pub(super) fn upload_attachments(call: &OperationCall<'_>) -> Response {
    let order_path = order_path(call);
    let Some(mut order) = call.state.get_resource_with_internal_fields(&order_path, call.now) else {
        return not_found_response(call);
    };
    let files = |name: &str| call.body[name].as_array().cloned().unwrap_or_default();
    let (purchase, tender) = (files("POFiles"), files("TenderFiles"));
    let has_text =
        |name: &str| string_at_path(&call.body, &["metadata", name]).is_some_and(|text| !text.trim().is_empty());
    if purchase.is_empty() {
        return Err(bad_request_error(900_252, "A document of the purchase order is needed, in a part `POFiles`."));
    }
    if call.body["metadata"]["isPartofTender"] == true && tender.is_empty() && !has_text("tenderLink") {
        let description = "A tender needs its `tenderLink`, or a document in a part `TenderFiles`.";
        return Err(bad_request_error(900_253, description));
    }
    // An outline that was not filled in, such as the command line prints, has neither, and is for trying it out.
    if has_text("customerPrice") != has_text("currency") {
        return Err(bad_request_error(900_254, "The `customerPrice` and its `currency` are needed."));
    }
    let mut random = call.state.random_for_next_change("attachments of an order");
    let mut changes = Vec::new();
    let mut items = Vec::new();
    for (file, kind) in
        pair_files_with_kind(purchase, "POAttachment").chain(pair_files_with_kind(tender, "TenderAttachment"))
    {
        let id: String = random.random_guid().simple().to_string().chars().take(14).collect();
        let content = string_at_path(&file, &["content"]).unwrap_or_default();
        let mut attachment = json!({
            "attachmentId": id,
            "fileName": file["fileName"],
            "sizeInKB": decoded_file(content).len().div_ceil(1024),
            "attachmentType": kind,
        });
        items.push(attachment.clone());
        set_internal_field(&mut attachment, "content", content);
        changes.push(StateChange::Put(attachments_path(call).child_path(&id), attachment));
    }
    if order["status"] == "pending_po_upload" {
        order["status"] = "po_upload_complete".into();
        changes.push(StateChange::Put(order_path, order));
    }
    let list = json!({ "totalCount": items.len(), "items": items, "attributes": { "objectType": "Collection" } });
    Ok(ResponseWithChanges { response: call.respond_with_resource(list, ResourceKind::Other, true), changes })
}

fn pair_files_with_kind(files: Vec<Value>, kind: &'static str) -> impl Iterator<Item = (Value, &'static str)> {
    files.into_iter().map(move |file| (file, kind))
}

/// Lists the documents of an order. The orders of the documentation have those of its example.
pub(super) fn list_attachments(call: &OperationCall<'_>) -> Response {
    let initial = if call.is_about_documented_customer() { example_items("listOrderAttachments") } else { Vec::new() };
    let items = items_with_writes(call.state, &attachments_path(call), "attachmentId", initial, call.now);
    respond_with_list(call, items.into_iter().map(|(_, attachment)| without_internal_fields(attachment)).collect())
}

/// Returns a document, with its name.
pub(super) fn download_attachment(call: &OperationCall<'_>) -> Response {
    let Some(attachment) = call.state.get_resource_with_internal_fields(&call.path, call.now) else {
        return if call.is_about_documented_customer() { respond_from_store(call) } else { not_found_response(call) };
    };
    let content = get_internal_field(&attachment, "content").and_then(Value::as_str).unwrap_or_default();
    let content = ResponseContent::Bytes("application/octet-stream", decoded_file(content));
    let mut response = ServiceResponse::new(StatusCode::OK, content);
    let name = string_at_path(&attachment, &["fileName"]).unwrap_or_default();
    let disposition = format!("attachment; filename*=UTF-8''{}", escape_uri_component(name));
    if let Ok(disposition) = HeaderValue::try_from(disposition) {
        response = response.with_header(CONTENT_DISPOSITION, disposition);
    }
    Ok(ResponseWithChanges::without_changes(response))
}

fn decoded_file(content: &str) -> Vec<u8> {
    BASE64_STANDARD.decode(content).unwrap_or_default()
}

fn order_path(call: &OperationCall<'_>) -> ResourcePath {
    customer_path(call).child_path("orders").child_path(call.route.path_parameter("order-id").unwrap_or_default())
}

/// Returns the path below which the documents of an order are.
fn attachments_path(call: &OperationCall<'_>) -> ResourcePath {
    order_path(call).child_path("attachment")
}
