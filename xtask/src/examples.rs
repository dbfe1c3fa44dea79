//! The documented responses: a test for each, and texts for the sandbox.

use crate::spec::{Endpoint, JSON, Spec, UNKNOWN_FIELDS};
use anyhow::{Context as _, Result, bail, ensure};
use heck::{ToPascalCase as _, ToShoutySnakeCase as _, ToSnakeCase as _};
use openapiv3::{Example, Response};
use std::{collections::BTreeSet, fs, path::Path};

/// A response that the specification shows in a file of its own.
pub(crate) struct ResponseExample {
    /// As it is called in the specification.
    name: String,
    /// The Rust name of its operation.
    operation: String,
    summary: String,
    /// Relative to the folder of the specification.
    file: String,
    text: String,
    /// It holds what the specification does not describe, on purpose.
    from_the_future: bool,
}

/// The examples of successful responses, in the order of the document; their files are below `folder`.
pub(crate) fn read(spec: &Spec, folder: &Path) -> Result<Vec<ResponseExample>> {
    let mut examples = Vec::new();
    let mut names = BTreeSet::new();
    for endpoint in spec.endpoints()? {
        for response in endpoint.successes() {
            let found = read_response(&endpoint, response, folder).with_context(|| endpoint.at.clone())?;
            for example in found {
                ensure!(
                    names.insert(example.name.to_snake_case()),
                    "{}: there is another example {}",
                    endpoint.at,
                    example.name
                );
                examples.push(example);
            }
        }
    }
    Ok(examples)
}

/// One test a line; the macros say what is tested.
pub(crate) fn tests(examples: &[ResponseExample]) -> String {
    let tests = examples.iter().map(|example| {
        let example_macro = if example.from_the_future { "future_example" } else { "example" };
        let (name, operation, file) = (example.name.to_snake_case(), &example.operation, &example.file);
        format!("{example_macro}!({name}, {operation}, \"../../spec/{file}\");\n")
    });
    tests.collect()
}

/// The documented responses as constants: a packaged crate cannot include a file from outside.
pub(crate) fn documented(examples: &[ResponseExample]) -> String {
    let constants = examples.iter().filter(|example| !example.from_the_future).map(|example| {
        let (name, summary, text) = (example.name.to_shouty_snake_case(), &example.summary, example.text.trim_end());
        let mut hashes = "#".to_owned();
        while text.contains(&format!("\"{hashes}")) {
            hashes.push('#');
        }
        format!("/// {summary}\npub(crate) const {name}: &str = r{hashes}\"{text}\"{hashes};\n")
    });
    constants.collect::<Vec<_>>().join("\n")
}

fn read_response(endpoint: &Endpoint<'_>, response: &Response, folder: &Path) -> Result<Vec<ResponseExample>> {
    let Some(media) = response.content.get(JSON) else { return Ok(Vec::new()) };
    ensure!(media.example.is_none(), "an `example` is not tested: write `examples`, with an `externalValue`");
    let operation = endpoint.id()?.to_pascal_case();
    media
        .examples
        .iter()
        .map(|(name, example)| {
            let read = || {
                let Example { summary, external_value, extensions, .. } =
                    example.as_item().context("an example that is a $ref is not understood")?;
                let Some(file) = external_value else {
                    bail!("an example of a response stands in a file: `externalValue`")
                };
                let text = fs::read_to_string(folder.join(file)).with_context(|| format!("spec/{file}"))?;
                serde_json::from_str::<serde_json::Value>(&text).with_context(|| format!("spec/{file}"))?;
                Ok(ResponseExample {
                    name: name.clone(),
                    operation: operation.clone(),
                    summary: summary.clone().context("a summary is missing")?,
                    file: file.clone(),
                    text: text.replace("\r\n", "\n"),
                    from_the_future: extensions.contains_key(UNKNOWN_FIELDS),
                })
            };
            read().with_context(|| format!("the example {name}"))
        })
        .collect()
}
