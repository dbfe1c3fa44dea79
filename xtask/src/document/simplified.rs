//! The schemas as `progenitor` is given them: with what it maps to types, and nothing that one of its assertions could fail on.

use crate::dialect::{Definition, DefinitionKind, Object, Shape};
use anyhow::Result;
use openapiv3::OpenAPI;
use serde_json::{Map, Value, json};

/// The Rust name of the field that holds the properties with other names than those of the schema.
pub(crate) const ADDITIONAL_PROPERTIES_FIELD: &str = "additional_properties";

/// Returns a document without paths, in which the properties of objects have their Rust names.
pub(crate) fn simplified_schemas(definitions: &[Definition]) -> Result<OpenAPI> {
    let schemas = definitions.iter().map(|definition| (definition.name.clone(), simplified_schema(definition)));
    let schemas: Map<String, Value> = schemas.collect();
    // Without paths it generates no client.
    Ok(serde_json::from_value(json!({
        "openapi": "3.0.3",
        "info": {"title": "Schemas", "version": "v1"},
        "paths": {},
        "components": {"schemas": schemas},
    }))?)
}

fn simplified_schema(definition: &Definition) -> Value {
    let DefinitionKind::Object(Object { properties, additional }) = &definition.kind else {
        // It is replaced by a type of ours.
        return json!({"type": "string", "enum": ["value"]});
    };
    let required: Vec<_> =
        properties.iter().filter(|property| property.required).map(|property| &property.field).collect();
    let properties = properties.iter().map(|property| (property.field.clone(), simplified_shape(&property.shape)));
    let additional = additional.iter().map(|shape| (ADDITIONAL_PROPERTIES_FIELD.to_owned(), simplified_map(shape)));
    let properties = properties.chain(additional);
    json!({"type": "object", "required": required, "properties": properties.collect::<Map<_, _>>()})
}

fn simplified_shape(shape: &Shape) -> Value {
    match shape {
        Shape::Named(name) => json!({"$ref": format!("#/components/schemas/{name}")}),
        Shape::List(item) => json!({"type": "array", "items": simplified_shape(item)}),
        Shape::Text => json!({"type": "string"}),
        Shape::Secret | Shape::Password => json!({"type": "string", "format": "password"}),
        Shape::Uuid => json!({"type": "string", "format": "uuid"}),
        Shape::Bool => json!({"type": "boolean"}),
        Shape::Int32 => json!({"type": "integer", "format": "int32"}),
        Shape::Int64 => json!({"type": "integer", "format": "int64"}),
        Shape::Double => json!({"type": "number", "format": "double"}),
        Shape::DateTime => json!({"type": "string", "format": "date-time"}),
        Shape::Date => json!({"type": "string", "format": "date"}),
        Shape::Decimal => json!({"type": "number", "format": "decimal"}),
        Shape::Map(value) => simplified_map(value),
        // A file is no property of a type.
        Shape::Any | Shape::Binary => json!({}),
    }
}

fn simplified_map(value: &Shape) -> Value {
    json!({"type": "object", "additionalProperties": simplified_shape(value)})
}
