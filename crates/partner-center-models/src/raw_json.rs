use crate::{
    JsonValue, Resource,
    described::{Described, Nullable, Reading},
    json_value::RAW_VALUE,
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use std::{fmt, marker::PhantomData};

/// An object that hardly anyone reads, kept as the JSON it came in until someone does.
///
/// Nothing of it is lost, and a page of customers is read in three quarters of the time. [`get`](Self::get) reads it anew each
/// time, so keep what it gives back if you need it twice. To change it, read it, and put [`RawJson::new`] of what you made in its
/// place.
///
/// ```
/// use partner_center_models::{Customer, ObjectType, RawJson};
///
/// let customer: Customer = serde_json::from_str(r#"{"attributes": {"objectType": "Customer"}}"#)?;
/// let attributes = customer.attributes.as_ref().and_then(RawJson::get).unwrap_or_default();
/// assert_eq!(attributes.object_type, Some(ObjectType::Customer));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct RawJson<T> {
    json: Box<RawValue>,
    value: PhantomData<fn() -> T>,
}

impl<T: Resource> RawJson<T> {
    /// Keeps `value`, as the JSON it is written as.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "all that is generated is JSON")]
    pub fn new(value: &T) -> Self {
        let json = serde_json::value::to_raw_value(value);
        Self::of(json.expect("a generated object has texts for keys and values that JSON has"))
    }

    /// The object, read anew each time, as [`from_json`](crate::from_json) reads; `None` if it lacks what such an object must
    /// have. It is written back as JSON then.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        T::from_json(self.json())
    }

    /// The JSON itself, to the letter: also half a surrogate pair, which is U+FFFD wherever else it goes.
    #[must_use]
    pub fn json(&self) -> &str {
        self.json.get()
    }
}

impl<T> RawJson<T> {
    fn of(json: Box<RawValue>) -> Self {
        Self { json, value: PhantomData }
    }
}

impl<T> Clone for RawJson<T> {
    fn clone(&self) -> Self {
        Self::of(self.json.clone())
    }
}

/// Equal are two that hold the same object, however it is written.
impl<T: Resource + PartialEq> PartialEq for RawJson<T> {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json() || self.get().is_some_and(|value| other.get().as_ref() == Some(&value))
    }
}

impl<T: Resource + fmt::Debug> fmt::Debug for RawJson<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => value.fmt(formatter),
            None => formatter.write_str("RawJson(..)"),
        }
    }
}

impl<T: Resource> Serialize for RawJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.get() {
            Some(value) => value.serialize(serializer),
            None => JsonValue::of(self.json()).serialize(serializer),
        }
    }
}

impl<T: Resource + Described> Described for RawJson<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D, _: bool) -> Result<Nullable<Self>, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, RawVisitor(PhantomData))
    }
    fn undescribed(&self, at: &str, found: &mut Vec<String>) {
        match self.get() {
            Some(value) => Described::undescribed(&value, at, found),
            None => found.push(at.to_owned()),
        }
    }
}

struct RawVisitor<T>(PhantomData<T>);

impl<'de, T: Resource + Described> Visitor<'de> for RawVisitor<T> {
    type Value = Nullable<RawJson<T>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any JSON value")
    }
    fn visit_map<A: MapAccess<'de>>(self, text: A) -> Result<Self::Value, A::Error> {
        let json = Box::<RawValue>::deserialize(MapAccessDeserializer::new(text))?;
        if json.get().starts_with('{') {
            return Ok(Nullable(Some(Reading::Described(RawJson::of(json)))));
        }
        let value = JsonValue::of(json.get());
        Ok(Nullable((value != JsonValue::null()).then_some(Reading::Other(value))))
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let Nullable(reading) = Nullable::<T>::deserialize(deserializer)?;
        Ok(Nullable(reading.map(|reading| reading.map(|value| RawJson::new(&value)))))
    }
}

#[cfg(test)]
mod tests {
    use super::RawJson;
    use crate::{Customer, JsonValue, Link, ResourceLinks};
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        mine: bool,
        #[serde(flatten)]
        customer: Customer,
    }

    fn links(customer: &Customer) -> ResourceLinks {
        customer.links.as_ref().and_then(RawJson::get).unwrap()
    }

    #[test]
    fn it_is_kept_as_it_came_until_it_is_read() {
        let text = r#"{"links": {"self" : {"uri": "/v1\u002fcustomers", "new": [1.0]}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert_eq!(customer.links.as_ref().unwrap().json(), &text[10..text.len() - 1]);
        assert_eq!(links(&customer).self_.unwrap().uri.as_deref(), Some("/v1/customers"));
        let written = json!({"links": {"self": {"uri": "/v1/customers", "new": [1.0]}}});
        assert_eq!(serde_json::to_value(&customer).unwrap(), written);
    }

    #[test]
    fn however_it_is_read_it_is_the_same() {
        let text = r#"{"mine": true, "links": {"self": {"uri": "/v1", "headers": []}}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let read: Flattened = serde_json::from_str(text).unwrap();
        assert_eq!(read.customer.links, Customer::deserialize(&value).unwrap().links);
        assert_eq!(read, Flattened::deserialize(&value).unwrap());
        assert_eq!(read, serde_json::from_reader(text.as_bytes()).unwrap());
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }

    #[test]
    fn it_is_equal_by_what_it_holds() {
        let of = |text: &str| serde_json::from_str::<Customer>(&format!(r#"{{"links": {text}}}"#)).unwrap();
        assert_eq!(of(r#"{"self":{"uri":"/"}}"#), of(r#"{ "Self" : { "uri" : "\/" } }"#));
        assert_ne!(of(r#"{"self":{"uri":"/a"}}"#), of(r#"{"self":{"uri":"/b"}}"#));
        assert_ne!(of(r#"{"a":1e999}"#), of(r#"{"a": 2e999}"#));
        let own = ResourceLinks {
            self_: Some(Box::new(Link { uri: Some("/".into()), ..Link::default() })),
            ..ResourceLinks::default()
        };
        assert_eq!(of(r#"{"self": {"uri": "/"}}"#).links, Some(RawJson::new(&own)));
    }

    #[test]
    fn what_is_no_object_is_kept_among_the_unknown() {
        for (value, kept) in [(json!(null), None), (json!(7), Some(json!(7))), (json!(["x"]), Some(json!(["x"])))] {
            let text = json!({"mine": true, "tags": [], "links": value}).to_string();
            let kept = kept.map(JsonValue::from);
            let customer: Customer = serde_json::from_str(&text).unwrap();
            assert_eq!((customer.links, customer.unknown_fields.get("links")), (None, kept.as_ref()));
            let flattened: Flattened = serde_json::from_str(&text).unwrap();
            assert_eq!(
                (flattened.customer.links, flattened.customer.unknown_fields.get("links")),
                (None, kept.as_ref())
            );
        }
    }

    #[test]
    fn what_no_value_can_be_is_kept_all_the_same() {
        for body in ["1e999".to_owned(), "[".repeat(500) + &"]".repeat(500)] {
            let text = format!(r#"{{"links":{{"self":{{"body":{body}}}}}}}"#);
            let customer: Customer = serde_json::from_str(&text).unwrap();
            assert_eq!(links(&customer).self_.unwrap().body.unwrap().json(), body);
            assert_eq!(serde_json::to_string(&customer).unwrap(), text);
            assert!(crate::Resource::undescribed(&customer).is_empty());
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_kept_to_the_letter_and_read_as_a_character() {
        let text = r#"{"links": {"self": {"uri": "/v1/\ud83e"}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert_eq!(customer.links.as_ref().unwrap().json(), r#"{"self": {"uri": "/v1/\ud83e"}}"#);
        assert_eq!(links(&customer).self_.unwrap().uri.as_deref(), Some("/v1/\u{fffd}"));
        assert_eq!(serde_json::to_string(&customer).unwrap(), "{\"links\":{\"self\":{\"uri\":\"/v1/\u{fffd}\"}}}");
    }

    #[test]
    fn secrets_are_not_shown() {
        let text = r#"{"links": {"next": {"headers": [{"key": "MS-ContinuationToken", "value": "hidden"}]}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert!(!format!("{customer:?}").contains("hidden"));
    }
}
