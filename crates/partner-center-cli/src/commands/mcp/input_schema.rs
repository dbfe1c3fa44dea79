//! The arguments of a tool as a JSON schema.

use super::toolset::describe_confirmed_value;
use crate::arguments::operations::{
    help::{first_sentence, markdown_to_plain_text},
    tables::{
        ResultShape, asks_before_sending, caller_settable_parameters, etag_parameter, json_body_or_part_type,
        operation_that_reads_resource, page_size_parameter,
    },
    value::parameter_value_type,
};
use partner_center_spec::{
    Constraints, EnumValue, Object, Operation, Parameter, ParameterStyle, Property, SchemaKind, Type,
};
use serde_json::{Map, Value, json};

/// The argument with the body of the request.
pub(super) const BODY_ARGUMENT: &str = "body";
/// The argument with changes of a resource that is read first.
pub(super) const SET_ARGUMENT: &str = "set";
pub(super) const CONFIRM_ARGUMENT: &str = "confirm";
pub(super) const LIMIT_ARGUMENT: &str = "limit";
pub(super) const FIELDS_ARGUMENT: &str = "fields";
pub(super) const QUERY_ARGUMENT: &str = "query";

/// Returns the schema of the arguments of a tool.
pub(super) fn input_schema(operation: &'static Operation) -> Map<String, Value> {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for parameter in argument_parameters(operation) {
        properties.insert(argument_name(parameter), parameter_schema(parameter));
        if parameter.is_required && parameter.default.is_none() {
            required.push(argument_name(parameter));
        }
    }
    let mut add = |name: &str, schema: Value, is_required: bool| {
        properties.insert(name.to_owned(), schema);
        if is_required {
            required.push(name.to_owned());
        }
    };
    if operation_that_reads_resource(operation).is_some() {
        add(SET_ARGUMENT, set_schema(operation), true);
    } else if let (Some((_, value)), Some(body)) = (json_body_or_part_type(operation), operation.body) {
        add(BODY_ARGUMENT, body_schema(value, body.description), body.is_required);
    }
    for (name, schema) in result_options(operation) {
        add(name, schema, false);
    }
    if asks_before_sending(operation) {
        let description =
            format!("Confirms the change, after the user has agreed to it: {}", describe_confirmed_value(operation));
        add(CONFIRM_ARGUMENT, json!({ "type": "string", "description": description }), true);
    }
    let mut schema = Map::new();
    schema.insert("type".to_owned(), json!("object"));
    schema.insert("properties".to_owned(), Value::Object(properties));
    schema.insert("required".to_owned(), json!(required));
    schema.insert("additionalProperties".to_owned(), json!(false));
    schema
}

/// Returns the parameters that a tool takes: not the size of a page, nor the etag of what is read first.
pub(super) fn argument_parameters(operation: &'static Operation) -> impl Iterator<Item = &'static Parameter> {
    let reads_etag = operation_that_reads_resource(operation).is_some();
    let left_out = [page_size_parameter(operation), etag_parameter(operation).filter(|_| reads_etag)];
    let left_out = left_out.map(|parameter| parameter.map(|parameter| parameter.name));
    caller_settable_parameters(operation).filter(move |parameter| !left_out.contains(&Some(parameter.name)))
}

/// Returns the name of a parameter as an argument.
pub(super) fn argument_name(parameter: &Parameter) -> String {
    parameter.flag.replace('-', "_")
}

fn result_options(operation: &Operation) -> Vec<(&'static str, Value)> {
    let shape = ResultShape::of_operation(operation);
    let is_list = matches!(shape, ResultShape::Pages | ResultShape::List { .. });
    let mut options = Vec::new();
    if is_list {
        let description = "Only the first items";
        options.push((LIMIT_ARGUMENT, json!({ "type": "integer", "minimum": 1, "description": description })));
    }
    if is_list || shape == ResultShape::Value {
        let description = "Only these fields, by their paths";
        let items = json!({ "type": "string" });
        options.push((FIELDS_ARGUMENT, json!({ "type": "array", "items": items, "description": description })));
        let description = "JMESPath over the complete result; < and > compare numbers only, not texts or dates";
        options.push((QUERY_ARGUMENT, json!({ "type": "string", "description": description })));
    }
    options
}

fn set_schema(operation: &Operation) -> Value {
    let fields = json_body_or_part_type(operation)
        .and_then(|(_, value)| value.object())
        .map_or(&[][..], |object| object.properties);
    let fields = fields.iter().filter(|property| !property.is_read_only && !is_link(property));
    let fields: Vec<_> = fields.map(|property| property.name).collect();
    json!({
        "type": "object",
        "minProperties": 1,
        "description": format!(
            "The changes: paths of fields, such as address.city or items.0.quantity, with their new values; all other fields \
             stay as they are. The fields are {}",
            fields.join(", ")
        ),
    })
}

fn body_schema(value: Type, description: &str) -> Value {
    let mut schema = type_schema(value, 0);
    if let Value::Object(schema) = &mut schema {
        let description = first_sentence(description);
        if !description.is_empty() {
            schema.insert("description".to_owned(), json!(description));
        }
    }
    schema
}

fn parameter_schema(parameter: &Parameter) -> Value {
    let value = parameter_value_type(parameter);
    let mut schema = type_schema(value, 0);
    let is_list = matches!(parameter.style, ParameterStyle::Exploded | ParameterStyle::CommaSeparated);
    constrain(&mut schema, parameter.constraints);
    if is_list {
        schema = json!({ "type": "array", "items": schema });
    }
    let description = match (parameter.style, parameter.example) {
        // How a filter is written is in no other place.
        (ParameterStyle::Json, Some(example)) => {
            format!("{} Example: {example}", markdown_to_plain_text(parameter.description))
        }
        _ => first_sentence(parameter.description),
    };
    describe(&mut schema, &description);
    if let (Some(default), Value::Object(schema)) = (parameter.default, &mut schema) {
        schema.insert("default".to_owned(), json!(default));
    }
    schema
}

/// The maximum number of objects within each other in a schema.
const MAX_SCHEMA_DEPTH: usize = 3;

/// Returns the schema of values of a type. Schemas are written out, as some clients do not resolve references.
fn type_schema(value: Type, depth: usize) -> Value {
    match (value, value.schema_kind()) {
        (Type::Uuid, _) => json!({ "type": "string", "format": "uuid" }),
        (Type::DateTime, _) => json!({ "type": "string", "format": "date-time" }),
        (Type::Date, _) => json!({ "type": "string", "format": "date" }),
        (Type::Bool, _) => json!({ "type": "boolean" }),
        (Type::Int32 | Type::Int64, _) => json!({ "type": "integer" }),
        (Type::Double | Type::Decimal, _) => json!({ "type": "number" }),
        (Type::Any, _) => json!({}),
        (Type::List(item), _) => json!({ "type": "array", "items": type_schema(*item, depth) }),
        (Type::Map(item), _) => json!({ "type": "object", "additionalProperties": type_schema(*item, depth) }),
        (_, Some(SchemaKind::StringEnum(values))) => enum_schema("string", values),
        (_, Some(SchemaKind::IntegerEnum(values))) => enum_schema("integer", values),
        (_, Some(SchemaKind::StringOrInteger)) => json!({ "type": ["string", "integer"] }),
        (_, Some(SchemaKind::Object(object))) if depth < MAX_SCHEMA_DEPTH => object_schema(object, depth),
        (_, Some(SchemaKind::Object(_) | SchemaKind::Union(_))) => json!({ "type": "object" }),
        _ => json!({ "type": "string" }),
    }
}

/// Values of enums are described, not required: the service may know more.
fn enum_schema(kind: &str, values: &[EnumValue]) -> Value {
    let values: Vec<_> = values.iter().map(|value| value.value).filter(|value| !value.is_empty()).collect();
    json!({ "type": kind, "description": format!("Known values: {}", values.join(", ")) })
}

fn object_schema(object: &Object, depth: usize) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for property in object.properties.iter().filter(|property| !property.is_read_only && !is_link(property)) {
        let mut schema = type_schema(property.value, depth + 1);
        constrain(&mut schema, property.constraints);
        describe(&mut schema, &first_sentence(property.description));
        properties.insert(property.name.to_owned(), schema);
        if property.is_required {
            required.push(property.name);
        }
    }
    let mut schema = json!({ "type": "object", "properties": properties });
    if let (false, Value::Object(schema)) = (required.is_empty(), &mut schema) {
        schema.insert("required".to_owned(), json!(required));
    }
    schema
}

/// Whether the property has the links of a resource, which the service sets and ignores.
fn is_link(property: &Property) -> bool {
    property.name == "links" && !property.is_required
}

fn constrain(schema: &mut Value, constraints: &Constraints) {
    let Value::Object(schema) = schema else { return };
    let limits = [("minimum", constraints.client_minimum()), ("maximum", constraints.maximum)];
    for (name, limit) in limits {
        if let Some(limit) = limit {
            schema.insert(name.to_owned(), json!(limit));
        }
    }
}

/// Puts a description before that of the type.
fn describe(schema: &mut Value, description: &str) {
    let Value::Object(schema) = schema else { return };
    let of_type = schema.get("description").and_then(Value::as_str).unwrap_or_default();
    let text = match (description.trim_end_matches('.'), of_type) {
        ("", of_type) => of_type.to_owned(),
        (description, "") => description.to_owned(),
        (description, of_type) => format!("{description}. {of_type}"),
    };
    if !text.is_empty() {
        schema.insert("description".to_owned(), json!(text));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use partner_center_spec::OPERATIONS;
    use std::collections::BTreeSet;

    #[test]
    fn arguments_have_unique_names() {
        for operation in OPERATIONS {
            let reserved =
                [BODY_ARGUMENT, SET_ARGUMENT, CONFIRM_ARGUMENT, LIMIT_ARGUMENT, FIELDS_ARGUMENT, QUERY_ARGUMENT];
            let names: Vec<_> = argument_parameters(operation).map(argument_name).collect();
            let unique: BTreeSet<_> = names.iter().map(String::as_str).chain(reserved).collect();
            assert_eq!(unique.len(), names.len() + reserved.len(), "{}: {names:?}", operation.id);
        }
    }

    #[test]
    fn schema_follows_the_specification() {
        let schema = input_schema(partner_center_spec::operation("updateSubscription").unwrap());
        assert_eq!(schema["required"], json!(["customer", "subscription", "set", "confirm"]));
        assert_eq!(schema["properties"]["customer"]["format"], "uuid");
        let set = schema["properties"]["set"]["description"].as_str().unwrap();
        assert!(set.contains(" quantity,") && !set.contains("links"), "{set}");
        let schema = input_schema(partner_center_spec::operation("listCustomers").unwrap());
        assert_eq!(schema["required"], json!([]));
        let names: BTreeSet<_> = schema["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, BTreeSet::from(["fields", "filter", "limit", "query"]));
    }
}
