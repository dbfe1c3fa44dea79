use crate::{
    JsonValue, Resource,
    object::Object,
    reader::try_read_object_from_json,
    value::{RawJsonField, Value},
};
use serde::{Serialize, Serializer};
use std::{cell::RefCell, fmt, marker::PhantomData, sync::Arc};

/// An object that few callers read, kept as JSON and parsed on demand.
///
/// Nothing is lost, and a page of customers takes three quarters of the time to parse. [`get`](Self::get) parses on every call:
/// keep its result if you need it twice. To change the object, get it, change it, and set the field to [`RawJson::new`] of it.
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
    json: Arc<str>,
    value: PhantomData<fn() -> T>,
}

impl<T: Resource> RawJson<T> {
    /// Serializes `value` and keeps the JSON.
    #[must_use]
    #[expect(clippy::expect_used, clippy::missing_panics_doc, reason = "generated objects always serialize to JSON")]
    pub fn new(value: &T) -> Self {
        let json = serde_json::to_string(value);
        Self::from_json(json.expect("a generated object has strings for keys and values that JSON has").into())
    }

    /// Parses the object, as [`from_json`](crate::from_json) does; `None` if it lacks a required field. It is serialized as the
    /// JSON received then.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        let mut value = T::empty();
        try_read_object_from_json(self.json(), &mut value).then_some(value)
    }

    /// Returns the JSON exactly as received, also an unpaired surrogate, which is U+FFFD in all other results.
    #[must_use]
    pub fn json(&self) -> &str {
        &self.json
    }
}

impl<T> RawJson<T> {
    fn from_json(json: Arc<str>) -> Self {
        Self { json, value: PhantomData }
    }
}

impl<T> Clone for RawJson<T> {
    fn clone(&self) -> Self {
        Self::from_json(self.json.clone())
    }
}

/// Two are equal if they hold the same object, whatever its JSON looks like.
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
            None => JsonValue::from_raw_json(self.json()).serialize(serializer),
        }
    }
}

impl<T: Object + Value + 'static> RawJsonField for Option<RawJson<T>> {
    #[inline]
    fn json(&self) -> Option<&Arc<str>> {
        match self {
            Some(raw) => Some(&raw.json),
            None => None,
        }
    }
    #[inline]
    fn with_parsed_object(&self, visit: &mut dyn FnMut(Option<&dyn Object>)) {
        let Some(raw) = self else { return };
        let mut object = T::empty();
        let is_object = try_read_object_from_json(&raw.json, &mut object);
        visit(if is_object { Some(&object) } else { None });
    }
    #[inline]
    fn set(&mut self, json: Option<Arc<str>>) {
        *self = json.map(RawJson::from_json);
    }
    #[inline]
    fn empty_object(&self) -> Box<dyn Object> {
        Box::new(T::empty())
    }
}

/// The maximum length of JSON that [`share_json`] remembers.
const MAX_SHARED_LENGTH: usize = 64;

/// The number of JSON texts that [`share_json`] remembers.
const SHARED_TEXT_COUNT: usize = 16;

/// Returns `json`, in the memory of an equal text that was read shortly before on this thread, if there is one: the attributes
/// of all items of a page are the same.
#[inline]
pub(crate) fn share_json(json: &str) -> Arc<str> {
    thread_local! {
        /// The last text of some lengths.
        static LAST_TEXTS: RefCell<[Option<Arc<str>>; SHARED_TEXT_COUNT]> =
            const { RefCell::new([const { None }; SHARED_TEXT_COUNT]) };
    }
    if json.len() > MAX_SHARED_LENGTH {
        return json.into();
    }
    let shared = LAST_TEXTS.try_with(|texts| {
        let last = &mut texts.borrow_mut()[json.len() % SHARED_TEXT_COUNT];
        match last {
            Some(last) if **last == *json => last.clone(),
            last => last.insert(json.into()).clone(),
        }
    });
    // A thread that ends has nothing to share any more.
    shared.unwrap_or_else(|_| json.into())
}

#[cfg(test)]
mod tests {
    use super::{MAX_SHARED_LENGTH, RawJson, share_json};
    use crate::{Customer, JsonValue, Link, ResourceLinks};
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};
    use std::sync::Arc;

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
    fn raw_json_is_kept_as_received_and_parsed_on_demand() {
        let text = r#"{"links": {"self" : {"uri": "/v1\u002fcustomers", "new": [1.0]}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert_eq!(customer.links.as_ref().unwrap().json(), &text[10..text.len() - 1]);
        assert_eq!(links(&customer).self_.unwrap().uri.as_deref(), Some("/v1/customers"));
        let written = json!({"links": {"self": {"uri": "/v1/customers", "new": [1.0]}}});
        assert_eq!(serde_json::to_value(&customer).unwrap(), written);
    }

    #[test]
    fn short_json_that_repeats_is_shared() {
        let text = r#"{"attributes": {"objectType": "Customer"}}"#;
        let [one, other] = [(); 2].map(|()| serde_json::from_str::<Customer>(text).unwrap().attributes.unwrap());
        assert!(Arc::ptr_eq(&one.json, &other.json));
        for length in [0, 1, MAX_SHARED_LENGTH, MAX_SHARED_LENGTH + 1] {
            for letter in ["a", "b"] {
                let json = letter.repeat(length);
                assert_eq!((&*share_json(&json), &*share_json(&json)), (&*json, &*json));
                assert_eq!(Arc::ptr_eq(&share_json(&json), &share_json(&json)), length <= MAX_SHARED_LENGTH);
            }
        }
    }

    #[test]
    fn raw_json_is_the_same_from_every_deserializer() {
        let text = r#"{"mine": true, "links": {"self": {"uri": "/v1", "headers": []}}}"#;
        let value: Value = serde_json::from_str(text).unwrap();
        let read: Flattened = serde_json::from_str(text).unwrap();
        assert_eq!(read.customer.links, Customer::deserialize(&value).unwrap().links);
        assert_eq!(read, Flattened::deserialize(&value).unwrap());
        assert_eq!(read, serde_json::from_reader(text.as_bytes()).unwrap());
        assert_eq!(serde_json::to_value(&read).unwrap(), value);
    }

    #[test]
    fn raw_json_is_equal_by_its_object() {
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
    fn value_that_is_not_an_object_is_an_unknown_field() {
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
    fn value_that_serde_json_rejects_is_kept() {
        for body in ["1e999".to_owned(), "[".repeat(500) + &"]".repeat(500)] {
            let text = format!(r#"{{"links":{{"self":{{"body":{body}}}}}}}"#);
            let customer: Customer = serde_json::from_str(&text).unwrap();
            assert_eq!(links(&customer).self_.unwrap().body.unwrap().json(), body);
            assert_eq!(serde_json::to_string(&customer).unwrap(), text);
            assert!(crate::Resource::undescribed_paths(&customer).is_empty());
        }
    }

    #[test]
    fn unpaired_surrogate_is_kept_in_json_and_replaced_when_parsed() {
        let text = r#"{"links": {"self": {"uri": "/v1/\ud83e"}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert_eq!(customer.links.as_ref().unwrap().json(), r#"{"self": {"uri": "/v1/\ud83e"}}"#);
        assert_eq!(links(&customer).self_.unwrap().uri.as_deref(), Some("/v1/\u{fffd}"));
        assert_eq!(serde_json::to_string(&customer).unwrap(), "{\"links\":{\"self\":{\"uri\":\"/v1/\u{fffd}\"}}}");
    }

    #[test]
    fn debug_does_not_show_secrets() {
        let text = r#"{"links": {"next": {"headers": [{"key": "MS-ContinuationToken", "value": "hidden"}]}}}"#;
        let customer: Customer = serde_json::from_str(text).unwrap();
        assert!(!format!("{customer:?}").contains("hidden"));
    }
}
