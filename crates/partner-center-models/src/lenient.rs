//! Lenient deserialization: a value that does not fit the specification is kept, not an error.
//!
//! The service adds fields and values, and now and then sends a type other than the documented one. Neither may fail a page,
//! and neither may be lost. So every field is parsed into a [`Parsed`]: `Typed` if the value has the type of the
//! specification, else `Raw`, the JSON as it was received. Raw values go to the [`UnknownFields`] of the object that holds the
//! field, and are serialized from there.
//!
//! `serde_json` rounds a number before a visitor sees it. Where digits may have been lost, a value is parsed a second time, from
//! its raw JSON: see [`loss_mode`].

use crate::{
    JsonValue, UnknownFields, from_json,
    json_value::{ArrayBuilder, RAW_VALUE, take_raw_json},
    loss_mode,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;
use std::{fmt, marker::PhantomData};
use uuid::Uuid;

/// A JSON value, parsed into the type of the specification if it fits.
pub(crate) enum Parsed<T> {
    /// A value of the specified type.
    Typed(T),
    /// A value of any other type, as received.
    Raw(JsonValue),
}

impl<T> Parsed<T> {
    pub(crate) fn map<U>(self, into: impl FnOnce(T) -> U) -> Parsed<U> {
        match self {
            Self::Typed(value) => Parsed::Typed(into(value)),
            Self::Raw(value) => Parsed::Raw(value),
        }
    }
}

/// A type that the specification gives to a field.
///
/// Each method accepts one kind of JSON value. The default implementations accept nothing: the value is kept raw.
pub(crate) trait SchemaValue: Sized {
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
    fn from_number(_: &Number) -> Option<Self> {
        None
    }
    fn from_string(_: &str) -> Option<Self> {
        None
    }
    fn from_array<'de, A: SeqAccess<'de>>(list: A) -> Result<Parsed<Self>, A::Error> {
        JsonValue::from_seq(list).map(Parsed::Raw)
    }
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Parsed<Self>, A::Error> {
        JsonValue::from_map(object).map(|value| match typed_number(&value) {
            // See `arbitrary_precision_number`.
            Some(typed) => Parsed::Typed(typed),
            None => Parsed::Raw(value),
        })
    }
    /// Parses a value of any kind, from its raw JSON if `is_exact` (see [`loss_mode::is_exact`]).
    fn read<'de, D: Deserializer<'de>>(deserializer: D, is_exact: bool) -> Result<Nullable<Self>, D::Error> {
        if is_exact {
            return read_raw_first(deserializer);
        }
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
    /// Appends the paths of everything in this value that the specification does not describe; `at` is the path of the value.
    fn unknown_paths(&self, _at: &str, _found: &mut Vec<String>) {}
}

impl SchemaValue for String {
    fn from_string(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl SchemaValue for bool {
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl SchemaValue for i32 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64()?.try_into().ok()
    }
}

impl SchemaValue for i64 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64()
    }
}

impl SchemaValue for f64 {
    fn from_number(number: &Number) -> Option<Self> {
        // A number that would be serialized with other digits is kept raw.
        let value = number.as_f64()?;
        (Number::from_f64(value).as_ref() == Some(number)).then_some(value)
    }
}

impl SchemaValue for Uuid {
    /// Accepts the hyphenated spelling only, in any case: a UUID is serialized hyphenated and in lower case.
    fn from_string(text: &str) -> Option<Self> {
        const HYPHENATED: usize = 36;
        text.parse().ok().filter(|_| text.len() == HYPHENATED)
    }
}

impl SchemaValue for JsonValue {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: bool) -> Result<Nullable<Self>, D::Error> {
        let value = Self::deserialize(deserializer)?;
        Ok(Nullable((value != Self::null()).then_some(Parsed::Typed(value))))
    }
}

impl<T: SchemaValue> SchemaValue for Box<T> {
    fn from_bool(value: bool) -> Option<Self> {
        T::from_bool(value).map(Self::new)
    }
    fn from_number(number: &Number) -> Option<Self> {
        T::from_number(number).map(Self::new)
    }
    fn from_string(text: &str) -> Option<Self> {
        T::from_string(text).map(Self::new)
    }
    fn from_array<'de, A: SeqAccess<'de>>(list: A) -> Result<Parsed<Self>, A::Error> {
        T::from_array(list).map(|parsed| parsed.map(Self::new))
    }
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Parsed<Self>, A::Error> {
        T::from_object(object).map(|parsed| parsed.map(Self::new))
    }
    fn unknown_paths(&self, at: &str, found: &mut Vec<String>) {
        (**self).unknown_paths(at, found);
    }
}

/// The maximum number of items in a list. A few bytes of JSON take many bytes of memory once parsed; the longest documented
/// list has 500 items.
const MAX_ITEMS: usize = 100_000;

/// Returns an error if a list of `count` items may not have another one.
pub(crate) fn check_item_limit<E: de::Error>(count: usize) -> Result<(), E> {
    if count < MAX_ITEMS { Ok(()) } else { Err(E::custom("a list longer than any that the service has")) }
}

impl<T: SchemaValue + serde::Serialize> SchemaValue for Vec<T> {
    /// Keeps the complete list raw if a single item does not fit: a shortened list would be mistaken for the complete one.
    fn from_array<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Parsed<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element::<Nullable<T>>()? {
            check_item_limit(items.len())?;
            let misfit = match item {
                Nullable(Some(Parsed::Typed(item))) => {
                    items.push(item);
                    continue;
                }
                Nullable(Some(Parsed::Raw(value))) => value,
                Nullable(None) => JsonValue::null(),
            };
            let mut array = ArrayBuilder::default();
            for item in &items {
                array.push(&JsonValue::serialized(item).map_err(de::Error::custom)?);
            }
            array.push(&misfit);
            return array.read_rest(list).map(Parsed::Raw);
        }
        Ok(Parsed::Typed(items))
    }
    fn unknown_paths(&self, at: &str, found: &mut Vec<String>) {
        for (index, item) in self.iter().enumerate() {
            item.unknown_paths(&format!("{at}[{index}]"), found);
        }
    }
}

impl<T: SchemaValue> SchemaValue for Option<T> {
    fn unknown_paths(&self, at: &str, found: &mut Vec<String>) {
        if let Some(value) = self {
            value.unknown_paths(at, found);
        }
    }
}

/// The value of a field; `None` for `null`, which reads as absent.
pub(crate) struct Nullable<T>(pub(crate) Option<Parsed<T>>);

impl<'de, T: SchemaValue> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer, loss_mode::is_exact())
    }
}

/// The deserializer seed of a field's value.
struct FieldSeed<T> {
    is_exact: bool,
    value: PhantomData<T>,
}

impl<'de, T: SchemaValue> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = Nullable<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read(deserializer, self.is_exact)
    }
}

/// Parses `json`; `None` if its value is not a `T`.
pub(crate) fn parse_typed<T: SchemaValue>(json: &str) -> Option<T> {
    match from_json(json).ok()?.value {
        Nullable(Some(Parsed::Typed(value))) => Some(value),
        _ => None,
    }
}

struct ValueVisitor<T>(PhantomData<T>);

impl<T: SchemaValue> ValueVisitor<T> {
    fn typed_or(typed: Option<T>, raw: impl FnOnce() -> JsonValue) -> Nullable<T> {
        Nullable(Some(typed.map_or_else(|| Parsed::Raw(raw()), Parsed::Typed)))
    }
    fn number(number: Number) -> Nullable<T> {
        Self::typed_or(T::from_number(&number), || number.into())
    }
}

impl<'de, T: SchemaValue> Visitor<'de> for ValueVisitor<T> {
    type Value = Nullable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Nullable(None))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Self::typed_or(T::from_bool(value), || value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Self::number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Self::number(value.into()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(Self::typed_or(T::from_number(&number), || {
            // The JSON may have had digits that the `f64` lacks.
            loss_mode::report_loss();
            number.into()
        }))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Self::typed_or(T::from_string(text), || text.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_array(list).map(|parsed| Nullable(Some(parsed)))
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object).map(|parsed| Nullable(Some(parsed)))
    }
}

/// Takes the raw JSON of a value, then parses it. A function of its own, so that the common path stays short.
#[cold]
#[inline(never)]
fn read_raw_first<'de, T: SchemaValue, D: Deserializer<'de>>(deserializer: D) -> Result<Nullable<T>, D::Error> {
    deserializer.deserialize_newtype_struct(RAW_VALUE, RawJsonVisitor(PhantomData))
}

/// Returns `value` as a `T` if it is a number that fits.
fn typed_number<T: SchemaValue>(value: &JsonValue) -> Option<T> {
    // `-0` would be serialized as `0`.
    if value.is_number() && value.json() != "-0" { T::from_number(&value.json().parse().ok()?) } else { None }
}

/// Visits the raw JSON of a value.
struct RawJsonVisitor<T>(PhantomData<T>);

impl<'de, T: SchemaValue> Visitor<'de> for RawJsonVisitor<T> {
    type Value = Nullable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<Self::Value, A::Error> {
        let json = take_raw_json(json)?;
        if let Some(number) = JsonValue::number_from_raw(&json) {
            return Ok(ValueVisitor::typed_or(typed_number(&number), || number));
        }
        let mut deserializer = serde_json::Deserializer::from_str(&json);
        deserializer.deserialize_any(ValueVisitor(PhantomData)).map_err(de::Error::custom)
    }
    /// Deserializers that have no raw JSON pass the value itself.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Nullable(None))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
}

/// The key of a field: one of the known fields `F`, or a name that the specification does not have.
pub(crate) enum FieldKey<F> {
    Field(F),
    Unknown(String),
}

/// The fields of an object that the specification describes.
pub(crate) trait KnownField: Sized {
    fn find(name: &str) -> Option<Self>;
}

impl<'de, F: KnownField> Deserialize<'de> for FieldKey<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor<F>(PhantomData<F>);
        impl<F: KnownField> Visitor<'_> for KeyVisitor<F> {
            type Value = FieldKey<F>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a field")
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(F::find(name).map_or_else(|| FieldKey::Unknown(name.to_owned()), FieldKey::Field))
            }
        }
        deserializer.deserialize_identifier(KeyVisitor(PhantomData))
    }
}

/// Reads the value of the field `name`; if it does not fit, moves it to `unknown`. Of several values, the last one counts.
pub(crate) fn read_field<'de, T: SchemaValue, A: MapAccess<'de>>(
    object: &mut A,
    name: &str,
    unknown: &mut UnknownFields,
    is_exact: bool,
) -> Result<Option<T>, A::Error> {
    let Nullable(parsed) = object.next_value_seed(FieldSeed { is_exact, value: PhantomData })?;
    unknown.remove(name);
    Ok(match parsed {
        None => None,
        Some(Parsed::Typed(value)) => Some(value),
        Some(Parsed::Raw(value)) => {
            unknown.insert(name, value);
            None
        }
    })
}

/// Returns the value of a required field, or an error if it is absent or does not fit.
pub(crate) fn required_field<T, E: de::Error>(
    value: Option<T>,
    name: &'static str,
    unknown: &UnknownFields,
) -> Result<T, E> {
    value.ok_or_else(|| {
        if unknown.contains(name) {
            E::custom(format_args!("`{name}` is not what the specification says"))
        } else {
            E::missing_field(name)
        }
    })
}

/// Returns a required list; `null` is an empty one. An object without the list may be of another kind, and an empty list in its
/// place would hide that.
#[expect(clippy::option_option, reason = "absent, null and present are three cases")]
pub(crate) fn required_list<T, E: de::Error>(
    value: Option<Option<Vec<T>>>,
    name: &'static str,
    unknown: &UnknownFields,
) -> Result<Vec<T>, E> {
    match value {
        Some(None) if !unknown.contains(name) => Ok(Vec::new()),
        value => required_field(value.flatten(), name, unknown),
    }
}

/// Returns the number that an object with this single field stands for; `None` if the object is not a number.
///
/// If any crate of a build turns the feature `serde_json/arbitrary_precision` on, `serde_json` passes each number as an object
/// with one field of a private name, which holds the digits.
pub(crate) fn arbitrary_precision_number(name: &str, value: &JsonValue) -> Option<JsonValue> {
    if name != "$serde_json::private::Number" {
        return None;
    }
    let digits = value.as_str().filter(|digits| digits.parse::<Number>().is_ok())?;
    if digits.contains('e') {
        // `1E2` is passed as `1e+2`.
        loss_mode::report_loss();
    }
    Some(JsonValue::from_raw(&digits))
}

/// Returns the number that an object with these fields and no others stands for; `None` if the object is not a number.
pub(crate) fn private_number_of_fields(fields: &UnknownFields) -> Option<JsonValue> {
    let mut fields = fields.iter();
    let (name, value) = fields.next()?;
    if fields.next().is_some() { None } else { arbitrary_precision_number(name, value) }
}

/// Returns the path of the field `name` within the object at `at`.
pub(crate) fn field_path(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::{Nullable, Parsed, SchemaValue};
    use crate::{Customer, CustomerCollection, ErrorCode, JsonValue, UnknownFields, from_json};
    use serde::Deserialize;
    use serde_json::{Value, json};

    fn read<T: SchemaValue>(value: Value) -> Option<T> {
        match Nullable::deserialize(value).unwrap() {
            Nullable(Some(Parsed::Typed(value))) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn number_is_typed_only_if_it_serializes_to_the_same_digits() {
        assert_eq!(read::<i64>(json!(-7)), Some(-7));
        assert_eq!(read::<i64>(json!(1.5)), None);
        assert_eq!(read::<i64>(json!(u64::MAX)), None);
        assert_eq!(read::<i64>(json!("7")), None);
        assert_eq!(read::<f64>(json!(1.5)), Some(1.5));
        assert_eq!(read::<f64>(json!(9_007_199_254_740_993_i64)), None);
        assert_eq!(read::<Box<i64>>(json!(7)), Some(Box::new(7)));
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
