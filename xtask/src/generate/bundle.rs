//! The specification for other tools: one file, with its examples inline and without the extensions of this workspace.

use crate::{
    dialect::{X_EXTENSIBLE_ENUM, X_PC_ERROR_CODES, X_PC_LOOSE, X_PC_SPELLING, X_PC_UNKNOWN_FIELDS},
    document::{Spec, visit_objects_mut},
};
use anyhow::{Context as _, Result};
use std::{collections::BTreeSet, fs, path::Path};
use yaml_serde::{Mapping, Value};

/// The prefix of this workspace's extensions.
const OWN_EXTENSION_PREFIX: &str = "x-pc-";
/// Keys whose values are data, in which no key is a keyword.
const DATA_KEYS: [&str; 2] = ["example", "value"];

/// Returns the bundle of a specification, whose files are in `folder`.
pub(crate) fn bundle_document(spec: &Spec, folder: &Path) -> Result<String> {
    bundle(spec.source.clone(), folder)
}

/// Returns the bundle with what the emulator is tested against: it takes and sends the known values of enums alone, and dates and
/// times as the service writes them. A generator would make clients of it that fail at a new value.
pub(crate) fn emulator_test_bundle_document(spec: &Spec, folder: &Path) -> Result<String> {
    let mut strict = spec.source.clone();
    add_links(&mut strict);
    visit_objects_mut(&mut strict, &mut |_, object| {
        if let Some(values) = object.shift_remove(X_EXTENSIBLE_ENUM) {
            match values.as_sequence().filter(|_| object.contains_key(X_PC_LOOSE)) {
                Some(values) => object.insert("pattern".into(), loose_pattern(values).into()),
                None => object.insert("enum".into(), values),
            };
        }
        if is_time(object) {
            object.insert("pattern".into(), TIME_PATTERN.into());
        }
        // What a valid request is rejected with nevertheless.
        if let Some(codes) = object.shift_remove(X_PC_ERROR_CODES) {
            object.insert("x-error-codes".into(), codes);
        }
    });
    bundle(strict, folder)
}

fn bundle(mut document: Value, folder: &Path) -> Result<String> {
    add_spellings_and_flatten_unions(&mut document);
    inline_examples_and_remove_own_extensions(&mut document, folder)?;
    visit_objects_mut(&mut document, &mut |_, object| {
        unwrap_all_of_reference(object);
        remove_time_format(object);
    });
    remove_unused_schemas(&mut document);
    Ok(yaml_serde::to_string(&document)?)
}

/// Adds links from the list of customers to all operations, so that a tester of sequences, which follows links, gets to each of them.
fn add_links(document: &mut Value) {
    let path_items = document.get("paths").and_then(Value::as_mapping).into_iter().flatten();
    let operations = path_items.flat_map(|(path, item)| {
        let operations = item.as_mapping().into_iter().flatten();
        let ids = operations.filter_map(|(_, operation)| operation.get("operationId")?.as_str());
        ids.map(|id| (path.as_str().unwrap_or_default(), id))
    });
    let links = operations.map(|(path, id)| {
        let mut link = Mapping::from_iter([("operationId".into(), id.into())]);
        if path.contains(CUSTOMER_PARAMETER) {
            let customer = Mapping::from_iter([(CUSTOMER_PARAMETER.into(), "$response.body#/items/0/id".into())]);
            link.insert("parameters".into(), customer.into());
        }
        (Value::from(format!("{id}Afterwards")), link.into())
    });
    let links: Mapping = links.collect();
    let steps = ["paths", "/v1/customers", "get", "responses", "200"];
    let list = steps.iter().try_fold(document, |value, step| value.get_mut(*step)).and_then(Value::as_mapping_mut);
    if let Some(list) = list {
        list.insert("links".into(), links.into());
    }
}

/// The parameter of paths that is a customer's identifier.
const CUSTOMER_PARAMETER: &str = "customer-tenant-id";

/// Returns the pattern of values in any case, with or without underscores.
fn loose_pattern(values: &[Value]) -> String {
    let pattern_of = |value: &str| {
        let letters = value.chars().filter(|letter| *letter != '_');
        let letters = letters.map(|letter| match (letter.to_ascii_lowercase(), letter.to_ascii_uppercase()) {
            (small, capital) if small != capital => format!("[{small}{capital}]"),
            _ => letter.to_string(),
        });
        letters.collect::<Vec<_>>().join("_?")
    };
    let patterns: Vec<_> = values.iter().filter_map(Value::as_str).map(pattern_of).collect();
    format!("^({})$", patterns.join("|"))
}

/// A date and a time, with or without a zone.
const TIME_PATTERN: &str = "^([1-9][0-9]{3}|000[1-9])-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]\
                            :[0-5][0-9](\\.[0-9]{1,7})?(Z|[+-]0[0-9]:[0-5][0-9])?$";

/// Replaces examples in files, which most tools do not open, by their content, and removes our own extensions. Examples with
/// unknown fields are removed as well: linters and mock servers reject what is not described.
fn inline_examples_and_remove_own_extensions(value: &mut Value, folder: &Path) -> Result<()> {
    match value {
        Value::Mapping(mapping) => {
            mapping.retain(|key, value| {
                !key.as_str().is_some_and(|key| key.starts_with(OWN_EXTENSION_PREFIX))
                    && value.get(X_PC_UNKNOWN_FIELDS).is_none()
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
                .try_for_each(|(_, value)| inline_examples_and_remove_own_extensions(value, folder))
        }
        Value::Sequence(items) => {
            items.iter_mut().try_for_each(|item| inline_examples_and_remove_own_extensions(item, folder))
        }
        _ => Ok(()),
    }
}

/// Writes schemas as other tools take them: a union is an object with the properties of all its objects, as those of the service
/// need not have the property that tells them apart; and a property has all its spellings.
fn add_spellings_and_flatten_unions(document: &mut Value) {
    let Some(Value::Mapping(schemas)) =
        document.get_mut("components").and_then(|components| components.get_mut("schemas"))
    else {
        return;
    };
    for schema in schemas.values_mut() {
        let Some(Value::Mapping(properties)) = schema.get_mut("properties") else { continue };
        let others: Vec<_> = properties.values().flat_map(copies_under_other_spellings).collect();
        properties.extend(others);
    }
    let all = schemas.clone();
    for schema in schemas.values_mut().filter_map(Value::as_mapping_mut) {
        let (Some(Value::Sequence(members)), true) = (schema.get("oneOf"), schema.contains_key("discriminator")) else {
            continue;
        };
        let names = members.iter().filter_map(|member| member.get("$ref")?.as_str()?.rsplit('/').next());
        let properties = merged_properties(names.filter_map(|name| all.get(name)?.get("properties")?.as_mapping()));
        schema.shift_remove("oneOf");
        schema.shift_remove("discriminator");
        schema.insert("type".into(), "object".into());
        schema.insert("properties".into(), properties.into());
    }
}

fn copies_under_other_spellings(property: &Value) -> Vec<(Value, Value)> {
    let spellings = property.get(X_PC_SPELLING).and_then(Value::as_sequence);
    spellings.into_iter().flatten().map(|spelling| (spelling.clone(), property.clone())).collect()
}

/// Returns the properties of several objects. One that they describe differently is any JSON.
fn merged_properties<'a>(objects: impl Iterator<Item = &'a Mapping>) -> Mapping {
    let mut merged = Mapping::new();
    let without_words = |property: &Value| {
        let mut property = property.clone();
        if let Value::Mapping(property) = &mut property {
            property.shift_remove("description");
        }
        property
    };
    for (name, property) in objects.flatten() {
        let known = merged.entry(name.clone()).or_insert_with(|| property.clone());
        if without_words(known) != without_words(property) {
            let description = known.get("description").cloned().unwrap_or_else(|| "One of several types.".into());
            *known = Mapping::from_iter([("description".into(), description)]).into();
        }
    }
    merged
}

/// Makes a `$ref` of one with its own description, or one that may be null: many generators misread `allOf`, and what `nullable`
/// allows beside it, the schema that it refers to does not.
fn unwrap_all_of_reference(object: &mut Mapping) {
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
    if is_time(object) {
        object.shift_remove("format");
    }
}

fn is_time(object: &Mapping) -> bool {
    object.get("type").is_some_and(|kind| kind == "string")
        && object.get("format").is_some_and(|format| format == "date-time")
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
