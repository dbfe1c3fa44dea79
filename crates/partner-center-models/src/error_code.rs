use crate::{
    reader::read_value,
    scalar::{Scalar, ScalarValue, scalar_value},
    value::ValueMut,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::fmt;

/// An error code of Partner Center, such as `2000` or `900420`.
///
/// Most parts of the service send it as a number, some as a string. It is kept as received and compares by its digits. See
/// [Partner Center REST error codes](https://learn.microsoft.com/partner-center/developer/error-codes).
///
/// ```
/// use partner_center_models::ErrorCode;
///
/// let [number, string]: [ErrorCode; 2] = serde_json::from_str(r#"[2000, "2000"]"#)?;
/// assert_eq!(number, string);
/// assert_eq!(string.number(), Some(2000));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ErrorCode(ErrorCodeValue);

#[derive(Clone, Debug)]
enum ErrorCodeValue {
    Number(i64),
    Text(Box<str>),
}

impl ErrorCode {
    /// Returns the code as a number; `None` if it is a string other than a number.
    #[must_use]
    #[inline]
    pub fn number(&self) -> Option<i64> {
        match &self.0 {
            ErrorCodeValue::Number(number) => Some(*number),
            ErrorCodeValue::Text(string) => string.trim().parse().ok(),
        }
    }
}

impl fmt::Display for ErrorCode {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ErrorCodeValue::Number(number) => number.fmt(formatter),
            ErrorCodeValue::Text(string) => string.fmt(formatter),
        }
    }
}

impl PartialEq for ErrorCode {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (None, None) => self.to_string() == other.to_string(),
            (one, other) => one == other,
        }
    }
}

impl Eq for ErrorCode {}

impl From<i64> for ErrorCode {
    #[inline]
    fn from(number: i64) -> Self {
        Self(ErrorCodeValue::Number(number))
    }
}

impl From<&str> for ErrorCode {
    #[inline]
    fn from(string: &str) -> Self {
        Self(ErrorCodeValue::Text(string.into()))
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            ErrorCodeValue::Number(number) => number.serialize(serializer),
            ErrorCodeValue::Text(string) => string.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut code = None::<Self>;
        read_value(deserializer, ValueMut::Scalar(&mut code))?;
        code.ok_or_else(|| de::Error::custom("an error code is a number or a string"))
    }
}

impl Scalar for ErrorCode {
    #[inline]
    fn placeholder() -> Self {
        Self::from(0)
    }
    #[inline]
    fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
        match value {
            ScalarValue::Integer(number) => Some(number.into()),
            ScalarValue::String(string) => Some(string.into()),
            _ => None,
        }
    }
    #[inline]
    fn as_scalar(&self) -> ScalarValue<'_> {
        match &self.0 {
            ErrorCodeValue::Number(number) => ScalarValue::Integer(*number),
            ErrorCodeValue::Text(string) => ScalarValue::String(string),
        }
    }
    #[inline]
    fn equals(&self, other: ScalarValue<'_>) -> bool {
        Self::from_scalar(other).is_some_and(|other| *self == other)
    }
}
scalar_value!(ErrorCode, Scalar);
