//! A test for each operation: a call of the emulator, with arguments from the examples of the specification.

use super::{examples::raw_string_literal, samples};
use crate::{
    dialect::{
        BodyType, Definition, DefinitionKind, ExampleSource, Object, Operation, Parameter, Property, RequestBody, Shape,
    },
    document::Spec,
};
use anyhow::{Context as _, Result};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use serde_json::Value;

/// The Rust expression of a file.
const UPLOAD_FILE_EXPRESSION: &str = r#"request::UploadFile::new("a.pdf", "application/pdf", *b"%PDF")"#;

/// Returns the tests, one a line; the macros define what is tested.
pub(super) fn generate_call_tests(spec: &Spec) -> Result<String> {
    let test = |operation: &Operation| generate_call_test(spec, operation).with_context(|| operation.at.clone());
    spec.operations.iter().map(test).collect()
}

fn generate_call_test(spec: &Spec, operation: &Operation) -> Result<String> {
    let required = operation.caller_set_parameters().filter(|parameter| parameter.required);
    let mut arguments =
        required.map(|parameter| parameter_argument_expression(spec, parameter)).collect::<Result<Vec<_>>>()?;
    if let Some(body) = operation.body.as_ref().filter(|body| body.required) {
        arguments.extend(body_argument_expressions(spec, body).context("requestBody")?);
    }
    let call = if operation.facts.paging.is_some() { "list" } else { "call" };
    let (id, arguments) = (&operation.facts.id, arguments.join(", "));
    Ok(format!("{call}!({}, {}::new({arguments}));\n", id.to_snake_case(), id.to_pascal_case()))
}

fn parameter_argument_expression(spec: &Spec, parameter: &Parameter) -> Result<String> {
    let example = parameter.examples.first().cloned();
    let value = example.or_else(|| samples::parameter_placeholder(spec, parameter));
    let value = value.with_context(|| format!("the parameter {}: an example is missing: write one", parameter.wire))?;
    Ok(argument_expression(&parameter.shape, &value))
}

/// Returns the argument for a body, or those for the required parts of a form.
fn body_argument_expressions(spec: &Spec, body: &RequestBody) -> Result<Vec<String>> {
    if body.media_type == BodyType::Multipart {
        let form = spec.definition(body.shape.schema_name().context("a form is a $ref to an object: write one")?)?;
        let part = |part: &Property| match &part.shape {
            Shape::Binary => Ok(UPLOAD_FILE_EXPRESSION.to_owned()),
            Shape::List(_) => Ok(format!("vec![{UPLOAD_FILE_EXPRESSION}]")),
            shape => Ok(argument_expression(shape, &placeholder_body_value(spec, shape)?)),
        };
        return form.properties().iter().filter(|part| part.required).map(part).collect();
    }
    let value = match body.examples.first().map(|example| &example.source) {
        Some(ExampleSource::Inline(value)) => value.clone(),
        Some(ExampleSource::File(file)) => return Ok(vec![format!("value(include_str!(\"../../spec/{file}\"))")]),
        None => placeholder_body_value(spec, &body.shape)?,
    };
    Ok(vec![argument_expression(&body.shape, &value)])
}

/// Returns the Rust expression of an argument: a string, or a value that is read from its JSON.
fn argument_expression(shape: &Shape, value: &Value) -> String {
    match (shape, value) {
        (Shape::Text, Value::String(text)) => format!("{text:?}"),
        _ => format!("value({})", raw_string_literal(&value.to_string())),
    }
}

/// Returns the example of the schema of a body that has none itself, or else the required properties alone.
fn placeholder_body_value(spec: &Spec, shape: &Shape) -> Result<Value> {
    Ok(match shape {
        Shape::List(item) => Value::Array(vec![placeholder_body_value(spec, item)?]),
        Shape::Named(name) => match spec.definition(name)? {
            Definition { example: Some(example), .. } => example.clone(),
            Definition { kind: DefinitionKind::Object(Object { properties, .. }), .. } => {
                let required = properties.iter().filter(|property| property.required);
                let fields = required
                    .map(|property| Ok((property.wire.clone(), placeholder_body_value(spec, &property.shape)?)));
                Value::Object(fields.collect::<Result<_>>()?)
            }
            _ => samples::placeholder_value(spec, shape, None).context("an example is missing: write one")?,
        },
        _ => samples::placeholder_value(spec, shape, None).context("an example is missing: write one")?,
    })
}
