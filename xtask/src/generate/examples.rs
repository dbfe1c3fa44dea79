//! The examples of the specification: a test for each.

use crate::{
    dialect::{JSON_MEDIA_TYPE, Shape, X_PC_JSON, X_PC_UNKNOWN_FIELDS, read_example_file},
    document::{ERROR_BODY_SCHEMA, Endpoint, Spec, parameter_shape},
    problems::Problems,
    workspace::{SPEC_FILE, is_temporary_file},
};
use anyhow::{Context as _, Result, bail, ensure};
use heck::ToSnakeCase as _;
use openapiv3::{Example, MediaType, ReferenceOr, Response};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

/// The examples of successful responses, error responses, and requests.
pub(crate) struct SpecExamples {
    files: Vec<FileExample>,
    inline: Vec<InlineExample>,
}

/// An example of a response or of the body of a request, in its own file.
struct FileExample {
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

/// Reads the examples in the order of the document. Files are in `folder`; each file of a body there must be an example.
pub(crate) fn read_examples(spec: &Spec, folder: &Path) -> Result<SpecExamples> {
    let mut examples = SpecExamples { files: Vec::new(), inline: Vec::new() };
    let mut names = BTreeSet::new();
    let mut problems = Problems::default();
    for endpoint in spec.endpoints()? {
        let at = &endpoint.at;
        let mut is_new = |name: &str, problems: &mut Problems| {
            let is_new = names.insert(name.to_snake_case());
            if !is_new {
                problems.add_problem(at, format!("there is another example {name}: write another name"));
            }
            is_new
        };
        let mut files = Vec::new();
        for response in endpoint.success_responses() {
            files.extend(
                problems.value_or_add_error(at, read_response_examples(at, response, folder)).into_iter().flatten(),
            );
        }
        files.extend(problems.value_or_add_error(at, read_request_body_files(&endpoint, folder)).into_iter().flatten());
        for example in files {
            if is_new(&example.name, &mut problems) {
                examples.files.push(example);
            }
        }
        for example in problems.value_or_add_error(at, read_inline_examples(&endpoint)).into_iter().flatten() {
            // Several operations may have the same error response.
            if !examples.inline.contains(&example) && is_new(&example.name, &mut problems) {
                examples.inline.push(example);
            }
        }
    }
    // The other problems may be the reason why no response names a file.
    if problems.is_empty() {
        problems.value_or_add_error(SPEC_FILE, ensure_no_unnamed_file(&examples, folder));
    }
    problems.into_result()?;
    Ok(examples)
}

/// Returns the tests, one a line; the macros define what is tested.
pub(crate) fn generate_example_tests(examples: &SpecExamples) -> String {
    let responses = examples.files.iter().map(|example| {
        let FileExample { shape, file, .. } = example;
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
        if schema == ERROR_BODY_SCHEMA {
            format!("fault_example!({name}, {json});\n")
        } else {
            format!("parameter_example!({name}, {schema}, {json});\n")
        }
    });
    responses.chain(inline).collect()
}

fn read_response_examples(at: &str, response: &Response, folder: &Path) -> Result<Vec<FileExample>> {
    let Some(media) = response.content.get(JSON_MEDIA_TYPE) else { return Ok(Vec::new()) };
    let shape = media.schema.as_ref().map(Shape::from_schema).transpose()?.context("a schema is missing")?;
    let single = media.example.as_ref();
    read_each_example(at, "", single, &media.examples, |name, Example { summary, external_value, extensions, .. }| {
        let Some(file) = external_value else {
            bail!("an example of a response must be in a file: write `externalValue`")
        };
        let has_unknown_fields = extensions.contains_key(X_PC_UNKNOWN_FIELDS);
        ensure!(summary.is_some(), "a summary is missing: write one sentence");
        read_example_file(folder, file)?;
        ensure!(
            !has_unknown_fields || file.ends_with("-from-the-future.response.json"),
            "{X_PC_UNKNOWN_FIELDS} is for what is ours: name the file `*-from-the-future.response.json`"
        );
        Ok(FileExample { name: name.to_owned(), shape: shape.clone(), file: file.clone(), has_unknown_fields })
    })
}

/// Reads the examples of the body of a request that are in files.
fn read_request_body_files(endpoint: &Endpoint<'_>, folder: &Path) -> Result<Vec<FileExample>> {
    let Some(media) = endpoint.body.and_then(|body| body.content.get(JSON_MEDIA_TYPE)) else { return Ok(Vec::new()) };
    let shape = media.schema.as_ref().map(Shape::from_schema).transpose()?.context("a schema is missing")?;
    let id = endpoint.id()?;
    let in_file = |(_, example): &(&String, &ReferenceOr<Example>)| {
        example.as_item().is_some_and(|example| example.external_value.is_some())
    };
    let in_files = media.examples.iter().filter(in_file);
    read_each_example(&endpoint.at, "", None, in_files, |name, Example { summary, external_value, .. }| {
        let file = external_value.as_deref().unwrap_or_default();
        ensure!(summary.is_some(), "a summary is missing: write one sentence");
        read_example_file(folder, file)?;
        let (name, shape, file) = (format!("{id}-body-{name}"), shape.clone(), file.to_owned());
        Ok(FileExample { name, shape, file, has_unknown_fields: false })
    })
}

/// Reads the inline examples: of error responses, of parameters that are JSON, and of bodies.
fn read_inline_examples(endpoint: &Endpoint<'_>) -> Result<Vec<InlineExample>> {
    let (id, at) = (endpoint.id()?, &endpoint.at);
    let error_responses = endpoint.named_error_responses()?;
    let mut examples = Vec::new();
    for parameter in &endpoint.parameters {
        let data = parameter.parameter_data_ref();
        if data.extensions.contains_key(X_PC_JSON) {
            let owner = format!("{id}-{}", data.name);
            let in_string = |value: &Value| Ok(serde_json::from_str(value.as_str().context("it is not a string")?)?);
            let shape = parameter_shape(parameter).with_context(|| owner.clone())?;
            examples.extend(read_inline_examples_of_owner(
                at,
                &owner,
                shape,
                data.example.as_ref(),
                &data.examples,
                &in_string,
            )?);
        }
    }
    let mut media: Vec<(String, &MediaType)> = Vec::new();
    media.extend(endpoint.body.and_then(|body| Some((format!("{id}-body"), body.content.get(JSON_MEDIA_TYPE)?))));
    let bodies = media.len();
    media.extend(
        error_responses.into_iter().filter_map(|(name, error)| Some((name, error.content.get(JSON_MEDIA_TYPE)?))),
    );
    for (index, (owner, media)) in media.into_iter().enumerate() {
        let shape = media.schema.as_ref().map(Shape::from_schema).transpose().with_context(|| owner.clone())?;
        let is_in_file = |example: &ReferenceOr<Example>| {
            index < bodies && example.as_item().is_some_and(|example| example.external_value.is_some())
        };
        let inline = media.examples.iter().filter(|(_, example)| !is_in_file(example));
        let value = |value: &Value| Ok(value.clone());
        examples.extend(read_inline_examples_of_owner(at, &owner, shape, media.example.as_ref(), inline, &value)?);
    }
    Ok(examples)
}

/// Reads the inline examples of `owner`, which are of the `shape`; `json` returns the JSON of an example's value.
fn read_inline_examples_of_owner<'a>(
    at: &str,
    owner: &str,
    shape: Option<Shape>,
    single: Option<&Value>,
    examples: impl IntoIterator<Item = (&'a String, &'a ReferenceOr<Example>)>,
    json: &dyn Fn(&Value) -> Result<Value>,
) -> Result<Vec<InlineExample>> {
    // A body of another shape is rejected, with its place, when the operation is generated.
    let Some(Shape::Named(schema)) = shape else { return Ok(Vec::new()) };
    read_each_example(
        at,
        &format!("{owner}: "),
        single,
        examples,
        |name, Example { value, external_value, extensions, .. }| {
            let (Some(value), None) = (value, external_value) else {
                bail!("an example of an error response or of a request must be inline: write `value`")
            };
            ensure!(
                !extensions.contains_key(X_PC_UNKNOWN_FIELDS),
                "{X_PC_UNKNOWN_FIELDS} is for responses in files: leave it out"
            );
            let (name, json) = (format!("{owner}-{name}"), serde_json::to_string(&json(value)?)?);
            Ok(InlineExample { name, schema: schema.clone(), json })
        },
    )
}

/// Reads each example of an operation at a place with `read`; `owner` is the beginning of the messages.
fn read_each_example<'a, T>(
    at: &str,
    owner: &str,
    single: Option<&Value>,
    examples: impl IntoIterator<Item = (&'a String, &'a ReferenceOr<Example>)>,
    mut read: impl FnMut(&str, &Example) -> Result<T>,
) -> Result<Vec<T>> {
    ensure!(single.is_none(), "{owner}an `example` is not tested: write `examples`");
    let mut problems = Problems::default();
    let examples = examples.into_iter().filter_map(|(name, example)| {
        let example = example.as_item().context("an example that is a $ref is not understood: write it out");
        let read = example.and_then(|example| read(name, example));
        problems.value_or_add_error(at, read.with_context(|| format!("{owner}the example {name}")))
    });
    let examples = examples.collect();
    problems.into_result()?;
    Ok(examples)
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

/// Rejects a file that no response or request names as its example: nothing would test it.
fn ensure_no_unnamed_file(examples: &SpecExamples, folder: &Path) -> Result<()> {
    let Ok(entries) = fs::read_dir(folder.join("examples")) else { return Ok(()) };
    for entry in entries {
        let name = entry?.file_name();
        let file = format!("examples/{}", name.to_string_lossy());
        let kinds = ["response", "request"].into_iter();
        let mut kinds = kinds.filter(|kind| !is_temporary_file(&name) && file.ends_with(&format!(".{kind}.json")));
        if let Some(kind) = kinds.next() {
            let is_named = examples.files.iter().any(|example| example.file == file);
            ensure!(is_named, "spec/{file}: no {kind} names it as an `externalValue`");
        }
    }
    Ok(())
}

/// Returns a raw string literal.
pub(super) fn raw_string_literal(text: &str) -> String {
    let mut hashes = String::new();
    while text.contains(&format!("\"{hashes}")) {
        hashes.push('#');
    }
    format!("r{hashes}\"{text}\"{hashes}")
}
