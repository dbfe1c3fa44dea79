//! What operations do, one file for each area of the specification. A behavior is a function of the state, the request and the time:
//! it returns the response and the changes, and the [`Service`](crate::service::Service) makes them. An operation without a
//! behavior of its own [stores and returns](stored) the resource at its path.

mod account;
mod address;
mod commerce;
mod customers;
mod etag;
mod stored;
mod users;

use crate::{
    authority::Caller,
    error_response::ErrorResponse,
    query::QueryParameters,
    quirks::Quirks,
    resource_path::ResourcePath,
    routing::Route,
    service_response::{Content, ResourceKind, ServiceResponse},
    store::{Change, State},
    timestamp::Timestamp,
};
use http::{HeaderName, HeaderValue, StatusCode, header::LOCATION};
use partner_center_core::Request;
use partner_center_spec::{Operation, Outcome, Response};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

/// A request for an operation, which has passed all checks that the specification describes.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static Operation,
    pub(crate) route: &'a Route,
    pub(crate) request: &'a Request,
    pub(crate) query: &'a QueryParameters,
    /// The path of the request.
    pub(crate) path: ResourcePath,
    /// The body as the service stores it; `null` if there is none.
    pub(crate) body: Value,
    pub(crate) caller: Caller,
    pub(crate) state: &'a State,
    pub(crate) now: Timestamp,
    pub(crate) quirks: &'a Quirks,
    /// Set once nobody waits for the response any more.
    pub(crate) cancelled: &'a AtomicBool,
}

/// A response, with what it changes.
pub(crate) struct Reply {
    pub(crate) response: ServiceResponse,
    pub(crate) changes: Vec<Change>,
}

pub(crate) type Behavior = fn(&Call<'_>) -> Result<Reply, ErrorResponse>;

/// Returns the behavior of an operation.
pub(crate) fn behavior(operation: &Operation) -> Behavior {
    match operation.id {
        "listCustomers" => customers::list,
        "getCustomer" => customers::get,
        "createCustomer" => account::create_customer,
        "getCustomerCompanyProfile" => account::get_company_profile,
        "getCustomerBillingProfile" => account::get_billing_profile,
        "updateCustomerBillingProfile" => account::update_billing_profile,
        "checkDomain" => account::check_domain,
        "validateAddress" => |call| Ok(address::validate(call)),
        "listSubscriptions" => commerce::list_subscriptions,
        "updateSubscription" => commerce::update_subscription,
        "listUsers" => users::list,
        _ => stored::respond,
    }
}

impl Call<'_> {
    /// Returns the index of the customer in the path, and the customer.
    pub(crate) fn customer(&self) -> Result<(u32, Value), ErrorResponse> {
        let index = self.customer_index().ok_or(ErrorResponse::NotFound)?;
        let customer = self.state.customer(index).ok_or(ErrorResponse::NotFound)?;
        Ok((index, customer))
    }

    /// Returns the index of the customer in the path.
    pub(crate) fn customer_index(&self) -> Option<u32> {
        let [_, _, id, ..] = self.path.segments()[..] else { return None };
        self.state.find_customer(crate::customers::parse_guid(id)?)
    }

    /// Returns the response of the specification for a call that is done; if there are several, the one for what is `created`.
    pub(crate) fn done(&self, created: bool) -> Option<&'static Response> {
        let mut done = self.operation.responses.iter().filter(|response| response.outcome == Outcome::Done);
        let created = done.clone().find(|response| created && response.status == 201);
        created.or_else(|| done.next())
    }

    /// Returns the response with a `resource`, with the status and, if the specification has none, without the body.
    pub(crate) fn respond_with(&self, resource: Value, kind: ResourceKind, created: bool) -> ServiceResponse {
        let Some(response) = self.done(created) else { return self.accepted() };
        let status = StatusCode::from_u16(response.status).unwrap_or_default();
        let content = match response.body {
            Some((_, of)) => Content::Resource(resource, kind, of),
            None => Content::Empty,
        };
        ServiceResponse::new(status, content)
    }

    /// Returns 202 with the path of the resource, without the version, as the service sends it.
    pub(crate) fn accepted(&self) -> ServiceResponse {
        let path = self.path.to_string();
        let location = path.strip_prefix("/v1").unwrap_or(&path).to_owned();
        let response = ServiceResponse::new(StatusCode::ACCEPTED, Content::Empty);
        match HeaderValue::try_from(location) {
            Ok(location) => response.with_header(LOCATION, location),
            Err(_) => response,
        }
    }

    /// Whether the operation has this header as a parameter, and whether it must be sent.
    pub(crate) fn header_parameter(&self, name: &HeaderName) -> Option<bool> {
        let mut parameters = self.operation.parameters.iter();
        let parameter = parameters.find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_str()))?;
        Some(parameter.is_required)
    }
}

impl Reply {
    pub(crate) fn unchanged(response: ServiceResponse) -> Self {
        Self { response, changes: Vec::new() }
    }
}
