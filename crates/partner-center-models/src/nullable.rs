/// The value of a field that can be cleared: null, or a value. An absent field is `None` of the `Option` around it.
///
/// Absent and null are two things in what is sent: an absent field is left as it is, and null clears it.
///
/// ```
/// use partner_center_models::Nullable;
///
/// let absent: Option<Nullable<i32>> = None;
/// let cleared: Option<Nullable<i32>> = Some(Nullable::Null);
/// let set = Some(Nullable::from(7));
/// assert_eq!(set.as_ref().and_then(Nullable::value), Some(&7));
/// assert_eq!(cleared.as_ref().and_then(Nullable::value), None);
/// assert_ne!(absent, cleared);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Nullable<T> {
    /// Null.
    Null,
    /// A value.
    Value(T),
}

impl<T> Nullable<T> {
    /// Returns the value; `None` if it is null.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }

    /// Returns the value; `None` if it is null.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Null => None,
            Self::Value(value) => Some(value),
        }
    }
}

impl<T> From<T> for Nullable<T> {
    fn from(value: T) -> Self {
        Self::Value(value)
    }
}
