//! Operations without a behavior of their own: the resource at a path is what was stored there. What has not been written yet is
//! as the documented examples show it, with the parameters of the path in their places.

use super::{
    OperationCall, ResponseWithChanges,
    documented::{
        documented_example, documented_example_items, example_with_path_parameters, id_as_json_value, id_property_name,
        is_below_created_customer, item_exists, item_path_parameter, type_of_get_response,
    },
    etag::check_etag,
};
use crate::{
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    json_fields::{merge_fields, remove_write_only_fields, string_at_path, without_null_fields},
    pages::{PageRequest, list_item_type},
    resource::ResourceLink,
    resource_path::escape_uri_component,
    routing::parameter_name_of_segment,
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    store::{FIRST_WRITTEN_ITEM_NUMBER, StateChange, id_of_item, items_with_writes, population},
};
use http::StatusCode;
use partner_center_spec::{MediaType, Method, OPERATIONS, Operation, Outcome, Property, Type};
use serde_json::{Map, Value, json};

pub(super) fn respond_from_store(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    match call.operation.method {
        Method::Get | Method::Head => read_resource(call),
        Method::Post => Ok(create_resource(call)),
        Method::Put | Method::Patch => write_resource(call),
        Method::Delete => delete_resource(call),
    }
}

/// Returns the items of the list at the path of `call`, each with the number that orders them and stays the same: those that
/// were there from the beginning come first.
pub(super) fn collection_items(call: &OperationCall<'_>) -> Vec<(u64, Value)> {
    let OperationCall { state, ref path, now, .. } = *call;
    let id_name = id_property_name(list_item_type(call.operation), item_path_parameter(call.operation.path));
    let initial = match population::generated_collection_items(state, path, now) {
        Some(generated) => generated,
        None if is_below_created_customer(state, path) => Vec::new(),
        None => documented_example_items(call.operation),
    };
    let mut items = items_with_writes(state, path, &id_name, initial, now);
    // Some collections are written at their own path, one item at a time.
    if let Some(item) = state.get_resource(path, now) {
        items.retain(|(_, existing)| existing.get(&id_name).is_some() && existing.get(&id_name) != item.get(&id_name));
        items.push((FIRST_WRITTEN_ITEM_NUMBER - 1, item));
        items.sort_by_key(|(number, _)| *number);
    }
    items
}

fn read_resource(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let Some(response) = call.find_specified_success_response(false) else {
        return Ok(ResponseWithChanges::without_changes(call.accepted_response()));
    };
    if list_item_type(call.operation).is_some() {
        let page = PageRequest::from_call(call)?;
        let filter = if page.filter.is_empty() { None } else { Some(ItemFilter::parse_item_filter(&page.filter)?) };
        let mut items = collection_items(call);
        items.retain(|(_, item)| filter.as_ref().is_none_or(|filter| filter.matches_item(item)));
        return page.respond_with_page(call, response, items).map(ResponseWithChanges::without_changes);
    }
    let Some(resource) = resource_in_path(call) else { return not_found_response(call) };
    let content = match response.body {
        Some((MediaType::Text(media_type), _)) => {
            ResponseContent::Bytes(media_type, b"An example of a text.\n".to_vec())
        }
        Some((MediaType::Binary(media_type), _)) => ResponseContent::Bytes(media_type, EXAMPLE_FILE_CONTENT.to_vec()),
        Some((_, of)) => ResponseContent::Resource(resource, ResourceKind::Other, of),
        None => ResponseContent::Empty,
    };
    Ok(ResponseWithChanges::without_changes(ServiceResponse::new(
        StatusCode::from_u16(response.status).unwrap_or_default(),
        content,
    )))
}

/// Creates an item if the path is that of a collection. Otherwise it is an action, whose result is the documented one.
pub(super) fn create_resource(call: &OperationCall<'_>) -> ResponseWithChanges {
    let item = OPERATIONS.iter().find_map(|operation| {
        let parameter = operation.path.strip_prefix(call.operation.path)?.strip_prefix('/')?;
        parameter_name_of_segment(parameter)
    });
    let response = call.find_specified_success_response(true);
    let of = response.and_then(|response| response.body).map(|(_, of)| of);
    // A list of other things than the response is one of what the action can be done with.
    let is_listed = OPERATIONS.iter().any(|operation| {
        let is_list = operation.path == call.operation.path && operation.method == Method::Get;
        is_list && of.is_some() && list_item_type(operation) == of
    });
    // Nothing is known of what the files of a form become.
    let is_form = call.operation.body.is_some_and(|body| body.media_type != MediaType::Json);
    if (item.is_none() && !is_listed) || is_form || !call.body.is_object() {
        let result =
            call.find_specified_success_response(true).and_then(documented_example).unwrap_or_else(|| json!({}));
        let response =
            call.respond_with_resource(example_with_path_parameters(call, result, None), ResourceKind::Other, true);
        return ResponseWithChanges::without_changes(response);
    }
    let id_name = id_property_name(of, item);
    let id = id_of_item(&call.body, &id_name).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| match find_property(of, &id_name).map(|property| property.value) {
        Some(Type::Int32 | Type::Int64) => (call.state.next_change_number() + 1).to_string(),
        _ => call.state.random_for_next_change("created").random_guid().to_string(),
    });
    let path = call.path.child_path(&id);
    let example = response.and_then(documented_example).unwrap_or_else(|| json!({}));
    let mut resource = keep_only_read_only_fields(of, example_with_path_parameters(call, example, None));
    let is_same_type = call.operation.body.is_some_and(|body| Some(body.value) == of);
    merge_fields(&mut resource, without_null_fields(call.body.clone()));
    if let Value::Object(fields) = &mut resource {
        // What the request alone has, such as a code that proves something, is not part of the resource.
        fields
            .retain(|name, _| is_same_type || of.and_then(Type::object).is_none() || find_property(of, name).is_some());
        set_service_fields(call, of, fields, format!("{}/{}", call.route.link_path(), escape_uri_component(&id)));
        set_time_fields(call, of, fields, &["creat", "lastmodified"]);
        if let Some(property) = find_property(of, &id_name) {
            fields.insert(property.name.to_owned(), id_as_json_value(property.value, &id));
        }
    }
    let response = call.respond_with_resource(resource.clone(), ResourceKind::Other, true);
    ResponseWithChanges { response, changes: vec![StateChange::Put(path, resource)] }
}

fn write_resource(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if call.state.is_resource_deleted(&call.path) {
        return not_found_response(call);
    }
    let Some(current) = resource_in_path(call) else { return not_found_response(call) };
    check_etag(call, string_at_path(&current, &["attributes", "etag"]))?;
    let of = resource_type(call);
    let mut resource = current;
    match call.operation.method {
        Method::Put => {
            let kept = keep_only_read_only_fields(of, resource);
            resource = without_null_fields(call.body.clone());
            if let (Value::Object(fields), Value::Object(kept)) = (&mut resource, kept) {
                fields.extend(kept);
            }
        }
        _ => merge_fields(&mut resource, without_read_only_fields(of, call.body.clone())),
    }
    if let Value::Object(fields) = &mut resource {
        set_service_fields(call, of, fields, call.route.link_path());
        set_time_fields(call, of, fields, &["lastmodified"]);
    }
    let response =
        call.respond_with_resource(keep_only_response_fields(call, of, resource.clone()), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(call.path.clone(), resource)] })
}

fn delete_resource(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if resource_in_path(call).is_none() {
        return not_found_response(call);
    }
    let response = call.respond_with_resource(json!({}), ResourceKind::Other, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Delete(call.path.clone())] })
}

/// Returns the resource at the path of `call`, or `None` if there is none.
fn resource_in_path(call: &OperationCall<'_>) -> Option<Value> {
    let OperationCall { state, ref path, now, .. } = *call;
    if let Some(resource) = state.get_resource(path, now) {
        return Some(resource);
    }
    let id = call.route.path_parameters().last().filter(|_| call.operation.path.ends_with('}'));
    if state.is_resource_deleted(path) || (id.is_some() && !item_exists(state, call.operation.path, path, now)) {
        return None;
    }
    let same_path = OPERATIONS.iter().filter(|operation| operation.path == call.operation.path);
    let getters = same_path.filter(|operation| operation.method == Method::Get && operation.items.is_none());
    let mut responses = getters.chain([call.operation]).filter_map(|operation| {
        operation.responses.iter().find(|response| response.outcome == Outcome::Done && !response.examples.is_empty())
    });
    let response = responses.next();
    match response.and_then(|response| Some((response, documented_example(response)?))) {
        Some((response, example)) => {
            let id_name = id.map(|(name, _)| id_property_name(response.body.map(|(_, of)| of), Some(name)));
            Some(example_with_path_parameters(call, example, id_name.as_deref().zip(id.map(|(_, value)| value))))
        }
        None => Some(json!({})),
    }
}

/// Returns the type of the resource at the path of `call`, which is that of the response to a GET, if there is one.
fn resource_type(call: &OperationCall<'_>) -> Option<Type> {
    type_of_get_response(call.operation.path).or_else(|| {
        let mut responses = call.operation.responses.iter();
        responses.find(|response| response.outcome == Outcome::Done)?.body.map(|(_, of)| of)
    })
}

/// Returns what the response to a write has of a `resource` of the type `of`: all of it, unless the response has a type of its own.
fn keep_only_response_fields(call: &OperationCall<'_>, of: Option<Type>, mut resource: Value) -> Value {
    let response_type =
        call.find_specified_success_response(false).and_then(|response| response.body).map(|(_, of)| of);
    if response_type != of
        && response_type.and_then(Type::object).is_some()
        && let Value::Object(fields) = &mut resource
    {
        fields.retain(|name, _| find_property(response_type, name).is_some());
    }
    resource
}

/// Returns the error of a resource that is not there, or the response that says so.
pub(super) fn not_found_response(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let mut responses = call.operation.responses.iter();
    if let Some(response) = responses.find(|response| response.outcome == Outcome::Absent) {
        let status = StatusCode::from_u16(response.status).unwrap_or_default();
        return Ok(ResponseWithChanges::without_changes(ServiceResponse::new(status, ResponseContent::Empty)));
    }
    Err(not_found_error(call.operation))
}

/// Returns the error of an operation on what is not there: the documented one, or a general one.
pub(crate) fn not_found_error(operation: &Operation) -> ErrorResponse {
    let documented = operation.error_codes.iter().filter(|error| error.status == StatusCode::NOT_FOUND.as_u16());
    let mut documented = documented.filter(|error| error.code != TENANT_NOT_FOUND_CODE);
    documented
        .next()
        .and_then(|error| Some((error, error.code.parse().ok()?)))
        .map_or(ErrorResponse::NotFound, |(error, code)| {
            ErrorResponse::documented_error(StatusCode::NOT_FOUND, code, error.description)
        })
}

/// The code for a customer that is not there, which was checked before.
const TENANT_NOT_FOUND_CODE: &str = "60003";

fn find_property(of: Option<Type>, name: &str) -> Option<&'static Property> {
    of?.object()?.property(name)
}

/// Returns the fields that the service sets.
fn keep_only_read_only_fields(of: Option<Type>, mut resource: Value) -> Value {
    if let Value::Object(fields) = &mut resource {
        fields.retain(|name, _| is_set_by_service(of, name));
    }
    resource
}

fn without_read_only_fields(of: Option<Type>, mut resource: Value) -> Value {
    if let Value::Object(fields) = &mut resource {
        fields.retain(|name, _| !is_set_by_service(of, name));
    }
    resource
}

fn is_set_by_service(of: Option<Type>, name: &str) -> bool {
    FIELDS_SET_BY_SERVICE.contains(&name) || find_property(of, name).is_some_and(|property| property.is_read_only)
}

/// Fields that the service sets in every resource that has them.
const FIELDS_SET_BY_SERVICE: [&str; 3] = ["attributes", "id", "links"];

/// Sets the fields of a written resource that the service makes, if its type has them; `path` is that of the link to it.
fn set_service_fields(call: &OperationCall<'_>, of: Option<Type>, fields: &mut Map<String, Value>, path: String) {
    if let Some(of) = of {
        remove_write_only_fields(of, fields);
    }
    let links = find_property(of, "links").map(|property| property.value);
    if find_property(links, "self").is_some() {
        fields.insert("links".to_owned(), json!({ "self": ResourceLink::new(path) }));
    }
    if let Some(attributes) = fields.get_mut("attributes").and_then(Value::as_object_mut)
        && attributes.contains_key("etag")
    {
        attributes.insert("etag".to_owned(), super::account::generate_etag(call.state).into());
    }
}

/// Sets the points in time whose names begin with one of `prefixes`, if the type has them.
fn set_time_fields(call: &OperationCall<'_>, of: Option<Type>, fields: &mut Map<String, Value>, prefixes: &[&str]) {
    for property in of.and_then(Type::object).map_or(&[][..], |object| object.properties) {
        let name = property.name.to_lowercase();
        if property.value == Type::DateTime && prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            fields.insert(property.name.to_owned(), call.now.to_string_in_microseconds().into());
        }
    }
}

/// The content of a binary response: the smallest file that says what it is.
const EXAMPLE_FILE_CONTENT: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
