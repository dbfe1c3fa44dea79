use std::fmt;

/// Why a body cannot be decoded. Its content is not shown: it may be private.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DecodeError {
    /// It is compressed in a way that the transport does not know.
    ContentEncoding,
    /// It is invalid in its charset.
    Charset,
    /// It is incomplete: the only error that is retried.
    Truncated,
    /// It is HTML or XML.
    Markup,
    /// It is not JSON, or not JSON of the declared type.
    Json { line: usize, column: usize, is_schema_mismatch: bool },
    /// It is empty, and should not be.
    Empty,
    /// It is empty because the service is still at work.
    NotReady,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContentEncoding => formatter.write_str(
                "the body has a content encoding that was not requested and cannot be undone: a proxy may have added it",
            ),
            Self::Charset => formatter.write_str("the body is invalid in the charset that it declares"),
            Self::Truncated => formatter.write_str("the body is truncated"),
            Self::Markup => formatter.write_str(
                "the body is HTML or XML instead of JSON: a proxy may have responded in place of the service",
            ),
            Self::Json { line, column, is_schema_mismatch: false } => {
                write!(formatter, "the body is not valid JSON at line {line}, column {column}")
            }
            Self::Json { line, column, is_schema_mismatch: true } => {
                write!(formatter, "the body does not match the specification at line {line}, column {column}")
            }
            Self::Empty => formatter.write_str("the body is empty"),
            Self::NotReady => formatter.write_str("the result is not ready yet: the service requests to retry later"),
        }
    }
}

impl std::error::Error for DecodeError {}
