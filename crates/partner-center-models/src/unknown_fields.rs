use crate::JsonValue;
use std::{collections::BTreeMap, fmt};

/// The fields of an object that do not fit the specification: fields that this version does not know, and known ones whose value
/// is not of the documented type (a GUID field without a GUID, say).
///
/// They are serialized as received, numbers to the last digit (see [`JsonValue`] and [`from_json`](crate::from_json)). One
/// pointer in size; an empty set allocates nothing.
///
/// ```
/// use partner_center_models::Customer;
///
/// let customer: Customer = serde_json::from_str(r#"{"id": "no GUID", "mood": "sunny"}"#)?;
/// assert_eq!(customer.id, None);
/// assert_eq!(customer.unknown_fields.get("id"), Some(&"no GUID".into()));
/// assert_eq!(customer.unknown_fields.get("mood"), Some(&"sunny".into()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct UnknownFields(Option<Box<ReceivedFields>>);

/// What an object keeps as it was received. In a box, since most objects have nothing to keep.
#[derive(Clone, Default)]
struct ReceivedFields {
    fields: BTreeMap<String, JsonValue>,
    /// The spellings of known fields, by their names. They do not count when objects are compared.
    spellings: BTreeMap<Box<str>, ReceivedSpelling>,
}

/// The way in which a known field was received, where it would be written in another one.
#[derive(Clone, Default)]
pub(crate) struct ReceivedSpelling {
    /// The name of the field.
    pub(crate) name: Option<&'static str>,
    /// The value as it would be written, and as it was received. Once the value has been changed, it is written in another way.
    pub(crate) value: Option<(JsonValue, JsonValue)>,
}

impl UnknownFields {
    /// Returns the value of the field `name`.
    #[must_use]
    #[inline]
    pub fn get(&self, name: &str) -> Option<&JsonValue> {
        self.0.as_ref()?.fields.get(name)
    }

    /// Whether there is a field `name`.
    #[must_use]
    #[inline]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether there is a field `name`, in any case.
    #[inline]
    pub(crate) fn contains_like(&self, name: &str) -> bool {
        self.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Whether there are no fields.
    #[must_use]
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the names and values of the fields, ordered by name.
    #[inline]
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.0.iter().flat_map(|kept| kept.fields.iter()).map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a field, which is serialized with the object; returns its previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<JsonValue>) -> Option<JsonValue> {
        self.0.get_or_insert_default().fields.insert(name.into(), value.into())
    }

    /// Removes a field and returns its value.
    #[inline]
    pub fn remove(&mut self, name: &str) -> Option<JsonValue> {
        self.0.as_mut()?.fields.remove(name)
    }

    #[inline]
    pub(crate) fn has_received_spellings(&self) -> bool {
        self.0.as_ref().is_some_and(|kept| !kept.spellings.is_empty())
    }

    #[inline]
    pub(crate) fn received_spelling(&self, field: &str) -> Option<&ReceivedSpelling> {
        self.0.as_ref()?.spellings.get(field)
    }

    /// Keeps the value of `field` as it was received, and as it would be written.
    #[inline]
    pub(crate) fn keep_received_spelling(&mut self, field: &str, written: JsonValue, received: JsonValue) {
        self.received_spelling_mut_or_default(field).value = Some((written, received));
    }

    /// Keeps the name that `field` was received with.
    #[inline]
    pub(crate) fn keep_received_name(&mut self, field: &str, name: &'static str) {
        self.received_spelling_mut_or_default(field).name = Some(name);
    }

    #[inline]
    fn received_spelling_mut_or_default(&mut self, field: &str) -> &mut ReceivedSpelling {
        self.0.get_or_insert_default().spellings.entry(field.into()).or_default()
    }

    /// Removes what is kept of a known field.
    #[inline]
    pub(crate) fn forget_received_field(&mut self, field: &str) {
        if let Some(kept) = &mut self.0 {
            kept.fields.remove(field);
            kept.spellings.remove(field);
        }
    }
}

impl PartialEq for UnknownFields {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one.fields == other.fields,
            _ => self.is_empty() && other.is_empty(),
        }
    }
}

impl Eq for UnknownFields {}

/// Shows the names only: any value may be a secret.
impl fmt::Debug for UnknownFields {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
