use crate::{Response, response_headers::has_service_headers};
use http::StatusCode;

/// What has come of a request that is not idempotent and whose response cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WriteOutcome {
    /// The service may have performed it, or may not.
    Unknown,
    /// The service has performed it.
    Performed,
}

impl WriteOutcome {
    /// Returns what a response that cannot be used still tells; `None` if it says that the request was not performed.
    pub(crate) fn from_unusable_response(response: &Response) -> Option<Self> {
        match response.status() {
            status if status.is_success() && has_service_headers(response) => Some(Self::Performed),
            // A success that may be that of a proxy; and a proxy that waited for the service's response in vain.
            status if status.is_success() => Some(Self::Unknown),
            StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => Some(Self::Unknown),
            _ => None,
        }
    }

    /// Returns the outcome as a message, with what to do about it.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Unknown => {
                "the outcome is unknown: the service may have performed it, so look before sending it again"
            }
            Self::Performed => "the service has performed it all the same: do not send it again",
        }
    }
}
