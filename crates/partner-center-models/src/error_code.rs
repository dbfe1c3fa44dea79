use crate::described::{Described, Nullable, Reading};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Number;
use std::fmt;

/// Partner Center's own error code.
///
/// Most parts of the service write it as a number, some as a text; it is kept as it came and compares by its digits.
///
/// ```
/// use partner_center_models::ErrorCode;
///
/// let (number, text): (ErrorCode, ErrorCode) = serde_json::from_str(r#"[2000, "2000"]"#)
///     .map(|[number, text]: [_; 2]| (number, text))?;
/// assert_eq!(number, text);
/// assert_eq!(text.number(), Some(2000));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct ErrorCode(Form);

#[derive(Clone, Debug)]
enum Form {
    Number(i64),
    Text(Box<str>),
}

impl ErrorCode {
    /// The code as a number, unless it is a text that is none.
    #[must_use]
    pub fn number(&self) -> Option<i64> {
        match &self.0 {
            Form::Number(number) => Some(*number),
            Form::Text(text) => text.trim().parse().ok(),
        }
    }
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Form::Number(number) => number.fmt(formatter),
            Form::Text(text) => text.fmt(formatter),
        }
    }
}

impl PartialEq for ErrorCode {
    fn eq(&self, other: &Self) -> bool {
        match (self.number(), other.number()) {
            (None, None) => self.to_string() == other.to_string(),
            (one, other) => one == other,
        }
    }
}

impl Eq for ErrorCode {}

impl From<i64> for ErrorCode {
    fn from(number: i64) -> Self {
        Self(Form::Number(number))
    }
}

impl From<&str> for ErrorCode {
    fn from(text: &str) -> Self {
        Self(Form::Text(text.into()))
    }
}

impl Serialize for ErrorCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            Form::Number(number) => number.serialize(serializer),
            Form::Text(text) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for ErrorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Nullable::deserialize(deserializer)? {
            Nullable(Some(Reading::Described(code))) => Ok(code),
            _ => Err(de::Error::custom("an error code is a number or a text")),
        }
    }
}

impl Described for ErrorCode {
    fn from_number(number: &Number) -> Option<Self> {
        number.as_i64().map(Self::from)
    }
    fn from_text(text: &str) -> Option<Self> {
        Some(text.into())
    }
}
