use crate::{from_json, json, loss_mode};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, DeserializeOwned, DeserializeSeed, MapAccess, SeqAccess, Visitor},
    ser,
};
use serde_json::{Number, Value, value::RawValue};
use std::{any::type_name, borrow::Cow, collections::BTreeMap, fmt};

/// A JSON value that the specification does not describe, as the service sent it.
///
/// Numbers keep their digits: `1.10` stays `1.10`, and is serialized so by `serde_json`. The value is kept as JSON, to be
/// deserialized into any type with [`read`](Self::read).
///
/// ```
/// use partner_center_models::Customer;
///
/// let customer: Customer = serde_json::from_str(r#"{"tags": [], "discount": 1.10, "moods": ["sunny"]}"#)?;
/// let discount = customer.unknown_fields.get("discount").ok_or("there is none")?;
/// assert_eq!(discount.json(), "1.10");
/// assert_eq!(discount.read::<f64>()?, 1.1);
/// let moods = customer.unknown_fields.get("moods").ok_or("there are none")?;
/// assert_eq!(moods.read::<Vec<String>>()?, ["sunny"]);
/// assert_eq!(serde_json::to_string(&customer)?, r#"{"tags":[],"discount":1.10,"moods":["sunny"]}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Digits are lost where a format or a deserializer rounds a number before it passes it on: in `serde_json::Value`, under
/// `#[serde(flatten)]`, and in formats other than JSON, which get the nearest `f64`.
#[derive(Clone)]
pub struct JsonValue(
    /// Compact JSON, its strings as `serde_json` serializes them.
    Box<str>,
);

impl JsonValue {
    /// Returns the JSON of the value, without white space between its parts.
    #[must_use]
    #[inline]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// Returns the value if it is a string.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        self.0.starts_with('"').then(|| json::unescape_string(&self.0))
    }

    /// Deserializes the value into a `T`, as [`from_json`] does.
    ///
    /// # Errors
    ///
    /// The value is not a `T`.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        from_json(&self.0).map(|parsed| parsed.value)
    }

    /// Returns the value as a tree. Its numbers are rounded to `f64` unless they fit into 64 bits.
    #[must_use]
    #[inline]
    pub fn to_value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// Returns the value at a JSON pointer (RFC 6901), such as `/address/city`.
    #[must_use]
    #[inline]
    pub fn pointer(&self, pointer: &str) -> Option<Self> {
        let mut json = self.json();
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            json = match JsonChildren::from_json(json) {
                JsonChildren::Object(fields) => fields.into_iter().rfind(|(name, _)| *name == part)?.1.get(),
                JsonChildren::Array(values) => values.get(part.parse::<usize>().ok()?)?.get(),
                JsonChildren::Scalar => return None,
            };
        }
        Some(Self(json.into()))
    }

    /// Creates a value from valid JSON.
    #[inline]
    pub(crate) fn from_raw_json(json: &str) -> Self {
        Self(json::compact_json(json).into())
    }

    /// Creates a value from valid JSON without white space, if that is a number.
    #[inline]
    pub(crate) fn number_from_raw_json(json: &str) -> Option<Self> {
        Some(Self(json.into())).filter(Self::is_number)
    }

    /// Creates a value by serializing `value`.
    pub(crate) fn from_serializable(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(|json| Self(json.into()))
    }

    #[inline]
    pub(crate) fn null() -> Self {
        Self("null".into())
    }

    /// Returns what is no value yet, to be read into. Allocates nothing.
    #[inline]
    pub(crate) fn placeholder() -> Self {
        Self("".into())
    }

    #[inline]
    pub(crate) fn is_number(&self) -> bool {
        json::has_json_number_start(&self.0)
    }

    #[inline]
    pub(crate) fn is_object(&self) -> bool {
        self.0.starts_with('{')
    }

    /// Returns the value of the last field of the object whose name matches `name`.
    pub(crate) fn object_field(&self, name: &str, is_match: impl Fn(&str, &str) -> bool) -> Option<Self> {
        let JsonChildren::Object(fields) = JsonChildren::from_json(&self.0) else { return None };
        let (_, json) = fields.into_iter().rfind(|(found, _)| is_match(found, name))?;
        Some(Self(json.get().into()))
    }

    /// Reads the remaining items of an array.
    pub(crate) fn from_seq<'de, A: SeqAccess<'de>>(values: A) -> Result<Self, A::Error> {
        ArrayBuilder::default().read_remaining_and_finish(values)
    }

    /// Reads an object, or a number that is passed as one: see [`arbitrary_precision_number`].
    pub(crate) fn from_map<'de, A: MapAccess<'de>>(fields: A) -> Result<Self, A::Error> {
        ObjectBuilder::default().read_remaining_and_finish(None, fields)
    }
}

/// The name of the only field of an object that stands for a number: see [`arbitrary_precision_number`].
pub(crate) const PRIVATE_NUMBER_FIELD: &str = "$serde_json::private::Number";

/// Returns the number that an object with this single field stands for; `None` if the object is not a number.
///
/// If any crate of a build turns the feature `serde_json/arbitrary_precision` on, `serde_json` passes each number as an object
/// with one field of a private name, which holds the digits.
#[inline]
pub(crate) fn arbitrary_precision_number(name: &str, value: &JsonValue) -> Option<JsonValue> {
    if name != PRIVATE_NUMBER_FIELD {
        return None;
    }
    let digits = value.as_str().filter(|digits| digits.parse::<Number>().is_ok())?;
    if digits.contains('e') {
        // `1E2` is passed as `1e+2`.
        loss_mode::report_loss();
    }
    Some(JsonValue::from_raw_json(&digits))
}

/// Writes an object into one string, field by field.
#[derive(Default)]
pub(crate) struct ObjectBuilder {
    /// The object without its closing bracket; empty before the first field.
    json: String,
}

impl ObjectBuilder {
    #[inline]
    pub(crate) fn push(&mut self, name: &str, value: &JsonValue) {
        self.json.push(if self.json.is_empty() { '{' } else { ',' });
        self.json.push_str(&Value::from(name).to_string());
        self.json.push(':');
        self.json.push_str(value.json());
    }

    /// Reads the remaining fields, of which the first one is `name` if that is known already. Returns the object, or the number
    /// that it stands for: see [`arbitrary_precision_number`].
    pub(crate) fn read_remaining_and_finish<'de, A: MapAccess<'de>>(
        mut self,
        name: Option<String>,
        mut fields: A,
    ) -> Result<JsonValue, A::Error> {
        let mut number = None;
        let mut next = match name {
            Some(name) => Some(name),
            None => fields.next_key::<String>()?,
        };
        while let Some(name) = next {
            let value = fields.next_value::<JsonValue>()?;
            number = if self.json.is_empty() { arbitrary_precision_number(&name, &value) } else { None };
            self.push(&name, &value);
            next = fields.next_key()?;
        }
        Ok(number.unwrap_or_else(|| self.finish()))
    }

    #[inline]
    pub(crate) fn finish(mut self) -> JsonValue {
        self.json.push_str(if self.json.is_empty() { "{}" } else { "}" });
        JsonValue(self.json.into())
    }
}

/// Writes an array into one string, item by item: a `Vec` of the items would take twenty times its length in memory.
#[derive(Default)]
pub(crate) struct ArrayBuilder {
    /// The array without its closing bracket; empty before the first item.
    json: String,
}

impl ArrayBuilder {
    #[inline]
    pub(crate) fn push(&mut self, item: &JsonValue) {
        self.json.push(if self.json.is_empty() { '[' } else { ',' });
        self.json.push_str(item.json());
    }

    /// Reads the remaining items, and returns the array.
    pub(crate) fn read_remaining_and_finish<'de, A: SeqAccess<'de>>(
        mut self,
        mut items: A,
    ) -> Result<JsonValue, A::Error> {
        while let Some(item) = items.next_element()? {
            self.push(&item);
        }
        Ok(self.finish())
    }

    #[inline]
    pub(crate) fn finish(mut self) -> JsonValue {
        self.json.push_str(if self.json.is_empty() { "[]" } else { "]" });
        JsonValue(self.json.into())
    }
}

/// The direct children of a value, each as raw JSON.
enum JsonChildren<'a> {
    Object(Vec<(String, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
    Scalar,
}

impl<'a> JsonChildren<'a> {
    #[inline]
    fn from_json(json: &'a str) -> Self {
        // The value is valid JSON and its children are not parsed, so this does not fail.
        match json.as_bytes().first() {
            Some(b'{') => {
                serde_json::from_str(json).map_or(Self::Scalar, |RawObjectFields(fields)| Self::Object(fields))
            }
            Some(b'[') => serde_json::from_str(json).map_or(Self::Scalar, Self::Array),
            _ => Self::Scalar,
        }
    }
}

struct RawObjectFields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for RawObjectFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = RawObjectFields<'de>;
            #[inline]
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<RawObjectFields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = object.next_entry()? {
                    fields.push(field);
                }
                Ok(RawObjectFields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// The maximum depth to which arrays and objects are split; anything deeper is serialized as raw JSON.
const MAX_JSON_SPLIT_DEPTH: usize = 32;

/// Two values are equal if they hold the same, whatever the order of fields; numbers compare by their digits.
impl PartialEq for JsonValue {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        #[inline]
        fn are_json_equal(one: &str, other: &str, depth: usize) -> bool {
            if one == other {
                return true;
            }
            // Equal values have the same characters, in another order at most.
            if depth == MAX_JSON_SPLIT_DEPTH || one.len() != other.len() {
                return false;
            }
            let are_json_equal = |one: &RawValue, other: &RawValue| are_json_equal(one.get(), other.get(), depth + 1);
            match (JsonChildren::from_json(one), JsonChildren::from_json(other)) {
                (JsonChildren::Object(one), JsonChildren::Object(other)) => {
                    let [one, other] = [one, other].map(BTreeMap::from_iter);
                    one.len() == other.len()
                        && one.iter().zip(&other).all(|(one, other)| one.0 == other.0 && are_json_equal(one.1, other.1))
                }
                (JsonChildren::Array(one), JsonChildren::Array(other)) => {
                    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| are_json_equal(one, other))
                }
                _ => false,
            }
        }
        are_json_equal(&self.0, &other.0, 0)
    }
}

impl Eq for JsonValue {}

impl fmt::Debug for JsonValue {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(formatter)
    }
}

impl From<Value> for JsonValue {
    #[inline]
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<Number> for JsonValue {
    #[inline]
    fn from(number: Number) -> Self {
        Self(number.to_string().into())
    }
}

impl From<bool> for JsonValue {
    #[inline]
    fn from(value: bool) -> Self {
        Value::from(value).into()
    }
}

impl From<i64> for JsonValue {
    #[inline]
    fn from(number: i64) -> Self {
        Value::from(number).into()
    }
}

impl From<&str> for JsonValue {
    #[inline]
    fn from(string: &str) -> Self {
        Value::from(string).into()
    }
}

impl From<String> for JsonValue {
    #[inline]
    fn from(string: String) -> Self {
        Value::from(string).into()
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;
        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = JsonValue;
            #[inline]
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any JSON value")
            }
            fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<JsonValue, A::Error> {
                read_raw_json(json, JsonValue::from_raw_json)
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonValue, D::Error> {
                Value::deserialize(deserializer).map(JsonValue::from)
            }
            // Some deserializers ignore newtypes and pass the value itself.
            fn visit_unit<E>(self) -> Result<JsonValue, E> {
                Ok(JsonValue::null())
            }
            fn visit_bool<E>(self, value: bool) -> Result<JsonValue, E> {
                Ok(value.into())
            }
            fn visit_i64<E>(self, number: i64) -> Result<JsonValue, E> {
                Ok(number.into())
            }
            fn visit_u64<E>(self, number: u64) -> Result<JsonValue, E> {
                Ok(Number::from(number).into())
            }
            fn visit_f64<E>(self, number: f64) -> Result<JsonValue, E> {
                Ok(Value::from(number).into())
            }
            fn visit_str<E>(self, string: &str) -> Result<JsonValue, E> {
                Ok(string.into())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, values: A) -> Result<JsonValue, A::Error> {
                JsonValue::from_seq(values)
            }
        }
        deserializer.deserialize_newtype_struct(PRIVATE_RAW_VALUE_NAME, JsonVisitor)
    }
}

/// The name by which `RawValue` requests raw JSON from the deserializers of `serde_json`; all others pass the value itself.
pub(crate) const PRIVATE_RAW_VALUE_NAME: &str = "$serde_json::private::RawValue";

/// Calls `make` with the raw JSON that a deserializer of `serde_json` passes.
pub(crate) fn read_raw_json<'de, A: MapAccess<'de>, T>(
    mut json: A,
    make: impl FnOnce(&str) -> T,
) -> Result<T, A::Error> {
    struct RawJsonSeed<F>(F);
    impl<'de, T, F: FnOnce(&str) -> T> DeserializeSeed<'de> for RawJsonSeed<F> {
        type Value = T;
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
            deserializer.deserialize_str(self)
        }
    }
    impl<T, F: FnOnce(&str) -> T> Visitor<'_> for RawJsonSeed<F> {
        type Value = T;
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("raw JSON")
        }
        fn visit_str<E>(self, json: &str) -> Result<T, E> {
            Ok((self.0)(json))
        }
    }
    match json.next_key::<&str>()? {
        Some(PRIVATE_RAW_VALUE_NAME) => json.next_value_seed(RawJsonSeed(make)),
        _ => Err(de::Error::custom("a map where raw JSON was expected")),
    }
}

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        NestedJson { json: &self.0, depth: 0 }.serialize(serializer)
    }
}

/// A JSON value and the number of arrays and objects around it.
struct NestedJson<'a> {
    json: &'a str,
    depth: usize,
}

impl Serialize for NestedJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth + 1;
        match JsonChildren::from_json(self.json) {
            JsonChildren::Object(fields) if self.depth < MAX_JSON_SPLIT_DEPTH => {
                serializer.collect_map(fields.iter().map(|(name, json)| (name, NestedJson { json: json.get(), depth })))
            }
            JsonChildren::Array(values) if self.depth < MAX_JSON_SPLIT_DEPTH => {
                serializer.collect_seq(values.iter().map(|json| NestedJson { json: json.get(), depth }))
            }
            JsonChildren::Scalar if json::has_json_number_start(self.json) => serialize_number(self.json, serializer),
            JsonChildren::Object(_) | JsonChildren::Array(_) if serializer_accepts_raw_json::<S>() => {
                serialize_raw_json(self.json, serializer)
            }
            _ => JsonValue(self.json.into()).to_value().serialize(serializer),
        }
    }
}

/// Serializes a number with its digits, if the serializer can.
pub(crate) fn serialize_number<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(number) = digits.parse::<i64>()
        && number.to_string() == digits
    {
        return number.serialize(serializer);
    }
    if serializer_accepts_raw_json::<S>() {
        return serialize_raw_json(digits, serializer);
    }
    match digits.parse::<Number>() {
        // A `Value` holds no other kinds of number, unless `serde_json/arbitrary_precision` is on.
        Ok(number) if is_value_serializer::<S>() => number.serialize(serializer),
        Ok(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number.serialize(serializer),
            (None, Some(number)) => number.serialize(serializer),
            (None, None) => digits.serialize(serializer),
        },
        Err(_) => digits.serialize(serializer),
    }
}

fn serialize_raw_json<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(json.to_owned()).map_err(ser::Error::custom)?.serialize(serializer)
}

/// Whether the serializer accepts raw JSON, as those of `serde_json` that write JSON do; others would serialize it as an object
/// with a private name. Told by the error type, which serializers that wrap those of `serde_json` share.
fn serializer_accepts_raw_json<S: Serializer>() -> bool {
    type_name::<S::Error>() == type_name::<serde_json::Error>() && !is_value_serializer::<S>()
}

/// Whether the serializer creates a `Value`.
fn is_value_serializer<S: Serializer>() -> bool {
    type_name::<S>() == type_name::<serde_json::value::Serializer>()
}
