//! Which failures are worth a retry: from a status, or from what happened instead of a response, to a class.

use super::RetryAfter;
use crate::{Error, ServiceError, TokenError, TransportErrorKind, body::DecodeError};
use http::StatusCode;

/// A failed attempt: the error that is reported if it is the last, and whether a retry may help.
pub(crate) struct AttemptError {
    pub(crate) error: Error,
    pub(crate) retryability: Retryability,
    /// Whether there was a response. The next request then needs an id of its own.
    pub(crate) has_response: bool,
}

/// Whether a retry may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Retryability {
    /// The same request would fail again.
    Permanent,
    /// The same request may succeed.
    Transient {
        /// The wait that the service requests.
        retry_after: Option<RetryAfter>,
    },
    /// The same request may succeed once fewer requests are sent.
    Throttled {
        /// The wait that the service requests.
        retry_after: Option<RetryAfter>,
    },
}

impl Retryability {
    pub(crate) fn is_throttled(self) -> bool {
        matches!(self, Self::Throttled { .. })
    }

    pub(crate) fn from_service_error(error: &ServiceError) -> Self {
        Self::from_status(error.status, error.requested_wait())
    }

    pub(crate) fn from_token_error(error: &TokenError) -> Self {
        let retry_after = error.requested_wait();
        match (Self::from_status(error.status, retry_after), error.error.as_deref()) {
            (Self::Permanent, Some("temporarily_unavailable" | "server_error")) => Self::Transient { retry_after },
            (retryability, _) => retryability,
        }
    }

    fn from_status(status: StatusCode, retry_after: Option<RetryAfter>) -> Self {
        match status {
            StatusCode::TOO_MANY_REQUESTS => Self::Throttled { retry_after },
            StatusCode::REQUEST_TIMEOUT
            | StatusCode::INTERNAL_SERVER_ERROR
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Self::Transient { retry_after },
            _ => Self::Permanent,
        }
    }

    pub(crate) fn from_transport_error(kind: TransportErrorKind) -> Self {
        match kind {
            TransportErrorKind::TooLarge
            | TransportErrorKind::InvalidResponse
            | TransportErrorKind::Certificate(_)
            | TransportErrorKind::ProxySetting => Self::Permanent,
            TransportErrorKind::Connect | TransportErrorKind::Exchange | TransportErrorKind::Timeout => {
                Self::Transient { retry_after: None }
            }
        }
    }

    pub(crate) fn from_decode_error(error: DecodeError) -> Self {
        match error {
            DecodeError::Truncated => Self::Transient { retry_after: None },
            _ => Self::Permanent,
        }
    }
}
