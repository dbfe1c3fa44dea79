//! Errors of a document that `openapiv3` would skip silently, or that `progenitor` would panic on.

use crate::dialect::{
    AUTHENTICATION, BOX, CLOUDS, COLUMNS, COMMAND, CONTEXT, DEPRECATED, DESTRUCTIVE, ENUM_DESCRIPTIONS, ERROR_CODES,
    EXTENSIBLE_ENUM, FLAG, IDEMPOTENCY, JSON_STRING, MINIMUM, PAGING, PERMISSIONS, PROPERTY_DESCRIPTIONS, RAW, SECRET,
    TYPE, UNKNOWN_FIELDS, escape_pointer_step,
};
use anyhow::{Context as _, Result, bail, ensure};
use openapiv3::{Example, Header, Operation, Parameter, PathItem, ReferenceOr, RequestBody, Response, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

type Object = serde_json::Map<String, Value>;

/// Rejects content without effect in the document `source`; `read` is the document after it was read and serialized again.
pub(super) fn ensure_no_ignored_content(source: &Value, read: &Value) -> Result<()> {
    ensure_no_ignored_key("#", source, Some(read))?;
    visit_objects("#", source, Names::Keywords, &mut |at, object| {
        object.iter().try_for_each(|(key, value)| ensure_extension_in_place(at, key, value))?;
        ensure_reference_exists(source, object).with_context(|| at.to_owned())
    })
}

/// Returns the error of the innermost object that cannot be read, with its place: `openapiv3` itself reports that imprecisely.
pub(super) fn first_invalid_object(source: &Value) -> Result<()> {
    let mut innermost: Option<(String, serde_json::Error)> = None;
    visit_objects("#", source, Names::Keywords, &mut |at, object| {
        let within = innermost.as_ref().is_none_or(|(outer, _)| at.starts_with(outer));
        if let Some(error) = openapi_error_at(at, object).filter(|_| within) {
            innermost = Some((at.to_owned(), error));
        }
        Ok(())
    })?;
    innermost.map_or(Ok(()), |(at, error)| Err(error).context(at))
}

/// Rejects a key that reading has ignored: `openapiv3` skips unknown keys and the siblings of a `$ref`. Found by comparing the
/// document with what was read.
fn ensure_no_ignored_key(at: &str, source: &Value, read: Option<&Value>) -> Result<()> {
    match (source, read) {
        (Value::Object(source), Some(Value::Object(read))) => source.iter().try_for_each(|(key, value)| {
            ensure_no_ignored_key(&format!("{at}/{}", escape_pointer_step(key)), value, read.get(key))
        }),
        (Value::Array(source), Some(Value::Array(read))) if source.len() == read.len() => {
            source.iter().zip(read).enumerate().try_for_each(|(index, (source, read))| {
                ensure_no_ignored_key(&format!("{at}/{index}"), source, Some(read))
            })
        }
        (source, read) => {
            let same_number = source.as_f64().is_some() && source.as_f64() == read.and_then(Value::as_f64);
            let hint = match at.rsplit_once('/') {
                Some((parent, key)) if key.starts_with("~1") && parent != "#/paths" => {
                    "paths are indented by two under `paths:`"
                }
                _ => "a typing error, a sibling of a $ref, or an explicit default",
            };
            ensure!(read == Some(source) || same_number, "{at}: it has no effect: {hint}");
            Ok(())
        }
    }
}

/// The kind of the keys of an object.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// Keywords of OpenAPI.
    Keywords,
    /// Names that the specification defines: of schemas, properties, paths.
    Own,
}

/// Visits every object with keywords of OpenAPI, from the outside in, with its place. Skips examples and defaults, which are data.
fn visit_objects(
    at: &str,
    value: &Value,
    names: Names,
    visit: &mut dyn FnMut(&str, &Object) -> Result<()>,
) -> Result<()> {
    const NAME_MAPS: &[&str] = &[
        "callbacks",
        "content",
        "examples",
        "headers",
        "links",
        "parameters",
        "paths",
        "properties",
        "requestBodies",
        "responses",
        "schemas",
        "securitySchemes",
        "variables",
        PROPERTY_DESCRIPTIONS,
    ];
    const DATA_KEYS: &[&str] = &["default", "enum", "example", "value"];
    match value {
        Value::Object(object) => {
            let are_own_names = names == Names::Own;
            if !are_own_names {
                visit(at, object)?;
            }
            object.iter().filter(|(key, _)| are_own_names || !DATA_KEYS.contains(&key.as_str())).try_for_each(
                |(key, value)| {
                    let is_name_map = !are_own_names && NAME_MAPS.contains(&key.as_str());
                    let inner = if is_name_map && value.is_object() { Names::Own } else { Names::Keywords };
                    visit_objects(&format!("{at}/{}", escape_pointer_step(key)), value, inner, visit)
                },
            )
        }
        Value::Array(array) => array
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| visit_objects(&format!("{at}/{index}"), value, Names::Keywords, visit)),
        _ => Ok(()),
    }
}

/// Returns the error of parsing the object at a place as what OpenAPI has there.
fn openapi_error_at(at: &str, object: &Object) -> Option<serde_json::Error> {
    fn read<T: DeserializeOwned>(object: &Object) -> Option<serde_json::Error> {
        T::deserialize(object).err()
    }
    let place: Vec<&str> = at.split('/').collect();
    match place.as_slice() {
        ["#", "paths", _] => read::<PathItem>(object),
        ["#", "paths", _, _] => read::<Operation>(object),
        [.., "parameters", _] => read::<ReferenceOr<Parameter>>(object),
        [.., "requestBodies", _] | [.., "requestBody"] => read::<ReferenceOr<RequestBody>>(object),
        [.., "responses", _] => read::<ReferenceOr<Response>>(object),
        [.., "headers", _] => read::<ReferenceOr<Header>>(object),
        [.., "examples", _] => read::<ReferenceOr<Example>>(object),
        [.., "schemas" | "properties", _] | [.., "schema" | "items"] => read::<ReferenceOr<Schema>>(object),
        _ => None,
    }
}

/// Rejects an extension that has no effect at its place.
fn ensure_extension_in_place(at: &str, key: &str, value: &Value) -> Result<()> {
    if !key.starts_with("x-") {
        return Ok(());
    }
    let place: Vec<&str> = at.split('/').collect();
    let in_place = match (key, place.as_slice()) {
        (CONTEXT | JSON_STRING | MINIMUM, [.., "parameters", _])
        | (FLAG, [.., "parameters", _])
        | (
            AUTHENTICATION | CLOUDS | COLUMNS | COMMAND | DEPRECATED | DESTRUCTIVE | ERROR_CODES | IDEMPOTENCY | PAGING
            | PERMISSIONS,
            ["#", "paths", _, _],
        )
        | (COLUMNS, ["#", "components", "schemas", _])
        | (
            BOX | ENUM_DESCRIPTIONS | EXTENSIBLE_ENUM | PROPERTY_DESCRIPTIONS | RAW | TYPE,
            ["#", "components", "schemas", _],
        )
        | (SECRET, ["#", "components", "schemas", _, "properties", _])
        | (UNKNOWN_FIELDS, [.., "examples", _]) => true,
        (
            BOX
            | CONTEXT
            | ENUM_DESCRIPTIONS
            | EXTENSIBLE_ENUM
            | JSON_STRING
            | MINIMUM
            | PAGING
            | PROPERTY_DESCRIPTIONS
            | RAW
            | SECRET
            | TYPE
            | UNKNOWN_FIELDS,
            _,
        ) => false,
        _ => bail!("{at}: the extension {key} is not known"),
    };
    ensure!(in_place, "{at}: the extension {key} has no effect here");
    let is_switch = [BOX, CONTEXT, SECRET, UNKNOWN_FIELDS].contains(&key);
    ensure!(!is_switch || *value == Value::Bool(true), "{at}/{key}: it is `true` or left out");
    Ok(())
}

/// Rejects a `$ref` without a target, on which `progenitor` would panic.
fn ensure_reference_exists(source: &Value, object: &Object) -> Result<()> {
    let Some(reference) = object.get("$ref").and_then(Value::as_str) else { return Ok(()) };
    let target = reference.strip_prefix('#').and_then(|pointer| source.pointer(pointer));
    ensure!(target.is_some(), "the $ref {reference} points to nothing");
    Ok(())
}
