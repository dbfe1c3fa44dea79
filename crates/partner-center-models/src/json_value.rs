use crate::{described::number_in_disguise, from_json, json};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
    ser,
};
use serde_json::{Number, Value, value::RawValue};
use std::{any::type_name, borrow::Cow, collections::BTreeMap, fmt};

/// A JSON value that the specification does not describe, as the service wrote it.
///
/// Numbers keep their digits: `1.10` stays `1.10`, and is written so by `serde_json`. It is kept as JSON, to be read into
/// whatever it turns out to be.
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
/// Digits get lost where a format or a deserializer rounds before it hands a number over: in `serde_json::Value`, under
/// `#[serde(flatten)]`, and in formats other than JSON, which get the nearest `f64`.
#[derive(Clone)]
pub struct JsonValue(
    /// Compact, and strings as `serde_json` writes them.
    Box<str>,
);

impl JsonValue {
    /// Returns the JSON of the value, without white space between its parts.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.0
    }

    /// Returns the string that the value is, if it is one.
    #[must_use]
    pub fn as_str(&self) -> Option<Cow<'_, str>> {
        self.0.starts_with('"').then(|| json::string(&self.0))
    }

    /// Reads the value into a `T`, as [`from_json`] does.
    pub fn read<T: DeserializeOwned>(&self) -> serde_json::Result<T> {
        from_json(&self.0).map(|parsed| parsed.value)
    }

    /// Returns the value as a tree. Its numbers are rounded to `f64` unless they fit into 64 bits.
    #[must_use]
    pub fn to_value(&self) -> Value {
        self.read().unwrap_or_default()
    }

    /// Returns the value at a JSON pointer (RFC 6901), such as `/address/city`.
    #[must_use]
    pub fn pointer(&self, pointer: &str) -> Option<Self> {
        let mut json = self.json();
        for part in pointer.split('/').skip(1) {
            let part = part.replace("~1", "/").replace("~0", "~");
            json = match Parts::of(json) {
                Parts::Object(fields) => fields.into_iter().rfind(|(name, _)| *name == part)?.1.get(),
                Parts::Array(values) => values.get(part.parse::<usize>().ok()?)?.get(),
                Parts::Scalar => return None,
            };
        }
        Some(Self(json.into()))
    }

    /// The value whose JSON is `json`.
    pub(crate) fn of(json: &str) -> Self {
        Self(json::compact(json).into())
    }

    /// The number whose JSON is `json`, if it is one.
    pub(crate) fn of_number(json: &str) -> Option<Self> {
        Some(Self(json.into())).filter(Self::is_number)
    }

    /// The value that `value` is written as.
    pub(crate) fn written(value: &impl Serialize) -> serde_json::Result<Self> {
        serde_json::to_string(value).map(|json| Self(json.into()))
    }

    pub(crate) fn null() -> Self {
        Self("null".into())
    }

    pub(crate) fn is_number(&self) -> bool {
        json::is_number(&self.0)
    }

    /// The array of `values`.
    pub(crate) fn array<'a>(values: impl IntoIterator<Item = &'a Self>) -> Self {
        let values: Vec<_> = values.into_iter().map(Self::json).collect();
        Self(format!("[{}]", values.join(",")).into())
    }

    /// The rest of an array.
    pub(crate) fn from_seq<'de, A: SeqAccess<'de>>(mut values: A) -> Result<Self, A::Error> {
        let mut array = Vec::new();
        while let Some(value) = values.next_element::<Self>()? {
            array.push(value);
        }
        Ok(Self::array(&array))
    }

    /// An object, or the number that arrives as an object with one field of that name, where
    /// `serde_json/arbitrary_precision` is on anywhere in a build.
    pub(crate) fn from_map<'de, A: MapAccess<'de>>(mut fields: A) -> Result<Self, A::Error> {
        let mut json = String::from("{");
        while let Some(name) = fields.next_key::<String>()? {
            if let Some(number) = number_in_disguise(&name, &mut fields)? {
                return Ok(number);
            }
            if json.len() > 1 {
                json.push(',');
            }
            json.push_str(&Value::from(name).to_string());
            json.push(':');
            json.push_str(fields.next_value::<Self>()?.json());
        }
        json.push('}');
        Ok(Self(json.into()))
    }
}

/// What a value consists of, each part as its JSON.
enum Parts<'a> {
    Object(Vec<(String, &'a RawValue)>),
    Array(Vec<&'a RawValue>),
    Scalar,
}

impl<'a> Parts<'a> {
    fn of(json: &'a str) -> Self {
        // What is kept is JSON, and its parts are not looked into, so that this does not fail.
        match json.as_bytes().first() {
            Some(b'{') => serde_json::from_str(json).map_or(Self::Scalar, |Fields(fields)| Self::Object(fields)),
            Some(b'[') => serde_json::from_str(json).map_or(Self::Scalar, Self::Array),
            _ => Self::Scalar,
        }
    }
}

struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = object.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// How deep arrays and objects are taken apart; what is within the innermost is written as the JSON that it is.
const MAX_DEPTH: usize = 32;

/// Equal are two that hold the same, however it is written; numbers by their digits.
impl PartialEq for JsonValue {
    fn eq(&self, other: &Self) -> bool {
        fn are_equal(one: &str, other: &str, depth: usize) -> bool {
            if one == other {
                return true;
            }
            // In equal values the same characters stand, if in another order.
            if depth == MAX_DEPTH || one.len() != other.len() {
                return false;
            }
            let are_equal = |one: &RawValue, other: &RawValue| are_equal(one.get(), other.get(), depth + 1);
            match (Parts::of(one), Parts::of(other)) {
                (Parts::Object(one), Parts::Object(other)) => {
                    let [one, other] = [one, other].map(BTreeMap::from_iter);
                    one.len() == other.len()
                        && one.iter().zip(&other).all(|(one, other)| one.0 == other.0 && are_equal(one.1, other.1))
                }
                (Parts::Array(one), Parts::Array(other)) => {
                    one.len() == other.len() && one.iter().zip(&other).all(|(one, other)| are_equal(one, other))
                }
                _ => false,
            }
        }
        are_equal(&self.0, &other.0, 0)
    }
}

impl Eq for JsonValue {}

impl fmt::Debug for JsonValue {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(formatter)
    }
}

impl From<Value> for JsonValue {
    fn from(value: Value) -> Self {
        Self(value.to_string().into())
    }
}

impl From<Number> for JsonValue {
    fn from(number: Number) -> Self {
        Self(number.to_string().into())
    }
}

impl From<bool> for JsonValue {
    fn from(value: bool) -> Self {
        Value::from(value).into()
    }
}

impl From<i64> for JsonValue {
    fn from(number: i64) -> Self {
        Value::from(number).into()
    }
}

impl From<&str> for JsonValue {
    fn from(string: &str) -> Self {
        Value::from(string).into()
    }
}

impl From<String> for JsonValue {
    fn from(string: String) -> Self {
        Value::from(string).into()
    }
}

impl<'de> Deserialize<'de> for JsonValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;
        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = JsonValue;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("any JSON value")
            }
            fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<JsonValue, A::Error> {
                json_of(json).map(|json| JsonValue::of(&json))
            }
            fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<JsonValue, D::Error> {
                Value::deserialize(deserializer).map(JsonValue::from)
            }
            // Deserializers of single values know no newtypes.
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
        deserializer.deserialize_newtype_struct(RAW_VALUE, JsonVisitor)
    }
}

/// How `RawValue` asks for the JSON of a value. A deserializer that is not of `serde_json`, and has none, hands itself over.
pub(crate) const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// The JSON of a value, as `serde_json` hands it over.
pub(crate) fn json_of<'de, A: MapAccess<'de>>(json: A) -> Result<Box<str>, A::Error> {
    Box::<RawValue>::deserialize(MapAccessDeserializer::new(json)).map(Into::into)
}

impl Serialize for JsonValue {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Within { json: &self.0, depth: 0 }.serialize(serializer)
    }
}

/// The JSON of a value, and how many arrays and objects are around it.
struct Within<'a> {
    json: &'a str,
    depth: usize,
}

impl Serialize for Within<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let depth = self.depth + 1;
        match Parts::of(self.json) {
            Parts::Object(fields) if self.depth < MAX_DEPTH => {
                serializer.collect_map(fields.iter().map(|(name, json)| (name, Within { json: json.get(), depth })))
            }
            Parts::Array(values) if self.depth < MAX_DEPTH => {
                serializer.collect_seq(values.iter().map(|json| Within { json: json.get(), depth }))
            }
            Parts::Scalar if json::is_number(self.json) => number(self.json, serializer),
            Parts::Object(_) | Parts::Array(_) if takes_json::<S>() => raw(self.json, serializer),
            _ => JsonValue(self.json.into()).to_value().serialize(serializer),
        }
    }
}

/// Writes a number with the digits it has, if that can be.
fn number<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(number) = digits.parse::<i64>()
        && number.to_string() == digits
    {
        return number.serialize(serializer);
    }
    if takes_json::<S>() {
        return raw(digits, serializer);
    }
    match digits.parse::<Number>() {
        // A tree holds no other kinds of number, unless `serde_json/arbitrary_precision` is on.
        Ok(number) if is_tree::<S>() => number.serialize(serializer),
        Ok(number) => match (number.as_u64(), number.as_f64()) {
            (Some(number), _) => number.serialize(serializer),
            (None, Some(number)) => number.serialize(serializer),
            (None, None) => digits.serialize(serializer),
        },
        Err(_) => digits.serialize(serializer),
    }
}

fn raw<S: Serializer>(json: &str, serializer: S) -> Result<S::Ok, S::Error> {
    RawValue::from_string(json.to_owned()).map_err(ser::Error::custom)?.serialize(serializer)
}

/// Whether the serializer writes JSON and takes some as it is, which those of `serde_json` do; others would write that down as
/// an object with a strange name. Serializers that wrap those have their errors, too.
fn takes_json<S: Serializer>() -> bool {
    type_name::<S::Error>() == type_name::<serde_json::Error>() && !is_tree::<S>()
}

/// Whether the serializer makes a `Value`.
fn is_tree<S: Serializer>() -> bool {
    type_name::<S>() == type_name::<serde_json::value::Serializer>()
}
