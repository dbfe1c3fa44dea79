//! Writing of the generated types, and what is told about them: compiled once for each format, not for each type.

use crate::{
    JsonValue, Nullable,
    json_value::serialize_number,
    object::{Object, Presence},
    reader::read_object_from_json,
    scalar::ScalarValue,
    unknown_fields::Spelling,
    value::{List, RawJsonField, UnionRef, ValueRef},
};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use std::fmt;
use uuid::Uuid;

/// Writes an object.
pub(crate) fn write_object<S: Serializer>(object: &dyn Object, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    write_fields(object, &mut map)?;
    map.end()
}

fn write_fields<M: SerializeMap>(object: &dyn Object, map: &mut M) -> Result<(), M::Error> {
    let schema = object.schema();
    let unknown = object.unknown_fields();
    let has_spellings = unknown.has_spellings();
    for (index, field) in schema.fields.iter().enumerate() {
        let value = object.field(index);
        if has_spellings && let Some(spelling) = unknown.spelling(field.name) {
            write_field_as_received(map, field.name, value, spelling)?;
            continue;
        }
        match value {
            ValueRef::Scalar(scalar) | ValueRef::Decimal(scalar) => match scalar.get() {
                ScalarValue::Absent => {}
                scalar => map.serialize_entry(field.name, &scalar)?,
            },
            value => {
                if let Some(value) = value.present() {
                    map.serialize_entry(field.name, &WrittenValue(value))?;
                }
            }
        }
    }
    if let Some(additional) = object.additional_properties() {
        let mut result = Ok(());
        additional.for_each(&mut |name, value| {
            if result.is_ok() {
                result = match unknown.spelling(name) {
                    Some(spelling) => write_field_as_received(map, name, value, spelling),
                    None => map.serialize_entry(name, &WrittenValue(value)),
                };
            }
        });
        result?;
    }
    for (name, value) in unknown.iter() {
        // A field that was set replaces the raw value that was kept for it.
        let is_set = match schema.find(name, 0) {
            Some(index) => object.field(index).present().is_some(),
            None => object.additional_properties().is_some_and(|map| map.get(name).is_some()),
        };
        if !is_set {
            let name = unknown.spelling(name).and_then(|spelling| spelling.name).unwrap_or(name);
            map.serialize_entry(name, value)?;
        }
    }
    Ok(())
}

/// Writes a field in the spelling in which it was received, unless it has been changed.
#[cold]
fn write_field_as_received<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: ValueRef<'_>,
    spelling: &Spelling,
) -> Result<(), M::Error> {
    let Some(value) = value.present() else { return Ok(()) };
    let name = spelling.name.unwrap_or(name);
    if let Some((written, received)) = &spelling.value
        && JsonValue::serialized(&WrittenValue(value)).is_ok_and(|value| value == *written)
    {
        return map.serialize_entry(name, received);
    }
    map.serialize_entry(name, &WrittenValue(value))
}

impl ValueRef<'_> {
    /// Returns the value of an optional field; `None` if it is absent.
    #[inline]
    pub(crate) fn present(self) -> Option<Self> {
        match self {
            Self::Scalar(scalar) | Self::Decimal(scalar) => match scalar.get() {
                ScalarValue::Absent => None,
                _ => Some(self),
            },
            Self::RawJson(field) => field.get().map(|_| self),
            Self::Optional(optional) => optional.get(),
            Self::Nullable(nullable) => nullable.get().map(|value| value.unwrap_or(self)),
            _ => Some(self),
        }
    }
}

/// A value that is present, for a serializer.
pub(crate) struct WrittenValue<'a>(pub(crate) ValueRef<'a>);

impl Serialize for WrittenValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            ValueRef::Scalar(scalar) | ValueRef::Decimal(scalar) => scalar.get().serialize(serializer),
            ValueRef::Object(object) => write_object(object, serializer),
            ValueRef::List(list) => {
                let mut items = serializer.serialize_seq(Some(list.len()))?;
                for item in list_items(list) {
                    items.serialize_element(&WrittenValue(item))?;
                }
                items.end()
            }
            ValueRef::Map(map) => {
                let mut entries = serializer.serialize_map(Some(map.len()))?;
                let mut result = Ok(());
                map.for_each(&mut |key, value| {
                    if result.is_ok() {
                        result = entries.serialize_entry(key, &WrittenValue(value));
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
                    let is_set = match schema.find(union.discriminator(), 0) {
                        Some(index) => object.field(index).present().is_some(),
                        None => object.unknown_fields().contains(union.discriminator()),
                    };
                    if !is_set {
                        map.serialize_entry(union.discriminator(), kind)?;
                    }
                    write_fields(object, &mut map)?;
                    map.end()
                }
            },
            ValueRef::Json(json) => json.serialize(serializer),
            ValueRef::RawJson(field) => match (read_raw_object(field), field.get()) {
                (Some(object), _) => write_object(&*object, serializer),
                (None, Some(json)) => JsonValue::from_raw(json.get()).serialize(serializer),
                (None, None) => serializer.serialize_none(),
            },
            ValueRef::Optional(optional) => optional.get().map(WrittenValue).serialize(serializer),
            ValueRef::Nullable(nullable) => nullable.get().flatten().map(WrittenValue).serialize(serializer),
        }
    }
}

impl Serialize for ScalarValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Absent => serializer.serialize_none(),
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

fn list_items(list: &dyn List) -> impl Iterator<Item = ValueRef<'_>> {
    (0..list.len()).filter_map(|index| list.get(index))
}

/// Reads the object that a field keeps as JSON; `None` if it lacks a required field.
fn read_raw_object(field: &dyn RawJsonField) -> Option<Box<dyn Object>> {
    let mut object = field.empty_object();
    read_object_from_json(field.get()?.get(), &mut *object).then_some(object)
}

/// Whether no field that the specification describes was present, and others were.
pub(crate) fn is_of_another_kind(object: &dyn Object) -> bool {
    let unknown = object.unknown_fields();
    !unknown.is_empty()
        && object.additional_properties().is_none_or(|map| map.len() == 0)
        && object.schema().fields.iter().enumerate().all(|(index, field)| {
            field.presence == Presence::Optional
                && object.field(index).present().is_none()
                && !unknown.contains(field.name)
        })
}

/// Shows an object as `derive(Debug)` does.
pub(crate) fn debug_object(object: &dyn Object, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    let schema = object.schema();
    let mut shown = formatter.debug_struct(schema.name);
    for (index, field) in schema.fields.iter().enumerate() {
        shown.field(field.rust_name, &ShownValue(object.field(index)));
    }
    if let Some(map) = object.additional_properties() {
        shown.field("additional_properties", &ShownValue(ValueRef::Map(map)));
    }
    shown.field("unknown_fields", object.unknown_fields()).finish()
}

struct ShownValue<'a>(ValueRef<'a>);

impl fmt::Debug for ShownValue<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            ValueRef::Scalar(scalar) | ValueRef::Decimal(scalar) => scalar.fmt(formatter),
            ValueRef::Object(object) => debug_object(object, formatter),
            ValueRef::List(list) => formatter.debug_list().entries(list_items(list).map(ShownValue)).finish(),
            ValueRef::Map(map) => {
                let mut shown = formatter.debug_map();
                map.for_each(&mut |key, value| {
                    shown.entry(&key, &ShownValue(value));
                });
                shown.finish()
            }
            ValueRef::Union(union) => union.fmt(formatter),
            ValueRef::Json(json) => json.fmt(formatter),
            ValueRef::RawJson(field) => match (read_raw_object(field), field.get()) {
                (Some(object), _) => {
                    formatter.debug_tuple("Some").field(&ShownValue(ValueRef::Object(&*object))).finish()
                }
                (None, Some(_)) => formatter.debug_tuple("Some").field(&format_args!("RawJson(..)")).finish(),
                (None, None) => formatter.write_str("None"),
            },
            ValueRef::Optional(optional) => optional.get().map(ShownValue).fmt(formatter),
            ValueRef::Nullable(nullable) => {
                let value = nullable.get().map(|value| value.map(ShownValue));
                value.map(|value| value.map_or(Nullable::Null, Nullable::Value)).fmt(formatter)
            }
        }
    }
}

/// Returns the paths of everything within `object` that the specification does not describe.
pub(crate) fn unknown_paths(object: &dyn Object) -> Vec<String> {
    let mut found = Vec::new();
    add_unknown_paths(ValueRef::Object(object), "", &mut found);
    found
}

/// Adds the unknown paths of `value`, whose own path is `at`.
fn add_unknown_paths(value: ValueRef<'_>, at: &str, found: &mut Vec<String>) {
    match value {
        ValueRef::Scalar(scalar) | ValueRef::Decimal(scalar) => {
            if !scalar.is_described() {
                found.push(at.to_owned());
            }
        }
        ValueRef::Object(object) => {
            for (index, field) in object.schema().fields.iter().enumerate() {
                if let Some(value) = object.field(index).present() {
                    add_unknown_paths(value, &field_path(at, field.name), found);
                }
            }
            if let Some(map) = object.additional_properties() {
                add_unknown_paths(ValueRef::Map(map), at, found);
            }
            found.extend(object.unknown_fields().iter().map(|(name, _)| field_path(at, name)));
        }
        ValueRef::List(list) => {
            for (index, item) in list_items(list).enumerate() {
                add_unknown_paths(item, &format!("{at}[{index}]"), found);
            }
        }
        ValueRef::Map(map) => map.for_each(&mut |key, value| add_unknown_paths(value, &field_path(at, key), found)),
        ValueRef::Union(union) => match union.get() {
            UnionRef::Variant(_, object) => add_unknown_paths(ValueRef::Object(object), at, found),
            UnionRef::Unknown(_) => found.push(at.to_owned()),
        },
        ValueRef::Json(_) => {}
        ValueRef::RawJson(field) => match read_raw_object(field) {
            Some(object) => add_unknown_paths(ValueRef::Object(&*object), at, found),
            None => found.push(at.to_owned()),
        },
        ValueRef::Optional(optional) => {
            if let Some(value) = optional.get() {
                add_unknown_paths(value, at, found);
            }
        }
        ValueRef::Nullable(nullable) => {
            if let Some(value) = nullable.get().flatten() {
                add_unknown_paths(value, at, found);
            }
        }
    }
}

/// Returns the path of the field `name` within the object at `at`.
pub(crate) fn field_path(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}
