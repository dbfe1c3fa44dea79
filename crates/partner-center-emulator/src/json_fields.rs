//! JSON as the service reads and writes it: names of fields in any case, and values of enums in several spellings.

use crate::check::equals_ignoring_case_and_underscores;
use partner_center_spec::{Object, Property, SchemaKind, Type};
use serde_json::{Map, Value};

/// Returns a field whose name may be in any case; the exact name wins.
pub(crate) fn get_field_ignoring_case<'a>(fields: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    fields.get(name).or_else(|| fields.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value))
}

/// Returns the property with this name, which may be in any case and another one of its spellings.
pub(crate) fn find_property_by_name<'a>(properties: &'a [Property], name: &str) -> Option<&'a Property> {
    properties.iter().find(|property| {
        let mut names = [property.name].into_iter().chain(property.spellings.iter().copied());
        names.any(|known| known.eq_ignore_ascii_case(name))
    })
}

/// Returns a field of `value` by the names on the way to it.
pub(crate) fn string_at_path<'a>(value: &'a Value, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(value, |value, name| value.get(name))?.as_str()
}

/// Returns `value`, of the type `of`, as the service stores it: names of fields begin with a small letter and are otherwise
/// spelled as in the specification, and values of enums as well.
pub(crate) fn normalize_value(of: Type, value: Value) -> Value {
    match (value, of, of.schema_kind()) {
        (Value::Array(items), of, _) => {
            let item = if let Type::List(item) = of { *item } else { Type::Any };
            items.into_iter().map(|value| normalize_value(item, value)).collect()
        }
        (Value::Object(fields), _, Some(SchemaKind::Union(union))) => {
            let discriminator = get_field_ignoring_case(&fields, union.discriminator).and_then(Value::as_str);
            let mut variants = union.variants.iter();
            let variant = variants.find(|variant| {
                discriminator.is_some_and(|value| equals_ignoring_case_and_underscores(variant.value, value))
            });
            let of = variant.map_or(Type::Any, |variant| Type::Schema(variant.schema));
            normalize_value(of, Value::Object(fields))
        }
        (Value::Object(fields), of, kind) => {
            let object = if let Some(SchemaKind::Object(object)) = kind { Some(object) } else { None };
            let additional = if let Type::Map(of) = of { Some(*of) } else { None };
            Value::Object(normalize_fields(object, additional, fields))
        }
        (Value::String(text), _, Some(SchemaKind::StringEnum(values))) => {
            let known = values.iter().find(|value| equals_ignoring_case_and_underscores(value.value, &text));
            Value::String(known.map_or(text, |value| value.value.to_owned()))
        }
        (value, ..) => value,
    }
}

fn normalize_fields(
    object: Option<&Object>,
    additional: Option<Type>,
    fields: Map<String, Value>,
) -> Map<String, Value> {
    let properties = object.map_or(&[][..], |object| object.properties);
    let additional = object.and_then(|object| object.additional).or(additional).unwrap_or(Type::Any);
    fields
        .into_iter()
        .map(|(name, value)| match find_property_by_name(properties, &name) {
            Some(property) => (property.name.to_owned(), normalize_value(property.value, value)),
            None => (lowercase_first_letter(&name), normalize_value(additional, value)),
        })
        .collect()
}

/// Returns `name` with a small first letter, as the service writes all names, also those of maps.
fn lowercase_first_letter(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_lowercase().chain(letters).collect())
}

/// Puts the fields of `change` into `target`, deeply; `null` removes a field.
pub(crate) fn merge_fields(target: &mut Value, change: Value) {
    match (target, change) {
        (Value::Object(target), Value::Object(change)) => {
            for (name, value) in change {
                if value.is_null() {
                    target.remove(&name);
                } else {
                    merge_fields(target.entry(name).or_insert(Value::Null), value);
                }
            }
        }
        (target, change) => *target = without_null_fields(change),
    }
}

/// Returns `value` without the fields that are `null`.
pub(crate) fn without_null_fields(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_null_fields(value)))
            .collect::<Map<_, _>>()
            .into(),
        Value::Array(items) => items.into_iter().map(without_null_fields).collect(),
        value => value,
    }
}

/// Removes what the service takes and never returns, such as passwords, from `fields` of the type `of`, deeply.
pub(crate) fn remove_write_only_fields(of: Type, fields: &mut Map<String, Value>) {
    let Some(object) = of.object() else { return };
    for property in object.properties {
        if property.is_write_only || property.value.is_secret() {
            fields.remove(property.name);
        } else if let Some(value) = fields.get_mut(property.name) {
            remove_write_only_values(property.value, value);
        }
    }
}

fn remove_write_only_values(of: Type, value: &mut Value) {
    match (of, value) {
        (Type::List(of), Value::Array(items)) => items.iter_mut().for_each(|item| remove_write_only_values(*of, item)),
        (Type::Map(of), Value::Object(fields)) => {
            fields.values_mut().for_each(|value| remove_write_only_values(*of, value));
        }
        (of, Value::Object(fields)) => remove_write_only_fields(of, fields),
        _ => {}
    }
}

/// Adds `null` for each field that an object of the type `of` may have and lacks.
pub(crate) fn add_null_fields(of: Type, value: &mut Value) {
    match (of, value) {
        (Type::List(of), Value::Array(items)) => items.iter_mut().for_each(|item| add_null_fields(*of, item)),
        (Type::Map(of), Value::Object(fields)) => fields.values_mut().for_each(|value| add_null_fields(*of, value)),
        (of, Value::Object(fields)) => {
            let Some(object) = of.object() else { return };
            for property in object.properties {
                if let Some(value) = fields.get_mut(property.name) {
                    add_null_fields(property.value, value);
                } else if !property.is_required {
                    fields.insert(property.name.to_owned(), Value::Null);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{add_null_fields, merge_fields, normalize_value, without_null_fields};
    use partner_center_spec::Type;
    use serde_json::json;

    #[test]
    fn names_and_values_are_stored_as_the_service_spells_them() {
        let sent = json!({
            "Id": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "COMPANYPROFILE": { "Domain": "contoso.example" },
            "RelationshipToPartner": "MicrosoftSupport",
            "CustomDomains": ["A"],
            "Loyalty": { "Tier": 1 },
        });
        let stored = json!({
            "id": "aaaabbbb-0000-cccc-1111-dddd2222eeee",
            "companyProfile": { "domain": "contoso.example" },
            "relationshipToPartner": "microsoft_support",
            "customDomains": ["A"],
            "loyalty": { "tier": 1 },
        });
        assert_eq!(normalize_value(Type::Schema("Customer"), sent), stored);
    }

    #[test]
    fn merging_changes_only_what_is_sent() {
        let mut stored = json!({ "a": 1, "b": { "c": 2, "d": 3 }, "e": [1, 2] });
        merge_fields(&mut stored, json!({ "a": null, "b": { "c": 4 }, "e": [3], "f": { "g": null } }));
        assert_eq!(stored, json!({ "b": { "c": 4, "d": 3 }, "e": [3], "f": {} }));
        assert_eq!(without_null_fields(json!([{ "a": null, "b": [null] }])), json!([{ "b": [null] }]));
    }

    #[test]
    fn nulls_stand_for_absent_fields() {
        let mut customer = json!({ "companyProfile": {} });
        add_null_fields(Type::Schema("Customer"), &mut customer);
        assert_eq!(customer["billingProfile"], json!(null));
        assert_eq!(customer["companyProfile"]["domain"], json!(null));
        assert!(customer["companyProfile"].as_object().is_some_and(|profile| profile.contains_key("domain")));
    }
}
