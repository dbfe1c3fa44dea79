//! What a single request does: writes without the etag or without fields, asks for what it may not see, or follows a link wrongly.

use super::{Judge, Misbehavior};
use crate::{
    behaviors::leaves_record,
    json_fields::{get_field_ignoring_case, string_at_path},
    pages::page_token_parameter,
    query::QueryParameters,
    quirks::ListEnd,
    request_body::parse_json_ignoring_byte_order_mark,
    resource_path::ResourcePath,
    routing::{Route, route_request},
    service_response::{ResponseContent, ServiceResponse},
    settings::Settings,
    store::{ResourceStore, State},
    timestamp::Timestamp,
};
use http::{StatusCode, header::IF_MATCH};
use partner_center_core::Request;
use partner_center_spec::{Location, Method, OPERATIONS, Operation, Type};
use serde_json::Value;

/// A resource before a request writes it.
pub(crate) struct ResourceBefore {
    route: Route,
    path: ResourcePath,
    resource: Option<Value>,
}

impl ResourceBefore {
    /// Returns the resource that `request` is about to write, if it changes one that is there.
    pub(crate) fn of_request(store: &ResourceStore, request: &Request, now: Timestamp) -> Option<Self> {
        if ![http::Method::PATCH, http::Method::PUT].contains(request.method()) {
            return None;
        }
        let route = route_request(request.method(), request.uri().path()).ok()?;
        let path = ResourcePath::from_segments(&route.segments);
        let resource = store.state_snapshot().get_resource(&path, now);
        Some(Self { route, path, resource })
    }
}

/// Judges a request by the response that the service itself made of it.
pub(crate) fn judge_response(
    judge: &Judge,
    (number, request): (u64, &Request),
    response: &ServiceResponse,
    before: Option<&ResourceBefore>,
    settings: &Settings,
    (store, now): (&ResourceStore, Timestamp),
) {
    let find_guilty = |misbehavior, message| judge.find_guilty(number, request, misbehavior, message);
    if let Some(message) = describe_missing_permission(request, response) {
        find_guilty(Misbehavior::MissingPermission, message);
    }
    // A request without a valid token writes nothing.
    if let Some(before) = before.filter(|_| response.status != StatusCode::UNAUTHORIZED) {
        if let Some(message) = describe_missing_if_match(before, request) {
            find_guilty(Misbehavior::MissingIfMatch, message);
        }
        if before.route.operation.replaces_resource
            && before.route.operation.method == Method::Patch
            && response.status.is_success()
            && let Some(message) = describe_reset_fields(before, request, &store.state_snapshot(), now)
        {
            find_guilty(Misbehavior::ResetFields, message);
        }
    }
    if request.method() == http::Method::GET
        && has_position(request)
        && let Some((misbehavior, message)) = judge_position(request, response, settings)
    {
        find_guilty(misbehavior, message);
    }
}

/// Whether what a list holds is in the audit log: whether a write in it leaves a record.
pub(super) fn is_list_in_audit_log(list: &Operation) -> bool {
    let is_below = |operation: &&Operation| {
        let rest = operation.path.strip_prefix(list.path);
        rest.is_some_and(|rest| rest.is_empty() || (rest.starts_with("/{") && !rest[1..].contains('/')))
    };
    list.items.is_some() && OPERATIONS.iter().filter(is_below).any(leaves_record)
}

/// The codes of errors that say that an operation needs a user, or an application.
const CALLER_KIND_CODES: [u32; 2] = [900_329, 1002];

/// Returns the message for a response that says that the operation is for callers of another kind. A business rule has status 403,
/// too.
fn describe_missing_permission(request: &Request, response: &ServiceResponse) -> Option<String> {
    let ResponseContent::Error(body) = &response.content else { return None };
    if response.status != StatusCode::FORBIDDEN || !CALLER_KIND_CODES.iter().any(|code| body["code"] == *code) {
        return None;
    }
    let description = string_at_path(body, &["description"]).unwrap_or_default();
    let operation = route_request(request.method(), request.uri().path()).map(|route| route.operation.id);
    let operation = operation.map(|id| format!("{id}: ")).unwrap_or_default();
    Some(format!("{operation}the credentials are not enough (403). {description}"))
}

fn describe_missing_if_match(before: &ResourceBefore, request: &Request) -> Option<String> {
    let mut parameters = before.route.operation.parameters.iter();
    let parameter = parameters.find(|parameter| {
        parameter.location == Location::Header && parameter.name.eq_ignore_ascii_case(IF_MATCH.as_str())
    })?;
    let etag = before.resource.as_ref().and_then(|resource| string_at_path(resource, &["attributes", "etag"]));
    let is_needed = parameter.is_required || etag.is_some_and(|etag| !etag.is_empty());
    let body: Value = parse_json_ignoring_byte_order_mark(request.body()).unwrap_or_default();
    let field = |value: &Value, name| get_field_ignoring_case(value.as_object()?, name).cloned();
    let sent = field(&body, "attributes").and_then(|attributes| field(&attributes, "etag"));
    let is_sent = request.headers().contains_key(IF_MATCH) || sent.is_some_and(|etag| etag != "");
    let message = "the resource has an etag, and the request none: send the one that was read in If-Match, or the change of \
                   somebody else in between is lost";
    (is_needed && !is_sent).then(|| message.to_owned())
}

/// Returns the message for the fields that a request has reset because it left them out.
fn describe_reset_fields(before: &ResourceBefore, request: &Request, after: &State, now: Timestamp) -> Option<String> {
    let old = before.resource.as_ref()?.as_object()?;
    // A change that was accepted takes effect later.
    let new = after.get_pending_resource(&before.path, now).or_else(|| after.get_resource(&before.path, now))?;
    let body: Value = parse_json_ignoring_byte_order_mark(request.body()).ok()?;
    let body = body.as_object()?;
    // A cancellation resets all fields by itself. Another status, other seats and the end of the renewal reset what is scheduled.
    let has_new_status = old.get("status") != new.get("status");
    if has_new_status && new["status"] == "deleted" {
        return None;
    }
    let unschedules = has_new_status
        || old.get("quantity") != new.get("quantity")
        || get_field_ignoring_case(body, "autoRenewEnabled") == Some(&Value::Bool(false));
    let is_unscheduled = |name: &str| unschedules && SCHEDULED_FIELDS.contains(&name);
    let object = before.route.operation.body.map(|body| body.value).and_then(Type::object);
    let is_writable = |name: &str| {
        name != "attributes"
            && name != "links"
            && object.is_none_or(|object| object.property(name).is_some_and(|property| !property.is_read_only))
    };
    let is_empty = |value: Option<&Value>| value.is_none_or(|value| value.is_null() || *value == false);
    let reset: Vec<_> = old
        .iter()
        .filter(|(name, value)| {
            // A field that is `null` is reset on purpose.
            let is_left_out = get_field_ignoring_case(body, name).is_none();
            is_left_out
                && is_writable(name)
                && !is_unscheduled(name)
                && !is_empty(Some(value))
                && is_empty(new.get(name.as_str()))
        })
        .map(|(name, _)| name.as_str())
        .collect();
    (!reset.is_empty()).then(|| {
        let reset = reset.join(", ");
        format!("the PATCH left out {reset}, which it thereby reset: read the resource, change it, and send all of it")
    })
}

/// The fields of a subscription with what is scheduled.
const SCHEDULED_FIELDS: [&str; 2] = ["scheduledActions", "scheduledNextTermInstructions"];

/// Whether a request has anything that looks like a position in a list, so that most requests need no more than this.
fn has_position(request: &Request) -> bool {
    request.uri().query().is_some() || request.headers().keys().any(|name| name.as_str().ends_with("token"))
}

/// Judges the position in a list that a request has.
fn judge_position(request: &Request, response: &ServiceResponse, settings: &Settings) -> Option<(Misbehavior, String)> {
    let operation = route_request(request.method(), request.uri().path()).ok()?.operation;
    let paging = operation.paging?;
    let query = QueryParameters::parse(request.uri());
    let get = |name: Option<&str>| name.and_then(|name| query.first_value(name));
    let has_header = paging.token_header.is_some_and(|name| request.headers().contains_key(name));
    let has_token = has_header || get(page_token_parameter(paging)).is_some();
    let is_rejected = response.status == StatusCode::BAD_REQUEST;
    if let Some((name, _)) = paging.seek
        && query.first_value(name).is_some_and(|operation| operation.eq_ignore_ascii_case("next"))
        && !has_token
    {
        let header = paging.token_header.unwrap_or("the continuation token");
        let message =
            format!("the request has {name} and no {header}: send the headers of the link to the next page, too");
        return Some((Misbehavior::WrongContinuation, message));
    }
    // With these quirks the last page has a token, too, which tells nobody that nothing comes after it.
    let has_clear_end = settings.quirks.list_end == ListEnd::NoToken;
    if has_token && is_rejected && has_clear_end && is_invalid_token(response) {
        let message = "the list has no such continuation token: send it as it came, to the list that it came from";
        return Some((Misbehavior::WrongContinuation, message.to_owned()));
    }
    let offset = get(paging.offset_query).and_then(|offset| offset.parse::<u64>().ok()).unwrap_or_default();
    if offset > 0 && has_clear_end && response.status == StatusCode::OK && is_empty_page(operation, response) {
        let message =
            format!("nothing comes after item {offset}: a page with fewer items than requested is the last one");
        return Some((Misbehavior::PastTheEnd, message));
    }
    None
}

fn is_invalid_token(response: &ServiceResponse) -> bool {
    match &response.content {
        ResponseContent::Error(body) => {
            string_at_path(body, &["description"]).is_some_and(|text| text.to_lowercase().contains("continuation"))
        }
        _ => false,
    }
}

fn is_empty_page(operation: &Operation, response: &ServiceResponse) -> bool {
    let ResponseContent::Resource(page, ..) = &response.content else { return false };
    let mut names = operation.items.unwrap_or_default().split('.').filter(|name| !name.is_empty());
    let items = names.try_fold(page, |page, name| page.get(name));
    items.and_then(Value::as_array).is_some_and(Vec::is_empty)
}
