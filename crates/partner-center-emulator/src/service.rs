//! The service: authorizes a request, finds its operation, checks it against the specification, and lets the operation's behavior
//! respond.

#[cfg(feature = "webhooks")]
use crate::webhook_sender::{WebhookSender, event_of_write};
use crate::{
    authority::{Authority, Caller},
    behaviors::{
        OperationCall, ResponseWithChanges, audit_record_of_write, check_customer_access, find_behavior,
        has_get_or_list_operation, item_exists, not_found_error, run_migration_schedule,
    },
    clock::Clock,
    content_negotiation::accepts_json,
    customer_list::requires_customer_search,
    customers::parse_guid,
    error_response::ErrorResponse,
    pages::list_item_type,
    query::QueryParameters,
    quirks::Quirks,
    request_body::read_request_body,
    request_parameters::{check_parameters, query_parameter_names},
    resource_path::ResourcePath,
    response_headers::{check_request_ids, request_id_from_headers},
    routing::{Route, RouteError, route_request},
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    settings::Settings,
    store::{ResourceStore, State, StateChange, WriteOutcome, WriteOutcomeKey},
    timestamp::Timestamp,
};
use http::{HeaderMap, StatusCode, header::AUTHORIZATION};
use partner_center_core::Request;
use partner_center_spec::{Authentication, MediaType, Method, Operation, Type};
use serde_json::Value;
use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

pub(crate) struct Service {
    /// The seed of faults and of the headers of responses. The store has that of the customers.
    pub(crate) seed: u64,
    pub(crate) store: Arc<ResourceStore>,
    /// An access token that is accepted, besides those that the authority issues.
    pub(crate) token: String,
    pub(crate) authority: Authority,
    #[cfg(feature = "webhooks")]
    pub(crate) webhooks: WebhookSender,
}

impl Service {
    /// Returns the response to `request`. Once it is `cancelled`, any response is right, as nobody receives it.
    pub(crate) fn respond(
        &self,
        request: &Request,
        settings: &Settings,
        clock: &Clock,
        cancelled: &AtomicBool,
    ) -> ServiceResponse {
        #[cfg(feature = "webhooks")]
        if request.method() == http::Method::GET
            && let Some((media_type, certificate)) = self.webhooks.certificate_at(request.uri().path())
        {
            return ServiceResponse::new(StatusCode::OK, ResponseContent::Bytes(media_type, certificate));
        }
        let headers = request.headers();
        let response = self.authenticate_caller(headers, clock.real_elapsed()).and_then(|caller| {
            check_request_ids(headers)?;
            self.call_operation(request, caller, settings, clock.current_timestamp(), cancelled)
        });
        response.unwrap_or_else(ServiceResponse::from)
    }

    /// Whether the response to `request` may take long to make: if it is a write, or a list of resources that are collected or
    /// searched first. All others take less time than it takes to hand a request over to another thread.
    pub(crate) fn may_take_long(&self, request: &Request, quirks: &Quirks) -> bool {
        match route_request(request.method(), request.uri().path()) {
            Err(_) => false,
            Ok(Route { operation, .. }) if operation.id == "listCustomers" => {
                requires_customer_search(quirks, self.store.state_snapshot().population.seed, request)
            }
            Ok(Route { operation, .. }) => {
                !matches!(operation.method, Method::Get | Method::Head) || list_item_type(operation).is_some()
            }
        }
    }

    /// Returns the caller whose token a request has. `now` is the time since the emulator's start.
    fn authenticate_caller(&self, headers: &HeaderMap, now: Duration) -> Result<Caller, ErrorResponse> {
        let authorization = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let (scheme, token) =
            authorization.and_then(|value| value.trim().split_once(' ')).ok_or(ErrorResponse::AccessDenied)?;
        let token = token.trim();
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Err(ErrorResponse::AccessDenied);
        }
        if token == self.token {
            return Ok(Caller::User);
        }
        match self.authority.caller_of_access_token(token, now) {
            Some(Caller::UnsupportedAudience) => Err(ErrorResponse::UnsupportedAudience),
            Some(Caller::UserWithoutSecondFactor) if self.authority.requires_second_factor() => {
                Err(ErrorResponse::SecondFactorRequired)
            }
            Some(Caller::UserWithoutSecondFactor) => Ok(Caller::User),
            Some(caller) => Ok(caller),
            None => Err(ErrorResponse::AccessDenied),
        }
    }

    pub(crate) fn call_operation(
        &self,
        request: &Request,
        caller: Caller,
        settings: &Settings,
        now: Timestamp,
        cancelled: &AtomicBool,
    ) -> Result<ServiceResponse, ErrorResponse> {
        let route = &route_request(request.method(), request.uri().path())?;
        let operation = route.operation;
        check_caller_kind(operation, caller)?;
        if responds_with_json(operation) && !accepts_json(request.headers()) {
            return Err(ErrorResponse::NotAcceptable);
        }
        let query = &QueryParameters::parse(request.uri());
        if request.uri().query().is_some() {
            query
                .check_parameter_names(&query_parameter_names(operation), settings.quirks.reject_unknown_parameters)?;
        }
        check_parameters(route, query, request.headers())?;
        let body = read_request_body(operation, request)?;
        self.run_due(now)?;
        let path = ResourcePath::from_segments(&route.segments);
        let Settings { quirks, rendered_pages, .. } = settings;
        let decide = |state: &State, path| {
            check_customer_access(route, state)?;
            check_parents_exist(route, state, now)?;
            let call = OperationCall {
                operation,
                route,
                request,
                query,
                path,
                body,
                caller,
                state,
                now,
                quirks,
                rendered_pages,
                cancelled,
            };
            let mut done = find_behavior(operation)(&call)?;
            done.changes.extend(audit_record_of_write(&call, &done));
            Ok(done)
        };
        if matches!(operation.method, Method::Get | Method::Head) {
            return decide(&self.store.state_snapshot(), path).map(|reply| reply.response);
        }
        let key = request_id_from_headers(request.headers()).map(|request_id| WriteOutcomeKey {
            request_id,
            operation_id: operation.id,
            path: path.clone(),
        });
        #[cfg(feature = "webhooks")]
        let mut event = None;
        let response = self.store.update_state(|state| {
            if let Some(outcome) = key.as_ref().and_then(|key| state.find_outcome(key, now)) {
                return Ok((build_response_from_remembered_outcome(operation, &outcome), Vec::new()));
            }
            let ResponseWithChanges { response, mut changes } = decide(state, path)?;
            #[cfg(feature = "webhooks")]
            {
                event = event_of_write(state, now, request, &changes);
            }
            if let Some((key, outcome)) = key.zip(build_remembered_outcome(&response)) {
                changes.push(StateChange::Remember(key, outcome, now));
            }
            Ok((response, changes))
        });
        #[cfg(feature = "webhooks")]
        if let Some(event) = event.filter(|_| response.is_ok())
            // The receiver reads the resource, which must not be lost then.
            && self.store.wait_until_saved().is_ok()
        {
            self.webhooks.send_event(&event);
        }
        response
    }
}

impl Service {
    /// Lets happen what is due by `now`, in its order, each at its moment. Whoever asks sees it as if it had happened then.
    fn run_due(&self, now: Timestamp) -> Result<(), ErrorResponse> {
        while self.store.state_snapshot().first_due_resource(now).is_some() {
            self.store.update_state(|state| {
                let changes =
                    state.first_due_resource(now).map(|(moment, path)| run_migration_schedule(state, &path, moment));
                Ok::<_, ErrorResponse>(((), changes.unwrap_or_default()))
            })?;
        }
        Ok(())
    }
}

impl From<RouteError> for ErrorResponse {
    fn from(error: RouteError) -> Self {
        match error {
            RouteError::NotFound => Self::NotFound,
            RouteError::MethodNotAllowed(methods) => Self::MethodNotAllowed(methods),
        }
    }
}

/// Checks that the operation is for callers of this kind.
fn check_caller_kind(operation: &Operation, caller: Caller) -> Result<(), ErrorResponse> {
    let has = |authentication| operation.authentication.contains(&authentication);
    match caller {
        Caller::Application if !has(Authentication::AppOnly) => Err(ErrorResponse::NeedsUser),
        Caller::User if !has(Authentication::AppUser) => {
            let description = "This resource supports App-only authentication alone.";
            Err(ErrorResponse::documented_error(StatusCode::FORBIDDEN, 1002, description))
        }
        _ => Ok(()),
    }
}

/// Whether the operation responds with JSON, which the client must accept.
fn responds_with_json(operation: &Operation) -> bool {
    operation.responses.iter().any(|response| matches!(response.body, Some((MediaType::Json, _))))
}

/// Checks that the items in a path are there, other than the one at its end: the customer, and what is below it.
fn check_parents_exist(route: &Route, state: &State, now: Timestamp) -> Result<(), ErrorResponse> {
    let template = route.operation.path;
    let ends = template.match_indices('}').map(|(index, _)| index + 1).filter(|end| *end < template.len());
    for prefix in ends.filter_map(|end| template.get(..end)) {
        let count = prefix.split('/').filter(|segment| !segment.is_empty()).count();
        let path = ResourcePath::from_segments(route.segments.iter().take(count));
        if prefix == CUSTOMER_PATH_TEMPLATE {
            // Anything that is no GUID is rejected as that, or the name of something else.
            let id = route.segments.get(2).and_then(|id| parse_guid(id));
            if id.is_some_and(|id| state.find_customer_by_id(id).is_none()) {
                return Err(ErrorResponse::tenant_not_found_error());
            }
        } else if has_get_or_list_operation(prefix) && !item_exists(state, prefix, &path, now) {
            return Err(not_found_error(route.operation));
        }
    }
    Ok(())
}

/// The path of a customer, as the specification has it.
const CUSTOMER_PATH_TEMPLATE: &str = "/v1/customers/{customer-tenant-id}";

/// Returns what is remembered of a response to a write.
fn build_remembered_outcome(response: &ServiceResponse) -> Option<WriteOutcome> {
    let body = match &response.content {
        ResponseContent::Resource(value, ..) | ResponseContent::Customer(value) => Some(value.clone()),
        ResponseContent::Empty => None,
        _ => return None,
    };
    Some(WriteOutcome { status: response.status, headers: response.headers.clone(), body })
}

/// Returns a response again.
fn build_response_from_remembered_outcome(operation: &Operation, outcome: &WriteOutcome) -> ServiceResponse {
    let WriteOutcome { status, ref headers, ref body } = *outcome;
    let of = operation.responses.iter().find(|response| response.status == status.as_u16());
    let of = of.and_then(|response| response.body).map_or(Type::Any, |(_, of)| of);
    let content = match body {
        Some(value) => ResponseContent::Resource(Value::clone(value), ResourceKind::Other, of),
        None => ResponseContent::Empty,
    };
    ServiceResponse { status, headers: headers.clone(), content }
}
