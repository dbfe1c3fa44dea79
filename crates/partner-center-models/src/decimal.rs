use crate::{
    InvalidValue,
    json_value::serialize_number,
    reader::read_value,
    scalar::{Scalar, ScalarValue, scalar_value},
    value::ValueMut,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::{Number, value::RawValue};
use std::{fmt, str::FromStr};

/// A decimal number, such as a price, with every digit as the service sent it.
///
/// Two are equal if they are written in the same way: `12.10` is not `12.1`. To calculate, convert it: with the feature
/// `rust_decimal` without a loss (`to_rust_decimal`), or into the nearest `f64` with [`to_f64`](Self::to_f64).
///
/// ```
/// use partner_center_models::Decimal;
///
/// let price: Decimal = serde_json::from_str("28.82860766744404945074")?;
/// assert_eq!(price.as_str(), "28.82860766744404945074");
/// assert_eq!(price.to_f64(), 28.828_607_667_444_05);
/// assert_eq!(serde_json::to_string(&price)?, "28.82860766744404945074");
/// assert_eq!("12.10".parse::<Decimal>()?.to_string(), "12.10");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Decimal(
    /// A number as JSON has it.
    Box<str>,
);

const EXPECTED_DECIMAL_FORMAT: &str = "a decimal number, such as `12.10`";

impl Decimal {
    /// Returns the number as it is written.
    #[must_use]
    #[inline]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the nearest `f64`; infinity if the number is out of its range.
    #[must_use]
    #[inline]
    pub fn to_f64(&self) -> f64 {
        self.0.parse().unwrap_or(f64::NAN)
    }

    /// Converts the number without a loss; `None` if it has more than the 28 digits that the type holds.
    #[cfg(feature = "rust_decimal")]
    #[must_use]
    #[inline]
    pub fn to_rust_decimal(&self) -> Option<rust_decimal::Decimal> {
        let Some((digits, exponent)) = self.0.split_once(['e', 'E']) else {
            return rust_decimal::Decimal::from_str_exact(&self.0).ok();
        };
        let mut number = rust_decimal::Decimal::from_str_exact(digits).ok()?.normalize();
        let exponent: i32 = exponent.parse().ok()?;
        // Zeros are shifted out of the fraction, then added.
        let scale = i32::try_from(number.scale()).ok()?.checked_sub(exponent)?;
        if number.is_zero() {
            return Some(rust_decimal::Decimal::ZERO);
        }
        if let Ok(scale) = u32::try_from(scale) {
            number.set_scale(scale).ok()?;
            return Some(number);
        }
        number.set_scale(0).ok()?;
        (scale..0).try_fold(number, |number, _| number.checked_mul(rust_decimal::Decimal::TEN))
    }
}

#[cfg(feature = "rust_decimal")]
impl From<rust_decimal::Decimal> for Decimal {
    #[inline]
    fn from(number: rust_decimal::Decimal) -> Self {
        Self(number.to_string().into())
    }
}

impl From<i32> for Decimal {
    #[inline]
    fn from(number: i32) -> Self {
        Self(number.to_string().into())
    }
}

impl From<i64> for Decimal {
    #[inline]
    fn from(number: i64) -> Self {
        Self(number.to_string().into())
    }
}

impl FromStr for Decimal {
    type Err = InvalidValue;

    /// Accepts a number as JSON has it: digits, with a fraction or an exponent.
    #[inline]
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let is_number = text.ends_with(|last: char| last.is_ascii_digit())
            && text.starts_with(|first: char| first == '-' || first.is_ascii_digit())
            && serde_json::from_str::<&RawValue>(text).is_ok();
        if is_number { Ok(Self(text.into())) } else { Err(InvalidValue::new(EXPECTED_DECIMAL_FORMAT)) }
    }
}

impl fmt::Display for Decimal {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for Decimal {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Serialize for Decimal {
    /// Writes a number, with its digits if the format can hold them; others get the nearest `f64`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(&self.0, serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut number = None::<Self>;
        read_value(deserializer, ValueMut::Decimal(&mut number))?;
        number.ok_or_else(|| de::Error::custom(InvalidValue::new(EXPECTED_DECIMAL_FORMAT)))
    }
}

impl Scalar for Decimal {
    #[inline]
    fn placeholder() -> Self {
        Self("0".into())
    }
    #[inline]
    fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
        match value {
            ScalarValue::Integer(number) => Some(number.into()),
            ScalarValue::Number(digits) => Some(Self(digits.into())),
            // From what is not JSON, or a tree whose numbers are rounded already.
            ScalarValue::Float(number) => Some(Self(Number::from_f64(number)?.to_string().into())),
            _ => None,
        }
    }
    #[inline]
    fn as_scalar(&self) -> ScalarValue<'_> {
        ScalarValue::Number(&self.0)
    }
}
scalar_value!(Decimal, Decimal);

#[cfg(test)]
mod tests {
    use super::Decimal;
    use crate::from_json;
    use serde_json::{Value, json};

    #[test]
    fn decimal_keeps_every_digit_and_spelling() {
        for digits in
            ["12.10", "1e2", "1E2", "-0", "0.0", "28.82860766744404945074", "18446744073709551616", "1e999", "-1.5e-7"]
        {
            let number: Decimal = serde_json::from_str(digits).unwrap();
            assert_eq!(number.as_str(), digits);
            assert_eq!(serde_json::to_string(&number).unwrap(), digits);
            assert_eq!(from_json::<Decimal>(digits).unwrap().value, number);
            assert_eq!(digits.parse::<Decimal>().unwrap(), number);
            assert_eq!(serde_json::from_reader::<_, Decimal>(digits.as_bytes()).unwrap(), number);
        }
    }

    #[test]
    fn decimal_is_read_from_a_tree_of_values() {
        for (value, expected) in [(json!(7), "7"), (json!(-1.5), "-1.5"), (json!(u64::MAX), "18446744073709551615")] {
            let number: Decimal = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(number.as_str(), expected);
            assert_eq!(serde_json::to_value(number).unwrap(), value);
        }
        let rounded = serde_json::to_value("1.5".parse::<Decimal>().unwrap()).unwrap();
        assert_eq!(rounded.as_f64(), Some(1.5));
        for value in [json!("12.10"), json!(true), json!(null), json!([1]), json!({"a": 1})] {
            let error = serde_json::from_value::<Decimal>(value).unwrap_err();
            assert_eq!(error.to_string(), "not a decimal number, such as `12.10`");
        }
    }

    #[test]
    fn decimal_is_read_from_a_number_with_arbitrary_precision() {
        let value: Value = serde_json::from_str(r#"{"$serde_json::private::Number": "12.10"}"#).unwrap();
        assert_eq!(serde_json::from_value::<Decimal>(value).unwrap().as_str(), "12.10");
    }

    #[test]
    fn text_that_is_no_number_is_rejected() {
        for text in ["", "-", "+1", ".5", "1.", "01", " 1", "1 ", "1e", "0x1", "NaN", "\"1\"", "[1]", "1,5"] {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }

    #[cfg(feature = "rust_decimal")]
    #[test]
    fn rust_decimal_is_exact_or_none() {
        for (digits, expected) in [
            ("12.10", Some("12.10")),
            ("28.82860766744404945074", Some("28.82860766744404945074")),
            ("1e2", Some("100")),
            ("1.5e-3", Some("0.0015")),
            ("1.25E1", Some("12.5")),
            ("0e5", Some("0")),
            ("0.00000000000000000000000000001", None),
            ("1e30", None),
            ("1e999999999999", None),
            ("79228162514264337593543950336", None),
        ] {
            let number = digits.parse::<Decimal>().unwrap().to_rust_decimal();
            assert_eq!(number.map(|number| number.to_string()).as_deref(), expected, "{digits}");
        }
        assert_eq!(Decimal::from(rust_decimal::Decimal::new(1210, 2)).as_str(), "12.10");
    }
}
