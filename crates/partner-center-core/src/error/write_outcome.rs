use crate::{Response, response_headers::has_service_headers};
use http::StatusCode;

/// What has come of a write whose call failed, as far as the responses tell. See
/// [`Error::write_outcome`](crate::Error::write_outcome).
// In the order of certainty: of several attempts, the one that did most counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum WriteOutcome {
    /// The service has not performed it: nothing was sent, or it was rejected.
    #[default]
    NotPerformed,
    /// The service may have performed it, or may not: look before sending it again.
    Unknown,
    /// The service has performed it, and only its response cannot be used: do not send it again.
    Performed,
}

impl WriteOutcome {
    /// Returns what a response that cannot be used still tells.
    pub(crate) fn from_unusable_response(response: &Response) -> Self {
        match response.status() {
            status if status.is_success() && has_service_headers(response) => Self::Performed,
            // A success that may be that of a proxy.
            status if status.is_success() => Self::Unknown,
            // A proxy or the service has waited in vain.
            StatusCode::REQUEST_TIMEOUT => Self::Unknown,
            status if status.is_client_error() => Self::NotPerformed,
            // The service failed on the way, or a proxy waited for its response in vain: the front door of the service returns
            // 503 for that, too. A redirect is not the service's: what has come of the request is known to who sent it, if at all.
            _ => Self::Unknown,
        }
    }

    /// Returns the outcome as a message, with what to do about it.
    pub(super) fn user_message(self) -> Option<&'static str> {
        match self {
            Self::NotPerformed => None,
            Self::Unknown => {
                Some("the outcome is unknown: the service may have performed it, so look before sending it again")
            }
            Self::Performed => Some("the service has performed it all the same: do not send it again"),
        }
    }
}
