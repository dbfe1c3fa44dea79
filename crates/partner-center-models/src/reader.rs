//! Reading of the generated types, leniently: a value that does not fit the specification is kept, not an error.
//!
//! The service adds fields and values, and now and then sends a type other than the documented one. Neither may fail a page,
//! and neither may be lost. So a field is set only if its value has the type of the specification. Any other value goes, as the
//! JSON that was received, to the [`UnknownFields`](crate::UnknownFields) of the object that holds the field, and is written from
//! there. A value that fits, but is written in another way (`12` for the number `12.0`), leaves its spelling there.
//!
//! `serde_json` rounds a number before a visitor sees it. Where digits may have been lost, a value is read a second time, from
//! its raw JSON: see [`loss_mode`].

use crate::{
    JsonValue, UnknownFields,
    json::from_json_with,
    json_value::{
        ArrayBuilder, ObjectBuilder, PRIVATE_NUMBER_FIELD, PRIVATE_RAW_VALUE_NAME, arbitrary_precision_number,
        read_raw_json,
    },
    loss_mode,
    object::{FieldPosition, FieldSet, Object, ObjectSchema, Presence, is_name_or_capitalized},
    raw_json::share_json,
    scalar::{Fit, ScalarValue},
    value::{List, Map, Union, ValueMut, ValueRef},
    writer::{SerializedValue, field_to_json_value, has_only_unknown_fields},
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;
use std::fmt;

/// Reads the complete value of `deserializer` into `object`, which is empty.
pub(crate) fn read_resource<'de, D: Deserializer<'de>>(
    deserializer: D,
    object: &mut dyn Object,
) -> Result<(), D::Error> {
    deserializer.deserialize_map(ResourceVisitor(object))
}

struct ResourceVisitor<'a>(&'a mut dyn Object);

impl<'de> Visitor<'de> for ResourceVisitor<'_> {
    type Value = ();

    #[inline]
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "an object that is a {}", self.0.schema().name)
    }
    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<(), A::Error> {
        if read_object_or_number(self.0, fields, ReadContext::top_level())?.is_some() {
            return Err(de::Error::custom("a number where an object was expected"));
        }
        // An object of another kind, such as an error body with the status 200.
        if has_only_unknown_fields(self.0) {
            let name = self.0.schema().name;
            return Err(de::Error::custom(format_args!("an object that is not a {name}")));
        }
        Ok(())
    }
}

/// Reads `json` into `object`, as leniently as a field of another object; returns whether it is such an object.
#[inline]
pub(crate) fn try_read_object_from_json(json: &str, object: &mut dyn Object) -> bool {
    try_read_object_at_depth(json, object, 0)
}

#[inline]
fn try_read_object_at_depth(json: &str, object: &mut dyn Object, depth: u8) -> bool {
    fn read<'de, D: Deserializer<'de>>(json: D, object: &mut dyn Object, depth: u8) -> Result<bool, D::Error> {
        let context = ReadContext { is_exact: loss_mode::is_exact_mode(), depth };
        let outcome = ValueSeed { context, target: ValueMut::Object(object) }.deserialize(json)?;
        Ok(matches!(outcome, ReadOutcome::Set))
    }
    let mut is_empty = true;
    let parsed = from_json_with(json, |json| {
        if !is_empty {
            ValueMut::Object(object).clear();
        }
        is_empty = false;
        let mut json = serde_json::Deserializer::from_str(json);
        let is_object = read(&mut json, object, depth)?;
        json.end().map(|()| is_object)
    });
    parsed.is_ok_and(|parsed| parsed.value)
}

/// Reads a value into an optional one, which stays unset if the value does not fit.
pub(crate) fn read_value<'de, D: Deserializer<'de>>(deserializer: D, target: ValueMut<'_>) -> Result<(), D::Error> {
    ValueSeed { context: ReadContext::top_level(), target }.deserialize(deserializer).map(drop)
}

/// What is known where a value is read.
#[derive(Clone, Copy)]
struct ReadContext {
    /// Whether a value is read from its raw JSON: see [`loss_mode::is_exact_mode`].
    is_exact: bool,
    /// The number of objects and lists around the value.
    depth: u8,
}

impl ReadContext {
    #[inline]
    fn top_level() -> Self {
        Self { is_exact: loss_mode::is_exact_mode(), depth: 0 }
    }

    /// Returns the context within an object or list; `None` if that is too deep, so that it is kept as JSON. `serde_json` has
    /// the same limit, but does not know of the texts around a text.
    #[inline]
    fn nested_unless_too_deep(self) -> Option<Self> {
        const MAX_NESTING_DEPTH: u8 = 127;
        (self.depth < MAX_NESTING_DEPTH).then(|| Self { depth: self.depth + 1, ..self })
    }
}

/// The outcome of reading a value.
pub(crate) enum ReadOutcome {
    Set,
    /// The value fits, but would be written in another way than it was received.
    SetAs(JsonValue),
    /// Null, which reads as absent.
    Null,
    /// The value is not of the specified type.
    Misfit(JsonValue),
}

/// Reads the fields of an object; returns the number that the object stands for, if it does: see [`arbitrary_precision_number`].
fn read_object_or_number<'de, A: MapAccess<'de>>(
    object: &mut dyn Object,
    mut fields: A,
    context: ReadContext,
) -> Result<Option<JsonValue>, A::Error> {
    let schema = object.schema();
    let (mut position, mut seen) = (FieldPosition::default(), FieldSet::default());
    while let Some(key) = fields.next_key_seed(FieldKeySeed { schema, position })? {
        match key {
            FieldKey::Field { index, spelling } => {
                position = FieldPosition::behind(index);
                let name = schema.names[index];
                if seen.test_and_set(index) {
                    // Of several values, the last one counts.
                    object.field_mut(index).clear();
                    object.unknown_fields_mut().forget_received_field(name);
                }
                match fields.next_value_seed(ValueSeed { context, target: object.field_mut(index) })? {
                    ReadOutcome::Set => {}
                    ReadOutcome::SetAs(received) => {
                        if let Some(written) = field_to_json_value(object, index) {
                            object.unknown_fields_mut().keep_received_spelling(name, written, received);
                        }
                    }
                    ReadOutcome::Null => {
                        // Null is JSON like any other.
                        let is_any = matches!(object.field_mut(index), ValueMut::Json(_));
                        if schema.presences[index] == Presence::Required && !is_any {
                            seen.remove(index);
                        }
                    }
                    ReadOutcome::Misfit(value) => {
                        object.unknown_fields_mut().insert(name, value);
                    }
                }
                if let Some(spelling) = spelling {
                    object.unknown_fields_mut().keep_received_name(name, spelling);
                }
            }
            FieldKey::Unknown(name) => read_additional_or_unknown_field(object, name, &mut fields, context)?,
        }
    }
    if seen.is_empty()
        && let Some(number) = number_from_private_field(object.unknown_fields())
    {
        return Ok(Some(number));
    }
    if schema.has_required_fields {
        for (index, name) in schema.required_fields() {
            if object.unknown_fields().contains(name) {
                return Err(de::Error::custom(format_args!("`{name}` is not what the specification says")));
            }
            if !seen.contains(index) {
                return Err(de::Error::missing_field(name));
            }
        }
    }
    Ok(None)
}

/// Reads a field that is none of the properties with a name in the specification.
fn read_additional_or_unknown_field<'de, A: MapAccess<'de>>(
    object: &mut dyn Object,
    name: String,
    fields: &mut A,
    context: ReadContext,
) -> Result<(), A::Error> {
    if name != PRIVATE_NUMBER_FIELD
        && let Some(map) = object.additional_properties_mut()
    {
        check_item_limit(map.len())?;
        let target = map.insert(name.clone());
        let is_any = matches!(target, ValueMut::Json(_));
        let outcome = fields.next_value_seed(ValueSeed { context, target })?;
        let misfit = match outcome {
            ReadOutcome::Set => return Ok(()),
            ReadOutcome::Null if is_any => return Ok(()),
            ReadOutcome::SetAs(received) => {
                let written = map.get(&name).map(|value| JsonValue::from_serializable(&SerializedValue(value)));
                if let Some(written) = written {
                    object.unknown_fields_mut().keep_received_spelling(
                        &name,
                        written.map_err(de::Error::custom)?,
                        received,
                    );
                }
                return Ok(());
            }
            ReadOutcome::Null => JsonValue::null(),
            ReadOutcome::Misfit(value) => value,
        };
        map.remove(&name);
        object.unknown_fields_mut().insert(name, misfit);
        return Ok(());
    }
    let value = fields.next_value::<JsonValue>()?;
    object.unknown_fields_mut().insert(name, value);
    Ok(())
}

/// Returns the number that an object with these fields and no others stands for; `None` if the object is not a number.
#[inline]
fn number_from_private_field(fields: &UnknownFields) -> Option<JsonValue> {
    let mut fields = fields.iter();
    let (name, value) = fields.next()?;
    if fields.next().is_some() { None } else { arbitrary_precision_number(name, value) }
}

/// The key of a field.
enum FieldKey {
    Field {
        index: usize,
        /// The other name that the field came with.
        spelling: Option<&'static str>,
    },
    Unknown(String),
}

struct FieldKeySeed {
    schema: &'static ObjectSchema,
    position: FieldPosition,
}

impl<'de> DeserializeSeed<'de> for FieldKeySeed {
    type Value = FieldKey;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<FieldKey, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldKeySeed {
    type Value = FieldKey;
    #[inline]
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the name of a field")
    }
    fn visit_str<E>(self, name: &str) -> Result<FieldKey, E> {
        Ok(match self.schema.find_next_field(name, self.position) {
            Some((index, spelling)) => FieldKey::Field { index, spelling },
            None => FieldKey::Unknown(name.to_owned()),
        })
    }
}

/// Reads a value of any kind.
struct ValueSeed<'a> {
    context: ReadContext,
    target: ValueMut<'a>,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ReadOutcome;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadOutcome, D::Error> {
        let Self { context, target } = self;
        match target {
            ValueMut::Optional(optional) => {
                let outcome = ValueSeed { context, target: optional.insert() }.deserialize(deserializer)?;
                if let ReadOutcome::Null | ReadOutcome::Misfit(_) = outcome {
                    optional.clear();
                }
                Ok(outcome)
            }
            ValueMut::Nullable(nullable) => {
                let outcome = ValueSeed { context, target: nullable.insert() }.deserialize(deserializer)?;
                match outcome {
                    ReadOutcome::Set | ReadOutcome::SetAs(_) => {}
                    ReadOutcome::Null => {
                        nullable.set_null();
                        return Ok(ReadOutcome::Set);
                    }
                    ReadOutcome::Misfit(_) => nullable.clear(),
                }
                Ok(outcome)
            }
            ValueMut::Json(json) => {
                *json = JsonValue::deserialize(deserializer)?;
                Ok(if *json == JsonValue::null() { ReadOutcome::Null } else { ReadOutcome::Set })
            }
            ValueMut::Union(union) => Ok(read_union(union, JsonValue::deserialize(deserializer)?, context)),
            target @ (ValueMut::RawJson(_) | ValueMut::Decimal(_)) => deserializer
                .deserialize_newtype_struct(PRIVATE_RAW_VALUE_NAME, RawJsonVisitor(Self { context, target })),
            target if context.is_exact => read_via_raw_json(deserializer, Self { context, target }),
            target => deserializer.deserialize_any(Self { context, target }),
        }
    }
}

/// Takes the raw JSON of a value, then reads it. A function of its own, so that the common path stays short.
#[cold]
#[inline(never)]
fn read_via_raw_json<'de, D: Deserializer<'de>>(
    deserializer: D,
    value: ValueSeed<'_>,
) -> Result<ReadOutcome, D::Error> {
    deserializer.deserialize_newtype_struct(PRIVATE_RAW_VALUE_NAME, RawJsonVisitor(value))
}

impl ValueSeed<'_> {
    #[inline]
    fn set_scalar(self, value: ScalarValue<'_>, received: impl FnOnce() -> JsonValue) -> ReadOutcome {
        let fit = match self.target {
            ValueMut::Scalar(scalar) | ValueMut::Decimal(scalar) => scalar.set(value),
            _ => Fit::Misfit,
        };
        match fit {
            Fit::Exact => ReadOutcome::Set,
            Fit::OtherSpelling => ReadOutcome::SetAs(received()),
            Fit::Misfit => ReadOutcome::Misfit(received()),
        }
    }

    /// Reads the number that `json` is.
    #[inline]
    fn set_number(self, json: JsonValue) -> ReadOutcome {
        let (ValueMut::Scalar(scalar) | ValueMut::Decimal(scalar)) = self.target else {
            return ReadOutcome::Misfit(json);
        };
        match scalar.set(ScalarValue::from_number_digits(json.json())) {
            Fit::Exact => ReadOutcome::Set,
            Fit::OtherSpelling => ReadOutcome::SetAs(json),
            Fit::Misfit => ReadOutcome::Misfit(json),
        }
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ReadOutcome;

    #[inline]
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<ReadOutcome, E> {
        Ok(ReadOutcome::Null)
    }
    fn visit_none<E>(self) -> Result<ReadOutcome, E> {
        Ok(ReadOutcome::Null)
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadOutcome, D::Error> {
        self.deserialize(deserializer)
    }
    fn visit_bool<E>(self, value: bool) -> Result<ReadOutcome, E> {
        Ok(self.set_scalar(ScalarValue::Bool(value), || value.into()))
    }
    fn visit_i64<E>(self, number: i64) -> Result<ReadOutcome, E> {
        Ok(self.set_scalar(ScalarValue::Integer(number), || number.into()))
    }
    fn visit_u64<E>(self, number: u64) -> Result<ReadOutcome, E> {
        Ok(match i64::try_from(number) {
            Ok(number) => self.set_scalar(ScalarValue::Integer(number), || number.into()),
            Err(_) => self.set_number(Number::from(number).into()),
        })
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<ReadOutcome, E> {
        let json = Number::from_f64(number).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(self.set_scalar(ScalarValue::Float(number), || {
            // The JSON may have had digits that the `f64` lacks.
            loss_mode::report_loss();
            json.into()
        }))
    }
    fn visit_str<E>(self, text: &str) -> Result<ReadOutcome, E> {
        Ok(self.set_scalar(ScalarValue::String(text), || text.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ReadOutcome, A::Error> {
        match (self.target, self.context.nested_unless_too_deep()) {
            (ValueMut::List(list), Some(context)) => read_list(list, items, context),
            _ => JsonValue::from_seq(items).map(ReadOutcome::Misfit),
        }
    }
    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<ReadOutcome, A::Error> {
        match (self.target, self.context.nested_unless_too_deep()) {
            (ValueMut::Object(object), Some(context)) => {
                Ok(read_object_or_number(object, fields, context)?.map_or(ReadOutcome::Set, ReadOutcome::Misfit))
            }
            (ValueMut::Map(map), Some(context)) => read_map(map, fields, context),
            (target, _) => {
                let json = JsonValue::from_map(fields)?;
                let value = ValueSeed { target, context: self.context };
                // See `arbitrary_precision_number`.
                Ok(if json.is_number() { value.set_number(json) } else { ReadOutcome::Misfit(json) })
            }
        }
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadOutcome, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Visits the raw JSON of a value, or the value itself where a deserializer has no raw JSON.
struct RawJsonVisitor<'a>(ValueSeed<'a>);

impl<'de> Visitor<'de> for RawJsonVisitor<'_> {
    type Value = ReadOutcome;

    #[inline]
    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<ReadOutcome, A::Error> {
        if let ValueMut::RawJson(field) = self.0.target {
            let json = read_raw_json(json, share_json)?;
            if json.starts_with('{') {
                field.set(Some(json));
                return Ok(ReadOutcome::Set);
            }
            let value = JsonValue::from_raw_json(&json);
            return Ok(if value == JsonValue::null() { ReadOutcome::Null } else { ReadOutcome::Misfit(value) });
        }
        let json = read_raw_json(json, |json| Box::<str>::from(json))?;
        if let Some(number) = JsonValue::number_from_raw_json(&json) {
            return Ok(self.0.set_number(number));
        }
        let mut deserializer = serde_json::Deserializer::from_str(&json);
        deserializer.deserialize_any(self.0).map_err(de::Error::custom)
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadOutcome, D::Error> {
        let ValueSeed { context, target } = self.0;
        let ValueMut::RawJson(field) = target else {
            return deserializer.deserialize_any(ValueSeed { context, target });
        };
        let mut object = field.empty_object();
        let target = ValueMut::Object(&mut *object);
        let outcome = ValueSeed { context, target }.deserialize(deserializer)?;
        if let ReadOutcome::Set = outcome {
            let json = serde_json::to_string(&SerializedValue(ValueRef::Object(&*object)));
            field.set(Some(json.map_err(de::Error::custom)?.into()));
        }
        Ok(outcome)
    }
    // Some deserializers ignore newtypes and pass the value itself.
    fn visit_unit<E>(self) -> Result<ReadOutcome, E> {
        Ok(ReadOutcome::Null)
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<ReadOutcome, E> {
        self.0.visit_bool(value)
    }
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<ReadOutcome, E> {
        self.0.visit_i64(number)
    }
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<ReadOutcome, E> {
        self.0.visit_u64(number)
    }
    fn visit_f64<E: de::Error>(self, number: f64) -> Result<ReadOutcome, E> {
        self.0.visit_f64(number)
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<ReadOutcome, E> {
        self.0.visit_str(text)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<ReadOutcome, A::Error> {
        self.0.visit_seq(items)
    }
}

/// The maximum number of items in a list. A few bytes of JSON take many bytes of memory once parsed; the longest documented
/// list has 500 items.
const MAX_ITEMS_OF_LIST_OR_MAP: usize = 100_000;

/// Returns an error if a list of `count` items may not have another one.
pub(crate) fn check_item_limit<E: de::Error>(count: usize) -> Result<(), E> {
    if count < MAX_ITEMS_OF_LIST_OR_MAP {
        Ok(())
    } else {
        Err(E::custom("a list longer than any that the service has"))
    }
}

/// Reads an item of a list.
struct ItemSeed<'a> {
    context: ReadContext,
    list: &'a mut dyn List,
}

impl<'de> DeserializeSeed<'de> for ItemSeed<'_> {
    type Value = ReadOutcome;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<ReadOutcome, D::Error> {
        let target = self.list.push();
        let is_any = matches!(target, ValueMut::Json(_));
        let outcome = ValueSeed { context: self.context, target }.deserialize(deserializer)?;
        Ok(if is_any && matches!(outcome, ReadOutcome::Null) { ReadOutcome::Set } else { outcome })
    }
}

/// Reads a list. Keeps the complete list as JSON if a single item does not fit: a shortened list would be mistaken for the
/// complete one.
fn read_list<'de, A: SeqAccess<'de>>(
    list: &mut dyn List,
    mut items: A,
    context: ReadContext,
) -> Result<ReadOutcome, A::Error> {
    // The list as it was received; `None` as long as it would be written in the same way.
    let mut received = None;
    let mut count = 0;
    while let Some(outcome) = items.next_element_seed(ItemSeed { context, list })? {
        check_item_limit(count)?;
        match outcome {
            ReadOutcome::Set => {
                if let Some(received) = &mut received {
                    push_written_item(received, list, count).map_err(de::Error::custom)?;
                }
            }
            ReadOutcome::SetAs(item) => {
                let received = match &mut received {
                    Some(received) => received,
                    None => received.insert(serialize_first_items(list, count).map_err(de::Error::custom)?),
                };
                received.push(&item);
            }
            ReadOutcome::Null | ReadOutcome::Misfit(_) => {
                let mut array = match received {
                    Some(received) => received,
                    None => serialize_first_items(list, count).map_err(de::Error::custom)?,
                };
                array.push(&if let ReadOutcome::Misfit(item) = outcome { item } else { JsonValue::null() });
                list.clear();
                return array.read_remaining_and_finish(items).map(ReadOutcome::Misfit);
            }
        }
        count += 1;
    }
    Ok(received.map_or(ReadOutcome::Set, |received| ReadOutcome::SetAs(received.finish())))
}

/// Returns the first `count` items of a list, as they are written.
#[inline]
fn serialize_first_items(list: &dyn List, count: usize) -> serde_json::Result<ArrayBuilder> {
    let mut array = ArrayBuilder::default();
    (0..count).try_for_each(|index| push_written_item(&mut array, list, index))?;
    Ok(array)
}

#[inline]
fn push_written_item(array: &mut ArrayBuilder, list: &dyn List, index: usize) -> serde_json::Result<()> {
    if let Some(item) = list.get(index) {
        array.push(&JsonValue::from_serializable(&SerializedValue(item))?);
    }
    Ok(())
}

/// Reads a map. Keeps the complete map as JSON if a single value does not fit, as [`read_list`] does.
fn read_map<'de, A: MapAccess<'de>>(
    map: &mut dyn Map,
    mut entries: A,
    context: ReadContext,
) -> Result<ReadOutcome, A::Error> {
    // The map as it was received; `None` as long as it would be written in the same way.
    let mut received: Option<ObjectBuilder> = None;
    while let Some(key) = entries.next_key::<String>()? {
        check_item_limit(map.len())?;
        if key == PRIVATE_NUMBER_FIELD {
            let object = serialize_entries_except(map, &key).map_err(de::Error::custom)?;
            return object.read_remaining_and_finish(Some(key), entries).map(ReadOutcome::Misfit);
        }
        let target = map.insert(key.clone());
        let is_any = matches!(target, ValueMut::Json(_));
        let outcome = entries.next_value_seed(ValueSeed { context, target })?;
        match outcome {
            ReadOutcome::Null if is_any => {}
            ReadOutcome::Set if received.is_none() => continue,
            ReadOutcome::Set => {}
            ReadOutcome::SetAs(value) => {
                let received = match &mut received {
                    Some(received) => received,
                    None => received.insert(serialize_entries_except(map, &key).map_err(de::Error::custom)?),
                };
                received.push(&key, &value);
                continue;
            }
            ReadOutcome::Null | ReadOutcome::Misfit(_) => {
                let mut object = match received {
                    Some(received) => received,
                    None => serialize_entries_except(map, &key).map_err(de::Error::custom)?,
                };
                object.push(&key, &if let ReadOutcome::Misfit(value) = outcome { value } else { JsonValue::null() });
                map.clear();
                return object.read_remaining_and_finish(None, entries).map(ReadOutcome::Misfit);
            }
        }
        if let (Some(received), Some(value)) = (&mut received, map.get(&key)) {
            received.push(&key, &JsonValue::from_serializable(&SerializedValue(value)).map_err(de::Error::custom)?);
        }
    }
    Ok(received.map_or(ReadOutcome::Set, |received| ReadOutcome::SetAs(received.finish())))
}

/// Returns the entries of a map but `key`, as they are written.
#[inline]
fn serialize_entries_except(map: &dyn Map, key: &str) -> serde_json::Result<ObjectBuilder> {
    let mut object = ObjectBuilder::default();
    let mut result = Ok(());
    map.for_each(&mut |other, value| {
        if other != key {
            match JsonValue::from_serializable(&SerializedValue(value)) {
                Ok(value) => object.push(other, &value),
                Err(error) => result = Err(error),
            }
        }
    });
    result.map(|()| object)
}

/// Reads one of several objects, from the JSON that was received: the property that tells them apart need not be the first.
#[inline]
fn read_union(union: &mut dyn Union, json: JsonValue, context: ReadContext) -> ReadOutcome {
    if json == JsonValue::null() {
        return ReadOutcome::Null;
    }
    if !json.is_object() {
        return ReadOutcome::Misfit(json);
    }
    let kind = json.object_field(union.discriminator(), is_name_or_capitalized);
    let is_read = match (kind.as_ref().and_then(JsonValue::as_str), context.nested_unless_too_deep()) {
        (Some(kind), Some(context)) => {
            union.set_variant(&kind).is_some_and(|object| try_read_object_at_depth(json.json(), object, context.depth))
        }
        _ => false,
    };
    if !is_read {
        union.set_unknown(json);
    }
    ReadOutcome::Set
}

#[cfg(test)]
mod tests {
    use super::{ReadContext, ReadOutcome, ValueSeed};
    use crate::{
        Customer, CustomerCollection, ErrorCode, JsonValue, UnknownFields, from_json, value::Value as SchemaValue,
    };
    use serde::{Deserialize, de::DeserializeSeed};
    use serde_json::{Value, json};

    fn read<T: SchemaValue>(value: Value) -> Option<T> {
        let mut read = T::empty();
        let seed = ValueSeed { context: ReadContext::top_level(), target: read.as_untyped_mut() };
        matches!(seed.deserialize(value).unwrap(), ReadOutcome::Set | ReadOutcome::SetAs(_)).then_some(read)
    }

    #[test]
    fn number_is_typed_only_if_it_serializes_to_the_same_digits() {
        assert_eq!(read::<i64>(json!(-7)), Some(-7));
        assert_eq!(read::<i64>(json!(1.5)), None);
        assert_eq!(read::<i64>(json!(u64::MAX)), None);
        assert_eq!(read::<i64>(json!("7")), None);
        assert_eq!(read::<f64>(json!(1.5)), Some(1.5));
        assert_eq!(read::<f64>(json!(9_007_199_254_740_993_i64)), None);
    }

    #[test]
    fn json_value_accepts_any_value() {
        for value in [json!(true), json!(1.5), json!("text"), json!([1]), json!({"a": [null]})] {
            assert_eq!(read::<JsonValue>(value.clone()), Some(value.into()));
        }
    }

    #[test]
    fn error_code_is_a_number_or_a_string() {
        let codes: Vec<ErrorCode> = serde_json::from_value(json!([2000, " 2000", "Other", 2001])).unwrap();
        assert_eq!(codes[0], codes[1]);
        for (one, other) in [(0, 2), (0, 3), (2, 3)] {
            assert_ne!(codes[one], codes[other]);
        }
        assert_eq!(codes[2], codes[2].clone());
        assert!(serde_json::from_value::<ErrorCode>(json!([2000])).is_err());
    }

    /// The tests cannot turn `serde_json/arbitrary_precision` on for themselves alone, so this writes down what it passes.
    #[test]
    fn arbitrary_precision_number_is_a_number() {
        let marked = json!({"$serde_json::private::Number": "1.5"});
        let value = json!({"companyProfile": marked, "totalCount": marked, "tags": [marked]});
        let customer = Customer::deserialize(value).unwrap();
        assert_eq!(customer.unknown_fields.get("companyProfile"), Some(&json!(1.5).into()));
    }

    #[test]
    fn field_with_the_name_of_an_arbitrary_precision_number_is_a_field() {
        const NAME: &str = "$serde_json::private::Number";
        for value in [json!({NAME: "no number"}), json!({NAME: 7}), json!({NAME: null}), json!({NAME: "7", "more": 1})]
        {
            let customer =
                json!({"companyName": value, "companyProfile": {"companyName": "a", NAME: "7"}, "unknown": value});
            let page = json!({"items": [customer, {"companyProfile": value}, {"id": null, NAME: "7"}]});
            let page: CustomerCollection = from_json(&page.to_string()).unwrap().value;
            assert_eq!(page.items.len(), 3);
            assert_eq!(page.items[0].company_name(), Some("a"));
            assert_eq!(page.items[0].unknown_fields.get("unknown"), Some(&value.clone().into()));
            // The same from a tree.
            let tree = json!({"id": "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c", "unknown": value, NAME: "7"});
            let customer = Customer::deserialize(tree).unwrap();
            assert_eq!(customer.unknown_fields.get(NAME), Some(&"7".into()));
        }
    }

    #[test]
    fn field_that_is_set_replaces_its_raw_value() {
        let mut customer: Customer = serde_json::from_value(json!({"id": "no GUID", "tags": 7, "new": 1})).unwrap();
        customer.tags = Some(vec![]);
        assert_eq!(serde_json::to_value(&customer).unwrap(), json!({"id": "no GUID", "tags": [], "new": 1}));
    }

    #[test]
    fn duplicate_field_takes_the_last_value() {
        for (text, expected) in [
            (
                r#"{"id":"x","Id":"53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"}"#,
                json!({"id": "53eb21cb-6b2d-4ee5-9e92-27dfc927e93c"}),
            ),
            (r#"{"id":"53eb21cb-6b2d-4ee5-9e92-27dfc927e93c","Id":"x"}"#, json!({"id": "x"})),
            (r#"{"id":"x","id":null}"#, json!({})),
        ] {
            let customer: Customer = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_value(customer).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn emptied_unknown_fields_equal_the_default() {
        let mut emptied = UnknownFields::default();
        emptied.insert("a", Value::Null);
        assert_ne!(emptied, UnknownFields::default());
        emptied.remove("a");
        assert_eq!(emptied, UnknownFields::default());
    }

    #[test]
    fn debug_shows_no_value_that_may_be_a_secret() {
        let customer: Customer =
            serde_json::from_value(json!({"userCredentials": {"userName": "a", "password": {"value": "hunter2"}}}))
                .unwrap();
        assert!(!format!("{customer:?}").contains("hunter2"));
    }
}
