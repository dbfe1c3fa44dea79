//! Operations without a behavior of their own: the resource at a path is what was stored there. What has not been written yet is
//! as the documented examples show it, with the parameters of the path in their places.

use super::{Call, Reply, etag::check_etag};
use crate::{
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    json_fields::{merge, normalize, text_at, without_nulls},
    pages::{PageRequest, item_type},
    resource::Link,
    routing::parameter_name,
    service_response::{Content, ResourceKind, ServiceResponse},
    store::{Change, population},
};
use http::StatusCode;
use partner_center_spec::{
    MediaType, Method, OPERATIONS, Object, Operation, Outcome, Property, Response, SchemaKind, Type, schema,
};
use serde_json::{Map, Value, json};

pub(super) fn respond(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    match call.operation.method {
        Method::Get | Method::Head => read(call),
        Method::Post => Ok(create(call)),
        Method::Put | Method::Patch => write(call),
        Method::Delete => delete(call),
    }
}

/// Returns the items of the list at the path of `call`, each with the number that orders them and stays the same: those that
/// were there from the beginning come first.
pub(super) fn collection_items(call: &Call<'_>) -> Vec<(u64, Value)> {
    let Call { state, ref path, now, .. } = *call;
    let mut written = state.written_items(path, now);
    let id_name = id_property(item_type(call.operation), item_parameter(call.operation.path));
    let initial = population::items(state, path, now).unwrap_or_else(|| example_items(call.operation));
    let mut items = Vec::new();
    for (number, item) in (0..).zip(initial) {
        let id = id_of(&item, &id_name).map(|id| id.to_ascii_lowercase());
        match id.and_then(|id| written.iter().position(|(written, ..)| *written == id)) {
            Some(position) => {
                let (_, _, value) = written.remove(position);
                items.extend(value.map(|value| (number, value)));
            }
            None => items.push((number, item)),
        }
    }
    items.extend(written.into_iter().filter_map(|(_, created, value)| Some((FIRST_WRITTEN + created, value?))));
    // Some collections are written at their own path, one item at a time.
    if let Some(item) = state.get(path, now) {
        items.retain(|(_, existing)| existing.get(&id_name).is_some() && existing.get(&id_name) != item.get(&id_name));
        items.push((FIRST_WRITTEN, item));
    }
    items
}

/// The number of the first item that a request has created, above all that were there from the beginning.
const FIRST_WRITTEN: u64 = 1 << 32;

fn read(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let Some(response) = call.done(false) else { return Ok(Reply::unchanged(call.accepted())) };
    if item_type(call.operation).is_some() {
        let page = PageRequest::read(call)?;
        let filter = if page.filter.is_empty() { None } else { Some(ItemFilter::parse(&page.filter)?) };
        let mut items = collection_items(call);
        items.retain(|(_, item)| filter.as_ref().is_none_or(|filter| filter.matches(item)));
        return page.respond(call, response, items).map(Reply::unchanged);
    }
    let content = match response.body {
        Some((MediaType::Text(media_type), _)) => Content::Bytes(media_type, b"An example of a text.\n".to_vec()),
        Some((MediaType::Binary(media_type), _)) => Content::Bytes(media_type, EXAMPLE_FILE.to_vec()),
        body => match (current(call), body) {
            (Some(resource), Some((_, of))) => Content::Resource(resource, ResourceKind::Other, of),
            (Some(_), None) => Content::Empty,
            (None, _) => return absent(call),
        },
    };
    Ok(Reply::unchanged(ServiceResponse::new(StatusCode::from_u16(response.status).unwrap_or_default(), content)))
}

/// Creates an item if the path is that of a collection. Otherwise it is an action, whose result is the documented one.
fn create(call: &Call<'_>) -> Reply {
    let item = OPERATIONS.iter().find_map(|operation| {
        let parameter = operation.path.strip_prefix(call.operation.path)?.strip_prefix('/')?;
        parameter_name(parameter)
    });
    let response = call.done(true);
    let of = response.and_then(|response| response.body).map(|(_, of)| of);
    // A list of other things than the response is one of what the action can be done with.
    let is_listed = OPERATIONS.iter().any(|operation| {
        let is_list = operation.path == call.operation.path && operation.method == Method::Get;
        is_list && of.is_some() && item_type(operation) == of
    });
    // Nothing is known of what the files of a form become.
    let is_form = call.operation.body.is_some_and(|body| body.media_type != MediaType::Json);
    if (item.is_none() && !is_listed) || is_form || !call.body.is_object() {
        let result = call.done(true).and_then(example).unwrap_or_else(|| json!({}));
        let response = call.respond_with(with_parameters(call, result, None), ResourceKind::Other, true);
        return Reply::unchanged(response);
    }
    let id_name = id_property(of, item);
    let id = id_of(&call.body, &id_name).filter(|id| !id.is_empty());
    let id = id.unwrap_or_else(|| match property(of, &id_name).map(|property| property.value) {
        Some(Type::Int32 | Type::Int64) => (call.state.next_change() + 1).to_string(),
        _ => call.state.random("created").guid().to_string(),
    });
    let path = call.path.child(&id);
    let example = response.and_then(example).unwrap_or_else(|| json!({}));
    let mut resource = read_only_fields(of, with_parameters(call, example, None));
    let is_same_type = call.operation.body.is_some_and(|body| Some(body.value) == of);
    merge(&mut resource, without_nulls(call.body.clone()));
    if let Value::Object(fields) = &mut resource {
        // What the request alone has, such as a code that proves something, is not part of the resource.
        fields.retain(|name, _| is_same_type || object(of).is_none() || property(of, name).is_some());
        complete(call, of, fields, &path.to_string());
        set_times(call, of, fields, &["creat", "lastmodified"]);
        if let Some(property) = property(of, &id_name) {
            fields.insert(property.name.to_owned(), typed_id(property.value, &id));
        }
    }
    let response = call.respond_with(resource.clone(), ResourceKind::Other, true);
    Reply { response, changes: vec![Change::Put(path, resource)] }
}

fn write(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    if call.state.is_deleted(&call.path) {
        return absent(call);
    }
    let Some(current) = current(call) else { return absent(call) };
    check_etag(call, text_at(&current, &["attributes", "etag"]))?;
    let of = resource_type(call);
    let mut resource = current;
    match call.operation.method {
        Method::Put => {
            let kept = read_only_fields(of, resource);
            resource = without_nulls(call.body.clone());
            if let (Value::Object(fields), Value::Object(kept)) = (&mut resource, kept) {
                fields.extend(kept);
            }
        }
        _ => merge(&mut resource, without_read_only_fields(of, call.body.clone())),
    }
    if let Value::Object(fields) = &mut resource {
        complete(call, of, fields, &call.path.to_string());
        set_times(call, of, fields, &["lastmodified"]);
    }
    let response = call.respond_with(described(call, of, resource.clone()), ResourceKind::Other, false);
    Ok(Reply { response, changes: vec![Change::Put(call.path.clone(), resource)] })
}

fn delete(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    if current(call).is_none() {
        return absent(call);
    }
    let response = call.respond_with(json!({}), ResourceKind::Other, false);
    Ok(Reply { response, changes: vec![Change::Delete(call.path.clone())] })
}

/// Returns the resource at the path of `call`, or `None` if there is none.
fn current(call: &Call<'_>) -> Option<Value> {
    let Call { state, ref path, now, .. } = *call;
    if let Some(resource) = state.get(path, now) {
        return Some(resource);
    }
    let id = call.route.parameters().last().filter(|_| call.operation.path.ends_with('}'));
    let collection = path.split_last().filter(|_| id.is_some());
    let is_generated = collection.is_some_and(|(collection, _)| {
        let is_customers = collection.segments() == ["v1", "customers"];
        is_customers || population::items(state, &collection, now).is_some()
    });
    if state.is_deleted(path) || is_generated {
        return None;
    }
    let same_path = OPERATIONS.iter().filter(|operation| operation.path == call.operation.path);
    let getters = same_path.filter(|operation| operation.method == Method::Get && operation.items.is_none());
    let mut responses = getters.chain([call.operation]).filter_map(|operation| {
        operation.responses.iter().find(|response| response.outcome == Outcome::Done && !response.examples.is_empty())
    });
    let response = responses.next();
    match response.and_then(|response| Some((response, example(response)?))) {
        Some((response, example)) => {
            let id_name = id.map(|(name, _)| id_property(response.body.map(|(_, of)| of), Some(name)));
            Some(with_parameters(call, example, id_name.as_deref().zip(id.map(|(_, value)| value))))
        }
        None => Some(json!({})),
    }
}

/// Returns the type of the resource at the path of `call`, which is that of the response to a GET, if there is one.
fn resource_type(call: &Call<'_>) -> Option<Type> {
    let same_path = OPERATIONS.iter().filter(|operation| operation.path == call.operation.path);
    let mut getters = same_path.filter(|operation| operation.method == Method::Get && operation.items.is_none());
    let responses = getters.next().unwrap_or(call.operation).responses;
    responses.iter().find(|response| response.outcome == Outcome::Done)?.body.map(|(_, of)| of)
}

/// Returns what the response to a write has of a `resource` of the type `of`: all of it, unless the response has a type of its own.
fn described(call: &Call<'_>, of: Option<Type>, mut resource: Value) -> Value {
    let response_type = call.done(false).and_then(|response| response.body).map(|(_, of)| of);
    if response_type != of
        && object(response_type).is_some()
        && let Value::Object(fields) = &mut resource
    {
        fields.retain(|name, _| property(response_type, name).is_some());
    }
    resource
}

/// Returns the error of a resource that is not there, or the response that says so.
pub(super) fn absent(call: &Call<'_>) -> Result<Reply, ErrorResponse> {
    let mut responses = call.operation.responses.iter();
    if let Some(response) = responses.find(|response| response.outcome == Outcome::Absent) {
        let status = StatusCode::from_u16(response.status).unwrap_or_default();
        return Ok(Reply::unchanged(ServiceResponse::new(status, Content::Empty)));
    }
    let documented = call.operation.error_codes.iter().filter(|error| error.status == StatusCode::NOT_FOUND.as_u16());
    let mut documented = documented.filter(|error| error.code != TENANT_NOT_FOUND);
    Err(documented
        .next()
        .and_then(|error| Some((error, error.code.parse().ok()?)))
        .map_or(ErrorResponse::NotFound, |(error, code)| {
            ErrorResponse::rejected(StatusCode::NOT_FOUND, code, error.description)
        }))
}

/// The code for a customer that is not there, which was checked before.
const TENANT_NOT_FOUND: &str = "60003";

/// Returns the documented example of a response, as the service would send it.
fn example(response: &Response) -> Option<Value> {
    let (_, of) = response.body?;
    let mut examples = response.examples.iter();
    let example = examples.find(|example| !example.has_unknown_fields)?;
    serde_json::from_str(example.json).ok().map(|example| normalize(of, example))
}

/// Returns the items of the documented example of a list.
fn example_items(operation: &Operation) -> Vec<Value> {
    let response = operation.responses.iter().find(|response| response.outcome == Outcome::Done);
    let (Some(example), Some(items)) = (response.and_then(example), operation.items) else { return Vec::new() };
    let items = items.split('.').filter(|name| !name.is_empty()).try_fold(&example, |value, name| value.get(name));
    items.and_then(Value::as_array).cloned().unwrap_or_default()
}

/// Returns the name of the parameter in the path of an item of the collection at `path`.
fn item_parameter(path: &str) -> Option<&'static str> {
    OPERATIONS.iter().find_map(|operation| parameter_name(operation.path.strip_prefix(path)?.strip_prefix('/')?))
}

/// Returns the name of the property that identifies an item: the one that is named like the parameter of its path, or `id`.
fn id_property(of: Option<Type>, parameter: Option<&str>) -> String {
    let parameter = parameter.unwrap_or_default().replace('-', "");
    let properties = object(of).map_or(&[][..], |object| object.properties);
    let mut names = properties.iter().map(|property| property.name);
    let name = names.clone().find(|name| name.eq_ignore_ascii_case("id"));
    name.or_else(|| names.find(|name| name.eq_ignore_ascii_case(&parameter))).unwrap_or("id").to_owned()
}

fn id_of(item: &Value, name: &str) -> Option<String> {
    match item.get(name)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn typed_id(of: Type, id: &str) -> Value {
    match (of, id.parse::<i64>()) {
        (Type::Int32 | Type::Int64, Ok(number)) => number.into(),
        _ => id.into(),
    }
}

fn object(of: Option<Type>) -> Option<Object> {
    let Some(Type::Schema(name)) = of else { return None };
    if let SchemaKind::Object(object) = schema(name)?.kind { Some(object) } else { None }
}

fn property(of: Option<Type>, name: &str) -> Option<&'static Property> {
    object(of)?.properties.iter().find(|property| property.name == name)
}

/// Returns the fields that the service sets.
fn read_only_fields(of: Option<Type>, mut resource: Value) -> Value {
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
    SET_BY_SERVICE.contains(&name) || property(of, name).is_some_and(|property| property.is_read_only)
}

/// Fields that the service sets in every resource that has them.
const SET_BY_SERVICE: [&str; 3] = ["attributes", "id", "links"];

/// Sets the fields of a written resource that the service makes, if its type has them.
fn complete(call: &Call<'_>, of: Option<Type>, fields: &mut Map<String, Value>, path: &str) {
    // Such as a password.
    fields.retain(|name, _| property(of, name).is_none_or(|property| !property.is_write_only));
    let path = path.strip_prefix("/v1").unwrap_or(path);
    let links = property(of, "links").map(|property| property.value);
    if property(links, "self").is_some() {
        fields.insert("links".to_owned(), json!({ "self": Link::new(path.to_owned()) }));
    }
    if let Some(attributes) = fields.get_mut("attributes").and_then(Value::as_object_mut)
        && attributes.contains_key("etag")
    {
        attributes.insert("etag".to_owned(), super::account::new_etag(call.state).into());
    }
}

/// Sets the points in time whose names begin with one of `prefixes`, if the type has them.
fn set_times(call: &Call<'_>, of: Option<Type>, fields: &mut Map<String, Value>, prefixes: &[&str]) {
    for property in object(of).map_or(&[][..], |object| object.properties) {
        let name = property.name.to_lowercase();
        if property.value == Type::DateTime && prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            fields.insert(property.name.to_owned(), call.now.to_text().into());
        }
    }
}

/// Returns an example with the parameters of the path in the fields that are named like them, and the identifier of the resource.
fn with_parameters(call: &Call<'_>, mut example: Value, id: Option<(&str, &str)>) -> Value {
    let Value::Object(fields) = &mut example else { return example };
    for (parameter, value) in call.route.parameters() {
        let name = parameter.replace('-', "");
        let short_name = name.replace("tenant", "");
        for (field, existing) in &mut *fields {
            let is_named = field.eq_ignore_ascii_case(&name) || field.eq_ignore_ascii_case(&short_name);
            if is_named && existing.is_string() {
                *existing = value.into();
            }
        }
    }
    if let Some((name, value)) = id
        && let Some(existing) = fields.get_mut(name)
    {
        *existing = if existing.is_number() { typed_id(Type::Int64, value) } else { value.into() };
    }
    if let Some(uri) = example.pointer_mut("/links/self/uri") {
        let path = call.path.to_string();
        let has_version = uri.as_str().is_some_and(|uri| uri.starts_with("/v1/"));
        *uri = if has_version { path.into() } else { path.strip_prefix("/v1").unwrap_or(&path).into() };
    }
    example
}

/// The content of a binary response: the smallest file that says what it is.
const EXAMPLE_FILE: &[u8] = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
