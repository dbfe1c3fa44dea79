//! The shape of JSON: names of fields and types of values, and no value.

use partner_center_spec::{Property, SchemaKind, Type};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The paths of all fields of a body, such as `items[].id`, with the types of their values. It has no value.
pub(super) type BodyShape = BTreeMap<String, BTreeSet<JsonType>>;

/// The type of a value in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum JsonType {
    /// A list.
    Array,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Integer,
    /// `null`.
    Null,
    /// A number that is not whole.
    Number,
    /// Fields with values.
    Object,
    /// A text.
    String,
}

/// What stands for the name of a field that may be data.
pub(super) const HIDDEN_NAME: &str = "*";

/// Returns the shape of `value`, of the type `of`.
pub(super) fn shape_of_json(of: Type, value: &Value) -> BodyShape {
    let mut shape = BodyShape::new();
    add_value(&mut shape, String::new(), of, value);
    shape
}

fn add_value(shape: &mut BodyShape, path: String, of: Type, value: &Value) {
    let json_type = match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Boolean,
        Value::Number(number) if number.is_f64() => JsonType::Number,
        Value::Number(_) => JsonType::Integer,
        Value::String(_) => JsonType::String,
        Value::Array(items) => {
            for item in items {
                add_value(shape, format!("{path}[]"), item_type(of), item);
            }
            JsonType::Array
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let (name, field_type) = shown_name_and_type(of, name);
                let separator = if path.is_empty() { "" } else { "." };
                add_value(shape, format!("{path}{separator}{name}"), field_type, value);
            }
            JsonType::Object
        }
    };
    shape.entry(path).or_default().insert(json_type);
}

/// Returns the type of the items of a list of the type `of`.
pub(super) fn item_type(of: Type) -> Type {
    if let Type::List(item_type) = of { *item_type } else { Type::Any }
}

/// Returns the name of a field as it is shown, with its type: `*` where the name may be data.
pub(super) fn shown_name_and_type(of: Type, name: &str) -> (&str, Type) {
    if let Type::Map(value_type) = of {
        return (HIDDEN_NAME, *value_type);
    }
    let properties: Vec<&Property> = match of.schema_kind() {
        Some(SchemaKind::Object(object)) => object.properties.iter().collect(),
        Some(SchemaKind::Union(union)) => {
            let variants = union.variants.iter().filter_map(|variant| Type::Schema(variant.schema).object());
            variants.flat_map(|object| object.properties).collect()
        }
        _ => return (HIDDEN_NAME, Type::Any),
    };
    if let Some(property) = properties.iter().find(|property| property.name.eq_ignore_ascii_case(name)) {
        return (name, property.value);
    }
    if let Some(additional) = of.object().and_then(|object| object.additional) {
        return (HIDDEN_NAME, additional);
    }
    // One that is not described yet. A name of a person or a company would begin with a capital letter.
    let is_name = name.len() <= 40
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    (if is_name { name } else { HIDDEN_NAME }, Type::Any)
}

#[cfg(test)]
mod tests {
    use super::shape_of_json;
    use partner_center_spec::Type;
    use serde_json::json;

    #[test]
    fn shape_has_no_value_and_no_name_that_may_be_data() {
        let customer = json!({
            "id": "0f4e1c2a-6a5b-4a0e-8d6a-5f3a0c1d2e3f",
            "companyProfile": { "companyName": "Secret Ltd", "newField": 1.5 },
            "customDomains": ["secret.example", null],
            "Secret Ltd": { "secret": 1 },
            "attributes": null,
        });
        let shape = shape_of_json(Type::Schema("Customer"), &customer);
        let lines: Vec<_> = shape.iter().map(|(path, kinds)| format!("{path}: {kinds:?}")).collect();
        let text = lines.join("\n");
        for expected in
            ["id: {String}", "companyProfile.newField: {Number}", "customDomains[]: {Null, String}", "*.*: {Integer}"]
        {
            assert!(lines.iter().any(|line| line == expected), "{expected} is not in\n{text}");
        }
        assert!(!text.to_lowercase().contains("secret"), "{text}");
    }
}
