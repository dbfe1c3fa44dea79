//! Writing of the generated types, and what is told about them: compiled once for each format, not for each type.

use crate::{
    JsonValue, Nullable,
    json_value::serialize_number,
    object::{Object, Presence, present_fields},
    scalar::ScalarValue,
    unknown_fields::ReceivedSpelling,
    value::{List, UnionRef, ValueRef},
};
use serde::{
    Serialize, Serializer,
    ser::{self, SerializeMap, SerializeSeq},
};
use std::fmt;
use uuid::Uuid;

/// Writes an object.
pub(crate) fn write_object<S: Serializer>(object: &dyn Object, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    write_object_fields(object, &mut map)?;
    map.end()
}

fn write_object_fields<M: SerializeMap>(object: &dyn Object, map: &mut M) -> Result<(), M::Error> {
    let schema = object.schema();
    let unknown = object.unknown_fields();
    let has_spellings = unknown.has_received_spellings();
    for (index, &name) in schema.names.iter().enumerate() {
        let field = object.field(index);
        if has_spellings && let Some(spelling) = unknown.received_spelling(name) {
            if let Some(value) = field.none_if_absent() {
                write_field_with_received_spelling(map, name, value, spelling)?;
            }
        } else if let ValueRef::Scalar(scalar) = field {
            if let Some(scalar) = scalar.get() {
                map.serialize_entry(name, &scalar)?;
            }
        } else if let Some(value) = field.none_if_absent() {
            map.serialize_entry(name, &SerializedValue(value))?;
        }
    }
    let mut result = Ok(());
    if let Some(additional) = object.additional_properties() {
        additional.for_each(&mut |name, value| {
            if result.is_ok() {
                result = match unknown.received_spelling(name) {
                    Some(spelling) => write_field_with_received_spelling(map, name, value, spelling),
                    None => map.serialize_entry(name, &SerializedValue(value)),
                };
            }
        });
    }
    result?;
    for (name, value) in unknown.iter() {
        // A field that was set replaces the raw value that was kept for it.
        let is_set = match schema.find_field_index(name) {
            Some(index) => object.field(index).none_if_absent().is_some(),
            None => object.additional_properties().is_some_and(|map| map.get(name).is_some()),
        };
        if !is_set {
            let name = unknown.received_spelling(name).and_then(|spelling| spelling.name).unwrap_or(name);
            map.serialize_entry(name, value)?;
        }
    }
    Ok(())
}

/// Writes a field in the spelling in which it was received, unless it has been changed.
#[cold]
fn write_field_with_received_spelling<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: ValueRef<'_>,
    spelling: &ReceivedSpelling,
) -> Result<(), M::Error> {
    let name = spelling.name.unwrap_or(name);
    if let Some((written, received)) = &spelling.value
        && JsonValue::from_serializable(&SerializedValue(value)).is_ok_and(|value| value == *written)
    {
        return map.serialize_entry(name, received);
    }
    map.serialize_entry(name, &SerializedValue(value))
}

/// Returns the field at `index` as it is written; `None` if it is absent.
#[inline]
pub(crate) fn field_to_json_value(object: &dyn Object, index: usize) -> Option<JsonValue> {
    JsonValue::from_serializable(&SerializedValue(object.field(index).none_if_absent()?)).ok()
}

/// A value that is present, for a serializer.
pub(crate) struct SerializedValue<'a>(pub(crate) ValueRef<'a>);

impl Serialize for SerializedValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ValueRef::Scalar(scalar) => scalar.get().serialize(serializer),
            ValueRef::Object(object) => write_object(object, serializer),
            ValueRef::List(list) => {
                let mut items = serializer.serialize_seq(Some(list.len()))?;
                for item in iterate_list_items(list) {
                    items.serialize_element(&SerializedValue(item))?;
                }
                items.end()
            }
            ValueRef::Map(map) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                let mut result = Ok(());
                map.for_each(&mut |key, value| {
                    if result.is_ok() {
                        result = entries.serialize_entry(key, &SerializedValue(value));
                    }
                });
                result?;
                entries.end()
            }
            ValueRef::Union(union) => match union.get() {
                UnionRef::Unknown(json) => json.serialize(serializer),
                UnionRef::Variant(kind, object) => {
                    let mut map = serializer.serialize_map(None)?;
                    // The object has the discriminator among its properties, as a rule; a new object need not set it.
                    let schema = object.schema();
                    let is_set = match schema.find_field_index(union.discriminator()) {
                        Some(index) => object.field(index).none_if_absent().is_some(),
                        None => object.unknown_fields().contains(union.discriminator()),
                    };
                    if !is_set {
                        map.serialize_entry(union.discriminator(), kind)?;
                    }
                    write_object_fields(object, &mut map)?;
                    map.end()
                }
            },
            ValueRef::Json(json) => json.serialize(serializer),
            ValueRef::RawJson(raw) => {
                let (mut serializer, mut result) = (Some(serializer), None);
                raw.with_parsed_object(&mut |object| {
                    result = serializer.take().map(|serializer| match object {
                        Some(object) => write_object(object, serializer),
                        None => raw.json().map(|json| JsonValue::from_raw_json(json)).serialize(serializer),
                    });
                });
                result.unwrap_or_else(|| Err(ser::Error::custom("an object that is kept as JSON was not visited")))
            }
            ValueRef::Optional(_) | ValueRef::Nullable(_) => {
                self.0.none_if_absent().map(SerializedValue).serialize(serializer)
            }
            ValueRef::Null => serializer.serialize_none(),
        }
    }
}

impl Serialize for ScalarValue<'_> {
    #[inline]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Bool(value) => serializer.serialize_bool(value),
            Self::Integer(number) => serializer.serialize_i64(number),
            Self::Float(number) => serializer.serialize_f64(number),
            Self::Number(digits) => serialize_number(digits, serializer),
            Self::String(text) => serializer.serialize_str(text),
            // A string in every format: that is how it is read.
            Self::Uuid(uuid) => serializer.serialize_str(uuid.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
        }
    }
}

#[inline]
fn iterate_list_items(list: &dyn List) -> impl Iterator<Item = ValueRef<'_>> {
    (0..list.len()).filter_map(|index| list.get(index))
}

/// Whether no field that the specification describes was present, and others were.
#[inline]
pub(crate) fn has_only_unknown_fields(object: &dyn Object) -> bool {
    let (schema, unknown) = (object.schema(), object.unknown_fields());
    if unknown.is_empty()
        || schema.has_required_fields
        || object.additional_properties().is_some_and(|map| map.len() > 0)
    {
        return false;
    }
    present_fields(object).next().is_none() && !schema.names.iter().any(|name| unknown.contains(name))
}

/// Shows an object as `derive(Debug)` does.
#[inline]
pub(crate) fn debug_object(object: &dyn Object, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let schema = object.schema();
    let mut shown = formatter.debug_struct(schema.name);
    for (index, name) in schema.rust_names.iter().enumerate() {
        let Some(value) = object.field(index).none_if_absent() else {
            shown.field(name, &None::<()>);
            continue;
        };
        let value = DebugValue(value);
        match (schema.presences[index], &value.0) {
            (Presence::Optional, _) => shown.field(name, &Some(value)),
            (Presence::Nullable, ValueRef::Null) => shown.field(name, &Some(Nullable::Null::<()>)),
            (Presence::Nullable, _) => shown.field(name, &Some(Nullable::Value(value))),
            (Presence::RequiredList | Presence::Required, _) => shown.field(name, &value),
        };
    }
    if let Some(map) = object.additional_properties() {
        shown.field("additional_properties", &DebugValue(ValueRef::Map(map)));
    }
    shown.field("unknown_fields", object.unknown_fields()).finish()
}

struct DebugValue<'a>(ValueRef<'a>);

impl fmt::Debug for DebugValue<'_> {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValueRef::Scalar(scalar) => scalar.debug(formatter),
            ValueRef::Object(object) => debug_object(object, formatter),
            ValueRef::List(list) => formatter.debug_list().entries(iterate_list_items(list).map(DebugValue)).finish(),
            ValueRef::Map(map) => {
                let mut shown = formatter.debug_map();
                map.for_each(&mut |key, value| {
                    shown.entry(&key, &DebugValue(value));
                });
                shown.finish()
            }
            ValueRef::Union(union) => union.fmt(formatter),
            ValueRef::Json(json) => json.fmt(formatter),
            ValueRef::RawJson(raw) => {
                let mut result = Ok(());
                raw.with_parsed_object(&mut |object| {
                    result = match object {
                        Some(object) => debug_object(object, formatter),
                        None => formatter.write_str("RawJson(..)"),
                    };
                });
                result
            }
            ValueRef::Optional(_) | ValueRef::Nullable(_) => self.0.none_if_absent().map(DebugValue).fmt(formatter),
            ValueRef::Null => formatter.write_str("Null"),
        }
    }
}

/// Returns the paths of everything within `object` that the specification does not describe.
#[inline]
pub(crate) fn undescribed_paths(object: &dyn Object) -> Vec<String> {
    let mut found = Vec::new();
    collect_undescribed_paths(ValueRef::Object(object), "", &mut found);
    found
}

/// Adds the unknown paths of `value`, whose own path is `at`.
#[inline]
fn collect_undescribed_paths(value: ValueRef<'_>, at: &str, found: &mut Vec<String>) {
    match value {
        ValueRef::Scalar(scalar) => {
            if !scalar.is_described() {
                found.push(at.to_owned());
            }
        }
        ValueRef::Object(object) => {
            let schema = object.schema();
            for (index, value) in present_fields(object) {
                collect_undescribed_paths(value, &join_field_path(at, schema.names[index]), found);
            }
            if let Some(map) = object.additional_properties() {
                collect_undescribed_paths(ValueRef::Map(map), at, found);
            }
            found.extend(object.unknown_fields().iter().map(|(name, _)| join_field_path(at, name)));
        }
        ValueRef::List(list) => {
            for (index, item) in iterate_list_items(list).enumerate() {
                collect_undescribed_paths(item, &format!("{at}[{index}]"), found);
            }
        }
        ValueRef::Map(map) => {
            map.for_each(&mut |key, value| collect_undescribed_paths(value, &join_field_path(at, key), found));
        }
        ValueRef::Union(union) => match union.get() {
            UnionRef::Variant(_, object) => collect_undescribed_paths(ValueRef::Object(object), at, found),
            UnionRef::Unknown(_) => found.push(at.to_owned()),
        },
        ValueRef::RawJson(raw) => raw.with_parsed_object(&mut |object| match object {
            Some(object) => collect_undescribed_paths(ValueRef::Object(object), at, found),
            None => found.push(at.to_owned()),
        }),
        ValueRef::Optional(_) | ValueRef::Nullable(_) => {
            if let Some(value) = value.none_if_absent() {
                collect_undescribed_paths(value, at, found);
            }
        }
        ValueRef::Json(_) | ValueRef::Null => {}
    }
}

/// Returns the path of the field `name` within the object at `at`.
#[inline]
pub(crate) fn join_field_path(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
