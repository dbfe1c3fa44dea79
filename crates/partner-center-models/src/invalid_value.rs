use std::fmt;

/// The error of a text that is no value of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidValue {
    expected: &'static str,
}

impl InvalidValue {
    /// Creates the error of a text where `expected`, a noun with an example, was expected.
    #[inline]
    pub(crate) fn new(expected: &'static str) -> Self {
        Self { expected }
    }
}

impl fmt::Display for InvalidValue {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "not {}", self.expected)
    }
}

impl std::error::Error for InvalidValue {}
