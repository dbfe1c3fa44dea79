//! What an error of one target says about the others.

use partner_center::{Error, ErrorKind, error::ErrorReason, models::ErrorCode, transport::TransportError};
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
                    | ErrorReason::MultifactorRequired
                    | ErrorReason::NeedsAppAndUser
                    | ErrorReason::PartnerUnknown,
                ),
            ) => Self::AllTargets,
            // Not `ConditionalAccess`: its policy is that of the customer.
            (_, Some(ErrorReason::AgreementMissing | ErrorReason::PartnerInactive))
                if !is_about_indirect_reseller(error) =>
            {
                Self::AllTargets
            }
            _ if error.status().is_some_and(|status| status.is_server_error()) => Self::NoResponse,
            _ => Self::ThisTarget,
        }
    }
}

/// The codes of a 403 that are about an indirect reseller, who has some of the customers: its agreement and its status. The other
/// codes of the same reasons are about the partner, who has all of them.
const INDIRECT_RESELLER_ERROR_CODES: [i64; 2] = [900_123, 800_039];

fn is_about_indirect_reseller(error: &Error) -> bool {
    let code = error.service_error().and_then(|error| error.code.as_ref()).and_then(ErrorCode::number);
    code.is_some_and(|code| INDIRECT_RESELLER_ERROR_CODES.contains(&code))
}
