//! Reading what the specification describes, and keeping what it does not.
//!
//! The service adds fields, values and now and then other types than it documents. None of that may sink a page, and
//! none of it may vanish: whatever a field cannot hold is kept, as it came, in the [`UnknownFields`] of the object it
//! stood in, and is written back from there.

use crate::{
    JsonValue, UnknownFields, from_json,
    json_value::{RAW_VALUE, json_of},
    reading,
};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::Number;
use std::{fmt, marker::PhantomData};
use uuid::Uuid;

/// A JSON value read as what the specification says it is, or else kept as it came.
pub(crate) enum Reading<T> {
    /// What the specification says.
    Described(T),
    /// Something else.
    Other(JsonValue),
}

impl<T> Reading<T> {
    pub(crate) fn map<U>(self, into: impl FnOnce(T) -> U) -> Reading<U> {
        match self {
            Self::Described(value) => Reading::Described(into(value)),
            Self::Other(value) => Reading::Other(value),
        }
    }
}

/// A type that a field may have.
///
/// Each method takes one kind of JSON value; what it does not override, it does not accept.
pub(crate) trait Described: Sized {
    fn from_bool(_: bool) -> Option<Self> {
        None
    }
    fn from_number(_: &Number) -> Option<Self> {
        None
    }
    fn from_text(_: &str) -> Option<Self> {
        None
    }
    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Reading<Self>, A::Error> {
        JsonValue::from_seq(list).map(Reading::Other)
    }
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Reading<Self>, A::Error> {
        JsonValue::from_map(object).map(|value| match number_of(&value) {
            // See `number_in_disguise`.
            Some(described) => Reading::Described(described),
            None => Reading::Other(value),
        })
    }
    /// Reads a value of whatever kind; exactly if [`reading::is_exact`].
    fn read<'de, D: Deserializer<'de>>(deserializer: D, is_exact: bool) -> Result<Nullable<Self>, D::Error> {
        if is_exact {
            return read_exactly(deserializer);
        }
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
    /// Adds what the specification does not describe within the value to `found`; the value stands at the path `at`.
    fn undescribed(&self, _at: &str, _found: &mut Vec<String>) {}
}

impl Described for String {
    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Described for bool {
    fn from_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Described for i32 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64()?.try_into().ok()
    }
}

impl Described for i64 {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64()
    }
}

impl Described for f64 {
    fn from_number(number: &Number) -> Option<Self> {
        // A number that would be written back as another one is better kept as it came.
        let value = number.as_f64()?;
        (Number::from_f64(value).as_ref() == Some(number)).then_some(value)
    }
}

impl Described for Uuid {
    /// Of the spellings there are only the usual one, in any case, for it is written back in lower case.
    fn from_text(text: &str) -> Option<Self> {
        const HYPHENATED: usize = 36;
        text.parse().ok().filter(|_| text.len() == HYPHENATED)
    }
}

impl Described for JsonValue {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: bool) -> Result<Nullable<Self>, D::Error> {
        let value = Self::deserialize(deserializer)?;
        Ok(Nullable((value != Self::null()).then_some(Reading::Described(value))))
    }
}

impl<T: Described> Described for Box<T> {
    fn from_bool(value: bool) -> Option<Self> {
        T::from_bool(value).map(Self::new)
    }
    fn from_number(number: &Number) -> Option<Self> {
        T::from_number(number).map(Self::new)
    }
    fn from_text(text: &str) -> Option<Self> {
        T::from_text(text).map(Self::new)
    }
    fn from_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Reading<Self>, A::Error> {
        T::from_list(list).map(|reading| reading.map(Self::new))
    }
    fn from_object<'de, A: MapAccess<'de>>(object: A) -> Result<Reading<Self>, A::Error> {
        T::from_object(object).map(|reading| reading.map(Self::new))
    }
    fn undescribed(&self, at: &str, found: &mut Vec<String>) {
        (**self).undescribed(at, found);
    }
}

/// A few bytes of JSON become many of memory; the longest documented list has 500 items.
const MOST_ITEMS: usize = 100_000;

/// Refuses one item more than `count`, if those are as many as a list may have.
pub(crate) fn has_room<E: de::Error>(count: usize) -> Result<(), E> {
    if count < MOST_ITEMS { Ok(()) } else { Err(E::custom("a list longer than any that the service has")) }
}

impl<T: Described + serde::Serialize> Described for Vec<T> {
    /// One item that is not what it should be makes the whole list something else: half a list would be a lie.
    fn from_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Reading<Self>, A::Error> {
        let mut items = Self::new();
        while let Some(item) = list.next_element::<Nullable<T>>()? {
            has_room(items.len())?;
            let odd = match item {
                Nullable(Some(Reading::Described(item))) => {
                    items.push(item);
                    continue;
                }
                Nullable(Some(Reading::Other(value))) => value,
                Nullable(None) => JsonValue::null(),
            };
            let mut values =
                items.iter().map(JsonValue::written).collect::<Result<Vec<_>, _>>().map_err(de::Error::custom)?;
            values.push(odd);
            while let Some(value) = list.next_element()? {
                values.push(value);
            }
            return Ok(Reading::Other(JsonValue::array(&values)));
        }
        Ok(Reading::Described(items))
    }
    fn undescribed(&self, at: &str, found: &mut Vec<String>) {
        for (index, item) in self.iter().enumerate() {
            item.undescribed(&format!("{at}[{index}]"), found);
        }
    }
}

impl<T: Described> Described for Option<T> {
    fn undescribed(&self, at: &str, found: &mut Vec<String>) {
        if let Some(value) = self {
            value.undescribed(at, found);
        }
    }
}

/// A field's value; `null` reads as absent.
pub(crate) struct Nullable<T>(pub(crate) Option<Reading<T>>);

impl<'de, T: Described> Deserialize<'de> for Nullable<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer, reading::is_exact())
    }
}

/// How the value of a field is read.
struct FieldValue<T> {
    is_exact: bool,
    value: PhantomData<T>,
}

impl<'de, T: Described> DeserializeSeed<'de> for FieldValue<T> {
    type Value = Nullable<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        T::read(deserializer, self.is_exact)
    }
}

/// The value in `json`, if it is what it should be.
pub(crate) fn described<T: Described>(json: &str) -> Option<T> {
    match from_json(json).ok()?.value {
        Nullable(Some(Reading::Described(value))) => Some(value),
        _ => None,
    }
}

struct ValueVisitor<T>(PhantomData<T>);

impl<T: Described> ValueVisitor<T> {
    fn reading(described: Option<T>, other: impl FnOnce() -> JsonValue) -> Nullable<T> {
        Nullable(Some(described.map_or_else(|| Reading::Other(other()), Reading::Described)))
    }
    fn number(number: Number) -> Nullable<T> {
        Self::reading(T::from_number(&number), || number.into())
    }
}

impl<'de, T: Described> Visitor<'de> for ValueVisitor<T> {
    type Value = Nullable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Nullable(None))
    }
    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Self::reading(T::from_bool(value), || value.into()))
    }
    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Self::number(value.into()))
    }
    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Self::number(value.into()))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number that is not finite"))?;
        Ok(Self::reading(T::from_number(&number), || {
            // It may have had other digits.
            reading::notice();
            number.into()
        }))
    }
    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Self::reading(T::from_text(text), || text.into()))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        T::from_list(list).map(|reading| Nullable(Some(reading)))
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<Self::Value, A::Error> {
        T::from_object(object).map(|reading| Nullable(Some(reading)))
    }
}

/// Reads the JSON of a value, and then the value. Out of the way of what is done for each field of each customer.
#[cold]
#[inline(never)]
fn read_exactly<'de, T: Described, D: Deserializer<'de>>(deserializer: D) -> Result<Nullable<T>, D::Error> {
    deserializer.deserialize_newtype_struct(RAW_VALUE, ExactVisitor(PhantomData))
}

/// What the specification says, if `value` is a number and that is what it should be.
fn number_of<T: Described>(value: &JsonValue) -> Option<T> {
    // Written back, -0 would be 0.
    if value.is_number() && value.json() != "-0" { T::from_number(&value.json().parse().ok()?) } else { None }
}

/// Takes the JSON of a value.
struct ExactVisitor<T>(PhantomData<T>);

impl<'de, T: Described> Visitor<'de> for ExactVisitor<T> {
    type Value = Nullable<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, json: A) -> Result<Self::Value, A::Error> {
        let json = json_of(json)?;
        if let Some(number) = JsonValue::of_number(&json) {
            return Ok(ValueVisitor::reading(number_of(&number), || number));
        }
        let mut deserializer = serde_json::Deserializer::from_str(&json);
        deserializer.deserialize_any(ValueVisitor(PhantomData)).map_err(de::Error::custom)
    }
    /// Where there is nothing but the value.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Nullable(None))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(ValueVisitor(PhantomData))
    }
}

/// The name of a field: one of `F`, or one that the specification does not know.
pub(crate) enum Name<F> {
    Field(F),
    Unknown(String),
}

/// The names of an object's fields.
pub(crate) trait FieldName: Sized {
    fn find(name: &str) -> Option<Self>;
}

impl<'de, F: FieldName> Deserialize<'de> for Name<F> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor<F>(PhantomData<F>);
        impl<F: FieldName> Visitor<'_> for NameVisitor<F> {
            type Value = Name<F>;
            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the name of a field")
            }
            fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
                Ok(F::find(name).map_or_else(|| Name::Unknown(name.to_owned()), Name::Field))
            }
        }
        deserializer.deserialize_identifier(NameVisitor(PhantomData))
    }
}

/// Reads the value of the field `name`. As in any JSON object the last of several values counts.
pub(crate) fn read_field<'de, T: Described, A: MapAccess<'de>>(
    object: &mut A,
    name: &str,
    unknown: &mut UnknownFields,
    is_exact: bool,
) -> Result<Option<T>, A::Error> {
    let Nullable(reading) = object.next_value_seed(FieldValue { is_exact, value: PhantomData })?;
    unknown.remove(name);
    Ok(match reading {
        None => None,
        Some(Reading::Described(value)) => Some(value),
        Some(Reading::Other(value)) => {
            unknown.insert(name, value);
            None
        }
    })
}

/// A field that every answer must have, and as what the specification says.
pub(crate) fn required<T, E: de::Error>(value: Option<T>, name: &'static str, unknown: &UnknownFields) -> Result<T, E> {
    value.ok_or_else(|| {
        if unknown.contains(name) {
            E::custom(format_args!("`{name}` is not what the specification says"))
        } else {
            E::missing_field(name)
        }
    })
}

/// A list that must be there, though it may be null: without it the object is perhaps of another kind, and empty would be
/// a lie.
#[expect(clippy::option_option, reason = "absent, null, and there are three things")]
pub(crate) fn list<T, E: de::Error>(
    value: Option<Option<Vec<T>>>,
    name: &'static str,
    unknown: &UnknownFields,
) -> Result<Vec<T>, E> {
    match value {
        Some(None) if !unknown.contains(name) => Ok(Vec::new()),
        value => required(value.flatten(), name, unknown),
    }
}

/// The number that arrives as an object with this one field, where `serde_json/arbitrary_precision` is switched on
/// anywhere in a build.
pub(crate) fn number_in_disguise<'de, A: MapAccess<'de>>(
    name: &str,
    object: &mut A,
) -> Result<Option<JsonValue>, A::Error> {
    if name != "$serde_json::private::Number" {
        return Ok(None);
    }
    let digits: String = object.next_value()?;
    digits.parse::<Number>().map_err(de::Error::custom)?;
    if digits.contains('e') {
        // 1E2 is handed over as 1e+2.
        reading::notice();
    }
    Ok(Some(JsonValue::of(&digits)))
}

/// The path of the field `name` within the object at `at`.
pub(crate) fn path(at: &str, name: &str) -> String {
    if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") }
}

#[cfg(test)]
mod tests {
    use super::{Described, Nullable, Reading};
    use crate::{Customer, ErrorCode, JsonValue, UnknownFields};
    use serde::Deserialize;
    use serde_json::{Value, json};

    fn read<T: Described>(value: Value) -> Option<T> {
        match Nullable::deserialize(value).unwrap() {
            Nullable(Some(Reading::Described(value))) => Some(value),
            _ => None,
        }
    }

    #[test]
    fn a_number_is_read_when_it_would_be_written_back_as_it_came() {
        assert_eq!(read::<i64>(json!(-7)), Some(-7));
        assert_eq!(read::<i64>(json!(1.5)), None);
        assert_eq!(read::<i64>(json!(u64::MAX)), None);
        assert_eq!(read::<i64>(json!("7")), None);
        assert_eq!(read::<f64>(json!(1.5)), Some(1.5));
        assert_eq!(read::<f64>(json!(9_007_199_254_740_993_i64)), None);
        assert_eq!(read::<Box<i64>>(json!(7)), Some(Box::new(7)));
    }

    #[test]
    fn any_value_is_one() {
        for value in [json!(true), json!(1.5), json!("text"), json!([1]), json!({"a": [null]})] {
            assert_eq!(read::<JsonValue>(value.clone()), Some(value.into()));
        }
    }

    #[test]
    fn a_code_is_a_number_or_a_text() {
        let codes: Vec<ErrorCode> = serde_json::from_value(json!([2000, " 2000", "Other", 2001])).unwrap();
        assert_eq!(codes[0], codes[1]);
        for (one, other) in [(0, 2), (0, 3), (2, 3)] {
            assert_ne!(codes[one], codes[other]);
        }
        assert_eq!(codes[2], codes[2].clone());
        assert!(serde_json::from_value::<ErrorCode>(json!([2000])).is_err());
    }

    /// What `serde_json/arbitrary_precision` makes of a number, which the tests cannot switch on for themselves alone.
    #[test]
    fn a_number_in_disguise_is_a_number() {
        let disguised = json!({"$serde_json::private::Number": "1.5"});
        let value = json!({"companyProfile": disguised, "totalCount": disguised, "tags": [disguised]});
        let customer = Customer::deserialize(value).unwrap();
        assert_eq!(customer.unknown_fields.get("companyProfile"), Some(&json!(1.5).into()));
    }

    #[test]
    fn what_is_set_counts_more_than_what_was_kept() {
        let mut customer: Customer = serde_json::from_value(json!({"id": "no GUID", "tags": 7, "new": 1})).unwrap();
        customer.tags = Some(vec![]);
        assert_eq!(serde_json::to_value(&customer).unwrap(), json!({"id": "no GUID", "tags": [], "new": 1}));
    }

    #[test]
    fn the_last_of_several_values_counts() {
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
    fn no_unknown_fields_are_equal_to_none_left() {
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
