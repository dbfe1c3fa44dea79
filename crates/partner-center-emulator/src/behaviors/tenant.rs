//! The tenant of a customer: its organization, its domains, what it consents to, and who resells to it.

use super::{
    OperationCall, ResponseWithChanges,
    account::is_domain_name,
    documented::{documented_example_items, is_below_created_customer},
    licenses::{CustomerLicenses, total_units},
    stored,
};
use crate::{
    customers::{
        INDIRECT_RESELLER_COUNT, find_indirect_reseller_by_partner_id, indirect_reseller_id, is_documented_customer,
        partner_id_of_reseller,
    },
    error_response::ErrorResponse,
    item_filter::ItemFilter,
    json_fields::{string_at_path, without_null_fields},
    pages::PageRequest,
    resource_path::ResourcePath,
    service_response::ResourceKind,
    store::StateChange,
};
use http::StatusCode;
use serde_json::{Value, json};
use uuid::Uuid;

/// Returns the organization of a customer, in a list of one.
pub(super) fn get_organization(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let profile = &customer["companyProfile"];
    let address = &profile["address"];
    let organization = without_null_fields(json!({
        "street": address["addressLine1"],
        "countryLetterCode": address["country"],
        "postalCode": address["postalCode"],
        "city": address["city"],
        "state": address["region"],
        "displayName": profile["companyName"],
        "technicalNotificationMails": Vec::from_iter(profile.get("email")),
    }));
    call.respond_with_items(vec![organization])
}

/// Lists the domains of a customer.
pub(super) fn list_custom_domains(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let domains = match customer["customDomains"].as_array() {
        Some(domains) => domains.clone(),
        None => customer["companyProfile"].get("domain").cloned().into_iter().collect(),
    };
    call.respond_with_items(domains)
}

/// Adds a domain to those of a customer, if no customer has it.
pub(super) fn add_verified_domain(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, mut customer) = call.customer_in_path()?;
    let name = string_at_path(&call.body, &["verifiedDomainName"]).unwrap_or_default().to_lowercase();
    let is_federated = string_at_path(&call.body, &["domain", "authenticationType"])
        .is_some_and(|kind| kind.eq_ignore_ascii_case("federated"));
    if is_federated && !call.body["domainFederationSettings"].is_object() {
        return Err(ErrorResponse::invalid_property_error("A federated domain needs domainFederationSettings."));
    }
    if !is_domain_name(&name) {
        return Err(ErrorResponse::invalid_property_error(format!("The verifiedDomainName {name:?} is not a domain.")));
    }
    if call.state.find_customer_by_domain(&name).is_some_and(|owner| owner != index) {
        return Err(ErrorResponse::invalid_property_error(format!("The domain {name:?} belongs to another customer.")));
    }
    let mut domain = without_null_fields(call.body["domain"].clone());
    domain["name"] = name.as_str().into();
    for (field, value) in [("isDefault", json!(false)), ("isInitial", json!(false)), ("rootDomain", json!(name))] {
        domain.as_object_mut().map(|fields| fields.entry(field).or_insert(value));
    }
    let response = call.respond_with_resource(domain, ResourceKind::Other, true);
    let mut domains = customer["customDomains"].as_array().cloned().unwrap_or_default();
    if !domains.iter().any(|domain| domain == name.as_str()) {
        domains.push(name.into());
    }
    customer["customDomains"] = domains.into();
    let path = ResourcePath::for_customer(customer["id"].as_str().unwrap_or_default());
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, customer)] })
}

/// Consents to an application, which must not have the consent.
pub(super) fn create_application_consent(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let application = string_at_path(&call.body, &["applicationId"]).unwrap_or_default();
    let path = call.path.child_path(application);
    if call.state.get_resource(&path, call.now).is_some() {
        let description = "The application has the consent of the customer. Delete it before it is given again.";
        return Err(ErrorResponse::documented_error(StatusCode::CONFLICT, 3000, description));
    }
    let consent = without_null_fields(call.body.clone());
    let response = call.respond_with_resource(consent.clone(), ResourceKind::Other, true);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, consent)] })
}

/// Returns the status of a customer's account, which a new customer has none of.
pub(super) fn get_account_validation_status(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    if is_below_created_customer(call.state, &call.path) {
        let description = "The account of the customer has no status.";
        let name = "AccountStatusNotFound";
        return Err(ErrorResponse::RejectedByNewerService(StatusCode::NOT_FOUND, 600_074, name, description));
    }
    stored::respond_from_store(call)
}

/// Lists the services that the partner manages for a customer: those of the documentation, if the customer allows delegated access
/// and has licenses.
pub(super) fn list_managed_services(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let has_licenses = CustomerLicenses::of_customer(call)?.skus.iter().any(|sku| total_units(sku) > 0);
    if customer["allowDelegatedAccess"] != true || !has_licenses {
        return call.respond_with_items(Vec::new());
    }
    let services = documented_example_items(call.operation).into_iter().map(|mut service| {
        for link in service["links"].as_object_mut().into_iter().flat_map(|links| links.values_mut()) {
            let uri = string_at_path(link, &["uri"]).unwrap_or_default();
            link["uri"] = replace_customer_in_uri(uri, customer["id"].as_str().unwrap_or_default()).into();
        }
        service
    });
    call.respond_with_items(services.collect())
}

/// Replaces the identifier of the customer in the query of a link to a portal.
fn replace_customer_in_uri(uri: &str, customer_id: &str) -> String {
    const CUSTOMER_ID_PARAMETER: &str = "CTID=";
    match uri.split_once(CUSTOMER_ID_PARAMETER) {
        Some((before, after)) => {
            let rest = after.split_once('&').map_or(String::new(), |(_, rest)| format!("&{rest}"));
            format!("{before}{CUSTOMER_ID_PARAMETER}{customer_id}{rest}")
        }
        None => uri.to_owned(),
    }
}

/// Lists the indirect resellers of the partner.
pub(super) fn list_resellers(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let seed = call.state.population.seed;
    let requested = call.query.first_value("relationship_type").unwrap_or_default();
    let is_provider = requested.eq_ignore_ascii_case("IsIndirectCloudSolutionProviderOf");
    let page = PageRequest::from_call(call)?;
    let filter = if page.filter.is_empty() { None } else { Some(ItemFilter::parse_item_filter(&page.filter)?) };
    let resellers = (0..INDIRECT_RESELLER_COUNT).filter(|_| is_provider).map(|number| {
        let mut reseller = relationship_with_reseller_as_json(indirect_reseller_id(seed, number), number);
        reseller["state"] = "Active".into();
        reseller["location"] = "US".into();
        reseller
    });
    let resellers = resellers.filter(|reseller| filter.as_ref().is_none_or(|filter| filter.matches_item(reseller)));
    let resellers = (0..).zip(resellers).collect();
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    page.respond_with_page(call, response, resellers).map(ResponseWithChanges::without_changes)
}

/// Lists the indirect reseller of a customer, if it has one.
pub(super) fn list_resellers_of_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    if is_documented_customer(index) {
        return stored::respond_from_store(call);
    }
    let seed = call.state.population.seed;
    let reseller = string_at_path(&customer, &["associatedPartnerId"])
        .and_then(|partner| find_indirect_reseller_by_partner_id(seed, partner));
    let number =
        reseller.and_then(|id| (0..INDIRECT_RESELLER_COUNT).find(|number| indirect_reseller_id(seed, *number) == id));
    let relationship = reseller.zip(number).map(|(id, number)| relationship_with_reseller_as_json(id, number));
    call.respond_with_items(relationship.into_iter().collect())
}

/// The names of the indirect resellers.
const RESELLER_NAMES: [&str; INDIRECT_RESELLER_COUNT] =
    ["Wingtip Cloud Services", "Proseware Consulting", "Tailspin Systems", "Lucerne IT Partners"];

fn relationship_with_reseller_as_json(id: Uuid, number: usize) -> Value {
    json!({
        "id": id,
        "name": RESELLER_NAMES.get(number),
        "relationshipType": "is_indirect_cloud_solution_provider_of",
        "mpnId": partner_id_of_reseller(id),
        "attributes": { "objectType": "PartnerRelationship" },
    })
}
