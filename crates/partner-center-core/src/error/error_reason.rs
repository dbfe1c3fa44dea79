use http::StatusCode;

/// The known meaning of an error response: the pairs of status and code that a program may want to act on.
///
/// A code has a meaning only together with the status. Pairs that are not listed here have no reason; more may be added. The
/// codes are those of [Partner Center REST error codes].
///
/// [Partner Center REST error codes]: https://learn.microsoft.com/partner-center/developer/error-codes
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorReason {
    /// The resource does not exist, or is not visible to this partner (404 but for code 3000, or 400 with code 900118).
    NotFound,
    /// The partner has no commerce relationship with the customer, or no longer (403 with code 20002).
    NoRelationship,
    /// The resource has changed since its etag was read (412, or 400 with code 2055).
    EtagMismatch,
    /// Too many requests (429).
    Throttled,
    /// The token is invalid or expired (401).
    Unauthorized,
    /// The token is for an audience that the service no longer accepts (401 with code 900420).
    AudienceRetired,
    /// The user has given no second factor, which every App+User call requires (401 with code 900421). Another token of the same
    /// sign-in does not help.
    MultifactorRequired,
    /// The credential is app-only, and an App+User one is required (403 with code 900329, or known before sending).
    NeedsAppAndUser,
    /// The user or application lacks a role or privilege (403 with code 1002, 900150 or 900308).
    MissingRole,
    /// A Conditional Access policy blocks the request (403 with code 900309).
    ConditionalAccess,
    /// The customer's account is locked (403 with code 900416).
    CustomerLocked,
    /// The customer's account is under review, or not approved (403 with code 800073, 800074 or 800075).
    CustomerUnderReview,
    /// The partner, or the indirect reseller, has not accepted the Microsoft Partner Agreement (403 with code 900123 or
    /// 900124).
    AgreementMissing,
    /// The partner's status in the program is not active (403 with code 800039 or 900149).
    PartnerInactive,
    /// The partner's organization is unknown (404 with code 3000).
    PartnerUnknown,
}

impl ErrorReason {
    pub(super) fn from_status_and_code(status: StatusCode, code: Option<i64>) -> Option<Self> {
        Some(match (status.as_u16(), code) {
            (401, Some(900_420)) => Self::AudienceRetired,
            (401, Some(900_421)) => Self::MultifactorRequired,
            (401, _) => Self::Unauthorized,
            (403, Some(20_002)) => Self::NoRelationship,
            (403, Some(900_329)) => Self::NeedsAppAndUser,
            (403, Some(1002 | 900_150 | 900_308)) => Self::MissingRole,
            (403, Some(900_309)) => Self::ConditionalAccess,
            (403, Some(900_416)) => Self::CustomerLocked,
            (403, Some(800_073..=800_075)) => Self::CustomerUnderReview,
            (403, Some(900_123 | 900_124)) => Self::AgreementMissing,
            (403, Some(800_039 | 900_149)) => Self::PartnerInactive,
            (404, Some(3000)) => Self::PartnerUnknown,
            (400, Some(900_118)) | (404, _) => Self::NotFound,
            (412, _) | (400, Some(2055)) => Self::EtagMismatch,
            (429, _) => Self::Throttled,
            _ => return None,
        })
    }

    /// Returns one sentence on how to fix it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotFound => {
                "check the ID, if there is one, and the base URL; a list shows the IDs that this partner has"
            }
            Self::NoRelationship => "the partner has no relationship with this customer, or no longer; leave it out",
            Self::EtagMismatch => "get the resource again, and send the change with its new etag",
            Self::Throttled => {
                "wait as long as the service requests, and send fewer requests; the limit is 500 a minute for each tenant"
            }
            Self::Unauthorized => {
                "get a new token: it is valid for about an hour, and for one cloud and one audience only"
            }
            Self::AudienceRetired => {
                "get the token for the audience https://api.partnercenter.microsoft.com (that of your cloud); \
                 https://graph.windows.net is no longer accepted"
            }
            Self::MultifactorRequired => {
                "have the user sign in again with multifactor authentication and store the new refresh token; to refresh the old \
                 one never adds it"
            }
            Self::NeedsAppAndUser => "use an App+User credential; app-only ones are not accepted here",
            Self::MissingRole => {
                "give the user a role in Partner Center, such as Admin agent, or have the customer grant the GDAP role"
            }
            Self::ConditionalAccess => {
                "have the Conditional Access policy of the tenant admit this application and user"
            }
            Self::CustomerLocked => "ask Microsoft's support why the customer is locked",
            Self::CustomerUnderReview => "wait until Microsoft has reviewed the customer's account",
            Self::AgreementMissing => {
                "accept the Microsoft Partner Agreement in Partner Center, or have the reseller do so"
            }
            Self::PartnerInactive => "check the status of the partner account in Partner Center",
            Self::PartnerUnknown => "check that the token is of the partner's tenant, and for the right cloud",
        }
    }
}
