//! What an error of one target says about the others.

use partner_center::{Error, ErrorKind, error::ErrorReason, transport::TransportError};
use std::{error::Error as StdError, time::Instant};

/// The targets that an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FailureScope {
    /// This target alone; the others may be available.
    ThisTarget,
    /// The request got no response or a transient error; the next one may succeed.
    NoResponse,
    /// All targets: the next request would fail as well.
    AllTargets,
}

impl FailureScope {
    /// Returns the scope of an error, if the command has time until `deadline`.
    pub(super) fn of_error(error: &Error, deadline: Option<Instant>) -> Self {
        // The wait that the service requested.
        let next_request = error.retry_after().map(|wait| Instant::now().checked_add(wait));
        if let (Some(next_request), Some(deadline)) = (next_request, deadline)
            && next_request.is_none_or(|next_request| next_request >= deadline)
        {
            return Self::AllTargets;
        }
        match (error.kind(), error.reason()) {
            // There is no token for any request.
            _ if error.is_authentication() => Self::AllTargets,
            // The service would reject the next request as well.
            _ if error.exceeds_max_retry_after() => Self::AllTargets,
            // The timeout of an attempt has a transport error as its source; otherwise it is the deadline of the command.
            (ErrorKind::Timeout, _) if !error.source().is_some_and(<dyn StdError>::is::<TransportError>) => {
                Self::AllTargets
            }
            (ErrorKind::Transport | ErrorKind::Timeout, _) | (_, Some(ErrorReason::Throttled)) => Self::NoResponse,
            (
                _,
                Some(
                    ErrorReason::Unauthorized
                    | ErrorReason::AudienceRetired
                    | ErrorReason::NeedsAppAndUser
                    | ErrorReason::ConditionalAccess
                    | ErrorReason::AgreementMissing
                    | ErrorReason::PartnerInactive
                    | ErrorReason::PartnerUnknown,
                ),
            ) => Self::AllTargets,
            _ if error.status().is_some_and(|status| status.is_server_error()) => Self::NoResponse,
            _ => Self::ThisTarget,
        }
    }
}
