//! The examples of the specification, and a test for each.

use crate::{
    dialect::{JSON, JSON_STRING, Shape, UNKNOWN_FIELDS, read_example_file},
    document::{ERROR_BODY, Endpoint, Spec, parameter_shape},
    workspace::is_temporary_file,
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToSnakeCase as _;
use openapiv3::{Example, MediaType, ReferenceOr, Response};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// The examples of successful responses, error responses, and requests.
pub(crate) struct Examples {
    responses: Vec<ResponseExample>,
    inline: Vec<InlineExample>,
}

/// An example of a response, in its own file.
struct ResponseExample {
    /// The name of the example in the specification.
    name: String,
    shape: Shape,
    /// Relative to the folder of the specification.
    file: String,
    /// Whether it has fields and values that the specification does not describe, on purpose.
    has_unknown_fields: bool,
}

/// An example of an error response, a parameter, or a body, inline in the specification.
#[derive(PartialEq)]
struct InlineExample {
    name: String,
    schema: String,
    /// The JSON in one line.
    json: String,
}

/// Reads the examples in the order of the document. Files are in `folder`; each response file there must be an example.
pub(crate) fn read_examples(spec: &Spec, folder: &Path) -> Result<Examples> {
    let mut examples = Examples { responses: Vec::new(), inline: Vec::new() };
    let mut names = BTreeSet::new();
    for endpoint in spec.endpoints()? {
        let mut add = |name: &str| {
            let is_new = names.insert(name.to_snake_case());
            ensure!(is_new, "{}: there is another example {name}", endpoint.at);
            Ok(())
        };
        for response in endpoint.successes() {
            let found = read_response(response, folder).with_context(|| endpoint.at.clone())?;
            for example in found {
                add(&example.name)?;
                examples.responses.push(example);
            }
        }
        for example in read_inline(&endpoint).with_context(|| endpoint.at.clone())? {
            // Several operations may have the same error response.
            if !examples.inline.contains(&example) {
                add(&example.name)?;
                examples.inline.push(example);
            }
        }
    }
    ensure_no_unnamed_file(&examples, folder)?;
    Ok(examples)
}

/// Returns the tests, one a line; the macros define what is tested.
pub(crate) fn example_tests(examples: &Examples) -> String {
    let responses = examples.responses.iter().map(|example| {
        let ResponseExample { shape, file, .. } = example;
        let (example_macro, of) = match shape {
            Shape::Named(schema) if example.has_unknown_fields => ("future_example", schema.clone()),
            Shape::Named(schema) => ("example", schema.clone()),
            Shape::List(item) if matches!(**item, Shape::Named(_)) => ("list_example", rust_type(item)),
            other => ("json_example", rust_type(other)),
        };
        format!("{example_macro}!({}, {of}, \"../../spec/{file}\");\n", example.name.to_snake_case())
    });
    let inline = examples.inline.iter().map(|InlineExample { name, schema, json }| {
        let (name, json) = (name.to_snake_case(), raw_string_literal(json));
        if schema == ERROR_BODY {
            format!("fault_example!({name}, {json});\n")
        } else {
            format!("parameter_example!({name}, {schema}, {json});\n")
        }
    });
    responses.chain(inline).collect()
}

fn read_response(response: &Response, folder: &Path) -> Result<Vec<ResponseExample>> {
    let Some(media) = response.content.get(JSON) else { return Ok(Vec::new()) };
    let shape = media.schema.as_ref().map(Shape::of).transpose()?.context("a schema is missing")?;
    read_each(media.example.as_ref(), &media.examples, |name, Example { summary, external_value, extensions, .. }| {
        let Some(file) = external_value else { bail!("an example of a response must be in a file: `externalValue`") };
        let has_unknown_fields = extensions.contains_key(UNKNOWN_FIELDS);
        ensure!(summary.is_some(), "a summary is missing");
        read_example_file(folder, file)?;
        ensure!(
            !has_unknown_fields || file.ends_with("-from-the-future.response.json"),
            "{UNKNOWN_FIELDS} is for what is ours: a file named `*-from-the-future.response.json`"
        );
        Ok(ResponseExample { name: name.to_owned(), shape: shape.clone(), file: file.clone(), has_unknown_fields })
    })
}

/// Reads the inline examples: of error responses, of parameters that are JSON, and of bodies.
fn read_inline(endpoint: &Endpoint<'_>) -> Result<Vec<InlineExample>> {
    let id = endpoint.id()?;
    let error_responses = endpoint.error_responses()?;
    let mut examples = Vec::new();
    for parameter in &endpoint.parameters {
        let data = parameter.parameter_data_ref();
        if data.extensions.contains_key(JSON_STRING) {
            let owner = format!("{id}-{}", data.name);
            let in_string = |value: &Value| Ok(serde_json::from_str(value.as_str().context("it is not a string")?)?);
            let shape = parameter_shape(parameter).with_context(|| owner.clone())?;
            examples.extend(inline_examples(&owner, shape, data.example.as_ref(), &data.examples, &in_string)?);
        }
    }
    let mut media: Vec<(String, &MediaType)> = Vec::new();
    media.extend(endpoint.body.and_then(|body| Some((format!("{id}-body"), body.content.get(JSON)?))));
    media.extend(error_responses.into_iter().filter_map(|(name, fault)| Some((name, fault.content.get(JSON)?))));
    for (owner, media) in media {
        let shape = media.schema.as_ref().map(Shape::of).transpose().with_context(|| owner.clone())?;
        examples.extend(inline_examples(&owner, shape, media.example.as_ref(), &media.examples, &|value| {
            Ok(value.clone())
        })?);
    }
    Ok(examples)
}

/// Reads the inline examples of `owner`, which are of the `shape`; `json` returns the JSON of an example's value.
fn inline_examples<'a>(
    owner: &str,
    shape: Option<Shape>,
    single: Option<&Value>,
    examples: impl IntoIterator<Item = (&'a String, &'a ReferenceOr<Example>)>,
    json: &dyn Fn(&Value) -> Result<Value>,
) -> Result<Vec<InlineExample>> {
    // A body of another shape is rejected, with its place, when the operation is generated.
    let Some(Shape::Named(schema)) = shape else { return Ok(Vec::new()) };
    let found = read_each(single, examples, |name, Example { value, external_value, extensions, .. }| {
        let (Some(value), None) = (value, external_value) else {
            bail!("an example of an error response or of a request must be inline: `value`")
        };
        ensure!(!extensions.contains_key(UNKNOWN_FIELDS), "{UNKNOWN_FIELDS} is for responses in files");
        let (name, json) = (format!("{owner}-{name}"), serde_json::to_string(&json(value)?)?);
        Ok(InlineExample { name, schema: schema.clone(), json })
    });
    found.with_context(|| owner.to_owned())
}

/// Reads each example with `read`.
fn read_each<'a, T>(
    single: Option<&Value>,
    examples: impl IntoIterator<Item = (&'a String, &'a ReferenceOr<Example>)>,
    mut read: impl FnMut(&str, &Example) -> Result<T>,
) -> Result<Vec<T>> {
    ensure!(single.is_none(), "an `example` is not tested: write `examples`");
    let examples = examples.into_iter().map(|(name, example)| {
        let example = example.as_item().context("an example that is a $ref is not understood");
        example.and_then(|example| read(name, example)).with_context(|| format!("the example {name}"))
    });
    examples.collect()
}

/// Returns the type of a body in a test.
fn rust_type(shape: &Shape) -> String {
    match shape {
        Shape::Named(schema) => schema.clone(),
        Shape::List(item) => format!("Vec<{}>", rust_type(item)),
        Shape::Text => "String".to_owned(),
        _ => "JsonValue".to_owned(),
    }
}

/// Rejects a response file that no response names as its example: nothing would test it.
fn ensure_no_unnamed_file(examples: &Examples, folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder.join("examples")) else { return Ok(()) };
    for entry in entries {
        let name = entry?.file_name();
        let file = format!("examples/{}", name.to_string_lossy());
        let is_response = !is_temporary_file(&name) && file.ends_with(".response.json");
        let is_named = examples.responses.iter().any(|example| example.file == file);
        ensure!(!is_response || is_named, "spec/{file}: no response names it as an `externalValue`");
    }
    Ok(())
}

/// Returns a raw string literal.
pub(super) fn raw_string_literal(text: &str) -> String {
    let mut hashes = "#".to_owned();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}
