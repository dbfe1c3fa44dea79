//! What is left of a customer after the relationship, or the delegated administration of it, has ended.

use crate::{call, emulator, get, operations::example_request};
use http::{Method, StatusCode};
use partner_center_emulator::Emulator;
use partner_center_spec::{MediaType, OPERATIONS, Operation};
use serde_json::{Value, json};

/// The customer of the examples.
const CUSTOMER: &str = "/v1/customers/aaaabbbb-0000-cccc-1111-dddd2222eeee";

/// Sends the example of each operation below the customer, and checks whether it is rejected with `code`.
fn check_all_below_customer(emulator: &Emulator, code: u32, is_rejected: impl Fn(&Operation) -> bool) {
    for operation in OPERATIONS {
        let (method, uri, headers) = example_request(operation);
        // A response to HEAD has no code.
        if !uri.starts_with(&format!("{CUSTOMER}/")) || method == Method::HEAD {
            continue;
        }
        let body = match operation.body {
            Some(body) if body.media_type != MediaType::Json => continue,
            Some(body) => serde_json::from_str(body.examples[0].json).unwrap(),
            None => Value::Null,
        };
        let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let (status, _, error) = call(emulator, &method, &uri, &headers, &body);
        let is_code = status == StatusCode::FORBIDDEN && error["code"] == code;
        assert_eq!(is_code, is_rejected(operation), "{}: {status} {error}", operation.id);
    }
}

#[test]
fn ended_relationship_hides_all_below_the_customer() {
    let emulator = emulator(60);
    check_all_below_customer(&emulator, 20_002, |_| false);
    let end = json!({ "relationshipToPartner": "none" });
    assert_eq!(call(&emulator, &Method::PATCH, CUSTOMER, &[], &end).0, StatusCode::OK);
    check_all_below_customer(&emulator, 20_002, |_| true);
    assert_eq!(get(&emulator, CUSTOMER).1["relationshipToPartner"], "none");
    assert_eq!(call(&emulator, &Method::DELETE, CUSTOMER, &[], &Value::Null).0, StatusCode::NO_CONTENT);
}

#[test]
fn ended_delegated_access_takes_the_roles_in_the_tenant() {
    let emulator = emulator(60);
    let end = json!({ "allowDelegatedAccess": false });
    assert_eq!(call(&emulator, &Method::PATCH, CUSTOMER, &[], &end).0, StatusCode::OK);
    let needs_role = |operation: &Operation| operation.error_codes.iter().any(|error| error.code == "900308");
    assert!(needs_role(partner_center_spec::operation("listUsers").unwrap()));
    check_all_below_customer(&emulator, 900_308, needs_role);
}
