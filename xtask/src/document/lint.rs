//! Errors of a document that `openapiv3` would report one at a time, or skip silently.

use super::visit::visit_objects_mut;
use crate::{
    dialect::{ALLOWED_EXTENSION_PLACES, ExtensionPlace, escape_pointer_step},
    problems::Problems,
};
use openapiv3::{Example, Header, OpenAPI, Operation, Parameter, PathItem, ReferenceOr, RequestBody, Response, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::BTreeSet;
use yaml_serde::Mapping;

/// The places of objects that could not be read, in whose stead there are empty ones.
#[derive(Default)]
pub(super) struct BrokenObjects(BTreeSet<String>);

impl BrokenObjects {
    /// Whether the object at a place, or one within it, could not be read.
    pub(super) fn is_broken_within(&self, at: &str) -> bool {
        self.0.iter().any(|broken| broken.strip_prefix(at).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
    }

    /// Whether the object at a place could not be read.
    pub(super) fn is_broken_at(&self, at: &str) -> bool {
        self.0.contains(at)
    }
}

/// Reads the merged document. Reports all objects that cannot be read, and reads the others without them; reports content
/// without effect.
pub(super) fn read_document(
    source: &mut yaml_serde::Value,
    problems: &mut Problems,
) -> Option<(OpenAPI, BrokenObjects)> {
    visit_objects_mut(source, &mut |at, object| {
        for (key, value) in object.iter().filter_map(|(key, value)| Some((key.as_str()?, value))) {
            check_extension(at, key, value, problems);
        }
    });
    let mut broken = BrokenObjects::default();
    let mut document = from_yaml(source);
    if document.is_err() {
        visit_objects_mut(source, &mut |at, object| {
            if let Some((error, replacement)) = error_and_replacement_of_invalid_object(at, object) {
                problems.add_problem(at, format!("{error}: write it as OpenAPI 3.0.3 has it"));
                broken.0.insert(at.to_owned());
                *object = replacement;
            }
        });
        document = from_yaml(source);
    }
    let document = problems.value_or_add_error(
        "#",
        document.map_err(|error| anyhow::anyhow!("{error}: write it as OpenAPI 3.0.3 has it")),
    )?;
    if let (Ok(source), Ok(read)) = (serde_json::to_value(&*source), serde_json::to_value(&document)) {
        check_ignored_keys("#", &source, Some(&read), problems);
    }
    Some((document, broken))
}

fn from_yaml(source: &yaml_serde::Value) -> Result<OpenAPI, yaml_serde::Error> {
    yaml_serde::from_value(source.clone())
}

/// Reports keys that reading has ignored: `openapiv3` skips unknown keys and the siblings of a `$ref`. Found by comparing the
/// document with what was read.
fn check_ignored_keys(at: &str, source: &Value, read: Option<&Value>, problems: &mut Problems) {
    match (source, read) {
        (Value::Object(source), Some(Value::Object(read))) => {
            for (key, value) in source {
                check_ignored_keys(&format!("{at}/{}", escape_pointer_step(key)), value, read.get(key), problems);
            }
        }
        (Value::Array(source), Some(Value::Array(read))) if source.len() == read.len() => {
            for (index, (source, read)) in source.iter().zip(read).enumerate() {
                check_ignored_keys(&format!("{at}/{index}"), source, Some(read), problems);
            }
        }
        (source, read) => {
            let same_number = source.as_f64().is_some() && source.as_f64() == read.and_then(Value::as_f64);
            if read == Some(source) || same_number {
                return;
            }
            let hint = match at.rsplit_once('/') {
                Some(("#/paths", _)) => "a path begins with a slash",
                Some((_, key)) if key.starts_with("~1") => "paths are indented by two under `paths:`",
                _ => "a typing error, a sibling of a $ref, or an explicit default: correct it, or leave it out",
            };
            problems.add_problem(at, format!("it has no effect: {hint}"));
        }
    }
}

/// Returns the error of reading the object at a place as what OpenAPI has there, and an object to go on with.
fn error_and_replacement_of_invalid_object(at: &str, object: &Mapping) -> Option<(yaml_serde::Error, Mapping)> {
    fn error_and_replacement<T: DeserializeOwned>(
        object: &Mapping,
        replacement: &str,
    ) -> Option<(yaml_serde::Error, Mapping)> {
        let error = yaml_serde::from_value::<T>(object.clone().into()).err()?;
        Some((error, yaml_serde::from_str(replacement).unwrap_or_default()))
    }
    let place: Vec<&str> = at.split('/').collect();
    match place.as_slice() {
        ["#", "paths", _] => error_and_replacement::<PathItem>(object, "{}"),
        ["#", "paths", _, "parameters"] => None,
        ["#", "paths", _, _] => error_and_replacement::<Operation>(object, "{responses: {}}"),
        [.., "schemas" | "properties", _] | [.., "schema" | "items" | "additionalProperties"] => {
            error_and_replacement::<ReferenceOr<Schema>>(object, "{}")
        }
        [.., "parameters", _] => {
            error_and_replacement::<ReferenceOr<Parameter>>(object, "{name: '', in: query, schema: {}}")
        }
        [.., "requestBodies", _] | [.., "requestBody"] => {
            error_and_replacement::<ReferenceOr<RequestBody>>(object, "{content: {}}")
        }
        [.., "responses", _] => error_and_replacement::<ReferenceOr<Response>>(object, "{description: ''}"),
        [.., "headers", _] => error_and_replacement::<ReferenceOr<Header>>(object, "{schema: {}}"),
        [.., "examples", _] => error_and_replacement::<ReferenceOr<Example>>(object, "{}"),
        _ => None,
    }
}

/// Reports an extension that has no effect at its place.
fn check_extension(at: &str, key: &str, value: &yaml_serde::Value, problems: &mut Problems) {
    if !key.starts_with("x-") {
        return;
    }
    let Some((_, places, is_switch)) = ALLOWED_EXTENSION_PLACES.iter().find(|(known, ..)| *known == key) else {
        problems.add_problem(at, format!("the extension {key} is not known: correct it, or leave it out"));
        return;
    };
    if !ExtensionPlace::from_pointer(at).is_some_and(|place| places.contains(&place)) {
        let places = places.iter().map(|place| place.name()).collect::<Vec<_>>().join(" or ");
        problems.add_problem(at, format!("the extension {key} has no effect here: write it in {places}"));
    } else if *is_switch && value.as_bool() != Some(true) {
        problems.add_problem(format!("{at}/{key}"), "it is `true` or left out: write one of these");
    }
}
