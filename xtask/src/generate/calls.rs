//! A test for each operation: a call of the emulator, with arguments from the examples of the specification.

use super::{examples::raw_string_literal, samples};
use crate::{
    dialect::{CONTEXT, JSON, Kind, Object, PAGING, Shape},
    document::{Endpoint, Spec, parameter_shape},
};
use anyhow::{Context as _, Result};
use heck::{ToPascalCase as _, ToSnakeCase as _};
use openapiv3::Parameter;
use serde_json::Value;

/// Returns the tests, one a line; the macros define what is tested.
pub(super) fn call_tests(spec: &Spec) -> Result<String> {
    let test = |endpoint: Endpoint<'_>| call_test(spec, &endpoint).with_context(|| endpoint.at.clone());
    spec.endpoints()?.into_iter().map(test).collect()
}

fn call_test(spec: &Spec, endpoint: &Endpoint<'_>) -> Result<String> {
    let id = endpoint.id()?;
    let mut arguments = Vec::new();
    for parameter in &endpoint.parameters {
        let data = parameter.parameter_data_ref();
        if data.required && !data.extensions.contains_key(CONTEXT) {
            arguments
                .push(parameter_argument(spec, parameter).with_context(|| format!("the parameter {}", data.name))?);
        }
    }
    if let Some(body) = endpoint.body.filter(|body| body.required) {
        arguments.push(match body.content.get(JSON) {
            Some(media) => {
                let mut examples = media.examples.values().filter_map(|example| example.as_item()?.value.as_ref());
                let shape =
                    media.schema.as_ref().map(Shape::of).transpose()?.context("requestBody: a schema is missing")?;
                let example = examples.next().cloned();
                argument(&shape, &example.map_or_else(|| placeholder_body(spec, &shape), Ok)?)
            }
            // Files.
            None => "Default::default()".to_owned(),
        });
    }
    let call = if endpoint.operation.extensions.contains_key(PAGING) { "list" } else { "call" };
    let (test, name, arguments) = (id.to_snake_case(), id.to_pascal_case(), arguments.join(", "));
    Ok(format!("{call}!({test}, {name}::new({arguments}));\n"))
}

fn parameter_argument(spec: &Spec, parameter: &Parameter) -> Result<String> {
    let data = parameter.parameter_data_ref();
    let shape = parameter_shape(parameter)?.context("`content` is not understood")?;
    let examples = data.examples.values().filter_map(|example| example.as_item()?.value.as_ref());
    let example = data.example.iter().chain(examples).next().cloned();
    let value = example.or_else(|| samples::placeholder_value(spec, &shape, None));
    Ok(argument(&shape, &value.context("an `example` is missing")?))
}

/// Returns the Rust expression of an argument: a string, or a value that is read from its JSON.
fn argument(shape: &Shape, value: &Value) -> String {
    match (shape, value) {
        (Shape::Text, Value::String(text)) => format!("{text:?}"),
        _ => format!("value({})", raw_string_literal(&value.to_string())),
    }
}

/// Returns a body with the required properties alone, for one that has no example.
fn placeholder_body(spec: &Spec, shape: &Shape) -> Result<Value> {
    Ok(match shape {
        Shape::List(item) => Value::Array(vec![placeholder_body(spec, item)?]),
        Shape::Named(name) => match &spec.definition(name)?.kind {
            Kind::Object(Object { properties, .. }) => {
                let required = properties.iter().filter(|property| property.required);
                let fields =
                    required.map(|property| Ok((property.wire.clone(), placeholder_body(spec, &property.shape)?)));
                Value::Object(fields.collect::<Result<_>>()?)
            }
            _ => samples::placeholder_value(spec, shape, None).context("requestBody: an example is missing")?,
        },
        _ => samples::placeholder_value(spec, shape, None).context("requestBody: an example is missing")?,
    })
}
