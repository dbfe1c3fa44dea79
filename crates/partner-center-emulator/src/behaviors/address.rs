//! The validation of addresses. The emulator knows the cities that its customers are in.

use super::{OperationCall, ResponseWithChanges};
use crate::{
    customers::{City, WEIGHTED_COUNTRIES},
    error_response::ErrorResponse,
    json_fields::{string_at_path, without_null_fields},
    service_response::ResourceKind,
};
use http::StatusCode;
use serde_json::{Value, json};

/// Compares an address with those that are known. One that is wrong is a result, not an error.
pub(super) fn validate_address(call: &OperationCall<'_>) -> ResponseWithChanges {
    let address = without_null_fields(call.body.clone());
    let (status, suggestion, message) = compare_with_known_addresses(&address);
    let mut result = json!({
        "originalAddress": address,
        "suggestedAddresses": Vec::from_iter(suggestion),
        "status": status,
    });
    if let Some(message) = message {
        result["validationMessage"] = message.into();
    }
    ResponseWithChanges::without_changes(call.respond_with_resource(result, ResourceKind::Other, false))
}

/// Checks the address of a profile, which must be complete.
pub(super) fn check_profile_address(address: &Value) -> Result<(), ErrorResponse> {
    let text = |name| string_at_path(address, &[name]).unwrap_or_default().trim();
    let missing = ["addressLine1", "city", "country"].into_iter().find(|name| text(name).is_empty());
    let problem = match missing {
        Some(name) => format!("{name} is missing"),
        None if !is_country_code(text("country")) => "country must be a code of two letters".to_owned(),
        None if text("addressLine1").chars().count() > 200 => {
            "addressLine1 must have at most 200 characters".to_owned()
        }
        None => return Ok(()),
    };
    Err(ErrorResponse::documented_error(StatusCode::BAD_REQUEST, 2007, format!("The address is invalid: {problem}.")))
}

/// Returns the status of an address, the nearest one that is known, and what is wrong.
fn compare_with_known_addresses(address: &Value) -> (&'static str, Option<Value>, Option<String>) {
    let text = |name| string_at_path(address, &[name]).unwrap_or_default().trim();
    let code = text("country");
    let Some(country) = WEIGHTED_COUNTRIES.iter().find(|country| country.code.eq_ignore_ascii_case(code)) else {
        return ("NotValidated", None, Some(format!("Addresses in the country {code:?} are not validated.")));
    };
    let city = text("city").to_lowercase();
    let others = DOCUMENTED_CITIES.iter().filter(|(code, _)| *code == country.code).map(|(_, city)| city);
    let Some(city) = country.cities.iter().chain(others).find(|known| known.name.to_lowercase() == city) else {
        return ("None", None, Some(format!("The city is not known in the country {}.", country.code)));
    };
    let mut suggestion = address.clone();
    for (name, value) in [("country", country.code), ("city", city.name), ("postalCode", city.postal_code)] {
        suggestion[name] = value.into();
    }
    if !city.state.is_empty() {
        suggestion["state"] = city.state.into();
    }
    // A postal code of the United States may have four more digits.
    let postal_code = text("postalCode").split('-').next().unwrap_or_default();
    let is_same = |known: &str, sent: &str| known.is_empty() || known.eq_ignore_ascii_case(sent);
    let known_postal_code = city.postal_code.split('-').next().unwrap_or_default();
    if !is_same(known_postal_code, postal_code) || !is_same(city.state, text("state")) {
        let message = "The postal code or the state is not that of the city.".to_owned();
        return ("InteractionRequired", Some(suggestion), Some(message));
    }
    if !text("addressLine1").contains(|character: char| character.is_numeric()) {
        return ("StreetPartial", Some(suggestion), Some("The street has no number.".to_owned()));
    }
    ("VerifiedShippable", Some(suggestion), None)
}

/// Cities of the examples of addresses, in which no generated customer is.
const DOCUMENTED_CITIES: [(&str, City); 2] = [
    ("US", City { name: "Portland", state: "OR", postal_code: "97227" }),
    ("US", City { name: "Seattle", state: "WA", postal_code: "98126" }),
];

fn is_country_code(text: &str) -> bool {
    text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::{check_profile_address, compare_with_known_addresses};
    use serde_json::{Value, json};

    fn address(line: &str, city: &str, state: &str, postal_code: &str, country: &str) -> Value {
        json!({ "addressLine1": line, "city": city, "state": state, "postalCode": postal_code, "country": country })
    }

    #[test]
    fn address_is_compared_with_known_ones() {
        for (address, status, has_suggestion) in [
            (address("12 Main Street", "redmond", "wa", "98052-1234", "us"), "VerifiedShippable", true),
            (address("Main Street", "Redmond", "WA", "98052", "US"), "StreetPartial", true),
            (address("12 Main Street", "Redmond", "TX", "98052", "US"), "InteractionRequired", true),
            (address("12 Main Street", "Redmond", "WA", "10001", "US"), "InteractionRequired", true),
            (address("12 Main Street", "Atlantis", "WA", "98052", "US"), "None", false),
            (address("12 Main Street", "Redmond", "WA", "98052", "ZZ"), "NotValidated", false),
        ] {
            let (actual, suggestion, message) = compare_with_known_addresses(&address);
            assert_eq!((actual, suggestion.is_some()), (status, has_suggestion), "{address}");
            assert_eq!(message.is_none(), status == "VerifiedShippable");
        }
    }

    #[test]
    fn incomplete_address_of_a_profile_is_rejected() {
        assert!(check_profile_address(&address("1", "Redmond", "", "", "US")).is_ok());
        for wrong in [json!(null), json!({}), address("", "a", "", "", "US"), address("1", "a", "", "", "USA")] {
            assert!(check_profile_address(&wrong).is_err(), "{wrong}");
        }
    }
}
