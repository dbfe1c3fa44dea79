//! The agreements of customers with Microsoft, and their texts.

use super::{
    OperationCall, ResponseWithChanges,
    documented::{all_documented_items, documented_example, is_below_created_customer},
    stored,
};
use crate::{
    error_response::ErrorResponse, json_fields::string_at_path, pages::PageRequest, service_response::ResourceKind,
    store::FIRST_WRITTEN_ITEM_NUMBER,
};
use http::StatusCode;
use serde_json::{Value, json};

/// Lists the agreements that there are, or those of a customer, of the type that the query names.
pub(super) fn list_agreements(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let response = call.find_specified_success_response(false).ok_or(ErrorResponse::NotFound)?;
    let requested = call.query.first_value("agreementType").unwrap_or(DEFAULT_LISTED_AGREEMENT_TYPE);
    let mut agreements = all_agreements(call);
    agreements.retain(|(_, agreement)| requested == "*" || is_agreement_of_type(agreement, requested));
    PageRequest::from_call(call)?
        .respond_with_page(call, response, agreements)
        .map(ResponseWithChanges::without_changes)
}

/// Records that a person has accepted the agreement for a customer, once for each person.
pub(super) fn create_agreement(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let template = string_at_path(&call.body, &["templateId"]).unwrap_or_default();
    if !template.eq_ignore_ascii_case(CUSTOMER_AGREEMENT_TEMPLATE_ID)
        || !is_agreement_of_type(&call.body, CUSTOMER_AGREEMENT_TYPE)
    {
        let description = format!(
            "The agreement must have the type {CUSTOMER_AGREEMENT_TYPE} and the templateId \
             {CUSTOMER_AGREEMENT_TEMPLATE_ID}."
        );
        return Err(ErrorResponse::documented_error(StatusCode::BAD_REQUEST, 3000, description));
    }
    let contact = |agreement: &Value| {
        ["firstName", "lastName", "email"]
            .map(|name| string_at_path(agreement, &["primaryContact", name]).unwrap_or_default().to_lowercase())
    };
    let is_known = |(_, agreement): &(u64, Value)| {
        is_agreement_of_type(agreement, CUSTOMER_AGREEMENT_TYPE) && contact(agreement) == contact(&call.body)
    };
    if created_agreements(call).iter().any(is_known) {
        let description = "The same person has already accepted the agreement for the customer.";
        let name = "PartnerConfirmedAgreementAlreadyExists";
        return Err(ErrorResponse::RejectedByNewerService(StatusCode::BAD_REQUEST, 600_061, name, description));
    }
    Ok(stored::create_resource(call))
}

/// Returns whether the customer has accepted the agreement with Microsoft itself, which no new customer has.
pub(super) fn get_direct_signed_status(call: &OperationCall<'_>) -> ResponseWithChanges {
    let documented = call.find_specified_success_response(false).and_then(documented_example);
    let status = documented.filter(|_| !is_below_created_customer(call.state, &call.path));
    let response =
        call.respond_with_resource(status.unwrap_or_else(|| json!({ "isSigned": false })), ResourceKind::Other, false);
    ResponseWithChanges::without_changes(response)
}

/// Returns the links to the text of the agreement, which are new each time.
pub(super) fn get_agreement_document(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let query = |name, default| call.query.first_value(name).unwrap_or(default);
    let (country, language) = (query("country", "US"), query("language", "en-US"));
    let is_country = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    // The service compares both in their case.
    if call.route.path_parameter("agreement-template-id") != Some(CUSTOMER_AGREEMENT_TEMPLATE_ID) || !is_country {
        return stored::not_found_response(call);
    }
    let name = format!("mca-{}-{}", language.to_lowercase(), country.to_lowercase());
    let signed_at = call.now.to_string_in_seconds();
    let document = json!({
        "displayUri": format!("https://agreements.example/v1/view/{name}"),
        "downloadUri": format!("https://agreements.example/files/{name}.docx?sig=emulator&st={signed_at}"),
        "language": language,
        "country": country,
        "versionRank": 0,
    });
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(document, ResourceKind::Other, false)))
}

/// The type of a list whose query names none. No new customer has such an agreement.
const DEFAULT_LISTED_AGREEMENT_TYPE: &str = "MicrosoftCloudAgreement";

const CUSTOMER_AGREEMENT_TYPE: &str = "MicrosoftCustomerAgreement";

/// The template of the Microsoft Customer Agreement, the same for all partners.
const CUSTOMER_AGREEMENT_TEMPLATE_ID: &str = "117a77b0-9360-443b-8795-c6dedc750cf9";

/// Returns the agreements of the documentation, for those whom they belong to, and those that requests have created.
fn all_agreements(call: &OperationCall<'_>) -> Vec<(u64, Value)> {
    let documented = if is_below_created_customer(call.state, &call.path) {
        Vec::new()
    } else {
        all_documented_items(call.operation)
    };
    (0..).zip(documented).chain(created_agreements(call)).collect()
}

fn created_agreements(call: &OperationCall<'_>) -> Vec<(u64, Value)> {
    let written = call.state.written_or_deleted_collection_items(&call.path, call.now);
    written.into_iter().filter_map(|(_, created, value)| Some((FIRST_WRITTEN_ITEM_NUMBER + created, value?))).collect()
}

fn is_agreement_of_type(agreement: &Value, agreement_type: &str) -> bool {
    let known = string_at_path(agreement, &["agreementType"]).or_else(|| string_at_path(agreement, &["type"]));
    known.is_some_and(|known| known.eq_ignore_ascii_case(agreement_type))
}
