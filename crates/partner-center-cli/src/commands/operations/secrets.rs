//! Secrets in bodies, replaced where they would be shown.

use super::{json_tree::JsonTree, response::parse_own_json};
use partner_center_spec::{Object, Property, SchemaKind, Type};

/// Returns JSON of the type `of` with its secrets replaced by `[secret]`: what the specification calls one, and strings in
/// fields that it does not describe whose names say so.
pub(crate) fn replace_secrets(json: &str, of: Type) -> String {
    match JsonTree::parse(json) {
        Ok(tree) => with_secrets_replaced(of, tree).to_json(),
        // It is not shown at all.
        Err(_) => "null".to_owned(),
    }
}

/// Returns the value with its secrets replaced.
pub(super) fn with_secrets_replaced(value: Type, mut tree: JsonTree) -> JsonTree {
    replace_secrets_in_tree(value, &mut tree);
    tree
}

fn replace_secrets_in_tree(value: Type, tree: &mut JsonTree) {
    if tree.is_null() {
        return;
    }
    if value.is_secret() {
        *tree = JsonTree::Value(parse_own_json("\"[secret]\""));
        return;
    }
    match tree.expand_one_level() {
        JsonTree::List(entries) => {
            let item = if let Type::List(item) = value { *item } else { Type::Any };
            for entry in entries {
                replace_secrets_in_tree(item, entry);
            }
        }
        JsonTree::Object(fields) => {
            for (name, field) in fields {
                let is_string = matches!(field, JsonTree::Value(value) if value.json().starts_with('"'));
                replace_secrets_in_tree(field_type_or_secret(value, name, is_string), field);
            }
        }
        JsonTree::Value(_) => {}
    }
}

/// Returns the type of a field of an object of the type `of`.
fn field_type_or_secret(of: Type, name: &str, is_string: bool) -> Type {
    let described = match (of, of.schema_kind()) {
        (Type::Map(item), _) => Some(*item),
        (_, Some(SchemaKind::Object(object))) => {
            find_property(object, name).map(|property| property.value).or(object.additional)
        }
        // Any of the objects may have it.
        (_, Some(SchemaKind::Union(union))) => {
            let objects = union.variants.iter().filter_map(|variant| Type::Schema(variant.schema).object());
            objects.filter_map(|object| find_property(object, name)).map(|property| property.value).next()
        }
        _ => None,
    };
    match described {
        Some(value) if value != Type::Any => value,
        _ if is_string && names_secret(name) => Type::Secret,
        _ => Type::Any,
    }
}

fn find_property(object: &'static Object, name: &str) -> Option<&'static Property> {
    let is_named = |known: &str| known.eq_ignore_ascii_case(name);
    let is_it =
        |property: &&Property| is_named(property.name) || property.spellings.iter().any(|known| is_named(known));
    object.properties.iter().find(is_it)
}

/// Whether the name of a field says that its value is a secret.
fn names_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    name.contains("password") || name.contains("secret") || name.ends_with("token")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_replaced_and_all_else_stays() {
        for (of, json, expected) in [
            (
                Type::Schema("Customer"),
                r#"{"Id":"1","UserCredentials":{"userName":"admin","Password":"Sample-1"},"n":1.500}"#,
                r#"{"Id":"1","UserCredentials":{"userName":"admin","Password":"[secret]"},"n":1.500}"#,
            ),
            (
                Type::Schema("AuditRecord"),
                r#"{"resourceNewValue":"{\"Password\":\"Sample-1\"}","resourceOldValue":null}"#,
                r#"{"resourceNewValue":"[secret]","resourceOldValue":null}"#,
            ),
            (
                Type::Any,
                r#"{"a":[{"adminPassword":"Sample-1","tokens":2,"accessToken":"x","passwords":["kept"],"password":7}]}"#,
                r#"{"a":[{"adminPassword":"[secret]","tokens":2,"accessToken":"[secret]","passwords":["kept"],"password":7}]}"#,
            ),
            (Type::List(&Type::Password), r#"["Sample-1",null]"#, r#"["[secret]",null]"#),
            (Type::Any, "{", "null"),
        ] {
            assert_eq!(replace_secrets(json, of), expected);
        }
    }
}
