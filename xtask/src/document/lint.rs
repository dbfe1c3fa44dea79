//! What a document may not have, whatever it is about: `openapiv3` would skip it, or `progenitor` panic on it.

use crate::dialect::{
    BOX, CONTEXT, ENUM_DESCRIPTIONS, EXTENSIBLE_ENUM, JSON_STRING, MINIMUM, PAGING, PROPERTY_DESCRIPTIONS, RAW, SECRET,
    TYPE, UNKNOWN_FIELDS, escape,
};
use anyhow::{Context as _, Result, bail, ensure};
use openapiv3::{Example, Header, Operation, Parameter, PathItem, ReferenceOr, RequestBody, Response, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

type Object = serde_json::Map<String, Value>;

/// Refuses what has no effect in the document `source`, of which `read` is what was read and written back.
pub(super) fn nothing_without_effect(source: &Value, read: &Value) -> Result<()> {
    nothing_ignored("#", source, Some(read))?;
    walk("#", source, Names::Keywords, &mut |at, object| {
        object.iter().try_for_each(|(key, value)| extension_in_place(at, key, value))?;
        leads_somewhere(source, object).with_context(|| at.to_owned())
    })
}

/// What is wrong with a document that cannot be read, and where: `openapiv3` itself knows that only roughly.
pub(super) fn first_unreadable(source: &Value) -> Result<()> {
    let mut innermost: Option<(String, serde_json::Error)> = None;
    walk("#", source, Names::Keywords, &mut |at, object| {
        let within = innermost.as_ref().is_none_or(|(outer, _)| at.starts_with(outer));
        if let Some(error) = unreadable(at, object).filter(|_| within) {
            innermost = Some((at.to_owned(), error));
        }
        Ok(())
    })?;
    innermost.map_or(Ok(()), |(at, error)| Err(error).context(at))
}

/// Refuses a key that reading has ignored: `openapiv3` skips what it does not know, and what stands beside a `$ref`.
/// What it has read is compared with the document.
fn nothing_ignored(at: &str, source: &Value, read: Option<&Value>) -> Result<()> {
    match (source, read) {
        (Value::Object(source), Some(Value::Object(read))) => source
            .iter()
            .try_for_each(|(key, value)| nothing_ignored(&format!("{at}/{}", escape(key)), value, read.get(key))),
        (Value::Array(source), Some(Value::Array(read))) if source.len() == read.len() => source
            .iter()
            .zip(read)
            .enumerate()
            .try_for_each(|(index, (source, read))| nothing_ignored(&format!("{at}/{index}"), source, Some(read))),
        (source, read) => {
            let same_number = source.as_f64().is_some() && source.as_f64() == read.and_then(Value::as_f64);
            let hint = match at.rsplit_once('/') {
                Some((parent, key)) if key.starts_with("~1") && parent != "#/paths" => {
                    "paths are indented by two under `paths:`"
                }
                _ => "a typing error, a neighbour of a $ref, or a default that goes without saying",
            };
            ensure!(read == Some(source) || same_number, "{at}: it has no effect: {hint}");
            Ok(())
        }
    }
}

/// What the keys of an object are.
#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// Words of the format itself.
    Keywords,
    /// Names that the specification gives: of schemas, properties, paths.
    Own,
}

/// Visits every object of the format itself, from the outside in, with its place; examples and defaults, which are data,
/// are left out.
fn walk(at: &str, value: &Value, names: Names, visit: &mut dyn FnMut(&str, &Object) -> Result<()>) -> Result<()> {
    const GIVE_NAMES: &[&str] = &[
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
    const DATA: &[&str] = &["default", "enum", "example", "value"];
    match value {
        Value::Object(object) => {
            let own_names = names == Names::Own;
            if !own_names {
                visit(at, object)?;
            }
            object.iter().filter(|(key, _)| own_names || !DATA.contains(&key.as_str())).try_for_each(|(key, value)| {
                let gives_names = !own_names && GIVE_NAMES.contains(&key.as_str());
                let inner = if gives_names && value.is_object() { Names::Own } else { Names::Keywords };
                walk(&format!("{at}/{}", escape(key)), value, inner, visit)
            })
        }
        Value::Array(array) => array
            .iter()
            .enumerate()
            .try_for_each(|(index, value)| walk(&format!("{at}/{index}"), value, Names::Keywords, visit)),
        _ => Ok(()),
    }
}

/// Why what stands at a place cannot be read.
fn unreadable(at: &str, object: &Object) -> Option<serde_json::Error> {
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

/// Refuses an extension that would be without effect.
fn extension_in_place(at: &str, key: &str, value: &Value) -> Result<()> {
    if !key.starts_with("x-") {
        return Ok(());
    }
    let place: Vec<&str> = at.split('/').collect();
    let in_place = match (key, place.as_slice()) {
        (CONTEXT | JSON_STRING | MINIMUM, [.., "parameters", _])
        | (PAGING, ["#", "paths", _, _])
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

/// Refuses a `$ref` to nothing, on which `progenitor` would panic.
fn leads_somewhere(source: &Value, object: &Object) -> Result<()> {
    let Some(reference) = object.get("$ref").and_then(Value::as_str) else { return Ok(()) };
    let target = reference.strip_prefix('#').and_then(|pointer| source.pointer(pointer));
    ensure!(target.is_some(), "the $ref {reference} leads nowhere");
    Ok(())
}
