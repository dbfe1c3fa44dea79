//! Every response of the specification's `examples` is understood in full, and nothing of it is lost.

use partner_center::{
    models::{ErrorBody, Resource},
    operations::Operation,
    *,
};
use serde_json::Value;

/// A documented response: the specification describes all of it.
macro_rules! example {
    ($test:ident, $operation:ident, $file:literal) => {
        #[test]
        fn $test() {
            let response = survives::<<$operation as Operation>::Response>(include_str!($file));
            assert_eq!(response.undescribed(), [""; 0], "the specification does not describe all of the example");
            insta::assert_debug_snapshot!(response);
        }
    };
}

/// A response of a service that has moved on: all of it survives, and what is new is found.
macro_rules! future_example {
    ($test:ident, $operation:ident, $file:literal) => {
        #[test]
        fn $test() {
            let response = survives::<<$operation as Operation>::Response>(include_str!($file));
            assert_ne!(response.undescribed(), [""; 0], "the example has nothing new");
            insta::assert_debug_snapshot!((response.undescribed(), response));
        }
    };
}

/// A documented fault.
macro_rules! fault_example {
    ($test:ident, $json:literal) => {
        example_of!($test, ErrorBody, $json);
    };
}

/// A documented parameter that is JSON.
macro_rules! parameter_example {
    ($test:ident, $type:ident, $json:literal) => {
        example_of!($test, $type, $json);
    };
}

macro_rules! example_of {
    ($test:ident, $type:ident, $json:literal) => {
        #[test]
        fn $test() {
            let value = survives::<$type>($json);
            assert_eq!(value.undescribed(), [""; 0], "the specification does not describe all of the example");
            insta::assert_debug_snapshot!(value);
        }
    };
}

include!("generated.rs");

// The same as those from the future, but with values that the specification rules out.
future_example!(a_page_against_the_specification, ListCustomers, "examples/a-page-against-the-specification.json");
future_example!(
    a_customer_against_the_specification,
    GetCustomer,
    "examples/a-customer-against-the-specification.json"
);

/// The response in `json`, which is written back as an equal JSON value: empty arrays, odd values and all.
fn survives<T: Resource>(json: &str) -> T {
    let response: T = serde_json::from_str(json).unwrap();
    let written = serde_json::to_value(&response).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(json).unwrap());
    let again: T = serde_json::from_value(written.clone()).unwrap();
    assert_eq!(serde_json::to_value(again).unwrap(), written);
    response
}

/// A copy of a response with one more field in each of its objects, at every level.
#[test]
fn a_new_field_at_any_level_survives() {
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
        let customer = survives::<Customer>(&value.to_string());
        assert!(customer.undescribed().contains(&"companyProfile.links.self.newField".to_owned()));
    }
}
