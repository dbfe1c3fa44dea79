//! What steering requests do: they read their input and call the method of the emulator.

#![expect(clippy::unnecessary_wraps, reason = "all handlers have the type of one table")]

use super::{
    SteeringCall,
    response::{error_response, json_response, ok_json_response, respond_with},
};
use crate::{
    Fault, Quirks,
    query::QueryParameters,
    request_handler::MAX_WAITS,
    request_log::LoggedExchange,
    routing::parameter_name_of_segment,
    steering::{CONTINUATION_TOKEN_HEADER, Exchange, Snapshot, SteeringError},
    timestamp::Timestamp,
};
use http::StatusCode;
use partner_center_core::Response;
use partner_center_spec::{MediaType, Method, OPERATIONS, Operation, Outcome};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use std::{num::NonZeroU32, time::Duration};

pub(super) type Handler = fn(&SteeringCall<'_>) -> Result<Response, SteeringError>;

/// The maximum time for which a request waits.
const MAX_WAIT_FOR_REQUEST: Duration = Duration::from_secs(60);

/// The maximum number of requests in a response, and the default.
const MAX_LISTED_REQUESTS: usize = 1000;

pub(super) fn get_specification(_: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    Ok(respond_with(StatusCode::OK, "application/yaml", include_str!("../../../steering.yaml")))
}

pub(super) fn get_status(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let emulator = call.emulator;
    let state = emulator.handler().service.store.state_snapshot();
    Ok(ok_json_response(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "time": emulator.current_timestamp(),
        "seed": state.population.seed,
        "customers": state.customer_count(),
        "changes": state.next_change_number(),
        "requests": emulator.handler().lock_log().request_count(),
        "verdicts": emulator.verdict_count(),
        "faults": emulator.faults().len(),
    })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResetRequest {
    seed: Option<u64>,
    customers: Option<u32>,
}

pub(super) fn reset_emulator(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let ResetRequest { seed, customers } = call.read_body()?;
    let start = call.emulator.handler().start.population;
    let customers = customers.unwrap_or(start.count);
    if customers > MAX_GENERATED_CUSTOMERS {
        return Err(SteeringError::invalid(format!("customers must be at most {MAX_GENERATED_CUSTOMERS}")));
    }
    call.emulator.reset_with(seed.unwrap_or(start.seed), customers);
    get_status(call)
}

/// The maximum number of generated customers, as on the command line.
const MAX_GENERATED_CUSTOMERS: u32 = 10_000_000;

pub(super) fn get_clock(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    Ok(ok_json_response(&json!({ "time": call.emulator.current_timestamp() })))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    advance_seconds: Option<f64>,
    time: Option<Timestamp>,
}

pub(super) fn advance_clock(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    match call.read_body()? {
        ClockChange { advance_seconds: Some(seconds), time: None } => call.emulator.advance_by_seconds(seconds)?,
        ClockChange { advance_seconds: None, time: Some(time) } => call.emulator.advance_to_timestamp(time)?,
        ClockChange { .. } => return Err(SteeringError::invalid("the body must have either advanceSeconds or time")),
    }
    get_clock(call)
}

pub(super) fn list_logged_requests(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let query = call.read_query_parameters(&["after", "bodies", "limit", "wait", "method", "path"])?;
    let after = read_number_parameter(&query, "after")?.unwrap_or(0);
    let limit = read_number_parameter(&query, "limit")?
        .and_then(|limit| usize::try_from(limit).ok())
        .unwrap_or(MAX_LISTED_REQUESTS);
    let wait = read_number_parameter(&query, "wait")?.map_or(Duration::ZERO, Duration::from_secs);
    if wait > MAX_WAIT_FOR_REQUEST {
        return Err(SteeringError::invalid(format!("wait must be at most {} seconds", MAX_WAIT_FOR_REQUEST.as_secs())));
    }
    let (method, path) = (query.first_value("method"), query.first_value("path"));
    let matches = |request: &http::Request<()>| {
        method.is_none_or(|method| request.method().as_str().eq_ignore_ascii_case(method))
            && path.is_none_or(|path| request.uri().path().starts_with(path))
    };
    let limit = limit.min(MAX_LISTED_REQUESTS);
    let emulator = call.emulator;
    if !wait.is_zero() {
        let Ok(_permit) = emulator.handler().waits.try_acquire() else {
            let message = format!("{MAX_WAITS} requests wait already: end some of them, or ask again without wait");
            return Ok(error_response(StatusCode::SERVICE_UNAVAILABLE, &message));
        };
        emulator.wait_for_request_unless_cancelled(after, wait, matches, call.cancelled);
    }
    let read: fn(&LoggedExchange) -> Exchange = match query.first_value("bodies") {
        None | Some("true") => Exchange::with_bodies,
        Some("false") => Exchange::without_bodies,
        Some(_) => return Err(SteeringError::invalid("bodies must be true or false")),
    };
    let requests = emulator.exchanges_after(after, limit, matches, read);
    let count = emulator.handler().lock_log().request_count();
    Ok(ok_json_response(&json!({ "requests": requests, "count": count })))
}

pub(super) fn clear_requests(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    call.emulator.clear_log();
    Ok(ok_json_response(&json!({})))
}

pub(super) fn list_verdicts(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let query = call.read_query_parameters(&["after"])?;
    let after = read_number_parameter(&query, "after")?.unwrap_or(0);
    let judge = &call.emulator.handler().judge;
    Ok(ok_json_response(&json!({ "verdicts": judge.verdicts_after(after), "count": judge.verdict_count() })))
}

pub(super) fn clear_verdicts(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    call.emulator.clear_verdicts();
    Ok(ok_json_response(&json!({})))
}

pub(super) fn list_faults(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let faults: Vec<_> = call.emulator.faults().iter().map(|(id, fault)| fault_as_json(*id, fault)).collect();
    Ok(ok_json_response(&json!({ "faults": faults })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewFault {
    fault: String,
}

pub(super) fn add_fault(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let NewFault { fault } = call.read_body()?;
    let fault: Fault = fault.parse().map_err(|error| SteeringError::invalid(format!("{error}")))?;
    let id = call.emulator.add_fault(fault.clone());
    Ok(json_response(StatusCode::CREATED, &fault_as_json(id, &fault)))
}

pub(super) fn clear_faults(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    call.emulator.clear_faults();
    list_faults(call)
}

pub(super) fn remove_fault(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let is_removed = call.parameter.parse().is_ok_and(|id| call.emulator.remove_fault(id));
    if is_removed { list_faults(call) } else { Err(SteeringError::not_found("there is no such fault")) }
}

fn fault_as_json(id: u64, fault: &Fault) -> Value {
    json!({ "id": id, "fault": fault.to_string() })
}

pub(super) fn get_quirks(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    Ok(json_response(StatusCode::OK, &call.emulator.quirks()))
}

pub(super) fn change_quirks(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let changed: Map<String, Value> = call.read_body()?;
    let handler = call.emulator.handler();
    // In one step, so that of two changes at the same time none is lost.
    handler.change_settings(|current, _| {
        let mut quirks = json!(current);
        if let Some(fields) = quirks.as_object_mut() {
            fields.extend(changed);
        }
        let quirks: Quirks =
            serde_json::from_value(quirks).map_err(|error| SteeringError::invalid(error.to_string()))?;
        *current = quirks;
        Ok(())
    })?;
    get_quirks(call)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RateLimitChange {
    requests_per_minute: Option<NonZeroU32>,
}

pub(super) fn get_rate_limit(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    Ok(ok_json_response(&json!({ "requestsPerMinute": call.emulator.rate_limit() })))
}

pub(super) fn set_rate_limit(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let RateLimitChange { requests_per_minute } = call.read_body()?;
    call.emulator.set_rate_limit(requests_per_minute);
    get_rate_limit(call)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenRevocation {
    #[serde(default)]
    access: bool,
    #[serde(default)]
    refresh: bool,
}

pub(super) fn revoke_tokens(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let TokenRevocation { access, refresh } = call.read_body()?;
    if !access && !refresh {
        return Err(SteeringError::invalid("the body must have \"access\": true, \"refresh\": true, or both"));
    }
    if access {
        call.emulator.revoke_access_tokens();
    }
    if refresh {
        call.emulator.revoke_refresh_tokens();
    }
    Ok(ok_json_response(&json!({})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSnapshot {
    name: String,
}

pub(super) fn list_snapshots(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    Ok(ok_json_response(&json!({ "snapshots": call.emulator.handler().snapshots.snapshot_names() })))
}

pub(super) fn take_snapshot(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let NewSnapshot { name } = call.read_body()?;
    call.emulator.handler().snapshots.store_snapshot(&name, call.emulator.snapshot())?;
    Ok(json_response(StatusCode::CREATED, &json!({ "name": name })))
}

pub(super) fn download_snapshot(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let snapshot = call.emulator.handler().snapshots.get_snapshot(&call.parameter)?;
    Ok(respond_with(StatusCode::OK, "application/json", snapshot.to_json_without_secrets()))
}

pub(super) fn upload_snapshot(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let json = str::from_utf8(call.request.body()).map_err(|error| SteeringError::invalid(error.to_string()))?;
    let snapshot = Snapshot::from_json(json).map_err(|error| SteeringError::invalid(error.to_string()))?;
    call.emulator.handler().snapshots.store_snapshot(&call.parameter, snapshot)?;
    list_snapshots(call)
}

pub(super) fn delete_snapshot(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    call.emulator.handler().snapshots.remove_snapshot(&call.parameter)?;
    list_snapshots(call)
}

pub(super) fn restore_snapshot(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let snapshot = call.emulator.handler().snapshots.get_snapshot(&call.parameter)?;
    call.emulator.restore(&snapshot);
    get_status(call)
}

/// Lists what can be read without a parameter but the customer.
pub(super) fn list_readable_paths(_: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let is_readable = |operation: &&Operation| {
        let mut parameters = operation.path.split('/').filter_map(parameter_name_of_segment);
        let is_json = operation
            .responses
            .iter()
            .any(|response| response.outcome == Outcome::Done && matches!(response.body, Some((MediaType::Json, _))));
        let needs_query = operation.parameters.iter().any(|parameter| {
            parameter.is_required
                && parameter_name_of_segment(parameter.name).is_none()
                && !operation.path.contains(parameter.name)
        });
        operation.method == Method::Get
            && is_json
            && !needs_query
            && parameters.all(|name| name == "customer-tenant-id")
    };
    let paths = OPERATIONS.iter().filter(is_readable);
    let paths: Vec<_> =
        paths.map(|operation| json!({ "path": operation.path, "summary": operation.summary })).collect();
    Ok(ok_json_response(&json!({ "paths": paths })))
}

pub(super) fn get_resource(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let query = call.request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let path = format!("/{}{query}", call.parameter);
    let response = call.emulator.get_from_service(&path, call.request.headers().get(CONTINUATION_TOKEN_HEADER))?;
    Ok(respond_with(response.status(), "application/json", response.into_body()))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceChanges {
    resources: Vec<ResourceChange>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResourceChange {
    path: String,
    /// `None` deletes it. It must be there: a deletion is never an accident.
    #[serde(deserialize_with = "Option::deserialize")]
    value: Option<Value>,
}

pub(super) fn change_resources(call: &SteeringCall<'_>) -> Result<Response, SteeringError> {
    let ResourceChanges { resources } = call.read_body()?;
    let count = resources.len();
    call.emulator
        .change_resources(resources.into_iter().map(|ResourceChange { path, value }| (path, value)).collect())?;
    Ok(ok_json_response(&json!({ "changed": count })))
}

impl SteeringCall<'_> {
    /// Reads the body, which may be left out where nothing in it is required.
    fn read_body<T: DeserializeOwned>(&self) -> Result<T, SteeringError> {
        let body = self.request.body().as_slice();
        let body = if body.is_empty() { b"{}" } else { body };
        serde_json::from_slice(body).map_err(|error| SteeringError::invalid(format!("the body is invalid: {error}")))
    }

    fn read_query_parameters(&self, known: &[&str]) -> Result<QueryParameters, SteeringError> {
        let query = QueryParameters::parse(self.request.uri());
        if let Some((name, _)) = query.iter().find(|(name, _)| !known.contains(name)) {
            let known = known.join(", ");
            return Err(SteeringError::invalid(format!("there is no parameter {name:?}: it must be one of {known}")));
        }
        Ok(query)
    }
}

/// Reads a number from the query.
fn read_number_parameter(query: &QueryParameters, name: &str) -> Result<Option<u64>, SteeringError> {
    let number = |value: &str| value.parse().map_err(|_| SteeringError::invalid(format!("{name} must be a number")));
    query.first_value(name).map(number).transpose()
}
