//! The specification for other tools: one file, with its examples inline and without the extensions of this workspace.

use crate::{
    dialect::UNKNOWN_FIELDS,
    document::{Spec, visit_objects},
};
use anyhow::{Context as _, Result};
use std::{collections::BTreeSet, fs, path::Path};
use yaml_serde::{Mapping, Value};

/// The prefix of this workspace's extensions.
const OWN_PREFIX: &str = "x-pc-";
/// Keys whose values are data, in which no key is a keyword.
const DATA_KEYS: [&str; 2] = ["example", "value"];

/// Returns the bundle of a specification, whose files are in `folder`.
pub(crate) fn bundle_document(spec: &Spec, folder: &Path) -> Result<String> {
    let mut document = spec.source.clone();
    rewrite_for_other_tools(&mut document, folder)?;
    visit_objects(&mut document, &mut |_, object| {
        unwrap_reference(object);
        remove_time_format(object);
    });
    remove_unused_schemas(&mut document);
    Ok(yaml_serde::to_string(&document)?)
}

/// Replaces examples in files, which most tools do not open, by their content, and removes our own extensions. Examples with
/// unknown fields are removed as well: linters and mock servers reject what is not described.
fn rewrite_for_other_tools(value: &mut Value, folder: &Path) -> Result<()> {
    match value {
        Value::Mapping(mapping) => {
            mapping.retain(|key, value| {
                !key.as_str().is_some_and(|key| key.starts_with(OWN_PREFIX)) && value.get(UNKNOWN_FIELDS).is_none()
            });
            if let Some(Value::String(file)) = mapping.get("externalValue") {
                let text = fs::read_to_string(folder.join(file)).with_context(|| format!("spec/{file}"))?;
                // JSON is YAML.
                let example = yaml_serde::from_str(&text).with_context(|| format!("spec/{file}"))?;
                mapping.shift_remove("externalValue");
                mapping.insert("value".into(), example);
            }
            let is_data = |key: &Value| key.as_str().is_some_and(|key| DATA_KEYS.contains(&key));
            mapping
                .iter_mut()
                .filter(|(key, _)| !is_data(key))
                .try_for_each(|(_, value)| rewrite_for_other_tools(value, folder))
        }
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| rewrite_for_other_tools(item, folder)),
        _ => Ok(()),
    }
}

/// Makes a `$ref` of one with its own description, or one that may be null: many generators misread `allOf`, and what `nullable`
/// allows beside it, the schema that it refers to does not.
fn unwrap_reference(object: &mut Mapping) {
    let reference = match object.get("allOf") {
        Some(Value::Sequence(items)) if items.len() == 1 => items[0].get("$ref").cloned(),
        _ => None,
    };
    if let Some(reference) = reference {
        *object = Mapping::from_iter([("$ref".into(), reference)]);
    }
}

/// Makes a string of a time: the service leaves out the zone, which the format requires, and clients fail at a page for it.
fn remove_time_format(object: &mut Mapping) {
    if object.get("type").is_some_and(|kind| kind == "string")
        && object.get("format").is_some_and(|format| format == "date-time")
    {
        object.shift_remove("format");
    }
}

/// Removes the schemas that nothing refers to: those of JSON in strings, which only our extension refers to.
fn remove_unused_schemas(document: &mut Value) {
    loop {
        let mut used = BTreeSet::new();
        collect_references(document, &mut used);
        let Some(schemas) = document.get_mut("components").and_then(|components| components.get_mut("schemas")) else {
            return;
        };
        let Value::Mapping(schemas) = schemas else { return };
        let before = schemas.len();
        let is_used = |name: &str| used.contains(&format!("#/components/schemas/{name}"));
        schemas.retain(|name, _| name.as_str().is_none_or(is_used));
        if schemas.len() == before {
            return;
        }
    }
}

fn collect_references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Mapping(mapping) => {
            found.extend(mapping.get("$ref").and_then(Value::as_str).map(str::to_owned));
            mapping.values().for_each(|value| collect_references(value, found));
        }
        Value::Sequence(items) => items.iter().for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
