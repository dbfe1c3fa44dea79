//! A walk through the objects of a document.

use crate::dialect::{X_PC_PROPERTY_DESCRIPTIONS, escape_pointer_step};
use yaml_serde::{Mapping, Value};

/// Keys whose values are objects with names that the specification defines, not with keywords.
const KEYS_OF_NAME_MAPS: &[&str] = &[
    "callbacks",
    "content",
    "examples",
    "headers",
    "links",
    "mapping",
    "parameters",
    "paths",
    "properties",
    "requestBodies",
    "responses",
    "schemas",
    "securitySchemes",
    "variables",
    X_PC_PROPERTY_DESCRIPTIONS,
];

/// Keys whose values are data, in which no key is a keyword.
const DATA_KEYS: &[&str] = &["default", "enum", "example", "value"];

/// The kind of the keys of an object.
#[derive(Clone, Copy, PartialEq)]
enum ObjectKeyKind {
    /// Keywords of OpenAPI.
    Keywords,
    /// Names that the specification defines: of schemas, properties, paths.
    Own,
}

/// Visits every object with keywords of OpenAPI, from the inside out, with its place as a JSON pointer. Skips data.
pub(crate) fn visit_objects_mut(document: &mut Value, visit: &mut dyn FnMut(&str, &mut Mapping)) {
    visit_value_mut("#", document, ObjectKeyKind::Keywords, visit);
}

fn visit_value_mut(at: &str, value: &mut Value, names: ObjectKeyKind, visit: &mut dyn FnMut(&str, &mut Mapping)) {
    match value {
        Value::Mapping(object) => {
            let are_keywords = names == ObjectKeyKind::Keywords;
            for (key, value) in object.iter_mut() {
                let Some(key) = key.as_str() else { continue };
                if are_keywords && DATA_KEYS.contains(&key) {
                    continue;
                }
                let is_name_map = are_keywords && KEYS_OF_NAME_MAPS.contains(&key) && value.is_mapping();
                let inner = if is_name_map { ObjectKeyKind::Own } else { ObjectKeyKind::Keywords };
                visit_value_mut(&format!("{at}/{}", escape_pointer_step(key)), value, inner, visit);
            }
            if are_keywords {
                visit(at, object);
            }
        }
        Value::Sequence(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                visit_value_mut(&format!("{at}/{index}"), item, ObjectKeyKind::Keywords, visit);
            }
        }
        _ => {}
    }
}
