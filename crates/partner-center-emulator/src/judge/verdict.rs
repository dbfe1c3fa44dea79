use serde::Serialize;
use std::fmt;

/// What a caller did that the service asks callers not to do, with the request in which it did so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verdict {
    /// The number of the verdict, from 1.
    pub number: u64,
    /// The number of the request, as in [`Exchange::number`](crate::Exchange::number).
    pub request: u64,
    /// The method of the request.
    pub method: String,
    /// The path of the request.
    pub path: String,
    /// The kind of misbehavior.
    pub misbehavior: Misbehavior,
    /// What happened, and what to do instead.
    pub message: String,
}

/// A kind of misbehavior.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Misbehavior {
    /// The call was made again before the time in `Retry-After` had passed.
    EarlyRetry,
    /// An `MS-RequestId` was used again although there had been a response to it.
    ReusedRequestId,
    /// A write without a response was sent again with another `MS-RequestId`, or with none, so that it may be done twice.
    ChangedRequestId,
    /// A list was requested again and again, where the audit log or webhooks tell what has changed.
    PolledList,
    /// A resource with an etag was written without `If-Match`, so that the change of somebody else may be lost.
    MissingIfMatch,
    /// A page after the last one was requested.
    PastTheEnd,
    /// A PATCH that replaces the resource left out fields, which were thereby reset.
    ResetFields,
    /// The caller's credentials may not do this.
    MissingPermission,
    /// A next page was requested without its continuation token, or with one that the list does not have.
    WrongContinuation,
}

impl Misbehavior {
    /// Returns the name, such as `early-retry`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::EarlyRetry => "early-retry",
            Self::ReusedRequestId => "reused-request-id",
            Self::ChangedRequestId => "changed-request-id",
            Self::PolledList => "polled-list",
            Self::MissingIfMatch => "missing-if-match",
            Self::PastTheEnd => "past-the-end",
            Self::ResetFields => "reset-fields",
            Self::MissingPermission => "missing-permission",
            Self::WrongContinuation => "wrong-continuation",
        }
    }
}

impl fmt::Display for Misbehavior {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// One line without control characters.
impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { request, method, path, misbehavior, message, .. } = self;
        let path = path.escape_debug();
        write!(formatter, "{misbehavior}: request {request}, {} {path}: {message}", method.escape_debug())
    }
}
