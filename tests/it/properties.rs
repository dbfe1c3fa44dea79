//! Properties of the models and filters, for random input.

use partner_center::{
    models::{CustomerCollection, RelationshipToPartner, uuid},
    operations::Operation,
    *,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// Returns JSON values of every kind, nested up to three levels.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        // Strings that are GUIDs, in three spellings.
        any::<u128>().prop_map(|id| Value::from(uuid::Uuid::from_u128(id).to_string())),
        any::<u128>().prop_map(|id| Value::from(uuid::Uuid::from_u128(id).braced().to_string())),
        any::<u128>().prop_map(|id| Value::from(uuid::Uuid::from_u128(id).simple().to_string())),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(field_name(), inner, 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Returns field names of the specification, and others.
fn field_name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(
            &[
                "id",
                "commerceId",
                "companyProfile",
                "billingProfile",
                "customDomains",
                "tags",
                "links",
                "self",
                "uri",
                "headers",
                "key",
                "value",
                "attributes",
                "objectType",
                "address",
                "relationshipToPartner",
                "allowDelegatedAccess",
                "userCredentials",
                "items",
                "totalCount",
                "next",
                "continuationToken",
            ][..]
        )
        .prop_map(str::to_owned),
        "[a-z]{1,6}",
    ]
}

/// Removes the nulls of known fields, which are decoded as absent. Other nulls stay.
fn without_known_nulls(value: Value, decoded: &Value) -> Value {
    match (value, decoded) {
        (Value::Object(fields), Value::Object(decoded)) => fields
            .into_iter()
            .filter(|(name, value)| !value.is_null() || decoded.contains_key(name))
            .map(|(name, value)| match decoded.get(&name) {
                Some(decoded) => (name, without_known_nulls(value, decoded)),
                None => (name, value),
            })
            .collect(),
        (Value::Array(items), Value::Array(decoded)) if items.len() == decoded.len() => {
            items.into_iter().zip(decoded).map(|(item, decoded)| without_known_nulls(item, decoded)).collect()
        }
        (value, _) => value,
    }
}

proptest! {
    /// Any object on a page is decoded as a customer, and encoded as it was, whatever the values of its fields.
    #[test]
    fn any_object_is_a_customer(
        fields in prop::collection::btree_map(field_name(), json_value(), 0..8)
    ) {
        let value = Value::Object(fields.into_iter().collect());
        let page: CustomerCollection = serde_json::from_str(&json!({"items": [value]}).to_string()).unwrap();
        let encoded = serde_json::to_value(&page).unwrap();
        prop_assert_eq!(&encoded["items"][0], &without_known_nulls(value, &encoded["items"][0]));
        let decoded_again: CustomerCollection = serde_json::from_value(encoded).unwrap();
        prop_assert_eq!(decoded_again, page);
    }

    /// Any string is a relationship, and a known string is never an unknown variant.
    #[test]
    fn any_string_is_an_enum_value(text in prop_oneof![".{0,16}", "reseller|advisor|syndication|none|unknown"]) {
        let value: RelationshipToPartner = serde_json::from_value(json!(text)).unwrap();
        prop_assert_eq!(value.as_str(), &text);
        prop_assert_eq!(value.to_string(), text.as_str());
        prop_assert_eq!(serde_json::to_value(&value).unwrap(), json!(text));
        let known = ["unknown", "reseller", "advisor", "syndication", "microsoft_support", "none"].contains(&&*text);
        prop_assert_eq!(matches!(value, RelationshipToPartner::UnknownVariant(_)), !known);
    }

    /// The value of a filter is sent unchanged, whatever its characters.
    #[test]
    fn any_filter_value_is_sent_unchanged(value in ".{0,40}") {
        let parameters = ListCustomers::new().filter(CustomerFilter::company_name(value.clone())).parameters().unwrap();
        let (_, json) = &parameters.query[0];
        let filter: Value = serde_json::from_str(json).unwrap();
        prop_assert_eq!(filter, json!({"Field": "CompanyName", "Value": value, "Operator": "starts_with"}));
    }
}
