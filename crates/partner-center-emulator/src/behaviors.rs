//! What operations do, one file for each area of the specification. A behavior is a function of the state, the request and the time:
//! it returns the response and the changes, and the [`Service`](crate::service::Service) makes them. An operation without a
//! behavior of its own [stores and returns](stored) the resource at its path.

mod account;
mod address;
mod agreements;
mod audit;
mod commerce;
mod customer_access;
mod customer_purchases;
mod customers;
mod directory_roles;
mod documented;
mod etag;
mod license_analytics;
mod licenses;
mod qualifications;
mod relationship;
mod service_costs;
mod service_requests;
mod stored;
mod tenant;
mod usage;
mod users;
mod utilizations;
mod webhooks;

pub(crate) use audit::{audit_record_of_write, leaves_record};
pub(crate) use commerce::run_migration_schedule;
pub(crate) use customer_access::check_customer_access;
pub(crate) use documented::{documented_example, example_items, has_get_or_list_operation, item_exists};
pub(crate) use stored::not_found_error;
#[cfg(feature = "webhooks")]
pub(crate) use webhooks::{TEST_EVENT, address_of_registration, registration_path};

use crate::{
    authority::Caller,
    customers::is_documented_customer,
    error_response::ErrorResponse,
    pages::PageRequest,
    query::QueryParameters,
    quirks::Quirks,
    rendered_pages::RenderedPages,
    resource_path::ResourcePath,
    routing::Route,
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    store::{State, StateChange},
    timestamp::Timestamp,
};
use http::{HeaderName, HeaderValue, StatusCode, header::LOCATION};
use partner_center_core::Request;
use partner_center_spec::{Operation, Outcome, Response};
use serde_json::Value;
use std::sync::atomic::AtomicBool;

/// A request for an operation, which has passed all checks that the specification describes.
pub(crate) struct OperationCall<'a> {
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
    pub(crate) rendered_pages: &'a RenderedPages,
    /// Set once nobody waits for the response any more.
    pub(crate) cancelled: &'a AtomicBool,
}

/// A response, with what it changes.
pub(crate) struct ResponseWithChanges {
    pub(crate) response: ServiceResponse,
    pub(crate) changes: Vec<StateChange>,
}

pub(crate) type OperationBehavior = fn(&OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse>;

/// Returns the behavior of an operation.
pub(crate) fn find_behavior(operation: &Operation) -> OperationBehavior {
    match operation.id {
        "listCustomers" => customers::list_customers,
        "getCustomer" => customers::get_customer,
        "createCustomer" => account::create_customer,
        "getCustomerCompanyProfile" => account::get_company_profile,
        "getCustomerBillingProfile" => account::get_billing_profile,
        "updateCustomerBillingProfile" => account::update_billing_profile,
        "checkDomain" => account::check_domain_availability,
        "validateAddress" => |call| Ok(address::validate_address(call)),
        "listAgreementMetadata" | "listCustomerAgreements" => agreements::list_agreements,
        "createCustomerAgreement" => agreements::create_agreement,
        "getDirectSignedAgreementStatus" => |call| Ok(agreements::get_direct_signed_status(call)),
        "getAgreementDocument" => agreements::get_agreement_document,
        "listAuditRecords" => audit::list_audit_records,
        "getUsageBudget" => usage::get_usage_budget,
        "updateUsageBudget" => usage::update_usage_budget,
        "getCustomerUsageSummary" => usage::get_customer_usage_summary,
        "listCustomerUsageRecords" => usage::list_customer_usage_records,
        "listSubscriptionUsageRecords" => usage::list_subscription_usage_records,
        "getSubscriptionUsageSummary" => usage::get_subscription_usage_summary,
        "listMeterUsageRecords" | "listResourceUsageRecords" => usage::list_usage_details,
        "listAzureUtilizations" => utilizations::list_azure_utilizations,
        "getServiceCostsSummary" => service_costs::get_service_costs_summary,
        "listServiceCostLineItems" => service_costs::list_service_cost_line_items,
        "getCustomerOrganization" => tenant::get_organization,
        "listCustomerCustomDomains" => tenant::list_custom_domains,
        "addVerifiedDomain" => tenant::add_verified_domain,
        "createApplicationConsent" => tenant::create_application_consent,
        "getCustomerValidationStatus" => tenant::get_account_validation_status,
        "listRelationships" => tenant::list_resellers,
        "listCustomerRelationships" => tenant::list_resellers_of_customer,
        "listCustomerServiceRequests" => service_requests::list_service_requests,
        "updateServiceRequest" => service_requests::update_service_request,
        "updateCustomer" => relationship::update_customer,
        "deleteCustomer" => relationship::delete_customer,
        "listValidationCodes" => qualifications::list_validation_codes,
        "createCustomerQualification" => qualifications::create_qualification,
        "listUsers" => users::list_users,
        "createUser" => users::create_user,
        "getUser" => users::get_user,
        "updateUser" => users::update_user,
        "resetUserPassword" => users::reset_password,
        "deleteUser" => users::delete_user,
        "listUserDirectoryRoles" => directory_roles::list_user_roles,
        "listDirectoryRoleMembers" => directory_roles::list_role_members,
        "addDirectoryRoleMember" => directory_roles::add_role_member,
        "listUserLicenses" => licenses::list_user_licenses,
        "updateUserLicenses" => licenses::update_user_licenses,
        "listSubscribedSkus" => licenses::list_subscribed_skus,
        "listLicenseDeployment" => license_analytics::list_license_deployment,
        "listLicenseUsage" => license_analytics::list_license_usage,
        "listManagedServices" => tenant::list_managed_services,
        "createWebhookRegistration" => webhooks::create_webhook_registration,
        "updateWebhookRegistration" => webhooks::update_registration,
        "createValidationEvent" => webhooks::create_validation_event,
        id => commerce::find_behavior(id).unwrap_or(stored::respond_from_store),
    }
}

impl OperationCall<'_> {
    /// Returns the index of the customer in the path, and the customer.
    pub(crate) fn customer_in_path(&self) -> Result<(u32, Value), ErrorResponse> {
        let index = self.customer_index_in_path().ok_or(ErrorResponse::NotFound)?;
        let customer = self.state.get_customer(index).ok_or(ErrorResponse::NotFound)?;
        Ok((index, customer))
    }

    /// Returns the index of the customer in the path.
    pub(crate) fn customer_index_in_path(&self) -> Option<u32> {
        let [_, _, id, ..] = self.path.segments()[..] else { return None };
        self.state.find_customer_by_id(crate::customers::parse_guid(id)?)
    }

    /// Whether the customer in the path is one of the documentation.
    pub(crate) fn is_about_documented_customer(&self) -> bool {
        self.customer_index_in_path().is_some_and(is_documented_customer)
    }

    /// Returns the response of the specification for a call that is done; if there are several, the one for what is `created`.
    pub(crate) fn find_specified_success_response(&self, created: bool) -> Option<&'static Response> {
        let mut done = self.operation.responses.iter().filter(|response| response.outcome == Outcome::Done);
        let created = done.clone().find(|response| created && response.status == 201);
        created.or_else(|| done.next())
    }

    /// Returns the response with a list of `items`, or with the page of them that is requested.
    pub(crate) fn respond_with_items(&self, items: Vec<Value>) -> Result<ResponseWithChanges, ErrorResponse> {
        let response = self.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
        PageRequest::from_call(self)?
            .respond_with_page(self, response, (0..).zip(items).collect())
            .map(ResponseWithChanges::without_changes)
    }

    /// Returns the response with a `resource`, with the status and, if the specification has none, without the body.
    pub(crate) fn respond_with_resource(&self, resource: Value, kind: ResourceKind, created: bool) -> ServiceResponse {
        let Some(response) = self.find_specified_success_response(created) else { return self.accepted_response() };
        let status = StatusCode::from_u16(response.status).unwrap_or_default();
        let content = match response.body {
            Some((_, of)) => ResponseContent::Resource(resource, kind, of),
            None => ResponseContent::Empty,
        };
        ServiceResponse::new(status, content)
    }

    /// Returns 202 with the path of the resource, without the version, as the service sends it.
    pub(crate) fn accepted_response(&self) -> ServiceResponse {
        let response = ServiceResponse::new(StatusCode::ACCEPTED, ResponseContent::Empty);
        match HeaderValue::try_from(self.route.link_path()) {
            Ok(location) => response.with_header(LOCATION, location),
            Err(_) => response,
        }
    }

    /// Whether the operation has this header as a parameter, and whether it must be sent.
    pub(crate) fn header_parameter_requirement(&self, name: &HeaderName) -> Option<bool> {
        let mut parameters = self.operation.parameters.iter();
        let parameter = parameters.find(|parameter| parameter.name.eq_ignore_ascii_case(name.as_str()))?;
        Some(parameter.is_required)
    }
}

impl ResponseWithChanges {
    pub(crate) fn without_changes(response: ServiceResponse) -> Self {
        Self { response, changes: Vec::new() }
    }
}
