use partner_center_spec::{Property, SchemaKind, Type};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The paths of all fields of a body, such as `items[].id`, with the types of their values. It has no value.
pub(super) type BodyShape = BTreeMap<String, BTreeSet<&'static str>>;

/// Returns the shape of `value`, of the type `of`.
pub(super) fn shape_of_json(of: Type, value: &Value) -> BodyShape {
    let mut shape = BodyShape::new();
    add_value(&mut shape, String::new(), of, value);
    shape
}

fn add_value(shape: &mut BodyShape, path: String, of: Type, value: &Value) {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(items) => {
            let item_type = if let Type::List(item_type) = of { *item_type } else { Type::Any };
            for item in items {
                add_value(shape, format!("{path}[]"), item_type, item);
            }
            "array"
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let (name, field_type) = shown_name_and_type(of, name);
                let separator = if path.is_empty() { "" } else { "." };
                add_value(shape, format!("{path}{separator}{name}"), field_type, value);
            }
            "object"
        }
    };
    shape.entry(path).or_default().insert(kind);
}

/// Returns the name of a field as it is shown, with its type: `*` where the name may be data.
fn shown_name_and_type(of: Type, name: &str) -> (&str, Type) {
    if let Type::Map(value_type) = of {
        return ("*", *value_type);
    }
    let properties: Vec<&Property> = match of.schema_kind() {
        Some(SchemaKind::Object(object)) => object.properties.iter().collect(),
        Some(SchemaKind::Union(union)) => {
            let variants = union.variants.iter().filter_map(|variant| Type::Schema(variant.schema).object());
            variants.flat_map(|object| object.properties).collect()
        }
        _ => return ("*", Type::Any),
    };
    if let Some(property) = properties.iter().find(|property| property.name.eq_ignore_ascii_case(name)) {
        return (name, property.value);
    }
    if let Some(additional) = of.object().and_then(|object| object.additional) {
        return ("*", additional);
    }
    // One that is not described yet. A name of a person or a company would begin with a capital letter.
    let is_name = name.len() <= 40
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(|byte| byte.is_ascii_alphabetic());
    (if is_name { name } else { "*" }, Type::Any)
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
        for expected in [
            "id: {\"string\"}",
            "companyProfile.newField: {\"number\"}",
            "customDomains[]: {\"null\", \"string\"}",
            "*.*: {\"integer\"}",
        ] {
            assert!(lines.iter().any(|line| line == expected), "{expected} is not in\n{text}");
        }
        assert!(!text.to_lowercase().contains("secret"), "{text}");
    }
}
