//! What holds for any input.

use partner_center::{
    models::{CustomerCollection, RelationshipToPartner, uuid},
    operations::Operation,
    *,
};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

/// JSON values of every kind, nested a little.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        // Texts that are GUIDs, in this spelling or that.
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

/// Names that the specification knows, and others.
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

/// Without the nulls of fields that the specification describes, which read as absent; what else is null stays.
fn without_known_nulls(value: Value, read: &Value) -> Value {
    match (value, read) {
        (Value::Object(fields), Value::Object(read)) => fields
            .into_iter()
            .filter(|(name, value)| !value.is_null() || read.contains_key(name))
            .map(|(name, value)| match read.get(&name) {
                Some(read) => (name, without_known_nulls(value, read)),
                None => (name, value),
            })
            .collect(),
        (Value::Array(items), Value::Array(read)) if items.len() == read.len() => {
            items.into_iter().zip(read).map(|(item, read)| without_known_nulls(item, read)).collect()
        }
        (value, _) => value,
    }
}

proptest! {
    /// Any object on a page is a customer, and is written back as it came, whatever its fields hold.
    #[test]
    fn any_object_survives_as_a_customer(
        fields in prop::collection::btree_map(field_name(), json_value(), 0..8)
    ) {
        let value = Value::Object(fields.into_iter().collect());
        let page: CustomerCollection = serde_json::from_str(&json!({"items": [value]}).to_string()).unwrap();
        let written = serde_json::to_value(&page).unwrap();
        prop_assert_eq!(&written["items"][0], &without_known_nulls(value, &written["items"][0]));
        let again: CustomerCollection = serde_json::from_value(written).unwrap();
        prop_assert_eq!(again, page);
    }

    /// Any text is a relationship, and a known text is never an unknown one.
    #[test]
    fn any_text_survives_as_an_enum(text in prop_oneof![".{0,16}", "reseller|advisor|syndication|none|unknown"]) {
        let value: RelationshipToPartner = serde_json::from_value(json!(text)).unwrap();
        prop_assert_eq!(value.as_str(), &text);
        prop_assert_eq!(value.to_string(), text.as_str());
        prop_assert_eq!(serde_json::to_value(&value).unwrap(), json!(text));
        let known = ["unknown", "reseller", "advisor", "syndication", "microsoft_support", "none"].contains(&&*text);
        prop_assert_eq!(matches!(value, RelationshipToPartner::UnknownVariant(_)), !known);
    }

    /// A filter's value arrives as it was given, whatever is in it.
    #[test]
    fn any_filter_arrives(value in ".{0,40}") {
        let parameters = ListCustomers::new().filter(CustomerFilter::company_name(value.clone())).parameters().unwrap();
        let (_, json) = &parameters.query[0];
        let filter: Value = serde_json::from_str(json).unwrap();
        prop_assert_eq!(filter, json!({"Field": "CompanyName", "Value": value, "Operator": "starts_with"}));
    }
}
