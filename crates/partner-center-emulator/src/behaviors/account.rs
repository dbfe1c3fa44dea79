//! The accounts of customers: their creation, their profiles, and the domains that are taken.

use super::{
    OperationCall, ResponseWithChanges, address::check_profile_address, etag::check_etag, stored::not_found_response,
};
use crate::{
    authority::Caller,
    customers::Country,
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    random::RandomGenerator,
    resource::SelfLinks,
    resource_path::ResourcePath,
    service_response::{ResourceKind, ResponseContent, ServiceResponse},
    store::{State, StateChange},
    timestamp::Timestamp,
};
use http::StatusCode;
use serde_json::{Value, json};

/// Creates a customer. Its administrator's password is in this response and in no other.
pub(super) fn create_customer(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let OperationCall { state, ref body, .. } = *call;
    check_required_fields_of_new_customer(body)?;
    let domain = string_at_path(body, &["companyProfile", "domain"]).unwrap_or_default();
    if !is_domain_name(domain) {
        return Err(invalid_property_error(format!("The companyProfile.domain {domain:?} is not a domain.")));
    }
    if state.find_customer_by_domain(domain).is_some() {
        return Err(invalid_property_error(format!("The domain {domain:?} belongs to another customer.")));
    }
    let billing_profile = without_null_fields(body["billingProfile"].clone());
    let address = &billing_profile["defaultAddress"];
    check_profile_address(address)?;
    check_country_requirements(&body["companyProfile"], address, call.now)?;
    let partner = string_at_path(body, &["associatedPartnerId"]).filter(|partner| !partner.is_empty());
    if let Some(partner) = partner {
        if call.caller == Caller::Application {
            return Err(ErrorResponse::NeedsUser);
        }
        if !is_reseller_partner_id(partner) {
            let description = format!("The partner ID {partner:?} is not that of an active indirect reseller.");
            return Err(ErrorResponse::documented_error(StatusCode::BAD_REQUEST, 900_154, description));
        }
    }

    let mut random = state.random_for_next_change("customer");
    let id = random.random_guid();
    let mut company_profile = json!({
        "tenantId": id,
        "domain": domain,
        "companyName": billing_profile["companyName"],
        "address": company_address_from_billing_address(address),
        "email": billing_profile["email"],
        "organizationRegistrationNumber": body["companyProfile"]["organizationRegistrationNumber"],
        "links": SelfLinks::new(format!("/customers/{id}/profiles/company")),
        "attributes": { "objectType": "CustomerCompanyProfile" },
    });
    company_profile = without_null_fields(company_profile);
    let customer = without_null_fields(json!({
        "id": id,
        "commerceId": random.random_guid(),
        "companyProfile": company_profile,
        "billingProfile": stored_billing_profile_from_sent(state, billing_profile, &random.random_guid().to_string(), &id.to_string()),
        "relationshipToPartner": "reseller",
        "allowDelegatedAccess": true,
        "customDomains": [domain],
        "associatedPartnerId": partner,
        "links": SelfLinks::new(format!("/customers/{id}")),
        "attributes": { "objectType": "Customer" },
    }));
    let mut created = customer.clone();
    created["userCredentials"] = json!({ "userName": "admin", "password": generate_password(&mut random) });
    if let Some(value) = body.get("enableGDAPByDefault").filter(|value| value.is_boolean()) {
        created["enableGDAPByDefault"] = value.clone();
    }
    let response = ServiceResponse::new(StatusCode::CREATED, ResponseContent::Customer(created));
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(ResourcePath::for_customer(id), customer)] })
}

pub(super) fn get_company_profile(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (_, mut customer) = call.customer_in_path()?;
    let profile = customer["companyProfile"].take();
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(profile, ResourceKind::CompanyProfile, false)))
}

pub(super) fn get_billing_profile(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, customer) = call.customer_in_path()?;
    let profile = billing_profile_of_customer(call.state, index, &customer);
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(profile, ResourceKind::BillingProfile, false)))
}

/// Replaces the billing profile, if it is still the one with the etag that was sent.
pub(super) fn update_billing_profile(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let (index, mut customer) = call.customer_in_path()?;
    let current = billing_profile_of_customer(call.state, index, &customer);
    check_etag(call, string_at_path(&current, &["attributes", "etag"]))?;
    let profile = without_null_fields(call.body.clone());
    check_profile_address(&profile["defaultAddress"])?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    // What was accepted before, or generated, is accepted again.
    if profile["defaultAddress"]["country"] != current["defaultAddress"]["country"] {
        check_country_requirements(&customer["companyProfile"], &profile["defaultAddress"], call.now)?;
    }
    let profile = stored_billing_profile_from_sent(call.state, profile, &text(&current["id"]), &text(&customer["id"]));
    customer["billingProfile"] = profile.clone();
    let path = ResourcePath::for_customer(text(&customer["id"]));
    let response = call.respond_with_resource(profile, ResourceKind::BillingProfile, false);
    Ok(ResponseWithChanges { response, changes: vec![StateChange::Put(path, customer)] })
}

/// Returns 200 if a domain is taken, and the response for an absent resource if it is free.
pub(super) fn check_domain_availability(call: &OperationCall<'_>) -> Result<ResponseWithChanges, ErrorResponse> {
    let segments = call.path.segments();
    let domain = segments.last().copied().unwrap_or_default();
    if call.state.find_customer_by_domain(domain).is_none() {
        return not_found_response(call);
    }
    Ok(ResponseWithChanges::without_changes(call.respond_with_resource(json!({}), ResourceKind::Other, false)))
}

/// Returns a new etag: a signed number as text.
pub(super) fn generate_etag(state: &State) -> String {
    state.random_for_next_change("etag").next_u64().cast_signed().to_string()
}

/// Returns the billing profile of a customer. Some customers have none in their details.
fn billing_profile_of_customer(state: &State, index: u32, customer: &Value) -> Value {
    match customer.get("billingProfile") {
        Some(profile) if profile.is_object() => profile.clone(),
        _ => {
            let mut profile = state.population.generate_fallback_billing_profile(index);
            if let Some(name) = string_at_path(customer, &["companyProfile", "companyName"]) {
                profile["companyName"] = name.into();
            }
            let id = customer["id"].as_str().unwrap_or_default();
            profile["links"] = json!(SelfLinks::new(format!("/customers/{id}/profiles/billing")));
            profile
        }
    }
}

/// Returns a billing profile that was sent, with what the service sets.
fn stored_billing_profile_from_sent(state: &State, mut profile: Value, id: &str, customer: &str) -> Value {
    profile["id"] = id.into();
    profile["links"] = json!(SelfLinks::new(format!("/customers/{customer}/profiles/billing")));
    profile["attributes"] = json!({ "etag": generate_etag(state), "objectType": "CustomerBillingProfile" });
    profile
}

/// Returns the address of a company profile, which has `region` where that of a billing profile has `state`.
fn company_address_from_billing_address(address: &Value) -> Value {
    let mut company_address = address.clone();
    if let Some(fields) = company_address.as_object_mut() {
        let state = fields.remove("state");
        fields.extend(state.map(|state| ("region".to_owned(), state)));
        fields.retain(|name, _| name != "firstName" && name != "lastName");
    }
    company_address
}

/// Checks what some countries require: the registration number of the company, and a telephone number. Elsewhere the number is
/// optional since 2023, and was rejected before.
fn check_country_requirements(company_profile: &Value, address: &Value, now: Timestamp) -> Result<(), ErrorResponse> {
    let country = string_at_path(address, &["country"]).unwrap_or_default();
    let countries = &Country::COUNTRIES_REQUIRING_REGISTRATION_NUMBER;
    let is_required = countries.iter().any(|code| code.eq_ignore_ascii_case(country));
    let text = |value: &Value| value.as_str().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
    let number = text(&company_profile["organizationRegistrationNumber"]);
    let (code, description) = match number {
        None if is_required => {
            (600_049, "The organization registration number is required in this country.".to_owned())
        }
        Some(_) if !is_required && now.date().year() < FIRST_YEAR_OF_OPTIONAL_NUMBERS => {
            (600_002, "The organization registration number is not supported in this country.".to_owned())
        }
        Some(number) if !is_registration_number(&number) => {
            let description = "The organization registration number must have 4 to 20 letters and digits, one digit at \
                               least, and between them spaces and any of . - / alone.";
            (600_050, description.to_owned())
        }
        _ if is_required && text(&address["phoneNumber"]).is_none() => {
            (600_051, "The telephone number is required in this country.".to_owned())
        }
        _ => return Ok(()),
    };
    Err(ErrorResponse::documented_error(StatusCode::BAD_REQUEST, code, description))
}

const FIRST_YEAR_OF_OPTIONAL_NUMBERS: i32 = 2023;

/// Whether `text` has the form of a registration number. The service has one for each country, none of which is published.
fn is_registration_number(text: &str) -> bool {
    let count = |is_counted: fn(&char) -> bool| text.chars().filter(is_counted).count();
    let is_separator = |character: char| matches!(character, ' ' | '.' | '-' | '/');
    text.chars().all(|character| character.is_ascii_alphanumeric() || is_separator(character))
        && (4..=20).contains(&count(char::is_ascii_alphanumeric))
        && count(char::is_ascii_digit) > 0
}

/// Checks that the body has the fields without which nothing else of a new customer can be checked.
fn check_required_fields_of_new_customer(body: &Value) -> Result<(), ErrorResponse> {
    let is_missing =
        |path: &&[&str]| path.iter().try_fold(body, |value, name| value.get(name)).is_none_or(Value::is_null);
    let required: [&[&str]; 2] = [&["companyProfile", "domain"], &["billingProfile", "defaultAddress"]];
    let missing: Vec<_> = required.into_iter().filter(is_missing).map(|path| path.join(".")).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(invalid_property_error(format!("The body is invalid. Required, but missing: {}.", missing.join(", "))))
}

fn invalid_property_error(description: String) -> ErrorResponse {
    ErrorResponse::documented_error(StatusCode::BAD_REQUEST, 3000, description)
}

/// Whether `text` is the partner ID of an indirect reseller, which may be another than those of generated customers: seven digits,
/// the first of which is not 0.
fn is_reseller_partner_id(text: &str) -> bool {
    text.len() == 7 && !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `text` is a domain with at least two labels.
pub(super) fn is_domain_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let is_letter = |character: char| character.is_alphanumeric() || character == '-';
        (1..=63).contains(&label.len())
            && label.chars().all(is_letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(is_label)
}

/// Returns a password as the service makes them: with a digit, a small and a capital letter.
fn generate_password(random: &mut RandomGenerator) -> String {
    const PASSWORD_CHARACTERS: &[u8] = b"abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    let start: String = (0..9).map(|_| random.pick_one(PASSWORD_CHARACTERS) as char).collect();
    format!("{start}1aA")
}

#[cfg(test)]
mod tests {
    use super::is_domain_name;

    #[test]
    fn domain_has_two_labels() {
        for domain in ["contoso.onmicrosoft.com", "a.b", "größe.example", "a-b.c"] {
            assert!(is_domain_name(domain), "{domain}");
        }
        for other in ["", "contoso", ".com", "contoso.", "-a.com", "a b.com", "a..b", "contoso.com/x"] {
            assert!(!is_domain_name(other), "{other}");
        }
    }
}
