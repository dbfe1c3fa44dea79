use std::{error::Error, fmt};

/// An error of steering an emulator. Its text says what to do instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SteeringError {
    kind: SteeringErrorKind,
    message: String,
}

/// The kind of a [`SteeringError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SteeringErrorKind {
    /// What was given is not valid.
    Invalid,
    /// There is no such thing.
    NotFound,
    /// It is not possible in this state.
    Conflict,
}

impl SteeringError {
    /// Returns the kind of the error.
    #[must_use]
    pub fn kind(&self) -> SteeringErrorKind {
        self.kind
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self { kind: SteeringErrorKind::Invalid, message: message.into() }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self { kind: SteeringErrorKind::NotFound, message: message.into() }
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self { kind: SteeringErrorKind::Conflict, message: message.into() }
    }
}

impl fmt::Display for SteeringError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for SteeringError {}
