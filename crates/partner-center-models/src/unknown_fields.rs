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
#[expect(clippy::box_collection, reason = "a pointer is a third of the size of a map, and most objects have none")]
pub struct UnknownFields(Option<Box<BTreeMap<String, JsonValue>>>);

impl UnknownFields {
    /// Returns the value of the field `name`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&JsonValue> {
        self.0.as_ref()?.get(name)
    }

    /// Whether there is a field `name`.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether there is a field `name`, in any case.
    pub(crate) fn contains_like(&self, name: &str) -> bool {
        self.iter().any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Whether there are no fields.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// Returns the names and values of the fields, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &JsonValue)> {
        self.0.iter().flat_map(|map| map.iter()).map(|(name, value)| (name.as_str(), value))
    }

    /// Sets a field, which is serialized with the object; returns its previous value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<JsonValue>) -> Option<JsonValue> {
        self.0.get_or_insert_default().insert(name.into(), value.into())
    }

    /// Removes a field and returns its value.
    pub fn remove(&mut self, name: &str) -> Option<JsonValue> {
        self.0.as_mut()?.remove(name)
    }
}

impl PartialEq for UnknownFields {
    fn eq(&self, other: &Self) -> bool {
        match (&self.0, &other.0) {
            (Some(one), Some(other)) => one == other,
            _ => self.is_empty() && other.is_empty(),
        }
    }
}

impl Eq for UnknownFields {}

/// Shows the names only: any value may be a secret.
impl fmt::Debug for UnknownFields {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter().map(|(name, _)| name)).finish()
    }
}
