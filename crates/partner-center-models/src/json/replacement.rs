use std::fmt;

/// A part of JSON that no value can hold, and that was replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replacement {
    /// The path of the value, such as `items[3].companyProfile.companyName`.
    pub path: String,
    /// The identifier of the innermost enclosing object that has one: usually of the customer.
    pub id: Option<String>,
    /// The kind of the replacement.
    pub kind: ReplacementKind,
}

/// A kind of replacement in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplacementKind {
    /// An unpaired surrogate, replaced by U+FFFD.
    UnpairedSurrogate,
    /// A number out of the range of `f64`, replaced by the maximum of that sign.
    Number,
    /// An array or object nested too deeply, replaced by `null`.
    Nesting,
}

impl fmt::Display for Replacement {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.path.is_empty() { "the value" } else { &self.path })?;
        if let Some(id) = &self.id {
            write!(formatter, " of {id}")?;
        }
        write!(formatter, ": {}", self.kind)
    }
}

impl fmt::Display for ReplacementKind {
    #[inline]
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::UnpairedSurrogate => "half of a surrogate pair was replaced by U+FFFD",
            Self::Number => "a number out of range was replaced by the maximum",
            Self::Nesting => "a value nested too deeply was replaced by null",
        })
    }
}
