//! Values without parts: strings, numbers, booleans, and what is written as one of them.

use crate::Secret;
use std::fmt::{self, Debug};
use uuid::Uuid;

/// A scalar as a format has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ScalarValue<'a> {
    Bool(bool),
    Integer(i64),
    Float(f64),
    /// A number as it is written, which is neither an `i64` nor known to be an `f64`.
    Number(&'a str),
    String(&'a str),
    Uuid(Uuid),
}

impl<'a> ScalarValue<'a> {
    /// Returns the number with these digits.
    #[inline]
    pub(crate) fn from_number_digits(digits: &'a str) -> Self {
        match digits.parse() {
            // `-0` would be written as `0`.
            Ok(number) if digits != "-0" => Self::Integer(number),
            _ => Self::Number(digits),
        }
    }
}

/// A type of scalars.
pub trait Scalar: Debug {
    /// Returns a placeholder, into which a value is read.
    fn placeholder() -> Self
    where
        Self: Sized;
    /// Returns `None` if the value is not of this type, or could not be written as it was received.
    fn from_scalar(value: ScalarValue<'_>) -> Option<Self>
    where
        Self: Sized;
    fn as_scalar(&self) -> ScalarValue<'_>;
    /// Whether this is written like `received`, the scalar that it was read from.
    fn is_written_as(&self, _received: ScalarValue<'_>) -> bool {
        true
    }
    /// Whether the specification describes the value.
    fn is_described(&self) -> bool {
        true
    }
    /// Whether the value equals the scalar `other`, which was made of another value of this type.
    fn equals(&self, other: ScalarValue<'_>) -> bool {
        are_scalars_equal(self.as_scalar(), other)
    }
}

/// Whether two scalars are equal. Compiled once, not for each type.
#[inline(never)]
fn are_scalars_equal(one: ScalarValue<'_>, other: ScalarValue<'_>) -> bool {
    one == other
}

/// How a scalar fits into a field.
#[derive(Clone, Copy, PartialEq)]
pub enum Fit {
    Exact,
    /// It is of the type, but written in another way.
    OtherSpelling,
    Misfit,
}

/// A field that holds a scalar, or may hold one.
pub trait ScalarField {
    /// Returns the value; `None` if it is absent.
    fn get(&self) -> Option<ScalarValue<'_>>;
    /// Whether the specification describes the value.
    fn is_described(&self) -> bool;
    /// Whether the value equals the scalar `other`, which was made of another value of the same type.
    fn equals(&self, other: ScalarValue<'_>) -> bool;
    /// Shows the value, if there is one.
    fn debug(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result;
    /// Sets the value, unless it is a misfit.
    fn set(&mut self, value: ScalarValue<'_>) -> Fit;
    /// Unsets an optional field.
    fn clear(&mut self);
}

#[expect(clippy::manual_map, reason = "without closures there is less to compile for each type")]
impl<T: Scalar> ScalarField for Option<T> {
    #[inline]
    fn get(&self) -> Option<ScalarValue<'_>> {
        match self {
            Some(scalar) => Some(scalar.as_scalar()),
            None => None,
        }
    }
    #[inline]
    fn is_described(&self) -> bool {
        match self {
            Some(scalar) => scalar.is_described(),
            None => true,
        }
    }
    #[inline]
    fn equals(&self, other: ScalarValue<'_>) -> bool {
        match self {
            Some(scalar) => scalar.equals(other),
            None => false,
        }
    }
    #[inline]
    fn debug(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Some(scalar) => scalar.fmt(formatter),
            None => Ok(()),
        }
    }
    #[inline]
    fn set(&mut self, value: ScalarValue<'_>) -> Fit {
        *self = T::from_scalar(value);
        match self {
            Some(scalar) if scalar.is_written_as(value) => Fit::Exact,
            Some(_) => Fit::OtherSpelling,
            None => Fit::Misfit,
        }
    }
    #[inline]
    fn clear(&mut self) {
        *self = None;
    }
}

/// A required field, or an item of a list.
impl<T: Scalar> ScalarField for T {
    #[inline]
    fn get(&self) -> Option<ScalarValue<'_>> {
        Some(self.as_scalar())
    }
    #[inline]
    fn is_described(&self) -> bool {
        Scalar::is_described(self)
    }
    #[inline]
    fn equals(&self, other: ScalarValue<'_>) -> bool {
        Scalar::equals(self, other)
    }
    #[inline]
    fn debug(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt(formatter)
    }
    #[inline]
    fn set(&mut self, value: ScalarValue<'_>) -> Fit {
        let Some(scalar) = T::from_scalar(value) else { return Fit::Misfit };
        *self = scalar;
        if self.is_written_as(value) { Fit::Exact } else { Fit::OtherSpelling }
    }
    #[inline]
    fn clear(&mut self) {}
}

/// Implements [`Value`] for a type of scalars.
macro_rules! scalar_value {
    ($type:ty, $kind:ident) => {
        impl $crate::value::Value for $type {
            #[inline]
            fn empty() -> Self {
                <Self as $crate::scalar::Scalar>::placeholder()
            }
            #[inline]
            fn as_untyped_ref(&self) -> $crate::value::ValueRef<'_> {
                $crate::value::ValueRef::Scalar(self)
            }
            #[inline]
            fn as_untyped_mut(&mut self) -> $crate::value::ValueMut<'_> {
                $crate::value::ValueMut::$kind(self)
            }
        }
    };
}
pub(crate) use scalar_value;

macro_rules! scalars {
    ($($type:ty, $placeholder:expr, $pattern:pat => $from:expr, $self:ident => $as_scalar:expr;)*) => {
        $(
            impl Scalar for $type {
                #[inline]
                fn placeholder() -> Self {
                    $placeholder
                }
                #[inline]
                fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
                    match value {
                        $pattern => $from,
                        _ => None,
                    }
                }
                #[inline]
                fn as_scalar(&self) -> ScalarValue<'_> {
                    let $self = self;
                    $as_scalar
                }
            }
            scalar_value!($type, Scalar);
        )*
    };
}

/// The length of a UUID in the one spelling that is accepted (in any case): a UUID is written hyphenated and in lower case.
const HYPHENATED_UUID_LENGTH: usize = 36;

scalars! {
    String, Self::new(), ScalarValue::String(text) => Some(text.to_owned()), text => ScalarValue::String(text);
    Secret, Self::new(""), ScalarValue::String(text) => Some(Self::new(text)), text => ScalarValue::String(text.expose());
    bool, false, ScalarValue::Bool(value) => Some(value), value => ScalarValue::Bool(*value);
    i32, 0, ScalarValue::Integer(number) => number.try_into().ok(), number => ScalarValue::Integer((*number).into());
    i64, 0, ScalarValue::Integer(number) => Some(number), number => ScalarValue::Integer(*number);
}

impl Scalar for Uuid {
    #[inline]
    fn placeholder() -> Self {
        Self::nil()
    }
    #[inline]
    fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
        match value {
            ScalarValue::String(text) if text.len() == HYPHENATED_UUID_LENGTH => text.parse().ok(),
            ScalarValue::Uuid(uuid) => Some(uuid),
            _ => None,
        }
    }
    #[inline]
    fn as_scalar(&self) -> ScalarValue<'_> {
        ScalarValue::Uuid(*self)
    }
}
scalar_value!(Uuid, Scalar);

/// Whole numbers are numbers, too: the service writes `12` as well as `12.0`.
impl Scalar for f64 {
    #[inline]
    fn placeholder() -> Self {
        0.0
    }
    #[inline]
    fn from_scalar(value: ScalarValue<'_>) -> Option<Self> {
        match value {
            ScalarValue::Float(number) => Some(number),
            ScalarValue::Integer(number) => {
                #[expect(clippy::cast_precision_loss, reason = "a number that loses precision is not accepted")]
                let float = number as Self;
                #[expect(clippy::cast_possible_truncation, reason = "an `f64` made of an `i64` fits into an `i128`")]
                let is_equal = float as i128 == i128::from(number);
                is_equal.then_some(float)
            }
            ScalarValue::Number(digits) => digits.parse().ok().filter(|number: &Self| number.is_finite()),
            _ => None,
        }
    }
    #[inline]
    fn as_scalar(&self) -> ScalarValue<'_> {
        ScalarValue::Float(*self)
    }
    #[inline]
    fn is_written_as(&self, received: ScalarValue<'_>) -> bool {
        match received {
            ScalarValue::Number(digits) => serde_json::to_string(self).is_ok_and(|written| written == digits),
            received => matches!(received, ScalarValue::Float(_)),
        }
    }
}
scalar_value!(f64, Scalar);
