//! Why an expression has no result.

use jmespath::{ErrorReason, JmespathError, RuntimeError};
use std::{error::Error as StdError, fmt};

/// Why an expression has no result for the output, in an [`io::Error`].
#[derive(Debug)]
pub(crate) struct QueryEvaluationError {
    reason: String,
    advice: String,
}

impl QueryEvaluationError {
    pub(super) fn new(reason: impl fmt::Display) -> Self {
        let advice = "correct the expression: --query '@' shows what it is about".to_owned();
        Self { reason: reason.to_string(), advice }
    }

    /// Returns the error of the library: a function that got null is often one of a field that some items do not have.
    pub(super) fn of_library(error: &JmespathError) -> Self {
        let mut failed = Self::new(&error.reason);
        if let ErrorReason::Runtime(
            RuntimeError::InvalidType { expected, actual, .. }
            | RuntimeError::InvalidReturnType { expected, actual, .. },
        ) = &error.reason
            && actual == "null"
        {
            let advice = match expected.as_str() {
                expected if expected.contains("string") => {
                    "the field is absent in some items; write (field || ''), as in starts_with(commitmentEndDate || '', '2026-12')"
                }
                expected if expected.contains("number") => {
                    "the field is absent in some items; write (field || `0`), as in abs(quantity || `0`)"
                }
                expected if expected.contains("array") => {
                    "the field is absent in some items; write (field || `[]`), as in contains(tags || `[]`, 'x')"
                }
                _ => "the field is absent in some items; write (field || `{}`), as in keys(companyProfile || `{}`)",
            };
            advice.clone_into(&mut failed.advice);
        }
        failed
    }

    /// Says what to do next.
    pub(crate) fn advice(&self) -> &str {
        &self.advice
    }
}

impl fmt::Display for QueryEvaluationError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.reason)
    }
}

impl StdError for QueryEvaluationError {}
