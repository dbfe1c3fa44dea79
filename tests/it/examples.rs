//! The examples of the specification: each is decoded completely, and encoded again without loss.

use partner_center::models::*;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Tests a documented response, of which the specification describes every field.
macro_rules! example {
    ($test:ident, $type:ident, $file:literal) => {
        #[test]
        fn $test() {
            let response = round_trip::<$type>(include_str!($file));
            assert_eq!(response.undescribed_paths(), [""; 0], "the specification does not describe all of the example");
            insta::assert_debug_snapshot!(response);
        }
    };
}

/// Tests a documented response that is a list of objects.
#[allow(unused_macros, reason = "the specification may have no such response")]
macro_rules! list_example {
    ($test:ident, $type:ident, $file:literal) => {
        #[test]
        fn $test() {
            let response = round_trip::<Vec<$type>>(include_str!($file));
            let undescribed_paths: Vec<_> = response.iter().flat_map(Resource::undescribed_paths).collect();
            assert_eq!(undescribed_paths, [""; 0], "the specification does not describe all of the example");
            insta::assert_debug_snapshot!(response);
        }
    };
}

/// Tests a documented response that has no objects.
#[allow(unused_macros, reason = "the specification may have no such response")]
macro_rules! json_example {
    ($test:ident, $type:ty, $file:literal) => {
        #[test]
        fn $test() {
            insta::assert_debug_snapshot!(round_trip::<$type>(include_str!($file)));
        }
    };
}

/// Tests a response of a newer service: unknown fields and values are kept and reported.
macro_rules! future_example {
    ($test:ident, $type:ident, $file:literal) => {
        #[test]
        fn $test() {
            let response = round_trip::<$type>(include_str!($file));
            assert_ne!(response.undescribed_paths(), [""; 0], "the example has no unknown field");
            insta::assert_debug_snapshot!((response.undescribed_paths(), response));
        }
    };
}

/// Tests a documented error body.
macro_rules! fault_example {
    ($test:ident, $json:literal) => {
        value_example!($test, ErrorBody, $json);
    };
}

/// Tests a documented parameter that is JSON.
macro_rules! parameter_example {
    ($test:ident, $type:ident, $json:literal) => {
        value_example!($test, $type, $json);
    };
}

macro_rules! value_example {
    ($test:ident, $type:ident, $json:literal) => {
        #[test]
        fn $test() {
            let value = round_trip::<$type>($json);
            assert_eq!(value.undescribed_paths(), [""; 0], "the specification does not describe all of the example");
            insta::assert_debug_snapshot!(value);
        }
    };
}

include!("generated.rs");

// Like the examples of a newer service, but with values that the specification does not allow.
future_example!(a_page_against_the_specification, CustomerCollection, "examples/a-page-against-the-specification.json");
future_example!(a_customer_against_the_specification, Customer, "examples/a-customer-against-the-specification.json");

/// Decodes `json` and verifies that it is encoded as an equal JSON value, with empty arrays and unexpected values.
fn round_trip<T: Serialize + DeserializeOwned>(json: &str) -> T {
    let response: T = serde_json::from_str(json).unwrap();
    let written = serde_json::to_value(&response).unwrap();
    let mut expected = serde_json::from_str(json).unwrap();
    remove_absent_nulls(&mut expected, &written);
    assert_eq!(written, expected);
    let decoded_again: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(decoded_again).unwrap(), written);
    response
}

/// Removes each `null` that is not written: in a property that requests do not have, it reads as absent.
fn remove_absent_nulls(value: &mut Value, written: &Value) {
    match (value, written) {
        (Value::Object(fields), Value::Object(written)) => {
            fields.retain(|name, value| !value.is_null() || written.contains_key(name));
            for (name, value) in fields {
                written.get(name).into_iter().for_each(|written| remove_absent_nulls(value, written));
            }
        }
        (Value::Array(items), Value::Array(written)) => {
            items.iter_mut().zip(written).for_each(|(item, written)| remove_absent_nulls(item, written));
        }
        _ => {}
    }
}

/// Adds a field to each object of a response, at every level.
#[test]
fn unknown_field_at_any_level_is_kept() {
    fn extend(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                fields.values_mut().for_each(extend);
                fields.insert("newField".to_owned(), serde_json::json!({"deep": [1, {"deeper": null}], "empty": []}));
            }
            Value::Array(items) => items.iter_mut().for_each(extend),
            _ => {}
        }
    }
    for example in [
        include_str!("../../spec/examples/get-a-customer-by-id.response.json"),
        include_str!("../../spec/examples/a-customer-from-the-future.response.json"),
        include_str!("examples/a-customer-against-the-specification.json"),
    ] {
        let mut value = serde_json::from_str(example).unwrap();
        extend(&mut value);
        let customer = round_trip::<Customer>(&value.to_string());
        assert!(customer.undescribed_paths().contains(&"companyProfile.links.self.newField".to_owned()));
    }
}
