use super::SteeringError;
use crate::{
    Emulator,
    authority::Caller,
    check::{BodyDirection, Problem, check_value_of_type},
    customers::parse_guid,
    json_fields::normalize_value,
    resource_path::ResourcePath,
    response_writer::write_response,
    routing::{Route, route_request},
    service_response::ServiceResponse,
    settings::Settings,
    store::StateChange,
};
use http::{HeaderValue, Method};
use partner_center_core::{Request, Response};
use partner_center_spec::{Authentication, MediaType, Operation, Outcome, Type};
use serde_json::Value;
use std::{collections::BTreeMap, sync::atomic::AtomicBool};

impl Emulator {
    /// Returns the response to `GET` of `path`, which may have a query, as text: what the service has now, without authentication,
    /// faults, quirks and the log.
    ///
    /// # Errors
    /// The service responds with an error: it has no such resource, or the query is invalid.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let customers = Emulator::default().resource("/v1/customers?size=1")?;
    /// assert!(customers.contains("companyProfile"));
    /// # Ok::<(), partner_center_emulator::SteeringError>(())
    /// ```
    pub fn resource(&self, path: &str) -> Result<String, SteeringError> {
        let response = self.get_from_service(path, None)?;
        let text = String::from_utf8_lossy(response.body()).into_owned();
        match response.status() {
            status if status.is_success() => Ok(text),
            status if status == http::StatusCode::NOT_FOUND => Err(SteeringError::not_found(text)),
            _ => Err(SteeringError::invalid(text)),
        }
    }

    /// Puts a resource into the store: a customer, or anything of one that can be got by its path. `json` is the resource as the
    /// service responds with it. It is checked against the specification, and otherwise stored as it is.
    ///
    /// # Errors
    /// - The path is not that of a resource with a `GET` of its own, or its customer is not there.
    /// - The resource is not as the specification has it.
    /// - The store is full.
    ///
    /// ```
    /// use partner_center_emulator::Emulator;
    ///
    /// let emulator = Emulator::builder().customers(0).build();
    /// emulator.put_resource(
    ///     "/v1/customers/0b1c2d3e-4f50-4617-8293-a4b5c6d7e8f9",
    ///     r#"{"companyProfile": {"companyName": "Tailwind Toys", "domain": "tailwindtoys.onmicrosoft.com"}}"#,
    /// )?;
    /// assert!(emulator.resource("/v1/customers")?.contains("Tailwind Toys"));
    /// # Ok::<(), partner_center_emulator::SteeringError>(())
    /// ```
    pub fn put_resource(&self, path: &str, json: &str) -> Result<(), SteeringError> {
        let value = serde_json::from_str(json)
            .map_err(|error| SteeringError::invalid(format!("the resource is not JSON: {error}")))?;
        self.change_resources(vec![(path.to_owned(), Some(value))])
    }

    /// Deletes a resource from the store, with all that is below it.
    ///
    /// # Errors
    /// The path is not that of a resource with a `GET` of its own.
    pub fn delete_resource(&self, path: &str) -> Result<(), SteeringError> {
        self.change_resources(vec![(path.to_owned(), None)])
    }

    /// Puts resources, or deletes those that are `None`: all or none.
    pub(super) fn change_resources(&self, resources: Vec<(String, Option<Value>)>) -> Result<(), SteeringError> {
        let mut changes = Vec::new();
        for (path, value) in resources {
            let is_put = value.is_some();
            let (path, change) = resource_change(&path, value)?;
            changes.push((path, is_put, change));
        }
        self.handler()
            .service
            .store
            .update_state(|state| {
                // Of the customers that this changes: whether they are there.
                let mut customers = BTreeMap::new();
                for (path, is_put, _) in &changes {
                    let segments = path.segments();
                    let ["v1", "customers", id, below @ ..] = &segments[..] else { continue };
                    if below.is_empty() {
                        customers.insert(*id, *is_put);
                        continue;
                    }
                    let is_in_state = || parse_guid(id).is_some_and(|id| state.find_customer_by_id(id).is_some());
                    if !customers.get(id).copied().unwrap_or_else(is_in_state) {
                        return Err(ResourceChangeError(SteeringError::not_found(format!(
                            "there is no customer {id:?}: put it before what it has"
                        ))));
                    }
                }
                Ok(((), changes.into_iter().map(|(.., change)| change).collect()))
            })
            .map_err(|ResourceChangeError(error)| error)?;
        // An error shows in the responses to all further requests.
        let _ = self.handler().save();
        Ok(())
    }

    /// Responds to `GET` of `path`, with this continuation token.
    pub(super) fn get_from_service(&self, path: &str, token: Option<&HeaderValue>) -> Result<Response, SteeringError> {
        let mut request = Request::default();
        *request.uri_mut() =
            path.parse().map_err(|error| SteeringError::invalid(format!("{path:?} is not a path: {error}")))?;
        request.headers_mut().extend(token.map(|token| (super::CONTINUATION_TOKEN_HEADER, token.clone())));
        let service = &self.handler().service;
        let settings = Settings::default();
        let operation = route_request(&Method::GET, request.uri().path()).ok().map(|route| route.operation);
        let caller = operation.map_or(Caller::User, caller_for_operation);
        let now = self.current_timestamp();
        let response = service.call_operation(&request, caller, &settings, now, &AtomicBool::new(false));
        let response = response.unwrap_or_else(ServiceResponse::from);
        Ok(write_response(service.seed, &settings, response, &request, 0))
    }
}

/// An error of a change, for the store.
struct ResourceChangeError(SteeringError);

impl From<crate::store::StoreFull> for ResourceChangeError {
    fn from(_: crate::store::StoreFull) -> Self {
        Self(SteeringError::conflict("the store is full: delete something, or reset the emulator"))
    }
}

/// Returns a caller whom the operation serves.
fn caller_for_operation(operation: &'static Operation) -> Caller {
    if operation.authentication.contains(&Authentication::AppUser) { Caller::User } else { Caller::Application }
}

/// Returns the path of a resource and the change that puts it there.
fn resource_change(path: &str, value: Option<Value>) -> Result<(ResourcePath, StateChange), SteeringError> {
    let route = route_request(&Method::GET, path).ok().filter(|route| route.operation.items.is_none());
    let of = route.as_ref().and_then(json_type_of_get_response);
    let (Some(route), Some(of)) = (route, of) else {
        return Err(SteeringError::invalid(format!(
            "{path:?} is not the path of a resource: it must be one that GET gets alone, as JSON"
        )));
    };
    let resource_path = ResourcePath::from_segments(&route.segments);
    let Some(value) = value else { return Ok((resource_path.clone(), StateChange::Delete(resource_path))) };
    let mut value = normalize_value(of, value);
    if let (["v1", "customers", id], Some(fields)) = (&resource_path.segments()[..], value.as_object_mut()) {
        if parse_guid(id).is_none() {
            return Err(SteeringError::invalid(format!(
                "{id:?} is not a GUID, as the identifier of a customer must be"
            )));
        }
        fields.insert("id".to_owned(), (*id).into());
    }
    check_value_of_type(of, &value, BodyDirection::Response).map_err(|problems| {
        let problems: Vec<_> = problems.iter().map(Problem::to_string).collect();
        SteeringError::invalid(format!("{path:?} is not as the specification has it: {}", problems.join("; ")))
    })?;
    Ok((resource_path.clone(), StateChange::Put(resource_path, value)))
}

fn json_type_of_get_response(route: &Route) -> Option<Type> {
    let response = route.operation.responses.iter().find(|response| response.outcome == Outcome::Done)?;
    response.body.filter(|(media_type, _)| *media_type == MediaType::Json).map(|(_, of)| of)
}
